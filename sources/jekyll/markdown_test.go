package jekyll

import (
	"strings"
	"testing"

	"feedmill/sources/internal/commonmark"
	"feedmill/sources/internal/postdir"
)

func TestRender(t *testing.T) {
	s := benchSite(t)
	for _, c := range []struct {
		name, in, want string
	}{
		{"paragraphs", "a\n\nb", "<p>a</p>\n<p>b</p>"},
		{"bold before CJK punctuation", "这是**「重点」**内容", "<p>这是<strong>「重点」</strong>内容</p>"},
		{"bold twice", "说**“好”**和**“坏”**。", "<p>说<strong>“好”</strong>和<strong>“坏”</strong>。</p>"},
		{"emphasis before a full stop", "他*说。*然后", "<p>他<em>说。</em>然后</p>"},
		{"bold and emphasis", "见***（注）***后", "<p>见<strong><em>（注）</em></strong>后</p>"},
		{"underscore within a Latin word", "snake_case_name 与 __粗__", "<p>snake_case_name 与 <strong>粗</strong></p>"},
		{"stars that are none", "3 * 4 与 **", "<p>3 * 4 与 **</p>"},
		{"autolink", "<http://a.example/x?y=1&z>", "<p><a href=\"http://a.example/x?y=1&amp;z\">http://a.example/x?y=1&amp;z</a></p>"},
		{"bare address stays text", "见http://a.example/中", "<p>见http://a.example/中</p>"},
		{"link without scheme", "[a](//b.example/c)", "<p><a href=\"//b.example/c\">a</a></p>"},
		{"table", "|a|b|\n|-|-|\n|1|2|", "<table>\n<thead>\n<tr><th>a</th><th>b</th></tr>\n</thead>\n<tbody>\n<tr><td>1</td><td>2</td></tr>\n</tbody>\n</table>"},
		{"strikethrough", "~~a~~", "<p><del>a</del></p>"},
		{"html passes", "<p class=\"x\">a & b</p>\n <p>c</p>", "<p class=\"x\">a &amp; b</p>\n<p>c</p>"},
		{"fenced code", "```go\na < b\n```", "<div class=\"language-go highlighter-rouge\"><div class=\"highlight\"><pre class=\"highlight\"><code class=\"language-go\">a &lt; b\n</code></pre></div></div>"},
		{"heading IDs", "## 潮 汐 A_1!\n\n## 潮 汐 A_1\n\n### ！", "<h2 id=\"潮-汐-a_1\">潮 汐 A_1!</h2>\n<h2 id=\"潮-汐-a_1-1\">潮 汐 A_1</h2>\n<h3>！</h3>"},
		{"heading with ID", "## a {#b}", "<h2 id=\"b\">a</h2>"},
		{"attribute lists", "text\n{: .lead }\n\n![a](b.png){: width=\"10\"} c\n", "<p class=\"lead\">text</p>\n<p><img src=\"b.png\" alt=\"a\" width=\"10\" /> c</p>"},
		{"table of contents", "* TOC\n{:toc}\n\ntext", "<p>text</p>"},
		{"attribute list in code", "```\n{: .x}\n```\n`{: .y}`", "<div class=\"language-plaintext highlighter-rouge\"><div class=\"highlight\"><pre class=\"highlight\"><code>{: .x}\n</code></pre></div></div>\n<p><code class=\"language-plaintext highlighter-rouge\">{: .y}</code></p>"},
		{"empty autolink", "a\n\n<>\n\nb", "<p>a</p>\n<p>b</p>"},
		{"footnote", "a[^1]\n\n[^1]: b", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := renderer{site: s, markdown: true}
			got, err := r.render(c.in)
			if err != nil {
				t.Fatal(err)
			}
			if c.want != "" && got != c.want {
				t.Errorf("got  %q\nwant %q", got, c.want)
			}
		})
	}
}

// TestProcessors: what _config.yml says of Markdown reaches the posts.
func TestProcessors(t *testing.T) {
	const body = "# A -- \"b\"\n\n<div>\n\n*c*\n\n</div>\n\n* d\n1. e"
	for _, c := range []struct{ name, conf, want, report string }{
		{"kramdown", "markdown: kramdown", "<h1 id=\"a--b\">A – “b”</h1>\n<div>\n\n*c*\n\n</div>\n<ul>\n<li>d\n<ol>\n<li>e</li>\n</ol>\n</li>\n</ul>", ""},
		{"kramdown's options", "kramdown: {auto_ids: false, smart_quotes: 'apos,apos,quot,quot', gfm_quirks: [paragraph_end, no_auto_typographic]}", "<h1>A -- \"b\"</h1>\n<div>\n\n*c*\n\n</div>\n<ul>\n<li>d\n<ol>\n<li>e</li>\n</ol>\n</li>\n</ul>", ""},
		{"CommonMark", "markdown: CommonMark", "<h1 id=\"a----b\">A -- &quot;b&quot;</h1>\n<div>\n<p><em>c</em></p>\n</div>\n<ul>\n<li>d</li>\n</ul>\n<ol>\n<li>e</li>\n</ol>", ""},
		{"another processor", "markdown: redcarpet", "<h1 id=\"a----b\">A -- &quot;b&quot;</h1>\n<div>\n<p><em>c</em></p>\n</div>\n<ul>\n<li>d</li>\n</ul>\n<ol>\n<li>e</li>\n</ol>", "markdown: redcarpet is not supported"},
		{"option that is not known", "kramdown: {auto_id: no}", "", "kramdown: auto_id is not supported"},
		{"value that is not known", "kramdown: {smart_quotes: 'a,b'}", "", "kramdown: smart_quotes is not supported"},
		{"option that is not supported", "kramdown: {transliterated_header_ids: true}", "", "kramdown: transliterated_header_ids is not supported"},
		{"options without effect here", "kramdown: {entity_output: symbolic, show_warnings: true, syntax_highlighter_opts: {block: {line_numbers: true}}}", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			conf, err := parseYAML([]byte(c.conf))
			if err != nil {
				t.Fatal(err)
			}
			s := newSite(configName, conf, postdir.Settings{})
			r := renderer{site: s, markdown: true}
			got, err := r.render(body)
			if err != nil {
				t.Fatal(err)
			}
			if c.want != "" && got != c.want {
				t.Errorf("got  %q\nwant %q", got, c.want)
			}
			reports := ""
			for _, rep := range s.reports {
				reports += rep.Reason
			}
			if !strings.Contains(reports, c.report) || c.report == "" && reports != "" {
				t.Errorf("reports %q, want %q", reports, c.report)
			}
		})
	}
}

// TestKramdownChangesHash: a changed option makes every post be read again.
func TestKramdownChangesHash(t *testing.T) {
	seen := map[uint32]string{}
	for _, c := range []string{"", "markdown: GFM", "kramdown: {hard_wrap: true}", "kramdown: {hard_wrap: false}", "highlighter: none"} {
		conf, err := parseYAML([]byte(c))
		if err != nil {
			t.Fatal(err)
		}
		h := newSite(configName, conf, postdir.Settings{}).hash(conf)
		if other, ok := seen[h]; ok {
			t.Errorf("%q and %q have the same hash", c, other)
		}
		seen[h] = c
	}
}

func TestRenderBounds(t *testing.T) {
	table := strings.Repeat("|a", 2000) + "\n" + strings.Repeat("|-", 2000) + "\n" + strings.Repeat("|\n", 2000)
	quoted := "> " + strings.ReplaceAll(table, "\n", "\n> ")
	heads := strings.Repeat("# a\n", maxMarkdown/4)
	for _, c := range []struct{ processor, name, in string }{
		{"kramdown", "output", heads},
		{"kramdown", "cells", table},
		{"kramdown", "quoted cells", quoted},
		{"kramdown", "input", strings.Repeat("a", maxMarkdown+1)},
		{"CommonMark", "output", heads},
		{"CommonMark", "cells", table},
		{"CommonMark", "quoted cells", quoted},
		{"CommonMark", "links", strings.Repeat("[a](", 100_000)},
	} {
		r := renderer{site: processed(t, c.processor), markdown: true}
		if got, err := r.render(c.in); err == nil {
			t.Errorf("%s, %s: %d bytes became %d", c.processor, c.name, len(c.in), len(got))
		}
	}
	// Delimiters beyond goldmark's bound are text.
	r := renderer{site: processed(t, "CommonMark"), markdown: true}
	got, err := r.render(strings.Repeat("*a* ", 2000))
	if err != nil || strings.Count(got, "<em>") != commonmark.MaxDelimiters/2 || strings.Count(got, "*") != 4000-commonmark.MaxDelimiters {
		t.Errorf("%d em, %d stars, %v", strings.Count(got, "<em>"), strings.Count(got, "*"), err)
	}
}

// processed is a site with a Markdown processor.
func processed(t *testing.T, name string) *site {
	t.Helper()
	conf, err := parseYAML([]byte("markdown: " + name))
	if err != nil {
		t.Fatal(err)
	}
	return newSite(configName, conf, postdir.Settings{})
}

func TestExcerpt(t *testing.T) {
	for _, c := range []struct{ name, body, sep, want string }{
		{"first block", "a\nb\n\nc", "\n\n", "a\nb"},
		{"leading blank lines", "\n\na\n\nc", "\n\n", "a"},
		{"own separator", "a\n\nb\n<!--more-->\nc", "<!--more-->", "a\n\nb\n"},
		{"crlf", "a\r\n<!--more-->\r\nb", "<!--more-->", "a\r\n"},
		{"links are kept", "see [x] and [y][z]\n\nb\n\n[x]: /1\n[z]: /2\n[w]: /3", "\n\n", "see [x] and [y][z]\n\n[x]: /1\n[z]: /2"},
		{"open highlight is closed", "{% highlight go %}\na\n\nb\n{% endhighlight %}", "\n\n", "{% highlight go %}\na\n{% endhighlight %}"},
		{"closed raw stays", "{% raw %}a{% endraw %}\n\nb", "\n\n", "{% raw %}a{% endraw %}"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, ok := excerpt([]byte(c.body), c.sep, 100)
			if !ok || string(got) != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
	for _, body := range []string{"", "a", "a\n\n", "a\n", "a\r\n\r\nb", strings.Repeat("a", 101) + "\n\nb"} {
		if got, ok := excerpt([]byte(body), "\n\n", 100); ok {
			t.Errorf("%q has the excerpt %q", body, got)
		}
	}
}
