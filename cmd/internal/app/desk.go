package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"feedmill/cache"
	"feedmill/feeds"
	"feedmill/sources"
)

// Leases of sources live leaseFor and are renewed every leaseRenew: a replica that dies is replaced within leaseFor.
const (
	leaseFor   = 15 * time.Second
	leaseRenew = 4 * time.Second
)

// desks fits a cache.Store to what the sources Manager needs.
type desks struct {
	store cache.Store
	log   *slog.Logger
	// mayFetch says whether this process runs the newest configuration.
	mayFetch func() bool
}

// sourceLease is the name of the lease that Put asks for.
func sourceLease(source string) string { return "source/" + source }

// Open implements sources.Store.
func (d *desks) Open(ctx context.Context, source string) (sources.Desk, error) {
	k, err := d.open(ctx, source)
	if err != nil {
		return nil, err
	}
	return k, nil
}

func (d *desks) open(ctx context.Context, source string) (*desk, error) {
	return d.hold(ctx, source, sourceLease(source))
}

// hold takes a lease by name, for work that is not of a source, too.
func (d *desks) hold(ctx context.Context, source, name string) (*desk, error) {
	if !d.mayFetch() {
		return nil, sources.ErrBusy
	}
	lease, err := d.store.Acquire(ctx, name, leaseFor)
	if errors.Is(err, cache.ErrHeld) {
		return nil, sources.ErrBusy
	}
	if err != nil {
		return nil, fmt.Errorf("take the lease %s: %w", name, err)
	}
	k := &desk{store: d.store, source: source, lease: lease, lost: make(chan struct{}), closed: make(chan struct{})}
	k.renewing.Go(func() { k.renew(d) })
	return k, nil
}

// desk is the right to write for one source: a lease that is renewed until Close.
type desk struct {
	store    cache.Store
	source   string
	lease    cache.Lease
	lost     chan struct{}
	closed   chan struct{}
	renewing sync.WaitGroup
}

// renew keeps the lease alive. A store that cannot be reached is not a lost lease before its time is over: writes are
// fenced, so trying on does no harm.
func (k *desk) renew(d *desks) {
	tick := time.NewTicker(leaseRenew)
	defer tick.Stop()
	for {
		select {
		case <-k.closed:
			return
		case <-tick.C:
		}
		ctx, cancel := context.WithTimeout(context.Background(), leaseRenew)
		err := k.store.Renew(ctx, k.lease, leaseFor)
		cancel()
		if errors.Is(err, cache.ErrStale) || !d.mayFetch() {
			close(k.lost)
			return
		}
		if err != nil {
			d.log.Debug("cannot renew a lease; trying again", "lease", k.lease.Name, "err", err)
		}
	}
}

func (k *desk) Lost() <-chan struct{} { return k.lost }

// Close gives the lease back, so that another process can go on at once.
func (k *desk) Close() error {
	close(k.closed)
	k.renewing.Wait()
	ctx, cancel := context.WithTimeout(context.Background(), leaseRenew)
	defer cancel()
	if err := k.store.Release(ctx, k.lease); err != nil {
		return fmt.Errorf("give back the lease %s: %w", k.lease.Name, err)
	}
	return nil
}

func (k *desk) Put(ctx context.Context, changes ...feeds.Change) ([]feeds.Accepted, error) {
	return k.store.Put(ctx, k.lease, changes...)
}

func (k *desk) Describe(ctx context.Context, about feeds.About) error {
	return k.store.Describe(ctx, k.lease, k.source, about)
}

func (k *desk) SetBaseline(ctx context.Context) error {
	return k.store.SetBaseline(ctx, k.lease, k.source)
}

func (k *desk) Info(ctx context.Context) (sources.Facts, error) {
	s, err := k.store.Source(ctx, k.source)
	return sources.Facts{Items: s.Items, Merged: s.Merged, Baseline: s.Baseline}, err
}

func (k *desk) Keys(ctx context.Context, fn func(key string) error) error {
	return k.store.Keys(ctx, k.source, fn)
}

func (k *desk) Known(ctx context.Context, keys ...string) ([]feeds.Record, error) {
	return k.store.Known(ctx, k.source, keys...)
}

func (k *desk) Recent(ctx context.Context, group string, before feeds.Pos, limit int) (feeds.Page, error) {
	topic := feeds.NewTopic("source", k.source)
	topic.Group = group
	return k.store.Recent(ctx, topic, feeds.ByPublished, before, limit)
}

func (k *desk) Find(ctx context.Context, ids ...string) ([]feeds.Record, error) {
	return k.store.Find(ctx, ids...)
}

// noteBucket is where the notes of a source's bucket are.
func noteBucket(bucket, source string) string { return bucket + "/" + source }

func (k *desk) Read(ctx context.Context, bucket, key string) ([]byte, bool, error) {
	values, err := k.store.Read(ctx, noteBucket(bucket, k.source), key)
	if err != nil {
		return nil, false, err
	}
	v, ok := values[key]
	return v, ok, nil
}

func (k *desk) Range(ctx context.Context, bucket string, fn func(key string, value []byte) error) error {
	return k.store.Range(ctx, noteBucket(bucket, k.source), fn)
}

func (k *desk) Write(ctx context.Context, bucket string, values map[string][]byte) error {
	edits := make([]cache.Edit, 0, len(values))
	for key, value := range values {
		edits = append(edits, cache.Edit{Bucket: noteBucket(bucket, k.source), Key: key, Value: value})
	}
	return k.store.Write(ctx, k.lease, edits...)
}
