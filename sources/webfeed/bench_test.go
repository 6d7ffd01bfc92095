package webfeed

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/mmcdole/gofeed/rss"

	"feedmill/feeds"
	"feedmill/sources"
	"feedmill/sources/fetch"
)

func benchmarkFeed(items int) []byte {
	var b strings.Builder
	b.WriteString(`<?xml version="1.0" encoding="UTF-8"?><rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/"><channel><title>港口</title><link>https://up.example/</link><description/>`)
	for i := range items {
		fmt.Fprintf(&b, `<item><title>标题 %d</title><link>https://up.example/%[1]d</link><guid isPermaLink="false">g-%[1]d</guid><pubDate>Mon, 23 Nov 2026 08:%02d:00 +0800</pubDate><dc:creator>记者</dc:creator><category>港口</category><category>天气</category><description>摘要 %[1]d</description><content:encoded><![CDATA[`, i, i%60)
		for range 12 {
			b.WriteString("<p>" + sentences["zh-Hans"] + "</p>")
		}
		b.WriteString(`]]></content:encoded></item>`)
	}
	b.WriteString(`</channel></rss>`)
	return []byte(b.String())
}

func BenchmarkParse50(b *testing.B) {
	body := benchmarkFeed(50)
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ParseDocument(b.Context(), body, Hint{URL: "https://up.example/feed"}); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkParse50Floor is gofeed alone on the same bytes.
func BenchmarkParse50Floor(b *testing.B) {
	body := benchmarkFeed(50)
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := (&rss.Parser{}).Parse(bytes.NewReader(body)); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkFetch measures one poll on loopback: a feed of 50 entries (140 kB) of which all changed, and one that did not.
func BenchmarkFetch(b *testing.B) {
	for _, mode := range []string{"changed", "304"} {
		b.Run(mode, func(b *testing.B) {
			body, n := benchmarkFeed(50), 0
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("ETag", `"1"`)
				if mode == "304" && r.Header.Get("If-None-Match") != "" {
					w.WriteHeader(http.StatusNotModified)
					return
				}
				n++
				_, _ = w.Write(bytes.ReplaceAll(body, []byte("<title>"), fmt.Appendf(nil, "<title>%d ", n)))
			}))
			defer srv.Close()
			client := fetch.NewClient(fetch.Options{Spacing: fetch.NoSpacing, Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
			defer client.CloseIdleConnections()
			src, err := Kind.New(&Config{URL: srv.URL}, sources.Env{HTTP: client})
			if err != nil {
				b.Fatal(err)
			}
			st := &state{saved: map[string][]byte{}, staged: map[string][]byte{}}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := src.Fetch(b.Context(), st, discard{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

type discard struct{}

func (discard) Emit(...feeds.Change) error       { return nil }
func (discard) Withdraw(...string) (bool, error) { return true, nil }
func (discard) Reject(sources.Rejected)          {}
func (discard) Describe(feeds.About) error       { return nil }
