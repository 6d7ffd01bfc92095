package config

import "testing"

func TestBaseURL(t *testing.T) {
	for in, want := range map[string]string{
		"https://feeds.example.com":        "https://feeds.example.com",
		"https://feeds.example.com/":       "https://feeds.example.com",
		"HTTPS://Feeds.Example.COM:443//":  "https://feeds.example.com",
		"http://localhost:8080/a/b/":       "http://localhost:8080/a/b",
		"http://[::1]:80/":                 "http://[::1]",
		"http://[::1]:8080":                "http://[::1]:8080",
		"http://example.com:":              "http://example.com",
		"feeds.example.com":                "",
		"ftp://example.com":                "",
		"https://":                         "",
		"https://:443":                     "",
		"https://example.com:99999":        "",
		"https://example.com?x":            "",
		"https://example.com/?":            "",
		"https://example.com/#x":           "",
		"https://user:pass@example.com":    "",
		"https://exa mple.com":             "",
		"":                                 "",
		"/feeds":                           "",
		"https://例子.example/路径/":           "https://xn--fsqu00a.example/%E8%B7%AF%E5%BE%84",
		"https://feeds.example.com:8443/x": "https://feeds.example.com:8443/x",
	} {
		got, err := parseBaseURL(in)
		if got != want || (err != nil) != (want == "") {
			t.Errorf("%q: want %q, got %q, %v", in, want, got, err)
		}
	}
}

func TestRedact(t *testing.T) {
	for in, want := range map[string]string{
		"bolt:/data/feedmill.db":                   "bolt:/data/feedmill.db",
		"memory:":                                  "memory:",
		"redis://redis:6379/0":                     "redis://redis:6379/0",
		"redis://user:s3cret@redis:6379/0":         "redis://user:xxxxx@redis:6379/0",
		"redis+sentinel://a:1/?password=s3cret":    "redis+sentinel://a:1/",
		"redis://:s3c?ret@redis:6379":              "redis://(hidden)",
		"redis://:s3c@ret@[::1]:6379":              "redis://:xxxxx@[::1]:6379",
		"rediss+cluster://:s3cret@a:1,b:2/?addr=c": "rediss+cluster://:xxxxx@a:1,b:2/",
	} {
		if got := Redact(in); got != want {
			t.Errorf("%q: want %q, got %q", in, want, got)
		}
	}
}

func TestSuggest(t *testing.T) {
	words := []string{"jekyll", "feed", "interval", "zoneless_dates"}
	for in, want := range map[string]string{
		"jekyl": "jekyll", "jekyII": "jekyll", "Feeds": "feed", "intreval": "interval", "zonelessdates": "zoneless_dates",
		"x": "", "category": "", "": "",
	} {
		if want != "" {
			want = "; did you mean " + want + "?"
		}
		if got := suggest(in, words); got != want {
			t.Errorf("%q: want %q, got %q", in, want, got)
		}
	}
}
