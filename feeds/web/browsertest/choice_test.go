package browsertest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// palette is every colour that a page is made of.
const palette = `[..."ink soft line paper link box mark accent".split(" ")].map(name => getComputedStyle(document.documentElement).getPropertyValue("--" + name)).join(" ") + getComputedStyle(document.documentElement).colorScheme.split(" ").pop()`

func (b *tab) choose(theme string) {
	b.Helper()
	eval[bool](b, fmt.Sprintf(`(() => { const s = document.getElementById("theme"); s.value = %q; return s.dispatchEvent(new Event("change", { bubbles: true })) })()`, theme))
}

// TestTheme: a theme that is chosen holds on every page from the first moment on, is readable, and is that of the system again
// when that is chosen.
func TestTheme(t *testing.T) {
	colours := map[bool]string{}
	for _, dark := range []bool{false, true} {
		b := open(t, screen{width: 360, language: "en-GB", dark: dark})
		b.visit("/")
		colours[dark] = eval[string](b, palette)
	}
	for _, system := range []bool{false, true} {
		b := open(t, screen{width: 360, language: "en-GB", dark: system})
		b.visit("/")
		name := map[bool]string{false: "light", true: "dark"}[!system]
		b.choose(name)
		// What the page looks like when its body begins.
		call(b, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: `new MutationObserver((_, o) => { if (document.body) { window.first = document.documentElement.dataset.theme; o.disconnect(); } }).observe(document, { childList: true, subtree: true })`})
		for _, path := range []string{"/?q=harbour", topic + "?q=boat", item(t), "/tag/harbours"} {
			b.visit(path)
			if got := eval[string](b, palette); got != strings.Replace(colours[!system], "dark", name, 1) {
				t.Errorf("%s, %s: %s, want %s", path, name, got, colours[!system])
			}
			if first := eval[string](b, `window.first || ""`); first != name {
				t.Errorf("%s: it is %q first, then %s", path, first, name)
			}
			for _, f := range eval[[]string](b, strings.ReplaceAll(audit, "WANT", `"en"`)) {
				t.Errorf("%s, %s: %s", path, name, f)
			}
		}
		b.shoot("theme-" + name)
		b.choose("")
		b.visit("/")
		if got := eval[string](b, palette); got != colours[system] {
			t.Errorf("as the system again: %s, want %s", got, colours[system])
		}
	}
	b := open(t, screen{width: 360, language: "en", noScript: true})
	b.visit("/")
	if eval[bool](b, `document.getElementById("theme").checkVisibility()`) {
		t.Error("without a script a switch is shown that does nothing")
	}
}

// shown are the addresses of feeds that a person sees.
const shownAddresses = `[...document.querySelectorAll(".box p[class^=as-] > a[data-copy]")].filter(a => a.checkVisibility()).map(a => a.getAttribute("href")).join(" ")`

// TestFormat: the format that is chosen on one page is that of the others, and of the copy buttons of the list.
func TestFormat(t *testing.T) {
	b := open(t, screen{width: 800, language: "en"})
	b.visit(topic)
	if got := eval[string](b, shownAddresses); got != base+topic+".atom" {
		t.Errorf("first there is %s", got)
	}
	b.run(chromedp.Click(chromedp.CSS(`.formats [value=json]`)))
	b.visit("/tag/weather")
	if got := eval[string](b, shownAddresses); got != base+"/tag/weather.json" {
		t.Errorf("on another page there is %s", got)
	}
	b.visit("/")
	if got := eval[string](b, shownAddresses); got != base+"/feed.json" {
		t.Errorf("of everything there is %s", got)
	}
	row := func() {
		t.Helper()
		b.run(chromedp.Click(chromedp.CSS(`#topics tr:has(a[href="/tag/weather"]) .copy`)))
		b.eventually("it is copied", `document.querySelector('#topics tr:has(a[href="/tag/weather"]) .copy').textContent == "Copied"`)
		if got := eval[string](b, `navigator.clipboard.readText()`); got != base+"/tag/weather.json" {
			t.Errorf("copied %s", got)
		}
	}
	row()
	eval[bool](b, `window.found = document.getElementById("found"), true`)
	b.run(chromedp.SendKeys(chromedp.CSS("#q"), "weath"))
	b.eventually("it is found, and said where one listens", `window.found.isConnected && window.found.getAttribute("role") == "status" && window.found.textContent == "Topics found: 1."`)
	row()
	b.quiet("choosing a format")

	b = open(t, screen{width: 360, language: "en", noScript: true})
	b.visit(topic)
	b.run(chromedp.Click(chromedp.CSS(`.formats [value=rss]`)))
	if got := eval[string](b, shownAddresses); got != base+topic+".rss" {
		t.Errorf("without a script there is %s", got)
	}
}

// TestOlderPosts: links alone lead to every post of a topic once, down and up again.
func TestOlderPosts(t *testing.T) {
	b := open(t, screen{width: 360, language: "zh-CN", noScript: true})
	b.visit(topic)
	walk := func(rel string) (pages, posts int) {
		t.Helper()
		seen := map[string]bool{}
		for pages = 1; ; pages++ {
			for _, href := range eval[[]string](b, `[...document.querySelectorAll("#items h2 a")].map(a => a.href)`) {
				if seen[href] {
					t.Errorf("%s: %s twice", rel, href)
				}
				seen[href] = true
			}
			next := eval[string](b, fmt.Sprintf(`document.querySelector("nav.pager a[rel=%s]")?.getAttribute("href") || ""`, rel))
			if head := eval[string](b, fmt.Sprintf(`document.querySelector("head link[rel=%s]")?.getAttribute("href") || ""`, rel)); head != next {
				t.Errorf("rel=%s in the head leads to %q, on the page to %q", rel, head, next)
			}
			if next == "" || pages > 20 {
				return pages, len(seen)
			}
			b.run(chromedp.Click(chromedp.CSS("nav.pager a[rel="+rel+"]")), chromedp.WaitReady(chromedp.CSS("footer")))
			b.eventually("the next page is there", fmt.Sprintf(`location.pathname + location.search == %q`, next))
		}
	}
	if pages, n := walk("next"); n != 90 || pages < 3 {
		t.Errorf("down: %d posts on %d pages", n, pages)
	}
	b.shoot("oldest-phone-zh")
	if pages, n := walk("prev"); n != 90 || pages < 3 {
		t.Errorf("up: %d posts on %d pages", n, pages)
	}
	b.quiet("older posts")
}

// TestStatusPage: the operator's page is as readable as the others.
func TestStatusPage(t *testing.T) {
	for _, s := range []screen{{width: 360, language: "zh-CN", dark: true}, {width: 1280, language: "en"}} {
		b := open(t, s)
		b.run(chromedp.Navigate(admin + "/status"))
		for _, f := range eval[[]string](b, strings.ReplaceAll(audit, "WANT", `"`+s.language[:2]+`"`)) {
			t.Errorf("in %s: %s", s.language, f)
		}
		b.shoot("status-" + s.language[:2])
		b.mu.Lock()
		for _, e := range b.errors {
			t.Errorf("the console says %s", e)
		}
		for _, r := range b.requests {
			if !strings.HasPrefix(r, admin+"/") {
				t.Errorf("a request went to %s", r)
			}
		}
		b.mu.Unlock()
	}
}
