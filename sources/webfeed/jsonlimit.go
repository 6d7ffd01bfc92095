package webfeed

import (
	"bytes"
	"fmt"
)

// Limits of a JSON document.
const (
	maxNesting = 100     // objects and arrays inside each other
	maxValues  = 300_000 // members of objects and elements of arrays
)

// limitJSON takes the items beyond maxItems out of a JSON Feed, before anything keeps it: left counts them. It refuses
// what is nested too deeply or has too many members.
func limitJSON(text []byte) (limited []byte, left int, err error) {
	var (
		depth, values int
		key           []byte // the last string in the outermost object
		inItems       bool
		items         int
		from          = -1 // where the items too many begin
	)
	limited = text
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '"':
			start := i + 1
			for i++; i < len(text) && text[i] != '"'; i++ {
				if text[i] == '\\' {
					i++
				}
			}
			if depth == 1 {
				key = text[start:min(i, len(text))]
			}
		case '{', '[':
			if depth++; depth > maxNesting {
				return nil, 0, fmt.Errorf("parse JSON: more than %d levels inside each other", maxNesting)
			}
			if depth == 2 {
				inItems = text[i] == '[' && bytes.Equal(key, []byte("items"))
			}
		case '}', ']':
			if depth == 2 && inItems && from >= 0 {
				limited, left = append(bytes.Clone(text[:from]), text[i:]...), items-maxItems
				inItems, from = false, -1
				text, i = limited, len(limited)-len(text)+i
			}
			depth--
		case ',':
			if depth == 2 && inItems {
				if items = max(items, 1) + 1; items == maxItems+1 {
					from = i
				}
			}
			if from < 0 {
				if values++; values > maxValues {
					return nil, 0, fmt.Errorf("parse JSON: more than %d values", maxValues)
				}
			}
		}
	}
	return limited, left, nil
}
