package jekyll

import (
	"bytes"
	"errors"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"
)

var utf8BOM = []byte("\ufeff")

// decodeText brings a file to UTF-8 without byte order mark.
func (s *site) decodeText(b []byte, p *post) []byte {
	switch {
	case bytes.HasPrefix(b, utf8BOM):
		b = b[len(utf8BOM):]
	case bytes.HasPrefix(b, []byte{0xff, 0xfe}), bytes.HasPrefix(b, []byte{0xfe, 0xff}):
		out, err := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewDecoder().Bytes(b)
		if err == nil {
			p.Repair(1, "the file is UTF-16: save it as UTF-8")
			return out
		}
	}
	if utf8.Valid(b) {
		return b
	}
	if out, err := s.decodeNamed(b); err == nil {
		return out
	}
	good, bad, line := utf8Damage(b)
	if bad > good {
		if out, err := simplifiedchinese.GB18030.NewDecoder().Bytes(b); err == nil && !bytes.ContainsRune(out, utf8.RuneError) {
			p.Repair(line, "the file is not UTF-8: read it as GB18030; save it as UTF-8")
			return out
		}
	}
	p.Repair(line, "bytes that are not UTF-8 were replaced")
	return cleanUTF8(b)
}

var errNoEncoding = errors.New("no encoding named")

// decodeNamed decodes a file in the encoding that _config.yml names.
func (s *site) decodeNamed(b []byte) ([]byte, error) {
	if s.encoding == "" || oneOf(s.encoding, "utf-8", "utf8") {
		return nil, errNoEncoding
	}
	enc, err := htmlindex.Get(s.encoding)
	if err != nil || enc == encoding.Nop {
		return nil, errNoEncoding
	}
	return enc.NewDecoder().Bytes(b)
}

// utf8Damage counts the characters beyond ASCII and the bytes that are none, and finds the line of the first of these.
func utf8Damage(b []byte) (good, bad, line int) {
	line = 1
	for i := 0; i < len(b); {
		r, n := utf8.DecodeRune(b[i:])
		switch {
		case r == utf8.RuneError && n == 1:
			bad++
		case n > 1:
			good++
		case r == '\n' && bad == 0:
			line++
		}
		i += n
	}
	return good, bad, line
}

// cleanUTF8 replaces what is not UTF-8 and drops a byte order mark.
func cleanUTF8(b []byte) []byte {
	return bytes.ToValidUTF8(bytes.TrimPrefix(b, utf8BOM), []byte("\ufffd"))
}
