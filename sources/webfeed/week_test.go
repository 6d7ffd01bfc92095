package webfeed

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"golang.org/x/text/encoding/simplifiedchinese"

	"feedmill/sources"
	"feedmill/sources/fetch"
	"feedmill/sources/fetch/fetchtest"
)

// growing is a feed with a new item each so often, ten in its window.
func growing(since time.Time, each time.Duration, extra string) func(time.Time) []byte {
	return func(now time.Time) []byte {
		var b strings.Builder
		b.WriteString(`<?xml version="1.0"?><rss version="2.0"><channel><title>消息</title><link>http://up.example/</link><description/>` + extra)
		newest := int(now.Sub(since)/each) + 10
		for i := newest; i > newest-10; i-- {
			at := since.Add(time.Duration(i-10) * each)
			fmt.Fprintf(&b, `<item><guid isPermaLink="false">%d</guid><title>新 %d</title><pubDate>%s</pubDate></item>`, i, i, at.UTC().Format(time.RFC1123Z))
		}
		b.WriteString(`</channel></rss>`)
		return []byte(b.String())
	}
}

// zipped compresses a feed.
func zipped(body func(time.Time) []byte, coding string) func(time.Time) []byte {
	return func(now time.Time) []byte {
		var b bytes.Buffer
		var w io.WriteCloser
		switch coding {
		case "gzip":
			w = gzip.NewWriter(&b)
		case "br":
			w = brotli.NewWriter(&b)
		case "zstd":
			z, err := zstd.NewWriter(&b, zstd.WithEncoderConcurrency(1))
			if err != nil {
				panic(err)
			}
			w = z
		}
		_, _ = w.Write(body(now)) // a buffer takes all
		_ = w.Close()
		return b.Bytes()
	}
}

// pages are the feeds of the simulated week; those named bad-* never work.
func pages(now time.Time) map[string]*fetchtest.Page {
	at := func(d time.Duration) time.Time { return now.Add(d) }
	between := func(from, to time.Duration, a *fetchtest.Answer) func(int, time.Time) *fetchtest.Answer {
		return func(_ int, t time.Time) *fetchtest.Answer {
			if t.Before(at(from)) || !t.Before(at(to)) {
				return nil
			}
			return a
		}
	}
	status := func(code int, header ...string) *fetchtest.Answer {
		a := &fetchtest.Answer{Status: code, Header: http.Header{}}
		for i := 0; i+1 < len(header); i += 2 {
			a.Header.Set(header[i], header[i+1])
		}
		return a
	}
	const hour, day = time.Hour, 24 * time.Hour
	const never = 1000 * day
	date := func(d time.Duration) string { return at(d).UTC().Format(http.TimeFormat) }
	feed := func(each time.Duration) func(time.Time) []byte { return growing(now, each, "") }
	bad := func(body, etag string) *fetchtest.Answer {
		return &fetchtest.Answer{Header: http.Header{"Etag": {etag}, "Cache-Control": {"max-age=60"}}, Body: []byte(body)}
	}
	gb, err := simplifiedchinese.GB18030.NewEncoder().Bytes(growing(now, never, "")(now))
	if err != nil {
		panic(err)
	}
	cut := zipped(feed(hour), "gzip")(now)[:100]
	all := map[string]*fetchtest.Page{
		"etag":     {ETag: true, Body: feed(hour)},
		"date":     {LastModified: true, Body: feed(3 * hour)},
		"both":     {ETag: true, LastModified: true, Body: feed(24 * hour)},
		"none":     {Body: feed(5 * hour)},
		"none-304": {Body: feed(never)},
		"quiet":    {ETag: true, Body: feed(never)},
		"max-age":  {ETag: true, Body: feed(hour), Header: http.Header{"Cache-Control": {"public, max-age=18000"}}},
		"year":     {ETag: true, Body: feed(hour), Header: http.Header{"Cache-Control": {"max-age=31536000, immutable"}}},
		"ttl":      {ETag: true, Body: growing(now, hour, "<ttl>300</ttl>"), Wish: 5 * hour},
		"night": {
			ETag: true, Body: growing(now, hour, "<skipHours><hour>1</hour><hour>2</hour><hour>3</hour><hour>4</hour></skipHours>"),
			Skip: func(t time.Time) bool { h := t.UTC().Hour(); return h >= 1 && h <= 4 },
		},
		"gzip": {ETag: true, Body: zipped(feed(hour), "gzip"), Header: http.Header{"Content-Encoding": {"gzip"}}},
		"br":   {ETag: true, Body: zipped(feed(hour), "br"), Header: http.Header{"Content-Encoding": {"br"}}},
		"zstd": {ETag: true, Body: zipped(feed(hour), "zstd"), Header: http.Header{"Content-Encoding": {"zstd"}}},
		"gb":   {ETag: true, Body: func(time.Time) []byte { return gb }, Header: http.Header{"Content-Type": {"text/xml; charset=gb2312"}}},

		"429-seconds": {ETag: true, Body: feed(hour), Trouble: between(20*hour, 22*hour, status(429, "Retry-After", "20000"))},
		"429-date":    {ETag: true, Body: feed(hour), Trouble: between(50*hour, 52*hour, status(429, "Retry-After", date(60*hour)))},
		"429-bare":    {ETag: true, Body: feed(hour), Trouble: between(80*hour, 82*hour, status(429))},
		"429-for-long": {
			ETag: true, Body: feed(hour), Trouble: between(100*hour, 103*hour, status(429, "Retry-After", "99999999")),
		},
		"503-seconds": {ETag: true, Body: feed(hour), Trouble: between(10*hour, 12*hour, status(503, "Retry-After", "30000"))},
		"503-date":    {ETag: true, Body: feed(hour), Trouble: between(30*hour, 33*hour, status(503, "Retry-After", date(40*hour)))},
		"bad-500":     {ETag: true, Body: feed(hour), Trouble: between(0, never, status(500))},
		"500-a-day":   {ETag: true, Body: feed(hour), Trouble: between(24*hour, 48*hour, status(502))},
		"bad-404":     {ETag: true, Body: feed(hour), Trouble: between(0, never, status(404))},
		"403-later":   {ETag: true, Body: feed(hour), Trouble: between(60*hour, never, status(403, "Cache-Control", "max-age=60"))},
		"bad-410":     {ETag: true, Body: feed(hour), Trouble: between(0, never, status(410))},
		"410-later":   {ETag: true, Body: feed(hour), Trouble: between(70*hour, never, status(410))},

		"html":     {ETag: true, Body: feed(hour), Trouble: between(15*hour, 20*hour, bad("<!doctype html><title>Checking your browser</title>", `"cloud"`))},
		"empty":    {ETag: true, Body: feed(hour), Trouble: between(15*hour, 20*hour, bad("", `"empty"`))},
		"cut-gzip": {ETag: true, Body: feed(hour), Trouble: between(15*hour, 20*hour, &fetchtest.Answer{Header: http.Header{"Etag": {`"cut"`}, "Content-Encoding": {"gzip"}}, Body: cut})},
		"cut":      {ETag: true, Body: feed(hour), Trouble: between(15*hour, 20*hour, &fetchtest.Answer{Header: http.Header{"Etag": {`"cut"`}, "Content-Length": {"10000"}}, Body: []byte("<rss>"), Cut: true})},
		"drip":     {ETag: true, Body: feed(hour), Trouble: between(15*hour, 20*hour, &fetchtest.Answer{Header: http.Header{"Etag": {`"drip"`}}, Body: []byte("<rss>"), Drip: true})},
		"first-bad": {
			ETag: true, Body: feed(hour), Trouble: between(0, 30*time.Minute, bad("<!doctype html>", `"first"`)),
		},
	}
	for name, p := range all {
		p.URL = "http://" + name + ".example/" + name + "?b=2&a=1&x=%7e"
	}
	// Many feeds of one host, one of which brings a pause for all.
	for i := range 12 {
		all[fmt.Sprint("many-", i)] = &fetchtest.Page{URL: fmt.Sprintf("http://many.example/%d", i), ETag: true, Body: feed(time.Duration(i+1) * hour)}
	}
	all["many-0"].Trouble = between(40*hour, 43*hour, status(429, "Retry-After", "10000"))
	all["many-1"].Trouble = between(60*hour, 65*hour, status(503, "Retry-After", "10000"))
	// Redirects that come, go, and lead to nothing in the end.
	for name, code := range map[string]int{"301": 301, "308": 308, "302": 302, "307": 307} {
		to := "http://new-" + name + ".example/feed"
		all["new-"+name] = &fetchtest.Page{URL: to, ETag: true, Body: feed(hour), Linked: true}
		all["old-"+name] = &fetchtest.Page{
			URL: "http://old-" + name + ".example/feed", ETag: true, Body: feed(hour),
			Trouble: between(5*hour, 100*hour, status(code, "Location", to)),
		}
	}
	all["new-308"].Trouble = between(90*hour, never, status(404))
	return all
}

// seed decides when the process of a simulated week is stopped and killed. Everything else in a week is the same each
// time, but for the order in which the feeds of one host wait.
var seed = flag.Uint64("seed", 0, "the seed of the simulated week; 0 for any")

// stretch is how long a process runs, how it ends, and how long nothing runs then.
type stretch struct {
	runs, rests time.Duration
	killed      bool
}

// lives are the stretches of a seed: the ends often fall on the very moment of a fetch, since publishers count in hours.
func lives(seed uint64) func() stretch {
	r := rand.New(rand.NewPCG(seed, 0))
	return func() stretch {
		return stretch{time.Duration(1+r.IntN(20)) * time.Hour / 2, time.Duration(r.IntN(300)) * time.Second, r.IntN(2) == 0}
	}
}

// week polls the pages for so long in simulated time, stopped and killed on the way; change may break the way it is done.
func week(t *testing.T, long time.Duration, next func() stretch, change func(web *fetchtest.Web, env *sources.Env, spec *sources.Spec)) (*fetchtest.Web, *fetchtest.Store) {
	web := fetchtest.New(t)
	store := fetchtest.NewStore()
	now := time.Now()
	all := pages(now)
	for _, p := range all {
		web.Add(p)
	}
	start := func() (*sources.Manager, func()) {
		network := web.Network(fetch.Options{Hosts: store})
		m := sources.NewManager(store, sources.Options{Log: slog.New(slog.DiscardHandler)})
		var specs []sources.Spec
		for name, p := range all {
			if strings.HasPrefix(name, "new-") {
				continue // found by redirect
			}
			env := sources.Env{Name: name, Log: slog.New(slog.DiscardHandler)}
			env.HTTP = fetch.NewClient(fetch.Options{Network: network, UserAgent: fetch.UserAgent("1.0", "https://feeds.example.com", 0)})
			cfg := &Config{URL: p.URL}
			spec := sources.Spec{
				Name: name, Kind: "feed", Location: cfg.Location(), Fingerprint: "1", Policy: sources.Policy{Source: name},
				Interval: Kind.Interval, MaxInterval: 24 * time.Hour, Web: true,
			}
			if change != nil {
				change(web, &env, &spec)
			}
			src, err := Kind.New(cfg, env)
			if err != nil {
				t.Fatal(err)
			}
			spec.Source = src
			specs = append(specs, spec)
		}
		m.Apply(specs)
		return m, network.CloseIdleConnections
	}
	var m *sources.Manager
	var closeIdle func()
	for end := now.Add(long); time.Now().Before(end); {
		m, closeIdle = start()
		life := next()
		time.Sleep(min(life.runs, time.Until(end)))
		if !time.Now().Before(end) {
			break
		}
		if life.killed { // kill -9
			store.Kill()
		}
		web.Ended(life.killed)
		m.Close()
		closeIdle()
		store.Revive()
		time.Sleep(life.rests)
	}
	m.Close()
	closeIdle()
	return web, store
}

// TestAWeekWithoutFault: no publisher has a reason to complain (C1 to C34), and still everything arrives.
func TestAWeekWithoutFault(t *testing.T) {
	n := *seed
	if n == 0 {
		n = rand.Uint64()
	}
	t.Logf("the same week again: go test ./sources/webfeed -run TestAWeekWithoutFault -seed %d", n)
	synctest.Test(t, func(t *testing.T) {
		now := time.Now()
		web, store := week(t, 7*24*time.Hour, lives(n), nil)
		web.Check(t)
		for name, p := range pages(now) {
			broken := strings.HasPrefix(name, "bad-") || strings.HasPrefix(name, "new-")
			if n := store.Items(name); !broken && n < 10 {
				t.Errorf("%s: %d items after a week and %d requests", name, n, web.Requests(p.URL))
			}
		}
		for _, name := range []string{"etag", "many-0", "429-seconds", "503-date", "html", "drip", "old-301", "old-302", "cut-gzip"} {
			if n := store.News(name); n < 100 {
				t.Errorf("%s: %d new items in a week, want more than a hundred", name, n)
			}
		}
		t.Logf("%d requests", len(web.Log()))
	})
}

// TestKilledWhileAsking kills the process at the very moment at which feeds are asked that wish to be left alone for whole
// hours: their answers are lost, and with them the wish.
func TestKilledWhileAsking(t *testing.T) {
	for _, killed := range []bool{true, false} {
		for _, runs := range []time.Duration{5 * time.Hour, 24 * time.Hour} {
			synctest.Test(t, func(t *testing.T) {
				next := []stretch{{runs: runs, killed: killed}, {runs: 2*runs + time.Hour}}
				web, _ := week(t, 2*runs+time.Hour, func() (s stretch) {
					s, next = next[0], next[1:]
					return s
				}, nil)
				web.Check(t)
			})
		}
	}
}

// rude is a client that changes requests on their way.
type rude struct {
	base   http.RoundTripper
	change func(*http.Request)
}

func (r rude) RoundTrip(req *http.Request) (*http.Response, error) {
	req = req.Clone(req.Context())
	r.change(req)
	return r.base.RoundTrip(req)
}

// TestTheWeekFindsFaults tries the judge on pollers that break one rule each.
func TestTheWeekFindsFaults(t *testing.T) {
	request := func(change func(*http.Request)) func(*fetchtest.Web, *sources.Env, *sources.Spec) {
		return func(_ *fetchtest.Web, env *sources.Env, _ *sources.Spec) {
			env.HTTP = &http.Client{Transport: rude{env.HTTP.Transport, change}}
		}
	}
	for name, c := range map[string]struct {
		change func(*fetchtest.Web, *sources.Env, *sources.Spec)
		want   string
	}{
		"drops validators": {request(func(r *http.Request) { r.Header.Del("If-None-Match") }), "C7"},
		"reformats dates":  {request(func(r *http.Request) { r.Header.Set("If-Modified-Since", time.Now().UTC().Format(http.TimeFormat)) }), "C2"},
		"trims weak tags": {request(func(r *http.Request) {
			if v := r.Header.Get("If-None-Match"); v != "" {
				r.Header.Set("If-None-Match", strings.TrimPrefix(v, "W/"))
			}
		}), "C1"},
		"asks not to be cached": {request(func(r *http.Request) { r.Header.Set("Cache-Control", "no-cache") }), "C14"},
		"has cookies":           {request(func(r *http.Request) { r.Header.Set("Cookie", "a=b") }), "C14"},
		"plays a browser":       {request(func(r *http.Request) { r.Header.Set("User-Agent", "Mozilla/5.0") }), "C15"},
		"takes anything":        {request(func(r *http.Request) { r.Header.Set("Accept", "*/*") }), "C16"},
		"cannot decompress":     {request(func(r *http.Request) { r.Header.Set("Accept-Encoding", "identity") }), "C17"},
		"adds a query":          {request(func(r *http.Request) { r.URL.RawQuery += "&t=1" }), "C33"},
		"asks every ten minutes": {func(_ *fetchtest.Web, _ *sources.Env, s *sources.Spec) {
			s.Interval, s.MaxInterval, s.Chosen = 10*time.Minute, 10*time.Minute, true
		}, "C8"},
		"asks hosts in parallel": {func(web *fetchtest.Web, env *sources.Env, _ *sources.Spec) {
			env.HTTP = web.Client(fetch.Options{UserAgent: fetch.UserAgent("1.0", "https://feeds.example.com", 0)})
		}, "C20"},
		"forgets at a restart": {func(_ *fetchtest.Web, _ *sources.Env, s *sources.Spec) {
			s.Name = fmt.Sprint(s.Name, time.Now().Unix())
		}, "C8"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				// Stopped every five hours: the feed that is to be left alone for five hours is asked at that moment.
				web, _ := week(t, 6*time.Hour, func() stretch { return stretch{runs: 5 * time.Hour, rests: time.Minute} }, c.change)
				for _, f := range web.Faults() {
					if strings.Contains(f, ": "+c.want) {
						return
					}
				}
				t.Errorf("the judge does not find it; want a fault of %s among %d", c.want, len(web.Faults()))
			})
		})
	}
}
