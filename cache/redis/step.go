package redis

import (
	"strconv"
	"time"

	"feedmill/cache"
	"feedmill/feeds"
)

// How long a body stays that nothing refers to any more: an old one until every page that was being read is read, one
// that a write is about to refer to until that write has surely ended.
const (
	keepOld     = int64(time.Minute / time.Second)
	keepPending = int64(10 * time.Minute / time.Second)
	keepGone    = int64(cache.KeepGone / time.Second)
)

// step moves one item from one ledger entry to the next.
type step struct {
	member, source string
	stored         string // the old entry as it is stored; empty for a new item
	old, next      *entry // old is nil for a new item
	kind           feeds.Kind
}

// hasBody reports whether an item in this state refers to its body.
func (s state) hasBody() bool { return s == live || s == held }

// step adds a move to the write: ledger, indexes, counts, versions, log and the list of bodies. names are the topics
// by number, of the old entry and of the next.
func (t *tx) step(k keys, m step, names map[uint64]string, now int64) error {
	// The first topic is that of everything in the item's group.
	moved := m.old != nil && len(m.old.topics) > 0 && len(m.next.topics) > 0 && m.old.topics[0].topic != m.next.topics[0].topic
	if m.next.state != live || m.next.merged || moved {
		m.next.assigned = nil
	}
	t.expect(k.ledger(), m.member, m.stored)
	t.set(k.ledger(), m.member, m.next.encode())
	var before, after []place
	was := state(0)
	old := &entry{}
	if m.old != nil {
		old, was = m.old, m.old.state
	}
	mergedWas, mergedIs := was == live && old.merged, m.next.state == live && m.next.merged
	if was == live {
		before = old.shownIn()
		t.spell(k, old.stated(), -1)
	}
	if m.next.state == live {
		after = m.next.shownIn()
		t.spell(k, m.next.stated(), 1)
	}
	t.reindex(k, m, names, before, after, old)
	if mergedIs {
		t.add(k.merged(m.source), m.next.arrived, m.member)
	} else if mergedWas {
		t.remove(k.merged(m.source), m.member)
	}
	if n := int64(btoi(mergedIs) - btoi(mergedWas)); n != 0 {
		t.count(k.source(m.source), "merged", n)
	}
	if n := int64(btoi(m.next.state == live) - btoi(was == live)); n != 0 {
		t.count(k.source(m.source), "items", n)
	}
	if m.next.state == held {
		t.add(k.held(), m.next.published, m.member)
	} else if was == held {
		t.remove(k.held(), m.member)
	}
	t.keep(k, m, old, was, now)
	if m.kind == "" || len(before) == 0 && len(after) == 0 {
		return nil
	}
	seq, err := parseMember(m.member)
	if err != nil {
		return err
	}
	l := line{kind: m.kind, source: m.next.source, item: seq}
	for _, p := range after {
		l.topics = append(l.topics, p.topic)
		t.bump(names[p.topic])
	}
	for _, p := range before {
		if find(after, p.topic) == nil {
			l.topics = append(l.topics, p.topic)
			t.bump(names[p.topic])
		}
	}
	t.append(l.encode())
	return nil
}

// reindex moves the item in the indexes, touching only what differs.
func (t *tx) reindex(k keys, m step, names map[uint64]string, before, after []place, old *entry) {
	for _, p := range before {
		if find(after, p.topic) == nil {
			t.remove(k.published(names[p.topic]), m.member)
			t.remove(k.arrived(names[p.topic]), m.member)
		}
	}
	for _, p := range after {
		had := find(before, p.topic)
		if had == nil || old.published != m.next.published {
			t.add(k.published(names[p.topic]), m.next.published, m.member)
		}
		if had == nil || old.arrived != m.next.arrived {
			t.add(k.arrived(names[p.topic]), m.next.arrived, m.member)
		}
	}
}

// spell counts the use of spellings other than a topic's first.
func (t *tx) spell(k keys, list []place, by int64) {
	for _, p := range list {
		if p.spelling != 0 {
			t.count(k.labels(), strconv.FormatUint(p.spelling, 10), by)
		}
	}
}

// keep maintains the list of bodies that nothing refers to.
func (t *tx) keep(k keys, m step, old *entry, was state, now int64) {
	refers, referred := m.next.state.hasBody(), was.hasBody()
	if old.body != m.next.body {
		if old.body != "" {
			t.add(k.gone(), now+keepOld, bodyName(m.member, old.body))
		}
		referred = false
	}
	if m.next.body == "" || refers == referred {
		return
	}
	name := bodyName(m.member, m.next.body)
	if refers {
		t.listed(k.gone(), name) // else it is already being deleted
		t.remove(k.gone(), name)
	} else {
		t.add(k.gone(), now+keepGone, name)
	}
}

func find(list []place, topic uint64) *place {
	for i := range list {
		if list[i].topic == topic {
			return &list[i]
		}
	}
	return nil
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}
