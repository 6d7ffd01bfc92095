package hugo

import (
	"errors"
	"regexp"
	"strings"
)

var errPattern = errors.New("not a pattern")

// glob compiles a pattern as Hugo has them (https://gohugo.io/quick-reference/glob-patterns): * and ? within one directory,
// ** across, [a-z], [!a-z], {one,two}. Case does not count. The result takes time linear in the text.
func glob(pattern string) (*regexp.Regexp, error) {
	if len(pattern) > 1000 {
		return nil, errPattern
	}
	var b strings.Builder
	b.WriteString("(?is)^(?:")
	depth := 0
	for i := 0; i < len(pattern); i++ {
		switch c := pattern[i]; c {
		case '*':
			if strings.HasPrefix(pattern[i:], "**") {
				i++
				b.WriteString(".*")
			} else {
				b.WriteString("[^/]*")
			}
		case '?':
			b.WriteString("[^/]")
		case '{':
			depth++
			b.WriteString("(?:")
		case '}':
			if depth--; depth < 0 {
				return nil, errPattern
			}
			b.WriteByte(')')
		case ',':
			if depth > 0 {
				c = '|'
			}
			b.WriteByte(c)
		case '[':
			end := strings.IndexByte(pattern[i:], ']')
			if end < 2 {
				return nil, errPattern
			}
			class := pattern[i+1 : i+end]
			b.WriteByte('[')
			if class[0] == '!' || class[0] == '^' {
				b.WriteByte('^')
				class = class[1:]
			}
			b.WriteString(strings.NewReplacer(`\`, `\\`, `[`, `\[`, `^`, `\^`).Replace(class))
			b.WriteByte(']')
			i += end
		case '\\':
			if i++; i == len(pattern) {
				return nil, errPattern
			}
			b.WriteString(regexp.QuoteMeta(pattern[i : i+1]))
		default:
			b.WriteString(regexp.QuoteMeta(pattern[i : i+1]))
		}
	}
	if depth != 0 {
		return nil, errPattern
	}
	b.WriteString(")$")
	re, err := regexp.Compile(b.String())
	if err != nil {
		return nil, errPattern
	}
	return re, nil
}

// globOf is a pattern, or nil for one that fits all: an empty one, or one that is none, as in Hugo.
func globOf(pattern string) *regexp.Regexp {
	if pattern == "" {
		return nil
	}
	re, err := glob(pattern)
	if err != nil {
		return nil
	}
	return re
}
