package web

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"feedmill/feeds"
)

// route answers what the hot path does not: everything but a fresh document asked for under its own address.
func (s *Server) route(w http.ResponseWriter, r *http.Request) {
	cfg := s.config.Load()
	if !cfg.private && s.enterDoor(w, r, cfg) {
		return
	}
	switch r.Method {
	case http.MethodGet, http.MethodHead:
	case http.MethodOptions:
		s.options(w, cfg)
		return
	default:
		w.Header()["Allow"] = allow
		s.fail(w, r, http.StatusMethodNotAllowed, "only GET, HEAD and OPTIONS are answered here")
		return
	}
	asked := escapedPath(r.URL)
	path, ok := respell(asked)
	if !ok {
		s.fail(w, r, http.StatusBadRequest, "the path is not percent-encoded properly")
		return
	}
	p, found := cfg.locate(path)
	if rest, ok := strings.CutPrefix(asked, cfg.prefix); ok && cfg.prefix != "" {
		// A proxy that does not strip the base URL's path. Where that path is also one of ours (/feed), what means something
		// without it is taken so.
		switch inner, ok := respell(rest); {
		case rest == "" && !found:
			s.redirect(w, cfg, http.StatusMovedPermanently, "/", "")
			return
		case ok && strings.HasPrefix(rest, "/"):
			if q, there := cfg.locate(inner); there || !found {
				asked, path, p, found = rest, inner, q, there
			}
		}
	}
	canonical := path
	if found {
		canonical = p.path
	}
	if to, ok := cfg.moved(canonical); ok && s.untold(w, r, cfg, place{path: path, topic: p.topic, format: p.format, page: p.page}, to) {
		return
	} else if ok && !found {
		s.redirect(w, cfg, cfg.status(canonical), to, "") // whatever the query meant there
		return
	} else if ok {
		s.move(w, r, cfg, to, cfg.status(canonical))
		return
	}
	// Other escapings are the same address (RFC 3986 §6.2.2): curl writes %e5 where browsers write %E5. Other spellings of
	// a label and a slash at the end are not.
	if found && path == p.path && (asked == "/" || !strings.HasSuffix(asked, "/")) {
		s.answer(w, r, cfg, p)
		return
	}
	if to, ok := cfg.old(path); ok {
		if s.untold(w, r, cfg, place{path: path}, to) {
			return
		}
		s.redirect(w, cfg, http.StatusMovedPermanently, to, "") // whatever the query meant there
		return
	}
	if !found {
		s.notFound(w, r, cfg, place{path: path})
		return
	}
	s.move(w, r, cfg, p.path, http.StatusMovedPermanently)
}

// untold answers in place of a redirect that would tell a label which nothing here has, and reports whether it did.
func (s *Server) untold(w http.ResponseWriter, r *http.Request, cfg *config, from place, to string) bool {
	p, ok := cfg.locate(to)
	if !ok || slices.Contains([]string{"", feeds.All.Kind, "source", "feed"}, p.topic.Kind) || cfg.tells(p.topic) {
		return false
	}
	s.notFound(w, r, cfg, from)
	return true
}

// listed reports whether a topic is in the list of topics; without one, none is.
func (s *Server) listed(t feeds.Topic) bool {
	l, err := s.topics(s.ctx)
	if err != nil {
		return false
	}
	_, ok := l.counts[t]
	return ok
}

// move redirects for good to an address of ours; what the query asks of a document is carried over.
func (s *Server) move(w http.ResponseWriter, r *http.Request, cfg *config, to string, status int) {
	p, _ := cfg.locate(to)
	q, err := query(r.URL.RawQuery, p.params()...)
	var v view
	if err == nil && p.topic.Kind != "" {
		v, err = cfg.parseView(q)
	}
	if err != nil {
		s.fail(w, r, http.StatusBadRequest, err.Error())
		return
	}
	if p.topic.Kind == "" {
		s.redirect(w, cfg, status, to, q.Encode())
		return
	}
	s.redirect(w, cfg, status, to, join(lookQuery(q), v.query))
}

// params are the query parameters that a place takes.
func (p *place) params() []string {
	switch {
	case p.index:
		return slices.Concat([]string{"q", "kind", "page", "sort"}, lookParams)
	case p.page:
		return slices.Concat(lookParams, viewParams)
	case p.item != "":
		return lookParams
	case p.month != "":
		return []string{"before"}
	case p.format != nil:
		return feedParams
	default:
		return nil
	}
}

// answer serves a place under its canonical address.
func (s *Server) answer(w http.ResponseWriter, r *http.Request, cfg *config, p place) {
	var q url.Values
	var err error
	if r.URL.RawQuery != "" {
		if q, err = query(r.URL.RawQuery, p.params()...); err != nil {
			l, _ := cfg.look(r, nil)
			s.wrong(w, r, cfg, &p, l, err)
			return
		}
	}
	var l look
	if p.people() {
		if l, err = cfg.look(r, q); err != nil {
			s.wrong(w, r, cfg, &p, l, err)
			return
		}
	}
	var d doc
	switch {
	case p.static:
		s.serve(w, r, s.statics[p.path])
		return
	case p.index:
		s.index(w, r, cfg, q, l)
		return
	case p.page:
		d = pageDoc(p.topic, l)
	case p.item != "":
		d = itemDoc(p.item, l)
	case p.list:
		d = doc{key: p.path, kind: p.kind}
	case p.month != "" && !archived(p.month, s.now()):
		s.notFound(w, r, cfg, place{path: p.path})
		return
	case p.month != "":
		d = archiveDoc(p.topic, p.format, p.month)
	default:
		d = feedDoc(p.topic, p.format)
	}
	if len(q) > 0 && p.topic.Kind != "" {
		v, err := cfg.parseView(q)
		var at *paramError
		switch {
		case err != nil && p.page && errors.As(err, &at):
			s.amend(w, r, cfg, d, q, at)
			return
		case err != nil:
			s.wrong(w, r, cfg, &p, l, err)
			return
		}
		d = d.viewed(&v)
	}
	e, err := s.get(r.Context(), d)
	switch {
	case err == nil:
		s.serve(w, r, e)
	case errors.Is(err, errUnknown):
		s.notFound(w, r, cfg, p)
	case errors.Is(err, ErrNotReady):
		s.later(w, r, cfg, l, "this feed is new and its items are being gathered: try again in 5 seconds", l.words().Gathering)
	case errors.Is(err, errBusy):
		s.stats.Refused.Add(1)
		s.later(w, r, cfg, l, "many other filters are being looked up: try again in 5 seconds", l.words().Busy)
	case errors.Is(err, errLate):
		s.fail(w, r, http.StatusGone, fmt.Sprintf(`query parameter "after": more than %d items came since then: ask once without it, and go on from there`, walkItems))
	default:
		s.unavailable(w, r, cfg, l)
	}
}

// redirect answers 301 or 308 with a path: whatever name the client reached us by stays right, and no header of its request
// gets into the answer.
func (s *Server) redirect(w http.ResponseWriter, cfg *config, status int, path, rawQuery string) {
	to := cfg.prefix + path
	if rawQuery != "" {
		to += "?" + rawQuery
	}
	h := w.Header()
	h["Location"] = []string{to}
	h["Cache-Control"] = cfg.control
	cfg.admit(h)
	h["Content-Length"] = []string{"0"}
	s.stats.Redirects.Add(1)
	w.WriteHeader(status)
}

// options answers a CORS preflight (Fetch §3.2.2) and whoever asks what may be done.
func (s *Server) options(w http.ResponseWriter, cfg *config) {
	h := w.Header()
	h["Allow"] = allow
	if cfg.admit(h); !cfg.private {
		h["Access-Control-Allow-Methods"] = allow
		h["Access-Control-Allow-Headers"] = []string{"If-None-Match, If-Modified-Since"}
		h["Access-Control-Max-Age"] = []string{"86400"}
	}
	h["Cache-Control"] = noStore
	w.WriteHeader(http.StatusNoContent)
}
