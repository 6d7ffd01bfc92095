package hugo

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/url"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/yuin/goldmark"

	"feedmill/sources/internal/postdir"
)

// maxConfig is the largest configuration file or _index file that is read, in bytes.
const maxConfig = 1 << 20

var configExts = []string{".toml", ".yaml", ".yml", ".json"}

func formatOf(name string) string {
	switch path.Ext(name) {
	case ".toml":
		return "toml"
	case ".json":
		return "json"
	}
	return "yaml"
}

// configDirs hold parts of the configuration, later ones over earlier ones.
var configDirs = []string{"config/_default", "config/production"}

// readConfig reads hugo.* or config.*, then config/_default and config/production over it. A file there that is not named
// hugo or config holds the section of its name, perhaps for a language: params.zh.toml.
func readConfig(t postdir.Tree) (params, error) {
	conf, err := rootConfig(t, "")
	if err != nil {
		return nil, err
	}
	for _, dir := range configDirs {
		entries, err := t.ReadDir(dir)
		if err != nil {
			continue // most sites have one file
		}
		slices.SortFunc(entries, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
		for _, e := range entries {
			name := e.Name()
			if !slices.Contains(configExts, path.Ext(name)) {
				continue
			}
			p, err := configFile(t, dir+"/"+name)
			if err != nil {
				return nil, err
			}
			key, lang, _ := strings.Cut(strings.ToLower(strings.TrimSuffix(name, path.Ext(name))), ".")
			if key != "hugo" && key != "config" {
				p = params{key: p}
			}
			if lang != "" {
				p = params{"languages": params{lang: p}}
			}
			conf.merge(p)
		}
	}
	return conf, nil
}

// rootConfig reads the one file hugo.* or config.* of a directory, "" for the root; no settings if there is none.
func rootConfig(t postdir.Tree, dir string) (params, error) {
	for _, base := range []string{"hugo", "config"} {
		for _, ext := range configExts {
			p, err := configFile(t, path.Join(dir, base+ext))
			if err == nil || !errors.Is(err, fs.ErrNotExist) {
				return p, err
			}
		}
	}
	return params{}, nil
}

func configFile(t postdir.Tree, name string) (params, error) {
	b, _, err := t.ReadFile(name, maxConfig)
	if err != nil {
		return nil, err
	}
	p, err := parse(formatOf(name), b)
	var bad *syntaxError
	if errors.As(err, &bad) {
		return nil, fmt.Errorf("%s:%d: %s: mend it", name, bad.Line, bad.Msg)
	}
	return p, err
}

// language is a language of the site, with the settings that may differ from one to the next.
type language struct {
	code string // in lower case, as the names of files have it
	conf params // the site's configuration with that of the language over it
	zone *time.Location
	md   goldmark.Markdown
	// origin is scheme, host and path of baseURL without a slash at the end, base its path; both empty without a usable one.
	// written is origin as the site writes it, perhaps without a scheme.
	origin, base, written string
	// prefix is the language as the first directory of paths; mostly empty for the default language.
	prefix string
	// kinds are the taxonomies with the kind of topic that each gives.
	kinds map[string]string
	// orders are where dates come from: front matter keys and names with a colon, for date, lastmod, publishdate, expirydate.
	orders map[string][]string
	// summary is the length of an automatic summary, in words.
	summary int
	// canonify: links from the root mean what is below baseURL.
	canonify bool
}

// languages reads those of the configuration. One is always there: the default.
func (s *site) readLanguages() {
	conf := s.conf
	if s.lang = strings.ToLower(conf.str("defaultcontentlanguage")); s.lang == "" {
		s.lang = "en"
	}
	listed := conf.sub("languages")
	over := map[string]params{}
	for _, code := range slices.Sorted(maps.Keys(listed)) {
		m, ok := listed[code].(params)
		if !ok || m.flag("disabled", false) || slices.ContainsFunc(conf.words("disablelanguages"), func(l string) bool { return strings.EqualFold(l, code) }) {
			s.disabled[code] = true
			continue
		}
		over[code] = m
	}
	if _, ok := over[s.lang]; !ok {
		if len(over) > 0 {
			s.report("defaultContentLanguage %.40q is none of the languages: Hugo does not build the site", s.lang)
		}
		over[s.lang] = params{}
	}
	hosts := len(over) > 1 && slices.ContainsFunc(slices.Collect(maps.Values(over)), func(m params) bool { return m["baseurl"] != nil })
	for code, m := range over {
		l := &language{code: code, conf: conf.overlaid(m)}
		if len(over) > 1 && !hosts && (code != s.lang || conf.flag("defaultcontentlanguageinsubdir", false)) {
			l.prefix = code
		}
		s.readLanguage(l)
		s.langs[code] = l
	}
}

func (s *site) readLanguage(l *language) {
	conf := l.conf
	if l.zone = s.set.Zone; l.zone == nil {
		l.zone = time.UTC
	}
	if name := conf.str("timezone"); name != "" {
		if loc, err := time.LoadLocation(name); err == nil {
			l.zone = loc
		} else {
			s.report("timeZone %.40q is not known: write it like Asia/Shanghai", name)
		}
	}
	s.readBase(l)
	l.md = newMarkdown(conf)
	l.kinds = taxonomies(conf)
	l.orders = dateOrders(conf.sub("frontmatter"))
	l.canonify = conf.flag("canonifyurls", false) || conf.flag("relativeurls", false)
	l.summary = 70
	if n, ok := conf["summarylength"].(int64); ok && n > 0 && n < 1_000_000 {
		l.summary = int(n)
	}
}

// readBase reads baseURL. Hugo takes whatever it is; many sites leave out the scheme.
func (s *site) readBase(l *language) {
	raw := l.conf.str("baseurl")
	u, err := url.Parse(raw)
	if host, _, _ := strings.Cut(strings.TrimPrefix(raw, "//"), "/"); err == nil && u.Scheme == "" && strings.Contains(host, ".") {
		if u, err = url.Parse("https://" + strings.TrimPrefix(raw, "//")); err == nil {
			s.report("baseURL %.80q has no scheme: it is read as %s", raw, u)
		}
	}
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		s.report("baseURL %.80q is not an address like https://example.org/: pages have no addresses", raw)
		return
	}
	l.origin, l.written = strings.TrimRight(u.String(), "/"), strings.TrimRight(raw, "/")
	l.base = strings.TrimRight(u.EscapedPath(), "/")
}

// taxonomies are those of a site, with the kind of topic that each gives.
func taxonomies(conf params) map[string]string {
	out := map[string]string{"categories": "category", "tags": "tag", "series": "category"}
	for _, v := range conf.sub("taxonomies") {
		plural := strings.ToLower(text(v))
		if plural == "" || out[plural] != "" {
			continue
		}
		out[plural] = "tag"
		if slices.Contains([]string{"sections", "topics", "columns"}, plural) {
			out[plural] = "category"
		}
	}
	return out
}

// overlaid is a copy with over on top; of the mappings only params are merged, as Hugo does for a language.
func (p params) overlaid(over params) params {
	out := maps.Clone(p)
	for k, v := range over {
		if k == "params" {
			both := params{}
			both.fill(over.sub(k))
			both.fill(p.sub(k))
			v = both
		}
		out[k] = v
	}
	return out
}
