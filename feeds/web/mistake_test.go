package web

import (
	"strings"
	"testing"
)

// TestMistakesInTheLanguage: what is wrong with an address is said to people in their language, to programs in English.
func TestMistakesInTheLanguage(t *testing.T) {
	r := newRig(t)
	for path, want := range map[string]string{
		"/?x=1": "这个地址没有参数 &#34;x&#34;：可用的有 q, kind", "/?sort=x": "参数 &#34;sort&#34; 的值是 &#34;x&#34;：可用的有 recent, name, count", "/?page=x": "应为从 1 开始的数字",
		"/?page=9": "没有第 9 页：最后一页是第 1 页", "/?q=a&q=b": "参数 &#34;q&#34; 出现了不止一次", "/?q=" + long(3000): "参数 &#34;q&#34; 超过", "/?a=%zz": "无法解读",
		"/category/go?before=a.1&newer=a.1": "不能同时使用", "/category/go?images=x": "可用的有 show, hide", "/item/dXJuOng6MQ?q=x": "可用的有 hl, images",
	} {
		a := r.get(path, "Accept-Language: zh-CN")
		_, text, _ := strings.Cut(a.body, "</h1>")
		text, _, _ = strings.Cut(text, "</p>")
		if a.StatusCode/100 != 4 || !strings.Contains(text, want) || strings.Contains(text, "query parameter") {
			t.Errorf("%s: %d %s, want %s", path, a.StatusCode, text, want)
		}
		if a = r.get(path, "Accept-Language: en"); strings.Contains(a.body, want) {
			t.Errorf("%s says it to English people as well", path)
		}
	}
	if a := r.get("/category/go.rss?x=1", "Accept-Language: zh"); a.StatusCode != 400 || !strings.Contains(a.body, `query parameter "x" is not known here`) {
		t.Errorf("to a program: %s", a.body)
	}
}

// TestOtherNames: a topic is found by the names that lead to it, and its page has them.
func TestOtherNames(t *testing.T) {
	r := newRig(t, func(s *Site, _ *Options) {
		s.Redirects = map[string]Redirect{"/category/golang": {To: "/category/go"}, "/category/gopher": {To: "/category/golang"}, "/category/other": {To: "/opml"}, "/old": {To: "/category/go"}}
	})
	if a := r.get("/?q=golang"); !strings.Contains(a.body, `href="/category/go"`) {
		t.Error("it is not found by another name")
	}
	if a := r.get("/?q=other"); strings.Contains(a.body, `href="/category/go"`) {
		t.Error("it is found by a name that leads elsewhere")
	}
	if a := r.get("/category/go?hl=en"); !strings.Contains(a.body, "· also golang, gopher ·") {
		t.Errorf("its page lacks them: %s", a.body)
	}
}

// TestIndexWhileSourcesAreRead: the index says how far the first import is, until it is done.
func TestIndexWhileSourcesAreRead(t *testing.T) {
	left := 2
	r := newRig(t, func(_ *Site, o *Options) { o.Reading = func() (int, int) { return 1200, left } })
	if a := r.get("/?hl=en"); !strings.Contains(a.body, "1200 posts so far, sources to go: 2.") {
		t.Errorf("it says nothing of it: %s", a.body)
	}
	left = 0
	if a := r.get("/?hl=en"); strings.Contains(a.body, "so far") {
		t.Error("it says so for ever")
	}
}
