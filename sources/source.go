package sources

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"feedmill/feeds"
)

// Source brings items in.
type Source interface {
	// Fetch looks outside once and emits what it sees, in batches, as it goes: a first import of a million posts does
	// not fit in memory. It emits everything it sees and returns a Complete result, or only differences. It never
	// retries, sleeps or filters. After an error what was emitted stays, nothing is withdrawn, and state set since
	// the last Emit is not saved. One bad post is a Rejected: neither a failed fetch nor silence.
	Fetch(ctx context.Context, st State, out Sink) (Result, error)
}

// Watcher is a source that knows when to look again. Watch calls wake after each change outside until ctx ends; wake
// never blocks, and the next Fetch comes as soon as the one under way is done. A source for which events do not
// arrive logs it once and returns nil: its interval takes over.
type Watcher interface {
	Watch(ctx context.Context, wake func()) error
}

// Sink takes what a Fetch finds.
type Sink interface {
	// Emit stores changes, at most [MaxBatch] at once, together with the state set so far. It normalises the items in
	// place: the caller does not touch them again. Storing goes on while the source makes its next batch, so an error may
	// be that of the batch before; it ends the fetch.
	Emit(changes ...feeds.Change) error
	// Withdraw states that keys are gone. Call it once, when everything else is emitted: all keys of a fetch together
	// pass the guard against empty disks and wrong branches. While the guard holds them, ok is false: the source
	// keeps its state about these keys, so that the next fetch states them again.
	Withdraw(keys ...string) (ok bool, err error)
	// Reject reports a post that cannot be used, or (Repaired) one that was mended.
	Reject(r Rejected)
	// Describe states what the source says of itself; needed once a fetch, and only if it may have changed.
	Describe(about feeds.About) error
}

// Retractor is what every Sink is, too: it withdraws keys that somebody who may named one by one. The guard of Withdraw,
// which is for what a look around misses, does not hold them.
type Retractor interface {
	Retract(keys ...string) error
}

// MaxBatch is the most changes of one Emit.
const MaxBatch = 1000

// Result is what the Manager needs to know of a fetch; it counts also beside an error.
type Result struct {
	// Complete says that every item there is was emitted: what the store has beyond that is gone.
	Complete bool
	// Unchanged says that the answer was "nothing new" without reading any item (a 304).
	Unchanged bool
	// NotBefore is the earliest time of the next fetch (Retry-After, max-age, ttl); zero for no wish.
	NotBefore time.Time
	// Gone says that there is nothing to fetch any more (410): the Manager stops and tells the operator.
	Gone bool
	// Skip are hours and days at which there is to be no fetch.
	Skip Skip
	// Told is how the outside tells of news by itself, for a [Receiver] that also asks. By is when it has to be asked again
	// for that to go on, if politeness allows; zero for no matter when.
	Told Told
	By   time.Time
	// Note is one line for /status, such as the last HTTP status.
	Note string
	// Exchange tells of the requests that the fetch made; nil for a kind that makes none. fetch.Poll fills it.
	Exchange *Exchange
}

// Told is how a source that asks is also told of news.
type Told string

const (
	// Handled says that this fetch handled letters and asked nobody: the next look outside stays due when it was.
	Handled Told = "handled"
	// Listening says that somebody may write: the mailbox is looked into.
	Listening Told = "listening"
	// Pushed says that news come by themselves, and fetches are only the safety net: they come at the longest interval.
	Pushed Told = "pushed"
)

// Exchange is what was asked of a server in one fetch, and what it answered.
type Exchange struct {
	// Status is the last HTTP status: of the source's first document, or of the failure; 0 when there was no answer.
	Status int `json:"status,omitempty"`
	// Reached says that a server was reached, whatever it answered.
	Reached bool `json:"reached,omitempty"`
	// Requests counts the documents asked for, NotModified those that were answered with 304.
	Requests    int `json:"requests,omitempty"`
	NotModified int `json:"not_modified,omitempty"`
	// Bytes is the size of the bodies, decompressed.
	Bytes int64 `json:"bytes,omitempty"`
	// ETag and LastModified are the validators of the first document. Without any of them each fetch costs the origin the
	// whole document, and the Manager asks less often.
	ETag         string `json:"etag,omitempty"`
	LastModified string `json:"last_modified,omitempty"`
	// Moved is where a permanent redirect led the first request, without secrets; Slowest how long the slowest answer took,
	// without the time that a request waited for its turn.
	Moved   string   `json:"moved,omitempty"`
	Slowest Duration `json:"slowest,omitzero"`
}

// Rejected is a post that was not published as it stands.
type Rejected struct {
	// Where is the file relative to the source's root, or the URL. For a post with a key it is the key: the report
	// stands until that key is emitted or withdrawn without a new one.
	Where string `json:"where"`
	// Line is the line the reason is about; 0 if there is none.
	Line int `json:"line,omitempty"`
	// Reason is lower case and says what to do if that is not plain.
	Reason string `json:"reason"`
	// Repaired says that the post is published all the same, with what could be recovered.
	Repaired bool `json:"repaired,omitempty"`
}

func (r Rejected) String() string {
	verb := "rejected"
	if r.Repaired {
		verb = "repaired"
	}
	if r.Line > 0 {
		return fmt.Sprintf("%s:%d: %s: %s", r.Where, r.Line, verb, r.Reason)
	}
	return fmt.Sprintf("%s: %s: %s", r.Where, verb, r.Reason)
}

// State is what a source remembers between fetches: keys with small values, such as validators and file stamps.
// Reading sees what was set before. Set and Delete are saved with the next Emit, and at the end of a successful fetch.
// So set what belongs to a change right before the Emit of that change, never earlier.
type State interface {
	Get(key string) (value []byte, ok bool, err error)
	Range(fn func(key string, value []byte) error) error
	Set(key string, value []byte)
	Delete(key string)
}

// Config is the configuration of one kind of source, decoded from YAML with the yaml tags of its fields. The field
// tagged with the kind's name takes the location (a path or URL).
type Config interface {
	// Check says what is wrong in a way that the operator can mend. base is the directory of the configuration file,
	// against which relative paths are resolved.
	Check(base string) error
	// Location is the path or URL, for logs and pages: without secrets.
	Location() string
}

// Kind is a kind of source.
type Kind struct {
	// Name is the key in the configuration.
	Name string
	// Doc is one line for `feedmill kinds`.
	Doc string
	// Config returns a new config that holds the defaults.
	Config func() Config
	// New makes a source of a checked config. It does no input or output.
	New func(cfg Config, env Env) (Source, error)
	// Recognise says whether a SOURCE argument of the command line is of this kind, and how to configure it.
	Recognise func(arg string) (Config, bool)
	// Interval is the time between fetches unless configured otherwise. Before it is due only a Watcher wakes a source.
	Interval time.Duration
	// MaxInterval is the longest time between fetches that its own cadence suggests; 0 leaves it to the program.
	MaxInterval time.Duration
	// Members reads what a source of this kind names: its Fetch keeps the list in the State under [MembersKey] and emits
	// no items, and the program runs what Members makes of it as sources of their own. Nil for all other kinds.
	Members func(list []byte) ([]Member, error)
	// Leave, if not nil, is what goes on when a source of this kind leaves the configuration.
	Leave *Leave
	// Web: the kind asks others through Env.HTTP, so its sources take the keys for that (headers, proxy, allow and more)
	// and are asked for as often as their own cadence suggests, Interval being the shortest time.
	Web bool
	// FrontMatter: posts of this kind have named fields, of which [Env.Original] may be one.
	FrontMatter bool
	// Private: what a [Receiver] of this kind is told comes through the admin listener, never the public one.
	Private bool
}

// Leave ends what sources have arranged with others, such as a subscription, once they are not configured any more.
type Leave struct {
	// Key is where in the State a source keeps what it has arranged.
	Key string
	// New makes what runs in the source's place while there is something under Key. It has no settings but env, emits no
	// items, and is Gone when nothing is left to be done and Key is deleted.
	New func(env Env) Source
}

// MembersKey is where a source that names others keeps its list in the State.
const MembersKey = "members"

// Member is a source that another one names. It takes that one's settings: interval, rules, networks and so on.
type Member struct {
	// Name begins with the name of the source that names it.
	Name   string
	Kind   Kind
	Config Config
	// Title is what the list calls it; it may be empty.
	Title string
	// Categories are added to its items.
	Categories []string
}

// Env is what a source gets from the program.
type Env struct {
	// Name is the source's name.
	Name string
	// HTTP is the polite client: guarded, paced, with limits (package fetch makes it).
	HTTP *http.Client
	Log  *slog.Logger
	// Zone is the configured time zone; nil for none.
	Zone *time.Location
	// Original is the field of the front matter that holds the address of the page that a post was copied from
	// (Item.Original); empty for none. Kinds without front matter pass over it.
	Original string
	// Shape is equal while an item is published as before ([Policy.Shape]). A source that emits differences only states
	// everything again, with the same Raw, when it has moved.
	Shape string
	// Hook is the public address of a [Receiver], such as https://feeds.example.com/hook/NAME; empty while base_url is
	// not configured.
	Hook string
	// Dir is a directory for files of the source's own, beside the store; it may not be there yet, and what is in it can
	// be lost at any time. Empty if there is no place for it.
	Dir string
}

// ErrConfig marks an error that waits for the operator: a directory that is not there, a URL that cannot be.
var ErrConfig = errors.New("check the configuration")

// ErrDrift says that what used to be found outside is not found there any more, though the server answers: the operator has to
// adjust how it is read.
var ErrDrift = errors.New("what is outside has changed")
