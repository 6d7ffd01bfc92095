package repo

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strconv"
	"strings"
	"sync"
)

// Reader reads contents of files through one git process (git-cat-file(1), --batch). It is safe for concurrent use.
type Reader struct {
	mu   sync.Mutex
	ctx  context.Context // of the process
	stop context.CancelFunc
	cmd  *exec.Cmd
	in   io.WriteCloser
	out  *bufio.Reader
	told *tail
	err  error // why nothing more can be read
}

// Read starts a Reader; it lives until Close or the end of ctx.
func (r *Repo) Read(ctx context.Context) (*Reader, error) {
	b := &Reader{told: &tail{}}
	b.ctx, b.stop = context.WithCancel(ctx)
	b.cmd = r.command(b.ctx, call{args: []string{"cat-file", "--batch"}})
	b.cmd.Stderr = b.told
	var err error
	if b.in, err = b.cmd.StdinPipe(); err != nil {
		b.stop()
		return nil, fmt.Errorf("git cat-file: %w", err)
	}
	out, err := b.cmd.StdoutPipe()
	if err != nil {
		b.stop()
		return nil, fmt.Errorf("git cat-file: %w", err)
	}
	b.out = bufio.NewReaderSize(out, 64<<10)
	if err := b.cmd.Start(); err != nil {
		b.stop()
		return nil, fmt.Errorf("git cat-file: %w", err)
	}
	return b, nil
}

// Close ends the process.
func (b *Reader) Close() {
	b.stop()
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.err == nil {
		b.err = errors.New("the reader is closed")
	}
	_ = b.cmd.Wait() // it was killed
}

// TooLargeError says that a file is larger than what was asked for.
type TooLargeError struct{ Size, Limit int64 }

func (e *TooLargeError) Error() string { return fmt.Sprintf("larger than %d KiB", e.Limit>>10) }

// Blob is the content of a file of at most limit bytes. Fails with a *TooLargeError, or ErrMissing.
func (b *Reader) Blob(id string, limit int64) ([]byte, error) {
	if !isID(id) {
		return nil, fmt.Errorf("read %.80q: not the name of an object", id)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.err != nil {
		return nil, b.err
	}
	content, err := b.blob(id, limit)
	var large *TooLargeError
	if err != nil && !errors.As(err, &large) && !errors.Is(err, ErrMissing) {
		// git and we do not agree any more on where in its output we are.
		if text := complaint(b.told.String()); text != "" {
			err = fmt.Errorf("%w (%s)", err, text)
		}
		b.err = err
		b.stop()
	}
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", id, err)
	}
	return content, nil
}

func (b *Reader) blob(id string, limit int64) ([]byte, error) {
	if _, err := io.WriteString(b.in, id+"\n"); err != nil {
		return nil, b.cause(err)
	}
	line, err := b.out.ReadSlice('\n')
	if err != nil {
		return nil, b.cause(err)
	}
	size, err := parseHead(string(line), id)
	if err != nil {
		return nil, err
	}
	if size > limit {
		if _, err := io.CopyN(io.Discard, b.out, size+1); err != nil {
			return nil, b.cause(err)
		}
		return nil, &TooLargeError{size, limit}
	}
	content := make([]byte, size+1)
	if _, err := io.ReadFull(b.out, content); err != nil {
		return nil, b.cause(err)
	}
	if content[size] != '\n' {
		return nil, errRecord
	}
	return content[:size:size], nil
}

// cause is the end of the context behind an error, if it is that.
func (b *Reader) cause(err error) error {
	if b.ctx.Err() != nil {
		return b.ctx.Err()
	}
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return err
}

// parseHead reads "ID TYPE SIZE\n" or "ID missing\n".
func parseHead(line, id string) (size int64, err error) {
	fields := strings.Split(strings.TrimSuffix(line, "\n"), " ")
	switch {
	case len(fields) == 2 && fields[0] == id && fields[1] == "missing":
		return 0, ErrMissing
	case len(fields) != 3 || fields[0] != id || fields[1] != "blob":
		return 0, fmt.Errorf("%w: %.120q", errRecord, line)
	}
	size, err = strconv.ParseInt(fields[2], 10, 64)
	if err != nil || size < 0 || size >= 1<<40 {
		return 0, fmt.Errorf("%w: %.120q", errRecord, line)
	}
	return size, nil
}
