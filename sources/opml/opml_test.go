package opml

import (
	"context"
	"encoding/binary"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"

	"feedmill/sources"
	"feedmill/sources/fetch"
	"feedmill/sources/sourcetest"
)

func TestRead(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       []Feed
	}{
		{
			"as written", `<?xml version="1.0" encoding="UTF-8"?><opml version="2.0"><head><title>x</title></head><body>
			<outline text="Sea"><outline text="Harbour &amp; Ice" type="rss" xmlUrl="https://a.example/feed"/></outline>
			<outline title="Land" text="ignored"><outline text="Inner"><outline type="rss" text="B" xmlUrl="https://b.example/x?y=1&amp;z=2"/></outline></outline>
			</body></opml>`,
			[]Feed{
				{"https://a.example/feed", "Harbour & Ice", []string{"Sea"}},
				{"https://b.example/x?y=1&z=2", "B", []string{"Land", "Inner"}},
			},
		},
		{
			"as found", "\ufeff \n<OPML><BODY><OUTLINE XMLURL='http://a.example/' TEXT='A&nbsp;B'/><outline TYPE=rss url='https://c.example/c' text='C'/>" +
				`<outline type="link" url="https://page.example/" text="a page"/><outline type="include" url="https://x.example/other.opml" text="more"/>` +
				`<outline xmlUrl="https://d.example/" category="/Boston/Weather, news"/></BODY></OPML>`,
			[]Feed{{"http://a.example/", "A B", nil}, {"https://c.example/c", "C", nil}, {"https://d.example/", "", []string{"Weather", "news"}}},
		},
		{
			"twice", `<opml><outline text="One"><outline text="A" xmlUrl="https://a.example/"/></outline>
			<outline text="Two"><outline title="Longer" xmlUrl="https://a.example/"/></outline></opml>`,
			[]Feed{{"https://a.example/", "A", []string{"One", "Two"}}},
		},
		{
			"addresses", `<opml><outline xmlUrl="feed:https://a.example/"/><outline xmlUrl="feed://b.example/x"/><outline xmlUrl="file:///etc/passwd"/>
			<outline xmlUrl="/relative"/><outline xmlUrl="ftp://c.example/"/><outline xmlUrl="http://"/><outline xmlUrl="%zz://"/></opml>`,
			[]Feed{{"https://a.example/", "", nil}, {"http://b.example/x", "", nil}},
		},
		{"empty", `<opml version="2.0"><body/></opml>`, nil},
		{"Chinese", `<opml><outline text="新闻"><outline text="港口" xmlUrl="https://a.example/"/></outline></opml>`, []Feed{{"https://a.example/", "港口", []string{"新闻"}}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := Read([]byte(c.text))
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(c.want, got); d != "" {
				t.Errorf("(-want +got)\n%s", d)
			}
		})
	}
}

func TestReadEncodings(t *testing.T) {
	text := `<opml><outline text="港口" xmlUrl="https://a.example/"/></opml>`
	units := utf16.Encode([]rune("\ufeff" + text))
	var wide []byte
	for _, u := range units {
		wide = binary.LittleEndian.AppendUint16(wide, u)
	}
	gbk := append([]byte(`<?xml version="1.0" encoding="gbk"?><opml><outline text="`), 0xb8, 0xdb, 0xbf, 0xda)
	gbk = append(gbk, `" xmlUrl="https://a.example/"/></opml>`...)
	for name, body := range map[string][]byte{"UTF-16": wide, "GBK": gbk, "wrong label": []byte(`<?xml version="1.0" encoding="iso-8859-1"?>` + text)} {
		got, err := Read(body)
		if err != nil || len(got) != 1 || got[0].Title != "港口" {
			t.Errorf("%s: %+v %v", name, got, err)
		}
	}
}

func TestReadErrors(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"HTML", `<!doctype html><html><body>404</body></html>`, "begins with <html>"},
		{"nothing", ``, "no OPML"},
		{"cut short", `<opml><body><outline text="x"><outline xmlUrl="https://a.example/"/>`, ""},
		{"deep", "<opml>" + strings.Repeat("<outline text='x'>", 1000), "nested deeper than 50"},
		{"many", "<opml>" + manyOutlines(MaxFeeds+1) + "</opml>", "more than 5000 feeds"},
		{"large", "<opml>" + strings.Repeat(" ", MaxBytes), "larger than 10 MiB"},
		{"laughs", `<!DOCTYPE opml [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><opml><outline text="&b;" xmlUrl="https://a.example/"/></opml>`, "defines entities"},
		{"a file", `<!DOCTYPE opml [<!ENTITY x SYSTEM "file:///etc/passwd">]><opml><outline text="&x;" xmlUrl="https://a.example/"/></opml>`, "defines entities"},
		{"deep", `<!DOCTYPE opml><opml>` + strings.Repeat("<outline text='&b;'>", 60), "nested deeper"},
	} {
		if got, err := Read([]byte(c.text)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %d feeds, %v; want an error with %q", c.name, len(got), err, c.want)
		}
	}
}

func manyOutlines(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `<outline xmlUrl="https://a.example/%d"/>`, i)
	}
	return b.String()
}

// FuzzRead: whatever comes, what is read is within the limits and can be made sources of.
func FuzzRead(f *testing.F) {
	f.Add([]byte(`<opml><outline text="Sea"><outline text="H" xmlUrl="https://a.example/feed"/></outline></opml>`))
	f.Add([]byte("<OPML><OUTLINE XMLURL='http://a.example/' TEXT='A&nbsp;B'/>"))
	f.Add([]byte(`<?xml version="1.0" encoding="gbk"?><opml><outline xmlUrl="feed://b.example/x" category="/a/b,c"/></opml>`))
	f.Fuzz(func(t *testing.T, body []byte) {
		got, err := Read(body)
		if err != nil {
			return
		}
		l, dropped := list{}.with(got, "list")
		if dropped != 0 || l.count() != len(got) {
			t.Errorf("%d feeds, %d in the list", len(got), l.count())
		}
		seen := map[string]bool{}
		for _, n := range l.Feeds {
			if seen[n.Name] || n.Name == "" || len([]rune(n.Name)) > maxName {
				t.Errorf("name %q", n.Name)
			}
			seen[n.Name] = true
		}
	})
}

func TestNames(t *testing.T) {
	urls := func(list ...string) (out []Feed) {
		for _, u := range list {
			out = append(out, Feed{URL: u})
		}
		return out
	}
	names := func(l list) (out []string) {
		for _, f := range l.Feeds {
			if !f.Off {
				out = append(out, f.Name)
			}
		}
		return out
	}
	var l list
	l, _ = l.with(urls("https://www.a.example/1", "https://A.example/2", "https://b.example:8080/"), "ring")
	if d := cmp.Diff([]string{"ring.a.example", "ring.a.example-2", "ring.b.example"}, names(l)); d != "" {
		t.Error(d)
	}
	// The names stay whatever the order, and nobody gets the name of one that is away.
	l, dropped := l.with(urls("https://A.example/2"), "ring")
	if dropped != 2 {
		t.Errorf("%d dropped", dropped)
	}
	l, dropped = l.with(urls("https://a.example/3", "https://A.example/2", "https://www.a.example/1"), "ring")
	if d := cmp.Diff([]string{"ring.a.example-3", "ring.a.example-2", "ring.a.example"}, names(l)); d != "" || dropped != 0 {
		t.Error(d, dropped)
	}
	long := nameOf(strings.Repeat("长", 60), "https://host.example/", map[string]bool{})
	if n := len([]rune(long)); n > maxName {
		t.Errorf("a name of %d runes", n)
	}
}

// serveList is an origin whose list can be changed.
type serveList struct {
	body string
	hits int
}

func (s *serveList) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.hits++
	tag := fmt.Sprintf(`"%d"`, len(s.body))
	w.Header().Set("ETag", tag)
	if r.Header.Get("If-None-Match") == tag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	fmt.Fprint(w, s.body)
}

func client() *http.Client {
	return fetch.NewClient(fetch.Options{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, Spacing: fetch.NoSpacing})
}

func feedKind() sources.Kind {
	return sources.Kind{Name: "feed", Recognise: func(arg string) (sources.Config, bool) { return &Config{URL: arg}, true }}
}

func open(t *testing.T, url string) sources.Source {
	t.Helper()
	cfg := &Config{URL: url}
	if err := cfg.Check(""); err != nil {
		t.Fatal(err)
	}
	src, err := Kind(feedKind()).New(cfg, sources.Env{Name: "ring", HTTP: client()})
	if err != nil {
		t.Fatal(err)
	}
	return src
}

// look fetches once and returns the members.
func look(t *testing.T, src sources.Source, st *sourcetest.State) ([]sources.Member, *sourcetest.Sink, error) {
	t.Helper()
	out := sourcetest.NewSink(st)
	_, err := sourcetest.Fetch(t.Context(), src, st, out)
	for _, b := range out.Broken {
		t.Error(b)
	}
	b, _, getErr := st.Get(sources.MembersKey)
	if getErr != nil {
		t.Fatal(getErr)
	}
	m, membersErr := Kind(feedKind()).Members(b)
	if membersErr != nil {
		t.Fatal(membersErr)
	}
	return m, out, err
}

// TestShrunk: a list that suddenly lost most of its feeds is held for a while; a broken one changes nothing.
func TestShrunk(t *testing.T) {
	origin := &serveList{body: "<opml>" + manyOutlines(20) + "</opml>"}
	srv := httptest.NewServer(origin)
	t.Cleanup(srv.Close)
	src, st := open(t, srv.URL+"/list.opml"), sourcetest.NewState()
	want := func(when string, members, reports int) {
		t.Helper()
		m, out, err := look(t, src, st)
		if err != nil || len(m) != members || len(out.Rejected) != reports {
			t.Errorf("%s: %d members, reports %v, %v; want %d and %d", when, len(m), out.Rejected, err, members, reports)
		}
	}
	want("first", 20, 0)
	want("again", 20, 0)
	origin.body = "<opml>" + manyOutlines(17) + "</opml>"
	want("a few less", 17, 0)
	origin.body = "<opml>" + manyOutlines(10) + "</opml>"
	want("shrunk", 17, 1)
	want("shrunk, second look", 17, 1)
	want("shrunk, third look", 10, 0)
	want("settled", 10, 0)
	origin.body = "<opml></opml>"
	want("empty", 10, 1)
	origin.body = "<opml>" + manyOutlines(12) + "</opml>"
	want("back and more", 12, 0)
	origin.body = "<html>maintenance</html>"
	if m, _, err := look(t, src, st); err == nil || len(m) != 12 {
		t.Errorf("a broken list: %d members, %v", len(m), err)
	}
	if hits := origin.hits; hits != 10 {
		t.Errorf("%d requests for 10 looks", hits)
	}
}

func TestFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "list.opml")
	write := func(text string) {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	src, st := open(t, path), sourcetest.NewState()
	if _, _, err := look(t, src, st); err == nil || !strings.Contains(err.Error(), "list.opml") {
		t.Errorf("a file that is not there: %v", err)
	}
	write(`<opml><outline text="Sea"><outline text="A" xmlUrl="https://a.example/"/></outline></opml>`)
	m, _, err := look(t, src, st)
	if err != nil || len(m) != 1 || m[0].Name != "ring.a.example" || m[0].Title != "A" || fmt.Sprint(m[0].Categories) != "[Sea]" {
		t.Errorf("%+v %v", m, err)
	}
	if m, _, err = look(t, open(t, path), st); err != nil || len(m) != 1 {
		t.Errorf("after a restart: %+v %v", m, err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if m, _, err := look(t, src, st); err == nil || len(m) != 1 {
		t.Errorf("the file is gone: %d members, %v", len(m), err)
	}
}

func TestWatch(t *testing.T) {
	path := filepath.Join(t.TempDir(), "list.opml")
	synctest.Test(t, func(t *testing.T) {
		src := open(t, path)
		ctx, cancel := context.WithCancel(t.Context())
		wakes := 0
		done := make(chan error)
		go func() { done <- src.(sources.Watcher).Watch(ctx, func() { wakes++ }) }()
		time.Sleep(3 * watchEvery)
		synctest.Wait()
		if err := os.WriteFile(path, []byte("<opml/>"), 0o600); err != nil {
			t.Fatal(err)
		}
		time.Sleep(3 * watchEvery)
		synctest.Wait()
		cancel()
		if err := <-done; err != nil || wakes != 1 {
			t.Errorf("%d wakes, %v", wakes, err)
		}
	})
}

func TestCheck(t *testing.T) {
	for url, ok := range map[string]bool{
		"https://a.example/list.opml": true, "HTTP://a.example/": true, "lists/ring.opml": true, "": false, "ftp://a.example/": false, "https:///x": false,
	} {
		if err := (&Config{URL: url}).Check("/etc"); (err == nil) != ok {
			t.Errorf("%q: %v", url, err)
		}
	}
	c := &Config{URL: "https://user:secret@a.example/x.opml"}
	if err := c.Check(""); err != nil || strings.Contains(c.Location(), "secret") {
		t.Errorf("%v, location %s", err, c.Location())
	}
	if cfg, ok := recognise("https://a.example/subs.OPML?x=1"); !ok || cfg == nil {
		t.Error("an address that ends in .opml is not recognised")
	}
	if _, ok := recognise("https://a.example/feed.xml"); ok {
		t.Error("every address is taken for a list")
	}
}
