package jekyll

import (
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"feedmill/feeds"
	"feedmill/sources"
)

type topicNames = map[feeds.Topic]string

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
				out[i] = f.site.load(f.root, todo[i], f.force, time.Now())
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
	s := stamp{size: l.size, mtime: l.mtime, shape: f.site.shape}
	where := l.path
	if l.prior != nil {
		s.emitted, s.key, s.raw, s.report, s.repaired = l.prior.emitted, l.prior.key, l.prior.raw, l.prior.report, l.prior.repaired
		where = l.prior.keyOf(l.path)
	}
	if (l.gone || l.err != nil || !l.same && l.post.rejected != nil) && s.emitted {
		f.kept++
	}
	switch {
	case l.gone: // since it was listed; the next look withdraws it
		return nil, nil
	case l.err != nil:
		f.out.Reject(sources.Rejected{Where: where, Reason: "cannot read the file: " + reason(l.err)})
		return nil, nil
	case l.same:
		f.st.Set(filePrefix+l.path, s.encode())
		return nil, nil
	case l.post.open && f.waiting:
		return nil, nil
	}
	p := l.post
	s.raw, s.report, s.repaired = p.raw, nil, false
	if p.hidden {
		s.emitted, s.key = false, ""
		if l.prior != nil && (l.prior.emitted || l.prior.report != nil) {
			f.gone = append(f.gone, departed{path: l.path, stamp: *l.prior, hidden: &s})
			return nil, nil
		}
		f.st.Set(filePrefix+l.path, s.encode())
		return nil, nil
	}
	if p.rejected == nil {
		if err := f.identify(l); err != nil {
			return nil, err
		}
		where = p.change.Key
		s.emitted, s.key = true, ""
		if where != l.path {
			s.key = where
		}
		f.noteTags(p.change.Item.Tags)
	}
	if fault, ok := p.report(); ok {
		if where != l.path { // a guid does not say where to look
			fault.reason = l.path + ": " + fault.reason
		}
		s.report, s.repaired = &fault, p.rejected == nil
		f.out.Reject(fault.rejection(where, s.repaired))
	}
	f.st.Set(filePrefix+l.path, s.encode())
	if p.rejected != nil {
		return nil, nil
	}
	return &p.change, nil
}

// identify settles the key of a post: whether its guid is free, and which key it had before.
func (f *fetch) identify(l *loaded) error {
	c := &l.post.change
	if c.Key != l.path {
		b, ok, err := f.st.Get(keyPrefix + c.Key)
		if err != nil {
			return fmt.Errorf("read the state: %w", err)
		}
		if holder := string(b); ok && holder != l.path && f.stays(holder) {
			l.post.repair(0, "its guid %q is that of %s: give it one of its own", c.Key, holder)
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
		f.st.Delete(filePrefix + d.path)
	}
	return nil
}

// stays reports whether a file is still there.
func (f *fetch) stays(path string) bool {
	_, err := f.root.Lstat(path)
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

// noteTags remembers the tags that jekyll-feed has feeds for.
func (f *fetch) noteTags(tags []string) {
	if !f.site.feed.tagged {
		return
	}
	for _, t := range tags {
		if !f.tags[t] && len(f.tags) < maxPages && feedTag.MatchString(t) {
			f.tags[t] = true
			f.describe = true
			f.st.Set(tagPrefix+t, []byte{1})
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
			if f.site.postPath(d.path) {
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
			f.st.Delete(filePrefix + d.path)
		}
	}
	if !ok {
		f.todo.add(again)
	}
	return nil
}

// matchRenames finds the new files that are files under another name: one that is gone and one that is new, with the
// same bytes and no third.
func (f *fetch) matchRenames(todo []candidate) {
	type match struct {
		from, to int
		n, m     int
	}
	byRaw := map[uint64]*match{}
	sizes := map[int64]bool{}
	for i := range f.gone {
		s := &f.gone[i].stamp
		if !s.emitted || s.raw == 0 {
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
		if c.prior != nil || !sizes[c.size] && !c.link {
			continue
		}
		b, _, err := readFile(f.root, c.path, maxPost)
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
