package push

import (
	"context"
	"sync"

	"feedmill/cache"
)

// keepTail is how many entries of the log are kept for those who come to read them next.
const keepTail = 4096

// tail is the newest part of the log, read once for all targets that are up to date, and the bell that wakes them. A target that
// lags behind reads the store itself.
type tail struct {
	log cache.Log

	mu      sync.Mutex
	entries []cache.Entry
	at      map[cache.Cursor]int // places of entries, counted from one; zero is in front of the first
	end     cache.Cursor         // where the log ended when somebody looked
	known   bool
	next    chan struct{} // closed when the log has moved
}

func newTail(log cache.Log) *tail {
	return &tail{log: log, at: map[cache.Cursor]int{}, next: make(chan struct{})}
}

// listen is closed when the log moves: whoever listens before looking misses nothing.
func (t *tail) listen() <-chan struct{} {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.next
}

// moved lets everybody know that the log ends somewhere else.
func (t *tail) moved(end cache.Cursor) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.end, t.known = end, true
	close(t.next)
	t.next = make(chan struct{})
}

// after is [cache.Log.After], but that it sees only what was announced by moved. The entries must not be changed.
func (t *tail) after(ctx context.Context, cursor cache.Cursor, limit int) ([]cache.Entry, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.known && cursor == t.end {
		return nil, nil
	}
	place, here := t.at[cursor]
	if !here {
		// Others need not wait for what only this one reads.
		t.mu.Unlock()
		page, err := t.log.After(ctx, cursor, limit)
		t.mu.Lock()
		if n := len(page); err == nil && n > 0 && (n < limit || page[n-1].Cursor == t.end) && t.at[page[n-1].Cursor] == 0 {
			t.entries = nil
			t.at = map[cache.Cursor]int{cursor: 0}
			t.keep(page)
		}
		return page, err
	}
	if place == len(t.entries) {
		page, err := t.log.After(ctx, cursor, limit)
		if err != nil {
			t.entries, t.at = nil, map[cache.Cursor]int{} // it may be of a history that is no more
			return nil, err
		}
		t.keep(page)
		return page, nil
	}
	rest := t.entries[place:]
	return rest[:min(len(rest), limit)], nil
}

// keep takes entries over that follow those that are here. Of too many the newer half stays.
func (t *tail) keep(page []cache.Entry) {
	if len(t.entries)+len(page) > keepTail {
		t.entries = append([]cache.Entry(nil), t.entries[len(t.entries)/2:]...)
		clear(t.at)
		for i := range t.entries {
			t.at[t.entries[i].Cursor] = i + 1
		}
	}
	for _, e := range page {
		t.entries = append(t.entries, e)
		t.at[e.Cursor] = len(t.entries)
	}
}
