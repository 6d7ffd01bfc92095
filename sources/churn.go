package sources

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/cespare/xxhash/v2"

	"feedmill/feeds"
)

// The churn guard: an upstream that changes its scheme of guids, or moves to another domain, states everything it has
// again under keys that were never seen. Each would be news to every reader and bot. So what is new after the baseline is
// compared with what is published under keys that the source's document does not hold any more. A few entries that are
// plainly the same keep their identity by themselves; more of them wait for the operator, who says `feedmill absorb
// SOURCE` (they are the same) or `feedmill release SOURCE` (they are new).
const (
	// maxAbsorb is how many entries of one fetch may move to other keys by themselves.
	maxAbsorb = 5
	// maxTwins is how many published items are compared, the latest; more than documents of feeds hold.
	maxTwins = 1000
	// twinPage is how many of them are read at once, twinText how much of a text is compared, in runes.
	twinPage, twinText = 100, 8000
)

// Witness is what every Sink is, too. A source that emits differences only says with it which keys the document holds
// that it emits from: before its first Emit, and as far as it knows. Two entries that the document holds together are
// never taken for one. Without a word of it nothing is taken for what is known under another key.
type Witness interface {
	Present(keys ...string)
}

// Present implements Witness.
func (s *session) Present(keys ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.present == nil {
		s.present = make(map[string]struct{}, len(keys))
	}
	for _, key := range keys {
		s.present[CleanKey(key)] = struct{}{}
	}
}

// witnessed says whether the source tells what its document holds.
func (s *session) witnessed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.present != nil
}

// here says whether the document holds a key.
func (s *session) here(key string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, ok := s.present[key]
	return ok
}

// twin is an item that is published, with what can be compared without reading its text.
type twin struct {
	id string
	print
}

// print is what tells an item apart from others, whatever its key; 0 and the zero time for what it does not state.
type print struct {
	link, title, text uint64
	date              time.Time
}

// outlineOf is the print without the text, which costs by far the most. Addresses are compared without their host: it
// moves with a domain.
func outlineOf(it *feeds.Item) print {
	p := print{title: printText(it.Title), date: it.Published}
	if _, path := splitLink(it.URL); path != "" {
		p.link = xxhash.Sum64String(path)
	}
	return p
}

// printOf is the whole print. Texts are compared without their markup, which has addresses in it.
func printOf(it *feeds.Item) print {
	p := outlineOf(it)
	text := it.Summary
	if it.Content != "" {
		text = htmlText(it.Content, twinText)
	}
	if p.text = printText(text); p.text == p.title {
		p.text = 0 // a text that only repeats the title says nothing more
	}
	return p
}

func printText(s string) uint64 {
	s = strings.ToLower(foldSpace(s))
	if s == "" {
		return 0
	}
	return xxhash.Sum64String(s)
}

// splitLink cuts an address into the host and what stands behind it, without what only counts visits. A front page has no
// path: it is the page of many items.
func splitLink(address string) (host, path string) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return "", ""
	}
	host, path = strings.TrimPrefix(u.Host, "www."), strings.TrimRight(u.EscapedPath(), "/")
	if u.RawQuery != "" {
		q := u.Query()
		for name := range q {
			if strings.HasPrefix(name, "utm_") || name == "fbclid" || name == "gclid" {
				q.Del(name)
			}
		}
		if len(q) > 0 {
			path += "?" + q.Encode()
		}
	}
	return host, path
}

// same says whether two items are one under two keys: at least two of link, title, text and date are equal, and of those
// that both state none differs, or only one while the date is the same. A column that appears at one address under one
// title, each time with another date or another text, is no such case.
func (p print) same(o print) bool { return p.agrees(o, 0) }

// maySame says whether two items can be one when their texts, which an outline does not have, turn out to be equal.
func (p print) maySame(o print) bool { return p.agrees(o, 1) }

// agrees is same with so many more that are equal.
func (p print) agrees(o print, equal int) bool {
	other := 0
	compare := func(stated, is bool) {
		switch {
		case stated && is:
			equal++
		case stated:
			other++
		}
	}
	date := sameMoment(p.date, o.date)
	compare(p.link != 0 && o.link != 0, p.link == o.link)
	compare(p.title != 0 && o.title != 0, p.title == o.title)
	compare(p.text != 0 && o.text != 0, p.text == o.text)
	compare(!p.date.IsZero() && !o.date.IsZero(), date)
	return equal >= 2 && (other == 0 || other == 1 && date)
}

// sameMoment also takes two clocks for one that show the same time in two zones: a system that is moved often reads its
// dates in another one.
func sameMoment(a, b time.Time) bool {
	const clock = "2006-01-02T15:04:05"
	return !a.IsZero() && !b.IsZero() && (a.Unix() == b.Unix() || a.Format(clock) == b.Format(clock))
}

// movedFrom is the step in the trace of an item that goes on under another key.
const movedFrom = "it came before under the key "

// sift takes out of a batch what is known under another key: the first few go on as renames, all others are held.
func (s *session) sift(batch []feeds.Change) ([]feeds.Change, error) {
	if !s.witnessed() {
		return batch, nil
	}
	batch, err := s.keepHeld(batch)
	if err != nil {
		return nil, err
	}
	fresh, err := s.fresh(batch)
	if err != nil || len(fresh) == 0 {
		return batch, err
	}
	moves, err := s.moves(batch, fresh)
	if err != nil || len(moves) == 0 {
		return batch, err
	}
	if len(s.held) == 0 && s.absorbed+len(moves) <= maxAbsorb {
		for i, old := range moves {
			batch[i].Formerly, batch[i].Silent = old.Key, true
			batch[i].Item.Because("id", movedFrom+old.Key)
		}
		s.absorbed += len(moves)
		return batch, nil
	}
	if len(s.held) == 0 {
		// An answer that was given before there was a question is none.
		if err := s.desk.Write(s.ctx, bucketSchedule, map[string][]byte{AbsorbKey: nil}); err != nil {
			return nil, fmt.Errorf("clear an old answer: %w", err)
		}
	}
	rest := make([]feeds.Change, 0, len(batch)-len(moves))
	var held []heldChange
	for i, c := range batch {
		if old, ok := moves[i]; ok {
			held = append(held, heldChange{Twin{New: c.Key, Old: old.Key, ID: old.ID, At: s.now().UTC().Truncate(time.Second)}, c})
		} else {
			rest = append(rest, c)
		}
	}
	return rest, s.hold(held)
}

// fresh are the places of the changes in a batch that would be news.
func (s *session) fresh(batch []feeds.Change) ([]int, error) {
	var at []int
	var keys []string
	for i, c := range batch {
		if c.Item != nil && c.Formerly == "" {
			at, keys = append(at, i), append(keys, c.Key)
		}
	}
	if len(keys) == 0 {
		return nil, nil
	}
	if s.based == nil {
		facts, err := s.desk.Info(s.ctx)
		if err != nil {
			return nil, fmt.Errorf("read the source's facts: %w", err)
		}
		s.based = &facts.Baseline
	}
	if !*s.based {
		return nil, nil
	}
	var fresh []int
	for part := range slices.Chunk(keys, twinPage) {
		known, err := s.desk.Known(s.ctx, part...)
		if err != nil {
			return nil, fmt.Errorf("look up what is stored: %w", err)
		}
		for i, r := range known {
			if r.Standing == "" {
				fresh = append(fresh, at[i])
			}
		}
		at = at[len(part):]
	}
	return fresh, nil
}

// moves finds, for each fresh change, the one published item that it alone is the same as.
func (s *session) moves(batch []feeds.Change, fresh []int) (map[int]feeds.Record, error) {
	twins, err := s.published()
	if err != nil {
		return nil, err
	}
	found := map[int][]string{} // place in the batch -> IDs
	var ids []string
	asked := map[string]bool{}
	for _, i := range fresh {
		p := outlineOf(batch[i].Item)
		for _, t := range twins {
			if p.maySame(t.print) {
				if found[i] = append(found[i], t.id); !asked[t.id] {
					asked[t.id] = true
					ids = append(ids, t.id)
				}
			}
		}
	}
	if len(ids) == 0 {
		return nil, nil
	}
	taken := map[string]bool{} // IDs that wait for the operator already
	for _, t := range s.held {
		taken[t.ID] = true
	}
	old, prints := map[string]feeds.Record{}, map[string]print{}
	for part := range slices.Chunk(ids, twinPage) {
		list, err := s.desk.Find(s.ctx, part...)
		if err != nil {
			return nil, fmt.Errorf("look up what is published: %w", err)
		}
		for _, r := range list {
			if r.Standing == feeds.Live && r.Source == s.policy.Source && r.Key != "" && r.Item != nil && !s.here(r.Key) && !taken[r.ID] {
				prints[r.ID] = printOf(r.Item)
				r.Item = nil // only one page of texts at a time
				old[r.ID] = r
			}
		}
	}
	claims := map[string]int{}
	for i, ids := range found {
		p := printOf(batch[i].Item)
		left := ids[:0]
		for _, id := range ids {
			if _, ok := old[id]; ok && p.same(prints[id]) {
				left = append(left, id)
				claims[id]++
			}
		}
		found[i] = left
	}
	moves := map[int]feeds.Record{}
	for i, ids := range found {
		if len(ids) == 1 && claims[ids[0]] == 1 {
			moves[i] = old[ids[0]]
		}
	}
	return moves, nil
}

// published reads what the source had published when it was first asked in this fetch.
func (s *session) published() ([]twin, error) {
	if s.twins != nil {
		return s.twins, nil
	}
	s.twins = make([]twin, 0, twinPage)
	for _, group := range s.policy.Groups() {
		var at feeds.Pos
		for range maxTwins / twinPage {
			page, err := s.desk.Recent(s.ctx, group, at, twinPage)
			if err != nil {
				return nil, fmt.Errorf("read what is published: %w", err)
			}
			for i := range page.Items {
				if it := &page.Items[i]; it.Source == s.policy.Source {
					s.twins = append(s.twins, twin{it.ID, outlineOf(it)})
				}
			}
			if at = page.Next; at.IsZero() {
				break
			}
		}
	}
	return s.twins, nil
}
