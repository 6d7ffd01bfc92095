package sources

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"feedmill/feeds"
)

var (
	shanghai = time.FixedZone("CST", 8*3600)
	now      = time.Date(2024, 6, 1, 12, 0, 0, 0, time.UTC)
)

func TestNormalise(t *testing.T) {
	published := time.Date(2024, 1, 2, 10, 0, 0, 0, shanghai)
	c := feeds.Change{
		Key: " _posts/2024-01-02-a.md\n", Formerly: "old\x00.md", Wish: " https://news.example.org/a ",
		Base: "https://news.example.org/2024/a.html",
		Item: &feeds.Item{
			ID: "no source sets this", Source: "nor this", Arrived: now,
			URL: "a.html", Original: "//quotes.example.com/1", Title: "甲公司 &amp; <b>乙公司</b>", Summary: "",
			Content:    `<p hidden>x</p><p>利润增长。</p><script>x</script><img src="/i.png">`,
			Authors:    []feeds.Person{{Name: "<i>Zhang</i> San", Email: "mailto:z@example.org", URL: "/z"}, {Name: "zhang san"}, {Email: "none"}},
			Categories: []string{" 财经 ", "财经"}, Tags: []string{"A", "a"}, Language: "zh_cn",
			Enclosures: []feeds.Enclosure{
				{URL: "/a.mp3", Length: -1, Duration: -1, Title: " x "}, {URL: "/a.mp3"}, {URL: "javascript:x"}, {URL: "/b", Type: "Audio/MPEG; x=y"}, {URL: "/c", Type: "?"},
			},
			Published: published, Updated: published.Add(time.Hour),
			Origin: &feeds.Origin{ID: " tag:x ", Title: "<b>T</b>", URL: "/feed", Home: "mailto:x"},
		},
	}
	policy := Policy{Source: "news", Language: "en", Author: feeds.Person{Name: "Nobody"}, AddCategories: []string{"All"}, AddTags: []string{"A"}, Group: "vip"}
	if err := Normalise(&c, policy, now); err != nil {
		t.Fatal(err)
	}
	want := feeds.Change{
		Source: "news", Key: "_posts/2024-01-02-a.md", Formerly: "old.md", Wish: "https://news.example.org/a", Raw: c.Raw,
		Base: "https://news.example.org/2024/a.html",
		Item: &feeds.Item{
			Trace:  "html: 1 script, 1 hidden\ncategory: All is added by the configuration\n",
			Source: "news", Group: "vip", URL: "https://news.example.org/2024/a.html", Original: "https://quotes.example.com/1",
			Title: "甲公司 & 乙公司", Summary: "利润增长。", Content: `<p>利润增长。</p><img src="https://news.example.org/i.png" alt="">`,
			Image:      "https://news.example.org/i.png",
			Authors:    []feeds.Person{{Name: "Zhang San", Email: "z@example.org", URL: "https://news.example.org/z"}},
			Categories: []string{"财经", "All"}, Tags: []string{"A"}, Language: "zh-CN",
			Enclosures: []feeds.Enclosure{
				{URL: "https://news.example.org/a.mp3", Type: "audio/mpeg", Title: "x"},
				{URL: "https://news.example.org/b", Type: "audio/mpeg"},
				{URL: "https://news.example.org/c", Type: "application/octet-stream"},
			},
			Published: published, Updated: published.Add(time.Hour),
			Origin: &feeds.Origin{ID: "tag:x", Title: "T", URL: "https://news.example.org/feed"},
		},
	}
	if d := cmp.Diff(want, c); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
	if c.Raw == 0 {
		t.Error("no hash")
	}
	// What is normal stays as it is.
	again := c
	it := *c.Item
	again.Item = &it
	if err := Normalise(&again, policy, now); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(c, again); d != "" {
		t.Errorf("normalising again changes it:\n%s", d)
	}
}

func TestNormaliseMedia(t *testing.T) {
	c := feeds.Change{Key: "k", Base: "https://news.example.org/a/", Item: &feeds.Item{
		Title: "t",
		Enclosures: []feeds.Enclosure{
			{URL: "v.mp4", Medium: " Video", Width: 640, Height: -1, Language: "ZH_cn", Thumbnail: "v.jpg", Description: " A <i>film</i>\nof ships"},
			{URL: "f", Medium: "DOCUMENT", Width: 1e9},
			{URL: "g", Medium: "hologram", Thumbnail: "javascript:x"},
		},
		Episode: &feeds.Episode{
			Season: 3, SeasonName: "<b>Three</b>", Number: " 12.5 ", Name: "x\ny", Type: "BONUS", Explicit: "true",
			Transcripts: []feeds.Enclosure{{URL: "t.vtt", Language: "de"}, {URL: "mailto:x"}},
			Chapters:    feeds.Enclosure{URL: "c.json", Type: "application/json+chapters"},
			Cast:        []feeds.Role{{Person: feeds.Person{Name: " Ann ", URL: "/ann"}, Role: "guest", Image: "ann.png"}, {Role: "nobody"}},
		},
	}}
	if err := Normalise(&c, Policy{}, now); err != nil {
		t.Fatal(err)
	}
	const at = "https://news.example.org/a/"
	if d := cmp.Diff([]feeds.Enclosure{
		{URL: at + "v.mp4", Type: "video/mp4", Width: 640, Language: "zh-CN", Thumbnail: at + "v.jpg", Description: "A film of ships"},
		{URL: at + "f", Type: "application/octet-stream", Medium: "document"},
		{URL: at + "g", Type: "application/octet-stream"},
	}, c.Item.Enclosures); d != "" {
		t.Errorf("files (-want +got):\n%s", d)
	}
	if d := cmp.Diff(&feeds.Episode{
		Season: 3, SeasonName: "Three", Number: "12.5", Name: "x y", Type: "bonus", Explicit: "true",
		Transcripts: []feeds.Enclosure{{URL: at + "t.vtt", Type: "text/vtt", Language: "de"}},
		Chapters:    feeds.Enclosure{URL: at + "c.json", Type: "application/json+chapters"},
		Cast:        []feeds.Role{{Person: feeds.Person{Name: "Ann", URL: "https://news.example.org/ann"}, Role: "guest", Image: at + "ann.png"}},
	}, c.Item.Episode); d != "" {
		t.Errorf("episode (-want +got):\n%s", d)
	}
	c.Item.Episode = &feeds.Episode{Season: -1, Number: "one", Type: "?", Explicit: "maybe", Cast: []feeds.Role{{}}}
	if err := Normalise(&c, Policy{}, now); err != nil || c.Item.Episode != nil {
		t.Errorf("%v, an episode of nothing: %+v", err, c.Item.Episode)
	}
}

func TestNormaliseFails(t *testing.T) {
	for _, tc := range []struct {
		name string
		c    feeds.Change
		want error
	}{
		{"no key", feeds.Change{Key: " \x00", Item: &feeds.Item{Title: "x"}}, ErrNoKey},
		{"no key in a withdrawal", feeds.Change{}, ErrNoKey},
		{"nothing in it", feeds.Change{Key: "k", Item: &feeds.Item{Title: " ", Content: "<p></p>"}}, ErrEmpty},
		{"too large", feeds.Change{Key: "k", Item: &feeds.Item{Title: "x", Content: strings.Repeat("a", MaxContent+1)}}, errTooLarge},
	} {
		t.Run(tc.name, func(t *testing.T) {
			err := Normalise(&tc.c, Policy{Source: "news"}, now)
			if !errors.Is(err, tc.want) || tc.want != ErrNoKey && !strings.Contains(err.Error(), " k: ") {
				t.Errorf("got %v, want %v", err, tc.want)
			}
		})
	}
}

func TestNormaliseWithdrawal(t *testing.T) {
	c := feeds.Change{Key: "k "}
	if err := Normalise(&c, Policy{Source: "news"}, now); err != nil || c != (feeds.Change{Source: "news", Key: "k"}) {
		t.Errorf("got %+v, %v", c, err)
	}
}

func TestNormaliseReports(t *testing.T) {
	var got []string
	policy := Policy{Source: "news", Report: func(r Rejected) { got = append(got, r.String()) }}
	c := feeds.Change{Key: "k", Wish: strings.Repeat("x", feeds.MaxID+1), Item: &feeds.Item{
		Title: "x", URL: "tag:x", Published: time.Date(12000, 1, 1, 0, 0, 0, 0, time.UTC),
	}}
	if err := Normalise(&c, policy, now); err != nil {
		t.Fatal(err)
	}
	for i, word := range []string{"its ID has 2049 bytes", `its link is no http address and is left out: "tag:x"`, "year 12000"} {
		if len(got) != 3 || !strings.HasPrefix(got[i], "k: repaired: ") || !strings.Contains(got[i], word) {
			t.Fatalf("reports %q", got)
		}
	}
	if c.Wish != "" || !c.Item.Published.IsZero() {
		t.Errorf("got %+v", c)
	}
}

func TestNormaliseTitle(t *testing.T) {
	for _, tc := range []struct {
		name string
		it   feeds.Item
		want string
	}{
		{"its own", feeds.Item{Title: "a", Summary: "b"}, "a"},
		{"of the text", feeds.Item{Content: "<p>" + strings.Repeat("word ", 40) + "</p>"}, strings.TrimSpace(strings.Repeat("word ", 15)) + "…"},
		{"of a sentence", feeds.Item{Summary: strings.Repeat("甲乙丙丁，戊己庚辛。", 9)}, strings.Repeat("甲乙丙丁，戊己庚辛。", 7)},
		{"of the summary", feeds.Item{Title: "<!-- -->", Summary: "b"}, "b"},
		{"of a table", feeds.Item{Content: "<table><td>a<td>b</table>"}, "a b"},
		{"of a file", feeds.Item{Enclosures: []feeds.Enclosure{{URL: "https://example.org/a.mp3", Title: "t"}}}, "t"},
		{"of the link", feeds.Item{URL: "https://example.org/a", Content: "<img src=/b.png>"}, "example.org/a"},
		{"of a picture", feeds.Item{Content: "<img src=https://example.org/b.png>"}, "example.org/b.png"},
		{"of a file's address", feeds.Item{Enclosures: []feeds.Enclosure{{URL: "https://example.org/a.mp3"}}}, "example.org/a.mp3"},
		{"too long", feeds.Item{Title: strings.Repeat("长", 2000)}, strings.Repeat("长", maxTitle-2) + "…"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := feeds.Change{Key: "k", Item: &tc.it}
			if err := Normalise(&c, Policy{}, now); err != nil {
				t.Fatal(err)
			}
			if c.Item.Title != tc.want {
				t.Errorf("got %q, want %q", c.Item.Title, tc.want)
			}
		})
	}
}

func TestNormaliseSummary(t *testing.T) {
	for _, tc := range []struct {
		name             string
		it               feeds.Item
		summary, content string
	}{
		{"stated", feeds.Item{Summary: " a &lt;b&gt;\nc ", Content: "<p>d</p>"}, "a <b> c", "<p>d</p>"},
		{"stated as HTML", feeds.Item{Summary: "<p>a<p>b", Content: "<p>d</p>"}, "a b", "<p>d</p>"},
		{"HTML and no content", feeds.Item{Summary: `<p>a <a href="https://example.org/">b</a></p>`}, "a b", `<p>a <a href="https://example.org/">b</a></p>`},
		{"text and no content", feeds.Item{Summary: "if a < b, use List<String>"}, "if a < b, use List<String>", ""},
		{"of the content", feeds.Item{Content: "<h1>a</h1>b"}, "a b", "<h1>a</h1>b"},
		{"nothing", feeds.Item{Title: "t"}, "", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := feeds.Change{Key: "k", Item: &tc.it}
			if err := Normalise(&c, Policy{}, now); err != nil {
				t.Fatal(err)
			}
			if c.Item.Summary != tc.summary || c.Item.Content != tc.content {
				t.Errorf("got summary %q, content %q", c.Item.Summary, c.Item.Content)
			}
		})
	}
}

func TestNormaliseDates(t *testing.T) {
	at := func(d time.Duration) time.Time { return now.Add(d).In(shanghai) }
	var none time.Time
	for _, tc := range []struct {
		name               string
		published, updated time.Time
		hold               bool
		wantP, wantU       time.Time
	}{
		{"none", none, none, false, none, none},
		{"past", at(-time.Hour), at(-time.Minute), false, at(-time.Hour), at(-time.Minute)},
		{"now", at(0), at(0), false, at(0), at(0)},
		{"a second ahead", at(time.Second), none, false, none, none},
		{"held", at(time.Hour), none, true, at(time.Hour), none},
		{"updated before published", at(-time.Hour), at(-2 * time.Hour), false, at(-time.Hour), none},
		{"updated ahead", at(-time.Hour), at(time.Hour), false, at(-time.Hour), none},
		{"updated alone", none, at(-time.Hour), false, none, at(-time.Hour)},
		{"ahead, but updated before", at(time.Hour), at(-time.Hour), false, none, at(-time.Hour)},
		{"year 0", time.Date(0, 5, 1, 0, 0, 0, 0, time.UTC), none, false, none, none},
		{"year 10000", time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC), none, true, none, none},
		{"zone of seconds", now.In(time.FixedZone("LMT", 8*3600+343)), none, false, now, none},
		{"zone of two days", now.In(time.FixedZone("X", 48*3600)), none, false, now, none},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := feeds.Change{Key: "k", Hold: tc.hold, Item: &feeds.Item{Title: "t", Published: tc.published, Updated: tc.updated}}
			if err := Normalise(&c, Policy{}, now); err != nil {
				t.Fatal(err)
			}
			for _, d := range [][2]time.Time{{c.Item.Published, tc.wantP}, {c.Item.Updated, tc.wantU}} {
				if got, want := d[0].Format(time.RFC3339Nano), d[1].Format(time.RFC3339Nano); got != want {
					t.Errorf("got %s, want %s", got, want)
				}
			}
		})
	}
}

func TestNormaliseLanguage(t *testing.T) {
	for _, tc := range []struct{ own, policy, title, want string }{
		{"zh_CN", "en", "x", "zh-CN"},
		{"EN-us", "", "x", "en-US"},
		{"zh-hant-tw", "", "x", "zh-Hant-TW"},
		{"english", "de", "x", "de"},
		{"und", "", "x", ""},
		{"x-default", "", "x", ""},
		{"*", "", "x", ""},
		{"", "", "港股半导体板块走高 英恒科技涨近8%", "zh"},
		{"", "", "OpenAI 发布 GPT-5 模型", "zh"},
		{"", "", "半導体株が上昇している", "ja"},
		{"", "", "반도체 주가 상승", "ko"},
		{"", "", "Semiconductors rise", ""},
		{"", "", "The word 金融 means finance in Chinese, they say", ""},
		{"", "", "Акции растут", ""},
		{"", "fr", "港股半导体板块走高", "fr"},
	} {
		c := feeds.Change{Key: "k", Item: &feeds.Item{Title: tc.title, Language: tc.own}}
		if err := Normalise(&c, Policy{Language: tc.policy}, now); err != nil {
			t.Fatal(err)
		}
		if c.Item.Language != tc.want {
			t.Errorf("%q, %q, %q: got %q, want %q", tc.own, tc.policy, tc.title, c.Item.Language, tc.want)
		}
	}
}

func TestCleanKey(t *testing.T) {
	long := strings.Repeat("金", 500)
	for _, tc := range []struct{ in, want string }{
		{" https://example.org/?a=1 ", "https://example.org/?a=1"},
		{"a\x00b\u0085c\n", "abc"},
		{"posts/e\u0301.md", "posts/e\u0301.md"}, // the name of a file is not ours to change
		{"posts/\xd6\xd0.md", "posts/%D6%D0.md"},
		{"a b", "a b"},
	} {
		if got := CleanKey(tc.in); got != tc.want {
			t.Errorf("CleanKey(%q) = %q, want %q", tc.in, got, tc.want)
		}
	}
	a, b := CleanKey(long+"a"), CleanKey(long+"b")
	if a == b || len(a) > feeds.MaxKey || CleanKey(a) != a {
		t.Errorf("long keys become %q and %q", a, b)
	}
}

// TestRawHash changes one thing after the other: each is a change of what the source says.
func TestRawHash(t *testing.T) {
	full := func() *feeds.Item {
		return &feeds.Item{
			URL: "u", Original: "o", Title: "t", Summary: "s", Content: "c", Language: "l", Image: "i", Authors: []feeds.Person{{Name: "n"}},
			Categories: []string{"a", "b"}, Tags: []string{"x"}, Enclosures: []feeds.Enclosure{{URL: "e"}}, Published: now, Updated: now,
			Origin: &feeds.Origin{ID: "g"},
		}
	}
	seen := map[uint64]string{rawHash(full()): "full"}
	for name, change := range map[string]func(*feeds.Item){
		"title":               func(it *feeds.Item) { it.Title = "T" },
		"text moved":          func(it *feeds.Item) { it.Title, it.Summary = "ts", "" },
		"categories joined":   func(it *feeds.Item) { it.Categories = []string{"ab"} },
		"categories and tags": func(it *feeds.Item) { it.Categories, it.Tags = []string{"a"}, []string{"b", "x"} },
		"person":              func(it *feeds.Item) { it.Authors[0] = feeds.Person{Email: "n"} },
		"enclosure":           func(it *feeds.Item) { it.Enclosures[0].Length = 1 },
		"width":               func(it *feeds.Item) { it.Enclosures[0].Width = 1 },
		"height":              func(it *feeds.Item) { it.Enclosures[0].Height = 1 },
		"episode":             func(it *feeds.Item) { it.Episode = &feeds.Episode{Number: "1"} },
		"season":              func(it *feeds.Item) { it.Episode = &feeds.Episode{Season: 1} },
		"second":              func(it *feeds.Item) { it.Published = now.Add(time.Second) },
		"zone":                func(it *feeds.Item) { it.Published = now.In(shanghai) },
		"updated":             func(it *feeds.Item) { it.Updated = time.Time{} },
		"origin":              func(it *feeds.Item) { it.Origin = nil },
	} {
		it := full()
		change(it)
		h := rawHash(it)
		if old, ok := seen[h]; ok {
			t.Errorf("%s and %s have the same hash", name, old)
		}
		seen[h] = name
	}
	it := full()
	it.ID, it.Source, it.Arrived, it.Group = "x", "x", now, "x"
	if seen[rawHash(it)] != "full" {
		t.Error("the hash depends on what is not the source's")
	}
	c := feeds.Change{Key: "k", Raw: 7, Item: full()}
	if err := Normalise(&c, Policy{}, now); err != nil || c.Raw != 7 {
		t.Errorf("a stated Raw became %d (%v)", c.Raw, err)
	}
}

func TestNormaliseConcurrently(t *testing.T) {
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := range 50 {
				text := fmt.Sprintf("post %d of %d", i, g)
				c := benchChange("<p>" + text + "<b>")
				if err := Normalise(&c, Policy{Source: "news"}, now); err != nil || c.Item.Content != "<p>"+text+"</p>" || c.Item.Summary != text {
					t.Errorf("got %q, %q, %v", c.Item.Content, c.Item.Summary, err)
				}
			}
		})
	}
	wg.Wait()
}

func FuzzNormalise(f *testing.F) {
	f.Add("k", "Use <div>", "<p>a</p>", "", "c++,金融", "/x", "zh_CN", int64(0))
	f.Add("\xff", "", "<table>a", "<b>x", " ,,\u200b", "http://[::1]", "und", int64(1<<40))
	f.Fuzz(func(t *testing.T, key, title, content, summary, tags, link, lang string, second int64) {
		c := feeds.Change{Key: key, Base: "https://example.org/", Item: &feeds.Item{
			Title: title, Content: content, Summary: summary, Tags: strings.Split(tags, ","), URL: link, Language: lang,
			Authors: []feeds.Person{{Name: title, Email: tags, URL: link}}, Published: time.Unix(second, 0),
		}}
		if err := Normalise(&c, Policy{Source: "news"}, now); err != nil {
			return
		}
		it := c.Item
		if it.Title == "" || c.Raw == 0 || it.Published.After(now) {
			t.Errorf("got %+v", it)
		}
		for _, s := range append([]string{it.Title, it.Summary, it.Language, it.URL, it.Content}, it.Tags...) {
			if clean(s) != s {
				t.Errorf("%q is not clean", s)
			}
		}
		checkHTML(t, it.Content)
	})
}
