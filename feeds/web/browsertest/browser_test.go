package browsertest

import (
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// item is the address of the page of the post with everything in it, as its topic's page has it.
func item(t *testing.T) string {
	t.Helper()
	body, err := get(topic)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(body, "A post with everything in it")
	_, rest, ok := strings.Cut(rest, `href="/item/`)
	name, _, _ := strings.Cut(rest, `"`)
	if _, err := base64.RawURLEncoding.DecodeString(name); err != nil || !ok {
		t.Fatalf("%s leads to no item: %v", topic, err)
	}
	return "/item/" + name
}

// audit finds text that is hard to read (WCAG 2.2, 1.4.3: 4.5 to 1), and what else a page must not be.
const audit = `(() => {
	for (const d of document.querySelectorAll("details")) d.open = true;
	const found = [];
	const parse = s => (s.match(/[\d.]+/g) || []).map(Number);
	const light = c => { const [r, g, b] = c.map(v => { v /= 255; return v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4 }); return .2126 * r + .7152 * g + .0722 * b };
	const ground = e => { for (; e; e = e.parentElement) { const c = parse(getComputedStyle(e).backgroundColor); if (c.length < 4 || c[3] > 0) return c.slice(0, 3) } return [255, 255, 255] };
	const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	let n = 0;
	while (walk.nextNode()) {
		const e = walk.currentNode.parentElement, box = e.getBoundingClientRect();
		if (!walk.currentNode.data.trim() || !box.width || box.right < 0 || e.closest("datalist, script, style")) continue;
		const a = light(parse(getComputedStyle(e).color).slice(0, 3)), b = light(ground(e));
		const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
		n++;
		if (ratio < 4.5) found.push("contrast of " + ratio.toFixed(2) + ": " + walk.currentNode.data.trim().slice(0, 40));
	}
	if (n < 5) found.push("hardly any text");
	const width = document.documentElement.clientWidth;
	if (document.documentElement.scrollWidth > width) {
		found.push("scrolls sideways: " + document.documentElement.scrollWidth + " in " + width);
		for (const e of document.querySelectorAll("body *")) if (e.getBoundingClientRect().right > width + 1 && !e.closest(".wide, pre")) found.push("  too wide: " + e.outerHTML.slice(0, 120));
	}
	for (const e of document.querySelectorAll("input:not([type=hidden]), select, button, a[href], summary")) {
		if (!(e.labels?.length || e.ariaLabel || e.textContent.trim() || document.getElementById(e.getAttribute("aria-labelledby")))) found.push("no name: " + e.outerHTML.slice(0, 80));
	}
	if (document.querySelectorAll("h1").length != 1 || document.querySelectorAll("main").length != 1) found.push("not one h1 and one main");
	for (const e of document.querySelectorAll("input[placeholder]")) {
		const a = light(parse(getComputedStyle(e, "::placeholder").color).slice(0, 3)), b = light(ground(e));
		if ((Math.max(a, b) + .05) / (Math.min(a, b) + .05) < 4.5) found.push("contrast of a placeholder");
	}
	for (const e of document.querySelectorAll("html, body, body *")) {
		const s = getComputedStyle(e);
		if (s.animationName != "none" || s.transitionDuration != "0s" || s.scrollBehavior != "auto") { found.push("moves: " + e.outerHTML.slice(0, 80)); break }
	}
	for (const e of document.body.children) if (!e.matches("header, main, footer, a.skip, p.hidden")) found.push("outside of all landmarks: " + e.outerHTML.slice(0, 80));
	for (const name of ["header", "footer"]) if (document.querySelectorAll("body > " + name).length > 1) found.push("more than one " + name);
	const navs = [...document.querySelectorAll("nav")].map(e => e.ariaLabel);
	if (navs.includes(null) || new Set(navs).size != navs.length) found.push("navigation is not told apart: " + navs);
	let level = 0;
	for (const e of document.querySelectorAll(":is(h1, h2, h3, h4, h5, h6):not(.content *)")) {
		const l = +e.tagName[1];
		if (l > level + 1) found.push("a heading is skipped before " + e.textContent.slice(0, 40));
		level = l;
	}
	if (document.documentElement.lang != WANT) found.push("in the language " + document.documentElement.lang);
	return found.slice(0, 10);
})()`

// TestEveryPageOnEveryScreen looks at each page as each visitor sees it.
func TestEveryPageOnEveryScreen(t *testing.T) {
	pages := map[string]string{
		"index": "/", "search": "/?q=harbour", "tags": "/?kind=tag", "topic": topic, "filter": topic + "?q=boat&tag=weather&since=30d", "mistake": topic + "?q=boat&since=yesterday",
		"saved": "/feed/ships", "item": item(t), "missing": "/tag/harbours", "nothing": topic + "?q=nothing-has-this",
	}
	for _, s := range []screen{
		{name: "phone-en", width: 360, language: "en-GB"},
		{name: "phone-zh-dark", width: 360, language: "zh-CN", dark: true},
		{name: "desktop-zh", width: 1280, language: "zh-CN"},
		{name: "desktop-en-dark", width: 1280, language: "en-GB", dark: true},
		{name: "phone-en-noscript", width: 360, language: "en-GB", noScript: true},
	} {
		t.Run(s.name, func(t *testing.T) {
			b := open(t, s)
			for name, path := range pages {
				b.visit(path)
				if name == "mistake" || name == "missing" { // Chromium reports every status from 400 on
					b.mu.Lock()
					b.errors = nil
					b.mu.Unlock()
				}
				b.shoot(name + "-" + s.name)
				for _, f := range eval[[]string](b, strings.ReplaceAll(audit, "WANT", `"`+s.language[:2]+`"`)) {
					t.Errorf("%s: %s", path, f)
				}
				b.quiet(path)
				b.mu.Lock()
				weight := b.bytes
				b.mu.Unlock()
				body, err := get(path)
				if err != nil || len(body) > 50_000 || weight > 50_000 || weight == 0 {
					t.Errorf("%s: %d bytes, %.0f over the wire with all that it loads (%v)", path, len(body), weight, err)
				}
				if s.name == "phone-en" {
					t.Logf("%-8s %6d bytes of HTML, %6.0f over the wire with style sheet, script and icon", name, len(body), weight)
				}
			}
		})
	}
}

// TestNewcomer is the tour of somebody who has never been here.
func TestNewcomer(t *testing.T) {
	b := open(t, screen{width: 1280, language: "en-GB"})
	b.visit("/") // an empty cache, but a running browser
	begun := time.Now()
	step := func(what string) {
		t.Logf("%6d ms  %s", time.Since(begun).Milliseconds(), what)
	}
	b.visit("/")
	step("the page of 4,000 topics is there")
	b.run(chromedp.KeyEvent("harb")) // the search box has the focus
	b.eventually("the topic is found", `document.querySelector("#topics table a")?.textContent == "harbour" && document.querySelectorAll("#topics table a").length < 10`)
	step("harbour is found, four letters typed")
	b.shoot("tour-1-found")
	b.run(chromedp.Click(chromedp.CSS(`#topics table a`)), chromedp.WaitVisible(chromedp.CSS(`#addresses`)))
	step("its page is there")
	b.run(chromedp.Click(chromedp.CSS(`details.fold > summary`)), chromedp.SendKeys(chromedp.CSS(`#field-q`), "boats"), chromedp.SendKeys(chromedp.CSS(`#field-not`), `"pier 6"`))
	b.eventually("the count follows", `/Matching posts: \d+ of the newest \d+/.test(document.getElementById("state").textContent) && document.querySelector("#addresses a").href.includes("not=")`)
	step("a filter is built: " + b.text("#state"))
	b.shoot("tour-2-filter")
	b.run(chromedp.SendKeys(chromedp.CSS(`#field-since`), "soon"))
	b.eventually("the mistake is said beside its field", `document.getElementById("error-since").textContent.includes("24h") && document.getElementById("field-since").hasAttribute("aria-invalid")`)
	b.shoot("tour-3-mistake")
	eval[string](b, `document.getElementById("field-since").value = ""`)
	b.run(chromedp.SendKeys(chromedp.CSS(`#field-since`), "90d"))
	b.eventually("the mistake is gone", `document.getElementById("error-since").textContent == "" && document.querySelector("#addresses a").href.includes("since=90d")`)

	for _, f := range []string{".atom", ".json", ".rss"} {
		b.run(chromedp.Click(chromedp.CSS(`.formats [value=` + f[1:] + `]`)))
		row := `#addresses > .as-` + f[1:]
		shown := eval[string](b, fmt.Sprintf(`document.querySelector(%q).href`, row+" > a[data-copy]"))
		if n := eval[int](b, `[...document.querySelectorAll("#addresses > p > a[data-copy]")].filter(a => a.checkVisibility()).length`); n != 1 {
			t.Errorf("%d addresses are shown at once", n)
		}
		b.run(chromedp.Click(chromedp.CSS(row + ` .copy`)))
		b.eventually("the button says so", fmt.Sprintf(`document.querySelector(%q).textContent == "Copied"`, row+" .copy"))
		copied := eval[string](b, `navigator.clipboard.readText()`)
		if copied != shown || !strings.Contains(copied, f+"?q=boats&not=%22pier+6%22&since=90d") {
			t.Fatalf("copied %q, shown is %q", copied, shown)
		}
		if f == ".atom" {
			step("its address is copied: " + copied)
			b.second(copied)
			step("it is open in a second tab")
		}
		resp, err := http.Get(copied)
		if err != nil || resp.StatusCode != 200 {
			t.Fatalf("%s: %v %v", copied, resp, err)
		}
		resp.Body.Close()
	}
	b.mu.Lock()
	b.errors = nil // the 400 of the mistake
	b.mu.Unlock()
	b.quiet("the tour")
}

// second opens an address in a second tab, as a person who pastes it, and holds that it is an Atom feed of what was asked for.
func (b *tab) second(address string) {
	b.Helper()
	ctx, stop := chromedp.NewContext(b.ctx)
	defer stop()
	if err := chromedp.Do(ctx); err != nil {
		b.Fatal(err)
	}
	r, err := chromedp.Run(ctx, chromedp.NavigateResponse(address))
	if err != nil {
		b.Fatalf("open %s: %v", address, err)
	}
	if kind := fmt.Sprint(r.Headers["Content-Type"]); r.Status != 200 || !strings.HasPrefix(kind, "application/atom+xml") {
		b.Errorf("%s: %d %s", address, r.Status, kind)
	}
	resp, err := http.Get(address)
	if err != nil {
		b.Fatal(err)
	}
	defer resp.Body.Close()
	var feed struct {
		Entries []struct {
			Title string `xml:"title"`
		} `xml:"entry"`
	}
	if err := xml.NewDecoder(resp.Body).Decode(&feed); err != nil || len(feed.Entries) == 0 {
		b.Fatalf("%s: %d entries, %v", address, len(feed.Entries), err)
	}
	for _, e := range feed.Entries {
		if !strings.Contains(e.Title, "Boats") || strings.Contains(e.Title, "pier 6") {
			b.Errorf("the feed has %q", e.Title)
		}
	}
}

func (b *tab) text(selector string) string {
	b.Helper()
	return eval[string](b, fmt.Sprintf(`document.querySelector(%q).textContent.replace(/\s+/g, " ").trim()`, selector))
}

// TestWithoutScript holds that search, filter, mistakes, languages and pictures need no script.
func TestWithoutScript(t *testing.T) {
	b := open(t, screen{width: 360, language: "en", noScript: true})
	b.visit("/")
	b.run(chromedp.SendKeys(chromedp.CSS("#q"), "标签-1999"+kb.Enter), chromedp.WaitVisible(chromedp.CSS(`#topics a[href*="/tag/%E6%A0%87%E7%AD%BE-1999"]`)))
	if n := b.count("#topics table a"); n != 1 {
		t.Errorf("%d topics found", n)
	}
	if n := b.count("button.copy"); n != 0 {
		t.Errorf("%d buttons that do nothing", n)
	}
	b.visit(topic)
	b.run(chromedp.Click(chromedp.CSS("details.fold > summary")), chromedp.SendKeys(chromedp.CSS("#field-q"), "boats"), chromedp.SendKeys(chromedp.CSS("#field-since"), "soon"+kb.Enter),
		chromedp.WaitVisible(chromedp.CSS("#error-since")))
	if s := b.text("#error-since"); !strings.Contains(s, "24h") {
		t.Errorf("the mistake is %q", s)
	}
	eval[string](b, `document.getElementById("field-since").value = "90d"`)
	b.run(chromedp.Click(chromedp.CSS("#filter button")), chromedp.WaitVisible(chromedp.CSS("#state:not(:empty)")))
	address := eval[string](b, `document.querySelector('#addresses a[href*=".json"]').href`)
	if want := base + topic + ".json?q=boats&since=90d"; address != want {
		t.Errorf("the address of the filter is %q, want %q", address, want)
	}
	b.run(chromedp.Click(chromedp.CSS("#switch a")), chromedp.WaitVisible(chromedp.CSS(`html[lang="zh"]`)))
	b.run(chromedp.Click(chromedp.CSS("header nav a")), chromedp.WaitVisible(chromedp.CSS("#q")))
	if lang := eval[string](b, `document.documentElement.lang`); lang != "zh" {
		t.Errorf("the next page is in %s", lang)
	}
}

func (b *tab) count(selector string) int {
	b.Helper()
	return eval[int](b, fmt.Sprintf(`document.querySelectorAll(%q).length`, selector))
}

// TestContentCannotRunOrPhoneHome holds that a hostile post stays a text, and that only pictures that are asked for are loaded.
func TestContentCannotRunOrPhoneHome(t *testing.T) {
	b := open(t, screen{width: 800, language: "en"})
	path := item(t)
	b.visit(path)
	b.quiet(path)
	if title := eval[string](b, `document.title`); strings.Contains(title, "ran") {
		t.Error("something in the post ran")
	}
	if n := b.count("iframe, form, video, audio, img, object, embed, [onclick], [onerror], [style]"); n != 0 {
		t.Errorf("%d elements that the page must not have", n)
	}
	b.run(chromedp.Click(chromedp.CSS(".pictures a")), chromedp.WaitVisible(chromedp.CSS(".content")))
	b.run(chromedp.ScrollIntoView(chromedp.CSS("footer")))
	b.eventually("pictures are asked for", `performance.getEntriesByType("resource").some(e => e.name == "https://img.example/boat.jpg")`)
	b.shoot("pictures-on")
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, r := range b.requests {
		if !strings.HasPrefix(r, base+"/") && !strings.HasPrefix(r, "https://img.example/") {
			t.Errorf("a request went to %s", r)
		}
	}
}

// TestKeyboard holds that Tab alone reaches all there is, and shows where it is.
func TestKeyboard(t *testing.T) {
	for _, path := range []string{"/?q=tag-12", topic + "?q=boat&limit=5", item(t)} {
		b := open(t, screen{width: 800, language: "en"})
		b.visit(path)
		all := eval[int](b, `(() => {
			for (const d of document.querySelectorAll("details")) d.open = true;
			// Of radio buttons Tab reaches the one that is checked.
			window.left = new Set([...document.querySelectorAll("a[href], button, select, input:not([type=hidden], [type=radio]:not(:checked)), summary, [tabindex='0']")].filter(e => e.checkVisibility()));
			window.dull = [];
			window.was = null;
			window.back = [];
			document.activeElement.blur();
			return left.size;
		})()`)
		for range all + 10 {
			for _, kind := range []input.DispatchKeyEventType{input.DispatchKeyEventTypeRawKeyDown, input.DispatchKeyEventTypeKeyUp} {
				call(b, input.DispatchKeyEvent, input.DispatchKeyEventParams{Type: kind, Key: "Tab", Code: "Tab", WindowsVirtualKeyCode: 9})
			}
			eval[bool](b, `(() => {
				const e = document.activeElement;
				if (!left.delete(e)) return false;
				const s = getComputedStyle(e), box = e.getBoundingClientRect(), at = { top: box.top + scrollY, bottom: box.bottom + scrollY };
				if (e.matches(".skip")) window.was = null; // the first of all: Tab came round
				if (was && box.right > 0) {
					if (!(was.e.compareDocumentPosition(e) & Node.DOCUMENT_POSITION_FOLLOWING) || at.bottom <= was.top) back.push(e.outerHTML.slice(0, 100));
				}
				if (box.right > 0) window.was = { e, ...at };
				if (s.outlineStyle == "none" || parseFloat(s.outlineWidth) < 1) dull.push(e.outerHTML.slice(0, 100));
				return true;
			})()`)
		}
		missed, dull, back := eval[[]string](b, `[...left].map(e => e.outerHTML.slice(0, 100))`), eval[[]string](b, `dull`), eval[[]string](b, `back`)
		if len(back) > 0 {
			t.Errorf("%s: Tab goes back to %q", path, back)
		}
		if all < 10 || len(missed) > 0 || len(dull) > 0 {
			t.Errorf("%s: of %d elements Tab does not reach %q and does not show %q", path, all, missed, dull)
		}
	}
}
