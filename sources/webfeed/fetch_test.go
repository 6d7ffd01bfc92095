package webfeed

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"feedmill/sources"
)

func TestEmitsDifferencesOnly(t *testing.T) {
	o := newOrigin(t, channel(item("2", "two"), item("1", "one")))
	s := newSession(t, o.URL+"/feed")
	res := s.must()
	if s.keys() != "1 2" || res.Note != "200, 2 items, 2 new or changed" {
		t.Errorf("first: %q, %q; want the oldest first", s.keys(), res.Note)
	}
	if s.about == nil || s.about.Title != "T" {
		t.Errorf("about %+v", s.about)
	}
	o.body = channel(item("3", "three"), item("2", "TWO"), item("1", "one"))
	first := s.changes
	s.must()
	if s.keys() != "2 3" {
		t.Errorf("second: %q, want the edited and the new entry", s.keys())
	}
	if s.changes[0].Raw == first[1].Raw {
		t.Error("an edited entry kept its raw hash")
	}
	o.body = channel(item("3", "three"))
	if s.must(); s.keys() != "" {
		t.Errorf("what left the window was stated: %q", s.keys())
	}
	o.body = channel(item("3", "three"), item("1", "one"))
	if s.must(); s.keys() != "" {
		t.Errorf("what came back unchanged was stated: %q", s.keys())
	}
}

func TestFeedsThatBeginWithTheOldest(t *testing.T) {
	old := `<guid>a</guid><pubDate>Mon, 02 Nov 2026 00:00:00 GMT</pubDate>`
	young := `<guid>b</guid><pubDate>Tue, 03 Nov 2026 00:00:00 GMT</pubDate>`
	for _, body := range []string{channel(old, young), channel(young, old)} {
		s := newSession(t, newOrigin(t, body).URL)
		if s.must(); s.keys() != "a b" {
			t.Errorf("%q", s.keys())
		}
	}
}

func TestSameBodyIsUnchangedAndC3TakesItsValidators(t *testing.T) {
	o := newOrigin(t, channel(item("1", "one")), "ETag", `"1"`)
	s := newSession(t, o.URL)
	s.must()
	o.set("ETag", `"2"`)
	if res := s.must(); !res.Unchanged || s.keys() != "" || s.about != nil {
		t.Errorf("the same body under a new ETag: %+v, %q", res, s.keys())
	}
	s.must()
	if got := o.last().Header.Get("If-None-Match"); got != `"2"` {
		t.Errorf("If-None-Match %q, want the ETag of the last 200", got)
	}
}

func TestC4AndC21NotModified(t *testing.T) {
	o := newOrigin(t, channel(item("1", "one")), "ETag", `"1"`)
	s := newSession(t, o.URL)
	s.must()
	o.handler = func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("ETag", `"new"`)
		w.WriteHeader(http.StatusNotModified)
	}
	res := s.must()
	if !res.Unchanged || res.Note != "304" || len(s.changes) != 0 || s.about != nil {
		t.Errorf("%+v, %d changes", res, len(s.changes))
	}
	s.must()
	if got := o.last().Header.Get("If-None-Match"); got != `"new"` {
		t.Errorf("If-None-Match %q, want the ETag of the 304", got)
	}
}

func TestC5BadBodiesAreAskedForAgain(t *testing.T) {
	good := channel(item("1", "one"))
	o := newOrigin(t, good[:len(good)-30], "ETag", `"1"`)
	s := newSession(t, o.URL)
	if _, err := s.fetch(); err == nil {
		t.Fatal("a cut document is no error")
	}
	o.body = good
	s.must()
	if h := o.last().Header; h.Get("If-None-Match") != "" {
		t.Errorf("sent the validator of a bad body: %v", h)
	}
	if s.keys() != "1" {
		t.Errorf("%q", s.keys())
	}
}

func TestC5WhatIsWholeInACutBodyIsTaken(t *testing.T) {
	good := channel(item("2", "two"), item("1", "one"))
	o := newOrigin(t, good[:strings.LastIndex(good, "<title>")], "ETag", `"1"`)
	s := newSession(t, o.URL)
	if s.must(); s.keys() != "2" || len(s.rejected) != 1 || !strings.Contains(s.rejected[0].Reason, "in the middle") {
		t.Errorf("%q, %v", s.keys(), s.rejected)
	}
	o.body = good
	if s.must(); s.keys() != "1" {
		t.Errorf("%q", s.keys())
	}
	if h := o.last().Header; h.Get("If-None-Match") != "" {
		t.Errorf("sent the validator of a cut body: %v", h)
	}
	if res := s.must(); !res.Unchanged {
		t.Errorf("%+v", res)
	}
}

func TestC5ValidatorsWaitForTheStore(t *testing.T) {
	var items []string
	for i := range 250 {
		items = append(items, item(fmt.Sprint(i), "title"))
	}
	o := newOrigin(t, channel(items...), "ETag", `"1"`)
	s := newSession(t, o.URL)
	s.failAt = 3
	if _, err := s.fetch(); !errors.Is(err, errStore) || len(s.changes) != 200 {
		t.Fatalf("%v after %d changes", err, len(s.changes))
	}
	s.failAt = 0
	s.must()
	if o.last().Header.Get("If-None-Match") != "" {
		t.Error("sent the validator of a body that was not stored")
	}
	if len(s.changes) != 50 {
		t.Errorf("%d changes after the failure, want the 50 that are missing", len(s.changes))
	}
}

func TestC6AnotherAddressIsAskedUnconditionally(t *testing.T) {
	o := newOrigin(t, channel(item("1", "one")), "ETag", `"1"`)
	s := newSession(t, o.URL+"/a")
	s.must()
	s.configure(o.URL + "/b")
	res := s.must()
	if o.last().Header.Get("If-None-Match") != "" {
		t.Error("took the validators along to another address")
	}
	if res.Unchanged || len(s.changes) != 1 || s.changes[0].Key != "1" {
		t.Errorf("%+v %q: the entry's origin moved", res, s.keys())
	}
}

func TestC7OneUnconditionalRequest(t *testing.T) {
	o := newOrigin(t, channel(item("1", "one")), "ETag", `"1"`)
	s := newSession(t, o.URL)
	for range 10 {
		s.must()
	}
	bare := 0
	for _, r := range o.reqs {
		if r.Header.Get("If-None-Match") == "" {
			bare++
		}
	}
	if bare != 1 || o.count() != 10 {
		t.Errorf("%d of %d requests were unconditional, want 1 of 10 (and C33: nothing else is asked)", bare, o.count())
	}
}

func TestC9WishesOfTheFeed(t *testing.T) {
	wishing := func(extra string) string {
		return strings.Replace(channel(item("1", "one")), "<item>", extra+"<item>", 1)
	}
	for _, c := range []struct {
		name, extra, cache string
		want               time.Duration
	}{
		{"nothing", "", "", 0},
		{"max-age", "", "max-age=7200", 2 * time.Hour},
		{"ttl", "<ttl>180</ttl>", "", 3 * time.Hour},
		{"ttl below max-age", "<ttl>60</ttl>", "max-age=7200", 2 * time.Hour},
		{"ttl above max-age", "<ttl>180</ttl>", "max-age=7200", 3 * time.Hour},
		{"small ttl", "<ttl>1</ttl>", "", 15 * time.Minute},
		{"huge ttl", "<ttl>100000</ttl>", "", 24 * time.Hour},
		{"bad ttl", "<ttl>soon</ttl>", "", 0},
		{"sy", `<sy:updatePeriod xmlns:sy="http://purl.org/rss/1.0/modules/syndication/">daily</sy:updatePeriod><sy:updateFrequency xmlns:sy="http://purl.org/rss/1.0/modules/syndication/">3</sy:updateFrequency>`, "", 8 * time.Hour},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := newOrigin(t, wishing(c.extra), "Cache-Control", c.cache, "ETag", `"1"`)
			s := newSession(t, o.URL)
			for _, what := range []string{"200", "304"} { // the feed's own wishes count beside a 304 too
				got := time.Duration(0)
				if nb := s.must().NotBefore; !nb.IsZero() {
					got = time.Until(nb).Round(time.Minute)
				}
				if got != c.want {
					t.Errorf("%s: %v ahead, want %v", what, got, c.want)
				}
			}
		})
	}
}

func TestC9SkippedHoursAndDays(t *testing.T) {
	var all []string
	for h := range 24 {
		all = append(all, fmt.Sprint(h))
	}
	for _, c := range []struct {
		name        string
		hours, days []string
		want        sources.Skip
	}{
		{"as the specification has it", []string{"1", " 2 "}, []string{"Saturday", " sunday "}, sources.Skip{Hours: 6, Days: 1 | 1<<6}},
		{"counted from 1 to 24", []string{"24"}, nil, sources.Skip{Hours: 1}},
		{"what is none", []string{"x", "99", "-1"}, []string{"Caturday"}, sources.Skip{}},
		{"every hour is not meant", all, nil, sources.Skip{}},
	} {
		if got := newSkip(c.hours, c.days); got != c.want {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
	o := newOrigin(t, strings.Replace(channel(item("1", "one")), "<item>", "<skipHours><hour>3</hour></skipHours><item>", 1), "ETag", `"1"`)
	s := newSession(t, o.URL)
	for _, what := range []string{"200", "304"} {
		if got := s.must().Skip; got != (sources.Skip{Hours: 8}) {
			t.Errorf("%s: %+v", what, got)
		}
	}
}

func TestC10AndC12Results(t *testing.T) {
	for status, want := range map[int]time.Duration{429: 10 * time.Minute, 503: 10 * time.Minute, 404: 24 * time.Hour, 403: 24 * time.Hour, 410: 24 * time.Hour, 500: 0} {
		o := newOrigin(t, "x", "Retry-After", "600")
		o.status = status
		s := newSession(t, o.URL)
		res, err := s.fetch()
		if err == nil || res.Gone != (status == 410) || res.Note != fmt.Sprint(status) {
			t.Errorf("%d: %+v, %v", status, res, err)
		}
		got := time.Duration(0)
		if !res.NotBefore.IsZero() {
			got = time.Until(res.NotBefore).Round(time.Minute)
		}
		if got != want {
			t.Errorf("%d: %v ahead, want %v", status, got, want)
		}
		if o.count() != 1 {
			t.Errorf("%d: asked %d times", status, o.count())
		}
	}
}

func TestC13PermanentRedirectSettles(t *testing.T) {
	const settled = 10
	status := http.StatusMovedPermanently
	to := "/new"
	o := newOrigin(t, "")
	old, direct := 0, 0
	o.handler = func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/old":
			old++
			http.Redirect(w, r, to, status)
		case r.URL.Path == "/new" && to != "/new":
			http.NotFound(w, r)
		default:
			direct++
			_, _ = w.Write([]byte(channel(item("1", "one"), item(fmt.Sprint(direct), "other"))))
		}
	}
	s := newSession(t, o.URL+"/old")
	var res sources.Result
	for range settled + 5 {
		res = s.must()
	}
	if old != settled || direct != settled+5 {
		t.Errorf("the old address was asked %d times, want %d", old, settled)
	}
	if !strings.Contains(res.Note, "moved for good") {
		t.Errorf("note %q", res.Note)
	}
	to = "/newer" // the new address fails: the configured one counts again
	s.must()
	if old != settled+1 {
		t.Errorf("the old address was not asked after the new one failed")
	}
	for range settled {
		s.must()
	}
	asked := o.count()
	s.configure(o.URL + "/other") // what was learnt of one address says nothing of another
	if s.must(); o.count() != asked+1 || o.last().URL.Path != "/other" {
		t.Errorf("asked %s instead of the address that is configured now", o.last().URL.Path)
	}

	status, old = http.StatusFound, 0
	s = newSession(t, o.URL+"/old")
	for range settled + 5 {
		s.must()
	}
	if old != settled+5 {
		t.Errorf("a temporary redirect was remembered: %d", old)
	}
}

func TestC22ErrorPagesLeaveEverything(t *testing.T) {
	for name, c := range map[string]struct{ body, want string }{
		"html":   {"<!doctype html><title>Checking your browser</title>", "HTML page"},
		"xhtml":  {`<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"/>`, "HTML page"},
		"json":   {`{"error":"rate limit"}`, "no JSON Feed"},
		"array":  {`[]`, "JSON array"},
		"empty":  {"", "empty"},
		"blank":  {" \n", "empty"},
		"text":   {"Bad gateway", "Bad gateway"},
		"xml":    {"<error code='1'/>", "<error>"},
		"broken": {"<rss><channel><item>", "parse RSS"},
	} {
		t.Run(name, func(t *testing.T) {
			good := channel(item("1", "one"))
			o := newOrigin(t, good, "ETag", `"good"`)
			s := newSession(t, o.URL+"/?token=s3cret")
			s.must()
			o.body = c.body
			o.set("ETag", `"bad"`, "Cache-Control", "max-age=86000")
			res, err := s.fetch()
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "s3cret") {
				t.Errorf("error %v, want one that names %q", err, c.want)
			}
			if len(s.changes) != 0 || !res.NotBefore.IsZero() {
				t.Errorf("%+v, %d changes", res, len(s.changes))
			}
			o.body = good
			o.set("ETag", `"good"`)
			if res := s.must(); !res.Unchanged || res.Note != "304" {
				t.Errorf("the old validators are lost: %+v", res)
			}
		})
	}
}

func TestFirstUpdateStaysTheDateOfPublication(t *testing.T) {
	atom := func(updated, title string) string {
		return fmt.Sprintf(`<feed xmlns="http://www.w3.org/2005/Atom"><id>f</id><title>T</title><updated>%[1]s</updated><entry><id>1</id><title>%[2]s</title><link href="https://up.example/1"/><updated>%[1]s</updated></entry></feed>`, updated, title)
	}
	o := newOrigin(t, atom("2026-11-01T08:00:00+08:00", "one"))
	s := newSession(t, o.URL)
	s.must()
	o.body = atom("2026-11-05T08:00:00+08:00", "edited")
	s.must()
	it := s.changes[0].Item
	if got := it.Published.Format(time.RFC3339); got != "2026-11-01T08:00:00+08:00" {
		t.Errorf("published %s, want the first update", got)
	}
	if got := it.Updated.Format(time.RFC3339); got != "2026-11-05T08:00:00+08:00" {
		t.Errorf("updated %s", got)
	}
}

func TestBuildTimesAreNoChange(t *testing.T) {
	feed := func(built string) string {
		var b strings.Builder
		fmt.Fprintf(&b, `<feed xmlns="http://www.w3.org/2005/Atom"><id>f</id><title>T</title><updated>%s</updated>`, built)
		for i := range 3 {
			fmt.Fprintf(&b, `<entry><id>%d</id><title>t</title><updated>%s</updated></entry>`, i, built)
		}
		return b.String() + `</feed>`
	}
	o := newOrigin(t, feed("2026-11-01T08:00:01Z"))
	s := newSession(t, o.URL)
	s.must()
	o.body = feed("2026-11-01T09:00:01Z")
	if s.must(); s.keys() != "" {
		t.Errorf("a rebuilt document was news: %q", s.keys())
	}
}

func TestAGuidThatTurnsOutToBeShared(t *testing.T) {
	entry := func(n int) string {
		return fmt.Sprintf(`<guid isPermaLink="false">g</guid><title>%[1]d</title><link>https://up.example/%[1]d</link>`, n)
	}
	o := newOrigin(t, channel(entry(1)))
	s := newSession(t, o.URL)
	if s.must(); s.keys() != "g" {
		t.Fatalf("%q", s.keys())
	}
	o.body = channel(entry(2), entry(1))
	s.must()
	if len(s.changes) != 2 || s.changes[0].Formerly != "g" || s.changes[0].Item.URL != "https://up.example/1" || s.changes[1].Formerly != "" {
		t.Errorf("the entry that was there must be carried over: %+v", s.changes)
	}
	key := s.changes[1].Key
	o.body = channel(entry(2)) // alone again: it stays told apart
	if s.must(); s.keys() != "" {
		t.Errorf("stated under another key than %q: %q", key, s.keys())
	}
}

func TestReportsComeWithTheirEntry(t *testing.T) {
	o := newOrigin(t, channel(item("1", "one")+"<pubDate>never</pubDate>", item("2", "two")))
	s := newSession(t, o.URL)
	s.must()
	if len(s.rejected) != 1 || s.rejected[0].Where != "1" || !s.rejected[0].Repaired {
		t.Errorf("%+v", s.rejected)
	}
	o.body = channel(item("1", "one")+"<pubDate>never</pubDate>", item("2", "TWO"))
	if s.must(); len(s.rejected) != 0 {
		t.Errorf("reported again without its entry: %+v", s.rejected)
	}
}

func TestMemoryIsBounded(t *testing.T) {
	o := newOrigin(t, "")
	s := newSession(t, o.URL)
	for round := range 30 {
		var items []string
		for i := range 20 {
			items = append(items, item(fmt.Sprintf("%d-%d", round, i), "t"))
		}
		o.body = channel(items...)
		s.must()
	}
	if n := len(s.st.saved); n > 20+keepGone+1 {
		t.Errorf("%d keys are remembered of a feed of 20 entries", n)
	}
}

func TestUnchangedFetchesWriteNothing(t *testing.T) {
	o := newOrigin(t, channel(item("1", "one")), "ETag", `"1"`)
	s := newSession(t, o.URL)
	s.must()
	w := &writes{state: s.st}
	if _, err := s.src.Fetch(t.Context(), w, s); err != nil || w.n != 0 {
		t.Errorf("%d writes for a 304, %v", w.n, err)
	}
}

type writes struct {
	*state
	n int
}

func (w *writes) Set(key string, value []byte) { w.n++; w.state.Set(key, value) }
func (w *writes) Delete(key string)            { w.n++; w.state.Delete(key) }

func TestUnreadableStateIsNoFailure(t *testing.T) {
	o := newOrigin(t, channel(item("1", "one")))
	s := newSession(t, o.URL)
	s.st.staged[feedKey] = []byte("{")
	s.st.staged[entryKey("1")] = []byte("short")
	if s.must(); s.keys() != "1" {
		t.Errorf("%q", s.keys())
	}
}

func TestACancelledParseEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := ParseDocument(ctx, benchmarkFeed(200), Hint{}); !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want context.Canceled", err)
	}
}

func TestAnotherFeedTitleIsSaidOnceMore(t *testing.T) {
	o := newOrigin(t, channel(item("1", "one")))
	s := newSession(t, o.URL)
	s.must()
	raw := s.changes[0].Raw
	o.body = strings.Replace(o.body, "<title>T</title>", "<title>Renamed</title>", 1)
	s.must()
	if s.keys() != "1" || s.changes[0].Raw != raw || s.changes[0].Item.Origin.Title != "Renamed" {
		t.Errorf("%+v: want the entry with its new origin under the old raw hash, so that it is reshaped and no news", s.changes)
	}
}
