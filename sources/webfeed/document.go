package webfeed

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"

	"github.com/cespare/xxhash/v2"
	"github.com/mmcdole/gofeed/atom"
	"github.com/mmcdole/gofeed/json"
	"github.com/mmcdole/gofeed/rss"

	"feedmill/feeds"
	"feedmill/sources"
	"feedmill/sources/fetch"
	"feedmill/sources/internal/dates"
)

// parseTimeout bounds the parsing of one document. 15 MiB take about half a second.
const parseTimeout = 20 * time.Second

// Hint is what is known of a document besides its bytes.
type Hint struct {
	// ContentType is the Content-Type header, for its charset.
	ContentType string
	// URL is where the document came from, after redirects; relative addresses are resolved against it.
	URL string
	// Zone is for dates without a zone; nil means UTC.
	Zone *time.Location

	// shared are keys that earlier documents used for several entries.
	shared map[string]bool
}

// Document is a feed as it states itself.
type Document struct {
	// Format is the format with its version, such as "Atom 1.0", and Encoding the encoding the document was in.
	Format, Encoding string
	About            feeds.About
	// Changes are the entries in the order of the document, each under its native key.
	Changes []feeds.Change
	// Rejected are entries that cannot be used, or were mended.
	Rejected []sources.Rejected
	// Pause is how long the feed asks to be left alone after a fetch (ttl, sy:updatePeriod), 0 for no wish.
	Pause time.Duration
	// Hub is whom to ask to be told of news (WebSub), Topic the address that the feed goes by there; empty if it does not say.
	Hub, Topic string
	// Cut says that the document ends in the middle: what is missing will come with another fetch.
	Cut bool

	skip    sources.Skip
	entries []*entry
	shared  []string // keys that stand for several entries
}

// ParseDocument reads a feed document: RSS 0.9x, 1.0 and 2.0, Atom 0.3 and 1.0, JSON Feed 1. An entry that only says
// when it was updated is published at that time. What is no feed is an error that names what it is.
func ParseDocument(ctx context.Context, body []byte, hint Hint) (*Document, error) {
	text, encoding, err := decode(body, hint.ContentType)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, parseTimeout)
	defer cancel()
	type result struct {
		doc *Document
		err error
	}
	// The parser takes no context, so it runs beside; after a time-out its reader fails and it ends by itself.
	done := make(chan result, 1)
	go func() {
		defer func() {
			if r := recover(); r != nil {
				done <- result{nil, fmt.Errorf("the parser failed on this document: %v", r)}
			}
		}()
		doc, err := parse(ctx, text, hint)
		done <- result{doc, err}
	}()
	select {
	case r := <-done:
		if r.err != nil {
			return nil, r.err
		}
		r.doc.Encoding = encoding
		return r.doc, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("parse: %w", ctx.Err())
	}
}

// parser turns a native model into a Document.
type parser struct {
	doc    *Document
	hint   Hint
	dates  dates.Reader
	base   *url.URL // of the document
	home   *url.URL // the feed's own page, or base
	origin feeds.Origin
	// podcast is the prefix of the podcast namespace.
	podcast string
}

func parse(ctx context.Context, text []byte, hint Hint) (*Document, error) {
	p := &parser{doc: &Document{}, hint: hint, dates: dates.Reader{Zone: hint.Zone}, base: &url.URL{}}
	if u, err := url.Parse(hint.URL); err == nil && (u.Scheme == "http" || u.Scheme == "https") {
		// Without its query, which may hold a key: a link to "#note" would publish it.
		p.base = &url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path, RawPath: u.RawPath}
	}
	p.home = p.base
	if text[0] == '{' {
		if err := p.parseJSON(text); err != nil {
			return nil, err
		}
		return p.finish(), nil
	}
	if text[0] != '<' {
		return nil, notFeed(text, "", p.base)
	}
	if err := p.xml(ctx, text); err != nil {
		return nil, err
	}
	return p.finish(), nil
}

// xml reads a document in XML. One that is not well-formed, as the outline or the parser finds, is mended first.
func (p *parser) xml(ctx context.Context, text []byte) error {
	o, err := survey(text)
	if err != nil {
		return fmt.Errorf("parse XML: %w", err)
	}
	if !isFeed(o.root) || other(text, o.root) != "" {
		return notFeed(text, o.root, p.base)
	}
	damage := o.damage
	if damage == "" {
		if err = p.format(ctx, o); err == nil || ctx.Err() != nil {
			return err
		}
		damage = syntax(err)
	}
	seen, left, large := len(o.spots), o.left, o.large
	if o.rest != nil {
		text = o.rest
	}
	mended, cut := mend(text)
	if cut && damage != "it ends in the middle" {
		damage += ", and it ends in the middle"
	}
	if o, err = survey(mended); err == nil {
		o.left, o.large = o.left+left, o.large+large
		err = p.format(ctx, o)
	}
	switch {
	case err != nil:
		return fmt.Errorf("%w (it is not well-formed: %s)", err, damage)
	case len(p.doc.entries) == 0 && (cut || seen > 0):
		return fmt.Errorf("parse %s: it is not well-formed (%s), and no entry in it is whole", p.doc.Format, damage)
	}
	p.doc.Cut = cut
	p.reject("", "it is not well-formed XML ("+damage+"): what can be understood was read", true)
	return nil
}

// isFeed says that a root, or what should stand in one, is that of a feed.
func isFeed(root string) bool {
	switch root {
	case "rss", "rdf", "feed", "channel", "item", "entry":
		return true
	}
	return false
}

// syntax is the cause of a parse error for people.
func syntax(err error) string {
	e := (*xml.SyntaxError)(nil)
	if errors.As(err, &e) {
		return fmt.Sprintf("line %d: %s", e.Line, e.Msg)
	}
	return err.Error()
}

// format has the parser of the format read the document, and maps what it finds.
func (p *parser) format(ctx context.Context, o *outline) error {
	switch o.root {
	case "feed":
		f, err := native(ctx, o, (&atom.Parser{}).Parse, func(f *atom.Feed) int { return len(f.Entries) })
		if err != nil {
			return fmt.Errorf("parse Atom: %w", err)
		}
		if len(f.Entries) == 0 && len(o.spots) > 0 {
			return errors.New("parse Atom: its entries are in an unknown namespace")
		}
		p.atom(f, o)
	default:
		f, err := native(ctx, o, (&rss.Parser{}).Parse, func(f *rss.Feed) int { return len(f.Items) })
		if err != nil {
			return fmt.Errorf("parse RSS: %w", err)
		}
		p.rss(f, o)
	}
	if o.entities {
		p.reject("", "its DOCTYPE defines entities, which are not expanded", true)
	}
	if o.left > 0 {
		p.tooMany(len(o.spots), o.left)
	}
	if o.large > 0 {
		p.reject("", fmt.Sprintf("%d entries have more than %d MiB each: they were left out", o.large, maxEntry>>20), true)
	}
	return nil
}

// native has gofeed parse the document without its long texts. Where it finds something else than the outline did, or an
// error, which has to name the right line, it sees them as well.
func native[F any](ctx context.Context, o *outline, parse func(io.Reader) (F, error), entries func(F) int) (F, error) {
	f, err := parse(&reader{ctx, o.text})
	if o.whole != nil && (err != nil || entries(f) != len(o.spots)) {
		o.see()
		f, err = parse(&reader{ctx, o.text})
	}
	return f, err
}

// rebase resolves what the document says of its own base (XML Base §4).
func (p *parser) rebase(bases []string) {
	for _, b := range bases {
		p.base = under(p.base, b)
	}
}

// settle sets what the addresses in entries are relative to: the base that the document states, else its home page, else
// where it came from.
func (p *parser) settle(home string, bases []string) {
	if p.home = p.base; len(bases) == 0 {
		p.home = under(p.base, home)
	}
}

func (p *parser) parseJSON(text []byte) error {
	text, left, err := limitJSON(text)
	if err != nil {
		return err
	}
	f, err := (&json.Parser{}).Parse(bytes.NewReader(text))
	if err != nil {
		var mended bool
		if f, mended = mendJSON(text); !mended {
			return fmt.Errorf("parse JSON Feed: %w", err)
		}
		p.reject("", "members of a wrong type were converted or left out, such as "+wrongMember(err), true)
	}
	if !strings.Contains(f.Version, "jsonfeed.org/version/") {
		return errors.New("a JSON answer that is no JSON Feed: it has no version of jsonfeed.org")
	}
	if left > 0 {
		p.tooMany(len(f.Items), left)
	}
	p.json(f)
	p.jsonHub(text)
	return nil
}

func (p *parser) tooMany(read, left int) {
	p.reject("", fmt.Sprintf("it holds %d entries, more than can be read at once: the last %d were left out", read+left, left), true)
}

// reject reports something about the document, or about one entry in it.
func (p *parser) reject(where, reason string, repaired bool) {
	if where == "" {
		if where = p.hint.URL; isURL(where) {
			where = fetch.Redact(where)
		}
	}
	p.doc.Rejected = append(p.doc.Rejected, sources.Rejected{Where: where, Reason: reason, Repaired: repaired})
}

// finish gives the entries their keys and makes changes of them.
func (p *parser) finish() *Document {
	d := p.doc
	d.entries, d.shared = identify(d.entries, p.hint.shared)
	d.Changes = make([]feeds.Change, 0, len(d.entries))
	for _, e := range d.entries {
		d.Changes = append(d.Changes, e.change())
		if e.problem != "" {
			p.reject(e.key, e.problem, true)
		}
	}
	return d
}

// reader ends when ctx does.
type reader struct {
	ctx  context.Context // of the one Parse call that reads from it
	text []byte
}

func (r *reader) Read(b []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	if len(r.text) == 0 {
		return 0, io.EOF
	}
	n := copy(b, r.text)
	r.text = r.text[n:]
	return n, nil
}

// entry is an entry on its way from the native model to a change.
type entry struct {
	// id is the guid, atom:id or JSON id as stated.
	id   string
	item feeds.Item
	base string
	// revisions says that the format allows an id twice, for two revisions of one entry (RFC 4287 §4.1.1).
	revisions bool
	// onlyUpdated says that Published is the date of an update, for want of another.
	onlyUpdated bool
	problem     string
	raw         uint64

	key, root, wish string // root is the key before entries that share it are told apart
}

func (e *entry) change() feeds.Change {
	it := e.item
	it.Title, it.Summary = literal(it.Title), literal(it.Summary)
	return feeds.Change{Key: e.key, Wish: e.wish, Raw: e.raw, Item: &it, Base: e.base}
}

// statement hashes what an entry says, field by field. Empty fields leave no trace, so that a field that is added
// some day does not make every entry look changed.
type statement struct{ d *xxhash.Digest }

func newStatement() statement { return statement{xxhash.New()} }

func (s statement) add(name string, values ...string) {
	for _, v := range values {
		if v != "" {
			_, _ = s.d.WriteString(name) // a hash does not fail
			_, _ = s.d.WriteString("\x00")
			_, _ = s.d.WriteString(v)
			_, _ = s.d.WriteString("\x00")
		}
	}
}

func (s statement) sum() uint64 {
	if n := s.d.Sum64(); n != 0 {
		return n
	}
	return 1 // 0 means that the source has no hash
}
