package jekyll

import (
	"bytes"
	"cmp"
	"path"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"feedmill/sources/internal/liquid"
	"feedmill/sources/internal/postdir"
)

// entry is a document as the templates of others see it. Its text is read when it is asked for.
type entry struct {
	*collection
	path             string
	url, id          string
	title            any
	date             time.Time
	dated            bool // the date is the document's own
	categories, tags []string
	// head is the file's front matter with its marks; nil if it is read when it is asked for.
	head []byte
	// place is its place among the documents of its collection.
	place int
}

// book is what templates see of the documents of some collections: site.posts and what is made of it. It is built when a post
// of the site asks for such a thing, once a fetch, and forgotten with the fetch.
type book struct {
	docs   map[string][]*entry // by collection, in Jekyll's order
	byPath map[string]*entry
	// plain are the files in the directories of collections that are no documents, because they have no front matter.
	plain map[string][]*liquid.Map
	// next is when the first post that lies ahead comes; zero if none does.
	next time.Time

	once             sync.Once
	categories, tags *groups
}

// groups are posts by label, in the order in which the labels first occur. Of each the newest post is first.
type groups struct {
	labels []string
	posts  map[string][]*entry
}

// maxHeads bounds the front matter that a book keeps, in bytes; that of further documents is read when it is asked for.
const maxHeads = 64 << 20

// newBook reads the front matter of documents.
func (s *site) newBook(t postdir.Tree, paths []string, now time.Time) *book {
	b := &book{docs: map[string][]*entry{}, byPath: map[string]*entry{}, plain: map[string][]*liquid.Map{}}
	type read struct {
		entry *entry
		plain *liquid.Map
		ahead time.Time
	}
	all := make([]read, len(paths))
	var next, heads atomic.Int64
	var wg sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(paths)) {
		wg.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= len(paths) {
					return
				}
				r := &all[i]
				r.entry, r.plain, r.ahead = s.newEntry(t, paths[i], now)
				if r.entry != nil && heads.Add(int64(len(r.entry.head))) > maxHeads {
					r.entry.head = nil
				}
			}
		})
	}
	wg.Wait()
	for i, r := range all {
		switch {
		case r.entry != nil:
			b.docs[r.entry.label] = append(b.docs[r.entry.label], r.entry)
			b.byPath[paths[i]] = r.entry
		case r.plain != nil:
			if o, ok := s.locate(paths[i]); ok {
				b.plain[o.label] = append(b.plain[o.label], r.plain)
			}
		case !r.ahead.IsZero() && (b.next.IsZero() || r.ahead.Before(b.next)):
			b.next = r.ahead
		}
	}
	for _, docs := range b.docs {
		s.sortDocs(docs[0].collection, docs)
		for i, e := range docs {
			e.place = i
		}
	}
	return b
}

// newEntry reads one file: a document, a file of a collection that is none, or nothing of the site. ahead is the date of a post
// that is not published yet.
func (s *site) newEntry(t postdir.Tree, file string, now time.Time) (e *entry, plain *liquid.Map, ahead time.Time) {
	o, ok := s.locate(file)
	if !ok || o.draft && !s.drafts {
		return nil, nil, ahead
	}
	rel, ext := file[len(file)-len(o.inner):], path.Ext(file)
	if o.label != posts && oneOf(ext, pictures...) {
		return nil, s.plainFile(t, file, rel, o.label), ahead
	}
	b, info, err := t.ReadFile(file, postdir.MaxPost)
	if err != nil {
		return nil, nil, ahead
	}
	if o.label != posts && !hasHeader(b) {
		return nil, s.plainFile(t, file, rel, o.label), ahead
	}
	article := s.isMarkdown(ext) || isHTML(ext)
	if len(bytes.TrimSpace(b)) == 0 || !article && (!utf8.Valid(b) || bytes.IndexByte(b, 0) >= 0) {
		return nil, nil, ahead
	}
	d, ok := s.peek(file, b, now, info.ModTime())
	if !ok || d.cut.open || len(d.cut.header) > maxHeader || d.withheld() {
		return nil, nil, ahead
	}
	if o.label == posts && !s.future && d.moment.After(now) {
		return nil, nil, d.moment
	}
	it := d.Change.Item
	e = &entry{
		collection: d.collection, path: file, url: d.url, id: d.id, title: d.titleValue(), date: d.moment,
		dated: !it.Published.IsZero(), categories: it.Categories, tags: it.Tags,
	}
	if d.cut.found {
		e.head = slices.Concat([]byte("---\n"), d.cut.header, []byte("\n---\n"))
	} else {
		e.head = []byte{}
	}
	return e, nil, ahead
}

// hasHeader reports whether Jekyll finds front matter in a file that is not a post.
func hasHeader(b []byte) bool {
	line, _, more := cutLine(b)
	return more && isFence(line, "---")
}

// sortDocs puts the documents of a collection into Jekyll's order: by date, if both have one, and path; or as the
// configuration says.
func (s *site) sortDocs(c *collection, docs []*entry) {
	before := func(a, b *entry) int {
		if a.dated && b.dated {
			if n := a.date.Compare(b.date); n != 0 {
				return n
			}
		}
		return strings.Compare(a.path, b.path)
	}
	slices.SortStableFunc(docs, before)
	if c.label == posts {
		return
	}
	if order := c.metadata.get("order"); order.kind == list {
		at := map[string]int{}
		for i, item := range order.list {
			at[path.Join(s.top, "_"+c.label, item.str())] = i - len(order.list)
		}
		slices.SortStableFunc(docs, func(a, b *entry) int { return cmp.Compare(at[a.path], at[b.path]) })
		return
	}
	key := c.metadata.get("sort_by").str()
	if key == "" {
		return
	}
	by := make(map[*entry]any, len(docs))
	for _, e := range docs {
		if e.head == nil {
			continue // too much front matter to sort by it
		}
		if d, ok := s.peek(e.path, e.head, e.date, e.date); ok {
			v, _ := (&pageView{d}).Get(key)
			by[e] = v
		}
	}
	slices.SortStableFunc(docs, func(a, b *entry) int {
		x, y := by[a], by[b]
		switch {
		case x == nil && y == nil:
		case x == nil:
			return 1
		case y == nil:
			return -1
		default:
			if n := liquid.Compare(x, y); n != 0 {
				return n
			}
		}
		return before(a, b)
	})
}

// labelled are the posts by category and by tag.
func (b *book) labelled() (categories, tags *groups) {
	b.once.Do(func() {
		b.categories = group(b.docs[posts], func(e *entry) []string { return e.categories })
		b.tags = group(b.docs[posts], func(e *entry) []string { return e.tags })
	})
	return b.categories, b.tags
}

func group(docs []*entry, of func(*entry) []string) *groups {
	g := &groups{posts: map[string][]*entry{}}
	for _, e := range docs {
		for _, label := range of(e) {
			if g.posts[label] == nil {
				g.labels = append(g.labels, label)
			}
			g.posts[label] = append(g.posts[label], e)
		}
	}
	for _, docs := range g.posts {
		slices.Reverse(docs)
	}
	return g
}
