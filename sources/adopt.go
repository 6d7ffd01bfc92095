package sources

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"feedmill/feeds"
)

// Adopt is a feed that a source continues: whoever read that one is to find nothing repeated in this one.
type Adopt struct {
	// Source reads it, once. Location is where it is, for people.
	Source   Source
	Location string
}

// Adopted is what has become of the IDs of the feed that a source continues.
type Adopted struct {
	From string `json:"from"`
	// Items had an ID there. Matched are those whose ID an item here has; Late are those whose item was published here
	// under another one before.
	Items   int `json:"items"`
	Matched int `json:"matched"`
	Late    int `json:"late,omitempty"`
	// Error is why the feed has not been read yet.
	Error string `json:"error,omitempty"`
}

// Bounds of an adopted feed: the most items of it, the newest, and the longest time to read it.
const (
	maxAdopted  = 20_000
	adoptWithin = 5 * time.Minute
	// adoptRetry is the shortest time between two attempts to read it.
	adoptRetry = 5 * time.Minute
)

// OfAdopted stands in the trace of an item between an ID that it is to have and the feed that the ID is from. An item that
// was published before has another one.
const OfAdopted = " of the adopted feed "

// maxTracedID is the longest ID, in bytes, that is written into a trace.
const maxTracedID = 500

const (
	adoptedRecord = "record"
	adoptedPrefix = "i/"
)

// adoptedItem is an item of the adopted feed.
type adoptedItem struct {
	ID    string    `json:"id"`
	Host  string    `json:"host,omitempty"`
	Path  string    `json:"path,omitempty"`
	Title uint64    `json:"title,omitempty"`
	Date  time.Time `json:"date,omitzero"`
}

// adopted is what is remembered of the adopted feed.
type adopted struct {
	From    string    `json:"from"`
	At      time.Time `json:"at"`
	Items   int       `json:"items"`
	Matched []int     `json:"matched,omitempty"`
	Late    []int     `json:"late,omitempty"`
	// Past says that the first fetch since then is over.
	Past bool `json:"past,omitempty"`

	list   []adoptedItem
	byID   map[string]int
	byLink map[string][]int // host and path
	byPath map[string][]int
	byName map[uint64][]int // title
	moved  bool             // what is exported, since it was saved
}

func (a *adopted) show() *Adopted {
	if a == nil {
		return nil
	}
	return &Adopted{From: a.From, Items: a.Items, Matched: len(a.Matched), Late: len(a.Late)}
}

func (a *adopted) index() {
	a.byID, a.byLink = map[string]int{}, map[string][]int{}
	a.byPath, a.byName = map[string][]int{}, map[uint64][]int{}
	for i, it := range a.list {
		a.byID[it.ID] = i
		if it.Path != "" {
			a.byLink[it.Host+it.Path] = append(a.byLink[it.Host+it.Path], i)
			a.byPath[it.Path] = append(a.byPath[it.Path], i)
		}
		if it.Title != 0 {
			a.byName[it.Title] = append(a.byName[it.Title], i)
		}
	}
}

// find is the ID that the readers of the adopted feed know for an item; "" for none. Its page tells, if need be on
// another host, else title and day together; what fits several items fits none.
func (a *adopted) find(it *feeds.Item) string {
	if host, path := splitLink(it.URL); path != "" {
		for _, at := range [][]int{a.byLink[host+path], a.byPath[path]} {
			if len(at) == 1 {
				return a.list[at[0]].ID
			}
		}
	}
	found := -1
	for _, i := range a.byName[printText(it.Title)] {
		if !sameDay(a.list[i].Date, it.Published) {
			continue
		}
		if found >= 0 {
			return ""
		}
		found = i
	}
	if found < 0 {
		return ""
	}
	return a.list[found].ID
}

// sameDay compares the days that two dates show, each in its own zone, and those in one zone.
func sameDay(a, b time.Time) bool {
	const day = time.DateOnly
	return !a.IsZero() && !b.IsZero() && (a.Format(day) == b.Format(day) || a.UTC().Format(day) == b.UTC().Format(day))
}

// wish makes the ID of the adopted feed that of an item. It counts where the item is not published yet. What the first
// fetch finds that was published before is no news, also where the source has had its baseline long since: under another
// kind.
func (a *adopted) wish(c *feeds.Change) {
	if a == nil || c.Item == nil {
		return
	}
	if when := c.Item.Published; !a.Past && !when.IsZero() && when.Before(a.At) {
		c.Backlog = true
	}
	if id := a.find(c.Item); id != "" {
		c.Wish = id
		if len(id) <= maxTracedID {
			c.Item.Because("id", id+OfAdopted+a.From)
		}
	}
}

// book notes which IDs are in use here now.
func (a *adopted) book(batch []feeds.Change, accepted []feeds.Accepted) {
	if a == nil {
		return
	}
	for i, got := range accepted {
		at, ok := a.byID[batch[i].Wish]
		if !ok || batch[i].Item == nil || got.Err != nil {
			continue
		}
		list := &a.Late
		if got.ID == batch[i].Wish {
			list = &a.Matched
		}
		if n, there := slices.BinarySearch(*list, at); !there {
			*list = slices.Insert(*list, n, at)
			a.moved = true
		}
	}
}

// takeOver lets the changes of a batch go on from items that the source itself has published under the adopted IDs: it
// has republished that feed until now, and states its entries under keys of its own from here on.
func (s *session) takeOver(batch []feeds.Change) error {
	if s.adopted == nil {
		return nil
	}
	fresh, err := s.fresh(batch)
	if err != nil {
		return err
	}
	var at []int
	var ids []string
	for _, i := range fresh {
		if _, ok := s.adopted.byID[batch[i].Wish]; ok {
			at, ids = append(at, i), append(ids, batch[i].Wish)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	list, err := s.desk.Find(s.ctx, ids...)
	if err != nil {
		return fmt.Errorf("look up who has the adopted IDs: %w", err)
	}
	taken := map[string]bool{}
	for n, r := range list {
		if r.Standing != feeds.Live || r.Source != s.policy.Source || r.Key == "" || s.here(r.Key) || taken[r.Key] {
			continue
		}
		taken[r.Key] = true
		c := &batch[at[n]]
		c.Formerly, c.Silent = r.Key, true
		c.Item.Because("id", movedFrom+r.Key)
	}
	return nil
}

// end notes that a fetch is over.
func (a *adopted) end() {
	if a != nil && !a.Past {
		a.Past, a.moved = true, true
	}
}

// save writes the counts, if they have moved.
func (a *adopted) save(ctx context.Context, desk Desk) error {
	if a == nil || !a.moved {
		return nil
	}
	b, err := json.Marshal(a)
	if err == nil {
		err = desk.Write(ctx, bucketAdopted, map[string][]byte{adoptedRecord: b})
	}
	if err != nil {
		return fmt.Errorf("remember which IDs were adopted: %w", err)
	}
	a.moved = false
	return nil
}

// recallAdopted reads what is remembered of the feed that the source is to continue; nil where it is yet to be read.
func (r *runner) recallAdopted(ctx context.Context, desk Desk) (*adopted, error) {
	if r.spec.Adopt == nil {
		return nil, nil
	}
	b, ok, err := desk.Read(ctx, bucketAdopted, adoptedRecord)
	if err != nil {
		return nil, fmt.Errorf("read the adopted IDs: %w", err)
	}
	var a adopted
	if !ok || json.Unmarshal(b, &a) != nil || a.From != r.spec.Adopt.Location || a.Items < 0 || a.Items > maxAdopted {
		return nil, nil
	}
	a.list = make([]adoptedItem, a.Items)
	err = desk.Range(ctx, bucketAdopted, func(key string, value []byte) error {
		text, ok := strings.CutPrefix(key, adoptedPrefix)
		n, err := strconv.Atoi(text)
		if !ok || err != nil || n < 0 || n >= a.Items {
			return nil // of a longer one before
		}
		return json.Unmarshal(value, &a.list[n])
	})
	if err != nil {
		return nil, fmt.Errorf("read the adopted IDs: %w", err)
	}
	a.index()
	return &a, nil
}

// adopt reads the feed that the source is to continue, if that is yet to be done. ok is false while the first items have
// to wait for it.
func (r *runner) adopt(ctx context.Context, desk Desk, sch *schedule) (ok bool, err error) {
	if r.spec.Adopt == nil || r.adopted != nil {
		return true, nil
	}
	facts, err := desk.Info(ctx)
	if err != nil {
		return false, fmt.Errorf("read the source's facts: %w", err)
	}
	published := facts.Baseline || facts.Items > 0
	now := time.Now()
	if now.Before(r.adoptDue) {
		return published, nil
	}
	a, readErr := r.spec.Adopt.read(Placed(ctx, r.m.slots), r.spec.Name)
	if ctx.Err() != nil {
		return false, nil
	}
	if readErr == nil {
		if err := storeAdopted(ctx, desk, a); err != nil {
			return false, err
		}
		r.log.Info("the IDs of the adopted feed are known", "from", a.From, "items", a.Items)
		r.mu.Lock()
		r.adopted, r.status.Adopted = a, a.show()
		r.mu.Unlock()
		return true, nil
	}
	failedAs := sch.Error
	if published {
		// Waiting would help nobody: what is here has its IDs.
		r.adoptDue = now.Add(max(adoptRetry, r.spec.Interval))
		if said := readErr.Error(); r.status.Adopted == nil || r.status.Adopted.Error != said {
			r.log.Warn("the IDs of the adopted feed are not known yet; trying again", "err", readErr)
		}
	} else {
		readErr = fmt.Errorf("%w; nothing is published before its IDs are known: correct adopt, let it name a file with a saved copy of that feed, or remove it", readErr)
		sch.after(now, r.spec, false, Result{}, readErr)
		if soon := now.Add(adoptRetry); sch.Due.Before(soon) {
			sch.Due = soon
		}
		r.adoptDue = sch.Due
		if err := sch.save(ctx, desk, r.spec); err != nil {
			return false, err
		}
		r.logOutcome(readErr, failedAs, sch, Counts{}, time.Since(now))
	}
	r.set(func(s *Status) {
		sch.show(s)
		s.Adopted = &Adopted{From: r.spec.Adopt.Location, Error: readErr.Error()}
	})
	return published, nil
}

// read asks for the feed that a source of that name continues.
func (f *Adopt) read(ctx context.Context, source string) (*adopted, error) {
	ctx, cancel := context.WithTimeout(ctx, adoptWithin)
	defer cancel()
	p, err := RunPreview(ctx, Spec{Source: f.Source, Policy: Policy{Source: source}})
	if err != nil {
		return nil, fmt.Errorf("adopt %s: %w", f.Location, err)
	}
	a := &adopted{From: f.Location, At: time.Now().UTC().Truncate(time.Second)}
	seen := map[string]bool{}
	for _, c := range slices.Backward(p.Items) { // sources begin with their oldest
		if c.Wish == "" || seen[c.Wish] {
			continue
		}
		if len(a.list) == maxAdopted {
			break
		}
		seen[c.Wish] = true
		it := adoptedItem{ID: c.Wish, Title: printText(c.Item.Title), Date: c.Item.Published}
		it.Host, it.Path = splitLink(c.Item.URL)
		a.list = append(a.list, it)
	}
	if len(a.list) == 0 {
		return nil, fmt.Errorf("adopt %s: there are no items with IDs in it", f.Location)
	}
	a.Items = len(a.list)
	a.index()
	return a, nil
}

// storeAdopted remembers the IDs in place of those of another feed, and then that they are all there.
func storeAdopted(ctx context.Context, desk Desk, a *adopted) error {
	edits := map[string][]byte{}
	err := desk.Range(ctx, bucketAdopted, func(key string, _ []byte) error {
		edits[key] = nil
		return nil
	})
	if err == nil && len(edits) > 0 {
		err = desk.Write(ctx, bucketAdopted, edits)
	}
	if err != nil {
		return fmt.Errorf("forget the IDs that were adopted before: %w", err)
	}
	edits = map[string][]byte{}
	for n, it := range a.list {
		b, err := json.Marshal(it)
		if err != nil {
			return fmt.Errorf("remember the adopted IDs: %w", err)
		}
		edits[adoptedPrefix+strconv.Itoa(n)] = b
		if len(edits) == MaxBatch || n == len(a.list)-1 {
			if err := desk.Write(ctx, bucketAdopted, maps.Clone(edits)); err != nil {
				return fmt.Errorf("remember the adopted IDs: %w", err)
			}
			clear(edits)
		}
	}
	a.moved = true
	return a.save(ctx, desk)
}
