package kramdown

import (
	"strconv"
	"strings"
)

// footnoteMark writes the number of a footnote, which is given where it is first named.
func (r *renderer) footnoteMark(n *node) {
	def := r.footnotes[n.value]
	name := r.opts.FootnotePrefix + n.value
	repeat := ""
	if def.number == 0 {
		def.number = len(r.notes) + 1
		r.notes = append(r.notes, def)
	} else {
		def.repeats++
		repeat = ":" + strconv.Itoa(def.repeats)
	}
	r.write(`<sup id="fnref:` + name + repeat + `" role="doc-noteref"><a href="#fn:` + name +
		`" class="footnote" rel="footnote">` + strconv.Itoa(def.number+r.opts.FootnoteStart-1) + `</a></sup>`)
}

// footnoteList writes the text of the footnotes. Each links back to where it is named: from its last paragraph, or from
// one of its own if it ends with something else. Footnotes may name others.
func (r *renderer) footnoteList() {
	if len(r.notes) == 0 {
		return
	}
	r.write(`<div class="footnotes" role="doc-endnotes"><ol`)
	if r.opts.FootnoteStart != 1 {
		r.write(` start="` + strconv.Itoa(r.opts.FootnoteStart) + `"`)
	}
	r.write(">\n")
	for i := 0; i < len(r.notes); i++ {
		if len(r.out) > MaxHTML {
			r.tooLarge = true
			return
		}
		def := r.notes[i]
		name := r.opts.FootnotePrefix + def.name
		r.write(`<li id="fn:` + name + `" role="doc-endnote">`)
		if r.opts.FootnoteBacklink != "" {
			r.backlinks(def, name)
		}
		r.children(def.content)
		r.write("</li>\n")
	}
	r.write("</ol></div>\n")
}

// backlinks adds the links back to where a footnote is named.
func (r *renderer) backlinks(def *footnoteDef, name string) {
	var out strings.Builder
	link := func(space, repeat, mark string) {
		out.WriteString(space + `<a href="#fnref:` + name + repeat + `" class="reversefootnote" role="doc-backlink">` + mark + `</a>`)
	}
	back := string(appendText(nil, r.opts.FootnoteBacklink))
	at, space := lastParagraph(def.content, r.opts.BacklinkInline), "\u00a0"
	if at == nil {
		at, space = r.node(paragraph), ""
		def.content.add(at)
	}
	link(space, "", back)
	for i := 1; i <= def.repeats && out.Len() < MaxHTML; i++ {
		link("\u00a0", ":"+strconv.Itoa(i), back+"<sup>"+strconv.Itoa(i+1)+"</sup>")
	}
	n := r.node(verbatim)
	n.value = out.String()
	at.add(n)
}

// lastParagraph is the paragraph a footnote ends with; deep looks for it, or for a header, within what it ends with.
func lastParagraph(n *node, deep bool) *node {
	if n.last != nil && n.last.kind == paragraph {
		return n.last
	}
	if !deep {
		return nil
	}
	for n.last != nil && n.last.kind != paragraph && n.last.kind != header {
		n = n.last
	}
	return n.last
}
