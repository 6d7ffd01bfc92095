package kramdown

import (
	"strconv"
	"strings"
)

// renderer writes a document as HTML.
type renderer struct {
	*parser
	out      []byte
	tooLarge bool
	// inHTML is how many HTML elements are open: hard line breaks mean nothing in them.
	inHTML int
	// align is that of the columns of the table at hand.
	align string

	// headers are those of the table of contents, which goes to tocAt.
	headers []*node
	toc     *node
	tocAt   int
	// footnotesAt is where the list {:footnotes} stands; -1 if there is none.
	footnotesAt int
	notes       []*footnoteDef
	usedIDs     map[string]int
}

// document writes the whole document.
func (r *renderer) document() []byte {
	r.footnotesAt = -1
	r.children(&r.tree)
	body := r.out
	r.out = nil
	r.footnoteList()
	foot := r.out
	r.out = nil
	if r.toc != nil {
		r.tableOfContents()
	}
	toc := r.out
	if len(foot) == 0 && len(toc) == 0 {
		return body
	}
	if len(body)+len(foot)+len(toc) > MaxHTML {
		r.tooLarge = true
		return nil
	}
	footAt := r.footnotesAt
	if footAt < 0 {
		footAt = len(body)
	}
	var out []byte
	switch {
	case r.toc == nil:
		out = append(append(append(out, body[:footAt]...), foot...), body[footAt:]...)
	case r.tocAt <= footAt:
		out = append(append(append(out, body[:r.tocAt]...), toc...), body[r.tocAt:footAt]...)
		out = append(append(out, foot...), body[footAt:]...)
	default:
		out = append(append(append(out, body[:footAt]...), foot...), body[footAt:r.tocAt]...)
		out = append(append(out, toc...), body[r.tocAt:]...)
	}
	return out
}

func (r *renderer) children(n *node) {
	for c := n.first; c != nil; c = c.next {
		if len(r.out) > MaxHTML {
			r.tooLarge = true
			return
		}
		r.render(n, c)
	}
}

func (r *renderer) write(s string) { r.out = append(r.out, s...) }

func (r *renderer) open(name string, attrs []attr) {
	r.out = append(append(r.out, '<'), name...)
	r.out = appendAttrs(r.out, attrs)
	r.out = append(r.out, '>')
}

func (r *renderer) close(name string) {
	r.out = append(append(append(r.out, "</"...), name...), '>')
}

// element writes n and its children as an HTML element, with a newline behind if it is a block.
func (r *renderer) element(name string, n *node, after string) {
	r.open(name, n.attrs)
	r.children(n)
	r.close(name)
	r.write(after)
}

func (r *renderer) render(parent, n *node) {
	switch n.kind {
	case text:
		r.text(parent, n)
	case char:
		r.out = appendEscaped(r.out, n.value)
	case verbatim:
		r.write(n.value)
		if parent.kind != paragraph && (parent.kind != blockHTML || parent.model != modelRaw) && strings.HasSuffix(n.value, "-->") {
			r.write("\n")
		}
	case paragraph:
		r.paragraph(n)
	case header:
		r.heading(n)
	case quote:
		r.open("blockquote", n.attrs)
		r.write("\n")
		r.children(n)
		r.write("</blockquote>\n")
	case code:
		r.code(n)
	case rule:
		r.write("<hr")
		r.out = appendAttrs(r.out, n.attrs)
		r.write(" />\n")
	case bullets, numbers:
		r.list(n)
	case terms:
		r.open("dl", n.attrs)
		r.write("\n")
		for t := n.first; t != nil; t = t.next {
			r.definition(n, t)
		}
		r.write("</dl>\n")
	case table:
		r.table(n)
	case blockHTML:
		r.blockHTML(parent, n)
	case spanHTML:
		r.spanHTML(n)
	case blockMath, spanMath:
		r.math(n)
	case em:
		r.element("em", n, "")
	case strong:
		r.element("strong", n, "")
	case deleted:
		r.inHTML++
		r.element("del", n, "")
		r.inHTML--
	case link:
		r.element("a", n, "")
	case image:
		r.write("<img")
		r.out = appendAttrs(r.out, n.attrs)
		r.write(" />")
	case codeSpan:
		r.codeSpan(n)
	case lineBreak:
		r.write("<br />")
	case footnoteMark:
		r.footnoteMark(n)
	case abbreviation:
		r.abbreviation(n)
	}
}

// text writes text. References to characters stay. A backslash at the end of a line, or with HardWrap any end of a line,
// is a line break.
func (r *renderer) text(parent, n *node) {
	s := n.value
	if r.opts.JoinCJK {
		s = joinCJK(s)
	}
	mark := "\\\n"
	if r.opts.HardWrap {
		mark = "\n"
	}
	if r.opts.Plain || r.inHTML > 0 || !strings.Contains(s, mark) {
		r.out = appendText(r.out, s)
		return
	}
	for first := true; ; first = false {
		line, rest, more := strings.Cut(s, mark)
		if !first {
			r.write("\n")
		}
		r.out = appendText(r.out, line)
		if !more {
			return
		}
		if rest != "" || n.next != nil || !isBlock(parent.kind) {
			r.write("<br />")
		}
		s = rest
	}
}

func isBlock(k kind) bool { return k < text }

func (r *renderer) paragraph(n *node) {
	if n.transparent {
		r.children(n)
		return
	}
	c := n.first
	if c != nil && c.next == nil {
		if c.kind == image && c.ial.names("standalone") {
			r.figure(n, c)
			return
		}
		if r.opts.DropEmptyAutolinks && c.kind == text && c.value == "<>" {
			return
		}
	}
	r.element("p", n, "\n")
}

// figure writes an image that stands alone, marked by {:standalone}, with its alternative text below.
func (r *renderer) figure(n, img *node) {
	figure := append([]attr{}, n.attrs...)
	var own []attr
	for _, a := range img.attrs {
		if _, ok := n.get(a.name); !ok && (a.name == "class" || a.name == "id") {
			figure = append(figure, a)
			continue
		}
		own = append(own, a)
	}
	alt, _ := img.get("alt")
	r.open("figure", figure)
	r.write("<img")
	r.out = appendAttrs(r.out, own)
	r.write(" /><figcaption>")
	r.out = appendText(r.out, alt)
	r.write("</figcaption></figure>\n")
}

func (r *renderer) heading(n *node) {
	if _, ok := n.get("id"); !ok && r.opts.AutoIDs {
		n.set("id", r.opts.IDPrefix+r.ownID(asciiID(r.plainText(n))))
	}
	class, _ := n.get("class")
	if _, ok := n.get("id"); ok && r.opts.TOCLevels>>n.level&1 == 1 && !hasWord(class, "no_toc") {
		r.headers = append(r.headers, n)
	}
	level := min(max(int(n.level)+r.opts.HeaderOffset, 1), 6)
	r.element("h"+strconv.Itoa(level), n, "\n")
}

// ownID makes an ID of kramdown's own unique.
func (r *renderer) ownID(id string) string {
	if id == "" {
		id = "section"
	}
	if r.usedIDs == nil {
		r.usedIDs = map[string]int{}
	}
	n, used := r.usedIDs[id]
	if used {
		n++
	}
	r.usedIDs[id] = n
	if used {
		id += "-" + strconv.Itoa(n)
	}
	return id
}

// hasWord reports whether a class attribute has the name in it.
func hasWord(s, word string) bool {
	for f := range strings.FieldsSeq(s) {
		if f == word {
			return true
		}
	}
	return false
}

func (r *renderer) list(n *node) {
	name := "ul"
	if n.kind == numbers {
		name = "ol"
	}
	if r.toc == nil && n.ial.names("toc") {
		r.toc, r.tocAt = n, len(r.out)
		return
	}
	if r.footnotesAt < 0 && n.ial.names("footnotes") {
		r.footnotesAt = len(r.out)
		return
	}
	r.open(name, n.attrs)
	r.write("\n")
	for c := n.first; c != nil; c = c.next {
		r.element("li", c, "\n")
		if len(r.out) > MaxHTML {
			r.tooLarge = true
			return
		}
	}
	r.close(name)
	r.write("\n")
}

func (r *renderer) definition(list, n *node) {
	if n.kind == definition {
		r.element("dd", n, "\n")
		return
	}
	if _, ok := n.get("id"); !ok && list.ial != nil {
		for _, ref := range list.ial.refs {
			if prefix, ok := strings.CutPrefix(ref, "auto_ids"); ok {
				n.set("id", strings.TrimPrefix(prefix, "-")+asciiID(r.plainText(n)))
				break
			}
		}
	}
	r.element("dt", n, "\n")
}

func (r *renderer) table(n *node) {
	align := r.align
	r.align = n.value
	r.open("table", n.attrs)
	for part := n.first; part != nil; part = part.next {
		name := map[kind]string{tableHead: "thead", tableBody: "tbody", tableFoot: "tfoot"}[part.kind]
		r.write("\n<" + name + ">\n")
		for row := part.first; row != nil; row = row.next {
			r.write("<tr>")
			i := 0
			for cell := row.first; cell != nil; cell = cell.next {
				r.cell(cell, i, part.kind == tableHead)
				i++
			}
			r.write("</tr>\n")
			if len(r.out) > MaxHTML {
				r.tooLarge = true
				return
			}
		}
		r.write("</" + name + ">")
	}
	r.write("\n</table>\n")
	r.align = align
}

func (r *renderer) cell(n *node, column int, head bool) {
	name := "td"
	if head {
		name = "th"
	}
	attrs := n.attrs
	if column < len(r.align) {
		if to, ok := map[byte]string{'l': "left", 'r': "right", 'c': "center"}[r.align[column]]; ok {
			attrs = append(attrs, attr{"style", "text-align: " + to})
		}
	}
	r.open(name, attrs)
	if n.first == nil {
		r.write("\u00a0")
	}
	r.children(n)
	r.close(name)
}

func (r *renderer) blockHTML(parent, n *node) {
	r.open(n.value, n.attrs)
	inRaw := parent.kind == blockHTML && parent.model == modelRaw
	if !elements[n.value].void {
		r.inHTML++
		if n.model == modelBlock && n.first != nil {
			r.write("\n")
		}
		r.children(n)
		r.close(n.value)
		r.inHTML--
	}
	if !inRaw {
		r.write("\n")
	}
}

func (r *renderer) spanHTML(n *node) {
	r.open(n.value, n.attrs)
	if elements[n.value].void {
		return
	}
	r.inHTML++
	r.children(n)
	r.close(n.value)
	r.inHTML--
}

// math writes a formula for MathJax, which looks for \( and \[.
func (r *renderer) math(n *node) {
	block := n.kind == blockMath
	attrs := n.attrs
	if !r.opts.MathJax {
		class, _ := n.get("class")
		attrs = with(attrs, "class", strings.TrimLeft(class+" kdmath", " "))
	}
	switch {
	case block && r.opts.MathJax:
		if len(attrs) > 0 {
			r.open("div", attrs)
		}
		r.write(`\[`)
		r.out = appendEscaped(r.out, n.value)
		r.write("\\]\n")
		if len(attrs) > 0 {
			r.write("</div>\n")
		}
	case block:
		r.open("div", attrs)
		r.write("$$\n")
		r.out = appendEscaped(r.out, n.value)
		r.write("\n$$</div>\n")
	case len(attrs) == 0:
		r.write(`\(`)
		r.out = appendEscaped(r.out, n.value)
		r.write(`\)`)
	default:
		r.open("span", attrs)
		r.write("$")
		r.out = appendEscaped(r.out, n.value)
		r.write("$</span>")
	}
}

func (r *renderer) abbreviation(n *node) {
	def := r.abbrevs[n.value]
	attrs := def.at.attrs
	if def.title != "" {
		attrs = with(attrs, "title", def.title)
	}
	r.open("abbr", attrs)
	r.out = appendEscaped(r.out, n.value)
	r.close("abbr")
}
