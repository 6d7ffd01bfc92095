package web

import (
	"encoding/binary"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Limits of the table of clients.
const (
	// limitShards share the clients out, so that requests do not wait for each other.
	limitShards = 16
	// maxClients bounds the clients of a shard that are remembered, in all 32,768 with 40 bytes or so each. Who is forgotten
	// begins anew.
	maxClients = 2048
	// cheaper is how many polls that are answered with 304 cost as much as one answer with a document.
	cheaper = 20
	// maxForwarded is how many addresses of a forwarding field are looked at, from the right.
	maxForwarded = 16
)

// limiter gives each client a number of answers a minute, all at once if it likes (the generic cell rate algorithm: a client
// is one point in time, until which it has used up its share).
type limiter struct {
	shards [limitShards]limitShard
	said   sync.Mutex
	last   int64 // when the log was told of a limited client
}

type limitShard struct {
	mu      sync.Mutex
	clients map[uint64]int64 // by key, in nanoseconds of Options.Now
	swept   int64
}

// take charges a client with cost, which is a time, and reports how long it has to wait instead when it has used up a minute.
func (l *limiter) take(client netip.Addr, now, cost int64) (wait time.Duration) {
	key := clientKey(client)
	s := &l.shards[(key^key>>16^key>>32)%limitShards]
	s.mu.Lock()
	defer s.mu.Unlock()
	until, known := s.clients[key]
	until = max(until, now) + cost
	if over := until - now - int64(time.Minute); over > 0 {
		return time.Duration(over)
	}
	if !known {
		s.makeRoom(now)
	}
	s.clients[key] = until
	return 0
}

// clientKey is an IPv4 address, or the first half of an IPv6 one, which is its network.
func clientKey(a netip.Addr) uint64 {
	if a.Is4() {
		b := a.As4()
		return uint64(binary.BigEndian.Uint32(b[:]))
	}
	b := a.As16()
	return binary.BigEndian.Uint64(b[:8])
}

// makeRoom forgets those who have their whole share again, at most once a second, else anybody.
func (s *limitShard) makeRoom(now int64) {
	if s.clients == nil {
		s.clients = map[uint64]int64{}
	}
	if len(s.clients) < maxClients {
		return
	}
	if now-s.swept >= int64(time.Second) || now < s.swept {
		s.swept = now
		for a, until := range s.clients {
			if until <= now {
				delete(s.clients, a)
			}
		}
	}
	for a := range s.clients {
		if len(s.clients) < maxClients {
			return
		}
		delete(s.clients, a)
	}
}

// limited answers 429 to a client that asks too much (RFC 6585 §4), and reports whether it did.
func (s *Server) limited(w http.ResponseWriter, r *http.Request, cfg *config) bool {
	client, ok := cfg.counted(r)
	if !ok {
		return false
	}
	now := s.now().UnixNano()
	cost := cfg.cost
	if conditional(r) {
		cost /= cheaper
	}
	wait := s.limits.take(client, now, cost)
	if wait == 0 {
		return false
	}
	s.tooMuch(w, r, cfg, client, wait)
	return true
}

// tooMuch answers 429.
func (s *Server) tooMuch(w http.ResponseWriter, r *http.Request, cfg *config, client netip.Addr, wait time.Duration) {
	now := s.now().UnixNano()
	s.limits.said.Lock()
	say := now-s.limits.last >= int64(time.Minute)
	if say {
		s.limits.last = now
	}
	s.limits.said.Unlock()
	if say {
		s.log.Warn("a client asks too much and gets 429; others are not named for a minute", "client", client.String(), "rate_limit", cfg.site.RateLimit)
	}
	w.Header()["Retry-After"] = []string{strconv.FormatInt(int64((wait+time.Second-1)/time.Second), 10)}
	s.fail(w, r, http.StatusTooManyRequests, "too many requests: ask again after the seconds of Retry-After, with the ETag you have")
}

// charge makes a client that asked conditionally and got a document pay for the rest of it.
func (s *Server) charge(r *http.Request) {
	if !conditional(r) {
		return
	}
	cfg := s.config.Load()
	if client, ok := cfg.counted(r); ok {
		s.limits.take(client, s.now().UnixNano(), cfg.cost-cfg.cost/cheaper)
	}
}

func conditional(r *http.Request) bool {
	return r.Header["If-None-Match"] != nil || r.Header["If-Modified-Since"] != nil
}

// counted is the client whose requests are counted, if there is a limit.
func (c *config) counted(r *http.Request) (netip.Addr, bool) {
	if c.cost == 0 {
		return netip.Addr{}, false
	}
	return c.stranger(r)
}

// Client is whose request this is, and whether a limit of the server may count it: see trusted_proxies. rate_limit does not matter.
func (s *Server) Client(r *http.Request) (client netip.Addr, counted bool) {
	return s.config.Load().stranger(r)
}

// stranger is the client, and whether it may be counted: not who asks from this machine or a private network, which is the
// operator, or a proxy that is not named as one, and then all readers together.
func (c *config) stranger(r *http.Request) (netip.Addr, bool) {
	a := c.client(r)
	if !a.IsValid() || a.IsLoopback() || a.IsPrivate() || a.IsLinkLocalUnicast() {
		return a, false
	}
	return a, true
}

// client is the address of who asks: that of the connection, or what a trusted proxy says of it.
func (c *config) client(r *http.Request) netip.Addr {
	at, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	peer := at.Addr().Unmap()
	if !c.trusts(peer) {
		return peer
	}
	// A proxy writes one of the two; one that writes Forwarded has to leave no X-Forwarded-For of others.
	lists, field := r.Header["X-Forwarded-For"], ""
	if lists == nil {
		lists, field = r.Header["Forwarded"], "for="
	}
	seen := 0
	for i := len(lists) - 1; i >= 0; i-- {
		for rest, more := lists[i], true; more; {
			var element string
			if comma := strings.LastIndexByte(rest, ','); comma >= 0 {
				rest, element = rest[:comma], rest[comma+1:]
			} else {
				element, more = rest, false
			}
			a, ok := forwarded(element, field)
			if seen++; !ok || seen > maxForwarded {
				return peer // what is further left was said by somebody unknown
			}
			if peer = a; !c.trusts(a) {
				return a
			}
		}
	}
	return peer
}

func (c *config) trusts(a netip.Addr) bool {
	for _, p := range c.site.TrustedProxies {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// forwarded reads one element of X-Forwarded-For, or with a field that parameter of one of Forwarded (RFC 7239 §4).
func forwarded(element, field string) (netip.Addr, bool) {
	if field != "" {
		found := ""
		for part := range strings.SplitSeq(element, ";") {
			if part = strings.TrimSpace(part); len(part) > len(field) && strings.EqualFold(part[:len(field)], field) {
				found = part[len(field):]
			}
		}
		element = strings.Trim(found, `"`)
	}
	element = strings.TrimSpace(element)
	if a, err := netip.ParseAddr(strings.Trim(element, "[]")); err == nil {
		return a.Unmap(), true
	}
	at, err := netip.ParseAddrPort(element)
	return at.Addr().Unmap(), err == nil
}
