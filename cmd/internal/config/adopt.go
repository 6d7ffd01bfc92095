package config

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"go.yaml.in/yaml/v4"

	"feedmill/sources"
)

// Adopt is a feed that a source continues.
type Adopt struct {
	Kind   sources.Kind
	Config sources.Config
	// Text is what the configuration says.
	Text string
}

// String is the value of the key.
func (a *Adopt) String() string {
	if a == nil {
		return ""
	}
	return a.Text
}

// Adopted is the feed that s continues as a source that is asked as s is, but without what is meant for the host of s. s
// has an Adopt.
func (s Source) Adopted() Source {
	s.Web = s.Web.anonymous()
	s.Kind, s.Config = s.Adopt.Kind, s.Adopt.Config
	return s
}

// adopt checks the key of that name: an address, or a file relative to the configuration, that a kind reads.
func (r *reader) adopt(n *yaml.Node, at, text string, of sources.Kind, kinds []sources.Kind) *Adopt {
	if text == "" {
		return nil
	}
	fail := func(err error) *Adopt {
		r.value(valueOf(n, "adopt"), join(at, "adopt"), err)
		return nil
	}
	if of.Members != nil {
		return fail(fmt.Errorf("a source of kind %s has no items of its own; adopt is for the sources that have", of.Name))
	}
	where := text
	if !strings.Contains(where, "://") && !filepath.IsAbs(where) {
		where = filepath.Join(r.base, where)
	}
	kind, cfg, err := recognise(where, kinds)
	if err != nil || kind.Members != nil {
		return fail(errors.New("want the address of the feed that this source continues, or a file with a saved copy of it"))
	}
	if err := cfg.Check(r.base); err != nil {
		return fail(err)
	}
	return &Adopt{Kind: kind, Config: cfg, Text: text}
}
