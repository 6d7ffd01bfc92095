package sources

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"
)

// Receiver is a source that others tell of news: a repository's push webhook, a WebSub hub, a script that posts items.
// Requests to /hook/NAME reach it, on the public listener, or on the admin listener as /inbox/NAME if its Kind is
// Private; the path that Receive sees begins behind NAME. A body is at most [MaxReceived] bytes.
//
// Receive runs in any process that serves, beside a Fetch in this or another one, and must know by itself whether the
// request may come in. What has to be kept is put into the box, which wakes the source: its next Fetch finds it in
// the State, which is then a [Mail]. Receive answers quickly and does no other work.
type Receiver interface {
	Receive(w http.ResponseWriter, r *http.Request, box Mailbox)
}

// MaxReceived bounds the body of a request to a Receiver, in bytes: GitHub sends at most 25 MB
// (https://docs.github.com/en/webhooks/webhook-events-and-payloads).
const MaxReceived = 25 << 20

// MaxLetter is the largest letter, in bytes: a store's notes take no more.
const MaxLetter = 1 << 20

// Mailbox takes what a Receiver keeps.
type Mailbox interface {
	// Put keeps a letter until a Fetch is done with it, durably when it returns, and wakes the source. An empty letter
	// only wakes it, in whatever process fetches it. Letters are read in the order in which they came; two that come in
	// one moment through two processes have none. Fails for a letter of more than MaxLetter bytes and when the store does.
	Put(ctx context.Context, letter []byte) error
	// State reads a value that an earlier Fetch has set.
	State(ctx context.Context, key string) (value []byte, ok bool, err error)
}

// Mail is the State of a Receiver's Fetch. Whoever handles letters does it so that the same one may come again: after a
// crash it does.
type Mail interface {
	State
	// Letters returns the oldest letters, at most [MaxLetters] and never more than 16 MiB beyond the first. Ask again
	// after Done for more.
	Letters() ([]Letter, error)
	// Done throws a letter away, with the state that is set at the time: call it when what the letter brought is emitted.
	Done(Letter)
}

// MaxLetters is the most letters of one look into the mailbox.
const MaxLetters = 500

// maxMail bounds the letters of one look, in bytes.
const maxMail = 16 << 20

// Letter is what a Receiver put into the box.
type Letter struct {
	// Key tells letters apart and sorts them by arrival.
	Key  string
	Body []byte
}

// Letters implements Mail.
func (s *state) Letters() ([]Letter, error) {
	var keys []Letter // without bodies, which may be large
	err := s.memory.Range(s.ctx, BucketMail, func(key string, _ []byte) error {
		if !s.done(key) {
			keys = append(keys, Letter{Key: key})
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(keys, func(a, b Letter) int { return cmp.Compare(a.Key, b.Key) })
	size := 0
	for i := range keys[:min(len(keys), MaxLetters)] {
		body, ok, err := s.memory.Read(s.ctx, BucketMail, keys[i].Key)
		if err != nil {
			return nil, err
		}
		if !ok {
			continue
		}
		if size += len(body); i > 0 && size > maxMail {
			return keys[:i], nil
		}
		keys[i].Body = body
	}
	return keys[:min(len(keys), MaxLetters)], nil
}

// Done implements Mail.
func (s *state) Done(l Letter) {
	s.mu.Lock()
	s.read[l.Key], s.finished[l.Key] = nil, true
	s.mu.Unlock()
}

func (s *state) done(key string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.finished[key]
}

// hasMail says whether a letter waits.
func hasMail(ctx context.Context, m Memory) (bool, error) {
	found := false
	err := m.Range(ctx, BucketMail, func(string, []byte) error {
		found = true
		return errFound
	})
	if found {
		return true, nil
	}
	return false, err
}

// errFound ends a Range early.
var errFound = errors.New("found")
