package webfeed

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"feedmill/sources"
	"feedmill/sources/fetch"
)

// A feed that names a hub tells of news by itself (WebSub, https://www.w3.org/TR/websub/): the source subscribes to it and is
// asked only as a safety net.
const (
	websubKey = "websub" // in the state
	// askedLease is how long a subscription is asked for; the hub says how long it will be.
	askedLease = 10 * 24 * time.Hour
	minLease   = 5 * time.Minute
	maxLease   = 60 * 24 * time.Hour
	// safety is how long a subscription has to last beyond the next slow poll, which is a day away, to be relied on.
	safety = 30 * time.Hour
	// verifyWithin is how long a hub may take to verify before it is asked again.
	verifyWithin = time.Hour
	// maxLeaving bounds the subscriptions that are being given up, leaveTries how often a hub is asked to end one.
	maxLeaving = 4
	leaveTries = 3
)

// Phases of a subscription.
const (
	phaseAsked   = "asked" // the hub has yet to verify
	phaseActive  = "active"
	phaseDenied  = "denied"
	phaseLeaving = "leaving"
)

// subscription is what is remembered of one.
type subscription struct {
	Hub   string `json:"hub"`
	Topic string `json:"topic"`
	// Token is the unguessable end of Callback, Secret what the hub signs with.
	Token    string `json:"token"`
	Callback string `json:"callback"`
	Secret   string `json:"secret"`
	Phase    string `json:"phase,omitempty"`
	// Expires is the end of the lease.
	Expires time.Time     `json:"expires,omitzero"`
	Lease   time.Duration `json:"lease,omitempty"`
	// Next is when the hub may be asked again, Failures how often it answered badly in a row.
	Next     time.Time `json:"next,omitzero"`
	Failures int       `json:"failures,omitempty"`
	// Trouble is what the hub answered last, if that was no yes.
	Trouble string `json:"trouble,omitempty"`
}

// subscriptions are the one that is wanted and those that are being given up.
type subscriptions struct {
	Now     *subscription  `json:"now,omitempty"`
	Leaving []subscription `json:"leaving,omitempty"`
}

func readSubscriptions(b []byte) subscriptions {
	var s subscriptions
	if len(b) == 0 || json.Unmarshal(b, &s) != nil {
		return subscriptions{} // unreadable state costs a new subscription
	}
	return s
}

func (s subscriptions) save(st sources.State) error {
	b, err := json.Marshal(s)
	if err != nil {
		return fmt.Errorf("remember the subscription: %w", err)
	}
	st.Set(websubKey, b)
	return nil
}

// links are where a feed says that its news can be had. known is false where the answer did not say anything.
type links struct {
	hub, topic string
	known      bool
}

// linksOf reads the Link header, which comes before the document (WebSub §4).
func linksOf(resp *fetch.Response) links {
	l := links{hub: linkHeader(resp, "hub"), topic: linkHeader(resp, "self")}
	l.known = l.hub != ""
	return l
}

// or fills in what the document says.
func (l links) or(doc *Document, finalURL string) links {
	if l.hub == "" {
		l.hub = doc.Hub
	}
	l.topic = first(l.topic, doc.Topic, finalURL)
	l.known = true
	return l
}

// linkHeader is the first target of that relation (RFC 8288), or empty.
func linkHeader(resp *fetch.Response, rel string) string {
	base, err := url.Parse(resp.FinalURL)
	if err != nil {
		return ""
	}
	for _, line := range resp.Header.Values("Link") {
		for line != "" {
			_, rest, _ := strings.Cut(line, "<")
			target, rest, _ := strings.Cut(rest, ">")
			var params []string
			params, line = linkParams(rest)
			for _, p := range params {
				name, value, _ := strings.Cut(p, "=")
				if !strings.EqualFold(strings.TrimSpace(name), "rel") {
					continue
				}
				for _, r := range strings.Fields(strings.Trim(strings.TrimSpace(value), `"`)) {
					if u, err := base.Parse(target); err == nil && strings.EqualFold(r, rel) {
						return u.String()
					}
				}
			}
		}
	}
	return ""
}

// linkParams splits the parameters of a link from those behind the next comma. Quoted texts may hold both.
func linkParams(s string) (params []string, rest string) {
	quoted, from := false, 0
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"':
			quoted = !quoted
		case c == '\\' && quoted:
			i++
		case c == ';' && !quoted:
			params, from = append(params, s[from:i]), i+1
		case c == ',' && !quoted:
			return append(params, s[from:i]), s[i+1:]
		}
	}
	return append(params, s[min(from, len(s)):]), ""
}

// sayBaseURL says once for all feeds what is missing.
var sayBaseURL sync.Once

// keepSubscribed brings the subscription in line with what the feed says, and asks the hub for what is missing. The hub's
// trouble is no failure of the feed: it is part of the note in res.
func (s *source) keepSubscribed(ctx context.Context, st sources.State, out sources.Sink, l links, res *sources.Result) error {
	b, _, err := st.Get(websubKey)
	if err != nil {
		return err
	}
	now := time.Now()
	subs := readSubscriptions(b)
	if !l.known && subs.Now != nil {
		l = links{subs.Now.Hub, subs.Now.Topic, true}
	}
	wanted := l.hub != "" && l.topic != "" && s.cfg.WebSub != "off"
	if wanted && s.env.Hook == "" {
		sayBaseURL.Do(func() {
			s.env.Log.Info("feeds name hubs that would tell of news at once: set base_url to an address that they can reach", "hub", fetch.Redact(l.hub))
		})
		res.Note += "; its hub cannot be used without base_url"
		wanted = false
	}
	var todo []*subscription
	if n := subs.Now; n != nil && (!wanted || n.Hub != l.hub || n.Topic != l.topic || n.Callback != s.env.Hook+"/"+n.Token) {
		if n.Phase == phaseActive || n.Phase == phaseAsked {
			n.Phase, n.Failures, n.Next = phaseLeaving, 0, time.Time{}
			subs.Leaving = append(subs.Leaving, *n)
		}
		subs.Now = nil
	}
	subs.Leaving = subs.leaving(now)
	if wanted && subs.Now == nil {
		token := rand.Text()
		subs.Now = &subscription{Hub: l.hub, Topic: l.topic, Token: token, Callback: s.env.Hook + "/" + token, Secret: rand.Text() + rand.Text()}
	}
	if n := subs.Now; n != nil && n.due(now) {
		if n.Phase != phaseActive {
			n.Phase = phaseAsked
		}
		todo = append(todo, n)
	}
	for i := range subs.Leaving {
		if !now.Before(subs.Leaving[i].Next) {
			todo = append(todo, &subs.Leaving[i])
		}
	}
	if len(todo) > 0 {
		// The hub may verify before it answers, through any process: what it will ask about is stored before.
		for _, sub := range todo {
			sub.Next = now.Add(verifyWithin)
		}
		if err := subs.save(st); err != nil {
			return err
		}
		for range 2 { // the second waits for the first to be stored
			if err := out.Emit(); err != nil {
				return err
			}
		}
		for _, sub := range todo {
			if err := s.askHub(ctx, sub); err != nil {
				if ctx.Err() != nil {
					return ctx.Err()
				}
				sub.Failures++
				sub.Next = now.Add(min(time.Hour<<min(sub.Failures-1, 5), 24*time.Hour))
				sub.Trouble = err.Error()
				if sub.Failures == 1 {
					s.env.Log.Warn("a hub refuses a subscription: the feed is asked as before", "hub", fetch.Redact(sub.Hub), "err", err)
				}
			} else if sub.Phase == phaseLeaving {
				sub.Failures++ // one try less
			} else {
				sub.Failures, sub.Trouble = 0, ""
			}
		}
	}
	if text, err := json.Marshal(subs); err == nil && string(text) != string(b) && (len(b) > 0 || subs.Now != nil) {
		if err := subs.save(st); err != nil {
			return err
		}
	}
	if subs.Now != nil && subs.Now.Trouble != "" {
		res.Note += "; its hub: " + subs.Now.Trouble
	}
	res.Told, res.By = subs.told(now), subs.by()
	return nil
}

// leaving are those that the hub still has to be asked about.
func (s subscriptions) leaving(now time.Time) []subscription {
	var left []subscription
	for _, sub := range s.Leaving {
		if sub.Callback != "" && sub.Failures < leaveTries && (sub.Expires.IsZero() || now.Before(sub.Expires)) {
			left = append(left, sub)
		}
	}
	return left[max(0, len(left)-maxLeaving):]
}

// due says that the hub is to be asked: for the first time, again after trouble or silence, or to renew in time.
func (s *subscription) due(now time.Time) bool {
	if now.Before(s.Next) {
		return false
	}
	if s.Phase != phaseActive {
		return true
	}
	return !now.Before(s.renewal())
}

// renewal is when a granted subscription is asked for again.
func (s *subscription) renewal() time.Time {
	before := s.Lease / 2
	if s.Lease > 2*safety {
		before = max(s.Lease/3, safety)
	}
	return s.Expires.Add(-before)
}

// by is when the hub has to be asked again; zero without a granted subscription.
func (s subscriptions) by() time.Time {
	if s.Now == nil || s.Now.Phase != phaseActive {
		return time.Time{}
	}
	return s.Now.renewal()
}

// told is what the Manager is to expect.
func (s subscriptions) told(now time.Time) sources.Told {
	switch n := s.Now; {
	case n != nil && n.Phase == phaseActive && n.Expires.Sub(now) > safety:
		return sources.Pushed
	case n != nil && n.Phase != phaseDenied, len(s.Leaving) > 0:
		return sources.Listening
	}
	return ""
}

// askHub sends a subscription or its end to the hub (WebSub §5.1). It follows no redirect: the answer to another address
// would not be the hub's.
func (s *source) askHub(ctx context.Context, sub *subscription) error {
	form := url.Values{
		"hub.callback": {sub.Callback}, "hub.topic": {sub.Topic}, "hub.mode": {"subscribe"},
	}
	if sub.Phase == phaseLeaving {
		form.Set("hub.mode", "unsubscribe")
	} else {
		form.Set("hub.secret", sub.Secret)
		form.Set("hub.lease_seconds", strconv.Itoa(int(askedLease.Seconds())))
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, sub.Hub, strings.NewReader(form.Encode()))
	if err != nil {
		return errors.New("the hub's address cannot be used")
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	client := *s.env.HTTP
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	resp, err := client.Do(req)
	if err != nil {
		var quoted *url.Error
		if errors.As(err, &quoted) {
			err = quoted.Err // without the address
		}
		return fmt.Errorf("ask %s: %w", fetch.Redact(sub.Hub), err)
	}
	_ = resp.Body.Close() // the status says all
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return fmt.Errorf("ask %s: %w", fetch.Redact(sub.Hub), &fetch.StatusError{Code: resp.StatusCode})
	}
	return nil
}
