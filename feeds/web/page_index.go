package web

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"feedmill/feeds"
)

// indexPage is the data of the index.
type indexPage struct {
	frame
	Summary, Find, Kind, Sort, Slack string
	Found                            string // how many topics a search has found
	Reading                          string // how far the first fetches are
	Base                             string // of the addresses that copy buttons of rows give
	Started                          bool   // there was a post once
	KindLinks, SortLinks             []link
	Saved                            []indexRow
	Groups                           []group
	Page, Pages                      int
}

// group is a run of rows of one kind.
type group struct {
	Name string
	Rows []indexRow
}

type indexRow struct {
	*row
	Age     string
	Dormant bool
}

// dormant is how long a topic has had no post that is shown as asleep.
const dormant = 180 * 24 * time.Hour

// index answers the start page. It is made anew each time: how long ago something was changes by itself.
func (s *Server) index(w http.ResponseWriter, r *http.Request, cfg *config, q url.Values, l look) {
	here := place{path: "/", index: true}
	order, err := choice(q, "sort", orders[byRecent], orders...)
	kind, err2 := choice(q, "kind", "", feeds.TopicKinds[1:]...)
	number, err3 := pageNumber(q.Get("page"))
	for _, err := range []error{err, err2, err3} {
		if err != nil {
			s.wrong(w, r, cfg, &here, l, err)
			return
		}
	}
	list, err := s.topics(r.Context())
	if err != nil {
		s.unavailable(w, r, cfg, l)
		return
	}
	find := strings.TrimSpace(q.Get("q"))
	if len(find) > feeds.MaxLabel {
		s.wrong(w, r, cfg, &here, l, wrongly("long", "q", feeds.MaxLabel))
		return
	}
	rows := list.find(slices.Index(orders, order), kind, find)
	pages := max(1, (len(rows)+pageRows-1)/pageRows)
	if number > pages {
		s.wrongStatus(w, r, cfg, &here, l, http.StatusNotFound, wrongly("last", number, pages))
		return
	}
	rest := url.Values{}
	for _, name := range []string{"q", "kind", "page", "sort"} {
		if v := q.Get(name); v != "" {
			rest.Set(name, v)
		}
	}
	data := indexPage{
		frame: cfg.frame(l, cfg.title, "/", rest.Encode()), Find: find, Kind: kind, Sort: order, Slack: cfg.slack(feeds.All, nil),
		Page: number, Pages: pages, Base: cfg.site.BaseURL, Started: list.all.Version != (feeds.Version{}),
	}
	data.Feeds = cfg.addresses(feeds.All, nil, cfg.title)
	for _, t := range cfg.site.Saved[:min(len(cfg.site.Saved), maxOthers)] {
		data.Others = append(data.Others, cfg.addresses(t, nil, cfg.feedTitle(t, ""))[0])
	}
	now := s.now()
	if cfg.site.Static != nil {
		now = time.Time{}
	}
	data.Summary = data.T.summary(list.all.Items, len(list.rows), list.all.Newest, now)
	if posts, sources := s.reading(); sources > 0 {
		data.Reading = fmt.Sprintf(data.T.reading, posts, sources)
	}
	data.navigate(list, rest)
	switch {
	case find != "" && len(rows) > 0:
		data.Found = fmt.Sprintf(data.T.found, len(rows))
	case len(rows) == 0 && data.Started:
		data.Found = data.T.NoMatch
	}
	for i := range rows[(number-1)*pageRows : min(number*pageRows, len(rows))] {
		r := &rows[(number-1)*pageRows+i]
		line := indexRow{r, data.T.age(r.Newest, now), r.Items == 0 || now.Sub(r.Newest) > dormant}
		if r.Topic.Kind == "feed" {
			data.Saved = append(data.Saved, line)
			continue
		}
		name := data.T.Kinds[r.Topic.Kind]
		if n := len(data.Groups); n == 0 || data.Groups[n-1].Name != name {
			data.Groups = append(data.Groups, group{Name: name})
		}
		g := &data.Groups[len(data.Groups)-1]
		g.Rows = append(g.Rows, line)
	}
	s.servePage(w, r, cfg, l, "index.html", data)
}

// servePage answers with a page that is made for this request alone.
func (s *Server) servePage(w http.ResponseWriter, r *http.Request, cfg *config, l look, name string, data any) {
	made := cfg.shell(doc{look: l})
	var err error
	if made.body, err = execute(name, data); err != nil {
		panic(err) // the template does not fit its data: a bug
	}
	e, err := newEntry(name, made, nil)
	if err != nil {
		panic(err)
	}
	s.serve(w, r, e)
}

// navigate fills in the links to other kinds, orders and pages; each keeps the rest of the query.
func (p *indexPage) navigate(l *listing, q url.Values) {
	at := func(name, value string) string {
		to := url.Values{}
		for keep := range q {
			if keep != name && keep != "page" {
				to.Set(keep, q.Get(keep))
			}
		}
		if value != "" {
			to.Set(name, value)
		}
		return p.to("/", to.Encode())
	}
	counts := map[string]int{}
	for i := range l.rows {
		counts[l.rows[i].Topic.Kind]++
	}
	p.KindLinks = append(p.KindLinks, link{p.T.OPMLAll, at("kind", ""), len(l.rows), p.Kind == ""})
	for _, kind := range feeds.TopicKinds[1:] {
		if counts[kind] > 0 {
			p.KindLinks = append(p.KindLinks, link{p.T.Kinds[kind], at("kind", kind), counts[kind], p.Kind == kind})
		}
	}
	for _, order := range orders {
		p.SortLinks = append(p.SortLinks, link{Text: p.T.Sorts[order], URL: at("sort", order), Here: p.Sort == order})
	}
	if p.Page > 1 {
		p.Newer = at("page", itoa(p.Page-1))
	}
	if p.Page < p.Pages {
		p.Older = at("page", itoa(p.Page+1))
	}
}

func pageNumber(s string) (int, error) {
	if s == "" {
		return 1, nil
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 {
		return 0, wrongly("number", "page", s)
	}
	return n, nil
}
