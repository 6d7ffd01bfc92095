package redis

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"feedmill/cache"
	"feedmill/feeds"
)

// A script takes at most this many changes, and a Put prepares at most about so many bytes at once.
const (
	maxChunk      = 100
	maxChunkBytes = 4 << 20
)

// maxBody is the longest encoded item in bytes; [cache.UnpackItem] reads no longer one.
const maxBody = 16 << 20

var (
	errNoKey   = errors.New("no native key")
	errLongKey = fmt.Errorf("native key is longer than %d bytes", feeds.MaxKey)
	errLongID  = fmt.Errorf("ID is longer than %d bytes", feeds.MaxID)
	errBig     = fmt.Errorf("item is larger than %d MiB", maxBody>>20)
	errOther   = errors.New("item of another source than the lease is for")
)

// Put takes changes of one source; see [cache.Items].
func (s *Store) Put(ctx context.Context, lease cache.Lease, changes ...feeds.Change) ([]feeds.Accepted, error) {
	source, ok := strings.CutPrefix(lease.Name, "source/")
	op := fmt.Sprintf("put %d changes of source %q", len(changes), source)
	if !ok {
		return nil, fail(ctx, op, fmt.Errorf("%w: %q is not the lease of a source", cache.ErrStale, lease.Name))
	}
	if len(changes) > cache.MaxBatch {
		return nil, fmt.Errorf("redis: %s: at most %d are allowed", op, cache.MaxBatch)
	}
	out := make([]feeds.Accepted, 0, len(changes))
	var next *putter // prepared while the commit before it runs
	defer func() { next.drop() }()
	for len(changes) > 0 {
		n := chunk(changes)
		p := next
		if next = nil; p == nil {
			p = &putter{s: s, lease: lease, source: source, changes: changes[:n]}
		}
		err := s.prepare(ctx, func() (*tx, error) {
			t, err := p.prepared(ctx)
			next.drop() // it counted on a commit that did not go through
			if next = nil; err == nil {
				next = p.ahead(ctx, changes[n:])
			}
			return t, err
		})
		if err != nil {
			return out, fail(ctx, op, err)
		}
		out = append(out, p.answers...)
		changes = changes[n:]
	}
	return out, nil
}

// chunk is how many of the changes are prepared together: none may build on what another one does.
func chunk(changes []feeds.Change) int {
	seen := make(map[string]bool, maxChunk)
	size := 0
	for i, c := range changes[:min(len(changes), maxChunk)] {
		if c.Item != nil {
			size += len(c.Item.Content)
		}
		if seen[c.Key] || c.Formerly != "" && seen[c.Formerly] || i > 0 && size > maxChunkBytes {
			return i
		}
		seen[c.Key] = true
		if c.Formerly != "" {
			seen[c.Formerly] = true
		}
	}
	return min(len(changes), maxChunk)
}

// putter prepares the write of one chunk.
type putter struct {
	s       *Store
	lease   cache.Lease
	source  string
	changes []feeds.Change
	answers []feeds.Accepted

	places [][]feeds.Membership // of each change
	view   *view
	tx     *tx
	number uint64            // of the source
	counts counters          // with what this write takes
	names  map[uint64]string // topics by number
	stale  func(e *entry) bool
	bodies []body
	steps  []*step
	of     []int                  // the change that each step is for
	stated map[string]*feeds.Item // by member
	sure   map[string]bool        // fields of topics that the write is tied to

	early *early // what is being prepared while the chunk before is committed
}

// body is a new body to be written: an encoded item.
type body struct {
	name    string
	encoded []byte
}

func (p *putter) prepare(ctx context.Context) (*tx, error) {
	q := p.ask()
	var err error
	if p.view, err = p.s.look(ctx, p.lease, p.source, q); err != nil {
		return nil, err
	}
	v := p.view
	if v.retired {
		return nil, cache.ErrRetired
	}
	p.tx = newTx(p.lease, p.source, v.now)
	p.counts, p.number, p.names, p.bodies = v.counters, v.number, map[uint64]string{}, p.bodies[:0]
	p.sure, p.steps, p.of, p.stated = map[string]bool{}, nil, nil, map[string]*feeds.Item{}
	p.register()
	if err := p.learnNames(ctx); err != nil {
		return nil, err
	}
	if p.stale, err = p.s.staleness(ctx, p.source, v); err != nil {
		return nil, err
	}
	for i := range p.changes {
		if p.answers[i].Kind == feeds.Refused {
			continue
		}
		if p.changes[i].Item == nil {
			p.withdraw(i)
		} else {
			err = p.state(ctx, i)
		}
		if err != nil {
			return nil, err
		}
	}
	if err := p.s.apply(ctx, p.tx, p.steps, p.names, v.now, p.stated); err != nil {
		return nil, err
	}
	p.answer()
	p.settle()
	return p.tx, p.s.writeBodies(ctx, v.now, p.bodies)
}

// ask checks the changes and collects what there is to know about them.
func (p *putter) ask() *question {
	p.answers = make([]feeds.Accepted, len(p.changes))
	p.places = make([][]feeds.Membership, len(p.changes))
	q := &question{}
	for i := range p.changes {
		c := &p.changes[i]
		formerly, id := "", ""
		switch {
		case c.Key == "":
			p.refuse(i, errNoKey)
		case len(c.Key) > feeds.MaxKey:
			p.refuse(i, errLongKey)
		case len(c.Wish) > feeds.MaxID:
			p.refuse(i, errLongID)
		case c.Source != "" && c.Source != p.source:
			p.refuse(i, errOther)
		case c.Item != nil:
			if len(c.Formerly) <= feeds.MaxKey && c.Formerly != c.Key {
				formerly = c.Formerly
			}
			id = cache.MintID(p.source, c.Key, c.Wish, false)
			it := *c.Item
			it.Source, it.Also = p.source, nil
			p.places[i] = feeds.Topics(&it)
			q.topics(p.places[i])
		}
		q.keys = append(q.keys, c.Key)
		q.formers = append(q.formers, formerly)
		q.ids = append(q.ids, idHash(id))
	}
	return q
}

func (p *putter) refuse(i int, err error) {
	p.answers[i] = feeds.Accepted{Kind: feeds.Refused, Err: err}
}

// register makes the source known, and ties the write to the source's record as it was seen.
func (p *putter) register() {
	k, v := p.s.keys, p.view
	record := k.source(p.source)
	baseline := ""
	if v.baseline {
		baseline = "1"
	}
	p.tx.expect(record, "no", counterText(v.number))
	p.tx.expect(record, "baseline", baseline)
	p.tx.expect(record, "retired", "")
	if v.number == 0 {
		p.counts.sources++
		p.number = p.counts.sources
		p.tx.newSource(k, p.source, p.number, v.counters.sources)
	}
}

// newSource gives a source a number.
func (t *tx) newSource(k keys, name string, number, sources uint64) {
	text := strconv.FormatUint(number, 10)
	t.expect(k.meta(), "sources", counterText(sources))
	t.set(k.meta(), "sources", text)
	t.set(k.source(name), "no", text)
	t.set(k.sourceNames(), text, name)
	t.include(k.sources(), name)
}

// withdraw takes an item out.
func (p *putter) withdraw(i int) {
	k := p.view.keys[i]
	if k.entry == nil || !k.entry.state.hasBody() {
		p.answers[i] = feeds.Accepted{Kind: feeds.Unchanged}
		if k.entry != nil {
			p.answers[i].ID = k.entry.id
		}
		return
	}
	next := *k.entry
	next.state = withdrawn
	p.answers[i] = feeds.Accepted{ID: next.id, Kind: feeds.Withdrawn}
	p.step(i, step{member: k.member, stored: k.stored, old: k.entry, next: &next, kind: feeds.Withdrawn})
}

func (p *putter) step(i int, m step) {
	m.source = p.source
	p.steps, p.of = append(p.steps, &m), append(p.of, i)
}

// answer says of items that another one is shown for that they are merged.
func (p *putter) answer() {
	for i, m := range p.steps[:len(p.of)] {
		kind := &p.answers[p.of[i]].Kind
		newly := m.old == nil || m.old.state != live || !m.old.merged
		if m.next.state == live && m.next.merged && *kind != feeds.Changed && (newly || *kind != feeds.Unchanged) {
			*kind = feeds.Merged
		}
	}
}

// state takes in what the source says of an item.
func (p *putter) state(ctx context.Context, i int) error {
	c := &p.changes[i]
	k, moved := p.identify(i)
	begin := entry{source: p.number, first: p.view.now, baseline: !p.view.baseline || c.Backlog}
	if k.entry == nil {
		id, err := p.mint(ctx, c)
		if err != nil {
			return err
		}
		if len(id) > feeds.MaxID {
			p.refuse(i, errLongID)
			return nil
		}
		begin.id = id
		k.member = p.view.newMember()
	}
	stated := *c
	it := *c.Item
	it.Source, it.Also = p.source, nil
	stated.Item = &it
	d := decide(k.entry, begin, &stated, p.view.now)
	if len(d.encoded) > maxBody {
		p.refuse(i, errBig)
		return nil
	}
	p.answers[i] = feeds.Accepted{ID: d.next.id, Kind: d.kind}
	native := p.s.keys.native(p.source)
	if k.entry == nil {
		p.tx.expect(native, c.Key, "")
		p.tx.set(native, c.Key, k.member)
		p.tx.expect(p.s.keys.ids(), idHash(d.next.id), "")
		p.tx.set(p.s.keys.ids(), idHash(d.next.id), k.member)
		p.view.taken[idHash(d.next.id)] = true
	} else if moved {
		p.tx.expect(native, c.Formerly, k.member)
		p.tx.unset(native, c.Formerly)
		p.tx.expect(native, c.Key, p.view.keys[i].member)
		p.tx.set(native, c.Key, k.member)
	}
	if k.entry != nil && k.entry.state == dropped && p.stale(&d.next) {
		p.answers[i].Kind = feeds.Unchanged // retention would take it again
		return nil
	}
	d.next.stateIn(p.placesOf(p.places[i]))
	d.next.address = cache.AddressKey(it.Group, c.Address)
	m := step{member: k.member, stored: k.stored, old: k.entry, next: &d.next}
	p.stated[k.member] = &d.item
	if d.kind == feeds.Unchanged {
		if slices.Equal(d.next.topics, k.entry.stated()) {
			if d.next.address != k.entry.address {
				p.step(i, m)
			}
			return nil
		}
		d.kind = feeds.Reshaped // this program sorts the same item into other topics
		if d.next.state == held {
			d.kind = feeds.Held
		}
		p.answers[i].Kind = d.kind
	}
	if k.entry == nil || k.entry.print != d.next.print || k.entry.body == "" {
		d.next.body = nonce()
		p.bodies = append(p.bodies, body{bodyName(k.member, d.next.body), d.encoded})
	}
	m.kind = d.kind
	if d.kind == feeds.Held {
		m.kind = feeds.Withdrawn // for an item that was in its topics; others are in none
	}
	if it.Group != "" {
		p.tx.include(p.s.keys.groups(p.source), it.Group)
	}
	p.step(i, m)
	return nil
}

// identify finds the ledger entry that a statement is about; moved says that it was under the former key. The former
// key's entry goes first where the key itself has none that is in use.
func (p *putter) identify(i int) (k found, moved bool) {
	k, former := p.view.keys[i], p.view.formers[i]
	if former.entry != nil && (k.entry == nil || !k.entry.state.hasBody() && former.entry.state.hasBody()) {
		return former, true
	}
	return k, false
}

// mint chooses the ID of a new item.
func (p *putter) mint(ctx context.Context, c *feeds.Change) (string, error) {
	id := cache.MintID(p.source, c.Key, c.Wish, false)
	for p.view.taken[idHash(id)] {
		id = cache.MintID(p.source, c.Key, id, true)
		holder, err := p.s.client.HExists(ctx, p.s.keys.ids(), idHash(id)).Result()
		if err != nil {
			return "", err
		}
		if holder {
			p.view.taken[idHash(id)] = true
		}
	}
	return id, nil
}
