package web

import (
	"strings"
	"testing"

	"feedmill/feeds"
)

func TestFilePath(t *testing.T) {
	for address, want := range map[string]string{
		"/feed.rss":                        "feed.rss",
		"/tag/%E8%8A%AF%E7%89%87.atom":     "tag/芯片.atom",
		"/tag/c%23.json":                   "tag/c#.json",
		"/tag/100%25.rss":                  "tag/100%.rss",
		"/tag/go%2Fredis.rss":              "tag/go/redis.rss",
		"/tag/what%3F.rss":                 "tag/what?.rss",
		"/tag/%2Fetc%2Fpasswd.rss":         "",
		"/tag/..%2F..%2Fpasswd.rss":        "",
		"/tag/a%2F.%2Fb.rss":               "",
		"/tag/a%2F%2Fb.rss":                "",
		"/tag/a%2F/index.html":             "",
		"/tag/a%5Cb.rss":                   "",
		"/tag/a%00b.rss":                   "",
		"/tag/a%0Ab.rss":                   "",
		"/tag/%zz.rss":                     "",
		"/tag/" + strings.Repeat("x", 241): "",
	} {
		got, reason := filePath(address)
		if got != want || (reason == "") != (want != "") {
			t.Errorf("%s is the file %q (%s), want %q", address, got, reason, want)
		}
	}
}

// TestFitting holds that topics which cannot be files together are told, whatever their order.
func TestFitting(t *testing.T) {
	cfg := &config{formats: []feeds.Format{{Suffix: ".rss"}, {Suffix: ".atom"}}}
	infos := func(names ...string) (out []feeds.TopicInfo) {
		for _, name := range names {
			out = append(out, feeds.TopicInfo{Topic: feeds.NewTopic("tag", name)})
		}
		return out
	}
	for _, list := range [][]string{{"a", "a/b", "a.rss/b", "../x", "index", "c/index"}, {"../x", "a.rss/b", "c/index", "index", "a/b", "a"}} {
		fit, misfits := cfg.fitting(infos(list...))
		if len(fit) != 4 || len(misfits) != 2 || misfits[0].Address != "/tag/..%2Fx" || misfits[1].Address != "/tag/a.rss%2Fb" {
			t.Errorf("of %q fit %v, not %v", list, fit, misfits)
		}
	}
	// Without the tag there is no file in its way.
	if _, misfits := cfg.fitting(infos("a.rss/b")); len(misfits) != 0 {
		t.Errorf("misfits %v", misfits)
	}
}

// TestStill holds what becomes of the links of a page.
func TestStill(t *testing.T) {
	cfg := &config{site: Site{BaseURL: "https://x.example/base"}, prefix: "/base", formats: []feeds.Format{{Suffix: ".rss"}}}
	has := func(path string) bool {
		return path == "/" || path == "/tag/go" || path == "/tag/go.rss" || path == "/opml/tag" || path == "/style.css"
	}
	for in, want := range map[string]string{
		`<a href="/base/tag/go">Go</a>`:                                        `<a href="/base/tag/go/">Go</a>`,
		`<a href="/base/tag/go?hl=zh">中文</a>!`:                                 `!`,
		`<a href="/base/tag/gone"><b>Gone</b></a>`:                             `<b>Gone</b>`,
		`<a href="https://x.example/base/tag/gone">Gone</a>`:                   `Gone`,
		`<a href="https://x.example/base/tag/go.rss">RSS</a>`:                  `<a href="https://x.example/base/tag/go.rss">RSS</a>`,
		`<a href="https://x.example/baseball">out</a>`:                         `<a href="https://x.example/baseball">out</a>`,
		`<a href="https://other.example/tag/gone?x=1">out</a>`:                 `<a href="https://other.example/tag/gone?x=1">out</a>`,
		`<a href="/base/opml/tag">OPML</a>`:                                    `<a href="/base/opml/tag.xml">OPML</a>`,
		`<a href="/base/?page=2">2</a>`:                                        `<a href="/base/topics/2/">2</a>`,
		`<a href="/base/?kind=tag&amp;page=3&amp;sort=recent">3</a>`:           `<a href="/base/topics/tag/3/">3</a>`,
		`<a href="/base/?page=1">1</a>`:                                        `<a href="/base/">1</a>`,
		`<a href="/base/?sort=name">by name</a>`:                               ``,
		`<a href="/base/?kind=../x">x</a>`:                                     ``,
		`<link rel="stylesheet" href="/base/style.css?_=1">x`:                  `<link rel="stylesheet" href="/base/style.css?_=1">x`,
		`<link rel="alternate" href="/base/tag/gone.rss">x`:                    `x`,
		`<form action="/base/"><input name="q"><p>a<button>b</button></form>c`: `c`,
		`<div data-live><div>a<br>b<p>c</div><img src="x"></div>d`:             `d`,
		`<input data-live>d`:                                                   `d`,
		`<table><tr><td><a href="/base/tag/gone">a</a><td>b<tr><td>c</table>`:  `<table><tr><td>a<td>b<tr><td>c</table>`,
	} {
		got, err := cfg.still([]byte(in), has)
		if err != nil || string(got) != want {
			t.Errorf("%s\nis   %s (%v)\nwant %s", in, got, err, want)
		}
	}
}
