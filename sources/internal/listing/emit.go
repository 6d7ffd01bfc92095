package listing

import (
	"context"
	"fmt"
	"slices"
	"time"

	"feedmill/feeds"
	"feedmill/sources"
	"feedmill/sources/internal/dates"
)

// batch is how many changes are emitted at once; where each costs a request, fewer are lost by a crash.
const (
	batch         = 100
	batchFollowed = 10
)

// Options say how a list is stated.
type Options struct {
	// Salt is what decides on the items besides the list: the settings and the version of the mapping.
	Salt string
	// Follow leads from entries to their articles; nil for nowhere.
	Follow *Follow
	// Complete says that what is not in the list is gone, not only past.
	Complete bool
	// Unread are documents of the list that are unchanged and were not read: their entries are still there.
	Unread map[string]bool
	// Also are keys that are still in the list although they are not among the entries.
	Also map[string]bool
	// Origin is what the items were copied from.
	Origin feeds.Origin
	// Reader reads dates in articles.
	Reader Reader
	// Revision hashes what says that an entry has changed, beside what it says; nil for nothing.
	Revision func(*Entry) string
}

// Outcome counts what a list brought.
type Outcome struct {
	// Stated are the entries that are new or changed, Waiting those whose article is yet to be read, Held those that are
	// gone and not let go yet.
	Stated, Waiting, Held int
}

// Settled says that the list need not be read again before it changes.
func (o Outcome) Settled() bool { return o.Waiting == 0 && o.Held == 0 }

// String is the note for /status.
func (o Outcome) String() string {
	s := ""
	if o.Stated > 0 {
		s = fmt.Sprintf(", %d new or changed", o.Stated)
	}
	if o.Waiting > 0 {
		s += fmt.Sprintf(", %d wait for their article", o.Waiting)
	}
	return s
}

// job is an entry that is to be stated.
type job struct {
	entry  *Entry
	was, m memo
	known  bool
	follow bool
	wait   bool
}

// Emit states the entries, which have their keys, that say something else than is remembered; the oldest first, so that
// they are stored and pushed in the order in which they were published.
func (b *Book) Emit(ctx context.Context, out sources.Sink, entries []*Entry, o Options) (done Outcome, err error) {
	present := make(map[string]bool, len(entries))
	var jobs []*job
	for _, e := range oldestFirst(entries) {
		present[stateKey(e.key)] = true
		if j := b.job(e, o); j != nil {
			jobs = append(jobs, j)
		}
	}
	for key := range o.Also {
		present[stateKey(key)] = true
	}
	b.witness(out, entries, o)
	o.Follow.choose(jobs)
	var pending []feeds.Change
	flush := func() error {
		if len(pending) == 0 {
			return nil
		}
		done.Stated += len(pending)
		err := out.Emit(pending...)
		pending = nil
		return err
	}
	size := batch
	if o.Follow != nil {
		size = batchFollowed
	}
	for _, j := range jobs {
		if err := ctx.Err(); err != nil {
			return done, err
		}
		if j.follow {
			if err := o.Follow.fill(ctx, out, j, o.Reader); err != nil {
				return done, err
			}
		}
		if j.wait {
			done.Waiting++
		}
		e := j.entry
		if j.wait && j.known && (j.was.Read || j.was.says(j.m)) {
			// It is stated with its article; until then the item stays as it was.
			if j.was.Tries != j.m.Tries || j.was.Tried != j.m.Tried {
				j.was.Tries, j.was.Tried = j.m.Tries, j.m.Tried
				b.remember(e, j.was)
			}
			continue
		}
		c := b.change(j)
		c.Item.Origin = &feeds.Origin{ID: o.Origin.ID, Title: o.Origin.Title, Home: o.Origin.Home}
		if e.Problem != "" {
			out.Reject(sources.Rejected{Where: e.key, Reason: e.Problem, Repaired: true})
		}
		b.remember(e, j.m)
		if pending = append(pending, c); len(pending) >= size {
			if err := flush(); err != nil {
				return done, err
			}
		}
	}
	if err := flush(); err != nil {
		return done, err
	}
	if done.Held, err = b.depart(out, present, o); err != nil {
		return done, err
	}
	b.keep(entries)
	return done, nil
}

// witness says what the list holds.
func (b *Book) witness(out sources.Sink, entries []*Entry, o Options) {
	w, ok := out.(sources.Witness)
	if !ok {
		return
	}
	keys := make([]string, 0, len(entries)+len(o.Also))
	for _, e := range entries {
		keys = append(keys, e.key)
	}
	for key := range o.Also {
		keys = append(keys, key)
	}
	for _, m := range b.entries {
		if m.Part != "" && o.Unread[m.Part] {
			keys = append(keys, m.Key)
		}
	}
	w.Present(keys...)
}

// depart deals with the entries that are not in the list any more.
func (b *Book) depart(out sources.Sink, present map[string]bool, o Options) (held int, err error) {
	gone := b.leave(present, o.Unread, time.Now())
	if !o.Complete {
		b.forget()
		return 0, nil
	}
	if len(gone) == 0 {
		return 0, nil
	}
	ok, err := out.Withdraw(slices.Clone(gone)...)
	if err != nil || !ok {
		return len(gone), err
	}
	for _, key := range gone {
		b.st.Delete(stateKey(key))
		delete(b.entries, stateKey(key))
	}
	return 0, nil
}

// job is what is to be done about an entry; nil for nothing.
func (b *Book) job(e *Entry, o Options) *job {
	m, known := b.entries[stateKey(e.key)]
	e.raw = rawOf(e)
	if o.Revision != nil {
		e.raw = hash(fmt.Sprint(e.raw), o.Revision(e))
	}
	j := &job{entry: e, was: m, known: known}
	j.m = memo{Key: e.key, Raw: e.raw, Stamp: stampOf(e, o.Salt), When: whenOf(e), Date: m.Date, Part: e.Part}
	e.settle(m.Date)
	if e.how != dates.Absolute {
		j.m.Date = e.Item.Published
	}
	if m.Tried == e.raw {
		j.m.Tries, j.m.Tried = m.Tries, m.Tried
	}
	// Once the article was read, a date that the list writes in another way is no reason to read it again.
	same := known && m.says(j.m)
	if m.Read && m.Raw == j.m.Raw && m.Stamp == j.m.Stamp {
		same = true
	}
	j.follow = o.Follow.wants(e)
	if same && (!j.follow || m.Read || j.m.Tries >= attempts) {
		if m.Gone != 0 || m.Part != e.Part {
			m.Gone, m.Part = 0, e.Part
			b.remember(e, m)
		}
		return nil
	}
	return j
}

// says reports whether two memos are of one statement.
func (m memo) says(o memo) bool { return m.Raw == o.Raw && m.Stamp == o.Stamp && m.When == o.When }

// settle keeps what was made of a date when the entry was first seen: "3 hours ago" says less each time, and in the end
// only the day is left of it.
func (e *Entry) settle(first time.Time) {
	if first.IsZero() {
		return
	}
	p := e.Item.Published
	bare := p.IsZero() || p.Hour() == 0 && p.Minute() == 0 && p.Second() == 0
	if e.how != dates.Absolute || bare {
		if !p.Equal(first) {
			e.Item.Because("date", "when first seen")
		}
		e.Item.Published = first
		e.how = dates.Relative
	}
}

func (b *Book) change(j *job) feeds.Change {
	e := j.entry
	if e.Item.Title == "" {
		e.Item.Title = e.Fallback
	}
	c := feeds.Change{Key: e.key, Wish: wish(e), Raw: e.raw, Item: e.Item, Base: e.Base}
	if u := e.Item.URL; !j.known && b.shared[u] && e.key != u {
		// The link was taken for the entry's own until now: this entry is the one that had it.
		if old, ok := b.entries[stateKey(u)]; ok && old.Raw == e.raw {
			c.Formerly = u
			b.st.Delete(stateKey(u))
			delete(b.entries, stateKey(u))
		}
	}
	return c
}

// oldestFirst is the order of the list turned round, unless the list itself begins with its oldest entry.
func oldestFirst(entries []*Entry) []*Entry {
	list := slices.Clone(entries)
	var from, to time.Time
	for _, e := range list {
		if t := e.Item.Published; !t.IsZero() {
			if from.IsZero() {
				from = t
			}
			to = t
		}
	}
	if !from.Before(to) {
		slices.Reverse(list)
	}
	return list
}
