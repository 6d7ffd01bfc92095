package webfeed

import (
	"bytes"
	"errors"
	"mime"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/html/charset"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/encoding/unicode/utf32"
)

var errEmpty = errors.New("the body is empty")

// decode makes clean UTF-8 of a document: without byte-order mark, without XML declaration, without characters that
// XML 1.0 forbids, without junk before the root. name is the encoding it was in.
//
// The order is RFC 7303 §3: byte-order mark, charset of the Content-Type, XML declaration; then, because both labels
// are often left out or wrong, what the bytes look like.
func decode(body []byte, contentType string) (text []byte, name string, err error) {
	if len(bytes.TrimSpace(body)) == 0 {
		return nil, "", errEmpty
	}
	enc, name, skip := marked(body)
	if enc == nil && name == "" {
		enc, name = labelled(body, contentType)
	}
	text = body[skip:]
	if enc != nil {
		if text, err = enc.NewDecoder().Bytes(text); err != nil {
			return nil, "", err
		}
	}
	text = bare(clean(text))
	if len(text) == 0 {
		return nil, "", errEmpty
	}
	return text, name, nil
}

// marked recognises byte-order marks, and UTF-16 and UTF-32 without one by the zero bytes around the first character.
// A nil encoding with a name is UTF-8.
func marked(b []byte) (enc encoding.Encoding, name string, skip int) {
	utf16 := func(e unicode.Endianness) encoding.Encoding { return unicode.UTF16(e, unicode.IgnoreBOM) }
	u32 := func(e utf32.Endianness) encoding.Encoding { return utf32.UTF32(e, utf32.IgnoreBOM) }
	has := func(s string) bool { return len(b) >= len(s) && string(b[:len(s)]) == s }
	switch {
	case has("\xef\xbb\xbf"):
		return nil, "utf-8", 3
	case has("\x00\x00\xfe\xff"):
		return u32(utf32.BigEndian), "utf-32be", 4
	case has("\xff\xfe\x00\x00"):
		return u32(utf32.LittleEndian), "utf-32le", 4
	case has("\xfe\xff"):
		return utf16(unicode.BigEndian), "utf-16be", 2
	case has("\xff\xfe"):
		return utf16(unicode.LittleEndian), "utf-16le", 2
	case has("\x00\x00\x00<"), has("\x00\x00\x00{"):
		return u32(utf32.BigEndian), "utf-32be", 0
	case has("<\x00\x00\x00"), has("{\x00\x00\x00"):
		return u32(utf32.LittleEndian), "utf-32le", 0
	case has("\x00<"), has("\x00{"):
		return utf16(unicode.BigEndian), "utf-16be", 0
	case has("<\x00"), has("{\x00"):
		return utf16(unicode.LittleEndian), "utf-16le", 0
	}
	return nil, "", 0
}

var xmlDeclaration = regexp.MustCompile(`^\s*<\?xml\b[^>]*?\?>`)

var declaredEncoding = regexp.MustCompile(`(?i)\bencoding\s*=\s*["']?([A-Za-z0-9._:-]+)`)

// labelled picks the encoding of bytes without a mark. A nil encoding is UTF-8.
func labelled(b []byte, contentType string) (encoding.Encoding, string) {
	valid, many := utf8.Valid(b), multibyte(b)
	for _, label := range []string{headerCharset(contentType), documentCharset(b)} {
		enc, name := charset.Lookup(label)
		switch {
		case enc == nil || strings.HasPrefix(name, "utf-16"):
			continue // unknown, or a label that these bytes refute: it could be read as ASCII
		case name == "utf-8":
			if valid || nearlyUTF8(b) {
				return nil, name
			}
			continue // the label is wrong
		case name == "gbk":
			enc = simplifiedchinese.GB18030 // its superset
		}
		// Text in a legacy encoding is hardly ever valid UTF-8 by chance: one sequence refutes an encoding of single
		// bytes; pairs of bytes can be both for a few characters ("联通" in GBK), not for eight.
		if valid && (many >= 8 || many > 0 && !doubleByte[name]) {
			return nil, "utf-8"
		}
		return enc, name
	}
	if valid {
		return nil, "utf-8"
	}
	return detected(b)
}

var doubleByte = map[string]bool{"gbk": true, "gb18030": true, "big5": true, "shift_jis": true, "euc-jp": true, "euc-kr": true}

func headerCharset(contentType string) string {
	if _, params, err := mime.ParseMediaType(contentType); err == nil {
		return params["charset"]
	}
	_, label, _ := strings.Cut(strings.ToLower(contentType), "charset=")
	return strings.Trim(label, `"' ;`)
}

func documentCharset(b []byte) string {
	decl := xmlDeclaration.Find(b[:min(len(b), 1024)])
	if m := declaredEncoding.FindSubmatch(decl); m != nil {
		return string(m[1])
	}
	return ""
}

// multibyte counts the characters of more than one byte in the valid prefix of b, up to eight.
func multibyte(b []byte) (n int) {
	for len(b) > 0 && n < 8 {
		if b[0] < utf8.RuneSelf {
			b = b[1:]
			continue
		}
		r, size := utf8.DecodeRune(b)
		if r == utf8.RuneError && size <= 1 {
			return n
		}
		n++
		b = b[size:]
	}
	return n
}

// nearlyUTF8 says that b is UTF-8 with a little damage. Other encodings are broken nearly everywhere.
func nearlyUTF8(b []byte) bool {
	good, bad := 0, 0
	for len(b) > 0 {
		if b[0] < utf8.RuneSelf {
			b = b[1:]
			continue
		}
		r, size := utf8.DecodeRune(b)
		if r == utf8.RuneError && size <= 1 {
			bad++
		} else {
			good++
		}
		b = b[size:]
	}
	return bad*10 <= good
}

// detected guesses the encoding of bytes that are labelled wrongly or not at all: the East Asian encodings are strict
// enough to recognise themselves; what is left is Western.
func detected(b []byte) (encoding.Encoding, string) {
	if nearlyUTF8(b) {
		return nil, "utf-8"
	}
	western, latin := charset.Lookup("windows-1252")
	if lonely(b) {
		return western, latin
	}
	type guess struct {
		enc  encoding.Encoding
		name string
	}
	best, bestScore := guess{}, 0
	shiftJIS, _ := charset.Lookup("shift_jis")
	eucJP, _ := charset.Lookup("euc-jp")
	eucKR, _ := charset.Lookup("euc-kr")
	for _, g := range []guess{
		{simplifiedchinese.GB18030, "gb18030"},
		{traditionalchinese.Big5, "big5"},
		{shiftJIS, "shift_jis"},
		{eucJP, "euc-jp"},
		{eucKR, "euc-kr"},
	} {
		out, err := g.enc.NewDecoder().Bytes(b[:min(len(b), 256<<10)])
		if err != nil {
			continue
		}
		if s := plausible(out); s > bestScore {
			best, bestScore = g, s
		}
	}
	if best.enc != nil {
		return best.enc, best.name
	}
	return western, latin
}

// lonely says that the bytes beyond ASCII stand alone, as accented letters between others do, and not in pairs.
func lonely(b []byte) bool {
	runs, single := 0, 0
	for i := 0; i < len(b); i++ {
		if b[i] < utf8.RuneSelf {
			continue
		}
		start := i
		for i < len(b) && b[i] >= utf8.RuneSelf {
			i++
		}
		runs++
		if i-start == 1 {
			single++
		}
	}
	return single*5 > runs*4
}

// common are the characters that nearly every text of a language holds.
var common = func() map[rune]bool {
	m := make(map[rune]bool)
	for _, r := range "的一是不了在人有我他这中大来上国个到说们为子和你地出道也时年得就那要下以生会自着去之过家学对可里后小么心多天而能好都然没日于起还发成事只作当想看文无开手十用主行方又如前所本见经头面公同三已老从动两长知民样现分将外但身些与高意进把法此实回二理美点月明其种声全工己话儿者向情部正名定女问力机给等几很业最间新什打便位因重被走电四第门相次东政海口使教西再平真听世气信北少关并内加化由却代军产入先山五太水万市" +
		"這個們來為說會時對過還沒後開裡進現與經國從動兩長將問業東關產種聲實點樣發電門灣區網報學習廣體歲麼讓給當無見聽" {
		m[r] = true
	}
	return m
}()

// plausible scores decoded text by its characters outside ASCII; 0 means that it cannot be this encoding. Kana and
// Hangul speak for themselves; Chinese is recognised by its commonest characters.
func plausible(text []byte) int {
	total, bad, score := 0, 0, 0
	for i := 0; i < len(text); {
		if text[i] < utf8.RuneSelf {
			i++
			continue
		}
		r, size := utf8.DecodeRune(text[i:])
		i += size
		total++
		switch {
		case r == utf8.RuneError, r >= 0xe000 && r < 0xf900:
			bad++
		case r >= 0x3041 && r < 0x3100, r >= 0xac00 && r < 0xd7a4:
			score += 3
		case r >= 0xff61 && r < 0xffa0: // half-width kana: what other encodings look like in Shift_JIS
			score--
		case common[r]:
			score += 3
		case r >= 0x4e00 && r < 0xa000, r >= 0x3000 && r < 0x3020, r >= 0xff00 && r < 0xff60:
			score++
		default:
			score--
		}
	}
	if total == 0 || bad*100 > total || score <= 0 {
		return 0
	}
	return score*1000/total + 1
}

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
