package sources

import (
	"slices"
	"testing"
	"time"

	"feedmill/feeds"
)

// TestCuts: what is taken out of an item's HTML is counted by sorts, and what is kept is not.
func TestCuts(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{`<p>Plain <em>text</em> with a <a href="https://example.org/" title="t">link</a></p>`, ""},
		{`<p>a</p><script>x()</script><SCRIPT src=x></SCRIPT>`, "2 script"},
		{`<style>p{}</style><p style="color:red" onclick="x()" data-code=7>a</p>`, "1 style, 3 attr"},
		{`<p>a</p><iframe src="https://video.example/1"></iframe>`, "1 frame"},
		{`<p>a<img src="https://example.org/x.gif" width=1 height=1><img src="https://hm.baidu.com/h.gif"><img src="https://example.org/a.png"></p>`, "2 tracker"},
		{`<p>a</p><p style="display:none">spam <b>spam</b></p>`, "1 hidden, 1 attr"},
		{`<p>a</p><form-x>b</form-x><svg><path d=""/></svg><input>`, "4 tag"},
		// All of it is hidden, so it is shown: then nothing was taken out but the style.
		{`<p style="display:none">the text</p>`, "1 attr"},
		// The second pass, which a combining mark brings, counts nothing twice.
		{"<p>e<script>x</script>\u0301</p>", "1 script"},
	} {
		b, err := readHTML(c.in, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := b.cut.String(); got != c.want {
			t.Errorf("%s: cut %q, want %q", c.in, got, c.want)
		}
	}
}

// TestTrace: the normaliser says where a language and a date are from, where the item does not say it itself.
func TestTrace(t *testing.T) {
	now := time.Date(2026, 1, 10, 0, 0, 0, 0, time.UTC)
	day := func(n int) time.Time { return time.Date(2026, 1, n, 0, 0, 0, 0, time.UTC) }
	for _, c := range []struct {
		name   string
		item   feeds.Item
		policy Policy
		hold   bool
		what   string
		want   []string
	}{
		{"stated", feeds.Item{Title: "a", Language: "de"}, Policy{Language: "en"}, false, "lang", nil},
		{"configured", feeds.Item{Title: "a"}, Policy{Language: "en"}, false, "lang", []string{"settings"}},
		{"guessed", feeds.Item{Title: "港口的新闻"}, Policy{}, false, "lang", []string{"script"}},
		{"past", feeds.Item{Title: "a", Published: day(5)}, Policy{}, false, "date", nil},
		{"ahead", feeds.Item{Title: "a", Published: day(15), Trace: "date: pubDate\n"}, Policy{}, false, "date", []string{"pubDate", "2026-01-15T00:00:00Z is ahead"}},
		{"held", feeds.Item{Title: "a", Published: day(15)}, Policy{}, true, "date", nil},
		{"update ahead", feeds.Item{Title: "a", Published: day(5), Updated: day(15)}, Policy{}, false, "updated", []string{"2026-01-15T00:00:00Z is ahead"}},
		{"html", feeds.Item{Title: "a", Content: "<p>a</p><script></script>"}, Policy{}, false, "html", []string{"1 script"}},
	} {
		change := feeds.Change{Key: "k", Item: &c.item, Hold: c.hold}
		if err := Normalise(&change, c.policy, now); err != nil {
			t.Fatal(err)
		}
		if got := c.item.Why(c.what); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}
