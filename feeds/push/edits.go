package push

import (
	"hash/fnv"
	"math/bits"
	"slices"
	"strings"
	"time"
	"unicode"

	"feedmill/feeds"
)

// repostEvery is how often an item is sent again at most, however often it changes.
const repostEvery = 24 * time.Hour

// print tells whether what is shown of an item has changed by more than noise.
type print struct {
	// Title and URL are hashes; of the title only letters and digits count.
	Title uint64 `json:"t"`
	URL   uint64 `json:"u"`
	// Text is such that similar texts have similar bits (Charikar's simhash over three letters).
	Text uint64 `json:"x"`
}

// textMoved is how many of the 64 bits differ at least when a text says something else: a corrected letter moves few, a sentence
// more, and two texts that have nothing in common half of them.
const textMoved = 12

func printOf(e *Entry) print {
	return print{Title: sum(letters(e.Title)), URL: sum(e.URL), Text: simhash(letters(e.Text))}
}

// differs says whether somebody who read the one would want to read the other.
func (p print) differs(q print) bool {
	return p.Title != q.Title || p.URL != q.URL || bits.OnesCount64(p.Text^q.Text) >= textMoved
}

// letters is s in lower case without what is neither letter nor digit.
func letters(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, s)
}

func sum(s string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(s))
	// FNV moves the upper bits of short texts little; the last step of splitmix64 spreads them.
	x := h.Sum64()
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// maxPrint is how much of a text counts, in bytes.
const maxPrint = 4 << 10

func simhash(s string) (out uint64) {
	r := []rune(strings.ToValidUTF8(s[:min(len(s), maxPrint)], ""))
	if len(r) == 0 {
		return 0
	}
	var votes [64]int
	for i := range max(1, len(r)-2) {
		h := sum(string(r[i:min(i+3, len(r))]))
		for b := range votes {
			votes[b] += int(h>>b&1)*2 - 1
		}
	}
	for b, v := range votes {
		if v > 0 {
			out |= 1 << b
		}
	}
	return out
}

// edits says whether changed items are of interest.
func (s *stream) edits() bool { return s.spec.Edits == Repost || s.spec.Edits == InPlace }

// edited says whether an item that changed is to be sent again, and how.
func (s *stream) edited(e *entry, it *feeds.Item) bool {
	sent := s.sent.get(e.id)
	if sent == nil {
		return false
	}
	shown := s.entry(it)
	if !sent.print.differs(printOf(&shown)) {
		return false
	}
	if s.spec.Edits == Repost {
		return sent.reposted.IsZero() || time.Since(sent.reposted) >= repostEvery
	}
	if _, can := s.spec.Target.(Editor); !can || sent.receipt == "" || !sent.alone {
		return false // a message of several items is not taken apart for one of them
	}
	e.edit = sent.receipt
	return true
}

// ring are the items that were delivered last.
type ring struct {
	by    map[string]*sentItem // by hash of the ID: IDs may be long
	order []string             // oldest first, from next on
	next  int
}

// sentItem is what is known of a delivered item.
type sentItem struct {
	receipt  Receipt
	alone    bool // the message had no other item
	print    print
	reposted time.Time
}

func newRing(records []record) ring {
	r := ring{by: map[string]*sentItem{}}
	slices.SortFunc(records, func(a, b record) int { return int(int64(a.Seq) - int64(b.Seq)) })
	for i := range records {
		r.add(&records[i])
	}
	return r
}

func (r *ring) get(id string) *sentItem { return r.by[hash(id)] }

// add takes over what a record says of its items.
func (r *ring) add(rec *record) {
	for i, id := range rec.Items {
		key := hash(id)
		it := r.by[key]
		if it == nil {
			it = &sentItem{}
			if len(r.order) < keepSent {
				r.order = append(r.order, key)
			} else {
				delete(r.by, r.order[r.next])
				r.order[r.next] = key
				r.next = (r.next + 1) % keepSent
			}
			r.by[key] = it
		}
		if rec.Receipt != "" {
			it.receipt, it.alone = rec.Receipt, len(rec.Items) == 1
		}
		if i < len(rec.Prints) {
			it.print = rec.Prints[i]
		}
		if rec.Edited {
			it.reposted = rec.Time
		}
	}
}
