package web

import (
	"bytes"
	"context"
	"encoding/xml"
	"net/http"
	"strings"

	"feedmill/feeds"
)

// renderOutline fills made with everything published as OPML 2.0 (http://opml.org/spec2.opml): grouped by kind, or
// one kind flat. Topics without an item are left out; those who have subscribed keep them.
func (s *Server) renderOutline(ctx context.Context, cfg *config, d doc, made *document) error {
	l, err := s.exactTopics(ctx)
	if err != nil {
		return err
	}
	made.changed, made.read = cfg.modified(l.version), l.read
	made.body = outline(l, d.kind)
	return nil
}

func outline(l *listing, kind string) []byte {
	cfg, text := l.cfg, texts[l.cfg.fallback()]
	title := cfg.title
	if kind != "" {
		title = text.Kinds[kind] + " · " + title
	}
	var b bytes.Buffer
	b.WriteString("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<opml version=\"2.0\">\n<head>\n<title>")
	escape(&b, title)
	b.WriteString("</title>\n")
	if t := l.version.Changed; !t.IsZero() {
		b.WriteString("<dateCreated>" + t.UTC().Format(http.TimeFormat) + "</dateCreated>\n")
	}
	b.WriteString("<docs>http://opml.org/spec2.opml</docs>\n</head>\n<body>\n")
	if kind == "" {
		leaf(&b, cfg, cfg.title, feeds.All.Path())
	}
	open := ""
	for i := range l.rows {
		r := &l.rows[i]
		if r.Items == 0 || kind != "" && r.Topic.Kind != kind {
			continue
		}
		if kind == "" && r.Topic.Kind != open {
			if open != "" {
				b.WriteString("</outline>\n")
			}
			open = r.Topic.Kind
			b.WriteString("<outline")
			attribute(&b, "text", text.Kinds[open])
			attribute(&b, "title", text.Kinds[open])
			b.WriteString(">\n")
		}
		leaf(&b, cfg, r.Title, r.Path)
	}
	if open != "" {
		b.WriteString("</outline>\n")
	}
	b.WriteString("</body>\n</opml>\n")
	return b.Bytes()
}

// leaf writes the subscription of one topic. OPML knows the type "rss" for every kind of feed.
func leaf(b *bytes.Buffer, cfg *config, title, path string) {
	b.WriteString("<outline")
	attribute(b, "text", title)
	attribute(b, "title", title)
	attribute(b, "type", "rss")
	attribute(b, "xmlUrl", cfg.site.BaseURL+path+cfg.rss.Suffix)
	home := cfg.site.BaseURL + path
	if cfg.site.Static != nil {
		home = cfg.site.Static.home(home)
	}
	attribute(b, "htmlUrl", home)
	b.WriteString("/>\n")
}

func attribute(b *bytes.Buffer, name, value string) {
	b.WriteString(" " + name + `="`)
	escape(b, value)
	b.WriteString(`"`)
}

// escape writes text for an element or an attribute; what XML cannot hold becomes U+FFFD.
func escape(b *bytes.Buffer, s string) {
	if err := xml.EscapeText(b, []byte(strings.ToValidUTF8(s, "\uFFFD"))); err != nil {
		panic(err) // a buffer does not fail
	}
}
