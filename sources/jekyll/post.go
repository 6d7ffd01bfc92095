package jekyll

import (
	"bytes"
	"path"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"feedmill/feeds"
	"feedmill/sources"
	"feedmill/sources/internal/postdir"
)

// post is what became of one file.
type post = postdir.Post

// Decode makes an item of a post's file.
func (s *site) Decode(f *postdir.File) *post {
	rel, file := f.Path, f.Data
	p := &post{}
	o, ok := s.locate(rel)
	if !ok {
		p.Hidden = true
		return p
	}
	name, dated := parseName(path.Base(rel))
	if !dated && o.label == posts && !o.draft {
		return p.Reject(0, "%s", badName)
	}
	article := s.isMarkdown(name.ext) || isHTML(name.ext)
	if len(bytes.TrimSpace(file)) == 0 && !article {
		p.Hidden = true
		return p
	}
	if len(bytes.TrimSpace(file)) == 0 {
		p.Open = true
		return p.Reject(0, "the file is empty")
	}
	if !article && (!utf8.Valid(file) || bytes.IndexByte(file, 0) >= 0) {
		p.Hidden = true // no text
		return p
	}
	b := s.decodeText(file, p)
	cut := split(b)
	if o.label != posts && !cut.found {
		p.Hidden = true // Jekyll copies it as it is
		return p
	}
	if cut.open {
		p.Open = true
		return p.Reject(cut.headerLine-1, "the front matter has no end: close it with a line ---")
	}
	if len(cut.header) > maxHeader {
		return p.Reject(cut.headerLine, "the front matter is larger than %d KiB", maxHeader>>10)
	}
	front, m := readHeader(cut.header)
	if m != nil {
		line := cut.headerLine
		if m.line > 0 {
			line += m.line - 1
		}
		p.Repair(line, "%s", m.reason)
	}
	d := doc{
		site: s, origin: o, front: front, defaults: s.defaultsFor(rel, o.inner, o.label), name: name, dated: dated, cut: cut,
		post: p, path: rel, near: f, now: f.Now, fileTime: f.ModTime,
	}
	if d.withheld() || !s.drafts && d.get("draft").isTrue() {
		p.Hidden = true
		return p
	}
	d.item()
	if p.Rejected != nil {
		return p
	}
	p.Change.Key = rel
	for _, key := range []string{"guid", "id"} {
		if id := front.get(key).str(); id != "" && len(id) <= feeds.MaxKey && utf8.ValidString(id) {
			p.Change.Key = id
			break
		}
	}
	if len(p.Change.Wish) > feeds.MaxID {
		p.Change.Wish = ""
	}
	return p
}

// withheld reports whether the author says that it is not published.
func (d *doc) withheld() bool {
	published := d.get("published")
	return !d.site.unpublished && (published.isFalse() || published.kind == null && d.label == posts)
}

const badName = "no date in the file name: name it like 2022-01-31-title.md"

// doc is a post on its way to an item.
type doc struct {
	*post
	origin
	site            *site
	front, defaults fields
	name            fileName
	dated           bool // the name begins with a date
	cut             parts
	fileTime        time.Time // when the file was changed; zero if nobody knows
	path            string    // of the file, below the root
	near            nearby
	now             time.Time
	// moment is the date of addresses and templates.
	moment time.Time
	// url is the path of the post's page; id is the same without the end, as Jekyll has it.
	url, id string
	// bare: only the address is wanted.
	bare bool
	// view is how its templates see the site; outer is that of the document that shows this one.
	view, outer *view
	// excerpting: its excerpt is being made.
	excerpting bool
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

func (d *doc) item() {
	s := d.site
	published, from, ok := d.published(d.now)
	if !ok {
		return
	}
	it := &feeds.Item{Published: published, Language: d.get("lang").str()}
	if from != "" {
		it.Because("date", from)
	}
	d.Change.Item = it
	d.Change.Hold = !s.future && published.After(d.now)
	if published.IsZero() {
		published = d.fileTime // for the address and what templates show
	}
	d.moment = published
	if v := d.get("last_modified_at"); v.kind == text {
		t, zone, err := s.dates.parse(v)
		if err != nil {
			d.Repair(d.line(v), "last_modified_at is %v", err)
		} else if t.After(published) {
			it.Updated = t
			it.Because("updated", d.from("last_modified_at", v, zone))
		}
	} else if s.fileDates && d.fileTime.After(published) {
		it.Updated = d.fileTime
		it.Because("updated", "file time")
	}
	slug := d.get("slug").str()
	if slug == "" {
		slug = d.name.slug
	}
	if v := d.get("title"); v.kind == text {
		it.Title = s.smartTitle(v.str())
	} else {
		it.Title = s.smartTitle(titleize(d.name.slug))
	}
	it.Categories = categories(d.categoryDirs(), d.defaults, d.front)
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
	d.address(slug)
	if d.bare {
		return
	}
	if d.label != posts { // so that there is a feed of the collection
		defer func() { it.Categories = union(it.Categories, []string{d.label}) }()
	}
	d.image()
	d.content()
}

// from tells where a date of the front matter is, or of the defaults of the configuration, for the trace.
func (d *doc) from(key string, v value, zone zoned) string {
	where := key + " of defaults"
	if d.front.get(key).kind == text {
		where = "line " + strconv.Itoa(d.line(v))
	}
	if zone != stated {
		where += feeds.NoZone
	}
	return where
}

// published is the date of the document: the front matter's, else the file name's, else for a draft when its file was
// changed. A document of a collection may have none: it counts from when it was first seen. from says which.
func (d *doc) published(now time.Time) (t time.Time, from string, ok bool) {
	s := d.site
	v := d.get("date")
	t, zone, err := s.dates.parse(v)
	if err == nil {
		d.warnZoneless(v, t, zone == asUTC, now)
		return t, d.from("date", v, zone), true
	}
	took, from := "took the day of the file name", "file name"
	t, named := d.name.date(s.dates)
	switch {
	case named && d.dated:
	case d.draft:
		t, took, from = s.dates.show(d.fileTime), "took the time of the file", "file time"
		if d.fileTime.IsZero() {
			t, from = time.Time{}, ""
		}
	case d.label != posts:
		t, took, from = time.Time{}, "it counts from when it was first seen", ""
	case v.kind != text:
		d.Reject(0, "no date: the front matter has none and the file name says %04d-%02d-%02d", d.name.year, d.name.month, d.name.day)
		return t, "", false
	default:
		d.Reject(d.line(v), "date is %v, and the file name says %04d-%02d-%02d", err, d.name.year, d.name.month, d.name.day)
		return t, "", false
	}
	switch v.kind {
	case none:
	case null:
		d.Repair(d.line(v), "date is empty: %s", took)
	default:
		d.Repair(d.line(v), "date is %v: %s", err, took)
	}
	return t, from, true
}

// warnZoneless reports a post that lies ahead only because its date has no zone.
func (d *doc) warnZoneless(v value, t time.Time, zoneless bool, now time.Time) {
	if !zoneless || d.site.dates.zone == nil || !t.After(now) {
		return
	}
	site := d.site.dates
	site.asSite = true
	if local, _, err := site.parse(v); err == nil && !local.After(now) {
		d.Repair(d.line(v), "date %s has no zone, so Jekyll reads it as UTC and the post waits until %s: "+
			"add the zone, or set zoneless_dates: site", v.str(), t.Format(time.RFC3339))
	}
}

// address sets the post's page and the ID that jekyll-feed gives it.
func (d *doc) address(slug string) {
	s := d.site
	p := place{
		path: d.clean(d.name.ext), collection: d.label,
		slug: slug, base: d.name.base, outputExt: d.name.ext,
		categories: d.Change.Item.Categories,
		date:       d.moment,
	}
	if s.dates.zone == nil {
		p.date = p.date.UTC()
	}
	if s.isMarkdown(d.name.ext) {
		p.outputExt = ".html"
	}
	template := d.collection.permalink
	if v := d.get("permalink"); v.str() != "" {
		template = v.str()
	}
	url, unknown := p.expand(template)
	if unknown != "" {
		d.Repair(d.line(d.front.get("permalink")), "permalink %s is not known to Jekyll", unknown)
	}
	d.url, d.id = url, dir(url)+"/"+strings.TrimLeft(slug, "/")
	if s.origin == "" {
		return
	}
	d.Change.Base = s.absolute(url)
	if d.output {
		d.Change.Item.URL = d.Change.Base
	}
	d.Change.Wish = s.idOrigin + s.base + normalise(d.id)
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
	d.Change.Item.Image = src
}

func (s *site) isMarkdown(ext string) bool { return s.markdown[strings.ToLower(ext)] }

// isHTML reports whether posts with this extension are taken as they are.
func isHTML(ext string) bool { return oneOf(ext, ".html", ".htm", ".xhtml") }

// content renders the body, and the summary where the author states one.
func (d *doc) content() {
	s, it := d.site, d.Change.Item
	r := renderer{site: s, markdown: s.isMarkdown(d.name.ext)}
	body := d.expand(string(d.cut.body), d.cut.bodyLine, false)
	html, err := r.render(body)
	if err != nil {
		d.Reject(d.cut.bodyLine, "%v", err)
		return
	}
	for _, n := range r.notes {
		line := d.cut.bodyLine + max(n.Line-1, 0)
		if len(body) != len(d.cut.body) {
			line = 0 // Liquid moved the lines
		}
		d.Repair(line, "%s", n.Text)
	}
	it.Content = html
	if it.Original = d.get(s.original).str(); it.Original == "" && r.markdown {
		it.Original = sources.LastLink(html, s.origin)
	}
	sep := d.separator()
	only := s.excerptOnly
	if v := d.get("feed").fields.get("excerpt_only"); v.kind == text {
		only = v.isTrue()
	}
	stated := d.get("description").str()
	if stated == "" {
		stated = d.get("excerpt").str()
	}
	if only || stated == "" {
		most := len(d.cut.body)
		if !only && sep == defaultSeparator {
			most = maxBlock
		}
		if head, ok := excerpt(d.cut.body, sep, most); ok {
			d.excerpting = true
			text := d.expand(string(head), d.cut.bodyLine, true)
			d.excerpting = false
			if html, err = r.render(text); err != nil {
				d.Reject(d.cut.bodyLine, "%v", err)
				return
			}
			it.Summary = html
			if only {
				it.Content = html
			}
		}
	}
	if stated != "" {
		it.Summary = stated
	}
}

// separator ends the excerpt.
func (d *doc) separator() string {
	if v := d.get("excerpt_separator"); v.kind == text {
		return v.text
	}
	return d.site.separator
}

// markdown makes HTML of a text in the middle of a post.
func (d *doc) markdown(s string) (string, error) {
	r := renderer{site: d.site, markdown: true}
	return r.render(s)
}

// peek reads another document as far as its date, labels and address; ok is false if the file is none.
func (s *site) peek(rel string, file []byte, now, fileTime time.Time) (d *doc, ok bool) {
	o, ok := s.locate(rel)
	name, dated := parseName(path.Base(rel))
	if !ok || !dated && o.label == posts && !o.draft {
		return nil, false
	}
	p := &post{}
	cut := split(s.decodeText(file, p))
	front, _ := readHeader(cut.header)
	d = &doc{
		site: s, origin: o, front: front, defaults: s.defaultsFor(rel, o.inner, o.label), name: name, dated: dated, cut: cut,
		post: p, path: rel, now: now, fileTime: fileTime, bare: true,
	}
	d.item()
	return d, p.Rejected == nil
}
