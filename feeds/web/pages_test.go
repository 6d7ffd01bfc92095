package web

import (
	"encoding/xml"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"feedmill/feeds"
)

// elements lists the start tags of a page with their attributes.
func elements(t *testing.T, body, name string) (out []map[string]string) {
	t.Helper()
	z := html.NewTokenizer(strings.NewReader(body))
	for {
		switch z.Next() {
		case html.ErrorToken:
			return out
		case html.StartTagToken, html.SelfClosingTagToken:
			token := z.Token()
			if token.Data == name {
				attrs := map[string]string{}
				for _, a := range token.Attr {
					attrs[a.Key] = a.Val
				}
				out = append(out, attrs)
			}
		}
	}
}

func TestL2Discovery(t *testing.T) {
	r := newRig(t)
	for path, topic := range map[string]string{"/": "/feed", "/feed": "/feed", "/category/go": "/category/go", "/category/c%23": "/category/c%23"} {
		a := r.get(path)
		r.want(a, 200)
		var alternates []map[string]string
		titles := map[string]bool{}
		for _, l := range elements(t, a.body, "link") {
			if l["rel"] == "alternate" {
				alternates = append(alternates, l)
				titles[l["title"]] = true
			}
		}
		if !strings.Contains(a.body, `<link rel="alternate" type="application/rss+xml" title="`) {
			t.Errorf("%s: no alternate for programs that do not parse HTML", path)
		}
		if len(alternates) != 3 || len(titles) != 3 {
			t.Fatalf("%s: alternates %v", path, alternates)
		}
		for i, f := range testFormats() {
			href := alternates[i]["href"]
			if href != "https://feeds.example"+topic+f.Suffix || alternates[i]["type"] != f.MediaType {
				t.Errorf("%s: alternate %v", path, alternates[i])
			}
			b := r.get(strings.TrimPrefix(href, "https://feeds.example"))
			if got := b.Header.Get("Content-Type"); b.StatusCode != 200 || !strings.HasPrefix(got, f.MediaType) {
				t.Errorf("%s: %d %s", href, b.StatusCode, got)
			}
		}
	}
}

func TestL1LinkHeader(t *testing.T) {
	r := newRig(t, func(s *Site, _ *Options) { s.Hubs = []string{"https://feeds.example/hub"} })
	r.store.put(epoch, post(30, `<a>;"b"`))
	path := feeds.NewTopic("category", `<a>;"b"`).Path() + ".atom"
	a := r.get(path)
	want := regexp.MustCompile(`^<https://feeds\.example/category/[^<>" ]+\.atom>; rel="self"; type="application/atom\+xml", <https://feeds\.example/hub>; rel="hub"$`)
	if got := a.Header.Values("Link"); len(got) != 1 || !want.MatchString(got[0]) {
		t.Errorf("Link %q", got)
	}
}

func TestPagesAreSafe(t *testing.T) {
	r := newRig(t, func(s *Site, _ *Options) {
		s.Title = `<script>alert("title")</script>`
	})
	it := post(40, `"><script>alert(1)</script>`, "x")
	it.Title, it.Summary, it.URL, it.Image = "<img src=x onerror=alert(2)>", "</p><script>", "javascript:alert(3)", "javascript:alert(4)"
	r.store.put(epoch, it)
	evil := feeds.NewTopic("category", `"><script>alert(1)</script>`).Path()
	for _, path := range []string{"/", "/?q=%22%3E%3Cscript%3E", "/feed", "/category/x", evil, "/category/%3Cscript%3Enever", "/category/%3Cscript%3Enever.rss"} {
		a := r.get(path)
		scripts := elements(t, a.body, "script")
		if len(scripts) > 0 && (len(scripts) > 1 || scripts[0]["src"] != scriptURL || strings.Count(a.body, "<script") != 1) && !strings.HasPrefix(a.Header.Get("Content-Type"), "text/plain") {
			t.Errorf("%s holds a script", path)
		}
		for _, e := range slices.Concat(elements(t, a.body, "a"), elements(t, a.body, "img")) {
			if strings.HasPrefix(e["href"], "javascript:") || strings.HasPrefix(e["src"], "javascript:") || e["onerror"] != "" {
				t.Errorf("%s: %v", path, e)
			}
		}
		if strings.HasPrefix(a.Header.Get("Content-Type"), "text/html") {
			if csp := a.Header.Get("Content-Security-Policy"); !strings.HasPrefix(csp, "default-src 'none'") {
				t.Errorf("%s: policy %q", path, csp)
			}
		}
	}
}

func TestPagesNeedNoOtherHost(t *testing.T) {
	r := newRig(t)
	for _, path := range []string{"/", "/feed", "/category/go", "/category/never"} {
		a := r.get(path)
		for _, e := range slices.Concat(elements(t, a.body, "link"), elements(t, a.body, "form")) {
			for _, v := range []string{e["href"], e["action"]} {
				if e["rel"] == "stylesheet" || e["rel"] == "icon" {
					r.want(r.get(v), 200)
				}
				if strings.Contains(v, "//") && !strings.HasPrefix(v, "https://feeds.example/") {
					t.Errorf("%s: %v", path, e)
				}
			}
		}
	}
}

func TestLanguages(t *testing.T) {
	r := newRig(t)
	for _, path := range []string{"/", "/feed", "/category/go"} {
		for _, c := range []struct{ accept, hl, want string }{
			{"", "", "en"},
			{"zh-CN,zh;q=0.9,en;q=0.8", "", "zh"},
			{"en;q=0.5, ZH-tw", "", "zh"},
			{"fr, de", "", "en"},
			{"zh;q=0, en;q=0.1", "", "en"},
			{"zh", "en", "en"},
			{"en", "zh", "zh"},
			{";;;,q=,zh;q=x", "", "en"},
		} {
			at := path
			if c.hl != "" {
				at += "?hl=" + c.hl
			}
			a := r.get(at, "Accept-Language: "+c.accept)
			r.want(a, 200, "Content-Language", c.want, "Vary", "Accept-Encoding, Accept-Language", "Cache-Control", "no-cache")
			if got := elements(t, a.body, "html")[0]["lang"]; got != c.want {
				t.Errorf("%s with %q: page in %s", at, c.accept, got)
			}
			r.want(r.get(at, "Accept-Language: "+c.accept, "If-None-Match: "+a.Header.Get("ETag")), 304)
		}
	}
	r.want(r.get("/category/never", "Accept-Language: zh"), 404, "Content-Language", "zh")
	if a := r.get("/category/never", "Accept-Language: zh"); !strings.Contains(a.body, "没有这个主题") {
		t.Error("the 404 is not in Chinese")
	}
}

// large is a server with thousands of topics whose names are long in an address.
func large(t *testing.T) *rig {
	r := newRig(t)
	infos := []feeds.TopicInfo{{Topic: feeds.All, Items: 99999, Newest: epoch, Version: feeds.Version{Count: 9, Changed: epoch}}}
	for i := range 2000 {
		infos = append(infos,
			feeds.TopicInfo{Topic: feeds.NewTopic("category", fmt.Sprintf("zhengquanshibaowang%d", i)), Items: i, Newest: epoch.Add(-time.Duration(i) * time.Hour)},
			feeds.TopicInfo{Topic: feeds.NewTopic("tag", fmt.Sprintf("证券时报网新闻%d", i)), Label: fmt.Sprintf("证券时报网新闻%d", i), Items: 2000 - i, Newest: epoch.Add(-time.Duration(i) * time.Minute)})
	}
	infos = append(infos, feeds.TopicInfo{Topic: feeds.Topic{Group: "secret", Kind: "tag", Name: "geheim"}, Items: 5})
	r.web.store = listed{r.store, infos}
	return r
}

func TestIndexOf4000Topics(t *testing.T) {
	r := large(t)
	seen := map[string]bool{}
	pages := 0
	for path := "/?hl=zh"; path != ""; pages++ {
		a := r.get(path)
		r.want(a, 200)
		if len(a.body) > 50_000 {
			t.Errorf("%s: %d bytes", path, len(a.body))
		}
		path = ""
		for _, l := range elements(t, a.body, "a") {
			if strings.HasPrefix(l["href"], "/tag/") || strings.HasPrefix(l["href"], "/category/") {
				seen[l["href"]] = true
			}
			if l["rel"] == "next" {
				path = l["href"]
			}
		}
		if strings.Contains(a.body, "geheim") {
			t.Error("a private topic is listed")
		}
	}
	if len(seen) != 4000 || pages != 20 {
		t.Errorf("%d topics on %d pages", len(seen), pages)
	}
	r.want(r.get("/?page=21"), 404)
	first := func(path string) string {
		for _, l := range elements(t, r.get(path).body, "a") {
			if strings.HasPrefix(l["href"], "/tag/") || strings.HasPrefix(l["href"], "/category/") {
				return l["href"]
			}
		}
		return ""
	}
	for path, want := range map[string]string{
		"/?sort=recent":       "/category/zhengquanshibaowang1", // 0 has no items: last
		"/?sort=count":        "/category/zhengquanshibaowang1999",
		"/?sort=name":         "/category/zhengquanshibaowang1",
		"/?kind=tag":          feeds.NewTopic("tag", "证券时报网新闻0").Path(),
		"/?q=wang1234":        "/category/zhengquanshibaowang1234",
		"/?q=证券+77&kind=tag":  feeds.NewTopic("tag", "证券时报网新闻77").Path(),
		"/?q=WANG1234":        "/category/zhengquanshibaowang1234",
		"/?q=nothing+matches": "",
		"/?kind=source":       "",
	} {
		if got := first(path); got != want {
			t.Errorf("%s begins with %s, want %s", path, got, want)
		}
	}
}

func TestNotFoundNamesTheNearest(t *testing.T) {
	r := large(t)
	for path, want := range map[string]string{
		"/category/zhengquanshibaowang12345.rss":               "https://feeds.example/category/zhengquanshibaowang1234.rss",
		"/category/zhengqanshibaowang77.rss":                   "https://feeds.example/category/zhengquanshibaowang77.rss",
		feeds.NewTopic("category", "证券时报网新闻5").Path() + ".rss": "https://feeds.example" + feeds.NewTopic("tag", "证券时报网新闻5").Path() + ".rss",
	} {
		a := r.get(path)
		r.want(a, 404, "Content-Type", "text/plain; charset=utf-8")
		if !strings.Contains(a.body, want+"\n") {
			t.Errorf("%s: %q", path, a.body)
		}
	}
	a := r.get("/category/zhengquanshibaowang12345")
	r.want(a, 404, "Content-Type", "text/html; charset=utf-8")
	if !strings.Contains(a.body, `href="/category/zhengquanshibaowang1234"`) {
		t.Errorf("no hint in %s", a.body)
	}
	if a := r.get("/category/" + long(500)); strings.Contains(a.body, "Near") {
		t.Error("hints for an endless name")
	}
}

func TestTopicPage(t *testing.T) {
	r := newRig(t)
	it := post(50, "Go", "c#")
	it.Tags, it.Image, it.Summary = []string{"语言"}, "https://img.example/a.png", long(500)
	it.Also = []feeds.Copy{{Source: "wire", URL: "https://wire.example/50"}, {Source: "paper"}}
	r.store.put(epoch, it)
	a := r.get("/category/go?hl=en")
	for _, want := range []string{
		"<h1>Go</h1>", "Posts: 4", `href="https://site.example/p/50"`, `href="/tag/%e8%af%ad%e8%a8%80?hl=en"`, `href="/category/c%23?hl=en"`,
		"/feed subscribe https://feeds.example/category/go.rss", long(199) + "…", "feedmill push add NAME KIND --config feedmill.yaml --topic category/go",
		`also in: <a href="https://wire.example/50" rel="noreferrer">wire</a>`, `href="` + itemPath("urn:x:50") + `?hl=en"`, `from <a href="/source/site?hl=en">The Site</a>`,
	} {
		if !strings.Contains(strings.ToLower(a.body), strings.ToLower(want)) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if strings.Index(a.body, "Post 50") > strings.Index(a.body, "Post 3") {
		t.Error("not newest first")
	}
	r.web.Changed(r.store.put(epoch, post(60, "gone"))...)
	r.web.Changed(r.store.withdraw(epoch, "urn:x:60")...)
	if a := r.get("/category/gone?hl=en"); a.StatusCode != 200 || !strings.Contains(a.body, "subscription stays valid") {
		t.Errorf("empty topic: %d", a.StatusCode)
	}
}

func TestIndexBeforeTheFirstPost(t *testing.T) {
	r := newRig(t, func(s *Site, _ *Options) { s.Local = true })
	r.store.items, r.store.versions = nil, nil
	a := r.get("/")
	if !strings.Contains(a.body, "Nothing is published yet") || !strings.Contains(a.body, "Only this machine or network can reach https://feeds.example: ") || !strings.Contains(a.body, "/feed.rss") {
		t.Errorf("the empty index says %s", a.body)
	}
}

// TestDiscovery: each page leads programs to feeds in every format, that of an error to everything.
func TestDiscovery(t *testing.T) {
	r := newRig(t)
	for path, feed := range map[string]string{
		"/": "/feed", "/?q=go": "/feed", "/feed": "/feed", "/category/go": "/category/go", "/category/go?q=x&hl=zh": "/category/go", "/source/site": "/source/site",
		"/category/never": "/feed", "/lang/xx": "/feed",
	} {
		body := html.UnescapeString(r.get(path).body)
		head, _, _ := strings.Cut(body, "</head>")
		for suffix, media := range map[string]string{".rss": "application/rss+xml", ".atom": "application/atom+xml", ".json": "application/feed+json"} {
			query := ""
			if strings.Contains(path, "q=x") {
				query = "?q=x"
			}
			link := regexp.MustCompile(`<link rel="alternate" type="` + regexp.QuoteMeta(media) + `" title="[^"]+" href="https://feeds.example` + regexp.QuoteMeta(feed+suffix+query) + `">`)
			if !link.MatchString(head) {
				t.Errorf("%s leads to no %s: %s", path, feed+suffix, head)
			}
		}
	}
}

type opml struct {
	Version string `xml:"version,attr"`
	Head    struct {
		Title       string `xml:"title"`
		DateCreated string `xml:"dateCreated"`
	} `xml:"head"`
	Outlines []opmlOutline `xml:"body>outline"`
}

type opmlOutline struct {
	Text     string        `xml:"text,attr"`
	Title    string        `xml:"title,attr"`
	Type     string        `xml:"type,attr"`
	XMLURL   string        `xml:"xmlUrl,attr"`
	HTMLURL  string        `xml:"htmlUrl,attr"`
	Outlines []opmlOutline `xml:"outline"`
}

func TestO1O2Outlines(t *testing.T) {
	r := newRig(t)
	r.store.put(epoch.Add(time.Minute), post(70, `A & <"B"> 中文`+"\x01"))
	r.store.put(epoch.Add(time.Minute), post(71, "gone"))
	r.store.withdraw(epoch.Add(time.Minute), "urn:x:71")
	for path, groups := range map[string]int{"/opml": 3, "/opml/category": 3, "/opml/source": 1, "/opml/lang": 0} {
		a := r.get(path)
		r.want(a, 200, "Content-Type", "text/x-opml; charset=utf-8", "Last-Modified", epoch.Add(time.Minute).Format(http.TimeFormat))
		var o opml
		if err := xml.Unmarshal([]byte(a.body), &o); err != nil {
			t.Fatalf("%s: %v in %s", path, err, a.body)
		}
		if o.Version != "2.0" || o.Head.Title == "" || len(o.Outlines) != groups {
			t.Errorf("%s: %+v", path, o)
		}
		if _, err := http.ParseTime(o.Head.DateCreated); err != nil {
			t.Errorf("%s: dateCreated %v", path, err)
		}
		var leaves []opmlOutline
		for _, l := range o.Outlines {
			if l.XMLURL == "" {
				leaves = append(leaves, l.Outlines...)
				if l.Text == "" || l.Title == "" || len(l.Outlines) == 0 {
					t.Errorf("%s: group %+v", path, l)
				}
			} else {
				leaves = append(leaves, l)
			}
		}
		for _, l := range leaves {
			if l.Type != "rss" || l.Text == "" || l.Title != l.Text || !strings.HasSuffix(l.XMLURL, ".rss") || l.HTMLURL != strings.TrimSuffix(l.XMLURL, ".rss") {
				t.Errorf("%s: %+v", path, l)
			}
			r.want(r.get(strings.TrimPrefix(l.XMLURL, "https://feeds.example")), 200)
			r.want(r.get(strings.TrimPrefix(l.HTMLURL, "https://feeds.example")), 200)
			if strings.Contains(l.XMLURL, "gone") {
				t.Errorf("%s lists a topic without posts", path)
			}
		}
		r.want(r.get(path, "If-None-Match: "+a.Header.Get("ETag")), 304)
	}
	r.want(r.get("/opml/all"), 404)
	r.want(r.get("/opml/nothing"), 404)
}
