package hub

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestMeter: a share at once, which comes back one by one; others are not concerned, and the table stays bounded.
func TestMeter(t *testing.T) {
	m, now := newMeter(3, 60), time.Date(2026, 11, 29, 8, 0, 0, 0, time.UTC)
	for i := range 3 {
		if wait := m.take("a", now); wait != 0 {
			t.Fatalf("request %d waits %v", i, wait)
		}
	}
	if wait := m.take("a", now); wait != time.Second {
		t.Errorf("the fourth waits %v, want a second", wait)
	}
	if wait := m.take("b", now); wait != 0 {
		t.Errorf("another waits %v", wait)
	}
	now = now.Add(time.Second)
	if first, second := m.take("a", now), m.take("a", now); first != 0 || second != time.Second {
		t.Errorf("after a second the next two wait %v and %v, want one to pass", first, second)
	}
	for i := range 3 * maxMetered {
		m.take(fmt.Sprint("other", i), now)
	}
	if len(m.until) > maxMetered {
		t.Errorf("%d keys are remembered", len(m.until))
	}
	now = now.Add(time.Hour)
	for range 2 {
		m.take("busy", now)
	}
	m.take("new", now)
	if len(m.until) != 2 || m.until["busy"].Sub(now) != 2*time.Second {
		t.Errorf("%d keys are left, want only those that have not their whole share", len(m.until))
	}
}

func TestClientKey(t *testing.T) {
	for addr, want := range map[string]string{
		"192.0.2.7": "192.0.2.7", "2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64", "2001:db8:1:2::9": "2001:db8:1:2::/64", "fe80::1%eth0": "fe80::/64",
	} {
		if got := clientKey(netip.MustParseAddr(addr)); got != want {
			t.Errorf("%s: %s, want %s", addr, got, want)
		}
	}
}

// from posts requests to a hub as a client with an address, all about callbacks at a host; each is answered by status.
func from(t *testing.T, h *Hub, client, host string, n int) (statuses map[int]int, last *httptest.ResponseRecorder) {
	t.Helper()
	statuses = map[int]int{}
	for i := range n {
		form := url.Values{
			"hub.mode": {"subscribe"}, "hub.topic": {"https://feeds.example.com/feed.atom"},
			"hub.callback": {fmt.Sprintf("http://%s/%d", strings.ReplaceAll(host, "*", strconv.Itoa(i)), i)},
		}
		r := httptest.NewRequest(http.MethodPost, "/hub", strings.NewReader(form.Encode()))
		r.RemoteAddr = netip.AddrPortFrom(netip.MustParseAddr(client), 1234).String()
		last = httptest.NewRecorder()
		h.ServeHTTP(last, r)
		statuses[last.Code]++
	}
	return statuses, last
}

func limitedHub(t *testing.T) *Hub {
	h, _, _ := newTestHub(t)
	h.env.Client = func(r *http.Request) (netip.Addr, bool) {
		at, err := netip.ParseAddrPort(r.RemoteAddr)
		return at.Addr(), err == nil
	}
	h.Configure(Options{URL: "https://feeds.example.com/hub", HTTP: &http.Client{Transport: hanging{}}})
	return h
}

// hanging never answers.
type hanging struct{}

func (hanging) RoundTrip(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

// TestLimitOfRequests: a client that asks too much is told when to come back, whatever it names; another one is not concerned.
func TestLimitOfRequests(t *testing.T) {
	h := limitedHub(t)
	h.clients, h.atHosts = newMeter(20, 1), newMeter(30, 1)
	statuses, last := from(t, h, "192.0.2.1", "cb.example.net", 25)
	if statuses[http.StatusAccepted] != 20 || statuses[http.StatusTooManyRequests] != 5 {
		t.Errorf("answers %v, want 20 accepted and 5 times 429", statuses)
	}
	wait, err := strconv.Atoi(last.Header().Get("Retry-After"))
	if err != nil || wait < 1 || wait > 60 || !strings.HasPrefix(last.Header().Get("Content-Type"), "text/plain") || last.Body.Len() == 0 {
		t.Errorf("429 with %v %q", last.Header(), last.Body)
	}
	if h.Stats().Limited != 5 {
		t.Errorf("%d counted as limited", h.Stats().Limited)
	}
	// The host's share is larger than that of the client, and what was turned away took none of it.
	if statuses, _ = from(t, h, "192.0.2.2", "cb.example.net", 11); statuses[http.StatusAccepted] != 10 || statuses[http.StatusTooManyRequests] != 1 {
		t.Errorf("answers to another client %v, want 10 accepted, which is what is left for that host", statuses)
	}
	if statuses, _ = from(t, h, "192.0.2.2", "other.example.net", 5); statuses[http.StatusAccepted] != 5 {
		t.Errorf("answers about another host %v", statuses)
	}
}

// TestLimitOfWaiting: one client, whatever hosts it names, does not take the room of others, neither among those that wait nor
// among those that are being asked.
func TestLimitOfWaiting(t *testing.T) {
	h := limitedHub(t)
	if statuses, _ := from(t, h, "192.0.2.1", "cb*.example.net", maxAsksClient+10); statuses[http.StatusAccepted] != maxAsksClient || statuses[http.StatusTooManyRequests] != 10 {
		t.Errorf("answers %v, want %d accepted", statuses, maxAsksClient)
	}
	until(t, "the client's questions", func() bool { return len(h.slots) == maxVerifyingClient })
	if statuses, _ := from(t, h, "2001:db8::1", "good.example.org", 1); statuses[http.StatusAccepted] != 1 {
		t.Errorf("another client: %v", statuses)
	}
	until(t, "the question of another client", func() bool { return len(h.slots) == maxVerifyingClient+1 })
	for i := range maxAsks - maxAsksClient - 1 {
		if err := h.asks.enter(&ask{client: fmt.Sprint(i), subscription: subscription{Callback: fmt.Sprintf("http://x%d.example.net/", i)}}); err != nil {
			t.Fatal(err)
		}
	}
	if statuses, last := from(t, h, "192.0.4.1", "cb.example.net", 1); statuses[http.StatusServiceUnavailable] != 1 || last.Header().Get("Retry-After") == "" {
		t.Errorf("with %d waiting: %v", h.asks.len(), statuses)
	}
}

// TestLimitsAreNotTheHosts: no client alone uses up what there is for a host that may not be its own.
func TestLimitsAreNotTheHosts(t *testing.T) {
	if clientAtOnce > hostAtOnce/2 || clientPerMinute > hostPerMinute/2 || maxAsksClient > maxAsksHost/2 || maxAsksHost > maxAsks/2 || maxVerifyingClient > maxVerifying/2 {
		t.Error("one client, or one host, has more than half of what is for many")
	}
}

// TestSubscriptionsOfAClient: one client does not hold all subscriptions there may be.
func TestSubscriptionsOfAClient(t *testing.T) {
	h, st, _ := newTestHub(t)
	h.Configure(Options{URL: "https://feeds.example.com/hub", HTTP: &http.Client{Transport: refusing{}}})
	h.mostSubs, h.mostSubsHost = 10, 3
	keep := func(by string, n int) {
		for i := range n {
			s := &subscription{Topic: "https://feeds.example.com/feed.atom", Callback: fmt.Sprintf("http://%s%d.example.net/", by, i), By: by, Expires: time.Now().Add(time.Hour)}
			if err := h.keep(t.Context(), s, false); err != nil {
				t.Fatal(err)
			}
		}
	}
	keep("a", 5)
	keep("b", 2)
	running(t, h)
	until(t, "five subscriptions", func() bool { return h.Stats().Subscriptions == 5 && h.Stats().Refused == 2 })
	keep("a", 5) // a renewal takes no more room than before
	until(t, "what is left of the renewals", func() bool {
		by := map[string]int{}
		err := st.Range(t.Context(), bucketSubs, func(_ string, value []byte) error {
			for _, who := range []string{"a", "b"} {
				if strings.Contains(string(value), fmt.Sprintf(`"by":%q`, who)) {
					by[who]++
				}
			}
			return nil
		})
		return err == nil && by["a"] == 3 && by["b"] == 2 && h.Stats().Subscriptions == 5
	})
}

// refusing is a network on which nobody answers.
type refusing struct{}

func (refusing) RoundTrip(*http.Request) (*http.Response, error) {
	return nil, errors.New("nobody is there")
}

// TestClientIsRemembered: who asked is kept with the subscription, as a hash.
func TestClientIsRemembered(t *testing.T) {
	h := limitedHub(t)
	from(t, h, "192.0.2.1", "cb.example.net", 1)
	n := 0
	err := h.env.Store.Range(t.Context(), bucketAsks, func(_ string, value []byte) error {
		if n++; !strings.Contains(string(value), `"by":"`) || strings.Contains(string(value), "192.0.2.1") {
			t.Errorf("the note is %s", value)
		}
		return nil
	})
	if err != nil || n != 1 {
		t.Errorf("%d notes, %v", n, err)
	}
}
