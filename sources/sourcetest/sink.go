package sourcetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/go-cmp/cmp"

	"feedmill/feeds"
	"feedmill/sources"
)

// Sink is a [sources.Sink] that records what one fetch gives and which promises it breaks.
type Sink struct {
	// Policy and Now are what the items are normalised with; Now is 2100 unless set, so that no date lies ahead.
	Policy sources.Policy
	Now    time.Time
	// Guard makes Withdraw answer that the keys are held.
	Guard bool
	// OnEmit, if set, is asked before each Emit, which are counted from 1; its error is that of the Emit.
	OnEmit func(n int) error

	// Changes are the normalised changes in the order of the fetch.
	Changes []feeds.Change
	// Withdrawn are the keys that are gone, by Withdraw or by a change without an item.
	Withdrawn []string
	// PresentKeys are those that the source says its document holds.
	PresentKeys []string
	// Rejected and About are the reports.
	Rejected []sources.Rejected
	About    []feeds.About
	// Emits counts the calls of Emit.
	Emits int
	// Broken says in sentences which promises of package sources the source broke.
	Broken []string

	mu       sync.Mutex
	state    *State
	copies   []feeds.Change // of Changes, when they came
	withdrew int
}

// NewSink makes a sink whose Emit saves the state.
func NewSink(st *State) *Sink {
	return &Sink{
		Policy: sources.Policy{Source: "test"}, Now: time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC), state: st,
	}
}

// Fetch runs one fetch as the Manager does: state is saved with each Emit and at the end, and after an error what was
// not saved is forgotten.
func Fetch(ctx context.Context, src sources.Source, st *State, out *Sink) (sources.Result, error) {
	res, err := src.Fetch(ctx, st, out)
	if err != nil {
		st.Drop()
	} else {
		st.Save()
	}
	out.finish(res, err)
	return res, err
}

// Emit records and normalises changes.
func (s *Sink) Emit(changes ...feeds.Change) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.Emits++
	if s.OnEmit != nil {
		if err := s.OnEmit(s.Emits); err != nil {
			return err
		}
	}
	if len(changes) > sources.MaxBatch {
		s.broken("an Emit has at most %d changes: this one has %d", sources.MaxBatch, len(changes))
	}
	if s.withdrew > 0 {
		s.broken("Withdraw comes when everything else is emitted: there is an Emit after it")
	}
	for _, c := range changes {
		stated := c.Raw
		if c.Key == "" {
			s.broken("every change has a key: %+v", c)
			continue
		}
		if c.Item == nil {
			s.Withdrawn = append(s.Withdrawn, c.Key)
			continue
		}
		if i := slices.IndexFunc(s.Changes, func(o feeds.Change) bool { return o.Key == sources.CleanKey(c.Key) }); i >= 0 {
			s.broken("a key stands for one item: %q comes twice in one fetch", c.Key)
		}
		if s.PresentKeys != nil && !slices.Contains(s.PresentKeys, sources.CleanKey(c.Key)) {
			s.broken("Present comes before the first Emit, and tells of every key: %q is missing", c.Key)
		}
		if err := sources.Normalise(&c, s.Policy, s.Now); err != nil {
			s.broken("every item can be normalised, else it is Rejected: %v", err)
			continue
		}
		if stated != 0 && stated != c.Raw {
			s.broken("Raw of %q changed while it was normalised", c.Key)
		}
		s.Changes = append(s.Changes, c)
		s.copies = append(s.copies, clone(c))
	}
	s.state.Save()
	return nil
}

// Retract records keys that were named one by one.
func (s *Sink) Retract(keys ...string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.Withdrawn = append(s.Withdrawn, keys...)
	return nil
}

// Present records the keys of the document; see [sources.Witness].
func (s *Sink) Present(keys ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, k := range keys {
		s.PresentKeys = append(s.PresentKeys, sources.CleanKey(k))
	}
}

// Withdraw records keys that are gone.
func (s *Sink) Withdraw(keys ...string) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.withdrew++; s.withdrew > 1 {
		s.broken("Withdraw is called once a fetch, with all keys: this is call %d", s.withdrew)
	}
	if s.Guard {
		return false, nil
	}
	for i, k := range keys {
		keys[i] = sources.CleanKey(k)
	}
	s.Withdrawn = append(s.Withdrawn, keys...)
	s.state.Save()
	return true, nil
}

// Reject records a report.
func (s *Sink) Reject(r sources.Rejected) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.Where == "" || r.Reason == "" {
		s.broken("a Rejected says where and why: %+v", r)
	}
	s.Rejected = append(s.Rejected, r)
}

// Describe records what the source says of itself.
func (s *Sink) Describe(about feeds.About) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.About = append(s.About, about)
	return nil
}

// Keys are the keys of the emitted items, sorted.
func (s *Sink) Keys() []string {
	keys := make([]string, 0, len(s.Changes))
	for _, c := range s.Changes {
		keys = append(keys, c.Key)
	}
	slices.Sort(keys)
	return keys
}

// Change is the normalised change of a key.
func (s *Sink) Change(key string) (feeds.Change, bool) {
	for _, c := range s.Changes {
		if c.Key == key {
			return c, true
		}
	}
	return feeds.Change{}, false
}

// finish checks what can be said only when the fetch is over.
func (s *Sink) finish(res sources.Result, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil && len(s.Withdrawn) > 0 && !errors.Is(err, errInjected) {
		s.broken("a failed fetch withdraws nothing: it withdrew %q and failed with %v", s.Withdrawn, err)
	}
	if err != nil && res.Complete {
		s.broken("a failed fetch is not Complete")
	}
	if res.Complete && s.withdrew > 0 {
		s.broken("after a Complete fetch the Manager finds what is gone: the source does not call Withdraw as well")
	}
	if res.Unchanged && len(s.Changes)+len(s.Withdrawn) > 0 {
		s.broken("an Unchanged fetch emits nothing")
	}
	for i := range s.Changes {
		if d := cmp.Diff(s.copies[i], s.Changes[i]); d != "" {
			s.broken("the source does not touch what it emitted: %s", d)
		}
	}
}

func (s *Sink) broken(format string, args ...any) {
	s.Broken = append(s.Broken, fmt.Sprintf(format, args...))
}

// clone copies what a source could still hold a reference to.
func clone(c feeds.Change) feeds.Change {
	it := *c.Item
	it.Authors, it.Enclosures = slices.Clone(it.Authors), slices.Clone(it.Enclosures)
	it.Categories, it.Tags = slices.Clone(it.Categories), slices.Clone(it.Tags)
	if it.Origin != nil {
		o := *it.Origin
		it.Origin = &o
	}
	it.Content = strings.Clone(it.Content)
	c.Item = &it
	return c
}
