package push

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"feedmill/cache"
	"feedmill/feeds"
)

// What an operator may order. An order is a note without lease: whichever process serves the target obeys.
const (
	orderPause  = "pause"
	orderResume = "resume"
	orderReplay = "replay"

	obeyEvery = 2 * time.Second
	// chunkBytes bounds the IDs in one note, and maxReplay the items of one replay.
	chunkBytes = 512 << 10
	maxReplay  = 10_000
)

// order is the note of one.
type order struct {
	Target string    `json:"target"`
	What   string    `json:"what"`
	Time   time.Time `json:"time"`
}

// orders are those for one target.
type orders struct {
	paused  bool
	resume  string   // key of the newest one
	replays []string // keys, oldest first
}

// newOrder makes the notes of an order; none for a replay of nothing. Keys sort by time.
func newOrder(what, target string, list []string) []cache.Edit {
	now := time.Now()
	o := order{Target: target, What: what, Time: now}
	key := what + "/" + target
	if what != orderPause {
		key = fmt.Sprintf("%s/%016x-%s", what, now.UnixNano(), rand.Text()[:8])
	}
	var edits []cache.Edit
	var chunk []string
	size := 0
	flush := func() {
		if len(chunk) > 0 {
			edits = append(edits, cache.Edit{Bucket: queueBucket + key, Key: fmt.Sprintf("%06d", len(edits)), Value: encode(chunk)})
			chunk, size = nil, 0
		}
	}
	for _, id := range list {
		if size += len(id) + 16; size > chunkBytes {
			flush()
			size = len(id) + 16
		}
		chunk = append(chunk, id)
	}
	flush()
	if what == orderReplay && len(edits) == 0 {
		return nil
	}
	return append(edits, cache.Edit{Bucket: ordersBucket, Key: key, Value: encode(&o)})
}

// give writes an order down and lets the streams know.
func (c *Courier) give(ctx context.Context, edits []cache.Edit) error {
	if err := c.store.Write(ctx, cache.Lease{}, edits...); err != nil {
		return fmt.Errorf("write an order: %w", err)
	}
	return c.readOrders(ctx)
}

// readOrders takes over what was ordered, also in other processes.
func (c *Courier) readOrders(ctx context.Context) error {
	all := map[string]orders{}
	err := c.store.Range(ctx, ordersBucket, func(key string, value []byte) error {
		var o order
		if err := json.Unmarshal(value, &o); err != nil {
			return err
		}
		of := all[o.Target]
		switch o.What {
		case orderPause:
			of.paused = true
		case orderResume:
			of.resume = max(of.resume, key)
		default:
			of.replays = append(of.replays, key)
		}
		all[o.Target] = of
		return nil
	})
	if err != nil {
		return fmt.Errorf("read orders: %w", err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.orders = all
	for name, s := range c.streams {
		of := all[name]
		slices.Sort(of.replays)
		s.mu.Lock()
		same := s.orders.paused == of.paused && s.orders.resume == of.resume && slices.Equal(s.orders.replays, of.replays)
		s.orders = of
		s.mu.Unlock()
		if !same {
			s.poke()
		}
	}
	return nil
}

// obey looks for orders of other processes until ctx ends.
func (c *Courier) obey(ctx context.Context) {
	for pause(ctx, obeyEvery) {
		if err := c.readOrders(ctx); err != nil && ctx.Err() == nil {
			c.log.Debug("cannot read the orders to targets; trying again", "err", err)
		}
	}
}

// takeOrders obeys: it resumes what is parked, and takes up a replay.
func (s *stream) takeOrders(ctx context.Context) error {
	st := s.st
	s.mu.Lock()
	of := s.orders
	s.mu.Unlock()
	if resumed := of.resume > st.Resumed; resumed || st.Parked != nil && st.Parked.Hash != s.spec.Hash {
		var done []cache.Edit
		if resumed {
			st.Resumed = of.resume
			done = append(done, cache.Edit{Bucket: ordersBucket, Key: of.resume})
		}
		s.unpark()
		if err := s.save(ctx, done...); err != nil {
			return err
		}
	}
	if st.Order == "" && len(of.replays) > 0 {
		st.Order, st.Done = of.replays[0], 0
	}
	if st.Order == "" || s.queue != nil {
		return nil
	}
	chunks := map[string][]string{}
	err := s.c.store.Range(ctx, queueBucket+st.Order, func(key string, value []byte) error {
		var list []string
		err := json.Unmarshal(value, &list)
		chunks[key] = list
		return err
	})
	if err != nil {
		return fmt.Errorf("read what target %s is to send again: %w", s.spec.Name, err)
	}
	for _, key := range slices.Sorted(maps.Keys(chunks)) {
		s.queue = append(s.queue, chunks[key]...)
	}
	if len(s.queue) <= st.Done { // the order was taken back, or is done
		edits, err := s.endOrder(ctx)
		if err != nil {
			return err
		}
		return s.save(ctx, edits...)
	}
	return nil
}

// endOrder makes the edits that end the replay under way.
func (s *stream) endOrder(ctx context.Context) (edits []cache.Edit, err error) {
	st := s.st
	err = s.c.store.Range(ctx, queueBucket+st.Order, func(key string, _ []byte) error {
		edits = append(edits, cache.Edit{Bucket: queueBucket + st.Order, Key: key})
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("end a replay of target %s: %w", s.spec.Name, err)
	}
	edits = append(edits, cache.Edit{Bucket: ordersBucket, Key: st.Order})
	s.mu.Lock()
	s.orders.replays = slices.DeleteFunc(slices.Clone(s.orders.replays), func(k string) bool { return k == st.Order })
	s.mu.Unlock()
	st.Order, st.Done, s.queue = "", 0, nil
	return edits, nil
}

// orderDone counts the items of a replay that are settled with a message; those that were dead letters are none any more.
func (s *stream) orderDone(ctx context.Context, m *message) (edits []cache.Edit, err error) {
	st := s.st
	if st.Order != m.Order {
		return nil, nil
	}
	for _, id := range s.queue[min(st.Done, len(s.queue)):min(m.Upto, len(s.queue))] {
		if key := hash(id); s.letters[key] && s.sent.get(id) != nil && !slices.ContainsFunc(s.records, func(r record) bool { return r.Outcome == deadLetter && slices.Contains(r.Items, id) }) {
			delete(s.letters, key)
			edits = append(edits, cache.Edit{Bucket: lettersBucket + s.spec.Name, Key: key})
		}
	}
	if st.Done = m.Upto; st.Done < len(s.queue) {
		return edits, nil
	}
	more, err := s.endOrder(ctx)
	return append(edits, more...), err
}

// Pause stops a target until [Courier.Resume], whichever process serves it. What is new waits.
func (c *Courier) Pause(ctx context.Context, target string) error {
	if _, err := c.spec(target); err != nil {
		return err
	}
	return c.give(ctx, newOrder(orderPause, target, nil))
}

// Resume lets a target go on that was paused, that is dead or blocked, or whose breaker is open. What waits comes as a digest.
func (c *Courier) Resume(ctx context.Context, target string) error {
	if _, err := c.spec(target); err != nil {
		return err
	}
	return c.give(ctx, append(newOrder(orderResume, target, nil), cache.Edit{Bucket: ordersBucket, Key: orderPause + "/" + target}))
}

// Replay says what is sent once more, whatever was delivered before.
type Replay struct {
	// Since asks for what came to the store at this time or later and is in the target's topics.
	Since time.Time
	// Items are IDs.
	Items []string
	// Dead asks for the dead letters; with Items for those of these items.
	Dead bool
}

// Replay lets a target send items again, before what is new, and answers how many. At most 10,000 at once, the newest.
func (c *Courier) Replay(ctx context.Context, target string, what Replay) (int, error) {
	spec, err := c.spec(target)
	if err != nil {
		return 0, err
	}
	list := what.Items
	switch {
	case what.Dead:
		letters, err := c.Letters(ctx, target)
		if err != nil {
			return 0, err
		}
		list = nil
		for _, l := range letters {
			if len(what.Items) == 0 || slices.Contains(what.Items, l.Item) {
				list = append(list, l.Item)
			}
		}
	case len(what.Items) > maxReplay:
		return 0, fmt.Errorf("replay %d items: at most %d at once", len(what.Items), maxReplay)
	case len(what.Items) > 0:
		known := map[string]bool{}
		for chunk := range slices.Chunk(what.Items, getPage) {
			got, err := c.store.Get(ctx, chunk...)
			if err != nil {
				return 0, fmt.Errorf("read what is to be sent again: %w", err)
			}
			for i := range got {
				known[got[i].ID] = spec.may(&got[i])
			}
		}
		for _, id := range what.Items {
			if !known[id] {
				return 0, fmt.Errorf("replay %q: there is no such item, or it is of a private group", id)
			}
		}
	case !what.Since.IsZero():
		if list, err = c.newest(ctx, &spec, what.Since, maxReplay); err != nil {
			return 0, err
		}
	default:
		return 0, errors.New("replay: say since when, or which items")
	}
	edits := newOrder(orderReplay, target, list)
	if len(edits) == 0 {
		return 0, nil
	}
	return len(list), c.give(ctx, edits)
}

// may says whether the target may have an item: a public one, or one of a private group that a topic names. An item that was
// public when it came may be private by the time it is sent.
func (s *Spec) may(it *feeds.Item) bool {
	return it.Group == "" || slices.ContainsFunc(s.Topics, func(t feeds.Topic) bool { return t.Group == it.Group })
}

// newest are the IDs of the newest items that a target wants, oldest first: those that came since a time, at most limit.
func (c *Courier) newest(ctx context.Context, spec *Spec, since time.Time, limit int) ([]string, error) {
	type found struct {
		id   string
		came time.Time
	}
	var all []found
	seen := map[string]bool{}
	topics := spec.Topics
	if len(topics) == 0 {
		topics = []feeds.Topic{feeds.All}
	}
	for _, topic := range topics {
		var pos feeds.Pos
		// A bound on what is looked at, too: an expression may want next to nothing.
		for n, looked := 0, 0; n < limit && looked < 10*maxReplay; {
			page, err := c.store.Recent(ctx, topic, feeds.ByArrival, pos, getPage)
			if err != nil {
				return nil, fmt.Errorf("read %s for target %s: %w", topic, spec.Name, err)
			}
			past := false
			for i := range page.Items {
				it := &page.Items[i]
				looked++
				if past = it.Arrived.Before(since); past {
					break
				}
				if spec.Where != nil {
					if yes, err := spec.Where(it); err != nil || !yes {
						continue
					}
				}
				if n++; !seen[it.ID] {
					seen[it.ID] = true
					all = append(all, found{it.ID, it.Arrived})
				}
				if n == limit {
					break
				}
			}
			if pos = page.Next; past || pos.IsZero() {
				break
			}
		}
	}
	slices.Reverse(all)
	slices.SortStableFunc(all, func(a, b found) int { return a.came.Compare(b.came) })
	all = all[max(0, len(all)-limit):]
	out := make([]string, len(all))
	for i, f := range all {
		out[i] = f.id
	}
	return out, nil
}
