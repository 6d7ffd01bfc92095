package redis

import (
	"context"
	"strconv"

	"feedmill/cache"
	"feedmill/feeds"
)

// view is what a Put sees before it decides.
type view struct {
	now      int64
	number   uint64 // of the source; 0 for one that is not known yet
	baseline bool   // the source's baseline is set
	retired  bool
	counters counters
	spare    uint64 // the last reserved number of an item; those before it, as many as there are new keys, are free too
	missing  uint64
	keys     []found // one for each change
	formers  []found // one for each change, empty without Formerly
	taken    map[string]bool
	topics   map[string]map[string]string // group -> field -> value
}

// counters are the highest numbers given so far.
type counters struct{ topics, labels, sources uint64 }

// found is what the ledger has under a native key.
type found struct {
	member, stored string
	entry          *entry
}

// question is what a Put asks: per change the key, the former key and the ID that a new item would get.
type question struct {
	keys, formers, ids []string
	groups             []string
	fields             map[string][]string // group -> fields of its topics
	asked              map[[2]string]bool
}

// topics asks for the topics of an item.
func (q *question) topics(places []feeds.Membership) {
	for _, p := range places {
		q.field(p.Topic.Group, topicField(p.Topic))
		q.field(p.Topic.Group, spellingField(p.Topic, p.Label))
	}
}

func (q *question) field(group, field string) {
	if q.asked[[2]string{group, field}] {
		return
	}
	if q.asked == nil {
		q.asked, q.fields = map[[2]string]bool{}, map[string][]string{}
	}
	q.asked[[2]string{group, field}] = true
	if q.fields[group] == nil {
		q.groups = append(q.groups, group)
	}
	q.fields[group] = append(q.fields[group], field)
}

// look asks Redis. It fails with ErrStale.
func (s *Store) look(ctx context.Context, lease cache.Lease, source string, q *question) (*view, error) {
	keys := []string{
		s.keys.leases(), s.keys.source(source), s.keys.native(source), s.keys.ledger(), s.keys.ids(), s.keys.meta(),
	}
	args := []any{lease.Name, lease.Token}
	var formers []string
	for _, f := range q.formers {
		if f != "" {
			formers = append(formers, f)
		}
	}
	for _, list := range [][]string{q.keys, formers, q.ids} {
		args = appendTexts(append(args, len(list)), list)
	}
	for _, g := range q.groups {
		keys = append(keys, s.keys.topics(g))
		args = appendTexts(append(args, len(q.fields[g])), q.fields[g])
	}
	answer, err := s.run(ctx, lookScript, keys, args...)
	if err != nil {
		return nil, err
	}
	if answer == int64(-1) {
		return nil, cache.ErrStale
	}
	r := newReply(answer)
	v := &view{now: r.number(), taken: map[string]bool{}, topics: map[string]map[string]string{}}
	record := r.list()
	v.number, v.baseline, v.retired = uint64(record.number()), record.text() != "", record.text() != ""
	count := r.list()
	v.counters = counters{uint64(count.number()), uint64(count.number()), uint64(count.number())}
	v.spare = uint64(r.number())
	if v.keys, err = readFound(r); err != nil {
		return nil, err
	}
	list, err := readFound(r)
	if err != nil {
		return nil, err
	}
	for _, f := range q.formers {
		var known found
		if f != "" && len(list) > 0 {
			known, list = list[0], list[1:]
		}
		v.formers = append(v.formers, known)
	}
	for i, holder := range r.texts() {
		if holder != "" {
			v.taken[q.ids[i]] = true
		}
	}
	groups := r.list()
	for _, g := range q.groups {
		values := groups.texts()
		v.topics[g] = make(map[string]string, len(values))
		for i, value := range values {
			v.topics[g][q.fields[g][i]] = value
		}
	}
	for _, k := range v.keys {
		if k.member == "" {
			v.missing++
		}
	}
	for _, part := range []*reply{r, record, count, groups} {
		if part.err != nil {
			return nil, part.err
		}
	}
	return v, nil
}

// readFound reads members and their entries.
func readFound(r *reply) ([]found, error) {
	members, stored := r.texts(), r.texts()
	if r.err != nil || len(members) != len(stored) {
		return nil, errAnswer
	}
	out := make([]found, len(members))
	for i, m := range members {
		if m == "" {
			continue
		}
		e, err := decodeEntry(stored[i])
		if err != nil {
			return nil, err
		}
		out[i] = found{m, stored[i], e}
	}
	return out, nil
}

// number takes one of the reserved numbers of items.
func (v *view) newMember() string {
	v.missing--
	return member(v.spare - v.missing)
}

// text of a counter; a counter that was never used is absent.
func counterText(n uint64) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatUint(n, 10)
}
