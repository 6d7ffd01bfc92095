package sources

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"
)

// Spec is a configured source.
type Spec struct {
	Name, Kind, Location string
	// Fingerprint is equal for specs that need no restart at reload.
	Fingerprint string
	Source      Source
	Policy      Policy
	// Interval is the time between fetches, or with a longer MaxInterval the shortest: how often something new comes decides
	// between the two. Chosen says that the operator set them, who knows what the outside takes.
	Interval, MaxInterval time.Duration
	Chosen                bool
	// Leaving: the source is not configured any more, and Source ends what it has arranged with others ([Leave]).
	Leaving bool
	// Private and Web are the kind's: see [Kind].
	Private, Web bool
	// Adopt is the feed that this source continues; nil for none.
	Adopt *Adopt
}

// Manager decides when each source is fetched. Per source there is one loop, one fetch in flight and one right to
// write; across sources at most Options.Parallel fetches run at once.
type Manager struct {
	store Store
	log   *slog.Logger
	slots chan struct{}
	// lookEvery is Options.Look.
	lookEvery time.Duration

	mu      sync.Mutex
	runners map[string]*runner
	closed  bool
}

// Options of a Manager.
type Options struct {
	Log *slog.Logger
	// Parallel is the number of fetches at once; 0 means 16.
	Parallel int
	// Look is how often the mailbox of a [Receiver] is looked into, for letters that came in through another process; 0
	// means two seconds.
	Look time.Duration
}

// NewManager makes a Manager without sources.
func NewManager(store Store, opts Options) *Manager {
	if opts.Parallel == 0 {
		opts.Parallel = 16
	}
	if opts.Look == 0 {
		opts.Look = 2 * time.Second
	}
	return &Manager{
		store: store, log: opts.Log, lookEvery: opts.Look,
		slots:   make(chan struct{}, opts.Parallel),
		runners: map[string]*runner{},
	}
}

// slotsKey is where a fetch finds the slots of its Manager.
type slotsKey struct{}

// Placed tells a fetch that it has one of these slots, which bound how many run at once: see [StepAside].
func Placed(ctx context.Context, slots chan struct{}) context.Context {
	return context.WithValue(ctx, slotsKey{}, slots)
}

// StepAside gives the place of a fetch among those that run at once to another one, for as long as it waits for its turn
// at a host: else the many sources of one host would keep all others waiting. back takes a place again. ctx is that of
// the fetch.
func StepAside(ctx context.Context) (back func()) {
	slots, ok := ctx.Value(slotsKey{}).(chan struct{})
	if !ok {
		return func() {}
	}
	<-slots
	return func() { slots <- struct{}{} }
}

// Apply makes the running sources those of specs: what did not change keeps running, what is gone is stopped and waited
// for, what is new or different is started.
func (m *Manager) Apply(specs []Spec) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return
	}
	wanted := map[string]string{}
	for _, s := range specs {
		wanted[s.Name] = s.Fingerprint
	}
	m.stopWhere(func(r *runner) bool {
		fingerprint, ok := wanted[r.spec.Name]
		return !ok || fingerprint != r.spec.Fingerprint
	})
	for _, s := range specs {
		if _, ok := m.runners[s.Name]; !ok {
			m.runners[s.Name] = startRunner(m, s)
		}
	}
}

// Keep stops the sources that are not named, and what runs in place of those that had left, and waits for them.
func (m *Manager) Keep(names map[string]bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.stopWhere(func(r *runner) bool { return !names[r.spec.Name] || r.spec.Leaving })
}

func (m *Manager) stopWhere(match func(*runner) bool) {
	var stopped []*runner
	for name, r := range m.runners {
		if match(r) {
			r.stop()
			stopped = append(stopped, r)
			delete(m.runners, name)
		}
	}
	for _, r := range stopped {
		<-r.done
	}
}

// Close stops every source and waits for the fetches under way to end.
func (m *Manager) Close() {
	m.Apply(nil)
	m.mu.Lock()
	m.closed = true
	m.mu.Unlock()
}

// Fetch fetches a source as soon as the fetch under way is done. Fails for an unknown name.
func (m *Manager) Fetch(name string) error {
	r, err := m.runner(name)
	if err != nil {
		return err
	}
	r.wakeUp()
	return nil
}

func (m *Manager) runner(name string) (*runner, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r, ok := m.runners[name]
	if !ok {
		return nil, fmt.Errorf("no source is named %q: see feedmill status or the configuration", name)
	}
	return r, nil
}

// Has says whether a source of that name runs here.
func (m *Manager) Has(name string) bool {
	_, err := m.runner(name)
	return err == nil
}

// Receiver finds a source that is told of news from outside; private says on which listener. ok is false for a name that
// is not configured and for a source that is no Receiver.
func (m *Manager) Receiver(name string) (rec Receiver, private, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r, found := m.runners[name]
	if !found {
		return nil, false, false
	}
	rec, ok = r.spec.Source.(Receiver)
	return rec, r.spec.Private, ok
}

// Status is a source as the operator sees it.
type Status struct {
	Name     string `json:"name"`
	Kind     string `json:"kind"`
	Location string `json:"location"`
	// State is one of starting, elsewhere (another process fetches it), fetching, waiting, failing, held, gone, leaving (it is
	// not configured any more and ends what it has arranged with others).
	State string `json:"state"`
	// Counts are of the fetch under way, or of the last one.
	Counts Counts `json:"counts"`
	Items  int    `json:"items"`
	// Merged is how many of the items are shown as one with those of other sources, under these.
	Merged   int       `json:"merged"`
	Due      time.Time `json:"due,omitzero"`
	Last     time.Time `json:"last,omitzero"`
	LastOK   time.Time `json:"last_ok,omitzero"`
	Failures int       `json:"failures"`
	Error    string    `json:"error,omitempty"`
	// Drift says that the last fetch failed with [ErrDrift].
	Drift    bool      `json:"drift,omitempty"`
	Note     string    `json:"note,omitempty"`
	Withheld *Withheld `json:"withheld,omitempty"`
	// Churn is what waits for absorb or release.
	Churn *Churn `json:"churn,omitempty"`
	// Adopted tells of the feed that this source continues.
	Adopted *Adopted `json:"adopted,omitempty"`
	// Cadence is the mean time between new items, Newest the time of the last one; zero while too little is known.
	Cadence Duration  `json:"cadence,omitzero"`
	Newest  time.Time `json:"newest,omitzero"`
	// Silent says that nothing new has come for more than three times the cadence: the source may be broken in a way that
	// looks like success.
	Silent bool `json:"silent,omitempty"`
	// Told says that others tell the source of news; empty for one that only asks.
	Told Told `json:"told,omitempty"`
	// Traffic is of a source that asks servers; nil for any other.
	Traffic *Traffic `json:"traffic,omitempty"`
	// Fetched is true once a fetch has succeeded, in this process or before.
	Fetched bool `json:"fetched"`
	// Dropped is how many items the rules leave out, as far as they are remembered.
	Dropped int `json:"dropped"`
	// Rejected are the posts that are not published as they stand, by Where.
	Rejected []Rejected `json:"rejected"`
}

// Duration is written as text, such as 3h0m0s.
type Duration time.Duration

// MarshalText implements encoding.TextMarshaler.
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (d *Duration) UnmarshalText(b []byte) error {
	v, err := time.ParseDuration(string(b))
	*d = Duration(v)
	return err
}

// Status lists all sources by name.
func (m *Manager) Status() []Status {
	m.mu.Lock()
	runners := make([]*runner, 0, len(m.runners))
	for _, r := range m.runners {
		runners = append(runners, r)
	}
	m.mu.Unlock()
	slices.SortFunc(runners, func(a, b *runner) int { return cmpString(a.spec.Name, b.spec.Name) })
	out := make([]Status, 0, len(runners))
	for _, r := range runners {
		if st := r.snapshot(); !r.spec.Leaving || st.State != "gone" {
			out = append(out, st)
		}
	}
	return out
}
