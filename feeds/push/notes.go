package push

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"feedmill/cache"
)

// The buckets of notes. Those of a target end in its name.
const (
	statesBucket  = "push"         // target -> state
	logBucket     = "push/log/"    // slot of the ring -> record
	lettersBucket = "push/dead/"   // hash of the item -> Letter
	limitsBucket  = "push/limit/"  // + key of a credential: target -> stamps
	ordersBucket  = "push/orders"  // key -> order
	queueBucket   = "push/replay/" // + key of an order: chunk -> IDs
)

const (
	// keepLog is how many records the log of a target has, and logFor how long they are kept.
	keepLog = 5000
	logFor  = 30 * 24 * time.Hour
	// keepLetters is how many dead letters a target has; past it the oldest goes.
	keepLetters = 1000
	// recordItems is how many items one record names, so that it stays far below the size of a note.
	recordItems = 200
)

// state is what is remembered of a target, in one note that moves with everything else of it.
type state struct {
	// Cursor is the bookmark: whatever is up to it is settled, or in Pending or Aside.
	Cursor cache.Cursor `json:"cursor"`
	Since  time.Time    `json:"since"`
	// Removed says that the target was not configured any more when somebody looked: the notes expire.
	Removed bool `json:"removed,omitempty"`
	// Records counts the records of the log: the next one's slot is Records modulo the ring.
	Records uint64 `json:"records,omitempty"`
	// Pending is the message that is sent next, or again. Its range begins behind Cursor.
	Pending *message `json:"pending,omitempty"`
	// Probe is the message behind Pending that is tried in its place, to tell a message that fails from a target that does.
	Probe *message `json:"probe,omitempty"`
	// Probing says that Pending has just failed once more, and that it is Probe's turn.
	Probing bool `json:"probing,omitempty"`
	// Aside are messages that failed while others got through; they have no place in the log any more.
	Aside []*message `json:"aside,omitempty"`
	// Next is when the next request may be made at the earliest.
	Next    time.Time `json:"next,omitzero"`
	Limits  int       `json:"limits,omitempty"` // answers in a row that asked for a pause without saying how long
	Breaker breaker   `json:"breaker,omitzero"`
	Parked  *parked   `json:"parked,omitempty"`
	// Resumed is the newest order to resume that was obeyed.
	Resumed string `json:"resumed,omitempty"`
	// Order is the replay under way, and Done how many of its items are settled.
	Order string `json:"order,omitempty"`
	Done  int    `json:"done,omitempty"`
	// Lagging asks for a digest of what has piled up, however little that is.
	Lagging bool `json:"lagging,omitempty"`
	// Counted is how many items a digest was to count that was not sent: the next one does.
	Counted   int       `json:"counted,omitempty"`
	Last      time.Time `json:"last,omitzero"`
	LastError string    `json:"last_error,omitempty"`
}

// parked says why nothing is sent until the operator does something.
type parked struct {
	Class  Class     `json:"class"`
	Code   string    `json:"code"`
	Reason string    `json:"reason"`
	Hash   string    `json:"hash"` // Spec.Hash at that time
	At     time.Time `json:"at"`
}

// message is a message as it is remembered until it is settled: what it is of, not what it says, which is made anew for every
// attempt of what the items say then.
type message struct {
	ID    string `json:"id"`
	Items []part `json:"items"`
	// More are items that it stands for without showing them; in notes they are Count, and records.
	More   []part `json:"-"`
	Count  int    `json:"count,omitempty"`
	Digest bool   `json:"digest,omitempty"`
	// To is where the bookmark goes with it; empty for one that is not of the log.
	To cache.Cursor `json:"to,omitempty"`
	// Edit is the message to change in place; empty for a new one.
	Edit Receipt `json:"edit,omitempty"`
	// Order is the replay that it is of, and Upto how many of its items are settled with it.
	Order string `json:"order,omitempty"`
	Upto  int    `json:"upto,omitempty"`
	Small bool   `json:"small,omitempty"`
	// Attempts counts those that failed, Tried is when the last one began, Next when the next one of a message set aside is due.
	Attempts int       `json:"attempts,omitempty"`
	Tried    time.Time `json:"tried,omitzero"`
	Next     time.Time `json:"next,omitzero"`
	// Ambiguous says that an earlier attempt may have been delivered.
	Ambiguous bool `json:"ambiguous,omitempty"`
	// Spent is the time it failed while others got through.
	Spent time.Duration `json:"spent,omitempty"`

	floods map[string]*flood // what it stands for, for making it
}

// part is one item of a message.
type part struct {
	ID string `json:"id"`
	// At is its place in the log, for what comes from there.
	At     cache.Cursor `json:"at,omitempty"`
	Edited bool         `json:"edited,omitempty"`

	// Place is where it stands in what the message was made of. Flood says that it is counted where there is no room for it.
	Place int  `json:"place,omitempty"`
	Flood bool `json:"flood,omitempty"`
}

// record is one line of a target's log: how one message ended, or what was skipped.
type record struct {
	Seq     uint64    `json:"seq"`
	Time    time.Time `json:"time"`
	Outcome string    `json:"outcome"`
	Message string    `json:"message,omitempty"`
	Receipt Receipt   `json:"receipt,omitempty"`
	Code    string    `json:"code,omitempty"`
	Reason  string    `json:"reason,omitempty"`
	Items   []string  `json:"items,omitempty"`
	// Prints are those of the items as they were shown, where edits matter; Edited that they were shown before.
	Prints []print `json:"prints,omitempty"`
	Edited bool    `json:"edited,omitempty"`
	// Count is how many items it is about, where it does not name them all.
	Count int `json:"count,omitempty"`
}

// The outcomes that are no [Class].
const (
	delivered  = "delivered"
	deadLetter = "dead-letter"
	counted    = "counted"
	skipped    = "skipped"
)

// ids are those of parts.
func ids(parts []part) []string {
	out := make([]string, len(parts))
	for i := range parts {
		out[i] = parts[i].ID
	}
	return out
}

func slot(seq uint64) string { return fmt.Sprintf("%04d", seq%keepLog) }

// hash is 128 bits of a text, for keys.
func hash(parts ...string) string {
	h := sha256.New()
	for _, s := range parts {
		h.Write([]byte(s))
		h.Write([]byte{0})
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

func encode(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // notes have no value that JSON cannot write
	}
	return b
}

// load reads the state of a target; nil for one that has none.
func (c *Courier) load(ctx context.Context, name string) (*state, error) {
	notes, err := c.store.Read(ctx, statesBucket, name)
	if err != nil {
		return nil, fmt.Errorf("read the bookmark of target %s: %w", name, err)
	}
	b, ok := notes[name]
	if !ok {
		return nil, nil
	}
	st := &state{}
	if err := json.Unmarshal(b, st); err != nil {
		return nil, fmt.Errorf("read the bookmark of target %s: %w", name, err)
	}
	return st, nil
}

// write writes notes, and goes on trying while the store cannot be reached or is full: what happened outside has happened.
func (s *stream) write(ctx context.Context, edits ...cache.Edit) error {
	for wait := 50 * time.Millisecond; ; wait = min(2*wait, 5*time.Second) {
		err := s.c.store.Write(ctx, s.lease, edits...)
		if err == nil {
			return nil
		}
		if !errors.Is(err, cache.ErrUnavailable) && !errors.Is(err, cache.ErrFull) || !pause(ctx, wait) {
			return fmt.Errorf("remember how far target %s is: %w", s.spec.Name, err)
		}
		s.say("the store takes nothing; nothing more is sent until it does", err)
	}
}

// save writes the state with the records that are not written yet and whatever else belongs to it, all or nothing.
func (s *stream) save(ctx context.Context, more ...cache.Edit) error {
	for _, m := range slices.Concat(s.st.Aside, []*message{s.st.Pending, s.st.Probe}) {
		if m != nil {
			s.settleCounted(m)
		}
	}
	edits := make([]cache.Edit, 0, 1+len(s.records)+len(more))
	st := *s.st
	for i := range s.records {
		r := &s.records[i]
		r.Seq = st.Records
		st.Records++
		edits = append(edits, cache.Edit{Bucket: logBucket + s.spec.Name, Key: slot(r.Seq), Value: encode(r), TTL: logFor})
	}
	edits = append(edits, cache.Edit{Bucket: statesBucket, Key: s.spec.Name, Value: encode(&st)})
	if err := s.write(ctx, append(edits, more...)...); err != nil {
		return err
	}
	s.st.Records = st.Records
	s.records = s.records[:0]
	s.savedAt = time.Now()
	return nil
}

// pause waits, and says whether the context still runs.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
