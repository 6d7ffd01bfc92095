package web

import (
	"fmt"
	"image"
	"image/draw"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	qr "github.com/piglig/go-qr"
	"golang.org/x/net/html"

	"feedmill/feeds"
)

// TestTextsAreWhole: no page has a hole in one of the languages.
func TestTextsAreWhole(t *testing.T) {
	for lang, w := range texts {
		v := reflect.ValueOf(*w)
		for i := range v.NumField() {
			name := v.Type().Field(i).Name
			if v.Field(i).IsZero() && !(lang == "en" && name == "Refused") { // reasons are in English
				t.Errorf("%s has no %s", lang, name)
			}
			if m := v.Field(i); m.Kind() == reflect.Map {
				for _, key := range reflect.ValueOf(*texts["en"]).Field(i).MapKeys() {
					if !m.MapIndex(key).IsValid() {
						t.Errorf("%s has no %s of %s", lang, name, key)
					}
				}
			}
		}
	}
}

// TestLooksAreCarriedOn: a language and pictures once chosen stay so on every link between pages, and only then stand in one.
func TestLooksAreCarriedOn(t *testing.T) {
	r := newRig(t)
	for _, path := range []string{"/", "/feed", "/category/go", itemPath("urn:x:1"), "/category/never", "/category/go?since=x", "/?page=7"} {
		sep := "?"
		if strings.Contains(path, "?") {
			sep = "&"
		}
		for look, want := range map[string]string{"": "", "hl=zh": "hl=zh", "images=show": "images=show", "hl=en&images=show": "hl=en&images=show"} {
			at := path
			if look != "" {
				at += sep + look
			}
			a := r.get(at, "Accept-Language: en")
			for _, e := range elements(t, a.body, "a") {
				to, q, _ := strings.Cut(e["href"], "?")
				if !strings.HasPrefix(to, "/") || strings.HasPrefix(to, "/opml") || e["hreflang"] != "" || strings.Contains(a.body, `<a href="`+html.EscapeString(e["href"])+`">`+texts["en"].ShowImages) {
					continue
				}
				if got, _, _ := strings.Cut(q, "#"); !strings.HasPrefix(got, want) || want == "" && (strings.Contains(q, "hl=") || strings.Contains(q, "images=")) {
					t.Errorf("%s: link to %s does not carry %q", at, e["href"], want)
				}
			}
			for _, e := range elements(t, a.body, "a") {
				if e["hreflang"] == "zh" && !strings.Contains(e["href"], "hl=zh") {
					t.Errorf("%s: the switch leads to %s", at, e["href"])
				}
			}
		}
	}
}

// TestPicturesAreAChoice: nothing is loaded from another host unless the visitor says so, and then only over https.
func TestPicturesAreAChoice(t *testing.T) {
	r := newRig(t)
	it := post(50, "Go")
	it.Image = "https://img.example/a.png"
	it.Content = `<p><img src="https://img.example/b.png" alt="a boat" onerror="x()"><img src="http://img.example/c.png"><a href="https://x.example/"><img src="https://img.example/d.png"></a></p>`
	plain := post(51, "Go")
	plain.Image = "http://img.example/e.png"
	r.store.put(epoch, it, plain)
	for _, path := range []string{"/category/go", itemPath("urn:x:50"), "/category/go?q=post"} {
		a := r.get(path)
		if len(elements(t, a.body, "img")) > 0 || strings.Contains(strings.Join(a.Header["Content-Security-Policy"], ""), "https:") || !strings.Contains(a.body, texts["en"].ShowImages) {
			t.Errorf("%s shows pictures unasked", path)
		}
		sep := "?"
		if strings.Contains(path, "?") {
			sep = "&"
		}
		a = r.get(path + sep + "images=show")
		imgs := elements(t, a.body, "img")
		if len(imgs) == 0 || !strings.HasSuffix(a.Header.Get("Content-Security-Policy"), "img-src 'self' https:") {
			t.Errorf("%s shows no pictures when asked: %s", path, a.Header.Get("Content-Security-Policy"))
		}
		for _, img := range imgs {
			if !strings.HasPrefix(img["src"], "https://") || img["referrerpolicy"] != "no-referrer" || img["onerror"] != "" {
				t.Errorf("%s: %v", path, img)
			}
		}
	}
}

func TestItemPage(t *testing.T) {
	r := newRig(t)
	it := post(50, "Go", "c#")
	it.ID, it.Title = "https://upstream.example/a?b=1&c=/%2F", `A <b> & "c"`
	it.Authors = []feeds.Person{{Name: "Ann", Email: "ann@example.org"}, {Email: "bo@example.org"}}
	it.Enclosures = []feeds.Enclosure{{URL: "https://files.example/talk.mp3?x=1", Type: "audio/mpeg", Length: 12_300_000}}
	it.Origin = &feeds.Origin{Title: "Upstream", Home: "https://upstream.example/"}
	it.Content = `<h1>In the text</h1><p id="main" class="box" onclick="x()">Text <a href="https://x.example/">x</a></p><table><tr><td>1</table>`
	r.store.put(epoch, it)
	path := itemPath(it.ID)
	a := r.get(path + "?hl=en")
	r.want(a, 200, "Cache-Control", "no-cache", "Vary", "Accept-Encoding, Accept-Language", "Referrer-Policy", "no-referrer", "X-Content-Type-Options", "nosniff")
	for _, want := range []string{
		`<h1>A &lt;b&gt; &amp; &#34;c&#34;</h1>`, `Read it at site.example`, `href="https://site.example/p/50"`, "Ann", "12.3 MB", "talk.mp3", "Upstream",
		`<link rel="canonical" href="https://site.example/p/50">`, `content="noindex"`, `href="/category/c%23?hl=en"`, "https://feeds.example/source/site.rss",
		`<h2>In the text</h2>`, `<p>Text <a href="https://x.example/" rel="nofollow noreferrer">x</a></p>`, `<div class="wide" tabindex="0"><table>`,
	} {
		if !strings.Contains(a.body, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if strings.Contains(a.body, "@example.org") || strings.Contains(a.body, "onclick") || len(elements(t, a.body, "h1")) != 1 {
		t.Errorf("the page has what it must not: %s", a.body)
	}
	r.want(r.get(path+"?hl=en", "If-None-Match: "+a.Header.Get("ETag")), 304)

	// It follows the item, and ends with it.
	it.Title = "Edited"
	moved := r.store.withdraw(epoch, it.ID)
	r.web.Changed(append(moved, r.store.put(epoch.Add(time.Second), it)...)...)
	if b := r.get(path + "?hl=en"); !strings.Contains(b.body, "<h1>Edited</h1>") {
		t.Error("the page does not follow an edit")
	}
	r.web.Changed(r.store.withdraw(epoch, it.ID)...)
	r.want(r.get(path), 404, "Content-Type", "text/html; charset=utf-8", "Cache-Control", "no-store")

	secret := post(60)
	secret.Group = "staff"
	r.store.put(epoch, secret)
	r.want(r.get(itemPath(secret.ID)), 404)
	for _, bad := range []string{"/item/", "/item/%20", "/item/dXJuOng6MQ==", "/item/_w", "/item/dXJuOng6MR", "/item/" + long(5000), "/item/a/b"} {
		r.want(r.get(bad), 404)
	}
	r.want(r.get(itemPath("urn:x:1")+"?q=1"), 400)
}

func TestShownContent(t *testing.T) {
	for _, c := range []struct{ src, want string }{
		{`<p>a<script>x()</script>b</p>`, `<p>ab</p>`},
		{`<iframe src="https://x.example/"></iframe><form action="https://x.example/"><input name=a><button>b</button></form>c`, `bc`},
		{`<svg><style><img src=x onerror=y></style></svg>a`, `a`},
		{`<img src="data:image/png;base64,AA" alt=x>a`, `a`},
		{`<img src="https://i.example/a.png" alt="a boat">`, `<a class="off-site" href="https://i.example/a.png" rel="nofollow noreferrer">▣ a boat</a>`},
		{`<a href="https://x.example/"><img src="https://i.example/a.png"></a>`, `<a href="https://x.example/" rel="nofollow noreferrer"><span class="off-site">▣ i.example</span></a>`},
		{`<video poster="https://i.example/p.png"><source src="https://v.example/a.mp4"></video>`, `<a class="off-site" href="https://v.example/a.mp4" rel="nofollow noreferrer">▶ v.example</a>`},
		{`<audio src="https://v.example/a.mp3" autoplay></audio>`, `<a class="off-site" href="https://v.example/a.mp3" rel="nofollow noreferrer">▶ v.example</a>`},
		{`<p style="position:fixed" class="box" id="main" data-copy="x" title="y">a</p>`, `<p>a</p>`},
		{`<a href="javascript:x()">a</a><a href="//x.example">b</a>`, `ab`},
		{`<h1>a</h1><h3>b</h3>`, `<h2>a</h2><h3>b</h3>`},
		{`<pre><code class="language-go">a &lt; b</code></pre>`, `<div class="wide" tabindex="0"><pre><code>a &lt; b</code></pre></div>`},
	} {
		if got, _, cut := shownContent(c.src, false, 1000); string(got) != c.want || cut {
			t.Errorf("%s becomes %s, want %s", c.src, got, c.want)
		}
	}
}

// TestPagesStaySmall: whatever is in the store, a page has less than 50 kB, leads on to all there is, and is never empty.
func TestPagesStaySmall(t *testing.T) {
	r := newRig(t)
	for n := range 60 {
		it := post(100+n, "Go")
		it.Title, it.Summary, it.URL = strings.Repeat("证券时报网 & <", 60), strings.Repeat("&新闻", 500), "https://site.example/"+long(1500)
		it.Content = strings.Repeat(`<p>证券 &amp; <b>x</b> <a href="https://x.example/`+long(300)+`">y</a></p>`, 400)
		for i := range 40 {
			it.Tags = append(it.Tags, fmt.Sprintf("标签%d号%s", i, strings.Repeat("长", 20)))
		}
		r.store.put(epoch, it)
	}
	seen := map[string]bool{}
	for path, pages := "/category/go?hl=zh&q=%E8%AF%81%E5%88%B8", 0; path != ""; pages++ {
		a := r.get(path)
		r.want(a, 200)
		if len(a.body) > 50_000 || pages > 70 {
			t.Fatalf("page %d, %s: %d bytes", pages, path, len(a.body))
		}
		path = ""
		before := len(seen)
		for _, e := range elements(t, a.body, "a") {
			if strings.HasPrefix(e["href"], itemPrefix) {
				seen[e["href"]] = true
			}
			if e["rel"] == "next" {
				path = e["href"]
			}
		}
		if len(seen) == before {
			t.Fatal("a page without a post")
		}
	}
	if len(seen) != 60 {
		t.Errorf("%d posts on the pages", len(seen))
	}
	a := r.get(itemPath("urn:x:120") + "?hl=en")
	if len(a.body) > 50_000 || len(a.body) < 30_000 || !strings.Contains(a.body, texts["en"].Short) {
		t.Errorf("the page of a long item has %d bytes", len(a.body))
	}
}

// TestFilterForm: a mistake is said beside its field and everything that was written stays; what is right leads to a filter.
func TestFilterForm(t *testing.T) {
	r := filtered(t)
	a := r.get("/category/mix?hl=zh&q=chips&since=yesterday&tag=go&tag=&limit=&content=summary")
	r.want(a, 400, "Content-Type", "text/html; charset=utf-8", "Cache-Control", "no-store")
	for _, want := range []string{
		`id="error-since" class="error" role="alert">` + texts["zh"].Refused["since"], `name="since" value="yesterday"`, `name="q" value="chips"`, `name="tag" value="go"`,
		`<details class="fold" data-live open>`, `value="summary" checked`, `name="hl" value="zh"`,
	} {
		if !strings.Contains(a.body, want) {
			t.Errorf("the page of a mistake lacks %q", want)
		}
	}
	if n := strings.Count(a.body, `aria-invalid="true"`); n != 1 {
		t.Errorf("%d fields are marked", n)
	}
	r.want(r.get("/category/never?since=yesterday"), 404)

	a = r.get("/category/mix?hl=en&tag=chips&not=%22a+b%22&q=")
	r.want(a, 200)
	text := html.UnescapeString(a.body)
	for _, want := range []string{
		`match: { category: ["mix"], tag: ["chips"], not: "\"a b\"" }`, `https://feeds.example/category/mix.atom?tag=chips&not=%22a+b%22`, texts["en"].PushFirst,
		`href="/category/mix?hl=en">` + texts["en"].Clear,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the page of a filter lacks %q", want)
		}
	}
	if a := r.get("/category/mix?q=post&hl=en"); !regexp.MustCompile(`Matching posts: \d+ of the newest \d+\.`).MatchString(a.body) {
		t.Error("the page does not say how many match")
	}
}

// TestEveryFieldHasALabel, and every page one heading and one main part.
func TestPagesAreStructured(t *testing.T) {
	r := filtered(t)
	for _, path := range []string{"/", "/category/mix", "/category/mix?tag=chips", "/feed?since=x", itemPath("urn:x:13"), "/tag/never"} {
		body := r.get(path).body
		for _, name := range []string{"h1", "main", "header", "footer", "title"} {
			if n := len(elements(t, body, name)); n != 1 {
				t.Errorf("%s has %d %s", path, n, name)
			}
		}
		ids := map[string]bool{}
		for _, name := range []string{"label", "input", "small", "p", "div", "h2", "datalist", "span", "form", "main", "aside", "section"} {
			for _, e := range elements(t, body, name) {
				if id := e["id"]; id != "" && ids[id] {
					t.Errorf("%s has two elements %s", path, id)
				}
				ids[e["id"]] = true
			}
		}
		for _, e := range elements(t, body, "input") {
			if e["type"] == "hidden" || e["type"] == "checkbox" {
				continue
			}
			if !ids[e["aria-labelledby"]] && !strings.Contains(body, `for="`+e["id"]+`"`) {
				t.Errorf("%s: %v has no label", path, e)
			}
			for _, id := range strings.Fields(e["aria-describedby"] + " " + e["list"]) {
				if !ids[id] {
					t.Errorf("%s: %v points at no %s", path, e, id)
				}
			}
		}
	}
}

func TestStaticFiles(t *testing.T) {
	r := newRig(t)
	for path, kind := range map[string]string{styleURL: "text/css; charset=utf-8", scriptURL: "text/javascript; charset=utf-8"} {
		if !regexp.MustCompile(`^/(style|script)-[0-9a-f]{8}\.(css|js)$`).MatchString(path) {
			t.Errorf("%s has no hash", path)
		}
		r.want(r.get(path), 200, "Content-Type", kind, "Cache-Control", "public, max-age=31536000, immutable", "X-Content-Type-Options", "nosniff")
	}
	r.want(r.get("/style-00000000.css"), 404, "Cache-Control", "no-store")
}

// TestQR reads the codes back as a camera does.
func TestQR(t *testing.T) {
	for _, address := range []string{"https://feeds.example/feed.atom", "https://feeds.example/tag/%E8%8A%AF%E7%89%87.atom?q=a&not=%22b%22", "https://feeds.example/" + long(maxQR-22)} {
		q := newQR(address)
		const scale = 4
		picture := image.NewGray(image.Rect(0, 0, q.Size*scale, q.Size*scale))
		draw.Draw(picture, picture.Bounds(), image.White, image.Point{}, draw.Src)
		for run := range strings.SplitSeq(strings.TrimSuffix(q.Path, "z"), "z") {
			var x, y, width, back int
			if _, err := fmt.Sscanf(run, "M%d %dh%dv1h-%d", &x, &y, &width, &back); err != nil || width != back {
				t.Fatalf("%s: %q is no run of modules: %v", address, run, err)
			}
			draw.Draw(picture, image.Rect(x*scale, y*scale, (x+width)*scale, (y+1)*scale), image.Black, image.Point{}, draw.Src)
		}
		if got, err := qr.Decode(picture); got != address || err != nil {
			t.Errorf("the code of %s says %q, %v", address, got, err)
		}
	}
	if q := newQR("https://feeds.example/" + long(maxQR)); q.Size != 0 {
		t.Error("a code that no camera reads")
	}
}
