// Package lint reads a feed document as a strict validator does, and says what is wrong with it: RSS 2.0, Atom 1.0, JSON
// Feed 1.1 and OPML 2.0, what a server says beside them, and what Slack's own reader needs.
//
// A [Rule] is a declared value: its name, how bad it is, whose rule it is, and the function that looks. [Check] finds out what a
// document is by its content, runs the rules of that format and sorts what they found by line. It fetches nothing, and what it reads
// may be hostile: size, depth and number of elements are bounded, and so is what it reports.
package lint

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode"
)

// Severity says what a broken rule means for readers.
type Severity int

// Info is something that could be better, Warning something that some readers stumble over or that a profile advises against,
// Error a breach of the standard.
const (
	Info Severity = iota
	Warning
	Error
)

func (s Severity) String() string { return [...]string{"info", "warning", "error"}[s] }

// MarshalText writes the word, for JSON.
func (s Severity) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Source is where a rule stands.
type Source struct {
	Name string // "RFC 4287 §4.1.1"
	URL  string
}

// Rule is one thing that a document has to keep.
type Rule struct {
	// ID is the name of the rule, for good: format or field, a dash, what it is about.
	ID       string
	Severity Severity
	// Wants is the rule in a sentence.
	Wants string
	From  Source

	check func(*doc)
}

// Finding is a place where a document breaks a rule.
type Finding struct {
	// Line counts from 1; 0 is the document as a whole, or the answer that it came with.
	Line int
	Rule *Rule
	// Severity is that of the rule, or Error for a rule of Slack's when Input.Slack asks for them.
	Severity Severity
	Message  string
}

// Format is what a document is.
type Format string

// The formats that there are rules for, and Unknown for all else.
const (
	Unknown  Format = ""
	RSS      Format = "RSS 2.0"
	Atom     Format = "Atom 1.0"
	JSONFeed Format = "JSON Feed 1.1"
	OPML     Format = "OPML 2.0"
)

// Input is a document and what is known of it.
type Input struct {
	// Doc has at most [MaxBytes] bytes; of a larger one only that is said.
	Doc []byte
	// Answer is what a server said beside the document; nil for one that is no answer.
	Answer *Answer
	// Now decides which dates are in the future; zero leaves that out, so that the same document always has the same findings.
	Now time.Time
	// Slack says that Slack's reader is to read the document: what its rules find are errors then.
	Slack bool
}

// Answer is how a server gave a document out.
type Answer struct {
	// URL is the address that was asked, FinalURL the one that answered.
	URL, FinalURL string
	Header        http.Header
	// Repeated says that the document was asked for a second time with its validators, and Unchanged that the answer was 304.
	Repeated, Unchanged bool
}

// Bounds of what is read and reported.
const (
	// MaxBytes is the size of the largest document that is read.
	MaxBytes = 16 << 20
	// maxDepth and maxNodes bound elements, attributes and values.
	maxDepth = 100
	maxNodes = 1_000_000
	// maxPerRule is how many findings of a rule are reported one by one.
	maxPerRule = 20
)

// Report is what was found.
type Report struct {
	Format Format
	// Items counts items, entries or, of OPML, outlines with a feed.
	Items    int
	Findings []Finding
	// More counts what a rule found beyond its first 20, by rule.
	More map[string]int
}

// Worst is the highest severity found; ok is false when nothing was.
func (r *Report) Worst() (worst Severity, ok bool) {
	for _, f := range r.Findings {
		worst, ok = max(worst, f.Severity), true
	}
	return worst, ok
}

// Rules are all rules, in the order in which they are looked at.
func Rules() []*Rule {
	var out []*Rule
	for _, set := range [][]Rule{
		sizeRules, textRules, formatRules, xmlRules, htmlRules, dateRules, rssRules, atomRules, jsonSyntaxRules, jsonRules, opmlRules, pagingRules,
		mediaRules, slackRules, httpRules,
	} {
		for i := range set {
			out = append(out, &set[i])
		}
	}
	return out
}

// Check runs the rules that are for the document.
func Check(in Input) *Report {
	d := &doc{in: in, report: &Report{More: map[string]int{}}}
	if len(in.Doc) > MaxBytes {
		d.run(sizeRules)
		return d.report
	}
	d.read()
	d.run(sizeRules)
	d.run(textRules)
	d.run(formatRules)
	if d.markup {
		d.run(xmlRules)
	}
	if d.object {
		d.run(jsonSyntaxRules)
	}
	if d.broken == nil {
		switch d.report.Format {
		case RSS:
			d.run(rssRules)
		case Atom:
			d.run(atomRules)
		case JSONFeed:
			d.run(jsonRules)
		case OPML:
			d.run(opmlRules)
		}
		if d.report.Format != OPML && d.report.Format != Unknown {
			d.run(htmlRules)
			d.run(pagingRules)
			d.run(slackRules)
		}
		if f := d.report.Format; f == RSS || f == Atom {
			d.run(mediaRules)
		}
		if d.report.Format != Unknown {
			d.run(dateRules)
		}
	}
	if in.Answer != nil {
		d.run(httpRules)
	}
	slices.SortStableFunc(d.report.Findings, func(a, b Finding) int { return cmp.Compare(a.Line, b.Line) })
	return d.report
}

func (d *doc) run(set []Rule) {
	for i := range set {
		d.rule, d.count = &set[i], 0
		set[i].check(d)
		if d.count > maxPerRule {
			d.report.More[d.rule.ID] = d.count - maxPerRule
		}
	}
}

// fail reports that the rule under way is broken. What it quotes of a document must be cut: %.80q.
func (d *doc) fail(line int, format string, args ...any) {
	if d.count++; d.count > maxPerRule {
		return
	}
	severity := d.rule.Severity
	if d.in.Slack && strings.HasPrefix(d.rule.ID, "slack-") {
		severity = Error
	}
	// What a document says must not act on the terminal that the message is printed on.
	message := strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return '?'
		}
		return r
	}, fmt.Sprintf(format, args...))
	d.report.Findings = append(d.report.Findings, Finding{line, d.rule, severity, message})
}
