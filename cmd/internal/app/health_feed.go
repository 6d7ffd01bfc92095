package app

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"html"
	"net/http"
	"slices"
	"strings"
	"time"

	"feedmill/feeds"
)

// statusFeed answers with the health of the program as an Atom feed: each event once, nothing while all is well. While the
// store does not answer it has what was known last.
func (h *health) statusFeed(w http.ResponseWriter, r *http.Request) {
	formats := h.a.opts.Formats
	i := slices.IndexFunc(formats, func(f feeds.Format) bool { return f.Name == "atom" })
	if i < 0 {
		plain(w, http.StatusNotFound, "Atom is not built in")
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second)
	defer cancel()
	if note, err := h.read(ctx); err == nil {
		h.mu.Lock()
		h.note = note
		h.mu.Unlock()
	} else {
		h.a.log.Debug("cannot read the newest health note: the last one is shown", "err", err)
	}
	var b bytes.Buffer
	if err := formats[i].Encode(&b, h.feed(statusLanguage(r))); err != nil {
		plain(w, http.StatusInternalServerError, err.Error())
		return
	}
	sum := sha256.Sum256(b.Bytes())
	w.Header().Set("Content-Type", formats[i].ContentType())
	w.Header().Set("Cache-Control", "no-cache")
	w.Header().Set("Vary", "Accept-Language")
	w.Header().Set("ETag", `"`+hex.EncodeToString(sum[:8])+`"`)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(b.Bytes()))
}

// feed is the feed of the newest events.
func (h *health) feed(lang string) *feeds.Feed {
	h.a.mu.Lock()
	site := h.a.site
	h.a.mu.Unlock()
	out := &feeds.Feed{
		Topic: feeds.All, ID: (&event{}).id(site.Instance), Title: "feedmill: health of " + strings.TrimPrefix(strings.TrimPrefix(site.BaseURL, "https://"), "http://"),
		Description: "What the operator should know of: sources, the store and targets.", Home: site.BaseURL + "/", Language: "en",
		Author: feeds.Person{Name: "feedmill"}, Generator: feeds.Generator{Name: "feedmill", Version: site.Version},
		Updated: site.Since.UTC(), TTL: time.Minute,
	}
	for _, e := range h.events() {
		e := e.in(lang)
		it := feeds.Item{
			ID: e.id(site.Instance), Title: e.Title, Summary: e.What,
			Content:   fmt.Sprintf("<p>%s</p>\n<p><strong>Next:</strong> %s</p>", html.EscapeString(e.What), html.EscapeString(e.Next)),
			Published: e.At, Updated: e.At, Arrived: e.At, Language: lang, Categories: []string{e.Kind},
		}
		if e.Target != "" {
			it.Tags = []string{e.Target}
		}
		if e.Source != "" {
			it.Source, it.Tags = e.Source, []string{e.Source}
		}
		if e.At.After(out.Updated) {
			out.Updated = e.At
		}
		out.Items = append(out.Items, it)
	}
	return out
}
