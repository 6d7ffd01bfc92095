package fetch

import (
	"context"
	"sync"
	"time"

	"feedmill/sources"
)

// pacer keeps requests to one host few at a time and apart.
type pacer struct {
	perHost int
	spacing time.Duration
	shared  Hosts // what other processes know; nil for none

	mu    sync.Mutex
	hosts map[string]*host
	swept time.Time
}

type host struct {
	slots chan struct{}
	// users are those that wait for or hold a slot; a host without any is forgotten once its times are past.
	users int
	// next is the earliest start of the next request, paused the end of the pause that a 429 asked for.
	next, paused time.Time
	// slow is a longer spacing that the host asked for.
	slow time.Duration
}

func newPacer(perHost int, spacing time.Duration, shared Hosts) *pacer {
	return &pacer{perHost: perHost, spacing: spacing, shared: shared, hosts: make(map[string]*host)}
}

// acquire waits for the turn of a request to the host, which takes at most so long, or for the end of ctx. While the host
// is paused it fails at once with *PausedError: such a pause is for the schedule, not for a waiting goroutine.
func (p *pacer) acquire(ctx context.Context, name string, most time.Duration) (release func(), err error) {
	p.mu.Lock()
	p.sweep()
	h := p.host(name)
	h.users++
	p.mu.Unlock()

	leave := func() {
		p.mu.Lock()
		h.users--
		p.mu.Unlock()
	}
	var back func() // nil while it has not had to wait
	aside := func() {
		if back == nil {
			back = sources.StepAside(ctx)
		}
	}
	defer func() {
		if back != nil {
			back()
		}
	}()
	select {
	case h.slots <- struct{}{}:
	default:
		aside()
		select {
		case h.slots <- struct{}{}:
		case <-ctx.Done():
			leave()
			return nil, ctx.Err()
		}
	}
	give := func(time.Duration) {}
	release = func() {
		p.mu.Lock()
		spacing := max(p.spacing, h.slow)
		h.next = later(h.next, time.Now().Add(spacing))
		h.users--
		p.mu.Unlock()
		give(spacing)
		<-h.slots
	}
	for {
		pause, until := p.turn(h)
		if !until.IsZero() {
			<-h.slots
			leave()
			return nil, &PausedError{Host: name, Until: until}
		}
		if pause <= 0 {
			if give, err = p.take(ctx, h, name, most, aside); err != nil {
				<-h.slots
				leave()
				return nil, err
			}
			return release, nil
		}
		aside()
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			<-h.slots
			leave()
			return nil, ctx.Err()
		}
	}
}

// take takes the host from other processes. What it has told them counts.
func (p *pacer) take(ctx context.Context, h *host, name string, most time.Duration, waiting func()) (give func(time.Duration), err error) {
	if p.shared == nil {
		return func(time.Duration) {}, nil
	}
	if give, err = p.shared.Take(ctx, name, most, waiting); err != nil {
		return nil, err
	}
	until := p.shared.Paused(ctx, name)
	if !until.After(time.Now()) {
		return give, nil
	}
	give(0)
	p.mu.Lock()
	h.paused = later(h.paused, until)
	p.mu.Unlock()
	return nil, &PausedError{Host: name, Until: until}
}

// turn says how long to wait, or until when the host is paused. A wait of 0 takes the turn.
func (p *pacer) turn(h *host) (wait time.Duration, paused time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	if h.paused.After(now) {
		return 0, h.paused
	}
	if wait = h.next.Sub(now); wait > 0 {
		return wait, time.Time{}
	}
	h.next = now.Add(max(p.spacing, h.slow))
	return 0, time.Time{}
}

// pause keeps everybody from the host until then.
func (p *pacer) pause(ctx context.Context, name string, until time.Time) {
	p.mu.Lock()
	h := p.host(name)
	h.paused = later(h.paused, until)
	p.mu.Unlock()
	if p.shared != nil {
		p.shared.Pause(ctx, name, until)
	}
}

// slow makes the spacing of a host longer.
func (p *pacer) slow(name string, spacing time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.host(name).slow = spacing
}

func (p *pacer) host(name string) *host {
	h := p.hosts[name]
	if h == nil {
		h = &host{slots: make(chan struct{}, p.perHost)}
		p.hosts[name] = h
	}
	return h
}

// sweep forgets hosts that nobody uses and whose times are past, at most once a minute.
func (p *pacer) sweep() {
	now := time.Now()
	if now.Sub(p.swept) < time.Minute {
		return
	}
	p.swept = now
	for name, h := range p.hosts {
		if h.users == 0 && !h.next.After(now) && !h.paused.After(now) {
			delete(p.hosts, name)
		}
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
