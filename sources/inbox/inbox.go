// Package inbox is the source for programs that hand in items themselves: a script, a build, another service. They POST
// them in JSON Feed's item shape to /inbox/NAME on the admin listener; what was answered with 202 is kept.
//
// The same item again changes nothing, an item with a known id replaces what it was, and DELETE takes it back. So a
// sender that does not know what became of a request sends it again.
//
// State: nothing. The letters of its mailbox are JSON arrays of items as they were sent.
package inbox

import (
	"errors"
	"fmt"
	"time"

	"feedmill/sources"
)

// Kind is the kind of source.
var Kind = sources.Kind{
	Name:     "inbox",
	Doc:      "items that programs POST to /inbox/NAME on the admin listener, with this token as bearer",
	Config:   func() sources.Config { return &Config{} },
	New:      newSource,
	Interval: 24 * time.Hour, // only to see that it works: a letter wakes it
	Private:  true,
}

// Config is the configuration of an inbox.
type Config struct {
	// Token is what senders say in "Authorization: Bearer TOKEN".
	Token string `yaml:"inbox" secret:"true"`
}

// minToken is the shortest token, in bytes: what is shorter can be guessed.
const minToken = 16

// Check demands a token that cannot be guessed.
func (c *Config) Check(string) error {
	if len(c.Token) < minToken {
		return fmt.Errorf("inbox: the token must have at least %d characters; `openssl rand -hex 20` makes one", minToken)
	}
	return nil
}

// Location says where items come from. The token is not told.
func (c *Config) Location() string { return "whoever has its token" }

func newSource(cfg sources.Config, env sources.Env) (sources.Source, error) {
	c, ok := cfg.(*Config)
	if !ok {
		return nil, fmt.Errorf("new inbox: config is a %T", cfg)
	}
	if env.Name == "" {
		return nil, errors.New("new inbox: no name")
	}
	return &source{token: digest(c.Token), name: env.Name}, nil
}
