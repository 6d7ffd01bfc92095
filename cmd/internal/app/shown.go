package app

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"sync/atomic"
	"time"

	"feedmill/cache"
	"feedmill/cmd/internal/config"
	"feedmill/feeds"
	"feedmill/feeds/web"
)

// shown is the store as readers see it. The items of a saved feed are in the topic feed/NAME@HASH, one for each expression
// it ever had; under its name are those of the expression that was gathered last. What the configuration in force says is
// private is seen by nobody else, whatever the store says of it.
type shown struct {
	cache.Store
	now     atomic.Pointer[indexes]
	privacy atomic.Pointer[privacy]
}

// indexes are the saved feeds of the configuration. Those of a private group have two topics for each expression: one for public
// items, one for the group's.
type indexes struct {
	groups  map[string]string // by name, of those that are of a private group
	names   map[string]served // by name, those that can be read
	of      map[string]string // name by name of the index
	waiting map[string]bool   // those that are being gathered for the first time
}

// served says what is read under the name of a saved feed: the index with this hash, since a second of the store's clock.
// Base is added to the count of its version, which then grows across expressions.
type served struct {
	Hash  string    `json:"hash"`
	Since time.Time `json:"since"`
	Base  uint64    `json:"base"`
}

const (
	feedsBucket  = "feeds"
	servedPrefix = "serve/"
)

func indexTopic(name, hash string) feeds.Topic {
	return feeds.Topic{Kind: "feed", Name: name + "@" + hash}
}

// savedTopics are the saved feeds that a group sees: the public ones and its own.
func savedTopics(cfg *config.Config, group string) []feeds.Topic {
	var out []feeds.Topic
	for _, f := range cfg.Feeds {
		if f.Topic.Group == "" || f.Topic.Group == group {
			out = append(out, feeds.Topic{Kind: f.Topic.Kind, Name: f.Topic.Name}) // in a group's view everything is
		}
	}
	return out
}

// refresh learns from the store what is read under the names of the configured saved feeds. Without an answer it keeps to what is
// known, of those that are in the same group still.
func (s *shown) refresh(ctx context.Context, cfg *config.Config) error {
	next, err := s.look(ctx, cfg)
	if now := s.now.Load(); err != nil && now != nil {
		next = &indexes{groups: map[string]string{}, names: map[string]served{}, of: map[string]string{}, waiting: map[string]bool{}}
		for _, f := range cfg.Feeds {
			name := f.Topic.Name
			if f.Topic.Group != "" {
				next.groups[name] = f.Topic.Group
			}
			if v, ok := now.names[name]; ok && now.groups[name] == f.Topic.Group {
				next.names[name], next.of[indexTopic(name, v.Hash).Name] = v, name
			} else {
				next.waiting[name] = true
			}
		}
	}
	if next != nil {
		s.now.Store(next)
	}
	return err
}

func (s *shown) look(ctx context.Context, cfg *config.Config) (*indexes, error) {
	out := &indexes{groups: map[string]string{}, names: map[string]served{}, of: map[string]string{}, waiting: map[string]bool{}}
	if len(cfg.Feeds) == 0 {
		return out, nil
	}
	keys := make([]string, len(cfg.Feeds))
	for i, f := range cfg.Feeds {
		keys[i] = servedPrefix + f.Topic.Name
	}
	notes, err := s.Read(ctx, feedsBucket, keys...)
	if err != nil {
		return nil, fmt.Errorf("read which saved feeds are ready: %w", err)
	}
	for _, f := range cfg.Feeds {
		name := f.Topic.Name
		if f.Topic.Group != "" {
			out.groups[name] = f.Topic.Group
		}
		b, ok := notes[servedPrefix+name]
		if !ok {
			out.waiting[name] = true
			continue
		}
		var v served
		if err := json.Unmarshal(b, &v); err != nil {
			return nil, fmt.Errorf("read which saved feeds are ready: %s: %w", name, err)
		}
		out.names[name] = v
		out.of[indexTopic(name, v.Hash).Name] = name
	}
	return out, nil
}

// lookForIndexes sees within seconds what another replica has gathered.
func (a *App) lookForIndexes(ctx context.Context) {
	next, err := a.shown.look(ctx, a.config())
	if err != nil {
		return // tail says that the store does not answer
	}
	if now := a.shown.now.Load(); now != nil && maps.Equal(now.names, next.names) && maps.Equal(now.waiting, next.waiting) {
		return
	}
	if err := a.refreshSite(ctx); err != nil {
		a.log.Debug("cannot take over which saved feeds are ready; trying again", "err", err)
	}
}

// groupOf is the private group of a saved feed; empty for a public one.
func (s *shown) groupOf(name string) string {
	if now := s.now.Load(); now != nil {
		return now.groups[name]
	}
	return ""
}

// index is the topic to read for t: of a feed of a private group, that of its public items. ok is false where there is nothing to read.
func (s *shown) index(t feeds.Topic) (_ feeds.Topic, v served, ok bool, err error) {
	if t.Kind != "feed" {
		return t, v, true, nil
	}
	now := s.now.Load()
	if now == nil || t.Group != now.groups[t.Name] {
		return t, v, false, nil
	}
	if now.waiting[t.Name] {
		return t, v, false, fmt.Errorf("saved feed %s: %w", t.Name, web.ErrNotReady)
	}
	v, ok = now.names[t.Name]
	return indexTopic(t.Name, v.Hash), v, ok, nil
}

// version is that of a saved feed, of the version of its index.
func (v served) version(of feeds.Version) feeds.Version {
	if v.Hash == "" {
		return of
	}
	of.Count += v.Base
	if v.Since.After(of.Changed) {
		of.Changed = v.Since
	}
	return of
}

// Recent implements cache.Items.
func (s *shown) Recent(ctx context.Context, t feeds.Topic, order feeds.Order, before feeds.Pos, limit int) (feeds.Page, error) {
	group := t.Group
	t, v, ok, err := s.index(t)
	if !ok {
		return feeds.Page{}, err
	}
	page, err := s.read(ctx, t, order, before, limit)
	if t.Kind == "feed" && group != "" && err == nil {
		var own feeds.Page
		t.Group = group
		own, err = s.read(ctx, t, order, before, limit)
		page = mergePages(page, own, order, limit)
	}
	page.Version = v.version(page.Version)
	return page, err
}

// Version implements cache.Catalog.
func (s *shown) Version(ctx context.Context, t feeds.Topic) (feeds.Version, error) {
	group := t.Group
	t, v, ok, err := s.index(t)
	if !ok {
		return feeds.Version{}, err
	}
	of, err := s.Store.Version(ctx, t)
	if t.Kind == "feed" && group != "" && err == nil {
		var own feeds.Version
		t.Group = group
		own, err = s.Store.Version(ctx, t)
		of = addVersions(of, own)
	}
	return v.version(of), err
}

// Topics implements cache.Catalog: of saved feeds those that can be read, also without an item.
func (s *shown) Topics(ctx context.Context, group string) ([]feeds.TopicInfo, error) {
	all, err := s.topics(ctx, group)
	if err == nil && group == "" {
		all, err = s.unsaid(ctx, all)
	}
	now := s.now.Load()
	if err != nil || now == nil {
		return all, err
	}
	parts := all
	if group != "" && slices.Contains(slices.Collect(maps.Values(now.groups)), group) {
		public, err := s.topics(ctx, "")
		if err != nil {
			return nil, err
		}
		parts = slices.Concat(all, public)
	}
	var found []feeds.TopicInfo // of saved feeds
	for _, info := range parts {
		if info.Topic.Kind == "feed" {
			if name, ok := now.of[info.Topic.Name]; ok && now.groups[name] == group {
				info.Topic.Name = name
				found = append(found, info)
			}
		}
	}
	out := slices.DeleteFunc(all, func(info feeds.TopicInfo) bool { return info.Topic.Kind == "feed" })
	seen := map[string]bool{}
	for _, info := range mergeInfos(found) {
		name := info.Topic.Name
		seen[name], info.Topic.Group, info.Version = true, group, now.names[name].version(info.Version)
		out = append(out, info)
	}
	for name, v := range now.names {
		if now.groups[name] == group && !seen[name] {
			out = append(out, feeds.TopicInfo{Topic: feeds.Topic{Group: group, Kind: "feed", Name: name}, Version: v.version(feeds.Version{})})
		}
	}
	return out, nil
}

// After implements cache.Log.
func (s *shown) After(ctx context.Context, cursor cache.Cursor, limit int) ([]cache.Entry, error) {
	entries, err := s.Store.After(ctx, cursor, limit)
	now := s.now.Load()
	for i := range entries {
		entries[i].Topics = now.rename(entries[i].Topics)
	}
	return entries, err
}

// rename gives the topics of saved feeds their names, and leaves out those that nobody reads.
func (x *indexes) rename(list []feeds.Topic) []feeds.Topic {
	out := list[:0]
	for _, t := range list {
		if t.Kind == "feed" {
			if x == nil {
				continue
			}
			name, ok := x.of[t.Name]
			if !ok || t.Group != "" && t.Group != x.groups[name] {
				continue
			}
			t.Name, t.Group = name, x.groups[name]
			if slices.Contains(out, t) {
				continue
			}
		}
		out = append(out, t)
	}
	return out
}
