package app

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"feedmill/cmd/internal/config"
	"feedmill/feeds"
	"feedmill/feeds/web"
)

// view is the store as a private group sees it: the public items and the group's own in the same topics, which are of no group
// there. It implements web.Store.
type view struct {
	shown *shown
	group string
}

// Recent implements web.Store.
func (v *view) Recent(ctx context.Context, t feeds.Topic, order feeds.Order, before feeds.Pos, limit int) (feeds.Page, error) {
	own := t
	own.Group = v.group
	if t.Kind == "feed" { // it is the group's or public, never both
		if v.shown.groupOf(t.Name) == v.group {
			t = own
		}
		return open(v.shown.Recent(ctx, t, order, before, limit))
	}
	public, err := v.shown.Recent(ctx, t, order, before, limit)
	if err != nil {
		return public, err
	}
	private, err := v.shown.Recent(ctx, own, order, before, limit)
	return open(mergePages(public, private, order, limit), err)
}

// Get implements web.Store.
func (v *view) Get(ctx context.Context, ids ...string) ([]feeds.Item, error) {
	items, err := v.shown.Get(ctx, ids...)
	items = slices.DeleteFunc(items, func(it feeds.Item) bool { return it.Group != "" && it.Group != v.group })
	page, err := open(feeds.Page{Items: items}, err)
	return page.Items, err
}

// Topics implements web.Store; the group that is asked for is the public one, since here everything is.
func (v *view) Topics(ctx context.Context, _ string) ([]feeds.TopicInfo, error) {
	public, err := v.shown.Topics(ctx, "")
	if err != nil {
		return nil, err
	}
	private, err := v.shown.Topics(ctx, v.group)
	if err != nil {
		return nil, err
	}
	return mergeInfos(public, private), nil
}

// open takes the group out of items: who sees them knows where they are, and their topics are looked for without it.
func open(page feeds.Page, err error) (feeds.Page, error) {
	for i := range page.Items {
		page.Items[i].Group = ""
	}
	return page, err
}

// mergePages is what one read of two topics together would have brought in an order.
func mergePages(a, b feeds.Page, order feeds.Order, limit int) feeds.Page {
	out := feeds.Page{Version: addVersions(a.Version, b.Version)}
	first := func(x, y feeds.Pos) bool { return newer(x, y) == (order&feeds.Rising == 0) }
	i, j := 0, 0
	for len(out.Items) < limit && (i < len(a.Items) || j < len(b.Items)) {
		// A page may end early, where many items are not to be seen: what follows on it comes first.
		if i == len(a.Items) && !a.Next.IsZero() && first(a.Next, b.At[j]) || j == len(b.Items) && !b.Next.IsZero() && first(b.Next, a.At[i]) {
			break
		}
		if j == len(b.Items) || i < len(a.Items) && first(a.At[i], b.At[j]) {
			out.Items, out.At = append(out.Items, a.Items[i]), append(out.At, a.At[i])
			i++
		} else {
			out.Items, out.At = append(out.Items, b.Items[j]), append(out.At, b.At[j])
			j++
		}
	}
	switch more := i < len(a.Items) || j < len(b.Items) || !a.Next.IsZero() || !b.Next.IsZero(); {
	case more && len(out.At) > 0:
		out.Next = out.At[len(out.At)-1]
	case more && (b.Next.IsZero() || !a.Next.IsZero() && first(a.Next, b.Next)):
		out.Next = a.Next
	case more:
		out.Next = b.Next
	}
	return out
}

// newer reports whether one place stands before another in every order.
func newer(a, b feeds.Pos) bool {
	return cmp.Or(cmp.Compare(a.Second, b.Second), cmp.Compare(a.Seq, b.Seq)) > 0
}

func addVersions(a, b feeds.Version) feeds.Version {
	a.Count += b.Count
	if b.Changed.After(a.Changed) {
		a.Changed = b.Changed
	}
	return a
}

// mergeInfos is the list of topics that two lists make together, without groups.
func mergeInfos(lists ...[]feeds.TopicInfo) []feeds.TopicInfo {
	var out []feeds.TopicInfo
	at := map[feeds.Topic]int{}
	for _, list := range lists {
		for _, info := range list {
			info.Topic.Group = ""
			i, again := at[info.Topic]
			if !again {
				at[info.Topic] = len(out)
				out = append(out, info)
				continue
			}
			have := &out[i]
			if info.Items > have.Items || have.Label == "" {
				have.Label = info.Label
			}
			if have.Items += info.Items; info.Newest.After(have.Newest) {
				have.Newest = info.Newest
			}
			have.Version = addVersions(have.Version, info.Version)
		}
	}
	return out
}

// sourceGroup is the private group of all items of a source, by what is configured; also under its former name, and of one that a
// list names, whose name begins with the list's. ok is false for a source that is not configured: nothing says that it is public.
func sourceGroup(list []config.Source, name string) (group string, ok bool) {
	longest := 0
	for _, s := range list {
		if s.Name == name {
			return s.Group, true
		}
		for _, known := range []string{s.Name + ".", s.Formerly + "."} {
			if len(known) > max(longest, 1) && (strings.HasPrefix(name, known) || name+"." == known) {
				group, ok, longest = s.Group, true, len(known)
			}
		}
	}
	return group, ok
}

// parted is a site as the public sees it, and what each private group sees instead: the sources of a group, what they say and
// where their old names lead are none of the public's business. The caller holds a.mu.
func (a *App) parted(site web.Site) web.Site {
	all := []*config.Config{a.cfg}
	if a.withheld != nil {
		all = append(all, a.withheld)
	}
	own := func(group string) map[string]feeds.About {
		out := make(map[string]feeds.About, len(site.Sources))
		for name, about := range site.Sources {
			hidden := slices.ContainsFunc(all, func(cfg *config.Config) bool {
				g, ok := sourceGroup(cfg.Sources, name)
				return !ok || g != "" && g != group
			})
			if !hidden {
				out[name] = about
			}
		}
		return out
	}
	redirects := func(group string) map[string]web.Redirect {
		out := make(map[string]web.Redirect, len(site.Redirects))
		for from, to := range site.Redirects {
			hidden := slices.ContainsFunc(all, func(cfg *config.Config) bool {
				return slices.ContainsFunc(cfg.Sources, func(s config.Source) bool {
					return s.Group != "" && s.Group != group && s.Formerly != "" && from == feeds.NewTopic("source", s.Formerly).Path()
				})
			})
			if !hidden {
				out[from] = to
			}
		}
		return out
	}
	site.Groups, site.Discreet = nil, len(a.cfg.Groups) > 0
	for _, g := range a.cfg.Groups {
		v := a.views[g.Name]
		if v == nil {
			v = &view{a.shown, g.Name}
			a.views[g.Name] = v
		}
		site.Groups = append(site.Groups, web.Group{
			Name: g.Name, Store: v, Tokens: a.tokens(g), Sources: own(g.Name), Saved: a.saved(g.Name), Redirects: redirects(g.Name),
		})
	}
	site.Sources, site.Redirects, site.Saved = own(""), redirects(""), a.saved("")
	return site
}

// saved are the saved feeds that a group sees by every configuration. The caller holds a.mu.
func (a *App) saved(group string) []feeds.Topic {
	out := savedTopics(a.cfg, group)
	if a.withheld != nil {
		next := savedTopics(a.withheld, group)
		out = slices.DeleteFunc(out, func(t feeds.Topic) bool { return !slices.Contains(next, t) })
	}
	return out
}

// tokens are those of a group that no configuration takes away. The caller holds a.mu.
func (a *App) tokens(g config.Group) map[string]string {
	if a.withheld == nil {
		return g.Tokens
	}
	stay := map[string]bool{}
	for _, next := range a.withheld.Groups {
		for _, token := range next.Tokens {
			stay[next.Name+"/"+token] = true
		}
	}
	out := map[string]string{}
	for who, token := range g.Tokens {
		if stay[g.Name+"/"+token] {
			out[who] = token
		}
	}
	return out
}
