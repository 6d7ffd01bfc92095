package jekyll

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"feedmill/feeds"
	"feedmill/sources/internal/postdir"
)

// watched runs Watch over a site and fetches whenever it wakes, as the Manager does.
type watched struct {
	t   *testing.T
	dir string
	src *postdir.Source
	rec *recorder
}

// patience is how long a test waits for an event that should take milliseconds.
const patience = 30 * time.Second

func startWatch(t *testing.T, files ...string) *watched {
	t.Helper()
	dir, src, rec := start(t, files...)
	rec.emits = make(chan []feeds.Change, 100)
	ctx, cancel := context.WithCancel(context.Background())
	wakes := make(chan struct{}, 1)
	done := make(chan struct{}, 2)
	go func() {
		defer func() { done <- struct{}{} }()
		if err := src.Watch(ctx, func() {
			select {
			case wakes <- struct{}{}:
			default:
			}
		}); err != nil {
			t.Error(err)
		}
	}()
	ready := make(chan struct{})
	go func() {
		defer func() { done <- struct{}{} }()
		for first := true; ; first = false {
			select {
			case <-ctx.Done():
				return
			case <-wakes:
			}
			if _, err := rec.fetch(src); err != nil {
				t.Error(err)
			}
			if first {
				close(ready) // the look after the watches were set
			}
		}
	}()
	t.Cleanup(func() { cancel(); <-done; <-done })
	select {
	case <-ready:
	case <-time.After(patience):
		t.Fatal("the watch does not start")
	}
	return &watched{t, dir, src, rec}
}

// emitted waits for an Emit.
func (w *watched) emitted() []feeds.Change {
	w.t.Helper()
	select {
	case c := <-w.rec.emits:
		return c
	case <-time.After(patience):
		w.t.Fatal("nothing was emitted")
		return nil
	}
}

// until waits for a condition that no Emit tells of.
func (w *watched) until(what string, ok func() bool) {
	w.t.Helper()
	deadline := time.After(patience)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		w.rec.mu.Lock()
		done := ok()
		w.rec.mu.Unlock()
		if done {
			return
		}
		select {
		case <-deadline:
			w.t.Fatal(what)
		case <-tick.C:
		}
	}
}

func TestWatch(t *testing.T) {
	w := startWatch(t, "_posts/2024-01-01-a.md", postOf("a"), "_posts/2024-01-02-b.md", postOf("b"))

	write(t, w.dir, "_posts/2024-01-03-c.md", postOf("c"))
	if c := w.emitted(); len(c) != 1 || c[0].Key != "_posts/2024-01-03-c.md" {
		t.Fatalf("new file: %+v", c)
	}

	write(t, w.dir, "_posts/2024-01-01-a.md", postOf("a2"))
	if c := w.emitted(); len(c) != 1 || c[0].Item.Title != "a2" {
		t.Fatalf("edit: %+v", c)
	}

	// Half a post waits, without a report, until it is whole. Editors' files say nothing.
	f, err := os.Create(w.dir + "/_posts/2024-01-04-d.md")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString("---\ntitle: d\n"); err != nil {
		t.Fatal(err)
	}
	write(t, w.dir, "_posts/.2024-01-04-d.md.swp", "x", "_posts/2024-01-04-d.md~", postOf("x"), "_posts/#2024-01-04-d.md#", postOf("x"))
	write(t, w.dir, "_posts/2024-01-05-e.md", postOf("e"))
	if c := w.emitted(); c[0].Key != "_posts/2024-01-05-e.md" {
		t.Fatalf("beside half a post: %+v", c)
	}
	w.until("half a post is reported", func() bool { return len(w.rec.reports) == 0 })
	if _, err := f.WriteString("---\nbody\n"); err != nil {
		t.Fatal(err)
	}
	if c := w.emitted(); c[0].Key != "_posts/2024-01-04-d.md" {
		t.Fatalf("whole post: %+v", c)
	}

	// Saved by way of another file, as editors do.
	write(t, w.dir, "_posts/.tmp", postOf("b2"))
	if err := os.Rename(w.dir+"/_posts/.tmp", w.dir+"/_posts/2024-01-02-b.md"); err != nil {
		t.Fatal(err)
	}
	if c := w.emitted(); c[0].Key != "_posts/2024-01-02-b.md" || c[0].Item.Title != "b2" {
		t.Fatalf("atomic save: %+v", c)
	}

	if err := os.Rename(w.dir+"/_posts/2024-01-05-e.md", w.dir+"/_posts/2024-01-05-f.md"); err != nil {
		t.Fatal(err)
	}
	if c := w.emitted(); c[0].Formerly != "_posts/2024-01-05-e.md" {
		t.Fatalf("rename: %+v", c)
	}

	if err := os.Remove(w.dir + "/_posts/2024-01-03-c.md"); err != nil {
		t.Fatal(err)
	}
	w.until("the removed post is not withdrawn", func() bool { _, ok := w.rec.items["_posts/2024-01-03-c.md"]; return !ok })

	// A directory that appears, with a post already in it, and one in that.
	tmp := t.TempDir()
	write(t, tmp, "new/_posts/deep/2024-02-01-g.md", postOf("g"))
	if err := os.Rename(tmp+"/new", w.dir+"/new"); err != nil {
		t.Fatal(err)
	}
	if c := w.emitted(); c[0].Key != "new/_posts/deep/2024-02-01-g.md" {
		t.Fatalf("new directory: %+v", c)
	}
	write(t, w.dir, "new/_posts/deep/2024-02-02-h.md", postOf("h"))
	if c := w.emitted(); c[0].Key != "new/_posts/deep/2024-02-02-h.md" {
		t.Fatalf("post in a new directory: %+v", c)
	}
	if err := os.Rename(w.dir+"/new", w.dir+"/newer"); err != nil {
		t.Fatal(err)
	}
	var formerly []string
	for len(formerly) < 2 {
		for _, c := range w.emitted() {
			formerly = append(formerly, c.Formerly)
		}
	}
	if !slices.Contains(formerly, "new/_posts/deep/2024-02-02-h.md") {
		t.Fatalf("renamed directory: %q", formerly)
	}

	write(t, w.dir, "_config.yml", "url: https://b.example\n")
	if c := w.emitted(); len(c) != 6 || !strings.HasPrefix(c[0].Item.URL, "https://b.example/") {
		t.Fatalf("new configuration: %d changes, %+v", len(c), c[0])
	}
	write(t, w.dir, "category/x.html", "---\ntitle: X\ncategory: x\n---\n")
	w.until("the title of the category is not described", func() bool {
		return w.rec.abouts[len(w.rec.abouts)-1].Titles[feeds.NewTopic("category", "x")] == "X"
	})
}

func TestWatchEnds(t *testing.T) {
	src := open(t, t.TempDir())
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := src.Watch(ctx, func() {}); err != nil {
		t.Error(err)
	}
}

// The Manager ends a Watch when it loses the store, and starts another when it is back.
func TestWatchAgain(t *testing.T) {
	dir, src, rec := start(t, "_posts/2021-12-08-a.md", "---\ntitle: a\n---\n")
	if _, err := rec.fetch(src); err != nil {
		t.Fatal(err)
	}
	for round := range 2 {
		ctx, cancel := context.WithCancel(context.Background())
		wakes, done := make(chan struct{}, 100), make(chan error)
		go func() { done <- src.Watch(ctx, func() { wakes <- struct{}{} }) }()
		for _, what := range []string{"the look after the watches were set", "a change"} {
			select {
			case <-wakes:
			case <-time.After(patience):
				t.Fatalf("watch %d does not wake for %s", round+1, what)
			}
			if err := os.WriteFile(filepath.Join(dir, "_posts", "2021-12-08-a.md"), []byte("---\ntitle: "+what+"\n---\n"), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}
