package app

import (
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"feedmill/cache"
	"feedmill/feeds"
	"feedmill/sources"
)

// story tells what an item itself says; it is nil where only its key is known.
func (t teller) story(key string, it *feeds.Item) Story {
	s := Story{Source: t.name, Key: key}
	if t.source != nil {
		s.Kind, s.Location = t.source.Kind.Name, t.source.Config.Location()
		if at := t.place(sources.Rejected{Where: key}).Where; at != key {
			s.File = at
		}
	}
	if it == nil {
		return s
	}
	s.Title, s.URL, s.Original, s.Group = it.Title, it.URL, it.Original, it.Group
	if o := it.Origin; o != nil {
		s.Upstream = strings.TrimSpace(o.Title + " " + first(o.URL, o.Home, o.ID))
	}
	for _, c := range it.Also {
		s.Also = append(s.Also, strings.TrimSpace(c.Source+" "+c.URL))
	}
	for _, p := range it.Authors {
		s.Authors = append(s.Authors, p.String())
	}
	s.Published = Dated{it.Published, dateFrom(it.Why("date"), s.File, it.Published)}
	s.Updated = Dated{it.Updated, dateFrom(it.Why("updated"), s.File, it.Updated)}
	s.Arrived.Time = it.Arrived
	s.Language, s.LanguageFrom = it.Language, languageFrom(it)
	s.Removed = strings.Join(it.Why("html"), "; ")
	for what, why := range it.Steps() {
		switch what {
		case "date", "updated", "lang", "html", "id":
		default:
			s.Steps = append(s.Steps, what+" "+why)
		}
	}
	t.placed(&s, it)
	return s
}

// placed tells what rules and saved feeds say of an item, and its topics.
func (t teller) placed(s *Story, it *feeds.Item) {
	s.Topics = nil
	s.Rules, _ = t.policy.Rules.Judge(it)
	if group, why := t.policy.GroupOf(it); why != "" && group == it.Group {
		s.Rules = append(s.Rules, why)
	}
	for _, m := range feeds.Topics(it) {
		s.Topics = append(s.Topics, Placement{m.Topic, m.Label, t.scene.feedsOf(m.Topic)})
	}
	for _, f := range t.scene.Config.Feeds {
		if it.Group != "" && it.Group != f.Topic.Group {
			continue
		}
		has, err := f.Match(it)
		switch {
		case err != nil:
			s.Rules = append(s.Rules, fmt.Sprintf("%s: it fails for this item, which is left out: %v", f.Topic, err))
		case has:
			s.Rules = append(s.Rules, f.Topic.String()+": matches")
			s.Topics = append(s.Topics, Placement{f.Topic, "", t.scene.feedsOf(f.Topic)})
		default:
			s.Rules = append(s.Rules, f.Topic.String()+": does not match")
		}
	}
}

// idSteps are what an item says of its ID: that another feed has it, and which key it came under before.
func idSteps(it *feeds.Item) []string {
	if it == nil {
		return nil
	}
	return it.Why("id")
}

// dateFrom writes the steps by which a date came about for people.
func dateFrom(steps []string, file string, date time.Time) string {
	out := make([]string, 0, len(steps))
	for _, step := range steps {
		step, bare := strings.CutSuffix(step, feeds.NoZone)
		if t, ahead := strings.CutSuffix(step, feeds.Ahead); ahead {
			step = t + feeds.Ahead + " of the time at which it was read: first seen"
		}
		if line, ok := strings.CutPrefix(step, "line "); ok && file != "" {
			step = file + ":" + line
		} else if step == "file name" && file != "" {
			step = "the file name " + filepath.Base(file)
		}
		if bare {
			step += ", which has no zone: read as " + date.Format("-07:00")
		}
		out = append(out, step)
	}
	return strings.Join(out, "; then ")
}

func languageFrom(it *feeds.Item) string {
	switch steps := it.Why("lang"); {
	case it.Language == "":
		return "neither stated nor configured, and its script does not tell"
	case len(steps) == 0:
		return "stated by the item or its source"
	case steps[len(steps)-1] == "settings":
		return "the configuration"
	case steps[len(steps)-1] == "script":
		return "told by its script"
	default:
		return strings.Join(steps, "; then ")
	}
}

// stand tells what has become of an item.
func (t teller) stand(s *Story, r feeds.Record) {
	s.State = string(r.Standing)
	s.FirstSeen = Dated{Time: r.FirstSeen}
	live := r.Standing == feeds.Live
	switch r.Standing {
	case feeds.Live:
		if r.Baseline {
			s.Because = "it came with the first import, or by a rule that let it in: no news"
		}
	case feeds.Waiting:
		s.Because = heldUntil(r.Item)
	case feeds.Within:
		s.Because = "another source's item is shown in its place: " + r.Shown
	case feeds.Gone:
		s.Because = "its source does not state it any more; it returns under its ID when it does"
		s.Withdrawn = r.Withdrawn
	case feeds.Expired:
		s.Because = "dropped by retention"
	case feeds.Retired:
		s.Because = "its source is not configured any more"
	}
	if r.Item == nil {
		if r.Standing != feeds.Live {
			s.Because = strings.TrimPrefix(s.Because+"; its text is not kept any more", "; ")
		}
		return
	}
	it := r.Item
	if s.Published.From == "" {
		if s.Published.From = "stated by its source"; it.Published.Equal(r.FirstSeen) {
			s.Published.From = "first seen: its source states none"
		}
	}
	if s.Updated.From == "" {
		if s.Updated.From = "when its source was first seen to change it"; it.Updated.Equal(it.Published) {
			s.Updated.From = "as published: no later change is known"
		}
	}
	if r.Baseline {
		s.Arrived.From = "no news, so it counts as arrived when it was published"
	}
	if !live {
		s.Topics = nil
	}
}

// identity tells where a public ID is from. wish is empty where it is not known; steps are what the item says of it.
func (t teller) identity(s *Story, id, wish string, steps []string) {
	s.ID = id
	bare, clash := id, false
	if _, suffix, ok := strings.Cut(cache.MintID(t.name, s.Key, "#", true), "##"); ok && suffix != "" {
		bare, clash = strings.CutSuffix(id, "#"+suffix)
	}
	switch {
	case id == "":
		return
	case bare == s.Key:
		s.IDFrom = "the key: what its upstream calls it by"
	case wish != "":
		s.IDFrom = "wished by its source: what subscribers of its own feed know"
	case bare == cache.MintID(t.name, s.Key, "", false):
		s.IDFrom = "minted of source and key: its source wishes for none"
	case strings.HasPrefix(bare, "urn:uuid:") && isMinted(bare):
		s.IDFrom = "minted under a former name of its source or a former key"
	default:
		s.IDFrom = "wished by its source: what subscribers of its own feed know"
	}
	for _, step := range steps {
		if adopted, from, ok := strings.Cut(step, sources.OfAdopted); !ok {
			s.IDFrom += "; " + step
		} else if adopted == bare {
			s.IDFrom = "wished as in the adopted feed " + from
		}
	}
	if clash {
		s.IDFrom += "; another item of this store has that ID, so it got a suffix"
	}
}

// isMinted says that a UUID is of the version that cache.MintID makes (RFC 9562 §5.8).
func isMinted(urn string) bool {
	const versionAt = len("urn:uuid:") + 14
	return len(urn) > versionAt && urn[versionAt] == '8'
}

func first(texts ...string) string {
	for _, s := range texts {
		if s != "" {
			return s
		}
	}
	return ""
}
