package formattest

import (
	"regexp"
	"strings"
	"time"
)

func (c *checker) atom(root *node) {
	if !root.is(nsAtom, "feed") {
		c.fail("A1", "root is not <feed> of Atom")
		return
	}
	c.atomHead("feed", root)
	entries := root.all(nsAtom, "entry")
	self := 0
	for _, l := range root.all(nsAtom, "link") {
		if l.has("rel") == "self" {
			self++
		}
	}
	if self != 1 {
		c.fail("A8", "feed has %d links rel=self, want 1", self)
	}
	if g := root.first(nsAtom, "generator"); g != nil {
		if strings.TrimSpace(g.text) == "" {
			c.fail("A16", "generator has no name")
		}
		if u, ok := g.attr("uri"); ok {
			c.address("A16", "generator uri", u)
		}
	}
	for _, name := range []string{"icon", "logo"} {
		if x := root.first(nsAtom, name); x != nil {
			c.address("A16", name, x.text)
		}
	}
	c.podcast("feed", root)
	ids, updates := map[string]bool{}, map[string]string{}
	var newest time.Time
	for _, e := range entries {
		id := e.say(nsAtom, "id")
		where := "entry " + id
		if ids[id] {
			c.fail("A3", "%s is there twice", where)
		}
		ids[id] = true
		at := c.atomHead(where, e)
		if at.After(newest) {
			newest = at
		}
		if other, ok := updates[e.say(nsAtom, "updated")]; ok {
			c.fail("A6", "%s has the updated of entry %s", where, other)
		}
		updates[e.say(nsAtom, "updated")] = id
		c.entry(where, root, e, at)
	}
	if at, _ := rfc3339(root.say(nsAtom, "updated")); len(entries) > 0 && !at.Equal(newest) {
		c.fail("A4", "feed updated %s is not that of its newest entry, %s", root.say(nsAtom, "updated"), newest)
	}
}

// atomHead checks what feeds, entries and sources have in common; it returns updated.
func (c *checker) atomHead(where string, n *node) time.Time {
	for _, name := range []string{"id", "title", "updated"} {
		if k := len(n.all(nsAtom, name)); k != 1 {
			c.fail("A1", "%s has %d %s, want 1", where, k, name)
		}
	}
	for _, name := range []string{"published", "summary", "content", "rights", "subtitle", "generator", "icon", "logo", "source"} {
		if len(n.all(nsAtom, name)) > 1 {
			c.fail("A1", "%s has more than one %s", where, name)
		}
	}
	c.iri(where+" id", n.say(nsAtom, "id"))
	for _, name := range []string{"title", "subtitle", "rights", "summary", "content"} {
		if x := n.first(nsAtom, name); x != nil {
			c.construct(where, x)
		}
	}
	if n.say(nsAtom, "title") == "" {
		c.fail("A1", "%s has a blank title", where)
	}
	at, ok := rfc3339(n.say(nsAtom, "updated"))
	if !ok {
		c.fail("A4", "%s updated %q is not of RFC 3339", where, n.say(nsAtom, "updated"))
	}
	for _, a := range n.attrs {
		if a.Name.Space == nsXML && a.Name.Local == "lang" {
			c.language("A13", a.Value)
		}
		if a.Name.Space == nsXML && a.Name.Local == "base" {
			c.fail("A13", "%s has xml:base", where)
		}
	}
	for _, p := range append(n.all(nsAtom, "author"), n.all(nsAtom, "contributor")...) {
		c.person(where, p)
	}
	c.atomLinks(where, n)
	for _, x := range n.all(nsAtom, "category") {
		if strings.TrimSpace(x.has("term")) == "" {
			c.fail("A10", "%s has a category without term", where)
		}
		if s, ok := x.attr("scheme"); ok {
			c.address("A10", "category scheme", s)
		}
		if l, ok := x.attr("label"); ok && strings.TrimSpace(l) == "" || len(x.children) > 0 || x.text != "" {
			c.fail("A10", "%s has a category with a blank label or with content", where)
		}
	}
	return at
}

func (c *checker) person(where string, p *node) {
	if p.say(nsAtom, "name") == "" {
		c.fail("A7", "%s has an author without name", where)
	}
	if u := p.first(nsAtom, "uri"); u != nil {
		c.address("A7", where+" author uri", u.text)
	}
	if e := p.first(nsAtom, "email"); e != nil && !emailForm.MatchString(e.text) {
		c.fail("A7", "%s author e-mail %q", where, e.text)
	}
}

func (c *checker) atomLinks(where string, n *node) {
	if n.is(nsAtom, "feed") {
		c.history(n, where)
	}
	alternates := map[string]bool{}
	for _, l := range n.all(nsAtom, "link") {
		rel := l.has("rel")
		c.address("A8", where+" link "+rel, l.has("href"))
		if t, ok := l.attr("hreflang"); ok {
			c.language("A13", t)
		}
		if t, ok := l.attr("type"); ok && !mediaTypeForm.MatchString(t) {
			c.fail("A15", "%s link has type %q", where, t)
		}
		if rel != "alternate" && rel != "" {
			continue
		}
		key := l.has("type") + " " + l.has("hreflang")
		if alternates[key] {
			c.fail("A8", "%s has two alternate links of one type", where)
		}
		alternates[key] = true
	}
}

// construct checks a text construct (RFC 4287 §3.1).
func (c *checker) construct(where string, x *node) {
	switch t := x.has("type"); t {
	case "", "text":
		if len(x.children) > 0 {
			c.fail("A11", "%s has markup in a %s of plain text", where, x.name.Local)
		}
	case "html":
		if len(x.children) > 0 {
			c.fail("A11", "%s has markup in a %s of escaped HTML", where, x.name.Local)
		}
		c.html(where+" "+x.name.Local, x.text)
	case "xhtml":
		if len(x.children) != 1 || x.children[0].name.Local != "div" {
			c.fail("A11", "%s has %s of XHTML without its div", where, x.name.Local)
		}
	default:
		c.fail("A11", "%s has %s of type %q", where, x.name.Local, t)
	}
}

func (c *checker) entry(where string, root, e *node, updated time.Time) {
	if p := e.first(nsAtom, "published"); p != nil {
		if at, ok := rfc3339(p.text); !ok {
			c.fail("A4", "%s published %q is not of RFC 3339", where, p.text)
		} else if at.After(updated) {
			c.fail("A5", "%s was updated before it was published", where)
		}
	}
	c.media(where, e)
	c.podcast(where, e)
	source := e.first(nsAtom, "source")
	if root.first(nsAtom, "author") == nil && e.first(nsAtom, "author") == nil &&
		(source == nil || source.first(nsAtom, "author") == nil) {
		c.fail("A7", "%s has no author", where)
	}
	if source != nil {
		c.atomHead(where+" source", source)
	}
	content := e.first(nsAtom, "content")
	alternate := false
	for _, l := range e.all(nsAtom, "link") {
		alternate = alternate || l.has("rel") == "alternate" || l.has("rel") == ""
	}
	if content == nil && !alternate && e.say(nsAtom, "summary") == "" {
		c.fail("A9", "%s has neither content nor alternate link nor summary", where)
	}
	if e.say(nsAtom, "content") == "" && e.say(nsAtom, "summary") == "" {
		c.fail("A9", "%s has no text", where)
	}
	if content != nil && content.has("src") != "" && e.first(nsAtom, "summary") == nil {
		c.fail("A12", "%s has content elsewhere and no summary", where)
	}
}

var iriForm = regexp.MustCompile(`^[a-z][a-z0-9+.-]*:[^\x00-\x20<>"{}|\\^` + "`" + `]+$`)

func (c *checker) iri(where, s string) {
	switch {
	case !iriForm.MatchString(s):
		c.fail("A2", "%s %q is not an absolute IRI", where, s)
	case !canonical(s):
		c.fail("A2", "%s %q is not in canonical form", where, s)
	}
}

var rfc3339Form = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$`)

func rfc3339(s string) (time.Time, bool) {
	t, err := time.Parse(time.RFC3339, s)
	return t, err == nil && rfc3339Form.MatchString(s)
}
