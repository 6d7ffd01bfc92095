package sources

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"feedmill/feeds"
)

// Preview is what a source would bring into an empty store.
type Preview struct {
	About feeds.About
	// Items are normalised, in the order of the source; their ID is the wish, if the source has one.
	Items []feeds.Change
	// Held are those that wait for their time.
	Held     []feeds.Change
	Rejected []Rejected
	// Dropped are those that the rules left out, by key.
	Dropped []Dropped
	Counts  Counts
	// Result is that of the fetch, and counts also beside an error. List is what the source names, for the Members of its
	// kind.
	Result Result
	List   []byte
	// Adopted tells of the feed that the source continues; nil for none.
	Adopted *Adopted
}

// RunPreview fetches a source once, without a store; of spec only Source, Policy and Adopt count. What was seen before an
// error is returned beside it.
func RunPreview(ctx context.Context, spec Spec) (Preview, error) {
	var old *adopted
	var adoptErr error
	if spec.Adopt != nil {
		old, adoptErr = spec.Adopt.read(ctx, spec.Policy.Source)
	}
	desk := &previewDesk{notes: map[string][]byte{}}
	s := &session{
		ctx: ctx, desk: desk, policy: spec.Policy, now: time.Now, state: newState(ctx, desk), adopted: old,
		report:   func(r Rejected) { desk.preview.Rejected = append(desk.preview.Rejected, r) },
		wait:     func(string, *feeds.Item) {}, // the preview lists them
		progress: func(Counts) {},
		rejects:  map[string]Rejected{}, before: map[string]Rejected{},
		counts: Counts{Kinds: map[feeds.Kind]int{}}, seen: map[uint64]struct{}{},
		dropped: map[string]Dropped{}, droppedBefore: map[string]Dropped{}, held: map[string]Twin{},
	}
	res, err := spec.Source.Fetch(ctx, s.state, s)
	if settleErr := s.settle(); err == nil {
		err = settleErr
	}
	if err == nil {
		err = s.finish(Result{Unchanged: res.Unchanged}, true)
	} else if saveErr := s.saveRejected(); saveErr != nil {
		err = errors.Join(err, saveErr)
	}
	desk.preview.Counts, desk.preview.Result = s.counts, res
	if desk.preview.Adopted = old.show(); adoptErr != nil {
		desk.preview.Adopted = &Adopted{From: spec.Adopt.Location, Error: adoptErr.Error()}
		err = errors.Join(adoptErr, err)
	}
	desk.preview.List = desk.notes[bucketState+"/"+MembersKey]
	for _, key := range slices.Sorted(maps.Keys(s.dropped)) {
		desk.preview.Dropped = append(desk.preview.Dropped, s.dropped[key])
	}
	return desk.preview, err
}

// previewDesk is a desk that keeps what it is given in memory.
type previewDesk struct {
	mu      sync.Mutex
	preview Preview
	notes   map[string][]byte
}

func (d *previewDesk) Put(_ context.Context, changes ...feeds.Change) ([]feeds.Accepted, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	out := make([]feeds.Accepted, len(changes))
	for i, c := range changes {
		if c.Item != nil && c.Item.Updated.IsZero() {
			c.Item.Updated = c.Item.Published // as a store does with a new item
		}
		out[i].ID = c.Wish
		switch {
		case c.Item == nil:
			out[i].Kind = feeds.Unchanged
		case c.Hold && c.Item.Published.After(time.Now()):
			out[i].Kind = feeds.Held
			d.preview.Held = append(d.preview.Held, c)
		default:
			out[i].Kind = feeds.Baseline
			d.preview.Items = append(d.preview.Items, c)
		}
	}
	return out, nil
}

func (d *previewDesk) Describe(_ context.Context, about feeds.About) error {
	d.preview.About = about
	return nil
}

func (d *previewDesk) SetBaseline(context.Context) error { return nil }

func (d *previewDesk) Info(context.Context) (Facts, error) { return Facts{}, nil }

func (d *previewDesk) Keys(context.Context, func(string) error) error { return nil }

func (d *previewDesk) Known(_ context.Context, keys ...string) ([]feeds.Record, error) {
	return make([]feeds.Record, len(keys)), nil
}

func (d *previewDesk) Recent(context.Context, string, feeds.Pos, int) (feeds.Page, error) {
	return feeds.Page{}, nil
}

func (d *previewDesk) Find(_ context.Context, ids ...string) ([]feeds.Record, error) {
	return make([]feeds.Record, len(ids)), nil
}

func (d *previewDesk) Read(_ context.Context, bucket, key string) ([]byte, bool, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	v, ok := d.notes[bucket+"/"+key]
	return v, ok, nil
}

func (d *previewDesk) Range(_ context.Context, bucket string, fn func(string, []byte) error) error {
	d.mu.Lock()
	notes := maps.Clone(d.notes)
	d.mu.Unlock()
	for name, value := range notes {
		if key, ok := strings.CutPrefix(name, bucket+"/"); ok {
			if err := fn(key, value); err != nil {
				return err
			}
		}
	}
	return nil
}

func (d *previewDesk) Write(_ context.Context, bucket string, edits map[string][]byte) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	for key, value := range edits {
		if value == nil {
			delete(d.notes, bucket+"/"+key)
		} else {
			d.notes[bucket+"/"+key] = value
		}
	}
	return nil
}

func (d *previewDesk) Lost() <-chan struct{} { return nil }

func (d *previewDesk) Close() error { return nil }
