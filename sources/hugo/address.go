package hugo

import (
	"net/url"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/runes"
	"golang.org/x/text/transform"
	"golang.org/x/text/unicode/norm"
)

// sanitise makes a path as Hugo's MakePathSanitized does: letters, digits, marks and some signs stay, blanks become
// hyphens, all in lower case unless disablePathToLower is set, without accents if removePathAccents is.
func (l *language) sanitise(p string) string {
	if l.conf.flag("removepathaccents", false) {
		p = withoutAccents(p)
	}
	var b strings.Builder
	hyphen, pending := false, false
	for i, r := range p {
		switch {
		case unicode.IsLetter(r), unicode.IsDigit(r), unicode.IsMark(r), strings.ContainsRune(`./\_#+~-@`, r), r == '%' && escaped(p[i:]):
			if pending && r != '-' {
				b.WriteByte('-')
			}
			hyphen, pending = r == '-', false
			b.WriteRune(r)
		case b.Len() > 0 && !hyphen && unicode.IsSpace(r):
			pending = true
		}
	}
	if l.conf.flag("disablepathtolower", false) {
		return b.String()
	}
	return strings.ToLower(b.String())
}

// escaped reports whether a text begins with an escaped byte, such as %2F.
func escaped(s string) bool {
	hex := func(c byte) bool { return strings.IndexByte("0123456789abcdefABCDEF", c) >= 0 }
	return len(s) >= 3 && hex(s[1]) && hex(s[2])
}

func withoutAccents(s string) string {
	out, _, err := transform.String(transform.Chain(norm.NFD, runes.Remove(runes.In(unicode.Mn)), norm.NFC), s)
	if err != nil {
		return s
	}
	return out
}

// urlize is a part of a permalink.
func (l *language) urlize(p string) string { return escapePath(l.sanitise(p)) }

// escapePath escapes what cannot stand in an address. A # stays, as in Hugo, though it ends the path.
func escapePath(p string) string {
	u, err := url.Parse(p)
	if err != nil {
		return (&url.URL{Path: p}).EscapedPath()
	}
	return u.String()
}

// join is path.Join that keeps a slash at the end.
func join(parts ...string) string {
	out := path.Join(parts...)
	if strings.HasSuffix(parts[len(parts)-1], "/") && !strings.HasSuffix(out, "/") {
		out += "/"
	}
	return out
}

// section is the first directory of a page; empty at the top, where a bundle has none of its own.
func (p *page) section() string {
	dir := p.dir
	if p.bundle {
		dir = above(dir)
	}
	first, _, _ := strings.Cut(dir, "/")
	return first
}

// permalinks are the patterns of sections for pages.
func (l *language) permalinks() params {
	all := l.conf.sub("permalinks")
	if pages := all.sub("page"); len(pages) > 0 {
		return pages
	}
	return all
}

// pattern is the permalink of a section.
func (l *language) pattern(section string) string {
	for key, v := range l.permalinks() {
		if strings.Trim(key, " /") == section {
			return text(v)
		}
	}
	return ""
}

// ugly reports whether pages of a section are files instead of directories.
func (l *language) ugly(section string) bool {
	return l.conf.flag("uglyurls", false) || l.conf.sub("uglyurls").flag(section, false)
}

// address is the page's path below baseURL, escaped, as Hugo's CreateTargetPaths makes it: by url, else by permalinks of
// its section, else where its file is.
func (p *page) address() string {
	if p.front.str("url") != "" {
		return p.byURL()
	}
	l := p.language
	dir, base := p.dir, p.base
	if p.bundle && path.Base(dir) != "index" {
		dir, base = above(dir), path.Base(dir)
	}
	if p.slug != "" {
		base = p.slug
	}
	at, ugly := "/", l.ugly(p.section())
	if pattern := l.pattern(p.section()); pattern != "" {
		at, _ = url.QueryUnescape(p.expand(pattern)) // as Hugo: what cannot be unescaped counts as no permalink
	}
	link := ""
	if at != "/" && at != "" {
		at = join("/", at)
		link = at
	} else {
		at = join("/", dir, base)
		if link = at; base == "index" {
			ugly, link = true, strings.TrimSuffix(at, base)
		}
	}
	if ugly {
		if at = strings.Trim(at, "/") + ".html"; at != "index.html" && !strings.HasSuffix(at, "/index.html") {
			link = at
		}
	} else {
		link += "/"
	}
	link = join("/", l.prefix, link)
	return escapePath(l.sanitise(oneSlash(link)))
}

// byURL is the address that the front matter states: from the root, or below the language if it does not begin with a
// slash.
func (p *page) byURL() string {
	at := p.front.str("url")
	link := join("/", at)
	slash := strings.HasSuffix(at, "/")
	if !slash && (!strings.Contains(at, ".") || strings.HasSuffix(link, "/index.html")) {
		link += "/"
	}
	if !strings.HasPrefix(at, "/") {
		link = join("/", p.language.prefix, link)
	}
	return escapePath(oneSlash(link))
}

// oneSlash leaves one slash before a path, and at most one behind it.
func oneSlash(p string) string {
	slash := strings.HasSuffix(p, "/")
	if p = strings.Trim(p, "/"); slash && p != "" {
		p += "/"
	}
	return "/" + p
}

var token = regexp.MustCompile(`:\w+(\[.+?\])?`)

// tokens are those of a permalink (https://gohugo.io/content-management/urls/#tokens). Another one is a layout of package
// time, such as :2006.
var tokens = []string{
	"year", "month", "monthname", "day", "weekday", "weekdayname", "yearday", "section", "sections", "title", "slug",
	"slugorfilename", "filename", "contentbasename", "slugorcontentbasename",
}

// layoutProbe differs in every part from the time of Go's layouts.
var layoutProbe = time.Date(2019, time.November, 9, 23, 1, 42, 1, time.UTC)

func knownToken(tok string) bool {
	return slices.Contains(tokens, tok) || strings.HasPrefix(tok, "sections[") || layoutProbe.Format(tok) != tok
}

// expand fills in the tokens of a permalink.
func (p *page) expand(pattern string) string {
	l := p.language
	name := p.base
	if p.bundle {
		name = path.Base(p.dir)
	}
	either := func(a, b string) string {
		if a == "" {
			a = b
		}
		return l.urlize(a)
	}
	return token.ReplaceAllStringFunc(pattern, func(match string) string {
		date := p.published
		switch tok := match[1:]; tok {
		case "year":
			return strconv.Itoa(date.Year())
		case "month":
			return date.Format("01")
		case "monthname":
			return date.Month().String()
		case "day":
			return date.Format("02")
		case "weekday":
			return strconv.Itoa(int(date.Weekday()))
		case "weekdayname":
			return date.Weekday().String()
		case "yearday":
			return strconv.Itoa(date.YearDay())
		case "section":
			return p.section()
		case "sections":
			return path.Join(p.sections()...)
		case "title":
			return l.urlize(p.front.str("title"))
		case "slug":
			return either(p.slug, p.front.str("title"))
		case "filename", "contentbasename":
			return l.urlize(name)
		case "slugorfilename", "slugorcontentbasename":
			return either(p.slug, name)
		default:
			if slice, ok := strings.CutPrefix(tok, "sections"); ok {
				return path.Join(cut(p.sections(), slice)...)
			}
			return date.Format(tok)
		}
	})
}

// sections are the directories down to the nearest one with an _index file; the first is always a section.
func (p *page) sections() []string {
	dir := p.dir
	if p.bundle {
		dir = above(dir)
	}
	for ; strings.Contains(dir, "/"); dir = above(dir) {
		if _, ok := p.site.index[indexAt{dir, p.lang}]; ok {
			break
		}
	}
	return strings.FieldsFunc(dir, func(r rune) bool { return r == '/' })
}

// cut takes part of a list: [1:], [:2], [0], [last]. Where there is nothing it gives nothing.
func cut(all []string, slice string) []string {
	slice = strings.ToLower(strings.TrimSpace(slice))
	if len(all) == 0 || len(slice) < 3 || slice[0] != '[' || slice[len(slice)-1] != ']' {
		return nil
	}
	from, to, ranged := strings.Cut(slice[1:len(slice)-1], ":")
	at := func(s string, otherwise, beyond int) int {
		n := otherwise
		switch {
		case s == "":
		case s == "last":
			n = len(all) - 1
		default:
			if n, _ = strconv.Atoi(s); n >= len(all) {
				return beyond
			}
		}
		return max(n, 0)
	}
	low := at(from, 0, -1)
	if low < 0 {
		return nil
	}
	if !ranged {
		return all[low : low+1]
	}
	high := at(to, len(all), len(all))
	return all[min(low, high):high]
}
