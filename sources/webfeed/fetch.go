package webfeed

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"time"

	"feedmill/feeds"
	"feedmill/sources"
	"feedmill/sources/fetch"
)

// settled is how many fetches in a row must see the same permanent redirect before its target is asked directly. The
// configured address is kept: it is asked again as soon as the new one fails.
const settled = 10

// batch is how many changes are emitted at once.
const batch = 100

type source struct {
	cfg Config
	env sources.Env
}

// Fetch implements [sources.Source].
func (s *source) Fetch(ctx context.Context, st sources.State, out sources.Sink) (sources.Result, error) {
	before, err := loadUpstream(st)
	if err != nil {
		return sources.Result{}, err
	}
	up := before
	if up.URL != s.cfg.URL {
		up = upstream{URL: s.cfg.URL} // validators belong to the address they came from
	}
	if s.cfg.path != "" {
		return s.file(ctx, st, out, up, before)
	}
	resp, err := s.get(ctx, &up)
	res := sources.Result{NotBefore: resp.NotBefore}
	if err != nil {
		res.Gone = errors.Is(err, fetch.ErrGone)
		if resp.Status != 0 {
			res.Note = fmt.Sprint(resp.Status)
		}
		return res, err
	}
	if resp.NotModified {
		up.Validators = resp.Validators
		res.Unchanged, res.Note = true, fmt.Sprint(http.StatusNotModified)
		s.wishes(&res, up)
		return res, up.save(st, before)
	}
	return s.document(ctx, st, out, resp, up, before)
}

// get asks the address that a permanent redirect led to often enough, else the configured one.
func (s *source) get(ctx context.Context, up *upstream) (*fetch.Response, error) {
	if up.Moved != "" && up.Seen >= settled {
		resp, err := fetch.Get(ctx, s.env.HTTP, fetch.Request{URL: up.Moved, Validators: up.Validators})
		status := (*fetch.StatusError)(nil)
		if err == nil || !errors.As(err, &status) || status.Code == http.StatusTooManyRequests || status.Code >= 500 {
			return resp, err
		}
		up.Moved, up.Seen = "", 0 // the new address is none after all
	}
	resp, err := fetch.Get(ctx, s.env.HTTP, fetch.Request{URL: s.cfg.URL, Validators: up.Validators})
	switch {
	case err != nil:
	case resp.Permanent == "":
		up.Moved, up.Seen = "", 0
	case resp.Permanent != up.Moved:
		up.Moved, up.Seen = resp.Permanent, 1
	case up.Seen < settled:
		up.Seen++
	}
	return resp, err
}

// file reads a feed document on disk.
func (s *source) file(ctx context.Context, st sources.State, out sources.Sink, up, before upstream) (sources.Result, error) {
	f, err := os.Open(s.cfg.path)
	if err != nil {
		return sources.Result{}, fmt.Errorf("%w: %w", sources.ErrConfig, err)
	}
	defer f.Close()
	body, err := io.ReadAll(io.LimitReader(f, fetch.DefaultMaxBytes+1))
	if err != nil {
		return sources.Result{}, fmt.Errorf("read %s: %w", s.cfg.path, err)
	}
	if len(body) > fetch.DefaultMaxBytes {
		return sources.Result{}, fmt.Errorf("read %s: %w: more than %d bytes", s.cfg.path, fetch.ErrTooLarge, fetch.DefaultMaxBytes)
	}
	return s.document(ctx, st, out, &fetch.Response{Body: body}, up, before)
}

// document emits what is new or other in a body. The validators are set last: a body that cannot be used is asked
// for again.
func (s *source) document(ctx context.Context, st sources.State, out sources.Sink, resp *fetch.Response, up, before upstream) (sources.Result, error) {
	res := sources.Result{NotBefore: resp.NotBefore}
	note := func(format string, args ...any) {
		if resp.Status != 0 {
			res.Note = fmt.Sprintf("%d, ", resp.Status)
		}
		res.Note += fmt.Sprintf(format, args...)
	}
	hash := bodyHash(resp.Body, resp.FinalURL, resp.ContentType, s.env.Zone)
	if hash == up.Body {
		up.Validators = resp.Validators
		res.Unchanged = true
		note("same document")
		s.wishes(&res, up)
		return res, up.save(st, before)
	}
	mem, err := loadMemory(st)
	if err != nil {
		return res, err
	}
	doc, err := ParseDocument(ctx, resp.Body, Hint{ContentType: resp.ContentType, URL: first(resp.FinalURL, s.cfg.path), Zone: s.env.Zone, shared: mem.shared})
	if err != nil {
		res.NotBefore = time.Time{} // how long an error page stays fresh says nothing of the feed
		note("unusable")
		return res, fmt.Errorf("get %s: %w", s.cfg.Location(), err)
	}
	if err := out.Describe(doc.About); err != nil {
		return res, err
	}
	emitted, err := s.emit(doc, mem, out)
	if err != nil {
		return res, err
	}
	up.Validators, up.Body, up.Pause, up.Skip = resp.Validators, hash, doc.Pause, doc.skip
	note("%d items", len(doc.Changes))
	if emitted != 0 {
		res.Note += fmt.Sprintf(", %d new or changed", emitted)
	}
	if up.Seen >= settled && up.Moved != "" {
		res.Note += "; moved for good: write " + fetch.Redact(up.Moved) + " into the configuration"
	}
	s.wishes(&res, up)
	return res, up.save(st, before)
}

// wishes adds what the document itself says about the next fetch.
func (s *source) wishes(res *sources.Result, up upstream) {
	now := time.Now()
	res.NotBefore = notBefore(now, res.NotBefore, up.Pause, up.Skip, now.Add(Interval))
}

// emit states the entries that say something else than is remembered, the oldest first, so that they are stored and
// pushed in the order in which they were written.
func (s *source) emit(doc *Document, mem *memory, out sources.Sink) (emitted int, err error) {
	now := time.Now()
	mem.share(doc.shared)
	reports := make(map[string][]sources.Rejected)
	keys := make(map[string]bool, len(doc.Changes))
	for i := range doc.Changes {
		keys[doc.Changes[i].Key] = true
	}
	for _, r := range doc.Rejected {
		if keys[r.Where] {
			reports[r.Where] = append(reports[r.Where], r)
		} else {
			out.Reject(r)
		}
	}
	order := oldestFirst(doc.Changes)
	present := make(map[string]bool, len(order))
	pending := make([]feeds.Change, 0, min(len(order), batch))
	flush := func() error {
		if len(pending) == 0 {
			return nil
		}
		emitted += len(pending)
		err := out.Emit(pending...)
		pending = make([]feeds.Change, 0, batch)
		return err
	}
	for _, i := range order {
		c, e := doc.Changes[i], doc.entries[i]
		key := entryKey(c.Key)
		present[key] = true
		old, known := mem.entries[key]
		if !known {
			if k, o, ok := mem.renamed(e); ok {
				// The key was taken for unique until now: this entry is the one that had it.
				c.Formerly, old = bounded(e.root), o
				mem.st.Delete(k)
				delete(mem.entries, k)
			}
		}
		m := memo{raw: c.Raw, first: old.first}
		if e.onlyUpdated {
			if m.first.IsZero() {
				m.first = c.Item.Published
			}
			c.Item.Published = m.first
		}
		m.stamp = stamp(&c)
		if known && old == m {
			continue
		}
		mem.entries[key] = m
		mem.st.Set(key, m.encode())
		if known && old.stamp == m.stamp {
			continue // it was away and is back
		}
		for _, r := range reports[c.Key] {
			out.Reject(r)
		}
		if pending = append(pending, c); len(pending) == batch {
			if err := flush(); err != nil {
				return emitted, err
			}
		}
	}
	if err := flush(); err != nil {
		return emitted, err
	}
	mem.prune(present, now)
	return emitted, nil
}

// renamed finds what is remembered of an entry under the key it had before it turned out to be shared.
func (m *memory) renamed(e *entry) (key string, old memo, ok bool) {
	if e.key == bounded(e.root) {
		return "", memo{}, false
	}
	key = entryKey(bounded(e.root))
	old, ok = m.entries[key]
	return key, old, ok && old.raw == e.raw
}

// oldestFirst is the order of the document turned round, unless the document itself begins with its oldest entry.
func oldestFirst(changes []feeds.Change) []int {
	order := make([]int, len(changes))
	for i := range order {
		order[i] = i
	}
	var from, to time.Time
	for i := range changes {
		if t := changes[i].Item.Published; !t.IsZero() {
			if from.IsZero() {
				from = t
			}
			to = t
		}
	}
	if !from.Before(to) {
		slices.Reverse(order)
	}
	return order
}
