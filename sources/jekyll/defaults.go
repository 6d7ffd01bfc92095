package jekyll

import (
	"regexp"
	"strings"
)

// scope is one entry of defaults (https://jekyllrb.com/docs/configuration/front-matter-defaults/).
type scope struct {
	// path is what the paths of documents begin with, below collections_dir. glob is there instead where it has a star:
	// Jekyll looks for files and directories of that name, below the site.
	path string
	glob *regexp.Regexp
	// weight is the length that Jekyll compares.
	weight int
	// typed: the scope is for documents of one collection, or for pages. A draft is a post here.
	typed  bool
	kind   string
	values fields
}

// oldTypes are names of types that Jekyll still takes.
var oldTypes = map[string]string{"page": "pages", "post": posts, "draft": "drafts"}

// setDefaults reads the front matter defaults.
func (s *site) setDefaults(v value) {
	for _, set := range v.list {
		where := set.fields.get("scope").fields
		kind := where.get("type")
		values := set.fields.get("values")
		if values.kind != mapping {
			s.report(set, "an entry of defaults has no values")
			continue
		}
		path := where.get("path").text
		sc := scope{
			path: path, weight: len(strings.TrimPrefix(path, "/")),
			typed: kind.kind == text, kind: kind.str(), values: values.fields,
		}
		if t, ok := oldTypes[sc.kind]; ok {
			sc.kind = t
		}
		if sc.kind == "drafts" {
			s.report(kind, "no document has the type drafts in Jekyll 4: write posts, and path: _drafts")
		}
		switch {
		case strings.Contains(path, "*"):
			sc.glob = globBegin(path)
		case s.top != "":
			sc.path = strings.TrimPrefix(path, s.top+"/")
		}
		s.scopes = append(s.scopes, sc)
	}
}

// applies reports whether a scope is for a document or page.
func (sc *scope) applies(rel, inner, kind string) bool {
	if sc.typed && sc.kind != kind {
		return false
	}
	if sc.glob != nil {
		return sc.glob.MatchString(rel)
	}
	return strings.HasPrefix(inner, sc.path)
}

// before reports whether the values of a scope give way to those of a later one.
func (sc *scope) before(later *scope) bool {
	if sc.weight != later.weight {
		return later.weight > sc.weight
	}
	return later.typed || !sc.typed
}

// defaultsFor merges the defaults of a file: those of a longer scope win, then of one with a type, then the later ones.
// kind is its collection, or pages.
func (s *site) defaultsFor(rel, inner, kind string) fields {
	var out fields
	var old *scope
	for i := range s.scopes {
		sc := &s.scopes[i]
		switch {
		case !sc.applies(rel, inner, kind):
		case old == nil || old.before(sc):
			out, old = merge(sc.values, out), sc
		default:
			out = merge(out, sc.values)
		}
	}
	return out
}

// merge lays over on under.
func merge(over, under fields) fields {
	if len(under) == 0 {
		return over
	}
	out := append(fields{}, under...)
	for _, f := range over {
		out = append(out, field{f.key, overlay(f.value, under.get(f.key))})
	}
	return out
}

// globBegin matches the paths that are, or are below, what a pattern of Ruby's Dir.glob finds: "*" within a name, "**/"
// for any number of directories, "?", sets and {alternatives}.
func globBegin(pattern string) *regexp.Regexp {
	if strings.HasPrefix(pattern, "/") {
		return nothing // that is a path of the machine
	}
	var b strings.Builder
	b.WriteByte('^')
	pattern = strings.TrimRight(pattern, "/")
	depth := 0
	for i := 0; i < len(pattern); i++ {
		rest := pattern[i:]
		switch c := pattern[i]; {
		case strings.HasPrefix(rest, "**/"):
			b.WriteString(`(?:[^/]+/)*`)
			i += 2
		case c == '*':
			b.WriteString(`[^/]*`)
		case c == '?':
			b.WriteString(`[^/]`)
		case c == '{' && strings.Contains(rest, "}"):
			b.WriteString(`(?:`)
			depth++
		case c == '}' && depth > 0:
			b.WriteByte(')')
			depth--
		case c == ',' && depth > 0:
			b.WriteByte('|')
		case c == '[' && globSet.MatchString(rest):
			set := globSet.FindString(rest)
			b.WriteString(set)
			i += len(set) - 1
		default:
			b.WriteString(regexp.QuoteMeta(rest[:1]))
		}
	}
	for range depth {
		b.WriteByte(')')
	}
	b.WriteString(`(?:/|$)`)
	re, err := regexp.Compile(b.String())
	if err != nil {
		return nothing
	}
	return re
}

var (
	// globSet is a set of letters, digits and marks that means the same to a regular expression.
	globSet = regexp.MustCompile(`^\[\^?[\w\-.]+\]`)
	nothing = regexp.MustCompile(`[^\s\S]`)
)
