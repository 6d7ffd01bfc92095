package app

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"feedmill/cache/embedded"
	"feedmill/cmd/internal/config"
	"feedmill/feeds"
	"feedmill/feeds/web"
	"feedmill/sources"
)

// board is a source that emits what is posted to it.
type board struct{ fetched chan string }

func (b *board) Receive(w http.ResponseWriter, r *http.Request, box sources.Mailbox) {
	body, err := io.ReadAll(r.Body)
	if err == nil {
		err = box.Put(r.Context(), body)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	seen, _, err := box.State(r.Context(), "seen")
	fmt.Fprintf(w, "%s %s %v", r.URL.Path, seen, err)
}

func (b *board) Fetch(_ context.Context, st sources.State, out sources.Sink) (sources.Result, error) {
	mail := st.(sources.Mail)
	letters, err := mail.Letters()
	if err != nil {
		return sources.Result{}, err
	}
	for _, l := range letters {
		st.Set("seen", l.Body)
		mail.Done(l)
		if err := out.Emit(feeds.Change{Key: string(l.Body), Item: &feeds.Item{Title: string(l.Body)}}); err != nil {
			return sources.Result{}, err
		}
	}
	again, err := mail.Letters() // more may have come meanwhile
	for _, l := range letters {
		b.fetched <- string(l.Body)
		for _, other := range again {
			if other.Key == l.Key {
				b.fetched <- "again " + string(l.Body)
			}
		}
	}
	if err != nil {
		return sources.Result{}, err
	}
	return sources.Result{}, nil
}

// TestReceive: a request reaches its source on its listener only, and what it leaves is read once, in order.
func TestReceive(t *testing.T) {
	store, err := embedded.OpenTemp(t.TempDir(), embedded.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	log := slog.New(slog.DiscardHandler)
	a := &App{store: store, log: log, received: make(chan struct{}, 1), site: web.Site{BaseURL: "https://feeds.example.com/base"}}
	a.manager = sources.NewManager(&desks{store: store, log: log, mayFetch: func() bool { return true }}, sources.Options{Log: log})
	t.Cleanup(a.manager.Close)
	public, private := &board{make(chan string, 100)}, &board{make(chan string, 100)}
	a.cfg = &config.Config{Sources: []config.Source{{Name: "notices"}, {Name: "slow"}}}
	spec := func(name string, b *board, private bool) sources.Spec {
		return sources.Spec{Name: name, Source: b, Policy: sources.Policy{Source: name}, Interval: time.Hour, Private: private}
	}
	a.manager.Apply([]sources.Spec{spec("notices", public, false), spec("a/b", private, true)})

	pages := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "page") })
	front := a.receiving(pages)
	admin := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { a.receive(w, r, inboxPrefix, true) })
	ask := func(h http.Handler, path, body string) (int, string) {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("POST", path, strings.NewReader(body)))
		return w.Code, w.Body.String()
	}
	for _, c := range []struct {
		h          http.Handler
		path, body string
		code       int
		want       string
	}{
		{front, "/hook/notices", "one", 200, "/ "},
		{front, "/base/hook/notices/x%2Fy/z", "two", 200, "/x/y/z "},
		{admin, "/inbox/a%2Fb/", "three", 200, "/ "},
		{admin, "/inbox/notices", "no", 404, ""},
		{front, "/hook/a%2Fb", "no", 404, ""},
		{front, "/hook/nobody", "no", 404, ""},
		{front, "/hook/slow", "no", 503, ""}, // configured, and not running yet
		{front, "/category/hook/notices", "", 200, "page"},
		{front, "/hook/notices", strings.Repeat("x", sources.MaxLetter+1), 500, ""},
	} {
		if code, text := ask(c.h, c.path, c.body); code != c.code || !strings.HasPrefix(text, c.want) {
			t.Errorf("%s: %d %.80q, want %d %q", c.path, code, text, c.code, c.want)
		}
	}
	for _, want := range []string{"one", "two"} {
		select {
		case got := <-public.fetched:
			if got != want {
				t.Errorf("the source reads %q, want %q", got, want)
			}
		case <-time.After(10 * time.Second):
			t.Fatalf("nobody reads the letter %q: %+v", want, a.manager.Status())
		}
	}
	if got := <-private.fetched; got != "three" {
		t.Errorf("the private source reads %q", got)
	}

	a.received <- struct{}{} // as if a request were under way
	if code, _ := ask(front, "/hook/notices", ""); code != http.StatusServiceUnavailable {
		t.Errorf("one request too many at once: %d", code)
	}
}

func TestLetterKey(t *testing.T) {
	a := &App{}
	now := time.Unix(1_700_000_000, 5)
	last := ""
	for i := range 100 {
		key := a.letterKey(now.Add(-time.Duration(i) * time.Second)) // a clock that goes back
		if key <= last {
			t.Fatalf("key %q does not sort behind %q", key, last)
		}
		last = key
	}
}
