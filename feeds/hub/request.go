package hub

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"feedmill/cache"
)

// Limits of a request. A secret is shorter than 200 bytes (WebSub §5.1).
const (
	maxForm     = 16 << 10
	maxCallback = 2048
	maxSecret   = 199
	// askTimeout is how long is waited for the answer whether there is such a feed.
	askTimeout = 5 * time.Second
)

// ask is a request that waits for its verification.
type ask struct {
	Mode string `json:"mode"`
	subscription
	Lease time.Duration `json:"lease"`
	At    time.Time     `json:"at"`
	// Taken is when another process took it up that it was left to.
	Taken time.Time `json:"taken,omitzero"`
	// client is who asked, empty for those who are not limited and for what was taken up.
	client string
}

// ServeHTTP takes requests to subscribe and to unsubscribe (WebSub §5.1): 202, and the verification follows.
func (h *Hub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		say(w, http.StatusMethodNotAllowed, "this is a WebSub hub: POST hub.mode, hub.topic and hub.callback here to subscribe to a feed (https://www.w3.org/TR/websub/)")
		return
	}
	client := ""
	if h.env.Client != nil {
		if addr, counted := h.env.Client(r); counted {
			client = clientKey(addr)
			if wait := h.clients.take(client, time.Now()); wait > 0 {
				h.tooMany(w, client, &limitedError{"of this client", wait})
				return
			}
		}
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	body, err := io.ReadAll(r.Body)
	if err != nil {
		say(w, http.StatusRequestEntityTooLarge, fmt.Sprintf("the form is longer than %d bytes, or did not come whole", maxForm))
		return
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		say(w, http.StatusBadRequest, "the body is not a form (application/x-www-form-urlencoded)")
		return
	}
	a, err := h.read(form)
	if err != nil {
		h.stats.refused.Add(1)
		say(w, http.StatusBadRequest, err.Error())
		return
	}
	if a.client = client; client != "" {
		sum := sha256.Sum256([]byte(client))
		a.By = hex.EncodeToString(sum[:8])
	}
	if wait := h.atHosts.take(a.host(), time.Now()); wait > 0 {
		h.tooMany(w, client, &limitedError{"for callbacks at this host", wait})
		return
	}
	if a.Mode == "subscribe" {
		ctx, cancel := context.WithTimeout(r.Context(), askTimeout)
		_, err := h.env.Documents.Document(ctx, Feed{URL: a.Topic})
		cancel()
		if errors.Is(err, ErrGone) { // any other failure is of the moment
			h.stats.refused.Add(1)
			say(w, http.StatusNotFound, "hub.topic: there never was an item in this feed")
			return
		}
	}
	now, err := h.env.Store.Now(r.Context())
	if err != nil {
		w.Header().Set("Retry-After", "30")
		say(w, http.StatusServiceUnavailable, "the hub cannot remember anything at the moment; try again")
		return
	}
	a.At = now
	var limited *limitedError
	switch err := h.asks.enter(a); {
	case errors.As(err, &limited):
		h.tooMany(w, client, limited)
		return
	case err != nil:
		w.Header().Set("Retry-After", strconv.Itoa(int(busyWait/time.Second)))
		say(w, http.StatusServiceUnavailable, err.Error())
		return
	}
	if err := h.env.Store.Write(r.Context(), cache.Lease{}, note(bucketAsks, a.name(), a, askFor)); err != nil {
		h.asks.leave(a)
		h.env.Log.Warn("a request to the WebSub hub was turned away", "err", err)
		w.Header().Set("Retry-After", "30")
		say(w, http.StatusServiceUnavailable, "the hub cannot remember anything at the moment; try again")
		return
	}
	h.asking.Go(func() { h.verify(h.ctx, a) })
	w.WriteHeader(http.StatusAccepted)
}

// name is the key of the note: a later request about the same takes the place of an earlier one.
func (a *ask) name() string { return a.key() }

// read checks a request.
func (h *Hub) read(form url.Values) (*ask, error) {
	one := func(key string) (string, error) {
		if n := len(form[key]); n != 1 {
			return "", fmt.Errorf("want %s once, got it %d times", key, n)
		}
		return form.Get(key), nil
	}
	mode, err := one("hub.mode")
	if err != nil {
		return nil, err
	}
	if mode == "publish" {
		return nil, errors.New("hub.mode publish: this hub serves the feeds of its own server alone, and knows when they change")
	}
	if mode != "subscribe" && mode != "unsubscribe" {
		return nil, fmt.Errorf("want hub.mode subscribe or unsubscribe, got %.40q", mode)
	}
	topic, err := one("hub.topic")
	if err != nil {
		return nil, err
	}
	callback, err := one("hub.callback")
	if err != nil {
		return nil, err
	}
	u, err := url.Parse(callback)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil || u.Fragment != "" || len(callback) > maxCallback {
		return nil, fmt.Errorf("want hub.callback to be an http or https address of at most %d bytes, without user and fragment", maxCallback)
	}
	f, ok := h.env.Documents.Feed(topic)
	if !ok && mode == "subscribe" {
		return nil, errors.New(`hub.topic is no feed of this server: want the address that the feed itself names as rel="self"`)
	}
	if ok {
		topic = f.URL
	}
	a := &ask{Mode: mode, subscription: subscription{Topic: topic, Callback: callback, Secret: form.Get("hub.secret")}}
	if len(a.Secret) > maxSecret {
		return nil, fmt.Errorf("want a hub.secret of less than %d bytes", maxSecret+1)
	}
	a.Lease = h.options().Lease
	if s := form.Get("hub.lease_seconds"); s != "" {
		n, err := strconv.ParseInt(s, 10, 64)
		if err != nil || n < 0 {
			return nil, errors.New("want hub.lease_seconds to be a number of seconds")
		}
		if n > 0 { // no subscription is for ever (WebSub §5.1)
			a.Lease = min(max(time.Duration(min(n, int64(a.Lease/time.Second)))*time.Second, minLease), a.Lease)
		}
	}
	return a, nil
}

// tooMany answers 429 (RFC 6585 §4).
func (h *Hub) tooMany(w http.ResponseWriter, client string, err *limitedError) {
	h.stats.limited.Add(1)
	now := time.Now().Unix()
	if last := h.said.Load(); now-last >= 60 && h.said.CompareAndSwap(last, now) {
		h.env.Log.Warn("the WebSub hub turns requests away; other cases are not told for a minute", "client", client, "err", err)
	}
	w.Header().Set("Retry-After", strconv.FormatInt(int64((err.after+time.Second-1)/time.Second), 10))
	say(w, http.StatusTooManyRequests, err.Error())
}

func say(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text+"\n") // whoever has left needs no answer
}

// with appends parameters to a callback, whose own query stays (WebSub §5.3).
func with(callback string, q url.Values) string {
	sep := "?"
	if strings.Contains(callback, "?") {
		sep = "&"
	}
	return callback + sep + q.Encode()
}
