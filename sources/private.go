package sources

import (
	"context"
	"slices"

	"feedmill/feeds"
)

// Private reports whether a source may have items that are not public.
func (p Policy) Private() bool { return p.Group != "" || len(p.Rules.Private) > 0 }

// Groups are those that items of the source may be in; "" is public.
func (p Policy) Groups() []string {
	out := []string{p.Group}
	for _, r := range p.Rules.Private {
		if !slices.Contains(out, r.Group) {
			out = append(out, r.Group)
		}
	}
	return out
}

// GroupOfStored is the private group of an item that may have been stored under another policy: what GroupOf says once the item
// is brought in line with this one, and if that is none, what GroupOf says of it as it stands.
func (p Policy) GroupOfStored(it *feeds.Item) string {
	if len(p.Rules.Private) == 0 {
		return p.Group
	}
	next := *it
	p.restyle(&next)
	if next.Group == "" {
		next.Group, _ = p.GroupOf(it)
	}
	return next.Group
}

// Reader reads what is remembered of a source ([Memory]).
type Reader interface {
	Read(ctx context.Context, bucket, key string) (value []byte, ok bool, err error)
}

// Follows reports whether everything that is stored of a source stands under a policy of this shape ([Policy.Shape]), as its
// runner has remembered. It fails when the store does.
func Follows(ctx context.Context, r Reader, shape string) (bool, error) {
	b, ok, err := r.Read(ctx, bucketSchedule, scheduleKey)
	if err != nil || !ok {
		return false, err
	}
	sch, err := decodeSchedule(b)
	return err == nil && sch.Shape == shape, nil //nolint:nilerr // a runner that cannot read it begins anew, too
}
