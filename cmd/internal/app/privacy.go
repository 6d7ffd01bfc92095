package app

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"feedmill/cmd/internal/config"
	"feedmill/feeds"
	"feedmill/sources"
)

// privacy is what the configuration in force says about who sees what. Items may be stored under another one, of before: until
// what is stored of a source follows, it decides in place of the mark that the item has there.
type privacy struct {
	// key is equal for configurations under which the same is private.
	key string
	// policies are those of sources by name, and by the name that they had before; nil for one without anything private.
	policies map[string]*sources.Policy
	// lists are sources that name others which are private, by what their names begin with: such a one may have left its list.
	lists map[string]*sources.Policy
	saved []config.Feed
	// groups are the private groups.
	groups []string
	walks  sync.Map // by group: *walk

	mu       sync.RWMutex
	settled  map[string]bool // sources of which all that is stored follows
	waiting  bool            // there are others
	until    time.Time       // so long everything is looked at again: another replica may be at work still
	complete bool            // the sources of lists are among policies
}

// nobody is the group of an item that no one may see as it is.
const nobody = "\x00"

// trustAfter is how long a replica of another configuration may go on writing: until it sees that there is a newer one, and
// its leases are given back.
const trustAfter = settingsEvery + leaseFor

// privacyOf is the privacy of a configuration. What the store does not answer counts as not followed yet.
func (a *App) privacyOf(ctx context.Context, cfg *config.Config) *privacy {
	p := newPrivacy(cfg)
	p.complete = p.enlist(ctx, a, cfg)
	p.until = time.Now().Add(trustAfter)
	p.look(ctx, a)
	return p
}

// newPrivacy asks nobody: nothing follows yet, and sources that lists name are told by their names.
func newPrivacy(cfg *config.Config) *privacy {
	p := &privacy{waiting: true, policies: map[string]*sources.Policy{}, lists: map[string]*sources.Policy{}, saved: cfg.Feeds, settled: map[string]bool{}}
	var text []byte
	for _, s := range cfg.Sources {
		policy := PolicyOf(cfg, s)
		if policy.Private() {
			text = fmt.Appendf(text, "%q %q %s\n", s.Name, s.Formerly, policy.Shape())
			if s.Kind.Members != nil {
				p.lists[s.Name+"."] = &policy
				if s.Formerly != "" {
					p.lists[s.Formerly+"."] = &policy
				}
			}
		}
	}
	for _, f := range cfg.Feeds {
		if f.Topic.Group != "" {
			text = fmt.Appendf(text, "%s\n", f.Topic)
		}
	}
	for _, g := range cfg.Groups {
		p.groups = append(p.groups, g.Name)
	}
	p.key = hash(text)
	p.take(cfg, cfg.Sources)
	return p
}

// enlist takes over which sources lists name, and reports whether the store told.
func (p *privacy) enlist(ctx context.Context, a *App, cfg *config.Config) bool {
	all, _, err := effective(ctx, a.store, slog.New(slog.DiscardHandler), cfg)
	if err != nil {
		return false
	}
	p.take(cfg, all)
	return true
}

func (p *privacy) take(cfg *config.Config, list []config.Source) {
	for _, s := range list {
		policy := PolicyOf(cfg, s)
		p.policies[s.Name] = nil
		if policy.Private() {
			p.policies[s.Name] = &policy
		}
	}
	for _, s := range list {
		if _, taken := p.policies[s.Formerly]; !taken && s.Formerly != "" && p.policies[s.Name] != nil {
			p.policies[s.Formerly] = p.policies[s.Name]
		}
	}
}

// look learns of which sources all that is stored follows, and reports whether that has moved.
func (p *privacy) look(ctx context.Context, a *App) (moved bool) {
	settled, waiting, silent := map[string]bool{}, false, false
	for name, policy := range p.policies {
		if policy == nil {
			continue
		}
		ok := false
		if policy.Source == name && !silent { // under its former name nothing follows
			var err error
			ok, err = sources.Follows(ctx, &desk{store: a.store, source: name}, policy.Shape())
			silent = err != nil // it need not be asked for each source whether it answers
		}
		if ok {
			settled[name] = true
		} else {
			waiting = true
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	moved = len(settled) != len(p.settled)
	for name := range settled {
		moved = moved || !p.settled[name]
	}
	p.settled, p.waiting = settled, waiting
	return moved
}

// withhold closes at once what a configuration that is about to be taken over closes: tokens that it does not have, and what it
// makes private. Taking it over needs the store; should that not answer, this holds until it does.
func (a *App) withhold(cfg *config.Config) {
	p := newPrivacy(cfg)
	moved := p.key != a.shown.privacy.Load().key
	a.mu.Lock()
	if a.withheld = cfg; moved {
		a.shown.privacy.Store(p)
	}
	site := a.parted(a.site)
	a.mu.Unlock()
	a.web.Configure(site)
	if moved {
		a.web.Forget() // what was public may be private now
	}
}

// lookForFollowed sees within seconds that what is stored of a source follows by now.
func (a *App) lookForFollowed(ctx context.Context) {
	p := a.shown.privacy.Load()
	if p == nil {
		return
	}
	p.mu.RLock()
	again := p.waiting || time.Now().Before(p.until)
	p.mu.RUnlock()
	if !p.complete {
		cfg := a.config()
		next := newPrivacy(cfg)
		next.complete = next.enlist(ctx, a, cfg)
		if next.until = p.until; !next.complete || next.key != p.key || !a.shown.privacy.CompareAndSwap(p, next) {
			return
		}
		p, again = next, true
	}
	if again && p.look(ctx, a) {
		a.web.Reset() // lists that were made meanwhile may lack what can be shown
	}
}

// deciding is the policy that decides for the items of a source; nil where the store's marks do.
func (p *privacy) deciding(source string) *sources.Policy {
	if policy, ok := p.policies[source]; ok {
		if policy == nil {
			return nil
		}
		p.mu.RLock()
		defer p.mu.RUnlock()
		if p.settled[source] {
			return nil
		}
		return policy
	}
	var of *sources.Policy
	longest := 0
	for prefix, policy := range p.lists {
		if strings.HasPrefix(source, prefix) && len(prefix) > longest {
			of, longest = policy, len(prefix)
		}
	}
	return of
}

// groupOf is the private group that a stored item belongs to.
func (p *privacy) groupOf(it *feeds.Item) string {
	group := it.Group
	if policy := p.deciding(it.Source); policy != nil {
		if g := policy.GroupOfStored(it); g != "" {
			group = g
		}
	}
	for _, c := range it.Also { // its labels are among those of the item
		if policy := p.deciding(c.Source); policy != nil && !slices.Equal(policy.Groups(), []string{group}) {
			return nobody
		}
	}
	return group
}

// visible reports whether an item may be seen by those who see what it is stored as.
func (p *privacy) visible(it *feeds.Item) bool { return p.groupOf(it) == it.Group }

// active reports whether the store's marks may be wrong.
func (p *privacy) active() bool {
	if p == nil {
		return false
	}
	p.mu.RLock()
	defer p.mu.RUnlock()
	return p.waiting || len(p.lists) > 0
}

const (
	// maxHidden is how many items one read looks at that are not to be seen; what is behind them follows on the next page.
	maxHidden = 20_000
	// hiddenPage is how many are read at once.
	hiddenPage = 500
)

// read is Recent of the store without what is not to be seen.
func (s *shown) read(ctx context.Context, t feeds.Topic, order feeds.Order, before feeds.Pos, limit int) (feeds.Page, error) {
	page, err := s.Store.Recent(ctx, t, order, before, limit)
	p := s.privacy.Load()
	if err != nil || !p.active() {
		return page, err
	}
	out := feeds.Page{Version: page.Version}
	for looked := 0; ; {
		for i := range page.Items {
			if !p.visible(&page.Items[i]) {
				continue
			}
			if len(out.Items) == limit {
				out.Next = out.At[limit-1]
				return out, nil
			}
			out.Items, out.At = append(out.Items, page.Items[i]), append(out.At, page.At[i])
		}
		looked += len(page.Items)
		switch {
		case page.Next.IsZero():
			return out, nil
		case len(out.Items) == limit:
			out.Next = out.At[limit-1]
			return out, nil
		case looked >= maxHidden:
			out.Next = page.Next
			return out, nil
		}
		if page, err = s.Store.Recent(ctx, t, order, page.Next, hiddenPage); err != nil {
			return feeds.Page{}, err
		}
	}
}

// Get implements cache.Items: items with the group that they belong to.
func (s *shown) Get(ctx context.Context, ids ...string) ([]feeds.Item, error) {
	items, err := s.Store.Get(ctx, ids...)
	if p := s.privacy.Load(); err == nil && p.active() {
		for i := range items {
			items[i].Group = p.groupOf(&items[i])
		}
	}
	return items, err
}

// walk is how many items of each topic are not to be seen.
type walk struct {
	mu     sync.Mutex
	hidden map[feeds.Topic]int
	took   time.Duration
	at     time.Time
}

// walkRest is how many times as long as a walk took its result is used: while it gets old there is less to hide, not more.
const walkRest = 5

// topics is Topics of the store without what is not to be seen: of items, labels that they alone have, and dates.
func (s *shown) topics(ctx context.Context, group string) ([]feeds.TopicInfo, error) {
	all, err := s.Store.Topics(ctx, group)
	p := s.privacy.Load()
	if err != nil || !p.active() {
		return all, err
	}
	hidden, err := s.hidden(ctx, p, group, all)
	if err != nil || len(hidden) == 0 {
		return all, err
	}
	// Once more: what was put into its group since it was counted is taken off twice, what is counted is never missed.
	if all, err = s.Store.Topics(ctx, group); err != nil {
		return nil, err
	}
	out := all[:0]
	for _, info := range all {
		n := hidden[info.Topic]
		if n == 0 {
			out = append(out, info)
			continue
		}
		info.Items, info.Label, info.Newest = max(info.Items-n, 0), "", time.Time{}
		if info.Items > 0 {
			page, err := s.read(ctx, info.Topic, feeds.ByPublished, feeds.Pos{}, 1)
			if err != nil {
				return nil, err
			}
			if len(page.Items) == 0 {
				info.Items = 0
			} else {
				it := &page.Items[0]
				info.Newest = it.Published
				for _, m := range feeds.Topics(it) {
					if m.Topic == info.Topic {
						info.Label = m.Label
					}
				}
			}
		}
		if info.Items > 0 || info.Topic.Kind == feeds.All.Kind || info.Topic.Kind == "feed" {
			out = append(out, info)
		}
	}
	return out, nil
}

// hidden counts the items of each topic of a group that are not to be seen. all are its topics.
func (s *shown) hidden(ctx context.Context, p *privacy, group string, all []feeds.TopicInfo) (map[feeds.Topic]int, error) {
	v, _ := p.walks.LoadOrStore(group, &walk{})
	w := v.(*walk)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.hidden != nil && time.Since(w.at) < walkRest*w.took {
		return w.hidden, nil
	}
	begun := time.Now()
	deciding := map[string]bool{} // names of topics of sources
	for name, policy := range p.policies {
		if policy != nil && p.deciding(name) != nil {
			deciding[feeds.Fold(name)] = true
		}
	}
	hidden, seen := map[feeds.Topic]int{}, map[string]bool{}
	for _, info := range all {
		if info.Topic.Kind != "source" || info.Items == 0 || !deciding[info.Topic.Name] && p.deciding(info.Topic.Name) == nil {
			continue
		}
		for pos, more := (feeds.Pos{}), true; more; {
			page, err := s.Store.Recent(ctx, info.Topic, feeds.ByPublished, pos, hiddenPage)
			if err != nil {
				return nil, fmt.Errorf("count what is private: %w", err)
			}
			for i := range page.Items {
				it := &page.Items[i]
				if p.visible(it) || seen[it.ID] {
					continue
				}
				if len(it.Also) > 0 {
					seen[it.ID] = true // it is in the topics of several sources
				}
				for _, m := range feeds.Topics(it) {
					hidden[m.Topic]++
				}
				s.hideSaved(p, it, hidden)
			}
			pos, more = page.Next, !page.Next.IsZero()
		}
	}
	w.hidden, w.at, w.took = hidden, time.Now(), time.Since(begun)
	return hidden, nil
}

// hideSaved counts an item of saved feeds.
func (s *shown) hideSaved(p *privacy, it *feeds.Item, hidden map[feeds.Topic]int) {
	now := s.now.Load()
	if now == nil {
		return
	}
	for i := range p.saved {
		f := &p.saved[i]
		v, ok := now.names[f.Topic.Name]
		if !ok {
			continue
		}
		// What another expression has of it is not known: then nothing is said to be left.
		if yes, err := f.Match(it); yes || err != nil || v.Hash != f.Hash {
			t := indexTopic(f.Topic.Name, v.Hash)
			t.Group = it.Group
			hidden[t]++
		}
	}
}

// unsaid takes out of the list of public topics those that only private items have now.
func (s *shown) unsaid(ctx context.Context, list []feeds.TopicInfo) ([]feeds.TopicInfo, error) {
	empty := func(info feeds.TopicInfo) bool {
		return info.Items == 0 && info.Topic.Kind != "feed" && info.Topic != feeds.All
	}
	p := s.privacy.Load()
	if p == nil || len(p.groups) == 0 || !slices.ContainsFunc(list, empty) {
		return list, nil
	}
	private := map[feeds.Topic]bool{}
	for _, g := range p.groups {
		infos, err := s.Store.Topics(ctx, g)
		if err != nil {
			return nil, err
		}
		for _, info := range infos {
			if info.Topic.Group = ""; info.Items > 0 {
				private[info.Topic] = true
			}
		}
	}
	return slices.DeleteFunc(list, func(info feeds.TopicInfo) bool { return empty(info) && private[info.Topic] }), nil
}
