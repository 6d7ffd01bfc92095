package hugo

import (
	"net/url"
	"path"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// sanitise makes a path as Hugo's MakePathSanitized does: letters, digits, marks and some signs stay, blanks become
// hyphens, all in lower case unless disablePathToLower is set.
func (s *site) sanitise(p string) string {
	var b strings.Builder
	hyphen, pending := false, false
	for _, r := range p {
		switch {
		case unicode.IsLetter(r), unicode.IsDigit(r), unicode.IsMark(r), strings.ContainsRune(`./\_#+~-@`, r):
			if pending && r != '-' {
				b.WriteByte('-')
			}
			hyphen, pending = r == '-', false
			b.WriteRune(r)
		case b.Len() > 0 && !hyphen && unicode.IsSpace(r):
			pending = true
		}
	}
	if s.conf.flag("disablepathtolower", false) {
		return b.String()
	}
	return strings.ToLower(b.String())
}

// segment is what a token of a permalink becomes; Hugo lets a slash in it stand.
func (s *site) segment(p string) string { return s.sanitise(p) }

// address is the page's path below baseURL, escaped: by url, else by permalinks of its section, else where its file is.
func (p *page) address(date time.Time) string {
	s := p.site
	prefix := ""
	if p.lang != s.lang || s.conf.flag("defaultcontentlanguageinsubdir", false) {
		prefix = "/" + p.lang
	}
	section, _, _ := strings.Cut(p.dir, "/")
	if p.bundle && section == p.dir {
		section = ""
	}
	at := p.front.str("url")
	pattern := s.conf.sub("permalinks", "page").str(section)
	if pattern == "" {
		pattern = s.conf.sub("permalinks").str(section)
	}
	ugly := s.conf.flag("uglyurls", false) || s.conf.sub("uglyurls").flag(section, false)
	dir, name := p.dir, p.base
	if p.bundle {
		dir, name = path.Split(p.dir)
	}
	slug := p.front.str("slug")
	switch {
	case at != "":
	case pattern != "":
		at = s.sanitise(p.expand(pattern, section, name, slug, date))
	default:
		if slug != "" {
			name = slug
		}
		at = s.sanitise(path.Join(dir, name))
	}
	last := path.Base(at)
	at = path.Clean("/"+at) + map[bool]string{true: "/"}[strings.HasSuffix(at, "/")]
	switch {
	case strings.HasSuffix(at, "/"):
		at = strings.TrimRight(at, "/") + "/"
	case p.front.str("url") != "" && strings.Contains(last, "."):
	case ugly && p.front.str("url") == "":
		at += ".html"
	default:
		at += "/"
	}
	if strings.HasPrefix(p.front.str("url"), "/") {
		prefix = "" // such a url is from the root, whatever the language
	}
	return (&url.URL{Path: prefix + at}).EscapedPath()
}

var token = regexp.MustCompile(`:[a-zA-Z]+(?:\[[^\]]*\])?|:[0-9][0-9-]*`)

// expand fills in the tokens of a permalink (https://gohugo.io/content-management/urls/#permalinks).
func (p *page) expand(pattern, section, name, slug string, date time.Time) string {
	s := p.site
	title := s.segment(p.front.str("title"))
	return token.ReplaceAllStringFunc(pattern, func(tok string) string {
		key, slice, _ := strings.Cut(tok[1:], "[")
		switch key {
		case "year":
			return date.Format("2006")
		case "month":
			return date.Format("01")
		case "monthname":
			return date.Format("January")
		case "day":
			return date.Format("02")
		case "weekday":
			return strconv.Itoa(int(date.Weekday()))
		case "weekdayname":
			return date.Weekday().String()
		case "yearday":
			return strconv.Itoa(date.YearDay())
		case "section":
			return section
		case "sections":
			return cutSections(p.sections(), strings.TrimSuffix(slice, "]"))
		case "title":
			return title
		case "filename", "contentbasename":
			return s.segment(name)
		case "slug":
			if slug == "" {
				return title
			}
			return s.segment(slug)
		case "slugorfilename", "slugorcontentbasename":
			if slug == "" {
				return s.segment(name)
			}
			return s.segment(slug)
		}
		if strings.ContainsAny(key, "0123456789") {
			return date.Format(key)
		}
		return tok
	})
}

// sections are the directories down to the nearest one with an _index file; the first is always a section.
func (p *page) sections() []string {
	dir := p.dir
	if p.bundle {
		dir = strings.TrimSuffix(path.Dir(p.dir), ".")
	}
	for ; strings.Contains(dir, "/"); dir = path.Dir(dir) {
		if _, ok := p.site.index[p.site.content+"/"+dir+"|"]; ok {
			break
		}
	}
	return strings.FieldsFunc(dir, func(r rune) bool { return r == '/' })
}

// cutSections takes part of the sections: "1:", ":2", "0", "last"; all where it says nothing.
func cutSections(all []string, slice string) string {
	from, to, ranged := strings.Cut(slice, ":")
	at := func(s string, otherwise int) int {
		n, err := strconv.Atoi(s)
		switch {
		case s == "last":
			n = len(all) - 1
		case err != nil:
			n = otherwise
		}
		return min(max(n, 0), len(all))
	}
	low, high := at(from, 0), at(to, len(all))
	if !ranged && slice != "" {
		high = min(low+1, len(all))
	}
	return strings.Join(all[min(low, high):high], "/")
}
