package teams_test

import (
	"testing"

	"feedmill/feeds/push"
	"feedmill/feeds/push/pushtest"
	"feedmill/feeds/push/teams"
)

var suite = pushtest.Case{
	Kind: teams.Kind, Fake: pushtest.Teams, Read: pushtest.ReadTeams, Most: 20,
	Config:  func(base string) push.Config { return &teams.Config{URL: base + pushtest.TeamsPath} },
	Secrets: []string{"fake-signature", "0123456789abcdef"},
}

func TestTarget(t *testing.T) { pushtest.Run(t, suite) }

func FuzzRender(f *testing.F) { pushtest.Fuzz(f, suite) }
