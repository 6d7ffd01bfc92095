// Package match holds the words of a filter: which items a rule of a source, or an address with ?q= and its like, is about.
//
//	q         words that all occur in title, summary, text or labels; "a phrase" in quotes; -word or -"a phrase" must not
//	category  one of these labels; a label with parts, such as go/redis, is also its first part
//	tag       one of these
//	author    one of these, as a part of a name
//	source    one of these sources
//	lang      one of these languages: zh is also zh-CN
//	not       like q, and none of its words and phrases may occur
//
// Text is compared case-folded, width-folded and in NFC, runs of blanks as one; words are found anywhere in it, since
// Chinese and Japanese put no blanks between them.
package match

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
	"golang.org/x/text/width"

	"feedmill/feeds"
)

// List is a list of values of which one may stand alone in a configuration.
type List []string

// Words are the conditions of one filter; all that are given must hold.
type Words struct {
	Q        string `yaml:"q,omitempty" doc:"Words that all occur in title, summary, text or labels; quotes make a phrase, a minus forbids."`
	Category List   `yaml:"category,omitempty,flow" doc:"One of these categories."`
	Tag      List   `yaml:"tag,omitempty,flow" doc:"One of these tags."`
	Author   List   `yaml:"author,omitempty,flow" doc:"One of these authors."`
	Source   List   `yaml:"source,omitempty,flow" doc:"One of these sources."`
	Lang     List   `yaml:"lang,omitempty,flow" doc:"One of these languages; zh is also zh-CN."`
	Not      string `yaml:"not,omitempty" doc:"Words and phrases of which none occurs."`
}

// Limits of one filter: what is beyond is no question that a person asks.
const (
	maxTerms = 50
	maxText  = 1000 // bytes of q and not
)

// Filter is a compiled filter. Its zero value matches everything.
type Filter struct {
	words              Words
	want, reject       []string
	category, tag      []string // folded
	author, src, langs []string
}

// Compile checks the words. An error begins with the key that it is about.
func Compile(w Words) (*Filter, error) {
	f := &Filter{words: w}
	var err error
	if f.want, f.reject, err = terms(w.Q); err != nil {
		return nil, fmt.Errorf("q: %w", err)
	}
	not, twice, err := terms(w.Not)
	if err != nil {
		return nil, fmt.Errorf("not: %w", err)
	}
	if len(twice) > 0 {
		return nil, errors.New("not: a minus in it would say yes again; put the word into q")
	}
	f.reject = append(f.reject, not...)
	for _, l := range []struct {
		key  string
		from []string
		to   *[]string
		fold func(string) string
	}{
		{"category", w.Category, &f.category, label},
		{"tag", w.Tag, &f.tag, label},
		{"author", w.Author, &f.author, Fold},
		{"source", w.Source, &f.src, label},
		{"lang", w.Lang, &f.langs, strings.ToLower},
	} {
		if len(l.from) > maxTerms {
			return nil, fmt.Errorf("%s: %d of them, at most %d", l.key, len(l.from), maxTerms)
		}
		for _, s := range l.from {
			s = l.fold(strings.TrimSpace(s))
			if s == "" {
				return nil, fmt.Errorf("%s: an empty one matches nothing", l.key)
			}
			*l.to = append(*l.to, s)
		}
	}
	return f, nil
}

// terms splits a query into folded words and phrases, wanted and forbidden ones.
func terms(q string) (want, reject []string, err error) {
	if len(q) > maxText {
		return nil, nil, fmt.Errorf("%d bytes, at most %d", len(q), maxText)
	}
	// Typographic and full-width quotes and minuses are what Chinese keyboards and word processors write.
	q = strings.NewReplacer("“", `"`, "”", `"`, "„", `"`, "＂", `"`, "－", "-", "−", "-").Replace(q)
	for rest := strings.TrimSpace(q); rest != ""; rest = strings.TrimSpace(rest) {
		minus := false
		if len(rest) > 1 && rest[0] == '-' {
			minus, rest = true, rest[1:]
		}
		var term string
		if rest[0] == '"' {
			var closed bool
			if term, rest, closed = strings.Cut(rest[1:], `"`); !closed {
				return nil, nil, errors.New(`a quote is not closed; write "a phrase"`)
			}
		} else if i := strings.IndexFunc(rest, unicode.IsSpace); i >= 0 {
			term, rest = rest[:i], rest[i:]
		} else {
			term, rest = rest, ""
		}
		if term = Fold(term); term == "" {
			continue
		}
		if minus {
			reject = append(reject, term)
		} else {
			want = append(want, term)
		}
		if len(want)+len(reject) > maxTerms {
			return nil, nil, fmt.Errorf("more than %d words", maxTerms)
		}
	}
	return want, reject, nil
}

// Empty says that the filter has no condition.
func (f *Filter) Empty() bool {
	return len(f.want)+len(f.reject)+len(f.category)+len(f.tag)+len(f.author)+len(f.src)+len(f.langs) == 0
}

// Match says whether an item meets every condition.
func (f *Filter) Match(it *feeds.Item) bool {
	switch {
	case len(f.src) > 0 && !slices.Contains(f.src, feeds.Fold(it.Source)) && !slices.ContainsFunc(it.Also, func(c feeds.Copy) bool { return slices.Contains(f.src, feeds.Fold(c.Source)) }):
		return false
	case len(f.langs) > 0 && !slices.ContainsFunc(f.langs, func(l string) bool { return language(it.Language, l) }):
		return false
	case len(f.category) > 0 && !labelled(it.Categories, f.category), len(f.tag) > 0 && !labelled(it.Tags, f.tag):
		return false
	case len(f.author) > 0 && !written(it.Authors, f.author):
		return false
	case len(f.want)+len(f.reject) == 0:
		return true
	}
	text := textOf(it)
	for _, t := range f.want {
		if !strings.Contains(text, t) {
			return false
		}
	}
	for _, t := range f.reject {
		if strings.Contains(text, t) {
			return false
		}
	}
	return true
}

// String is the filter as the operator wrote it, such as {q: sponsored, lang: [en]}.
func (f *Filter) String() string {
	var parts []string
	add := func(key, value string) {
		if value != "" {
			parts = append(parts, key+": "+value)
		}
	}
	list := func(s []string) string {
		if len(s) < 2 {
			return strings.Join(s, "")
		}
		return "[" + strings.Join(s, ", ") + "]"
	}
	w := f.words
	add("q", w.Q)
	add("category", list(w.Category))
	add("tag", list(w.Tag))
	add("author", list(w.Author))
	add("source", list(w.Source))
	add("lang", list(w.Lang))
	add("not", w.Not)
	return "{" + strings.Join(parts, ", ") + "}"
}

// language says whether a tag is that of l or of a variant of it (RFC 4647 §3.3.1, basic filtering).
func language(tag, l string) bool {
	tag = strings.ToLower(tag)
	return tag == l || strings.HasPrefix(tag, l+"-")
}

func label(s string) string { return feeds.Fold(norm.NFC.String(s)) }

// labelled says that a label, or one above it ([feeds.Parent]), is one of wanted.
func labelled(labels, wanted []string) bool {
	for _, l := range labels {
		for ; l != ""; l = feeds.Parent(l) {
			if slices.Contains(wanted, feeds.Fold(l)) {
				return true
			}
		}
	}
	return false
}

func written(people []feeds.Person, wanted []string) bool {
	for _, p := range people {
		for _, s := range []string{p.Name, p.Email} {
			if s = Fold(s); s == "" {
				continue
			}
			for _, w := range wanted {
				if strings.Contains(s, w) {
					return true
				}
			}
		}
	}
	return false
}

// textOf is all that q looks through, folded.
func textOf(it *feeds.Item) string {
	var b strings.Builder
	for _, s := range []string{it.Title, it.Summary, plain(it.Content)} {
		b.WriteString(s)
		b.WriteByte('\n')
	}
	for _, list := range [][]string{it.Categories, it.Tags} {
		for _, s := range list {
			b.WriteString(s)
			b.WriteByte('\n')
		}
	}
	return Fold(b.String())
}

var entities = strings.NewReplacer("&lt;", "<", "&gt;", ">", "&#34;", `"`, "&quot;", `"`, "&#39;", "'", "&nbsp;", " ", "&amp;", "&")

// plain is the text of safe HTML. Inline elements part no word, others do.
func plain(html string) string {
	if html == "" {
		return ""
	}
	var b strings.Builder
	b.Grow(len(html))
	for {
		i := strings.IndexByte(html, '<')
		if i < 0 {
			break
		}
		b.WriteString(html[:i])
		end := strings.IndexByte(html[i:], '>')
		if end < 0 {
			html = ""
			break
		}
		name := strings.TrimPrefix(html[i+1:i+end], "/")
		if n := strings.IndexAny(name, " /"); n >= 0 {
			name = name[:n]
		}
		if !inline[name] {
			b.WriteByte(' ')
		}
		html = html[i+end+1:]
	}
	b.WriteString(html)
	return entities.Replace(b.String())
}

var inline = map[string]bool{
	"a": true, "abbr": true, "b": true, "bdi": true, "bdo": true, "cite": true, "code": true, "del": true, "dfn": true, "em": true,
	"i": true, "ins": true, "kbd": true, "mark": true, "q": true, "rp": true, "rt": true, "ruby": true, "s": true, "samp": true,
	"small": true, "span": true, "strong": true, "sub": true, "sup": true, "time": true, "u": true, "var": true, "wbr": true,
}

// Fold is the form in which texts are compared: width-folded, NFC, case-folded, blanks as one.
func Fold(s string) string {
	if folded, ok := foldEasy(s); ok {
		return folded
	}
	s = norm.NFC.String(cases.Fold().String(norm.NFC.String(width.Fold.String(s))))
	return strings.Join(strings.Fields(s), " ")
}

// foldEasy does it in one pass where every letter stands for itself: ASCII, full-width ASCII, Han, kana, Hangul and common
// punctuation. The general way takes ten times as long, and a rule looks at every text.
func foldEasy(s string) (string, bool) {
	var b strings.Builder
	b.Grow(len(s))
	blank := false
	for _, r := range s {
		switch {
		case r < 0x80:
			if r >= 'A' && r <= 'Z' {
				r += 'a' - 'A'
			}
		case r >= 0xff01 && r <= 0xff5e: // full-width ASCII
			if r -= 0xff01 - '!'; r >= 'A' && r <= 'Z' {
				r += 'a' - 'A'
			}
		case r == 0x3000: // the ideographic blank
			r = ' '
		case r >= 0x2010 && r <= 0x2027, r >= 0x3001 && r <= 0x3098, r >= 0x309b && r <= 0x30fe, r >= 0x3400 && r <= 0x9fff, r >= 0xac00 && r <= 0xd7a3:
		default:
			return "", false
		}
		switch r {
		case ' ', '\t', '\n', '\v', '\f', '\r':
			blank = true
			continue
		}
		if blank && b.Len() > 0 {
			b.WriteByte(' ')
		}
		blank = false
		b.WriteRune(r)
	}
	return b.String(), true
}
