package push

import (
	"time"

	"feedmill/feeds"
)

// Spec is one target as it is configured.
type Spec struct {
	Name string
	Kind Kind
	// Location is where messages go, without secrets ([Config.Location]).
	Location string
	// Target is where messages go.
	Target Target
	// Hash moves with every setting of the target, secrets included: a target that was dead or blocked is tried again then.
	Hash string
	// Topics are what it asked for: an item in one of them, and for which Where is true. A nil Where is true for all; an error
	// of it is one of this item alone.
	Topics []feeds.Topic
	Where  func(*feeds.Item) (bool, error)
	// Shape makes the entry that is shown for an item; nil means the default of Language. An error of it lets the item be shown
	// as title and link.
	Shape func(*feeds.Item) (Entry, error)
	// Language is that of words which are not the item's: "en" or "zh".
	Language string
	Images   bool
	Digest   Digest
	Quiet    Quiet
	Edits    Edits
	// CatchUp is how far back a digest shows what piled up while nothing could be sent; what waited for longer it only counts, but for
	// the newest. 0 means 48 hours. Targets of [Kind.Data] get everything.
	CatchUp time.Duration
	// SendLast is how many of the newest items a new target gets at once: 0 to 5.
	SendLast int
	// Zone is that of clock times. Nil is UTC, and for the dates of an item the zone in which its source states them.
	Zone *time.Location
	// Page is the address for people of a topic, for "37 more".
	Page func(feeds.Topic) string
}

// Digest says when items wait to be sent together. The zero value sends each at once, and digests only what has piled up.
type Digest struct {
	// Every is the time between two digests; 0 for none.
	Every time.Duration
	// At are times of day, since midnight by the clock of the zone.
	At []time.Duration
}

// Quiet is the time of day in which nothing is sent, by the clock of the zone; it may go over midnight. From equal to To means none.
type Quiet struct{ From, To time.Duration }

// Edits says what becomes of an item that was sent and then changed.
type Edits string

const (
	IgnoreEdits Edits = "ignore" // nothing: the default
	Repost      Edits = "repost" // it is sent again, marked as edited
	InPlace     Edits = "edit"   // the message is changed; only where the target is an [Editor]
)

// State is what a target is doing.
type State string

const (
	Idle      State = "idle"      // nothing to send
	Sending   State = "sending"   // something is on its way
	Waiting   State = "waiting"   // for a digest, the end of quiet hours, a limit or the next attempt
	Broken    State = "broken"    // the breaker is open: too many failures in a row
	Parked    State = "parked"    // dead or blocked: waits for the operator
	Paused    State = "paused"    // the operator said so
	Elsewhere State = "elsewhere" // another replica serves it
)

// Status is how a target is.
type Status struct {
	Name     string `json:"name"`
	Kind     string `json:"kind"`
	Location string `json:"location"`
	State    State  `json:"state"`
	// Why says more: what it waits for, or the reason why it is parked.
	Why string `json:"why,omitempty"`
	// Backlog is how many items wait, as far as was looked (Counting says that there may be more), Oldest when the first of them came.
	Backlog  int       `json:"backlog"`
	Counting bool      `json:"counting,omitempty"`
	Oldest   time.Time `json:"oldest,omitzero"`
	// Next is when the next attempt is due.
	Next time.Time `json:"next,omitzero"`
	// Last is when something was delivered last, LastError how the last failure read.
	Last      time.Time `json:"last,omitzero"`
	LastError string    `json:"last_error,omitempty"`
	// Outcomes counts attempts by how they ended ("delivered" or a [Class]) since this process runs; Items what was delivered.
	Outcomes map[string]int64 `json:"outcomes,omitempty"`
	Items    int64            `json:"items"`
	Dead     int              `json:"dead_letters"`
	// Limited is how long the limiter made it wait since this process runs.
	Limited time.Duration `json:"limiter_wait"`
}

// Delivery is one line of a target's log: what became of one item.
type Delivery struct {
	Target string    `json:"target"`
	Item   string    `json:"item"`
	Time   time.Time `json:"time"`
	// Outcome is "delivered", "counted" (in a digest that does not show it), "dead-letter", "skipped" or the [Class] of an attempt that failed.
	Outcome string `json:"outcome"`
	// Message is the [Message.ID], Receipt what the platform calls it, Reason what it answered.
	Message string  `json:"message,omitempty"`
	Receipt Receipt `json:"receipt,omitempty"`
	Code    string  `json:"code,omitempty"`
	Reason  string  `json:"reason,omitempty"`
}
