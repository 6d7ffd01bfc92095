package hub

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"feedmill/cache"
	"feedmill/feeds"
)

// Store is what a hub needs of a store. Log entries name topics as readers see them.
type Store interface {
	After(ctx context.Context, cursor cache.Cursor, limit int) ([]cache.Entry, error)
	Wait(ctx context.Context, cursor cache.Cursor) error
	Tail(ctx context.Context) (cache.Cursor, error)
	Now(ctx context.Context) (time.Time, error)
	cache.Notes
	cache.Locker
}

// Documents are the feeds as readers get them.
type Documents interface {
	// Feed says which feed has exactly this address as its self link; ok is false for whatever is none, or not public.
	Feed(address string) (f Feed, ok bool)
	// Feeds are the documents of a topic, one for each format.
	Feeds(topic feeds.Topic) []Feed
	// Document is what a GET of the feed's address answers now, never older than the change of its topic that was in the log
	// when it was called. Fails with ErrGone for a feed that is not published any more.
	Document(ctx context.Context, f Feed) (Document, error)
}

// Feed is one document of one topic.
type Feed struct {
	Topic feeds.Topic
	// URL is its self link.
	URL string
}

// Document is a feed's content. Tag is equal for equal bytes.
type Document struct {
	Body             []byte
	ContentType, Tag string
}

// ErrGone says that a feed is not published any more.
var ErrGone = errors.New("the feed is not published any more")

// Options are settings of a hub.
type Options struct {
	// URL is the hub's own address.
	URL string
	// Lease is how long a subscription lasts that does not say how long, and the longest there is; 0 means 10 days.
	Lease time.Duration
	// External are hubs of others that are told of changes.
	External []string
	// HTTP calls callbacks back: it follows no redirect and keeps from private networks.
	HTTP *http.Client
}

const (
	defaultLease = 10 * 24 * time.Hour
	minLease     = 5 * time.Minute
)

// Env is what a hub gets from the program.
type Env struct {
	Store     Store
	Documents Documents
	Log       *slog.Logger
	// UserAgent is sent with every request.
	UserAgent string
	// Active says whether this process may deliver: it runs the newest configuration.
	Active func() bool
	// Client is whose request this is; counted is false for those who are not limited. nil counts nobody.
	Client func(*http.Request) (client netip.Addr, counted bool)
}

// Hub takes subscriptions and delivers. Make it with [New].
type Hub struct {
	env   Env
	stats counters

	mu   sync.Mutex
	opts Options

	asking sync.WaitGroup
	asks   *asks
	slots  chan struct{} // verifications under way
	// perClient and perHost are how many of them go on for one, clients and atHosts how many requests came.
	perClient, perHost *places
	clients, atHosts   *meter
	said               atomic.Int64 // when the log was told of a client that is limited, in Unix seconds
	ctx                context.Context
	cancel             context.CancelFunc
	changed            chan struct{} // one slot: this process changed a subscription
	// mostSubs and mostSubsHost are how many subscriptions there may be, in total and with callbacks at one host or by one client.
	mostSubs, mostSubsHost int
	tick                   time.Duration // how often the loop looks at the clock
}

// maxVerifying is how many callbacks are asked at once whether they mean it, maxVerifyingClient how many of them for one client
// and maxVerifyingHost at one host; maxAsks, maxAsksClient and maxAsksHost are how many requests may wait for that. One host may
// be a reader that takes every feed of a large site in each format. No client alone takes the whole share of a host.
const (
	maxVerifying       = 64
	maxVerifyingClient = 16
	maxVerifyingHost   = 4
	maxAsks            = 5000
	maxAsksClient      = 250
	maxAsksHost        = 500
	maxSubs            = 100_000
	maxSubsHost        = 20_000
)

// New makes a hub. [Hub.Close] waits for what it does in the background.
func New(env Env, opts Options) *Hub {
	h := &Hub{
		env: env, asks: newAsks(), slots: make(chan struct{}, maxVerifying), changed: make(chan struct{}, 1),
		perClient: newPlaces(maxVerifyingClient), perHost: newPlaces(maxVerifyingHost),
		clients: newMeter(clientAtOnce, clientPerMinute), atHosts: newMeter(hostAtOnce, hostPerMinute),
		mostSubs: maxSubs, mostSubsHost: maxSubsHost, tick: 250 * time.Millisecond,
	}
	h.ctx, h.cancel = context.WithCancel(context.Background())
	h.Configure(opts)
	return h
}

// Configure takes over settings. It may be called at any time.
func (h *Hub) Configure(opts Options) {
	if opts.Lease <= 0 {
		opts.Lease = defaultLease
	}
	opts.Lease = max(opts.Lease, minLease)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.opts = opts
}

func (h *Hub) options() Options {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.opts
}

// Close ends verifications under way; what they were about is taken up again by the next process.
func (h *Hub) Close() {
	h.cancel()
	h.asking.Wait()
}
