package sources

import (
	"bytes"
	"strings"

	"golang.org/x/net/html"
)

// attr is an attribute that the pass reads.
type attr uint8

const (
	aAlign attr = iota
	aAlt
	aCite
	aClass
	aColspan
	aDatetime
	aDir
	aHeight
	aHidden
	aHref
	aLang
	aMedia
	aPoster
	aReversed
	aRowspan
	aScope
	aSizes
	aSrc
	aSrcset
	aStart
	aStyle
	aTitle
	aType
	aValue
	aWidth
	aLazySrc    // data-src and its like
	aLazySrcset // data-srcset
	attrCount
)

var attrNames = [attrCount]string{
	"align", "alt", "cite", "class", "colspan", "datetime", "dir", "height", "hidden", "href", "lang", "media", "poster",
	"reversed", "rowspan", "scope", "sizes", "src", "srcset", "start", "style", "title", "type", "value", "width",
}

var attrByName = func() map[string]attr {
	m := make(map[string]attr)
	for a, name := range attrNames {
		if name != "" {
			m[name] = attr(a)
		}
	}
	for _, name := range []string{
		"data-src", "data-original", "data-lazy-src", "data-actualsrc", "data-lazy", "data-echo", "data-lazyload",
		"data-original-src", "data-cfsrc", "data-orig-file", "data-large-file", "data-full-url", "data-hi-res-src", "data-lazy-original",
		"data-src-large", "data-backsrc",
	} {
		m[name] = aLazySrc
	}
	m["data-srcset"], m["data-lazy-srcset"] = aLazySrcset, aLazySrcset
	return m
}()

// attributes are those of the tag under the cursor that the pass knows.
type attributes struct {
	seen uint32
	val  [attrCount][]byte
	left int // attributes so far that are in no item, whatever they say
}

func (a *attributes) clear() { a.seen = 0 }

func (a *attributes) has(k attr) bool { return a.seen&(1<<k) != 0 }

func (a *attributes) get(k attr) []byte {
	if !a.has(k) {
		return nil
	}
	return a.val[k]
}

// hold runs fn as if the tag had no attributes.
func (a *attributes) hold(fn func()) {
	seen := a.seen
	a.seen = 0
	fn()
	a.seen = seen
}

// read takes the attributes of the current tag; the first of a name counts, as in HTML.
func (a *attributes) read(z *html.Tokenizer, more bool) {
	a.seen = 0
	for more {
		var key, val []byte
		key, val, more = z.TagAttr()
		k, ok := attrByName[string(key)]
		if !ok || k == aStyle {
			a.left++
		}
		if ok && !a.has(k) {
			a.seen |= 1 << k
			a.val[k] = val
		}
	}
}

// hide says that the element is not to be seen: crawlers and advertisers leave much of that.
func (a *attributes) hide() bool {
	if a.has(aHidden) {
		return true
	}
	if !a.has(aStyle) {
		return false
	}
	tiny, clipped, placed, far := false, false, false, false
	for decl := range bytes.SplitSeq(bytes.ToLower(a.val[aStyle]), []byte{';'}) {
		name, value, _ := bytes.Cut(decl, []byte{':'})
		value, _, _ = bytes.Cut(value, []byte{'!'})
		v := string(bytes.TrimSpace(value))
		switch string(bytes.TrimSpace(name)) {
		case "display":
			if v == "none" {
				return true
			}
		case "visibility":
			if v == "hidden" || v == "collapse" {
				return true
			}
		case "font-size", "opacity":
			if v == "0" || v == "0px" {
				return true
			}
		case "height", "max-height", "width", "max-width":
			tiny = tiny || v == "0" || v == "0px" || v == "1px"
		case "overflow", "overflow-x", "overflow-y":
			clipped = clipped || v == "hidden"
		case "position":
			placed = v == "absolute" || v == "fixed"
		case "left", "right", "top", "bottom":
			far = far || offScreen(v)
		case "text-indent":
			if offScreen(v) {
				return true
			}
		}
	}
	return tiny && clipped || placed && far
}

// offScreen reports whether a length leads far to the outside: "-9999px".
func offScreen(v string) bool {
	digits, ok := strings.CutPrefix(v, "-")
	n := len(digits) - len(strings.TrimLeft(digits, "0123456789"))
	return ok && n >= 3 && digits[n:] != "%"
}

// size is a width or height in pixels from the attribute or the style; -1 if it is not there.
func (a *attributes) size(k attr) int {
	if n := attrNumber(a.get(k), 99999); n >= 0 {
		return n
	}
	if !a.has(aStyle) {
		return -1
	}
	for decl := range bytes.SplitSeq(a.val[aStyle], []byte{';'}) {
		name, value, _ := bytes.Cut(decl, []byte{':'})
		if strings.EqualFold(string(bytes.TrimSpace(name)), attrNames[k]) {
			return attrNumber(value, 99999)
		}
	}
	return -1
}

// align is the alignment of a cell, which Markdown writes as a style.
func (a *attributes) align() string {
	v := string(bytes.ToLower(a.get(aAlign)))
	for decl := range bytes.SplitSeq(bytes.ToLower(a.get(aStyle)), []byte{';'}) {
		if name, value, _ := bytes.Cut(decl, []byte{':'}); string(bytes.TrimSpace(name)) == "text-align" {
			v = string(bytes.TrimSpace(value))
		}
	}
	if v == "left" || v == "center" || v == "right" {
		return v
	}
	return ""
}

// attrNumber reads digits with an optional "px": -1 if it is something else or more than limit.
func attrNumber(b []byte, limit int) int {
	b = bytes.TrimSuffix(bytes.TrimSpace(b), []byte("px"))
	if len(b) == 0 || len(b) > 9 {
		return -1
	}
	n := 0
	for _, c := range b {
		if c < '0' || c > '9' {
			return -1
		}
		n = 10*n + int(c-'0')
	}
	if n > limit {
		return -1
	}
	return n
}

// attrToken says that b is a short word of letters, digits and the given signs: such values are passed on as they are.
func attrToken(b []byte, signs string) bool {
	if len(b) == 0 || len(b) > 64 {
		return false
	}
	for _, c := range b {
		if (c|0x20 < 'a' || c|0x20 > 'z') && (c < '0' || c > '9') && strings.IndexByte(signs, c) < 0 {
			return false
		}
	}
	return true
}

// languageClass is the class by which highlighters know what code is in: "language-go".
func languageClass(class []byte) string {
	for c := range bytes.FieldsSeq(class) {
		if rest, ok := bytes.CutPrefix(c, []byte("language-")); ok && attrToken(rest, "-+#._") {
			return string(c)
		}
	}
	return ""
}
