package jekyll

import (
	"cmp"
	"errors"
	"path"
	"slices"
	"strings"
	"time"

	"feedmill/sources/internal/liquid"
	"feedmill/sources/internal/postdir"
)

// shelf is what templates see of the files that are neither posts nor documents of a collection that is published here:
// site.pages, site.static_files and the other collections. Like a book it is built when a post asks.
type shelf struct {
	// book has the documents of the collections that are not published here.
	*book
	pages   []*pageEntry
	statics []*liquid.Map
	skipped int
}

// pageEntry is a page: what its front matter says, and the file of its text.
type pageEntry struct {
	*liquid.Map
	file string
	// html: it becomes HTML; withheld: the author does not publish it.
	html, withheld bool
}

// maxPage is the largest file that is read to see whether it is a page, in bytes.
const maxPage = 1 << 20

// pictures are the ends of files in which there is no front matter.
var pictures = strings.Fields(`.jpg .jpeg .png .gif .webp .avif .ico .bmp .tif .tiff .pdf .zip .gz .tar .7z .mp3 .m4a .ogg
	.wav .mp4 .webm .mov .avi .woff .woff2 .ttf .otf .eot .doc .docx .xls .xlsx .ppt .pptx .psd`)

// newShelf reads the front matter of pages and of documents.
func (s *site) newShelf(t postdir.Tree, files []postdir.Entry, skipped int, now time.Time) *shelf {
	sh := &shelf{skipped: skipped}
	var docs []string
	for i := range files {
		file := files[i].Path
		if s.excluded(file) || s.generated(file) || strings.HasSuffix(file, ".") {
			continue
		}
		if o, ok := s.locate(file); ok {
			if o.label != posts && s.listedDoc(&o) {
				docs = append(docs, file)
			}
			continue
		}
		if !s.listed(file) {
			continue
		}
		if p := s.newPage(t, file); p != nil {
			if !p.withheld {
				sh.pages = append(sh.pages, p)
			}
			continue
		}
		sh.statics = append(sh.statics, s.staticFile(file, "/"+file, "", files[i].ModTime))
	}
	slices.SortStableFunc(sh.pages, func(a, b *pageEntry) int { return cmp.Compare(path.Base(a.file), path.Base(b.file)) })
	sh.book = s.newBook(t, docs, now)
	return sh
}

// generated reports whether a file is in the directory into which Jekyll writes the site.
func (s *site) generated(file string) bool {
	dest := dirKey(s.conf, "destination", "_site")
	return strings.HasPrefix(file, dest+"/")
}

// listed reports whether a file outside of collections is one of the site: no part of its path is a name that Jekyll passes
// over.
func (s *site) listed(file string) bool {
	for part := range strings.SplitSeq(file, "/") {
		if special(part) && part != ".htaccess" && !slices.Contains(s.include, part) {
			return false
		}
	}
	return true
}

// listedDoc is listed for a file in the directory of a collection, of which Jekyll looks at the first name below and at the
// file's own.
func (s *site) listedDoc(o *origin) bool {
	below := o.inner[o.end:]
	first, _, _ := strings.Cut(below, "/")
	for _, part := range []string{first, path.Base(below)} {
		if special(part) && !slices.Contains(s.include, part) {
			return false
		}
	}
	return true
}

// newPage reads a page; nil if the file is none.
func (s *site) newPage(t postdir.Tree, file string) *pageEntry {
	ext := path.Ext(file)
	if oneOf(ext, pictures...) {
		return nil
	}
	b, _, err := t.ReadFile(file, maxPage)
	if err != nil || !hasHeader(b) {
		return nil
	}
	cut := split(cleanUTF8(b))
	if cut.open || len(cut.header) > maxHeader {
		return nil
	}
	front, _ := readHeader(cut.header)
	front = merge(front, s.defaultsFor(file, file, "pages"))
	m := liquid.NewMap(len(front) + 6)
	for _, f := range front {
		m.Set(f.key, s.typed(f.value))
	}
	url := s.pagePath(file, front)
	dir := url[:strings.LastIndexByte(url, '/')+1]
	m.Set("content", nil) // read when it is asked for
	m.Set("dir", dir)
	if _, ok := m.Get("excerpt"); !ok {
		m.Set("excerpt", nil)
	}
	m.Set("name", path.Base(file))
	if _, ok := m.Get("path"); !ok {
		m.Set("path", file)
	}
	m.Set("url", url)
	published := front.get("published")
	return &pageEntry{m, file, isHTML(s.outputExt(ext)), !s.unpublished && (published.isFalse() || published.kind == null)}
}

// staticFile is a file that Jekyll copies. rel is Jekyll's path of it, label its collection.
func (s *site) staticFile(file, rel, label string, changed time.Time) *liquid.Map {
	name := path.Base(file)
	ext := path.Ext(name)
	defaults := s.defaultsFor(file, file, label)
	m := liquid.NewMap(len(defaults) + 6)
	for _, f := range defaults {
		m.Set(f.key, s.typed(f.value))
	}
	m.Set("name", name)
	m.Set("extname", ext)
	m.Set("modified_time", nil)
	if !changed.IsZero() {
		m.Set("modified_time", changed.In(s.liquidZone()))
	}
	m.Set("basename", strings.TrimRight(strings.TrimSuffix(name, ext), "."))
	m.Set("path", rel)
	m.Set("collection", nil)
	if label != "" {
		m.Set("collection", label)
	}
	return m
}

// plainFile is a file in the directory of a collection that Jekyll copies.
func (s *site) plainFile(t postdir.Tree, file, rel, label string) *liquid.Map {
	var changed time.Time
	if info, err := t.Lstat(file); err == nil {
		changed = info.ModTime()
	}
	return s.staticFile(file, rel, label, changed)
}

// text is the text of a page as it is written.
func (p *pageEntry) text(near nearby) (string, error) {
	b, err := near.ReadFile(p.file, maxPage)
	if err != nil {
		return "", err
	}
	cut := split(cleanUTF8(b))
	if !cut.found || cut.open {
		return "", errChanged
	}
	return string(cut.body), nil
}

var errChanged = errors.New("the file has just changed")
