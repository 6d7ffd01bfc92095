package hub

import (
	"errors"
	"sync"
	"time"
)

// busyWait is when a request may come again for which there is no room.
const busyWait = time.Minute

var errBusy = errors.New("too many requests wait for their verification; try again")

// asks are the requests that wait for their verification in this process. They are bounded in total, for each client and for
// each host, so that whoever names callbacks that never answer turns away nobody else.
type asks struct {
	mu      sync.Mutex
	total   int
	clients map[string]int
	hosts   map[string]int
	keys    map[string]int
}

func newAsks() *asks {
	return &asks{clients: map[string]int{}, hosts: map[string]int{}, keys: map[string]int{}}
}

// enter takes a request in; then [asks.leave] must follow. Fails with errBusy or a limitedError.
func (q *asks) enter(a *ask) error {
	key, host := a.key(), a.host()
	q.mu.Lock()
	defer q.mu.Unlock()
	switch {
	case a.client != "" && q.clients[a.client] >= maxAsksClient:
		return &limitedError{"of this client wait for their verification", busyWait}
	case q.hosts[host] >= maxAsksHost:
		return &limitedError{"wait for their verification at this host", busyWait}
	case q.total >= maxAsks:
		return errBusy
	}
	q.total++
	if a.client != "" {
		q.clients[a.client]++
	}
	q.hosts[host]++
	q.keys[key]++
	return nil
}

// leave says whether no other request about the same feed and callback waits.
func (q *asks) leave(a *ask) (last bool) {
	key, host := a.key(), a.host()
	q.mu.Lock()
	defer q.mu.Unlock()
	q.total--
	if a.client != "" {
		less(q.clients, a.client)
	}
	less(q.hosts, host)
	return less(q.keys, key)
}

// less counts one less, and says whether none is left.
func less(counts map[string]int, key string) bool {
	if counts[key]--; counts[key] > 0 {
		return false
	}
	delete(counts, key)
	return true
}

// has says whether a request waits here that has this key.
func (q *asks) has(key string) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.keys[key] > 0
}

func (q *asks) len() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.total
}
