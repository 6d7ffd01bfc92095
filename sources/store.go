package sources

import (
	"context"
	"errors"
	"io"

	"feedmill/feeds"
)

// Store is what the Manager needs of a store; the program fits a cache.Store to it. This package knows no store, so
// that `feedmill preview` can run a source without one.
type Store interface {
	// Open takes the right to fetch and write for a source until Close. It fails with ErrBusy while another process
	// has it.
	Open(ctx context.Context, source string) (Desk, error)
}

// ErrBusy says that another process fetches this source.
var ErrBusy = errors.New("another process fetches this source")

// Desk is the right to write for one source. After it was lost every method fails.
type Desk interface {
	Ledger
	Memory
	// Lost is closed when the right to write was lost.
	Lost() <-chan struct{}
	io.Closer
}

// Ledger stores items.
type Ledger interface {
	// Put stores at most MaxBatch changes and answers in their order.
	Put(ctx context.Context, changes ...feeds.Change) ([]feeds.Accepted, error)
	Describe(ctx context.Context, about feeds.About) error
	SetBaseline(ctx context.Context) error
	Inventory
}

// Inventory tells what the store has of the source.
type Inventory interface {
	// Info returns the facts of the source.
	Info(ctx context.Context) (Facts, error)
	// Keys calls fn for the key of each live or held item.
	Keys(ctx context.Context, fn func(key string) error) error
	// Known returns what is known under keys, in their order; a record without Standing for one that was never stated.
	Known(ctx context.Context, keys ...string) ([]feeds.Record, error)
	// Recent returns at most limit live items of the source in a group, with those of others that are in its topic, too;
	// the latest published first, behind before.
	Recent(ctx context.Context, group string, before feeds.Pos, limit int) (feeds.Page, error)
	// Find returns the records of public IDs, in their order; one without Standing for an ID that was never given.
	Find(ctx context.Context, ids ...string) ([]feeds.Record, error)
}

// Facts are what a store knows of a source.
type Facts struct {
	// Items is how many live items there are, and Merged how many of them items of other sources are shown for.
	Items, Merged int
	// Baseline says that the first complete fetch was stored.
	Baseline bool
}

// Memory keeps small values in buckets of the source.
type Memory interface {
	Read(ctx context.Context, bucket, key string) (value []byte, ok bool, err error)
	Range(ctx context.Context, bucket string, fn func(key string, value []byte) error) error
	// Write sets the values of a bucket and deletes those that are nil, all or none.
	Write(ctx context.Context, bucket string, edits map[string][]byte) error
}

// ReleaseKey in the bucket "schedule" is the operator's word that what is held may pass: withdrawals, and entries under
// other keys as new items. AbsorbKey is the word that such entries are what they were before. Any process may set them;
// who acts on one clears it.
const (
	ReleaseKey = "release"
	AbsorbKey  = "absorb"
)

// Buckets are all buckets of a source, for whoever gives a source another name.
var Buckets = []string{bucketState, bucketRejected, bucketSchedule, BucketDropped, BucketMail, BucketHeld, bucketAdopted, BucketWay}

// Buckets of Memory.
const (
	bucketState    = "state"    // what the source itself remembers
	bucketRejected = "rejected" // where -> Rejected
	bucketSchedule = "schedule" // the Manager's own record, ReleaseKey and AbsorbKey
	bucketAdopted  = "adopted"  // the IDs of the feed that this source continues
	// BucketDropped holds what the rules left out, by key.
	BucketDropped = "dropped"
	// BucketMail holds the letters for a Receiver, which any process may add to, by keys in the order of arrival.
	BucketMail = "mail"
	// BucketState is read by a Mailbox.
	BucketState = bucketState
	// BucketHeld holds entries that wait for the operator, by [HeldName].
	BucketHeld = "held"
	// BucketWay holds how the source reaches others, for when it has left the configuration.
	BucketWay = "way"
	// BucketRejected holds the reports on posts, by Where.
	BucketRejected = bucketRejected
)
