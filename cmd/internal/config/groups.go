package config

import (
	"errors"
	"maps"
	"math"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"feedmill/feeds/match"
	"feedmill/sources"
)

// group is what can be said of a private group.
type group struct {
	Tokens map[string]string `yaml:"tokens,omitempty" secret:"true" doc:"The secrets that open the group, each by the name of who has it; feedmill token makes one. NAME_file: PATH reads one from a file."`
}

// private is a rule about which items are private.
type private struct {
	Group string      `yaml:"group,omitempty" doc:"The group that the items belong to."`
	Words match.Words `yaml:",inline"`
}

// Group is a private group.
type Group struct {
	Name string
	// Tokens are the secrets that open it, by the name of who has it.
	Tokens map[string]string
}

const (
	// maxTokens is the most tokens of all groups: each is compared with what comes.
	maxTokens = 1000
	// minTokenBits is the least that a token can be worth, in bits, going by its characters; maxToken is the longest.
	minTokenBits = 128
	maxToken     = 200
	// minTokenLetters is how many different characters it has at least: one out of a thousand million random ones has fewer.
	minTokenLetters = 8
)

// groups reads the section of that name.
func (r *reader) groups(c *Config, n *yaml.Node) {
	switch {
	case n.IsZero():
		return
	case n.Kind != yaml.MappingNode:
		r.fail(n, "groups", "want a mapping (a name for each group), got %s", describe(n.Kind, n.Value, false))
		return
	}
	owners, lines := map[string]string{}, map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		at := join("groups", k.Value)
		name, err := parseName(k.Value)
		switch line, twice := lines[name]; {
		case err != nil:
			r.fail(k, at, "%s", err)
			continue
		case twice:
			r.fail(k, at, "the name is already taken in line %d; choose another", line)
			continue
		case v.Kind != yaml.MappingNode:
			r.fail(v, at, "want { tokens: { NAME: \"${VARIABLE}\" } }")
			continue
		}
		lines[name] = k.Line
		c.Groups = append(c.Groups, Group{Name: name}) // what is wrong with it is no reason to call it unknown
		before := len(r.errs)
		var g group
		r.fields(v, fieldsOf(&g), at, nil)
		r.load(v, &g)
		if len(r.errs) > before {
			continue
		}
		tokens := valueOf(v, "tokens")
		for _, who := range slices.Sorted(maps.Keys(g.Tokens)) {
			path, where, token := join(join(at, "tokens"), who), valueOf(tokens, who), g.Tokens[who]
			_, err := parseName(who)
			if err == nil {
				err = checkToken(token)
			}
			other, taken := owners[token]
			switch {
			case err != nil:
				r.fail(where, path, "%s", err)
			case taken:
				r.fail(where, path, "it is the same token as %s; each opens one group for one holder", other)
			}
			owners[token] = path
		}
		c.Groups[len(c.Groups)-1].Tokens = g.Tokens
	}
	if len(owners) > maxTokens {
		r.fail(n, "groups", "%d tokens are too many; want at most %d", len(owners), maxTokens)
	}
}

// checkToken refuses what could be guessed. Its error does not say the token.
func checkToken(token string) error {
	const hint = "; `feedmill token` makes one"
	alphabet, seen := 0.0, map[rune]bool{}
	for class, size := range map[string]float64{"0123456789": 10, "abcdef": 6, "ghijklmnopqrstuvwxyz": 20, "ABCDEF": 6, "GHIJKLMNOPQRSTUVWXYZ": 20} {
		if strings.ContainsAny(token, class) {
			alphabet += size
		}
	}
	letters := 0
	for _, c := range token {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
			letters++
		case c != '-' && c != '_':
			return errors.New("a token has only letters from a to z and A to Z, digits, hyphens and underscores, since it is part of an address" + hint)
		}
		seen[c] = true
	}
	switch {
	case len(token) > maxToken:
		return errors.New("a token of more than 200 characters makes addresses that programs refuse" + hint)
	case float64(letters)*math.Log2(max(alphabet, 1)) < minTokenBits, len(seen) < minTokenLetters:
		return errors.New("a token that short or even could be guessed: whoever has it needs no password; want 128 random bits, such as 22 letters and digits" + hint)
	}
	return nil
}

// knownGroup refuses a group that is not configured: nobody could see what it has.
func (r *reader) knownGroup(c *Config, n *yaml.Node, at, name string) {
	var names []string
	for _, g := range c.Groups {
		if g.Name == name {
			return
		}
		names = append(names, g.Name)
	}
	r.fail(n, at, "%q is no group; groups: at the top level names them and their tokens%s", name, suggest(name, names))
}

// private compiles the rules about what is private.
func (r *reader) private(c *Config, n *yaml.Node, at string, list []private) (out []sources.PrivateRule) {
	v := valueOf(n, "private")
	words := make([]match.Words, len(list))
	for i, p := range list {
		words[i] = p.Words
		where := v
		if i < len(v.Content) {
			where = v.Content[i]
		}
		r.knownGroup(c, valueOf(where, "group"), join(join(at, "private"), "group"), p.Group)
	}
	before := len(r.errs)
	filters := r.rules(n, at, "private", words)
	if len(r.errs) > before {
		return nil
	}
	for i, f := range filters {
		out = append(out, sources.PrivateRule{Filter: f, Group: list[i].Group})
	}
	return out
}
