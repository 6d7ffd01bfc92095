package jekyll

import (
	"bytes"
	"html"
	"strings"
)

// tag is a Liquid tag such as {% highlight go %}.
type tag struct {
	name, args string
	size       int // of the whole tag in bytes
}

// maxTag bounds how far the end of a tag or output is looked for.
const maxTag = 2000

// liquidTag reads the tag at the start of b; ok is false if it has no end.
func liquidTag(b []byte) (t tag, ok bool) {
	end := bytes.Index(b[:min(len(b), maxTag)], []byte("%}"))
	if !bytes.HasPrefix(b, []byte("{%")) || end < 2 {
		return t, false
	}
	inner := strings.TrimSpace(strings.Trim(string(b[2:end]), "-"))
	t.name, t.args, _ = strings.Cut(inner, " ")
	t.args = strings.TrimSpace(t.args)
	t.size = end + 2
	return t, true
}

// closing finds the end tag of a block: where it begins, and its size.
func closing(b []byte, name string) (at, size int) {
	for i := 0; ; {
		j := bytes.Index(b[i:], []byte("{%"))
		if j < 0 {
			return -1, 0
		}
		i += j
		if t, ok := liquidTag(b[i:]); ok && t.name == "end"+name {
			return i, t.size
		}
		i += 2
	}
}

// template is one pass over a body before Markdown. It carries out the Liquid blocks raw, highlight and comment and the
// site's address, and leaves other Liquid out. What stands in code stays as it is, but for raw tags, which are there to show Liquid.
type template struct {
	site     *site
	markdown bool
	liquid   bool
	in       []byte
	out      []byte
	fence    string // the mark that ends the fenced code we are in
	raw      bool   // between raw and endraw
	// endless are the blocks and elements that have no end from here on, so that it is looked for once.
	endless map[string]bool
	// dropped is the line of the first Liquid that was left out; 0 if none was.
	dropped int
}

// busy reports whether a body has anything for template to do.
func busy(b []byte) bool {
	return bytes.Contains(b, []byte("{%")) || bytes.Contains(b, []byte("{{"))
}

func (t *template) run() []byte {
	blank := true // the line before is blank, or indented code
	for i := 0; i < len(t.in); {
		end := bytes.IndexByte(t.in[i:], '\n') + 1
		if end == 0 {
			end = len(t.in) - i
		}
		line := t.in[i : i+end]
		trimmed := bytes.TrimSpace(line)
		if !t.markdown {
			i = t.inline(i, i+end)
			continue
		}
		if t.fence != "" {
			if bytes.HasPrefix(trimmed, []byte(t.fence)) && len(bytes.Trim(trimmed, t.fence[:1])) == 0 {
				t.fence = ""
			}
			t.code(line)
			i += end
			continue
		}
		indented := bytes.HasPrefix(line, []byte("    ")) || line[0] == '\t'
		if mark := fenceMark(trimmed); mark != "" && !(blank && indented) {
			t.fence = mark
			t.code(line)
			i += end
			continue
		}
		if blank && indented && len(trimmed) > 0 {
			t.code(line)
			i += end
			continue
		}
		blank = len(trimmed) == 0
		i = t.inline(i, i+end)
	}
	return t.out
}

// fenceMark is the run of ` or ~ that opens fenced code.
func fenceMark(line []byte) string {
	if len(line) < 3 || line[0] != '`' && line[0] != '~' {
		return ""
	}
	n := 0
	for n < len(line) && line[n] == line[0] {
		n++
	}
	if n < 3 || line[0] == '`' && bytes.IndexByte(line[n:], '`') >= 0 {
		return ""
	}
	return string(line[:n])
}

// code copies code; only raw tags are carried out in it.
func (t *template) code(b []byte) {
	for t.liquid {
		i := bytes.Index(b, []byte("{%"))
		if i < 0 {
			break
		}
		tg, ok := liquidTag(b[i:])
		if ok && (tg.name == "raw" && !t.raw || tg.name == "endraw" && t.raw) {
			t.raw = tg.name == "raw"
			t.out = append(t.out, b[:i]...)
			b = b[i+tg.size:]
			continue
		}
		t.out = append(t.out, b[:i+2]...)
		b = b[i+2:]
	}
	t.out = append(t.out, b...)
}

// inline copies text from i to the end of its line, or behind what begins in it and ends later. It returns where to go on.
func (t *template) inline(i, end int) int {
	for i < end {
		rest := t.in[i:]
		c := rest[0]
		next := byte(0)
		if len(rest) > 1 {
			next = rest[1]
		}
		switch {
		case c == '`' && t.markdown:
			n := codeSpan(rest)
			t.code(rest[:n])
			i += n
			continue
		case c == '<' && (hasTag(rest, "pre") || hasTag(rest, "code")):
			if n := t.find("element", func() int { return bytes.Index(rest, []byte("</")) }); n > 0 {
				t.code(rest[:n])
				i += n
				continue
			}
		case c == '{' && next == '%' && t.liquid:
			if n := t.tag(rest, i); n > 0 {
				i += n
				continue
			}
		case c == '{' && next == '{' && t.liquid && !t.raw:
			if n := bytes.Index(rest[:min(len(rest), maxTag)], []byte("}}")); n > 0 {
				t.output(strings.TrimSpace(strings.Trim(string(rest[2:n]), "-")), i)
				i += n + 2
				continue
			}
		}
		t.out = append(t.out, c)
		i++
	}
	return i
}

// find runs a search for the end of something, unless it failed before.
func (t *template) find(what string, search func() int) int {
	if t.endless[what] {
		return -1
	}
	at := search()
	if at < 0 {
		if t.endless == nil {
			t.endless = map[string]bool{}
		}
		t.endless[what] = true
	}
	return at
}

// hasTag reports whether b begins with the HTML tag.
func hasTag(b []byte, name string) bool {
	if len(b) < len(name)+2 || !strings.EqualFold(string(b[1:1+len(name)]), name) {
		return false
	}
	c := b[1+len(name)]
	return c == '>' || c == ' '
}

// codeSpan is the length of the code span at the start of b, or of the run of backticks if it has no end.
func codeSpan(b []byte) int {
	n := 0
	for n < len(b) && b[n] == '`' {
		n++
	}
	limit := min(len(b), 10_000)
	if j := bytes.Index(b[:limit], []byte("\n\n")); j >= 0 {
		limit = j
	}
	for i := n; i < limit; {
		if b[i] != '`' {
			i++
			continue
		}
		m := i
		for m < limit && b[m] == '`' {
			m++
		}
		if m-i == n {
			return m
		}
		i = m
	}
	return n
}

// tag carries out the tag at the start of b, which is at position i, and returns the bytes used; 0 makes it text.
func (t *template) tag(b []byte, i int) int {
	tg, ok := liquidTag(b)
	if !ok {
		return 0
	}
	if t.raw {
		if tg.name == "endraw" {
			t.raw = false
			return tg.size
		}
		return 0
	}
	switch tg.name {
	case "raw":
		t.raw = true
		return tg.size
	case "endraw":
		return tg.size
	case "highlight", "comment":
		size := 0
		at := t.find(tg.name, func() (at int) {
			at, size = closing(b[tg.size:], tg.name)
			return at
		})
		if at < 0 {
			break
		}
		if tg.name == "highlight" {
			t.highlight(tg.args, b[tg.size:tg.size+at])
		}
		return tg.size + at + size
	}
	t.drop(i)
	return tg.size
}

func (t *template) drop(i int) {
	if t.dropped == 0 {
		t.dropped = 1 + bytes.Count(t.in[:i], []byte("\n"))
	}
}

// output writes the value of {{ name }}.
func (t *template) output(name string, i int) {
	switch name {
	case "site.url":
		t.out = append(t.out, t.site.origin...)
	case "site.baseurl":
		t.out = append(t.out, t.site.base...)
	default:
		t.drop(i)
	}
}

// highlight writes code of a language.
func (t *template) highlight(args string, code []byte) {
	lang, _, _ := strings.Cut(args, " ")
	lang = strings.Map(func(r rune) rune {
		if r == '"' || r == '<' || r == '>' || r == '`' || r == '&' || r < 0x20 {
			return -1
		}
		return r
	}, lang)
	code = bytes.TrimRight(bytes.TrimLeft(code, "\r\n"), " \t\r\n")
	if !t.markdown {
		t.out = append(t.out, `<pre><code class="language-`+lang+`">`+html.EscapeString(string(code))+"</code></pre>"...)
		return
	}
	start := bytes.LastIndexByte(t.out, '\n') + 1
	indent := string(t.out[start:])
	if strings.TrimSpace(indent) != "" {
		indent = ""
		t.out = append(t.out, "\n\n"...)
	}
	fence := "```"
	for bytes.Contains(code, []byte(fence)) {
		fence += "`"
	}
	// The lines of the block already have the indentation of a list item they may stand in.
	t.out = append(t.out, fence+lang+"\n"+string(code)+"\n"+indent+fence+"\n"...)
}
