package app

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"feedmill/cache"
	"feedmill/cache/embedded"
	"feedmill/cmd/internal/config"
	"feedmill/feeds"
	"feedmill/feeds/atom"
	"feedmill/feeds/push"
	"feedmill/sources"
)

// broken is a store that fails while err is set.
type broken struct {
	cache.Store
	err error
}

func (b *broken) Read(ctx context.Context, bucket string, keys ...string) (map[string][]byte, error) {
	if b.err != nil {
		return nil, b.err
	}
	return b.Store.Read(ctx, bucket, keys...)
}

// replica is an App with a health of its own; its sources are what the test says.
func replica(store cache.Store, now *[]sources.Status, names ...string) *App {
	a := &App{store: store, log: slog.New(slog.DiscardHandler), opts: Options{Formats: []feeds.Format{atom.Format}}, lists: "known", cfg: &config.Config{}}
	a.site.BaseURL, a.site.Instance, a.site.Since = "https://feeds.example", "test", time.Unix(1_700_000_000, 0)
	for _, name := range names {
		a.effectiveNow = append(a.effectiveNow, config.Source{Name: name})
	}
	a.health = &health{a: a, status: func() []sources.Status { return *now }, targets: func() []push.Status { return nil }}
	return a
}

type statusFeed struct {
	Updated time.Time `xml:"updated"`
	Entries []struct {
		ID       string    `xml:"id"`
		Title    string    `xml:"title"`
		Updated  time.Time `xml:"updated"`
		Content  string    `xml:"content"`
		Category []struct {
			Term string `xml:"term,attr"`
		} `xml:"category"`
	} `xml:"entry"`
}

func feedOf(t *testing.T, a *App) (f statusFeed, titles string) {
	t.Helper()
	w := httptest.NewRecorder()
	a.health.statusFeed(w, httptest.NewRequest("GET", "/status.atom", nil))
	if err := xml.Unmarshal(w.Body.Bytes(), &f); err != nil || w.Code != 200 || w.Header().Get("Content-Type") != atom.Format.ContentType() {
		t.Fatalf("%d %v %v %s", w.Code, err, w.Header(), w.Body)
	}
	seen := map[string]bool{}
	for _, e := range f.Entries {
		titles += e.Title + "; "
		if seen[e.ID] || !strings.HasPrefix(e.ID, "urn:uuid:") || !strings.Contains(e.Content, "Next:") || e.Updated.IsZero() {
			t.Errorf("entry %+v", e)
		}
		seen[e.ID] = true
	}
	r := httptest.NewRequest("GET", "/status.atom", nil)
	r.Header.Set("If-None-Match", w.Header().Get("ETag"))
	again := httptest.NewRecorder()
	if a.health.statusFeed(again, r); again.Code != http.StatusNotModified {
		t.Errorf("asked again: %d", again.Code)
	}
	return f, titles
}

// TestHealth: each trouble is told once, by whichever replica sees it, across restarts, and its end once.
func TestHealth(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, err := embedded.OpenTemp(t.TempDir(), embedded.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer store.Close()
		start := time.Now()
		st := sources.Status{Name: "a <b>", State: "waiting", Location: "https://a.example/?x&y", LastOK: start}
		var here, there []sources.Status
		one, two := replica(store, &here, st.Name, "other"), replica(store, &there, st.Name, "other")
		told := ""
		step := func(what string, wait time.Duration, change func(), more string) {
			t.Helper()
			time.Sleep(wait)
			change()
			here, there = []sources.Status{st}, []sources.Status{{Name: st.Name, State: "elsewhere"}}
			for range 2 {
				for _, a := range []*App{one, two, replica(store, &here, st.Name, "other")} { // the third was just started
					a.health.look(t.Context())
				}
			}
			told = more + told
			for _, a := range []*App{one, two} {
				if _, got := feedOf(t, a); got != told {
					t.Errorf("%s: got %q, want %q", what, got, told)
				}
			}
			there, here = here, there // it moves to the other replica
			one, two = two, one
		}
		step("all is well", 0, func() {}, "")
		step("a failure", time.Minute, func() { st.State, st.Failures, st.Error = "failing", 1, "500 <x>" }, "")
		step("three, soon after", time.Minute, func() { st.Failures = 3 }, "")
		step("they last", downFor, func() { st.Failures = 4 }, "source a <b> is down; ")
		step("they go on", time.Hour, func() { st.Failures, st.Error = 5, "another" }, "")
		step("it is back", time.Hour, func() { st.State, st.Failures, st.LastOK = "waiting", 0, time.Now() }, "source a <b> is back; ")
		step("it drifts", time.Hour, func() { st.State, st.Failures, st.Drift, st.Error = "failing", 1, true, "items: li matches nothing" }, "source a <b> has changed its form; ")
		step("for long", 2*time.Hour, func() { st.Failures = 9 }, "")
		step("it is adjusted", time.Hour, func() { st.State, st.Failures, st.Drift, st.LastOK = "waiting", 0, false, time.Now() }, "source a <b> is back; ")
		step("withdrawals", time.Hour, func() { st.State, st.Withheld = "held", &sources.Withheld{Gone: 30, Items: 31} }, "source a <b>: changes are held; ")
		step("one more", time.Hour, func() { st.Withheld = &sources.Withheld{Gone: 31, Items: 31} }, "")
		step("released", time.Hour, func() { st.State, st.Withheld = "waiting", nil }, "")
		step("churn", time.Hour, func() { st.State, st.Churn = "held", &sources.Churn{Items: 7} }, "source a <b>: changes are held; ")
		step("absorbed", time.Hour, func() { st.State, st.Churn = "waiting", nil }, "")
		step("silent", time.Hour, func() {
			st.Silent, st.Traffic, st.Cadence, st.Newest = true, &sources.Traffic{}, sources.Duration(time.Hour), start
		}, "source a <b> is silent; ")
		step("news", time.Hour, func() { st.Silent = false }, "")
		step("gone", time.Hour, func() { st.State = "gone" }, "source a <b> is gone for good; ")
		step("out of the configuration", time.Hour, func() {
			one.effectiveNow, two.effectiveNow = one.effectiveNow[1:], two.effectiveNow[1:]
			st.Name = "other"
			st.State = "waiting"
		}, "")
		f, _ := feedOf(t, one)
		if e := f.Entries[len(f.Entries)-1]; e.Category[0].Term != "down" || !strings.Contains(e.Content, "500 &lt;x&gt;") || !strings.Contains(e.Content, "https://a.example/?x&amp;y") {
			t.Errorf("the first entry is %+v", e)
		}
		if f.Updated != f.Entries[0].Updated {
			t.Errorf("updated %v", f.Updated)
		}
	})
}

// TestHealthOfStore: a store that fails for longer is told while it does, by the same entry as afterwards.
func TestHealthOfStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		inner, err := embedded.OpenTemp(t.TempDir(), embedded.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer inner.Close()
		store := &broken{Store: inner}
		one, two := replica(store, new([]sources.Status)), replica(store, new([]sources.Status))
		look := func(d time.Duration) {
			for end := time.Now().Add(d); time.Now().Before(end); time.Sleep(healthEvery) {
				one.health.look(t.Context())
				two.health.look(t.Context())
			}
		}
		look(time.Minute)
		store.err = errors.New("connection refused")
		look(degradedFor - healthEvery)
		store.err = nil
		look(time.Minute)
		if _, got := feedOf(t, one); got != "" {
			t.Errorf("a short failure: %q", got)
		}
		store.err = errors.New("connection refused")
		look(2 * degradedFor)
		during, got := feedOf(t, one)
		if got != "the store does not answer; " {
			t.Errorf("during: %q", got)
		}
		store.err = nil
		look(time.Minute)
		for _, a := range []*App{one, two, replica(store, new([]sources.Status))} {
			after, got := feedOf(t, a)
			if got != "the store answers again; the store does not answer; " || after.Entries[1].ID != during.Entries[0].ID {
				t.Errorf("after: %q", got)
			}
		}
	})
}

// TestHealthIsBounded: the newest events stay, and however many sources there are, the note fits into the store.
func TestHealthIsBounded(t *testing.T) {
	synctest.Test(t, healthIsBounded) // where a slow machine runs into no time limit
}

func healthIsBounded(t *testing.T) {
	store, err := embedded.OpenTemp(t.TempDir(), embedded.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	var list []sources.Status
	var names []string
	for i := range maxTroubles + 500 {
		names = append(names, fmt.Sprintf("%s%d", strings.Repeat("名", 60), i))
		list = append(list, sources.Status{Name: names[i], State: "failing", Failures: 3, Error: strings.Repeat("错", 5000), Location: strings.Repeat("x", 5000)})
	}
	a := replica(store, &list, names...)
	a.health.look(t.Context())
	f, _ := feedOf(t, a)
	if len(f.Entries) != maxEvents || !strings.HasSuffix(f.Entries[0].Title, fmt.Sprintf("名%d is down", maxTroubles-1)) {
		t.Errorf("%d entries, the newest %s", len(f.Entries), f.Entries[0].Title)
	}
	for i := range list {
		list[i].Failures, list[i].State, list[i].LastOK = 0, "waiting", time.Now()
	}
	a.health.look(t.Context())
	if n := len(a.health.note.Open); n != 0 {
		t.Errorf("%d troubles last", n)
	}
}
