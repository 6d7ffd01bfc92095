package hub

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

// This file is what WebSub says of a hub (https://www.w3.org/TR/websub/), rule by rule, as far as it needs no network; the rest
// is in cmd/feedmill.

const ruleTopic = "https://feeds.example.com/feed.atom"

// ask posts a request and gives what its verification needs a minute.
func (l *life) ask(host string, more ...string) *httptest.ResponseRecorder {
	l.Helper()
	form := url.Values{"hub.mode": {"subscribe"}, "hub.topic": {ruleTopic}, "hub.callback": {"https://" + host + "/cb?id=7"}}
	for i := 0; i+1 < len(more); i += 2 {
		form.Set(more[i], more[i+1])
	}
	w := httptest.NewRecorder()
	l.h.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/hub", strings.NewReader(form.Encode())))
	if w.Code != http.StatusAccepted && !strings.HasPrefix(w.Header().Get("Content-Type"), "text/plain") {
		l.Errorf("%d is said as %s, want text/plain", w.Code, w.Header().Get("Content-Type")) // §5.2
	}
	return w
}

// TestLeases: a subscription lasts ten days unless less is asked for, and never for ever (§5.1).
func TestLeases(t *testing.T) {
	h, _, _ := newTestHub(t)
	for asked, want := range map[string]time.Duration{
		"": defaultLease, "0": defaultLease, "7200": 2 * time.Hour, "1": minLease, "864000": defaultLease, "864001": defaultLease,
		"31536000": defaultLease, "9223372036854775807": defaultLease, "-1": 0, "1.5": 0, "9223372036854775808": 0,
	} {
		form := url.Values{"hub.mode": {"subscribe"}, "hub.topic": {ruleTopic}, "hub.callback": {"https://cb.example.net/"}}
		if asked != "" {
			form.Set("hub.lease_seconds", asked)
		}
		switch a, err := h.read(form); {
		case want == 0 && err == nil:
			t.Errorf("%q is taken for %v", asked, a.Lease)
		case want != 0 && (err != nil || a.Lease != want):
			t.Errorf("%q: %+v, %v; want %v", asked, a, err, want)
		}
	}
}

// TestSecrets: a secret is shorter than 200 bytes (§5.1).
func TestSecrets(t *testing.T) {
	h, _, _ := newTestHub(t)
	for n, ok := range map[int]bool{0: true, 1: true, 199: true, 200: false} {
		form := url.Values{"hub.mode": {"subscribe"}, "hub.topic": {ruleTopic}, "hub.callback": {"https://cb.example.net/"}, "hub.secret": {strings.Repeat("x", n)}}
		if _, err := h.read(form); (err == nil) != ok {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
}

// TestQuestions: what the callback is asked (§5.3), once more when it fails, each time with another challenge (§8.2); and that the
// request was answered before.
func TestQuestions(t *testing.T) {
	inDays(t, func(l *life) {
		l.net.set("cb.example.net", http.StatusInternalServerError)
		began := time.Now()
		if w := l.ask("cb.example.net", "hub.lease_seconds", "7200"); w.Code != http.StatusAccepted || time.Since(began) != 0 {
			t.Errorf("answer %d after %v, want 202 before the callback's", w.Code, time.Since(began))
		}
		l.wait(2 * time.Second)
		l.net.set("cb.example.net", 0)
		l.wait(time.Minute)
		if st := l.h.Stats(); st.Verified != 1 || st.Subscriptions != 1 {
			t.Errorf("%+v", st)
		}
		if w := l.ask("cb.example.net", "hub.mode", "unsubscribe"); w.Code != http.StatusAccepted {
			t.Errorf("unsubscribe: %d", w.Code)
		}
		l.wait(time.Minute)
		if subs, dues := l.notes(); subs != 0 || dues != 0 {
			t.Errorf("%d subscriptions are left, %d to serve", subs, dues)
		}
		var challenges []string
		for i, q := range l.net.asked["cb.example.net"] {
			challenges = append(challenges, q.Get("hub.challenge"))
			lease := "7200"
			mode := "subscribe"
			if i == 2 {
				mode, lease = "unsubscribe", ""
			}
			if q.Get("hub.mode") != mode || q.Get("hub.topic") != ruleTopic || q.Get("hub.lease_seconds") != lease || q.Get("id") != "7" || len(q.Get("hub.challenge")) < 22 {
				t.Errorf("question %d is %v", i, q)
			}
		}
		slices.Sort(challenges)
		if len(slices.Compact(challenges)) != 3 {
			t.Errorf("challenges %q, want three different ones", challenges)
		}
	})
}

// TestAnswers: only a success with the challenge and nothing else subscribes (§5.3.1).
func TestAnswers(t *testing.T) {
	inDays(t, func(l *life) {
		for i, tt := range []struct {
			status int
			body   func(challenge string) string
			want   bool
		}{
			{200, func(c string) string { return c }, true},
			{202, func(c string) string { return c }, true},
			{200, func(string) string { return "" }, false},
			{204, func(string) string { return "" }, false},
			{200, func(c string) string { return c + "\n" }, false},
			{200, func(c string) string { return c[1:] }, false},
			{200, strings.ToLower, false},
			{200, func(c string) string { return c + strings.Repeat(" ", 1000) }, false},
			{302, func(c string) string { return c }, false},
			{404, func(c string) string { return c }, false},
			{500, func(c string) string { return c }, false},
		} {
			host := fmt.Sprintf("cb%d.example.net", i)
			l.net.mu.Lock()
			l.net.says[host] = func(c string) (int, string) { return tt.status, tt.body(c) }
			l.net.mu.Unlock()
			before := l.h.Stats()
			l.ask(host)
			l.wait(2 * time.Minute)
			st := l.h.Stats()
			if got := st.Verified - before.Verified; got == 1 != tt.want || got+st.Refused-before.Refused != 1 {
				t.Errorf("case %d (%d): %d verified, %d refused", i, tt.status, got, st.Refused-before.Refused)
			}
		}
	})
}

// TestRenewal: another request about the same changes nothing before it is verified (§5.1).
func TestRenewal(t *testing.T) {
	inDays(t, func(l *life) {
		const host = "cb.example.net"
		signed := func(secret string) string {
			return (&parcel{Document: Document{Body: []byte(fmt.Sprint("version ", l.docs.version.Load()))}}).sign(secret)
		}
		last := func() http.Header {
			l.net.mu.Lock()
			defer l.net.mu.Unlock()
			return l.net.headers[host]
		}
		l.ask(host, "hub.secret", "one")
		l.wait(time.Minute)
		l.change(1)
		h := last()
		if h.Get("X-Hub-Signature") != signed("one") {
			t.Errorf("signed %s, want with the secret", h.Get("X-Hub-Signature"))
		}
		// §7: the type of the document, its address and that of the hub.
		if h.Get("Content-Type") != "text/plain" || h.Get("Link") != "<"+ruleTopic+`>; rel="self", <https://feeds.example.com/hub>; rel="hub"` {
			t.Errorf("delivered with %v", h)
		}
		l.net.mu.Lock()
		l.net.says[host] = func(string) (int, string) { return 404, "" }
		l.net.mu.Unlock()
		l.ask(host, "hub.secret", "two", "hub.lease_seconds", "300")
		l.ask(host, "hub.mode", "unsubscribe")
		l.wait(time.Hour)
		if l.change(2); last().Get("X-Hub-Signature") != signed("one") {
			t.Error("a request that nobody verified changed the secret, the lease or the subscription")
		}
		l.net.mu.Lock()
		delete(l.net.says, host)
		l.net.mu.Unlock()
		l.ask(host, "hub.secret", "two")
		l.wait(time.Minute)
		if l.change(3); last().Get("X-Hub-Signature") != signed("two") {
			t.Error("a verified renewal did not change the secret")
		}
		l.ask(host)
		l.wait(time.Minute)
		if l.change(4); len(last()["X-Hub-Signature"]) != 0 {
			t.Error("a subscription without a secret is signed")
		}
		if subs, _ := l.notes(); subs != 1 {
			t.Errorf("%d subscriptions, want one for a feed and a callback", subs)
		}
	})
}

// TestFeedThatEnds: who subscribed to a feed that is not published any more is told so, once (§5.2), also over a restart.
func TestFeedThatEnds(t *testing.T) {
	inDays(t, func(l *life) {
		l.subscribe("cb.example.net")
		l.change(1)
		l.docs.gone.Store(true)
		if w := l.ask("other.example.net"); w.Code != http.StatusNotFound {
			t.Errorf("a feed that is gone can be subscribed to: %d", w.Code)
		}
		l.change(2)
		if subs, _ := l.notes(); subs != 0 || l.h.Stats().Subscriptions != 0 || l.net.denied["cb.example.net"] != "the feed is not published any more" {
			t.Errorf("%d subscriptions, told %q", subs, l.net.denied)
		}
		clear(l.net.denied)
		l.stop()
		l.start()
		l.wait(time.Hour)
		if len(l.net.denied) != 0 || len(l.net.got("cb.example.net")) != 1 {
			t.Errorf("told %q once more, %d deliveries", l.net.denied, len(l.net.got("cb.example.net")))
		}
	})
}

// TestUnknownTopic: what is no public feed can be unsubscribed from, it may have been one; but it is not repeated in the log,
// since the address of a group's feed has a token. It cannot be subscribed to.
func TestUnknownTopic(t *testing.T) {
	inDays(t, func(l *life) {
		const topic = "https://feeds.example.com/t/tokentokentoken/feed.atom"
		if w := l.ask("a.example.net", "hub.topic", topic); w.Code != http.StatusBadRequest || strings.Contains(w.Body.String(), "tokentoken") {
			t.Errorf("a subscription is answered with %d %s", w.Code, w.Body)
		}
		if w := l.ask("a.example.net", "hub.topic", topic, "hub.mode", "unsubscribe"); w.Code != http.StatusAccepted {
			t.Errorf("its end is answered with %d %s", w.Code, w.Body)
		}
		l.wait(time.Hour)
		if log := l.logs.String(); !strings.Contains(log, "no feed of this server") || strings.Contains(log, "tokentoken") {
			t.Errorf("the log says:\n%s", log)
		}
	})
}
