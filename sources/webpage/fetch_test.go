package webpage

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"feedmill/sources"
	"feedmill/sources/fetch"
	"feedmill/sources/internal/sitetest"
	"feedmill/sources/sourcetest"
)

// session is a source, what it remembers and what its last fetch brought.
type session struct {
	t    *testing.T
	site *sitetest.Site
	dir  string
	src  sources.Source
	st   *sourcetest.State
	out  *sourcetest.Sink
}

func newSession(t *testing.T, config string) *session {
	dir := t.TempDir()
	site := sitetest.New(t, dir)
	return &session{t: t, site: site, dir: dir, src: open(t, site, config), st: sourcetest.NewState()}
}

func (s *session) fetch() (sources.Result, error) {
	s.t.Helper()
	s.site.Asked()
	s.out = sourcetest.NewSink(s.st)
	res, err := sourcetest.Fetch(s.t.Context(), s.src, s.st, s.out)
	for _, b := range s.out.Broken {
		s.t.Error(b)
	}
	return res, err
}

func (s *session) must() sources.Result {
	s.t.Helper()
	res, err := s.fetch()
	if err != nil {
		s.t.Fatal(err)
	}
	return res
}

// titles are those emitted, in order.
func (s *session) titles() string {
	var list []string
	for _, c := range s.out.Changes {
		list = append(list, c.Item.Title)
	}
	return strings.Join(list, ", ")
}

func (s *session) want(titles string, asked ...string) {
	s.t.Helper()
	if got := s.titles(); got != titles {
		s.t.Errorf("emitted %q, want %q", got, titles)
	}
	if got := s.site.Asked(); !slices.Equal(got, asked) {
		s.t.Errorf("asked for %q, want %q", got, asked)
	}
}

func TestOldestFirstAndOnlyDifferences(t *testing.T) {
	s := newSession(t, simple)
	write(t, s.dir, "index.html", listOf(row(3, "three"), row(2, "two"), row(1, "one")))
	s.must()
	s.want("one, two, three", "GET /")
	if res := s.must(); !res.Unchanged || res.Note != "304" {
		t.Errorf("%+v", res)
	}
	s.want("", "GET /")
	write(t, s.dir, "index.html", listOf(row(4, "four"), row(3, "three, edited"), row(2, "two")))
	if res := s.must(); res.Note != "200, 3 items, 2 new or changed" {
		t.Errorf("%+v", res)
	}
	s.want("three, edited, four", "GET /")
	write(t, s.dir, "index.html", listOf(row(4, "four"), row(2, "two"), row(1, "one")))
	s.must()
	s.want("", "GET /") // back is not new
}

func TestNothingMatchesAnyMore(t *testing.T) {
	s := newSession(t, simple)
	write(t, s.dir, "index.html", listOf())
	if _, err := s.fetch(); err == nil || !strings.Contains(err.Error(), `items: "ul.news > li" matches nothing: adjust it, or say allow_empty`) {
		t.Errorf("%v", err)
	}
	write(t, s.dir, "index.html", listOf(row(2, "two"), row(1, "one")))
	s.must()
	before := s.st.Saved()
	for _, c := range []struct{ name, page, want string }{
		{"another layout", `<div class=news><article>one</article></div>`, `"ul.news > li" matches nothing any more (2 before)`},
		{"no title", strings.NewReplacer("two", "", "one", "").Replace(listOf(row(2, "two"), row(1, "one"))), `fields.title: "a" is empty in all 2 items`},
		{"no date", strings.ReplaceAll(listOf(row(2, "two"), row(1, "one")), "class=\"date\"", "class=\"d\""), `fields.date: ".date" is empty in all 2 items, and 100 % had it before`},
		{"nothing in the items", `<ul class=news><li></li><li></li></ul>`, `fields: 2 items match "ul.news > li", and none has a title, a link or a text`},
		{"empty", ``, "the page is empty"},
	} {
		write(t, s.dir, "index.html", c.page)
		res, err := s.fetch()
		if err == nil || !strings.Contains(err.Error(), c.want) || len(s.out.Changes) > 0 || len(s.out.Withdrawn) > 0 {
			t.Errorf("%s: %v, %d changes, want %q", c.name, err, len(s.out.Changes), c.want)
		}
		if res.Note != "200, unusable" {
			t.Errorf("%s: note %q", c.name, res.Note)
		}
		if after := s.st.Saved(); len(after) != len(before) || string(after["page"]) != string(before["page"]) {
			t.Errorf("%s: the state moved", c.name)
		}
	}
	write(t, s.dir, "index.html", listOf(row(3, "three"), row(2, "two")))
	s.must()
	s.want("three", "GET /")
}

// TestRareFieldsMayBeMissing: a field that only some items had is no fault when a short list lacks it.
func TestRareFieldsMayBeMissing(t *testing.T) {
	s := newSession(t, `{webpage: https://outside.example/, items: li, fields: {title: a, image: img}}`)
	write(t, s.dir, "index.html", listOf(row(1, "one<img src=x.png>"), row(2, "two")))
	s.must()
	write(t, s.dir, "index.html", listOf(row(3, "three"), row(4, "four"), row(5, "five")))
	s.must() // 0.5^3
	s = newSession(t, `{webpage: https://outside.example/, items: li, fields: {title: a, image: img}}`)
	write(t, s.dir, "index.html", listOf(row(1, "one<img src=x.png>"), row(2, "two")))
	s.must()
	var rows []string
	for n := range 7 {
		rows = append(rows, row(n+3, "x"))
	}
	write(t, s.dir, "index.html", listOf(rows...))
	if _, err := s.fetch(); err == nil || !strings.Contains(err.Error(), "fields.image") {
		t.Errorf("seven items without what every second had: %v", err)
	}
}

func TestAllowEmpty(t *testing.T) {
	s := newSession(t, `{webpage: https://outside.example/, items: li, allow_empty: true, complete: true}`)
	write(t, s.dir, "index.html", listOf())
	s.must()
	write(t, s.dir, "index.html", listOf(row(1, "one")))
	s.must()
	write(t, s.dir, "index.html", listOf())
	s.must()
	if got := strings.Join(s.out.Withdrawn, " "); got != s.site.URL+"/a/1.html" {
		t.Errorf("withdrew %q", got)
	}
}

func TestFieldThatIsNeverFoundIsReported(t *testing.T) {
	s := newSession(t, `{webpage: https://outside.example/, items: li, fields: {title: a, author: .nobody}}`)
	write(t, s.dir, "index.html", listOf(row(1, "one")))
	s.must()
	if len(s.out.Rejected) != 1 || !strings.Contains(s.out.Rejected[0].String(), `fields.author: repaired: ".nobody" is found in none of the 1 items`) {
		t.Errorf("%v", s.out.Rejected)
	}
}

func TestComplete(t *testing.T) {
	s := newSession(t, `{webpage: https://outside.example/, items: li, complete: true}`)
	write(t, s.dir, "index.html", listOf(row(3, "three"), row(2, "two"), row(1, "one")))
	s.must()
	write(t, s.dir, "index.html", listOf(row(3, "three"), row(1, "one")))
	s.site.Asked()
	s.out = sourcetest.NewSink(s.st)
	s.out.Guard = true
	if _, err := sourcetest.Fetch(t.Context(), s.src, s.st, s.out); err != nil {
		t.Fatal(err)
	}
	if len(s.out.Withdrawn) > 0 {
		t.Errorf("past the guard: %q", s.out.Withdrawn)
	}
	s.must() // the page has not changed since, and is read all the same
	if got := strings.Join(s.out.Withdrawn, " "); got != s.site.URL+"/a/2.html" {
		t.Errorf("withdrew %q", got)
	}
	if res := s.must(); !res.Unchanged || len(s.out.Withdrawn) > 0 {
		t.Errorf("%+v %q", res, s.out.Withdrawn)
	}
}

func TestPagesWhileTheyBringNews(t *testing.T) {
	s := newSession(t, `{webpage: "https://outside.example/l.html", items: li, next: a.next, pages: 4}`)
	page := func(n int, rows ...string) {
		name := "l.html"
		if n > 1 {
			name = fmt.Sprintf("l.html_p=%d", n)
		}
		write(t, s.dir, name, listOf(rows...)+fmt.Sprintf(`<a class=next href="?p=%d">`, n+1))
	}
	page(1, row(6, "six"), row(5, "five"))
	page(2, row(4, "four"), row(3, "three"))
	page(3, row(2, "two"), row(1, "one"))
	s.must()
	s.want("one, two, three, four, five, six", "GET /l.html", "GET /l.html?p=2", "GET /l.html?p=3", "GET /l.html?p=4") // the fourth is not there
	page(1, row(7, "seven"), row(6, "six"))
	page(2, row(5, "five"), row(4, "four"))
	s.must()
	s.want("seven", "GET /l.html", "GET /l.html?p=2") // nothing new on the second

	// A page that fails leaves everything as it was, and the next fetch reads all of them again.
	page(1, row(9, "nine"), row(8, "eight"))
	s.site.Handle(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.RawQuery != "" {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		fmt.Fprint(w, listOf(row(9, "nine"), row(8, "eight"))+`<a class=next href="?p=2">`)
	})
	if _, err := s.fetch(); err == nil || len(s.out.Changes) > 0 {
		t.Errorf("%v, emitted %s", err, s.titles())
	}
	s.site.Handle(nil)
	page(2, row(7, "seven"), row(6, "six"))
	s.must()
	s.want("eight, nine", "GET /l.html", "GET /l.html?p=2")
}

func TestPagesByNumberAndLoops(t *testing.T) {
	s := newSession(t, `{webpage: "https://outside.example/l.html", items: li, next: "/l.html?page={page}&from={offset}&i={index}", pages: 3}`)
	write(t, s.dir, "l.html", listOf(row(2, "two"), row(1, "one")))
	write(t, s.dir, "l.html_page=2&from=2&i=1", listOf(row(3, "three")))
	write(t, s.dir, "l.html_page=3&from=3&i=2", listOf(row(4, "four")))
	s.must()
	if got := s.site.Asked(); len(got) != 3 {
		t.Errorf("asked for %q", got)
	}
	s = newSession(t, `{webpage: "https://outside.example/l.html", items: li, next: a.next, complete: true}`)
	write(t, s.dir, "l.html", listOf(row(2, "two"))+`<a class=next href="l.html">`)
	s.must()
	s.want("two", "GET /l.html")
}

func article(text string) string { return "<article>" + text + "</article>" }

const following = `{webpage: https://outside.example/, items: li, fields: {title: a, url: a@href, summary: .note}, follow: article, follow_limit: 2}`

func TestFollow(t *testing.T) {
	s := newSession(t, following)
	list := func(note string, numbers ...int) {
		var rows []string
		for _, n := range numbers {
			rows = append(rows, fmt.Sprintf(`<li><a href="/%d">title %d</a><i class=note>%s</i></li>`, n, n, note))
			write(t, s.dir, fmt.Sprint(n), article(fmt.Sprintf("<p>text %d %s", n, note)))
		}
		write(t, s.dir, "index.html", listOf(rows...))
	}
	text := func() string {
		var b []string
		for _, c := range s.out.Changes {
			b = append(b, c.Key[strings.LastIndexByte(c.Key, '/')+1:]+"="+c.Item.Content)
		}
		return strings.Join(b, " ")
	}
	list("a", 3, 2, 1)
	if res := s.must(); res.Note != "200, 3 items, 3 new or changed, 1 wait for their article" {
		t.Errorf("%+v", res)
	}

	raw := s.out.Changes[0].Raw
	if got, want := text(), "1= 2=<p>text 2 a</p> 3=<p>text 3 a</p>"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	res := s.must()
	if got, want := text(), "1=<p>text 1 a</p>"; got != want || s.out.Changes[0].Raw != raw {
		t.Errorf("%s, want %s, silently", got, want)
	}
	if res.Note != "304, 3 items, 1 new or changed" {
		t.Errorf("the list is not asked for conditionally while an article waits: %q", res.Note)
	}
	if res := s.must(); !res.Unchanged || len(s.site.Asked()) != 1 {
		t.Errorf("an article is fetched once: %+v", res)
	}
	list("a", 4, 3, 2, 1)
	s.must()
	s.want("title 4", "GET /", "GET /4")

	// The list says something else of all: new entries first, and those that have their text keep it until it is read again.
	list("b", 5, 4, 3, 2, 1)
	s.must()
	if got, want := text(), "4=<p>text 4 b</p> 5=<p>text 5 b</p>"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	s.must()
	if got, want := text(), "2=<p>text 2 b</p> 3=<p>text 3 b</p>"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	s.must()
	s.want("title 1", "GET /", "GET /1")
}

func TestArticleThatCannotBeRead(t *testing.T) {
	s := newSession(t, strings.Replace(following, ", summary: .note", "", 1))
	write(t, s.dir, "index.html", listOf(`<li><a href="/1">one</a></li>`))
	for n := range 3 {
		s.must()
		if len(s.out.Rejected) != 1 || !strings.Contains(s.out.Rejected[0].Reason, "without the text of its article") {
			t.Errorf("fetch %d: %v", n, s.out.Rejected)
		}
		if got := s.site.Asked(); len(got) != 2 {
			t.Errorf("fetch %d: asked for %q", n, got)
		}
		if (len(s.out.Changes) == 1) != (n == 0 || n == 2) { // at once, and again when it is given up
			t.Errorf("fetch %d: emitted %s", n, s.titles())
		}
	}
	if res := s.must(); !res.Unchanged {
		t.Errorf("it is tried for ever: %+v", res)
	}
	write(t, s.dir, "1", article("there"))
	write(t, s.dir, "index.html", listOf(`<li><a href="/1">one, edited</a></li>`))
	s.must()
	if len(s.out.Changes) != 1 || s.out.Changes[0].Item.Content != "there" {
		t.Errorf("%+v", s.out.Changes)
	}
	// Its text is not lost while the article is away.
	if err := removeFile(s.dir, "1"); err != nil {
		t.Fatal(err)
	}
	write(t, s.dir, "index.html", listOf(`<li><a href="/1">one, edited again</a></li>`))
	for range 2 {
		if s.must(); len(s.out.Changes) != 0 {
			t.Errorf("stated without its text: %+v", s.out.Changes[0].Item)
		}
	}
	s.must()
	s.want("one, edited again", "GET /", "GET /1")
}

func TestRobots(t *testing.T) {
	s := newSession(t, strings.Replace(following, ", summary: .note", "", 1))
	write(t, s.dir, "robots.txt", "User-agent: *\nDisallow: /private\n")
	write(t, s.dir, "index.html", listOf(`<li><a href="/private/1">one</a></li>`))
	s.must()
	s.want("one", "GET /")
	if len(s.out.Rejected) != 1 || !strings.Contains(s.out.Rejected[0].Reason, "robots.txt") {
		t.Errorf("%v", s.out.Rejected)
	}
	if res := s.must(); !res.Unchanged {
		t.Errorf("%+v", res)
	}

	s = newSession(t, simple)
	write(t, s.dir, "robots.txt", "User-agent: feedmill\nDisallow: /\n")
	write(t, s.dir, "index.html", listOf(row(1, "one")))
	if _, err := s.fetch(); !errors.Is(err, fetch.ErrRobots) {
		t.Errorf("%v", err)
	}
	s.want("")
}

// TestSharedLinks: a list whose links all lead to one page is told apart by the titles, and stays so when one leaves.
func TestSharedLinks(t *testing.T) {
	s := newSession(t, `{webpage: https://outside.example/, items: li}`)
	row := func(title string) string { return `<li><a href="/all">` + title + `</a></li>` }
	write(t, s.dir, "index.html", listOf(row("one")))
	s.must()
	write(t, s.dir, "index.html", listOf(row("two"), row("one")))
	s.must()
	formerly := ""
	for _, c := range s.out.Changes {
		formerly += c.Formerly
	}
	if s.titles() != "one, two" || formerly != s.site.URL+"/all" {
		t.Errorf("emitted %q, formerly %q", s.titles(), formerly)
	}
	write(t, s.dir, "index.html", listOf(row("two")))
	s.must()
	s.want("", "GET /")
}

// TestHostile: what no page needs is a clear error, soon.
func TestHostile(t *testing.T) {
	item := `<li><a href="/1">one</a></li>`
	for _, c := range []struct{ name, page, want string }{
		{"deep", strings.Repeat("<div>", 600) + item, "elements lie too deeply in each other"},
		{"many", strings.Repeat("<p>x", 60_000) + item, "more than 100000 elements"},
		{"reopened", strings.Repeat("<b><i><u><a>", 120) + strings.Repeat("<p>", 2000) + item, "more than 100000 elements"},
		{"attributes", "<p " + manyAttributes(120_000) + ">" + item, "more than 100000 elements"},
		{"large", item + strings.Repeat("x", maxPage), "the body is too large"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newSession(t, `{webpage: https://outside.example/, items: li}`)
			write(t, s.dir, "index.html", c.page)
			if _, err := s.fetch(); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
}

func manyAttributes(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "a%d=x ", i)
	}
	return b.String()
}
