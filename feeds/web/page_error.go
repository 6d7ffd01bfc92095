package web

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"feedmill/feeds"
)

// messagePage is the data of an answer without content.
type messagePage struct {
	frame
	Text string
	Near []row
}

// message answers a person with an error that nobody may keep.
func (s *Server) message(w http.ResponseWriter, r *http.Request, status int, data messagePage) {
	s.failPage(w, r, status, "message.html", data.look, data)
}

// failPage answers with an error that is a page.
func (s *Server) failPage(w http.ResponseWriter, r *http.Request, status int, name string, l look, data any) {
	body, err := execute(name, data)
	if err != nil {
		panic(err) // the template does not fit its data: a bug
	}
	h := w.Header()
	for _, f := range pageHeaders(l) {
		h[f.name] = f.values
	}
	h["Content-Type"] = htmlType
	s.failWith(w, r, status, string(body))
}

// messageFrame is the frame of an error: it is nobody's page, and leads programs to everything.
func (c *config) messageFrame(l look, title string) frame {
	f := c.frame(l, title, "/", "")
	f.Canonical, f.Feeds = "", c.addresses(feeds.All, nil, f.T.Everything)
	return f
}

// unavailable answers for a document that was never rendered and cannot be now; l has a language for a page.
func (s *Server) unavailable(w http.ResponseWriter, r *http.Request, cfg *config, l look) {
	w.Header()["Retry-After"] = retryAfter
	if l.lang == "" {
		s.fail(w, r, http.StatusServiceUnavailable, "the store cannot be reached and this document was never rendered: try again in 30 seconds")
		return
	}
	t := l.words()
	s.message(w, r, http.StatusServiceUnavailable, messagePage{frame: cfg.messageFrame(l, t.Unavailable), Text: t.UnavailableHint})
}

// later answers 503 for what will be there soon: with a text for programs, with a sentence on a page.
func (s *Server) later(w http.ResponseWriter, r *http.Request, cfg *config, l look, text, sentence string) {
	w.Header()["Retry-After"] = retrySoon
	if l.lang == "" {
		s.fail(w, r, http.StatusServiceUnavailable, text)
		return
	}
	s.message(w, r, http.StatusServiceUnavailable, messagePage{frame: cfg.messageFrame(l, l.words().Unavailable), Text: sentence})
}

// wrong answers 400 to an address whose query means nothing.
func (s *Server) wrong(w http.ResponseWriter, r *http.Request, cfg *config, p *place, l look, err error) {
	s.wrongStatus(w, r, cfg, p, l, http.StatusBadRequest, err)
}

func (s *Server) wrongStatus(w http.ResponseWriter, r *http.Request, cfg *config, p *place, l look, status int, err error) {
	text := err.Error()
	if !p.people() {
		s.fail(w, r, status, text)
		return
	}
	if m, ok := errors.AsType[*mistake](err); ok {
		text = m.in(l.words())
	}
	s.message(w, r, status, messagePage{frame: cfg.messageFrame(l, l.words().Wrong), Text: text})
}

// notFound answers 404 with the names that come nearest: as a page for the address of a page, else as text.
func (s *Server) notFound(w http.ResponseWriter, r *http.Request, cfg *config, p place) {
	var near []row
	if p.topic.Kind != "" {
		select {
		case s.hints <- struct{}{}:
			if l, err := s.topics(r.Context()); err == nil {
				near = l.similar(p.topic)
			}
			<-s.hints
		default: // a flood of wrong addresses gets plain answers
		}
	}
	if p.people() {
		l := look{lang: acceptLanguage(r.Header["Accept-Language"], cfg.fallback())}
		if q, err := query(r.URL.RawQuery, p.params()...); err == nil {
			if chosen, err := cfg.look(r, q); err == nil {
				l = chosen
			}
		}
		t := l.words()
		hint := t.NotFoundHint
		if p.item != "" {
			hint = t.NoItem
		}
		s.message(w, r, http.StatusNotFound, messagePage{cfg.messageFrame(l, t.NotFound), hint, near})
		return
	}
	var b strings.Builder
	b.WriteString("not found")
	if p.topic.Kind != "" {
		fmt.Fprintf(&b, ": no post ever had %s %q", p.topic.Kind, p.topic.Name)
	}
	suffix := ""
	if p.format != nil {
		suffix = p.format.Suffix
	}
	base := cfg.site.BaseURL
	if cfg.private {
		base = ""
	}
	for i, n := range near {
		if i == 0 {
			b.WriteString("\nnear to it:")
		}
		fmt.Fprintf(&b, "\n%s%s%s", base, n.Path, suffix)
	}
	s.fail(w, r, http.StatusNotFound, b.String())
}
