package app

import (
	"context"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"feedmill/feeds"
)

// SavedFeed is how a saved feed does.
type SavedFeed struct {
	Name string `json:"name"`
	// Group is its private group; empty for a public feed.
	Group string `json:"group,omitempty"`
	// State is ready, gathering (for the first time: it is not served yet) or changing (the old expression is served).
	State string `json:"state"`
	Items int    `json:"items"`
	// Error says why the expression fails for some item; this process knows it only while it is the one that gathers.
	Error string `json:"error,omitempty"`
}

// GroupStatus is a private group, with the names of those who have its tokens.
type GroupStatus struct {
	Name    string   `json:"name"`
	Holders []string `json:"holders"`
}

const (
	// overviewFor is how long what costs more than a look is kept.
	overviewFor = 30 * time.Second
	// plotHours is how far back posts are counted by hour, in at most plotPages reads of plotPage items for each group.
	plotHours = 48
	plotPage  = 500
	plotPages = 10
)

// overview is what the status page shows of the store: it is read at most every half a minute, whoever asks.
type overview struct {
	mu      sync.Mutex
	read    time.Time           // when items were read
	items   map[feeds.Topic]int // of saved feeds
	counted time.Time           // when posts were
	posts   [plotHours]int      // by hour, the oldest first
	begin   time.Time           // of the first hour
	cut     bool                // there are more than were counted
	errors  sync.Map            // of expressions, by the name of their index
}

// groups are the public one and those of the configuration.
func (a *App) groups() []string {
	out := []string{""}
	for _, g := range a.config().Groups {
		out = append(out, g.Name)
	}
	return out
}

// count brings the posts of the last hours up to date. While the store does not answer they stay as they were.
func (o *overview) count(ctx context.Context, a *App) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.counted.IsZero() && time.Since(o.counted) < overviewFor {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	begin, cut := time.Now().Truncate(time.Hour).Add(-(plotHours-1)*time.Hour), false
	var posts [plotHours]int
	for _, group := range a.groups() {
		more, err := a.countPosts(ctx, group, begin, &posts)
		if err != nil {
			a.log.Debug("cannot count the posts of the last hours", "err", err)
			return
		}
		cut = cut || more
	}
	o.counted, o.posts, o.begin, o.cut = time.Now(), posts, begin, cut
}

// look brings the counts of saved feeds up to date, likewise.
func (o *overview) look(ctx context.Context, a *App) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.read.IsZero() && time.Since(o.read) < overviewFor {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	items := map[feeds.Topic]int{}
	for _, group := range a.groups() {
		list, err := a.shown.Topics(ctx, group)
		if err != nil {
			a.log.Debug("cannot count what is in saved feeds", "err", err)
			return
		}
		for _, info := range list {
			if info.Topic.Kind == "feed" {
				items[info.Topic] = info.Items
			}
		}
	}
	o.read, o.items = time.Now(), items
}

// countPosts adds the items of a group that arrived since begin, by hour. cut says that it did not look at all of them.
func (a *App) countPosts(ctx context.Context, group string, begin time.Time, posts *[plotHours]int) (cut bool, err error) {
	var at feeds.Pos
	for range plotPages {
		page, err := a.shown.Recent(ctx, feeds.Topic{Group: group, Kind: feeds.All.Kind}, feeds.ByArrival, at, plotPage)
		if err != nil {
			return false, err
		}
		for i := range page.Items {
			hour := int(page.Items[i].Arrived.Sub(begin) / time.Hour)
			if page.Items[i].Arrived.Before(begin) {
				return false, nil
			}
			posts[min(hour, plotHours-1)]++
		}
		if at = page.Next; at.IsZero() {
			return false, nil
		}
	}
	return true, nil
}

// savedFeeds is how the configured saved feeds do.
func (a *App) savedFeeds(ctx context.Context) []SavedFeed {
	cfg, now := a.config(), a.shown.now.Load()
	if len(cfg.Feeds) == 0 || now == nil {
		return nil
	}
	a.overview.look(ctx, a)
	a.overview.mu.Lock()
	defer a.overview.mu.Unlock()
	out := make([]SavedFeed, 0, len(cfg.Feeds))
	for _, f := range cfg.Feeds {
		s := SavedFeed{Name: f.Topic.Name, Group: f.Topic.Group, State: "ready", Items: a.overview.items[f.Topic]}
		if v, ok := now.names[s.Name]; !ok {
			s.State = "gathering"
		} else if v.Hash != f.Hash {
			s.State = "changing"
		}
		if text, ok := a.overview.errors.Load(indexTopic(s.Name, f.Hash).Name); ok {
			s.Error, _ = text.(string)
		}
		out = append(out, s)
	}
	return out
}

// groupStatus lists the private groups.
func (a *App) groupStatus() (out []GroupStatus) {
	for _, g := range a.config().Groups {
		out = append(out, GroupStatus{g.Name, slices.AppendSeq(make([]string, 0, len(g.Tokens)), maps.Keys(g.Tokens))})
		slices.Sort(out[len(out)-1].Holders)
	}
	return out
}

// storeSize is how long the file of the store is, in bytes; 0 for one without.
func storeSize(url string) int64 {
	path, ok := strings.CutPrefix(url, "bolt:")
	if !ok {
		return 0
	}
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return info.Size()
}

// failing is why the store does not answer, once that has lasted; empty while it does.
func (h *health) failing() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.fails.IsZero() || time.Since(h.fails) < degradedFor || h.err == nil {
		return ""
	}
	return clipped(h.err.Error())
}
