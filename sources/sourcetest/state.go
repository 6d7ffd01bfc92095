package sourcetest

import (
	"bytes"
	"maps"
	"slices"
	"sync"
)

// State is a [sources.State] in memory: what is set counts for reading at once, and is kept with [State.Save].
type State struct {
	mu    sync.Mutex
	saved map[string][]byte
	now   map[string][]byte // as the source sees it
	box   *Box
}

// NewState makes an empty state.
func NewState() *State { return NewStateWith(&Box{}) }

// NewStateWith makes an empty state whose letters are those of box. Other states of the same box have them too: each
// is a store of its own.
func NewStateWith(box *Box) *State {
	return &State{saved: map[string][]byte{}, now: map[string][]byte{}, box: box}
}

// Get is the value that was set last.
func (s *State) Get(key string) (value []byte, ok bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	value, ok = s.now[key]
	return bytes.Clone(value), ok, nil
}

// Range calls fn for every key in order. It takes a copy first, so fn may set and delete.
func (s *State) Range(fn func(key string, value []byte) error) error {
	s.mu.Lock()
	all := maps.Clone(s.now)
	s.mu.Unlock()
	for _, key := range slices.Sorted(maps.Keys(all)) {
		if isDone(key) {
			continue
		}
		if err := fn(key, bytes.Clone(all[key])); err != nil {
			return err
		}
	}
	return nil
}

// Set sets a value; it is kept only by the next Save.
func (s *State) Set(key string, value []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now[key] = bytes.Clone(value)
}

// Delete takes a key out.
func (s *State) Delete(key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.now, key)
}

// Save keeps what was set, as an Emit or the end of a fetch does.
func (s *State) Save() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.saved = maps.Clone(s.now)
}

// Drop forgets what was set since the last Save, as a failed fetch or a crash does.
func (s *State) Drop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = maps.Clone(s.saved)
}

// Saved is a copy of what is kept.
func (s *State) Saved() map[string][]byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.saved)
}
