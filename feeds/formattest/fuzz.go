package formattest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"feedmill/feeds"
)

// Fuzz looks for a feed whose document does not parse or does not say what the feed says.
func Fuzz(f *testing.F, format feeds.Format) {
	for _, s := range Hostile {
		if len(s) < 1000 {
			f.Add(s, s, "<p>"+s+"</p>", s, s, "https://example.org/"+s, int64(1_772_415_000))
		}
	}
	f.Add("Title", "Summary", "<p>Content</p>", "label", "Name", "https://例え.jp:8080/日本?q=[1]#a#b", int64(-62135596800))
	f.Fuzz(func(t *testing.T, title, summary, content, label, name, address string, second int64) {
		at := time.Unix(second, 0).In(shanghai)
		feed := frame("tag", label)
		feed.Title, feed.Description, feed.Author.Name, feed.Updated = title, summary, name, at
		for i := range 2 {
			feed.Items = append(feed.Items, feeds.Item{
				ID: fmt.Sprint(label, i), Source: name, URL: address, Title: title, Summary: summary, Content: content,
				Authors: []feeds.Person{{Name: name}, {Email: name, URL: address}}, Categories: []string{label},
				Tags: []string{name, label}, Language: label, Image: address,
				Enclosures: []feeds.Enclosure{{
					URL: address, Type: label, Title: title, Length: second, Medium: label, Width: int(second), Language: label, Thumbnail: address, Description: title,
				}}, Episode: hostileEpisode(name, address),
				Published: at, Updated: at, Arrived: at, Origin: &feeds.Origin{ID: name, Title: title, URL: address},
			})
		}
		doc := encode(t, format, feed)
		for _, finding := range Check(doc, format.ContentType()) {
			// HTML is made safe, and identities are made, before they come to a format.
			if r := rule(finding); slices.Contains(unsafe, r) || r == "atom-id-canonical" {
				continue
			}
			t.Errorf("%s", finding)
		}
		for _, d := range Same(feed, doc, format.MediaType) {
			t.Errorf("%s", d)
		}
	})
}

// Benchmark measures a document of 50 items with 3 kB of Chinese HTML each.
func Benchmark(b *testing.B, format feeds.Format) {
	f := Large(50)
	b.SetBytes(int64(len(encode(b, format, f))))
	b.ReportAllocs()
	for b.Loop() {
		if err := format.Encode(discard{}, f); err != nil {
			b.Fatal(err)
		}
	}
}

// discard takes everything. Unlike io.Discard it has no other methods that a writer could look for.
type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }
