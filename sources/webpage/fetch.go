package webpage

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/PuerkitoBio/goquery"

	"feedmill/feeds"
	"feedmill/sources"
	"feedmill/sources/fetch"
	"feedmill/sources/internal/dates"
	"feedmill/sources/internal/listing"
	"feedmill/sources/internal/page"
)

const (
	// pageKey is the page in the state.
	pageKey = "page"
	// maxPage bounds a page in bytes, maxItems what is read of all pages.
	maxPage  = 10 << 20
	maxItems = 2000
)

type source struct {
	cfg  Config
	env  sources.Env
	salt string
}

// Fetch implements [sources.Source].
func (s *source) Fetch(ctx context.Context, st sources.State, out sources.Sink) (sources.Result, error) {
	poll := fetch.NewPoll(s.env.HTTP, st, s.salt)
	if err := poll.Permitted(ctx, s.cfg.URL); err != nil {
		return poll.Result(""), err
	}
	doc, err := poll.Get(ctx, pageKey, fetch.Request{URL: s.cfg.URL, Accept: listing.AcceptPages, MaxBytes: maxPage})
	if err != nil || doc.Unchanged {
		return poll.Result(""), err
	}
	book, err := listing.Open(st)
	if err != nil {
		return poll.Result(""), err
	}
	l := &list{source: s, poll: poll, book: book, out: out, now: time.Now()}
	if err := l.read(ctx, doc.Response); err != nil {
		return poll.Result("unusable"), fmt.Errorf("read %s: %w", s.cfg.Location(), err)
	}
	if err := l.expect(); err != nil {
		return poll.Result("unusable"), fmt.Errorf("read %s: %w", s.cfg.Location(), err)
	}
	if err := out.Describe(l.about); err != nil {
		return poll.Result(""), err
	}
	done, err := book.Emit(ctx, out, l.entries, listing.Options{
		Salt: s.salt, Follow: s.cfg.Over(poll), Complete: s.cfg.Complete, Reader: l.reader,
		Origin: feeds.Origin{ID: l.about.URL, Title: l.about.Title, Home: l.about.URL},
	})
	if err != nil {
		return poll.Result(""), err
	}
	if done.Settled() {
		doc.Done()
	}
	return poll.Result(fmt.Sprintf("%d items%s", len(l.entries), done)), nil
}

// list is what one fetch reads, from all pages before anything is emitted: a page that fails leaves the feed as it was.
type list struct {
	*source
	poll    *fetch.Poll
	book    *listing.Book
	out     sources.Sink
	now     time.Time
	reader  listing.Reader
	about   feeds.About
	entries []*listing.Entry
	matched int
}

// read reads the first page and those behind it, while they bring something new.
func (l *list) read(ctx context.Context, resp *fetch.Response) error {
	asked := map[string]bool{}
	for number := 1; ; number++ {
		asked[resp.FinalURL] = true
		p, err := page.Parse(resp.Body, resp.ContentType, resp.FinalURL)
		if err != nil {
			return err
		}
		if number == 1 {
			l.describe(p, resp.FinalURL)
		}
		before := len(l.entries)
		l.page(p)
		l.entries = l.book.Identify(l.entries)
		news := l.cfg.Complete && len(l.entries) > before
		for _, e := range l.entries[before:] {
			news = news || !l.book.Knows(e)
		}
		address := l.next(p, number)
		if address == "" || asked[address] || !news || number >= l.pages() || len(l.entries) >= maxItems {
			return nil
		}
		asked[address] = true
		if err := l.poll.Permitted(ctx, address); err != nil {
			return err
		}
		resp, err = l.poll.Once(ctx, fetch.Request{URL: address, Accept: listing.AcceptPages, MaxBytes: maxPage})
		if status := (*fetch.StatusError)(nil); errors.As(err, &status) && (status.Code == http.StatusNotFound || status.Code == http.StatusGone) {
			return nil // behind the last page
		}
		if err != nil {
			return err
		}
	}
}

func (l *list) pages() int {
	if l.cfg.Pages == 0 {
		return listing.DefaultPages
	}
	return l.cfg.Pages
}

// next is the address of the page behind the one of that number, or empty.
func (l *list) next(p *page.Page, number int) string {
	if l.cfg.template != "" {
		return p.Resolve(l.cfg.template.Address(number+1, len(l.entries)))
	}
	if v := l.cfg.next.Find(p.Doc.Selection, "url"); len(v) > 0 {
		return p.Resolve(v[0].Text)
	}
	return ""
}

func (l *list) describe(p *page.Page, address string) {
	m := p.Meta()
	title := p.Title()
	if title == "" {
		title = m.Site
	}
	l.about = feeds.About{Title: title, Description: m.Summary, URL: address, Language: m.Language}
	l.reader = listing.Reader{Base: p.Base, Dates: dates.Reader{Zone: l.env.Zone, Language: m.Language}, Now: l.now}
}

// usual is where the fields are that the configuration does not name.
var usual = map[string]page.Field{
	"title": page.MustParse("h1", "h2", "h3", "h4", "h5", "h6", "a", "."),
	"url":   page.MustParse("h1 a[href], h2 a[href], h3 a[href], h4 a[href], h5 a[href], h6 a[href]", "a[href]"),
	"date":  page.MustParse("time"),
}

// page adds the items of a page.
func (l *list) page(p *page.Page) {
	l.reader.Base = p.Base
	page.Remove(p.Doc.Selection, l.cfg.Remove)
	found := l.cfg.Items.Find(p.Doc.Selection)
	l.matched += found.Length()
	found.EachWithBreak(func(i int, item *goquery.Selection) bool {
		v := listing.Values{}
		for _, name := range listing.Names {
			field, ok := l.cfg.Fields[name]
			if !ok {
				field = usual[name]
			}
			if list := field.Find(item, name); len(list) > 0 {
				v[name] = list
			}
		}
		e := l.reader.Entry(v)
		if e == nil {
			l.out.Reject(sources.Rejected{
				Where: fmt.Sprintf("%s, item %d", fetch.Redact(p.Base.String()), i+1), Reason: "nothing to show: no title, link or text",
			})
			return true
		}
		l.entries = append(l.entries, e)
		return len(l.entries) < maxItems
	})
}

// expect fails for a page in which something used to be found and is not found any more, and tells of fields that were
// never found.
func (l *list) expect() error {
	if len(l.entries) == 0 && l.cfg.AllowEmpty {
		return nil
	}
	where := func(name string) string {
		switch field, ok := l.cfg.Fields[name]; {
		case name == "items":
			return fmt.Sprintf("%q", l.cfg.Items)
		case ok:
			return fmt.Sprintf("%q", field)
		}
		return fmt.Sprintf("%q", usual[name])
	}
	if len(l.entries) == 0 && l.matched > 0 {
		return fmt.Errorf("fields: %d items match %q, and none has a title, a link or a text: adjust the fields", l.matched, l.cfg.Items)
	}
	if err := l.book.Expect(l.entries, where); err != nil {
		return err
	}
	for _, name := range listing.Missing(l.entries) {
		if _, ok := l.cfg.Fields[name]; ok {
			l.out.Reject(sources.Rejected{
				Where: l.cfg.Location() + ", fields." + name, Reason: fmt.Sprintf("%s is found in none of the %d items: adjust it or leave it out", where(name), len(l.entries)),
				Repaired: true,
			})
		}
	}
	return nil
}
