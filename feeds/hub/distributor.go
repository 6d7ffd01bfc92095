package hub

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"feedmill/cache"
	"feedmill/feeds"
)

const (
	tick = 250 * time.Millisecond
	// flushEvery bounds how often progress is written.
	flushEvery = 100 * time.Millisecond
	// patience is how long a delivery may hold up the place in the log; after it the callback is noted by itself.
	patience = 3 * time.Second
	// maxRunning is how many deliveries go on at once, maxRunningHost how many of them to one host, maxRendering how many
	// documents are made for them.
	maxRunning     = 256
	maxRunningHost = 32
	// maxUnproven is how many of them may go to callbacks that did not take the last delivery within quick: so slow ones, however
	// many and at however many hosts, leave the others half of the room.
	maxUnproven  = maxRunning / 2
	quick        = 2 * time.Second
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
	waiting   map[lane][]*job
	running   map[string]int // by host
	total     int
	unproven  int            // of total
	atHost    map[string]int // subscriptions
	results   chan result
	work      sync.WaitGroup
	pings     *pings
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
	// busy says that a delivery waits or goes on, again is the document that came meanwhile.
	busy  bool
	again *Document
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

// lane is one queue of deliveries.
type lane struct {
	host  string
	quick bool
}

type job struct {
	lane
	sub *sub
	doc *Document
}

type result struct {
	*job
	took time.Duration
	err  error
}

func newDistributor(h *Hub, lease cache.Lease) *distributor {
	return &distributor{
		h: h, lease: lease, feeds: map[string]*feed{}, subs: map[string]*sub{},
		docs: make(chan rendered), waiting: map[lane][]*job{}, running: map[string]int{}, atHost: map[string]int{}, results: make(chan result),
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
	clock := time.NewTicker(tick)
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
			if now.Sub(looked) >= time.Second {
				looked = now
				if err := d.look(ctx); err != nil {
					return err
				}
				if err := d.h.takeUp(ctx, now); err != nil {
					return err
				}
			}
			d.time(now)
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
		d.note(r, now, now)
	}
	d.advance()
}

// start reads what is known.
func (d *distributor) start(ctx context.Context) error {
	st := d.h.env.Store
	notes, err := st.Read(ctx, bucketHub, keyCursor)
	if err != nil {
		return fmt.Errorf("read where the hub is: %w", err)
	}
	b, known := notes[keyCursor]
	d.cursor, d.saved = cache.Cursor(b), cache.Cursor(b)
	if !known {
		if d.cursor, err = st.Tail(ctx); err != nil {
			return fmt.Errorf("find the end of the log: %w", err)
		}
		if err := st.Write(ctx, d.lease, cache.Edit{Bucket: bucketHub, Key: keyCursor, Value: []byte(d.cursor)}); err != nil {
			return fmt.Errorf("remember where the hub is: %w", err)
		}
		d.saved = d.cursor
	}
	return d.look(ctx)
}

// look takes over which subscriptions there are, if that has changed.
func (d *distributor) look(ctx context.Context) error {
	st := d.h.env.Store
	notes, err := st.Read(ctx, bucketHub, keyGeneration)
	if err != nil {
		return fmt.Errorf("read subscriptions: %w", err)
	}
	g := string(notes[keyGeneration])
	if g == d.generation {
		return nil
	}
	d.generation = g
	seen := map[string]bool{}
	var fresh []*feed
	err = st.Range(ctx, bucketSubs, func(key string, value []byte) error {
		var s subscription
		if err := json.Unmarshal(value, &s); err != nil || s.key() != key {
			return nil // of another version
		}
		seen[key] = true
		if old := d.subs[key]; old != nil {
			old.subscription = s
			return nil
		}
		host := s.host()
		if len(d.subs) >= d.h.mostSubs || d.atHost[host] >= d.h.mostSubsHost {
			d.turnAway(ctx, key, &s)
			return nil
		}
		f := d.feeds[s.Topic]
		if f == nil {
			pub, ok := d.h.env.Documents.Feed(s.Topic)
			if !ok {
				pub = Feed{URL: s.Topic} // it is said to be gone when it is rendered
			}
			f = &feed{Feed: pub, subs: map[*sub]struct{}{}}
			d.feeds[s.Topic] = f
			fresh = append(fresh, f)
			if !ok {
				d.want(f)
			}
		}
		x := &sub{subscription: s, id: key, at: host, feed: f}
		f.subs[x], d.subs[key] = struct{}{}, x
		d.atHost[host]++
		return nil
	})
	if err != nil {
		return fmt.Errorf("read subscriptions: %w", err)
	}
	for key, x := range d.subs {
		if !seen[key] {
			d.forget(x)
		}
	}
	if len(fresh) == 0 {
		return nil
	}
	keys := make([]string, len(fresh))
	for i, f := range fresh {
		keys[i] = prefixSent + f.URL
	}
	if notes, err = st.Read(ctx, bucketHub, keys...); err != nil {
		return fmt.Errorf("read what was delivered: %w", err)
	}
	for _, f := range fresh {
		f.sent = string(notes[prefixSent+f.URL])
	}
	err = st.Range(ctx, bucketDue, func(key string, value []byte) error {
		x := d.subs[key]
		var v due
		if x == nil || x.due != nil || x.busy || json.Unmarshal(value, &v) != nil {
			return nil
		}
		x.due, x.noted = &v, true
		return nil
	})
	if err != nil {
		return fmt.Errorf("read what is due: %w", err)
	}
	return nil
}

// forget lets go of a subscription that is not there any more.
func (d *distributor) forget(x *sub) {
	if x.gone {
		return
	}
	x.gone = true
	if d.atHost[x.at]--; d.atHost[x.at] == 0 {
		delete(d.atHost, x.at)
	}
	delete(d.subs, x.id)
	delete(x.feed.subs, x)
	d.done(x)
	if len(x.feed.subs) == 0 && !x.feed.busy && !x.feed.queued {
		delete(d.feeds, x.feed.URL)
		d.done(x.feed)
	}
}

// done takes what a round waited for out of all of them.
func (d *distributor) done(what any) {
	for _, r := range d.rounds {
		delete(r.waiting, what)
	}
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
	for l, jobs := range d.waiting {
		for len(jobs) > 0 && d.total < maxRunning && d.running[l.host] < maxRunningHost && (l.quick || d.unproven < maxUnproven) {
			j := jobs[0]
			jobs = jobs[1:]
			d.running[l.host]++
			d.total++
			if !l.quick {
				d.unproven++
			}
			to := j.sub.subscription // which a renewal may change
			d.work.Go(func() {
				began := time.Now()
				err := d.h.deliver(ctx, &to, j.doc, hub)
				d.results <- result{j, time.Since(began), err}
			})
		}
		if d.waiting[l] = jobs; len(jobs) == 0 {
			delete(d.waiting, l)
		}
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
	news := r.doc.Tag != f.sent
	f.sent = r.doc.Tag
	now := time.Now()
	for x := range f.subs {
		if x.due != nil {
			if !x.busy && !now.Before(x.due.Next) {
				d.send(x, &r.doc)
			}
			continue // it gets what there is when its time comes
		}
		if news {
			d.send(x, &r.doc)
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
func (d *distributor) send(x *sub, doc *Document) {
	if x.busy {
		x.again = doc
		return
	}
	x.busy = true
	l := lane{x.at, x.quick}
	d.waiting[l] = append(d.waiting[l], &job{l, x, doc})
}

// delivered takes the end of a delivery.
func (d *distributor) delivered(ctx context.Context, r result) {
	x := r.sub
	d.total--
	if !r.quick {
		d.unproven--
	}
	if d.running[x.at]--; d.running[x.at] == 0 {
		delete(d.running, x.at)
	}
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

// end ends a subscription and tells the callback.
func (d *distributor) end(ctx context.Context, x *sub, reason string) {
	d.drop(x)
	s := x.subscription
	d.work.Go(func() { d.h.deny(ctx, &s, reason) })
}

// turnAway ends a subscription for which there is no room, and tells the callback (WebSub §5.2: at any time).
func (d *distributor) turnAway(ctx context.Context, key string, s *subscription) {
	d.h.stats.refused.Add(1)
	d.h.env.Log.Warn("a WebSub subscription is turned away: there are too many, in total or at its host", "topic", s.Topic, "callback", s.host())
	d.edits = append(d.edits, cache.Edit{Bucket: bucketSubs, Key: key}, cache.Edit{Bucket: bucketDue, Key: key}, generation())
	d.work.Go(func() { d.h.deny(ctx, s, "too many subscriptions") })
}

// drop takes a subscription out of the store.
func (d *distributor) drop(x *sub) {
	d.forget(x)
	d.edits = append(d.edits, cache.Edit{Bucket: bucketSubs, Key: x.id}, cache.Edit{Bucket: bucketDue, Key: x.id}, generation())
}

// time does what has become due.
func (d *distributor) time(now time.Time) {
	for _, x := range d.subs {
		switch {
		case now.After(x.Expires):
			d.forget(x) // the store forgets it by itself
		case x.due != nil && !x.busy && !now.Before(x.due.Next):
			d.want(x.feed)
		}
	}
	// What takes long is noted by itself, so that the place in the log moves on.
	for _, r := range d.rounds {
		if now.Sub(r.began) < patience {
			continue
		}
		d.note(r, now, now.Add(deliverTimeout))
	}
}

// note notes whom a round waits for, each by itself.
func (d *distributor) note(r *round, now, next time.Time) {
	for what := range r.waiting {
		if x, ok := what.(*sub); ok {
			if !x.noted {
				x.noted = true
				d.edits = append(d.edits, note(bucketDue, x.id, due{Since: now, Next: next}, dropAfter+retryMost))
			}
			delete(r.waiting, x)
		}
	}
}

// advance moves the place in the log past what is delivered or noted.
func (d *distributor) advance() {
	for len(d.rounds) > 0 && len(d.rounds[0].waiting) == 0 {
		d.cursor = d.rounds[0].cursor
		for u, tag := range d.rounds[0].tags {
			d.edits = append(d.edits, cache.Edit{Bucket: bucketHub, Key: prefixSent + u, Value: []byte(tag), TTL: sentFor})
		}
		d.rounds = d.rounds[1:]
	}
}

// flush writes progress: after the work that it stands for, the place in the log last.
func (d *distributor) flush(ctx context.Context, now bool) error {
	if len(d.edits) == 0 && d.cursor == d.saved || !now && time.Since(d.flushed) < flushEvery {
		return nil
	}
	d.flushed = time.Now()
	for len(d.edits) > writeBatch {
		if err := d.write(ctx, d.edits[:writeBatch]); err != nil {
			return err
		}
		d.edits = d.edits[writeBatch:]
	}
	cursor := d.cursor
	if err := d.write(ctx, append(d.edits, cache.Edit{Bucket: bucketHub, Key: keyCursor, Value: []byte(cursor)})); err != nil {
		return err
	}
	d.edits, d.saved = nil, cursor
	return nil
}

func (d *distributor) write(ctx context.Context, edits []cache.Edit) error {
	if err := d.h.env.Store.Write(ctx, d.lease, edits...); err != nil {
		return fmt.Errorf("remember what the hub delivered: %w", err)
	}
	return nil
}

// show publishes what the loop knows.
func (d *distributor) show() {
	failing, hosts := 0, map[string]int{}
	for _, x := range d.subs {
		if x.due != nil {
			failing++
			if _, ok := hosts[x.at]; ok || len(hosts) < 100 {
				hosts[x.at]++
			}
		}
	}
	c := &d.h.stats
	c.mu.Lock()
	defer c.mu.Unlock()
	c.view.Running, c.view.Subscriptions, c.view.Feeds, c.view.Failing, c.view.FailingHosts = true, len(d.subs), len(d.feeds), failing, hosts
}
