package webfeed

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"feedmill/sources"
)

// letter is what a hub's request leaves for the next fetch: its JSON on the first line, the content behind.
type letter struct {
	Kind  string    `json:"kind"`
	Token string    `json:"token"`
	At    time.Time `json:"at"`
	// Lease is how long the hub grants, 0 for no word; of "verified".
	Lease time.Duration `json:"lease,omitempty"`
	// Reason is that of "denied".
	Reason string `json:"reason,omitempty"`
	// ContentType is that of "content".
	ContentType string `json:"type,omitempty"`

	body []byte
}

// Kinds of letters.
const (
	letterVerified = "verified" // the hub grants the subscription
	letterDenied   = "denied"   // it does not, or no more
	letterLeft     = "left"     // it has ended one
	letterContent  = "content"  // the news themselves
	letterNews     = "news"     // there are news, which are to be fetched
)

// maxReason bounds what is kept of a hub's words, and the challenge that is sent back, in bytes.
const (
	maxReason    = 200
	maxChallenge = 4 << 10
)

// Receive implements [sources.Receiver]: a hub verifies a subscription or delivers news.
func (s *source) Receive(w http.ResponseWriter, r *http.Request, box sources.Mailbox) {
	b, _, err := box.State(r.Context(), websubKey)
	if err != nil {
		s.env.Log.Warn("cannot look up a subscription for its hub", "err", err)
		http.Error(w, "try again", http.StatusServiceUnavailable)
		return
	}
	sub := readSubscriptions(b).find(strings.Trim(r.URL.Path, "/"))
	switch r.Method {
	case http.MethodGet:
		s.verify(w, r, box, sub)
	case http.MethodPost:
		s.delivered(w, r, box, sub)
	default:
		w.Header().Set("Allow", "GET, POST")
		http.Error(w, "a hub uses GET and POST", http.StatusMethodNotAllowed)
	}
}

// find returns the subscription with that token, or nil.
func (s subscriptions) find(token string) *subscription {
	all := s.Leaving
	if s.Now != nil {
		all = append(all[:len(all):len(all)], *s.Now)
	}
	for i := range all {
		if subtle.ConstantTimeCompare([]byte(all[i].Token), []byte(token)) == 1 {
			return &all[i]
		}
	}
	return nil
}

// verify answers a hub that asks whether it was really us (WebSub §5.3).
func (s *source) verify(w http.ResponseWriter, r *http.Request, box sources.Mailbox, sub *subscription) {
	q := r.URL.Query()
	if sub == nil || q.Get("hub.topic") != sub.Topic {
		http.Error(w, "no such subscription", http.StatusNotFound)
		return
	}
	l := letter{Token: sub.Token, At: time.Now()}
	switch mode, leaving := q.Get("hub.mode"), sub.Phase == phaseLeaving; {
	case mode == "subscribe" && (sub.Phase == phaseAsked || sub.Phase == phaseActive):
		l.Kind = letterVerified
		if n, err := strconv.ParseInt(q.Get("hub.lease_seconds"), 10, 32); err == nil && n > 0 {
			l.Lease = time.Duration(n) * time.Second
		}
	case mode == "unsubscribe" && leaving:
		l.Kind = letterLeft
	case mode == "denied" && !leaving:
		l.Kind, l.Reason = letterDenied, q.Get("hub.reason")
		if len(l.Reason) > maxReason {
			l.Reason = strings.ToValidUTF8(l.Reason[:maxReason], "")
		}
	default:
		http.Error(w, "no such request", http.StatusNotFound)
		return
	}
	challenge := q.Get("hub.challenge")
	if len(challenge) > maxChallenge || challenge == "" && l.Kind != letterDenied {
		http.Error(w, "a challenge of 1 to 4096 bytes is needed", http.StatusBadRequest)
		return
	}
	if err := l.put(r.Context(), box); err != nil {
		s.env.Log.Warn("cannot keep a hub's word", "err", err)
		http.Error(w, "try again", http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = io.WriteString(w, challenge) // a hub that hung up asks again
}

// delivered takes news from a hub (WebSub §7). What is not signed with the secret is ignored, and the hub is not told.
func (s *source) delivered(w http.ResponseWriter, r *http.Request, box sources.Mailbox, sub *subscription) {
	if sub == nil || sub.Phase == phaseLeaving || sub.Phase == phaseDenied {
		http.Error(w, "the subscription has ended", http.StatusGone)
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		code := http.StatusBadRequest
		if large := (*http.MaxBytesError)(nil); errors.As(err, &large) {
			code = http.StatusRequestEntityTooLarge
		}
		http.Error(w, "the news cannot be read", code)
		return
	}
	if !signed(r.Header.Values("X-Hub-Signature"), sub.Secret, body) {
		s.env.Log.Debug("news without a valid signature are ignored")
		w.WriteHeader(http.StatusAccepted)
		return
	}
	l := letter{Kind: letterContent, Token: sub.Token, At: time.Now(), ContentType: r.Header.Get("Content-Type"), body: body}
	if len(body) > sources.MaxLetter-4<<10 || len(l.ContentType) > 1<<10 || r.Header.Get("Content-Encoding") != "" {
		l = letter{Kind: letterNews, Token: sub.Token, At: l.At}
	}
	if err := l.put(r.Context(), box); err != nil {
		s.env.Log.Warn("cannot keep the news of a hub", "err", err)
		http.Error(w, "try again", http.StatusServiceUnavailable)
		return
	}
	w.WriteHeader(http.StatusAccepted)
}

// signed checks X-Hub-Signature, METHOD=HEX, by the method that it names (WebSub §8).
func signed(headers []string, secret string, body []byte) bool {
	if len(headers) != 1 || secret == "" {
		return false
	}
	method, sum, _ := strings.Cut(strings.TrimSpace(headers[0]), "=")
	newHash, ok := map[string]func() hash.Hash{"sha1": sha1.New, "sha256": sha256.New, "sha384": sha512.New384, "sha512": sha512.New}[strings.ToLower(method)]
	got, err := hex.DecodeString(sum)
	if !ok || err != nil {
		return false
	}
	m := hmac.New(newHash, []byte(secret))
	m.Write(body)
	return hmac.Equal(m.Sum(nil), got)
}

func (l letter) put(ctx context.Context, box sources.Mailbox) error {
	head, err := json.Marshal(l)
	if err != nil {
		return fmt.Errorf("keep a hub's word: %w", err)
	}
	return box.Put(ctx, append(append(head, '\n'), l.body...))
}

// letters handles what hubs have left. It is done if that was all there is to do: nobody has to be asked.
func (s *source) letters(ctx context.Context, mail sources.Mail, out sources.Sink) (res sources.Result, done bool, err error) {
	list, err := mail.Letters()
	if err != nil || len(list) == 0 {
		return res, false, err
	}
	b, _, err := mail.Get(websubKey)
	if err != nil {
		return res, false, err
	}
	subs := readSubscriptions(b)
	res.Told, res.Note, done = sources.Handled, "told by the hub", true
	for _, raw := range list {
		head, body, _ := bytes.Cut(raw.Body, []byte("\n"))
		var l letter
		if err := json.Unmarshal(head, &l); err != nil {
			done = done && len(raw.Body) > 0 // an empty one only wakes
			mail.Done(raw)
			continue
		}
		switch sub := subs.find(l.Token); {
		case sub == nil: // of a subscription that is no more
		case l.Kind == letterContent:
			doc, n, err := s.document(ctx, mail, out, body, Hint{ContentType: l.ContentType, URL: sub.Topic})
			switch {
			case doc == nil:
				s.env.Log.Warn("news of a hub cannot be read: the feed is asked", "err", err)
				done = false
			case err != nil:
				return res, false, err
			default:
				res.Note = "pushed: " + note(doc, n)
			}
		case l.Kind == letterNews:
			done = false
		default:
			if err := subs.heard(l); err != nil {
				s.env.Log.Warn(err.Error(), "hub", sub.Hub)
			}
			if err := subs.save(mail); err != nil {
				return res, false, err
			}
		}
		mail.Done(raw)
	}
	res.By = subs.by()
	return res, done, nil
}

// heard takes over a hub's word.
func (s *subscriptions) heard(l letter) error {
	switch n := s.Now; {
	case l.Kind == letterLeft:
		s.left(l.Token)
	case n == nil || n.Token != l.Token:
	case l.Kind == letterVerified:
		n.Lease = askedLease
		if l.Lease > 0 {
			n.Lease = min(max(l.Lease, minLease), maxLease)
		}
		n.Phase, n.Expires, n.Failures, n.Next = phaseActive, l.At.Add(n.Lease), 0, time.Time{}
	case l.Kind == letterDenied:
		n.Phase, n.Next = phaseDenied, l.At.Add(24*time.Hour)
		return fmt.Errorf("a hub denies the subscription: the feed is asked as before (%s)", first(l.Reason, "no reason given"))
	}
	return nil
}

// left forgets a subscription that its hub has ended.
func (s *subscriptions) left(token string) {
	s.Leaving = slices.DeleteFunc(s.Leaving, func(sub subscription) bool { return sub.Token == token })
}
