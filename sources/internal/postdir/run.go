package postdir

import (
	"errors"
	"fmt"
	"io/fs"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cespare/xxhash/v2"

	"feedmill/feeds"
	"feedmill/sources"
)

// candidate is a file to read.
type candidate struct {
	file
	prior *stamp
	// formerly is the file it was before, by content: 1 + its place in fetch.gone; 0 for none.
	formerly int
}

// maxChunk bounds the bytes of the files that are read ahead.
const maxChunk = 16 << 20

// run reads, decodes and emits files in the order of their paths, and withdraws what is gone. While one chunk is being
// emitted, which is work too, the next is decoded.
func (f *fetch) run(todo []candidate) error {
	f.matchRenames(todo)
	wait := func() []loaded { return nil }
	for len(todo) > 0 {
		n, size := 0, int64(0)
		for n < len(todo) && n < sources.MaxBatch && (n == 0 || size+todo[n].size <= maxChunk) {
			size += todo[n].size
			n++
		}
		next := f.decodeAll(todo[:n])
		if err := f.commit(wait()); err != nil {
			next()
			return err
		}
		wait, todo = next, todo[n:]
	}
	if err := f.commit(wait()); err != nil {
		return err
	}
	return f.withdraw()
}

// decodeAll starts to decode files on all processors; the result waits for them.
func (f *fetch) decodeAll(todo []candidate) (wait func() []loaded) {
	out := make([]loaded, len(todo))
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(todo)) {
		wg.Go(func() {
			for f.ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= len(todo) {
					return
				}
				out[i] = f.load(todo[i], time.Now())
			}
		})
	}
	return func() []loaded {
		wg.Wait()
		return out
	}
}

// commit emits a chunk with its stamps.
func (f *fetch) commit(chunk []loaded) error {
	if err := f.ctx.Err(); err != nil {
		return err
	}
	changes := make([]feeds.Change, 0, len(chunk))
	for i := range chunk {
		c, err := f.settle(&chunk[i])
		if err != nil {
			return err
		}
		if c != nil {
			changes = append(changes, *c)
		}
	}
	if len(changes) == 0 {
		return nil
	}
	f.emitted += len(changes)
	return f.out.Emit(changes...)
}

// settle decides what one file comes to: a change to emit, a report, a withdrawal later, or nothing.
func (f *fetch) settle(l *loaded) (*feeds.Change, error) {
	s := stamp{size: l.size, mark: l.mark, uses: l.uses, shape: f.shapeOf(l.uses), near: l.near, nearSum: f.near.sum(l.near)}
	f.follow.add(l.path, l.near)
	where := l.path
	if l.prior != nil {
		s.emitted, s.key, s.raw, s.report, s.repaired = l.prior.emitted, l.prior.key, l.prior.raw, l.prior.report, l.prior.repaired
		where = l.prior.keyOf(l.path)
	}
	if (l.gone || l.err != nil || !l.same && l.post.Rejected != nil) && s.emitted {
		f.kept++
	}
	switch {
	case l.gone: // since it was listed; the next look withdraws it
		return nil, nil
	case l.err != nil:
		f.out.Reject(sources.Rejected{Where: where, Reason: "cannot read the file: " + reason(l.err)})
		return nil, nil
	case l.same:
		s.until = l.prior.until
		f.expect(s.until)
		f.st.Set(filePrefix+l.path, s.encode())
		return nil, nil
	case l.post.Open && f.waiting:
		return nil, nil
	}
	p := l.post
	if err := f.remember(l); err != nil {
		return nil, err
	}
	s.raw, s.report, s.repaired = l.raw, nil, false
	if !p.Until.IsZero() {
		s.until = p.Until.Unix()
	}
	f.expect(s.until)
	if p.Hidden {
		s.emitted, s.key = false, ""
		if l.prior != nil && (l.prior.emitted || l.prior.report != nil) {
			f.gone = append(f.gone, departed{path: l.path, stamp: *l.prior, hidden: &s})
			return nil, nil
		}
		f.st.Set(filePrefix+l.path, s.encode())
		return nil, nil
	}
	if p.Rejected == nil {
		if err := f.identify(l); err != nil {
			return nil, err
		}
		where = p.Change.Key
		s.emitted, s.key = true, ""
		if where != l.path {
			s.key = where
		}
		f.note(p.Change.Item)
	}
	if fault, ok := p.Report(); ok {
		if where != l.path { // a guid does not say where to look
			fault.Reason = l.path + ": " + fault.Reason
		}
		s.report, s.repaired = &fault, p.Rejected == nil
		f.out.Reject(fault.rejection(where, s.repaired))
	}
	f.st.Set(filePrefix+l.path, s.encode())
	if p.Rejected != nil {
		return nil, nil
	}
	return &p.Change, nil
}

// identify settles the key of a post: whether its guid is free, and which key it had before.
func (f *fetch) identify(l *loaded) error {
	c := &l.post.Change
	if c.Key != l.path {
		b, ok, err := f.st.Get(keyPrefix + c.Key)
		if err != nil {
			return fmt.Errorf("read the state: %w", err)
		}
		if holder := string(b); ok && holder != l.path && f.stays(holder) {
			l.post.Repair(0, "its guid %q is that of %s: give it one of its own", c.Key, holder)
			c.Key = l.path
		} else {
			f.st.Set(keyPrefix+c.Key, []byte(l.path))
		}
	}
	if l.prior != nil && l.prior.emitted {
		if old := l.prior.keyOf(l.path); old != c.Key {
			c.Formerly = old
			return f.release(old, l.path)
		}
		return nil
	}
	if l.formerly > 0 {
		d := &f.gone[l.formerly-1]
		d.moved = true
		if old := d.stamp.keyOf(d.path); old != c.Key {
			c.Formerly = old
		}
		f.forget(d.path)
	}
	return nil
}

// forget drops what is known of a file that is gone.
func (f *fetch) forget(path string) {
	f.st.Delete(filePrefix + path)
	f.st.Delete(needsPrefix + path)
}

// stays reports whether a file is still there.
func (f *fetch) stays(path string) bool {
	_, err := f.tree.Lstat(path)
	return err == nil
}

// release forgets that a path holds a guid.
func (f *fetch) release(key, path string) error {
	b, ok, err := f.st.Get(keyPrefix + key)
	if err != nil {
		return fmt.Errorf("read the state: %w", err)
	}
	if ok && string(b) == path {
		f.st.Delete(keyPrefix + key)
	}
	return nil
}

// maxNotes is the most notes that are kept.
const maxNotes = 20_000

// note remembers what the site's description needs of all items.
func (f *fetch) note(it *feeds.Item) {
	for _, n := range f.site.Notes(it) {
		if !f.notes[n] && len(f.notes) < maxNotes {
			f.notes[n] = true
			f.describe = true
			f.st.Set(notePrefix+n, []byte{1})
		}
	}
}

// withdraw states what is gone, all at once.
func (f *fetch) withdraw() error {
	var keys []string
	for _, d := range f.gone {
		if d.moved {
			continue
		}
		key := d.stamp.keyOf(d.path)
		if key != d.path {
			b, ok, err := f.st.Get(keyPrefix + key)
			if err != nil {
				return fmt.Errorf("read the state: %w", err)
			}
			if ok && string(b) != d.path {
				continue // another file has the guid now
			}
		}
		keys = append(keys, key)
	}
	ok := true
	if len(keys) > 0 {
		var err error
		if ok, err = f.out.Withdraw(keys...); err != nil {
			return err
		}
	}
	again := work{paths: map[string]bool{}}
	for _, d := range f.gone {
		if !ok && !d.moved {
			if postPath(f.site, d.path) {
				again.paths[d.path] = true
			}
			continue
		}
		if err := f.release(d.stamp.keyOf(d.path), d.path); err != nil {
			return err
		}
		if d.hidden != nil {
			f.st.Set(filePrefix+d.path, d.hidden.encode())
		} else {
			f.forget(d.path)
		}
	}
	if !ok {
		f.todo.add(again)
	}
	return nil
}

// matchRenames finds the new files that are files under another name: those of a diff, then one that is gone and one that
// is new, with the same bytes and no third.
func (f *fetch) matchRenames(todo []candidate) {
	taken := map[int]bool{}
	if len(f.renames) > 0 {
		places := make(map[string]int, len(f.gone))
		for i, d := range f.gone {
			places[d.path] = i
		}
		for i := range todo {
			c := &todo[i]
			from, ok := f.renames[c.path]
			if at, gone := places[from]; ok && gone && c.prior == nil && f.gone[at].stamp.emitted && !taken[at] {
				c.formerly, taken[at] = at+1, true
			}
		}
	}
	type match struct {
		from, to int
		n, m     int
	}
	byRaw := map[uint64]*match{}
	sizes := map[int64]bool{}
	for i := range f.gone {
		s := &f.gone[i].stamp
		if !s.emitted || s.raw == 0 || taken[i] {
			continue
		}
		m := byRaw[s.raw]
		if m == nil {
			m = &match{}
			byRaw[s.raw] = m
		}
		m.from = i
		m.n++
		sizes[s.size] = true
	}
	if len(byRaw) == 0 {
		return
	}
	for i := range todo {
		c := &todo[i]
		if c.prior != nil || c.formerly > 0 || !sizes[c.size] && !c.link {
			continue
		}
		b, _, err := f.tree.ReadFile(c.path, MaxPost)
		if err != nil {
			continue // reported when it is read in its turn
		}
		if m := byRaw[rawHash(b)]; m != nil {
			m.to = i
			m.m++
		}
	}
	for _, m := range byRaw {
		if m.n == 1 && m.m == 1 {
			todo[m.to].formerly = m.from + 1
		}
	}
}

// loaded is a file that was read and decoded.
type loaded struct {
	candidate
	post *Post
	// raw is the hash of what was read.
	raw uint64
	// uses: the post depends on shared files; needs are the names of the posts, near the other files that it is made from.
	uses  bool
	needs map[string]bool
	near  []string
	// err says that the file cannot be read; gone that it is not there any more.
	err  error
	gone bool
	// same: the bytes are those of the stamp and so is the site, so nothing was decoded.
	same bool
}

// load reads and decodes one file. It is safe for concurrent use.
func (f *fetch) load(c candidate, now time.Time) loaded {
	l := loaded{candidate: c}
	b, info, err := f.tree.ReadFile(c.path, MaxPost)
	var large ErrTooLarge
	switch {
	case errors.Is(err, fs.ErrNotExist):
		l.gone = true
		return l
	case errors.As(err, &large):
		l.post = new(Post).Reject(0, "%v", large)
		return l
	case err != nil:
		l.err = err
		return l
	}
	if l.mark = f.tree.Mark(info); c.link {
		l.mark = 0 // the file changes without the link
	}
	l.size, l.raw = int64(len(b)), rawHash(b)
	if p := c.prior; !f.force && p != nil && p.raw == l.raw && p.size == l.size && f.current(p) {
		l.same, l.uses, l.near = true, p.uses, p.near
		return l
	}
	file := NewFile(f.tree, c.path, b, info.ModTime(), now)
	file.named, file.seen, file.all = f.named, &f.near, &f.all
	file.isPost = func(path string) bool { return postPath(f.site, path) }
	l.post = f.site.Decode(file)
	l.uses, l.needs, l.near = file.uses, file.needed(), file.near
	if ch := &l.post.Change; ch.Item != nil {
		if ch.Raw = l.raw; ch.Key == "" {
			ch.Key = c.path
		}
		if len(ch.Key) > feeds.MaxKey {
			l.post.Reject(0, "the path is longer than %d bytes: add a guid to the front matter", feeds.MaxKey)
		}
	}
	return l
}

// rawHash is the hash of what the source says: the bytes of the file.
func rawHash(b []byte) uint64 { return xxhash.Sum64(b) }
