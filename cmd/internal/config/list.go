package config

import (
	"fmt"

	"feedmill/feeds"
	"feedmill/sources"
)

// FromList makes a configuration of sources that a list names: the name of each is made of its title, else of its place.
// Names of taken are not given again. What the list says that cannot be used is returned beside the rest.
func FromList(list []sources.Member, taken []string) (*Config, []error) {
	f := defaults()
	c := &Config{Base: ".", Titles: map[feeds.Topic]string{}}
	c.fill(&f)
	names := map[string]bool{}
	for _, name := range taken {
		names[feeds.Fold(name)] = true
	}
	var errs []error
	for _, m := range list {
		if err := m.Config.Check(c.Base); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", m.Config.Location(), err))
			continue
		}
		from := m.Title
		if from == "" || nameOf(from) == "source" {
			from = m.Config.Location()
		}
		s := Source{
			Name: unique(nameOf(from), names), Kind: m.Kind, Config: m.Config, Interval: m.Kind.Interval,
			AddCategories: m.Categories,
		}
		if m.Title != "" {
			c.Titles[feeds.NewTopic("source", s.Name)] = m.Title
		}
		s.Fingerprint = s.fingerprint(c)
		c.Sources = append(c.Sources, s)
	}
	return c, errs
}
