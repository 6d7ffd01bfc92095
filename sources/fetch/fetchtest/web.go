package fetchtest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"feedmill/sources/fetch"
)

// Page is a document at the web, and how it behaves.
type Page struct {
	URL string
	// ETag and LastModified say which validators a good answer has.
	ETag, LastModified bool
	// Header is added to good answers, to 304 too.
	Header http.Header
	// Body is the document at a time. It changes the validators when it changes.
	Body func(now time.Time) []byte
	// Skip says that the document asks not to be fetched at a time (skipHours), Wish how long it asks to be left alone
	// (ttl); the Body has to say so.
	Skip func(now time.Time) bool
	Wish time.Duration
	// Trouble, if set, may answer the nth request (from 1) in place of the page; nil means a good answer.
	Trouble func(n int, now time.Time) *Answer

	// Linked says that redirects lead here: nobody has to ask for it otherwise.
	Linked bool

	mu      sync.Mutex
	version int
	body    string
	judge   judge
}

// Answer is an answer other than the good one.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
	// Drip sends a byte a second for ever.
	Drip bool
	// Cut ends the connection in the middle of the body.
	Cut bool
}

// Web is an http.Server that answers for every host.
type Web struct {
	server *http.Server
	conns  chan net.Conn
	done   chan struct{}
	busy   sync.WaitGroup // requests under way

	mu     sync.Mutex
	pages  map[string]*Page
	hosts  map[string]*host
	faults []string
	// Log has a line for every request.
	log   []string
	ended ends
}

// New starts a web that ends with the test.
func New(t *testing.T) *Web {
	w := &Web{conns: make(chan net.Conn), done: make(chan struct{}), pages: map[string]*Page{}, hosts: map[string]*host{}}
	w.server = &http.Server{Handler: http.HandlerFunc(w.serve), ErrorLog: log.New(io.Discard, "", 0)}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = w.server.Serve(listener{w}) // ends with Close
	}()
	t.Cleanup(func() {
		close(w.done)
		_ = w.server.Close()
		<-ended
		w.busy.Wait()
	})
	return w
}

// Add puts a page on the web.
func (w *Web) Add(p *Page) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.pages[p.URL] = p
}

// Client makes a client whose connections lead here.
func (w *Web) Client(o fetch.Options) *http.Client {
	if o.Network == nil {
		o.Network = w.Network(o)
	}
	return fetch.NewClient(o)
}

// Network makes a network whose connections lead here.
func (w *Web) Network(o fetch.Options) *fetch.Network {
	o.Dial = w.dial
	return fetch.NewNetwork(o)
}

// Ended says that whoever polls ends now. What it is being told may be forgotten; if it is killed, what it has just been
// told, too.
func (w *Web) Ended(killed bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	e := end{at: time.Now()}
	if killed {
		e.within = aftermath
	}
	w.ended = append(w.ended, e)
}

// Faults are the broken rules so far, each by its number in the standard that is kept (C1 to C34).
func (w *Web) Faults() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := time.Now()
	all := slices.Clone(w.faults)
	for _, p := range w.pages {
		p.mu.Lock()
		if f := p.judge.abandoned(now); f != "" && !p.Linked {
			all = append(all, fmt.Sprintf("%s: %s", p.URL, f))
		}
		p.mu.Unlock()
	}
	slices.Sort(all)
	return all
}

// Check fails the test for every fault.
func (w *Web) Check(t *testing.T) {
	t.Helper()
	faults := w.Faults()
	for i, f := range faults {
		if i == 50 {
			t.Errorf("and %d more", len(faults)-i)
			return
		}
		t.Error(f)
	}
}

// Requests counts the requests for a page.
func (w *Web) Requests(address string) int {
	w.mu.Lock()
	p := w.pages[address]
	w.mu.Unlock()
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.judge.n
}

// Log has a line for every request.
func (w *Web) Log() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.log)
}

func (w *Web) fault(where, format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.faults = append(w.faults, fmt.Sprintf("%s at %s: %s", where, time.Now().UTC().Format("2006-01-02 15:04:05"), fmt.Sprintf(format, args...)))
}

func (w *Web) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case w.conns <- server:
		return client, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-w.done:
		return nil, net.ErrClosed
	}
}

// listener is the net.Listener of the pipes.
type listener struct{ w *Web }

func (l listener) Accept() (net.Conn, error) {
	select {
	case c := <-l.w.conns:
		return c, nil
	case <-l.w.done:
		return nil, net.ErrClosed
	}
}
func (l listener) Close() error   { return nil }
func (l listener) Addr() net.Addr { return &net.TCPAddr{} }

func (w *Web) serve(rw http.ResponseWriter, r *http.Request) {
	w.busy.Add(1)
	defer w.busy.Done()
	now := time.Now()
	address := "http://" + r.Host + r.URL.RequestURI()
	w.mu.Lock()
	p, h := w.pages[address], w.hosts[r.Host]
	if h == nil {
		h = &host{}
		w.hosts[r.Host] = h
	}
	w.log = append(w.log, fmt.Sprintf("%s %s %s %q %q", now.UTC().Format(time.RFC3339), r.Method, address, r.Header.Get("If-None-Match"), r.Header.Get("If-Modified-Since")))
	ended := w.ended
	w.mu.Unlock()
	if p == nil {
		w.fault(address, "C33: nobody told of this address")
		http.NotFound(rw, r)
		return
	}
	for _, f := range h.begin(now, ended) {
		w.fault(address, "%s", f)
	}
	defer h.end()
	for _, f := range manners(r) {
		w.fault(address, "%s", f)
	}
	failed := w.failed(p)
	p.mu.Lock()
	if failed {
		p.judge.told.moved = 0 // the old address is asked again when the new one fails
	}
	faults := p.judge.request(r, now, ended)
	n := p.judge.n
	p.mu.Unlock()
	for _, f := range faults {
		w.fault(address, "%s", f)
	}
	if p.Trouble != nil {
		if a := p.Trouble(n, now); a != nil {
			w.trouble(rw, r, p, h, a)
			return
		}
	}
	p.good(rw, r, now)
}

// failed says that the page leads for good to one that does not answer well.
func (w *Web) failed(p *Page) bool {
	p.mu.Lock()
	target := p.judge.told.target
	p.mu.Unlock()
	w.mu.Lock()
	to := w.pages[target]
	w.mu.Unlock()
	if to == nil || to == p {
		return false
	}
	to.mu.Lock()
	defer to.mu.Unlock()
	return to.judge.bad
}

// good answers as the page does when all is well.
func (p *Page) good(rw http.ResponseWriter, r *http.Request, now time.Time) {
	body := p.Body(now)
	p.mu.Lock()
	if string(body) != p.body {
		p.version++
		p.body = string(body)
	}
	etag, date := "", ""
	if p.ETag {
		// Odd on purpose: validators are opaque. A change of the date alone moves the ETag of a weekday, too (C3).
		etag = fmt.Sprintf(`W/"v%d-%s %q"`, p.version, now.UTC().Weekday(), "ü")
	}
	if p.LastModified {
		date = time.Unix(1_700_000_000+int64(p.version), 0).UTC().Format(time.ANSIC) // not the usual form either
	}
	p.mu.Unlock()
	for k, v := range p.Header {
		rw.Header()[k] = v
	}
	if etag != "" {
		rw.Header()["Etag"] = []string{etag}
	}
	if date != "" {
		rw.Header()["Last-Modified"] = []string{date}
	}
	known := r.Header.Get("If-None-Match") == etag && etag != "" ||
		r.Header.Get("If-None-Match") == "" && r.Header.Get("If-Modified-Since") == date && date != ""
	p.mu.Lock()
	p.judge.answered(now, http.StatusOK, rw.Header(), true, p)
	p.mu.Unlock()
	if known {
		rw.WriteHeader(http.StatusNotModified)
		return
	}
	_, _ = rw.Write(body) // a client that hung up is judged by what it asks next
}

// trouble answers otherwise.
func (w *Web) trouble(rw http.ResponseWriter, r *http.Request, p *Page, h *host, a *Answer) {
	now := time.Now()
	for k, v := range a.Header {
		rw.Header()[k] = v
	}
	if a.Status == 0 {
		a.Status = http.StatusOK
	}
	p.mu.Lock()
	p.judge.answered(now, a.Status, a.Header, false, p)
	p.mu.Unlock()
	if a.Status == http.StatusTooManyRequests {
		h.pause(pauseOf(a.Header, now))
	}
	rw.WriteHeader(a.Status)
	_, _ = rw.Write(a.Body)
	switch {
	case a.Cut:
		_ = http.NewResponseController(rw).Flush()
		panic(http.ErrAbortHandler)
	case a.Drip:
		for r.Context().Err() == nil {
			if _, err := rw.Write([]byte{' '}); err != nil {
				return
			}
			if err := http.NewResponseController(rw).Flush(); errors.Is(err, net.ErrClosed) {
				return
			}
			time.Sleep(time.Second)
		}
	}
}
