package web

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/text/unicode/norm"

	"feedmill/feeds"
)

// row is a topic as lists show it.
type row struct {
	feeds.TopicInfo
	Title string
	// Slug is the topic's name where the title does not say it already.
	Slug string
	Path string
	text string // what a search looks through, folded
}

// listing is the list of public topics at one time, with titles as one config gives them.
type listing struct {
	cfg     *config
	rows    []row // by kind in the order of feeds.TopicKinds, then by name; without all
	all     feeds.TopicInfo
	version feeds.Version // of all
	read    time.Time     // when reading it began
	sorted  [3]func() []row
	counts  map[feeds.Topic]int // items of each topic
	misfits []Misfit            // what no file can be, of a static tree
	reached sync.Once
	reach   map[string]bool // see static
}

// Orders of a list.
const (
	byRecent = iota
	byName
	byCount
)

var orders = []string{"recent", "name", "count"}

// catalog caches the listing. Server.mu guards it.
type catalog struct {
	current *listing
	dirty   bool
	failing bool
	read    time.Time // last attempt, in time since the server was made
	flight  chan struct{}
	forgets int // how often it was forgotten
}

// topics returns the list of topics: the fresh one if that can be had soon, else the last there was. Under load it is
// read at most once a second.
func (s *Server) topics(ctx context.Context) (*listing, error) {
	l, _, err := s.list(ctx, false)
	return l, err
}

// exactTopics returns a list that holds every change reported so far, or fails.
func (s *Server) exactTopics(ctx context.Context) (*listing, error) {
	for range attempts {
		l, fresh, err := s.list(ctx, true)
		if err != nil || fresh {
			return l, err
		}
	}
	return nil, errors.New("list topics: no list is newer than the latest change")
}

// list returns the list of topics and whether it holds every change reported so far.
func (s *Server) list(ctx context.Context, now bool) (l *listing, fresh bool, err error) {
	cfg := s.config.Load()
	s.mu.Lock()
	c := &s.catalog
	if c.current != nil && c.current.due(s.now) {
		c.dirty = true // outlines take their date from it
	}
	fresh = c.current != nil && c.current.cfg == cfg && !c.dirty
	if fresh || c.current != nil && (!now || c.failing) && time.Since(c.read) < retryEvery {
		defer s.mu.Unlock()
		return c.current, fresh, nil
	}
	if c.flight == nil {
		flight := make(chan struct{})
		if !s.background(func() { s.readTopics(flight) }) {
			defer s.mu.Unlock()
			return c.current, false, closed(c.current)
		}
		c.flight, c.dirty, c.read = flight, false, time.Now()
	}
	flight, limit := c.flight, firstTime
	if c.current != nil {
		limit = patience
		if c.failing {
			limit = impatience
		}
	}
	s.mu.Unlock()

	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-flight:
		err = errors.New("list topics: the store cannot be read")
	case <-timer.C:
		err = fmt.Errorf("list topics: the store has not answered for %s", limit)
	case <-ctx.Done():
		err = fmt.Errorf("list topics: %w", ctx.Err())
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if c.current == nil {
		return nil, false, err
	}
	return c.current, c.current.cfg == s.config.Load() && !c.dirty && c.flight == nil, nil
}

// closed is the error of a server that is closing and has no list.
func closed(l *listing) error {
	if l != nil {
		return nil
	}
	return fmt.Errorf("list topics: %w", context.Canceled)
}

// readTopics reads the list and publishes it. What is forgotten while it is read is not published: it is read once more.
func (s *Server) readTopics(flight chan struct{}) {
	ctx, cancel := context.WithTimeout(s.ctx, renderTimeout)
	defer cancel()
	c := &s.catalog
	s.mu.Lock()
	defer s.mu.Unlock()
	for again := true; again; {
		forgets := c.forgets
		s.mu.Unlock()
		cfg, read := s.config.Load(), s.now()
		infos, err := s.store.Topics(ctx, "")
		var made *listing
		if err == nil {
			made = newListing(cfg, infos)
			made.read = read
			s.healthy()
		} else {
			s.unhealthy(fmt.Errorf("list topics: %w", err))
		}
		s.mu.Lock()
		again = err == nil && c.forgets != forgets
		if c.failing = err != nil; c.failing {
			c.dirty = true
		} else if !again {
			c.current = made
		}
	}
	c.flight = nil
	close(flight)
}

// due is that of an entry made from the list.
func (l *listing) due(now func() time.Time) bool {
	first := l.cfg.modified(l.version).Unix() + settle
	return l.read.Unix() < first && now().Unix() >= first
}

func newListing(cfg *config, infos []feeds.TopicInfo) *listing {
	l := &listing{cfg: cfg, rows: make([]row, 0, len(infos)), counts: make(map[feeds.Topic]int, len(infos))}
	if cfg.site.Static != nil {
		infos, l.misfits = cfg.fitting(infos)
	}
	for _, info := range infos {
		if info.Topic.Group == "" {
			l.counts[info.Topic] = info.Items
		}
		switch {
		case info.Topic.Group != "":
			// Private: in no list.
		case info.Topic == feeds.All:
			l.all, l.version = info, info.Version
		default:
			r := row{TopicInfo: info, Title: cfg.display(info.Topic, info.Label), Path: info.Topic.Path()}
			if !strings.EqualFold(r.Title, info.Topic.Name) && feeds.Fold(r.Title) != info.Topic.Name {
				r.Slug = info.Topic.Name
			}
			r.text = strings.ToLower(r.Title) + "\n" + info.Topic.Name + "\n" + feeds.Fold(info.Label)
			for _, name := range cfg.aliases[info.Topic] {
				r.text += "\n" + name
			}
			l.rows = append(l.rows, r)
		}
	}
	slices.SortFunc(l.rows, func(a, b row) int {
		return cmp.Or(cmp.Compare(rank(a.Topic.Kind), rank(b.Topic.Kind)), strings.Compare(a.Topic.Name, b.Topic.Name))
	})
	for i, less := range [3]func(a, b row) int{
		byRecent: func(a, b row) int { return cmp.Or(b.Newest.Compare(a.Newest), b.Items-a.Items) },
		byName:   func(a, b row) int { return strings.Compare(feeds.Fold(a.Title), feeds.Fold(b.Title)) },
		byCount:  func(a, b row) int { return cmp.Or(b.Items-a.Items, b.Newest.Compare(a.Newest)) },
	} {
		l.sorted[i] = sync.OnceValue(func() []row {
			rows := slices.Clone(l.rows)
			slices.SortStableFunc(rows, func(a, b row) int {
				return cmp.Or(cmp.Compare(rank(a.Topic.Kind), rank(b.Topic.Kind)), empty(a)-empty(b), less(a, b))
			})
			return rows
		})
	}
	return l
}

// count is how many items a topic holds, about.
func (l *listing) count(t feeds.Topic) int { return l.counts[t] }

// languages are the topics of a language and its variants (RFC 4647 §3.3.1).
func (l *listing) languages(name string) []feeds.Topic {
	out := []feeds.Topic{feeds.NewTopic("lang", name)}
	for i := range l.rows {
		if t := l.rows[i].Topic; t.Kind == "lang" && strings.HasPrefix(t.Name, name+"-") {
			out = append(out, t)
		}
	}
	return out
}

// rank is the place of a kind among others.
func rank(kind string) int { return slices.Index(feeds.TopicKinds, kind) }

// empty puts topics without items behind the others.
func empty(r row) int {
	if r.Items == 0 {
		return 1
	}
	return 0
}

// find returns the rows in an order, of one kind or all, whose text holds every word.
func (l *listing) find(order int, kind, words string) []row {
	rows := l.sorted[order]()
	fields := strings.Fields(strings.ToLower(norm.NFC.String(words)))
	if kind == "" && len(fields) == 0 {
		return rows
	}
	var found []row
next:
	for _, r := range rows {
		if kind != "" && r.Topic.Kind != kind {
			continue
		}
		for _, f := range fields {
			if !strings.Contains(r.text, f) {
				continue next
			}
		}
		found = append(found, r)
	}
	return found
}

// similar lists at most five topics whose name is near to one that does not exist: the same under another kind, then
// those that begin alike or are at most two letters away, then those that hold it or are held by it.
func (l *listing) similar(t feeds.Topic) []row {
	type scored struct {
		row   *row
		score int
	}
	var near []scored
	name := []rune(t.Name)
	if len(name) > 64 {
		return nil
	}
	for i := range l.rows {
		r := &l.rows[i]
		score := -1
		switch other := r.Topic.Name; {
		case other == t.Name:
			score = 0
		case r.Topic.Kind != t.Kind:
		case len(name) > 1 && strings.HasPrefix(other, t.Name), len(other) > 3 && strings.HasPrefix(t.Name, other):
			score = 1 + apart(other, t.Name)/4
		case len(name) > 1 && strings.Contains(other, t.Name), len(other) > 3 && strings.Contains(t.Name, other):
			score = 10 + apart(other, t.Name)
		default:
			if d := distance(name, []rune(other)); d <= 2 && d < len(name) {
				score = 1 + d
			}
		}
		if score >= 0 {
			near = append(near, scored{r, score})
		}
	}
	slices.SortStableFunc(near, func(a, b scored) int { return cmp.Or(a.score-b.score, b.row.Items-a.row.Items) })
	var out []row
	for _, n := range near[:min(len(near), 5)] {
		out = append(out, *n.row)
	}
	return out
}

// Near are the topics of a list whose names come nearest to that of one that is not in it, as the answer to an unknown
// address names them; at most five.
func Near(list []feeds.TopicInfo, t feeds.Topic) (out []feeds.Topic) {
	l := listing{rows: make([]row, 0, len(list))}
	for _, info := range list {
		if info.Topic.Kind != "all" {
			l.rows = append(l.rows, row{TopicInfo: info})
		}
	}
	for _, r := range l.similar(t) {
		out = append(out, r.Topic)
	}
	return out
}

// apart is by how many bytes one is longer than the other.
func apart(a, b string) int { return max(len(a)-len(b), len(b)-len(a)) }

// distance is how many letters have to be put in, left out or changed to make b of a; it gives up above 2.
func distance(a, b []rune) int {
	const far = 3
	if len(a)-len(b) >= far || len(b)-len(a) >= far {
		return far
	}
	line := make([]int, len(b)+1)
	for j := range line {
		line[j] = j
	}
	for i := range a {
		diagonal, best := line[0], i+1
		line[0] = i + 1
		for j := range b {
			d := diagonal
			if a[i] != b[j] {
				d = 1 + min(diagonal, line[j], line[j+1])
			}
			diagonal, line[j+1] = line[j+1], d
			best = min(best, d)
		}
		if best >= far {
			return far
		}
	}
	return min(line[len(b)], far)
}
