package redis

import (
	"context"
	"fmt"
	"strconv"

	"feedmill/cache"
)

// tx is a prepared write: the facts it was built on and its effects. commit applies all of it or nothing.
type tx struct {
	lease  cache.Lease // zero: not fenced
	source string      // whose record remembers the nonce; empty: repeating the write is harmless
	nonce  string
	latest int64 // second after which what was prepared is too old

	keys    []string
	index   map[string]int
	facts   parts[fact]
	moved   []string // topics whose version moves
	has     map[string]bool
	entries []string // payloads for the log
	effects parts[effect]
	counts  map[effect]int64 // added to fields of hashes; command is the field
	always  bool             // commit also without effects: for the check of the lease
}

// fact is a condition: 'h', fields of a hash with their values; 'z', members of a sorted set.
type fact struct{ kind, key string }

// effect is a command on a key; arguments of equal commands are put together.
type effect struct{ command, key string }

// parts collects arguments under heads, in the order in which heads came.
type parts[H comparable] struct {
	heads []H
	args  map[H][]string
}

func (p *parts[H]) add(h H, args ...string) {
	if p.args == nil {
		p.args = map[H][]string{}
	}
	if _, ok := p.args[h]; !ok {
		p.heads = append(p.heads, h)
	}
	p.args[h] = append(p.args[h], args...)
}

// Prepared writes older than this are prepared anew: their dates would be wrong.
const maxPreparing = 5

func newTx(lease cache.Lease, source string, now int64) *tx {
	t := &tx{lease: lease, source: source, latest: now + maxPreparing, index: map[string]int{}, has: map[string]bool{}}
	if source != "" {
		t.nonce = nonce()
	}
	return t
}

// expect lets the write happen only while a field has this value; empty means absent.
func (t *tx) expect(key, field, value string) { t.facts.add(fact{"h", key}, field, value) }

// listed lets the write happen only while a sorted set has the member.
func (t *tx) listed(key, member string) { t.facts.add(fact{"z", key}, member) }

func (t *tx) bump(topic string) {
	if !t.has[topic] {
		t.has[topic] = true
		t.moved = append(t.moved, topic)
	}
}

func (t *tx) append(payload string) { t.entries = append(t.entries, payload) }

func (t *tx) set(key, field, value string) { t.effects.add(effect{"HSET", key}, field, value) }
func (t *tx) unset(key, field string)      { t.effects.add(effect{"HDEL", key}, field) }
func (t *tx) remove(key, member string)    { t.effects.add(effect{"ZREM", key}, member) }
func (t *tx) add(key string, score int64, member string) {
	t.effects.add(effect{"ZADD", key}, strconv.FormatInt(score, 10), member)
}
func (t *tx) include(key, member string) { t.effects.add(effect{"SADD", key}, member) }
func (t *tx) exclude(key, member string) { t.effects.add(effect{"SREM", key}, member) }
func (t *tx) count(key, field string, by int64) {
	if t.counts == nil {
		t.counts = map[effect]int64{}
	}
	t.counts[effect{field, key}] += by
}

// rename and drop are for whole keys. A key that is renamed must be there.
func (t *tx) rename(key, to string) { t.effects.add(effect{"RENAME", key}, to) }
func (t *tx) drop(key string)       { t.effects.add(effect{"DEL", key}) }

// empty reports whether the write would do nothing.
func (t *tx) empty() bool {
	return !t.always && len(t.effects.heads) == 0 && len(t.moved) == 0 && len(t.entries) == 0
}

// slice is how many arguments one command gets: Lua's stack holds 8000.
const slice = 2000

// commit applies the write. It reports false when a fact has moved: nothing was written then, and the write is to be
// prepared anew. It fails with ErrStale when the lease is not held any more.
func (s *Store) commit(ctx context.Context, t *tx) (bool, error) {
	for _, k := range []string{s.keys.leases(), s.keys.source(t.source), s.keys.versions(), s.keys.log()} {
		t.keys = append(t.keys, k)
		t.index[k] = len(t.keys)
	}
	args := make([]any, 0, 1024)
	args = append(args, t.lease.Name, t.lease.Token, t.nonce, t.latest)
	args = t.appendFacts(args)
	args = append(args, (len(t.moved)+slice-1)/slice)
	for start := 0; start < len(t.moved); start += slice {
		part := t.moved[start:min(start+slice, len(t.moved))]
		args = appendTexts(append(args, len(part)), part)
	}
	args = appendTexts(append(args, len(t.entries)), t.entries)
	args = t.appendEffects(args)
	v, err := s.run(ctx, commitScript, t.keys, args...)
	if err != nil {
		return false, err
	}
	switch v {
	case int64(1):
		return true, nil
	case int64(0):
		return false, nil
	case int64(-1):
		return false, cache.ErrStale
	}
	return false, fmt.Errorf("%w: commit: %v", errAnswer, v)
}

// key is the number under which a script finds a key.
func (t *tx) key(name string) int {
	if i := t.index[name]; i > 0 {
		return i
	}
	t.keys = append(t.keys, name)
	t.index[name] = len(t.keys)
	return len(t.keys)
}

func (t *tx) appendFacts(args []any) []any {
	at := len(args)
	args = append(args, 0)
	n := 0
	for _, f := range t.facts.heads {
		list := t.facts.args[f]
		for start := 0; start < len(list); start += slice {
			part := list[start:min(start+slice, len(list))]
			n++
			if f.kind == "z" {
				args = appendTexts(append(args, f.kind, t.key(f.key), len(part)), part)
				continue
			}
			args = append(args, f.kind, t.key(f.key), len(part)/2)
			for i := 0; i < len(part); i += 2 {
				args = append(args, part[i])
			}
			for i := 1; i < len(part); i += 2 {
				args = append(args, part[i])
			}
		}
	}
	args[at] = n
	return args
}

func (t *tx) appendEffects(args []any) []any {
	at := len(args)
	args = append(args, 0)
	n := 0
	for _, e := range t.effects.heads {
		list := t.effects.args[e]
		for start := 0; start == 0 || start < len(list); start += slice {
			part := list[start:min(start+slice, len(list))]
			n++
			args = appendTexts(append(args, e.command, t.key(e.key), len(part)), part)
		}
	}
	for c, by := range t.counts {
		if by != 0 {
			n++
			args = append(args, "HINCRBY", t.key(c.key), 2, c.command, by)
		}
	}
	args[at] = n
	return args
}

func appendTexts(args []any, texts []string) []any {
	for _, s := range texts {
		args = append(args, s)
	}
	return args
}

// prepare is the loop around every write: build prepares one from what is there now and commit tries it, until it went
// through or the prepared write does nothing.
func (s *Store) prepare(ctx context.Context, build func() (*tx, error)) error {
	const attempts = 50 // each time somebody else got something done
	for range attempts {
		t, err := build()
		if err != nil || t == nil || t.empty() {
			return err
		}
		if ok, err := s.commit(ctx, t); ok || err != nil {
			return err
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return errBusy
}
