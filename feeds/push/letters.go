package push

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"feedmill/cache"
)

// Letter is an item that a target did not take, for good.
type Letter struct {
	Target string    `json:"target"`
	Item   string    `json:"item"`
	Time   time.Time `json:"time"`
	// Message is the [Message.ID] of the last attempt, Code and Reason what the platform answered.
	Message string `json:"message,omitempty"`
	Code    string `json:"code,omitempty"`
	Reason  string `json:"reason,omitempty"`
}

// letterFor is how long a dead letter is kept.
const letterFor = 90 * 24 * time.Hour

// writeLetters makes a dead letter of each item of a message. Where there are too many the oldest go, and that is said.
func (s *stream) writeLetters(ctx context.Context, m *message, e *Error, now time.Time) (edits []cache.Edit, err error) {
	bucket := lettersBucket + s.spec.Name
	for _, p := range m.Items {
		key := hash(p.ID)
		l := Letter{Target: s.spec.Name, Item: p.ID, Time: now, Message: m.ID, Code: e.Code, Reason: e.Reason}
		edits = append(edits, cache.Edit{Bucket: bucket, Key: key, Value: encode(&l), TTL: letterFor})
		s.letters[key] = true
	}
	over := len(s.letters) - keepLetters
	if over <= 0 {
		return edits, nil
	}
	old, err := s.c.Letters(ctx, s.spec.Name)
	if err != nil {
		return nil, err
	}
	slices.Reverse(old)
	s.c.log.Warn("there are too many dead letters: the oldest are dropped", "target", s.spec.Name, "kept", keepLetters, "dropped", over)
	for _, l := range old[:min(over, len(old))] {
		key := hash(l.Item)
		if slices.ContainsFunc(edits, func(e cache.Edit) bool { return e.Key == key }) {
			continue
		}
		delete(s.letters, key)
		edits = append(edits, cache.Edit{Bucket: bucket, Key: key})
	}
	return edits, nil
}

// keepLetters makes the edits that give the dead letters of the target another time to live; 0 is the usual one.
func (s *stream) keepLetters(ctx context.Context, ttl time.Duration) []cache.Edit {
	edits, err := s.c.letterEdits(ctx, s.spec.Name, cmp.Or(ttl, letterFor))
	if err != nil {
		s.c.log.Debug("cannot read dead letters; they expire as they would", "target", s.spec.Name, "err", err)
	}
	return edits
}

func (c *Courier) letterEdits(ctx context.Context, target string, ttl time.Duration) (edits []cache.Edit, err error) {
	err = c.store.Range(ctx, lettersBucket+target, func(key string, value []byte) error {
		edits = append(edits, cache.Edit{Bucket: lettersBucket + target, Key: key, Value: value, TTL: ttl})
		return nil
	})
	return edits, err
}

// Letters are the dead letters of a target, newest first: at most 1,000, of the last 90 days.
func (c *Courier) Letters(ctx context.Context, target string) ([]Letter, error) {
	out := []Letter{}
	err := c.store.Range(ctx, lettersBucket+target, func(_ string, value []byte) error {
		var l Letter
		if err := json.Unmarshal(value, &l); err != nil {
			return err
		}
		out = append(out, l)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the dead letters of target %s: %w", target, err)
	}
	slices.SortStableFunc(out, func(a, b Letter) int { return b.Time.Compare(a.Time) })
	return out, nil
}

// Deliveries are what became of items at a target, newest first and at most limit: of all targets where target is empty, of all
// items where item is. The log of a target reaches back 5,000 messages, and at most 30 days.
func (c *Courier) Deliveries(ctx context.Context, target, item string, limit int) ([]Delivery, error) {
	targets := []string{target}
	if target == "" {
		c.mu.Lock()
		targets = slices.Sorted(maps.Keys(c.streams))
		c.mu.Unlock()
	}
	type line struct {
		seq uint64
		Delivery
	}
	var all []line
	// newer first; sorting now and then keeps what is held in memory bounded.
	keep := func() {
		slices.SortStableFunc(all, func(a, b line) int {
			return cmp.Or(b.Time.Compare(a.Time), cmp.Compare(b.seq, a.seq))
		})
		all = all[:min(len(all), limit)]
	}
	for _, target := range targets {
		err := c.store.Range(ctx, logBucket+target, func(_ string, value []byte) error {
			var r record
			if err := json.Unmarshal(value, &r); err != nil {
				return err
			}
			d := Delivery{Target: target, Time: r.Time, Outcome: r.Outcome, Message: r.Message, Receipt: r.Receipt, Code: r.Code, Reason: r.Reason}
			if len(r.Items) == 0 && item == "" {
				all = append(all, line{r.Seq, d})
			}
			for _, id := range r.Items {
				if d.Item = id; item == "" || item == id {
					all = append(all, line{r.Seq, d})
				}
			}
			if len(all) > 4*limit+1000 {
				keep()
			}
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("read the log of target %s: %w", target, err)
		}
	}
	keep()
	out := make([]Delivery, len(all))
	for i := range all {
		out[i] = all[i].Delivery
	}
	return out, nil
}

// keepGone is how long the notes of a target are kept that is not configured any more.
const keepGone = 30 * 24 * time.Hour

// tidy lets the notes of targets expire that are not configured any more, until ctx ends. One that comes back in time goes on
// where it was.
func (c *Courier) tidy(ctx context.Context) {
	for wait := time.Minute; pause(ctx, wait); wait = time.Hour {
		if !c.may() {
			continue
		}
		if err := c.expire(ctx); err != nil && ctx.Err() == nil {
			c.log.Debug("cannot look for targets that were removed; trying again", "err", err)
		}
	}
}

func (c *Courier) expire(ctx context.Context) error {
	var gone []string
	err := c.store.Range(ctx, statesBucket, func(name string, value []byte) error {
		var st state
		if err := json.Unmarshal(value, &st); err != nil {
			return err
		}
		c.mu.Lock()
		configured := c.streams[name] != nil
		c.mu.Unlock()
		if !configured && !st.Removed {
			gone = append(gone, name)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("look for targets that were removed: %w", err)
	}
	for _, name := range gone {
		lease, err := c.store.Acquire(ctx, "push/"+name, leaseFor)
		if errors.Is(err, cache.ErrHeld) {
			continue // somebody serves it
		}
		if err != nil {
			return err
		}
		err = c.expire1(ctx, lease, name)
		c.release(lease)
		if err != nil {
			return err
		}
	}
	return nil
}

func (c *Courier) expire1(ctx context.Context, lease cache.Lease, name string) error {
	st, err := c.load(ctx, name)
	if err != nil || st == nil {
		return err
	}
	st.Removed = true
	edits, err := c.letterEdits(ctx, name, keepGone)
	if err != nil {
		return err
	}
	// Orders to it expire with it, and with them what they were to send again.
	err = c.store.Range(ctx, ordersBucket, func(key string, value []byte) error {
		var o order
		if err := json.Unmarshal(value, &o); err != nil || o.Target != name {
			return err
		}
		edits = append(edits, cache.Edit{Bucket: ordersBucket, Key: key, Value: value, TTL: keepGone})
		return c.store.Range(ctx, queueBucket+key, func(chunk string, value []byte) error {
			edits = append(edits, cache.Edit{Bucket: queueBucket + key, Key: chunk, Value: value, TTL: keepGone})
			return nil
		})
	})
	if err != nil {
		return fmt.Errorf("let the notes of target %s expire: %w", name, err)
	}
	c.log.Info("a target is not configured any more; what is known of it is kept for 30 days", "target", name)
	return c.store.Write(ctx, lease, append(edits, cache.Edit{Bucket: statesBucket, Key: name, Value: encode(st), TTL: keepGone})...)
}
