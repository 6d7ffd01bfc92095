package fetch

import (
	"bytes"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

func gz(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) }
func br(w io.Writer) io.WriteCloser { return brotli.NewWriter(w) }
func zs(w io.Writer) io.WriteCloser {
	z, err := zstd.NewWriter(w, zstd.WithEncoderConcurrency(1))
	if err != nil {
		panic(err)
	}
	return z
}
func zl(w io.Writer) io.WriteCloser { return zlib.NewWriter(w) }
func fl(w io.Writer) io.WriteCloser {
	f, err := flate.NewWriter(w, 6)
	if err != nil {
		panic(err)
	}
	return f
}

func TestC17Codings(t *testing.T) {
	text := []byte(strings.Repeat("a feed, says the origin. ", 400))
	zipped := compressed(t, gz, text)
	for name, c := range map[string]struct {
		coding string
		body   []byte
		want   []byte
	}{
		"plain":                  {"", text, text},
		"gzip":                   {"gzip", zipped, text},
		"x-gzip, odd case":       {"X-GZIP", zipped, text},
		"brotli":                 {"br", compressed(t, br, text), text},
		"zstd":                   {"zstd", compressed(t, zs, text), text},
		"deflate as zlib":        {"deflate", compressed(t, zl, text), text},
		"deflate bare":           {"deflate", compressed(t, fl, text), text},
		"gzip over brotli":       {"br, gzip", compressed(t, gz, compressed(t, br, text)), text},
		"labelled gzip, plain":   {"gzip", text, text},
		"gzip without label":     {"", zipped, text},
		"gzip twice":             {"gzip, gzip", compressed(t, gz, zipped), text},
		"two members":            {"gzip", append(append([]byte(nil), zipped...), zipped...), append(append([]byte(nil), text...), text...)},
		"gzip with junk behind":  {"gzip", append(append([]byte(nil), zipped...), "\x00\x00junk"...), text},
		"identity":               {"identity", text, text},
		"empty, labelled gzip":   {"gzip", nil, nil},
		"one byte":               {"gzip", []byte("x"), []byte("x")},
		"empty without anything": {"", nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOrigin(t, respond(string(c.body), "Content-Encoding", c.coding))
			resp := mustGet(t, testClient(t, Options{}), Request{URL: o.URL})
			if !bytes.Equal(resp.Body, c.want) {
				t.Errorf("got %d bytes, want %d", len(resp.Body), len(c.want))
			}
		})
	}
}

func TestC5DamagedBodiesLeaveTheValidators(t *testing.T) {
	text := []byte(strings.Repeat("a feed, says the origin. ", 4000))
	old := Validators{URL: "http://old.example/", ETag: `"old"`}
	for name, h := range map[string]http.HandlerFunc{
		"cut gzip":        respond(string(compressed(t, gz, text)[:60]), "Content-Encoding", "gzip", "ETag", `"new"`),
		"cut gzip header": respond("\x1f\x8b\x08", "Content-Encoding", "gzip", "ETag", `"new"`),
		"cut brotli":      respond(string(compressed(t, br, text)[:20]), "Content-Encoding", "br", "ETag", `"new"`),
		"cut zstd":        respond(string(compressed(t, zs, text)[:20]), "Content-Encoding", "zstd", "ETag", `"new"`),
		"unknown coding":  respond("x", "Content-Encoding", "compress", "ETag", `"new"`),
		"many codings":    respond("x", "Content-Encoding", "gzip, gzip, gzip, gzip", "ETag", `"new"`),
		"cut connection": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000")
			w.Header().Set("ETag", `"new"`)
			_, _ = w.Write([]byte("short"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOrigin(t, h)
			resp, err := Get(t.Context(), testClient(t, Options{}), Request{URL: o.URL, Validators: old})
			if err == nil {
				t.Fatalf("no error for %d bytes", len(resp.Body))
			}
			if resp.Validators != old || resp.Body != nil {
				t.Errorf("kept %+v of a bad body", resp.Validators)
			}
		})
	}
}

func TestC18Limits(t *testing.T) {
	large := bytes.Repeat([]byte("0123456789abcdef"), 1<<12) // 64 KiB
	zeros := make([]byte, 20<<20)
	random := make([]byte, 3<<20)
	for i, x := 0, uint32(1); i < len(random); i++ {
		x = x*1664525 + 1013904223
		random[i] = byte(x >> 24)
	}
	for name, c := range map[string]struct {
		coding string
		body   []byte
		limit  int64
		want   error
	}{
		"plain":               {"", large, 1 << 10, ErrTooLarge},
		"exactly as large":    {"", large, 1 << 16, nil},
		"gzip":                {"gzip", compressed(t, gz, large), 1 << 10, ErrTooLarge},
		"gzip bomb":           {"gzip", compressed(t, gz, zeros), 0, ErrBomb},
		"brotli bomb":         {"br", compressed(t, br, zeros), 0, ErrBomb},
		"zstd bomb":           {"zstd", compressed(t, zs, zeros), 0, ErrBomb},
		"bomb in a bomb":      {"gzip, gzip", compressed(t, gz, compressed(t, gz, zeros)), 0, ErrBomb},
		"dense but honest":    {"gzip", compressed(t, gz, random), 0, nil},
		"default is 15 MiB":   {"", zeros, 0, ErrTooLarge},
		"unlabelled gzip too": {"", compressed(t, gz, zeros), 0, ErrBomb},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOrigin(t, respond(string(c.body), "Content-Encoding", c.coding))
			_, err := Get(t.Context(), testClient(t, Options{}), Request{URL: o.URL, MaxBytes: c.limit})
			if !errors.Is(err, c.want) {
				t.Errorf("%v, want %v", err, c.want)
			}
		})
	}
}

func TestC18Headers(t *testing.T) {
	o := newOrigin(t, respond("x", "X-Long", strings.Repeat("a", 80<<10)))
	if _, err := Get(t.Context(), testClient(t, Options{}), Request{URL: o.URL}); err == nil {
		t.Error("took 80 KiB of headers")
	}
}

// drip is a body that gives a byte a second for ever, unless the request ends.
type drip struct{ done <-chan struct{} }

func (d drip) Read(p []byte) (int, error) {
	select {
	case <-time.After(time.Second):
		p[0] = 'x'
		return 1, nil
	case <-d.done:
		return 0, fmt.Errorf("request canceled")
	}
}

func TestC18SlowDripEndsAfterTheTotalTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newClient(Options{}, roundTrip(func(r *http.Request) (*http.Response, error) {
			return answer(r, 200, drip{r.Context().Done()}, "ETag", `"new"`), nil
		}))
		start := time.Now()
		resp, err := Get(t.Context(), c, Request{URL: "http://drip.example/"})
		if !errors.Is(err, ErrTimeout) {
			t.Errorf("%v, want ErrTimeout", err)
		}
		if d := time.Since(start); d != DefaultTimeout {
			t.Errorf("ended after %v, want %v", d, DefaultTimeout)
		}
		if resp.Validators.ETag != "" {
			t.Error("kept the validator of half a body")
		}
	})
}

func TestC18RedirectsShareTheTotalTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := 0
		c := newClient(Options{Spacing: NoSpacing}, roundTrip(func(r *http.Request) (*http.Response, error) {
			n++
			select {
			case <-time.After(9 * time.Second):
			case <-r.Context().Done():
				return nil, r.Context().Err()
			}
			return answer(r, 302, strings.NewReader(""), "Location", fmt.Sprintf("/%d", n)), nil
		}))
		start := time.Now()
		if _, err := Get(t.Context(), c, Request{URL: "http://slow.example/"}); !errors.Is(err, ErrTimeout) {
			t.Errorf("%v, want ErrTimeout", err)
		}
		if d := time.Since(start); d != DefaultTimeout {
			t.Errorf("ended after %v, want %v", d, DefaultTimeout)
		}
	})
}

func FuzzBody(f *testing.F) {
	f.Add([]byte("plain"), "")
	f.Add([]byte("\x1f\x8b\x08\x00"), "gzip")
	f.Add([]byte("\x28\xb5\x2f\xfd"), "zstd")
	f.Add([]byte("\x78\x9c"), "deflate, br")
	f.Fuzz(func(t *testing.T, body []byte, coding string) {
		const limit = 1 << 16
		res := answer(nil, 200, bytes.NewReader(body), "Content-Encoding", coding)
		out, err := readBody(res, limit)
		if err == nil && len(out) > limit {
			t.Errorf("%d bytes", len(out))
		}
	})
}
