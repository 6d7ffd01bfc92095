// Package charset makes UTF-8 of what servers send, whatever it is in and whatever is said of it: feeds, pages, JSON,
// lists. Labels are often left out or wrong, so that the bytes themselves have a say.
package charset

import (
	"bytes"
	"mime"
	"regexp"
	"strings"
	"unicode/utf8"

	whatwg "golang.org/x/net/html/charset"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/ianaindex"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/encoding/unicode/utf32"
)

// head is how far into a document its own label is looked for, in bytes.
const head = 4 << 10

// Decode makes UTF-8 of a document, without byte-order mark; name is the encoding it was in. Bytes that are damaged become
// U+FFFD, but for those of a document in UTF-8, which stay as they are.
//
// The order is RFC 7303 §3: byte-order mark, charset of the Content-Type, what the document states of itself ([XML], [HTML],
// [Nothing]); then, because labels are often left out or wrong, what the bytes look like. A label that the bytes refute
// does not count.
func Decode(body []byte, contentType string, stated func([]byte) string) (text []byte, name string, err error) {
	enc, name, skip := marked(body)
	if enc == nil && name == "utf-8" && !nearlyUTF8(body[skip:]) {
		name = "" // a mark that a program put before something else
	}
	text = body[skip:]
	if enc == nil && name == "" {
		enc, name = labelled(text, contentType, stated)
	}
	if enc != nil {
		if text, err = enc.NewDecoder().Bytes(text); err != nil {
			return nil, "", err
		}
	}
	return text, name, nil
}

// Text is Decode with what cannot be decoded replaced by U+FFFD.
func Text(body []byte, contentType string, stated func([]byte) string) []byte {
	text, _, err := Decode(body, contentType, stated)
	if err != nil {
		text = body
	}
	return bytes.ToValidUTF8(text, []byte("\ufffd"))
}

var (
	// xmlStart is where a document begins, behind what a script printed before it.
	xmlStart         = regexp.MustCompile(`(?i)<\?xml\b|<rss\b|<feed\b|<rdf:rdf\b|<opml\b|<urlset\b|<sitemapindex\b`)
	xmlDeclaration   = regexp.MustCompile(`^<\?xml\b[^>]*?\?>`)
	declaredEncoding = regexp.MustCompile(`(?i)\bencoding\s*=\s*["']?\s*([A-Za-z0-9._:-]+)`)
)

// XML is the label in the XML declaration of a feed, an OPML list or a sitemap.
func XML(b []byte) string {
	b = b[:min(len(b), head)]
	at := xmlStart.FindIndex(b)
	if at == nil {
		return ""
	}
	if m := declaredEncoding.FindSubmatch(xmlDeclaration.Find(b[at[0]:])); m != nil {
		return string(m[1])
	}
	return ""
}

// HTML is the label in a page's meta elements (HTML §13.2.3.2).
func HTML(b []byte) string {
	ascii := bytes.Clone(b[:min(len(b), 1024)])
	for i, c := range ascii {
		if c >= utf8.RuneSelf {
			ascii[i] = ' ' // else the library guesses by them
		}
	}
	// windows-1252 is also its answer where nothing is stated; it is ours, too, for what is Western.
	if _, name, _ := whatwg.DetermineEncoding(ascii, ""); name != "windows-1252" {
		return name
	}
	return ""
}

// Nothing is for documents that state nothing of themselves, such as JSON.
func Nothing([]byte) string { return "" }

// marked recognises byte-order marks, UTF-16 and UTF-32 without one by the zero bytes around the first characters, and
// EBCDIC by its "<?xm" (XML 1.0 appendix F). A nil encoding with a name is UTF-8.
func marked(b []byte) (enc encoding.Encoding, name string, skip int) {
	has := func(s string) bool { return len(b) >= len(s) && string(b[:len(s)]) == s }
	wide := bytes.IndexByte(b[:min(len(b), 64)], 0) >= 0
	switch {
	case has("\xef\xbb\xbf"):
		return nil, "utf-8", 3
	case has("\x4c\x6f\xa7\x94"):
		return charmap.CodePage037, "ibm037", 0
	case !wide && (has("\xfe\xff") || has("\xff\xfe")):
		return nil, "", 2 // a mark of UTF-16 before something else: nothing of a feed is without ASCII
	case !wide:
		return nil, "", 0
	case has("\x00\x00\xfe\xff"):
		skip = 4
	case has("\xff\xfe\x00\x00"):
		skip = 4
	case has("\xfe\xff"), has("\xff\xfe"):
		skip = 2
	}
	if name = zeros(b[skip:]); name == "" && skip == 2 {
		name = map[byte]string{0xfe: "utf-16be", 0xff: "utf-16le"}[b[0]] // hardly a letter of ASCII, but a mark
	}
	switch name {
	case "utf-16be":
		return unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM), name, skip
	case "utf-16le":
		return unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM), name, skip
	case "utf-32be":
		return utf32.UTF32(utf32.BigEndian, utf32.IgnoreBOM), name, skip
	case "utf-32le":
		return utf32.UTF32(utf32.LittleEndian, utf32.IgnoreBOM), name, skip
	}
	return nil, "", skip
}

// zeros names the form of Unicode by where the zero bytes of ASCII characters stand: every document begins with some.
func zeros(b []byte) string {
	b = b[:min(len(b), 64)&^3]
	var n [4]int
	for i, c := range b {
		if c == 0 {
			n[i%4]++
		}
	}
	all := len(b) / 4
	switch even, odd := n[0]+n[2], n[1]+n[3]; {
	case all == 0:
	case n[0] == all && n[1] == all && n[3] == 0:
		return "utf-32be"
	case n[3] == all && n[2] == all && n[0] == 0:
		return "utf-32le"
	case even > all && odd == 0:
		return "utf-16be"
	case odd > all && even == 0:
		return "utf-16le"
	}
	return ""
}

// labelled picks the encoding of bytes without a mark. A nil encoding is UTF-8.
func labelled(b []byte, contentType string, stated func([]byte) string) (encoding.Encoding, string) {
	if bytes.Contains(b, []byte("\x1b$B")) || bytes.Contains(b, []byte("\x1b$@")) {
		return Lookup("iso-2022-jp") // no other text holds its escapes, and XML forbids them
	}
	valid, many := utf8.Valid(whole(b)), multibyte(b)
	for _, label := range []string{headerCharset(contentType), stated(b)} {
		enc, name := Lookup(label)
		switch {
		case enc == nil || strings.HasPrefix(name, "utf-16") || strings.HasPrefix(name, "utf-32"):
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
		if !valid {
			if other, otherName, ok := refuted(b, enc, name); ok {
				return other, otherName
			}
		}
		return enc, name
	}
	if valid {
		return nil, "utf-8"
	}
	return detected(b)
}

// Lookup finds an encoding by its label: those of the WHATWG Encoding Standard, then those that IANA has besides, such
// as code pages of DOS. hz-gb-2312, which browsers refuse, is read. A nil encoding is none that is known. The forms of
// Unicode of more bytes have a name, but no encoding that decodes: their bytes tell which of them it is.
func Lookup(label string) (encoding.Encoding, string) {
	label = strings.ToLower(strings.TrimSpace(label))
	if label == "" {
		return nil, ""
	}
	for _, l := range []string{label, strings.ReplaceAll(label, "_", "-"), strings.TrimPrefix(label, "x-"), "windows-" + strings.TrimPrefix(label, "win-"), "windows-" + strings.TrimPrefix(label, "cp")} {
		switch l {
		case "hz-gb-2312", "hz":
			return simplifiedchinese.HZGB2312, "hz-gb-2312"
		case "utf-32", "utf-32le", "utf-32be", "ucs-4", "iso-10646-ucs-4":
			return encoding.Nop, "utf-32"
		case "utf16", "ucs-2", "iso-10646-ucs-2":
			return encoding.Nop, "utf-16"
		case "euc-cn", "cp936", "ms936", "gb2312-80":
			l = "gbk"
		case "cp949", "ms949", "ksc5601":
			l = "euc-kr"
		case "cp932", "ms932", "sjis-win", "windows-932":
			l = "shift_jis"
		case "cp950", "big5-eten":
			l = "big5"
		case "eucjp":
			l = "euc-jp"
		}
		if enc, name := whatwg.Lookup(l); enc != nil && name != "replacement" {
			return enc, name
		}
	}
	for _, index := range []*ianaindex.Index{ianaindex.IANA, ianaindex.MIME} {
		if enc, err := index.Encoding(label); err == nil && enc != nil {
			return enc, label
		}
	}
	return nil, ""
}

// whole is b without the first bytes of a character at its end, where a document was cut.
func whole(b []byte) []byte {
	for n := 1; n <= min(3, len(b)); n++ {
		if c := b[len(b)-n]; utf8.RuneStart(c) {
			if c >= utf8.RuneSelf && !utf8.FullRune(b[len(b)-n:]) {
				return b[:len(b)-n]
			}
			break
		}
	}
	return b
}

var doubleByte = map[string]bool{"gbk": true, "gb18030": true, "big5": true, "shift_jis": true, "euc-jp": true, "euc-kr": true}

func headerCharset(contentType string) string {
	if _, params, err := mime.ParseMediaType(contentType); err == nil {
		return params["charset"]
	}
	_, label, _ := strings.Cut(strings.ToLower(contentType), "charset=")
	label, _, _ = strings.Cut(label, ";")
	return strings.Trim(label, `"' `)
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
