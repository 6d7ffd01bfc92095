package fetch

import (
	"bufio"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

const (
	// DefaultMaxBytes bounds a body after decompression.
	DefaultMaxBytes = 15 << 20
	// acceptEncoding names what decoded undoes.
	acceptEncoding = "gzip, br, zstd"
	// maxCodings is how many compressions may lie on top of each other.
	maxCodings = 2
	// maxRatio is the most a body may expand once it is larger than ratioFrom: real feeds reach 40, a bomb 1,000.
	maxRatio  = 200
	ratioFrom = 1 << 20
	// zstdWindow is the largest window a client must support (RFC 9659).
	zstdWindow = 8 << 20
)

// readBody reads the body whole and undoes its Content-Encoding, under the limits. Beside ErrTooLarge it returns the
// beginning.
func readBody(res *http.Response, limit int64) ([]byte, error) {
	raw := &counter{r: res.Body}
	r, err := decoded(bufio.NewReader(raw), codings(res.Header), zstdWindow)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	buf := make([]byte, 0, min(max(res.ContentLength, 4<<10)+1, limit+1, 1<<20))
	for {
		if len(buf) == cap(buf) {
			buf = append(buf, 0)[:len(buf)]
		}
		n, err := r.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		switch {
		case int64(len(buf)) > limit:
			return buf[:limit], fmt.Errorf("%w: more than %d bytes", ErrTooLarge, limit)
		case len(buf) > ratioFrom && int64(len(buf)) > maxRatio*raw.n:
			return nil, fmt.Errorf("%w: %d bytes from %d", ErrBomb, len(buf), raw.n)
		case err == io.EOF:
			return buf, nil
		case err != nil && raw.err != nil:
			return nil, fmt.Errorf("read body: %w", plain(raw.err))
		case err != nil:
			return nil, fmt.Errorf("%w: %w", ErrEncoding, err)
		}
	}
}

// counter counts what came over the wire and keeps its error, so that a broken connection is told from broken bytes.
type counter struct {
	r   io.Reader
	n   int64
	err error
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	if err != nil && err != io.EOF {
		c.err = err
	}
	return n, err
}

// codings lists the Content-Encoding, innermost first.
func codings(h http.Header) []string {
	var list []string
	for c := range strings.SplitSeq(strings.Join(h.Values("Content-Encoding"), ","), ",") {
		if c = strings.ToLower(strings.TrimSpace(c)); c != "" && c != "identity" {
			list = append(list, c)
		}
	}
	return list
}

// decoded undoes the codings. gzip is believed by its magic number rather than by the header: some servers label
// plain bodies as gzip, others send feed.xml.gz without any label.
func decoded(br *bufio.Reader, list []string, window uint64) (io.ReadCloser, error) {
	if len(list) > maxCodings {
		return nil, fmt.Errorf("%w: %d codings on top of each other", ErrEncoding, len(list))
	}
	var r io.ReadCloser = io.NopCloser(br)
	if len(list) == 0 && magic(br, "\x1f\x8b") {
		list = []string{"gzip"}
	}
	for i := len(list) - 1; i >= 0; i-- {
		switch list[i] {
		case "gzip", "x-gzip":
			if magic(br, "\x1f\x8b") {
				r = &members{br: br}
			}
		case "br":
			r = io.NopCloser(brotli.NewReader(br))
		case "zstd":
			z, err := zstd.NewReader(br, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(window))
			if err != nil {
				return nil, fmt.Errorf("%w: %w", ErrEncoding, err)
			}
			r = z.IOReadCloser()
		case "deflate":
			// The name means zlib (RFC 9110 §8.4.1.2); many servers send bare deflate.
			if z, err := zlibReader(br); err == nil {
				r = z
			} else {
				r = flate.NewReader(br)
			}
		default:
			return nil, fmt.Errorf("%w: unknown coding %.40q", ErrEncoding, list[i])
		}
		if i > 0 {
			br = bufio.NewReader(r)
		}
	}
	return r, nil
}

func magic(br *bufio.Reader, want string) bool {
	got, _ := br.Peek(len(want)) // a shorter body is no match
	return string(got) == want
}

func zlibReader(br *bufio.Reader) (io.ReadCloser, error) {
	head, err := br.Peek(2)
	if err != nil || head[0]&0x0f != 8 || (int(head[0])<<8|int(head[1]))%31 != 0 {
		return nil, errors.New("no zlib header")
	}
	return zlib.NewReader(br)
}

// members reads all members of a gzip stream and, as browsers do, ignores what is no gzip behind the last.
type members struct {
	br *bufio.Reader
	z  *gzip.Reader
}

func (m *members) Read(p []byte) (int, error) {
	for {
		if m.z == nil {
			z, err := gzip.NewReader(m.br)
			if err != nil {
				return 0, noEOF(err)
			}
			z.Multistream(false)
			m.z = z
		}
		n, err := m.z.Read(p)
		if err != io.EOF {
			return n, err
		}
		if magic(m.br, "\x1f\x8b") {
			if err = m.z.Reset(m.br); err != nil {
				return n, noEOF(err)
			}
			m.z.Multistream(false)
			err = nil
		}
		if n > 0 || err != nil {
			return n, err
		}
	}
}

func (m *members) Close() error { return nil }

// noEOF keeps the end of a header that is cut from looking like the end of the body.
func noEOF(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
