package webpage

import (
	"context"
	"fmt"
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
	// maxPage bounds a page in bytes.
	maxPage = 10 << 20
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
	doc, err := poll.Get(ctx, pageKey, s.request(s.cfg.URL))
	if err != nil || doc.Unchanged {
		return poll.Result(""), err
	}
	book, err := listing.Open(st)
	if err != nil {
		return poll.Result(""), err
	}
	l := &list{source: s, out: out, now: time.Now()}
	walk := listing.Walk{Poll: poll, Book: book, Pages: s.cfg.Pages, Complete: s.cfg.Complete, Robots: true, Read: l.read, Out: out, Where: s.cfg.Location()}
	entries, err := walk.All(ctx, s.request(s.cfg.URL), doc.Response)
	if err == nil {
		err = l.expect(book, entries)
	}
	if err != nil {
		return poll.Result("unusable"), fmt.Errorf("read %s: %w", s.cfg.Location(), err)
	}
	if err := out.Describe(l.about); err != nil {
		return poll.Result(""), err
	}
	done, err := book.Emit(ctx, out, entries, listing.Options{
		Salt: s.salt, Follow: s.cfg.Over(poll), Complete: s.cfg.Complete, Reader: l.reader,
		Origin: feeds.Origin{ID: l.about.URL, Title: l.about.Title, Home: l.about.URL},
	})
	if err != nil {
		return poll.Result(""), err
	}
	if done.Settled() {
		doc.Done()
	} else if err := doc.Later(); err != nil {
		return poll.Result(""), err
	}
	return poll.Result(fmt.Sprintf("%d items%s", len(entries), done)), nil
}

func (s *source) request(address string) fetch.Request {
	return fetch.Request{URL: address, Accept: listing.AcceptPages, MaxBytes: maxPage}
}

// list is one fetch.
type list struct {
	*source
	out     sources.Sink
	now     time.Time
	reader  listing.Reader
	about   feeds.About
	matched int
}

// read maps a page.
func (l *list) read(resp *fetch.Response, number, offset int) ([]*listing.Entry, *fetch.Request, error) {
	p, err := page.Parse(resp.Body, resp.ContentType, resp.FinalURL)
	if err != nil {
		return nil, nil, err
	}
	if number == 1 {
		l.describe(p, resp.FinalURL)
	}
	next := ""
	if v := l.cfg.next.Find(p.Doc.Selection, "url"); len(v) > 0 {
		next = p.Resolve(v[0].Text)
	}
	entries := l.page(p)
	if l.cfg.template != "" {
		next = p.Resolve(l.cfg.template.Address(number+1, offset+len(entries)))
	}
	if next == "" {
		return entries, nil, nil
	}
	request := l.request(next)
	return entries, &request, nil
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

// page are the items of a page.
func (l *list) page(p *page.Page) (entries []*listing.Entry) {
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
		entries = append(entries, e)
		return len(entries) <= listing.MaxItems
	})
	return entries
}

// expect fails for a page in which something used to be found and is not found any more, and tells of fields that were
// never found.
func (l *list) expect(book *listing.Book, entries []*listing.Entry) error {
	if len(entries) == 0 && l.cfg.AllowEmpty {
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
	if len(entries) == 0 && l.matched > 0 {
		return fmt.Errorf("fields: %d items match %q, and none has a title, a link or a text: adjust the fields", l.matched, l.cfg.Items)
	}
	if err := book.Expect(entries, where); err != nil {
		return err
	}
	for _, name := range listing.Missing(entries) {
		if _, ok := l.cfg.Fields[name]; ok {
			l.out.Reject(sources.Rejected{
				Where: l.cfg.Location() + ", fields." + name, Reason: fmt.Sprintf("%s is found in none of the %d items: adjust it or leave it out", where(name), len(entries)),
				Repaired: true,
			})
		}
	}
	return nil
}
