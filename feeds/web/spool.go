package web

import (
	"bytes"
	"container/list"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

// spool keeps rendered documents on disk: one file each, a line of JSON and then the gzip bytes. It is a fallback for
// the time when the store fails, never a source of fresh bytes, so nothing is synced; a damaged file is no document.
type spool struct {
	dir string
	max int64

	mu    sync.Mutex
	files map[string]*list.Element // by file name, of *spooled
	order *list.List               // oldest write first: that one goes when there is no room
	size  int64

	// waiting are documents that are not written yet: one that changes with every post is written once a second, not
	// once a post, and rendering many does not wait for as many files.
	waiting map[string]*entry
	heavy   int64 // bytes of waiting
	// barrier is the last document that was made before something was forgotten: what was made until then, and is not written
	// yet, never is.
	barrier uint64
}

const (
	// spoolAfter is how long a document waits to be written: as much can be missing after a crash.
	spoolAfter = time.Second
	// maxWaiting bounds the documents that wait, in bytes.
	maxWaiting = 16 << 20
)

// add lets an entry wait. first asks for a take within spoolAfter, full for one now.
func (p *spool) add(e *entry) (first, full bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if e.seq <= p.barrier {
		return false, false
	}
	if old := p.waiting[e.key]; old != nil {
		if old.seq > e.seq {
			return false, false
		}
		p.heavy -= int64(old.weight())
	}
	if p.waiting == nil {
		p.waiting = map[string]*entry{}
		first = true
	}
	p.waiting[e.key] = e
	p.heavy += int64(e.weight())
	return first, p.heavy > maxWaiting
}

// take ends the wait of all entries.
func (p *spool) take() map[string]*entry {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := p.waiting
	p.waiting, p.heavy = nil, 0
	return out
}

type spooled struct {
	name  string
	size  int64
	seq   uint64
	tag   string
	date  int64
	dated bool
}

// spoolHead is the first line of a file.
type spoolHead struct {
	Key     string `json:"key"`
	Hash    string `json:"hash"`    // of the identity bytes, as in the entity tag
	Changed int64  `json:"changed"` // Unix time of Last-Modified; 0 for none
	Size    int    `json:"size"`    // identity bytes
	Dated   bool   `json:"dated"`   // Last-Modified may be sent
}

const (
	spoolSuffix = ".feed.gz"
	spoolTemp   = "new-"
	// maxSpooled bounds what one file may inflate to.
	maxSpooled = 64 << 20
)

// openSpool makes the directory and takes over what an earlier process left there.
func openSpool(dir string, limit int64) (*spool, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("open spool: %w", err)
	}
	found, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("open spool: %w", err)
	}
	p := &spool{dir: dir, max: limit, files: map[string]*list.Element{}, order: list.New()}
	var infos []fs.FileInfo
	for _, f := range found {
		if strings.HasPrefix(f.Name(), spoolTemp) && strings.HasSuffix(f.Name(), spoolSuffix) {
			if err := os.Remove(filepath.Join(dir, f.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return nil, fmt.Errorf("open spool: remove what a crash left: %w", err)
			}
			continue
		}
		if info, err := f.Info(); err == nil && info.Mode().IsRegular() && strings.HasSuffix(f.Name(), spoolSuffix) {
			infos = append(infos, info)
		}
	}
	slices.SortFunc(infos, func(a, b fs.FileInfo) int { return a.ModTime().Compare(b.ModTime()) })
	for _, info := range infos {
		p.files[info.Name()] = p.order.PushBack(&spooled{name: info.Name(), size: info.Size()})
		p.size += info.Size()
	}
	return p, p.trim()
}

// forget removes documents, or all without keys; last is the latest one that was made. A write under way is waited for.
func (p *spool) forget(last uint64, keys ...string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.barrier = last
	p.waiting, p.heavy = nil, 0
	names := make([]string, 0, len(p.files))
	if len(keys) == 0 {
		for name := range p.files {
			names = append(names, name)
		}
	}
	for _, key := range keys {
		names = append(names, spoolName(key))
	}
	var errs []error
	for _, name := range names {
		if have := p.files[name]; have != nil {
			if err := os.Remove(filepath.Join(p.dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
				errs = append(errs, err)
				continue
			}
			p.size -= have.Value.(*spooled).size
			p.order.Remove(have)
			delete(p.files, name)
		}
	}
	return errors.Join(errs...)
}

func spoolName(key string) string {
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:16]) + spoolSuffix
}

// put writes an entry, unless a later one or the same bytes are there already.
func (p *spool) put(e *entry) error {
	name := spoolName(e.key)
	p.mu.Lock()
	defer p.mu.Unlock()
	if e.seq <= p.barrier {
		return nil
	}
	have := p.files[name]
	if have != nil {
		f := have.Value.(*spooled)
		if f.seq > e.seq || f.tag == e.tags[plain][0] && f.date == e.changed && f.dated == e.dated {
			return nil
		}
	}
	body := e.kept[gzipped].Load().body
	head, err := json.Marshal(spoolHead{Key: e.key, Hash: strings.Trim(e.tags[plain][0], `"`), Changed: e.changed, Size: e.size, Dated: e.dated})
	if err != nil {
		return fmt.Errorf("spool %s: %w", e.key, err)
	}
	total := int64(len(head) + 1 + len(body))
	if total > p.max {
		return nil // alone it would fill the spool
	}
	if err := p.write(name, append(head, '\n'), body); err != nil {
		return fmt.Errorf("spool %s: %w", e.key, err)
	}
	if have != nil {
		p.size -= have.Value.(*spooled).size
		p.order.Remove(have)
	}
	p.files[name] = p.order.PushBack(&spooled{name: name, size: total, seq: e.seq, tag: e.tags[plain][0], date: e.changed, dated: e.dated})
	p.size += total
	return p.trim()
}

// write puts a file in place as a whole.
func (p *spool) write(name string, parts ...[]byte) error {
	f, err := os.CreateTemp(p.dir, spoolTemp+"*"+spoolSuffix)
	if err != nil {
		return err
	}
	for _, part := range parts {
		if err == nil {
			_, err = f.Write(part)
		}
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), filepath.Join(p.dir, name))
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}

// trim removes the oldest files until the rest fits. The caller holds p.mu or is alone.
func (p *spool) trim() error {
	for p.size > p.max {
		oldest := p.order.Front()
		f := oldest.Value.(*spooled)
		if err := os.Remove(filepath.Join(p.dir, f.name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("trim spool: %w", err)
		}
		p.order.Remove(oldest)
		delete(p.files, f.name)
		p.size -= f.size
	}
	return nil
}

// get reads a document back; nil without an error when there is none. shell has the headers it is served with now.
func (p *spool) get(key string, shell *document) (*entry, error) {
	p.mu.Lock()
	e := p.waiting[key]
	p.mu.Unlock()
	if e != nil {
		return e, nil
	}
	f, err := os.Open(filepath.Join(p.dir, spoolName(key)))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read spool: %w", err)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxSpooled))
	if err != nil {
		return nil, fmt.Errorf("read spool: %w", err)
	}
	line, packed, _ := bytes.Cut(b, []byte("\n"))
	var head spoolHead
	if err := json.Unmarshal(line, &head); err != nil {
		return nil, fmt.Errorf("read spool: %s is damaged: %w", f.Name(), err)
	}
	if head.Key != key || head.Size < 1 || head.Size > maxSpooled {
		return nil, fmt.Errorf("read spool: %s is damaged: it says it is %q of %d bytes", f.Name(), head.Key, head.Size)
	}
	if head.Changed != 0 {
		shell.changed = time.Unix(head.Changed, 0)
	}
	e = entryOf(key, head.Hash, shell)
	e.dated = head.Dated
	e.keep(packed, head.Size)
	sum := sha256.New()
	inflated := &limitedWriter{w: sum, left: head.Size}
	if err := e.inflate(inflated); err != nil {
		return nil, fmt.Errorf("read spool: %s is damaged: %w", f.Name(), err)
	}
	if inflated.left != 0 || hex.EncodeToString(sum.Sum(nil)[:12]) != head.Hash {
		return nil, fmt.Errorf("read spool: %s is damaged: other bytes than were written", f.Name())
	}
	return e, nil
}

// has reports whether there is a document to get.
func (p *spool) has(key string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.files[spoolName(key)] != nil || p.waiting[key] != nil
}

func (p *spool) bytes() uint64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return uint64(p.size)
}

// limitedWriter fails when more comes than was announced.
type limitedWriter struct {
	w    io.Writer
	left int
}

func (l *limitedWriter) Write(b []byte) (int, error) {
	if l.left -= len(b); l.left < 0 {
		return 0, errors.New("longer than announced")
	}
	return l.w.Write(b)
}
