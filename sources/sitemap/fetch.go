package sitemap

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"time"

	"feedmill/feeds"
	"feedmill/sources"
	"feedmill/sources/fetch"
	"feedmill/sources/internal/dates"
	"feedmill/sources/internal/listing"
)

const (
	// rootKey is the configured sitemap in the state, floorKey the date up to which unknown pages are left out.
	rootKey  = "root"
	floorKey = "floor"
	accept   = "application/xml, text/xml, text/plain;q=0.5, */*;q=0.1"
)

type source struct {
	cfg  Config
	env  sources.Env
	salt string
}

// Fetch implements [sources.Source].
func (s *source) Fetch(ctx context.Context, st sources.State, out sources.Sink) (sources.Result, error) {
	poll := fetch.NewPoll(s.env.HTTP, st, s.salt)
	doc, err := poll.Get(ctx, rootKey, s.request(s.cfg.URL))
	if err != nil {
		return poll.Result(""), err
	}
	f := &reading{source: s, poll: poll, st: st, out: out, now: time.Now()}
	if err := f.open(); err != nil {
		return poll.Result(""), err
	}
	if doc.Unchanged && len(f.maps) == 0 {
		return poll.Result(""), nil
	}
	if !doc.Unchanged {
		f.docs = append(f.docs, doc)
		if err := f.root(doc.Response); err != nil {
			return poll.Result("unusable"), fmt.Errorf("read %s: %w", s.cfg.Location(), err)
		}
	}
	if err := f.children(ctx); err != nil {
		return poll.Result("unusable"), fmt.Errorf("read %s: %w", s.cfg.Location(), err)
	}
	if len(f.read) == 0 {
		f.finish()
		return poll.Result("no sitemap has changed"), nil
	}
	if f.about.URL != "" {
		if err := out.Describe(f.about); err != nil {
			return poll.Result(""), err
		}
	}
	entries, also := f.choose(f.book.Identify(f.entries))
	outcome, err := f.book.Emit(ctx, out, entries, listing.Options{
		Salt: s.salt, Follow: s.cfg.Over(poll), Complete: s.cfg.Complete, Unread: f.unread(), Also: also, Reader: f.reader(),
		Origin: feeds.Origin{ID: s.cfg.Location(), Title: f.about.Title, Home: f.about.URL},
		Revision: func(e *listing.Entry) string {
			if e.Item.Updated.IsZero() {
				return ""
			}
			return e.Item.Updated.UTC().Format(time.RFC3339)
		},
	})
	if err != nil {
		return poll.Result(""), err
	}
	if outcome.Settled() {
		f.finish()
	} else if err := f.later(); err != nil {
		return poll.Result(""), err
	}
	note := fmt.Sprintf("%d pages in %d sitemaps%s", len(f.entries), len(f.read), outcome)
	if len(also) > 0 {
		note += fmt.Sprintf(", %d older left out", len(also))
	}
	if f.pending > 0 {
		note += fmt.Sprintf(", %d sitemaps wait", f.pending)
	}
	return poll.Result(note), nil
}

func (s *source) request(address string) fetch.Request {
	return fetch.Request{URL: address, Accept: accept, MaxBytes: maxMap}
}

// reading is one fetch.
type reading struct {
	*source
	poll *fetch.Poll
	st   sources.State
	out  sources.Sink
	now  time.Time
	book *listing.Book
	// maps are the sitemaps of the index, by their key in the state; nil where the root is no index.
	maps map[string]*child
	// read are the parts that were read, pending is how many wait.
	read    map[string]bool
	pending int
	entries []*listing.Entry
	about   feeds.About
	floor   time.Time
	done    []func()
	docs    []*fetch.Document // those that were read
}

func (f *reading) open() (err error) {
	if f.book, err = listing.Open(f.st); err != nil {
		return err
	}
	f.read, f.maps = map[string]bool{}, map[string]*child{}
	if err := f.loadMaps(); err != nil {
		return err
	}
	text, ok, err := f.st.Get(floorKey)
	if ok {
		f.floor, _ = time.Parse(time.RFC3339, string(text)) // unreadable: none
	}
	return err
}

func (f *reading) reader() listing.Reader {
	base, _ := url.Parse(f.cfg.URL) // Check has parsed it
	return listing.Reader{Base: base, Dates: dates.Reader{Zone: f.env.Zone}, Now: f.now}
}

// root reads the configured document.
func (f *reading) root(resp *fetch.Response) error {
	d, err := read(resp.Body)
	if err != nil {
		return err
	}
	if d.index {
		f.list(d, 1, true)
		return nil
	}
	for key := range f.maps { // it was an index before
		f.forget(key)
	}
	return f.pages(d, "", resp.FinalURL)
}

// pages takes over the pages of a sitemap.
func (f *reading) pages(d *document, part, address string) error {
	f.read[part] = true
	if d.damaged != nil {
		f.out.Reject(sources.Rejected{
			Where: fetch.Redact(address), Reason: fmt.Sprintf("damaged after %d pages, which are taken: %v", len(d.pages), d.damaged), Repaired: true,
		})
	}
	if d.more > 0 {
		f.out.Reject(sources.Rejected{Where: fetch.Redact(address), Reason: fmt.Sprintf("more than %d pages: %d are left out", maxURLs, d.more)})
	}
	buildTimes(d.pages)
	r := f.reader()
	if u, err := url.Parse(address); err == nil {
		r.Base = u
	}
	bad := 0
	for _, p := range d.pages {
		e := entryOf(r, p, part)
		if e == nil {
			bad++
			continue
		}
		if f.about.Title == "" {
			f.about.Title, f.about.Language = p.publication, p.language
		}
		if f.cfg.wanted(e.Item.URL) {
			f.entries = append(f.entries, e)
		}
	}
	if f.about.URL == "" {
		f.about.URL = r.Base.ResolveReference(&url.URL{Path: "/"}).String()
	}
	if bad > 0 {
		f.out.Reject(sources.Rejected{Where: fetch.Redact(address), Reason: fmt.Sprintf("%d of its addresses are none", bad)})
	}
	return nil
}

// choose leaves out what is older than what was taken first: of a map of all that a site ever had, the newest pages count.
// It returns what is taken and the keys of the rest.
func (f *reading) choose(entries []*listing.Entry) (taken []*listing.Entry, also map[string]bool) {
	also = map[string]bool{}
	var fresh []*listing.Entry
	dated := false
	for _, e := range entries {
		switch t := e.Item.Published; {
		case f.book.Knows(e):
			taken = append(taken, e)
		case !f.floor.IsZero() && !e.Item.Updated.After(f.floor) && !t.After(f.floor):
			also[e.Key()] = true
		default:
			dated = dated || !t.IsZero()
			fresh = append(fresh, e)
		}
	}
	slices.SortStableFunc(fresh, func(a, b *listing.Entry) int { return b.Item.Published.Compare(a.Item.Published) })
	if len(fresh) > f.cfg.Limit {
		rest := fresh[f.cfg.Limit:]
		fresh = fresh[:f.cfg.Limit]
		for _, e := range rest {
			also[e.Key()] = true
		}
		if f.floor = rest[0].Item.Published; dated && !f.floor.IsZero() {
			f.st.Set(floorKey, []byte(f.floor.Format(time.RFC3339)))
		}
		if !dated {
			f.out.Reject(sources.Rejected{
				Where:    f.cfg.Location(),
				Reason:   fmt.Sprintf("%d pages without dates beyond the first %d are left out: raise limit, or choose with include", len(rest), f.cfg.Limit),
				Repaired: true,
			})
		}
	}
	taken = append(taken, fresh...)
	slices.SortStableFunc(taken, func(a, b *listing.Entry) int { return a.Item.Published.Compare(b.Item.Published) })
	return taken, also
}

// unread are the parts whose pages are still there although they were not read.
func (f *reading) unread() map[string]bool {
	unread := map[string]bool{}
	for key := range f.maps {
		if !f.read[key] {
			unread[key] = true
		}
	}
	return unread
}

// finish saves what makes the next requests polite, when all that was read is stated.
func (f *reading) finish() {
	for _, doc := range f.docs {
		doc.Done()
	}
	for _, done := range f.done {
		done()
	}
}

// later keeps what was read for the next fetch, because articles wait.
func (f *reading) later() error {
	for _, doc := range f.docs {
		if err := doc.Later(); err != nil {
			return err
		}
	}
	return nil
}
