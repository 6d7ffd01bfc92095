package hugo

import (
	"fmt"
	"path"
	"regexp"
	"strings"
)

// cascade is what an _index file, or the site, gives to the front matter of the pages below that its target fits.
type cascade struct {
	kind, lang, path, environment *regexp.Regexp // nil fits all
	values                        params
}

// String is for the hash of what shapes pages.
func (c cascade) String() string {
	return fmt.Sprint(c.kind, c.lang, c.path, c.environment, c.values)
}

// cascades reads the key cascade: a mapping, or a list of them.
func cascades(v any) (out []cascade) {
	list, ok := v.([]any)
	if !ok {
		list = []any{v}
	}
	for _, v := range list {
		m, ok := v.(params)
		if !ok {
			continue
		}
		target := m.sub("_target")
		if len(target) == 0 {
			target = m.sub("target")
		}
		c := cascade{
			kind: globOf(target.str("kind")), lang: globOf(target.str("lang")), path: globOf(target.str("path")),
			environment: globOf(target.str("environment")), values: params{},
		}
		c.values.fill(m)
		c.values.fill(m.sub("params"))
		for _, k := range []string{"_target", "target", "params"} {
			delete(c.values, k)
		}
		out = append(out, c)
	}
	return out
}

func (c cascade) fits(p *page) bool {
	fit := func(re *regexp.Regexp, s string) bool { return re == nil || re.MatchString(s) }
	return fit(c.kind, "page") && fit(c.lang, p.lang) && fit(c.environment, "production") &&
		fit(c.path, "/"+strings.ToLower(path.Join(p.dir, p.filename)))
}

// inherit fills in what _index files above and the site give to all their pages: the nearest first.
func (p *page) inherit() {
	take := func(list []cascade) {
		for _, c := range list {
			if c.fits(p) {
				p.front.fill(c.values)
			}
		}
	}
	for dir := p.dir; ; dir = above(dir) {
		take(p.site.index[indexAt{dir, p.lang}].cascades)
		if dir == "" {
			break
		}
	}
	take(p.site.cascades)
}

// above is the directory that one is in; empty for the top.
func above(dir string) string {
	return strings.TrimSuffix(dir[:strings.LastIndexByte(dir, '/')+1], "/")
}
