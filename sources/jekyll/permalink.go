package jekyll

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// styles are Jekyll's named permalinks (https://jekyllrb.com/docs/permalinks/).
var styles = map[string]string{
	"none":     "/:categories/:title:output_ext",
	"date":     "/:categories/:year/:month/:day/:title:output_ext",
	"ordinal":  "/:categories/:year/:y_day/:title:output_ext",
	"pretty":   "/:categories/:year/:month/:day/:title/",
	"weekdate": "/:categories/:year/W:week/:short_day/:title:output_ext",
}

// place is what a permalink is made of.
type place struct {
	// path is the file relative to the site without extension and without the directory of the collection.
	path, collection string
	// slug is the front matter's, else the file name's; base the file name without extension.
	slug, base string
	outputExt  string
	categories []string
	date       time.Time
}

// expand makes the path of a post from a template, as Jekyll does: "/2022/01/20/title.html". unknown is a placeholder
// that Jekyll does not know.
func (p *place) expand(template string) (path, unknown string) {
	var b strings.Builder
	b.WriteByte('/')
	for i := 0; i < len(template); {
		c := template[i]
		n := 0
		if c == ':' {
			for i+1+n < len(template) && (template[i+1+n] == '_' || template[i+1+n] >= 'a' && template[i+1+n] <= 'z') {
				n++
			}
		}
		if n == 0 {
			b.WriteByte(c)
			i++
			continue
		}
		key := template[i+1 : i+1+n]
		v, ok := p.value(key)
		if short, cut := strings.CutSuffix(key, "_"); !ok && cut {
			if v, ok = p.value(short); ok {
				v += "_"
			}
		}
		if !ok {
			unknown = ":" + key
			v = key
		}
		b.WriteString(v)
		i += 1 + n
	}
	return tidy(b.String()), unknown
}

// tidy keeps a path inside the site, in the way Jekyll does.
func tidy(s string) string {
	if strings.Contains(s, ".") {
		s = strings.ReplaceAll(s, "..", "/")
		s = strings.ReplaceAll(s, "./", "")
	}
	for strings.Contains(s, "//") {
		s = strings.ReplaceAll(s, "//", "/")
	}
	return s
}

func (p *place) value(key string) (string, bool) {
	d := p.date
	switch key {
	case "year":
		return pad(d.Year(), 4), true
	case "month":
		return pad(int(d.Month()), 2), true
	case "day":
		return pad(d.Day(), 2), true
	case "title":
		return escape(slugify(p.slug, p.base, true)), true
	case "slug":
		return escape(slugify(p.slug, p.base, false)), true
	case "name":
		return escape(slugify(p.base, "", false)), true
	case "path":
		return escape(p.path), true
	case "collection":
		return p.collection, true
	case "output_ext":
		return p.outputExt, true
	case "categories":
		return escape(strings.Join(distinct(p.categories, strings.ToLower), "/")), true
	case "slugified_categories":
		slug := func(s string) string { return slugify(s, "", false) }
		return escape(strings.Join(distinct(p.categories, slug), "/")), true
	case "hour":
		return pad(d.Hour(), 2), true
	case "minute":
		return pad(d.Minute(), 2), true
	case "second":
		return pad(d.Second(), 2), true
	case "i_day":
		return strconv.Itoa(d.Day()), true
	case "i_month":
		return strconv.Itoa(int(d.Month())), true
	case "short_month":
		return d.Format("Jan"), true
	case "long_month":
		return d.Format("January"), true
	case "short_year":
		return pad(d.Year()%100, 2), true
	case "y_day":
		return pad(d.YearDay(), 3), true
	case "short_day":
		return d.Format("Mon"), true
	case "long_day":
		return d.Format("Monday"), true
	case "w_year", "week":
		year, week := d.ISOWeek()
		if key == "week" {
			return pad(week, 2), true
		}
		return pad(year, 4), true
	case "w_day":
		return strconv.Itoa((int(d.Weekday())+6)%7 + 1), true
	}
	return "", false
}

func pad(n, width int) string { return fmt.Sprintf("%0*d", width, n) }

// distinct maps words and drops repeats.
func distinct(words []string, f func(string) string) []string {
	out := make([]string, 0, len(words))
next:
	for _, w := range words {
		w = f(w)
		for _, o := range out {
			if o == w {
				continue next
			}
		}
		out = append(out, w)
	}
	return out
}

// slugify is Jekyll's: runs of what is neither letter, mark nor digit become "-". In pretty mode signs that may stand
// in a path stay, and so does case. An empty s gives way to fallback.
func slugify(s, fallback string, pretty bool) string {
	if s == "" {
		s = fallback
	}
	var b strings.Builder
	run := false
	for _, r := range s {
		keep := unicode.Is(unicode.M, r) || unicode.IsLetter(r) || unicode.Is(unicode.Nd, r) ||
			pretty && strings.ContainsRune("._~!$&'()+,;=@", r)
		if !keep {
			run = true
			continue
		}
		if run {
			b.WriteByte('-')
			run = false
		}
		b.WriteRune(r)
	}
	out := strings.TrimPrefix(b.String(), "-")
	if pretty {
		return out
	}
	return strings.ToLower(out)
}

// titleize makes a title of a slug, blanks for empty words included.
func titleize(slug string) string {
	words := strings.Split(strings.TrimRight(slug, "-"), "-")
	for i, w := range words {
		if r, n := utf8.DecodeRuneInString(w); n > 0 {
			words[i] = string(unicode.ToUpper(r)) + strings.ToLower(w[n:])
		}
	}
	return strings.Join(words, " ")
}

const (
	unreserved = "-._~"
	subDelims  = "!$&'()*+,;="
	hexDigits  = "0123456789ABCDEF"
)

// inPath reports whether a byte stands for itself in a path (RFC 3986 §3.3, pchar and "/").
func inPath(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' ||
		strings.IndexByte(unreserved+subDelims+":@/", c) >= 0
}

// escape percent-encodes a text for a path; "%" is a character like others.
func escape(s string) string {
	for i := range len(s) {
		if !inPath(s[i]) {
			var b strings.Builder
			b.WriteString(s[:i])
			for ; i < len(s); i++ {
				if inPath(s[i]) {
					b.WriteByte(s[i])
				} else {
					b.Write([]byte{'%', hexDigits[s[i]>>4], hexDigits[s[i]&15]})
				}
			}
			return b.String()
		}
	}
	return s
}

// normalise brings a path to the form in which jekyll-feed writes addresses (Addressable::URI#normalize): each segment
// decoded, in NFC, and encoded again. What follows "?" or "#" counts as query or fragment.
func normalise(s string) string {
	plain := true
	for i := range len(s) {
		if !inPath(s[i]) {
			plain = false
			break
		}
	}
	if plain {
		return s
	}
	path, tail := s, ""
	if i := strings.IndexAny(s, "?#"); i >= 0 {
		path, tail = s[:i], s[i:]
	}
	segments := strings.Split(path, "/")
	for i, seg := range segments {
		segments[i] = strings.ReplaceAll(escape(norm.NFC.String(unescape(seg))), "/", "%2F")
	}
	out := strings.Join(withoutDots(segments), "/")
	if tail == "" {
		return out
	}
	var b strings.Builder
	b.WriteString(out)
	for i := range len(tail) {
		if c := tail[i]; inPath(c) || c == '?' || c == '#' && i == 0 || c == '%' && isEscape(tail[i:]) {
			b.WriteByte(c)
		} else {
			b.Write([]byte{'%', hexDigits[c>>4], hexDigits[c&15]})
		}
	}
	return b.String()
}

// withoutDots resolves the segments "." and ".." of a path that begins with a slash (RFC 3986 §5.2.4): written as %2e they
// get past Jekyll's own care.
func withoutDots(segments []string) []string {
	if segments[0] != "" {
		return segments
	}
	out := make([]string, 0, len(segments))
	for i, s := range segments {
		switch s {
		case ".":
		case "..":
			out = out[:max(len(out)-1, 1)]
		default:
			out = append(out, s)
			continue
		}
		if i == len(segments)-1 {
			out = append(out, "")
		}
	}
	return out
}

// isEscape reports whether a text begins with %XX.
func isEscape(s string) bool {
	if len(s) < 3 {
		return false
	}
	_, err := strconv.ParseUint(s[1:3], 16, 8)
	return err == nil
}

// unescape decodes %XX; what is not one stays.
func unescape(s string) string {
	if !strings.Contains(s, "%") {
		return s
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			if n, err := strconv.ParseUint(s[i+1:i+3], 16, 8); err == nil {
				b = append(b, byte(n))
				i += 2
				continue
			}
		}
		b = append(b, s[i])
	}
	return string(b)
}

// dir is the directory of a path, without the file and without a slash at the end.
func dir(path string) string {
	path = strings.TrimRight(path, "/")
	i := strings.LastIndexByte(path, '/')
	if i <= 0 {
		return ""
	}
	return path[:i]
}
