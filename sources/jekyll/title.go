package jekyll

import (
	"strings"
	"unicode"

	"feedmill/sources/internal/kramdown"
)

// smartTitle writes a title with typographic quotes and dashes, as jekyll-feed does (its smartify filter). A title with
// CJK characters stays as it is: there the filter takes every quote for a closing one. So does one with HTML in it.
func (s *site) smartTitle(title string) string {
	if strings.ContainsFunc(title, isCJK) {
		return title
	}
	return s.smartify(title)
}

// smartify is Jekyll's filter of that name. A text with HTML in it stays as it is.
func (s *site) smartify(text string) string {
	if !strings.ContainsAny(text, `"'`) && !strings.Contains(text, "--") && !strings.Contains(text, "...") || strings.ContainsAny(text, "<\\`") {
		return text
	}
	o := s.kramdown
	if o == nil {
		o = kramdown.Jekyll()
	}
	return o.Smart(strings.ToValidUTF8(text, "\ufffd"))
}

// isCJK reports whether a character is written without blanks around words: Han, kana, Hangul, and the punctuation
// that goes with them.
func isCJK(r rune) bool {
	switch {
	case r < 0x2e80:
		return r == '“' || r == '”' || r == '‘' || r == '’' || r == '…' || r == '—'
	case r <= 0x9fff, r >= 0xac00 && r <= 0xd7a3, r >= 0xf900 && r <= 0xfaff, r >= 0xfe30 && r <= 0xfe4f,
		r >= 0xff00 && r <= 0xffef, r >= 0x20000 && r <= 0x3ffff:
		return true
	}
	return unicode.Is(unicode.Hangul, r)
}
