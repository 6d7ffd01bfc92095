package sources

import (
	"context"
	"fmt"
	"time"
)

// The withdrawal guard: an unmounted disk, a wrong branch or a changed path must not empty a feed. A fetch that would
// take away more than guardItems and more than a guardShare-th of a source, or everything it has, is held until the
// operator says `feedmill release SOURCE`.
const (
	guardItems = 20
	guardShare = 10
)

// Withheld says what the guard holds back.
type Withheld struct {
	// Gone of Items would be withdrawn.
	Gone  int `json:"gone"`
	Items int `json:"items"`
}

func (w Withheld) String() string {
	return fmt.Sprintf("%d of %d items would be withdrawn", w.Gone, w.Items)
}

// weigh says whether withdrawing keys needs the operator's word. Keys that the store does not have do not count; recent
// is how many were withdrawn in the last guardMemory, so that a flood that comes in small portions is one all the same.
func weigh(ctx context.Context, inv Inventory, keys []string, recent int) (held *Withheld, err error) {
	facts, err := inv.Info(ctx)
	if err != nil {
		return nil, err
	}
	if !tooMany(len(keys), facts.Items, recent) {
		return nil, nil
	}
	// Near the limit it is worth reading the ledger: what was never published cannot be missed.
	wanted := make(map[string]struct{}, len(keys))
	for _, k := range keys {
		wanted[k] = struct{}{}
	}
	gone, items := 0, 0
	err = inv.Keys(ctx, func(key string) error {
		items++
		if _, ok := wanted[key]; ok {
			gone++
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if gone == 0 || !tooMany(gone, items, recent) {
		return nil, nil
	}
	return &Withheld{Gone: gone, Items: items}, nil
}

func tooMany(gone, items, recent int) bool {
	all := gone + recent
	return gone >= items || all > guardItems && all*guardShare > items+recent
}

// guardMemory is how long withdrawals count towards the next ones.
const guardMemory = 10 * time.Minute

// recently counts the withdrawals of the last guardMemory.
type recently []struct {
	at time.Time
	n  int
}

func (r *recently) add(now time.Time, n int) {
	if n > 0 {
		*r = append(*r, struct {
			at time.Time
			n  int
		}{now, n})
	}
}

func (r *recently) count(now time.Time) (n int) {
	for len(*r) > 0 && now.Sub((*r)[0].at) > guardMemory {
		*r = (*r)[1:]
	}
	for _, w := range *r {
		n += w.n
	}
	return n
}
