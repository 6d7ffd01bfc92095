package kramdown

// tableOfContents writes links to the headers in place of the list {:toc}. A header is a child of the last one before it
// that has a lower level.
func (r *renderer) tableOfContents() {
	if len(r.headers) == 0 {
		return
	}
	name := "ul"
	if r.toc.kind == numbers {
		name = "ol"
	}
	id, ok := r.toc.get("id")
	if !ok {
		id = "markdown-toc"
		r.toc.set("id", id)
	}
	r.open(name, r.toc.attrs)
	var levels []int32
	for _, h := range r.headers {
		if len(r.out) > MaxHTML {
			r.tooLarge = true
			return
		}
		deeper := len(levels) > 0 && levels[len(levels)-1] < h.level
		if deeper {
			r.write("<" + name + ">")
		}
		for len(levels) > 0 && levels[len(levels)-1] >= h.level {
			r.write("</li>")
			levels = levels[:len(levels)-1]
			if len(levels) > 0 && levels[len(levels)-1] >= h.level {
				r.write("</" + name + ">")
			}
		}
		levels = append(levels, h.level)
		to, _ := h.get("id")
		r.write("<li>")
		r.open("a", []attr{{"href", "#" + to}, {"id", id + "-" + to}})
		r.tocText(h)
		r.write("</a>")
	}
	for i := range levels {
		if i > 0 {
			r.write("</" + name + ">")
		}
		r.write("</li>")
	}
	r.close(name)
	r.write("\n")
}

// tocText writes the text of a header without links and footnotes.
func (r *renderer) tocText(h *node) {
	for c := h.first; c != nil; c = c.next {
		switch c.kind {
		case footnoteMark:
		case link:
			r.tocText(c)
		case em, strong, deleted, spanHTML:
			inner := *c
			name := map[kind]string{em: "em", strong: "strong", deleted: "del", spanHTML: c.value}[c.kind]
			r.open(name, inner.attrs)
			if c.kind == spanHTML && elements[c.value].void {
				continue
			}
			r.tocText(c)
			r.close(name)
		default:
			r.render(h, c)
		}
	}
}
