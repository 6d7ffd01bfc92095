package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// pushes is how many posts are measured, and robots how many of WeCom share them, so that each stays below its 18 a minute.
const (
	pushes = 45
	robots = 3
)

// recorder answers as WeCom and Slack do, and remembers when it got which message.
type recorder struct {
	mu  sync.Mutex
	got []arrival
}

type arrival struct {
	at   time.Time
	path string
	body string
}

func (r *recorder) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(io.LimitReader(req.Body, 1<<20))
	if err != nil {
		return
	}
	r.mu.Lock()
	r.got = append(r.got, arrival{time.Now(), req.URL.Path, string(body)})
	r.mu.Unlock()
	if strings.HasPrefix(req.URL.Path, "/services/") {
		fmt.Fprint(w, "ok")
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	fmt.Fprint(w, `{"errcode":0,"errmsg":"ok"}`)
}

// arrived is when a message with a text came to a path; zero for not yet.
func (r *recorder) arrived(path, text string) time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, a := range r.got {
		if strings.HasPrefix(a.path, path) && strings.Contains(a.body, text) {
			return a.at
		}
	}
	return time.Time{}
}

// pushing measures P5 to the chat: from the moment a post file is closed to a stand-in for WeCom and one for Slack having the
// message. No other server of the store may run.
func (b *bench) pushing(store string, s *site, dir string) error {
	rec := &recorder{}
	srv := httptest.NewServer(rec)
	defer srv.Close()
	var file strings.Builder
	fmt.Fprintf(&file, "base_url: https://feeds.example.com\nstore: %s\nsources:\n  large: { jekyll: %q }\ntargets:\n", store, dir)
	target := func(name, kind, address, topic string) error {
		fmt.Fprintf(&file, "  %s:\n    %s_file: %s\n    topics: [%s]\n    allow: [127.0.0.0/8]\n", name, kind, name, topic)
		return writeFile(filepath.Join(b.dir, name), address+"\n")
	}
	if err := target("slack", "slack", srv.URL+"/services/T0/B0/bench", "all"); err != nil {
		return err
	}
	for i := range robots {
		name := fmt.Sprintf("wecom-%d", i)
		if err := target(name, "wecom", fmt.Sprintf("%s/cgi-bin/webhook/send?key=bench-%d", srv.URL, i), fmt.Sprintf("category/bench-%d", i)); err != nil {
			return err
		}
	}
	config := filepath.Join(b.dir, "push.yaml")
	if err := os.WriteFile(config, []byte(file.String()), 0o600); err != nil {
		return err
	}
	addr, err := freeAddr()
	if err != nil {
		return err
	}
	admin, err := freeAddr()
	if err != nil {
		return err
	}
	p, err := b.start(addr, admin, nil, b.binary, "serve", "--config", config, "--listen", addr, "--admin", admin)
	if err != nil {
		return err
	}
	defer p.close()
	if err := b.until("the scan before pushing", func() bool { return p.imported(b.large) }); err != nil {
		return err
	}
	time.Sleep(2 * time.Second) // the watch is in place once the scan is done
	var slack, wecom []time.Duration
	for i := range pushes {
		post := s.post(b.large + 1000 + i)
		text := strings.Replace(post.text, "categories: ", fmt.Sprintf("categories: bench-%d ", i%robots), 1)
		mark := fmt.Sprint("mark-", 1000+i)
		text = strings.Replace(text, `title: "`, `title: "`+mark+" ", 1)
		if err := writeFile(filepath.Join(dir, "_posts", post.name), text); err != nil {
			return err
		}
		written := time.Now()
		var atSlack, atWeCom time.Time
		if err := b.until("the message", func() bool {
			atSlack, atWeCom = rec.arrived("/services/", mark), rec.arrived("/cgi-bin/", mark)
			return !atSlack.IsZero() && !atWeCom.IsZero()
		}); err != nil {
			return err
		}
		slack, wecom = append(slack, atSlack.Sub(written)), append(wecom, atWeCom.Sub(written))
		time.Sleep(1200 * time.Millisecond) // Slack takes one a second
	}
	for _, row := range []struct {
		name string
		took []time.Duration
	}{{"WeCom", wecom}, {"Slack", slack}} {
		p50, p99 := percentile(row.took, 0.5), percentile(row.took, 0.99)
		b.add("P5", fmt.Sprintf("one post written -> %s has the message, p50", row.name), ms(p50), "-", "50 ms", p50 <= 50*time.Millisecond)
		b.add("P5", "the same, p99", ms(p99), "-", "250 ms", p99 <= 250*time.Millisecond)
	}
	return nil
}
