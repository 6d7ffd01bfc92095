package webfeed

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"slices"
	"time"

	"feedmill/feeds"
	"feedmill/sources"
	"feedmill/sources/fetch"
)

// batch is how many changes are emitted at once.
const batch = 100

type source struct {
	cfg Config
	env sources.Env
}

// Fetch implements [sources.Source].
func (s *source) Fetch(ctx context.Context, st sources.State, out sources.Sink) (sources.Result, error) {
	if s.cfg.path != "" {
		return s.file(ctx, st, out)
	}
	if mail, ok := st.(sources.Mail); ok {
		if res, done, err := s.letters(ctx, mail, out); err != nil || done {
			return res, err
		}
	}
	var l links
	res, err := s.poll(ctx, st, out, &l)
	if err != nil {
		return res, err
	}
	err = s.keepSubscribed(ctx, st, out, l, &res)
	return res, err
}

// poll asks for the feed. l becomes what it says of hubs.
func (s *source) poll(ctx context.Context, st sources.State, out sources.Sink, l *links) (sources.Result, error) {
	poll := fetch.NewPoll(s.env.HTTP, st, fmt.Sprint(mapping, s.env.Zone, s.env.Shape))
	address, err := s.address(st)
	if err != nil {
		return sources.Result{}, err
	}
	resp, err := poll.Get(ctx, feedKey, fetch.Request{URL: address})
	if missing := (*fetch.StatusError)(nil); address != s.cfg.URL && errors.As(err, &missing) && missing.Code == http.StatusNotFound {
		address = s.cfg.URL // the page may name another feed by now
		resp, err = poll.Get(ctx, feedKey, fetch.Request{URL: address})
	}
	if err != nil {
		return poll.Result(""), err
	}
	if *l = linksOf(resp.Response); resp.Unchanged {
		return poll.Result(""), nil
	}
	doc, n, err := s.document(ctx, st, out, resp.Body, Hint{ContentType: resp.ContentType, URL: resp.FinalURL})
	if page := (*PageError)(nil); errors.As(err, &page) && len(page.Feeds) > 0 && address == s.cfg.URL {
		address = page.Feeds[0].URL
		if resp, err = poll.Get(ctx, feedKey, fetch.Request{URL: address}); err != nil {
			return poll.Result("a page that names a feed"), err
		}
		*l = linksOf(resp.Response)
		doc, n, err = s.document(ctx, st, out, resp.Body, Hint{ContentType: resp.ContentType, URL: resp.FinalURL})
	}
	switch {
	case doc == nil:
		return poll.Result("unusable"), err
	case err != nil:
		return poll.Result(""), err
	}
	if !doc.Cut {
		resp.Wish(doc.Pause, doc.skip)
		resp.Done()
	}
	*l = l.or(doc, resp.FinalURL)
	said := note(doc, n)
	if err := s.remember(st, address); err != nil {
		return poll.Result(said), err
	}
	if address != s.cfg.URL {
		said += "; a page names this feed: write " + fetch.Redact(address) + " into the configuration"
	}
	return poll.Result(said), nil
}

// foundKey is where the feed is remembered that the page at the configured address names.
const foundKey = "found"

// finding is a feed that a page names.
type finding struct {
	Page string `json:"page"`
	Feed string `json:"feed"`
}

// address is where the feed is: the configured address, or what the page there names.
func (s *source) address(st sources.State) (string, error) {
	b, ok, err := st.Get(foundKey)
	if err != nil || !ok {
		return s.cfg.URL, err
	}
	var f finding
	if err := json.Unmarshal(b, &f); err != nil || f.Page != s.cfg.URL {
		return s.cfg.URL, nil // unreadable state, or that of another page, costs one look at the page
	}
	return f.Feed, nil
}

// remember notes where the feed was, if not at the configured address.
func (s *source) remember(st sources.State, address string) error {
	was, err := s.address(st)
	if err != nil || was == address {
		return err
	}
	if address == s.cfg.URL {
		st.Delete(foundKey)
		return nil
	}
	b, err := json.Marshal(finding{s.cfg.URL, address})
	if err != nil {
		return fmt.Errorf("remember the feed of the page: %w", err)
	}
	st.Set(foundKey, b)
	return nil
}

// file reads a feed document on disk.
func (s *source) file(ctx context.Context, st sources.State, out sources.Sink) (sources.Result, error) {
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
	hash := fmt.Sprint(digest(string(body)), mapping, s.env.Zone, s.env.Shape)
	if old, ok, err := st.Get(feedKey); err != nil || ok && string(old) == hash {
		return sources.Result{Unchanged: err == nil, Note: "same document"}, err
	}
	doc, n, err := s.document(ctx, st, out, body, Hint{URL: s.cfg.path})
	if err != nil {
		return sources.Result{}, err
	}
	st.Set(feedKey, []byte(hash))
	return sources.Result{Note: note(doc, n)}, nil
}

func note(doc *Document, emitted int) string {
	s := fmt.Sprintf("%d items", len(doc.Changes))
	if emitted != 0 {
		s += fmt.Sprintf(", %d new or changed", emitted)
	}
	return s
}

// document emits what is new or other in a body. Without a Document it cannot be used.
func (s *source) document(ctx context.Context, st sources.State, out sources.Sink, body []byte, hint Hint) (*Document, int, error) {
	mem, err := loadMemory(st)
	if err != nil {
		return nil, 0, err
	}
	hint.Zone, hint.shared = s.env.Zone, mem.shared
	doc, err := ParseDocument(ctx, body, hint)
	if err != nil {
		return nil, 0, fmt.Errorf("get %s: %w", s.cfg.Location(), err)
	}
	if err := out.Describe(doc.About); err != nil {
		return doc, 0, err
	}
	emitted, err := s.emit(doc, mem, out)
	return doc, emitted, err
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
	if w, ok := out.(sources.Witness); ok {
		w.Present(slices.Collect(maps.Keys(keys))...)
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
			if !c.Item.Published.Equal(m.first) {
				c.Item.Because("date", "when first seen")
			}
			c.Item.Published = m.first
		}
		m.stamp = stamp(&c, s.env.Shape)
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
