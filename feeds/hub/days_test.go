package hub

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"feedmill/cache"
	"feedmill/cache/embedded"
)

// internet is callbacks by host, without a network; what is not in fails is served.
type internet struct {
	mu     sync.Mutex
	fails  map[string]int      // status by host
	posts  map[string][]string // bodies that were taken, by host
	tries  map[string]int
	denied map[string]string // reason by host
	// asked are the questions, says what is answered with a challenge instead of it, headers those of the last delivery, by host.
	asked   map[string][]url.Values
	says    map[string]func(challenge string) (status int, body string)
	headers map[string]http.Header
}

func (n *internet) RoundTrip(r *http.Request) (*http.Response, error) {
	body := ""
	if r.Body != nil {
		b, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		body = string(b)
	}
	if r.Method == http.MethodGet {
		time.Sleep(time.Second) // nobody answers at once
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	status, host := http.StatusOK, r.URL.Hostname()
	switch q := r.URL.Query(); {
	case r.Method == http.MethodGet && q.Get("hub.mode") == "denied":
		n.denied[host] = q.Get("hub.reason")
	case r.Method == http.MethodGet:
		n.asked[host] = append(n.asked[host], q)
		answer := q.Get("hub.challenge")
		if says := n.says[host]; says != nil {
			status, answer = says(answer)
		}
		if n.fails[host] != 0 {
			n.tries[host]++
			status = n.fails[host]
		}
		return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(answer)), Request: r}, nil
	case n.fails[host] != 0:
		n.tries[host]++
		status = n.fails[host]
	default:
		n.posts[host], n.headers[host] = append(n.posts[host], body), r.Header.Clone()
	}
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: http.NoBody, Request: r}, nil
}

func (n *internet) set(host string, status int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.fails[host] = status
}

func (n *internet) got(host string) []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return append([]string(nil), n.posts[host]...)
}

// life is a hub over a store that outlives it, in a bubble of testing/synctest.
type life struct {
	*testing.T
	st   *logless
	docs *one
	net  *internet
	logs strings.Builder
	h    *Hub
	stop func()
}

func inDays(t *testing.T, run func(l *life)) {
	path := filepath.Join(t.TempDir(), "hub.db")
	synctest.Test(t, func(t *testing.T) {
		st, err := embedded.Open(path, embedded.Options{NoSync: true})
		if err != nil {
			t.Fatal(err)
		}
		l := &life{
			T: t, st: &logless{st, make(chan error)}, docs: &one{},
			net: &internet{
				fails: map[string]int{}, posts: map[string][]string{}, tries: map[string]int{}, denied: map[string]string{},
				asked: map[string][]url.Values{}, says: map[string]func(string) (int, string){}, headers: map[string]http.Header{},
			},
		}
		l.start()
		defer func() {
			l.stop()
			if err := st.Close(); err != nil {
				t.Error(err)
			}
		}()
		run(l)
	})
}

func (l *life) start() {
	l.h = New(Env{Store: l.st, Documents: l.docs, Log: slog.New(slog.NewTextHandler(&l.logs, nil)), Active: func() bool { return true }},
		Options{URL: "https://feeds.example.com/hub", HTTP: &http.Client{Transport: l.net}})
	l.h.tick = 10 * time.Second // days of it are lived through
	ctx, cancel := context.WithCancel(l.Context())
	var wg sync.WaitGroup
	wg.Go(func() { l.h.Run(ctx) })
	l.stop = func() { cancel(); wg.Wait(); l.h.Close() }
}

// subscribe keeps a subscription of each host, for ten days.
func (l *life) subscribe(hosts ...string) {
	l.Helper()
	for _, host := range hosts {
		s := &subscription{Topic: "https://feeds.example.com/feed.atom", Callback: "https://" + host + "/secret-path", Secret: "s3cret", Expires: time.Now().Add(10 * 24 * time.Hour)}
		if err := l.h.keep(l.Context(), s, false); err != nil {
			l.Fatal(err)
		}
	}
	l.wait(time.Minute)
}

// change makes another version and lets its deliveries end.
func (l *life) change(version int64) {
	l.docs.version.Store(version)
	tail, err := l.st.Tail(l.Context())
	if err != nil {
		l.Fatal(err)
	}
	l.st.says <- &cache.TrimmedError{First: tail}
	l.wait(time.Minute)
}

func (l *life) wait(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// notes is how many subscriptions and how many unserved callbacks are in the store.
func (l *life) notes() (subs, dues int) {
	l.Helper()
	for bucket, n := range map[string]*int{bucketSubs: &subs, bucketDue: &dues} {
		if err := l.st.Range(l.Context(), bucket, func(string, []byte) error { *n++; return nil }); err != nil {
			l.Fatal(err)
		}
	}
	return subs, dues
}

// TestThreeDays: a callback that fails is served again ever more rarely and dropped after three days, over a restart, with a
// word to it, in the log and in the figures; one that recovers at 2.9 days gets what there is then, and stays.
func TestThreeDays(t *testing.T) {
	inDays(t, func(l *life) {
		const day = 24 * time.Hour
		l.subscribe("good.example.net", "dead.example.net", "late.example.net")
		l.net.set("dead.example.net", http.StatusInternalServerError)
		l.net.set("late.example.net", http.StatusBadGateway)
		l.change(1)
		began := time.Now()
		if subs, dues := l.notes(); subs != 3 || dues != 2 || len(l.net.got("good.example.net")) != 1 {
			t.Fatalf("%d subscriptions, %d to serve again, want 3 and 2", subs, dues)
		}
		l.wait(36 * time.Hour)
		if st := l.h.Stats(); st.Failing != 2 || st.FailingHosts["dead.example.net"] != 1 || st.Dropped != 0 {
			t.Errorf("after a day and a half: %+v", st)
		}
		l.stop()
		l.start()
		l.change(2) // it does not reach who fails before their turn
		l.wait(time.Until(began.Add(2*day + 21*time.Hour + 36*time.Minute)))
		if st := l.h.Stats(); st.Subscriptions != 3 || st.Failing != 2 || st.Dropped != 0 {
			t.Errorf("at 2.9 days: %+v", st)
		}
		l.net.set("late.example.net", 0)
		l.wait(time.Until(began.Add(3*day + retryMost + 10*time.Minute)))
		if got := l.net.got("late.example.net"); len(got) != 1 || got[0] != "version 2" {
			t.Errorf("the one that recovered got %q, want what there is now, once", got)
		}
		if st := l.h.Stats(); st.Subscriptions != 2 || st.Failing != 0 || st.Dropped != 1 {
			t.Errorf("after three days: %+v", st)
		}
		if subs, dues := l.notes(); subs != 2 || dues != 0 {
			t.Errorf("after three days %d subscriptions, %d to serve again are in the store", subs, dues)
		}
		l.net.mu.Lock()
		if tries := l.net.tries["dead.example.net"]; tries < 25 || tries > 70 {
			t.Errorf("%d tries in three days", tries)
		}
		if len(l.net.denied) != 1 || !strings.Contains(l.net.denied["dead.example.net"], "three days") {
			t.Errorf("told that it ended: %v", l.net.denied)
		}
		l.net.mu.Unlock()
		l.change(3)
		l.stop()
		log := l.logs.String()
		if strings.Count(log, "its callback has failed for three days") != 1 || !strings.Contains(log, "callback=dead.example.net") || !strings.Contains(log, "answers 500") {
			t.Errorf("the log says:\n%s", log)
		}
		if strings.Contains(log, "secret-path") || strings.Contains(log, "s3cret") {
			t.Errorf("the log has a secret:\n%s", log)
		}
		for host, want := range map[string]string{"good.example.net": "[version 1 version 2 version 3]", "late.example.net": "[version 2 version 3]", "dead.example.net": "[]"} {
			if got := fmt.Sprint(l.net.got(host)); got != want {
				t.Errorf("%s got %s, want %s", host, got, want)
			}
		}
		l.start()
	})
}

// TestLeaseRunsOut: a subscription that is not renewed ends with its lease, whatever it was served, and leaves nothing.
func TestLeaseRunsOut(t *testing.T) {
	inDays(t, func(l *life) {
		l.subscribe("a.example.net", "b.example.net")
		l.net.set("b.example.net", http.StatusInternalServerError)
		l.change(1)
		l.wait(9 * 24 * time.Hour)
		l.subscribe("a.example.net") // a renewal
		l.wait(24 * time.Hour)
		l.change(2)
		if st := l.h.Stats(); st.Subscriptions != 1 || len(l.net.got("a.example.net")) != 2 {
			t.Errorf("after ten days %+v, %d deliveries to who renewed", st, len(l.net.got("a.example.net")))
		}
		l.wait(10 * 24 * time.Hour)
		l.change(3)
		if subs, dues := l.notes(); subs != 0 || dues != 0 || len(l.net.got("a.example.net")) != 2 {
			t.Errorf("after the lease: %d subscriptions, %d to serve, %d deliveries", subs, dues, len(l.net.got("a.example.net")))
		}
	})
}
