package jekyll

import (
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"

	"feedmill/feeds"
	"feedmill/sources"
	"feedmill/sources/internal/postdir"
)

// pageDirs are the directories whose pages name topics for people, with the key that says which, and the kind of topic.
var pageDirs = []struct{ dir, key, kind string }{
	{"category", "category", "category"},
	{"categories", "category", "category"},
	{"tag", "tag", "tag"},
	{"tags", "tag", "tag"},
}

// maxPages is the most pages of one directory that are read.
const maxPages = 20_000

// Titles reads the pages of categories and tags. A topic for which two pages have different titles gets none.
func (s *site) Titles(t postdir.Tree) (titles map[feeds.Topic]string, reports []sources.Rejected) {
	titles = map[feeds.Topic]string{}
	from := map[feeds.Topic]string{}
	for _, d := range pageDirs {
		entries, err := t.ReadDir(d.dir)
		if err != nil {
			continue // a site needs no such pages
		}
		slices.SortFunc(entries, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
		for _, e := range entries[:min(len(entries), maxPages)] {
			name := e.Name()
			if !strings.HasSuffix(name, ".html") && !strings.HasSuffix(name, ".md") {
				continue
			}
			b, err := readSmall(t, d.dir+"/"+name)
			if err != nil {
				continue
			}
			p := split(cleanUTF8(b))
			if !p.found || p.open {
				continue
			}
			front, _ := readHeader(p.header)
			label, title := front.get(d.key).str(), front.get("title").str()
			topic := feeds.NewTopic(d.kind, label)
			if topic.Name == "" || title == "" {
				continue
			}
			if old, ok := from[topic]; ok && titles[topic] != title {
				titles[topic] = ""
				reports = append(reports, sources.Rejected{
					Where: d.dir + "/" + name, Repaired: true,
					Reason: fmt.Sprintf("%s has another title for %s: the label itself is shown", old, topic),
				})
				continue
			}
			titles[topic], from[topic] = title, d.dir+"/"+name
		}
	}
	for topic, title := range titles {
		if title == "" {
			delete(titles, topic)
		}
	}
	return titles, reports
}

// feedTag matches the tags that jekyll-feed makes feeds for.
var feedTag = regexp.MustCompile(`^[A-Za-z0-9_]+$`)

// About is what the site says of itself. tags are those of its posts, for the addresses of jekyll-feed's feeds by tag.
func (s *site) About(titles map[feeds.Topic]string, tags []string) feeds.About {
	a := feeds.About{
		Title: s.title, Description: s.description, URL: s.absolute("/"), Language: s.language,
		Window: s.feed.limit, Titles: titles, Redirects: map[string]feeds.Topic{},
	}
	if p := persons(s.author, s.persons); len(p) > 0 {
		a.Author = p[0]
	}
	add := func(path string, t feeds.Topic) {
		a.Redirects[path] = t
		if s.base != "" {
			a.Redirects[unescape(s.base)+path] = t
		}
	}
	add(s.feed.path, feeds.All)
	for _, c := range s.feed.categories {
		add("/feed/"+c+".xml", feeds.NewTopic("category", c))
	}
	for path, label := range s.feed.collections {
		add(path, feeds.NewTopic("category", label))
	}
	if s.feed.tagged {
		if len(s.feed.only) > 0 {
			tags = s.feed.only
		}
		for _, t := range tags {
			if feedTag.MatchString(t) && !slices.Contains(s.feed.except, t) {
				add(s.feed.tagPath+t+".xml", feeds.NewTopic("tag", t))
			}
		}
	}
	return a
}
