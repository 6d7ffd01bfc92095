package sources

import (
	"net/url"
	"testing"
	"time"

	"feedmill/feeds"
)

func TestCanonical(t *testing.T) {
	for _, c := range []struct{ a, b string }{
		{"http://example.org/a", "https://example.org/a"},
		{"http://EXAMPLE.org:80/a", "https://www.example.org:443/a"},
		{"https://example.org/a/", "https://example.org/a"},
		{"https://example.org/a/index.html", "https://example.org/a/"},
		{"https://example.org/a#comments", "https://example.org/a"},
		{"https://example.org/a?utm_source=x&utm_medium=y&fbclid=z", "https://example.org/a"},
		{"https://example.org/a?b=2&a=1&UTM_Campaign=x", "https://example.org/a?a=1&b=2"},
		{"https://example.org/%e6%96%B0%7Ea", "https://example.org/%E6%96%b0~a"},
		{"https://m.example.org/a?id=1", "https://www.example.org/a?id=1"},
		{"https://mobile.example.co.uk/a", "https://example.co.uk/a"},
		{"https://en.m.example.org/a", "https://en.m.example.org/a"},
		{"https://example.org/a/amp/", "https://example.org/a"},
		{"https://example.org/a.amp.html", "https://example.org/a.html"},
		{"https://example.org/a?amp=1&id=7", "https://example.org/a?id=7"},
		{"https://example.org/a?amp", "https://amp.example.org/a"},
		{"https://www.google.com/amp/s/www.example.org/a/amp", "https://example.org/a"},
		{"https://example-org.cdn.ampproject.org/c/s/example.org/a?id=1", "https://example.org/a?id=1"},
	} {
		a, b := canonical(c.a), canonical(c.b)
		if a == "" || a != b {
			t.Errorf("%s is %q, %s is %q: want one", c.a, a, c.b, b)
		}
	}
	seen := map[string]string{}
	for _, u := range []string{
		"https://example.org/a", "https://example.org/A", "https://example.org/a?id=1", "https://example.org/a?id=2", "https://example.org/a?a=1&a=2",
		"https://example.org/a?a=2&a=1", "https://example.org/a.html", "https://example.org:8080/a", "https://example.com/a", "https://app.example.org/#/a",
		"https://app.example.org/#/b", "https://app.example.org/#!a", "https://m.blogspot.com/a", "https://blogspot.com/a", "https://example.org/amp",
		"https://example.org/?p=1", "https://example.org/%2Fa", "https://www.google.com/search?q=a",
	} {
		c := canonical(u)
		if other, ok := seen[c]; ok || c == "" {
			t.Errorf("%s is the same as %q: %q", u, other, c)
		}
		seen[c] = u
	}
	for _, u := range []string{"", "https://example.org", "http://example.org/", "https://example.org/index.html?utm_source=x#top", "mailto:a@example.org", "https://", "::"} {
		if c := canonical(u); c != "" {
			t.Errorf("%q is the post %q", u, c)
		}
	}
	it := &feeds.Item{URL: "https://copy.example/1", Original: "https://example.org/a"}
	if got := Canonical(it); got != "example.org/a" {
		t.Errorf("got %q, want that of the original", got)
	}
}

func TestNormaliseAddress(t *testing.T) {
	for _, c := range []struct {
		name string
		p    Policy
		want string
	}{
		{"kept apart", Policy{}, ""},
		{"merged", Policy{Merge: true}, "example.org/a"},
		{"merged by the original", Policy{Merge: true, Original: OriginalRule{Link: LinkLast}}, "wire.example/1"},
	} {
		ch := feeds.Change{Key: "k", Address: "what a source says", Item: &feeds.Item{
			URL: "https://www.example.org/a?utm_source=x", Content: `<p>a</p><p><a href="http://wire.example/1/">http://wire.example/1/</a></p>`,
		}}
		if err := Normalise(&ch, c.p, time.Now()); err != nil || ch.Address != c.want {
			t.Errorf("%s: %q, %v; want %q", c.name, ch.Address, err, c.want)
		}
		if why := ch.Item.Why("duplicates"); (len(why) == 1) != (c.want != "") {
			t.Errorf("%s: trace %q", c.name, ch.Item.Trace)
		}
	}
}

func FuzzCanonical(f *testing.F) {
	f.Add("https://www.google.com/amp/s/www.example.org/a/amp?x=1&utm_a=b#!c")
	f.Add("http://%zz/%")
	f.Fuzz(func(t *testing.T, address string) {
		c := canonical(address)
		if c == "" {
			return
		}
		if again := canonical("https://" + c); again != c {
			if _, err := url.Parse("https://" + c); err == nil && again == "" {
				return // what was left of a cache's address is no address of a page
			}
			if len(again) >= len(c) {
				t.Errorf("%q is %q, and that %q", address, c, again)
			}
		}
	})
}
