package sources

import (
	"errors"
	"strings"
	"testing"
)

func TestReadHTML(t *testing.T) {
	base := baseURL("https://example.org/news/2024/post.html")
	for _, tc := range []struct{ name, in, want string }{
		{"plain text", "a < b && c > d", "a &lt; b &amp;&amp; c &gt; d"},
		{"paragraphs", "<p>one</p>\n<p>two</p>", "<p>one</p>\n<p>two</p>"},
		{"open at the end", "<div><p>one<b>two", "<div><p>one<b>two</b></p></div>"},
		{"ended too often", "one</b></div></p> two", "one two"},
		{"crossed", "<b>1<i>2</b>3</i>", "<b>1<i>2</i></b>3"},
		{"paragraph ends paragraph", "<p>one<p>two", "<p>one</p><p>two</p>"},
		{"block ends paragraph", "<p>one<div>two</div>", "<p>one</p><div>two</div>"},
		{"list items", "<ul><li>1<li>2<ul><li>3</ul><li>4</ul>", "<ul><li>1</li><li>2<ul><li>3</li></ul></li><li>4</li></ul>"},
		{"inline end does not tear a list", "<b><ul><li>1</b></li><li>2</ul>", "<b><ul><li>1</li><li>2</li></ul></b>"},
		{"end tag in a cell stays in it", "<div><table><tr><td>1</div>2</p></table>3</div>", "<div><table><tr><td>12</td></tr></table>3</div>"},
		{"definitions", "<dl><dt>a<dd>b<dt>c</dl>", "<dl><dt>a</dt><dd>b</dd><dt>c</dt></dl>"},
		{"table", "<table><tr><td>1<td>2<tr><th scope=row>3</table>", `<table><tr><td>1</td><td>2</td></tr><tr><th scope="row">3</th></tr></table>`},
		{"text in a table gets a cell", "<table>lost<tr><td>1</table>", "<table><tr><td>lost</td></tr><tr><td>1</td></tr></table>"},
		{"cell without a row", "<table><tbody><td>1</table>", "<table><tbody><tr><td>1</td></tr></tbody></table>"},
		{"row outside of a table", "<tr><td>1</td></tr>", "1"},
		{"links do not nest", `<a href="/1">1<a href="/2">2</a>`, `<a href="https://example.org/1">1</a><a href="https://example.org/2">2</a>`},
		{"alignment from Markdown", `<table><tr><td style="text-align:right">1</table>`, `<table><tr><td align="right">1</td></tr></table>`},
		{"void", "a<br/>b<hr>c", "a<br>b<hr>c"},
		{"self-closed", "<p/>a<b/>c<td/>", "ac"},
		{"sections are boxes", "<section><h2>t</h2>x</section>", "<div><h2>t</h2>x</div>"},
		{"headings do not nest", "<h2>a<h3>b</h3>", "<h2>a</h2><h3>b</h3>"},
		{"ruby", "<ruby>漢<rt>かん<rt>x</ruby>", "<ruby>漢<rt>かん</rt><rt>x</rt></ruby>"},

		{"script", `a<script>alert("</p>")</script>b`, "ab"},
		{"style", "a<style>p{}</style>b", "ab"},
		{"handlers", `<p onclick="x()" ONLOAD=x>a</p>`, "<p>a</p>"},
		{"style attribute, class, id, data", `<p style="color:red" class="x" id="y" data-z="1">a</p>`, "<p>a</p>"},
		{"javascript link", `<a href="javascript:alert(1)">x</a>`, "x"},
		{"hidden javascript link", "<a href=\" java\tscript&colon;alert(1)\">x</a>", "x"},
		{"data link", `<a href="data:text/html,x">x</a>`, "x"},
		{"svg", "a<svg><script>x</script><title>t</title><path/></svg>b", "ab"},
		{"svg never ended", "a<svg><g><p>b</p>c", "a<p>b</p>c"},
		{"style in svg", `<svg><style><a title="</style><img src=x onerror=alert(1)>">`, ""},
		{"math", "a<math><mi>x</mi></math>b", "ab"},
		{"noscript", `a<noscript><p title="</noscript><img src=x onerror=alert(1)>">b`, `a<img src="https://example.org/news/2024/x" alt="">"&gt;b`},
		{"textarea", "a<textarea><b>x</textarea>b", "ab"},
		{"template", "a<template><p>x</p></template>b", "ab"},
		{"object keeps what it says instead", "<object data=x><p>alt</p></object>", "<p>alt</p>"},
		{"form", "<form action=/x>Name <input name=a> <button>Go</button></form>", "<div>Name  </div>"},
		{"player", `<iframe width=560 src="//www.youtube.com/embed/abc?a=1&b=2"></iframe>`, `<a href="https://www.youtube.com/embed/abc?a=1&amp;b=2">https://www.youtube.com/embed/abc?a=1&amp;b=2</a>`},
		{"tracking frame", `a<iframe width=1 height=1 src="https://t.example/"></iframe>`, "a"},
		{"whole document", "<!DOCTYPE html><html><head><title>t</title><link rel=x></head><body bgcolor=x>a</body></html>", "a"},

		{"comment", "a<!-- b -->c<!--[if IE]>d<![endif]-->e", "ace"},
		{"hidden by style", `a<p style="DISPLAY : none">b</p>c<span style="visibility:hidden">d</span>e`, "ace"},
		{"hidden by size", `<p style="height:1px;overflow:hidden;"><br /></p>a`, "a"},
		{"hidden attribute", "<div hidden>a<div>b</div></div>c", "c"},
		{"not hidden", `<p style="line-height:1px;overflow:hidden">a</p><p style="height:1px">b</p>`, "<p>a</p><p>b</p>"},
		{"all of it hidden is a page that scripts reveal", `<div style="visibility:hidden"><p>a</p></div>`, "<div><p>a</p></div>"},
		{"nothing is said twice then", "<br><p hidden>a</p>", "<br><p>a</p>"},
		{"stock code", `<span id="stock_1" data-code="1">x<a data-code="2"></a></span>`, "x"},
		{"shells", "<p></p><p> &nbsp;</p><div><p><br></p><b> </b></div>a<i> </i>b<ul></ul>", "a b"},
		{"empty autolink", "<p>&lt;&gt;</p><p>a<>b</p>", "<p>ab</p>"},
		{"diamond in code", "<p><code>List&lt;&gt;</code></p><pre>a<></pre>", "<p><code>List&lt;&gt;</code></p><pre>a&lt;&gt;</pre>"},
		{"autolink", "see <https://example.org/a?b=1&c=2>", `see <a href="https://example.org/a?b=1&amp;c=2">https://example.org/a?b=1&amp;c=2</a>`},
		{"empty cells stay", "<table><tr><td></td><td>1</td></tr></table>", "<table><tr><td></td><td>1</td></tr></table>"},
		{"empty table goes", "<table><tr><td></td></tr></table>a", "a"},
		{"line break in bold", "a<b><br></b>b", "a<b><br></b>b"},

		{"relative", `<a href="../x?q=1#f">x</a><img src="/a.png">`, `<a href="https://example.org/news/x?q=1#f">x</a><img src="https://example.org/a.png" alt="">`},
		{"protocol-relative", `<a href="//example.com/">x</a>`, `<a href="https://example.com/">x</a>`},
		{"mail", `<a href="MAILTO:a@example.org?subject=a b">x</a>`, `<a href="mailto:a@example.org?subject=a%20b">x</a>`},
		{"ampersand", `<img src="/a?b=1&c=2&copy=3" alt='"x"'>`, `<img src="https://example.org/a?b=1&amp;c=2&amp;copy=3" alt="&quot;x&quot;">`},
		{"srcset", `<img src=a.png srcset="a.png, b.png 2x,c,d.png 3x, javascript:x 4x">`, `<img src="https://example.org/news/2024/a.png" srcset="https://example.org/news/2024/a.png, https://example.org/news/2024/b.png 2x, https://example.org/news/2024/c,d.png 3x" alt="">`},
		{"lazy", `<img src="data:image/gif;base64,R0lGODlhAQABAAAAACw=" data-src="/a.png"><img src="/img/loading.svg" data-original="/b.png">`, `<img src="https://example.org/a.png" alt=""><img src="https://example.org/b.png" alt="">`},
		{"lazy, with the picture for browsers without scripts", `<img class=lazy src="data:image/gif;base64,R0lGODlhAQABAAAAACw="><noscript><img src="/a.png" alt=A onerror=x></noscript>`, `<img src="https://example.org/a.png" alt="A">`},
		{"such a picture alone", `<p>a</p><noscript><img src="/count.gif"></noscript>b`, "<p>a</p>b"},
		{"such a picture beside one that is there", `<img src="/b.png"><noscript><img src="/a.png"></noscript>`, `<img src="https://example.org/b.png" alt="">`},
		{"counter", `a<img src="https://hm.baidu.com/hm.gif?si=1"><img src="//feeds.feedburner.com/~r/x/~4/y"><img src="https://www.facebook.com/x.png">`, `a<img src="https://www.facebook.com/x.png" alt="">`},
		{"tracker", `a<img src="//t.example/p" width=1 height=1><img src="/q" style="width:1px">`, "a"},
		{"data picture", `<img src="data:image/png;base64,AAAA"><img src="data:image/svg+xml;base64,AAAA">`, `<img src="data:image/png;base64,AAAA" alt="">`},
		{"picture", `<picture><source srcset="/a.webp" type="image/webp"><img src="/a.png"></picture>`, `<picture><source srcset="https://example.org/a.webp" type="image/webp"><img src="https://example.org/a.png" alt=""></picture>`},
		{"video", `<video src="/v.mp4" poster="/p.png" autoplay onplay=x>Too old</video>`, `<video src="https://example.org/v.mp4" poster="https://example.org/p.png" controls=""></video>`},
		{"audio", `<audio><source src="/a.mp3" type="audio/mpeg"><p>Too old</audio>`, `<audio controls=""><source src="https://example.org/a.mp3" type="audio/mpeg"></audio>`},
		{"picture for old browsers", `<video src="/v.mp4"><img src="/a.png"></video>`, `<video src="https://example.org/v.mp4" controls=""></video>`},
		{"source alone", `a<source src="/a.mp3">`, "a"},
		{"quote", `<blockquote cite="/q">x</blockquote>`, `<blockquote cite="https://example.org/q">x</blockquote>`},
		{"code", `<pre class="x language-go hl"><code class="language-c++">a  <span class="k">b</span></code></pre>`, `<pre class="language-go"><code class="language-c++">a  b</code></pre>`},
		{"first line of pre", "<pre>\na\n</pre><pre>\n\nb</pre>", "<pre>a\n</pre><pre>\n\nb</pre>"},
		{"language and direction", `<span lang="ar" dir="RTL">x</span><span lang="&quot;">y</span>`, `<span dir="rtl" lang="ar">x</span>y`},
		{"list numbers", `<ol start="3" reversed type="a"><li value="5px">x</ol>`, `<ol start="3" reversed="" type="a"><li value="5">x</li></ol>`},

		{"characters XML forbids", "a\x00\x08&#8;&#x1F;b\ufffe\ufdd0", "ab"},
		{"C1", "it\u0092s &#146;", "it’s ’"},
		{"line ends", "a\r\nb\rc&#13;d", "a\nb\nc\nd"},
		{"not UTF-8", "caf\xe9", "café"},
		{"damaged UTF-8", "金\xff融", "金融"},
		{"NFC", "e\u0301", "é"},
		{"NFC over a removed tag", "e<span>\u0301</span>", "é"},
		{"mark behind a tag", "<b>\u0338x</b>", "<b>&#824;x</b>"},
		{"CDATA end", "a ]]> b", "a ]]&gt; b"},
		{"nbsp", "a&nbsp;b", "a\u00a0b"},
		{"nothing", " <p></p> <!-- --> ", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := readHTML(tc.in, base)
			if err != nil {
				t.Fatal(err)
			}
			if got.html != tc.want {
				t.Errorf("\n in  %s\n got %s\nwant %s", tc.in, got.html, tc.want)
			}
			checkHTML(t, got.html)
		})
	}
}

func TestReadHTMLWithoutBase(t *testing.T) {
	got, err := readHTML(`<a href="/x">a</a><img src="y.png"><a href="//example.org/z">b</a>`, nil)
	if err != nil {
		t.Fatal(err)
	}
	if want := `a<a href="https://example.org/z">b</a>`; got.html != want {
		t.Errorf("got %s, want %s", got.html, want)
	}
}

func TestReadHTMLSummary(t *testing.T) {
	long := strings.Repeat("甲乙丙丁，戊己庚辛。", 60)
	for _, tc := range []struct{ name, in, text, image string }{
		{"blocks are words", "<p>one</p><p>two<br>three</p>", "one two three", ""},
		{"inline is not", "<p>on<b>e</b></p>", "one", ""},
		{"without code, tables, captions", "<p>a <code>x</code></p><pre>b</pre><table><tr><td>c</table><figure><img src=https://example.org/i.png><figcaption>d</figcaption></figure><p>e</p>", "a x e", "https://example.org/i.png"},
		{"without what is hidden", "<p hidden>a</p><p>b</p>", "b", ""},
		{"without readings", "<ruby>漢字<rp>(</rp><rt>かんじ</rt></ruby>です", "漢字です", ""},
		{"without bare addresses", `<p>a</p><a href="https://example.org/x">https://example.org/x</a>`, "a", ""},
		{"without ways back", `<p>a</p><p><a href="https://example.org/">back</a>｜<a href="https://example.org/x">home</a></p><p>b <a href="https://example.org/y">c</a></p>`, "a b c", ""},
		{"but a link alone is a text", `<p><a href="https://example.org/">back</a></p>`, "back", ""},
		{"references", "&lt;b&gt; &amp;amp;", "<b> &amp;", ""},
		{"icons are no picture", `x<img src="https://example.org/i.gif" width=16 height=16><img src="https://example.org/j.png">`, "x", "https://example.org/j.png"},
		{"cut at a sentence", "<p>" + long + "</p>", strings.Repeat("甲乙丙丁，戊己庚辛。", 27) + " …", ""},
		{"what is left out leaves no trace", "<p>&lt;&gt;</p><p>a</p>", "a", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := readHTML(tc.in, nil)
			if err != nil {
				t.Fatal(err)
			}
			if got.text != tc.text || got.image != tc.image {
				t.Errorf("got text %q, image %q; want %q, %q", got.text, got.image, tc.text, tc.image)
			}
		})
	}
}

func TestReadHTMLDepth(t *testing.T) {
	in := strings.Repeat("<div>a", 5000) + strings.Repeat("</div>b", 5000)
	got, err := readHTML(in, nil)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(got.html, "<div>"); n != maxDepth {
		t.Errorf("%d nested elements, want %d", n, maxDepth)
	}
	if a, b := strings.Count(got.html, "a"), strings.Count(got.html, "b"); a != 5000 || b != 5000 {
		t.Errorf("%d a and %d b are left of 5000 each", a, b)
	}
	checkHTML(t, got.html)
}

func TestReadHTMLTooLarge(t *testing.T) {
	for _, in := range []string{strings.Repeat("a", MaxContent+1), strings.Repeat("&", 4<<20)} {
		if _, err := readHTML(in, nil); !errors.Is(err, errTooLarge) {
			t.Errorf("%d bytes: got error %v", len(in), err)
		}
	}
}
