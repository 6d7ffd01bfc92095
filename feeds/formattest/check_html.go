package formattest

import (
	"strings"

	"golang.org/x/net/html"
)

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

// html checks a fragment: absolute addresses (X9) and nothing that acts (X10).
func (c *checker) html(where, fragment string) {
	z := html.NewTokenizer(strings.NewReader(fragment))
	for {
		switch z.Next() {
		case html.ErrorToken:
			return
		case html.StartTagToken, html.SelfClosingTagToken:
			t := z.Token()
			if dangerous[t.Data] {
				c.fail("X10", "%s has <%s>", where, t.Data)
			}
			for _, a := range t.Attr {
				c.htmlAttr(where, t.Data, a)
			}
		}
	}
}

func (c *checker) htmlAttr(where, element string, a html.Attribute) {
	value := strings.ToLower(strings.TrimSpace(a.Val))
	switch {
	case strings.HasPrefix(a.Key, "on"):
		c.fail("X10", "%s has %s on <%s>", where, a.Key, element)
	case a.Key == "style" && (strings.Contains(value, "url(") || strings.Contains(value, "expression") ||
		strings.Contains(value, "position")):
		c.fail("X10", "%s has style %q", where, a.Val)
	case !addressed[a.Key]:
	case strings.HasPrefix(value, "javascript:"), strings.HasPrefix(value, "vbscript:"),
		strings.HasPrefix(value, "data:") && !strings.HasPrefix(value, "data:image/"):
		c.fail("X10", "%s has %s=%q", where, a.Key, a.Val)
	case a.Key == "srcset":
		for _, candidate := range strings.Split(value, ", ") {
			if !absolute(strings.TrimSpace(candidate)) {
				c.fail("X9", "%s has a relative address in srcset: %q", where, candidate)
			}
		}
	case !absolute(value):
		c.fail("X9", "%s has a relative address: %s=%q", where, a.Key, a.Val)
	}
}

func absolute(s string) bool {
	scheme, rest, ok := strings.Cut(s, ":")
	return ok && rest != "" && scheme != "" && !strings.ContainsAny(scheme, "/?#")
}
