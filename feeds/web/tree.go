package web

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"feedmill/feeds"
)

// Static says that documents become files of a host that knows only files. What needs this server (filters, hubs, pages
// behind a place, search) is then left out of them, and what a query says on the server stands in the path.
type Static struct {
	// FeedsOnly: there are no pages, and feeds lead people to Home.
	FeedsOnly bool
	Home      string
	// Archive: there are archive documents.
	Archive bool
	// OldAddresses: what is redirected on the server is there as a copy.
	OldAddresses bool
}

// File is one file of a static tree.
type File struct {
	// Path is where it is below the root of the tree, with slashes: what hosts make of its address, decoded.
	Path string

	doc  *doc
	copy bool   // at an old address: what comes before it is that of the one it is a copy of
	page string // address of a page on the server
	body []byte
}

// Misfit is an address that has no file, and why.
type Misfit struct{ Address, Reason string }

// Files lists the files of a server whose Site is Static, without archive documents, and what cannot be one. A topic that
// cannot is in no page and no outline either.
func (s *Server) Files(ctx context.Context) ([]File, []Misfit, error) {
	cfg := s.config.Load()
	l, err := s.exactTopics(ctx)
	if err != nil {
		return nil, nil, err
	}
	t := &tree{s: s, cfg: cfg, paths: map[string]bool{}, folded: map[string]string{}, misfits: slices.Clone(l.misfits)}
	for _, topic := range cfg.published(l) {
		for i := range s.formats {
			t.add(topic.Path()+s.formats[i].Suffix, File{doc: feedDoc(topic, &s.formats[i]).ref()})
		}
		if !cfg.site.Static.FeedsOnly {
			t.page(topic.Path(), topic.Path())
		}
	}
	for _, p := range l.outlines() {
		kind := strings.TrimPrefix(strings.TrimPrefix(p, "/opml"), "/")
		t.add(p+outlineSuffix, File{doc: &doc{key: p, kind: kind}})
	}
	if !cfg.site.Static.FeedsOnly {
		t.index(l)
		t.assets()
	}
	if cfg.site.Static.OldAddresses {
		t.copies()
	}
	if !cfg.site.Static.FeedsOnly {
		t.hosts()
	}
	return t.files, t.misfits, nil
}

// Make makes the bytes of a file, and says which archive document comes before it.
func (s *Server) Make(ctx context.Context, f File) (body []byte, older []File, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("make %s: panic: %v: %s", f.Path, p, stack())
		}
	}()
	cfg := s.config.Load()
	switch {
	case f.doc != nil:
		made, err := s.document(ctx, cfg, *f.doc)
		if err != nil {
			return nil, nil, err
		}
		if made.older != nil && !f.copy {
			path, reason := filePath(cfg.staticKey(made.older.key))
			if reason != "" {
				return nil, nil, fmt.Errorf("make %s: the archive before it cannot be a file: %s", f.Path, reason)
			}
			older = []File{{Path: path, doc: made.older}}
		}
		return made.body, older, nil
	case f.page != "":
		body, err := s.pageOf(ctx, cfg, f.page)
		return body, nil, err
	}
	return f.body, nil, nil
}

// pageOf is a page as the server answers it, without what needs a server.
func (s *Server) pageOf(ctx context.Context, cfg *config, address string) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, fmt.Errorf("make page %s: %w", address, err)
	}
	r.RequestURI = address
	r.Header.Set("Accept-Language", cfg.fallback())
	w := httptest.NewRecorder()
	want := http.StatusOK
	if address == missingPage {
		want = http.StatusNotFound
		s.notFound(w, r, cfg, place{path: address, page: true})
	} else {
		s.route(w, r)
	}
	if w.Code != want {
		return nil, fmt.Errorf("make page %s: status %d: %s", address, w.Code, strings.TrimSpace(w.Body.String()))
	}
	l, err := s.exactTopics(ctx)
	if err != nil {
		return nil, err
	}
	return cfg.still(w.Body.Bytes(), l.static(cfg))
}

const (
	missingPage   = "/404"
	outlineSuffix = ".xml" // a type that every host knows; and /opml is a directory
	topicsPrefix  = "/topics"
)

// home is where a feed leads people who would land on a page of ours.
func (st *Static) home(page string) string {
	if st.FeedsOnly {
		return st.Home
	}
	return page
}

// settle leaves out of a feed what only the server answers.
func (st *Static) settle(feed *feeds.Feed, made *document) {
	if !st.Archive {
		feed.PrevArchive, made.older = "", nil
	}
	feed.Next, feed.After = feed.PrevArchive, ""
}

// address is where a document is.
func (c *config) address(key string) string { return c.site.BaseURL + c.staticKey(key) }

// staticKey is the key of a document as an address in a static tree: there a place in an archive stands behind its month.
func (c *config) staticKey(key string) string {
	if c.site.Static == nil {
		return key
	}
	p, place, ok := strings.Cut(key, "?before=")
	month, rest, archive := cutArchive(p)
	if !ok || !archive {
		return key
	}
	return archivePrefix + month + "-" + place + rest
}

// published are the topics that have files, everything first.
func (c *config) published(l *listing) []feeds.Topic {
	out := []feeds.Topic{feeds.All}
	have := map[feeds.Topic]bool{}
	for i := range l.rows {
		out = append(out, l.rows[i].Topic)
		have[l.rows[i].Topic] = true
	}
	for _, name := range slices.Sorted(maps.Keys(c.site.Sources)) { // also before their first item
		if t := feeds.NewTopic("source", name); !have[t] && c.misfit(t) == "" {
			out = append(out, t)
		}
	}
	return out
}

// outlines are the addresses of the outlines that have something in them; that of everything always has.
func (l *listing) outlines() []string {
	return slices.DeleteFunc(slices.Clone(outlinePaths), func(p string) bool {
		kind, of := strings.CutPrefix(p, "/opml/")
		return of && !slices.ContainsFunc(l.rows, func(r row) bool { return r.Topic.Kind == kind && r.Items > 0 })
	})
}

// filePath is the file of an address: hosts decode it. reason says why there can be none.
func filePath(address string) (p, reason string) {
	p, err := url.PathUnescape(strings.TrimPrefix(address, "/"))
	if err != nil {
		return "", "it is not percent-encoded properly"
	}
	if strings.IndexFunc(p, unicode.IsControl) >= 0 || strings.Contains(p, `\`) {
		return "", "it has a letter that no file should have"
	}
	for segment := range strings.SplitSeq(p, "/") {
		switch {
		case segment == "":
			return "", "a slash stands at an end of the name or beside another"
		case segment == ".", segment == "..":
			return "", "a part of the name is " + segment
		case len(segment) > maxSegment:
			return "", fmt.Sprintf("the name is longer than the %d bytes that a file's may have", maxSegment)
		}
	}
	return p, ""
}

// maxSegment is the longest name of a file that every file system in use takes, in bytes, with room for the name that it
// has while it is written.
const maxSegment = 240

// misfit is why a topic cannot have files; empty where it can.
func (c *config) misfit(t feeds.Topic) string {
	for i := range c.formats {
		if _, reason := filePath(t.Path() + c.formats[i].Suffix); reason != "" {
			return reason
		}
	}
	_, reason := filePath(t.Path() + "/index.html")
	return reason
}

// fitting are the topics that can have files: also beside each other, so that none is a directory which is a file of
// another (a label "a.rss/b" beside one "a").
func (c *config) fitting(infos []feeds.TopicInfo) (out []feeds.TopicInfo, misfits []Misfit) {
	names := map[string]bool{}
	for _, info := range infos {
		for i := range c.formats {
			names[info.Topic.Path()+c.formats[i].Suffix] = true
		}
	}
	for _, info := range infos {
		reason := c.misfit(info.Topic)
		address := info.Topic.Path()
		decoded := strings.ReplaceAll(address, "%2F", "/")
		for dir := path.Dir(decoded); reason == "" && len(dir) > 1; dir = path.Dir(dir) {
			if names[dir] {
				reason = "it would be in a directory that is the file of another topic"
			}
		}
		if reason == "" {
			out = append(out, info)
		} else if info.Topic.Group == "" {
			misfits = append(misfits, Misfit{address, reason})
		}
	}
	slices.SortFunc(misfits, func(a, b Misfit) int { return cmp.Compare(a.Address, b.Address) })
	return out, misfits
}

// tree collects the files of one tree.
type tree struct {
	s       *Server
	cfg     *config
	files   []File
	paths   map[string]bool   // files and their directories: true for a file
	folded  map[string]string // files by what they are where case does not count
	misfits []Misfit
}

// add takes a file at its address. The first at an address stays.
func (t *tree) add(address string, f File) {
	p, reason := filePath(address)
	if is, there := t.paths[p]; there && is {
		return
	} else if there {
		reason = cmp.Or(reason, "there is a directory of that name")
	}
	for dir := path.Dir(p); reason == "" && dir != "."; dir = path.Dir(dir) {
		if t.paths[dir] {
			reason = "it would be in a directory that is a file"
		}
	}
	if reason != "" {
		t.misfits = append(t.misfits, Misfit{address, reason})
		return
	}
	folded := strings.ToLower(norm.NFD.String(p))
	if other, ok := t.folded[folded]; ok {
		t.misfits = append(t.misfits, Misfit{address, fmt.Sprintf("where case does not count it is the same file as %s", other)})
		return
	}
	t.folded[folded] = p
	f.Path, t.paths[p] = p, true
	for dir := path.Dir(p); dir != "."; dir = path.Dir(dir) {
		t.paths[dir] = false
	}
	t.files = append(t.files, f)
}

// page adds what the server answers at an address as the page of another one.
func (t *tree) page(address, of string) { t.add(address+"/index.html", File{page: of}) }

// index adds the pages of the list of topics, of everything and of each kind.
func (t *tree) index(l *listing) {
	counts := map[string]int{"": len(l.rows)}
	for i := range l.rows {
		counts[l.rows[i].Topic.Kind]++
	}
	for _, kind := range append([]string{""}, feeds.TopicKinds[1:]...) {
		pages := (counts[kind] + pageRows - 1) / pageRows
		if kind == "" {
			pages = max(pages, 1)
		}
		for n := 1; n <= pages; n++ {
			at, of := topicsPath(kind, n)
			if at == "/" {
				t.add("/index.html", File{page: of})
				continue
			}
			t.page(at, of)
		}
	}
}

// topicsPath is a page of the list of topics in a static tree, and on the server.
func topicsPath(kind string, n int) (at, of string) {
	q := url.Values{}
	at = topicsPrefix
	if kind != "" {
		q.Set("kind", kind)
		at += "/" + kind
	}
	if n > 1 {
		q.Set("page", itoa(n))
		at += "/" + itoa(n)
	}
	if len(q) == 0 {
		return "/", "/"
	}
	return at, "/?" + q.Encode()
}

// assets adds the files that come with the program.
func (t *tree) assets() {
	t.add("/404.html", File{page: missingPage})
	for _, p := range slices.Sorted(maps.Keys(staticFiles)) {
		if p == "/robots.txt" && t.cfg.prefix != "" {
			continue // only the root of a host has one
		}
		t.add(p, File{body: embedded(staticFiles[p].name)})
	}
}

// copies adds what the server redirects: hosts of files cannot.
func (t *tree) copies() {
	for _, m := range t.cfg.moves() {
		p, ok := t.cfg.locate(m.to)
		switch {
		case !ok || p.month != "":
		case p.format != nil:
			t.copyOf(m.from, p.path, File{doc: feedDoc(p.topic, p.format).ref()})
		case p.list:
			t.copyOf(m.from, p.path+outlineSuffix, File{doc: &doc{key: p.path, kind: p.kind}})
		case p.page && !t.cfg.site.Static.FeedsOnly:
			t.copyOf(m.from+"/index.html", p.path+"/index.html", File{page: p.path})
		}
	}
}

// copyOf adds a file at an old address, if there is one at the address that it leads to.
func (t *tree) copyOf(from, to string, f File) {
	if p, reason := filePath(to); reason != "" || !t.paths[p] {
		return // nothing of it was ever published
	}
	f.copy = true
	t.add(from, f)
}

// move is a redirect by the canonical paths of its ends.
type move struct{ from, to string }

// moves are all redirects that are known by name, the configured ones first.
func (c *config) moves() (out []move) {
	for _, from := range slices.Sorted(maps.Keys(c.forced)) {
		out = append(out, move{from, c.forced[from]})
		if p, ok := c.locate(from); ok && p.page {
			for _, f := range c.formats {
				if to, ok := c.moved(from + f.Suffix); ok {
					out = append(out, move{from + f.Suffix, to})
				}
			}
		}
	}
	for _, from := range slices.Sorted(maps.Keys(c.offered)) {
		if c.prefix != "" && strings.HasPrefix(from, c.prefix+"/") {
			continue // the same address below the base URL is among them
		}
		_, forced := c.forced[from]
		if _, ok := c.locate(from); !ok && !forced {
			out = append(out, move{from, c.offered[from]})
		}
	}
	const jekyllFeed = "/feed.xml"
	if to, ok := c.old(jekyllFeed); ok && !slices.ContainsFunc(out, func(m move) bool { return m.from == jekyllFeed }) {
		out = append(out, move{jekyllFeed, to})
	}
	return out
}
