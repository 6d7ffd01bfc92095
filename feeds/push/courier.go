package push

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"feedmill/cache"
	"feedmill/feeds"
)

// Store is what a courier needs of a cache.Store.
type Store interface {
	cache.Log
	cache.Notes
	cache.Locker
	Get(ctx context.Context, ids ...string) ([]feeds.Item, error)
	Recent(ctx context.Context, topic feeds.Topic, order feeds.Order, before feeds.Pos, limit int) (feeds.Page, error)
}

// Options are the settings of a courier. The zero value works.
type Options struct {
	Log *slog.Logger
	// May says whether this process runs the newest configuration: another one serves no target. Nil means that it does.
	May func() bool
}

// Courier carries what is news to the targets: one stream for each, which reads the log from its bookmark, sends one message at
// a time, oldest first, and acts on how that ends. Delivery is at least once: an item is repeated only where a request was
// under way at a crash, or ended without a clear answer. Several processes may run one on the same store; each target is
// served by one of them, under the lease push/NAME.
type Courier struct {
	store Store
	log   *slog.Logger
	may   func() bool
	tail  *tail

	mu       sync.Mutex
	streams  map[string]*stream
	names    []string        // of the targets, in the order of the configuration
	ctx      context.Context // that of Run; nil before
	running  sync.WaitGroup
	limiters map[string]*limiter
	orders   map[string]orders // by target
	sending  map[string]*sync.Mutex
}

// New makes a courier. It does nothing before [Courier.Apply] and [Courier.Run].
func New(store Store, opts Options) *Courier {
	c := &Courier{
		store: store, log: opts.Log, may: opts.May, tail: newTail(store),
		streams: map[string]*stream{}, limiters: map[string]*limiter{}, orders: map[string]orders{}, sending: map[string]*sync.Mutex{},
	}
	if c.log == nil {
		c.log = slog.New(slog.DiscardHandler)
	}
	if c.may == nil {
		c.may = func() bool { return true }
	}
	return c
}

// Apply gives the courier its targets, also while it runs. One whose [Spec.Hash] is the same keeps running as it is; another
// one is stopped behind the attempt under way and goes on at its bookmark. Names must be unique.
func (c *Courier) Apply(specs []Spec) {
	c.mu.Lock()
	defer c.mu.Unlock()
	next := make(map[string]*stream, len(specs))
	c.names = c.names[:0]
	shared := map[string]int{}
	for i := range specs {
		for _, b := range specs[i].Target.Buckets() {
			shared[b.Key]++
		}
	}
	for _, spec := range specs {
		c.names = append(c.names, spec.Name)
		old := c.streams[spec.Name]
		if old != nil && old.spec.Hash == spec.Hash {
			next[spec.Name] = old
			continue
		}
		s := newStream(c, spec)
		if old != nil && c.ctx != nil {
			s.before = old.done
			s.keep(old.now())
		}
		next[spec.Name] = s
		if c.sending[spec.Name] == nil {
			c.sending[spec.Name] = &sync.Mutex{}
		}
	}
	for _, l := range c.limiters {
		l.setShared(shared[l.key] > 1)
	}
	for name, s := range next {
		for _, b := range s.spec.Target.Buckets() {
			l := c.limiters[b.Key]
			if l == nil {
				l = newLimiter(b.Key, shared[b.Key] > 1)
				c.limiters[b.Key] = l
			}
			l.add(b.Rates)
			if s != c.streams[name] {
				s.limiters = append(s.limiters, l)
			}
		}
	}
	old := c.streams
	c.streams = next
	for name, s := range old {
		if next[name] != s {
			s.stop()
		}
	}
	for name, s := range next {
		if old[name] != s {
			slices.SortFunc(s.limiters, func(a, b *limiter) int { return strings.Compare(a.key, b.key) })
			if c.ctx != nil {
				c.start(s)
			}
		}
	}
}

// start runs a stream. The caller has the lock, and Run runs.
func (c *Courier) start(s *stream) {
	ctx, stop := context.WithCancel(c.ctx)
	s.stop = stop
	s.orders = c.orders[s.spec.Name]
	c.running.Go(func() {
		defer close(s.done)
		defer stop()
		if s.before != nil {
			<-s.before
		}
		s.run(ctx)
	})
}

// Run serves the targets until ctx ends. Then it lets attempts that are under way end, for at most [grace], saves where
// everything is and gives the leases back. It may be called once.
func (c *Courier) Run(ctx context.Context) error {
	c.mu.Lock()
	if c.ctx != nil {
		c.mu.Unlock()
		return errors.New("run the courier: it was run before")
	}
	c.ctx = ctx
	c.mu.Unlock()
	if err := c.readOrders(ctx); err != nil && ctx.Err() == nil {
		c.log.Debug("cannot read the orders to targets; trying again", "err", err)
	}
	c.mu.Lock()
	for _, name := range c.names {
		c.start(c.streams[name])
	}
	c.mu.Unlock()
	c.running.Go(func() { c.follow(ctx) })
	c.running.Go(func() { c.obey(ctx) })
	c.running.Go(func() { c.tidy(ctx) })
	<-ctx.Done()
	c.running.Wait()
	return nil
}

// grace is how long an attempt may still take when the courier stops.
const grace = 5 * time.Second

// follow rings the bell when the log moves: one waits for all.
func (c *Courier) follow(ctx context.Context) {
	var at cache.Cursor
	known := false
	for ctx.Err() == nil {
		tail, err := c.store.Tail(ctx)
		if err == nil {
			if !known || tail != at {
				at, known = tail, true
				c.tail.moved(at)
			}
			err = c.store.Wait(ctx, at)
		}
		if err != nil {
			pause(ctx, time.Second) // each stream says that the store does not answer
		}
	}
}

// Status is how all targets are, in the order of the configuration.
func (c *Courier) Status() []Status {
	c.mu.Lock()
	streams := make([]*stream, len(c.names))
	for i, name := range c.names {
		streams[i] = c.streams[name]
	}
	c.mu.Unlock()
	out := make([]Status, len(streams))
	for i, s := range streams {
		out[i] = s.now()
	}
	return out
}

// spec is how a target is configured.
func (c *Courier) spec(target string) (Spec, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.streams[target]
	if s == nil {
		return Spec{}, fmt.Errorf("no target %q is configured; there are: %s", target, strings.Join(slices.Sorted(maps.Keys(c.streams)), ", "))
	}
	return s.spec, nil
}
