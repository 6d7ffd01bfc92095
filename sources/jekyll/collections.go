package jekyll

import (
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"

	"feedmill/sources/internal/postdir"
)

const (
	posts     = "posts"
	postsDir  = "_posts"
	draftsDir = "_drafts"
)

// collection is one of Jekyll's (https://jekyllrb.com/docs/collections/); posts are one, too.
type collection struct {
	label string
	// output: its documents have pages.
	output bool
	// permalink is the template of their addresses.
	permalink string
	// shown: its documents are published here.
	shown bool
	// at is its place among the collections, whose documents Jekyll renders one after the other.
	at int
	// metadata is what the configuration says of it.
	metadata fields
}

// origin says which document a file is.
type origin struct {
	*collection
	draft bool
	// inner is the path below collections_dir, which is Jekyll's relative_path.
	inner string
	// at is where in inner the directory of the collection begins, end where what is below it does.
	at, end int
}

// magic is the directory of the collection, such as _posts.
func (o *origin) magic() string { return strings.TrimSuffix(o.inner[o.at:o.end], "/") }

// locate finds the collection that a path is in; ok is false for what is none of a document. Of directories in
// directories the outermost counts.
func (s *site) locate(rel string) (o origin, ok bool) {
	inner := rel
	if s.top != "" {
		if inner, ok = strings.CutPrefix(rel, s.top+"/"); !ok {
			return o, false
		}
	}
	o.inner = inner
	for from := 0; from < len(inner); {
		n := strings.IndexByte(inner[from:], '/')
		if n < 0 {
			return o, false
		}
		dir := inner[from : from+n]
		o.at, o.end = from, from+n+1
		switch {
		case dir == postsDir:
			o.collection = s.collections[posts]
			return o, true
		case dir == draftsDir:
			o.collection, o.draft = s.collections[posts], true
			return o, true
		case from == 0 && strings.HasPrefix(dir, "_"):
			c := s.collections[dir[1:]]
			if o.collection = c; c != nil {
				return o, true
			}
		}
		from = o.end
	}
	return o, false
}

// labelSigns are what Jekyll leaves of the name of a collection.
var labelSigns = regexp.MustCompile(`[^A-Za-z0-9_.\-]`)

// setCollections reads the collections and which of them are published: those that the operator names, else those that
// jekyll-feed makes feeds for.
func (s *site) setCollections(conf fields, wanted []string) {
	s.permalink = conf.get("permalink").str()
	if s.permalink == "" {
		s.permalink = "date"
	}
	suffix := ""
	switch {
	case oneOf(s.permalink, "date", "ordinal", "none"), strings.HasSuffix(s.permalink, ":output_ext"):
		suffix = ":output_ext"
	case s.permalink == "pretty", strings.HasSuffix(s.permalink, "/"):
		suffix = "/"
	}
	if t, ok := styles[s.permalink]; ok {
		s.permalink = t
	}
	s.collections = map[string]*collection{posts: {label: posts, output: true, shown: true, permalink: s.permalink}}
	named := conf.get("collections")
	for _, f := range named.entries() {
		label := labelSigns.ReplaceAllString(f.key, "")
		set := f.value.fields
		if label == posts {
			s.collections[posts].metadata = set
			if p := set.get("permalink").str(); p != "" {
				s.collections[posts].permalink = p
			}
			continue
		}
		c := &collection{
			label: label, output: set.get("output").isTrue(), permalink: "/:collection/:path" + suffix,
			at: len(s.collections), metadata: set,
		}
		if p := set.get("permalink").str(); p != "" {
			c.permalink = p
		}
		s.collections[label] = c
	}
	where := named
	if wanted == nil {
		where = conf.get("feed").fields.get("collections")
		for _, f := range where.entries() {
			wanted = append(wanted, f.key)
		}
	}
	for _, name := range wanted {
		if c := s.collections[labelSigns.ReplaceAllString(name, "")]; c != nil {
			c.shown = true
			continue
		}
		s.report(where, fmt.Sprintf("there is no collection %.80q: name it under collections:", name))
	}
}

// entries are the keys of a mapping, or the items of a list as keys without values.
func (v value) entries() fields {
	if v.kind == mapping {
		return v.fields
	}
	var out fields
	for _, item := range v.items() {
		if name := item.str(); name != "" {
			out = append(out, field{key: name})
		}
	}
	return out
}

// checkTop says where the directory of the collections is not there: without it Jekyll has no posts at all.
func (s *site) checkTop(t postdir.Tree, conf fields) error {
	if s.top == "" {
		return nil
	}
	switch info, err := t.Lstat(s.top); {
	case err == nil && (info.IsDir() || info.Mode()&fs.ModeSymlink != 0):
		return nil
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%s:%d: collections_dir: %w", s.confName, conf.get("collections_dir").line, err)
	}
	return fmt.Errorf("%s:%d: collections_dir: there is no directory %q in the site: make it, or take the key away",
		s.confName, conf.get("collections_dir").line, s.top)
}

// shownCollections are the names of the collections whose documents are published beside the posts, sorted.
func (s *site) shownCollections() []string {
	var out []string
	for label, c := range s.collections {
		if c.shown && label != posts {
			out = append(out, label)
		}
	}
	slices.Sort(out)
	return out
}
