package sources

import (
	"strings"
	"testing"
)

// TestHTMLPolicy holds the cleaning to its policy, a row a promise: what readers show is kept, what only crawlers, counters
// and scripts left is not, and pictures that a script would have loaded are there.
func TestHTMLPolicy(t *testing.T) {
	const pic = "https://a.example/p.jpg"
	for _, tc := range []struct {
		name, in string
		want     []string // parts of what comes out
		not      []string // what is in no part of it
	}{
		{
			"figure", `<figure class="wp-block"><img src="/p.jpg"><figcaption>What it <b>shows</b></figcaption></figure>`,
			[]string{`<figure><img src="` + pic + `" alt=""><figcaption>What it <b>shows</b></figcaption></figure>`},
			[]string{"wp-block"},
		},
		{
			"picture", `<picture><source media="(min-width: 800px)" srcset="/l.webp 2x, /m.webp" type="image/webp" sizes="100vw"><img src="/p.jpg" srcset="/p.jpg 1x, /p2.jpg 2x" sizes="(max-width: 600px) 480px, 800px" width="800" height="600" alt="A"></picture>`,
			[]string{`<picture><source `, `media="(min-width: 800px)"`, `srcset="https://a.example/l.webp 2x, https://a.example/m.webp"`, `srcset="https://a.example/p.jpg 1x, https://a.example/p2.jpg 2x"`, `sizes="(max-width: 600px) 480px, 800px"`, `width="800" height="600"`, `alt="A"`},
			nil,
		},
		{
			"video", `<video controls poster="/p.jpg" width="640"><source src="/v.mp4" type="video/mp4"><source src="/v.webm" type="video/webm"></video>`,
			[]string{`<video`, `poster="` + pic + `"`, `<source src="https://a.example/v.mp4" type="video/mp4"><source src="https://a.example/v.webm" type="video/webm"></video>`},
			nil,
		},
		{"audio", `<audio src="/a.mp3" controls preload="none"></audio>`, []string{`<audio src="https://a.example/a.mp3" controls=""></audio>`}, []string{"preload"}},
		{"code", `<pre class="highlight"><code class="language-objective-c hljs" data-lang="x">a &lt; b</code></pre>`, []string{`<code class="language-objective-c">a &lt; b</code>`}, []string{"hljs", "highlight", "data-"}},
		{"code by another name", `<div class="language-rust highlighter-rouge"><div class="highlight"><pre class="highlight"><code><span class="k">fn</span></code></pre></div></div>`, []string{`<code`, `fn`}, []string{`"k"`}},
		{"details", `<details open><summary>More</summary><p>text</p></details>`, []string{`<details`, `<summary>More</summary><p>text</p></details>`}, nil},
		{"links keep no rank of ours", `<a href="/x" rel="nofollow ugc" target="_blank" onclick="x()">y</a>`, []string{`<a href="https://a.example/x">y</a>`}, []string{"nofollow", "_blank"}},

		{"pixel by attribute", `<p>a</p><img src="https://t.example/p.gif" width="1" height="1">`, []string{"<p>a</p>"}, []string{"t.example"}},
		{"pixel by style", `<p>a</p><img src="https://t.example/p.gif" style="width: 1px; height: 1px">`, []string{"<p>a</p>"}, []string{"t.example"}},
		{"pixel that is hidden", `<p>a</p><img src="https://t.example/p.gif" style="display:none"><img src="https://u.example/p.gif" hidden>`, []string{"<p>a</p>"}, []string{"t.example", "u.example"}},
		{"pixel of no size", `<p>a</p><img src="https://t.example/p.gif" height="0">`, []string{"<p>a</p>"}, []string{"t.example"}},
		{"known counters", `<p>a</p><img src="https://pixel.wp.com/b.gif?x=1"><img src="http://feeds.feedburner.com/~r/x/~4/y">`, []string{"<p>a</p>"}, []string{"<img"}},
		{"hidden paragraph", `<p>a</p><p style="display:none;height:1px">junk</p><p style="position:absolute;left:-9999px">far</p><p style="font-size:0">small</p>`, []string{"<p>a</p>"}, []string{"junk", "far", "small"}},
		{"moved, but not away", `<p style="position:absolute;left:-9px">a</p><p style="left:-9999px">b</p><p style="text-indent:-2em">c</p><p style="text-indent:-9999px">junk</p>`, []string{"a", "b", "c"}, []string{"junk"}},
		{"hidden by opacity", `<p>a</p><p style="opacity:0">junk</p><p style="opacity: 0.5">seen</p>`, []string{"<p>a</p>", "seen"}, []string{"junk"}},
		{"empty shells", `<div class="ad"><div><p>&nbsp;</p><span></span></div></div><p>a</p><ul><li></li></ul><blockquote></blockquote>`, []string{"<p>a</p>"}, []string{"<div", "<ul", "<blockquote", "<span"}},
		{"crawlers' attributes", `<p id="x" class="y" data-code="1|2" data-reactid="7" itemprop="articleBody" aria-hidden="true" style="color:red" align="center" onload="x()" jsaction="z">a</p>`, []string{">a</p>"}, []string{"data-", "itemprop", "jsaction", "onload", "color", "class", "id="}},
		{"comments", `<p>a<!-- crawler: 2026 --></p><!--[if IE]>b<![endif]-->`, []string{"<p>a</p>"}, []string{"crawler", "IE", "b<"}},

		{"lazy", `<img src="data:image/gif;base64,R0lGODlhAQABAAAAACw=" data-src="/p.jpg" loading="lazy" class="lazyload">`, []string{`<img src="` + pic + `"`}, []string{"data:", "lazy"}},
		{"lazy without a source", `<img data-src="/p.jpg">`, []string{`<img src="` + pic + `"`}, nil},
		{"lazy by another name", `<img src="/spacer.gif" data-original="/p.jpg"><img src="/img/blank.png" data-lazy-src="/q.jpg">`, []string{pic, "https://a.example/q.jpg"}, []string{"spacer", "blank"}},
		{"lazy set", `<img data-srcset="/p.jpg 1x, /p2.jpg 2x" src="data:image/svg+xml;utf8,x">`, []string{`src="` + pic + `"`, "https://a.example/p2.jpg 2x"}, []string{"svg"}},
		{"lazy picture", `<picture><source data-srcset="/p.webp" type="image/webp"><img data-src="/p.jpg"></picture>`, []string{`srcset="https://a.example/p.webp"`, `src="` + pic + `"`}, nil},
		{"lazy for those without scripts", `<img src="" class="lazy"><noscript><img src="/p.jpg"></noscript>`, []string{pic}, []string{"noscript"}},
		{"lazy video", `<video data-src="/v.mp4" poster="/p.jpg"></video>`, []string{`src="https://a.example/v.mp4"`}, nil},
		{"lazy frame", `<iframe data-src="https://player.example/1"></iframe>`, []string{`href="https://player.example/1"`}, []string{"iframe"}},
		{"a picture that is there", `<img src="/p.jpg" data-src="/tiny.jpg">`, []string{pic}, []string{"tiny"}},
	} {
		got, err := readHTML(tc.in, baseURL("https://a.example/post"))
		if err != nil {
			t.Fatal(err)
		}
		for _, part := range tc.want {
			if !strings.Contains(got.html, part) {
				t.Errorf("%s: no %s in\n%s", tc.name, part, got.html)
			}
		}
		for _, part := range tc.not {
			if strings.Contains(got.html, part) {
				t.Errorf("%s: %s is still in\n%s", tc.name, part, got.html)
			}
		}
		checkHTML(t, got.html)
	}
}
