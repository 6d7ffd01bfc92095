package hub

import (
	"context"
	"errors"
	"hash/maphash"
	"sync"
	"time"

	"feedmill/cache"
	"feedmill/feeds"
)

const (
	// flushEvery bounds how often progress is written.
	flushEvery = 100 * time.Millisecond
	// patience is how long a delivery may hold up the place in the log; after it the callback is noted by itself.
	patience = 3 * time.Second
	// quick is how soon a callback takes a delivery in time.
	quick = 2 * time.Second
	// maxRendering is how many documents are made at once.
	maxRendering = 4
	// writeBatch is how many notes are written at once.
	writeBatch = 500
	// sentFor is how long it is remembered what a feed was that nobody changed: longer than the log goes back.
	sentFor = 40 * 24 * time.Hour
)

// distributor is what the process with the lease knows. One goroutine owns it; others hand in what they made.
type distributor struct {
	h     *Hub
	lease cache.Lease

	generation string
	looks      int // how often subscriptions were taken over
	seed       maphash.Seed
	feeds      map[string]*feed
	subs       map[string]*sub
	rounds     []*round
	number     int // of the last round
	cursor     cache.Cursor
	saved      cache.Cursor
	edits      []cache.Edit
	flushed    time.Time

	toRender  []*feed
	rendering int
	docs      chan rendered
	queue     *queue
	atHost    map[string]int // subscriptions
	byClient  map[string]int
	failing   int
	// failingHosts are the first hundred of them.
	failingHosts map[string]int
	results      chan result
	work         sync.WaitGroup
	pings        *pings
}

// feed is one document that somebody subscribed to.
type feed struct {
	Feed
	subs map[*sub]struct{}
	// sent is the tag of the document that went out last.
	sent string
	// queued says that it is to be rendered, busy that it is; upto is the last round of which that document is the end.
	queued, busy bool
	upto         int
	again        time.Time // not before, after a failure
}

// sub is one subscription.
type sub struct {
	subscription
	id, at string // key and host
	feed   *feed
	// sum is of the note, since and seen are the first and the last look that found it.
	sum         uint64
	since, seen int
	// busy says that a delivery waits or goes on, again is the document that came meanwhile.
	busy  bool
	again *parcel
	due   *due // nil while it gets what there is
	quick bool // it took the last delivery, in time
	noted bool // there is a note that it has to be served
	gone  bool
}

// round is a part of the log whose deliveries are under way.
type round struct {
	number  int
	cursor  cache.Cursor
	began   time.Time
	waiting map[any]struct{} // *feed until it is rendered, then *sub
	// tags are what was delivered, by URL: they count once everybody has it, or is noted.
	tags map[string]string
}

type rendered struct {
	feed *feed
	doc  Document
	err  error
}

type result struct {
	*job
	took time.Duration
	err  error
}

func newDistributor(h *Hub, lease cache.Lease) *distributor {
	return &distributor{
		h: h, lease: lease, seed: maphash.MakeSeed(), feeds: map[string]*feed{}, subs: map[string]*sub{},
		docs: make(chan rendered), queue: newQueue(), atHost: map[string]int{}, byClient: map[string]int{}, results: make(chan result),
	}
}

// run delivers until ctx ends or the store fails.
func (d *distributor) run(ctx context.Context) error {
	if err := d.start(ctx); err != nil {
		return err
	}
	d.pings = newPings(ctx, d.h)
	defer d.pings.wait()
	batches := make(chan batch)
	go d.h.follow(ctx, d.cursor, batches)
	clock := time.NewTicker(d.h.tick)
	defer clock.Stop()
	looked := time.Now()
	for {
		select {
		case <-ctx.Done():
			if errors.Is(context.Cause(ctx), cache.ErrStale) {
				return cache.ErrStale
			}
			return nil
		case b := <-batches:
			if b.err != nil {
				return b.err
			}
			// Who subscribed before the change gets it, on whatever replica that was.
			if err := d.look(ctx); err != nil {
				return err
			}
			d.change(b)
		case r := <-d.docs:
			d.rendered(ctx, r)
		case r := <-d.results:
			d.delivered(ctx, r)
		case <-d.h.changed:
			if err := d.look(ctx); err != nil {
				return err
			}
		case now := <-clock.C:
			if !d.h.env.Active() {
				return nil
			}
			d.note(now)
			if now.Sub(looked) >= time.Second {
				looked = now
				d.time(now)
				if err := d.look(ctx); err != nil {
					return err
				}
				if err := d.h.takeUp(ctx, now); err != nil {
					return err
				}
			}
			d.show()
		}
		d.begin(ctx)
		d.advance()
		if err := d.flush(ctx, false); err != nil {
			return err
		}
	}
}

// rest waits for what is under way, which the end of run has cut short, and notes who did not get what they wait for.
func (d *distributor) rest(ctx context.Context) {
	ended := make(chan struct{})
	go func() { d.work.Wait(); close(ended) }()
	for going := true; going; {
		select {
		case <-d.docs:
		case r := <-d.results:
			if r.err == nil { // it got there in spite of the end
				d.delivered(ctx, r)
			}
		case <-ended:
			going = false
		}
	}
	now := time.Now()
	for _, r := range d.rounds {
		d.noteRound(r, now, now)
	}
	d.advance()
}

// change begins the round of a batch.
func (d *distributor) change(b batch) {
	d.number++
	r := &round{number: d.number, cursor: b.cursor, began: time.Now(), waiting: map[any]struct{}{}, tags: map[string]string{}}
	d.rounds = append(d.rounds, r)
	touch := func(f *feed) {
		r.waiting[f] = struct{}{}
		d.want(f)
	}
	if b.all {
		for _, f := range d.feeds {
			touch(f)
		}
		return
	}
	external := d.h.options().External
	moved := map[feeds.Topic]bool{}
	for _, e := range b.entries {
		for _, t := range e.Topics {
			if t.Group != "" || moved[t] {
				continue
			}
			moved[t] = true
			if len(d.feeds) == 0 && len(external) == 0 {
				continue
			}
			for _, f := range d.h.env.Documents.Feeds(t) {
				if known := d.feeds[f.URL]; known != nil {
					touch(known)
				}
				d.pings.add(external, f)
			}
		}
	}
}

// want queues a feed to be rendered.
func (d *distributor) want(f *feed) {
	if !f.queued {
		f.queued = true
		d.toRender = append(d.toRender, f)
	}
}

// begin starts what there is room for.
func (d *distributor) begin(ctx context.Context) {
	now := time.Now()
	later := d.toRender[:0]
	for _, f := range d.toRender {
		if d.rendering >= maxRendering || f.busy || now.Before(f.again) {
			later = append(later, f)
			continue
		}
		f.queued, f.busy, f.upto = false, true, d.number
		d.rendering++
		d.work.Go(func() {
			ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
			defer cancel()
			doc, err := d.h.env.Documents.Document(ctx, f.Feed)
			d.docs <- rendered{f, doc, err}
		})
	}
	clear(d.toRender[len(later):])
	d.toRender = later
	if ctx.Err() != nil {
		return
	}
	hub := d.h.options().URL
	for j := d.queue.next(); j != nil; j = d.queue.next() {
		if j.sub.gone {
			d.queue.ended(j)
			continue
		}
		to := j.sub.subscription // which a renewal may change
		d.work.Go(func() {
			began := time.Now()
			err := d.h.deliver(ctx, &to, j.doc, hub)
			d.results <- result{j, time.Since(began), err}
		})
	}
}

// rendered takes a document and has it delivered.
func (d *distributor) rendered(ctx context.Context, r rendered) {
	f := r.feed
	f.busy = false
	d.rendering--
	switch {
	case errors.Is(r.err, ErrGone):
		for x := range f.subs {
			d.end(ctx, x, "the feed is not published any more")
		}
		d.done(f)
		delete(d.feeds, f.URL)
		return
	case r.err != nil:
		f.again = time.Now().Add(time.Second)
		d.want(f)
		return
	}
	news, doc := r.doc.Tag != f.sent, &parcel{Document: r.doc}
	f.sent = r.doc.Tag
	now := time.Now()
	for x := range f.subs {
		if x.due != nil {
			if !x.busy && !now.Before(x.due.Next) {
				d.send(x, doc)
			}
			continue // it gets what there is when its time comes
		}
		if news {
			d.send(x, doc)
		}
	}
	for _, round := range d.rounds {
		if _, ok := round.waiting[f]; !ok || round.number > f.upto {
			continue
		}
		delete(round.waiting, f)
		round.tags[f.URL] = f.sent
		for x := range f.subs {
			if x.busy && x.due == nil {
				round.waiting[x] = struct{}{}
			}
		}
	}
}

// send queues a delivery.
func (d *distributor) send(x *sub, doc *parcel) {
	if x.busy {
		x.again = doc
		return
	}
	x.busy = true
	d.queue.add(&job{x, doc, x.quick})
}

// delivered takes the end of a delivery.
func (d *distributor) delivered(ctx context.Context, r result) {
	x := r.sub
	d.queue.ended(r.job)
	x.busy = false
	x.quick = r.err == nil && r.took < quick
	switch {
	case x.gone:
		return
	case r.err == nil:
		d.h.stats.delivered.Add(1)
		d.h.stats.mu.Lock()
		d.h.stats.view.Last = time.Now()
		d.h.stats.mu.Unlock()
		x.due = nil
		if x.noted && x.again == nil {
			x.noted = false
			d.edits = append(d.edits, cache.Edit{Bucket: bucketDue, Key: x.id})
		}
		if doc := x.again; doc != nil {
			x.again = nil
			d.send(x, doc)
			return
		}
	case errors.Is(r.err, errEnded):
		d.drop(x)
		return
	case ctx.Err() != nil: // cut short by the end of this process: the next one delivers it
		return
	default:
		d.h.stats.failed.Add(1)
		v := due{}
		if x.due != nil {
			v = *x.due
		}
		now := time.Now()
		v = v.failed(r.err, now)
		x.due, x.again, x.noted = &v, nil, true
		if now.Sub(v.Since) > dropAfter {
			d.h.stats.dropped.Add(1)
			d.h.env.Log.Warn("a WebSub subscription ends: its callback has failed for three days", "topic", x.Topic, "callback", x.at, "err", r.err)
			d.end(ctx, x, "the callback has failed for three days")
			return
		}
		d.edits = append(d.edits, note(bucketDue, x.id, v, dropAfter+retryMost))
	}
	d.done(x)
}

// turnAway ends a subscription for which there is no room, and tells the callback (WebSub §5.2: at any time).
func (d *distributor) turnAway(ctx context.Context, key string, s *subscription) {
	d.h.stats.refused.Add(1)
	d.h.env.Log.Warn("a WebSub subscription is turned away: there are too many, in total, at its host or by its client", "topic", s.Topic, "callback", s.host())
	d.edits = append(d.edits, cache.Edit{Bucket: bucketSubs, Key: key}, cache.Edit{Bucket: bucketDue, Key: key}, generation())
	d.work.Go(func() { d.h.deny(ctx, s, "too many subscriptions") })
}

// time does what has become due, and counts who fails.
func (d *distributor) time(now time.Time) {
	d.failing, d.failingHosts = 0, map[string]int{}
	for _, x := range d.subs {
		if x.due != nil {
			d.failing++
			if _, ok := d.failingHosts[x.at]; ok || len(d.failingHosts) < 100 {
				d.failingHosts[x.at]++
			}
		}
		switch {
		case now.After(x.Expires):
			d.forget(x) // the store forgets it by itself
		case x.due != nil && !x.busy && !now.Before(x.due.Next):
			d.want(x.feed)
		}
	}
}
