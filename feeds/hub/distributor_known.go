package hub

import (
	"context"
	"encoding/json"
	"fmt"
	"hash/maphash"

	"feedmill/cache"
)

// This file is what the distributor knows of subscriptions, and takes over from the store.

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
	d.looks++
	var fresh []*feed
	err = st.Range(ctx, bucketSubs, func(key string, value []byte) error {
		// Each renewal makes the loop look, so what has not changed costs next to nothing.
		old, sum := d.subs[key], maphash.Bytes(d.seed, value)
		if old != nil && old.sum == sum {
			old.seen = d.looks
			return nil
		}
		var s subscription
		if err := json.Unmarshal(value, &s); err != nil || s.key() != key {
			return nil // of another version
		}
		if old != nil {
			s.Topic, s.By = old.Topic, old.By // whom it was counted for
			old.subscription, old.sum, old.seen = s, sum, d.looks
			return nil
		}
		host := s.host()
		if len(d.subs) >= d.h.mostSubs || d.atHost[host] >= d.h.mostSubsHost || s.By != "" && d.byClient[s.By] >= d.h.mostSubsHost {
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
		s.Topic = f.URL // which all of them share
		x := &sub{subscription: s, id: key, at: host, feed: f, sum: sum, since: d.looks, seen: d.looks}
		f.subs[x], d.subs[key] = struct{}{}, x
		d.atHost[host]++
		if s.By != "" {
			d.byClient[s.By]++
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("read subscriptions: %w", err)
	}
	for _, x := range d.subs {
		if x.seen != d.looks {
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
		if x == nil || x.since != d.looks || json.Unmarshal(value, &v) != nil {
			return nil // what is known of the others is newer
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
	less(d.atHost, x.at)
	if x.By != "" {
		less(d.byClient, x.By)
	}
	delete(d.subs, x.id)
	delete(x.feed.subs, x)
	d.done(x)
	if len(x.feed.subs) == 0 && !x.feed.busy && !x.feed.queued {
		delete(d.feeds, x.feed.URL)
		d.done(x.feed)
	}
}

// end ends a subscription and tells the callback.
func (d *distributor) end(ctx context.Context, x *sub, reason string) {
	d.drop(x)
	s := x.subscription
	d.work.Go(func() { d.h.deny(ctx, &s, reason) })
}

// drop takes a subscription out of the store.
func (d *distributor) drop(x *sub) {
	d.forget(x)
	d.edits = append(d.edits, cache.Edit{Bucket: bucketSubs, Key: x.id}, cache.Edit{Bucket: bucketDue, Key: x.id}, generation())
}
