package web

import (
	"cmp"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"feedmill/feeds"
)

func TestArchive(t *testing.T) {
	r := newRig(t)
	month := func(m time.Month, n int) feeds.Item {
		it := post(n, "Go")
		it.Published = time.Date(2025, m, 3, 0, n, 0, 0, time.UTC)
		it.Updated, it.Arrived = it.Published, it.Published
		return it
	}
	var items []feeds.Item
	for n := 100; n < 160; n++ {
		items = append(items, month(time.September, n))
	}
	items = append(items, month(time.July, 200), month(time.July, 201))
	r.store.put(epoch, items...)

	d := r.get("/category/go.atom").doc(t)
	if d.PrevArchive != "https://feeds.example/archive/2026-03/category/go.atom" || d.Complete || d.Archive {
		t.Fatalf("subscription %+v", d)
	}
	a := r.get("/archive/2026-03/category/go.atom")
	r.want(a, 200, "Cache-Control", "public, max-age=600, stale-while-revalidate=600, stale-if-error=86400",
		"Link", `<https://feeds.example/archive/2026-03/category/go.atom>; rel="self"; type="application/atom+xml"`, "Last-Modified", epoch.Format(http.TimeFormat))
	now := a.doc(t)
	if a.ids(t) != "3 2 1" || !now.Archive || now.Current != d.Self || now.ID != d.ID || now.PrevArchive != "https://feeds.example/archive/2025-09/category/go.atom" || now.Next != now.PrevArchive {
		t.Errorf("this month %+v", now)
	}
	a = r.get("/archive/2025-09/category/go.atom")
	r.want(a, 200, "Cache-Control", "public, max-age=86400, stale-while-revalidate=86400, stale-if-error=86400")
	d = a.doc(t)
	if len(d.Items) != 60 || d.PrevArchive != "https://feeds.example/archive/2025-07/category/go.atom" || d.TTL != 86400 {
		t.Errorf("a month with %d items, before it %s", len(d.Items), d.PrevArchive)
	}
	tag := a.Header.Get("ETag")
	r.want(r.get("/archive/2025-09/category/go.atom", "If-None-Match: "+tag), 304)
	if d = r.get("/archive/2025-07/category/go.atom").doc(t); len(d.Items) != 2 || d.PrevArchive != "" || d.Complete {
		t.Errorf("the first month %+v", d)
	}
	if a = r.get("/archive/2025-08/category/go.atom"); a.ids(t) != "" || !strings.HasSuffix(a.doc(t).PrevArchive, "2025-07/category/go.atom") {
		t.Errorf("a month without items: %s", a.body)
	}

	// A new post changes no archive but that of its month.
	r.web.Changed(r.store.put(epoch.Add(time.Minute), post(20, "Go"))...)
	r.want(r.get("/archive/2025-09/category/go.atom"), 200, "ETag", tag)
	if got := r.get("/archive/2026-03/category/go.atom").ids(t); got != "20 3 2 1" {
		t.Errorf("this month after a post: %s", got)
	}
	r.web.Changed(r.store.withdraw(epoch.Add(2*time.Minute), "urn:x:130")...)
	if b := r.get("/archive/2025-09/category/go.atom"); b.Header.Get("ETag") == tag || len(b.doc(t).Items) != 59 {
		t.Error("a withdrawal does not reach the archive")
	}

	for path, status := range map[string]int{
		"/archive/2026-04/feed.rss": 404, "/archive/0999-01/feed.rss": 404, "/archive/2025-13/feed.rss": 404, "/archive/2025-9/feed.rss": 404, "/archive/2025-09/feed": 404,
		"/archive/2025-09/opml": 404, "/archive/2025-09/archive/2025-09/feed.rss": 404, "/archive/2025-09/category/never.rss": 404,
		"/archive/2025-09/feed.rss?q=x": 400, "/archive/2025-09/feed.rss?before=x": 400, "/archive/2025-09/feed.rss?_=1": 200, "/archive": 404, "/archive/": 404,
	} {
		r.want(r.get(path), status)
	}
	r.want(r.get("/archive/2025-09/category/Go.rss?before=a.1"), 301, "Location", "/archive/2025-09/category/go.rss?before=a.1")
	if d := r.get("/category/c%23.rss").doc(t); !d.Complete || d.PrevArchive != "" || d.Next != "" {
		t.Errorf("a feed that has all says %+v", d)
	}
}

func TestArchiveOfWhatMoved(t *testing.T) {
	r := newRig(t, func(s *Site, _ *Options) { s.Redirects = map[string]Redirect{"/category/golang": {To: "/category/go"}} })
	r.want(r.get("/archive/2026-03/category/golang.rss"), 301, "Location", "/archive/2026-03/category/go.rss")
}

// TestWalks: of any items, archives, next_url and pages for people lead to each exactly once.
func TestWalks(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		store := &fakeStore{}
		n := rapid.IntRange(1, 90).Draw(rt, "items")
		if rapid.IntRange(0, 9).Draw(rt, "many") == 0 {
			n += 2 * archiveItems
		}
		months := rapid.IntRange(1, 5).Draw(rt, "months")
		items := make([]feeds.Item, n)
		for i := range items {
			it := post(i, "All")
			if rapid.IntRange(0, 3).Draw(rt, "long") == 0 { // fewer fit on a page
				it.Title, it.Summary = strings.Repeat("题", titleRunes), strings.Repeat("文", leadRunes)
			}
			if i%3 == 0 {
				it.Categories = append(it.Categories, "Third")
			}
			at := func(what string) time.Time {
				days := rapid.IntRange(0, 31*months).Draw(rt, what)
				return epoch.AddDate(0, 0, -days).Add(time.Duration(rapid.IntRange(0, 3).Draw(rt, "second")) * time.Second)
			}
			it.Published = at("published")
			it.Arrived = it.Published
			if rapid.Bool().Draw(rt, "news") {
				it.Arrived = at("arrived")
			}
			it.Updated = it.Published
			items[i] = it
		}
		store.put(epoch.Add(time.Hour), items...)
		site := testSite()
		site.Window = rapid.IntRange(4, 60).Draw(rt, "window")
		site.MaxBytes = rapid.SampledFrom([]int{3000, 20_000, 1 << 20}).Draw(rt, "bytes")
		s, err := New(store, testFormats(), site, Options{Now: func() time.Time { return epoch.Add(2 * time.Hour) }})
		if err != nil {
			rt.Fatal(err)
		}
		defer s.Close()
		get := func(address string) answer {
			u, err := url.Parse(address)
			if err != nil {
				rt.Fatal(err)
			}
			w := httptest.NewRecorder()
			r := httptest.NewRequest("GET", u.RequestURI(), nil)
			s.ServeHTTP(w, r)
			if w.Code != 200 {
				rt.Fatalf("%s: %d %s", address, w.Code, w.Body)
			}
			return answer{nil, w.Body.String()}
		}
		topic := rapid.SampledFrom([]feeds.Topic{feeds.All, feeds.NewTopic("category", "third")}).Draw(rt, "topic")
		want := 0
		for i := range items {
			if within(&items[i], topic) {
				want++
			}
		}
		walk := func(what, start string, next func(a answer) string, shown func(a answer) []string) {
			seen := map[string]bool{}
			for at, steps := start, 0; at != ""; steps++ {
				a := get(at)
				for _, id := range shown(a) {
					if seen[id] {
						rt.Fatalf("%s: %s twice", what, id)
					}
					seen[id] = true
				}
				if at = next(a); steps > n+20 {
					rt.Fatalf("%s: no end", what)
				}
			}
			if len(seen) != want {
				rt.Fatalf("%s: %d of %d items", what, len(seen), want)
			}
		}
		inFeed := func(a answer) (out []string) {
			for _, it := range a.doc(t).Items {
				out = append(out, it.ID)
			}
			return out
		}
		walk("next_url", topic.Path()+".json", func(a answer) string { return a.doc(t).Next }, inFeed)
		first := get(topic.Path() + ".atom").doc(t)
		if first.PrevArchive == "" {
			if !first.Complete || len(first.Items) != want {
				rt.Fatalf("no archive, and %d of %d items", len(first.Items), want)
			}
			return
		}
		if first.Complete {
			rt.Fatal("complete with an archive")
		}
		walk("archive", first.PrevArchive, func(a answer) string {
			d := a.doc(t)
			if !d.Archive || d.Current != first.Self {
				rt.Fatalf("%s is no archive of it", d.Self)
			}
			return d.PrevArchive
		}, inFeed)
		link := func(a answer, rel string) string {
			links := strings.Split(a.body, ` rel="`+rel+`" href="`)
			if len(links) == 1 {
				return ""
			}
			to, _, _ := strings.Cut(links[1], `"`)
			if len(links) != 3 || !strings.HasPrefix(links[2], to+`"`) {
				rt.Fatalf("rel=%s leads to %s in the head, elsewhere in the page: %d", rel, to, len(links))
			}
			return strings.ReplaceAll(to, "&amp;", "&")
		}
		last := topic.Path() + "?hl=en"
		posts := func(a answer) (out []string) {
			for _, part := range strings.Split(a.body, `<h2><a href="https://site.example/p/`)[1:] {
				id, _, _ := strings.Cut(part, `"`)
				out = append(out, id)
			}
			if len(a.body) > 50_000 {
				rt.Fatalf("a page of %d bytes", len(a.body))
			}
			return out
		}
		walk("pages", last, func(a answer) string {
			next := link(a, "next")
			last = cmp.Or(next, last)
			return next
		}, posts)
		walk("pages back", last, func(a answer) string { return link(a, "prev") }, posts)
		if d := get(topic.Path() + ".rss?limit=1").doc(t); want > 1 && (d.Next == "" || d.PrevArchive != "") {
			rt.Fatalf("a view says %+v", fmt.Sprint(d.Next, d.PrevArchive))
		}
	})
}
