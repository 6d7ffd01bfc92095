package sources

import (
	"bytes"
	"strconv"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// words handles a text between tags.
func (p *htmlPass) words() {
	leftover := bytes.Contains(p.z.Raw(), []byte("<>")) && p.code == 0
	b := p.z.Text()
	if leftover {
		b = bytes.ReplaceAll(b, []byte("<>"), nil)
	}
	p.writeText(b)
}

// writeText writes text that is to be seen.
func (p *htmlPass) writeText(b []byte) {
	if !isPlain(b) {
		p.marks = true
		b = []byte(clean(string(b)))
	}
	if len(b) == 0 {
		return
	}
	if len(bytes.TrimSpace(b)) == 0 {
		p.blank(b)
		return
	}
	p.cell()
	if n := len(p.stack); n > 0 {
		if e := &p.stack[n-1]; e.el == elPre && len(p.out) == e.body && b[0] == '\n' && (len(b) == 1 || b[1] != '\n') {
			b = b[1:] // a parser would drop it
		}
	}
	if len(p.out) == 0 {
		b = bytes.TrimLeftFunc(b, unicode.IsSpace)
	}
	if p.marks && (len(p.out) == 0 || p.out[len(p.out)-1] == '>') {
		// NFC would join a combining mark with the ">" of the tag before it.
		if r, n := utf8.DecodeRune(b); n > 1 && !norm.NFC.Properties(b).BoundaryBefore() {
			p.out = append(p.out, "&#"...)
			p.out = append(strconv.AppendUint(p.out, uint64(r), 10), ';')
			p.speak(b[:n])
			b = b[n:]
		}
	}
	p.out = escapeText(p.out, b)
	p.mark()
	p.speak(b)
}

// blank writes white space, which is nothing to see.
func (p *htmlPass) blank(b []byte) {
	p.gap = true
	if len(p.out) == 0 {
		return
	}
	if n := len(p.stack); n > 0 {
		p.stack[n-1].blank = true
		// Only ASCII blanks may stand between cells, and the parser drops a first line end in pre.
		if p.betweenCells() {
			b = b[:0]
		} else if e := &p.stack[n-1]; e.el == elPre && len(p.out) == e.body && b[0] == '\n' {
			return
		}
	}
	p.out = append(p.out, b...)
}

// speak adds text to what the summary is made of.
func (p *htmlPass) speak(b []byte) {
	if p.runes >= p.collect || p.quiet > 0 && !p.allText {
		return
	}
	if p.links > 0 && (bytes.HasPrefix(b, []byte("http://")) || bytes.HasPrefix(b, []byte("https://"))) && !p.allText {
		return // an address that links to itself tells nobody anything
	}
	if n := len(p.stack); n > 0 && p.links == 0 && !p.stack[n-1].prose {
		p.stack[n-1].prose = bytes.ContainsFunc(b, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) })
	}
	for i := 0; i < len(b) && p.runes < p.collect; {
		n := 1
		switch c := b[i]; {
		case c <= ' ' || c >= utf8.RuneSelf && c < 0xe4 && blankAt(b[i:]):
			_, n = utf8.DecodeRune(b[i:])
			p.gap = true
			i += n
			continue
		case c >= 0xf0:
			n = 4
		case c >= 0xe0:
			n = 3
		case c >= utf8.RuneSelf:
			n = 2
		}
		if p.gap {
			p.gap = false
			if len(p.text) > 0 {
				p.text = append(p.text, ' ')
				p.runes++
			}
		}
		p.text = append(p.text, b[i:i+n]...)
		p.runes++
		i += n
	}
}

// unsay takes back what was added to the text from a place on.
func (p *htmlPass) unsay(from int) {
	if from < len(p.text) {
		p.text = p.text[:from]
		p.runes = utf8.RuneCount(p.text)
	}
}

// escapeText appends text with the characters that mean something in HTML as references. The ">" is one of them, so that
// "]]>" ends no CDATA section.
func escapeText(dst, b []byte) []byte {
	start := 0
	for i, c := range b {
		var ref string
		switch c {
		case '&':
			ref = "&amp;"
		case '<':
			ref = "&lt;"
		case '>':
			ref = "&gt;"
		default:
			continue
		}
		dst = append(dst, b[start:i]...)
		dst = append(dst, ref...)
		start = i + 1
	}
	return append(dst, b[start:]...)
}

// escapeAttr is escape for the value of an attribute.
func escapeAttr(dst []byte, s string) []byte {
	start := 0
	for i := range len(s) {
		var ref string
		switch s[i] {
		case '&':
			ref = "&amp;"
		case '<':
			ref = "&lt;"
		case '>':
			ref = "&gt;"
		case '"':
			ref = "&quot;"
		default:
			continue
		}
		dst = append(dst, s[start:i]...)
		dst = append(dst, ref...)
		start = i + 1
	}
	return append(dst, s[start:]...)
}
