package feeds

import "time"

// Change is an item as its source states it, or the statement that a key is gone.
type Change struct {
	// Source is the source's name; the Manager fills it in.
	Source string
	// Key is the native key: unique in the source, stable across edits. For a post file its path, for an upstream
	// entry its guid. At most [MaxKey] bytes.
	Key string
	// Formerly is the key this item had before, if the source knows of a rename: the identity is carried over.
	Formerly string
	// Wish is the ID that subscribers of the old feed already know; empty lets the store mint one.
	Wish string
	// Raw is a hash of what the source said, before any processing of ours. Updated, arrival and the log's "changed"
	// move only when Raw does; a change of other bytes alone reshapes silently. The Manager fills in a hash of the
	// item when a source leaves it 0.
	Raw uint64
	// Item is the item; nil means that the key is gone.
	Item *Item
	// Base resolves the relative addresses in Item; empty means Item.URL.
	Base string
	// Hold keeps an item whose Published is ahead of the store's clock out of every topic until that time.
	// Without it the store takes such an item at once.
	Hold bool
	// Address is the canonical address that the item has in common with those of other sources that are the same post: a
	// store shows one of them (cache.Items says which). Empty keeps the item apart.
	Address string
	// Backlog says that an item which is new here is no news: it comes because the operator let it in, and is Baseline.
	Backlog bool
	// Silent says that other Raw is not another statement: the same item in other words, as when an upstream moves its
	// guids and links. A known key is then Reshaped, never Changed, and Updated stays unless the item states it.
	Silent bool
}

// MaxKey and MaxID bound the native key and the public ID, in bytes. A store refuses longer ones.
const (
	MaxKey = 1024
	MaxID  = 2048
)

// Accepted is what the store did with one Change.
type Accepted struct {
	ID   string
	Kind Kind
	// Err says why this one change was refused; Kind is then Refused.
	Err error
}

// Kind says what happened to an item, or to a topic that was reshaped.
type Kind string

const (
	New       Kind = "new"       // never seen before: news
	Changed   Kind = "changed"   // the source says something else than before
	Withdrawn Kind = "withdrawn" // gone from every topic; the ledger remembers it
	Restored  Kind = "restored"  // a withdrawn item is back under its old ID: not news
	Baseline  Kind = "baseline"  // first import of a source: fills feeds, is not news
	Reshaped  Kind = "reshaped"  // same statement, other bytes (a new sanitiser, setting or title)

	Unchanged Kind = "unchanged" // nothing to do; never in the log
	Merged    Kind = "merged"    // stored, but another source's item of the same address is shown in its place; never in the log
	Held      Kind = "held"      // stored, but in no topic before its time; never in the log
	Refused   Kind = "refused"   // see Accepted.Err; never in the log
)

// Standing is what has become of an item.
type Standing string

const (
	Live    Standing = "live"      // in its topics
	Waiting Standing = "held"      // in no topic before its time
	Within  Standing = "merged"    // another source's item is shown in its place
	Gone    Standing = "withdrawn" // out of its topics; its ID stays its own
	Expired Standing = "expired"   // dropped by retention
	Retired Standing = "retired"   // its source is not configured any more
)

// Record is what a store knows of an item, whatever has become of it. An unknown one has no Standing.
type Record struct {
	// Source, Key and ID name the item; Key is empty where only the ID is known any more.
	Source, Key, ID string
	Standing        Standing
	// FirstSeen is the store's second in which the key was first stated.
	FirstSeen time.Time
	// Withdrawn is the store's second in which an item that is Gone was withdrawn; zero where a store does not know it any more,
	// as may be once its Item was thrown away.
	Withdrawn time.Time
	// Raw is that of the statement which is stored.
	Raw uint64
	// Baseline says that it was no news when it came.
	Baseline bool
	// Shown is the ID of the item that is shown in place of one that is merged.
	Shown string
	// Item is what is stored: the source's own statement, with the copies that other sources have of it. Nil once that was
	// thrown away.
	Item *Item
}

// Order is the order in which a topic is read.
type Order uint8

const (
	ByPublished Order = iota // newest Published first
	ByArrival                // newest arrival first; baseline items count as arrived when they were published

	// Rising turns an order round, ByPublished|Rising: the oldest first.
	Rising Order = 1 << 7
)

// Pos is a place in a topic's order: reading continues behind it. The zero Pos is before the first item. Second is a
// Unix time; Seq tells items of one second apart, the later stored first.
type Pos struct {
	Second int64
	Seq    uint64
}

// IsZero reports whether p is the start.
func (p Pos) IsZero() bool { return p == Pos{} }

// Version is the state of a topic. Count grows with each change of the topic's items or title; Changed is the store's
// second of the latest one, zero for a topic that never had an item.
type Version struct {
	Count   uint64
	Changed time.Time
}

// Page is one read of a topic: items, the version they belong to (read together), and where the next page starts.
type Page struct {
	Items []Item
	// At are the places of the items in the order that was read: reading continues behind any of them.
	At      []Pos
	Version Version
	// Next continues behind the last item; zero when there is nothing more.
	Next Pos
}

// TopicInfo is one row of the list of topics.
type TopicInfo struct {
	Topic Topic
	// Label is the commonest spelling among the items.
	Label string
	// Items is how many the topic holds now; 0 for a topic that once had some.
	Items int
	// Newest is the Published of the newest item.
	Newest  time.Time
	Version Version
}
