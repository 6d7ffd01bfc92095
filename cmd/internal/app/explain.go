package app

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"time"

	"feedmill/cache"
	"feedmill/cmd/internal/config"
	"feedmill/feeds"
	"feedmill/sources"
)

// Explanation is what is known of what somebody asked for.
type Explanation struct {
	Asked string `json:"asked"`
	// Items are all that have it as ID, native key, file or address.
	Items []Story `json:"items"`
	// Topic is set where the address is that of a feed or of its page.
	Topic *TopicStory `json:"topic,omitempty"`
	// Hints say where to look on.
	Hints []string `json:"hints,omitempty"`
}

// Story tells how an item came to be what it is, and where it is.
type Story struct {
	Source   string `json:"source"`
	Kind     string `json:"kind,omitempty"`
	Location string `json:"location,omitempty"`
	// Key is the native key: of an upstream entry its guid. File is the post's own, where it has one here.
	Key  string `json:"key"`
	File string `json:"file,omitempty"`
	// State is one of live, held, merged, withdrawn, expired, retired, dropped (by a rule) and rejected.
	State   string `json:"state"`
	Because string `json:"because,omitempty"`
	// ID is the public identity, IDFrom where it is from.
	ID       string `json:"id,omitempty"`
	IDFrom   string `json:"id_from,omitempty"`
	Title    string `json:"title,omitempty"`
	URL      string `json:"url,omitempty"`
	Original string `json:"original,omitempty"`
	// Upstream is the feed it was republished from, Also where other sources have it, Group its private group.
	Upstream string   `json:"upstream,omitempty"`
	Also     []string `json:"also,omitempty"`
	Group    string   `json:"group,omitempty"`

	FirstSeen Dated `json:"first_seen,omitzero"`
	Arrived   Dated `json:"arrived,omitzero"`
	Published Dated `json:"published,omitzero"`
	Updated   Dated `json:"updated,omitzero"`
	// Withdrawn is when its source was first found not to state it any more.
	Withdrawn time.Time `json:"withdrawn,omitzero"`

	Language     string   `json:"language,omitempty"`
	LanguageFrom string   `json:"language_from,omitempty"`
	Authors      []string `json:"authors,omitempty"`
	// Removed counts what was taken out of its HTML.
	Removed string `json:"removed,omitempty"`
	// Steps were taken by rules about labels and the like when it was stated; Rules is what each keep and drop rule and each
	// saved feed says of it now; Reports is what was mended or is wrong.
	Steps   []string    `json:"steps,omitempty"`
	Rules   []string    `json:"rules,omitempty"`
	Reports []string    `json:"reports,omitempty"`
	Topics  []Placement `json:"topics,omitempty"`
}

// Dated is a date and where it is from.
type Dated struct {
	Time time.Time `json:"time,omitzero"`
	From string    `json:"from,omitempty"`
}

// Placement is a topic that an item is in.
type Placement struct {
	Topic feeds.Topic `json:"topic"`
	Label string      `json:"label,omitempty"`
	// Feeds are its addresses, one for each format; none for a private topic.
	Feeds []string `json:"feeds,omitempty"`
}

// TopicStory tells what a topic is, or why there is none.
type TopicStory struct {
	Topic feeds.Topic `json:"topic"`
	Label string      `json:"label,omitempty"`
	Title string      `json:"title,omitempty"`
	// Known says that it has or had items.
	Known   bool      `json:"known"`
	Items   int       `json:"items"`
	Newest  time.Time `json:"newest,omitzero"`
	Changed time.Time `json:"changed,omitzero"`
	// Because are rules of the configuration about it.
	Because []string `json:"because,omitempty"`
	Feeds   []string `json:"feeds,omitempty"`
	// Near are addresses of topics with similar names.
	Near []string `json:"near,omitempty"`
}

// Question is what somebody asks for.
type Question struct {
	// Asked is a public ID, a native key or an address.
	Asked string
	// File is the absolute path of what is asked for, where that is a file.
	File string
}

// Scene is what explanations are given from.
type Scene struct {
	Config  *config.Config
	Formats []feeds.Format
	// Base is the address that feeds are published at.
	Base string
}

// BaseOf is the address that readers subscribe to: the configured one, else this machine's at the port of listen.
func BaseOf(cfg *config.Config, listen string) string {
	if cfg.BaseURL != "" {
		return cfg.BaseURL
	}
	_, port, err := net.SplitHostPort(listen)
	if err != nil {
		return "http://localhost"
	}
	return "http://localhost:" + port
}

// Explain looks for an item in every source of a store, or for a topic. That nothing is known is no error.
func Explain(ctx context.Context, store cache.Store, scene Scene, q Question) (Explanation, error) {
	list, _, err := effective(ctx, store, slog.New(slog.DiscardHandler), scene.Config)
	if err != nil {
		return Explanation{}, fmt.Errorf("explain %s: %w", q.Asked, err)
	}
	read := &shown{Store: store}
	if err := read.refresh(ctx, scene.Config); err != nil {
		return Explanation{}, fmt.Errorf("explain %s: %w", q.Asked, err)
	}
	x := &explainer{store: read, scene: scene, list: list, found: map[[2]string]int{}}
	x.out.Asked, x.out.Items = q.Asked, []Story{}
	if err := x.look(ctx, q); err != nil {
		return Explanation{}, fmt.Errorf("explain %s: %w", q.Asked, err)
	}
	return x.out, nil
}

// Scene is what this server explains from.
func (a *App) Scene() Scene { return Scene{a.config(), a.opts.Formats, a.Base()} }

// explain answers the verb of the same name.
func (a *App) explain(w http.ResponseWriter, r *http.Request) {
	e, err := Explain(r.Context(), a.store, a.Scene(), Question{r.FormValue("asked"), r.FormValue("file")})
	if err != nil {
		answer(w, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(e); err != nil {
		a.log.Debug("cannot write the explanation", "err", err)
	}
}

// explainer gathers one explanation.
type explainer struct {
	store cache.Store
	scene Scene
	list  []config.Source
	out   Explanation
	found map[[2]string]int // source and key: where it is in out.Items
}

// source is the configuration of a source; nil if it has none.
func (x *explainer) source(name string) *config.Source {
	for i := range x.list {
		if x.list[i].Name == name {
			return &x.list[i]
		}
	}
	return nil
}

// add tells of an item once.
func (x *explainer) add(s Story) {
	at := [2]string{s.Source, s.Key}
	if _, twice := x.found[at]; !twice {
		x.found[at] = len(x.out.Items)
		x.out.Items = append(x.out.Items, s)
	}
}

// record tells of what the store has.
func (x *explainer) record(ctx context.Context, r feeds.Record) error {
	if r.Standing == "" {
		return nil
	}
	if _, twice := x.found[[2]string{r.Source, r.Key}]; twice {
		return nil
	}
	var left *sources.Dropped
	var report *sources.Rejected
	if r.Key != "" {
		var err error
		if left, err = noteAs[sources.Dropped](ctx, x.store, sources.BucketDropped, r.Source, r.Key); err != nil {
			return err
		}
		if report, err = noteAs[sources.Rejected](ctx, x.store, sources.BucketRejected, r.Source, r.Key); err != nil {
			return err
		}
	}
	t := x.teller(r.Source)
	s := t.story(r.Key, r.Item)
	if it := r.Item; it != nil && r.Standing == feeds.Live && len(it.Also) > 0 {
		live, err := x.store.Get(ctx, r.ID) // with the labels of all that are shown as one
		if err != nil {
			return err
		}
		if len(live) > 0 {
			t.placed(&s, &live[0])
		}
	}
	t.stand(&s, r)
	t.identity(&s, r.ID, "", idSteps(r.Item))
	if left != nil && r.Standing == feeds.Gone {
		s.State, s.Because, s.Withdrawn = stateDropped, leftBy(*left), time.Time{}
	}
	if report != nil {
		s.Reports = append(s.Reports, t.place(*report).String())
	}
	x.add(s)
	return nil
}

// States of items that no store has.
const (
	stateDropped  = "dropped"
	stateRejected = "rejected"
)

// noteAs reads a note of a source's bucket; nil for none.
func noteAs[T any](ctx context.Context, store cache.Notes, bucket, source, key string) (*T, error) {
	found, err := store.Read(ctx, noteBucket(bucket, source), key)
	if err != nil || found[key] == nil {
		return nil, err
	}
	v := new(T)
	if err := json.Unmarshal(found[key], v); err != nil {
		return nil, fmt.Errorf("read what is remembered of %s: %w", key, err)
	}
	return v, nil
}

// feedsOf are the addresses of a topic.
func (s Scene) feedsOf(t feeds.Topic) (out []string) {
	if t.Group != "" {
		return nil
	}
	for _, f := range s.Formats {
		out = append(out, s.Base+t.Path()+f.Suffix)
	}
	return out
}

// teller tells stories of the items of one source.
type teller struct {
	name   string
	source *config.Source // nil for one that is not configured
	scene  Scene
	policy sources.Policy
}

func (x *explainer) teller(name string) teller { return newTeller(x.scene, name, x.source(name)) }

func newTeller(scene Scene, name string, s *config.Source) teller {
	t := teller{name: name, source: s, scene: scene}
	if s != nil {
		t.policy = PolicyOf(scene.Config, *s)
	}
	return t
}

// Stories tells of all that a preview of a source shows.
func Stories(scene Scene, s config.Source, p sources.Preview) []Story {
	t := newTeller(scene, s.Name, &s)
	reports := map[string]sources.Rejected{}
	for _, r := range p.Rejected {
		reports[r.Where] = r
	}
	out := []Story{}
	add := func(s Story, standing feeds.Standing) {
		s.State = string(standing)
		if r, ok := reports[s.Key]; ok {
			s.Reports = append(s.Reports, t.place(r).String())
			delete(reports, s.Key)
		}
		out = append(out, s)
	}
	for _, list := range []struct {
		changes  []feeds.Change
		standing feeds.Standing
	}{{p.Items, feeds.Live}, {p.Held, feeds.Waiting}} {
		for _, c := range list.changes {
			s := t.story(c.Key, c.Item)
			t.identity(&s, cache.MintID(c.Source, c.Key, c.Wish, false), c.Wish, idSteps(c.Item))
			if list.standing == feeds.Waiting {
				s.Because = heldUntil(c.Item)
			}
			add(s, list.standing)
		}
	}
	for _, d := range p.Dropped {
		d.At = time.Time{} // it is now
		s := t.dropped(d)
		delete(reports, d.Key)
		out = append(out, s)
	}
	for _, r := range p.Rejected {
		if r, ok := reports[r.Where]; ok {
			out = append(out, t.rejected(r))
		}
	}
	return out
}

func (t teller) dropped(d sources.Dropped) Story {
	s := t.story(d.Key, nil)
	s.State, s.Because, s.Title, s.URL = stateDropped, leftBy(d), d.Title, d.URL
	t.identity(&s, cache.MintID(t.name, d.Key, d.ID, false), d.ID, nil)
	return s
}

// leftBy says what left an item out.
func leftBy(d sources.Dropped) string {
	text := "by the rule " + d.Rule
	if !d.At.IsZero() {
		text += ", since " + d.At.Format(time.RFC3339)
	}
	return text
}

func (t teller) rejected(r sources.Rejected) Story {
	s := t.story(r.Where, nil)
	s.State = stateRejected
	if r.Repaired {
		s.State = "repaired"
	}
	s.Reports = []string{t.place(r).String()}
	return s
}

// twin tells of an entry that looks like one which is published under another key.
func (t teller) twin(h sources.Twin) Story {
	s := t.story(h.New, nil)
	s.State = string(feeds.Waiting)
	s.Because = fmt.Sprintf("since %s: it looks like %s, which is published under the key %s; feedmill absorb %s if they are the same, feedmill release %s if it is new",
		h.At.Format(time.RFC3339), h.ID, h.Old, t.name, t.name)
	return s
}

// place is a report with the path of its file as it can be opened from here.
func (t teller) place(r sources.Rejected) sources.Rejected {
	if t.source == nil {
		return r
	}
	at := t.source.Config.Location()
	if there := Place(at, r); there != r || filepath.IsAbs(at) {
		return there
	}
	return Place(filepath.Join(t.scene.Config.Base, at), r) // a server has another working directory
}

// heldUntil says when a held item is published.
func heldUntil(it *feeds.Item) string {
	if it == nil {
		return ""
	}
	return "until " + it.Published.Format(time.RFC3339) + ", its date"
}

// trimWWW is a host without its www.
func trimWWW(host string) string { return strings.TrimPrefix(strings.ToLower(host), "www.") }
