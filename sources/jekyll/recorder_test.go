package jekyll

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"feedmill/feeds"
	"feedmill/sources"
	"feedmill/sources/internal/postdir"
)

// recorder is a Sink and a State in memory. It keeps what a store and the Manager would.
type recorder struct {
	t testing.TB

	mu        sync.Mutex
	saved     map[string][]byte
	pending   map[string][]byte // nil values delete
	items     map[string]feeds.Change
	order     []string // keys as emitted since the last fetch began
	withdrawn []string
	reports   map[string]sources.Rejected
	abouts    []feeds.About
	held      bool  // the guard holds withdrawals
	emitErr   error // fails the next Emit
	emits     chan []feeds.Change
}

func newRecorder(t testing.TB) *recorder {
	return &recorder{
		t: t, saved: map[string][]byte{}, pending: map[string][]byte{}, items: map[string]feeds.Change{},
		reports: map[string]sources.Rejected{},
	}
}

func (r *recorder) Get(key string) ([]byte, bool, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if v, ok := r.pending[key]; ok {
		return v, v != nil, nil
	}
	v, ok := r.saved[key]
	return v, ok, nil
}

func (r *recorder) Range(fn func(string, []byte) error) error {
	r.mu.Lock()
	all := maps.Clone(r.saved)
	maps.Copy(all, r.pending)
	r.mu.Unlock()
	for k, v := range all {
		if v == nil {
			continue
		}
		if err := fn(k, v); err != nil {
			return err
		}
	}
	return nil
}

func (r *recorder) Set(key string, value []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.pending[key] = slices.Clone(value)
}

func (r *recorder) Delete(key string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.pending[key] = nil
}

// save makes what is pending permanent.
func (r *recorder) save() {
	for k, v := range r.pending {
		if v == nil {
			delete(r.saved, k)
		} else {
			r.saved[k] = v
		}
	}
	clear(r.pending)
}

func (r *recorder) Emit(changes ...feeds.Change) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(changes) == 0 || len(changes) > sources.MaxBatch {
		r.t.Errorf("Emit of %d changes", len(changes))
	}
	if err := r.emitErr; err != nil {
		return err
	}
	for _, c := range changes {
		if c.Key == "" || c.Item == nil || c.Raw == 0 {
			r.t.Errorf("Emit of an incomplete change: %+v", c)
		}
		if c.Formerly != "" {
			delete(r.items, c.Formerly)
		}
		r.items[c.Key] = c
		r.order = append(r.order, c.Key)
	}
	r.save()
	if r.emits != nil {
		r.emits <- changes
	}
	return nil
}

func (r *recorder) Withdraw(keys ...string) (bool, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.held {
		return false, nil
	}
	for _, k := range keys {
		delete(r.items, k)
		delete(r.reports, k)
	}
	r.withdrawn = append(r.withdrawn, keys...)
	return true, nil
}

func (r *recorder) Reject(rej sources.Rejected) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.reports[rej.Where] = rej
}

func (r *recorder) Describe(a feeds.About) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.abouts = append(r.abouts, a)
	return nil
}

// fetch runs one Fetch as the Manager does.
func (r *recorder) fetch(s sources.Source) (sources.Result, error) {
	r.mu.Lock()
	r.order, r.withdrawn = nil, nil
	r.mu.Unlock()
	res, err := s.Fetch(context.Background(), r, r)
	r.mu.Lock()
	defer r.mu.Unlock()
	if err == nil {
		r.save()
	} else {
		clear(r.pending)
	}
	return res, err
}

func (r *recorder) mustFetch(s sources.Source) sources.Result {
	r.t.Helper()
	res, err := r.fetch(s)
	if err != nil {
		r.t.Fatal(err)
	}
	return res
}

// item is the one item whose key ends in suffix.
func (r *recorder) item(suffix string) feeds.Change {
	r.t.Helper()
	for k, c := range r.items {
		if strings.HasSuffix(k, suffix) {
			return c
		}
	}
	r.t.Fatalf("no item %q among %v", suffix, slices.Sorted(maps.Keys(r.items)))
	return feeds.Change{}
}

// open makes a source of a directory.
func open(t testing.TB, dir string, opts ...func(*Config)) *postdir.Source {
	t.Helper()
	cfg := Kind.Config().(*Config)
	cfg.Path = dir
	for _, o := range opts {
		o(cfg)
	}
	wd, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	if err := cfg.Check(wd); err != nil {
		t.Fatal(err)
	}
	s, err := Kind.New(cfg, sources.Env{Name: "test"})
	if err != nil {
		t.Fatal(err)
	}
	return s.(*postdir.Source)
}

// write lays out files below dir: name, content, name, content.
func write(t testing.TB, dir string, files ...string) {
	t.Helper()
	for i := 0; i < len(files); i += 2 {
		p := filepath.Join(dir, filepath.FromSlash(files[i]))
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte(files[i+1]), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func describe(c feeds.Change) string {
	it := c.Item
	return fmt.Sprintf("key %s\nwish %s\nurl %s\noriginal %s\ntitle %q\ncategories %q\ntags %q\nauthors %v\nlang %s\nimage %s\npublished %s\nupdated %s\nhold %v\nsummary %q\ncontent %s\n",
		c.Key, c.Wish, it.URL, it.Original, it.Title, it.Categories, it.Tags, it.Authors, it.Language, it.Image,
		it.Published.Format("2006-01-02T15:04:05Z07:00"), it.Updated.Format("2006-01-02T15:04:05Z07:00"), c.Hold, it.Summary, it.Content)
}

// decode makes a post of a file that is the only one of its site.
func decode(s *site, rel string, b []byte, now time.Time) *post {
	return s.Decode(postdir.NewFile(nil, rel, b, now, now))
}
