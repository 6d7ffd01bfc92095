package web

import (
	"strings"
	"testing"
	"time"
)

// rels are the links of a page that go on from it, without those in its head.
func rels(t *testing.T, body string) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, a := range elements(t, body, "a") {
		if a["rel"] == "next" || a["rel"] == "prev" {
			out[a["rel"]] = a["href"]
		}
	}
	return out
}

// TestPagesOfOlderPosts: two pages down and up again, with a filter and without, in either order of posts.
func TestPagesOfOlderPosts(t *testing.T) {
	r := newRig(t)
	items := posts(100, 169, "Paged")
	for i := range items {
		items[i].Published = epoch.Add(-time.Duration(i) * time.Hour)
		items[i].Updated = items[i].Published
		items[i].Arrived = epoch.Add(time.Duration(i) * time.Second) // the other way round
	}
	r.store.put(epoch, items...)
	shown := func(body string) (first, last string) {
		parts := strings.Split(body, `<h2><a href="https://site.example/p/`)[1:]
		if len(parts) == 0 {
			return "", ""
		}
		first, _, _ = strings.Cut(parts[0], `"`)
		last, _, _ = strings.Cut(parts[len(parts)-1], `"`)
		return first, last
	}
	for _, c := range []struct {
		query string
		pages [][2]string
	}{
		{"", [][2]string{{"100", "129"}, {"130", "159"}, {"160", "169"}}},
		{"q=post", [][2]string{{"100", "129"}, {"130", "159"}, {"160", "169"}}},
		{"dates=arrival", [][2]string{{"169", "140"}, {"139", "110"}, {"109", "100"}}},
		{"limit=25", [][2]string{{"100", "124"}, {"125", "149"}, {"150", "169"}}},
	} {
		at := withQuery("/category/paged", join("hl=zh&images=show", c.query))
		first := at
		for i, want := range c.pages {
			a := r.get(at)
			r.want(a, 200)
			from, to := shown(a.body)
			links := rels(t, a.body)
			if from != want[0] || to != want[1] || (links["prev"] == "") != (i == 0) || (links["next"] == "") != (i == len(c.pages)-1) {
				t.Fatalf("%s: %s to %s with %v, want %v", at, from, to, links, want)
			}
			if strings.Contains(a.body, "⇤") != (i > 0) || strings.Contains(a.body, `rel="alternate" type="application/rss+xml" title="Paged`) && strings.Contains(a.body, "before=") && strings.Contains(strings.Split(a.body, "</head>")[0], ".rss?before") {
				t.Errorf("%s: it leads to the newest, or programs to a page: %s", at, a.body)
			}
			if open := strings.Contains(a.body, `<details class="fold" data-live open>`); open != (c.query != "") {
				t.Errorf("%s: the filter is open: %v", at, open)
			}
			if i == 0 {
				at = links["next"]
				continue
			}
			// Up and down again.
			up := r.get(links["prev"])
			r.want(up, 200)
			from, to = shown(up.body)
			if want := c.pages[i-1]; from != want[0] || to != want[1] {
				t.Errorf("back from page %d: %s to %s, want %v", i+1, from, to, want)
			}
			down := r.get(rels(t, up.body)["next"])
			if from, to = shown(down.body); from != want[0] || to != want[1] {
				t.Errorf("page %d again: %s to %s, want %v", i+1, from, to, want)
			}
			if i == 1 {
				if links := rels(t, up.body); links["prev"] != "" {
					t.Errorf("something is newer than the newest: %s", links["prev"])
				}
				if !strings.Contains(up.body, `href="`+strings.ReplaceAll(first, "&", "&amp;")+`"`) {
					t.Errorf("%s does not lead to %s", links["prev"], first)
				}
			}
			at = links["next"]
		}
	}
	// A page stays what it is when something comes; and the way up has it.
	second := rels(t, r.get("/category/paged").body)["next"]
	before := r.get(second)
	late := post(200, "Paged")
	late.Published = epoch.Add(time.Minute)
	r.web.Changed(r.store.put(epoch.Add(time.Minute), late)...)
	after := r.get(second)
	if a, b := strings.Split(before.body, `<div id="items">`), strings.Split(after.body, `<div id="items">`); a[1] != b[1] {
		t.Error("a page of older posts is another one since there is a new post")
	}
	up := r.get(rels(t, after.body)["prev"])
	if from, to := shown(up.body); from != "100" || to != "129" || rels(t, up.body)["prev"] == "" {
		t.Errorf("newer than the second page are %s to %s", from, to)
	}
	if from, _ := shown(r.get(rels(t, up.body)["prev"]).body); from != "200" {
		t.Errorf("the newest page begins with %s", from)
	}

	for path, status := range map[string]int{
		"/category/paged?newer=a.1": 200, "/category/paged?newer=x": 400, "/category/paged?newer=a.1&before=a.1": 400, "/category/paged?newer=a.1&after=a.1": 400,
		"/category/paged.rss?newer=a.1": 400, "/category/paged?newer=zzzzzz.1": 200, "/archive/2026-03/category/paged.rss?newer=a.1": 400,
	} {
		r.want(r.get(path), status)
	}
}
