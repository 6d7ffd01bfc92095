package jsonapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"feedmill/sources"
	"feedmill/sources/fetch"
	"feedmill/sources/internal/dates"
	"feedmill/sources/internal/listing"
	"feedmill/sources/internal/page"
)

const (
	// docKey is the first document in the state.
	docKey = "doc"
	accept = "application/json, application/feed+json, application/x-ndjson;q=0.9, */*;q=0.1"
)

type source struct {
	cfg  Config
	env  sources.Env
	salt string
	// limit is how long the programs may work on one document.
	limit time.Duration
}

// Fetch implements [sources.Source].
func (s *source) Fetch(ctx context.Context, st sources.State, out sources.Sink) (sources.Result, error) {
	poll := fetch.NewPoll(s.env.HTTP, st, s.salt)
	first := s.request(s.cfg.URL)
	doc, err := poll.Get(ctx, docKey, first)
	if err != nil || doc.Unchanged {
		return poll.Result(""), err
	}
	book, err := listing.Open(st)
	if err != nil {
		return poll.Result(""), err
	}
	r := &reading{source: s, ctx: ctx, out: out, reader: listing.Reader{Dates: dates.Reader{Zone: s.env.Zone}, Now: time.Now()}}
	walk := listing.Walk{Poll: poll, Book: book, Pages: s.cfg.Pages, Complete: s.cfg.Complete, Read: r.read, Out: out, Where: s.cfg.Location()}
	entries, err := walk.All(ctx, first, doc.Response)
	if err == nil {
		err = s.expect(book, entries, out)
	}
	if err != nil {
		return poll.Result("unusable"), fmt.Errorf("read %s: %w", s.cfg.Location(), err)
	}
	done, err := book.Emit(ctx, out, entries, listing.Options{
		Salt: s.salt, Follow: s.cfg.Over(poll), Complete: s.cfg.Complete, Reader: r.reader,
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

// request asks for a page; with a body it is a POST.
func (s *source) request(address string) fetch.Request {
	r := fetch.Request{URL: address, Accept: accept, MaxBytes: maxBody}
	if s.cfg.Body != "" {
		r.Body = []byte(s.cfg.Body)
	}
	return r
}

// reading is one fetch.
type reading struct {
	*source
	ctx    context.Context // of the fetch, which it does not outlive
	out    sources.Sink
	reader listing.Reader
}

// read maps a page.
func (r *reading) read(resp *fetch.Response, number, offset int) (entries []*listing.Entry, next *fetch.Request, err error) {
	docs, err := read(resp.Body, resp.ContentType)
	if err != nil {
		return nil, nil, err
	}
	if r.reader.Base, err = url.Parse(resp.FinalURL); err != nil {
		return nil, nil, err
	}
	timed, cancel := context.WithTimeoutCause(r.ctx, r.limit, errSlow)
	defer cancel()
	ctx := newBudget(timed)
	defer ctx.cancel(nil)
	s := scope{url: r.cfg.URL, page: number, offset: offset}
	n := 0
	for _, doc := range docs {
		s.doc = doc
		err := r.cfg.Items.run(ctx, doc, s, func(item any) error {
			if list, ok := item.([]any); ok {
				return fmt.Errorf("items: %q yields a list of %d instead of its items; write %s", r.cfg.Items, len(list), spread(r.cfg.Items.text))
			}
			n++
			e, err := r.entry(ctx, item, s)
			switch {
			case err != nil:
				return err
			case e == nil:
				r.out.Reject(sources.Rejected{
					Where: fmt.Sprintf("%s, page %d, item %d", r.cfg.Location(), number, n), Reason: "nothing to show: no title, link or text",
				})
			default:
				entries = append(entries, e)
			}
			if n > listing.MaxItems {
				return errEnough
			}
			return nil
		})
		if err != nil {
			return nil, nil, named("items", r.cfg.Items, err)
		}
		if n > listing.MaxItems {
			break
		}
	}
	if n == 0 {
		return entries, nil, nil // behind the last page
	}
	next, err = r.next(ctx, resp, docs[len(docs)-1], scope{url: r.cfg.URL, page: number, offset: offset + n})
	return entries, next, err
}

func spread(program string) string {
	if strings.ContainsAny(program, "| ") {
		return program + " | .[]"
	}
	return program + "[]"
}

// named says which program failed, unless the error does.
func named(key string, p Program, err error) error {
	if strings.HasPrefix(err.Error(), "items: ") || strings.HasPrefix(err.Error(), "fields.") || errors.Is(err, errSlow) || errors.Is(err, errHuge) || errors.Is(err, context.Canceled) {
		return err
	}
	return fmt.Errorf("%s: %q: %w", key, p, err)
}

// entry maps an item. It is nil where there is nothing to show.
func (r *reading) entry(ctx context.Context, item any, s scope) (*listing.Entry, error) {
	v := listing.Values{}
	var authors, files any
	var problems []string
	for _, name := range listing.Names {
		program, ok := r.cfg.Fields[name]
		if !ok {
			v[name] = byUsual(item, name)
			if o, isObject := item.(map[string]any); isObject {
				switch name {
				case "author":
					authors = firstOf(o, usual[name])
				case "enclosure":
					files = firstOf(o, usual[name])
				}
			}
			continue
		}
		var outputs []any
		err := program.run(ctx, item, s, func(out any) error {
			if outputs = append(outputs, out); len(outputs) >= 100 {
				return errEnough
			}
			return nil
		})
		switch {
		case err == nil:
		case errors.Is(err, errSlow), ctx.Err() != nil:
			return nil, err
		default: // it costs the item this field
			problems = append(problems, named("fields."+name, program, err).Error())
		}
		if len(outputs) == 1 {
			if list, ok := outputs[0].([]any); ok {
				outputs = list
			}
		}
		v[name] = valuesOf(outputs, name)
		switch name {
		case "author":
			authors = outputs
		case "enclosure":
			files = outputs
		}
	}
	for name, list := range v {
		if len(list) == 0 {
			delete(v, name)
		}
	}
	if text, ok := item.(string); ok && len(v) == 0 { // a list of addresses or of headlines
		name := "title"
		if listing.IsTemplate(text) {
			name = "url"
		}
		v[name] = []page.Value{{Text: text}}
	}
	e := r.reader.Entry(v)
	if e == nil {
		return nil, nil
	}
	if list := people(authors); len(list) > 0 {
		e.Item.Authors = list
	}
	describe(e.Item.Enclosures, files)
	if len(problems) > 0 {
		if e.Problem != "" {
			problems = append(problems, e.Problem)
		}
		e.Problem = strings.Join(problems, "; ")
	}
	return e, nil
}

func firstOf(o map[string]any, keys []string) any {
	for _, k := range keys {
		if v, ok := o[k]; ok && v != nil {
			return v
		}
	}
	return nil
}

// next is the request for the page behind this one; nil for none.
func (r *reading) next(ctx context.Context, resp *fetch.Response, doc any, s scope) (*fetch.Request, error) {
	var ref string
	switch {
	case r.cfg.Next == "":
		return nil, nil
	case r.cfg.Next == link:
		ref = linked(resp.Header, "next")
	case r.cfg.template != "":
		ref = r.cfg.template.Address(s.page+1, s.offset)
	default:
		s.doc = doc
		var out any
		err := r.cfg.program.run(ctx, doc, s, func(v any) error { out = v; return errEnough })
		if err != nil {
			return nil, named("next", r.cfg.program, err)
		}
		switch v := out.(type) {
		case nil, bool:
			return nil, nil
		case string:
			if ref = v; v != "" && !listing.IsTemplate(v) {
				return nil, fmt.Errorf("next: %q yields %.40q, which is no address; make one of it, such as \"?cursor=\" + (.cursor | @uri)", r.cfg.Next, v)
			}
		case map[string]any:
			if r.cfg.Body == "" {
				return nil, fmt.Errorf("next: %q yields an object, which is the body of the next POST; without body it has to yield an address", r.cfg.Next)
			}
			body, err := json.Marshal(v)
			if err != nil {
				return nil, fmt.Errorf("next: %w", err)
			}
			next := r.request(r.cfg.URL)
			next.Body = body
			return &next, nil
		default:
			return nil, fmt.Errorf("next: %q yields neither an address nor null", r.cfg.Next)
		}
	}
	if ref == "" {
		return nil, nil
	}
	address := page.Resolve(r.reader.Base, ref)
	u, err := url.Parse(address)
	configured, err2 := url.Parse(r.cfg.URL)
	if err != nil || err2 != nil || address == "" || !strings.EqualFold(u.Host, configured.Host) {
		// The headers of the source, which may be secret, are for its own host.
		return nil, fmt.Errorf("next: %s is not an address of %s", fetch.Redact(ref), r.cfg.Location())
	}
	next := r.request(address)
	return &next, nil
}

// expect fails for an answer in which something used to be found and is not found any more.
func (s *source) expect(book *listing.Book, entries []*listing.Entry, out sources.Sink) error {
	if len(entries) == 0 && s.cfg.AllowEmpty {
		return nil
	}
	where := func(name string) string {
		switch p, ok := s.cfg.Fields[name]; {
		case name == "items":
			return fmt.Sprintf("%q", s.cfg.Items)
		case ok:
			return fmt.Sprintf("%q", p)
		}
		return strings.Join(usual[name], ", ")
	}
	if err := book.Expect(entries, where); err != nil {
		return err
	}
	for _, name := range listing.Missing(entries) {
		if p, ok := s.cfg.Fields[name]; ok && p.text != "empty" && p.text != "null" {
			out.Reject(sources.Rejected{
				Where: s.cfg.Location() + ", fields." + name, Repaired: true,
				Reason: fmt.Sprintf("%s yields nothing in any of the %d items: adjust it or leave it out", where(name), len(entries)),
			})
		}
	}
	return nil
}
