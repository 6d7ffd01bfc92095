package fetch

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"
)

func TestSender(t *testing.T) {
	var got []string
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		got = append(got, r.Method+" "+r.URL.Path+" "+r.Header.Get("User-Agent")+" "+string(b))
		if r.URL.Path == "/moved" {
			http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
		}
	}))
	defer srv.Close()
	here := []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}
	open := NewSender(Options{UserAgent: "feedmill/test", Allow: here, Timeout: time.Minute})
	defer open.CloseIdleConnections()
	for path, status := range map[string]int{"/a": 200, "/moved": 307} {
		res, err := open.Post(srv.URL+path, "text/plain", strings.NewReader("news"))
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != status {
			t.Errorf("%s: %d, want %d", path, res.StatusCode, status)
		}
	}
	if len(got) != 2 || !strings.Contains(strings.Join(got, "\n"), "POST /a feedmill/test news") {
		t.Errorf("the server saw %q, want the two requests alone", got)
	}
	proxy, _ := url.Parse(srv.URL)
	for name, o := range map[string]Options{
		"a private address": {},
		// What a proxy is asked for is checked before; the proxy itself is the operator's choice.
		"a private address behind a proxy": {Proxy: proxy},
	} {
		if res, err := NewSender(o).Post(srv.URL+"/b", "text/plain", strings.NewReader("news")); !errors.Is(err, ErrPrivate) {
			t.Errorf("%s: %v, %v; want ErrPrivate", name, res, err)
		}
	}
	if res, err := open.Get("ftp://127.0.0.1/"); !errors.Is(err, ErrScheme) {
		t.Errorf("ftp: %v, %v; want ErrScheme", res, err)
	}
	if len(got) != 2 {
		t.Errorf("a refused request was made all the same: %q", got)
	}
}
