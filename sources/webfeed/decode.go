package webfeed

import (
	"bytes"
	"errors"
	"regexp"

	"feedmill/sources/internal/charset"
)

var errEmpty = errors.New("the body is empty")

// decode makes clean UTF-8 of a document: without byte-order mark, without XML declaration, without characters that
// XML 1.0 forbids, without junk before the root. name is the encoding it was in.
func decode(body []byte, contentType string) (text []byte, name string, err error) {
	if len(bytes.TrimSpace(body)) == 0 {
		return nil, "", errEmpty
	}
	if text, name, err = charset.Decode(body, contentType, charset.XML); err != nil {
		return nil, "", err
	}
	if text = bare(clean(text)); len(text) == 0 {
		return nil, "", errEmpty
	}
	return text, name, nil
}

var xmlDeclaration = regexp.MustCompile(`^\s*<\?xml\b[^>]*?\?>`)
