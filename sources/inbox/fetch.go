package inbox

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"

	"feedmill/feeds"
	"feedmill/sources"
)

// source is one inbox.
type source struct {
	token [sha256.Size]byte
	name  string
}

var (
	_ sources.Source   = (*source)(nil)
	_ sources.Receiver = (*source)(nil)
)

// Fetch publishes what lies in the mailbox. A letter counts as read once all of this is stored, so that a crash repeats
// letters and loses none.
func (s *source) Fetch(ctx context.Context, st sources.State, out sources.Sink) (res sources.Result, err error) {
	mail, ok := st.(sources.Mail)
	if !ok {
		return res, errors.New("fetch inbox: no mailbox")
	}
	for n := 0; ; {
		if err := ctx.Err(); err != nil {
			return res, err
		}
		letters, err := mail.Letters()
		if err != nil {
			return res, fmt.Errorf("read the mailbox: %w", err)
		}
		if len(letters) == 0 {
			res.Unchanged = n == 0
			res.Note = fmt.Sprintf("%d items taken", n)
			return res, nil
		}
		items, err := s.publish(letters, out)
		if err != nil {
			return res, err
		}
		for _, l := range letters {
			mail.Done(l)
		}
		n += items
	}
}

// publish emits what the letters come to: of each id the last word.
func (s *source) publish(letters []sources.Letter, out sources.Sink) (n int, err error) {
	last := map[string]int{} // id -> place in said
	var said []feeds.Change
	for _, l := range letters {
		var list []json.RawMessage
		if len(l.Body) > 0 {
			if err := json.Unmarshal(l.Body, &list); err != nil {
				out.Reject(sources.Rejected{Where: "letter " + l.Key, Reason: "not an array of items: " + err.Error()})
				continue
			}
		}
		for _, raw := range list {
			it, err := readItem(raw)
			if err != nil { // accepted by a version that knew more
				out.Reject(sources.Rejected{Where: string(it.ID), Reason: err.Error()})
				continue
			}
			c := it.change()
			if i, ok := last[c.Key]; ok {
				said[i] = c
				continue
			}
			last[c.Key] = len(said)
			said = append(said, c)
		}
	}
	var gone []string
	batch := make([]feeds.Change, 0, sources.MaxBatch)
	for i, c := range said {
		if c.Item == nil {
			gone = append(gone, c.Key)
		} else {
			batch = append(batch, c)
		}
		if len(batch) == sources.MaxBatch || i == len(said)-1 && len(batch) > 0 {
			if err := out.Emit(batch...); err != nil {
				return 0, err
			}
			batch = batch[:0]
		}
	}
	if len(gone) > 0 {
		if err := out.(sources.Retractor).Retract(gone...); err != nil {
			return 0, err
		}
	}
	return len(said), nil
}
