package listing

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"feedmill/sources"
	"feedmill/sources/fetch"
)

// MaxItems bounds the entries that are read of all pages of a list. A page is read to one more, so that it shows.
const MaxItems = 2000

// Walk reads the pages of a list. All are read before anything is stated: one that fails leaves the feed as it was.
type Walk struct {
	Poll *fetch.Poll
	Book *Book
	// Pages is the most pages read; 0 means DefaultPages.
	Pages int
	// Complete goes on while there are pages; else only while they bring something new.
	Complete bool
	// Robots says that robots.txt counts.
	Robots bool
	// Read reads a page, counted from 1, before which there are offset entries, and tells where the next is; nil for
	// nowhere.
	Read func(resp *fetch.Response, number, offset int) ([]*Entry, *fetch.Request, error)
	// Out is told of entries that are left out, which are at the place Where.
	Out   sources.Sink
	Where string
}

// All returns the entries of all pages, with their keys.
func (w Walk) All(ctx context.Context, first fetch.Request, resp *fetch.Response) (entries []*Entry, err error) {
	pages := w.Pages
	if pages == 0 {
		pages = DefaultPages
	}
	asked := map[string]bool{place(first): true, resp.FinalURL: true}
	for number := 1; ; number++ {
		found, next, err := w.Read(resp, number, len(entries))
		if err != nil {
			return nil, err
		}
		before := len(entries)
		entries = w.Book.Identify(append(entries, found...))
		news := w.Complete && len(entries) > before
		for _, e := range entries[before:] {
			news = news || !w.Book.Knows(e)
		}
		if len(entries) > MaxItems {
			w.Out.Reject(sources.Rejected{Where: w.Where, Reason: fmt.Sprintf("more than %d items: those behind are left out", MaxItems)})
			return entries[:MaxItems], nil
		}
		if next == nil || next.URL == "" || !news || number >= pages || asked[place(*next)] {
			return entries, nil
		}
		asked[place(*next)] = true
		if w.Robots {
			if err := w.Poll.Permitted(ctx, next.URL); err != nil {
				return nil, err
			}
		}
		resp, err = w.Poll.Once(ctx, *next)
		if status := (*fetch.StatusError)(nil); errors.As(err, &status) && (status.Code == http.StatusNotFound || status.Code == http.StatusGone) {
			return entries, nil // behind the last page
		}
		if err != nil {
			return nil, err
		}
	}
}

func place(r fetch.Request) string { return r.URL + "\x00" + string(r.Body) }
