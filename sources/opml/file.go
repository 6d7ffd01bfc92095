package opml

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strconv"
	"time"

	"github.com/cespare/xxhash/v2"

	"feedmill/sources"
)

// fileSource is a list on disk. It is looked at each watchEvery; a list costs little to stat.
type fileSource struct{ source }

const (
	watchEvery = 2 * time.Second
	hashKey    = "file"
)

var (
	_ sources.Source  = (*fileSource)(nil)
	_ sources.Watcher = (*fileSource)(nil)
)

// Fetch reads the file. A look that a wake brought counts as well as one that was due.
func (s *fileSource) Fetch(ctx context.Context, st sources.State, out sources.Sink) (res sources.Result, err error) {
	if err := ctx.Err(); err != nil {
		return res, err
	}
	body, err := readFile(s.cfg.path)
	if err != nil {
		return res, fmt.Errorf("read the list: %w (%w)", err, sources.ErrConfig)
	}
	hash := strconv.FormatUint(xxhash.Sum64(body), 16)
	old, _, err := st.Get(hashKey)
	if err != nil {
		return res, fmt.Errorf("read the state: %w", err)
	}
	if string(old) == hash {
		body = nil
	}
	note, moved, err := s.look(body, st, out)
	if err != nil {
		return res, err
	}
	st.Set(hashKey, []byte(hash))
	return sources.Result{Note: note, Unchanged: !moved}, nil
}

func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return nil, errors.Join(fmt.Errorf("%s is no file", path), err)
	}
	return io.ReadAll(io.LimitReader(f, MaxBytes+1)) // Read refuses what is larger
}

// Watch calls wake when the file's time or size moves.
func (s *fileSource) Watch(ctx context.Context, wake func()) error {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	seen := stat(s.cfg.path)
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		if now := stat(s.cfg.path); now != seen {
			seen = now
			wake()
		}
	}
}

func stat(path string) string {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return "gone"
	}
	if err != nil {
		return err.Error()
	}
	return fmt.Sprint(info.Size(), info.ModTime().UnixNano())
}
