package webfeed

import (
	"bytes"
	"html"
	"strings"
)

const (
	cdataStart = "<![CDATA["
	cdataEnd   = "]]>"
	// maxReference is how far behind an "&" its ";" may stand, in bytes: the longest name of HTML has 33 with both.
	maxReference = 64
)

// xmlText is the text of an element that holds no other elements, without the blanks around it.
func xmlText(inner []byte) string { return strings.TrimSpace(characters(inner)) }

// characters is the character data of an element that holds no other elements, as gofeed reads it (shared.ParseText):
// blanks around it go, what is in CDATA sections stays as it is, references are decoded elsewhere.
func characters(inner []byte) string {
	inner = bytes.TrimSpace(inner)
	at := bytes.Index(inner, []byte(cdataStart))
	if at < 0 && bytes.IndexByte(inner, '&') < 0 {
		return string(inner)
	}
	if at == 0 {
		if n := bytes.Index(inner, []byte(cdataEnd)); n >= 0 && n+len(cdataEnd) == len(inner) {
			return string(inner[len(cdataStart):n])
		}
	}
	var b strings.Builder
	b.Grow(len(inner))
	for {
		before, rest, ok := bytes.Cut(inner, []byte(cdataStart))
		decodeReferences(&b, before)
		if !ok {
			return b.String()
		}
		literal, rest, _ := bytes.Cut(rest, []byte(cdataEnd))
		b.Write(literal)
		inner = rest
	}
}

// charactersOnly says that there are no elements, comments or instructions in an element.
func charactersOnly(inner []byte) bool {
	for {
		n := bytes.IndexByte(inner, '<')
		if n < 0 {
			return true
		}
		if inner = inner[n:]; !bytes.HasPrefix(inner, []byte(cdataStart)) {
			return false
		}
		_, rest, ok := bytes.Cut(inner, []byte(cdataEnd))
		if !ok {
			return false
		}
		inner = rest
	}
}

// decodeReferences writes s with its references decoded: those of XML and HTML that end in a ";". Without one, "&copy=2"
// is part of an address.
func decodeReferences(b *strings.Builder, s []byte) {
	for {
		n := bytes.IndexByte(s, '&')
		if n < 0 {
			b.Write(s)
			return
		}
		b.Write(s[:n])
		s = s[n:]
		if end := bytes.IndexByte(s[:min(len(s), maxReference)], ';'); end > 0 {
			if text, ok := reference(s[:end+1]); ok {
				b.WriteString(text)
				s = s[end+1:]
				continue
			}
		}
		b.WriteByte('&')
		s = s[1:]
	}
}

// reference decodes one reference with its "&" and ";"; false if it is none.
func reference(ref []byte) (string, bool) {
	switch string(ref) {
	case "&lt;":
		return "<", true
	case "&gt;":
		return ">", true
	case "&amp;":
		return "&", true
	case "&quot;":
		return `"`, true
	}
	if bytes.ContainsAny(ref, " \t\r\n") {
		return "", false
	}
	text := html.UnescapeString(string(ref))
	// The library also decodes names without ";" in front of anything: then the ";" is left.
	return text, text != html.UnescapeString(string(ref[:len(ref)-1]))+";"
}
