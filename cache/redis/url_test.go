package redis

import (
	"slices"
	"strings"
	"testing"
)

func TestParseURL(t *testing.T) {
	for _, c := range []struct {
		url, addrs, user, password, master, prefix string
		db                                         int
		tls, cluster                               bool
	}{
		{url: "redis://localhost", addrs: "localhost:6379", prefix: "fm"},
		{url: "redis://localhost:7000/3", addrs: "localhost:7000", db: 3, prefix: "fm"},
		{url: "redis://u:p%40ss@h/1?prefix=two", addrs: "h:6379", user: "u", password: "p@ss", db: 1, prefix: "two"},
		{url: "redis://:p@w@h", addrs: "h:6379", password: "p@w", prefix: "fm"},
		{url: "rediss://h:1?db=2", addrs: "h:1", tls: true, db: 2, prefix: "fm"},
		{url: "redis://[::1]:6380", addrs: "[::1]:6380", prefix: "fm"},
		{url: "redis://[::1]", addrs: "[::1]:6379", prefix: "fm"},
		{url: "unix:///run/redis.sock?db=4", addrs: "/run/redis.sock", db: 4, prefix: "fm"},
		{url: "unix://:pw@/run/redis.sock", addrs: "/run/redis.sock", password: "pw", prefix: "fm"},
		{url: "redis+sentinel://a,b:1/main/2", addrs: "a:26379 b:1", master: "main", db: 2, prefix: "fm"},
		{url: "rediss+cluster://a:1,b:2,c", addrs: "a:1 b:2 c:6379", tls: true, cluster: true, prefix: "fm"},
	} {
		a, err := parseURL(c.url)
		if err != nil {
			t.Errorf("%s: %v", c.url, err)
			continue
		}
		o := a.options
		if !slices.Equal(o.Addrs, strings.Fields(c.addrs)) || o.Username != c.user || o.Password != c.password || o.DB != c.db ||
			o.MasterName != c.master || (o.TLSConfig != nil) != c.tls || o.IsClusterMode != c.cluster || a.prefix != c.prefix {
			t.Errorf("%s: got %+v", c.url, a)
		}
		if o.MaxRetries != 2 || !o.ContextTimeoutEnabled || !o.DisableIdentity || o.PipelinePoolSize != -1 {
			t.Errorf("%s: settings of the client are not ours", c.url)
		}
	}
}

func TestParseURLErrors(t *testing.T) {
	for url, want := range map[string]string{
		"":                                  "no scheme",
		"localhost:6379":                    "no scheme",
		"http://u:hunter2@h":                `unknown scheme "http"`,
		"redis://":                          "no host",
		"redis://u:hunter2@h:0":             `bad host "h:0"`,
		"redis://u:hunter2@h:x":             `bad host "h:x"`,
		"redis://u:hunter2@h/one":           `database "one" is not a number`,
		"redis://u:hunter2@h/-1":            "is not a number",
		"redis://u:hunter2@a,b":             "redis+sentinel:// or redis+cluster://",
		"redis://u:hunter2%zz@h":            "bad percent-encoding",
		"redis://u:hunter2@h?prefix={x}":    `prefix "{x}"`,
		"redis://u:hunter2@h?prefix=":       `prefix ""`,
		"redis://u:hunter2@h?timeout=1":     `unknown setting "timeout"`,
		"redis://u:hunter2@h?%zz":           "bad query",
		"redis+sentinel://u:hunter2@a:1,b":  "no name of the master",
		"redis+cluster://u:hunter2@a:1,b/2": "database 0 only",
		"unix://u:hunter2@redis.sock":       "not absolute",
	} {
		_, err := parseURL(url)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "redis://[USER:PASSWORD@]HOST") {
			t.Errorf("%s: %v, want %s", url, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: the password shows in %v", url, err)
		}
	}
}

func FuzzParseURL(f *testing.F) {
	f.Add("redis://u:p@h:1/2?prefix=x")
	f.Add("redis+sentinel://a,b/m/1")
	f.Fuzz(func(_ *testing.T, url string) {
		_, _ = parseURL(url) // it may refuse, it must not panic
	})
}
