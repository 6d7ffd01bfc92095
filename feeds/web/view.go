package web

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/unicode/norm"

	"feedmill/feeds"
	"feedmill/feeds/match"
)

// view is what the query of an address makes of a topic's document: which items, in which order, how much of each. The
// zero view is the document as it is.
type view struct {
	filter *match.Filter
	words  match.Words
	since  since
	// after is the cursor of a poller, who has all up to there in the order of arrival; before is where a page continues,
	// newer, on pages for people, the place that one ends at which leads back.
	after, before, newer feeds.Pos
	// limit is how many items are shown; 0 for as many as usual.
	limit            int
	arrival, summary bool
	// query is the view in its canonical spelling, escaped; empty for the zero view.
	query string
}

// paramError is what is wrong with one parameter: the whole sentence, and the reason alone for the form that has the field.
type paramError struct{ name, text, reason string }

func (e *paramError) Error() string { return e.text }

// viewParams are the parameters of a view, in the order of its canonical spelling.
var viewParams = []string{
	"q", "category", "tag", "author", "source", "lang", "not", "since", "after", "before", "newer", "limit", "dates", "content",
}

// feedParams are those that documents for programs take.
var feedParams = slices.DeleteFunc(slices.Clone(viewParams), func(name string) bool { return name == "newer" })

// listParams are those that may be given several times: one of them has to hold.
var listParams = []string{"category", "tag", "author", "source", "lang"}

// plain reports whether this is the document as it is.
func (v *view) plain() bool { return v.query == "" }

// filters reports whether items have to be looked at one by one.
func (v *view) filters() bool { return v.filter != nil && !v.filter.Empty() }

func (v *view) order() (o feeds.Order) {
	if v.arrival || !v.after.IsZero() {
		o = feeds.ByArrival
	}
	if !v.newer.IsZero() {
		o |= feeds.Rising
	}
	return o
}

// parseView reads the parameters of a view. Its error names the parameter and says what to write.
func (c *config) parseView(q url.Values) (view, error) {
	var v view
	canonical := url.Values{}
	one := func(name string, parse func(s string) (string, error)) error {
		s := strings.TrimSpace(q.Get(name))
		if s == "" {
			return nil // a form sends its empty fields, too
		}
		spelt, err := parse(norm.NFC.String(s))
		if err != nil {
			return &paramError{name, fmt.Sprintf("query parameter %q is %q: %v", name, s, err), err.Error()}
		}
		if spelt != "" {
			canonical.Set(name, spelt)
		}
		return nil
	}
	text := func(to *string) func(string) (string, error) {
		return func(s string) (string, error) {
			*to = strings.Join(strings.Fields(s), " ")
			return *to, nil
		}
	}
	for _, err := range []error{
		one("q", text(&v.words.Q)),
		one("not", text(&v.words.Not)),
		one("since", func(s string) (_ string, err error) {
			v.since, err = parseSince(strings.ToLower(s))
			return v.since.text, err
		}),
		one("after", func(s string) (_ string, err error) {
			if v.after, err = parsePos(s); err != nil {
				err = errors.New(`it is no cursor: take the one that the JSON Feed has as "after" in "_feedmill"`)
			}
			return s, err
		}),
		one("before", func(s string) (_ string, err error) {
			v.before, err = parsePos(s)
			return s, err
		}),
		one("newer", func(s string) (_ string, err error) {
			v.newer, err = parsePos(s)
			return s, err
		}),
		one("limit", func(s string) (_ string, err error) {
			v.limit, err = strconv.Atoi(s)
			if err != nil || v.limit < 1 || v.limit > maxWindow {
				err = fmt.Errorf("write a number from 1 to %d", maxWindow)
			}
			return strconv.Itoa(v.limit), err
		}),
		one("dates", word(&v.arrival, "arrival", "source")),
		one("content", word(&v.summary, "summary", "full")),
	} {
		if err != nil {
			return view{}, err
		}
	}
	for _, l := range []struct {
		name string
		to   *match.List
		fold func(string) string
	}{
		{"category", &v.words.Category, feeds.Fold},
		{"tag", &v.words.Tag, feeds.Fold},
		{"author", &v.words.Author, match.Fold},
		{"source", &v.words.Source, feeds.Fold},
		{"lang", &v.words.Lang, strings.ToLower},
	} {
		for _, s := range q[l.name] {
			s = l.fold(norm.NFC.String(strings.TrimSpace(s)))
			if s != "" && (l.name == "category" || l.name == "tag") {
				s = c.renamed(feeds.NewTopic(l.name, s)).Name
			}
			if s != "" && !slices.Contains(*l.to, s) {
				*l.to = append(*l.to, s)
			}
		}
		if len(*l.to) > 0 {
			slices.Sort(*l.to)
			canonical[l.name] = *l.to
		}
	}
	for _, pair := range [][2]string{{"after", "before"}, {"after", "newer"}, {"newer", "before"}} {
		if canonical.Has(pair[0]) && canonical.Has(pair[1]) {
			return view{}, wrongly("together", pair[0], pair[1])
		}
	}
	var err error
	if v.filter, err = match.Compile(v.words); err != nil {
		name, reason, _ := strings.Cut(err.Error(), ": ")
		return view{}, &paramError{name, fmt.Sprintf("query parameter %q: %s", name, reason), reason}
	}
	v.query = spell(canonical)
	return v, nil
}

// renamed is the topic that a label leads to: itself, or that of the name it has now.
func (c *config) renamed(t feeds.Topic) feeds.Topic {
	if to, ok := c.moved(t.Path()); ok {
		if topic, _, err := feeds.ParsePath(to); err == nil && topic.Kind == t.Kind && c.tells(topic) {
			return topic
		}
	}
	return t
}

// word reads a parameter that takes one of two words; the second is what holds without it.
func word(to *bool, yes, no string) func(string) (string, error) {
	return func(s string) (string, error) {
		switch s {
		case yes:
			*to = true
			return yes, nil
		case no:
			return "", nil
		}
		return "", fmt.Errorf("write %s or %s", yes, no)
	}
}

// spell writes the parameters of a view in their canonical order.
func spell(q url.Values) string {
	var b strings.Builder
	for _, name := range viewParams {
		for _, s := range q[name] {
			if b.Len() > 0 {
				b.WriteByte('&')
			}
			b.WriteString(name + "=" + url.QueryEscape(s))
		}
	}
	return b.String()
}

// values are the parameters of the view.
func (v *view) values() url.Values {
	q, err := url.ParseQuery(v.query)
	if err != nil {
		panic(err) // spell wrote it
	}
	return q
}

// whole is the query without the place that a page continues from.
func (v *view) whole() string { return v.from("", feeds.Pos{}) }

// from is the query that continues from a place, in one of the two directions.
func (v *view) from(name string, at feeds.Pos) string {
	q := v.values()
	q.Del("before")
	q.Del("newer")
	if name != "" {
		q.Set(name, posText(at))
	}
	return spell(q)
}

// with is the query with one parameter set; an empty value takes it out.
func (v *view) with(name, value string) string {
	q := v.values()
	if q.Del(name); value != "" {
		q.Set(name, value)
	}
	return spell(q)
}

// String is the view for the title of its document.
func (v *view) String() string {
	s := ""
	if v.filters() {
		s = strings.Trim(v.filter.String(), "{}")
	}
	if v.since.text != "" {
		s = strings.TrimPrefix(s+", since: "+v.since.text, ", ")
	}
	return s
}

// since is the age from which items are too old: so many whole hours or days ago, or a date.
type since struct {
	text string
	date time.Time
	step time.Duration
	n    int
}

const wantSince = "write hours such as 24h, days such as 7d, or a date such as 2026-11-01"

func parseSince(s string) (since, error) {
	out := since{text: s}
	if date, err := time.Parse(time.DateOnly, s); err == nil {
		out.date = date
		return out, nil
	}
	for _, unit := range []struct {
		letter string
		step   time.Duration
		most   int
	}{{"h", time.Hour, 9999}, {"d", 24 * time.Hour, 9999}} {
		if digits, ok := strings.CutSuffix(s, unit.letter); ok {
			n, err := strconv.Atoi(digits)
			if err != nil || n < 1 || n > unit.most {
				break
			}
			out.text, out.step, out.n = strconv.Itoa(n)+unit.letter, unit.step, n
			return out, nil
		}
	}
	return since{}, errors.New(wantSince)
}

// bounds are the first second that is new enough (the least there is without a since), and when that second moves on; zero
// for never. Days begin at midnight, UTC.
func (s since) bounds(now time.Time) (first, until int64) {
	switch {
	case s.step > 0:
		begin := now.UTC().Truncate(s.step)
		return begin.Add(-time.Duration(s.n) * s.step).Unix(), begin.Add(s.step).Unix()
	case !s.date.IsZero():
		return s.date.Unix(), 0
	}
	return math.MinInt64, 0
}

// overlap is how far a poller's cursor stays behind the newest item it got, in seconds: what was stored a little earlier
// may become visible a little later, and an item twice is better than none.
const overlap = 10

// cursorAfter is the cursor of a poller that has these items of a document that no cursor led to.
func cursorAfter(items []feeds.Item) feeds.Pos {
	var p feeds.Pos
	for i := range items {
		if s := items[i].Arrived.Unix() - overlap; i == 0 || s > p.Second {
			p.Second = s
		}
	}
	return p
}

// cursorText writes a cursor for a document; empty for none.
func cursorText(p feeds.Pos) string {
	if p.IsZero() {
		return ""
	}
	return posText(p)
}

// posText writes a place for an address, parsePos reads it.
func posText(p feeds.Pos) string {
	return strconv.FormatInt(p.Second, 36) + "." + strconv.FormatUint(p.Seq, 36)
}

func parsePos(s string) (feeds.Pos, error) {
	a, b, _ := strings.Cut(s, ".")
	second, err := strconv.ParseInt(a, 36, 64)
	seq, err2 := strconv.ParseUint(b, 36, 64)
	p := feeds.Pos{Second: second, Seq: seq}
	if cmp.Or(err, err2) != nil || posText(p) != s || p.IsZero() {
		return feeds.Pos{}, errors.New("it is no place in a feed: take the address of the next page as the document has it")
	}
	return p, nil
}
