package hub

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"feedmill/cache"
)

const (
	// verifyTimeout bounds one question to a callback.
	verifyTimeout = 10 * time.Second
	// askFor is how long a request is remembered that could not be verified; leftAfter how old one is that the process which
	// took it has left behind.
	askFor    = time.Hour
	leftAfter = 2 * time.Minute
)

// verifyAgain are the pauses before a callback that does not answer is asked again.
var verifyAgain = []time.Duration{5 * time.Second, 30 * time.Second}

var errDeclined = errors.New("the callback does not want it")

// verify asks the callback whether it means what was asked in its name (WebSub §5.3), and does it then. It ends the stay of a
// request among those that wait.
func (h *Hub) verify(ctx context.Context, a *ask) {
	err := h.question(ctx, a)
	for _, wait := range verifyAgain {
		if err == nil || errors.Is(err, errDeclined) || !pause(ctx, wait) {
			break
		}
		err = h.question(ctx, a)
	}
	if ctx.Err() != nil {
		h.asks.leave(a)
		return // the next process takes it up
	}
	if err == nil {
		a.Expires = a.At.Add(a.Lease)
		if err = h.keep(ctx, &a.subscription, a.Mode == "unsubscribe"); err != nil {
			h.env.Log.Warn("a WebSub subscription that was verified could not be kept; the subscriber has to ask again", "topic", h.told(a.Topic), "callback", a.host(), "err", err)
		} else {
			h.stats.verified.Add(1)
			h.env.Log.Info("WebSub "+a.Mode, "topic", h.told(a.Topic), "callback", a.host())
		}
	} else {
		h.stats.refused.Add(1)
		h.env.Log.Info("WebSub request not verified", "mode", a.Mode, "topic", h.told(a.Topic), "callback", a.host(), "err", err)
	}
	if !h.asks.leave(a) {
		return // the note is that of a later request
	}
	if err := h.env.Store.Write(ctx, cache.Lease{}, cache.Edit{Bucket: bucketAsks, Key: a.name()}); err != nil {
		h.env.Log.Debug("a WebSub request that was answered stays noted", "err", err)
	}
}

// told is a topic as it may stand in the log: an unsubscription names any address, also that of a group's feed, which has a token.
func (h *Hub) told(topic string) string {
	if _, ok := h.env.Documents.Feed(topic); ok {
		return topic
	}
	return "no feed of this server"
}

// question asks once.
func (h *Hub) question(ctx context.Context, a *ask) error {
	// First the turns of its client and at its host: who waits for a slow host keeps no other from being asked.
	if a.client != "" {
		leave, err := h.perClient.enter(ctx, a.client)
		if err != nil {
			return err
		}
		defer leave()
	}
	leave, err := h.perHost.enter(ctx, a.host())
	if err != nil {
		return err
	}
	defer leave()
	select {
	case h.slots <- struct{}{}:
		defer func() { <-h.slots }()
	case <-ctx.Done():
		return ctx.Err()
	}
	challenge := rand.Text()
	q := url.Values{"hub.mode": {a.Mode}, "hub.topic": {a.Topic}, "hub.challenge": {challenge}}
	if a.Mode == "subscribe" {
		q.Set("hub.lease_seconds", strconv.Itoa(int(a.Lease/time.Second)))
	}
	status, body, err := h.get(ctx, with(a.Callback, q))
	switch {
	case err != nil:
		return err
	case status/100 == 5:
		return fmt.Errorf("the callback answers %d", status)
	case status/100 != 2:
		return fmt.Errorf("%w: it answers %d", errDeclined, status)
	case body != challenge:
		return fmt.Errorf("%w: it does not answer with the challenge", errDeclined)
	}
	return nil
}

// deny tells a callback that its subscription has ended, and why (WebSub §5.2). It is told once.
func (h *Hub) deny(ctx context.Context, s *subscription, reason string) {
	q := url.Values{"hub.mode": {"denied"}, "hub.topic": {s.Topic}, "hub.reason": {reason}}
	if _, _, err := h.get(ctx, with(s.Callback, q)); err != nil {
		h.env.Log.Debug("a callback was not told that its subscription has ended", "callback", s.host(), "err", err)
	}
}

// get asks a callback; of its answer a little more is read than a challenge has.
func (h *Hub) get(ctx context.Context, address string) (status int, body string, err error) {
	ctx, cancel := context.WithTimeout(ctx, verifyTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return 0, "", fmt.Errorf("%w: its address cannot be asked", errDeclined)
	}
	req.Header.Set("User-Agent", h.env.UserAgent)
	resp, err := h.options().HTTP.Do(req)
	if err != nil {
		return 0, "", bare(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(io.LimitReader(resp.Body, 256))
	if err != nil {
		return 0, "", bare(err)
	}
	return resp.StatusCode, string(b), nil
}

// bare is an error of net/http without the address, which may hold what only the subscriber is to know.
func bare(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

// takeUp verifies what earlier processes left behind.
func (h *Hub) takeUp(ctx context.Context, now time.Time) error {
	var left []*ask
	err := h.env.Store.Range(ctx, bucketAsks, func(key string, value []byte) error {
		var a ask
		if json.Unmarshal(value, &a) == nil && now.Sub(a.At) >= leftAfter && now.Sub(a.Taken) >= leftAfter && !h.asks.has(key) && len(left) < maxVerifying {
			left = append(left, &a)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("read requests to the hub: %w", err)
	}
	for _, a := range left {
		if h.asks.enter(a) != nil {
			continue // there is no room; it stays left behind
		}
		a.Taken = now // else another process takes it up, too
		if err := h.env.Store.Write(ctx, cache.Lease{}, note(bucketAsks, a.name(), a, max(askFor-now.Sub(a.At), time.Second))); err != nil {
			h.asks.leave(a)
			return fmt.Errorf("take up a request to the hub: %w", err)
		}
		h.asking.Go(func() { h.verify(h.ctx, a) })
	}
	return nil
}

// pause waits; false when ctx ended.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
