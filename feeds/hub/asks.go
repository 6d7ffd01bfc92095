package hub

import "sync"

// asks are the requests that wait for their verification in this process. They are bounded in total and for each host, so that
// whoever names callbacks that never answer turns away nobody else.
type asks struct {
	mu    sync.Mutex
	total int
	hosts map[string]int
	keys  map[string]int
}

func newAsks() *asks { return &asks{hosts: map[string]int{}, keys: map[string]int{}} }

// enter says whether there is room for a request; then [asks.leave] must follow.
func (q *asks) enter(a *ask) bool {
	key, host := a.key(), a.host()
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.total >= maxAsks || q.hosts[host] >= maxAsksHost {
		return false
	}
	q.total++
	q.hosts[host]++
	q.keys[key]++
	return true
}

// leave says whether no other request about the same feed and callback waits.
func (q *asks) leave(a *ask) (last bool) {
	key, host := a.key(), a.host()
	q.mu.Lock()
	defer q.mu.Unlock()
	q.total--
	if q.hosts[host]--; q.hosts[host] == 0 {
		delete(q.hosts, host)
	}
	if q.keys[key]--; q.keys[key] == 0 {
		delete(q.keys, key)
		return true
	}
	return false
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
