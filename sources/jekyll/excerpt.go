package jekyll

import (
	"bytes"
	"regexp"
	"slices"

	"feedmill/sources/internal/liquid"
)

const (
	// defaultSeparator is Jekyll's excerpt_separator: the excerpt is the first block.
	defaultSeparator = "\n\n"
	// maxBlock is the longest first block that is rendered for the summary, in bytes. A longer one begins with the same
	// words as the content, of which the summary is made then.
	maxBlock = 1200
)

// linkDef matches the definition of a reference link or footnote, as Jekyll does.
var linkDef = regexp.MustCompile(`(?m)^ {0,3}(\[[^\]\n]+\]):.+$`)

// excerpt is the part of a body before the separator; ok is false if there is none, as in a file whose lines end in CR LF
// where the separator is Jekyll's own, or if it is longer than most bytes. Liquid blocks that the cut leaves open are closed,
// and the definitions of links in it are kept.
func excerpt(body []byte, sep string, most int) (head []byte, ok bool) {
	if sep == "" {
		return nil, false
	}
	body = bytes.TrimLeft(body, "\n")
	head, tail, found := bytes.Cut(body, []byte(sep))
	if !found || len(head) > most || len(bytes.TrimSpace(tail)) == 0 {
		return nil, false
	}
	head = append([]byte{}, head...)
	if bytes.Contains(head, []byte("{%")) {
		head = closeBlocks(head)
	}
	own, first := len(head), true
	if !bytes.Contains(head, []byte("[")) {
		return head, true
	}
	for _, m := range linkDef.FindAllSubmatch(tail, -1) {
		if !bytes.Contains(head[:own], m[1]) {
			continue
		}
		if first {
			head, first = append(head, '\n'), false
		}
		head = append(append(head, '\n'), bytes.TrimSpace(m[0])...)
	}
	return head, true
}

// liquidTag matches a tag, as Jekyll does where it cuts an excerpt.
var liquidTag = regexp.MustCompile(`(?s)\{%-?\s*(\w+)\s*.*?-?%\}`)

// closeBlocks ends the Liquid blocks that begin in head and of which no end stands in it, as Jekyll does.
func closeBlocks(head []byte) []byte {
	blocks := liquid.Blocks()
	tags := liquidTag.FindAllSubmatch(head, -1)
	ended := map[string]bool{}
	for _, m := range tags {
		ended[string(m[1])] = true
	}
	for _, m := range slices.Backward(tags) {
		name := string(m[1])
		if blocks[name] && !ended["end"+name] {
			ended["end"+name] = true
			head = append(head, "\n{% end"+name+" %}"...)
		}
	}
	return head
}
