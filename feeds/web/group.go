package web

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"feedmill/feeds"
)

// Group is a private group: what whoever has one of its tokens sees under /t/TOKEN/, in place of what is public.
type Group struct {
	Name string
	// Store has the items of the group beside the public ones, in the same topics, which are of no group there.
	Store Store
	// Tokens are the secrets that open the group, each under the name of who has it. Nothing that this package writes but links
	// and addresses in what is served under a token has it.
	Tokens map[string]string
	// Sources and Saved are those of [Site] and the group's own.
	Sources map[string]feeds.About
	Saved   []feeds.Topic
	// Redirects are those of [Site] and the group's own.
	Redirects map[string]Redirect
}

const (
	// doorPrefix is what the addresses of groups begin with.
	doorPrefix = "/t/"
	// doorShare is the part of the memory that what is served under all tokens has.
	doorShare = 4
	// minDoorMemory is the least that one token has, in bytes.
	minDoorMemory = 1 << 20
	// wrongToken is as how many answers a wrong token counts for the rate limit; so many of them a client has a minute in any case.
	wrongToken = 50
	wrongLeast = 10
)

// door is one token. What is served under it is made and kept by a server of its own, so that nothing private can get among
// what is public, and a token that is taken away takes everything with it.
type door struct {
	group string
	hash  [sha256.Size]byte
	site  Site
	store Store
	inner *Server // nil until it is asked for
}

// doors are the tokens there are.
type doors struct {
	mu   sync.Mutex
	list []*door
}

// siteBehind is the site that a token shows.
func (g *Group) siteBehind(token string, site Site) Site {
	site.public = strings.TrimRight(site.BaseURL, "/")
	site.BaseURL = site.public + doorPrefix + token
	site.Instance += "\x00" + g.Name // another feed than the public one, and the same under each token
	site.Sources, site.Saved, site.Redirects = g.Sources, g.Saved, g.Redirects
	site.Hubs, site.Groups, site.Local = nil, nil, false
	return site
}

// hang makes the doors those of the site. What is served under a token that is not among them ends at once.
func (s *Server) hang(site Site) {
	s.doors.mu.Lock()
	defer s.doors.mu.Unlock()
	old := s.doors.list
	s.doors.list = nil
	for i := range site.Groups {
		g := &site.Groups[i]
		for _, token := range g.Tokens {
			d := &door{group: g.Name, hash: sha256.Sum256([]byte(token)), site: g.siteBehind(token, site), store: g.Store}
			for _, was := range old {
				if was.hash == d.hash && was.group == d.group && was.store == d.store && was.inner != nil {
					d.inner, was.inner = was.inner, nil
					d.inner.configure(d.site)
				}
			}
			s.doors.list = append(s.doors.list, d)
		}
	}
	for _, was := range old {
		if inner := was.inner; inner != nil && !s.background(inner.Close) {
			inner.cancel()
		}
	}
}

// behind is the server behind a token; nil for none, or when it cannot be made, which is logged. Every token is compared, and
// only hashes are, so that the time tells nothing of how near a wrong one comes.
func (s *Server) behind(token string) *Server {
	hash := sha256.Sum256([]byte(token))
	s.doors.mu.Lock()
	defer s.doors.mu.Unlock()
	var d *door
	for _, other := range s.doors.list {
		if subtle.ConstantTimeCompare(hash[:], other.hash[:]) == 1 {
			d = other
		}
	}
	if d == nil {
		return nil
	}
	if d.inner == nil {
		memory := max(s.memory/doorShare/int64(len(s.doors.list)), minDoorMemory)
		inner, err := newServer(d.store, s.formats, d.site, Options{Log: s.log, Now: s.now, Memory: memory}, s)
		if err != nil {
			s.log.Error("what is private cannot be served", "group", d.group, "err", err)
			return nil
		}
		d.inner = inner
	}
	return d.inner
}

// inners are the servers behind the tokens of a group, or of all groups.
func (s *Server) inners(group string) (out []*Server) {
	s.doors.mu.Lock()
	defer s.doors.mu.Unlock()
	for _, d := range s.doors.list {
		if d.inner != nil && (group == "" || d.group == group) {
			out = append(out, d.inner)
		}
	}
	return out
}

// enterDoor answers what is asked for under a token, and reports whether it did. A wrong token is not answered here: its
// address means as little as any other that nothing is at.
func (s *Server) enterDoor(w http.ResponseWriter, r *http.Request, cfg *config) bool {
	asked := escapedPath(r.URL)
	below, kept := strings.CutPrefix(asked, cfg.prefix)
	paths := []string{asked}
	if kept && cfg.prefix != "" {
		paths = []string{below, asked}
	}
	tried := false
	for _, path := range paths {
		path, ok := strings.CutPrefix(path, doorPrefix)
		if !ok {
			continue
		}
		tried = true
		token, rest, slash := strings.Cut(path, "/")
		inner := s.behind(token)
		if inner == nil {
			continue
		}
		if !slash {
			inner.redirect(w, inner.config.Load(), http.StatusMovedPermanently, "/", "")
			return true
		}
		inner.dispatch(w, inside(r, "/"+rest), inner.config.Load())
		return true
	}
	if tried {
		if client, ok := cfg.counted(r); ok {
			if wait := s.limits.take(client, s.now().UnixNano(), min(wrongToken*cfg.cost, int64(time.Minute)/wrongLeast)); wait > 0 {
				s.tooMuch(w, r, cfg, client, wait)
				return true
			}
		}
	}
	return false
}

// inside is a request as the server behind a token sees it: without the token, which then stands in nothing that is logged.
func inside(r *http.Request, escaped string) *http.Request {
	in := *r
	u := *r.URL
	u.RawPath = escaped
	var err error
	if u.Path, err = url.PathUnescape(escaped); err != nil {
		u.Path = escaped
	}
	in.URL, in.RequestURI = &u, escaped
	if u.RawQuery != "" {
		in.RequestURI += "?" + u.RawQuery
	}
	return &in
}

// Hide is a path as logs may have it: what stands where a token would is left out of it.
func Hide(path string) string {
	before, after, ok := strings.Cut(path, doorPrefix)
	if !ok {
		return path
	}
	if _, rest, more := strings.Cut(after, "/"); more {
		return before + doorPrefix + "…" + Hide("/"+rest)
	}
	return before + doorPrefix + "…"
}
