package sources

import (
	"net/url"
	"strings"
	"testing"
)

func TestAbsolute(t *testing.T) {
	base := baseURL("http://example.org/a/b/c.html?q#f")
	for _, tc := range []struct{ in, want string }{
		{"https://example.com/x?a=1&b=2#c", "https://example.com/x?a=1&b=2#c"},
		{"https://example.com", "https://example.com"},
		{" HTTPS://Example.COM:443/X ", "https://example.com/X"},
		{"http://example.com:80/", "http://example.com/"},
		{"http://example.com:8080/", "http://example.com:8080/"},
		{"https://user:secret@example.com/", "https://example.com/"},
		{"https://bank.example@evil.example/", "https://evil.example/"},
		{"https://例え.テスト/日本?ü=ß#é", "https://xn--r8jz45g.xn--zckzah/%E6%97%A5%E6%9C%AC?%C3%BC=%C3%9F#%C3%A9"},
		{"http://under_score.example/", "http://under_score.example/"},
		{"http://[2001:DB8::1]:8080/x", "http://[2001:db8::1]:8080/x"},
		{"https://example.com/a b%20c%zz[1]{2}|\"<>", "https://example.com/a%20b%20c%25zz%5B1%5D%7B2%7D%7C%22%3C%3E"},
		{"https://example.com/a%2Fb", "https://example.com/a%2Fb"},
		{"https://example.com/a/../b/./c", "https://example.com/b/c"},
		{"https://example.com/x#", "https://example.com/x"},
		{"https://example.com/x#a#b", "https://example.com/x#a%23b"},
		{`https:\\example.com\x?a=\`, "https://example.com/x?a=%5C"},
		{"https://exam\nple.com/x", "https://example.com/x"},
		{"//example.com/x", "http://example.com/x"},
		{"/x", "http://example.org/x"},
		{"x/../y", "http://example.org/a/b/y"},
		{"?x=1", "http://example.org/a/b/c.html?x=1"},
		{"#x", "http://example.org/a/b/c.html?q#x"},
		{"../../../x", "http://example.org/x"},
		{"a:b", ""},
		{"1:2", "http://example.org/a/b/1:2"},
		{"日本", "http://example.org/a/b/%E6%97%A5%E6%9C%AC"},
		{"javascript:alert(1)", ""},
		{"JaVa\nScript:alert(1)", ""},
		{"\x01javascript:alert(1)", ""},
		{"data:text/html,x", ""},
		{"vbscript:x", ""},
		{"file:///etc/passwd", ""},
		{"mailto:a@example.org", ""},
		{"ftp://example.com/", ""},
		{"http:/x", ""},
		{"http:x", ""},
		{"http://", ""},
		{"https:///x", "https://x"},
		{"http://./x", ""},
		{"http://a..b/", ""},
		{"http://exa mple.com/", ""},
		{"http://example.com:99999/", ""},
		{"http://example.com:x/", ""},
		{"http://%65xample.com/", ""},
		{"http://[::1%25eth0]/", ""},
		{"http://\xff/", ""},
		{"", ""},
		{"https://example.com/" + strings.Repeat("a", maxURL), ""},
	} {
		if got := absolute(tc.in, base); got != tc.want {
			t.Errorf("absolute(%q) = %q, want %q", tc.in, got, tc.want)
		}
	}
	for in, want := range map[string]string{"//example.com/x": "https://example.com/x", "/x": "", "x": "", "?x": ""} {
		if got := absolute(in, nil); got != want {
			t.Errorf("absolute(%q) without a base = %q, want %q", in, got, want)
		}
	}
}

func FuzzAbsolute(f *testing.F) {
	for _, s := range []string{"https://例え.テスト/日本", "//a@b:80/../x", "http://[::1]/", "x y?[]#%zz", `\\a\b`, "java\tscript:x", "http://a/b/../../c#"} {
		f.Add(s)
	}
	base := baseURL("https://example.org/a/b")
	f.Fuzz(func(t *testing.T, s string) {
		got := absolute(s, base)
		if got == "" {
			return
		}
		u, err := url.Parse(got)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil {
			t.Fatalf("absolute(%q) = %q: %v", s, got, err)
		}
		for i := range len(got) {
			if c := got[i]; c <= ' ' || c >= 0x7f || strings.IndexByte("\"<>\\^`{|}", c) >= 0 {
				t.Fatalf("absolute(%q) = %q is no URI", s, got)
			}
		}
		if again := absolute(got, nil); again != got {
			t.Errorf("absolute(%q) = %q, then %q", s, got, again)
		}
	})
}
