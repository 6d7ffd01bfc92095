package lint

import (
	"bytes"
	"strings"

	"golang.org/x/net/html"
)

// tag is a start tag in the HTML of an item.
type tag struct {
	line  int
	where string
	name  string
	attrs []html.Attribute
	based bool
}

// dangerous are elements that have no place in a feed (RFC 4287 §8.1).
var dangerous = map[string]bool{
	"script": true, "iframe": true, "object": true, "embed": true, "applet": true, "base": true, "meta": true,
	"link": true, "style": true, "form": true, "input": true, "frame": true, "frameset": true, "svg": true, "math": true,
}

// addressed are the attributes that hold an address.
var addressed = map[string]bool{
	"href": true, "src": true, "srcset": true, "poster": true, "cite": true, "longdesc": true, "data": true,
	"action": true, "formaction": true, "background": true,
}

// html collects the start tags of a fragment that is written from one line to another.
func (d *doc) html(line, last int, where, fragment string, based bool) {
	z := html.NewTokenizer(strings.NewReader(fragment))
	for {
		kind := z.Next()
		if kind == html.ErrorToken {
			return
		}
		next := min(line+bytes.Count(z.Raw(), []byte("\n")), last)
		if kind == html.StartTagToken || kind == html.SelfClosingTagToken {
			t := z.Token()
			if dangerous[t.Data] || len(t.Attr) > 0 {
				d.tags = append(d.tags, tag{line, where, t.Data, t.Attr, based})
			}
		}
		line = next
	}
}

// htmlTags are the start tags of all HTML in a feed.
func (d *doc) htmlTags() []tag {
	if d.tagged {
		return d.tags
	}
	d.tagged = true
	switch d.report.Format {
	case RSS:
		for _, it := range d.items() {
			for _, x := range it.children {
				if x.is("", "description") || x.is(nsContent, "encoded") {
					d.html(x.textLine, x.last, it.label(), x.text, it.based)
				}
			}
		}
	case Atom:
		for _, h := range d.heads() {
			for _, x := range h.n.children {
				switch {
				case x.name.Space != nsAtom || !construct[x.name.Local]:
				case x.has("type") == "html":
					d.html(x.textLine, x.last, h.where, x.text, x.based)
				case x.has("type") == "xhtml":
					d.xhtml(h.where, x)
				}
			}
		}
	case JSONFeed:
		for _, it := range d.json.list("items") {
			line := it.at("content_html")
			d.html(line, line, it.label(), it.say("content_html"), false)
		}
	}
	return d.tags
}

// xhtml collects elements that are written as XML.
func (d *doc) xhtml(where string, n *node) {
	for _, c := range n.children {
		c.walk(func(x *node) {
			t := tag{x.line, where, strings.ToLower(x.name.Local), nil, x.based}
			for _, a := range x.attrs {
				if a.Name.Space == "" {
					t.attrs = append(t.attrs, html.Attribute{Key: strings.ToLower(a.Name.Local), Val: a.Value})
				}
			}
			d.tags = append(d.tags, t)
		})
	}
}

// attributes calls f for the attributes of all tags.
func (d *doc) attributes(f func(t tag, key, value string)) {
	for _, t := range d.htmlTags() {
		for _, a := range t.attrs {
			f(t, a.Key, strings.ToLower(strings.TrimSpace(a.Val)))
		}
	}
}

func acts(value string) bool {
	return strings.HasPrefix(value, "javascript:") || strings.HasPrefix(value, "vbscript:") ||
		strings.HasPrefix(value, "data:") && !strings.HasPrefix(value, "data:image/")
}

var htmlRules = []Rule{
	{"html-element", Warning, "Content has no element that runs, frames or posts something.", atomAt("8.1"), func(d *doc) {
		for _, t := range d.htmlTags() {
			if dangerous[t.name] {
				d.fail(t.line, "%s: <%.40s>, which readers take out", t.where, t.name)
			}
		}
	}},
	{"html-handler", Warning, "Content has no event handlers.", validator("SecurityRiskAttr"), func(d *doc) {
		d.attributes(func(t tag, key, _ string) {
			if strings.HasPrefix(key, "on") {
				d.fail(t.line, "%s: %.40s on <%.40s>", t.where, key, t.name)
			}
		})
	}},
	{"html-style", Warning, "Styles in content load nothing and leave their place not.", validator("DangerousStyleAttr"), func(d *doc) {
		d.attributes(func(t tag, key, v string) {
			if key == "style" && (strings.Contains(v, "url(") || strings.Contains(v, "expression") || strings.Contains(v, "position")) {
				d.fail(t.line, "%s: style %.80q on <%.40s>", t.where, v, t.name)
			}
		})
	}},
	{"html-script", Warning, "Addresses in content run nothing.", validator("SecurityRisk"), func(d *doc) {
		d.attributes(func(t tag, key, v string) {
			if addressed[key] && acts(v) {
				d.fail(t.line, "%s: %s=%.80q", t.where, key, v)
			}
		})
	}},
	{"html-relative", Warning, "Addresses in content are absolute.", validator("ContainsRelRef"), func(d *doc) {
		d.attributes(func(t tag, key, v string) {
			switch {
			case !addressed[key] || acts(v) || t.based:
			case key == "srcset":
				for _, candidate := range strings.Split(v, ", ") {
					if !absolute(strings.TrimSpace(candidate)) {
						d.fail(t.line, "%s: srcset has the relative address %.80q", t.where, candidate)
						return
					}
				}
			case !absolute(v):
				d.fail(t.line, "%s: the relative address %s=%.80q", t.where, key, v)
			}
		})
	}},
}
