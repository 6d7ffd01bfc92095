package jekyll

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"feedmill/sources"
	"feedmill/sources/internal/postdir"
)

func TestPermalinks(t *testing.T) {
	p := place{
		path: "/sub/2024-03-05-My-Post", collection: "posts", slug: "My Post!", base: "2024-03-05-My-Post", outputExt: ".html",
		categories: []string{"News", "news", "航 运", "100%"},
		date:       time.Date(2024, 3, 5, 7, 8, 9, 0, time.UTC),
	}
	for _, c := range []struct{ template, want, unknown string }{
		{styles["date"], "/news/%E8%88%AA%20%E8%BF%90/100%25/2024/03/05/My-Post!.html", ""},
		{styles["pretty"], "/news/%E8%88%AA%20%E8%BF%90/100%25/2024/03/05/My-Post!/", ""},
		{styles["ordinal"], "/news/%E8%88%AA%20%E8%BF%90/100%25/2024/065/My-Post!.html", ""},
		{styles["none"], "/news/%E8%88%AA%20%E8%BF%90/100%25/My-Post!.html", ""},
		{styles["weekdate"], "/news/%E8%88%AA%20%E8%BF%90/100%25/2024/W10/Tue/My-Post!.html", ""},
		{"/:slugified_categories/:slug", "/news/%E8%88%AA-%E8%BF%90/100/my-post", ""},
		{"/:i_month-:i_day/:short_year/:short_month/:long_month/:long_day", "/3-5/24/Mar/March/Tuesday", ""},
		{"/:hour:minute:second/:w_year/:w_day/:name", "/070809/2024/2/2024-03-05-my-post", ""},
		{"/:collection/:path:output_ext", "/posts/sub/2024-03-05-My-Post.html", ""},
		{"/:year_:month_/x", "/2024_03_/x", ""},
		{"fixed.html", "/fixed.html", ""},
		{"/a/../../etc/./x//y", "/a/etc/x/y", ""},
		{"/:nope/x", "/nope/x", ":nope"},
		{"/a:1/:", "/a:1/:", ""},
	} {
		got, unknown := p.expand(c.template)
		if got != c.want || unknown != c.unknown {
			t.Errorf("%s is %s (%s), want %s", c.template, got, unknown, c.want)
		}
	}
	p.categories = nil
	if got, _ := p.expand(styles["date"]); got != "/2024/03/05/My-Post!.html" {
		t.Errorf("without categories: %s", got)
	}
}

func TestSlugify(t *testing.T) {
	for _, c := range []struct{ in, plain, pretty string }{
		{"Hello, World!", "hello-world", "Hello,-World!"},
		{"--a--b--", "a-b", "a-b"},
		{"港口 Notes_1", "港口-notes-1", "港口-Notes_1"},
		{"c++", "c", "c++"},
		{"？", "", ""},
	} {
		if got := slugify(c.in, "", false); got != c.plain {
			t.Errorf("%q: %q, want %q", c.in, got, c.plain)
		}
		if got := slugify(c.in, "", true); got != c.pretty {
			t.Errorf("%q pretty: %q, want %q", c.in, got, c.pretty)
		}
	}
	for in, want := range map[string]string{"I-dont-like-zeroes": "I Dont Like Zeroes", "": "", "-x": " X", "a--b-": "A  B", "ünd-ABC": "Ünd Abc"} {
		if got := titleize(in); got != want {
			t.Errorf("titleize %q: %q", in, got)
		}
	}
}

func TestNormalise(t *testing.T) {
	for in, want := range map[string]string{
		"/a/b.html":         "/a/b.html",
		"/航运/x":             "/%E8%88%AA%E8%BF%90/x",
		"/%e8%88%aa/%2F%7E": "/%E8%88%AA/%2F~",
		"/100%":             "/100%25",
		"/cafe\u0301":       "/caf%C3%A9",
		"/c#-notes":         "/c#-notes",
		"/a?b=中":            "/a?b=%E4%B8%AD",
		"/a b[c]":           "/a%20b%5Bc%5D",
	} {
		if got := normalise(in); got != want {
			t.Errorf("%q is %q, want %q", in, got, want)
		}
	}
}

func TestAddress(t *testing.T) {
	for _, c := range []struct{ name, config, front, url, wish string }{
		{"plain", "url: https://a.example", "", "https://a.example/2024/03/05/x-y.html", "https://a.example/2024/03/05/x-y"},
		{"base", "url: https://a.example\nbaseurl: b/", "", "https://a.example/b/2024/03/05/x-y.html", "https://a.example/b/2024/03/05/x-y"},
		{"slash behind url", "url: https://a.example/", "", "https://a.example/2024/03/05/x-y.html", "https://a.example//2024/03/05/x-y"},
		{"capitals, port and IDN", "url: HTTPS://例え.Example:443", "", "https://xn--r8jz45g.example/2024/03/05/x-y.html", "https://xn--r8jz45g.example/2024/03/05/x-y"},
		{"no url", "title: x", "", "", ""},
		{"not an address", "url: a.example", "", "", ""},
		{"pretty", "url: https://a.example\npermalink: pretty", "", "https://a.example/2024/03/05/x-y/", "https://a.example/2024/03/05/x-y"},
		{"own permalink", "url: https://a.example", "permalink: /p/q/", "https://a.example/p/q/", "https://a.example/p/x-y"},
		{"own permalink without extension", "url: https://a.example", "permalink: /p", "https://a.example/p", "https://a.example/x-y"},
		{"a style is none in a post", "url: https://a.example", "permalink: pretty", "https://a.example/pretty", "https://a.example/x-y"},
		{"dots in disguise", "url: https://a.example", "permalink: /%2e%2e/a/%2E%2E/b.html", "https://a.example/b.html", "https://a.example/x-y"},
		{"collection permalink", "url: https://a.example\ncollections: {posts: {permalink: /blog/:title}}", "", "https://a.example/blog/x-y", "https://a.example/blog/x-y"},
		{"slug", "url: https://a.example", "slug: 港口", "https://a.example/2024/03/05/%E6%B8%AF%E5%8F%A3.html", "https://a.example/2024/03/05/%E6%B8%AF%E5%8F%A3"},
		{"date moves the page", "url: https://a.example\ntimezone: Asia/Shanghai", "date: 2024-03-05 23:00:00 +0000", "https://a.example/2024/03/06/x-y.html", "https://a.example/2024/03/06/x-y"},
		{"no zone: built in UTC", "url: https://a.example", "date: 2024-03-05 01:00:00 +0800", "https://a.example/2024/03/04/x-y.html", "https://a.example/2024/03/04/x-y"},
	} {
		t.Run(c.name, func(t *testing.T) {
			conf, err := parseYAML([]byte(c.config))
			if err != nil {
				t.Fatal(err)
			}
			p := decode(newSite(configName, conf, postdir.Settings{}), "_posts/2024-03-05-x-y.md", []byte("---\n"+c.front+"\n---\nb"), time.Now())
			if p.Rejected != nil {
				t.Fatal(p.Rejected)
			}
			if p.Change.Item.URL != c.url || p.Change.Base != c.url || p.Change.Wish != c.wish {
				t.Errorf("got %s, %s", p.Change.Item.URL, p.Change.Wish)
			}
		})
	}
}

func FuzzPermalink(f *testing.F) {
	f.Add("/:categories/:year/:title:output_ext", "x", "航运")
	f.Add("/a/../b/:slug_", "..", "%2e%2e/")
	f.Add(":", "#?", "//")
	f.Add("#%", "0", "0")
	s := benchSite(f)
	f.Fuzz(func(t *testing.T, template, slug, category string) {
		p := place{slug: slug, base: slug, categories: []string{category}, date: time.Unix(0, 0), outputExt: ".html"}
		got, _ := p.expand(template)
		if !strings.HasPrefix(got, "/") || strings.Contains(got, "..") || strings.Contains(got, "//") {
			t.Fatalf("%q leaves the site: %q", template, got)
		}
		u, err := url.Parse(s.absolute(got))
		if err != nil || u.Host != "harbour.example.org" {
			t.Fatalf("%q: %v, %v", got, u, err)
		}
	})
}

func TestCheck(t *testing.T) {
	c := Kind.Config().(*Config)
	if err := c.Check("/etc"); err == nil {
		t.Error("accepted no path")
	}
	c.Path = "site"
	if err := c.Check("/etc/feedmill"); err != nil || c.Location() != "/etc/feedmill/site" || c.ZonelessDates != "jekyll" {
		t.Errorf("%+v, %v", c, err)
	}
	c.ZonelessDates = "local"
	if err := c.Check("/"); err == nil || !strings.Contains(err.Error(), "jekyll or site") {
		t.Errorf("got %v", err)
	}
}

func TestRecognise(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "a/_config.yml", "title: x", "b/c/_posts/x.md", "", "d/x.txt", "", "e/.git/_posts/x.md", "", "f/_config.yml/x", "")
	for arg, want := range map[string]string{"a": "a", "b": "b", "b/c/_posts": "b/c", "d": "", "d/x.txt": "", "e": "", "f": "", "missing": "", ".": "."} {
		c, ok := Kind.Recognise(dir + "/" + arg)
		if ok != (want != "") {
			t.Errorf("%s: %v", arg, ok)
			continue
		}
		if ok {
			if err := c.Check("/"); err != nil || strings.TrimSuffix(c.Location(), "/.") != strings.TrimSuffix(dir+"/"+want, "/.") {
				t.Errorf("%s: %s, %v", arg, c.Location(), err)
			}
		}
	}
	var _ sources.Kind = Kind
}
