package lint

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

var sizeRules = []Rule{
	{"size-limit", Error, "A document is at most 16 MiB: a larger one is not read.", general, func(d *doc) {
		if n := len(d.in.Doc); n > MaxBytes {
			d.fail(0, "%d MiB: not read, because readers give up before %d MiB", n>>20, MaxBytes>>20)
		}
	}},
	{"size-burden", Warning, "A document has at most 1 MiB.", burden, func(d *doc) {
		if n := len(d.in.Doc); n > 1<<20 && n <= MaxBytes {
			d.fail(0, "%d kB: over 1 MiB a document is a burden for who polls it; leave items out or shorten them", n>>10)
		}
	}},
	{"size-large", Info, "A document has at most 256 KiB.", burden, func(d *doc) {
		if n := len(d.in.Doc); n > 256<<10 && n <= 1<<20 {
			d.fail(0, "%d kB: each poll costs as much; below 256 kB is fine", n>>10)
		}
	}},
}

var textRules = []Rule{
	{"text-empty", Error, "A document has content.", general, func(d *doc) {
		if len(bytes.TrimSpace(d.text)) == 0 {
			d.fail(0, "the document is empty")
		}
	}},
	{"text-encoding", Error, "The bytes are of the encoding that the document names.", xmlAt("4.3.3", "charencoding"), func(d *doc) {
		switch {
		case d.unknown != "":
			d.fail(1, "nobody knows the encoding %.40q", d.unknown)
		case d.invalid > 0:
			d.fail(d.invalid, "bytes that are not UTF-8")
		}
	}},
	{"text-utf8", Warning, "A document is UTF-8, which every reader reads.", xmlAt("4.3.3", "charencoding"), func(d *doc) {
		if d.coding != "" && d.unknown == "" {
			d.fail(1, "the document is in %.40s; write UTF-8", d.coding)
		}
	}},
	{"text-bom", Warning, "A document begins without a byte order mark.", rfc("8259", "8.1"), func(d *doc) {
		if d.bom {
			d.fail(1, "the document starts with a byte order mark")
		}
	}},
	{"text-char", Warning, "Texts hold no control characters, non-characters or replacement characters.", validator("BadCharacters"), func(d *doc) {
		d.texts(func(line, last int, s string) {
			for i, r := range s {
				switch {
				case r == '\n', r == '\t', r == '\r', r >= 0x20 && r < 0x7F:
				case r < 0x20, r == 0x7F, r >= 0x80 && r < 0xA0, r >= 0xFDD0 && r <= 0xFDEF, r&0xFFFE == 0xFFFE, r == utf8.RuneError:
					d.fail(min(line+strings.Count(s[:i], "\n"), last), "%U, a character that has no place in a text", r)
					return // one a text
				}
			}
		})
	}},
	{"text-cr", Info, "Lines end with LF alone.", xmlAt("2.11", "sec-line-ends"), func(d *doc) {
		if i := bytes.IndexByte(d.text, '\r'); i >= 0 {
			d.fail(d.lineAt(i), "the document has CR; parsers make LF of it in XML, and keep it elsewhere")
			return
		}
		d.texts(func(line, _ int, s string) {
			if strings.Contains(s, "\r") {
				d.fail(line, "a text has CR")
			}
		})
	}},
}

// texts calls f for every text and attribute of XML, every string and name of JSON, with the lines where it begins and ends:
// a text may have line ends that are written as references.
func (d *doc) texts(f func(line, last int, s string)) {
	if d.root != nil {
		d.root.walk(func(n *node) {
			f(n.textLine, n.last, n.text)
			for _, a := range n.attrs {
				f(n.line, n.line, a.Value)
			}
		})
	}
	var walk func(v *value)
	walk = func(v *value) {
		f(v.line, v.line, v.str)
		for _, m := range v.members {
			f(m.line, m.line, m.name)
			walk(m.val)
		}
		for _, x := range v.elems {
			walk(x)
		}
	}
	if d.json != nil {
		walk(d.json)
	}
}

var formatRules = []Rule{
	{"format-known", Error, "A document is RSS 2.0, Atom 1.0, JSON Feed 1.1 or OPML 2.0.", rssAt("What is RSS?"), func(d *doc) {
		if d.report.Format != Unknown || d.broken != nil || len(bytes.TrimSpace(d.text)) == 0 {
			return
		}
		switch {
		case d.root != nil && strings.EqualFold(d.root.name.Local, "html"), bytes.Contains(bytes.ToLower(d.text[:min(len(d.text), 500)]), []byte("<html")):
			d.fail(1, "a page, not a feed; feedmill discover finds the feeds of a page")
		case d.root != nil && d.root.name.Local == "RDF":
			d.fail(d.root.line, "RSS 1.0, for which there are no rules here")
		case d.root != nil && d.root.is("http://purl.org/atom/ns#", "feed"):
			d.fail(d.root.line, "Atom 0.3, which readers stop to read; Atom 1.0 has the namespace %s", nsAtom)
		case d.root != nil:
			d.fail(d.root.line, "the root element is <%.40s> of namespace %.80q: no feed", d.root.name.Local, d.root.name.Space)
		case d.json != nil:
			d.fail(d.json.line, "JSON without version and items: no JSON Feed")
		default:
			d.fail(1, "neither XML nor JSON")
		}
	}},
}

var xmlRules = []Rule{
	{"xml-wellformed", Error, "A document is well-formed XML.", xmlAt("2.1", "sec-well-formed"), func(d *doc) {
		if d.broken != nil {
			d.fail(d.broken.line, "not well-formed: %.300s", d.broken.what)
		}
	}},
	{"xml-attribute", Error, "An element has each attribute once.", xmlAt("3.1", "uniqattspec"), func(d *doc) {
		for _, p := range d.twice {
			d.fail(p.line, "%s", p.what)
		}
	}},
	{"xml-prefix", Error, "Every prefix is declared.", Source{"Namespaces in XML 1.0 §5", "https://www.w3.org/TR/xml-names/#nsc-NSDeclared"}, func(d *doc) {
		if d.root == nil {
			return
		}
		d.root.walk(func(n *node) {
			if undeclared(n.name.Space) {
				d.fail(n.line, "the prefix of <%.40s:%.40s> is not declared", n.name.Space, n.name.Local)
			}
			for _, a := range n.attrs {
				if a.Name.Space != "xmlns" && undeclared(a.Name.Space) {
					d.fail(n.line, "the prefix of the attribute %.40s:%.40s is not declared", a.Name.Space, a.Name.Local)
				}
			}
		})
	}},
	{"xml-declaration", Info, "A document begins with its XML declaration, which names the encoding.", xmlAt("2.8", "sec-prolog-dtd"), func(d *doc) {
		if !bytes.HasPrefix(d.text, []byte("<?xml")) || declared(d.text) == "" {
			d.fail(1, `the document does not begin with <?xml version="1.0" encoding="UTF-8"?>`)
		}
	}},
	{"xml-doctype", Warning, "A feed has no DOCTYPE and no entities of its own.", xmlAt("4.1", "sec-references"), func(d *doc) {
		if d.doctype > 0 {
			d.fail(d.doctype, "a DOCTYPE: readers ignore it or refuse the document")
		}
	}},
	{"xml-stylesheet", Info, "Nothing depends on an XSLT stylesheet: browsers do not run them any more.", html5, func(d *doc) {
		if d.style > 0 {
			d.fail(d.style, "a stylesheet of XSLT: browsers ignore it")
		}
	}},
	{"xml-unused", Info, "A namespace that is declared is used.", Source{"Namespaces in XML 1.0 §3", "https://www.w3.org/TR/xml-names/#ns-decl"}, func(d *doc) {
		if d.root != nil {
			if list := d.unused(); len(list) > 0 {
				d.fail(d.root.line, "the root declares %.200s and nothing uses it", short(list))
			}
		}
	}},
	{"xml-usual", Warning, "Extensions have the prefixes that readers know them by.", validator("NonstdPrefix"), func(d *doc) {
		if d.root == nil {
			return
		}
		known := map[string]string{}
		for p, u := range usual {
			known[u] = p
		}
		d.root.walk(func(n *node) {
			for _, a := range n.attrs {
				if a.Name.Space != "xmlns" {
					continue
				}
				if u := usual[a.Name.Local]; u != "" && u != a.Value {
					d.fail(n.line, "the prefix %s stands for %.80q, not for %s", a.Name.Local, a.Value, u)
				} else if p := known[a.Value]; p != "" && p != a.Name.Local {
					d.fail(n.line, "the namespace %s has the prefix %.40s, usually %s", a.Value, a.Name.Local, p)
				}
			}
		})
	}},
}

// unused are the prefixes that the root declares and nobody uses.
func (d *doc) unused() (out []string) {
	used := map[string]bool{}
	d.root.walk(func(n *node) {
		used[n.name.Space] = true
		for _, a := range n.attrs {
			used[a.Name.Space] = true
		}
	})
	for _, a := range d.root.attrs {
		if a.Name.Space == "xmlns" && !used[a.Value] {
			out = append(out, a.Name.Local)
		}
	}
	return out
}

// undeclared reports whether a namespace is a prefix that the parser found no declaration of.
func undeclared(space string) bool {
	return space != "" && space != nsXML && !bytes.ContainsAny([]byte(space), ":/")
}
