package web

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strconv"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// live is the attribute of elements that need the server: a static tree does not have them.
const live = "data-live"

// static are the addresses that pages of a static tree may lead to, escaped, below the base URL.
func (l *listing) static(cfg *config) func(path string) bool {
	l.reached.Do(func() {
		l.reach = map[string]bool{"/": true}
		for _, t := range cfg.published(l) {
			l.reach[t.Path()] = true
			for i := range cfg.formats {
				l.reach[t.Path()+cfg.formats[i].Suffix] = true
			}
		}
		for _, p := range l.outlines() {
			l.reach[p] = true
		}
		for p := range staticFiles {
			l.reach[p] = true
		}
	})
	return func(path string) bool { return l.reach[path] }
}

// void elements have no end (https://html.spec.whatwg.org/multipage/syntax.html#void-elements).
var void = map[atom.Atom]bool{
	atom.Area: true, atom.Base: true, atom.Br: true, atom.Col: true, atom.Embed: true, atom.Hr: true, atom.Img: true,
	atom.Input: true, atom.Link: true, atom.Meta: true, atom.Source: true, atom.Track: true, atom.Wbr: true,
}

// still makes a page of a static tree of one of the server's: links lead to files; forms, what is marked as live, and links
// with a query go. A link to what has no file leaves its text.
func (c *config) still(page []byte, has func(path string) bool) ([]byte, error) {
	var out bytes.Buffer
	out.Grow(len(page))
	z := html.NewTokenizer(bytes.NewReader(page))
	depth := 0           // of elements in one that goes; its own counts
	var unwrapped []bool // of the open links, whether their tags go
	for {
		kind := z.Next()
		if kind == html.ErrorToken {
			if err := z.Err(); !errors.Is(err, io.EOF) {
				return nil, fmt.Errorf("read a page: %w", err)
			}
			return out.Bytes(), nil
		}
		raw := bytes.Clone(z.Raw())
		t := z.Token()
		switch {
		case depth > 0:
			if kind == html.StartTagToken && !void[t.DataAtom] && !optional[t.DataAtom] {
				depth++
			} else if kind == html.EndTagToken && !optional[t.DataAtom] {
				depth--
			}
			continue
		case kind == html.EndTagToken && t.DataAtom == atom.A && len(unwrapped) > 0:
			goes := unwrapped[len(unwrapped)-1]
			if unwrapped = unwrapped[:len(unwrapped)-1]; goes {
				continue
			}
		case kind == html.StartTagToken || kind == html.SelfClosingTagToken:
			fate := c.rewrite(&t, has)
			begins := kind == html.StartTagToken && !void[t.DataAtom]
			switch {
			case fate == goes && begins:
				depth = 1
				continue
			case fate == goes:
				continue
			case fate == unwraps:
				unwrapped = append(unwrapped, true)
				continue
			case fate == moves:
				raw = []byte(t.String())
			}
			if t.DataAtom == atom.A && begins {
				unwrapped = append(unwrapped, false)
			}
		}
		out.Write(raw)
	}
}

// optional elements may leave out their end, as our pages do: they do not count.
var optional = map[atom.Atom]bool{
	atom.Td: true, atom.Th: true, atom.Tr: true, atom.Li: true, atom.P: true, atom.Dt: true, atom.Dd: true, atom.Option: true, atom.Tbody: true, atom.Thead: true,
}

// fates of an element.
const (
	stays   = iota
	moves   // its address is another one
	unwraps // its tags go
	goes    // with all that is in it
)

// rewrite decides on an element and gives it the address that it has in the tree.
func (c *config) rewrite(t *html.Token, has func(string) bool) int {
	if t.DataAtom == atom.Form {
		return goes
	}
	fate := stays
	for i := range t.Attr {
		a := &t.Attr[i]
		switch a.Key {
		case live:
			return goes
		case "href", "src":
			p, query, ours := c.inside(a.Val)
			if !ours {
				continue
			}
			to, ok := c.staticLink(p, query, has)
			switch {
			case !ok && query == "" && t.DataAtom == atom.A:
				return unwraps
			case !ok:
				return goes
			case to != p, p == "/" && query != "":
				base, _, _ := strings.Cut(a.Val, "?")
				a.Val, fate = strings.TrimSuffix(base, p)+to, moves
			}
		}
	}
	return fate
}

// inside splits an address of ours: its path below the base URL, and its query.
func (c *config) inside(address string) (path, query string, ok bool) {
	address, _, _ = strings.Cut(address, "#")
	if rest, ok := strings.CutPrefix(address, c.site.BaseURL); ok && (rest == "" || rest[0] == '/' || rest[0] == '?') {
		address = c.prefix + rest
	}
	rest, ok := strings.CutPrefix(address, c.prefix)
	if !ok || !strings.HasPrefix(rest, "/") || strings.HasPrefix(rest, "//") {
		return "", "", false
	}
	path, query, _ = strings.Cut(rest, "?")
	return path, query, true
}

// staticLink is where a link of ours leads in the tree.
func (c *config) staticLink(path, query string, has func(string) bool) (to string, ok bool) {
	if !has(path) {
		return "", false
	}
	q, err := url.ParseQuery(query)
	if err != nil {
		return "", false
	}
	delete(q, "_") // it only makes caches look again
	switch p, _ := c.locate(path); {
	case p.list:
		return path + outlineSuffix, len(q) == 0
	case p.page:
		return path + "/", len(q) == 0 // without the slash most hosts redirect there
	}
	if path != "/" || len(q) == 0 {
		return path, len(q) == 0
	}
	kind, n := q.Get("kind"), 1
	if s := q.Get("page"); s != "" {
		if n, err = strconv.Atoi(s); err != nil {
			return "", false
		}
	}
	delete(q, "kind")
	delete(q, "page")
	if q.Get("sort") == orders[byRecent] {
		delete(q, "sort") // it is the one that there is
	}
	if to, _ = topicsPath(kind, n); to != "/" {
		to += "/"
	}
	return to, len(q) == 0 && (kind == "" || rank(kind) > 0)
}
