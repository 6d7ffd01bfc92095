package sitemap

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"

	"feedmill/sources"
	"feedmill/sources/fetch"
	"feedmill/sources/internal/sitetest"
	"feedmill/sources/sourcetest"
)

// session is a source, what it remembers and what its last fetch brought.
type session struct {
	t    *testing.T
	site *sitetest.Site
	dir  string
	src  sources.Source
	st   *sourcetest.State
	out  *sourcetest.Sink
}

func newSession(t *testing.T, config string) *session {
	dir := t.TempDir()
	site := sitetest.New(t, dir)
	return &session{t: t, site: site, dir: dir, src: open(t, site, config), st: sourcetest.NewState()}
}

func (s *session) fetch() (sources.Result, error) {
	s.t.Helper()
	s.site.Asked()
	s.out = sourcetest.NewSink(s.st)
	res, err := sourcetest.Fetch(s.t.Context(), s.src, s.st, s.out)
	for _, b := range s.out.Broken {
		s.t.Error(b)
	}
	return res, err
}

// want runs a fetch that has to emit these pages in this order, and to ask for these documents.
func (s *session) want(pages string, asked ...string) sources.Result {
	s.t.Helper()
	res, err := s.fetch()
	if err != nil {
		s.t.Fatal(err)
	}
	var got []string
	for _, c := range s.out.Changes {
		got = append(got, c.Key[strings.LastIndexByte(c.Key, '/')+1:])
	}
	if strings.Join(got, " ") != pages {
		s.t.Errorf("emitted %q, want %q", got, pages)
	}
	docs := s.site.Asked()
	for i := range docs {
		docs[i] = strings.TrimPrefix(docs[i], "GET /")
	}
	if !slices.Equal(docs, asked) {
		s.t.Errorf("asked for %q, want %q", docs, asked)
	}
	return res
}

func (s *session) index(maps ...string) {
	var b strings.Builder
	for _, m := range maps {
		name, lastmod, _ := strings.Cut(m, " ")
		fmt.Fprintf(&b, "<sitemap><loc>/%s</loc>", name)
		if lastmod != "" {
			fmt.Fprintf(&b, "<lastmod>%s</lastmod>", lastmod)
		}
		b.WriteString("</sitemap>")
	}
	write(s.t, s.dir, "s.xml", "<sitemapindex>"+b.String()+"</sitemapindex>")
}

func TestIndexReadsWhatChanged(t *testing.T) {
	s := newSession(t, `{sitemap: https://outside.example/s.xml, complete: true}`)
	s.index("old 2026-11-01", "new 2026-11-03", "silent")
	write(t, s.dir, "old", urlset(at(1, "2026-11-01")))
	write(t, s.dir, "new", urlset(at(3, "2026-11-03"), at(2, "2026-11-02")))
	write(t, s.dir, "silent", urlset(at(9, "2026-10-01")))
	s.want("9 1 2 3", "s.xml", "new", "old", "silent")
	// A map without a date is asked for each time; it says that it has not changed.
	if res := s.want("", "s.xml", "silent"); !res.Unchanged {
		t.Errorf("%+v", res)
	}
	write(t, s.dir, "silent", urlset(at(9, "2026-10-01"), at(8, "2026-10-02")))
	s.want("8", "s.xml", "silent")
	for _, p := range []string{"1", "2", "3", "8", "9"} { // of maps that were not read, too
		if key := s.site.URL + "/p/" + p; !slices.Contains(s.out.PresentKeys, key) {
			t.Errorf("%s is not said to be there: only %q", key, s.out.PresentKeys)
		}
	}

	s.index("old 2026-11-01", "new 2026-11-04", "silent")
	write(t, s.dir, "new", urlset(at(4, "2026-11-04"), at(3, "2026-11-03T12:00:00Z")))
	s.want("3 4", "s.xml", "new", "silent")
	if got := strings.Join(s.out.Withdrawn, " "); got != s.site.URL+"/p/2" {
		t.Errorf("withdrew %q: only what a map that was read does not have any more is gone", got)
	}
	if c, _ := s.out.Change(s.site.URL + "/p/3"); c.Item.Published.Day() != 3 || c.Item.Updated.Hour() != 12 {
		t.Errorf("published %v, updated %v", c.Item.Published, c.Item.Updated)
	}
	// A map that the index does not name any more is gone with its pages.
	s.index("new 2026-11-04", "silent")
	write(t, s.dir, "silent", urlset(at(9, "2026-10-01"), at(8, "2026-10-02"), at(7, "2026-10-03")))
	s.want("7", "s.xml", "silent")
	if got := strings.Join(s.out.Withdrawn, " "); got != s.site.URL+"/p/1" {
		t.Errorf("withdrew %q", got)
	}
}

func TestMapThatFails(t *testing.T) {
	s := newSession(t, `{sitemap: https://outside.example/s.xml}`)
	s.index("good 2026-11-01", "bad 2026-11-03", "gone 2026-11-02")
	write(t, s.dir, "good", urlset(at(1, "2026-11-01")))
	write(t, s.dir, "bad", "<html>oops</html>")
	s.want("1", "s.xml", "bad", "gone", "good")
	if len(s.out.Rejected) != 2 {
		t.Errorf("%v", s.out.Rejected)
	}
	write(t, s.dir, "bad", urlset(at(3, "2026-11-03")))
	s.want("3", "s.xml", "bad") // not what is not there
	s.index("bad 2026-11-05")
	s.site.Handle(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/s.xml" {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		fmt.Fprint(w, "<sitemapindex><sitemap><loc>/bad</loc><lastmod>2026-11-05</lastmod></sitemap></sitemapindex>")
	})
	var status *fetch.StatusError
	if _, err := s.fetch(); !errors.As(err, &status) {
		t.Errorf("nothing could be read: %v", err)
	}
}

func TestTheNewestPagesCount(t *testing.T) {
	s := newSession(t, `{sitemap: https://outside.example/s.xml, limit: 2}`)
	write(t, s.dir, "s.xml", urlset(at(1, "2026-11-01"), at(3, "2026-11-03"), at(2, "2026-11-02"), at(4, "2026-11-04"), "<url><loc>/p/undated</loc></url>"))
	if res := s.want("3 4", "s.xml"); res.Note != "200, 5 pages in 1 sitemaps, 2 new or changed, 3 older left out" {
		t.Errorf("%+v", res)
	}
	// What was left out stays out; what is newer comes in, however many there are by then.
	write(t, s.dir, "s.xml", urlset(at(1, "2026-11-01"), at(3, "2026-11-03"), at(2, "2026-11-02"), at(4, "2026-11-04"), at(5, "2026-11-05"), at(6, "2026-11-06")))
	s.want("5 6", "s.xml")
	// A flood is cut again.
	var many []string
	for n := range 9 {
		many = append(many, at(n+1, fmt.Sprintf("2026-11-%02dT10:00:00Z", n+11)))
	}
	write(t, s.dir, "s.xml", urlset(many[6:]...))
	s.want("8 9", "s.xml")

	s = newSession(t, `{sitemap: https://outside.example/s.xml, limit: 2}`)
	write(t, s.dir, "s.xml", urlset("<url><loc>/p/a</loc></url>", "<url><loc>/p/b</loc></url>", "<url><loc>/p/c</loc></url>"))
	s.want("b a", "s.xml")
	if len(s.out.Rejected) != 1 || !strings.Contains(s.out.Rejected[0].Reason, "1 pages without dates beyond the first 2 are left out: raise limit") {
		t.Errorf("%v", s.out.Rejected)
	}
}

// TestBuildTimes: where every page was changed in the same second, that is when the map was made.
func TestBuildTimes(t *testing.T) {
	s := newSession(t, `{sitemap: https://outside.example/s.xml}`)
	write(t, s.dir, "s.xml", urlset(at(3, "2026-11-03T10:00:00Z"), at(2, "2026-11-03T10:00:00Z"), at(1, "2026-11-03T10:00:00Z")))
	s.want("1 2 3", "s.xml")
	if !s.out.Changes[0].Item.Published.IsZero() {
		t.Errorf("published %v", s.out.Changes[0].Item.Published)
	}
	write(t, s.dir, "s.xml", urlset(at(3, "2026-11-04T10:00:00Z"), at(2, "2026-11-04T10:00:00Z"), at(1, "2026-11-04T10:00:00Z")))
	s.want("", "s.xml")
}

func TestLoopsAndDepth(t *testing.T) {
	s := newSession(t, `{sitemap: https://outside.example/s.xml}`)
	s.index("s.xml", "deeper")
	write(t, s.dir, "deeper", "<sitemapindex><sitemap><loc>/deeper2</loc></sitemap></sitemapindex>")
	write(t, s.dir, "deeper2", "<sitemapindex><sitemap><loc>/deeper3</loc></sitemap><sitemap><loc>/s.xml</loc></sitemap></sitemapindex>")
	write(t, s.dir, "deeper3", "<sitemapindex><sitemap><loc>/deeper4</loc></sitemap></sitemapindex>")
	write(t, s.dir, "deeper4", urlset(at(1, "2026-11-01")))
	if _, err := s.fetch(); err != nil {
		t.Fatal(err)
	}
	if n := len(s.site.Asked()); n > 6 {
		t.Errorf("%d requests", n)
	}
	if !slices.ContainsFunc(s.out.Rejected, func(r sources.Rejected) bool { return strings.Contains(r.Reason, "3 levels deep") }) {
		t.Errorf("%v", s.out.Rejected)
	}
}

func TestErrors(t *testing.T) {
	for _, c := range []struct{ name, body, want string }{
		{"HTML", "<!doctype html><html><title>x</title></html>", "an HTML page instead of a sitemap"},
		{"feed", "<rss><channel/></rss>", "a feed instead of a sitemap; configure it as feed"},
		{"other XML", "<svg/>", "an XML document <svg> instead of a sitemap"},
		{"empty", "  ", "the sitemap is empty"},
		{"text", "hello\nworld", "neither XML nor a list of addresses: it has the line \"hello\""},
		{"no element", "<!-- x -->", "it has no element"},
		{"cut at once", "<urlset><url><lo", "parse sitemap"},
		{"deep", strings.Repeat("<urlset>", 30), "more than 20 elements inside each other"},
		{"billion laughs", `<!DOCTYPE urlset [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]><urlset><url><loc>/&b;</loc></url></urlset>`, "defines entities"},
		{"external entity", `<!DOCTYPE urlset [<!ENTITY a SYSTEM "file:///etc/passwd">]><urlset><url><loc>/&a;</loc></url></urlset>`, "defines entities"},
		{"too large", "<urlset>" + strings.Repeat(" ", maxMap) + "</urlset>", "the body is too large"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newSession(t, `{sitemap: https://outside.example/s.xml}`)
			write(t, s.dir, "s.xml", c.body)
			_, err := s.fetch()
			if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
}

func TestManyPages(t *testing.T) {
	d, err := read([]byte("<urlset>" + strings.Repeat("<url><loc>/x</loc></url>", maxURLs+10) + "</urlset>"))
	if err != nil || len(d.pages) != maxURLs || d.more != 10 {
		t.Errorf("%d pages, %d more, %v", len(d.pages), d.more, err)
	}
}

func TestRecognise(t *testing.T) {
	for arg, want := range map[string]bool{
		"https://h.example/sitemap.xml": true, "https://h.example/sitemap_index.xml": true, "https://h.example/wp-sitemap-posts-post-1.xml": true,
		"http://h.example/a/Sitemap.xml.gz?x=1": true, "https://h.example/news-sitemap.xml": true, "https://h.example/sitemap.txt": true,
		"https://h.example/feed.xml": false, "https://h.example/sitemap": false, "https://h.example/sitemap.html": false, "sitemap.xml": false,
		"ftp://h.example/sitemap.xml": false, "https://h.example/": false,
	} {
		cfg, ok := Kind.Recognise(arg)
		if ok != want {
			t.Errorf("%s: %v, want %v", arg, ok, want)
		}
		if ok && cfg.Check("") != nil {
			t.Errorf("%s: %v", arg, cfg.Check(""))
		}
	}
}

func TestConfig(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{`{sitemap: "https://h.example/s.xml?token=y", include: ["^https://h"], exclude: [/tag/]}`, ""},
		{`{sitemap: ""}`, "the address is empty"},
		{`{sitemap: "sitemap.xml"}`, "not an address"},
		{`{sitemap: "https://h.example/", include: ["("]}`, "not a regular expression (RE2)"},
		{`{sitemap: "https://h.example/", include: [""]}`, "want a regular expression of 1 to"},
		{`{sitemap: "https://h.example/", limit: 0}`, "limit: want 1 to 50000"},
		{`{sitemap: "https://h.example/", article: {title: h1}}`, "article: needs follow"},
	} {
		cfg := Kind.Config().(*Config)
		err := yaml.Load([]byte(c.text), cfg, yaml.WithKnownFields())
		if err == nil {
			err = cfg.Check("")
		}
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.text, err, c.want)
		}
		if strings.Contains(cfg.Location(), "token=y") {
			t.Errorf("the location shows a secret: %s", cfg.Location())
		}
	}
}

func TestTitles(t *testing.T) {
	for address, want := range map[string]string{
		"https://h.example/2026/11/night-ferry_times.html": "Night ferry times", "https://h.example/%E6%B8%AF%E5%8F%A3/12345": "港口",
		"https://h.example/": "h.example/", "https://h.example/2026/11": "h.example/2026/11", "https://h.example/about/index.html": "About",
		"https://h.example/a%2Fb": "B", "https://h.example/v1.2.3-released": "V1.2.3 released",
	} {
		if got := titleOf(address); got != want {
			t.Errorf("%s: %q, want %q", address, got, want)
		}
	}
}

func FuzzDocument(f *testing.F) {
	f.Add([]byte(`<?xml version="1.0" encoding="gbk"?><urlset><url><loc>/a</loc><news:news xmlns:news="x"><news:title>t</news:title></news:news></url></urlset>`))
	f.Add([]byte(`<sitemapindex><sitemap><loc>/a.xml</loc><lastmod>2026-11-01</lastmod></sitemap></sitemapindex>`))
	f.Add([]byte("https://h.example/a\nhttps://h.example/b\n"))
	f.Add([]byte(`<urlset><url></b></loc></url>`))
	f.Fuzz(func(t *testing.T, body []byte) {
		d, err := read(body)
		if err != nil {
			return
		}
		buildTimes(d.pages)
		for _, p := range d.pages {
			if e := entryOf((&reading{source: &source{cfg: Config{URL: "https://h.example/"}}}).reader(), p, ""); e != nil && e.Item.URL == "" {
				t.Errorf("a page without an address: %+v", p)
			}
		}
	})
}
