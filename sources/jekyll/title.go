package jekyll

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// smartTitle writes a title with typographic quotes and dashes, as jekyll-feed does (its smartify filter). A title with
// CJK characters stays as it is: there the filter takes every quote for a closing one. So does one with HTML in it.
func smartTitle(s string) string {
	if !strings.ContainsAny(s, `"'`) && !strings.Contains(s, "--") && !strings.Contains(s, "...") ||
		strings.ContainsAny(s, "<\\`") || strings.ContainsFunc(s, isCJK) {
		return s
	}
	s = strings.NewReplacer("---", "—", "--", "–", "...", "…").Replace(s)
	var b strings.Builder
	before := ' '
	for i, r := range s {
		after, _ := utf8.DecodeRuneInString(s[i+utf8.RuneLen(r):])
		switch r {
		case '"':
			r = pick(opens(before, after), '“', '”')
		case '\'':
			r = pick(opens(before, after) && !unicode.IsDigit(after), '‘', '’')
		}
		b.WriteRune(r)
		before = r
	}
	return b.String()
}

// opens reports whether a quote between two characters begins a quotation.
func opens(before, after rune) bool {
	return (unicode.IsSpace(before) || strings.ContainsRune("([{-–—“‘", before)) && !unicode.IsSpace(after) && after != utf8.RuneError
}

func pick(first bool, a, b rune) rune {
	if first {
		return a
	}
	return b
}
