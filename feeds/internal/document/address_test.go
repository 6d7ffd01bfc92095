package document

import (
	"net/url"
	"strings"
	"testing"
)

func TestAddress(t *testing.T) {
	for in, want := range map[string]string{
		"https://example.org/a?b=c&d=%20#e": "https://example.org/a?b=c&d=%20#e",
		"http://example.org":                "http://example.org",
		"HTTP://Example.ORG/A":              "HTTP://Example.ORG/A",
		"https://example.org:8443/~me/c++":  "https://example.org:8443/~me/c++",
		"https://example.org/日本":            "https://example.org/%E6%97%A5%E6%9C%AC",
		"https://例え.jp:8080/?q=日本#é":        "https://xn--r8jz45g.jp:8080/?q=%E6%97%A5%E6%9C%AC#%C3%A9",
		"https://example.org/a b[1]|\"<>":   "https://example.org/a%20b%5B1%5D%7C%22%3C%3E",
		"https://example.org/100%":          "https://example.org/100%25",
		"https://example.org/a#b#c":         "https://example.org/a#b%23c",
		"https://[::1]:80/x":                "https://[::1]:80/x",
		"https://user:pass@example.org/":    "https://example.org/",
		" https://example.org/ ":            "https://example.org/",
		"https://example.org/\xff\x00":      "https://example.org/%FF%00",
		"":                                  "",
		"/relative":                         "",
		"//example.org/x":                   "",
		"mailto:a@example.org":              "",
		"javascript://example.org/%0aalert": "",
		"ftp://example.org/":                "",
		"https://":                          "",
		"https:///path":                     "",
		"https://a b/c":                     "",
		"https://example.org:port/":         "",
		"https://example.org/" + strings.Repeat("a", MaxAddress):   "",
		"https://example.org/" + strings.Repeat("日", MaxAddress/4): "", // nine bytes each as it is written
	} {
		if got := Address(in); got != want {
			t.Errorf("Address(%.60q) = %q, want %q", in, got, want)
		}
	}
}

func FuzzAddress(f *testing.F) {
	for _, s := range []string{"https://example.org/a?b#c", "http://例え.jp/日本 %zz", "https://u@[::1]:1/[", "x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := Address(s)
		if got == "" {
			return
		}
		u, err := url.Parse(got)
		if err != nil || u.Host == "" || !ascii(got) {
			t.Fatalf("Address(%q) = %q is no absolute URI: %v", s, got, err)
		}
		if again := Address(got); again != got {
			t.Fatalf("Address(%q) = %q, and of that %q", s, got, again)
		}
	})
}

func TestIsIRI(t *testing.T) {
	for in, want := range map[string]bool{
		"https://example.org/a":         true,
		"https://example.org/日本#x":      true,
		"tag:example.org,2026:post/1":   true,
		"urn:uuid:0d6d2c5e-1111":        true,
		"urn:feedmill:s:42":             true,
		"https://example.org/a b":       false,
		"https://example.org/%zz":       false,
		"https://example.org/a#b#c":     false,
		"urn:42":                        false,
		"https://":                      false,
		"http:":                         false,
		"42":                            false,
		"/2026/03/02/post":              false,
		"Report: growth":                false,
		"post:42":                       false,
		"":                              false,
		"javascript:alert(1)":           false,
		"HTTPS://EXAMPLE.ORG/uppercase": false,
	} {
		if got := IsIRI(in); got != want {
			t.Errorf("IsIRI(%q) = %v", in, got)
		}
	}
}

func TestURN(t *testing.T) {
	for _, tt := range []struct{ source, id, want string }{
		{"desk", "42", "urn:feedmill:desk:42"},
		{"a:b", "c", "urn:feedmill:a%3Ab:c"},
		{"a", "b:c", "urn:feedmill:a:b:c"},
		{"新闻 1", "/x y?z#", "urn:feedmill:%E6%96%B0%E9%97%BB%201:%2Fx%20y%3Fz%23"},
	} {
		got := URN(tt.source, tt.id)
		if got != tt.want || !IsIRI(got) {
			t.Errorf("URN(%q, %q) = %q, want %q", tt.source, tt.id, got, tt.want)
		}
	}
}
