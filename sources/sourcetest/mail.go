package sourcetest

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"sync"

	"feedmill/sources"
)

// Box is a [sources.Mailbox] in memory, for tests of a Receiver.
type Box struct {
	mu      sync.Mutex
	letters []sources.Letter
	// Of is the state that State reads; nil for an empty one.
	Of *State
	// Fail, if set, is what Put fails with.
	Fail error
	// Puts counts the letters that were put in.
	Puts int
	// Look is the most letters of one look; 0 means sources.MaxLetters.
	Look int
}

var (
	_ sources.Mailbox = (*Box)(nil)
	_ sources.Mail    = (*State)(nil)
)

// Put keeps a letter.
func (b *Box) Put(_ context.Context, letter []byte) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.Fail != nil {
		return b.Fail
	}
	if len(letter) > sources.MaxLetter {
		return fmt.Errorf("a letter of %d bytes: at most %d", len(letter), sources.MaxLetter)
	}
	b.Puts++
	b.letters = append(b.letters, sources.Letter{Key: fmt.Sprintf("%06d", b.Puts), Body: bytes.Clone(letter)})
	return nil
}

// State reads what the state of the box has saved.
func (b *Box) State(_ context.Context, key string) ([]byte, bool, error) {
	b.mu.Lock()
	of := b.Of
	b.mu.Unlock()
	if of == nil {
		return nil, false, nil
	}
	value, ok := of.Saved()[key]
	return value, ok, nil
}

// donePrefix begins the keys under which a state remembers the letters that are done.
const donePrefix = "\x00done/"

// Letters implements [sources.Mail].
func (s *State) Letters() ([]sources.Letter, error) {
	s.box.mu.Lock()
	all, most := s.box.letters, s.box.Look
	s.box.mu.Unlock()
	if most == 0 {
		most = sources.MaxLetters
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []sources.Letter
	for _, l := range all {
		if _, done := s.now[donePrefix+l.Key]; !done && len(out) < most {
			out = append(out, sources.Letter{Key: l.Key, Body: bytes.Clone(l.Body)})
		}
	}
	return out, nil
}

// Done implements [sources.Mail].
func (s *State) Done(l sources.Letter) { s.Set(donePrefix+l.Key, nil) }

func isDone(key string) bool { return strings.HasPrefix(key, donePrefix) }
