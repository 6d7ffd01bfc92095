package pushtest

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"feedmill/cache"
	"feedmill/cache/embedded"
	"feedmill/feeds"
	"feedmill/feeds/push"
)

// delivers: with a courier, while the platform fails in every way that passes, every item arrives, in order; again only where the
// answer to the first time was lost; no request comes before its time; and nothing that is logged or shown has a secret.
func (c Case) delivers(t *testing.T) {
	// The pool of the compressor is made with its first use and must not belong to a bubble.
	if _, err := cache.Decompress(cache.Compress([]byte("warm"))); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "store.db")
	synctest.Test(t, func(t *testing.T) {
		store, err := embedded.Open(path, embedded.Options{NoSync: true})
		if err != nil {
			t.Fatal(err)
		}
		d := &delivery{T: t, Case: c, store: store, fake: c.Fake(time.Now), rng: rand.New(rand.NewPCG(1, uint64(len(c.Kind.Name))))}
		d.run()
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
}

// delivery is one run of a courier with a target, in a bubble of testing/synctest.
type delivery struct {
	*testing.T
	Case
	store *embedded.Store
	fake  *Fake
	rng   *rand.Rand
	log   lockedLog
	modes []modeSince
	items int
}

type modeSince struct {
	at   time.Time
	mode Mode
}

type lockedLog struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedLog) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(b)
}

func (d *delivery) tell(m Mode) {
	d.fake.Set(m)
	d.modes = append(d.modes, modeSince{time.Now(), m})
}

// at is the mode of a time.
func (d *delivery) at(at time.Time) (m Mode) {
	for _, s := range d.modes {
		if !s.at.After(at) {
			m = s.mode
		}
	}
	return m
}

func (d *delivery) run() {
	cfg := d.Config("http://fake.example")
	if err := cfg.Check(); err != nil {
		d.Fatal(err)
	}
	log := slog.New(slog.NewTextHandler(&d.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	target, err := d.Kind.New(cfg, push.Env{Name: "t", Now: time.Now, Log: log, HTTP: d.fake.Client(15 * time.Second)})
	if err != nil {
		d.Fatal(err)
	}
	ctx := d.Context()
	lease, err := d.store.Acquire(ctx, "source/site", 365*24*time.Hour)
	if err != nil {
		d.Fatal(err)
	}
	if err := d.store.SetBaseline(ctx, lease, "site"); err != nil {
		d.Fatal(err)
	}
	var courier *push.Courier
	start := func() (stop func()) {
		courier = push.New(d.store, push.Options{Log: log})
		courier.Apply([]push.Spec{{
			Name: "t", Kind: d.Kind, Location: cfg.Location(), Target: target, Hash: "1", Topics: []feeds.Topic{feeds.All}, Language: "zh", Zone: time.UTC,
		}})
		ctx, cancel := context.WithCancel(ctx)
		done := make(chan error, 1)
		of := courier
		go func() { done <- of.Run(ctx) }()
		synctest.Wait()
		return func() {
			cancel()
			if err := <-done; err != nil {
				d.Errorf("run the courier: %v", err)
			}
		}
	}
	stop := start()
	passing := slices.DeleteFunc([]Mode{Working, Working, Limited, Busy, Proxy, Hang, Reset, Garbage}, func(m Mode) bool { return slices.Contains(d.Except, m) })
	for round := range 40 {
		d.tell(passing[d.rng.IntN(len(passing))])
		d.put(lease, 1+d.rng.IntN(8))
		time.Sleep(time.Duration(d.rng.Int64N(int64(90 * time.Second))))
		fmt.Fprintln(&d.log, courier.Status()) // nor has what people see of it a secret
		if round%10 == 9 {
			stop()
			stop = start()
		}
	}
	d.tell(Working)
	time.Sleep(8 * time.Hour)
	status := courier.Status()[0]
	deliveries, err := courier.Deliveries(ctx, "t", "", 10_000)
	if err != nil {
		d.Error(err)
	}
	fmt.Fprintln(&d.log, status, deliveries)
	stop()
	d.check(status)
}

// put stores news, with a mark in each title that no platform escapes.
func (d *delivery) put(lease cache.Lease, n int) {
	changes := make([]feeds.Change, n)
	for i := range changes {
		title := fmt.Sprintf("mark%04dx of a post", d.items)
		d.items++
		changes[i] = feeds.Change{Source: "site", Key: title, Raw: cache.Fingerprint([]byte(title)), Item: &feeds.Item{
			URL: fmt.Sprintf("https://example.org/posts/%d", d.items), Title: title, Summary: "What it says.", Published: time.Now().Truncate(time.Second),
		}}
	}
	if _, err := d.store.Put(d.Context(), lease, changes...); err != nil {
		d.Fatal(err)
	}
}

var mark = regexp.MustCompile(`mark[0-9]{4}x`)

func (d *delivery) check(status push.Status) {
	var order []string
	last := map[string]time.Time{}
	for _, m := range d.fake.Received() {
		marks := mark.FindAllString(d.Read(m.Body).Text, -1)
		slices.Sort(marks) // a platform may show a title twice
		for _, id := range slices.Compact(marks) {
			first, again := last[id]
			if !again {
				order = append(order, id)
			} else if mode := d.at(first); mode != Hang && mode != Reset && mode != Garbage {
				d.Errorf("%s arrived at %s and again at %s, though nothing was unclear about the first time (mode %q)", id, first, m.Time, mode)
			}
			last[id] = m.Time
		}
	}
	if len(order) != d.items {
		d.Errorf("%d items of %d arrived; %+v", len(order), d.items, status)
	}
	// What failed while others got through is tried beside them, and comes later than its turn.
	if !strings.Contains(d.log.b.String(), "fails while others get through") && !slices.IsSorted(order) {
		d.Errorf("not in order: %q", order)
	}
	requests, early := d.fake.Requests()
	if early > 0 || status.State != push.Idle || status.Dead > 0 {
		d.Errorf("%d requests of %d came before their time; %+v", early, requests, status)
	}
	for _, secret := range d.Secrets {
		if strings.Contains(d.log.b.String(), secret) {
			d.Errorf("a secret is in what was logged or is shown:\n%s", &d.log.b)
		}
	}
	d.Logf("%d items in %d messages of %d requests", d.items, len(d.fake.Received()), requests)
}
