package lint

import "time"

// moment is when an item is dated, as Slack's reader sees it: its line, and the second.
type moment struct {
	line int
	at   time.Time
}

// moments are those of the items of RSS and Atom that have a date.
func (d *doc) moments() (out []moment) {
	if d.json != nil {
		return nil
	}
	for _, s := range d.dates() {
		if s.item >= 0 && s.ok {
			out = append(out, moment{s.line, s.at.Truncate(time.Second)})
		}
	}
	return out
}

// Slack's reader posts what is newer than the newest date it saw, and leaves all else out without a word.
var slackRules = []Rule{
	{"slack-format", Info, "Slack reads RSS and Atom.", slack, func(d *doc) {
		if d.report.Format == JSONFeed {
			d.fail(0, "Slack does not read JSON Feed; give it the RSS or Atom document")
		}
	}},
	{"slack-date", Info, "For Slack, every item has a date.", slack, func(d *doc) {
		if d.json != nil {
			return // slack-format says it all
		}
		have := map[int]bool{}
		for _, s := range d.dates() {
			have[s.item] = true
		}
		for i, it := range d.items() {
			if !have[i] {
				d.fail(it.line, "%s has no date: Slack leaves it out", it.label())
			}
		}
	}},
	{"slack-order", Info, "For Slack, the newest item is the first.", slack, func(d *doc) {
		list := d.moments()
		for i := 1; i < len(list); i++ {
			if list[i].at.After(list[i-1].at) {
				d.fail(list[i].line, "this item is newer than the one before it: Slack may leave it out")
			}
		}
	}},
	{"slack-unique", Info, "For Slack, no two items have the same second.", slack, func(d *doc) {
		seen := map[int64]int{}
		for _, m := range d.moments() {
			if line := seen[m.at.Unix()]; line > 0 {
				d.fail(m.line, "this item has the second of the one in line %d: Slack may leave one out", line)
			} else {
				seen[m.at.Unix()] = m.line
			}
		}
	}},
}
