package main

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// hubSubscribers get one feed, on hubHosts addresses of loopback.
	hubSubscribers = 10_000
	hubMost        = 100_000
	hubHosts       = 100
	hubPosts       = 50
	hubRounds      = 5
	// floorConnections is how many requests of the floor go on at once.
	floorConnections = 64
)

// crowd is all subscribers: one server, which verifies whoever asks and counts what it is given.
type crowd struct {
	port int
	got  atomic.Int64
	last atomic.Int64 // bytes of the newest document
}

func (c *crowd) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodGet {
		_, _ = io.WriteString(w, r.URL.Query().Get("hub.challenge"))
		return
	}
	n, _ := io.Copy(io.Discard, r.Body)
	c.last.Store(n)
	c.got.Add(1)
}

// fanOut measures P7: how fast one change gets to 10,000 WebSub subscribers, beside a client that posts the same document to
// the same server and does nothing else. It is measured with a feed of 50 posts and with one of 3 kB, without secrets and with
// one for each subscriber; there the same client that signs, too, stands beside it.
func (b *bench) fanOut(want map[string]bool) error {
	l, err := net.Listen("tcp4", ":0") // for every address of 127.0.0.0/8
	if err != nil {
		return err
	}
	c := &crowd{port: l.Addr().(*net.TCPAddr).Port}
	srv := &http.Server{Handler: c}
	go func() { _ = srv.Serve(l) }() // ends with Close
	defer srv.Close()
	if want["P7"] {
		for _, topic := range []string{"tag/fanout", "feed"} {
			for _, secret := range []bool{false, true} {
				if err := b.fanOutTo(c, topic, secret); err != nil {
					return err
				}
			}
		}
	}
	if want["P7m"] {
		return b.manySubscribers(c)
	}
	return nil
}

// fanning is a server with a site, one post of which changes: it is in every feed of all, and alone in tag/fanout.
type fanning struct {
	*process
	b    *bench
	c    *crowd
	site string
	idle int64 // RssAnon before anybody subscribed, in bytes
}

func (b *bench) fanning(c *crowd) (*fanning, error) {
	dir, err := os.MkdirTemp(b.dir, "hub")
	if err != nil {
		return nil, err
	}
	f := &fanning{b: b, c: c, site: filepath.Join(dir, "site")}
	if _, err := writeSite(f.site, hubPosts); err != nil {
		return nil, err
	}
	if err := f.change(-1); err != nil {
		return nil, err
	}
	file := filepath.Join(dir, "feedmill.yaml")
	if err := os.WriteFile(file, []byte(fmt.Sprintf("hub: { allow: [127.0.0.0/8] }\nsources:\n  site: { jekyll: %q }\n", f.site)), 0o600); err != nil {
		return nil, err
	}
	if f.process, err = b.serve("bolt:"+filepath.Join(dir, "hub.db"), nil, "--config", file); err != nil {
		return nil, err
	}
	if err := b.until("the import", func() bool { return f.imported(hubPosts + 1) }); err != nil {
		f.close()
		return nil, err
	}
	f.idle = f.anon()
	return f, nil
}

func (f *fanning) change(i int) error {
	text := fmt.Sprintf("---\ntitle: hub %d\ntags: fanout\n---\n%s\n", i, strings.Repeat("news ", 400))
	return os.WriteFile(filepath.Join(f.site, "_posts", "2025-01-01-hub.md"), []byte(text), 0o600)
}

// round makes a change and waits until everybody has it. The rate is that from the first delivery on.
func (f *fanning) round(i, subscribers int) (rate float64, err error) {
	before := f.c.got.Load()
	if err := f.change(i); err != nil {
		return 0, err
	}
	if err := f.b.until("the first delivery", func() bool { return f.c.got.Load() > before }); err != nil {
		return 0, err
	}
	begun, first := time.Now(), f.c.got.Load()
	if err := f.b.until("every delivery", func() bool { return f.c.got.Load() >= before+int64(subscribers) }); err != nil {
		return 0, err
	}
	return float64(before+int64(subscribers)-first) / time.Since(begun).Seconds(), nil
}

func (b *bench) fanOutTo(c *crowd, topic string, secret bool) error {
	what := "without secrets"
	if secret {
		what = "with secrets"
	}
	b.say("P7: %d subscribers of %s.atom %s", hubSubscribers, topic, what)
	f, err := b.fanning(c)
	if err != nil {
		return err
	}
	defer f.close()
	if err := f.subscribe(topic, hubSubscribers, secret); err != nil {
		return err
	}
	subscribed := f.anon()
	f.peak.Store(0)
	var ours, bare, signed []float64
	for i := range hubRounds {
		rate, err := f.round(i, hubSubscribers)
		if err != nil {
			return err
		}
		ours = append(ours, rate)
		bare = append(bare, postFloor(c.port, int(c.last.Load()), false))
		if secret {
			signed = append(signed, postFloor(c.port, int(c.last.Load()), true))
		}
	}
	work := fmt.Sprintf("one change to %d WebSub subscribers %s, %d kB each", hubSubscribers, what, (c.last.Load()+512)>>10)
	ratio := median(ratios(ours, bare))
	b.add("P7", work, fmt.Sprintf("%.0f/s", median(ours)), fmt.Sprintf("bare POST %.0f/s", median(bare)), fmt.Sprintf("ratio %.2f of 0.5", ratio), ratio >= 0.5)
	if secret {
		b.add("P7", "the same beside a client that signs, too", fmt.Sprintf("%.0f/s", median(ours)), fmt.Sprintf("signed POST %.0f/s", median(signed)),
			fmt.Sprintf("ratio %.2f", median(ratios(ours, signed))), true)
	}
	b.add("P7", hubMemory, fmt.Sprintf("%d, %d, %d MB", f.idle>>20, subscribed>>20, f.peak.Load()>>20), "-", "-", true)
	return nil
}

const hubMemory = "its memory (RssAnon): idle, after they subscribed, at most while it delivers"

// manySubscribers measures the memory of as many subscriptions as there may be, and while one change goes to all of them.
func (b *bench) manySubscribers(c *crowd) error {
	f, err := b.fanning(c)
	if err != nil {
		return err
	}
	defer f.close()
	b.say("P7m: %d subscribers", hubMost)
	if err := f.subscribe("tag/fanout", hubMost, true); err != nil {
		return err
	}
	subscribed := f.anon()
	f.peak.Store(0)
	rate, err := f.round(0, hubMost)
	if err != nil {
		return err
	}
	b.add("P7m", fmt.Sprintf("one change to %d WebSub subscribers with secrets, %d kB each", hubMost, (c.last.Load()+512)>>10), fmt.Sprintf("%.0f/s", rate), "-", "-", true)
	b.add("P7m", hubMemory, fmt.Sprintf("%d, %d, %d MB", f.idle>>20, subscribed>>20, f.peak.Load()>>20), "-", "-", true)
	return nil
}

// ratios are those of each round: what slows the machine down meanwhile slows both sides.
func ratios(ours, floors []float64) (out []float64) {
	for i := range ours {
		out = append(out, ours[i]/floors[i])
	}
	return out
}

// subscribe asks for everybody, and waits until all are verified.
func (f *fanning) subscribe(topic string, n int, secret bool) error {
	slots := make(chan struct{}, 32)
	var failed atomic.Value
	var wg sync.WaitGroup
	for i := range n {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			form := url.Values{
				"hub.mode": {"subscribe"}, "hub.topic": {"https://feeds.example.com/" + topic + ".atom"},
				"hub.callback": {fmt.Sprintf("http://127.2.0.%d:%d/cb/%d", 1+i%hubHosts, f.c.port, i)},
			}
			if secret {
				form.Set("hub.secret", secretOf(i))
			}
			for range 100 { // the hub lets a bounded number wait
				res, err := http.PostForm("http://"+f.addr+"/hub", form)
				if err != nil {
					failed.Store(err)
					return
				}
				res.Body.Close()
				if res.StatusCode == http.StatusAccepted {
					return
				}
				time.Sleep(100 * time.Millisecond)
			}
			failed.Store(fmt.Errorf("subscription %d was turned away", i))
		})
	}
	wg.Wait()
	if err, ok := failed.Load().(error); ok {
		return err
	}
	return f.b.until("every subscription", func() bool {
		res, err := http.Get("http://" + f.admin + "/metrics")
		if err != nil {
			return false
		}
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		return err == nil && bytes.Contains(body, []byte(fmt.Sprintf("feedmill_hub_subscriptions %d\n", n)))
	})
}

func secretOf(i int) string { return fmt.Sprintf("secret of %d", i) }

// postFloor is how many documents of that size a client posts in a second that does nothing else, or signs each as well.
func postFloor(port, size int, sign bool) float64 {
	body := bytes.Repeat([]byte("x"), size)
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: floorConnections}}
	defer client.CloseIdleConnections()
	next := atomic.Int64{}
	begun := time.Now()
	var wg sync.WaitGroup
	for range floorConnections {
		wg.Go(func() {
			for {
				i := int(next.Add(1))
				if i > hubSubscribers {
					return
				}
				req, err := http.NewRequest(http.MethodPost, fmt.Sprintf("http://127.2.0.1:%d/cb/%d", port, i), bytes.NewReader(body))
				if err != nil {
					return // the rate tells
				}
				req.Header.Set("Content-Type", "application/atom+xml")
				if sign {
					m := hmac.New(sha256.New, []byte(secretOf(i)))
					m.Write(body)
					req.Header.Set("X-Hub-Signature", "sha256="+hex.EncodeToString(m.Sum(nil)))
				}
				res, err := client.Do(req)
				if err != nil {
					return
				}
				_, _ = io.Copy(io.Discard, res.Body)
				res.Body.Close()
			}
		})
	}
	wg.Wait()
	return hubSubscribers / time.Since(begun).Seconds()
}
