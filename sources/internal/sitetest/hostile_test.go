package sitetest_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"
	"go.yaml.in/yaml/v4"
	"golang.org/x/net/dns/dnsmessage"

	"feedmill/sources"
	"feedmill/sources/fetch"
	"feedmill/sources/internal/sitetest"
	"feedmill/sources/jsonapi"
	"feedmill/sources/opml"
	"feedmill/sources/sitemap"
	"feedmill/sources/sourcetest"
	"feedmill/sources/webfeed"
	"feedmill/sources/webpage"
)

// victim is a kind of source that asks servers, with what a server of its own does to it.
type victim struct {
	kind   sources.Kind
	config string // URL stands for the address
	// good is a document of one item, entry its item; many makes one of a number of them.
	head, entry, tail string
	// laughs is a document that would grow in the parser, and laughed what is said of it.
	laughs, laughed string
	// crowded is what is said of 100,000 items.
	crowded string
}

func (v victim) document(n int) string {
	var b strings.Builder
	b.WriteString(v.head)
	for i := range n {
		fmt.Fprintf(&b, v.entry, i)
	}
	return b.String() + v.tail
}

// laughs defines entities of which the last stands for 8^200 characters.
func laughs(root string) string {
	var b strings.Builder
	b.WriteString("<!DOCTYPE " + root + ` [<!ENTITY a0 "ha">`)
	for i := range 200 {
		fmt.Fprintf(&b, `<!ENTITY a%d "%s">`, i+1, strings.Repeat(fmt.Sprintf("&a%d;", i), 8))
	}
	return b.String() + "]>"
}

var victims = []victim{
	{
		kind: webfeed.Kind, config: `{feed: "URL"}`,
		head: `<rss version="2.0"><channel><title>T</title>`, entry: `<item><title>t</title><link>https://h.example/%d</link><description>text</description></item>`, tail: `</channel></rss>`,
		laughs: laughs("rss") + `<rss version="2.0"><channel><title>&a200;</title><item><title>&a200;</title></item></channel></rss>`, laughed: "entities",
		crowded: "90000 were left out",
	},
	{
		kind: webpage.Kind, config: `{webpage: "URL", items: li}`,
		head: `<!doctype html><title>T</title><ul>`, entry: `<li><a href="/%d">t</a>`, tail: `</ul>`,
		// What stays open is opened again in each paragraph (HTML §13.2.4.3).
		laughs: strings.Repeat("<b><i><u><s><em><font>", 100) + strings.Repeat("<p>x", 100_000), laughed: "more than 100000 elements",
		crowded: "more than 100000 elements",
	},
	{
		kind: jsonapi.Kind, config: `{jsonapi: "URL", items: ".[]", fields: {summary: 'if .n then [range(.n)] | map(tostring) | add else "s" end'}}`,
		head: `[{"title":"first"}`, entry: `,{"title":"t%d"}`, tail: `]`,
		laughs: `[{"title":"t","n":1000000000000}]`, laughed: "the jq programs",
		crowded: "more than 2000 items",
	},
	{
		kind: sitemap.Kind, config: `{sitemap: "URL"}`,
		head: `<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">`, entry: `<url><loc>https://h.example/%d</loc></url>`, tail: `</urlset>`,
		laughs: laughs("urlset") + `<urlset><url><loc>&a200;</loc></url></urlset>`, laughed: "entities",
		crowded: "50000 are left out",
	},
	{
		kind: opml.Kind(webfeed.Kind), config: `{opml: "URL"}`,
		head: `<opml version="2.0"><body>`, entry: `<outline type="rss" xmlUrl="https://h.example/%d"/>`, tail: `</body></opml>`,
		laughs: laughs("opml") + `<opml version="2.0"><body><outline type="rss" text="&a200;" xmlUrl="&a200;"/></body></opml>`, laughed: "entities",
		crowded: "more than 5000 feeds",
	},
}

// giga compresses 1 GiB of zeros.
func giga(wrap func(io.Writer) io.WriteCloser) func() []byte {
	return sync.OnceValue(func() []byte {
		var b bytes.Buffer
		w := wrap(&b)
		zeros := make([]byte, 1<<20)
		for range 1 << 10 {
			if _, err := w.Write(zeros); err != nil {
				panic(err) // a buffer takes everything
			}
		}
		if err := w.Close(); err != nil {
			panic(err)
		}
		return b.Bytes()
	})
}

var bombs = map[string]func() []byte{
	"gzip": giga(func(w io.Writer) io.WriteCloser { z, _ := gzip.NewWriterLevel(w, gzip.BestSpeed); return z }),
	"br":   giga(func(w io.Writer) io.WriteCloser { return brotli.NewWriterLevel(w, 1) }),
	"zstd": giga(func(w io.Writer) io.WriteCloser {
		z, _ := zstd.NewWriter(w, zstd.WithEncoderLevel(zstd.SpeedFastest))
		return z
	}),
}

// attack is what a server does.
type attack struct {
	name string
	// serve answers; inside is the address of a server in the private network.
	serve func(v victim, inside string) http.HandlerFunc
	// address is what is configured, made of the server's own and of inside; nil for the first.
	address func(own, inside string) string
	said    func(v victim) string
	// unasked says that the server itself is not to be asked.
	unasked bool
}

func sent(v victim, text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, text) } // the client may hang up
}

func always(s string) func(victim) string { return func(victim) string { return s } }

func attacks() []attack {
	list := []attack{
		{name: "nothing", serve: func(v victim, _ string) http.HandlerFunc { return sent(v, v.document(1)) }, said: always("")},
		{name: "a document that grows", serve: func(v victim, _ string) http.HandlerFunc { return sent(v, v.laughs) }, said: func(v victim) string { return v.laughed }},
		{name: "a hundred thousand items", serve: func(v victim, _ string) http.HandlerFunc { return sent(v, v.document(100_000)) }, said: func(v victim) string { return v.crowded }},
		{name: "an endless body", said: always(fetch.ErrTooLarge.Error()), serve: func(v victim, _ string) http.HandlerFunc {
			return func(w http.ResponseWriter, _ *http.Request) {
				_, _ = io.WriteString(w, v.head)
				blanks := bytes.Repeat([]byte(" "), 64<<10)
				for range 1 << 30 / len(blanks) {
					if _, err := w.Write(blanks); err != nil {
						return
					}
				}
			}
		}},
		{name: "a slow drip", said: always(fetch.ErrTimeout.Error()), serve: func(v victim, _ string) http.HandlerFunc {
			return func(w http.ResponseWriter, r *http.Request) {
				for _, c := range []byte(v.document(1000)) {
					if _, err := w.Write([]byte{c}); err != nil {
						return
					}
					w.(http.Flusher).Flush()
					select {
					case <-r.Context().Done():
						return
					case <-time.After(20 * time.Millisecond):
					}
				}
			}
		}},
		{name: "redirects in a circle", said: always(fetch.ErrRedirect.Error()), serve: func(victim, string) http.HandlerFunc {
			return func(w http.ResponseWriter, r *http.Request) {
				http.Redirect(w, r, map[bool]string{true: "/a", false: "/b"}[r.URL.Path == "/b"], http.StatusFound)
			}
		}},
		{name: "redirects without end", said: always(fetch.ErrRedirect.Error()), serve: func(victim, string) http.HandlerFunc {
			return func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, r.URL.Path+"x", http.StatusFound) }
		}},
		{name: "a redirect inside", said: always(fetch.ErrPrivate.Error()), serve: func(_ victim, inside string) http.HandlerFunc {
			return func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, inside, http.StatusFound) }
		}},
		{name: "an address inside", unasked: true, said: always(fetch.ErrPrivate.Error()), address: func(_, inside string) string { return inside }},
		{name: "a name of an address inside", unasked: true, said: always(fetch.ErrPrivate.Error()), address: func(_, inside string) string {
			return strings.Replace(inside, "127.0.0.2", "inside.feedmill.test", 1)
		}},
	}
	for coding, bomb := range bombs {
		list = append(list, attack{name: "1 GiB in " + coding, said: always(fetch.ErrBomb.Error()), serve: func(victim, string) http.HandlerFunc {
			return func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Encoding", coding)
				_, _ = w.Write(bomb())
			}
		}})
	}
	return list
}

// TestHostileServers: whatever a server does to a kind of source ends in a clear error, below [sitetest.Limit], and reaches
// nothing in the private network. "nothing" shows that each kind reads what is in order, and that the server is asked.
func TestHostileServers(t *testing.T) {
	if testing.Short() || raced {
		t.Skip("compresses gigabytes")
	}
	for _, bomb := range bombs {
		bomb() // not while memory is measured
	}
	resolver := resolverOf(t, "127.0.0.2")
	for _, v := range victims {
		for _, a := range attacks() {
			t.Run(v.kind.Name+"/"+a.name, func(t *testing.T) {
				var insideAsked, asked atomic.Int64
				inside := server(t, "127.0.0.2", func(w http.ResponseWriter, _ *http.Request) {
					insideAsked.Add(1)
					_, _ = io.WriteString(w, v.document(1))
				})
				var serve http.HandlerFunc = http.NotFound
				if a.serve != nil {
					serve = a.serve(v, inside)
				}
				own := server(t, "127.0.0.1", func(w http.ResponseWriter, r *http.Request) {
					if r.URL.Path == "/robots.txt" {
						http.NotFound(w, r)
						return
					}
					asked.Add(1)
					serve(w, r)
				})
				address := own
				if a.address != nil {
					address = a.address(own, inside)
				}
				src, close := open(t, v, address, resolver)
				defer close()
				st := sourcetest.NewState()
				out := sourcetest.NewSink(st)
				var err error
				grown := sitetest.Grown(func() { _, err = sourcetest.Fetch(t.Context(), src, st, out) })
				said := ""
				if err != nil {
					said = err.Error()
				}
				for _, r := range out.Rejected {
					said += "\n" + r.Reason
				}
				t.Logf("%d MB: %.300s", grown>>20, said)
				switch want := a.said(v); {
				case want == "" && said != "":
					t.Errorf("said %.500s", said)
				case !strings.Contains(said, want), len(said) > 2000:
					t.Errorf("said %.500q, want %q", said, want)
				}
				if grown > sitetest.Limit {
					t.Errorf("took %d MB", grown>>20)
				}
				if n := insideAsked.Load(); n != 0 {
					t.Errorf("%d requests reached the private network", n)
				}
				if n := asked.Load(); (n == 0) != a.unasked {
					t.Errorf("the server was asked %d times", n)
				}
			})
		}
	}
}

func server(t *testing.T, address string, h http.HandlerFunc) string {
	t.Helper()
	l, err := net.Listen("tcp4", address+":0")
	if err != nil {
		t.Skipf("no address %s here: %v", address, err)
	}
	srv := httptest.NewUnstartedServer(h)
	srv.Listener.Close()
	srv.Listener = l
	srv.Start()
	t.Cleanup(srv.Close)
	return srv.URL + "/"
}

func open(t *testing.T, v victim, address string, resolver *net.Resolver) (sources.Source, func()) {
	t.Helper()
	cfg := v.kind.Config()
	if err := yaml.Load([]byte(strings.ReplaceAll(v.config, "URL", address)), cfg, yaml.WithKnownFields()); err != nil {
		t.Fatal(err)
	}
	if err := cfg.Check(""); err != nil {
		t.Fatal(err)
	}
	client := fetch.NewClient(fetch.Options{
		Spacing: fetch.NoSpacing, Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}, Resolver: resolver, Timeout: 2 * time.Second,
	})
	src, err := v.kind.New(cfg, sources.Env{Name: "victim", HTTP: client, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	return src, client.CloseIdleConnections
}

// resolverOf answers every question with one address.
func resolverOf(t *testing.T, address string) *net.Resolver {
	t.Helper()
	conn, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	go func() { // ends with conn
		buf := make([]byte, 1500)
		for {
			n, from, err := conn.ReadFrom(buf)
			if err != nil {
				return
			}
			var m dnsmessage.Message
			if m.Unpack(buf[:n]) != nil || len(m.Questions) != 1 {
				continue
			}
			q := m.Questions[0]
			m.Header.Response, m.Answers, m.Authorities, m.Additionals = true, nil, nil, nil
			if q.Type == dnsmessage.TypeA {
				m.Answers = []dnsmessage.Resource{{
					Header: dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class}, Body: &dnsmessage.AResource{A: netip.MustParseAddr(address).As4()},
				}}
			}
			if b, err := m.Pack(); err == nil {
				_, _ = conn.WriteTo(b, from)
			}
		}
	}()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", conn.LocalAddr().String())
	}}
}
