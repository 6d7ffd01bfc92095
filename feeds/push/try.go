package push

import (
	"context"
	"fmt"
	"time"

	"feedmill/cache"
	"feedmill/feeds"
)

// Preview writes the message that a target would get of items, and the request that delivers it: several are a digest. It sends
// nothing. What does not fit is left out, as [Payload.Entries] says. Fails as [Target.Render] does.
func Preview(spec Spec, items ...*feeds.Item) (*Message, *Payload, error) {
	entries := make([]Entry, len(items))
	for i, it := range items {
		entries[i], _ = spec.show(it)
	}
	msg := spec.compose(nameless, entries, 0, len(items) > 1, false)
	p, err := spec.Target.Render(msg)
	if err != nil {
		return msg, nil, fmt.Errorf("write the message for target %s: %w", spec.Name, err)
	}
	return msg, p, nil
}

// Test sends a message that says that it is a test, past everything that waits, but in the target's turn and within its limits:
// it fails where they do not let it through within a minute, and else as [Target.Send] does.
func (c *Courier) Test(ctx context.Context, spec Spec) error {
	e := Entry{Title: "feedmill test message", Text: "This target works. Nothing else is to be done."}
	if spec.Language == "zh" {
		e = Entry{Title: "feedmill 测试消息", Text: "推送已经可用，无需其他操作。"}
	}
	now := time.Now()
	e.Footer = in(now, spec.Zone).Format("01-02 15:04:05") // without a zone: by the clock of this machine
	it := Sample(spec.Language)
	it.ID, it.Title, it.Summary, it.Content, it.URL = "urn:feedmill:test", e.Title, e.Text, "", ""
	it.Source, it.Origin, it.Image, it.Categories, it.Tags, it.Authors = "feedmill", nil, "", nil, nil, nil
	it.Published, it.Updated, it.Arrived = now, now, now
	e.Item = it
	id := hash("test", spec.Name, now.String())
	p, err := spec.Target.Render(spec.compose(id, []Entry{e}, 0, false, false))
	if err != nil {
		return fmt.Errorf("test target %s: %w", spec.Name, err)
	}
	turn := c.turn(spec.Name)
	turn.Lock()
	defer turn.Unlock()
	ctx, cancel := context.WithTimeout(ctx, maxAttempt)
	defer cancel()
	limiters, err := c.limit(ctx, &spec)
	if err != nil {
		return err
	}
	for by := now.Add(time.Minute); ; {
		at := now
		for _, l := range limiters {
			if f := l.free(now); f.After(at) {
				at = f
			}
		}
		if at == now {
			break
		}
		if at.After(by) || !pause(ctx, at.Sub(now)) {
			return fmt.Errorf("test target %s: the limit of the platform lets nothing through before %s; try again then", spec.Name, at.In(spec.zone()).Format("15:04:05"))
		}
		now = time.Now()
	}
	// It is written down under a name of its own: the target's note belongs to whoever has its lease.
	name := spec.Name + " (test)"
	var edits []cache.Edit
	for _, l := range limiters {
		l.take(name, now)
		edits = append(edits, l.edit(name, now))
	}
	if len(edits) > 0 {
		if err := c.store.Write(ctx, cache.Lease{}, edits...); err != nil {
			return fmt.Errorf("test target %s: %w", spec.Name, err)
		}
	}
	if _, err = spec.Target.Send(ctx, id, p); err != nil {
		return fmt.Errorf("test target %s: %w", spec.Name, err)
	}
	return nil
}

// limit finds the limiters of a target, which need not be configured.
func (c *Courier) limit(ctx context.Context, spec *Spec) (out []*limiter, err error) {
	c.mu.Lock()
	for _, b := range spec.Target.Buckets() {
		l := c.limiters[b.Key]
		if l == nil {
			l = newLimiter(b.Key, false)
			c.limiters[b.Key] = l
		}
		l.add(b.Rates)
		out = append(out, l)
	}
	c.mu.Unlock()
	for _, l := range out {
		if err := l.load(ctx, c.store, c.serves); err != nil {
			return nil, err
		}
	}
	return out, nil
}
