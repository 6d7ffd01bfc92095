package app

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"feedmill/cache"
	"feedmill/feeds"
)

// tail follows the store's log and tells the web which topics moved, until ctx ends. It is how a change that any
// replica stored reaches the documents of this one.
func (a *App) tail(ctx context.Context) {
	var cursor cache.Cursor
	known, said := false, false
	for ctx.Err() == nil {
		var err error
		if !known {
			if cursor, err = a.store.Tail(ctx); err == nil {
				// What happened before this moment may be missing in documents rendered before it.
				known = true
				if err = a.refreshSite(ctx); err != nil {
					known = false
				}
				if a.web.Reset(); len(a.config().Groups) > 0 {
					a.web.Forget() // an item may have become private
				}
			}
		}
		if err == nil {
			err = a.follow(ctx, &cursor)
		}
		var trimmed *cache.TrimmedError
		switch {
		case ctx.Err() != nil:
			return
		case err == nil:
			if said {
				said = false
				a.log.Info("the store answers again")
			}
			continue
		case errors.As(err, &trimmed), errors.Is(err, cache.ErrRegressed):
			a.log.Warn("starting anew at the end of the store's log", "err", err)
			known = false
			if errors.Is(err, cache.ErrRegressed) {
				a.fetchAll() // what the store lost is outside still
			}
			continue
		}
		if !said {
			said = true
			a.log.Warn("the store does not answer: documents rendered so far are served on", "err", err)
		}
		pause(ctx, time.Second)
	}
}

// tailBatch is how many log entries are read at once.
const tailBatch = 1000

// follow waits for entries behind the cursor and passes them on.
func (a *App) follow(ctx context.Context, cursor *cache.Cursor) error {
	if err := a.store.Wait(ctx, *cursor); err != nil {
		return err
	}
	entries, err := a.shown.After(ctx, *cursor, tailBatch)
	if err != nil || len(entries) == 0 {
		return err
	}
	moved := map[feeds.Topic]struct{}{}
	var sides []feeds.Topic // of items that went over to another group
	described, all := map[string]struct{}{}, false
	for _, e := range entries {
		if private(e) {
			sides = append(sides, e.Topics...)
		}
		for _, t := range e.Topics {
			moved[t] = struct{}{}
		}
		if e.Kind == feeds.Reshaped && e.ID == "" {
			described[e.Source] = struct{}{}
			all = all || e.Source == ""
		}
	}
	if len(sides) > 0 {
		slices.SortFunc(sides, func(a, b feeds.Topic) int { return strings.Compare(a.String(), b.String()) })
		a.web.Forget(slices.Compact(sides)...)
	}
	if len(described) > 0 {
		names := slices.Sorted(maps.Keys(described))
		if all {
			names = nil
		}
		if err := a.refreshSite(ctx, names...); err != nil {
			return err // and the same entries once more
		}
	}
	topics := make([]feeds.Topic, 0, len(moved))
	for t := range moved {
		topics = append(topics, t)
	}
	a.web.Changed(topics...)
	*cursor = entries[len(entries)-1].Cursor
	return nil
}

// private reports whether an item may have gone over to another group: it left topics of one and is in those of another.
func private(e cache.Entry) bool {
	groups := map[string]bool{}
	for _, t := range e.Topics {
		if t.Kind != "feed" { // a group's saved feed has public items, too
			groups[t.Group] = true
		}
	}
	return len(groups) > 1
}

// maintain does the work that time brings: held items, retention, trimming.
func (a *App) maintain(ctx context.Context) {
	said := ""
	var tidied time.Time
	for ctx.Err() == nil {
		wait := 10 * time.Second
		if !a.applied() { // which sources are to stay is not known yet
			pause(ctx, 50*time.Millisecond)
			continue
		}
		if time.Since(tidied) >= tidyEvery {
			tidied = time.Now()
			if err := a.tidy(ctx); err != nil && !errors.Is(err, errSuperseded) && ctx.Err() == nil {
				a.log.Warn("cannot clear away what is left of old sources; trying again in an hour", "err", err)
			}
		}
		next, err := a.store.Maintain(ctx)
		switch {
		case err == nil:
			said = ""
			wait = min(max(time.Until(next), 50*time.Millisecond), time.Minute)
		case ctx.Err() != nil:
			return
		case errors.Is(err, cache.ErrUnavailable): // tail says so
		case err.Error() != said:
			said = err.Error()
			a.log.Warn("the store's maintenance failed: held posts and retention wait for it; trying again", "err", err)
		}
		pause(ctx, wait)
	}
}
