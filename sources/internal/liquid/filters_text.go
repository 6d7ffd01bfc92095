package liquid

import (
	"encoding/base64"
	"net/url"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// of makes a filter of a function of the input's text.
func of(f func(s string) string) filterFunc {
	return filterFunc{func(r *run, in any, _ []any) any {
		out := f(r.text(in))
		r.grow(len(out))
		return out
	}, 0}
}

// orNil is of, but nothing stays nothing.
func orNil(f func(s string) string) filterFunc {
	inner := of(f)
	return filterFunc{func(r *run, in any, args []any) any {
		if in == nil {
			return nil
		}
		return inner.f(r, in, args)
	}, 0}
}

var (
	escapeHTML  = strings.NewReplacer("&", "&amp;", ">", "&gt;", "<", "&lt;", `"`, "&quot;", "'", "&#39;")
	entity      = regexp.MustCompile(`^&(?:[a-zA-Z]+|#\d+);`)
	htmlBlocks  = regexp.MustCompile(`(?s)<script.*?</script>|<!--.*?-->|<style.*?</style>`)
	htmlTags    = regexp.MustCompile(`(?s)<.*?>`)
	newlineBR   = strings.NewReplacer("\r\n", "<br />\n", "\n", "<br />\n")
	noNewlines  = strings.NewReplacer("\r\n", "", "\n", "")
	rubySpace   = " \t\n\v\f\r"
	rubyTrimmed = rubySpace + "\x00"
)

var textFilters = map[string]filterFunc{
	"size": {func(r *run, in any, _ []any) any {
		if n := size(in); n != nil {
			return n
		}
		return int64(0)
	}, 0},
	"downcase":       of(strings.ToLower),
	"upcase":         of(func(s string) string { return strings.ToUpper(strings.ReplaceAll(s, "ß", "SS")) }),
	"capitalize":     of(capitalize),
	"escape":         orNil(escapeHTML.Replace),
	"h":              orNil(escapeHTML.Replace),
	"escape_once":    of(escapeOnce),
	"url_encode":     orNil(url.QueryEscape),
	"url_decode":     {urlDecode, 0},
	"strip":          of(func(s string) string { return strings.TrimRight(strings.TrimLeft(s, rubySpace+"\x00"), rubyTrimmed) }),
	"lstrip":         of(func(s string) string { return strings.TrimLeft(s, rubySpace+"\x00") }),
	"rstrip":         of(func(s string) string { return strings.TrimRight(s, rubyTrimmed) }),
	"strip_html":     of(func(s string) string { return htmlTags.ReplaceAllString(htmlBlocks.ReplaceAllString(s, ""), "") }),
	"strip_newlines": of(noNewlines.Replace),
	"newline_to_br":  of(newlineBR.Replace),
	"append":         {func(r *run, in any, a []any) any { return r.concat(r.text(in), r.text(a[0])) }, 1},
	"prepend":        {func(r *run, in any, a []any) any { return r.concat(r.text(a[0]), r.text(in)) }, 1},
	"replace":        {func(r *run, in any, a []any) any { return r.replace(in, a[0], arg(a, 1), -1) }, 1},
	"replace_first":  {func(r *run, in any, a []any) any { return r.replace(in, a[0], arg(a, 1), 1) }, 1},
	"replace_last":   {func(r *run, in any, a []any) any { return r.replaceLast(in, a[0], a[1]) }, 2},
	"remove":         {func(r *run, in any, a []any) any { return r.replace(in, a[0], "", -1) }, 1},
	"remove_first":   {func(r *run, in any, a []any) any { return r.replace(in, a[0], "", 1) }, 1},
	"remove_last":    {func(r *run, in any, a []any) any { return r.replaceLast(in, a[0], "") }, 1},
	"split":          {split, 1},
	"slice":          {slice, 1},
	"truncate":       {truncate, 0},
	"truncatewords":  {truncateWords, 0},

	"base64_encode":          of(func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }),
	"base64_url_safe_encode": of(func(s string) string { return base64.URLEncoding.EncodeToString([]byte(s)) }),
	"base64_decode":          decoder(base64.StdEncoding),
	"base64_url_safe_decode": decoder(base64.URLEncoding),
}

func capitalize(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	if n == 0 {
		return s
	}
	return string(unicode.ToTitle(r)) + strings.ToLower(s[n:])
}

// escapeOnce escapes what is not yet an entity.
func escapeOnce(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch c := s[i]; c {
		case '&':
			if entity.MatchString(s[i:min(len(s), i+40)]) {
				b.WriteByte(c)
				continue
			}
			b.WriteString("&amp;")
		case '<', '>', '"', '\'':
			b.WriteString(escapeHTML.Replace(s[i : i+1]))
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

func urlDecode(r *run, in any, _ []any) any {
	if in == nil {
		return nil
	}
	s := unescapeURL(strings.ReplaceAll(r.text(in), "+", " "))
	if !utf8.ValidString(s) {
		return r.fail("url_decode: not UTF-8")
	}
	return s
}

// unescapeURL decodes every %XX; what is none stays.
func unescapeURL(s string) string {
	if strings.IndexByte(s, '%') < 0 {
		return s
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			if hi, lo := unhex(s[i+1]), unhex(s[i+2]); hi < 16 && lo < 16 {
				b = append(b, hi<<4|lo)
				i += 2
				continue
			}
		}
		b = append(b, s[i])
	}
	return string(b)
}

func unhex(c byte) byte {
	switch {
	case c >= '0' && c <= '9':
		return c - '0'
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10
	case c >= 'A' && c <= 'F':
		return c - 'A' + 10
	}
	return 16
}

func decoder(enc *base64.Encoding) filterFunc {
	return filterFunc{func(r *run, in any, _ []any) any {
		b, err := enc.DecodeString(r.text(in))
		if err != nil {
			return r.fail("not base64")
		}
		return strings.ToValidUTF8(string(b), "\ufffd")
	}, 0}
}

func (r *run) concat(a, b string) string {
	r.grow(len(a) + len(b))
	return a + b
}

// replace replaces n times, or always if n is below zero.
func (r *run) replace(in, what, by any, n int) any {
	s, old, repl := r.text(in), r.text(what), backslashes(r.text(by), r.text(what))
	hits := strings.Count(s, old)
	if n >= 0 {
		hits = min(n, hits)
	}
	if r.limits.Bytes/(len(repl)+1) < hits {
		r.grow(r.limits.Bytes + 1)
	}
	r.grow(len(s) + hits*len(repl))
	return strings.Replace(s, old, repl, n)
}

// backslashes puts the match where a replacement has \0, as Ruby does.
func backslashes(s, match string) string {
	if strings.IndexByte(s, '\\') < 0 {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			b.WriteByte(s[i])
			continue
		}
		i++
		switch c := s[i]; {
		case c == '0' || c == '&':
			b.WriteString(match)
		case c >= '1' && c <= '9':
		case c == '\\':
			b.WriteByte('\\')
		default:
			b.WriteByte('\\')
			b.WriteByte(c)
		}
		if b.Len() > defaultBytes {
			break
		}
	}
	return b.String()
}

func (r *run) replaceLast(in, what, by any) any {
	s, old, repl := r.text(in), r.text(what), r.text(by)
	i := strings.LastIndex(s, old)
	if i < 0 {
		return s
	}
	r.grow(len(s) + len(repl))
	return s[:i] + repl + s[i+len(old):]
}

// split is String#split: a single blank splits at white space, an empty text into characters; empty parts at the end
// are no parts.
func split(r *run, in any, args []any) any {
	s, sep := r.text(in), r.text(args[0])
	var parts []string
	switch {
	case s == "":
		return []any{}
	case sep == " ":
		r.step(len(s)/2 + 1)
		parts = strings.FieldsFunc(s, isSpace)
	default:
		r.step(strings.Count(s, sep) + 1)
		parts = strings.Split(s, sep)
	}
	for len(parts) > 0 && parts[len(parts)-1] == "" {
		parts = parts[:len(parts)-1]
	}
	out := make([]any, len(parts))
	for i, p := range parts {
		out[i] = p
	}
	return out
}

func isSpace(r rune) bool { return strings.ContainsRune(rubyTrimmed, r) }

// slice is a part of a list or of a text, counted in characters.
func slice(r *run, in any, args []any) any {
	from, ok := strictInt(args[0])
	n := int64(1)
	if arg(args, 1) != nil {
		var whole bool
		n, whole = strictInt(args[1])
		ok = ok && whole
	}
	if !ok {
		return r.fail("slice: want integers")
	}
	if list, ok := in.([]any); ok {
		lo, hi, ok := bounds(from, n, len(list))
		if !ok {
			return []any{}
		}
		return list[lo:hi]
	}
	s := []rune(r.text(in))
	lo, hi, ok := bounds(from, n, len(s))
	if !ok {
		return ""
	}
	return string(s[lo:hi])
}

func bounds(from, n int64, size int) (lo, hi int64, ok bool) {
	end := int64(size)
	if from < 0 {
		from += end
	}
	if from < 0 || from > end || n < 0 {
		return 0, 0, false
	}
	return from, from + min(n, end-from), true
}

func truncate(r *run, in any, args []any) any {
	if in == nil {
		return nil
	}
	length, mark := int64(50), "..."
	if arg(args, 0) != nil {
		var ok bool
		if length, ok = strictInt(args[0]); !ok {
			return r.fail("truncate: want a number of characters")
		}
	}
	if len(args) > 1 {
		mark = r.text(args[1])
	}
	s := r.text(in)
	runes := []rune(s)
	if int64(len(runes)) <= length {
		return s
	}
	keep := max(length-int64(utf8.RuneCountInString(mark)), 0)
	return r.concat(string(runes[:min(keep, int64(len(runes)))]), mark)
}

func truncateWords(r *run, in any, args []any) any {
	if in == nil {
		return nil
	}
	words, mark := int64(15), "..."
	if arg(args, 0) != nil {
		var ok bool
		if words, ok = strictInt(args[0]); !ok {
			return r.fail("truncatewords: want a number of words")
		}
	}
	if len(args) > 1 {
		mark = r.text(args[1])
	}
	words = max(words, 1)
	s := r.text(in)
	list := strings.FieldsFunc(s, isSpace)
	// As Ruby: white space at the end makes one more word.
	n := int64(len(list))
	if n > 0 && isSpace(rune(s[len(s)-1])) {
		n++
	}
	if n <= words {
		return s
	}
	return r.concat(strings.Join(list[:min(words, int64(len(list)))], " "), mark)
}
