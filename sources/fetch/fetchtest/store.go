package fetchtest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"feedmill/feeds"
	"feedmill/sources"
)

// Store is a sources.Store in memory for any number of sources, and a fetch.Hosts.
type Store struct {
	mu      sync.Mutex
	killed  bool
	desks   map[string]*shelf
	pauses  map[string]time.Time
	taken   map[string]time.Time // until when hosts are
	letters int
}

// shelf is what is stored of one source.
type shelf struct {
	items    map[string]feeds.Change
	baseline bool
	notes    map[string][]byte
	news     int
}

// NewStore makes an empty store.
func NewStore() *Store {
	return &Store{desks: map[string]*shelf{}, pauses: map[string]time.Time{}, taken: map[string]time.Time{}}
}

var errKilled = errors.New("the process was killed")

// Kill makes every write fail from now on, as if the process that writes were dead. Close its Manager, then Revive.
func (s *Store) Kill() { s.set(true) }

// Revive lets another process write.
func (s *Store) Revive() { s.set(false) }

func (s *Store) set(killed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.killed = killed
}

// News counts the items of a source that came after its first fetch.
func (s *Store) News(source string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if k := s.desks[source]; k != nil {
		return k.news
	}
	return 0
}

// Items counts the items of a source.
func (s *Store) Items(source string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if k := s.desks[source]; k != nil {
		return len(k.items)
	}
	return 0
}

// Open implements sources.Store.
func (s *Store) Open(_ context.Context, source string) (sources.Desk, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	k := s.desks[source]
	if k == nil {
		k = &shelf{items: map[string]feeds.Change{}, notes: map[string][]byte{}}
		s.desks[source] = k
	}
	return &desk{s, k}, nil
}

// Paused implements fetch.Hosts.
func (s *Store) Paused(_ context.Context, host string) time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.pauses[host]
}

// Pause implements fetch.Hosts.
func (s *Store) Pause(_ context.Context, host string, until time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.killed {
		s.pauses[host] = until
	}
}

// Take implements fetch.Hosts.
func (s *Store) Take(ctx context.Context, host string, most time.Duration, waiting func()) (give func(time.Duration), err error) {
	for {
		s.mu.Lock()
		wait := time.Until(s.taken[host])
		if wait <= 0 {
			s.taken[host] = time.Now().Add(most)
			s.mu.Unlock()
			return func(spacing time.Duration) {
				s.mu.Lock()
				defer s.mu.Unlock()
				s.taken[host] = time.Now().Add(spacing)
			}, nil
		}
		s.mu.Unlock()
		waiting()
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(wait):
		}
	}
}

// Mailbox is the mailbox of a source. It wakes nobody: a Manager looks by itself.
func (s *Store) Mailbox(source string) sources.Mailbox { return &mailbox{s, source} }

type mailbox struct {
	s      *Store
	source string
}

func (m *mailbox) Put(ctx context.Context, letter []byte) error {
	if len(letter) > sources.MaxLetter {
		return errors.New("the letter is too large")
	}
	d, err := m.s.Open(ctx, m.source)
	if err != nil {
		return err
	}
	m.s.mu.Lock()
	m.s.letters++
	key := fmt.Sprintf("%09d", m.s.letters)
	m.s.mu.Unlock()
	return d.Write(ctx, sources.BucketMail, map[string][]byte{key: append([]byte{}, letter...)})
}

func (m *mailbox) State(ctx context.Context, key string) ([]byte, bool, error) {
	d, err := m.s.Open(ctx, m.source)
	if err != nil {
		return nil, false, err
	}
	return d.Read(ctx, sources.BucketState, key)
}

type desk struct {
	s *Store
	*shelf
}

func (d *desk) Put(_ context.Context, changes ...feeds.Change) ([]feeds.Accepted, error) {
	d.s.mu.Lock()
	defer d.s.mu.Unlock()
	if d.s.killed {
		return nil, errKilled
	}
	out := make([]feeds.Accepted, len(changes))
	for i, c := range changes {
		old, known := d.items[c.Key]
		out[i] = feeds.Accepted{ID: c.Key, Kind: feeds.Unchanged}
		switch {
		case c.Item == nil:
			delete(d.items, c.Key)
			out[i].Kind = feeds.Withdrawn
			continue
		case known && old.Raw != c.Raw:
			out[i].Kind = feeds.Changed
		case !known && d.baseline:
			out[i].Kind = feeds.New
			d.news++
		case !known:
			out[i].Kind = feeds.Baseline
		}
		d.items[c.Key] = c
	}
	return out, nil
}

func (d *desk) Describe(context.Context, feeds.About) error { return nil }

func (d *desk) SetBaseline(context.Context) error {
	d.s.mu.Lock()
	defer d.s.mu.Unlock()
	if d.s.killed {
		return errKilled
	}
	d.baseline = true
	return nil
}

func (d *desk) Info(context.Context) (sources.Facts, error) {
	d.s.mu.Lock()
	defer d.s.mu.Unlock()
	return sources.Facts{Items: len(d.items), Baseline: d.baseline}, nil
}

func (d *desk) Keys(_ context.Context, fn func(string) error) error {
	d.s.mu.Lock()
	items := maps.Clone(d.items)
	d.s.mu.Unlock()
	for key := range items {
		if err := fn(key); err != nil {
			return err
		}
	}
	return nil
}

func (d *desk) Known(_ context.Context, keys ...string) ([]feeds.Record, error) {
	d.s.mu.Lock()
	defer d.s.mu.Unlock()
	out := make([]feeds.Record, len(keys))
	for i, key := range keys {
		if c, ok := d.items[key]; ok {
			out[i] = feeds.Record{Key: key, ID: key, Standing: feeds.Live, Raw: c.Raw, Item: c.Item}
		}
	}
	return out, nil
}

func (d *desk) Recent(_ context.Context, _ string, before feeds.Pos, limit int) (feeds.Page, error) {
	d.s.mu.Lock()
	defer d.s.mu.Unlock()
	var page feeds.Page
	keys := slices.Sorted(maps.Keys(d.items))
	for _, key := range keys[min(int(before.Seq), len(keys)):] {
		if len(page.Items) == limit {
			page.Next = feeds.Pos{Seq: before.Seq + uint64(limit)}
			break
		}
		it := *d.items[key].Item
		it.ID = key
		page.Items = append(page.Items, it)
	}
	return page, nil
}

func (d *desk) Find(ctx context.Context, ids ...string) ([]feeds.Record, error) {
	list, err := d.Known(ctx, ids...)
	for i := range list {
		if list[i].Item != nil {
			list[i].Source = list[i].Item.Source
		}
	}
	return list, err
}

func (d *desk) Read(_ context.Context, bucket, key string) ([]byte, bool, error) {
	d.s.mu.Lock()
	defer d.s.mu.Unlock()
	v, ok := d.notes[bucket+"\x00"+key]
	return v, ok, nil
}

func (d *desk) Range(_ context.Context, bucket string, fn func(string, []byte) error) error {
	d.s.mu.Lock()
	notes := maps.Clone(d.notes)
	d.s.mu.Unlock()
	for name, value := range notes {
		if key, ok := strings.CutPrefix(name, bucket+"\x00"); ok {
			if err := fn(key, value); err != nil {
				return err
			}
		}
	}
	return nil
}

func (d *desk) Write(_ context.Context, bucket string, edits map[string][]byte) error {
	d.s.mu.Lock()
	defer d.s.mu.Unlock()
	if d.s.killed {
		return errKilled
	}
	for key, value := range edits {
		if value == nil {
			delete(d.notes, bucket+"\x00"+key)
		} else {
			d.notes[bucket+"\x00"+key] = value
		}
	}
	return nil
}

func (d *desk) Lost() <-chan struct{} { return nil }
func (d *desk) Close() error          { return nil }
