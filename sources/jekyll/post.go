package jekyll

import (
	"bytes"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/cespare/xxhash/v2"

	"feedmill/feeds"
	"feedmill/sources"
)

// maxPost is the largest post that is read, in bytes.
const maxPost = 5 << 20

// post is what became of one file.
type post struct {
	// change has an Item if the post is published.
	change feeds.Change
	// hidden: the author does not publish it (published: false, draft: true).
	hidden bool
	// open: the file ends within its front matter, so somebody may still be writing it.
	open bool
	// rejected says why there is no item; repaired lists what was mended.
	rejected *fault
	repaired []fault
	// raw is the hash of the file.
	raw uint64
}

// fault is a reason with its line; 0 for none.
type fault struct {
	line   int
	reason string
}

func (p *post) reject(line int, format string, args ...any) *post {
	p.rejected = &fault{line, fmt.Sprintf(format, args...)}
	return p
}

func (p *post) repair(line int, format string, args ...any) {
	p.repaired = append(p.repaired, fault{line, fmt.Sprintf(format, args...)})
}

// report joins the repairs of a post, because a post has one report.
func (p *post) report() (fault, bool) {
	if p.rejected != nil {
		return *p.rejected, true
	}
	if len(p.repaired) == 0 {
		return fault{}, false
	}
	f := p.repaired[0]
	for _, more := range p.repaired[1:] {
		f.reason += "; " + more.reason
	}
	return f, true
}

// decode makes an item of a post's file. rel is its path below the site's root with forward slashes. It does no input
// or output and is safe for concurrent use.
func (s *site) decode(rel string, file []byte, now time.Time) *post {
	p := &post{raw: rawHash(file)}
	name, ok := parseName(rel[strings.LastIndexByte(rel, '/')+1:])
	if !ok {
		return p.reject(0, "%s", badName)
	}
	if len(bytes.TrimSpace(file)) == 0 {
		p.open = true
		return p.reject(0, "the file is empty")
	}
	b := s.decodeText(file, p)
	cut := split(b)
	if cut.open {
		p.open = true
		return p.reject(cut.headerLine-1, "the front matter has no end: close it with a line ---")
	}
	if len(cut.header) > maxHeader {
		return p.reject(cut.headerLine, "the front matter is larger than %d KiB", maxHeader>>10)
	}
	front, m := readHeader(cut.header)
	if m != nil {
		line := cut.headerLine
		if m.line > 0 {
			line += m.line - 1
		}
		p.repair(line, "%s", m.reason)
	}
	inner := rel
	if s.top != "" {
		inner = strings.TrimPrefix(rel, s.top+"/")
	}
	d := doc{site: s, front: front, defaults: s.defaultsFor(inner), name: name, cut: cut, post: p}
	if !s.unpublished && d.get("published").isFalse() || d.get("draft").isTrue() {
		p.hidden = true
		return p
	}
	d.item(inner, now)
	if p.rejected != nil {
		return p
	}
	p.change.Raw = p.raw
	p.change.Key = rel
	for _, key := range []string{"guid", "id"} {
		if id := front.get(key).str(); id != "" && len(id) <= feeds.MaxKey && utf8.ValidString(id) {
			p.change.Key = id
			break
		}
	}
	if len(p.change.Key) > feeds.MaxKey {
		return p.reject(0, "the path is longer than %d bytes: add a guid to the front matter", feeds.MaxKey)
	}
	if len(p.change.Wish) > feeds.MaxID {
		p.change.Wish = ""
	}
	return p
}

const badName = "no date in the file name: name it like 2022-01-31-title.md"

// doc is a post on its way to an item.
type doc struct {
	*post
	site            *site
	front, defaults fields
	name            fileName
	cut             parts
}

// get is a key of the front matter, else of its defaults.
func (d *doc) get(key string) value {
	if len(d.defaults) == 0 {
		return d.front.get(key)
	}
	return overlay(d.front.get(key), d.defaults.get(key))
}

// line is the line of the file that a value of the front matter stands on.
func (d *doc) line(v value) int {
	if v.line == 0 {
		return 0
	}
	return d.cut.headerLine + v.line - 1
}

func (d *doc) item(rel string, now time.Time) {
	s := d.site
	published, ok := d.published(now)
	if !ok {
		return
	}
	it := &feeds.Item{Published: published, Language: d.get("lang").str()}
	d.change.Item = it
	d.change.Hold = !s.future && published.After(now)
	if v := d.get("last_modified_at"); v.kind == text {
		t, _, err := s.dates.parse(v)
		if err != nil {
			d.repair(d.line(v), "last_modified_at is %v", err)
		} else if t.After(published) {
			it.Updated = t
		}
	}
	slug := d.get("slug").str()
	if slug == "" {
		slug = d.name.slug
	}
	if v := d.get("title"); v.kind == text {
		it.Title = smartTitle(v.str())
	} else {
		it.Title = titleize(d.name.slug)
	}
	dirs, path := categoryDirs(rel)
	it.Categories = categories(dirs, d.defaults, d.front)
	it.Tags = tags(d.defaults, d.front)
	it.Authors = persons(d.get("author"), s.persons)
	if len(it.Authors) == 0 {
		it.Authors = persons(d.get("authors"), s.persons)
	}
	if len(it.Authors) == 0 {
		it.Authors = persons(s.author, s.persons)
	}
	if it.Language == "" {
		it.Language = s.language
	}
	d.address(path, slug)
	d.image()
	d.content()
}

// published is the date of the post: the front matter's, else the file name's.
func (d *doc) published(now time.Time) (time.Time, bool) {
	s := d.site
	v := d.get("date")
	fromName, nameOK := d.name.date(s.dates)
	t, zoneless, err := s.dates.parse(v)
	switch {
	case err == nil:
		d.warnZoneless(v, t, zoneless, now)
		return t, true
	case !nameOK:
		if v.kind != text {
			d.reject(0, "no date: the front matter has none and the file name says %04d-%02d-%02d", d.name.year, d.name.month, d.name.day)
		} else {
			d.reject(d.line(v), "date is %v, and the file name says %04d-%02d-%02d", err, d.name.year, d.name.month, d.name.day)
		}
		return time.Time{}, false
	case v.kind == none:
		return fromName, true
	}
	if v.kind == null {
		d.repair(d.line(v), "date is empty: took the day of the file name")
	} else {
		d.repair(d.line(v), "date is %v: took the day of the file name", err)
	}
	return fromName, true
}

// warnZoneless reports a post that lies ahead only because its date has no zone.
func (d *doc) warnZoneless(v value, t time.Time, zoneless bool, now time.Time) {
	if !zoneless || d.site.dates.zone == nil || !t.After(now) {
		return
	}
	site := d.site.dates
	site.asSite = true
	if local, _, err := site.parse(v); err == nil && !local.After(now) {
		d.repair(d.line(v), "date %s has no zone, so Jekyll reads it as UTC and the post waits until %s: "+
			"add the zone, or set zoneless_dates: site", v.str(), t.Format(time.RFC3339))
	}
}

// address sets the post's page and the ID that jekyll-feed gives it.
func (d *doc) address(path, slug string) {
	s := d.site
	if s.origin == "" {
		return
	}
	p := place{
		path: strings.TrimRight(strings.TrimSuffix(path, d.name.ext), "."),
		slug: slug, base: d.name.base, outputExt: d.name.ext,
		categories: d.change.Item.Categories,
		date:       d.change.Item.Published,
	}
	if s.dates.zone == nil {
		p.date = p.date.UTC()
	}
	if s.isMarkdown(d.name.ext) {
		p.outputExt = ".html"
	}
	template := s.permalink
	if v := d.get("permalink"); v.str() != "" {
		template = v.str()
		if t, ok := styles[template]; ok {
			template = t
		}
	}
	url, unknown := p.expand(template)
	if unknown != "" {
		d.repair(d.line(d.front.get("permalink")), "permalink %s is not known to Jekyll", unknown)
	}
	d.change.Item.URL = s.absolute(url)
	d.change.Base = d.change.Item.URL
	d.change.Wish = s.idOrigin + s.base + normalise(dir(url)+"/"+slug)
}

func (d *doc) image() {
	v := d.get("image")
	src := v.str()
	if v.kind == mapping {
		src = v.fields.get("path").str()
	}
	if src != "" && !strings.Contains(src, "://") && !strings.HasPrefix(src, "//") && d.site.origin != "" {
		src = d.site.absolute("/" + strings.TrimLeft(src, "/"))
	}
	d.change.Item.Image = src
}

func (s *site) isMarkdown(ext string) bool { return s.markdown[strings.ToLower(ext)] }

// isHTML reports whether posts with this extension are taken as they are.
func isHTML(ext string) bool { return oneOf(ext, ".html", ".htm", ".xhtml") }

// content renders the body, and the summary where the author states one.
func (d *doc) content() {
	s, it := d.site, d.change.Item
	r := renderer{site: s, markdown: s.isMarkdown(d.name.ext), raw: d.get("render_with_liquid").isFalse()}
	html, err := r.render(d.cut.body)
	if err != nil {
		d.reject(d.cut.bodyLine, "%v", err)
		return
	}
	if r.dropped > 0 {
		d.repair(d.cut.bodyLine+r.dropped-1, "left out Liquid that is not raw or highlight")
	}
	for _, n := range r.notes {
		d.repair(d.cut.bodyLine+max(n.Line-1, 0), "%s", n.Text)
	}
	it.Content = html
	if r.markdown {
		it.Original = original(d.cut.body, s.origin)
	}
	sep := s.separator
	if v := d.get("excerpt_separator"); v.kind == text {
		sep = v.text
	}
	only := s.excerptOnly
	if v := d.get("feed").fields.get("excerpt_only"); v.kind == text {
		only = v.isTrue()
	}
	stated := d.get("description").str()
	if stated == "" {
		stated = d.get("excerpt").str()
	}
	if only || stated == "" && sep != defaultSeparator {
		if head, ok := excerpt(d.cut.body, sep); ok {
			if html, err = r.render(head); err != nil {
				d.reject(d.cut.bodyLine, "%v", err)
				return
			}
			if sep != defaultSeparator {
				it.Summary = html
			}
			if only {
				it.Content = html
			}
		}
	}
	if stated != "" {
		it.Summary = stated
	}
}

// rejection makes the report of a fault.
func (f fault) rejection(where string, repaired bool) sources.Rejected {
	return sources.Rejected{Where: where, Line: f.line, Reason: f.reason, Repaired: repaired}
}

// rawHash is the hash of what the source says: the bytes of the file.
func rawHash(b []byte) uint64 { return xxhash.Sum64(b) }
