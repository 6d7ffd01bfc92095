package hugo

import (
	"net/url"
	"path"
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

// ownFeeds are the paths at which Hugo writes RSS: for the site, each language and each term, at the host's root and
// below the path of baseURL.
func (s *site) ownFeeds(notes []string) map[string]feeds.Topic {
	out := map[string]feeds.Topic{}
	file := s.conf.sub("outputformats", "rss").str("basename")
	if file == "" {
		file = "index"
	}
	file += ".xml"
	add := func(l *language, dir string, t feeds.Topic) {
		at := (&url.URL{Path: l.sanitise(path.Join("/", l.prefix, dir, file))}).EscapedPath()
		out[at] = t
		if l.base != "" {
			out[l.base+at] = t
		}
	}
	for _, code := range s.languageOrder() {
		if l := s.langs[code]; code == s.lang {
			add(l, "", feeds.All)
		} else if l.prefix != "" {
			add(l, "", feeds.NewTopic("lang", s.code(l)))
		}
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
