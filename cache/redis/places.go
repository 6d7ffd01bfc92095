package redis

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"feedmill/feeds"
)

// learnNames finds the names of topics that items are in now and may leave.
func (p *putter) learnNames(ctx context.Context) error {
	for group, fields := range p.view.topics {
		for field, value := range fields {
			if value == "" || strings.Contains(field, "\n") {
				continue
			}
			n, _, err := parseTopic(value)
			if err != nil {
				return err
			}
			t := parseToken(field)
			t.Group = group
			p.names[n] = token(t)
		}
	}
	var entries []*entry
	for _, list := range [][]found{p.view.keys, p.view.formers} {
		for _, f := range list {
			if f.entry != nil {
				entries = append(entries, f.entry)
			}
		}
	}
	return p.s.topicNames(ctx, p.names, entries...)
}

// topicNames adds to names the topics of entries that are not in there yet.
func (s *Store) topicNames(ctx context.Context, names map[uint64]string, entries ...*entry) error {
	var ask []string
	for _, e := range entries {
		for _, pl := range slices.Concat(e.topics, e.assigned) {
			if _, ok := names[pl.topic]; !ok {
				names[pl.topic] = ""
				ask = append(ask, strconv.FormatUint(pl.topic, 10))
			}
		}
	}
	for part := range slices.Chunk(ask, readBatch) {
		values, err := s.client.HMGet(ctx, s.keys.topicNames(), part...).Result()
		if err != nil {
			return err
		}
		for i, v := range values {
			name, ok := v.(string)
			if !ok {
				return fmt.Errorf("topic %s: %w", part[i], errEntry)
			}
			n, _ := strconv.ParseUint(part[i], 10, 64) // as written above
			names[n] = name
		}
	}
	return nil
}

// placesOf gives the topics of an item by number. Topics and spellings seen for the first time get theirs.
func (p *putter) placesOf(memberships []feeds.Membership) []place {
	out := make([]place, 0, len(memberships))
	for _, m := range memberships {
		known := p.view.topics[m.Topic.Group]
		field, name := topicField(m.Topic), token(m.Topic)
		key := p.s.keys.topics(m.Topic.Group)
		p.tie(key, field, known[field])
		n, first, err := parseTopic(known[field])
		if err != nil { // absent: what is there was parsed before
			p.counts.topics++
			n, first = p.counts.topics, m.Label
			known[field] = strconv.FormatUint(n, 10) + " " + m.Label
			p.names[n] = name
			p.tx.set(key, field, known[field])
			p.tx.set(p.s.keys.topicNames(), strconv.FormatUint(n, 10), name)
		}
		at := place{topic: n}
		if first != m.Label {
			at.spelling = p.spelling(key, spellingField(m.Topic, m.Label), known)
		}
		out = append(out, at)
	}
	return out
}

// spelling is the number of a spelling other than the topic's first.
func (p *putter) spelling(key, field string, known map[string]string) uint64 {
	p.tie(key, field, known[field])
	n, err := strconv.ParseUint(known[field], 10, 64)
	if err != nil { // absent
		p.counts.labels++
		n = p.counts.labels
		known[field] = strconv.FormatUint(n, 10)
		p.tx.set(key, field, known[field])
	}
	return n
}

// tie lets the write happen only while a field of a group's topics is what it was when it was looked at.
func (p *putter) tie(key, field, value string) {
	if !p.sure[key+"\n"+field] {
		p.sure[key+"\n"+field] = true
		p.tx.expect(key, field, value)
	}
}

// settle writes back the counters that gave numbers.
func (p *putter) settle() {
	was, k := p.view.counters, p.s.keys.meta()
	if p.counts.topics != was.topics {
		p.tx.expect(k, "topics", counterText(was.topics))
		p.tx.set(k, "topics", counterText(p.counts.topics))
	}
	if p.counts.labels != was.labels {
		p.tx.expect(k, "labels", counterText(was.labels))
		p.tx.set(k, "labels", counterText(p.counts.labels))
	}
}
