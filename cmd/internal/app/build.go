package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"feedmill/cache"
	"feedmill/cmd/internal/config"
	"feedmill/feeds"
	"feedmill/feeds/web"
	"feedmill/sources"
	"feedmill/sources/fetch"
)

// BuildOptions is what a build is handed.
type BuildOptions struct {
	Config  *config.Config
	Version string
	Formats []feeds.Format
	// Store is the build's own. Instance is the identity that an earlier tree has, for a store that is new.
	Store    cache.Store
	Instance string
	// HTTP makes the polite client of a source, as for [Start].
	HTTP func(cfg *config.Config, s config.Source, network *fetch.Network) *http.Client
	// Files is the directory in which sources may keep files.
	Files  string
	Static web.Static
	// Release names the sources whose held withdrawals may pass.
	Release []string
	Log     *slog.Logger
	// Show is called with how far the sources are.
	Show func(line string)
}

// Build is what a store publishes as files: every source was fetched once, and nothing changes any more.
type Build struct {
	app *App
	// Sources tell how the fetches went.
	Sources []sources.Status
	private *privates
	topics  []feeds.TopicInfo
}

// ErrNoBase is what NewBuild fails with when nothing says at which address the files will be.
var ErrNoBase = errors.New("base_url is not known: give --base-url, write base_url into the configuration, or url into the site's own")

const buildKey = "build" // in settingsBucket: the store is that of builds

// NewBuild fetches every source once, as far as what is public goes, and prepares the documents. A source that fails is told
// in Sources and keeps what it had. It fails with [ErrNoBase], and when the store is that of a server or fails.
func NewBuild(ctx context.Context, o BuildOptions) (*Build, error) {
	cfg := publicPart(o.Config)
	a := &App{
		opts: Options{Version: o.Version, Formats: o.Formats, HTTP: o.HTTP, Files: o.Files, Log: o.Log},
		log:  o.Log, store: o.Store, shown: &shown{Store: o.Store}, cfg: cfg, stop: func() {}, left: map[string]config.Source{},
	}
	a.network = fetch.NewNetwork(fetch.Options{})
	b := &Build{app: a, private: &privates{keys: map[string]bool{}}}
	for _, step := range []func(context.Context, BuildOptions) error{b.claim, b.mature, b.fetch, b.publish} {
		if err := step(ctx, o); err != nil {
			return nil, errors.Join(err, b.Close())
		}
	}
	return b, nil
}

// Close lets go of everything but the store.
func (b *Build) Close() error {
	b.app.network.CloseIdleConnections()
	if b.app.web != nil {
		b.app.web.Close()
	}
	return nil
}

// publicPart is the configuration without what is private.
func publicPart(cfg *config.Config) *config.Config {
	out := *cfg
	out.Targets, out.Groups = nil, nil // a build sends nothing, and shows nothing under a token
	out.Sources = slices.DeleteFunc(slices.Clone(cfg.Sources), func(s config.Source) bool { return PolicyOf(cfg, s).Group != "" })
	out.Feeds = slices.DeleteFunc(slices.Clone(cfg.Feeds), func(f config.Feed) bool { return f.Topic.Group != "" })
	out.Redirects = maps.Clone(cfg.Redirects)
	for _, s := range cfg.Sources {
		if s.Group != "" && s.Formerly != "" {
			delete(out.Redirects, feeds.NewTopic("source", s.Formerly).Path())
		}
	}
	return &out
}

// claim refuses a store that a server works with: a build leaves what is private out of its own.
func (b *Build) claim(ctx context.Context, o BuildOptions) error {
	notes, err := o.Store.Read(ctx, settingsBucket, buildKey, settingsKey)
	if err != nil {
		return fmt.Errorf("read the settings: %w", err)
	}
	_, ours := notes[buildKey]
	_, used := notes[settingsKey]
	if used && !ours {
		return errors.New("this is the store of a server: give the build a state file of its own, which it makes if there is none")
	}
	edits := []cache.Edit{{Bucket: settingsBucket, Key: buildKey, Value: []byte("1")}}
	if !used && o.Instance != "" {
		text, err := json.Marshal(settings{Instance: o.Instance})
		if err != nil {
			return fmt.Errorf("write the settings: %w", err)
		}
		edits = append(edits, cache.Edit{Bucket: settingsBucket, Key: settingsKey, Value: text})
	}
	if ours {
		return nil
	}
	if err := o.Store.Write(ctx, cache.Lease{}, edits...); err != nil {
		return fmt.Errorf("write the settings: %w", err)
	}
	return nil
}

// mature does what time has brought since the last build, such as posts whose hour has come.
func (b *Build) mature(ctx context.Context, _ BuildOptions) error {
	for {
		now, err := b.app.store.Now(ctx)
		if err != nil {
			return fmt.Errorf("read the store's clock: %w", err)
		}
		next, err := b.app.store.Maintain(ctx)
		if err != nil {
			return fmt.Errorf("maintain the store: %w", err)
		}
		if next.After(now) {
			return nil
		}
	}
}

// fetch fetches the sources that name others, and then all others. What a list named before it failed is not known on an empty
// machine: its sources keep what they have.
func (b *Build) fetch(ctx context.Context, o BuildOptions) error {
	a := b.app
	store := &publicDesks{&desks{store: a.store, log: a.log, mayFetch: a.mayFetch}, b.private, &abouts{last: map[string]feeds.About{}}}
	run := func(list []config.Source) error {
		for _, s := range list {
			if !slices.Contains(o.Release, s.Name) {
				continue
			}
			if err := a.store.Write(ctx, cache.Lease{}, cache.Edit{Bucket: noteBucket("schedule", s.Name), Key: sources.ReleaseKey, Value: []byte("1")}); err != nil {
				return fmt.Errorf("release %s: %w", s.Name, err)
			}
		}
		specs, err := a.specs(a.cfg, list)
		if err != nil {
			return err
		}
		quiet := slog.New(slog.DiscardHandler) // Status tells all of it
		done := sources.Once(ctx, store, specs, sources.Options{Log: quiet}, func(now []sources.Status) {
			_, line := progressOf(now, len(now))
			o.Show(line)
		})
		b.Sources = append(b.Sources, done...)
		return errors.Join(b.describe(ctx, done, store.abouts.take()), ctx.Err())
	}
	lists := slices.DeleteFunc(slices.Clone(a.cfg.Sources), func(s config.Source) bool { return s.Kind.Members == nil })
	if err := run(lists); err != nil {
		return err
	}
	all, _, err := effective(ctx, a.store, a.log, a.cfg)
	if err != nil {
		return err
	}
	kept, err := b.unlisted(ctx, all)
	if err != nil {
		return err
	}
	if err := a.roster(ctx, append(slices.Clone(all), kept...)); err != nil {
		return err
	}
	for _, name := range o.Release {
		if !slices.ContainsFunc(all, func(s config.Source) bool { return s.Name == name }) {
			return fmt.Errorf("release %s: no source is named so", name)
		}
	}
	if err := run(slices.DeleteFunc(all, func(s config.Source) bool { return s.Kind.Members != nil })); err != nil {
		return err
	}
	slices.SortFunc(b.Sources, func(x, y sources.Status) int { return strings.Compare(x.Name, y.Name) })
	return nil
}

// describe stores what sources said of themselves at the end of a good fetch. A source that knows nothing of what it said before
// may say less at first, and each difference would move the dates of its documents.
func (b *Build) describe(ctx context.Context, done []sources.Status, abouts map[string]feeds.About) error {
	for _, s := range done {
		about, ok := abouts[s.Name]
		if !ok || s.Error != "" {
			continue
		}
		err := b.app.atDesk(ctx, s.Name, func(ctx context.Context, l cache.Lease) error {
			return b.app.store.Describe(ctx, l, s.Name, about)
		})
		if err != nil {
			return fmt.Errorf("store what source %s says of itself: %w", s.Name, err)
		}
	}
	return nil
}

// unlisted are the sources in the store that lists named which fail and are not known.
func (b *Build) unlisted(ctx context.Context, all []config.Source) (out []config.Source, err error) {
	var failed []string
	for _, s := range b.Sources {
		list, err := listOf(ctx, b.app.store, config.Source{Name: s.Name})
		if err != nil {
			return nil, err
		}
		if len(list) == 0 && s.Error != "" {
			failed = append(failed, s.Name+".") // what the names of its sources begin with
		}
	}
	if len(failed) == 0 {
		return nil, nil
	}
	stored, err := b.app.store.List(ctx)
	if err != nil {
		return nil, fmt.Errorf("list the sources of the store: %w", err)
	}
	for _, s := range stored {
		known := slices.ContainsFunc(all, func(c config.Source) bool { return c.Name == s.Name })
		of := slices.ContainsFunc(failed, func(prefix string) bool { return strings.HasPrefix(s.Name, prefix) })
		if of && !known && s.Retired.IsZero() {
			out = append(out, config.Source{Name: s.Name})
		}
	}
	return out, nil
}

// publish settles the address and the saved feeds, and makes what renders.
func (b *Build) publish(ctx context.Context, o BuildOptions) error {
	a := b.app
	home, err := b.ownPage(ctx)
	if err != nil {
		return err
	}
	if a.cfg.BaseURL == "" {
		if a.cfg.BaseURL = strings.TrimRight(home, "/"); home == "" {
			return ErrNoBase
		}
	}
	if err := a.adopt(ctx, a.cfg); err != nil {
		return err
	}
	if err := b.forgetConfig(ctx); err != nil {
		return err
	}
	o.Static.Home = home
	if home == "" {
		o.Static.Home = a.cfg.BaseURL + "/"
	}
	a.site.Static, a.site.Hubs, a.site.Local, a.site.RateLimit = &o.Static, nil, false, 0
	still := &frozen{shown: a.shown, pages: map[recent]*reading{}}
	if a.web, err = web.New(still, o.Formats, a.site, web.Options{Log: a.log, Memory: 16 << 20}); err != nil {
		return err
	}
	if err := a.refreshSite(ctx); err != nil {
		return err
	}
	if err := a.gatherOnce(ctx); err != nil {
		return err
	}
	if err := a.refreshSite(ctx); err != nil {
		return err
	}
	still.now.Store(true)
	if b.topics, err = a.shown.Topics(ctx, ""); err != nil {
		return fmt.Errorf("list what is published: %w", err)
	}
	return nil
}

// forgetConfig takes out of the settings which configuration is the newest: that matters among replicas alone, and depends on
// directories of this machine.
func (b *Build) forgetConfig(ctx context.Context) error {
	st, err := b.app.readSettings(ctx)
	if err != nil {
		return err
	}
	st.Config = ""
	text, err := json.Marshal(st)
	if err == nil {
		err = b.app.store.Write(ctx, cache.Lease{}, cache.Edit{Bucket: settingsBucket, Key: settingsKey, Value: text})
	}
	if err != nil {
		return fmt.Errorf("write the settings: %w", err)
	}
	return nil
}

// ownPage is the address of the site that the posts belong to, where there is one such site; a feed by others is not ours.
func (b *Build) ownPage(ctx context.Context) (string, error) {
	page := ""
	for _, s := range b.app.cfg.Sources {
		if !s.Kind.FrontMatter {
			continue
		}
		info, err := b.app.store.Source(ctx, s.Name)
		if err != nil {
			return "", fmt.Errorf("read what source %s says of itself: %w", s.Name, err)
		}
		if page != "" && info.About.URL != "" && info.About.URL != page {
			return "", nil
		}
		if info.About.URL != "" {
			page = info.About.URL
		}
	}
	return page, nil
}

// gatherOnce brings the saved feeds up to date.
func (a *App) gatherOnce(ctx context.Context) error {
	all := &desks{store: a.store, log: a.log, mayFetch: a.mayFetch}
	k, err := all.hold(ctx, "", gatherLease)
	if err != nil {
		return err
	}
	g := &gatherer{a: a, lease: k.lease, failing: map[string]bool{}}
	err = g.load(ctx)
	for worked := true; worked && err == nil; {
		worked, err = g.step(ctx, a.config())
	}
	return errors.Join(err, k.Close())
}

// Base is the address at which the files are meant to be.
func (b *Build) Base() string { return b.app.Base() }

// Instance is the identity of the store, which a store that takes its place should have.
func (b *Build) Instance() string { return b.app.site.Instance }

// Files lists the files, and what cannot be one.
func (b *Build) Files(ctx context.Context) ([]web.File, []web.Misfit, error) {
	return b.app.web.Files(ctx)
}

// Make makes a file.
func (b *Build) Make(ctx context.Context, f web.File) ([]byte, []web.File, error) {
	return b.app.web.Make(ctx, f)
}

// Tell writes what a person should know of the sources, and returns what is published, in a few words.
func (b *Build) Tell(w io.Writer) (string, error) {
	var text strings.Builder
	told := recount(&text, b.Sources, "feedmill build --release")
	_, err := io.WriteString(w, text.String())
	return told.String() + ", " + labelsOf(b.topics), err
}

// Failed are the sources that could not be fetched, or whose withdrawals are held.
func (b *Build) Failed() (out []string) {
	for _, s := range b.Sources {
		if s.Error != "" || s.Withheld != nil || s.Churn != nil {
			out = append(out, s.Name)
		}
	}
	return out
}

// Omit says which items must not be in what is published of the store: those that are private now.
func (b *Build) Omit(source, key string) bool { return b.private.has(source, key) }

// PublishedNote says which notes may be: the settings, and which saved feeds there are. What sources remember may hold secrets.
func PublishedNote(bucket, key string) bool {
	return bucket == settingsBucket && (key == settingsKey || key == buildKey) ||
		bucket == feedsBucket && key != cursorKey // the log begins anew
}

// publicDesks are desks that take what is private for what is not there.
type publicDesks struct {
	*desks
	private *privates
	abouts  *abouts
}

// Open implements sources.Store.
func (d *publicDesks) Open(ctx context.Context, source string) (sources.Desk, error) {
	k, err := d.open(ctx, source)
	if err != nil {
		return nil, err
	}
	return &publicDesk{k, d}, nil
}

type publicDesk struct {
	*desk
	of *publicDesks
}

// Describe keeps the last word for the end of the fetch.
func (k *publicDesk) Describe(_ context.Context, about feeds.About) error {
	k.of.abouts.mu.Lock()
	defer k.of.abouts.mu.Unlock()
	k.of.abouts.last[k.source] = about
	return nil
}

// abouts are what sources said of themselves last, by name.
type abouts struct {
	mu   sync.Mutex
	last map[string]feeds.About
}

func (a *abouts) take() map[string]feeds.About {
	a.mu.Lock()
	defer a.mu.Unlock()
	taken := a.last
	a.last = map[string]feeds.About{}
	return taken
}

// Put withdraws items of private groups.
func (k *publicDesk) Put(ctx context.Context, changes ...feeds.Change) ([]feeds.Accepted, error) {
	for i, c := range changes {
		if c.Item != nil && c.Item.Group != "" {
			changes = slices.Clone(changes)
			for j := i; j < len(changes); j++ {
				if c := &changes[j]; c.Item != nil && c.Item.Group != "" {
					k.of.private.add(k.source, c.Key)
					*c = feeds.Change{Source: c.Source, Key: c.Key}
				}
			}
			break
		}
	}
	return k.desk.Put(ctx, changes...)
}

// privates are the items that are private now, by source and key.
type privates struct {
	mu   sync.Mutex
	keys map[string]bool
}

func (p *privates) add(source, key string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.keys[source+"\x00"+key] = true
}

func (p *privates) has(source, key string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.keys[source+"\x00"+key]
}

// keptPages is how many reads a frozen store remembers: the documents of a topic are made after each other, in each format.
const keptPages = 16

// frozen is a store that changes no more, once now is set: each page is read once for all formats.
type frozen struct {
	*shown
	now   atomic.Bool
	mu    sync.Mutex
	pages map[recent]*reading
	order []recent // oldest first
}

// recent is what a page is read by.
type recent struct {
	topic  feeds.Topic
	order  feeds.Order
	before feeds.Pos
	limit  int
}

// reading is one read, under way or done.
type reading struct {
	once sync.Once
	page feeds.Page
	err  error
}

// Recent implements web.Store. Who gets a page shares its items and changes none.
func (f *frozen) Recent(ctx context.Context, t feeds.Topic, order feeds.Order, before feeds.Pos, limit int) (feeds.Page, error) {
	if !f.now.Load() {
		return f.shown.Recent(ctx, t, order, before, limit)
	}
	key := recent{t, order, before, limit}
	f.mu.Lock()
	r := f.pages[key]
	if r == nil {
		r = &reading{}
		f.pages[key] = r
		if f.order = append(f.order, key); len(f.order) > keptPages {
			delete(f.pages, f.order[0])
			f.order = f.order[1:]
		}
	}
	f.mu.Unlock()
	r.once.Do(func() { r.page, r.err = f.shown.Recent(ctx, t, order, before, limit) })
	return r.page, r.err
}
