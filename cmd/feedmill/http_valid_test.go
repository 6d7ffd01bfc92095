package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"feedmill/feeds"
	"feedmill/feeds/formattest"
)

// foreignID is an upstream's own, which RFC 4287 §4.2.6 forbids to change, though §4.2.6.1 would have it in another form.
const foreignID = "https://Blatt.example:443/vier"

// TestEveryDocumentIsValidAndSaysWhatIsStored reads every document of every topic, for items of both kinds of source,
// with the strict checker and with gofeed. With FEEDMILL_KEEP set, the documents of the embedded store stay in that
// directory for other validators.
func TestEveryDocumentIsValidAndSaysWhatIsStored(t *testing.T) {
	t.Parallel()
	eachStore(t, func(t *testing.T, store string) {
		s := everything(t, store)
		topics, err := s.Store().Topics(t.Context(), "")
		if err != nil {
			t.Fatal(err)
		}
		if len(topics) < len(labels) {
			t.Fatalf("%d topics, want more than %d", len(topics), len(labels))
		}
		keep := os.Getenv("FEEDMILL_KEEP")
		if strings.HasPrefix(store, "redis") {
			keep = ""
		}
		for _, info := range topics {
			page, err := s.Store().Recent(t.Context(), info.Topic, feeds.ByPublished, feeds.Pos{}, 50)
			if err != nil {
				t.Fatal(err)
			}
			if len(page.Items) != min(info.Items, 50) {
				t.Errorf("%s has %d items, its list says %d", info.Topic, len(page.Items), info.Items)
			}
			for _, f := range formats {
				path := info.Topic.Path() + f.Suffix
				res := s.get(path)
				if res.status != 200 || res.header.Get("Content-Type") != f.ContentType() {
					t.Errorf("GET %s: %d, %s", path, res.status, res.header.Get("Content-Type"))
					continue
				}
				for _, finding := range formattest.Check([]byte(res.body), f.MediaType) {
					if strings.HasPrefix(finding, "atom-id-canonical: ") && strings.Contains(finding, foreignID) {
						continue
					}
					t.Errorf("%s: %s", path, finding)
				}
				feed := feeds.Feed{Topic: info.Topic, Items: page.Items}
				for _, d := range formattest.Same(&feed, []byte(res.body), f.MediaType) {
					t.Errorf("%s: %s", path, d)
				}
				if keep != "" {
					write(t, filepath.Join(keep, strings.ReplaceAll(strings.TrimPrefix(path, "/"), "/", "-")), res.body)
				}
			}
		}
	})
}
