package web

import (
	"bytes"
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"feedmill/feeds"
)

//go:embed static
var files embed.FS

var templates = template.Must(template.New("").Funcs(template.FuncMap{
	"clip": clip,
	"iso":  func(t time.Time) string { return t.Format(time.RFC3339) },
	"day":  func(t time.Time) string { return t.Format("2006-01-02 15:04") },
}).ParseFS(files, "static/*.html"))

// maxOthers is how many saved feeds the index leads programs to, each in one format.
const maxOthers = 30

// pageRows is how many topics a page of the index has: with the longest names it stays under 50 kB.
const pageRows = 200

// frame is what every page shows.
type frame struct {
	T         *words
	Title     string
	Heading   string
	Prefix    string // path of the base URL, before every link
	Style     string // address of the style sheet
	Canonical string
	Switch    string // address of this page in the other language
	Feeds     []address
	Others    []address // further feeds that the page leads programs to
	Version   string
	Notice    string
	Private   bool // programs are led to no feed
}

// address is one document of a topic. Type is a whole attribute: escaped, its "+" would hide the feed from programs
// that search pages for feeds without an HTML parser.
type address struct {
	Name, Title, URL string
	Type             template.HTMLAttr
}

func (c *config) frame(lang, title, path string, q url.Values) frame {
	f := frame{
		T: texts[lang], Title: title, Heading: title, Prefix: c.prefix, Style: styleURL,
		Canonical: c.self(path), Version: c.site.Version, Private: c.private,
	}
	other := url.Values{}
	for name, v := range q {
		other[name] = v
	}
	other.Set("hl", f.T.Other)
	f.Switch = c.prefix + path + "?" + other.Encode()
	return f
}

// addresses are the documents of a topic as a view has them, the first format first.
func (c *config) addresses(t feeds.Topic, v *view, title string) []address {
	query := ""
	if v != nil {
		if query = v.with("before", ""); query != "" {
			query = "?" + query
		}
	}
	out := make([]address, 0, len(c.formats))
	for _, f := range c.formats {
		name := display(f.Name)
		out = append(out, address{Name: name, Title: title + " (" + name + ")", URL: c.site.BaseURL + t.Path() + f.Suffix + query, Type: template.HTMLAttr(`type="` + f.MediaType + `"`)})
	}
	return out
}

// display is how people write a format's name.
func display(format string) string {
	switch strings.ToLower(format) {
	case "rss":
		return "RSS"
	case "atom":
		return "Atom"
	case "json", "jsonfeed":
		return "JSON Feed"
	}
	return format
}

// slack is the line that subscribes a channel of Slack, whose reader goes by dates: what is not newer than all it saw is no
// news to it, nor is the second of two items of one date.
func (c *config) slack(t feeds.Topic, v *view) string {
	if v == nil {
		v = &view{}
	}
	if c.site.Static != nil {
		return "/feed subscribe " + c.site.BaseURL + t.Path() + c.rss.Suffix
	}
	arrival := *v
	arrival.query = v.with("before", "")
	return "/feed subscribe " + c.site.BaseURL + t.Path() + c.rss.Suffix + "?" + arrival.with("dates", "arrival")
}

// indexPage is the data of the index.
type indexPage struct {
	frame
	Summary, Find, Kind, Sort, Slack string
	Started                          bool // there was a post once
	KindLinks, SortLinks             []link
	Groups                           []group
	Page, Pages                      int
	Older, Newer                     string
}

type link struct {
	Text, URL string
	Count     int
	Here      bool
}

// group is a run of rows of one kind.
type group struct {
	Name string
	Rows []indexRow
}

type indexRow struct {
	*row
	Age string
}

// index answers the start page. It is made anew each time: how long ago something was changes by itself.
func (s *Server) index(w http.ResponseWriter, r *http.Request, cfg *config, q url.Values, lang string) {
	order, err := choice(q, "sort", orders[byRecent], orders...)
	kind, err2 := choice(q, "kind", "", feeds.TopicKinds[1:]...)
	number, err3 := pageNumber(q.Get("page"))
	for _, err := range []error{err, err2, err3} {
		if err != nil {
			s.fail(w, r, http.StatusBadRequest, err.Error())
			return
		}
	}
	l, err := s.topics(r.Context())
	if err != nil {
		s.unavailable(w, r, cfg, lang)
		return
	}
	find := strings.TrimSpace(q.Get("find"))
	if len(find) > feeds.MaxLabel {
		s.fail(w, r, http.StatusBadRequest, fmt.Sprintf("query parameter \"find\" is longer than %d bytes", feeds.MaxLabel))
		return
	}
	rows := l.find(slices.Index(orders, order), kind, find)
	pages := max(1, (len(rows)+pageRows-1)/pageRows)
	if number > pages {
		s.fail(w, r, http.StatusNotFound, fmt.Sprintf("there is no page %d: the last one is %d", number, pages))
		return
	}
	data := indexPage{frame: cfg.frame(lang, cfg.title, "/", q), Find: find, Kind: kind, Sort: order, Slack: cfg.slack(feeds.All, nil), Page: number, Pages: pages}
	data.Feeds = cfg.addresses(feeds.All, nil, cfg.title)
	for _, t := range cfg.site.Saved[:min(len(cfg.site.Saved), maxOthers)] {
		data.Others = append(data.Others, cfg.addresses(t, nil, cfg.feedTitle(t, ""))[0])
	}
	data.Notice = cfg.site.Notice
	data.Started = l.all.Version != (feeds.Version{})
	now := s.now()
	if cfg.site.Static != nil {
		now = time.Time{}
	}
	data.Summary = data.T.summary(l.all.Items, len(l.rows), l.all.Newest, now)
	data.navigate(l, q)
	for i := range rows[(number-1)*pageRows : min(number*pageRows, len(rows))] {
		r := &rows[(number-1)*pageRows+i]
		name := data.T.Kinds[r.Topic.Kind]
		if n := len(data.Groups); n == 0 || data.Groups[n-1].Name != name {
			data.Groups = append(data.Groups, group{Name: name})
		}
		g := &data.Groups[len(data.Groups)-1]
		g.Rows = append(g.Rows, indexRow{r, data.T.age(r.Newest, now)})
	}
	made := cfg.shell(doc{lang: lang})
	if made.body, err = execute("index.html", data); err != nil {
		panic(err) // the template does not fit its data: a bug
	}
	e, err := newEntry("/", made, nil)
	if err != nil {
		panic(err)
	}
	s.serve(w, r, e)
}

// navigate fills in the links to other kinds, orders and pages; each keeps the rest of the query.
func (p *indexPage) navigate(l *listing, q url.Values) {
	at := func(name, value string) string {
		to := url.Values{}
		for _, keep := range []string{"find", "hl", "kind", "page", "sort"} {
			if v := q.Get(keep); v != "" && keep != name && keep != "page" {
				to.Set(keep, v)
			}
		}
		if value != "" {
			to.Set(name, value)
		}
		if len(to) == 0 {
			return p.Prefix + "/"
		}
		return p.Prefix + "/?" + to.Encode()
	}
	counts := map[string]int{}
	for i := range l.rows {
		counts[l.rows[i].Topic.Kind]++
	}
	p.KindLinks = append(p.KindLinks, link{p.T.Everything, at("kind", ""), len(l.rows), p.Kind == ""})
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
		return 0, fmt.Errorf("query parameter \"page\" is %q: it takes a number from 1", s)
	}
	return n, nil
}

// topicPage is the data of a topic's page. It holds no age: the page stays as it is until the topic changes.
type topicPage struct {
	frame
	Kind, Slug, Slack string
	Posts             int
	Newest            time.Time
	Items             []topicItem
	// Words are those of the filter, Older is the page of what is older, First that of the newest; all may be empty.
	Words, Older, First string
}

type topicItem struct {
	*feeds.Item
	Labels []label
	Copies []label // of other sources, by their names
}

type label struct{ Text, URL string }

// renderTopic fills made with the page of a topic for people.
func (s *Server) renderTopic(ctx context.Context, cfg *config, d doc, made *document) error {
	v := d.view
	if v == nil {
		v = &view{}
	}
	page, err := s.look(ctx, cfg, d, made)
	if err != nil {
		return err
	}
	l, err := s.exactTopics(ctx)
	if err != nil {
		return err
	}
	path := d.topic.Path()
	title := cfg.display(d.topic, commonLabel(d.topic, page.Items))
	data := topicPage{
		frame: cfg.frame(d.lang, cfg.feedTitle(d.topic, commonLabel(d.topic, page.Items)), path, v.values()),
		Kind:  texts[d.lang].Kind[d.topic.Kind], Slack: cfg.slack(d.topic, d.view), Words: v.String(),
	}
	data.Heading, data.Feeds = title, cfg.addresses(d.topic, d.view, data.Title)
	if !v.before.IsZero() {
		first := v.values()
		first.Del("before")
		first.Set("hl", d.lang)
		data.First = cfg.prefix + path + "?" + first.Encode()
	}
	if !page.Next.IsZero() {
		data.Older = cfg.prefix + d.before(page.Next) + "&hl=" + d.lang
	}
	if feeds.Fold(title) != d.topic.Name {
		data.Slug = d.topic.Name
	}
	info := l.info(d.topic)
	data.Posts, data.Newest = max(info.Items, len(page.Items)), info.Newest
	for i := range page.Items {
		it := topicItem{Item: &page.Items[i]}
		for _, m := range feeds.Topics(it.Item) {
			if (m.Topic.Kind == "category" || m.Topic.Kind == "tag") && m.Topic != d.topic {
				it.Labels = append(it.Labels, label{cfg.display(m.Topic, m.Label), cfg.prefix + m.Topic.Path()})
			}
		}
		for _, c := range it.Also {
			if c.URL != "" {
				it.Copies = append(it.Copies, label{cfg.display(feeds.NewTopic("source", c.Source), c.Source), c.URL})
			}
		}
		data.Items = append(data.Items, it)
	}
	made.body, err = execute("topic.html", data)
	return err
}

// look reads what a page shows.
func (s *Server) look(ctx context.Context, cfg *config, d doc, made *document) (feeds.Page, error) {
	if d.view == nil {
		return s.read(ctx, cfg, d.topic)
	}
	f, err := s.find(ctx, cfg, d.topic, d.view)
	if err != nil {
		return feeds.Page{}, err
	}
	made.until, made.basis = f.until, f.basis
	page := feeds.Page{Items: f.items, At: f.at}
	if f.more && len(f.at) > 0 {
		page.Next = f.at[len(f.at)-1]
	}
	return page, nil
}

// info is the row of one topic.
func (l *listing) info(t feeds.Topic) feeds.TopicInfo {
	if t == feeds.All {
		return l.all
	}
	for i := range l.rows {
		if l.rows[i].Topic == t {
			return l.rows[i].TopicInfo
		}
	}
	return feeds.TopicInfo{Topic: t}
}

// messagePage is the data of an answer without content.
type messagePage struct {
	frame
	Text string
	Near []row
}

// message answers a person with an error that nobody may keep.
func (s *Server) message(w http.ResponseWriter, r *http.Request, status int, data messagePage) {
	data.Canonical = "" // an error is nobody's page
	data.Feeds = s.config.Load().addresses(feeds.All, nil, data.T.Everything)
	body, err := execute("message.html", data)
	if err != nil {
		panic(err) // the template does not fit its data: a bug
	}
	h := w.Header()
	for _, f := range pageHeaders(data.T.Code) {
		h[f.name] = f.values
	}
	h["Content-Type"] = htmlType
	s.failWith(w, r, status, string(body))
}

// unavailable answers for a document that was never rendered and cannot be now; lang is set for a page.
func (s *Server) unavailable(w http.ResponseWriter, r *http.Request, cfg *config, lang string) {
	w.Header()["Retry-After"] = retryAfter
	if lang == "" {
		s.fail(w, r, http.StatusServiceUnavailable, "the store cannot be reached and this document was never rendered: try again in 30 seconds")
		return
	}
	t := texts[lang]
	s.message(w, r, http.StatusServiceUnavailable, messagePage{frame: cfg.frame(lang, t.Unavailable, "/", nil), Text: t.UnavailableHint})
}

// notFound answers 404 with the names that come nearest: as a page for the address of a page, else as text.
func (s *Server) notFound(w http.ResponseWriter, r *http.Request, cfg *config, p place) {
	var near []row
	if p.topic.Kind != "" {
		select {
		case s.hints <- struct{}{}:
			if l, err := s.topics(r.Context()); err == nil {
				near = l.similar(p.topic)
			}
			<-s.hints
		default: // a flood of wrong addresses gets plain answers
		}
	}
	if p.page {
		lang := acceptLanguage(r.Header["Accept-Language"], cfg.fallback())
		t := texts[lang]
		s.message(w, r, http.StatusNotFound, messagePage{cfg.frame(lang, t.NotFound, p.path, nil), t.NotFoundHint, near})
		return
	}
	var b strings.Builder
	b.WriteString("not found")
	if p.topic.Kind != "" {
		fmt.Fprintf(&b, ": no post ever had %s %q", p.topic.Kind, p.topic.Name)
	}
	suffix := ""
	if p.format != nil {
		suffix = p.format.Suffix
	}
	base := cfg.site.BaseURL
	if cfg.private {
		base = ""
	}
	for i, n := range near {
		if i == 0 {
			b.WriteString("\nnear to it:")
		}
		fmt.Fprintf(&b, "\n%s%s%s", base, n.Path, suffix)
	}
	s.fail(w, r, http.StatusNotFound, b.String())
}

func execute(name string, data any) ([]byte, error) {
	var b bytes.Buffer
	if err := templates.ExecuteTemplate(&b, name, data); err != nil {
		return nil, fmt.Errorf("make page %s: %w", name, err)
	}
	return b.Bytes(), nil
}

// clip cuts a summary to what two lines hold.
func clip(s string) string {
	const most = 200
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	return strings.TrimSpace(string([]rune(s)[:most-1])) + "…"
}

// pageHeaders are those of every page. Nothing may run, and nothing but pictures comes from elsewhere.
func pageHeaders(lang string) []header {
	return []header{
		{"Content-Language", []string{lang}},
		{"Content-Security-Policy", policy},
		{"Referrer-Policy", noReferrer},
	}
}

var (
	policy     = []string{"default-src 'none'; style-src 'self'; img-src 'self' https: http:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"}
	noReferrer = []string{"no-referrer"}
)

// styleURL changes with the style sheet's bytes, so that a kept sheet never meets other pages.
var styleURL = func() string {
	b, err := files.ReadFile("static/style.css")
	if err != nil {
		panic(err) // it is embedded
	}
	sum := sha256.Sum256(b)
	return "/style.css?_=" + hex.EncodeToString(sum[:4])
}()

// staticEntries are the documents that come with the program.
func staticEntries(private bool) (map[string]*entry, error) {
	out := map[string]*entry{}
	control := "public, max-age=86400"
	if private {
		control = "private, max-age=86400"
	}
	for path, contentType := range map[string]string{
		"/style.css": "text/css; charset=utf-8", "/favicon.svg": "image/svg+xml", "/robots.txt": "text/plain; charset=utf-8",
	} {
		b, err := files.ReadFile("static" + path)
		if err != nil {
			return nil, err
		}
		both := []header{{"Cache-Control", []string{control}}, {"Vary", varyCoding}}
		full := append([]header{{"Content-Type", []string{contentType}}, {"X-Content-Type-Options", noSniff}}, both...)
		if out[path], err = newEntry(path, &document{body: b, full: full, brief: both}, nil); err != nil {
			return nil, err
		}
	}
	return out, nil
}
