package sources

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/maphash"
	"maps"
	"runtime"
	"slices"
	"sync"
	"time"

	"feedmill/feeds"
)

// session is the Sink of one fetch: it normalises, stores, and keeps the books.
type session struct {
	ctx    context.Context
	desk   Desk
	policy Policy
	now    func() time.Time
	state  *state
	// release lets one fetch past the withdrawal guard.
	release bool
	// recent is how many items earlier fetches withdrew a short while ago.
	recent int
	// report takes rejections that are new, wait what comes before its time, progress the running counts.
	report   func(Rejected)
	wait     func(key string, it *feeds.Item)
	progress func(Counts)

	mu       sync.Mutex
	rejects  map[string]Rejected // of this fetch
	before   map[string]Rejected // of earlier fetches, not yet cleared
	counts   Counts
	arrivals []time.Time         // when new items were published
	seen     map[uint64]struct{} // hashes of the keys emitted, for a Complete result
	// dropped are what the rules left out in this fetch, droppedBefore what they left out so far.
	dropped, droppedBefore map[string]Dropped
	// reshapedAfter is the last fetch before the policy moved; zero when it has not moved since a fetch. Older items that
	// are new now were let in by the operator.
	reshapedAfter time.Time
	// missed counts what was withdrawn because the source did not have it any more.
	missed   int
	withheld *Withheld
	// present is what the source says its document holds; nil if it does not say. twins is what is published, once it was
	// asked for; held is what waits for the operator, by new key, and absorbed counts what moved by itself.
	present  map[string]struct{}
	twins    []twin
	held     map[string]Twin
	absorbed int
	// based says that the baseline was set before this fetch; nil until that was asked for.
	based *bool
	// adopted are the IDs of the feed that this source continues; nil for none.
	adopted *adopted
	storing chan error // of the batch under way; nil for none
}

// Counts tells how a fetch is going.
type Counts struct {
	// Seen is the number of changes emitted, Rejected and Repaired the posts reported.
	Seen     int `json:"seen"`
	Rejected int `json:"rejected"`
	Repaired int `json:"repaired"`
	// Dropped is the number of items that the rules left out.
	Dropped int `json:"dropped"`
	// Kinds counts what the store made of the changes.
	Kinds map[feeds.Kind]int `json:"kinds"`
}

var keySeed = maphash.MakeSeed()

// Emit implements Sink. The batch is normalised before it returns and stored while the next one is being made: an error
// of the store is that of the next call, or of the fetch.
func (s *session) Emit(changes ...feeds.Change) error {
	if len(changes) > MaxBatch {
		return fmt.Errorf("emit %d changes: at most %d at once", len(changes), MaxBatch)
	}
	if err := s.ctx.Err(); err != nil {
		return err
	}
	good := s.normalise(changes)
	if err := s.settle(); err != nil {
		return err
	}
	s.state.take()
	s.storing = make(chan error, 1)
	go func(done chan<- error) { done <- s.commit(good) }(s.storing)
	return nil
}

// settle waits until the batch under way is stored.
func (s *session) settle() error {
	if s.storing == nil {
		return nil
	}
	err := <-s.storing
	s.storing = nil
	return err
}

// commit stores a batch, then the reports and the state that belong to it.
func (s *session) commit(good []feeds.Change) error {
	if err := s.takeOver(good); err != nil {
		return err
	}
	good, err := s.sift(good)
	if err != nil {
		return err
	}
	for _, batch := range splitSameKey(good) {
		accepted, err := s.desk.Put(s.ctx, batch...)
		s.book(batch, accepted)
		if err != nil {
			return fmt.Errorf("store %d items: %w", len(batch), err)
		}
	}
	if err := s.adopted.save(s.ctx, s.desk); err != nil {
		return err
	}
	if err := s.saveDropped(); err != nil {
		return err
	}
	if err := s.saveRejected(); err != nil {
		return err
	}
	return s.state.save()
}

// normalise works on the batch with all processors: cleaning HTML is most of the work of an import.
func (s *session) normalise(changes []feeds.Change) []feeds.Change {
	now := s.now()
	errs, rules := make([]error, len(changes)), make([]string, len(changes))
	workers := min(runtime.GOMAXPROCS(0), (len(changes)+31)/32)
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for i := w; i < len(changes); i += workers {
				rules[i], errs[i] = s.normaliseOne(&changes[i], now)
			}
		})
	}
	wg.Wait()
	good := make([]feeds.Change, 0, len(changes)) // the caller may use its slice again
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counts.Seen += len(changes)
	for i := range changes {
		key := changes[i].Key
		if errs[i] != nil {
			s.reject(Rejected{Where: key, Reason: errs[i].Error()})
			continue
		}
		s.markSeen(key)
		if rules[i] != "" {
			good = append(good, s.drop(&changes[i], rules[i])...)
			continue
		}
		s.admit(&changes[i])
		good = append(good, changes[i])
	}
	return good
}

// markSeen remembers that a key was stated. The caller holds mu.
func (s *session) markSeen(key string) { s.seen[maphash.String(keySeed, key)] = struct{}{} }

// normaliseOne also says which rule leaves the item out. It never lets one hostile item take the process down.
func (s *session) normaliseOne(c *feeds.Change, now time.Time) (rule string, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("normalise: %v", r)
		}
	}()
	c.Source = s.policy.Source
	if c.Item == nil {
		return "", errors.New("emit without an item: use Withdraw")
	}
	policy := s.policy
	policy.Report = s.Reject
	if err := Normalise(c, policy, now); err != nil {
		return "", err
	}
	s.adopted.wish(c)
	return s.policy.Rules.judge(c.Item), nil
}

// book counts what the store answered, and clears the report of what is published now.
func (s *session) book(batch []feeds.Change, accepted []feeds.Accepted) {
	s.mu.Lock()
	s.adopted.book(batch, accepted)
	for i, a := range accepted {
		s.counts.Kinds[a.Kind]++
		if a.Kind == feeds.New || a.Kind == feeds.Baseline || a.Kind == feeds.Merged {
			s.arrive(batch[i].Item)
		}
		if a.Kind == feeds.Held {
			s.wait(batch[i].Key, batch[i].Item)
		}
		if a.Err != nil {
			s.reject(Rejected{Where: batch[i].Key, Reason: a.Err.Error()})
		}
	}
	counts := s.counts
	counts.Kinds = maps.Clone(counts.Kinds)
	s.mu.Unlock()
	s.progress(counts)
}

// arrive notes when a new item was published, for the source's cadence.
func (s *session) arrive(it *feeds.Item) {
	if it == nil || it.Published.IsZero() || it.Published.After(s.now()) {
		return
	}
	if s.arrivals = append(s.arrivals, it.Published); len(s.arrivals) >= 64*maxArrivals {
		var sch schedule // a first import has many: the newest are enough
		sch.arrived(s.arrivals)
		s.arrivals = sch.Arrivals
	}
}

// Withdraw implements Sink.
func (s *session) Withdraw(keys ...string) (bool, error) {
	if len(keys) == 0 {
		return true, nil
	}
	keys = cleanKeys(keys)
	if err := s.settle(); err != nil {
		return false, err
	}
	keys, err := s.parting(keys)
	if err != nil || len(keys) == 0 {
		return err == nil, err
	}
	if !s.release {
		held, err := weigh(s.ctx, s.desk, keys, s.recent)
		if err != nil {
			return false, fmt.Errorf("count what would be withdrawn: %w", err)
		}
		if held != nil {
			s.withheld = held
			return false, nil
		}
	}
	before := s.counts.Kinds[feeds.Withdrawn]
	err = s.withdraw(keys)
	s.missed += s.counts.Kinds[feeds.Withdrawn] - before
	return true, err
}

// Retract implements Retractor.
func (s *session) Retract(keys ...string) error {
	if err := s.settle(); err != nil {
		return err
	}
	return s.withdraw(cleanKeys(keys))
}

// withdraw takes clean keys out of the store.
func (s *session) withdraw(keys []string) error {
	for len(keys) > 0 {
		n := min(len(keys), MaxBatch)
		batch := make([]feeds.Change, n)
		for i, key := range keys[:n] {
			batch[i] = feeds.Change{Source: s.policy.Source, Key: key}
		}
		accepted, err := s.desk.Put(s.ctx, batch...)
		s.book(batch, accepted)
		if err != nil {
			return fmt.Errorf("withdraw %d items: %w", n, err)
		}
		s.mu.Lock()
		for _, key := range keys[:n] {
			s.markSeen(key) // clears its report
		}
		s.mu.Unlock()
		keys = keys[n:]
	}
	return nil
}

// withdrawUnseen ends a Complete fetch: what the store has beyond what was emitted is gone.
func (s *session) withdrawUnseen() error {
	var gone []string
	err := s.desk.Keys(s.ctx, func(key string) error {
		if _, ok := s.seen[maphash.String(keySeed, key)]; !ok {
			gone = append(gone, key)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("list what is stored: %w", err)
	}
	_, err = s.Withdraw(gone...)
	return err
}

// Reject implements Sink.
func (s *session) Reject(r Rejected) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reject(r)
}

func (s *session) reject(r Rejected) {
	if old, again := s.rejects[r.Where]; again {
		// A post can need several repairs: the first line, all reasons, and rejected beats repaired.
		if old.Reason != r.Reason {
			old.Reason += "; " + r.Reason
		}
		old.Repaired = old.Repaired && r.Repaired
		r = old
	} else {
		if r.Repaired {
			s.counts.Repaired++
		} else {
			s.counts.Rejected++
		}
	}
	s.rejects[r.Where] = r
}

// Describe implements Sink.
func (s *session) Describe(about feeds.About) error {
	if err := s.settle(); err != nil {
		return err
	}
	if err := s.desk.Describe(s.ctx, cleanAbout(about)); err != nil {
		return fmt.Errorf("store what the source says of itself: %w", err)
	}
	return nil
}

// saveRejected writes the reports that moved: new ones, and those of posts that are in order now.
func (s *session) saveRejected() error {
	edits := map[string][]byte{}
	var fresh []Rejected
	s.mu.Lock()
	for where, r := range s.rejects {
		if s.before[where] == r {
			continue
		}
		b, err := json.Marshal(r)
		if err != nil {
			s.mu.Unlock()
			return fmt.Errorf("save the report on %s: %w", where, err)
		}
		edits[where] = b
		fresh = append(fresh, r)
	}
	for where := range s.before {
		_, seen := s.seen[maphash.String(keySeed, where)]
		if _, again := s.rejects[where]; seen && !again {
			edits[where] = nil
		}
	}
	s.mu.Unlock()
	if len(edits) == 0 {
		return nil
	}
	if err := s.desk.Write(s.ctx, bucketRejected, edits); err != nil {
		return fmt.Errorf("save the reports on %d posts: %w", len(edits), err)
	}
	slices.SortFunc(fresh, func(a, b Rejected) int { return cmp.Compare(a.Where, b.Where) })
	for _, r := range fresh {
		s.report(r)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for where, b := range edits {
		if b == nil {
			delete(s.before, where)
		} else {
			s.before[where] = s.rejects[where]
		}
	}
	return nil
}

// finish ends a fetch that succeeded: withdrawals of a Complete one, reports, state. whole says that the fetch looked at
// everything, so that a report that was not made again is settled.
func (s *session) finish(res Result, whole bool) error {
	if err := s.settle(); err != nil {
		return err
	}
	if err := s.reunite(); err != nil {
		return err
	}
	if res.Complete {
		if err := s.withdrawUnseen(); err != nil {
			return err
		}
	}
	if whole && !res.Unchanged {
		for where := range s.before {
			s.markSeen(where)
		}
	}
	s.adopted.end()
	if err := s.adopted.save(s.ctx, s.desk); err != nil {
		return err
	}
	if err := s.saveDropped(); err != nil {
		return err
	}
	if err := s.saveRejected(); err != nil {
		return err
	}
	s.state.take()
	return s.state.save()
}

// splitSameKey cuts a batch where a key comes twice, so that each Put states a key once.
func splitSameKey(changes []feeds.Change) [][]feeds.Change {
	var out [][]feeds.Change
	seen := make(map[string]struct{}, len(changes))
	start := 0
	for i := range changes {
		if _, ok := seen[changes[i].Key]; ok {
			out = append(out, changes[start:i])
			start = i
			clear(seen)
		}
		seen[changes[i].Key] = struct{}{}
	}
	if start < len(changes) {
		out = append(out, changes[start:])
	}
	return out
}
