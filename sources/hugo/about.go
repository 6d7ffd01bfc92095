package hugo

import (
	"cmp"
	"net/url"
	"path"
	"slices"
	"strings"

	"feedmill/feeds"
	"feedmill/sources"
	"feedmill/sources/internal/postdir"
)

// Notes are the labels of an item with its language, for the addresses of Hugo's own feeds.
func (s *site) Notes(it *feeds.Item) (out []string) {
	for code, l := range s.langs {
		if s.code(l) != it.Language {
			continue
		}
		for _, label := range it.Categories {
			out = append(out, code+"\tcategory\t"+label)
		}
		for _, label := range it.Tags {
			out = append(out, code+"\ttag\t"+label)
		}
	}
	return out
}

// Titles are those of the terms' _index files.
func (s *site) Titles(postdir.Tree) (map[feeds.Topic]string, []sources.Rejected) {
	titles := map[feeds.Topic]string{}
	for at, p := range s.index {
		taxonomy, term := path.Split(at.dir)
		kind, ok := s.langs[s.lang].kinds[strings.TrimSuffix(taxonomy, "/")]
		if ok && p.title != "" && at.lang == s.lang {
			titles[feeds.NewTopic(kind, term)] = p.title
		}
	}
	return titles, nil
}

// About is what the site says of itself. notes are the labels of its items.
func (s *site) About(titles map[feeds.Topic]string, notes []string) feeds.About {
	l := s.langs[s.lang]
	a := feeds.About{
		Title: l.conf.str("title"), Language: s.code(l), Titles: titles, Description: l.conf.sub("params").str("description"),
		Redirects: s.ownFeeds(notes),
	}
	for _, limit := range []any{s.conf["rsslimit"], s.conf.sub("services", "rss")["limit"]} {
		if n, ok := limit.(int64); ok && n > 0 {
			a.Window = int(min(n, 1000))
		}
	}
	if l.origin != "" {
		a.URL = l.origin + "/"
	}
	return a
}

// feedTypes are the media types of output formats that are feeds, with the suffix that their files have by themselves.
var feedTypes = map[string]string{"application/rss+xml": "xml", "application/atom+xml": "xml", "application/feed+json": "json"}

// feedFiles are the names under which Hugo writes feeds into the directory of a list: RSS, and what else the site's output
// formats are.
func (s *site) feedFiles() []string {
	formats, media := s.conf.sub("outputformats"), s.conf.sub("mediatypes")
	var out []string
	for _, name := range append([]string{"rss"}, sortedKeys(formats)...) {
		f := formats.sub(name)
		kind := strings.ToLower(f.str("mediatype"))
		if kind == "" && name == "rss" {
			kind = "application/rss+xml"
		}
		suffix, ok := feedTypes[kind]
		if !ok {
			continue
		}
		if own := media.sub(kind).words("suffixes"); len(own) > 0 {
			suffix = own[0]
		}
		file := path.Join("/", f.str("path"), cmp.Or(f.str("basename"), "index")+"."+suffix)[1:]
		if !slices.Contains(out, file) {
			out = append(out, file)
		}
	}
	return out
}

// ownFeeds are the paths at which Hugo writes feeds: for the site, each language, each section and each term, at the host's
// root and below the path of baseURL. No topic has the posts of a section, so its feed leads to all of its language.
func (s *site) ownFeeds(notes []string) map[string]feeds.Topic {
	out := map[string]feeds.Topic{}
	files := s.feedFiles()
	add := func(l *language, dir string, t feeds.Topic) {
		for _, file := range files {
			at := (&url.URL{Path: l.sanitise(path.Join("/", l.prefix, dir)) + "/" + file}).EscapedPath()
			at = strings.Replace(at, "//", "/", 1)
			out[at] = t
			if l.base != "" {
				out[l.base+at] = t
			}
		}
	}
	for _, code := range s.languageOrder() {
		l, all := s.langs[code], feeds.All
		if code != s.lang {
			if l.prefix == "" {
				continue
			}
			all = feeds.NewTopic("lang", s.code(l))
		}
		for dir := range s.sections {
			if l.kinds[dir] == "" {
				add(l, dir, all)
			}
		}
		for at := range s.index {
			if at.lang == code && at.dir != "" && l.kinds[strings.Split(at.dir, "/")[0]] == "" {
				add(l, at.dir, all)
			}
		}
		add(l, "", all)
	}
	for _, note := range notes {
		code, rest, _ := strings.Cut(note, "\t")
		kind, label, _ := strings.Cut(rest, "\t")
		l := s.langs[code]
		if l == nil || label == "" {
			continue // of a language that the site has no more
		}
		for _, taxonomy := range sortedKeys(l.kinds) {
			if l.kinds[taxonomy] == kind {
				add(l, taxonomy+"/"+label, feeds.NewTopic(kind, label))
			}
		}
	}
	return out
}

// code is the BCP 47 tag of a language of the site; empty if the site says none.
func (s *site) code(l *language) string {
	if c := s.conf.sub("languages", l.code).str("languagecode"); c != "" {
		return c
	}
	if c := s.conf.str("languagecode"); c != "" && l.code == s.lang {
		return c
	}
	if len(s.conf.sub("languages")) > 0 || s.conf.str("defaultcontentlanguage") != "" {
		return l.code
	}
	return ""
}
