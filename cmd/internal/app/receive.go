package app

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"feedmill/cache"
	"feedmill/cmd/internal/config"
	"feedmill/sources"
)

// Where requests reach a source that is told of news: the public listener, and the admin listener for private kinds.
const (
	hookPrefix  = "/hook/"
	inboxPrefix = "/inbox/"
)

// receiving puts the hooks of sources before the public pages. The base URL's path may stand before them, for a proxy
// that does not strip it.
func (a *App) receiving(pages http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.Contains(r.URL.Path, hookPrefix) {
			pages.ServeHTTP(w, r)
			return
		}
		prefix := hookPrefix
		if !strings.HasPrefix(r.URL.Path, prefix) {
			if u, err := url.Parse(a.Base()); err == nil {
				prefix = u.Path + hookPrefix
			}
		}
		if strings.HasPrefix(r.URL.Path, prefix) {
			a.receive(w, r, prefix, false)
			return
		}
		pages.ServeHTTP(w, r)
	})
}

// receiveTimeout bounds the reading of a request to a source.
const receiveTimeout = time.Minute

// maxReceiving is how many requests to sources are answered at once: each may hold a body of some MiB.
const maxReceiving = 8

// receive hands a request on to the source that its path names.
func (a *App) receive(w http.ResponseWriter, r *http.Request, prefix string, private bool) {
	select {
	case a.received <- struct{}{}:
		defer func() { <-a.received }()
	default:
		w.Header().Set("Retry-After", "5")
		plain(w, http.StatusServiceUnavailable, "too many requests to sources at once; try again")
		return
	}
	name, rest, _ := strings.Cut(strings.TrimPrefix(r.URL.EscapedPath(), (&url.URL{Path: prefix}).EscapedPath()), "/")
	name, err := url.PathUnescape(name)
	if err != nil {
		plain(w, http.StatusNotFound, "no such source")
		return
	}
	rec, isPrivate, ok := a.manager.Receiver(name)
	if !ok && a.starting(name) {
		w.Header().Set("Retry-After", "5")
		plain(w, http.StatusServiceUnavailable, "the source is being started; try again")
		return
	}
	if !ok || isPrivate != private {
		plain(w, http.StatusNotFound, "no such source")
		return
	}
	path, err := url.PathUnescape("/" + rest)
	if err != nil {
		plain(w, http.StatusNotFound, "no such address")
		return
	}
	// The listener's own limit is for readers, who send nothing. A server without deadlines has none to move.
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(receiveTimeout))
	r = r.Clone(r.Context())
	r.URL.Path, r.URL.RawPath = path, "/"+rest
	r.Body = http.MaxBytesReader(w, r.Body, sources.MaxReceived)
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	rec.Receive(w, r, &mailbox{app: a, source: name})
}

// starting says whether a source is configured and does not run yet.
func (a *App) starting(name string) bool {
	cfg := a.config()
	if cfg == nil || !slices.ContainsFunc(cfg.Sources, func(s config.Source) bool { return s.Name == name }) {
		return false
	}
	return !a.manager.Has(name)
}

// mailbox is the mailbox of one source, in the store's notes.
type mailbox struct {
	app    *App
	source string
}

// Put implements sources.Mailbox.
func (m *mailbox) Put(ctx context.Context, letter []byte) error {
	if len(letter) > sources.MaxLetter {
		return fmt.Errorf("keep a letter for source %s: %d bytes are more than %d", m.source, len(letter), sources.MaxLetter)
	}
	if letter == nil {
		letter = []byte{}
	}
	now, err := m.app.store.Now(ctx)
	if err != nil {
		return fmt.Errorf("keep a letter for source %s: %w", m.source, err)
	}
	edit := cache.Edit{Bucket: noteBucket(sources.BucketMail, m.source), Key: m.app.letterKey(now), Value: letter}
	if err := m.app.store.Write(ctx, cache.Lease{}, edit); err != nil {
		return fmt.Errorf("keep a letter for source %s: %w", m.source, err)
	}
	// One that has just left the configuration has nobody to wake; its letters wait with it.
	if err := m.app.manager.Fetch(m.source); err != nil {
		m.app.log.Debug("cannot wake a source", "source", m.source, "err", err)
	}
	return nil
}

// State implements sources.Mailbox.
func (m *mailbox) State(ctx context.Context, key string) ([]byte, bool, error) {
	found, err := m.app.store.Read(ctx, noteBucket(sources.BucketState, m.source), key)
	if err != nil {
		return nil, false, fmt.Errorf("read the state of source %s: %w", m.source, err)
	}
	value, ok := found[key]
	return value, ok, nil
}

// letterKey is a key that no other letter has, and that sorts behind all earlier ones of this process.
func (a *App) letterKey(now time.Time) string {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.letter = max(a.letter+1, now.UnixNano())
	return fmt.Sprintf("%020d-%s", a.letter, rand.Text())
}

var _ sources.Mailbox = (*mailbox)(nil)
