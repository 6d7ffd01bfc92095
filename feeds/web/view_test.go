package web

import (
	"context"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"feedmill/feeds"
)

func (a answer) ids(t testing.TB) string {
	t.Helper()
	return ids(a.doc(t).Items, func(i testItem) string { return strings.TrimPrefix(i.ID, "urn:x:") })
}

// filtered is a rig with posts that filters tell apart.
func filtered(t *testing.T, change ...func(*Site, *Options)) *rig {
	r := newRig(t, change...)
	mk := func(n int, title, lang, author string, tags ...string) feeds.Item {
		it := post(n, "Mix")
		it.Title, it.Language, it.Tags, it.Source = title, lang, tags, "other"
		it.Authors = []feeds.Person{{Name: author}}
		return it
	}
	r.store.put(epoch,
		mk(10, "Chips from the harbour", "en", "Ann Lee", "chips", "harbour"),
		mk(11, "芯片要闻", "zh-CN", "张三", "芯片"),
		mk(12, "半导体与广告", "zh", "张三", "半导体", "芯片"),
		mk(13, "New chips, cheap chips", "en-GB", "Bo", "Chips", "go/redis"),
		mk(14, "A/B", "", "Bo", "a,b & c"),
	)
	return r
}

func TestFilters(t *testing.T) {
	r := filtered(t)
	for query, want := range map[string]string{
		"q=chips":                             "13 10",
		"q=CHIPS+-harbour":                    "13",
		"q=%22chips+from%22":                  "10",
		"q=芯片":                                "12 11",
		"tag=chips":                           "13 10",
		"tag=Chips&lang=en":                   "13 10",
		"tag=chips&lang=en-gb":                "13",
		"tag=芯片&tag=半导体":                      "12 11",
		"tag=芯片&tag=半导体&not=广告":               "11",
		"tag=go":                              "13", // go/redis is in go
		"tag=a%2Cb+%26+c":                     "14",
		"category=mix&author=张三&lang=zh":      "12 11",
		"author=lee":                          "10",
		"source=site":                         "3 2 1",
		"source=other&limit=2":                "14 13",
		"category=go&category=mix&limit=6":    "14 13 12 11 10 3",
		"tag=chips&category=go":               "",
		"tag=never-seen":                      "",
		"q=nothing+has+this":                  "",
		"since=2026-03-01&limit=2":            "14 13",
		"since=2026-03-02":                    "",
		"since=1h":                            "14 13 12 11 10 3 2 1",
		"q=&tag=&limit=1&since=&category=%20": "14",
	} {
		a := r.get("/feed.json?" + query)
		r.want(a, 200, "Last-Modified", "")
		if a.Header.Get("ETag") == "" || strings.Contains(a.Header.Get("Link"), "hub") {
			t.Errorf("%s: headers %v", query, a.Header)
		}
		if got := a.ids(t); got != want {
			t.Errorf("%s: got %q, want %q", query, got, want)
		}
		r.want(r.get("/feed.json?"+query, "If-None-Match: "+a.Header.Get("ETag")), 304)
	}
	if got := r.get("/category/mix.rss?tag=harbour").ids(t); got != "10" {
		t.Errorf("of a category: %q", got)
	}
	if got := r.get("/category/go.rss?tag=harbour").ids(t); got != "" {
		t.Errorf("of another category: %q", got)
	}
	r.want(r.get("/category/never.rss?tag=harbour"), 404)
}

func TestFilterWithoutAListOfTopics(t *testing.T) {
	r := filtered(t)
	r.web.store = unlisted{r.store}
	if got := r.get("/category/mix.rss?tag=harbour&lang=en").ids(t); got != "10" {
		t.Errorf("got %q", got)
	}
}

type unlisted struct{ *fakeStore }

func (unlisted) Topics(context.Context, string) ([]feeds.TopicInfo, error) { return nil, errDown }

// TestViewSelf: the self link is the canonical spelling, and all spellings are one document.
func TestViewSelf(t *testing.T) {
	r := filtered(t)
	want := r.get("/feed.atom?q=chips+harbour&tag=chips&tag=harbour&lang=en&limit=3")
	const self = "https://feeds.example/feed.atom?q=chips+harbour&tag=chips&tag=harbour&lang=en&limit=3"
	if d := want.doc(t); d.Self != self || d.Home != strings.Replace(self, ".atom", "", 1) {
		t.Errorf("self %q, home %q", d.Self, d.Home)
	}
	r.want(want, 200, "Link", "<"+self+`>; rel="self"; type="application/atom+xml"`)
	reads := r.store.reads.Load()
	for _, query := range []string{
		"tag=harbour&tag=CHIPS&q=chips++harbour&lang=EN&limit=3", "limit=3&_=9&utm_source=x&tag=harbour&tag=chips&tag=chips&lang=en&q=chips+harbour&dates=source&content=full",
	} {
		a := r.get("/feed.atom?" + query)
		r.want(a, 200, "ETag", want.Header.Get("ETag"))
		if a.body != want.body {
			t.Errorf("%s: other bytes", query)
		}
	}
	if r.store.reads.Load() != reads {
		t.Error("another spelling was rendered again")
	}
	clean := r.get("/feed.atom")
	r.want(r.get("/feed.atom?fbclid=1&gclid=2&_=3&utm_campaign=4"), 200, "ETag", clean.Header.Get("ETag"))
	if want.doc(t).ID == clean.doc(t).ID {
		t.Error("a filtered feed has the ID of the whole one")
	}
	if !strings.Contains(want.doc(t).Title, "chips harbour") {
		t.Errorf("title %q does not say what is filtered", want.doc(t).Title)
	}
}

func TestViewErrors(t *testing.T) {
	r := filtered(t)
	for query, want := range map[string][]string{
		"q=%22open":            {`"q"`, `"a phrase"`},
		"not=-x":               {`"not"`, "minus"},
		"since=yesterday":      {`"since"`, "24h", "7d", "2026-11-01"},
		"since=1.5h":           {`"since"`, "24h"},
		"since=0d":             {`"since"`},
		"since=99999h":         {`"since"`},
		"after=1":              {`"after"`, "_feedmill"},
		"after=zz.zz.zz":       {`"after"`},
		"before=x":             {`"before"`, "next page"},
		"before=0.0":           {`"before"`},
		"before=a.1&after=a.1": {`"before"`, `"after"`},
		"limit=1001":           {`"limit"`, "1000"},
		"limit=many":           {`"limit"`},
		"dates=published":      {`"dates"`, "arrival or source"},
		"content=none":         {`"content"`, "summary or full"},
		"tags=x":               {`"tags"`, "q, category, tag"},
		"q=" + long(1001):      {`"q"`, "1000"},
		"tag=" + strings.Repeat("x&tag=y", 1) + manyTags(60): {`"tag"`, "50"},
	} {
		for _, path := range []string{"/feed.rss?", "/category/mix?", "/category/MIX.json?"} {
			a := r.get(path + query)
			r.want(a, 400, "Cache-Control", "no-store", "ETag", "")
			for _, w := range want {
				if !strings.Contains(html.UnescapeString(a.body), w) {
					t.Errorf("%s%.40s: %q does not say %s", path, query, a.body, w)
				}
			}
		}
	}
}

func manyTags(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "&tag=t%d", i)
	}
	return b.String()
}

func TestViewPage(t *testing.T) {
	r := filtered(t)
	a := r.get("/category/mix?hl=en&tag=chips&limit=1")
	r.want(a, 200, "Content-Type", "text/html; charset=utf-8")
	for _, want := range []string{
		"New chips, cheap chips", "tag: chips", `href="https://feeds.example/category/mix.rss?tag=chips&amp;limit=1"`,
		`rel="next" href="/category/mix?hl=en&amp;tag=chips&amp;before=`, "/feed subscribe https://feeds.example/category/mix.rss?tag=chips&amp;limit=1&amp;dates=arrival",
		`hl=zh`,
	} {
		if !strings.Contains(a.body, want) {
			t.Errorf("the page lacks %q: %s", want, a.body)
		}
	}
	if strings.Contains(a.body, "Chips from the harbour") {
		t.Error("the page shows more than the limit")
	}
	if a = r.get("/category/mix?hl=en&tag=none"); !strings.Contains(a.body, "No post matches now") {
		t.Error("an empty filter says nothing")
	}
	if a = r.get("/category/mix?hl=en"); !strings.Contains(a.body, "mix.rss?dates=arrival") {
		t.Error("the line for Slack is not that of arrival")
	}
}

func TestViewRedirects(t *testing.T) {
	r := filtered(t, func(s *Site, _ *Options) { s.Redirects = map[string]Redirect{"/tag/ic": {To: "/tag/chips"}} })
	r.want(r.get("/tag/ic.rss?limit=2&q=x&_=1"), 301, "Location", "/tag/chips.rss?q=x&limit=2")
	r.want(r.get("/tag/Chips?limit=2&hl=zh"), 301, "Location", "/tag/chips?hl=zh&limit=2")
	a := r.get("/feed.json?tag=IC")
	if got := a.ids(t); got != "13 10" || !strings.HasSuffix(a.doc(t).Self, "?tag=chips") {
		t.Errorf("another spelling of a label finds %q under %s", got, a.doc(t).Self)
	}
}

func TestViewChanges(t *testing.T) {
	r := filtered(t)
	paths := []string{"/feed.rss?tag=chips", "/tag/chips?hl=en&q=chips", "/feed.rss?tag=harbour"}
	for _, p := range paths {
		r.want(r.get(p), 200)
	}
	reads := r.store.reads.Load()
	it := post(20)
	it.Title, it.Tags = "More chips", []string{"chips"}
	r.web.Changed(r.store.put(epoch.Add(time.Minute), it)...)
	for i, p := range paths {
		if got := strings.Contains(r.get(p).body, "More chips"); got != (i < 2) {
			t.Errorf("%s shows the new post: %v", p, got)
		}
	}
	if n := r.store.reads.Load() - reads; n < 2 || n > 4 {
		t.Errorf("%d reads for two documents", n)
	}
	r.store.fail(errDown)
	r.web.Reset()
	for _, p := range paths {
		r.want(r.get(p), 200)
	}
	r.want(r.get("/feed.rss?tag=go"), 503, "Cache-Control", "no-store")
}

// TestViewSince: what time takes out of a document leaves it without a change of the store.
func TestViewSince(t *testing.T) {
	r := newRig(t) // an hour after epoch, with posts of the first three minutes
	r.now.Store(epoch.Add(3 * time.Hour).Unix())
	if got := r.get("/feed.rss?since=3h").ids(t); got != "3 2 1" {
		t.Errorf("in the hour: %q", got)
	}
	r.now.Store(epoch.Add(4*time.Hour - time.Second).Unix())
	a := r.get("/feed.rss?since=3h")
	r.now.Store(epoch.Add(4 * time.Hour).Unix())
	b := r.get("/feed.rss?since=3h")
	if a.ids(t) != "3 2 1" || b.ids(t) != "" || a.Header.Get("ETag") == b.Header.Get("ETag") {
		t.Errorf("before the hour %q, after it %q", a.ids(t), b.ids(t))
	}
}

func TestContentSummary(t *testing.T) {
	r := newRig(t)
	if a := r.get("/feed.rss?content=summary"); strings.Contains(a.body, "Text of post") || a.ids(t) != "3 2 1" {
		t.Errorf("content is there: %s", a.body)
	}
	if a := r.get("/feed.rss"); !strings.Contains(a.body, "Text of post") {
		t.Error("the whole feed lost its content")
	}
}

func TestArrival(t *testing.T) {
	r := newRig(t)
	at := epoch.Add(time.Hour)
	var burst []feeds.Item
	for n := 101; n <= 104; n++ { // old posts that come in now, within one second
		it := post(n - 200)
		it.ID, it.Arrived = fmt.Sprintf("urn:x:%d", n), at
		burst = append(burst, it)
	}
	r.web.Changed(r.store.put(at, burst...)...)
	r.now.Store(at.Unix() + 1)
	show := func() (string, []testItem) {
		a := r.get("/feed.rss?dates=arrival")
		r.want(a, 200)
		return a.ids(t), a.doc(t).Items
	}
	got, items := show()
	if got != "102 101 3 2 1" || items[0].Published != at.Unix()+1 || items[1].Published != at.Unix() || items[2].Published != epoch.Unix()+180 {
		t.Errorf("a second later: %s %v", got, items)
	}
	r.now.Store(at.Unix() + 2)
	if got, items = show(); got != "103 102 101 3 2 1" || items[0].Published != at.Unix()+2 {
		t.Errorf("two seconds later: %s %v", got, items)
	}
	later := post(7)
	later.ID, later.Arrived = "urn:x:105", at.Add(2*time.Second)
	r.web.Changed(r.store.put(at, later)...)
	r.now.Store(at.Unix() + 60)
	if got, items = show(); got != "105 104 103 102 101 3 2 1" || items[0].Published != at.Unix()+4 {
		t.Errorf("at last: %s %v", got, items)
	}
	if got := r.get("/feed.rss").ids(t); !strings.HasPrefix(got, "105 3 2 1") {
		t.Errorf("the plain feed has another order: %s", got)
	}
}

// TestArrivalDates: dates fall, none is ahead of now, none of a later burst moves when older items go out of sight.
func TestArrivalDates(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		n := rapid.IntRange(0, 60).Draw(rt, "items")
		now := epoch.Add(time.Hour)
		items := make([]feeds.Item, n)
		at := now.Unix() - int64(rapid.IntRange(0, 5).Draw(rt, "age"))
		for i := range items {
			items[i].ID = fmt.Sprint(i)
			items[i].Arrived = time.Unix(at, 0)
			items[i].Published = items[i].Arrived.Add(-time.Hour)
			at -= int64(rapid.SampledFrom([]int{0, 0, 0, 1, 1, 2, 30}).Draw(rt, "gap"))
		}
		f := &found{items: append([]feeds.Item{}, items...), at: make([]feeds.Pos, n)}
		f.date(now, false)
		shown := map[string]int64{}
		for i, it := range f.items {
			s := it.Published.Unix()
			if s > now.Unix() || i > 0 && s >= f.items[i-1].Published.Unix() {
				rt.Fatalf("item %d has second %d", i, s-now.Unix())
			}
			shown[it.ID] = s
		}
		if len(f.items) < n && f.until <= now.Unix() {
			rt.Fatalf("items wait until %d", f.until-now.Unix())
		}
		for _, it := range items { // each waits no longer than all that came with it
			if s, ok := shown[it.ID]; ok && (s < it.Arrived.Unix() || s > it.Arrived.Unix()+int64(n)) {
				rt.Fatalf("item %s arrived at %d and has %d", it.ID, it.Arrived.Unix(), s)
			}
		}
		later := &found{items: append([]feeds.Item{}, items...), at: make([]feeds.Pos, n)}
		later.date(now.Add(time.Hour), false)
		for _, it := range later.items {
			if s, ok := shown[it.ID]; ok && s != it.Published.Unix() {
				rt.Fatalf("item %s had second %d and has %d an hour later", it.ID, s, it.Published.Unix())
			}
		}
	})
}

// TestNextAndBefore walks the pages of feeds and views: each item once.
func TestNextAndBefore(t *testing.T) {
	r := newRig(t)
	var items []feeds.Item
	for n := 10; n < 90; n++ {
		it := post(n, fmt.Sprint("kind ", n%3))
		it.Published = epoch.Add(time.Duration(n/7) * time.Second) // many of one second
		it.Arrived = it.Published
		items = append(items, it)
	}
	r.store.put(epoch, items...)
	for start, want := range map[string]int{
		"/feed.json": 83, "/feed.json?limit=7": 83, "/feed.atom?category=kind-1&category=kind-2&limit=9": 54, "/feed.rss?dates=arrival&limit=11": 83,
		"/category/kind-0.json?limit=5&q=post": 26,
	} {
		seen := map[string]bool{}
		pages := 0
		for at := start; at != ""; pages++ {
			a := r.get(at)
			r.want(a, 200)
			d := a.doc(t)
			for _, it := range d.Items {
				if seen[it.ID] {
					t.Fatalf("%s: item %s twice", start, it.ID)
				}
				seen[it.ID] = true
			}
			if at = ""; d.Next != "" {
				u, err := url.Parse(d.Next)
				if err != nil || u.Host != "feeds.example" || d.Next == d.Self {
					t.Fatalf("next is %q", d.Next)
				}
				at = u.RequestURI()
			}
		}
		if len(seen) != want || pages < 2 {
			t.Errorf("%s: %d items on %d pages, want %d", start, len(seen), pages, want)
		}
	}
}

// TestAfter polls with cursors: nothing is missed, however small the pages are.
func TestAfter(t *testing.T) {
	r := newRig(t)
	cursor := r.get("/feed.json").doc(t).After
	n := 100
	add := func(count int, second int) {
		var items []feeds.Item
		for range count {
			it := post(n - 300) // published long ago
			n++
			it.ID, it.Arrived = fmt.Sprintf("urn:x:%d", n), epoch.Add(time.Hour+time.Duration(second)*time.Second)
			items = append(items, it)
		}
		r.web.Changed(r.store.put(epoch.Add(time.Hour), items...)...)
	}
	seen := map[string]bool{}
	poll := func() {
		for range 50 {
			a := r.get("/feed.json?limit=3&after=" + cursor)
			r.want(a, 200)
			d := a.doc(t)
			for _, it := range d.Items {
				seen[it.ID] = true
			}
			if d.After == cursor {
				return
			}
			cursor = d.After
		}
		t.Fatal("the cursor never rests")
	}
	for i, count := range []int{1, 0, 20, 2, 7} {
		add(count, 60*i)
		poll()
		if len(seen) != n-100+1 && len(seen) != n-100 { // the post of the cursor itself may come again
			t.Errorf("after round %d: %d of %d", i, len(seen), n-100)
		}
	}
	for i := 101; i <= n; i++ {
		if !seen[fmt.Sprintf("urn:x:%d", i)] {
			t.Errorf("item %d was missed", i)
		}
	}
	tag := r.get("/feed.json?after=" + cursor).Header.Get("ETag")
	r.want(r.get("/feed.json?after="+cursor, "If-None-Match: "+tag), 304)
}

// TestFlood: random filters are made few at a time, and push out no feed that is read.
func TestFlood(t *testing.T) {
	r := filtered(t, func(_ *Site, o *Options) { o.Memory = 256 << 10 })
	warm := []string{"/feed.rss", "/category/go.rss", "/category/mix.atom"}
	for _, p := range warm {
		r.want(r.get(p), 200)
	}
	renders := r.web.Stats().Renders
	for i := range 300 {
		r.want(r.get(fmt.Sprintf("/feed.rss?q=word%d", i)), 200)
	}
	for _, p := range warm {
		r.want(r.get(p), 200)
	}
	if n := r.web.Stats().Renders - renders; n != 300 {
		t.Errorf("%d documents were rendered, want 300: feeds had to be made again", n)
	}
	if size := r.web.side.WeightedSize(); size > 256<<10/sideShare {
		t.Errorf("views take %d bytes", size)
	}

	gate := make(chan struct{})
	var mu sync.Mutex
	now, most := 0, 0
	var open atomic.Bool // for one topic
	r.store.before = func(_ context.Context, topic feeds.Topic) error {
		if open.Load() && topic.Name == "go" {
			return nil
		}
		mu.Lock()
		now++
		most = max(most, now)
		mu.Unlock()
		<-gate
		mu.Lock()
		now--
		mu.Unlock()
		return nil
	}
	var wg sync.WaitGroup
	status := make(chan int, 100)
	for i := range 60 {
		wg.Go(func() { status <- r.get(fmt.Sprintf("/feed.rss?q=other%d", i)).StatusCode })
	}
	busy := 0
	for range 60 - maxWalks - maxQueued {
		if s := <-status; s != http.StatusServiceUnavailable {
			t.Errorf("status %d before any could be made", s)
		} else {
			busy++
		}
	}
	a := r.get("/feed.rss?q=one+more")
	r.want(a, 503, "Retry-After", "5", "Cache-Control", "no-store")
	r.want(r.get("/feed.rss"), 200) // what is warm never waits
	open.Store(true)
	for _, path := range []string{"/category/go.rss?dates=arrival", "/category/go.rss?limit=1", "/archive/2026-03/category/go.rss"} {
		r.want(r.get(path), 200) // nor does what looks at few items
	}
	close(gate)
	wg.Wait()
	if most > maxWalks {
		t.Errorf("%d filters at once", most)
	}
	if busy != 60-maxWalks-maxQueued {
		t.Errorf("%d were told to come again", busy)
	}
}

func FuzzView(f *testing.F) {
	for _, s := range []string{"q=a+-b&tag=x&tag=y", "since=3d&limit=7", "after=a.b", "before=-1.0&dates=arrival", "q=%22a", "content=summary&lang=zh-CN&author=%C3%84"} {
		f.Add(s)
	}
	cfg, err := newConfig(testSite(), testFormats())
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		q, err := query(raw, viewParams...)
		if err != nil {
			return
		}
		v, err := cfg.parseView(q)
		if err != nil {
			return
		}
		q, err = query(v.query, viewParams...)
		if err != nil {
			t.Fatalf("%q is spelt %q: %v", raw, v.query, err)
		}
		again, err := cfg.parseView(q)
		if err != nil || again.query != v.query {
			t.Fatalf("%q is spelt %q and then %q (%v)", raw, v.query, again.query, err)
		}
	})
}
