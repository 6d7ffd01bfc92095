package webfeed

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"feedmill/sources"
	"feedmill/sources/fetch"
	"feedmill/sources/sourcetest"
)

func TestDiscover(t *testing.T) {
	const atom, rss, js = "application/atom+xml", "application/rss+xml", "application/feed+json"
	for _, c := range []struct {
		name, page string
		want       []Link
	}{
		{
			"order", `<html><head><title>P</title><link rel="alternate" type="application/rss+xml" title="Comments" href="/comments/feed">
			<LINK REL="ALTERNATE" TYPE="application/atom+xml; charset=utf-8" TITLE=" The  feed " HREF="/atom.xml">
			<link rel=alternate type=application/feed+json href="https://other.example/f.json"></head>`,
			[]Link{{"https://a.example/atom.xml", atom, "The feed"}, {"https://other.example/f.json", js, ""}, {"https://a.example/comments/feed", rss, "Comments"}},
		},
		{
			"base", `<head><base href="https://b.example/x/"><base href="https://c.example/"><link rel="feed" type="application/rss+xml" href="y?a=1&amp;b=2">`,
			[]Link{{"https://b.example/x/y?a=1&b=2", rss, ""}},
		},
		{
			"no feeds", `<link rel="alternate" type="text/html" hreflang="de" href="/de"><link rel="stylesheet" type="application/rss+xml" href="/x">
			<link rel="alternate" type="application/json" href="/wp-json/posts/1"><link rel="alternate" type="application/rss+xml" href="javascript:alert(1)">`,
			nil,
		},
		{"twice", strings.Repeat(`<link rel="alternate" type="application/rss+xml" href="/f">`, 3), []Link{{"https://a.example/f", rss, ""}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := Discover([]byte(c.page), "text/html", "https://a.example/blog/")
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(c.want, got); d != "" {
				t.Errorf("(-want +got)\n%s", d)
			}
		})
	}
	many := strings.Builder{}
	for i := range 1000 {
		fmt.Fprintf(&many, `<link rel="alternate" type="application/rss+xml" href="/%d">`, i)
	}
	if got, err := Discover([]byte(many.String()), "", "https://a.example/"); err != nil || len(got) != maxLinks {
		t.Errorf("%d links, %v", len(got), err)
	}
}

// TestPage: a page at the configured address leads to its feed, which is asked from then on; when the feed moves, the
// page is asked again.
func TestPage(t *testing.T) {
	asked := map[string]int{}
	feed := "/one.xml"
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked[r.URL.Path]++
		switch r.URL.Path {
		case "/":
			w.Header().Set("Content-Type", "text/html")
			fmt.Fprintf(w, `<html><head><title>Home</title><link rel="alternate" type="application/rss+xml" href="%s"></head></html>`, feed)
		case feed:
			w.Header().Set("ETag", `"`+feed+`"`)
			if r.Header.Get("If-None-Match") == `"`+feed+`"` {
				w.WriteHeader(http.StatusNotModified)
				return
			}
			fmt.Fprint(w, `<rss version="2.0"><channel><title>T</title><item><title>One</title><guid>g1</guid></item></channel></rss>`)
		default:
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(srv.Close)
	cfg := &Config{URL: srv.URL + "/"}
	if err := cfg.Check(""); err != nil {
		t.Fatal(err)
	}
	st := sourcetest.NewState()
	look := func() (*sourcetest.Sink, sources.Result, error) {
		src, err := Kind.New(cfg, sources.Env{Name: "s", HTTP: fetch.NewClient(fetch.Options{Spacing: fetch.NoSpacing, Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})})
		if err != nil {
			t.Fatal(err)
		}
		out := sourcetest.NewSink(st)
		res, err := sourcetest.Fetch(t.Context(), src, st, out)
		for _, b := range out.Broken {
			t.Error(b)
		}
		return out, res, err
	}
	out, res, err := look()
	if err != nil || len(out.Changes) != 1 || !strings.Contains(res.Note, "write "+srv.URL+"/one.xml into the configuration") {
		t.Fatalf("%d items, %q, %v", len(out.Changes), res.Note, err)
	}
	if _, res, err = look(); err != nil || !res.Unchanged || asked["/"] != 1 || asked["/one.xml"] != 2 {
		t.Errorf("the second look: %+v %v, asked %v", res, err, asked)
	}
	feed = "/two.xml"
	if out, _, err = look(); err != nil || asked["/"] != 2 || asked["/two.xml"] != 1 || len(out.Changes) != 1 || out.Changes[0].Key != "g1" {
		t.Errorf("the feed moved: %v, asked %v, %d changes", err, asked, len(out.Changes)) // one: its base is another
	}
	feed = ""
	if _, _, err = look(); err == nil {
		t.Error("the feed is gone, and the fetch succeeds")
	}
	page := (*PageError)(nil)
	if _, err := ParseDocument(t.Context(), []byte("<!doctype html><title>Home</title>"), Hint{URL: "https://a.example/"}); !errors.As(err, &page) || page.Title != "Home" {
		t.Errorf("a page without feeds: %v", err)
	}
}
