package formattest

import (
	"bytes"
	"fmt"
	"mime"
	"regexp"
	"slices"
	"strings"

	"feedmill/feeds/lint"
)

// formats are what documents of a media type have to be.
var formats = map[string]lint.Format{
	"application/rss+xml": lint.RSS, "application/atom+xml": lint.Atom, "application/feed+json": lint.JSONFeed, "text/x-opml": lint.OPML,
}

// strict are the rules that others may break without harm, and documents of ours do not.
var strict = []string{"text-cr", "xml-declaration", "xml-unused", "json-version-first", "date-zone", "atom-updated-later", "rss-category-domain"}

// based finds xml:base in a start tag; in escaped HTML there is none.
var based = regexp.MustCompile(`<[a-z:]+ [^<>]*xml:base=`)

// Check holds a document of ours to the rules of package lint, errors, warnings and some more, and returns what is wrong with it:
// "RULE: line N: MESSAGE". mediaType may have parameters. Check has no clock: it does not see that a date is in the future.
func Check(doc []byte, mediaType string) []string {
	base, _, err := mime.ParseMediaType(mediaType)
	if err != nil {
		base = mediaType
	}
	var found []string
	report := lint.Check(lint.Input{Doc: doc})
	for _, f := range report.Findings {
		if f.Severity > lint.Info || slices.Contains(strict, f.Rule.ID) {
			found = append(found, fmt.Sprintf("%s: line %d: %s", f.Rule.ID, f.Line, f.Message))
		}
	}
	if want, ok := formats[base]; !ok || want != report.Format && len(found) == 0 {
		found = append(found, fmt.Sprintf("feedmill-type: the document of media type %q is %q", mediaType, report.Format))
	}
	if base != "application/feed+json" && !bytes.HasPrefix(doc, []byte(declaration)) {
		found = append(found, fmt.Sprintf("feedmill-form: the document does not start with %q", declaration))
	}
	if base != "application/feed+json" && based.Match(doc) {
		found = append(found, "feedmill-form: the document has xml:base, which readers resolve in different ways")
	}
	if !bytes.HasSuffix(doc, []byte("\n")) {
		found = append(found, "feedmill-form: the document does not end with a line end")
	}
	if report.Format == lint.JSONFeed && len(found) == 0 {
		found = checkExtension(doc)
	}
	return found
}

// rule is the rule that a finding names.
func rule(finding string) string {
	r, _, _ := strings.Cut(finding, ":")
	return r
}
