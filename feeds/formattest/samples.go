package formattest

import (
	"fmt"
	"strings"
	"time"

	"feedmill/feeds"
)

// Sample is a feed that a format has to write, and the rules of [Check] that it cannot keep.
type Sample struct {
	Name string
	Feed *feeds.Feed
	// Breaks lists the rules that the feed itself breaks: a private document has no address.
	Breaks []string
}

var (
	shanghai = time.FixedZone("", 8*3600)
	newYork  = time.FixedZone("", -5*3600)
	morning  = time.Date(2026, 3, 2, 9, 30, 0, 0, shanghai)
)

// Samples are the feeds whose documents stand as goldens in each format's testdata.
func Samples() []Sample {
	return []Sample{
		{Name: "full", Feed: full()},
		{Name: "media", Feed: media()},
		{Name: "sparse", Feed: sparse()},
		{Name: "ties", Feed: ties()},
		{Name: "empty", Feed: frame("all", "")},
		{Name: "archive", Feed: archive()},
		{Name: "subscription", Feed: subscription()},
		{Name: "complete", Feed: complete()},
		{Name: "paged", Feed: paged()},
		{Name: "private", Feed: private(), Breaks: noAddress},
		{Name: "bare", Feed: &feeds.Feed{ID: "urn:uuid:0d6d2c5e-1111-8222-8333-444455556666", Title: "Bare"}, Breaks: noAddress},
	}
}

// frame is a feed without items.
func frame(kind, label string) *feeds.Feed {
	t := feeds.NewTopic(kind, label)
	return &feeds.Feed{
		Topic:       t,
		ID:          "tag:feeds.example.org,2026:" + t.String(),
		Title:       "Market notes & <b>more</b>",
		Description: "What moved, and why: bonds & metals",
		Home:        "https://feeds.example.org/news" + t.Path(),
		Self:        "https://feeds.example.org/news" + t.Path() + ".xml",
		Hubs:        []string{"https://feeds.example.org/news/hub", "https://hub.example.net/"},
		Language:    "zh-CN",
		Author:      feeds.Person{Name: "The desk", Email: "desk@example.org", URL: "https://example.org/desk"},
		Image:       "https://example.org/logo.png",
		Icon:        "https://example.org/icon.png",
		Rights:      "© 2026 Example & Sons",
		Generator:   feeds.Generator{Name: "feedmill", Version: "1.0.0", URL: "https://feedmill.example/"},
		Updated:     time.Date(2026, 3, 2, 2, 0, 5, 0, time.UTC),
		TTL:         10 * time.Minute,
	}
}

// full uses every field there is.
func full() *feeds.Feed {
	f := frame("category", "贵金属")
	f.Items = []feeds.Item{
		{
			ID:       "https://example.org/2026/03/02/gold.html",
			Source:   "desk",
			URL:      "https://example.org/2026/03/02/gold.html",
			Original: "https://wire.example.com/a?id=7&lang=zh",
			Title:    "黄金 & 白银：Use <div> wisely, 5 > 4",
			Summary:  "现货黄金涨 1.2% & 创新高，see <table>.",
			Content: "<p>现货黄金周一上涨 <b>1.2%</b>，报每盎司 2,350 美元。</p>\n<pre>if a &lt; b &amp;&amp; c { x[y[0]]&gt;1 }</pre>\n" +
				`<p><img src="https://example.org/gold.png" alt="K 线"> <a href="https://example.org/more?a=1&amp;b=2">更多</a></p>`,
			Authors: []feeds.Person{
				{Name: "王小明", URL: "https://example.org/authors/wang"},
				{Name: "Ana Núñez", Email: "ana@example.org"},
			},
			Categories: []string{"贵金属", "Metals/Gold & Silver"},
			Tags:       []string{"黄金", "C++", "贵金属"},
			Language:   "zh-CN",
			Image:      "https://example.org/gold.png",
			Enclosures: []feeds.Enclosure{
				{URL: "https://cdn.example.org/gold.mp3", Type: "audio/mpeg", Length: 1234567, Title: "Read aloud", Duration: 95 * time.Second},
				{URL: "https://cdn.example.org/gold.pdf", Length: 4096},
				{URL: "https://cdn.example.org/download?id=5"},
			},
			Also:      []feeds.Copy{{Source: "metals & more", URL: "https://metals.example.net/gold?a=1&b=2"}, {Source: "bare"}},
			Published: morning, Updated: morning.Add(30 * time.Minute), Arrived: morning.Add(5 * time.Second),
		},
		{
			ID: "tag:upstream.example,2026:42", Source: "upstream", URL: "https://upstream.example/posts/42",
			Title: "Copper steadies", Summary: "Copper held its level.\nTraders wait.",
			Content: "<p>Copper held its level.</p>", Authors: []feeds.Person{{Name: "Jo March", Email: "jo@upstream.example"}},
			Categories: []string{"Metals"}, Language: "en",
			Published: morning.In(newYork).Add(-time.Hour), Updated: morning.In(newYork).Add(-time.Hour), Arrived: morning,
			Origin: &feeds.Origin{
				ID: "https://upstream.example/feed", Title: "Upstream & Co", URL: "https://upstream.example/feed.atom",
				Home: "https://upstream.example/",
			},
		},
		{
			ID: "42", Source: "desk: old", URL: "https://example.org/p/日本語?q=ü#ß", Title: "Short identity",
			Summary: "An ID from a database.", Published: morning.UTC().Add(-48 * time.Hour),
			Updated: morning.UTC().Add(-48 * time.Hour), Arrived: morning.UTC(), Authors: []feeds.Person{{Email: "only@example.org"}},
			Enclosures: []feeds.Enclosure{{URL: "https://cdn.example.org/clip.webm?x=1&y=2", Length: 3_000_000_000}},
		},
	}
	return f
}

// sparse holds items that lack what others have.
func sparse() *feeds.Feed {
	f := frame("tag", "c++")
	f.Author, f.Image, f.Language = feeds.Person{Name: "Nobody"}, "", ""
	day := morning.Add(-24 * time.Hour)
	item := func(id string, change func(*feeds.Item)) {
		day = day.Add(-time.Hour)
		it := feeds.Item{
			ID: "urn:uuid:00000000-0000-8000-8000-0000000000" + id, Source: "s", URL: "https://example.org/" + id,
			Title: "Title " + id, Summary: "Summary " + id, Content: "<p>Content " + id + "</p>",
			Published: day, Updated: day, Arrived: day,
		}
		change(&it)
		f.Items = append(f.Items, it)
	}
	item("01", func(it *feeds.Item) { it.URL = "" })
	item("02", func(it *feeds.Item) { it.URL, it.Original = "", "https://example.com/original" })
	item("03", func(it *feeds.Item) { it.Title = "" })
	item("04", func(it *feeds.Item) { it.Title, it.Summary = "", "" })
	item("05", func(it *feeds.Item) { it.Summary = "" })
	item("06", func(it *feeds.Item) { it.Content = "" })
	item("07", func(it *feeds.Item) { it.Summary, it.Content = "", "" })
	item("08", func(it *feeds.Item) { it.Title, it.Summary, it.Content = "", "", "" })
	item("09", func(it *feeds.Item) { it.Title, it.Summary, it.Content, it.URL = "", "", "", "" })
	item("10", func(it *feeds.Item) {
		it.Title, it.Summary, it.Content = "", "", `<p><img src="https://example.org/a.png" alt=""></p>`
	})
	item("11", func(it *feeds.Item) { it.Published, it.Updated, it.Arrived = time.Time{}, time.Time{}, time.Time{} })
	item("12", func(it *feeds.Item) { it.Published, it.Updated = time.Time{}, time.Time{} })
	item("13", func(it *feeds.Item) { it.Updated = time.Time{} })
	item("14", func(it *feeds.Item) { it.Updated = it.Updated.Add(-24 * time.Hour) })
	item("15", func(it *feeds.Item) { it.Authors = []feeds.Person{{URL: "https://example.org/~me"}} })
	item("16", func(it *feeds.Item) { it.Origin = &feeds.Origin{Title: "A feed without an address"} })
	item("17", func(it *feeds.Item) { it.Origin = &feeds.Origin{URL: "https://up.example/rss"} })
	item("18", func(it *feeds.Item) {
		it.Authors = []feeds.Person{{Name: "A", Email: "a@example.org"}, {Name: "B"}, {Name: "A", Email: "a@example.org"}}
	})
	item("19", func(it *feeds.Item) { it.Authors = []feeds.Person{{Name: "C (guest)", Email: "c@example.org"}} })
	return f
}

// ties are posts that only have a day.
func ties() *feeds.Feed {
	f := frame("all", "")
	day := time.Date(2026, 2, 27, 0, 0, 0, 0, shanghai)
	for i := range 6 {
		f.Items = append(f.Items, feeds.Item{
			ID: fmt.Sprintf("https://example.org/2026/02/27/%d", i), URL: fmt.Sprintf("https://example.org/2026/02/27/%d", i),
			Source: "jekyll", Title: fmt.Sprintf("Post %d", i), Summary: "One of a day.", Published: day, Updated: day,
			Arrived: morning.Add(time.Duration(3-i) * time.Minute),
		})
	}
	return f
}

func private() *feeds.Feed {
	f := ties()
	f.Self, f.Home, f.Hubs = "", "", nil
	for i := range f.Items {
		f.Items[i].Group, f.Items[i].Categories, f.Items[i].Tags = "desk", []string{"a"}, []string{"a", "b"}
	}
	return f
}

// Large is a feed of n items with about 3 kB of Chinese HTML each, as finance news sites write it.
func Large(n int) *feeds.Feed {
	f := frame("all", "")
	sentence := "央行今日开展逆回购操作，中标利率与上次持平；分析人士认为，市场流动性总体保持合理充裕。"
	body := strings.Repeat("<p>"+sentence+sentence+" <strong>3.5%</strong></p>\n", 11)
	for i := range n {
		at := morning.Add(-time.Duration(i) * time.Minute)
		f.Items = append(f.Items, feeds.Item{
			ID: fmt.Sprintf("https://example.org/news/%d.html", i), URL: fmt.Sprintf("https://example.org/news/%d.html", i),
			Source: "news", Title: fmt.Sprintf("市场快讯第 %d 条：资金面 & 利率", i), Summary: sentence, Content: body,
			Authors: []feeds.Person{{Name: "编辑部"}}, Categories: []string{"宏观", "债券"}, Tags: []string{"利率", "央行", "流动性"},
			Language: "zh-CN", Image: "https://example.org/img/1.png", Published: at, Updated: at, Arrived: at,
		})
	}
	return f
}
