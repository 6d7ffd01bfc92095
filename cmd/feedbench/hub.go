package main

import (
	"bytes"
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
	hubHosts       = 100
	hubPosts       = 50
	hubRounds      = 5
	// floorConnections is how many requests of the floor go on at once.
	floorConnections = 64
)

// crowd is all subscribers: one server, which verifies whoever asks and counts what it is given.
type crowd struct {
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

// fanOut measures P7: how fast one new item gets to 10,000 WebSub subscribers, beside a client that posts the same document to
// the same server and does nothing else. It is measured without secrets and with one for each subscriber.
func (b *bench) fanOut(map[string]bool) error {
	l, err := net.Listen("tcp4", ":0") // for every address of 127.0.0.0/8
	if err != nil {
		return err
	}
	c := &crowd{}
	srv := &http.Server{Handler: c}
	go func() { _ = srv.Serve(l) }() // ends with Close
	defer srv.Close()
	port := l.Addr().(*net.TCPAddr).Port
	for _, secret := range []bool{false, true} {
		if err := b.fanOutTo(c, port, secret); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) fanOutTo(c *crowd, port int, secret bool) error {
	what := "without secrets"
	if secret {
		what = "with secrets"
	}
	b.say("P7: %d subscribers %s", hubSubscribers, what)
	dir, err := os.MkdirTemp(b.dir, "hub")
	if err != nil {
		return err
	}
	site := filepath.Join(dir, "site")
	if _, err := writeSite(site, hubPosts); err != nil {
		return err
	}
	file := filepath.Join(dir, "feedmill.yaml")
	if err := os.WriteFile(file, []byte(fmt.Sprintf("hub: { allow: [127.0.0.0/8] }\nsources:\n  site: { jekyll: %q }\n", site)), 0o600); err != nil {
		return err
	}
	p, err := b.serve("bolt:"+filepath.Join(dir, "hub.db"), nil, "--config", file)
	if err != nil {
		return err
	}
	defer p.close()
	if err := b.until("the import", func() bool { return p.imported(hubPosts) }); err != nil {
		return err
	}
	if err := b.subscribe(p, port, secret); err != nil {
		return err
	}
	ours := make([]float64, 0, hubRounds)
	floors := make([]float64, 0, hubRounds)
	for i := range hubRounds {
		before := c.got.Load()
		name := fmt.Sprintf("2025-01-01-hub-%d.md", i)
		if err := os.WriteFile(filepath.Join(site, "_posts", name), []byte(fmt.Sprintf("---\ntitle: hub %d\n---\nnews\n", i)), 0o600); err != nil {
			return err
		}
		if err := b.until("the first delivery", func() bool { return c.got.Load() > before }); err != nil {
			return err
		}
		begun, first := time.Now(), c.got.Load()
		if err := b.until("every delivery", func() bool { return c.got.Load() >= before+hubSubscribers }); err != nil {
			return err
		}
		ours = append(ours, float64(before+hubSubscribers-first)/time.Since(begun).Seconds())
		floors = append(floors, postFloor(port, int(c.last.Load())))
	}
	got, floor := median(ours), median(floors)
	b.add("P7", fmt.Sprintf("one item to %d WebSub subscribers %s, %d kB each", hubSubscribers, what, c.last.Load()>>10), fmt.Sprintf("%.0f/s", got),
		fmt.Sprintf("bare POST %.0f/s", floor), fmt.Sprintf("ratio %.2f of 0.5", got/floor), got >= floor/2)
	return nil
}

// subscribe asks for everybody, and waits until all are verified.
func (b *bench) subscribe(p *process, port int, secret bool) error {
	slots := make(chan struct{}, 32)
	var failed atomic.Value
	var wg sync.WaitGroup
	for i := range hubSubscribers {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			form := url.Values{
				"hub.mode": {"subscribe"}, "hub.topic": {"https://feeds.example.com/feed.atom"},
				"hub.callback": {fmt.Sprintf("http://127.2.0.%d:%d/cb/%d", 1+i%hubHosts, port, i)},
			}
			if secret {
				form.Set("hub.secret", fmt.Sprintf("secret of %d", i))
			}
			for range 100 { // the hub lets a bounded number wait
				res, err := http.PostForm("http://"+p.addr+"/hub", form)
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
	return b.until("every subscription", func() bool {
		res, err := http.Get("http://" + p.admin + "/metrics")
		if err != nil {
			return false
		}
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		return err == nil && bytes.Contains(body, []byte(fmt.Sprintf("feedmill_hub_subscriptions %d\n", hubSubscribers)))
	})
}

// postFloor is how many documents of that size a client posts in a second that does nothing else.
func postFloor(port, size int) float64 {
	body := strings.Repeat("x", size)
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: floorConnections}}
	defer client.CloseIdleConnections()
	next := atomic.Int64{}
	begun := time.Now()
	var wg sync.WaitGroup
	for range floorConnections {
		wg.Go(func() {
			for {
				i := next.Add(1)
				if i > hubSubscribers {
					return
				}
				res, err := client.Post(fmt.Sprintf("http://127.2.0.1:%d/cb/%d", port, i), "application/atom+xml", strings.NewReader(body))
				if err != nil {
					return // the rate tells
				}
				_, _ = io.Copy(io.Discard, res.Body)
				res.Body.Close()
			}
		})
	}
	wg.Wait()
	return hubSubscribers / time.Since(begun).Seconds()
}
