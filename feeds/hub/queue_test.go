package hub

import (
	"fmt"
	"testing"
)

// fill adds n deliveries at a host.
func (q *queue) fill(host string, n int, quick bool) {
	for range n {
		q.add(&job{sub: &sub{at: host}, quick: quick})
	}
}

// begin begins all that may.
func (q *queue) begin() (begun []*job) {
	for j := q.next(); j != nil; j = q.next() {
		begun = append(begun, j)
	}
	return begun
}

// TestQueueTurns: hosts take turns, whatever waits at each.
func TestQueueTurns(t *testing.T) {
	q := newQueue()
	q.fill("a", 20, true)
	q.fill("b", 2, true)
	q.fill("c", 1, true)
	got := ""
	for _, j := range q.begin()[:7] {
		got += j.sub.at
	}
	if got != "abcabaa" {
		t.Errorf("turns %s, want abcabaa", got)
	}
	if q.fill("d", 5, false); q.next().sub.at != "d" {
		t.Error("a callback without a delivery so far waits for those that had one")
	}
}

// TestQueueLimits: no host and no number of slow callbacks takes the room of others, and what has ended makes room.
func TestQueueLimits(t *testing.T) {
	q := newQueue()
	q.fill("large", 100, true)
	large := q.begin()
	if len(large) != maxRunningHost {
		t.Fatalf("%d deliveries at one host, want %d", len(large), maxRunningHost)
	}
	for i := range 300 {
		q.fill(fmt.Sprint("slow", i), 2, false)
	}
	slow := q.begin()
	if len(slow) != maxUnproven {
		t.Fatalf("%d deliveries to callbacks that may be slow, want %d", len(slow), maxUnproven)
	}
	for i := range 300 {
		q.fill(fmt.Sprint("good", i), 1, true)
	}
	good := q.begin()
	if len(good) != maxRunning-maxRunningHost-maxUnproven {
		t.Fatalf("%d deliveries in the rest of the room, want %d", len(good), maxRunning-maxRunningHost-maxUnproven)
	}
	for _, ended := range []*job{good[0], slow[0], good[1]} {
		q.ended(ended)
		if j := q.next(); j == nil || j.quick != ended.quick || q.next() != nil {
			t.Fatalf("after %s another of its kind begins, and no more; got %+v", ended.sub.at, j)
		}
	}
}

// TestQueueEmpties: everything begins once, and nothing is left of hosts that are served.
func TestQueueEmpties(t *testing.T) {
	q, all := newQueue(), 0
	for i := range 500 {
		q.fill(fmt.Sprint("host", i%50), 20, i%3 == 0)
		all += 20
	}
	seen := map[*job]bool{}
	for begun := q.begin(); len(begun) > 0; begun = q.begin() {
		for _, j := range begun {
			if seen[j] {
				t.Fatal("a delivery begins twice")
			}
			seen[j] = true
			q.ended(j)
		}
	}
	if len(seen) != all || len(q.hosts) != 0 || q.total != 0 || q.unproven != 0 {
		t.Errorf("%d of %d began; %d hosts, %d running, %d unproven are left", len(seen), all, len(q.hosts), q.total, q.unproven)
	}
}
