package page

import (
	"bytes"
	"mime"
	"unicode/utf8"

	"golang.org/x/net/html/charset"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
	"golang.org/x/text/encoding/unicode"
)

// UTF8 makes UTF-8 of a page or another text. The order: byte-order mark; what is valid UTF-8 is UTF-8; the charset of the
// Content-Type, then that of the page's meta element (HTML §13.2.3.2); then the Chinese encodings if the bytes fit them,
// because their labels are the ones most often left out.
func UTF8(body []byte, contentType string) []byte {
	switch {
	case bytes.HasPrefix(body, []byte("\xef\xbb\xbf")):
		return valid(body[3:])
	case bytes.HasPrefix(body, []byte("\xfe\xff")):
		return decoded(body[2:], unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM))
	case bytes.HasPrefix(body, []byte("\xff\xfe")):
		return decoded(body[2:], unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM))
	case utf8.Valid(body):
		return body
	}
	if _, params, err := mime.ParseMediaType(contentType); err == nil {
		if enc, name := charset.Lookup(params["charset"]); enc != nil && name != "utf-8" {
			return decoded(body, wider(enc, name))
		}
	}
	// Certain says that the page itself names its encoding; without the header it is not asked for here.
	if enc, name, certain := charset.DetermineEncoding(body[:min(len(body), 1024)], ""); certain && name != "utf-8" {
		return decoded(body, wider(enc, name))
	}
	for _, enc := range []encoding.Encoding{unicode.UTF8, simplifiedchinese.GB18030, traditionalchinese.Big5} {
		if text := decoded(body, enc); bytes.Count(text, []byte("\ufffd"))*1000 < utf8.RuneCount(text) {
			return text
		}
	}
	western, _ := charset.Lookup("windows-1252")
	return decoded(body, western)
}

// wider is the superset that an encoding's name stands for in practice.
func wider(enc encoding.Encoding, name string) encoding.Encoding {
	if name == "gbk" {
		return simplifiedchinese.GB18030
	}
	return enc
}

func decoded(b []byte, enc encoding.Encoding) []byte {
	text, err := enc.NewDecoder().Bytes(b)
	if err != nil {
		return valid(b)
	}
	return text
}

func valid(b []byte) []byte { return bytes.ToValidUTF8(b, []byte("\ufffd")) }
