package web

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"feedmill/feeds"
)

// fakeStore is a store in memory whose behaviour a test can bend.
type fakeStore struct {
	mu       sync.Mutex
	items    []feeds.Item // newest first
	versions map[feeds.Topic]feeds.Version
	seqs     map[string]uint64 // the order in which items were put
	err      error
	// before runs at the start of each read, outside the lock; nil for nothing.
	before func(ctx context.Context, topic feeds.Topic) error

	reads, lists atomic.Int64
}

var epoch = time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)

// put adds items at a second of the store's clock and returns the topics that moved.
func (f *fakeStore) put(at time.Time, items ...feeds.Item) []feeds.Topic {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.versions == nil {
		f.versions, f.seqs = map[feeds.Topic]feeds.Version{}, map[string]uint64{}
	}
	var moved []feeds.Topic
	for _, it := range items {
		f.items = append(f.items, it)
		f.seqs[it.ID] = uint64(len(f.seqs) + 1)
		for _, m := range feeds.Topics(&it) {
			v := f.versions[m.Topic]
			f.versions[m.Topic] = feeds.Version{Count: v.Count + 1, Changed: at}
			if !slices.Contains(moved, m.Topic) {
				moved = append(moved, m.Topic)
			}
		}
	}
	slices.SortStableFunc(f.items, func(a, b feeds.Item) int { return b.Published.Compare(a.Published) })
	return moved
}

// withdraw takes an item out again.
func (f *fakeStore) withdraw(at time.Time, id string) []feeds.Topic {
	f.mu.Lock()
	defer f.mu.Unlock()
	i := slices.IndexFunc(f.items, func(it feeds.Item) bool { return it.ID == id })
	var moved []feeds.Topic
	for _, m := range feeds.Topics(&f.items[i]) {
		moved = append(moved, m.Topic)
		f.versions[m.Topic] = feeds.Version{Count: f.versions[m.Topic].Count + 1, Changed: at}
	}
	f.items = slices.Delete(f.items, i, i+1)
	return moved
}

func (f *fakeStore) fail(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.err = err
}

func (f *fakeStore) Recent(ctx context.Context, topic feeds.Topic, order feeds.Order, before feeds.Pos, limit int) (feeds.Page, error) {
	f.reads.Add(1)
	if f.before != nil {
		if err := f.before(ctx, topic); err != nil {
			return feeds.Page{}, err
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.err != nil {
		return feeds.Page{}, f.err
	}
	turn := 1
	if order&feeds.Rising != 0 {
		order, turn = order&^feeds.Rising, -1
	}
	page := feeds.Page{Version: f.versions[topic]}
	type placed struct {
		feeds.Item
		at feeds.Pos
	}
	var list []placed
	for _, it := range f.items {
		if slices.ContainsFunc(feeds.Topics(&it), func(m feeds.Membership) bool { return m.Topic == topic }) {
			at := feeds.Pos{Second: it.Published.Unix(), Seq: f.seqs[it.ID]}
			if order == feeds.ByArrival {
				at.Second = it.Arrived.Unix()
			}
			list = append(list, placed{it, at})
		}
	}
	newer := func(a, b feeds.Pos) int {
		return turn * cmp.Or(cmp.Compare(b.Second, a.Second), cmp.Compare(b.Seq, a.Seq))
	}
	slices.SortFunc(list, func(a, b placed) int { return newer(a.at, b.at) })
	for _, p := range list {
		if !before.IsZero() && newer(before, p.at) >= 0 {
			continue
		}
		if len(page.Items) == limit {
			page.Next = page.At[limit-1]
			break
		}
		page.Items, page.At = append(page.Items, p.Item), append(page.At, p.at)
	}
	return page, nil
}

func (f *fakeStore) Topics(context.Context, string) ([]feeds.TopicInfo, error) {
	f.lists.Add(1)
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.err != nil {
		return nil, f.err
	}
	var out []feeds.TopicInfo
	for t, v := range f.versions {
		info := feeds.TopicInfo{Topic: t, Version: v}
		for _, it := range f.items {
			for _, m := range feeds.Topics(&it) {
				if m.Topic == t {
					info.Items++
					info.Label = m.Label
					if it.Published.After(info.Newest) {
						info.Newest = it.Published
					}
				}
			}
		}
		out = append(out, info)
	}
	return out, nil
}

// testFormats write a feed as JSON: enough to see what a document says, and pure.
func testFormats() []feeds.Format {
	encode := func(name string) func(io.Writer, *feeds.Feed) error {
		return func(w io.Writer, f *feeds.Feed) error {
			type item struct {
				ID, Title, Content string
				Published          int64
			}
			out := struct {
				Format, ID, Title, Description, Self, Home, Language, Updated string
				Next, After, PrevArchive, Current                             string
				Archive, Complete                                             bool
				TTL                                                           int
				Items                                                         []item
			}{name, f.ID, f.Title, f.Description, f.Self, f.Home, f.Language, f.Updated.Format(time.RFC3339), f.Next, f.After, f.PrevArchive, f.Current, f.Archive, f.Complete, int(f.TTL.Seconds()), []item{}}
			for _, it := range f.Items {
				out.Items = append(out.Items, item{it.ID, it.Title, it.Content, it.Published.Unix()})
			}
			return json.NewEncoder(w).Encode(out)
		}
	}
	return []feeds.Format{
		{Name: "rss", Suffix: ".rss", MediaType: "application/rss+xml", Charset: true, Encode: encode("rss")},
		{Name: "atom", Suffix: ".atom", MediaType: "application/atom+xml", Charset: true, Encode: encode("atom")},
		{Name: "json", Suffix: ".json", MediaType: "application/feed+json", Encode: encode("json")},
	}
}

// post makes an item; the number tells posts apart and dates them.
func post(n int, labels ...string) feeds.Item {
	at := epoch.Add(time.Duration(n) * time.Minute)
	return feeds.Item{
		ID: fmt.Sprintf("urn:x:%d", n), Source: "site", URL: fmt.Sprintf("https://site.example/p/%d", n),
		Title: fmt.Sprintf("Post %d", n), Summary: "What post is about.", Content: fmt.Sprintf("<p>Text of post %d.</p>", n),
		Categories: labels, Published: at, Updated: at, Arrived: at,
	}
}

func posts(from, to int, labels ...string) (out []feeds.Item) {
	for n := from; n <= to; n++ {
		out = append(out, post(n, labels...))
	}
	return out
}

func testSite() Site {
	return Site{
		BaseURL: "https://feeds.example", Title: "Example", Language: "en", Instance: "3f1c",
		Sources: map[string]feeds.About{"site": {Title: "The Site"}, "other": {Title: "Other"}},
	}
}

// rig is a server on a real listener before a store in memory.
type rig struct {
	*testing.T
	store *fakeStore
	web   *Server
	http  *httptest.Server
	now   atomic.Int64
}

// newRig starts a server an hour after epoch; the store holds three posts of an hour before.
func newRig(t *testing.T, change ...func(*Site, *Options)) *rig {
	r := &rig{T: t, store: &fakeStore{}}
	r.now.Store(epoch.Add(time.Hour).Unix())
	r.store.put(epoch, posts(1, 3, "Go", "c#")...)
	site, opts := testSite(), Options{Now: func() time.Time { return time.Unix(r.now.Load(), 0) }}
	for _, f := range change {
		f(&site, &opts)
	}
	var err error
	if r.web, err = New(r.store, testFormats(), site, opts); err != nil {
		t.Fatal(err)
	}
	r.http = httptest.NewUnstartedServer(nil)
	r.http.Config = NewHTTPServer(r.web.Handler())
	r.http.Start()
	t.Cleanup(func() {
		r.http.Close()
		r.web.Close()
	})
	return r
}

// answer is what came back, the body as it came over the wire.
type answer struct {
	*http.Response
	body string
}

var wire = &http.Client{
	Transport:     &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 100},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	Timeout:       time.Minute,
}

// do sends a request; fields are "Name: value".
func (r *rig) do(method, path string, fields ...string) answer {
	r.Helper()
	req, err := http.NewRequest(method, r.http.URL+path, nil)
	if err != nil {
		r.Fatal(err)
	}
	for _, f := range fields {
		name, value, _ := strings.Cut(f, ": ")
		req.Header.Add(name, value)
	}
	resp, err := wire.Do(req)
	if err != nil {
		r.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		r.Fatal(err)
	}
	return answer{resp, string(b)}
}

func (r *rig) get(path string, fields ...string) answer {
	r.Helper()
	return r.do("GET", path, fields...)
}

// want checks status and, in pairs, header fields.
func (r *rig) want(a answer, status int, pairs ...string) {
	r.Helper()
	if a.StatusCode != status {
		r.Errorf("%s %s: status %d, want %d; body %.200q", a.Request.Method, a.Request.URL, a.StatusCode, status, a.body)
	}
	for i := 0; i < len(pairs); i += 2 {
		if got := strings.Join(a.Header.Values(pairs[i]), ", "); got != pairs[i+1] {
			r.Errorf("%s %s: %s is %q, want %q", a.Request.Method, a.Request.URL, pairs[i], got, pairs[i+1])
		}
	}
}

// doc decodes a feed of testFormats.
func (a answer) doc(t testing.TB) (d struct {
	Format, ID, Title, Description, Self, Home, Language, Updated string
	Next, After, PrevArchive, Current                             string
	Archive, Complete                                             bool
	TTL                                                           int
	Items                                                         []testItem
},
) {
	t.Helper()
	if err := json.Unmarshal([]byte(a.body), &d); err != nil {
		t.Fatalf("decode %.200q: %v", a.body, err)
	}
	return d
}

type testItem struct {
	ID, Title, Content string
	Published          int64
}

func ids[T any](items []T, id func(T) string) string {
	out := make([]string, len(items))
	for i, it := range items {
		out[i] = cmp.Or(id(it), "?")
	}
	return strings.Join(out, " ")
}

// listed is a store whose list of topics is made up.
type listed struct {
	*fakeStore
	infos []feeds.TopicInfo
}

func (l listed) Topics(context.Context, string) ([]feeds.TopicInfo, error) { return l.infos, nil }

func (f *fakeStore) Get(_ context.Context, ids ...string) (out []feeds.Item, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, id := range ids {
		if i := slices.IndexFunc(f.items, func(it feeds.Item) bool { return it.ID == id }); i >= 0 {
			out = append(out, f.items[i])
		}
	}
	return out, f.err
}
