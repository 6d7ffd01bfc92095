package push

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"feedmill/feeds"
)

// Target is one chat group or endpoint.
type Target interface {
	// Render writes a message as the request that delivers it: as many entries from the front as fit into the platform's
	// limits, at least one, whatever letters are in them. It is pure: the same message gives the same bytes, but for what is
	// signed at each attempt, which Send adds. What is cut ends in a mark, and the mark counts. Fails with an [*Error] of
	// class [BadPayload] where not even one entry can be shown.
	Render(m *Message) (*Payload, error)
	// Send makes one attempt and says how it ended: nil once the platform took the message, else an [*Error]. It is not
	// called by two goroutines at once. id is the [Message.ID], the same at every attempt.
	Send(ctx context.Context, id string, p *Payload) (Receipt, error)
	// Buckets are the limits on requests that the target shares with whoever else uses its credential.
	Buckets() []Bucket
}

// Editor is a Target that can change a message that it sent.
type Editor interface {
	// Edit replaces the message with this receipt. It fails as Send does.
	Edit(ctx context.Context, r Receipt, p *Payload) error
}

// Message is what one request delivers: entries in the order in which they came to the store, oldest first.
type Message struct {
	// ID is the same at every attempt, so that an endpoint knows a repeat: at most 64 letters, digits, "-" and "_".
	ID string
	// Heading is the title of a digest, as plain text; empty for a message of one entry.
	Heading string
	Entries []Entry
	// More is how many further items the message stands for without showing them, MoreURL the page that has them.
	More    int
	MoreURL string
	// Language is that of the words which a target adds itself: "en" or "zh".
	Language string
	// Small asks for the safest form, title and link of each entry, because the platform refused a richer one.
	Small bool
	// Silent asks the platform, where it can, not to sound.
	Silent bool
	// Time is when the message was made, in the time zone of the target.
	Time time.Time
}

// Entry is one item as it is shown: what the template made of it, as plain text without markup. The target escapes it.
type Entry struct {
	// Item is the whole of it, for targets that send data, not text.
	Item *feeds.Item
	// Title is one line and never empty. URL is the absolute http or https address to read on; it may be empty.
	Title, URL string
	// Text may have several lines; Footer is one line of small print such as "finews · 11-23 16:00". Both may be empty.
	Text, Footer string
	// Image is the https address of a picture; empty for none, and where pictures are off.
	Image string
	// Edited says that the entry was delivered before and says something else now.
	Edited bool
}

// Payload is one request, ready to be sent.
type Payload struct {
	// Body is what is sent, or, where Send signs it, what is signed. ContentType is its media type.
	Body        []byte
	ContentType string
	// Entries is how many of the message's entries are in it, from the front.
	Entries int
}

// Receipt is what a platform calls a message that it took; empty where it does not say.
type Receipt string

// Bucket is a limit that all who use one credential share.
type Bucket struct {
	// Key names the credential without giving it away: a hash ([KeyOf]).
	Key string
	// Rates hold all at once.
	Rates []Rate
}

// Rate is at most Count requests in any span of time as long as Per.
type Rate struct {
	Count int
	Per   time.Duration
}

// Config is the configuration of one kind of target, decoded from YAML with the yaml tags of its fields. The field tagged
// with the kind's name takes the address or credential; it may be a ${VAR}, or come from a file (KEY_file).
type Config interface {
	// Check says what is wrong in a way that the operator can mend, and never repeats a secret.
	Check() error
	// Location is where messages go, for logs and pages: without secrets ([Redact]).
	Location() string
}

// Kind is a kind of target.
type Kind struct {
	// Name is the key in the configuration.
	Name string
	// Doc is one line for `feedmill kinds`.
	Doc string
	// Config returns a new config that holds the defaults.
	Config func() Config
	// New makes a target of a checked config. It does no input or output.
	New func(cfg Config, env Env) (Target, error)
	// MaxWait bounds what the platform may ask for with Retry-After; 0 means an hour.
	MaxWait time.Duration
	// Data says that programs read the messages: every item comes whole, also of a flood, which people get one digest of.
	Data bool
	// Setup tells a person how to get the address or credential, in one line: `feedmill push add` shows it. SetupZH says it in
	// Chinese; empty for nothing better than Setup.
	Setup, SetupZH string
	// Secrets are further keys that are secret and without which there is no target: `feedmill push add` asks for them, too.
	Secrets []string
}

// Env is what a target gets from the program.
type Env struct {
	// Name is the target's name.
	Name string
	// HTTP follows no redirect, keeps from private networks unless they are allowed, and has a time limit.
	HTTP *http.Client
	// Now is the clock.
	Now func() time.Time
	Log *slog.Logger
}
