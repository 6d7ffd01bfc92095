package sources

import "strconv"

// cuts counts what a pass over HTML took out of it, for the item's trace.
type cuts [cutSorts]int

// Sorts of what is taken out.
const (
	cutScript    = iota
	cutStyle     // style sheets
	cutFrame     // embedded pages; a link stands in place of one that has an address
	cutTracker   // pictures that are there only to count readers
	cutHidden    // elements that their style hides, with all that is in them
	cutTag       // elements that have no place in a feed; of unknown ones the content stays
	cutAttribute // attributes that no element may have here
	cutSorts
)

var cutWords = [cutSorts]string{"script", "style", "frame", "tracker", "hidden", "tag", "attr"}

// cutOf is the sort of an element whose content is no markup.
func cutOf(el *element) int {
	switch el.name {
	case "script":
		return cutScript
	case "style":
		return cutStyle
	case "iframe":
		return cutFrame
	}
	return cutTag
}

// String is short, because every item keeps it: "1 script, 2 hidden, 14 attr". Empty for nothing.
func (c *cuts) String() string {
	var buf [96]byte
	b := buf[:0]
	for sort, n := range c {
		if n == 0 {
			continue
		}
		if len(b) > 0 {
			b = append(b, ", "...)
		}
		b = strconv.AppendInt(b, int64(n), 10)
		b = append(append(b, ' '), cutWords[sort]...)
	}
	return string(b)
}
