package formattest

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"feedmill/feeds"
)

var update = flag.Bool("update", false, "rewrite the golden documents in testdata")

// noAddress are the rules that a feed without addresses of its own cannot keep.
var noAddress = []string{"rss-self", "atom-self", "json-home", "json-self", "websub-self"}

// Run holds a format to what feeds promise their readers. It compares with the documents in testdata of the calling
// package, which go test -update writes.
func Run(t *testing.T, format feeds.Format) {
	t.Run("a document stays as it was", func(t *testing.T) {
		for _, s := range Samples() {
			t.Run(s.Name, func(t *testing.T) { golden(t, format, s) })
		}
	})
	t.Run("validators find nothing and readers read what the items say", func(t *testing.T) {
		for _, s := range Samples() {
			t.Run(s.Name, func(t *testing.T) { verify(t, format, s.Feed, s.Breaks...) })
		}
	})
	t.Run("hostile text in any field breaks nothing and loses nothing", func(t *testing.T) { hostile(t, format) })
	t.Run("a thousand items are a thousand items", func(t *testing.T) {
		f := Large(1000)
		for i := range f.Items {
			f.Items[i].Content = f.Items[i].Content[:len(f.Items[i].Content)/11]
		}
		verify(t, format, f, "size-burden") // how many items a document has is decided elsewhere
	})
	t.Run("items of one identity are all there", func(t *testing.T) {
		f := ties()
		for i := range f.Items {
			f.Items[i].ID = "https://example.org/same"
		}
		verify(t, format, f)
	})
	t.Run("any time has a form or is left out", func(t *testing.T) { times(t, format) })
	t.Run("the same feed is the same bytes, and stays as it is", func(t *testing.T) { pure(t, format) })
	t.Run("an error of the writer is an error", func(t *testing.T) { failing(t, format) })
	t.Run("the format says what it is", func(t *testing.T) {
		if format.Name == "" || format.MediaType == "" || len(format.Suffix) < 2 || format.Suffix[0] != '.' {
			t.Errorf("format lacks name, media type or suffix: %+v", format)
		}
	})
}

func encode(t testing.TB, format feeds.Format, f *feeds.Feed) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := format.Encode(&b, f); err != nil {
		t.Fatalf("encode into memory: %v", err)
	}
	return b.Bytes()
}

func golden(t *testing.T, format feeds.Format, s Sample) {
	got := encode(t, format, s.Feed)
	path := filepath.Join("testdata", s.Name+format.Suffix)
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v (go test -update writes it)", err)
	}
	if d := cmp.Diff(string(want), string(got)); d != "" {
		t.Errorf("document differs from %s (-want +got):\n%s", path, d)
	}
}

// verify checks the document of a feed, apart from the rules that the feed itself breaks, and that it says what the
// feed says.
func verify(t testing.TB, format feeds.Format, f *feeds.Feed, except ...string) {
	t.Helper()
	doc := encode(t, format, f)
	for _, finding := range Check(doc, format.ContentType()) {
		if !slices.Contains(except, rule(finding)) {
			t.Errorf("%s", finding)
		}
	}
	for _, d := range Same(f, doc, format.MediaType) {
		t.Errorf("%s", d)
	}
}

func times(t *testing.T, format feeds.Format) {
	for name, at := range map[string]time.Time{
		"with nanoseconds":    time.Date(2026, 1, 2, 3, 4, 5, 987654321, shanghai),
		"local mean time":     time.Date(1999, 1, 2, 3, 4, 5, 0, time.FixedZone("LMT", 8*3600+5*60+43)),
		"half an hour off":    time.Date(2026, 1, 2, 3, 4, 5, 0, time.FixedZone("", -(3*3600+1800))),
		"an impossible zone":  time.Date(2026, 1, 2, 3, 4, 5, 0, time.FixedZone("", 26*3600)),
		"a zone called UTC":   time.Date(2026, 1, 2, 3, 4, 5, 0, time.FixedZone("UTC", 0)),
		"year 10000":          time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC),
		"nearly year 10000":   time.Date(9999, 12, 31, 23, 59, 59, 0, newYork),
		"before Christ":       time.Date(-44, 3, 15, 12, 0, 0, 0, time.UTC),
		"year 1":              time.Date(1, 1, 1, 0, 0, 1, 0, time.UTC),
		"year 1 in the east":  time.Date(1, 1, 1, 5, 0, 0, 0, shanghai),
		"the Unix epoch":      time.Unix(0, 0),
		"with a clock's tick": time.Now().Add(-time.Hour),
	} {
		t.Run(name, func(t *testing.T) {
			f := ties()
			f.Items, f.Updated = f.Items[:1], at
			f.Items[0].Published, f.Items[0].Updated, f.Items[0].Arrived = at, at, at
			verify(t, format, f)
		})
	}
}

func pure(t *testing.T, format feeds.Format) {
	f, twin := full(), full()
	// Spare capacity shows an append to a list of the caller's.
	f.Items[0].Categories = append(make([]string, 0, 10), f.Items[0].Categories...)
	want := encode(t, format, f)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 10 {
				var b bytes.Buffer
				if err := format.Encode(&b, f); err != nil || !bytes.Equal(b.Bytes(), want) {
					t.Errorf("another call gave other bytes, or %v", err)
				}
			}
		})
	}
	wg.Wait()
	if d := cmp.Diff(twin, f); d != "" {
		t.Errorf("Encode changed the feed (-before +after):\n%s", d)
	}
	if c := f.Items[0].Categories; c[:cap(c)][len(c)] != "" {
		t.Errorf("Encode wrote behind the end of a list: %q", c[:cap(c)])
	}
	if encode(t, format, twin); !bytes.Equal(encode(t, format, twin), want) {
		t.Errorf("an equal feed gave other bytes")
	}
}

var errFull = errors.New("disk full")

// brokenWriter takes n bytes.
type brokenWriter struct{ n int }

func (w *brokenWriter) Write(p []byte) (int, error) {
	if len(p) > w.n {
		n := w.n
		w.n = 0
		return n, errFull
	}
	w.n -= len(p)
	return len(p), nil
}

func failing(t *testing.T, format feeds.Format) {
	f := Large(10)
	size := len(encode(t, format, f))
	for _, n := range []int{0, 1, 20, len(declaration) - 1, len(declaration), 5000, size / 2, size - 1} {
		if err := format.Encode(&brokenWriter{n}, f); !errors.Is(err, errFull) {
			t.Errorf("writer that takes %d of %d bytes: got %v, want its error", n, size, err)
		}
	}
	if err := format.Encode(&brokenWriter{size}, f); err != nil {
		t.Errorf("writer that takes all bytes: %v", err)
	}
}
