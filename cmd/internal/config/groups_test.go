package config

import (
	"strings"
	"testing"

	"feedmill/feeds"
)

const twoGroups = "groups:\n  desk: { tokens: { a: \"${ALICE}\" } }\n  board: {}\n"

// TestPrivateRules: the first rule that matches counts, one may stand without a list, and what none matches is as its source.
func TestPrivateRules(t *testing.T) {
	c, err := Parse("x.yaml", []byte(twoGroups+"sources:\n  one: { jekyll: /a, private: { tag: x, group: desk } }\n"+
		"  two:\n    jekyll: /b\n    group: board\n    private:\n      - { tag: x, group: desk }\n      - { q: word, group: board }\n"), fakeKinds(), testEnv)
	if err != nil {
		t.Fatal(err)
	}
	if one := c.Sources[0]; one.Group != "" || len(one.Rules.Private) != 1 || one.Rules.Private[0].Group != "desk" || !one.Rules.Private[0].Filter.Match(&feeds.Item{Tags: []string{"X"}}) {
		t.Errorf("one: %+v", one.Rules)
	}
	if two := c.Sources[1]; two.Group != "board" || len(two.Rules.Private) != 2 || two.Rules.Private[1].Group != "board" {
		t.Errorf("two: %+v", two.Rules)
	}
	if c.Sources[0].Fingerprint == c.Sources[1].Fingerprint {
		t.Error("two sources have one fingerprint")
	}
}

// TestTokensStaySecret: no error says a token.
func TestTokensStaySecret(t *testing.T) {
	for name, token := range map[string]string{
		"short": "Sh0rTs3cret", "even": strings.Repeat("A", 60), "letters": "s3cret/s3cret/0123456789abcdefghijk", "long": strings.Repeat("s3cretABCDE", 30), "digits": "0123456789",
	} {
		for _, text := range []string{"a: " + token, "a: [" + token + "]", "a: {b: " + token + "}", "a: " + token + "\n      a: " + token} {
			_, err := Parse("x.yaml", []byte("groups:\n  desk:\n    tokens:\n      "+text+"\nsources:\n  s: { jekyll: /a }\n"), fakeKinds(), testEnv)
			if err == nil || strings.Contains(err.Error(), token) {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	for _, good := range []string{"7KQ2ZV5M4XDTPWJ6BHRNFCSY3E", "0f1e2d3c4b5a69788796a5b4c3d2e1f0", "5f0c8f7e-2b1d-4c3a-9e8f-7a6b5c4d3e2f", "aB3dE5gH7jK9mN1pQ2rS4t"} {
		if err := checkToken(good); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
}
