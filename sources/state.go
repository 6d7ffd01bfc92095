package sources

import (
	"context"
	"fmt"
	"maps"
	"sync"
)

// state is the State of one fetch: a view of the source's bucket with the differences that are not saved yet.
type state struct {
	ctx    context.Context // of the fetch: State's methods are called within it
	memory Memory
	failed int // fetches in a row before this one

	mu      sync.Mutex
	pending map[string][]byte // nil: deleted
	saving  map[string][]byte // on their way to the store
	// read are the letters that Done was called for since the last take, filing those whose end is being saved, finished
	// all of this fetch: the store may still list one that has just been thrown away.
	read, filing map[string][]byte
	finished     map[string]bool
}

func newState(ctx context.Context, m Memory) *state {
	return &state{ctx: ctx, memory: m, pending: map[string][]byte{}, read: map[string][]byte{}, filing: map[string][]byte{}, finished: map[string]bool{}}
}

// Failures is how many fetches in a row failed before this one. It is no part of State: what a fetch emits must not
// depend on it, but fetch.Poll asks another address.
func (s *state) Failures() int { return s.failed }

func (s *state) Get(key string) ([]byte, bool, error) {
	s.mu.Lock()
	value, ok := s.pending[key]
	if !ok {
		value, ok = s.saving[key]
	}
	s.mu.Unlock()
	if ok {
		return value, value != nil, nil
	}
	return s.memory.Read(s.ctx, bucketState, key)
}

func (s *state) Range(fn func(key string, value []byte) error) error {
	s.mu.Lock()
	pending := maps.Clone(s.saving)
	if pending == nil {
		pending = map[string][]byte{}
	}
	maps.Copy(pending, s.pending)
	s.mu.Unlock()
	for key, value := range pending {
		if value == nil {
			continue
		}
		if err := fn(key, value); err != nil {
			return err
		}
	}
	return s.memory.Range(s.ctx, bucketState, func(key string, value []byte) error {
		if _, ok := pending[key]; ok {
			return nil
		}
		return fn(key, value)
	})
}

func (s *state) Set(key string, value []byte) {
	if value == nil {
		value = []byte{}
	}
	s.mu.Lock()
	s.pending[key] = value
	s.mu.Unlock()
}

func (s *state) Delete(key string) {
	s.mu.Lock()
	s.pending[key] = nil
	s.mu.Unlock()
}

// take sets the differences aside to be saved; what is set from now on belongs to the next save.
func (s *state) take() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.saving == nil {
		s.saving = map[string][]byte{}
	}
	maps.Copy(s.saving, s.pending)
	s.pending = map[string][]byte{}
	maps.Copy(s.filing, s.read)
	s.read = map[string][]byte{}
}

// save writes what take set aside.
func (s *state) save() error {
	s.mu.Lock()
	edits, letters := s.saving, s.filing
	s.mu.Unlock()
	if len(edits) > 0 {
		if err := s.memory.Write(s.ctx, bucketState, edits); err != nil {
			return fmt.Errorf("save the source's state: %w", err)
		}
	}
	if len(letters) > 0 {
		if err := s.memory.Write(s.ctx, BucketMail, letters); err != nil {
			return fmt.Errorf("throw away %d read letters: %w", len(letters), err)
		}
	}
	s.mu.Lock()
	s.saving, s.filing = nil, map[string][]byte{}
	s.mu.Unlock()
	return nil
}
