package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"feedmill/cache"
	"feedmill/cmd/internal/config"
	"feedmill/feeds"
	"feedmill/sources"
)

const (
	gatherLease = "feeds"
	gatherPage  = 500
	indexPrefix = "index/"
	cursorKey   = "cursor"
)

// gather keeps the items of saved feeds in their topics, in one process of all replicas, until ctx ends. It follows the log,
// and for an expression that is new goes through all items once; when it is through, the name of the feed leads there.
func (a *App) gather(ctx context.Context) {
	all := &desks{store: a.store, log: a.log, mayFetch: a.mayFetch}
	said := ""
	for ctx.Err() == nil {
		k, err := all.hold(ctx, "", gatherLease)
		if err == nil {
			err = errors.Join(a.gatherUnder(ctx, k), k.Close())
		}
		switch {
		case ctx.Err() != nil:
			return
		case err == nil:
			said = ""
		case errors.Is(err, sources.ErrBusy), errors.Is(err, cache.ErrUnavailable), errors.Is(err, cache.ErrStale):
			// Another replica does it, or tail says that the store does not answer.
		case err.Error() != said:
			said = err.Error()
			a.log.Warn("saved feeds are not brought up to date; trying again", "err", err)
		}
		pause(ctx, time.Second)
	}
}

// gatherUnder gathers as long as it has the lease.
func (a *App) gatherUnder(ctx context.Context, k *desk) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		select {
		case <-k.Lost():
			cancel()
		case <-ctx.Done():
		}
	}()
	g := &gatherer{a: a, lease: k.lease, failing: map[string]bool{}}
	if err := g.load(ctx); err != nil {
		return err
	}
	for ctx.Err() == nil && a.mayFetch() {
		worked, err := g.step(ctx, a.config())
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
		if worked {
			continue
		}
		wait, end := context.WithTimeout(ctx, time.Second) // then the configuration may be another one
		if len(g.indexes) == 0 {
			<-wait.Done()
		} else if err := a.store.Wait(wait, g.cursor); err != nil && wait.Err() == nil {
			end()
			return fmt.Errorf("wait for changes: %w", err)
		}
		end()
	}
	return nil
}

// gatherer is what one holder of the lease knows.
type gatherer struct {
	a       *App
	lease   cache.Lease
	cursor  cache.Cursor
	indexes map[string]*index // by key
	served  map[string]served // by name of the feed
	failing map[string]bool   // indexes whose expression failed for an item, which was said
}

// index is one expression of one saved feed.
type index struct {
	topic feeds.Topic
	feed  config.Feed
	note  indexNote
}

// indexNote is what is remembered of an index. While it is not Done, all items behind At are still to be looked at; Repair
// says that items which do not belong there may be in it.
type indexNote struct {
	Name       string            `json:"name"`
	Definition config.Definition `json:"definition"`
	Done       bool              `json:"done,omitempty"`
	Repair     bool              `json:"repair,omitempty"`
	At         feeds.Pos         `json:"at,omitzero"`
}

func (g *gatherer) load(ctx context.Context) error {
	g.indexes, g.served = map[string]*index{}, map[string]served{}
	err := g.a.store.Range(ctx, feedsBucket, func(key string, value []byte) error {
		if key == cursorKey {
			g.cursor = cache.Cursor(value)
			return nil
		}
		if name, ok := strings.CutPrefix(key, servedPrefix); ok {
			var v served
			err := json.Unmarshal(value, &v)
			g.served[name] = v
			return err
		}
		name, ok := strings.CutPrefix(key, indexPrefix)
		if !ok {
			return nil
		}
		x := &index{topic: topicOfIndex(name)}
		if err := json.Unmarshal(value, &x.note); err != nil {
			return err
		}
		var err error
		if x.feed, err = config.Defined(feeds.Topic{Kind: "feed", Name: x.note.Name}, x.note.Definition); err != nil {
			// Of another version of the program: it is served as it is, until another one takes its place.
			g.a.log.Warn("a saved feed stays as it is until its expression is gathered anew", "feed", x.note.Name, "err", err)
			x.feed = config.Feed{}
		}
		g.indexes[name] = x
		return nil
	})
	if err != nil {
		return fmt.Errorf("read what is known of saved feeds: %w", err)
	}
	return nil
}

func (g *gatherer) write(ctx context.Context, edits ...cache.Edit) error {
	for i := range edits {
		edits[i].Bucket = feedsBucket
	}
	if err := g.a.store.Write(ctx, g.lease, edits...); err != nil {
		return fmt.Errorf("remember how far saved feeds are: %w", err)
	}
	return nil
}

// keyOf is what an index is remembered under: NAME@HASH, and the group of its items behind a slash, which no name has.
func keyOf(t feeds.Topic) string {
	if t.Group == "" {
		return t.Name
	}
	return t.Name + "/" + t.Group
}

// topicOfIndex is the inverse of keyOf.
func topicOfIndex(key string) feeds.Topic {
	name, group, _ := strings.Cut(key, "/")
	return feeds.Topic{Group: group, Kind: "feed", Name: name}
}

// indexTopics are the topics of the indexes of a saved feed: that of public items, and that of its group's.
func indexTopics(f config.Feed) []feeds.Topic {
	t := indexTopic(f.Topic.Name, f.Hash)
	if f.Topic.Group == "" {
		return []feeds.Topic{t}
	}
	own := t
	own.Group = f.Topic.Group
	return []feeds.Topic{t, own}
}

func (x *index) edit() cache.Edit {
	b, err := json.Marshal(x.note)
	if err != nil {
		panic(err) // it has no value that JSON cannot write
	}
	return cache.Edit{Key: indexPrefix + keyOf(x.topic), Value: b}
}

// step does a bounded piece of work; worked is false when there is none.
func (g *gatherer) step(ctx context.Context, cfg *config.Config) (worked bool, err error) {
	if worked, err = g.plan(ctx, cfg); worked || err != nil || len(g.indexes) == 0 {
		return worked, err
	}
	if worked, err = g.follow(ctx); worked || err != nil {
		return worked, err
	}
	if worked, err = g.fill(ctx); worked || err != nil {
		return worked, err
	}
	if worked, err = g.serve(ctx, cfg); worked || err != nil {
		return worked, err
	}
	return g.drop(ctx, cfg)
}

// plan begins an index for every expression that has none. The first one begins at the end of the log: what came before is
// found by going through all items.
func (g *gatherer) plan(ctx context.Context, cfg *config.Config) (bool, error) {
	var edits []cache.Edit
	fresh := map[string]*index{}
	for _, f := range cfg.Feeds {
		for _, topic := range indexTopics(f) {
			x := &index{topic: topic, feed: f, note: indexNote{Name: f.Topic.Name, Definition: f.Definition()}}
			if g.indexes[keyOf(topic)] == nil {
				fresh[keyOf(topic)] = x
				edits = append(edits, x.edit())
			}
		}
	}
	if len(fresh) == 0 {
		return false, nil
	}
	if len(g.indexes) == 0 {
		tail, err := g.a.store.Tail(ctx)
		if err != nil {
			return false, fmt.Errorf("find the end of the log: %w", err)
		}
		g.cursor = tail
		edits = append(edits, cache.Edit{Key: cursorKey, Value: []byte(tail)})
	}
	if err := g.write(ctx, edits...); err != nil {
		return false, err
	}
	maps.Copy(g.indexes, fresh)
	return true, nil
}

// follow brings all indexes up to what the log says.
func (g *gatherer) follow(ctx context.Context) (bool, error) {
	entries, err := g.a.store.After(ctx, g.cursor, gatherPage)
	var trimmed *cache.TrimmedError
	switch {
	case errors.As(err, &trimmed):
		return true, g.repair(ctx, trimmed.First)
	case errors.Is(err, cache.ErrRegressed):
		tail, err := g.a.store.Tail(ctx)
		if err != nil {
			return false, fmt.Errorf("find the end of the log: %w", err)
		}
		return true, g.repair(ctx, tail)
	case err != nil:
		return false, fmt.Errorf("read the log: %w", err)
	case len(entries) == 0:
		return false, nil
	}
	news := map[string]feeds.Kind{}
	in := map[string]map[feeds.Topic]bool{} // item -> topics of saved feeds it is in
	var ids []string
	for _, e := range entries {
		own := !slices.ContainsFunc(e.Topics, func(t feeds.Topic) bool { return t.Kind != "feed" })
		if e.ID == "" || e.Kind == feeds.Withdrawn || own {
			continue // what was withdrawn has left; what has no other topic is our own doing
		}
		if _, again := news[e.ID]; !again {
			ids = append(ids, e.ID)
		}
		if kind := news[e.ID]; kind == "" || e.Kind == feeds.New {
			news[e.ID] = e.Kind
		}
		for _, t := range e.Topics {
			if t.Kind == "feed" {
				if in[e.ID] == nil {
					in[e.ID] = map[feeds.Topic]bool{}
				}
				in[e.ID][t] = true
			}
		}
	}
	items, err := g.a.store.Get(ctx, ids...)
	if err != nil {
		return false, fmt.Errorf("read what changed: %w", err)
	}
	for _, x := range g.indexes {
		var edits []cache.Assignment
		for i := range items {
			id := items[i].ID
			switch belongs := g.belongs(x, &items[i]); {
			case belongs && (news[id] == feeds.New || news[id] == feeds.Baseline):
				edits = append(edits, cache.Assignment{ID: id, Kind: news[id]})
			case belongs:
				edits = append(edits, cache.Assignment{ID: id, Kind: feeds.Reshaped})
			case in[id][x.topic]:
				edits = append(edits, cache.Assignment{ID: id, Kind: feeds.Withdrawn})
			}
		}
		if err := g.assign(ctx, x, edits); err != nil {
			return false, err
		}
	}
	g.cursor = entries[len(entries)-1].Cursor
	return true, g.write(ctx, cache.Edit{Key: cursorKey, Value: []byte(g.cursor)})
}

// belongs says whether an index has an item: one of its own group alone.
func (g *gatherer) belongs(x *index, it *feeds.Item) bool {
	if it.Group != x.topic.Group || x.feed.Hash == "" {
		return false
	}
	yes, err := x.feed.Match(it)
	if err != nil && !g.failing[x.topic.Name] {
		g.a.overview.errors.Store(x.topic.Name, clipped(err.Error()))
		g.failing[x.topic.Name] = true
		g.a.log.Warn("the expression of a saved feed fails for some items: they are not in it", "feed", x.note.Name, "item", it.ID, "err", err)
	}
	return yes
}

func (g *gatherer) assign(ctx context.Context, x *index, edits []cache.Assignment) error {
	if len(edits) == 0 || x.feed.Hash == "" {
		return nil
	}
	if err := g.a.store.Assign(ctx, g.lease, x.topic, edits...); err != nil {
		return fmt.Errorf("gather saved feed %s: %w", x.note.Name, err)
	}
	return nil
}

// repair goes on at another place of the log: what happened in between is found by going through all items.
func (g *gatherer) repair(ctx context.Context, from cache.Cursor) error {
	edits := []cache.Edit{{Key: cursorKey, Value: []byte(from)}}
	for _, x := range g.indexes {
		x.note.Done, x.note.Repair, x.note.At = false, true, feeds.Pos{}
		edits = append(edits, x.edit())
	}
	g.a.log.Warn("the log does not reach back to where saved feeds were: going through all items")
	g.cursor = from
	return g.write(ctx, edits...)
}

// fill looks at the next items for indexes that have not seen all.
func (g *gatherer) fill(ctx context.Context) (bool, error) {
	var at feeds.Pos
	var group []*index
	for _, x := range g.indexes {
		if !x.note.Done && (len(group) == 0 || x.note.At == at && x.topic.Group == group[0].topic.Group) {
			at, group = x.note.At, append(group, x)
		}
	}
	if len(group) == 0 {
		return false, nil
	}
	page, err := g.a.store.Recent(ctx, feeds.Topic{Group: group[0].topic.Group, Kind: feeds.All.Kind}, feeds.ByPublished, at, gatherPage)
	if err != nil {
		return false, fmt.Errorf("read items for saved feeds: %w", err)
	}
	var notes []cache.Edit
	for _, x := range group {
		var edits []cache.Assignment
		for i := range page.Items {
			if g.belongs(x, &page.Items[i]) {
				edits = append(edits, cache.Assignment{ID: page.Items[i].ID, Kind: feeds.Baseline})
			} else if x.note.Repair {
				edits = append(edits, cache.Assignment{ID: page.Items[i].ID, Kind: feeds.Withdrawn})
			}
		}
		if err := g.assign(ctx, x, edits); err != nil {
			return false, err
		}
		x.note.At = page.Next
		if page.Next.IsZero() {
			x.note.Done, x.note.Repair = true, false
		}
		notes = append(notes, x.edit())
	}
	return true, g.write(ctx, notes...)
}

// serve lets the names of feeds lead to the indexes that have seen all.
func (g *gatherer) serve(ctx context.Context, cfg *config.Config) (bool, error) {
	var edits []cache.Edit
	next := map[string]served{}
	for _, f := range cfg.Feeds {
		name := f.Topic.Name
		old := g.served[name]
		waits := slices.ContainsFunc(indexTopics(f), func(t feeds.Topic) bool {
			x := g.indexes[keyOf(t)]
			return x == nil || !x.note.Done
		})
		if waits || old.Hash == f.Hash {
			continue
		}
		now, err := g.a.store.Now(ctx)
		if err != nil {
			return false, fmt.Errorf("read the store's clock: %w", err)
		}
		v := served{Hash: f.Hash, Since: now.Truncate(time.Second), Base: 1}
		if old.Hash != "" {
			was := feeds.Version{}
			for _, x := range g.indexes {
				if x.topic.Name != indexTopic(name, old.Hash).Name {
					continue
				}
				part, err := g.a.store.Version(ctx, x.topic)
				if err != nil {
					return false, fmt.Errorf("read saved feed %s: %w", name, err)
				}
				was = addVersions(was, part)
			}
			v.Base += old.version(was).Count
		}
		b, err := json.Marshal(v)
		if err != nil {
			return false, fmt.Errorf("serve saved feed %s: %w", name, err)
		}
		next[name] = v
		edits = append(edits, cache.Edit{Key: servedPrefix + name, Value: b})
	}
	if len(edits) == 0 {
		return false, nil
	}
	if err := g.write(ctx, edits...); err != nil {
		return false, err
	}
	for name, v := range next {
		g.served[name] = v
		g.a.log.Info("saved feed is ready", "feed", name)
	}
	return true, g.a.refreshSite(ctx)
}

// drop empties an index that no name leads to any more, and forgets it.
func (g *gatherer) drop(ctx context.Context, cfg *config.Config) (bool, error) {
	keep, configured := map[string]bool{}, map[string]bool{}
	for _, f := range cfg.Feeds {
		configured[f.Topic.Name] = true
		keep[indexTopic(f.Topic.Name, f.Hash).Name] = true
		if v := g.served[f.Topic.Name]; v.Hash != "" {
			keep[indexTopic(f.Topic.Name, v.Hash).Name] = true
		}
	}
	for name := range g.served {
		if !configured[name] {
			delete(g.served, name)
			return true, g.write(ctx, cache.Edit{Key: servedPrefix + name})
		}
	}
	for name, x := range g.indexes {
		if keep[x.topic.Name] {
			continue
		}
		page, err := g.a.store.Recent(ctx, x.topic, feeds.ByPublished, feeds.Pos{}, gatherPage)
		if err != nil {
			return false, fmt.Errorf("read what is left of saved feed %s: %w", x.note.Name, err)
		}
		if len(page.Items) == 0 {
			delete(g.indexes, name)
			return true, g.write(ctx, cache.Edit{Key: indexPrefix + name})
		}
		edits := make([]cache.Assignment, len(page.Items))
		for i := range page.Items {
			edits[i] = cache.Assignment{ID: page.Items[i].ID, Kind: feeds.Withdrawn}
		}
		if err := g.a.store.Assign(ctx, g.lease, x.topic, edits...); err != nil {
			return false, fmt.Errorf("empty saved feed %s: %w", x.note.Name, err)
		}
		return true, nil
	}
	return false, nil
}
