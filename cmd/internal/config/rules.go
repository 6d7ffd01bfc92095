package config

import (
	"reflect"
	"strings"

	"go.yaml.in/yaml/v4"

	"feedmill/feeds/match"
)

// rulesType and wordsType are lists of which one may stand alone.
var (
	rulesType   = reflect.TypeFor[[]match.Words]()
	privateType = reflect.TypeFor[[]private]()
	wordsType   = reflect.TypeFor[match.List]()
)

// maxRules is the most rules of one key: each looks at every item.
const maxRules = 100

// rules compiles the rules of one key of a source.
func (r *reader) rules(n *yaml.Node, at, key string, list []match.Words) (out []*match.Filter) {
	v := valueOf(n, key)
	if v == n {
		return nil
	}
	at = join(at, key)
	if len(list) == 0 || len(list) > maxRules {
		r.fail(v, at, "want 1 to %d rules, such as { q: sponsored }", maxRules)
		return nil
	}
	for i, w := range list {
		where := v
		if i < len(v.Content) {
			where = v.Content[i]
		}
		f, err := match.Compile(w)
		if err != nil {
			word, reason, _ := strings.Cut(err.Error(), ": ")
			r.fail(valueOf(where, word), join(at, word), "%s", reason)
			continue
		}
		if f.Empty() {
			r.fail(where, at, "a rule without a condition would match everything; want one of q, category, tag, author, source, lang, not")
			continue
		}
		out = append(out, f)
	}
	return out
}
