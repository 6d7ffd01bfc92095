package app

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"feedmill/cache"
	"feedmill/cmd/internal/config"
	"feedmill/feeds"
	"feedmill/feeds/match"
	"feedmill/feeds/web"
	"feedmill/sources"
)

// scanBatch is how many stored items are read at once.
const scanBatch = 500

// look asks what is cheap first, then compares the address of every stored item with one that was asked for: stores have
// no index of addresses, which thousands of lookups a day would need and an operator's few do not.
func (x *explainer) look(ctx context.Context, q Question) error {
	stored, err := x.store.List(ctx)
	if err != nil {
		return err
	}
	var names []string
	for _, s := range stored {
		names = append(names, s.Name)
	}
	for _, s := range x.list {
		if !slices.Contains(names, s.Name) {
			names = append(names, s.Name)
		}
	}
	asked := strings.TrimSpace(q.Asked)
	address := canonical(asked)
	known := spellings(asked)
	byID, err := x.store.Find(ctx, known...)
	if err != nil {
		return err
	}
	for _, r := range byID {
		if err := x.record(ctx, r); err != nil {
			return err
		}
	}
	for _, name := range names {
		keys := known
		if rel := x.inside(name, q.File); rel != "" {
			keys = append(slices.Clone(known), rel)
		}
		byKey, err := x.store.Known(ctx, name, keys...)
		if err != nil {
			return err
		}
		for _, r := range byKey {
			if err := x.record(ctx, r); err != nil {
				return err
			}
		}
		if err := x.unpublished(ctx, name, keys, address); err != nil {
			return err
		}
		if address != "" {
			if err := x.scan(ctx, name, address); err != nil {
				return err
			}
		}
	}
	if err := x.topic(ctx, asked); err != nil {
		return err
	}
	if len(x.out.Items) == 0 && x.out.Topic == nil {
		x.hint(q, names, stored)
	}
	return nil
}

// unpublished looks among what rules left out and what was rejected.
func (x *explainer) unpublished(ctx context.Context, name string, keys []string, address string) error {
	t := x.teller(name)
	same := func(s string) bool {
		return s != "" && (slices.Contains(keys, s) || address != "" && canonical(s) == address)
	}
	for _, key := range keys {
		held, err := noteAs[sources.Twin](ctx, x.store, sources.BucketHeld, name, sources.HeldName(key))
		if err != nil {
			return err
		}
		if held != nil {
			x.add(t.twin(*held))
		}
	}
	var left []sources.Dropped
	err := x.store.Range(ctx, noteBucket(sources.BucketDropped, name), func(_ string, value []byte) error {
		var d sources.Dropped
		if err := json.Unmarshal(value, &d); err != nil {
			return fmt.Errorf("read what was left out of source %s: %w", name, err)
		}
		if same(d.Key) || same(d.ID) || same(d.URL) {
			left = append(left, d)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, d := range left {
		known, err := x.store.Known(ctx, name, d.Key)
		if err != nil {
			return err
		}
		if err := x.record(ctx, known[0]); err != nil { // it was published before the rule
			return err
		}
		x.add(t.dropped(d))
	}
	return x.store.Range(ctx, noteBucket(sources.BucketRejected, name), func(_ string, value []byte) error {
		var r sources.Rejected
		if err := json.Unmarshal(value, &r); err != nil {
			return fmt.Errorf("read the reports on source %s: %w", name, err)
		}
		if same(r.Where) {
			x.add(t.rejected(r))
		}
		return nil
	})
}

// scan reads every live and held item of a source.
func (x *explainer) scan(ctx context.Context, name, address string) error {
	var keys []string
	if err := x.store.Keys(ctx, name, func(key string) error {
		keys = append(keys, key)
		return nil
	}); err != nil {
		return err
	}
	for part := range slices.Chunk(keys, scanBatch) {
		records, err := x.store.Known(ctx, name, part...)
		if err != nil {
			return err
		}
		for _, r := range records {
			if it := r.Item; it != nil && hasAddress(it, address) {
				if err := x.record(ctx, r); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func hasAddress(it *feeds.Item, address string) bool {
	if canonical(it.URL) == address || canonical(it.Original) == address {
		return true
	}
	return slices.ContainsFunc(it.Also, func(c feeds.Copy) bool { return canonical(c.URL) == address })
}

// inside is the path of a file below the directory of a source; empty if it is elsewhere.
func (x *explainer) inside(name, file string) string {
	s := x.source(name)
	if s == nil || file == "" || strings.Contains(s.Config.Location(), "://") {
		return ""
	}
	root := s.Config.Location()
	if !filepath.IsAbs(root) {
		root = filepath.Join(x.scene.Config.Base, root)
	}
	root, err := filepath.Abs(root)
	if err != nil {
		return ""
	}
	rel, err := filepath.Rel(root, file)
	if err != nil || rel == "." || strings.HasPrefix(rel, "..") {
		return ""
	}
	return filepath.ToSlash(rel)
}

// canonical is the form in which addresses are compared; empty for what is no address of a post.
func canonical(address string) string { return sources.Canonical(&feeds.Item{URL: address}) }

// spellings are the texts under which a store may know what was asked for: as it is, and for an address with the other
// scheme, with and without www. and the slash at its end, and as Jekyll's IDs have it, without .html.
func spellings(asked string) []string {
	out := []string{asked, sources.CleanKey(asked)}
	if canonical(asked) != "" {
		u, err := url.Parse(asked)
		if err != nil {
			return out[:1]
		}
		u.Fragment, u.RawFragment = "", ""
		for _, scheme := range []string{"https", "http"} {
			for _, host := range []string{u.Host, trimWWW(u.Host), "www." + trimWWW(u.Host)} {
				v := *u
				v.Scheme, v.Host = scheme, host
				plain := strings.TrimSuffix(v.String(), "/")
				out = append(out, v.String(), plain, strings.TrimSuffix(plain, ".html"))
				if v.RawQuery == "" {
					out = append(out, plain+"/")
				}
			}
		}
	}
	slices.Sort(out)
	out = slices.Compact(out)
	return slices.DeleteFunc(out, func(s string) bool { return s == "" || len(s) > feeds.MaxKey })
}

// topic tells of the feed or page that an address is of.
func (x *explainer) topic(ctx context.Context, asked string) error {
	t, label, ok := x.topicOf(asked)
	if !ok {
		return nil
	}
	list, err := x.store.Topics(ctx, "")
	if err != nil {
		return err
	}
	s := &TopicStory{Topic: t, Label: label, Feeds: x.scene.feedsOf(t), Title: x.scene.Config.Titles[t]}
	for _, info := range list {
		if info.Topic == t {
			s.Known, s.Items, s.Newest, s.Changed = true, info.Items, info.Newest, info.Version.Changed
			s.Label = first(info.Label, label)
		}
	}
	if to, moved := x.scene.Config.Redirects[t.Path()]; moved {
		s.Because = append(s.Because, "its address redirects to "+to.To+", as the configuration says")
	}
	s.Because = append(s.Because, relabelled("labels", x.scene.Config.Labels, t)...)
	for _, f := range x.scene.Config.Feeds {
		if f.Topic.Kind == t.Kind && f.Topic.Name == t.Name {
			s.Because = append(s.Because, savedBy(f))
			if f.Topic.Group != "" {
				s.Because = append(s.Because, "it is seen in the private group "+f.Topic.Group+" alone")
				continue
			}
			if !s.Known {
				s.Because = append(s.Because, "its items are being gathered, by a server with this configuration")
			}
		}
	}
	for _, src := range x.list {
		s.Because = append(s.Because, relabelled("labels of source "+src.Name, src.Labels, t)...)
	}
	if !s.Known {
		if len(s.Because) == 0 {
			s.Because = append(s.Because, "no item ever had it")
		}
		for _, near := range web.Near(list, t) {
			s.Near = append(s.Near, x.scene.Base+near.Path())
		}
	}
	x.out.Topic = s
	return nil
}

// savedBy tells what a saved feed has.
func savedBy(f config.Feed) string {
	d := f.Definition()
	if d.Where != "" {
		return "a saved feed of the items where " + d.Where
	}
	if filter, err := match.Compile(d.Match); err == nil { // the configuration was checked
		return "a saved feed of the items that match " + filter.String()
	}
	return "a saved feed"
}

// relabelled says what the rules do with the label of a topic.
func relabelled(where string, rules sources.LabelRules, t feeds.Topic) (out []string) {
	var r sources.Relabel
	switch t.Kind {
	case "category":
		r = rules.Category
	case "tag":
		r = rules.Tag
	}
	if r.Drop[t.Name] {
		out = append(out, where+": it is left out of every item")
	}
	if to, ok := r.To[t.Name]; ok && feeds.Fold(to) != t.Name {
		out = append(out, where+": items have "+to+" instead")
	}
	if more := r.Add[t.Name]; len(more) > 0 {
		out = append(out, where+": it brings "+strings.Join(more, ", "))
	}
	return out
}

// topicOf reads the address of a topic: a path, or an address at the base URL or on this machine.
func (x *explainer) topicOf(asked string) (t feeds.Topic, label string, ok bool) {
	u, err := url.Parse(asked)
	if err != nil {
		return t, "", false
	}
	path := u.EscapedPath()
	base, err := url.Parse(x.scene.Base)
	if err != nil {
		return t, "", false
	}
	if u.Host != "" {
		host := u.Hostname()
		if u.Host != base.Host && host != "localhost" && host != "127.0.0.1" && host != "::1" {
			return t, "", false
		}
		path = strings.TrimPrefix(path, strings.TrimSuffix(base.EscapedPath(), "/"))
	}
	for _, f := range x.scene.Formats {
		if rest, found := strings.CutSuffix(path, f.Suffix); found {
			path = rest
			break
		}
	}
	t, label, err = feeds.ParsePath("/" + strings.TrimPrefix(path, "/"))
	return t, label, err == nil
}

// hint says where to look on when nothing was found.
func (x *explainer) hint(q Question, names []string, stored []cache.SourceInfo) {
	add := func(s string) { x.out.Hints = append(x.out.Hints, s) }
	if len(names) == 0 {
		add("the store has no source yet: feedmill serve fills it, feedmill preview SOURCE --explain needs none")
		return
	}
	for _, name := range names {
		rel := x.inside(name, q.File)
		if rel == "" {
			continue
		}
		if _, err := os.Stat(q.File); err == nil {
			add("source " + name + " takes " + rel + " for no post, or its author hides it (published: false, draft: true); feedmill check --config FILE lists what is rejected")
		}
	}
	if u, err := url.Parse(q.Asked); err == nil && u.Host != "" {
		for _, name := range atHost(x.list, stored, u.Host) {
			add("source " + name + " is of its host; what left an upstream's window before its first fetch was never seen")
		}
	}
	add("looked in " + strings.Join(names[:min(len(names), 20)], ", ") + "; withdrawn items are found by their ID or key")
}

// atHost names the sources whose location or site is at a host.
func atHost(list []config.Source, stored []cache.SourceInfo, host string) (names []string) {
	add := func(name, address string) {
		if u, err := url.Parse(address); err == nil && u.Host != "" && trimWWW(u.Host) == trimWWW(host) && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	for _, s := range list {
		add(s.Name, s.Config.Location())
	}
	for _, s := range stored {
		add(s.Name, s.About.URL)
	}
	return names
}
