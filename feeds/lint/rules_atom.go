package lint

import (
	"strings"
	"time"
)

// construct are the elements that hold text, HTML or XHTML (RFC 4287 §3.1, §4.1.3).
var construct = map[string]bool{"title": true, "subtitle": true, "rights": true, "summary": true, "content": true}

// head is a feed, an entry or the source of one: what has id, title and updated.
type head struct {
	n     *node
	where string
}

func (d *doc) heads() []head {
	out := []head{{d.root, "the feed"}}
	for _, e := range d.items() {
		out = append(out, head{e, e.label()})
		if s := e.first(nsAtom, "source"); s != nil {
			out = append(out, head{s, "source of " + e.label()})
		}
	}
	return out
}

// perHead makes a check of all heads of a check of one.
func perHead(f func(d *doc, h head)) func(*doc) {
	return func(d *doc) {
		for _, h := range d.heads() {
			f(d, h)
		}
	}
}

// exactlyOne reports what is not there once.
func (d *doc) exactlyOne(h head) {
	for _, name := range []string{"id", "title", "updated"} {
		if n := len(h.n.all(nsAtom, name)); n != 1 {
			d.fail(h.n.line, "%s has %d <%s>, want 1", h.where, n, name)
		}
	}
}

// atomAddress reports an address that is neither absolute nor, where xml:base holds, relative. RFC 4287 has IRIs, which not all
// readers fetch.
func (d *doc) atomAddress(n *node, where, s string) {
	if n.based && s != "" && !absolute(s) {
		return
	}
	if absolute(s) && !strings.HasPrefix(s, "http:") && !strings.HasPrefix(s, "https:") && uriChars.MatchString(s) {
		return // mailto: and the like
	}
	d.uri(n.line, where, s)
}

// latest is the newest updated of the entries.
func (d *doc) latest() (newest time.Time) {
	for _, e := range d.items() {
		if at, ok := rfc3339(e.say(nsAtom, "updated")); ok && at.After(newest) {
			newest = at
		}
	}
	return newest
}

var atomRules = []Rule{
	{"atom-required", Error, "Feeds and entries have exactly one id, title and updated.", atomAt("4.1.1"), perHead(func(d *doc, h head) {
		if !h.n.is(nsAtom, "source") {
			d.exactlyOne(h)
		}
	})},
	{"atom-source-required", Warning, "The source of a copied entry has the id, title and updated of its feed.", atomAt("4.2.11"), perHead(func(d *doc, h head) {
		if h.n.is(nsAtom, "source") {
			d.exactlyOne(h)
		}
	})},
	{"atom-once", Error, "Elements that stand at most once do.", atomAt("4.1.2"), perHead(func(d *doc, h head) {
		for _, name := range []string{"published", "summary", "content", "rights", "subtitle", "generator", "icon", "logo", "source"} {
			if list := h.n.all(nsAtom, name); len(list) > 1 {
				d.fail(list[1].line, "%s has more than one <%s>", h.where, name)
			}
		}
	})},
	{"atom-title-blank", Warning, "Titles are not blank.", validator("NotBlank"), perHead(func(d *doc, h head) {
		if t := h.n.first(nsAtom, "title"); t != nil && strings.TrimSpace(t.text) == "" && len(t.children) == 0 {
			d.fail(t.line, "%s has a blank title", h.where)
		}
	})},
	{"atom-id", Error, "An id is an absolute IRI.", atomAt("4.2.6"), perHead(func(d *doc, h head) {
		if x := h.n.first(nsAtom, "id"); x != nil && !iriForm.MatchString(strings.TrimSpace(x.text)) {
			d.fail(x.line, "the id %.120q is no absolute IRI", x.text)
		}
	})},
	{"atom-id-canonical", Warning, "An id is in canonical form.", atomAt("4.2.6.1"), perHead(func(d *doc, h head) {
		if x := h.n.first(nsAtom, "id"); x != nil && iriForm.MatchString(strings.TrimSpace(x.text)) && !canonical(strings.TrimSpace(x.text)) {
			d.fail(x.line, "the id %.120q is not in canonical form: scheme and host in lower case, no default port, a slash behind the host", x.text)
		}
	})},
	{"atom-id-unique", Error, "No two entries have the same id and updated.", atomAt("4.1.1"), func(d *doc) {
		seen := map[[2]string]int{}
		for _, e := range d.items() {
			k := [2]string{e.say(nsAtom, "id"), e.say(nsAtom, "updated")}
			if line := seen[k]; line > 0 && k[0] != "" {
				d.fail(e.line, "%s is there in line %d already", e.label(), line)
			} else {
				seen[k] = e.line
			}
		}
	}},
	{"atom-id-twice", Warning, "An entry is in a feed once.", atomAt("4.1.1"), func(d *doc) {
		seen := map[string]string{}
		for _, e := range d.items() {
			id, updated := e.say(nsAtom, "id"), e.say(nsAtom, "updated")
			if other, ok := seen[id]; ok && id != "" && other != updated {
				d.fail(e.line, "%s is there in another version, too; readers show the one or the other", e.label())
			}
			seen[id] = updated
		}
	}},
	{"atom-updated", Warning, "updated of the feed is that of its newest entry, or later.", atomAt("4.2.15"), func(d *doc) {
		if at, ok := rfc3339(d.root.say(nsAtom, "updated")); ok && at.Before(d.latest()) {
			d.fail(d.root.first(nsAtom, "updated").line, "the feed was updated before its newest entry, %s", d.latest().Format(time.RFC3339))
		}
	}},
	{"atom-updated-later", Info, "updated of the feed is that of its newest entry.", atomAt("4.2.15"), func(d *doc) {
		if at, ok := rfc3339(d.root.say(nsAtom, "updated")); ok && !d.latest().IsZero() && at.After(d.latest()) {
			d.fail(d.root.first(nsAtom, "updated").line, "the feed was updated after its newest entry, %s", d.latest().Format(time.RFC3339))
		}
	}},
	{"atom-updated-unique", Warning, "No two entries have the same updated.", validator("DuplicateUpdated"), func(d *doc) {
		seen, ids := map[string]int{}, map[string]bool{}
		for _, e := range d.items() {
			at, id := e.say(nsAtom, "updated"), e.say(nsAtom, "id")
			if line := seen[at]; line > 0 && at != "" && !ids[id] {
				d.fail(e.line, "%s has the updated of the entry in line %d", e.label(), line)
			} else {
				seen[at] = e.line
			}
			ids[id] = true
		}
	}},
	{"atom-published", Warning, "An entry is not updated before it is published.", atomAt("4.2.9"), func(d *doc) {
		for _, e := range d.items() {
			p, ok := rfc3339(e.say(nsAtom, "published"))
			u, ok2 := rfc3339(e.say(nsAtom, "updated"))
			if ok && ok2 && p.After(u) {
				d.fail(e.line, "%s was updated before it was published", e.label())
			}
		}
	}},
	{"atom-author", Error, "An entry has an author: its own, its source's or the feed's.", atomAt("4.1.2"), func(d *doc) {
		if d.root.first(nsAtom, "author") != nil {
			return
		}
		for _, e := range d.items() {
			if s := e.first(nsAtom, "source"); e.first(nsAtom, "author") == nil && (s == nil || s.first(nsAtom, "author") == nil) {
				d.fail(e.line, "%s has no author, and the feed has none", e.label())
			}
		}
	}},
	{"atom-person", Error, "A person has a name; an e-mail address is one.", atomAt("3.2"), perHead(func(d *doc, h head) {
		for _, p := range append(h.n.all(nsAtom, "author"), h.n.all(nsAtom, "contributor")...) {
			if p.say(nsAtom, "name") == "" {
				d.fail(p.line, "a person of %s has no name", h.where)
			}
			if e := p.first(nsAtom, "email"); e != nil && !emailForm.MatchString(strings.TrimSpace(e.text)) {
				d.fail(e.line, "%.80q is no e-mail address", e.text)
			}
		}
	})},
	{"atom-self", Warning, `The feed says where it is: one link of rel="self".`, atomAt("4.1.1"), func(d *doc) {
		n := 0
		for _, l := range d.root.all(nsAtom, "link") {
			if l.has("rel") == "self" {
				n++
			}
		}
		if n != 1 {
			d.fail(d.root.line, `%d links of rel="self", want 1`, n)
		}
	}},
	{"atom-address", Error, "Addresses are absolute, or relative to an xml:base.", atomAt("4.2.7.1"), perHead(func(d *doc, h head) {
		for _, x := range h.n.children {
			switch {
			case x.is(nsAtom, "link"):
				d.atomAddress(x, "link "+x.has("rel"), x.has("href"))
			case x.is(nsAtom, "icon"), x.is(nsAtom, "logo"):
				d.atomAddress(x, x.name.Local, strings.TrimSpace(x.text))
			case x.is(nsAtom, "author"), x.is(nsAtom, "contributor"):
				if u := x.first(nsAtom, "uri"); u != nil {
					d.atomAddress(u, "uri", strings.TrimSpace(u.text))
				}
			case x.is(nsAtom, "generator") && x.has("uri") != "":
				d.atomAddress(x, "generator uri", x.has("uri"))
			case x.is(nsAtom, "content") && x.has("src") != "":
				d.atomAddress(x, "content src", x.has("src"))
			}
		}
	})},
	{"atom-alternate", Error, "There is one alternate link of a type and language.", atomAt("4.1.1"), perHead(func(d *doc, h head) {
		seen := map[[2]string]bool{}
		for _, l := range h.n.all(nsAtom, "link") {
			if rel := l.has("rel"); rel != "" && rel != "alternate" {
				continue
			}
			k := [2]string{l.has("type"), l.has("hreflang")}
			if seen[k] {
				d.fail(l.line, "%s has two alternate links of one type and language", h.where)
			}
			seen[k] = true
		}
	})},
	{"atom-link-type", Error, "The type of a link is a media type, its length a number of bytes.", atomAt("4.2.7.3"), perHead(func(d *doc, h head) {
		for _, l := range h.n.all(nsAtom, "link") {
			if t, ok := l.attr("type"); ok && !mediaType.MatchString(t) {
				d.fail(l.line, "the link has the type %.60q", t)
			}
			if n, ok := l.attr("length"); ok && number(n) < 0 {
				d.fail(l.line, "the link has the length %.40q", n)
			}
		}
	})},
	{"atom-enclosure", Info, "A link to a file says its type and length.", atomAt("4.2.7.2"), perHead(func(d *doc, h head) {
		for _, l := range h.n.all(nsAtom, "link") {
			if l.has("rel") == "enclosure" && (l.has("type") == "" || l.has("length") == "") {
				d.fail(l.line, "an enclosure of %s has no type or no length", h.where)
			}
		}
	})},
	{"atom-content", Error, "An entry has content or an alternate link.", atomAt("4.1.2"), func(d *doc) {
		for _, e := range d.items() {
			found := e.first(nsAtom, "content") != nil
			for _, l := range e.all(nsAtom, "link") {
				found = found || l.has("rel") == "" || l.has("rel") == "alternate"
			}
			if !found {
				d.fail(e.line, "%s has neither content nor an alternate link", e.label())
			}
		}
	}},
	{"atom-text", Warning, "An entry has text: content or a summary.", validator("MissingTextualContent"), func(d *doc) {
		for _, e := range d.items() {
			found := false
			for _, name := range []string{"content", "summary"} {
				if x := e.first(nsAtom, name); x != nil {
					found = found || strings.TrimSpace(x.text) != "" || len(x.children) > 0 || x.has("src") != ""
				}
			}
			if !found {
				d.fail(e.line, "%s has no text", e.label())
			}
		}
	}},
	{"atom-summary", Error, "An entry whose content is elsewhere, or no text, has a summary.", atomAt("4.1.2"), func(d *doc) {
		for _, e := range d.items() {
			c := e.first(nsAtom, "content")
			if c == nil || e.say(nsAtom, "summary") != "" {
				continue
			}
			binary := strings.Contains(c.has("type"), "/") && !strings.HasPrefix(c.has("type"), "text/") && !strings.HasSuffix(c.has("type"), "xml")
			if c.has("src") != "" || binary {
				d.fail(c.line, "%s has content elsewhere or in base64, and no summary", e.label())
			}
		}
	}},
	{"atom-category", Error, "A category has a term, and no content.", atomAt("4.2.2"), perHead(func(d *doc, h head) {
		for _, x := range h.n.all(nsAtom, "category") {
			if strings.TrimSpace(x.has("term")) == "" {
				d.fail(x.line, "a category of %s has no term", h.where)
			}
			if strings.TrimSpace(x.text) != "" {
				d.fail(x.line, "a category of %s has text, which nobody reads; the word belongs into term and label", h.where)
			}
		}
	})},
	{"atom-category-scheme", Error, "The scheme of a category is an IRI; its label is not blank.", atomAt("4.2.2.2"), perHead(func(d *doc, h head) {
		for _, x := range h.n.all(nsAtom, "category") {
			if s, ok := x.attr("scheme"); ok && !iriForm.MatchString(s) {
				d.fail(x.line, "the scheme %.80q is no IRI", s)
			}
			if l, ok := x.attr("label"); ok && strings.TrimSpace(l) == "" {
				d.fail(x.line, "a category of %s has a blank label", h.where)
			}
		}
	})},
	{"atom-construct", Error, "Texts are of the type they name: text and html are escaped, xhtml is one div.", atomAt("3.1.1"), perHead(func(d *doc, h head) {
		for _, x := range h.n.children {
			if x.name.Space != nsAtom || !construct[x.name.Local] {
				continue
			}
			switch t := x.has("type"); {
			case (t == "" || t == "text" || t == "html") && len(x.children) > 0:
				d.fail(x.line, "<%s> has markup that is not escaped", x.name.Local)
			case t == "xhtml" && (len(x.children) != 1 || x.children[0].name.Local != "div"):
				d.fail(x.line, "<%s> of XHTML is not one div", x.name.Local)
			case t == "", t == "text", t == "html", t == "xhtml":
			case x.name.Local != "content":
				d.fail(x.line, "<%s> has the type %.40q; want text, html or xhtml", x.name.Local, t)
			case !mediaType.MatchString(t):
				d.fail(x.line, "content has the type %.40q", t)
			case x.has("src") == "" && (strings.HasPrefix(t, "text/html") || strings.HasPrefix(t, "text/plain")):
				d.fail(x.line, "content has the type %.40q; readers know html and text", t)
			}
		}
	})},
	{"atom-language", Error, "xml:lang and hreflang are tags of RFC 5646.", atomAt("2"), func(d *doc) {
		d.root.walk(func(n *node) {
			for _, a := range n.attrs {
				lang := a.Name.Space == nsXML && a.Name.Local == "lang" && a.Value != ""
				if lang || a.Name.Space == "" && a.Name.Local == "hreflang" {
					d.language(n.line, a.Value)
				}
			}
		})
	}},
	{"atom-language-said", Info, "The feed says its language.", atomAt("2"), func(d *doc) {
		for _, a := range d.root.attrs {
			if a.Name.Space == nsXML && a.Name.Local == "lang" {
				return
			}
		}
		d.fail(d.root.line, "the feed has no xml:lang")
	}},
	{"atom-base", Warning, "xml:base is not the address of the page itself.", validator("SameDocumentReference"), perHead(func(d *doc, h head) {
		for _, a := range h.n.attrs {
			if a.Name.Space != nsXML || a.Name.Local != "base" {
				continue
			}
			for _, l := range h.n.all(nsAtom, "link") {
				if rel := l.has("rel"); (rel == "" || rel == "alternate") && l.has("href") == a.Value {
					d.fail(h.n.line, "xml:base of %s is its alternate link, so that fragments are of the document itself", h.where)
				}
			}
		}
	})},
	{"atom-generator", Warning, "generator has a name.", atomAt("4.2.4"), func(d *doc) {
		if g := d.root.first(nsAtom, "generator"); g != nil && strings.TrimSpace(g.text) == "" {
			d.fail(g.line, "generator has no name")
		}
	}},
	{"atom-source", Info, "The source of a copied entry says where it is.", atomAt("4.2.11"), func(d *doc) {
		for _, e := range d.items() {
			if s := e.first(nsAtom, "source"); s != nil && s.first(nsAtom, "link") == nil {
				d.fail(s.line, "the source of %s has no link", e.label())
			}
		}
	}},
}
