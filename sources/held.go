package sources

import (
	"bytes"
	"compress/flate"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"feedmill/feeds"
)

// Twin is an entry that came under a new key and looks like one that is published under an old one. It waits for the
// operator's word, and until then the feeds stay as they are.
type Twin struct {
	New string `json:"new"`
	Old string `json:"old"`
	// ID is that of the published item.
	ID string    `json:"id"`
	At time.Time `json:"at"`
	// Gone says that the source has stated that the old key is gone.
	Gone bool `json:"gone,omitempty"`
	// Parts is the number of pieces in which the new entry is stored.
	Parts int `json:"parts"`
}

// Churn is what a source has that waits for the operator's word.
type Churn struct {
	// Items came under new keys, the first of them At.
	Items int       `json:"items"`
	At    time.Time `json:"at"`
}

func (c Churn) String() string {
	return fmt.Sprintf("%d published entries came again under other keys", c.Items)
}

func churnOf(held map[string]Twin) *Churn {
	if len(held) == 0 {
		return nil
	}
	c := Churn{Items: len(held)}
	for _, t := range held {
		if c.At.IsZero() || t.At.Before(c.At) {
			c.At = t.At
		}
	}
	return &c
}

// heldChange is a Twin with the change that is held.
type heldChange struct {
	twin   Twin
	change feeds.Change
}

// Bounds in bytes: a value of a store's notes is at most 1 MiB, and an item up to 16 MiB; more than maxHeldWrite is written in
// several goes.
const (
	heldPart     = 768 << 10
	maxHeldWrite = 2 << 20
	maxHeldItem  = 64 << 20 // of the JSON of an item that is read back
)

// HeldName is the key of the note on a held entry ([Twin]) in BucketHeld.
func HeldName(key string) string {
	h := sha256.Sum256([]byte(key))
	return hex.EncodeToString(h[:16])
}

func heldPartName(name string, n int) string { return name + "/" + strconv.Itoa(n) }

// readHeld reads what waits for the operator, by new key.
func readHeld(ctx context.Context, m Memory) (map[string]Twin, error) {
	held := map[string]Twin{}
	err := m.Range(ctx, BucketHeld, func(name string, value []byte) error {
		if strings.Contains(name, "/") {
			return nil // a part of an entry
		}
		var t Twin
		if err := json.Unmarshal(value, &t); err != nil {
			return fmt.Errorf("read what is held: %w", err)
		}
		held[t.New] = t
		return nil
	})
	return held, err
}

// hold stores changes instead of putting them.
func (s *session) hold(list []heldChange) error {
	edits := map[string][]byte{}
	size := 0
	flush := func() error {
		if len(edits) == 0 {
			return nil
		}
		if err := s.desk.Write(s.ctx, BucketHeld, edits); err != nil {
			return fmt.Errorf("hold entries that came under other keys: %w", err)
		}
		clear(edits)
		size = 0
		return nil
	}
	for _, h := range list {
		packed, err := packChange(h.change)
		if err != nil {
			return fmt.Errorf("hold %s: %w", h.twin.New, err)
		}
		name, before := HeldName(h.twin.New), h.twin.Parts
		h.twin.Parts = 0
		for part := range slices.Chunk(packed, heldPart) {
			if size += len(part); size > maxHeldWrite {
				if err := flush(); err != nil {
					return err
				}
				size = len(part)
			}
			edits[heldPartName(name, h.twin.Parts)] = part
			h.twin.Parts++
		}
		for n := h.twin.Parts; n < before; n++ {
			edits[heldPartName(name, n)] = nil
		}
		// The twin comes with the last of its parts: what is told to be held is there.
		if edits[name], err = json.Marshal(h.twin); err != nil {
			return fmt.Errorf("hold %s: %w", h.twin.New, err)
		}
		s.held[h.twin.New] = h.twin
	}
	return flush()
}

func packChange(c feeds.Change) ([]byte, error) {
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, flate.BestSpeed)
	if err == nil {
		err = json.NewEncoder(w).Encode(c)
	}
	if err == nil {
		err = w.Close()
	}
	return b.Bytes(), err
}

// unhold reads a held change back.
func (s *session) unhold(t Twin) (c feeds.Change, err error) {
	var packed []byte
	name := HeldName(t.New)
	for n := range t.Parts {
		part, ok, err := s.desk.Read(s.ctx, BucketHeld, heldPartName(name, n))
		if err != nil {
			return c, fmt.Errorf("read the held entry %s: %w", t.New, err)
		}
		if !ok {
			return c, fmt.Errorf("read the held entry %s: part %d of %d is missing", t.New, n+1, t.Parts)
		}
		packed = append(packed, part...)
	}
	r := io.LimitReader(flate.NewReader(bytes.NewReader(packed)), maxHeldItem)
	if err := json.NewDecoder(r).Decode(&c); err != nil || c.Item == nil {
		return c, fmt.Errorf("read the held entry %s: damaged: %w", t.New, err)
	}
	return c, nil
}

// forget deletes what is stored of held entries.
func (s *session) forget(list []Twin) error {
	if len(list) == 0 {
		return nil
	}
	edits := map[string][]byte{}
	for _, t := range list {
		name := HeldName(t.New)
		edits[name] = nil
		for n := range t.Parts {
			edits[heldPartName(name, n)] = nil
		}
	}
	if err := s.desk.Write(s.ctx, BucketHeld, edits); err != nil {
		return fmt.Errorf("forget %d held entries: %w", len(list), err)
	}
	for _, t := range list {
		delete(s.held, t.New)
	}
	return nil
}

// keepHeld takes out of a batch what is held already; its newest words are the ones that are kept.
func (s *session) keepHeld(batch []feeds.Change) ([]feeds.Change, error) {
	if len(s.held) == 0 {
		return batch, nil
	}
	var again []heldChange
	var left []Twin
	rest := batch[:0:0]
	for _, c := range batch {
		t, ok := s.held[c.Key]
		switch {
		case !ok:
			rest = append(rest, c)
		case c.Item == nil:
			left = append(left, t) // a rule leaves it out now
			rest = append(rest, c)
		default:
			again = append(again, heldChange{t, c})
		}
	}
	if err := s.forget(left); err != nil {
		return nil, err
	}
	return rest, s.hold(again)
}

// parting says which of the keys that are gone may be withdrawn: an old key that waits for the operator stays, and what
// is held under a new one that is gone is forgotten, with its old key where that is gone, too.
func (s *session) parting(keys []string) ([]string, error) {
	if len(s.held) == 0 {
		return keys, nil
	}
	byOld := make(map[string]Twin, len(s.held))
	for _, t := range s.held {
		byOld[t.Old] = t
	}
	gone := make(map[string]bool, len(keys))
	for _, key := range keys {
		gone[key] = true
	}
	var rest []string
	var over []Twin
	edits := map[string][]byte{}
	for _, key := range keys {
		if t, ok := s.held[key]; ok {
			over = append(over, t)
			if t.Gone && !gone[t.Old] {
				rest = append(rest, t.Old)
			}
		}
		if t, ok := byOld[key]; ok && !gone[t.New] {
			if !t.Gone {
				t.Gone = true
				b, err := json.Marshal(t)
				if err != nil {
					return nil, fmt.Errorf("hold %s: %w", t.Old, err)
				}
				edits[HeldName(t.New)], s.held[t.New] = b, t
			}
			continue
		}
		rest = append(rest, key)
	}
	if len(edits) > 0 {
		if err := s.desk.Write(s.ctx, BucketHeld, edits); err != nil {
			return nil, fmt.Errorf("hold %d old keys: %w", len(edits), err)
		}
	}
	return rest, s.forget(over)
}

// reunite ends the wait of entries whose old key is in the document again: beside it the new one is an entry of its own,
// and without the new one nothing has happened.
func (s *session) reunite() error {
	if len(s.held) == 0 || !s.witnessed() {
		return nil
	}
	var news, over []Twin
	for _, t := range s.held {
		if !s.here(t.Old) {
			continue
		}
		t.Gone = false
		if s.here(t.New) {
			news = append(news, t)
		} else {
			over = append(over, t)
		}
	}
	if err := s.settleHeld(news, false); err != nil {
		return err
	}
	return s.forget(over)
}

// settleHeld puts held entries: as what is published under their old keys (absorb), or as the new items they look like,
// whose old keys go if the source has said so. It may be called again after it was cut short.
func (s *session) settleHeld(list []Twin, absorb bool) error {
	slices.SortFunc(list, func(a, b Twin) int { return cmpString(a.New, b.New) })
	for part := range slices.Chunk(list, 50) {
		changes := make([]feeds.Change, 0, 2*len(part))
		for _, t := range part {
			c, err := s.unhold(t)
			if err != nil {
				// The rest can go on; this one comes back when its source states it again.
				s.Reject(Rejected{Where: t.New, Reason: err.Error()})
				continue
			}
			changes = append(changes, s.settleOne(t, c, absorb)...)
		}
		if len(changes) > 0 {
			accepted, err := s.desk.Put(s.ctx, changes...)
			s.book(changes, accepted)
			if err != nil {
				return fmt.Errorf("store %d items that were held: %w", len(changes), err)
			}
		}
		if err := s.saveDropped(); err != nil {
			return err
		}
		if err := s.forget(part); err != nil {
			return err
		}
	}
	return s.saveRejected()
}

// settleOne is what is put for one held entry. The rules may have changed while it waited.
func (s *session) settleOne(t Twin, c feeds.Change, absorb bool) []feeds.Change {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.policy.restyle(c.Item)
	c.Address = s.policy.address(c.Item)
	if absorb {
		// Backlog: should the old one be forgotten by now, this one is still no news.
		c.Formerly, c.Silent, c.Backlog = t.Old, true, true
		c.Item.Because("id", movedFrom+t.Old)
	}
	var out []feeds.Change
	if !absorb && t.Gone {
		out = append(out, feeds.Change{Source: s.policy.Source, Key: t.Old})
	}
	if rule := s.policy.Rules.judge(c.Item); rule != "" {
		return append(out, s.drop(&c, rule)...)
	}
	return append(out, c)
}

// answered says whether the operator has said something about what is held.
func answered(ctx context.Context, desk Desk) (bool, error) {
	if ok, err := released(ctx, desk); err != nil || ok {
		return ok, err
	}
	_, ok, err := desk.Read(ctx, bucketSchedule, AbsorbKey)
	if err != nil {
		return false, fmt.Errorf("read the operator's answer: %w", err)
	}
	return ok, nil
}

// answer carries out what the operator said about held entries. done says that there was an answer; it needs no fetch.
func (r *runner) answer(ctx context.Context, desk Desk, sch *schedule) (done bool, err error) {
	if len(r.held) == 0 {
		return false, nil
	}
	_, absorb, err := desk.Read(ctx, bucketSchedule, AbsorbKey)
	if err != nil {
		return false, fmt.Errorf("read the operator's answer: %w", err)
	}
	release, err := released(ctx, desk)
	if err != nil || !absorb && !release {
		return false, err
	}
	started := time.Now()
	s := r.session(ctx, desk, false, started)
	list := slices.Collect(maps.Values(s.held))
	if err := s.settleHeld(list, absorb); err != nil {
		return false, err
	}
	given := map[string][]byte{AbsorbKey: nil}
	if release && sch.Withheld == nil {
		given[ReleaseKey] = nil
	}
	if err := desk.Write(ctx, bucketSchedule, given); err != nil {
		return false, fmt.Errorf("clear the operator's answer: %w", err)
	}
	sch.arrived(s.arrivals)
	if err := sch.save(ctx, desk, r.spec); err != nil {
		return false, err
	}
	facts, err := desk.Info(ctx)
	if err != nil {
		return false, fmt.Errorf("read the source's facts: %w", err)
	}
	r.mu.Lock()
	r.rejected, r.dropped, r.held = s.before, s.droppedBefore, s.held
	r.mu.Unlock()
	r.set(func(st *Status) {
		st.Items, st.Merged, st.Dropped = facts.Items, facts.Merged, len(s.droppedBefore)
		st.Churn = churnOf(s.held)
		sch.show(st)
	})
	what := "held entries were let in as new"
	if absorb {
		what = "held entries keep the identity they had"
	}
	r.log.Info(what, "entries", len(list))
	return true, nil
}

// sayHeld tells the operator of entries that wait, once; of those that moved by themselves each time.
func (r *runner) sayHeld(s *session, before int) {
	if s.absorbed > 0 {
		r.log.Info("entries came under other keys and keep their IDs", "entries", s.absorbed)
	}
	if c := churnOf(s.held); c != nil && before == 0 {
		r.log.Warn("entries that are published came again under other keys: they are held, and the feeds stay as they are",
			"entries", c.Items, "hint", "feedmill absorb "+r.spec.Name+" if they are the same, feedmill release "+r.spec.Name+" if they are new")
	}
}
