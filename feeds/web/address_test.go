package web

import (
	"errors"
	"html"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"feedmill/feeds"
)

func TestAddresses(t *testing.T) {
	r := newRig(t)
	it := post(20, "金融", "c++", "a/b", "v1.rss", "..", "tilde~", "Ａ,B;c", "é")
	it.Tags = []string{"证券 时报", "50%"}
	it.Authors = []feeds.Person{{Name: "Ann Bee"}}
	it.Language = "zh-CN"
	r.store.put(epoch, it)
	for _, m := range feeds.Topics(&it) {
		for _, suffix := range []string{".rss", ".atom", ".json", ""} {
			path := m.Topic.Path() + suffix
			a := r.get(path)
			r.want(a, 200)
			if suffix != "" && a.doc(t).Self != "https://feeds.example"+path {
				t.Errorf("%s: self is %s", path, a.doc(t).Self)
			}
			if suffix == "" && !strings.Contains(html.UnescapeString(a.body), `<link rel="canonical" href="https://feeds.example`+path+`">`) {
				t.Errorf("%s: not canonical", path)
			}
		}
	}
	for from, to := range map[string]string{
		// The same bytes in UTF-8 are no other spelling.
		"/category/金融.rss":        "",
		"/category/%E9%87%91融":    "",
		"/category/a%2Fb.rss?_=1": "",
		// Nor are other escapings (RFC 3986 §6.2.2): curl writes small hex digits.
		"/category/%e9%87%91%e8%9e%8d.atom": "",
		"/category/%67o.json":               "",
		"/category/go%2Erss":                "",
		"/%66eed.rss":                       "",
		"/category/c%2B%2B.rss":             "",
		// Everything else leads to the one spelling, in one hop, with its suffix.
		"/category/GO.rss":             "/category/go.rss",
		"/category/Go/":                "/category/go",
		"/category/go.rss/":            "/category/go.rss",
		"/feed/":                       "/feed",
		"/opml/":                       "/opml",
		"/category/c#.rss":             "", // a fragment: the client asks for /category/c
		"/tag/证券%20时报.rss":             "/tag/%E8%AF%81%E5%88%B8-%E6%97%B6%E6%8A%A5.rss",
		"/tag/证券+时报.rss":               "404",
		"/category/e%CC%81.rss":        "/category/%C3%A9.rss", // NFC
		"/category/%EF%BC%A1,B;C.rss":  "/category/%EF%BD%81%2Cb%3Bc.rss",
		"/category/v1.rss.rss":         "/category/v1.rss~.rss",
		"/category/tilde~":             "/category/tilde",
		"/author/Ann%20Bee.rss":        "/author/ann-bee.rss",
		"/lang/zh-CN":                  "/lang/zh-cn",
		"/category/Go?hl=zh":           "/category/go?hl=zh",
		"/category/Go.rss?utm_source=": "/category/go.rss",
		// What jekyll-feed wrote.
		"/feed.xml":                    "/feed.atom",
		"/feed.xml?anything=1":         "/feed.atom",
		"/feed/by_tag/证券%20时报.xml":     "/tag/%E8%AF%81%E5%88%B8-%E6%97%B6%E6%8A%A5.atom",
		"/feed/Go.xml":                 "/category/go.atom",
		"/feed/a/b.xml":                "404",
		"/atom.xml":                    "404",
		"/category":                    "404",
		"/category/":                   "404",
		"/category/%20.rss":            "404",
		"/category/a/b.rss":            "404",
		"/all/x.rss":                   "404",
		"/feed/by_tag/.xml":            "404",
		styleURL + "/":                 styleURL,
		"/hub":                         "404",
		"/metrics":                     "404",
		"/%2F%2Fevil.example/feed.rss": "404",
	} {
		if to == "404" {
			r.want(r.get(from), 404)
			continue
		}
		if strings.Contains(from, "#") {
			continue
		}
		if to == "" {
			r.want(r.get(from), 200)
			continue
		}
		a := r.get(from)
		r.want(a, 301, "Location", to)
		if a.StatusCode == 301 && !strings.Contains(to, "%C3") {
			if b := r.get(to); b.StatusCode != 200 && b.StatusCode != 404 {
				t.Errorf("%s: the second hop is a %d", from, b.StatusCode)
			}
		}
	}
}

func TestConfiguredRedirects(t *testing.T) {
	r := newRig(t, func(s *Site, _ *Options) {
		s.Redirects = map[string]Redirect{
			"/tag/AI":           {To: "tag/人工智能"},
			"/tag/old":          {To: "/tag/ai"},
			"/posts/index.xml":  {To: "/category/go.rss"},
			"/category/c%23":    {To: "/category/csharp", Status: 308},
			"/category/moved":   {To: "/opml"},
			"/category/only":    {To: "/category/go.json"},
			"/weird%20path.xml": {To: "/feed.json"},
			"/blog/rss":         {To: "category/go", Status: 308},
			"/blog/go.json":     {To: "category/go"},
			"/rss":              {To: "all"},
		}
		s.Sources = map[string]feeds.About{
			"site":  {Redirects: map[string]feeds.Topic{"/feed.xml": feeds.NewTopic("source", "site"), "/blog/atom.xml": feeds.All, "/both.xml": feeds.All, "/feed.rss": feeds.NewTopic("category", "evil"), "/rss.json": feeds.All}},
			"other": {Redirects: map[string]feeds.Topic{"/both.xml": feeds.NewTopic("source", "other")}},
		}
	})
	const ai = "/tag/%E4%BA%BA%E5%B7%A5%E6%99%BA%E8%83%BD"
	for from, to := range map[string]string{
		"/tag/AI.rss":          ai + ".rss",
		"/tag/ai":              ai,
		"/tag/ai.json":         ai + ".json",
		"/tag/old.atom":        ai + ".atom", // two steps in one hop
		"/posts/index.xml":     "/category/go.rss",
		"/category/only.rss":   "/category/go.json",
		"/weird%20path.xml":    "/feed.json",
		"/blog/go.json":        "/category/go.json", // a topic is led to in the format that the address names
		"/rss?feed=rss2":       "/feed.atom",        // the query meant something there
		"/tag/old?limit=3":     ai + "?limit=3",     // and means something here
		"/feed.xml":            "/source/site.atom",
		"/blog/atom.xml":       "/feed.atom",
		"/rss.json":            "/feed.json",
		"/feed/by_tag/old.xml": ai + ".atom",
	} {
		r.want(r.get(from), 301, "Location", to)
	}
	r.want(r.get("/feed.rss"), 200) // a source takes none of our addresses
	r.want(r.get("/both.xml"), 404) // two sources contradict
	// C# wins over a topic that has items.
	for from, to := range map[string]string{"/blog/rss": "/category/go.atom", "/category/C%23.rss": "/category/csharp.rss", "/category/C%23": "/category/csharp"} {
		r.want(r.get(from), 308, "Location", to)
	}
	for from, to := range map[string]Redirect{
		"/tag/a": {To: "tag/b"}, "/tag/A.rss": {To: "/tag/b.rss"}, "x": {To: "/feed"}, "//x": {To: "/feed"}, "/x": {To: "https://evil.example/"}, "/y": {To: "//evil.example/"},
		"/z": {To: "tag/"}, "/g": {To: "(staff) tag/a"}, "/%zz": {To: "/feed"}, "/w": {To: "/%zz"}, "/": {To: "/feed"}, "/opml/tag": {To: "/feed"}, styleURL: {To: "/feed"},
		"/nowhere": {To: "/no/such/place"}, "/s": {To: "/feed", Status: 302}, "/tag/B": {To: "/feed"},
	} {
		site := testSite()
		site.Redirects = map[string]Redirect{from: to, "/tag/b": {To: "/tag/a"}}
		if _, err := New(r.store, testFormats(), site, Options{}); err == nil {
			t.Errorf("redirect %s to %v was taken", from, to)
		}
		var wrong *RedirectError
		if err := CheckRedirects(site.Redirects); !errors.As(err, &wrong) || wrong.From != from && wrong.From != "/tag/b" {
			t.Errorf("redirect %s to %v: %v", from, to, err)
		}
	}
}

func TestQueries(t *testing.T) {
	r := newRig(t)
	clean := r.get("/feed.rss")
	for _, q := range []string{"_=1", "utm_source=x&utm_medium=y", "fbclid=1", "gclid=2&_=3&_=4", "", "&&"} {
		a := r.get("/feed.rss?" + q)
		r.want(a, 200, "ETag", clean.Header.Get("ETag"), "Link", clean.Header.Get("Link"))
		if a.body != clean.body {
			t.Errorf("?%s: other bytes", q)
		}
	}
	if n := r.store.reads.Load(); n != 1 {
		t.Errorf("%d renders for one document", n)
	}
	for path, name := range map[string]string{
		"/feed.rss?dates=today":        `"dates"`,
		"/feed.rss?limit=0&_=1":        `"limit"`,
		"/feed.rss?limit=5&limit=6":    `"limit"`,
		"/feed.rss?hl=en":              `"hl"`,
		"/feed.rss?UTM_source=x":       `"UTM_source"`,
		"/feed.rss?q=a;b":              "semicolon",
		"/feed.rss?%zz=1":              "%zz",
		"/opml?x":                      `"x"`,
		"/category/go?find=x":          `"find"`,
		"/category/go?hl=fr":           `"hl"`,
		"/category/go?hl=en&hl=zh":     `"hl"`,
		"/?sort=up":                    `"sort"`,
		"/?page=0":                     `"page"`,
		"/?page=x":                     `"page"`,
		"/?kind=all":                   `"kind"`,
		"/?q=" + long(300):             `"q"`,
		"/feed.rss?%0d%0aSet-Cookie=1": `"\r\nSet-Cookie"`,
		"/category/GO.rss?dates=1":     `"dates"`,
		styleURL + "?q=1":              `"q"`,
		"/opml?q=1":                    `"q"`,
	} {
		a := r.get(path)
		r.want(a, 400, "Cache-Control", "no-store", "Set-Cookie", "")
		if !strings.Contains(html.UnescapeString(a.body), name) {
			t.Errorf("%s: %q does not name %s", path, a.body, name)
		}
	}
}

func long(n int) string { return strings.Repeat("a", n) }

func TestBaseURLWithAPath(t *testing.T) {
	r := newRig(t, func(s *Site, _ *Options) { s.BaseURL = "https://example.com/news/feeds/" })
	for _, prefix := range []string{"", "/news/feeds"} { // a proxy strips the path or not
		a := r.get(prefix + "/category/go.rss")
		r.want(a, 200)
		if a.doc(t).Self != "https://example.com/news/feeds/category/go.rss" {
			t.Errorf("self is %s", a.doc(t).Self)
		}
		r.want(r.get(prefix+"/category/GO.rss"), 301, "Location", "/news/feeds/category/go.rss")
		if a := r.get(prefix + "/"); !strings.Contains(a.body, `href="/news/feeds/category/go"`) {
			t.Error("links of the index miss the path")
		}
	}
	if n := r.store.reads.Load(); n != 1 {
		t.Errorf("%d renders of one document", n)
	}
}

func TestSiteThatCannotBeUsed(t *testing.T) {
	for name, change := range map[string]func(*Site){
		"no base URL":  func(s *Site) { s.BaseURL = "" },
		"no scheme":    func(s *Site) { s.BaseURL = "feeds.example" },
		"other scheme": func(s *Site) { s.BaseURL = "ftp://feeds.example" },
		"query":        func(s *Site) { s.BaseURL = "https://feeds.example/?x" },
		"password":     func(s *Site) { s.BaseURL = "https://a:b@feeds.example/" },
		"no instance":  func(s *Site) { s.Instance = "" },
	} {
		site := testSite()
		change(&site)
		if _, err := New(&fakeStore{}, testFormats(), site, Options{}); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	if _, err := New(&fakeStore{}, nil, testSite(), Options{}); err == nil {
		t.Error("no formats: taken")
	}
}

func TestTitles(t *testing.T) {
	topic := feeds.NewTopic("category", "zqsb")
	about := func(title string) feeds.About {
		return feeds.About{Title: "S", Titles: map[feeds.Topic]string{topic: title}}
	}
	for _, c := range []struct {
		sources map[string]feeds.About
		titles  map[feeds.Topic]string
		display string
		feed    string
	}{
		{nil, nil, "ZQSB", "ZQSB · Example"},
		{map[string]feeds.About{"a": about("证券时报")}, nil, "证券时报", "证券时报 · Example"},
		{map[string]feeds.About{"a": about("证券时报"), "b": about("证券时报")}, nil, "证券时报", "证券时报 · Example"},
		{map[string]feeds.About{"a": about("证券时报"), "b": about("另一个")}, nil, "ZQSB", "ZQSB · Example"},
		{map[string]feeds.About{"a": about("证券时报")}, map[feeds.Topic]string{topic: "时报"}, "时报", "时报"},
	} {
		site := testSite()
		site.Sources, site.Titles = c.sources, c.titles
		cfg, err := newConfig(site, testFormats())
		if err != nil {
			t.Fatal(err)
		}
		if got := cfg.display(topic, "ZQSB"); got != c.display {
			t.Errorf("display %q, want %q", got, c.display)
		}
		if got := cfg.feedTitle(topic, "ZQSB"); got != c.feed {
			t.Errorf("feed title %q, want %q", got, c.feed)
		}
	}
	// One source lends its name to a site that has none.
	site := testSite()
	site.Title, site.Language = "", ""
	site.Sources = map[string]feeds.About{"a": {Title: "Only", Language: "zh-CN"}}
	cfg, err := newConfig(site, testFormats())
	if err != nil {
		t.Fatal(err)
	}
	if cfg.display(feeds.All, "") != "Only" || cfg.lang != "zh-CN" || cfg.fallback() != "zh" {
		t.Errorf("title %q, language %q", cfg.display(feeds.All, ""), cfg.lang)
	}
}

func TestFeedIDsAreDistinctAndStable(t *testing.T) {
	cfg, err := newConfig(testSite(), testFormats())
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, topic := range []feeds.Topic{feeds.All, feeds.NewTopic("tag", "go"), feeds.NewTopic("category", "go")} {
		for _, f := range testFormats() {
			seen[cfg.feedID(topic.String(), f.Name)] = true
		}
	}
	if len(seen) != 9 {
		t.Errorf("%d IDs for nine documents", len(seen))
	}
	if got := cfg.feedID(feeds.All.String(), "atom"); !strings.HasPrefix(got, "urn:uuid:") || len(got) != 9+36 || got[9+14] != '8' {
		t.Errorf("%s is no UUID of version 8", got)
	}
}

// FuzzRequest throws paths, queries and header fields at the handler: no panic, no 5xx, no redirect that leads
// elsewhere or twice.
func FuzzRequest(f *testing.F) {
	f.Add("/feed.rss", "", `"a"`, "gzip", "en")
	f.Add("/category/%E9%87%91.atom", "_=1", "*", "br;q=0", "zh;q=0.5")
	f.Add("/category/../x", "hl=zh", `W/"a", `, ";q", "*")
	f.Add("/tag/e\xcc\x81.json~.rss", "a;b", "\"", "identity;q=0", "")
	f.Add("//x/%2e%2e", "%", "", "*;q=0.5, gzip;q=0", "en-US,en;q=0.9")
	f.Add("/feed/by_tag/%ff.xml", "q=%00&page=2", ",,", ",", ",")
	store := &fakeStore{}
	store.put(epoch, posts(1, 3, "Go", "金")...)
	s, err := New(store, testFormats(), testSite(), Options{})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, path, query, inm, accept, language string) {
		u, err := url.ParseRequestURI(path)
		if err != nil || u.Host != "" || !strings.HasPrefix(path, "/") {
			return // the server refuses it before us
		}
		u.RawQuery = query
		ask := func(u *url.URL) *httptest.ResponseRecorder {
			r := httptest.NewRequest("GET", "/", nil)
			r.URL, r.RequestURI = u, path+"?"+query
			r.Header["If-None-Match"] = []string{inm}
			r.Header["Accept-Encoding"] = []string{accept}
			r.Header["Accept-Language"] = []string{language}
			w := httptest.NewRecorder()
			s.ServeHTTP(w, r)
			return w
		}
		w := ask(u)
		switch {
		case w.Code >= 500:
			t.Fatalf("%q?%q: %d %s", path, query, w.Code, w.Body)
		case w.Code == 301:
			to := w.Header().Get("Location")
			next, err := url.Parse(to)
			if err != nil || next.Host != "" || !strings.HasPrefix(to, "/") || strings.HasPrefix(to, "//") {
				t.Fatalf("%q leads to %q", path, to)
			}
			if again := ask(next); again.Code == 301 {
				t.Fatalf("%q leads to %q and that to %q", path, to, again.Header().Get("Location"))
			}
		case w.Code == 200 && w.Body.Len() == 0:
			t.Fatalf("%q: empty", path)
		case w.Code >= 400 && w.Header().Get("Cache-Control") != "no-store":
			t.Fatalf("%q: %d may be kept", path, w.Code)
		}
		for name, values := range w.Header() {
			for _, v := range values {
				if strings.ContainsAny(v, "\r\n") {
					t.Fatalf("%s: %q", name, v)
				}
			}
		}
	})
}
