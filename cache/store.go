package cache

import (
	"context"
	"io"
	"time"

	"feedmill/feeds"
)

// Store is everything a store does. Consumers ask for the part they need.
type Store interface {
	Items
	Catalog
	Log
	Ledger
	Sources
	Notes
	Locker
	// Maintain does the work that time brings: it indexes held items whose second has come, trims the log, drops
	// expired notes, applies retention and deletes what was withdrawn or retired more than [KeepGone] ago; at most a
	// bounded amount a call. It returns when it wants to be called again: not later than the next held item is due.
	// Any replica may call it at any time.
	Maintain(ctx context.Context) (next time.Time, err error)
	// Now is the store's clock, whole seconds count. All replicas on one store share it.
	Now(ctx context.Context) (time.Time, error)
	io.Closer
}

// MaxBatch is the most changes one Put takes; the caller splits.
const MaxBatch = 1000

// KeepGone is how long the bodies of withdrawn and retired items are kept, so that undoing a change restores them.
const KeepGone = 30 * 24 * time.Hour

// Items takes changes in and gives items out.
type Items interface {
	// Put applies changes of one source in order, atomically per change and durably for all that it answers without
	// an error. The lease's name is "source/" + source. The answers stand in the order of the changes, also beside an
	// error; changes that were not reached are missing at the end. A change that cannot be taken (key or ID too long,
	// no key) is Refused and stops no other.
	//
	// A new key gets its Wish as ID, or a minted one without it; where the ID is taken in this store, "#" and 8 hex
	// digits of a hash of source and key are added ([MintID]), again and again until it is free. A change whose
	// Formerly names a known key takes over that key's ledger entry, unless its own key has a live or held item, or a
	// withdrawn one while that of Formerly is withdrawn too; the kind is then that of the change itself. Until the source's baseline is set, and with Backlog, new items are Baseline and their Arrived is their
	// Published (or now, where that is earlier); afterwards they are New and Arrived is the store's second. A known
	// key with other Raw is Changed, with the same Raw but other bytes, or Silent, Reshaped: both keep ID and Arrived. A withdrawn
	// key that is stated again is Restored, with ID and Arrived kept. A Changed item whose Published moved moves in the
	// order ByPublished, never in the order ByArrival.
	//
	// Put sets in what it stores: ID; Arrived; Published, where the change has none, to the second in which the key was
	// first seen; Updated, where the change has none, to Published for a new key, to the store's second for one with
	// other Raw that is not Silent, else to what it was. Updated is never before Published.
	//
	// A change with Hold whose Published is ahead of the store's clock is Held: ledger and body are kept, but it is in
	// no topic and no log entry. [Store.Maintain] indexes it in its second, as New (or Baseline, if it was put so).
	// The same held change again is Unchanged, another one Held. An item is New (or Baseline) when it first is in a
	// topic, also if it was held and withdrawn before. A live item that is held leaves its topics, Withdrawn in the
	// log, and comes back as Restored.
	//
	// An item that retention dropped and that is stated again is Restored, or Unchanged if it would be dropped again.
	//
	// Live items of different sources with the same Address and group are one: that which came to this store first is shown,
	// and those of other sources are Merged. The shown one has the labels of all, their sources as Also,
	// and is in their sources' topics; whatever is done to one of them moves it as Reshaped. When it leaves, the next is
	// Restored under its own ID, and goes again when it returns. A merged item counts as live in everything but topics, log
	// and Get; stated for the first time, or again, it is Merged in place of New, Baseline, Restored or Reshaped. An Address
	// alone that moves moves nothing in the log but what it merges or parts: the answer is then Merged or Unchanged. At most
	// [MaxSame] items share an address; others stand apart until there is room when they are stated again.
	//
	// An item as Known returns it, with the Raw of its record, is Unchanged: dates that the store filled in make no difference.
	//
	// A withdrawal of an unknown or already withdrawn key is Unchanged.
	//
	// Fails with ErrStale, ErrFull, ErrUnavailable.
	Put(ctx context.Context, lease Lease, changes ...feeds.Change) ([]feeds.Accepted, error)
	// Recent reads a topic: at most limit items behind before in the given order, with their places and the topic's version.
	// Items of equal seconds are told apart by Pos.Seq, so paging never repeats or skips one, and an order turned round by
	// feeds.Rising has the same items at the same places. An unknown topic is an
	// empty page with a zero Version. limit is 1..1000.
	Recent(ctx context.Context, topic feeds.Topic, order feeds.Order, before feeds.Pos, limit int) (feeds.Page, error)
	// Assign puts live items into a topic of kind feed, or takes them out of it: the topics that no item says itself. The item
	// stays in it, whatever is put of it, until it is taken out or leaves its topics (withdrawn, held, dropped, retired); it
	// does not come back with it. Each item that came or left is one log entry with this topic alone, and the version moves.
	// Unknown IDs, items that are not live, those of another group than the topic, and what is so already are left out. An item
	// that changes its group leaves the topic.
	// Fails with ErrStale, ErrFull, ErrUnavailable.
	Assign(ctx context.Context, lease Lease, topic feeds.Topic, edits ...Assignment) error
	// Get returns the live items with these public IDs, in that order, without those that are not there.
	Get(ctx context.Context, ids ...string) ([]feeds.Item, error)
}

// Assignment says of an item whether it is in a topic. Kind is what the log says of it: New for news, Withdrawn for an item
// that is taken out, else Baseline or Reshaped.
type Assignment struct {
	ID   string
	Kind feeds.Kind
}

// Ledger tells what is known of items, whatever has become of them.
type Ledger interface {
	// Known returns what is known under native keys of a source, in their order: a record without Standing for a key that
	// was never stated. Standing, Raw and Item belong together.
	Known(ctx context.Context, source string, keys ...string) ([]feeds.Record, error)
	// Find returns the records of public IDs, in their order; one without Standing for an ID that was never given. It may
	// have to look through all keys of a source.
	Find(ctx context.Context, ids ...string) ([]feeds.Record, error)
}

// Catalog lists what is published.
type Catalog interface {
	// Topics lists every topic of a group that ever had an item, unordered. Group "" is the public one.
	Topics(ctx context.Context, group string) ([]feeds.TopicInfo, error)
	// Version is the version of one topic; zero for one that never had an item.
	Version(ctx context.Context, topic feeds.Topic) (feeds.Version, error)
}

// Cursor is a place in the log; opaque but for "", the place before the first entry.
type Cursor string

// Entry is one line of the log: what happened to an item (or, Reshaped without ID, to the titles of topics).
type Entry struct {
	Cursor Cursor
	Kind   feeds.Kind
	// Source and ID name the item; ID is empty when only topics were reshaped.
	Source, ID string
	// Topics are all topics whose version moved: those the item is in now and those it left.
	Topics []feeds.Topic
}

// Log tells what changed, in order.
type Log interface {
	// After returns at most limit entries behind the cursor, oldest first; none when it is at the end. No entry ever
	// appears behind a cursor that was returned, also under concurrent Puts. It fails with *TrimmedError when
	// entries behind the cursor were dropped, and with ErrRegressed when the log ends before the cursor (a restored
	// backup, a failover that lost writes).
	After(ctx context.Context, cursor Cursor, limit int) ([]Entry, error)
	// Wait returns nil once there is an entry behind the cursor, or the context's error. It may return early.
	Wait(ctx context.Context, cursor Cursor) error
	// Tail is the cursor of the newest entry; "" for an empty log.
	Tail(ctx context.Context) (Cursor, error)
}

// SourceInfo is what the store knows of a source.
type SourceInfo struct {
	Name  string
	About feeds.About
	// Baseline is true once the first complete fetch was stored.
	Baseline bool
	// Items is how many live items the source has, held ones not counted, and Merged how many of them another source's
	// item is shown for.
	Items, Merged int
	// Retired is when the source left the feeds; zero for an active one.
	Retired time.Time
}

// Sources keeps the facts about sources. The leases are those of Put.
type Sources interface {
	// List returns all sources that were ever described or put to, retired ones included, by name.
	List(ctx context.Context) ([]SourceInfo, error)
	// Source returns one of them; only with its name if it was never described or put to.
	Source(ctx context.Context, name string) (SourceInfo, error)
	// Describe stores what a source says of itself. A difference bumps the version of source/NAME, all, and every
	// topic whose title moved, as far as they have had items, and appends one Reshaped entry with these topics, also if
	// there are none yet: the log is how every process learns that there is something new to read here.
	Describe(ctx context.Context, lease Lease, source string, about feeds.About) error
	// SetBaseline marks the end of the first complete fetch. Idempotent.
	SetBaseline(ctx context.Context, lease Lease, source string) error
	// Keys calls fn for the native key of every live or held item of the source, in no order.
	Keys(ctx context.Context, source string, fn func(key string) error) error
	// Retire takes all items of a source out of every topic (Withdrawn in the log) and keeps everything [KeepGone]
	// long; Revive puts them back (Restored). Both may be called again after they were cut short, and a Put to a
	// retired source is refused with ErrRetired.
	Retire(ctx context.Context, lease Lease, source string) error
	Revive(ctx context.Context, lease Lease, source string) error
	// Rename gives everything of source old to a source that has no items yet: same keys, same IDs, silently
	// (Reshaped). Fails with ErrExists. The lease is the one of the new name.
	Rename(ctx context.Context, lease Lease, old, source string) error
}

// Edit is one change of a note. A nil Value deletes it. TTL 0 keeps it for ever.
type Edit struct {
	Bucket, Key string
	Value       []byte
	TTL         time.Duration
}

// Notes are small remembered values in buckets: states, bookmarks, validators. A value is at most 1 MiB.
type Notes interface {
	// Read returns the notes of a bucket under these keys; absent and expired ones are missing.
	Read(ctx context.Context, bucket string, keys ...string) (map[string][]byte, error)
	// Range calls fn for every note of a bucket, in no order. fn may keep key and value and may call the store. A
	// note that is there from start to end is given exactly once.
	Range(ctx context.Context, bucket string, fn func(key string, value []byte) error) error
	// Write applies all edits or none. A zero Lease is not fenced.
	Write(ctx context.Context, lease Lease, edits ...Edit) error
}

// Lease is the right to write under a name. Token grows with every acquisition; a write under an older one is
// refused, so a holder that slept too long does no harm.
type Lease struct {
	Name  string
	Token uint64
}

// Locker hands out leases.
type Locker interface {
	// Acquire takes the lease for ttl. Fails with ErrHeld while somebody else has it.
	Acquire(ctx context.Context, name string, ttl time.Duration) (Lease, error)
	// Renew extends a lease that is still held. Fails with ErrStale.
	Renew(ctx context.Context, lease Lease, ttl time.Duration) error
	// Release gives the lease back; a stale one is nothing to give back and no error.
	Release(ctx context.Context, lease Lease) error
}

// Options are settings that every store takes.
type Options struct {
	// KeepItems and KeepFor bound what a source keeps (0: everything); older items by arrival go first, gradually.
	KeepItems int
	KeepFor   time.Duration
	// LogEntries and LogFor bound the log; 0 means 1,000,000 and 30 days.
	LogEntries int
	LogFor     time.Duration
}
