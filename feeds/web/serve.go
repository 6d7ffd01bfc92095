package web

import (
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/maypok86/otter/v2"
)

// hot is how often br or zstd is asked for in vain before an entry keeps it: compressing costs as much as a few
// thousand answers.
const hot = 16

// serve answers a GET or HEAD with an entry. It is the hot path: header values are put in ready made.
func (s *Server) serve(w http.ResponseWriter, r *http.Request, e *entry) {
	pref := acceptEncoding(r.Header["Accept-Encoding"])
	c, v, ok := e.choose(&pref)
	if !ok {
		if c, v, ok = s.encodeNow(e, &pref); !ok {
			s.fail(w, r, http.StatusNotAcceptable, "Accept-Encoding excludes every coding there is: allow gzip or identity")
			return
		}
	}
	h := w.Header()
	if m, ok := e.notModified(r, &pref, c); ok {
		h["Etag"] = e.tags[m]
		if e.dated {
			h["Last-Modified"] = e.modified
		}
		for i := range e.brief {
			h[e.brief[i].name] = e.brief[i].values
		}
		s.stats.NotModified.Add(1)
		w.WriteHeader(http.StatusNotModified)
		return
	}
	s.charge(r)
	h["Etag"] = e.tags[c]
	if e.dated {
		h["Last-Modified"] = e.modified
	}
	for i := range e.full {
		h[e.full[i].name] = e.full[i].values
	}
	h["Content-Length"] = v.length
	if v.encoding != nil {
		h["Content-Encoding"] = v.encoding
	}
	s.stats.OK.Add(1)
	s.count(e, &pref, c)
	if r.Method == http.MethodHead {
		return
	}
	if v.body == nil {
		// The length is announced: a client that goes away, or bytes damaged in memory, end the connection.
		if err := e.inflate(w); err != nil {
			s.log.Debug("answer was cut short", "path", e.key, "err", err)
		}
		return
	}
	if _, err := w.Write(v.body); err != nil {
		s.log.Debug("answer was cut short", "path", e.key, "err", err)
	}
}

// count remembers that br or zstd would have been better than c, and has it made when that was so often enough.
func (s *Server) count(e *entry, pref *preference, c coding) {
	better := brotlied
	if c == brotlied || pref[brotlied] == 0 || pref[brotlied] < pref[c] {
		if better = zstded; c == zstded || pref[zstded] <= pref[c] {
			return
		}
	}
	if e.kept[better].Load() != nil || e.wanted[better].Add(1) != hot {
		return
	}
	s.background(func() {
		select {
		case s.slots <- struct{}{}:
			defer func() { <-s.slots }()
		default: // rendering goes first
			e.wanted[better].Store(0)
			return
		}
		s.keepCoding(e, better)
	})
}

// encodeNow makes a coding for a client that takes nothing else.
func (s *Server) encodeNow(e *entry, pref *preference) (coding, *variant, bool) {
	for _, c := range []coding{brotlied, zstded} {
		if pref[c] > 0 {
			v := s.keepCoding(e, c)
			return c, v, v != nil
		}
	}
	return plain, nil, false
}

// keepCoding adds br or zstd to an entry and weighs it again.
func (s *Server) keepCoding(e *entry, c coding) *variant {
	v, err := e.encode(c)
	if err != nil {
		s.log.Error("no further coding", "err", err)
		return nil
	}
	e.kept[c].Store(v)
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range []*otter.Cache[string, *entry]{s.cache, s.side} {
		if now, ok := c.GetEntryQuietly(e.key); ok && now.Value == e {
			c.Set(e.key, e)
		}
	}
	return v
}

// fail answers with an error that nobody may keep. Text says what to do.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, status int, text string) {
	h := w.Header()
	h["Content-Type"] = plainText
	s.failWith(w, r, status, text+"\n")
}

// failWith is fail for a body whose Content-Type is set.
func (s *Server) failWith(w http.ResponseWriter, r *http.Request, status int, body string) {
	h := w.Header()
	for _, name := range []string{"Etag", "Last-Modified", "Content-Encoding", "Link"} {
		delete(h, name)
	}
	h["Content-Length"] = []string{strconv.Itoa(len(body))}
	h["Cache-Control"] = noStore
	h["X-Content-Type-Options"] = noSniff
	s.config.Load().admit(h)
	s.charge(r)
	s.stats.failed(status)
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		if _, err := io.WriteString(w, body); err != nil {
			s.log.Debug("answer was cut short", "path", Hide(r.URL.Path), "err", err)
		}
	}
}

// Header values that never change.
var (
	plainText  = []string{"text/plain; charset=utf-8"}
	noStore    = []string{"no-store"}
	noCache    = []string{"no-cache"}
	noSniff    = []string{"nosniff"}
	anyOrigin  = []string{"*"}
	expose     = []string{"ETag, Link"}
	varyCoding = []string{"Accept-Encoding"}
	varyPeople = []string{"Accept-Encoding, Accept-Language"}
	allow      = []string{"GET, HEAD, OPTIONS"}
	retryAfter = []string{"30"}
	retrySoon  = []string{"5"}
)

// NewHTTPServer makes a server for h whose limits fit documents of a mebibyte and hostile clients: a header has ten
// seconds and 64 KiB, an answer two minutes, an idle connection two minutes.
func NewHTTPServer(h http.Handler) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       10 * time.Second, // as for the header: one deadline a request instead of two, and no body is read
		WriteTimeout:      2 * time.Minute,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
	}
}
