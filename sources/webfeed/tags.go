package webfeed

import (
	"bytes"
	"html"
	"strings"
)

// after is the offset behind the next mark, or the end.
func after(text []byte, i int, mark string) int {
	if n := bytes.Index(text[min(i, len(text)):], []byte(mark)); n >= 0 {
		return i + n + len(mark)
	}
	return len(text)
}

// afterTag is the offset behind the end of a start tag; quoted values may hold a ">". whole is false for a tag that ends
// with the document, or holds a "<", which no tag may.
func afterTag(text []byte, i int) (end int, whole bool) {
	var quote byte
	whole = true
	for ; i < len(text); i++ {
		switch c := text[i]; {
		case c == '<':
			whole = false
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case c == '>':
			return i + 1, whole
		}
	}
	return len(text), false
}

// afterDoctype is the offset behind a declaration with its internal subset. Nothing in it is expanded or fetched.
func afterDoctype(text []byte, i int) int {
	var quote byte
	depth := 1
	for ; i < len(text) && depth > 0; i++ {
		switch c := text[i]; {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case c == '<':
			depth++
		case c == '>':
			depth--
		}
	}
	return i
}

func nameStart(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c == ':' || c >= 0x80
}

func split(name []byte) (prefix, local string) {
	if p, l, ok := bytes.Cut(name, []byte(":")); ok {
		return string(p), strings.ToLower(string(l))
	}
	return "", strings.ToLower(string(name))
}

// attr is the value of an attribute in a start tag, its name as written.
func attr(tag []byte, name string) (value string) {
	if !bytes.Contains(tag, []byte(name)) {
		return ""
	}
	eachAttr(tag, func(k, v string) {
		if k == name && value == "" {
			value = v
		}
	})
	return value
}

// eachAttr calls fn with the attributes of a start tag, their references decoded.
func eachAttr(tag []byte, fn func(name, value string)) {
	eachRawAttr(tag, func(name, value []byte) bool {
		fn(string(name), html.UnescapeString(string(value)))
		return true
	})
}

// eachRawAttr calls fn with the attributes of a start tag as they stand, until it returns false.
func eachRawAttr(tag []byte, fn func(name, value []byte) bool) {
	const blanks = " \t\r\n"
	if n := bytes.IndexAny(tag, blanks); n >= 0 {
		tag = tag[n:]
	} else {
		return
	}
	for {
		tag = bytes.TrimLeft(tag, blanks+"/")
		n := bytes.IndexByte(tag, '=')
		if n < 0 {
			return
		}
		name := bytes.TrimRight(tag[:n], blanks)
		tag = bytes.TrimLeft(tag[n+1:], blanks)
		if len(tag) == 0 {
			return
		}
		var value []byte
		if q := tag[0]; q == '"' || q == '\'' {
			end := bytes.IndexByte(tag[1:], q)
			if end < 0 {
				return
			}
			value, tag = tag[1:1+end], tag[end+2:]
		} else {
			end := bytes.IndexAny(tag, blanks)
			if end < 0 {
				end = len(tag)
			}
			value, tag = tag[:end], tag[end:]
		}
		if i := bytes.LastIndexAny(name, blanks); i >= 0 {
			name = name[i+1:] // an attribute without value before it
		}
		if !fn(name, value) {
			return
		}
	}
}

// countAttrs is the number of attributes of a start tag.
func countAttrs(tag []byte) (n int) {
	eachRawAttr(tag, func(_, _ []byte) bool {
		n++
		return true
	})
	return n
}

// tagName is the name in a start tag without its brackets.
func tagName(tag []byte) []byte {
	if n := bytes.IndexAny(tag, " \t\r\n/"); n >= 0 {
		return tag[:n]
	}
	return tag
}
