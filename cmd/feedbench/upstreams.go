package main

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mmcdole/gofeed"
)

const (
	// upstreamFeeds is how many changed feeds P6 refreshes, upstreamEvery how often each may be asked: so often that the program is
	// never without work.
	upstreamFeeds = 1000
	upstreamEvery = time.Second
	upstreamFor   = 20 * time.Second
	// unchangedFeeds are more, because a second is the shortest interval.
	unchangedFeeds = 4000
)

// origin is a server with many feeds, each on a loopback address of its own, as feeds on the web are on hosts of their own.
type origin struct {
	changing atomic.Bool
	served   atomic.Int64
	newest   sync.Map // host -> *atomic.Int64: each answer has one item more
}

// feedOf is a feed of about 90 kB whose newest item has the number n.
func feedOf(name string, n int64) []byte {
	const items = 30
	text := strings.Repeat("澜湾港今日开放新泊位，供应商可以预约。 The harbour opens a berth. ", 30)
	var b strings.Builder
	fmt.Fprintf(&b, `<?xml version="1.0" encoding="utf-8"?><rss version="2.0"><channel><title>%s</title><link>https://example.org/%[1]s/</link><description>news</description>`, name)
	for i := n; i > n-items; i-- {
		fmt.Fprintf(&b, `<item><guid isPermaLink="false">%s-%d</guid><title>News %[2]d</title><link>https://example.org/%[1]s/%[2]d</link><category>local</category><pubDate>%s</pubDate><description>&lt;p&gt;%s&lt;/p&gt;</description></item>`,
			name, i, time.Unix(1_700_000_000+i, 0).UTC().Format(time.RFC1123Z), text)
	}
	b.WriteString(`</channel></rss>`)
	return []byte(b.String())
}

func (o *origin) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	o.served.Add(1)
	w.Header().Set("Content-Type", "application/rss+xml")
	if !o.changing.Load() {
		if w.Header().Set("ETag", `"still"`); r.Header.Get("If-None-Match") != "" {
			w.WriteHeader(http.StatusNotModified)
			return
		}
	}
	n, _ := o.newest.LoadOrStore(r.Host, &atomic.Int64{})
	_, _ = w.Write(feedOf(r.Host, n.(*atomic.Int64).Add(1))) // the program judges what came
}

// upstreams measures P6: how many feeds a second are refreshed, all changed and all unchanged, beside what the bare parser
// makes of the same documents on as many cores, and beside Miniflux where there is one.
func (b *bench) upstreams(map[string]bool) error {
	b.say("P6: %d upstream feeds", upstreamFeeds)
	floor := parseFloor()              // while nothing else runs
	l, err := net.Listen("tcp4", ":0") // for every address of 127.0.0.0/8
	if err != nil {
		return err
	}
	o := &origin{}
	srv := &http.Server{Handler: o}
	go func() { _ = srv.Serve(l) }() // ends with Close
	defer srv.Close()
	port := l.Addr().(*net.TCPAddr).Port

	peerChanged, peerSame, err := b.beside(o, port)
	if err != nil {
		return err
	}
	changed, peak, err := b.refreshed(o, port, upstreamFeeds, true)
	if err != nil {
		return err
	}
	same, _, err := b.refreshed(o, port, unchangedFeeds, false)
	if err != nil {
		return err
	}
	b.add("P6", fmt.Sprintf("%d feeds of 90 kB, all changed", upstreamFeeds), fmt.Sprintf("%.0f feeds/s", changed),
		fmt.Sprintf("bare gofeed parse %.0f/s", floor), fmt.Sprintf("ratio %.2f of 0.25", changed/floor), changed >= floor/4)
	b.add("P6", "all 304", fmt.Sprintf("%.0f feeds/s", same), fmt.Sprintf("the interval allows %d/s", unchangedFeeds), fmt.Sprintf("ratio %.1f of 1 to changed", same/changed), same >= changed)
	if b.peer.binary != "" {
		b.add("P6", "all changed, beside Miniflux", fmt.Sprintf("%.0f feeds/s", changed), fmt.Sprintf("Miniflux %.1f/s", peerChanged), fmt.Sprintf("ratio %.1f of 8", changed/peerChanged), changed >= 8*peerChanged)
		b.add("P6", "all 304, beside Miniflux", fmt.Sprintf("%.0f feeds/s", same), fmt.Sprintf("Miniflux %.0f/s", peerSame), fmt.Sprintf("ratio %.1f of 5", same/peerSame), same >= 5*peerSame)
	}
	b.add("P6", "memory of that", mb(peak), "-", "400 MB", peak <= 400<<20)
	return nil
}

// address is that of the feed with a number.
func address(i, port int) string {
	return fmt.Sprintf("http://127.1.%d.%d:%d/feed", i/250, i%250+1, port)
}

// beside measures Miniflux with the same feeds.
func (b *bench) beside(o *origin, port int) (changed, same float64, err error) {
	if b.peer.binary == "" {
		return 0, 0, nil
	}
	b.say("Miniflux refreshes them")
	var urls []string
	for i := range upstreamFeeds {
		urls = append(urls, address(i, port))
	}
	o.changing.Store(true)
	if err := b.peer.prepare(urls); err != nil {
		return 0, 0, err
	}
	if changed, err = b.peer.rate(len(urls)); err != nil {
		return 0, 0, err
	}
	o.changing.Store(false)
	if _, err := b.peer.rate(len(urls)); err != nil { // learns the validators
		return 0, 0, err
	}
	same, err = b.peer.rate(len(urls))
	return changed, same, err
}

// refreshed runs feedmill on so many feeds and says how many it refreshes a second, and its memory.
func (b *bench) refreshed(o *origin, port, feeds int, changing bool) (rate float64, peak int64, err error) {
	o.changing.Store(changing)
	var cfg strings.Builder
	cfg.WriteString("sources:\n")
	for i := range feeds {
		fmt.Fprintf(&cfg, "  up-%d: { feed: %q, interval: %s, allow: [127.0.0.0/8] }\n", i, address(i, port), upstreamEvery)
	}
	file := filepath.Join(b.dir, "upstreams.yaml")
	if err := os.WriteFile(file, []byte(cfg.String()), 0o600); err != nil {
		return 0, 0, err
	}
	p, err := b.serve("bolt:"+filepath.Join(b.dir, fmt.Sprintf("upstreams-%d.db", feeds)), nil, "--config", file)
	if err != nil {
		return 0, 0, err
	}
	defer p.close()
	begun := o.served.Load()
	if err := b.until("the second fetch of every feed", func() bool { return o.served.Load() > begun+2*int64(feeds) }); err != nil {
		return 0, 0, err
	}
	before, started := o.served.Load(), time.Now()
	time.Sleep(upstreamFor)
	return float64(o.served.Load()-before) / time.Since(started).Seconds(), p.peak.Load(), nil
}

// parseFloor is how many documents a second the bare parser reads on all cores.
func parseFloor() float64 {
	var n atomic.Int64
	var wg sync.WaitGroup
	started := time.Now()
	for w := range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for i := int64(w); time.Since(started) < 5*time.Second; i += 100 {
				if _, err := gofeed.NewParser().ParseString(string(feedOf("floor", i+1000))); err != nil {
					panic(err) // the bench's own document
				}
				n.Add(1)
			}
		})
	}
	wg.Wait()
	return float64(n.Load()) / time.Since(started).Seconds()
}
