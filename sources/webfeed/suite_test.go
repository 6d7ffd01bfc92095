package webfeed

import (
	"net/http"
	"net/netip"
	"testing"

	"feedmill/sources"
	"feedmill/sources/fetch"
	"feedmill/sources/sourcetest"
)

func TestSuite(t *testing.T) {
	sourcetest.Run(t, func(t *testing.T) sourcetest.Outside {
		o := newOrigin(t, channel(item("2", "two"), item("1", "one")), "ETag", `"1"`)
		client := fetch.NewClient(fetch.Options{Spacing: fetch.NoSpacing, Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
		t.Cleanup(client.CloseIdleConnections)
		return sourcetest.Outside{
			New: func() sources.Source {
				src, err := Kind.New(&Config{URL: o.URL}, sources.Env{Name: "test", HTTP: client})
				if err != nil {
					t.Fatal(err)
				}
				return src
			},
			Change: func() {
				o.mu.Lock()
				defer o.mu.Unlock()
				o.body = channel(item("3", "three"), item("2", "two, edited"))
				o.set("ETag", `"2"`)
			},
			Break: func() {
				o.mu.Lock()
				defer o.mu.Unlock()
				o.status = http.StatusBadGateway
			},
		}
	})
}
