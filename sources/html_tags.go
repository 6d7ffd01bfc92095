package sources

import (
	"bytes"
	"strconv"
	"strings"
)

// writeTag writes the start tag of an element that has content, with those of its attributes that are allowed. It is
// false for an element that is nothing without attributes and has none.
func (p *htmlPass) writeTag(el *element) bool {
	start := len(p.out)
	p.out = append(p.out, '<')
	p.out = append(p.out, el.name...)
	bare := len(p.out)
	if p.attrs.seen != 0 {
		p.ownAttrs(el)
		switch v := bytes.ToLower(p.attrs.get(aDir)); string(v) {
		case "ltr", "rtl", "auto":
			p.attr("dir", string(v))
		}
		if v := p.attrs.get(aLang); attrToken(v, "-") {
			p.attr("lang", string(v))
		}
	}
	if el.is(isMedia) {
		p.out = append(p.out, ` controls=""`...) // without them nobody could start it
	}
	if len(p.out) == bare && (el == elSpan || el == elA) {
		p.out = p.out[:start]
		return false
	}
	p.out = append(p.out, '>')
	return true
}

// ownAttrs writes the attributes that only this element may have.
func (p *htmlPass) ownAttrs(el *element) {
	a := &p.attrs
	switch el.name {
	case "a":
		if u := p.link(a.get(aHref)); u != "" {
			p.attr("href", u)
			p.textAttr(aTitle)
		}
	case "abbr", "dfn":
		p.textAttr(aTitle)
	case "blockquote", "q", "del", "ins":
		p.urlAttr(aCite)
		if el.name == "del" || el.name == "ins" {
			p.tokenAttr(aDatetime, "-+:. ")
		}
	case "time":
		p.tokenAttr(aDatetime, "-+:. ")
	case "pre", "code":
		if v := languageClass(a.get(aClass)); v != "" {
			p.attr("class", v)
		}
	case "ol":
		p.numberAttr(aStart, 1<<30)
		if a.has(aReversed) {
			p.attr("reversed", "")
		}
		if v := a.get(aType); len(v) == 1 && strings.IndexByte("1aAiI", v[0]) >= 0 {
			p.attr("type", string(v))
		}
	case "li":
		p.numberAttr(aValue, 1<<30)
	case "td", "th":
		p.numberAttr(aColspan, 1000)
		p.numberAttr(aRowspan, 1000)
		if v := a.align(); v != "" {
			p.attr("align", v)
		}
		switch v := bytes.ToLower(a.get(aScope)); string(v) {
		case "row", "col", "rowgroup", "colgroup":
			if el == elTh {
				p.attr("scope", string(v))
			}
		}
	case "video", "audio":
		src := a.get(aSrc)
		if len(src) == 0 {
			src = a.get(aLazySrc)
		}
		if u := p.web(src); u != "" {
			p.attr("src", u)
			p.here = true
		}
		if el.name == "video" {
			if u := p.web(a.get(aPoster)); u != "" {
				p.attr("poster", u)
				if p.image == "" {
					p.image = u
				}
			}
			p.numberAttr(aWidth, 99999)
			p.numberAttr(aHeight, 99999)
		}
	}
}

// void writes an element without content, where it may stand.
func (p *htmlPass) void(el *element) {
	switch {
	case el == elImg:
		if p.media == 0 {
			p.img()
		}
		return
	case el == elSource:
		p.source()
		return
	case p.media > 0 || p.betweenCells():
		return
	}
	p.space(el)
	if el.is(isBlock) {
		p.closeParagraph()
	}
	p.gap = p.gap || el == elBr
	p.out = append(p.out, '<')
	p.out = append(p.out, el.name...)
	p.out = append(p.out, '>')
	switch {
	case el.is(isBlock):
		p.mark()
	case el == elBr && len(p.stack) > 0:
		p.stack[len(p.stack)-1].broke = true
	}
}

// source writes one of the sources of a picture or a recording.
func (p *htmlPass) source() {
	if len(p.stack) == 0 {
		return
	}
	top := &p.stack[len(p.stack)-1]
	if top.bare {
		return
	}
	picture := top.el == elPicture
	if !picture && !top.el.is(isMedia) {
		return
	}
	var u, set string
	if picture {
		raw := p.attrs.get(aSrcset)
		if lazy := p.attrs.get(aLazySrcset); len(lazy) > 0 {
			raw = lazy
		}
		if set, _ = p.srcset(raw); set == "" {
			return
		}
	} else if u = p.web(p.attrs.get(aSrc)); u == "" {
		return
	}
	p.out = append(p.out, "<source"...)
	if picture {
		p.attr("srcset", set)
		p.tokenAttr(aSizes, " (),:.%-")
		p.tokenAttr(aMedia, " (),:.%-")
	} else {
		p.attr("src", u)
		top.solid = true
	}
	p.tokenAttr(aType, "/+-.")
	p.out = append(p.out, '>')
}

// frame writes a link in place of an embedded page: readers refuse frames, and what they would run is not ours.
func (p *htmlPass) frame() {
	w, h := p.attrs.size(aWidth), p.attrs.size(aHeight)
	raw := p.attrs.get(aSrc)
	if len(raw) == 0 {
		raw = p.attrs.get(aLazySrc)
	}
	u := p.web(raw)
	if u == "" || w == 0 || w == 1 || h == 0 || h == 1 || p.attrs.hide() {
		return
	}
	p.writeLink(u, u)
}

// autolink makes a link of "<https://example.org/>", which is Markdown and no tag.
func (p *htmlPass) autolink() {
	if p.hidden > 0 || p.media > 0 {
		return
	}
	raw := p.z.Raw()
	text := clean(string(bytes.Trim(raw, "<>")))
	if strings.ContainsAny(text, " \t\n\"'<>") {
		return
	}
	if u := absolute(text, nil); u != "" {
		p.writeLink(u, text)
	}
}

// writeLink writes a link whose text is an address, so it is no part of the summary.
func (p *htmlPass) writeLink(u, text string) {
	p.attrs.clear()
	p.cell()
	inLink := p.links > 0
	if !inLink {
		p.out = append(p.out, "<a"...)
		p.attr("href", u)
		p.out = append(p.out, '>')
	}
	p.out = escapeText(p.out, []byte(text))
	if !inLink {
		p.out = append(p.out, "</a>"...)
	}
	p.gap = true
	p.mark()
}

// attr writes an attribute.
func (p *htmlPass) attr(name, value string) {
	p.out = append(p.out, ' ')
	p.out = append(p.out, name...)
	p.out = append(p.out, '=', '"')
	p.out = escapeAttr(p.out, value)
	p.out = append(p.out, '"')
}

// textAttr passes on a text for people.
func (p *htmlPass) textAttr(k attr) {
	if p.attrs.has(k) {
		if v := cleanLine(clipText(string(p.attrs.val[k]), 2000)); v != "" {
			p.attr(attrNames[k], v)
		}
	}
}

// urlAttr passes on an address on the web.
func (p *htmlPass) urlAttr(k attr) {
	if u := p.web(p.attrs.get(k)); u != "" {
		p.attr(attrNames[k], u)
	}
}

// numberAttr passes on a number of at most limit.
func (p *htmlPass) numberAttr(k attr, limit int) {
	if n := attrNumber(p.attrs.get(k), limit); n >= 0 {
		p.attr(attrNames[k], strconv.Itoa(n))
	}
}

// tokenAttr passes on a value of letters, digits and the given signs.
func (p *htmlPass) tokenAttr(k attr, signs string) {
	if v := bytes.TrimSpace(p.attrs.get(k)); attrToken(v, signs) {
		p.attr(attrNames[k], string(v))
	}
}

// web is the absolute http address for a value, or "".
func (p *htmlPass) web(raw []byte) string {
	if len(raw) == 0 {
		return ""
	}
	return absolute(string(raw), p.base)
}

// link is web for href, which may also start a mail or a call.
func (p *htmlPass) link(raw []byte) string {
	raw = bytes.TrimSpace(raw)
	for _, scheme := range [...]string{"mailto:", "tel:"} {
		if len(raw) > len(scheme) && len(raw) < 2000 && strings.EqualFold(string(raw[:len(scheme)]), scheme) {
			return scheme + encodeURL(clean(string(raw[len(scheme):])))
		}
	}
	return p.web(raw)
}
