package fetch

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"runtime"
	"testing"

	"github.com/andybalholm/brotli"
)

// giga is a body of 1 GiB of zeros.
func giga() io.Reader { return io.LimitReader(zeros{}, 1<<30) }

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// repeated is a compressed piece of 64 MiB so often that 1 GiB comes out: gzip and zstd allow that.
func repeated(t *testing.T, newWriter func(io.Writer) io.WriteCloser) []byte {
	return bytes.Repeat(compressed(t, newWriter, make([]byte, 64<<20)), 16)
}

// TestC18AGigabyteEndsInAClearError: whatever is sent, the memory stays below 100 MB.
func TestC18AGigabyteEndsInAClearError(t *testing.T) {
	if testing.Short() {
		t.Skip("compresses a gigabyte")
	}
	var small bytes.Buffer
	w := brotli.NewWriterLevel(&small, 1)
	if _, err := io.Copy(w, giga()); err != nil || w.Close() != nil {
		t.Fatal(err)
	}
	twice := compressed(t, gz, repeated(t, gz))
	for name, c := range map[string]struct {
		coding string
		body   func() io.Reader
		want   error
	}{
		"gzip":       {"gzip", reading(repeated(t, gz)), ErrBomb},
		"gzip twice": {"gzip, gzip", reading(twice), ErrBomb},
		"brotli":     {"br", reading(small.Bytes()), ErrBomb},
		"zstd":       {"zstd", reading(repeated(t, zs)), ErrBomb},
		"no label":   {"", reading(repeated(t, gz)), ErrBomb},
		"plain":      {"", giga, ErrTooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOrigin(t, func(w http.ResponseWriter, _ *http.Request) {
				if c.coding != "" {
					w.Header().Set("Content-Encoding", c.coding)
				}
				_, _ = io.Copy(w, c.body()) // the client hangs up
			})
			client := testClient(t, Options{})
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := Get(t.Context(), client, Request{URL: o.URL})
			runtime.ReadMemStats(&after)
			if !errors.Is(err, c.want) {
				t.Errorf("%v, want %v", err, c.want)
			}
			if n := after.TotalAlloc - before.TotalAlloc; n > 100<<20 {
				t.Errorf("%d MiB were allocated altogether", n>>20)
			}
		})
	}
}

func reading(b []byte) func() io.Reader { return func() io.Reader { return bytes.NewReader(b) } }
