package webfeed

import (
	"bytes"
	"errors"
	"regexp"
	"strconv"
	"unicode/utf8"
)

// clean replaces broken UTF-8 and takes out what XML 1.0 §2.2 forbids, written as it is or as a reference: one such
// character makes encoding/xml refuse the whole document.
func clean(b []byte) []byte {
	if !dirty(b) {
		return b
	}
	out := make([]byte, 0, len(b))
	for i := 0; i < len(b); {
		c := b[i]
		if c == '&' && i+1 < len(b) && b[i+1] == '#' {
			if n := forbiddenReference(b[i:]); n > 0 {
				i += n
				continue
			}
		}
		if c < utf8.RuneSelf {
			switch {
			case c >= ' ' || c == '\t' || c == '\n' || c == '\r':
				out = append(out, c)
			case c == '\v' || c == '\f':
				out = append(out, ' ') // line ends of word processors
			}
			i++
			continue
		}
		r, size := utf8.DecodeRune(b[i:])
		if r != 0xfffe && r != 0xffff {
			out = utf8.AppendRune(out, r)
		}
		i += size
	}
	return out
}

func dirty(b []byte) bool {
	for i, c := range b {
		if c < ' ' && c != '\n' && c != '\t' && c != '\r' {
			return true
		}
		if c == 0xef && i+2 < len(b) && b[i+1] == 0xbf && b[i+2] >= 0xbe {
			return true
		}
		if c == '&' && i+1 < len(b) && b[i+1] == '#' && forbiddenReference(b[i:]) > 0 {
			return true
		}
	}
	return !utf8.Valid(b)
}

// forbiddenReference is the length of the numeric character reference at the start of b if its character is forbidden.
func forbiddenReference(b []byte) int {
	end := bytes.IndexByte(b[:min(len(b), 14)], ';')
	if end < 3 {
		return 0
	}
	digits, radix := string(b[2:end]), 10
	if digits[0] == 'x' || digits[0] == 'X' {
		digits, radix = digits[1:], 16
	}
	n, err := strconv.ParseUint(digits, radix, 64)
	switch {
	case err != nil && !errors.Is(err, strconv.ErrRange):
		return 0
	case n == 9, n == 10, n == 13, n >= 0x20 && n < 0xd800, n >= 0xe000 && n < 0xfffe, n >= 0x10000 && n <= 0x10ffff:
		return 0
	}
	return end + 1
}

var rootStart = regexp.MustCompile(`(?i)<\?xml\b|<rss\b|<feed\b|<rdf:rdf\b`)

// bare takes off what stands before the root: blanks, the XML declaration (its encoding is no longer true, and
// encoding/xml refuses version 1.1), and what a script printed before the feed.
func bare(b []byte) []byte {
	b = bytes.TrimLeft(bytes.TrimSpace(b), "\ufeff\u200b")
	if len(b) == 0 || b[0] == '{' || b[0] == '[' {
		return b
	}
	head := b[:min(len(b), 4<<10)]
	if at := rootStart.FindIndex(head); at != nil && at[0] > 0 && !isHTML(head[:at[0]]) && !bytes.Contains(head[:at[0]], []byte("<!")) {
		b = b[at[0]:]
	}
	return bytes.TrimSpace(b[len(xmlDeclaration.Find(b)):])
}

func isHTML(b []byte) bool {
	b = bytes.ToLower(b[:min(len(b), 1024)])
	return bytes.Contains(b, []byte("<html")) || bytes.Contains(b, []byte("<!doctype html"))
}
