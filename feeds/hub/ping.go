package hub

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	// pingAtOnce is how many feeds one request names; maxUnpinged how many may wait for one hub.
	pingAtOnce  = 20
	maxUnpinged = 20_000
	pingGap     = time.Second
)

// pings tell hubs of others which feeds changed (hub.mode=publish, as PubSubHubbub 0.4 §7.1 has it, which WebSub leaves open).
// What a stop cuts short is not told: such hubs also poll.
type pings struct {
	h   *Hub
	ctx context.Context

	mu      sync.Mutex
	waiting map[string]map[string]Feed // by hub, by URL
	running map[string]bool
	work    sync.WaitGroup
}

func newPings(ctx context.Context, h *Hub) *pings {
	return &pings{h: h, ctx: ctx, waiting: map[string]map[string]Feed{}, running: map[string]bool{}}
}

func (p *pings) add(hubs []string, f Feed) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, hub := range hubs {
		w := p.waiting[hub]
		if w == nil {
			w = map[string]Feed{}
			p.waiting[hub] = w
		}
		if _, ok := w[f.URL]; !ok && len(w) < maxUnpinged {
			w[f.URL] = f
			p.h.stats.unpinged.Add(1)
		}
		if !p.running[hub] {
			p.running[hub] = true
			p.work.Go(func() { p.serve(hub) })
		}
	}
}

func (p *pings) wait() { p.work.Wait() }

// serve tells one hub all there is to tell.
func (p *pings) serve(hub string) {
	wait, said := pingGap, false
	for p.ctx.Err() == nil {
		p.mu.Lock()
		var list []Feed
		for _, f := range p.waiting[hub] {
			if list = append(list, f); len(list) == pingAtOnce {
				break
			}
		}
		if len(list) == 0 {
			p.running[hub] = false
			p.mu.Unlock()
			return
		}
		for _, f := range list {
			delete(p.waiting[hub], f.URL)
		}
		p.mu.Unlock()
		err := p.tell(hub, list)
		if err == nil {
			p.h.stats.unpinged.Add(-int64(len(list)))
			p.h.stats.pinged.Add(int64(len(list)))
			wait, said = pingGap, false
			continue
		}
		if !said {
			said = true
			p.h.env.Log.Warn("a hub was not told of changes; trying again", "hub", hub, "err", err)
		}
		p.mu.Lock()
		for _, f := range list {
			if _, again := p.waiting[hub][f.URL]; again {
				p.h.stats.unpinged.Add(-1)
			}
			p.waiting[hub][f.URL] = f
		}
		p.mu.Unlock()
		if !pause(p.ctx, wait) {
			break
		}
		wait = min(2*wait, 10*time.Minute)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.h.stats.unpinged.Add(-int64(len(p.waiting[hub])))
	p.running[hub] = false
}

// tell names feeds to a hub, once their new bytes are served.
func (p *pings) tell(hub string, list []Feed) error {
	ctx, cancel := context.WithTimeout(p.ctx, 30*time.Second)
	defer cancel()
	form := url.Values{"hub.mode": {"publish"}}
	for _, f := range list {
		if _, err := p.h.env.Documents.Document(ctx, f); err != nil {
			continue // not published any more, or it is told with the next change
		}
		form["hub.url"] = append(form["hub.url"], f.URL)
	}
	slices.Sort(form["hub.url"])
	if len(form["hub.url"]) == 0 {
		return nil
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, hub, strings.NewReader(form.Encode()))
	if err != nil {
		return fmt.Errorf("tell the hub: %w", err)
	}
	req.Header.Set("User-Agent", p.h.env.UserAgent)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	resp, err := p.h.options().HTTP.Do(req)
	if err != nil {
		return bare(err)
	}
	defer resp.Body.Close()
	_, _ = io.CopyN(io.Discard, resp.Body, maxAnswer)
	if resp.StatusCode/100 != 2 {
		return fmt.Errorf("it answers %d", resp.StatusCode)
	}
	return nil
}
