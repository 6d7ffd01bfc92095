package formattest

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// Check reads a feed document as a strict validator would and returns what is wrong with it, nothing for a document
// without error and warning. Each finding starts with the rule it breaks:
//
//   - X1–X10 for text and addresses of every document (XML 1.0; X9 and X10 for HTML in it),
//   - R1–R22 for RSS 2.0 and the profile of the RSS Advisory Board,
//   - A1–A16 for Atom (RFC 4287),
//   - M1–M3 for podcasts (iTunes, M3: podcastindex.org) and Media RSS 1.5.1 in both (M2),
//   - J1–J15 for JSON Feed 1.1 (J14: RFC 8259).
//
// mediaType may have parameters. Check has no clock: it does not see that a date is in the future.
func Check(doc []byte, mediaType string) []string {
	c := &checker{}
	c.bytes(doc)
	base, _, err := mime.ParseMediaType(mediaType)
	if err != nil {
		base = mediaType
	}
	switch base {
	case "application/rss+xml":
		if root := c.xml(doc); root != nil {
			c.rss(root)
		}
	case "application/atom+xml":
		if root := c.xml(doc); root != nil {
			c.atom(root)
		}
	case "application/feed+json":
		c.json(doc)
	default:
		c.fail("X0", "no rules for media type %q", mediaType)
	}
	return c.found
}

type checker struct{ found []string }

func (c *checker) fail(rule, format string, args ...any) {
	s := rule + ": " + fmt.Sprintf(format, args...)
	if !slices.Contains(c.found, s) && len(c.found) < 100 {
		c.found = append(c.found, s)
	}
}

// rule is the rule that a finding names.
func rule(finding string) string {
	r, _, _ := strings.Cut(finding, ":")
	return r
}

// bytes checks what holds for every document.
func (c *checker) bytes(doc []byte) {
	if bytes.HasPrefix(doc, []byte("\xef\xbb\xbf")) {
		c.fail("X3", "document starts with a byte order mark")
	}
	if !utf8.Valid(doc) {
		c.fail("X3", "document is not UTF-8")
	}
	if !bytes.HasSuffix(doc, []byte("\n")) {
		c.fail("X3", "document does not end with a line end")
	}
	if bytes.IndexByte(doc, '\r') >= 0 {
		c.fail("X7", "document has a CR")
	}
	c.chars("document", string(doc))
}

// chars checks the characters of a text.
func (c *checker) chars(where, s string) {
	for _, r := range s {
		switch {
		case r == '\n', r == '\t':
		case r == '\r':
			c.fail("X7", "%s has a CR", where)
		case r < 0x20, r == 0xFFFE, r == 0xFFFF:
			c.fail("X1", "%s has %U", where, r)
		case r == 0x7F, r >= 0x80 && r < 0xA0, r >= 0xFDD0 && r <= 0xFDEF, r&0xFFFE == 0xFFFE, r == utf8.RuneError:
			c.fail("X2", "%s has %U", where, r)
		}
	}
}

// node is an element.
type node struct {
	name     xml.Name
	attrs    []xml.Attr
	children []*node
	// text is the character data directly in the element; raw is the same as it is written.
	text, raw string
}

func (n *node) is(space, local string) bool { return n.name.Space == space && n.name.Local == local }

func (n *node) all(space, local string) []*node {
	var out []*node
	for _, x := range n.children {
		if x.is(space, local) {
			out = append(out, x)
		}
	}
	return out
}

// first is the first such child, or nil.
func (n *node) first(space, local string) *node {
	if l := n.all(space, local); len(l) > 0 {
		return l[0]
	}
	return nil
}

// say is the trimmed text of the first such child, or empty.
func (n *node) say(space, local string) string {
	if x := n.first(space, local); x != nil {
		return strings.TrimSpace(x.text)
	}
	return ""
}

// attr is the value of an attribute without namespace.
func (n *node) attr(local string) (string, bool) {
	for _, a := range n.attrs {
		if a.Name.Space == "" && a.Name.Local == local {
			return a.Value, true
		}
	}
	return "", false
}

func (n *node) has(local string) string {
	s, _ := n.attr(local)
	return s
}

// prefixes are the namespaces under the prefixes that readers know (RSS profile, "Namespace elements").
var prefixes = map[string]string{
	"atom": nsAtom, "content": nsContent, "dc": nsDC, "media": nsMedia,
	"itunes": nsITunes, "podcast": nsPodcast,
	"sy":    "http://purl.org/rss/1.0/modules/syndication/",
	"slash": nsSlash,
	"fh":    "http://purl.org/syndication/history/1.0",
	"thr":   "http://purl.org/syndication/thread/1.0",
}

const (
	nsAtom    = "http://www.w3.org/2005/Atom"
	nsContent = "http://purl.org/rss/1.0/modules/content/"
	nsDC      = "http://purl.org/dc/elements/1.1/"
	nsMedia   = "http://search.yahoo.com/mrss/"
	nsSlash   = "http://purl.org/rss/1.0/modules/slash/"
	nsXML     = "http://www.w3.org/XML/1998/namespace"
)

const declaration = `<?xml version="1.0" encoding="UTF-8"?>` + "\n"

// xml reads the tree of a document; nil when it is not well-formed.
func (c *checker) xml(doc []byte) *node {
	if !bytes.HasPrefix(doc, []byte(declaration)) {
		c.fail("X3", "document does not start with %q", declaration)
	}
	root, err := tree(doc)
	if errors.Is(err, errDirective) {
		c.fail("X6", "document has a DOCTYPE or an entity of its own")
		return nil
	}
	if err != nil {
		c.fail("X1", "document is not well-formed: %v", err)
		return nil
	}
	used := map[string]bool{}
	c.names(root, true, used)
	for _, a := range root.attrs {
		if a.Name.Space == "xmlns" && !used[a.Value] {
			c.fail("R22", "prefix %q is declared and not used", a.Name.Local)
		}
	}
	return root
}

var errDirective = errors.New("a directive")

// tree reads a document with Go's parser at its strictest.
func tree(doc []byte) (*node, error) {
	d := xml.NewDecoder(bytes.NewReader(doc))
	var root *node
	var stack []*node
	for {
		start := d.InputOffset()
		t, err := d.Token()
		if err != nil {
			if root != nil && len(stack) == 0 && errors.Is(err, io.EOF) {
				return root, nil
			}
			return nil, err
		}
		switch t := t.(type) {
		case xml.StartElement:
			n := &node{name: t.Name, attrs: slices.Clone(t.Attr)}
			if len(stack) > 0 {
				p := stack[len(stack)-1]
				p.children = append(p.children, n)
			} else if root != nil {
				return nil, fmt.Errorf("a second root <%s>", t.Name.Local)
			} else {
				root = n
			}
			if stack = append(stack, n); len(stack) > 50 {
				return nil, fmt.Errorf("elements nested more than 50 deep")
			}
		case xml.EndElement:
			stack = stack[:len(stack)-1]
		case xml.CharData:
			if len(stack) > 0 {
				n := stack[len(stack)-1]
				n.text += string(t)
				n.raw += string(doc[start:d.InputOffset()])
			} else if len(bytes.TrimSpace(t)) > 0 {
				return nil, fmt.Errorf("text outside the root")
			}
		case xml.Directive:
			return nil, errDirective
		}
	}
}

// names checks namespaces, attributes and characters of an element and all below it, and collects the namespaces in use.
func (c *checker) names(n *node, root bool, used map[string]bool) {
	used[n.name.Space] = true
	seen := map[xml.Name]bool{}
	for _, a := range n.attrs {
		if seen[a.Name] {
			c.fail("X1", "<%s> has attribute %s twice", n.name.Local, a.Name.Local)
		}
		seen[a.Name], used[a.Name.Space] = true, true
		c.chars(n.name.Local+"/@"+a.Name.Local, a.Value)
		switch {
		case a.Name.Space == "xmlns" || a.Name.Local == "xmlns" && a.Name.Space == "":
			if !root {
				c.fail("R22", "<%s> declares a namespace that belongs on the root", n.name.Local)
			}
			if a.Name.Space == "xmlns" && prefixes[a.Name.Local] != a.Value {
				c.fail("R22", "prefix %q for %q is not the usual one", a.Name.Local, a.Value)
			}
		case a.Name.Space == "" || a.Name.Space == nsXML:
		case !strings.Contains(a.Name.Space, "://"):
			c.fail("X1", "attribute prefix %q is not declared", a.Name.Space)
		}
	}
	if s := n.name.Space; s != "" && !strings.Contains(s, "://") {
		c.fail("X1", "element prefix %q is not declared", s)
	}
	c.chars("<"+n.name.Local+">", n.text)
	for _, x := range n.children {
		c.names(x, false, used)
	}
}

var uriChars = regexp.MustCompile(`^(?:[A-Za-z0-9._~:/?#@!$&'()*+,;=\[\]-]|%[0-9A-Fa-f]{2})+$`)

// address checks an absolute http or https URI.
func (c *checker) address(rule, where, s string) {
	u, err := url.Parse(s)
	switch {
	case s == "":
		c.fail(rule, "%s is empty", where)
	case err != nil || !uriChars.MatchString(s):
		c.fail("X8", "%s %q is not a URI", where, s)
	case u.Scheme != "http" && u.Scheme != "https" || u.Host == "":
		c.fail(rule, "%s %q is not an absolute http or https address", where, s)
	}
}

var languageTag = regexp.MustCompile(`^[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*$`)

func (c *checker) language(rule, s string) {
	if !languageTag.MatchString(s) {
		c.fail(rule, "language %q is not of RFC 5646", s)
	}
}

var mediaTypeForm = regexp.MustCompile(`^[\w!#$&^.+-]+/[\w!#$&^.+-]+(\s*;.*)?$`)

var emailForm = regexp.MustCompile(`^[A-Za-z0-9_\-+.']+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$`)

// canonical reports whether an IRI is in the form of RFC 4287 §4.2.6.1: scheme and host in lower case, no default
// port, no empty path after a host.
func canonical(s string) bool {
	scheme, rest, _ := strings.Cut(s, ":")
	if scheme != strings.ToLower(scheme) {
		return false
	}
	rest, ok := strings.CutPrefix(rest, "//")
	if !ok {
		return true
	}
	host, _, slash := strings.Cut(rest, "/")
	return slash && host == strings.ToLower(host) &&
		!(scheme == "http" && strings.HasSuffix(host, ":80")) && !(scheme == "https" && strings.HasSuffix(host, ":443"))
}
