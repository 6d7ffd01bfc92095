package cachetest

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"feedmill/cache"
	"feedmill/feeds"
)

// day0 is the date of most posts: long past, in a zone of its own.
var day0 = time.Date(1999, 5, 17, 8, 30, 0, 0, time.FixedZone("", 8*3600))

// post is a change with an item; the edits adapt it.
func post(key string, edits ...func(*feeds.Change)) feeds.Change {
	c := feeds.Change{
		Key: key,
		Raw: 1,
		Item: &feeds.Item{
			URL:       "https://posts.example/" + key,
			Title:     "Post " + key,
			Summary:   "What " + key + " is about",
			Content:   "<p>All of " + key + "</p>",
			Published: day0,
		},
	}
	for _, edit := range edits {
		edit(&c)
	}
	return c
}

// withdraw is the statement that a key is gone.
func withdraw(key string) feeds.Change { return feeds.Change{Key: key} }

func at(t time.Time) func(*feeds.Change)    { return func(c *feeds.Change) { c.Item.Published = t } }
func raw(n uint64) func(*feeds.Change)      { return func(c *feeds.Change) { c.Raw = n } }
func title(s string) func(*feeds.Change)    { return func(c *feeds.Change) { c.Item.Title = s } }
func wish(id string) func(*feeds.Change)    { return func(c *feeds.Change) { c.Wish = id } }
func was(key string) func(*feeds.Change)    { return func(c *feeds.Change) { c.Formerly = key } }
func hold(c *feeds.Change)                  { c.Hold = true }
func group(name string) func(*feeds.Change) { return func(c *feeds.Change) { c.Item.Group = name } }

func in(categories ...string) func(*feeds.Change) {
	return func(c *feeds.Change) { c.Item.Categories = categories }
}

func category(name string) feeds.Topic { return feeds.NewTopic("category", name) }

// Reference is post number i of a site like the one the performance targets are about: some 3 kB of Chinese text, 1 of
// 40 categories, 1 of 2,000 tags, an author and a language; dates ascend by about five minutes. The same i is the same
// post.
func Reference(i int) feeds.Change {
	rng := rand.New(rand.NewPCG(uint64(i), 40))
	var b strings.Builder
	for b.Len() < 2900 {
		b.WriteString("<p>")
		for range 40 + rng.IntN(80) {
			b.WriteString(words[common(rng, len(words))])
		}
		b.WriteString("。</p>\n")
	}
	published := time.Date(2020, 1, 1, 0, 0, 0, 0, time.FixedZone("", 8*3600)).Add(time.Duration(i)*300*time.Second + time.Duration(rng.IntN(60))*time.Second)
	slug := fmt.Sprintf("%s-%07d", published.Format("2006-01-02"), i)
	c := feeds.Change{
		Source: "reference",
		Key:    "_posts/" + slug + ".md",
		Wish:   "https://reference.example/" + published.Format("2006/01/02/") + slug,
		Item: &feeds.Item{
			URL:        "https://reference.example/" + published.Format("2006/01/02/") + slug + ".html",
			Title:      words[rng.IntN(len(words))] + words[rng.IntN(len(words))] + words[rng.IntN(len(words))] + words[rng.IntN(len(words))],
			Summary:    words[rng.IntN(len(words))] + words[rng.IntN(len(words))],
			Content:    b.String(),
			Categories: []string{fmt.Sprintf("category%02d", rng.IntN(40))},
			Tags:       []string{words[rng.IntN(2000)]},
			Authors:    []feeds.Person{{Name: fmt.Sprintf("author %d", rng.IntN(20))}},
			Language:   "zh-CN",
			Published:  published,
		},
	}
	c.Raw = cache.Fingerprint([]byte(c.Item.Content))
	return c
}

// common draws a number below n, small ones far more often: words and characters are used like that.
func common(rng *rand.Rand, n int) int { return rng.IntN(1 + rng.IntN(1+rng.IntN(n))) }

// words are 4,000 made-up words of two characters. A post of them shrinks to about half its size, as real ones do.
var words = func() []string {
	rng := rand.New(rand.NewPCG(7, 7))
	out, seen := make([]string, 0, 4000), map[string]bool{}
	for len(out) < cap(out) {
		w := string([]rune{rune(0x4e00 + common(rng, 500)), rune(0x4e00 + common(rng, 300))})
		if !seen[w] {
			seen[w] = true
			out = append(out, w)
		}
	}
	return out
}()
