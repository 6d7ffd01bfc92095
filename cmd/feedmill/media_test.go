package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/mmcdole/gofeed"
	ext "github.com/mmcdole/gofeed/extensions"

	"feedmill/feeds"
	"feedmill/feeds/formattest"
	"feedmill/sources"
	"feedmill/sources/webfeed"
)

// TestPodcastsAndMediaComeOutAsTheyCameIn reads what the running server makes of upstream feeds with our own reader and
// with gofeed, and compares it with what these read upstream.
func TestPodcastsAndMediaComeOutAsTheyCameIn(t *testing.T) {
	t.Parallel()
	eachStore(t, func(t *testing.T, store string) {
		up := upstream(t)
		file := filepath.Join(t.TempDir(), "feedmill.yaml")
		write(t, file, fmt.Sprintf(`base_url: https://feeds.example.com
title: Media
image: https://example.com/logo.png
icon: https://example.com/icon.png
copyright: © The desk
sources:
  talk: { feed: %[1]s/podcast.rss, allow: [127.0.0.0/8] }
  films: { feed: %[1]s/media.atom, allow: [127.0.0.0/8] }
`, up.URL))
		s := start(t, settings{store: store, file: file})
		s.wait("talk", 3)
		s.wait("films", 2)
		s.settled()
		for source, name := range map[string]string{"talk": "podcast.rss", "films": "media.atom"} {
			upstream, err := os.ReadFile(filepath.Join("testdata", "upstream", name))
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range formats {
				path := feeds.NewTopic("source", source).Path() + f.Suffix
				res := s.get(path)
				if res.status != 200 {
					t.Fatalf("GET %s: %d", path, res.status)
				}
				for _, finding := range formattest.Check([]byte(res.body), f.MediaType) {
					t.Errorf("%s: %s", path, finding)
				}
				want, got := said(t, string(upstream)), said(t, res.body)
				if f.Name == "json" { // what stands in _feedmill no other program reads
					for i := range want {
						want[i].Episode = nil
						for j := range want[i].Enclosures {
							e := &want[i].Enclosures[j]
							e.Medium, e.Width, e.Height, e.Language, e.Thumbnail, e.Description = "", 0, 0, "", "", ""
						}
						got[i].Categories, got[i].Tags = got[i].Tags, nil
					}
				}
				if d := cmp.Diff(want, got); d != "" {
					t.Errorf("%s says otherwise than %s (-upstream +ours):\n%s", path, name, d)
				}
				if f.Name != "json" {
					if d := cmp.Diff(podcasting(t, string(upstream)), podcasting(t, res.body)); d != "" {
						t.Errorf("%s: gofeed reads otherwise than in %s (-upstream +ours):\n%s", path, name, d)
					}
				}
			}
		}
		for path, parts := range map[string][]string{
			"/feed.rss":  {"<url>https://example.com/logo.png</url>", "<copyright>© The desk</copyright>", `<source url="` + up.URL + `/podcast.rss">Harbour talk</source>`},
			"/feed.atom": {"<logo>https://example.com/logo.png</logo>", "<icon>https://example.com/icon.png</icon>", ">© The desk</rights>", "<id>tag:films.example.com,2026:all</id>"},
			"/feed.json": {`"icon":"https://example.com/logo.png"`, `"favicon":"https://example.com/icon.png"`, `"episode":{"season":2,"season_name":"The cold & the wet year"`, `"home_page_url":"https://films.example.com/"`},
		} {
			body := s.get(path).body
			for _, part := range parts {
				if !strings.Contains(body, part) {
					t.Errorf("%s has no %s:\n%s", path, part, body)
				}
			}
		}
	})
}

// said is what our own reader finds in a document that should be the same on both sides of the server.
func said(t *testing.T, doc string) (out []feeds.Item) {
	t.Helper()
	d, err := webfeed.ParseDocument(t.Context(), []byte(doc), webfeed.Hint{URL: "https://feeds.example.com/"})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range d.Changes {
		it := feeds.Item{
			ID: c.Item.ID, URL: c.Item.URL, Title: c.Item.Title, Authors: c.Item.Authors, Categories: c.Item.Categories, Tags: c.Item.Tags, Language: c.Item.Language,
			Image: c.Item.Image, Enclosures: c.Item.Enclosures, Episode: c.Item.Episode, Published: c.Item.Published.UTC(),
		}
		for i := range it.Enclosures {
			if e := &it.Enclosures[i]; strings.HasPrefix(e.Type, e.Medium+"/") || e.Type == "application/pdf" && e.Medium == "document" {
				e.Medium = "" // the type says so
			}
		}
		slices.SortFunc(it.Enclosures, func(a, b feeds.Enclosure) int { return strings.Compare(a.URL, b.URL) })
		out = append(out, it)
	}
	return out
}

// podcasting are the elements of podcasts in each item as gofeed reads them.
func podcasting(t *testing.T, doc string) (out []map[string]map[string][]ext.Extension) {
	t.Helper()
	f, err := gofeed.NewParser().ParseString(doc)
	if err != nil {
		t.Fatal(err)
	}
	for _, it := range f.Items {
		out = append(out, map[string]map[string][]ext.Extension{"itunes": it.Extensions["itunes"], "podcast": it.Extensions["podcast"]})
	}
	return out
}

// TestEveryUpstreamDocumentComesOutValid takes the documents that the reader of feeds is tested with, odd, old and broken
// ones among them, through reading, normalising and writing.
func TestEveryUpstreamDocumentComesOutValid(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 29, 0, 0, 0, 0, time.UTC)
	documents, err := filepath.Glob("../../sources/webfeed/testdata/*")
	if err != nil {
		t.Fatal(err)
	}
	read := 0
	for _, path := range documents {
		body, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		d, err := webfeed.ParseDocument(t.Context(), body, webfeed.Hint{URL: "https://upstream.example.com/feed"})
		if err != nil {
			continue // what is no feed has tests of its own
		}
		f := &feeds.Feed{
			Topic: feeds.NewTopic("source", "up"), ID: "tag:feeds.example.com,2026:source/up", Title: "Up", Home: "https://feeds.example.com/source/up",
			Self: "https://feeds.example.com/source/up.xml", Language: "en",
		}
		for i := range d.Changes {
			c := &d.Changes[i]
			if err := sources.Normalise(c, sources.Policy{Source: "up"}, now); err != nil || c.Item == nil {
				continue
			}
			c.Item.ID, c.Item.Arrived = fmt.Sprintf("urn:feedmill:up:%d", i), now
			if c.Item.Published.IsZero() {
				c.Item.Published = now
			}
			if c.Item.Updated.Before(c.Item.Published) {
				c.Item.Updated = c.Item.Published
			}
			f.Items = append(f.Items, *c.Item)
		}
		read += len(f.Items)
		for _, format := range formats {
			var b bytes.Buffer
			if err := format.Encode(&b, f); err != nil {
				t.Fatal(err)
			}
			for _, finding := range append(formattest.Check(b.Bytes(), format.MediaType), formattest.Same(f, b.Bytes(), format.MediaType)...) {
				t.Errorf("%s as %s: %s", filepath.Base(path), format.Name, finding)
			}
		}
	}
	if read < 100 {
		t.Errorf("only %d items were read: where are the documents?", read)
	}
}
