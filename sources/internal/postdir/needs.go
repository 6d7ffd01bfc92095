package postdir

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
)

// needsPrefix begins the keys of what posts need: the names that a post looked for, one a line.
const needsPrefix = "u/"

// nameOf is the name under which a post finds a file, wherever it is: that of the file up to its first dot, of an index
// that of its directory, likewise; in lower case. Two files may share one, which costs a post that is read once more.
func nameOf(p string) string {
	dir, base := path.Split(p)
	stem := toDot(base)
	if (stem == "index" || stem == "_index") && dir != "" {
		stem = toDot(path.Base(dir))
	}
	return strings.ToLower(stem)
}

func toDot(name string) string {
	if stem, _, _ := strings.Cut(name, "."); stem != "" {
		return stem
	}
	return name
}

// need notes that the post of this file is made from files of a name.
func (f *File) need(name string) {
	if f.needs == nil {
		f.needs = map[string]bool{}
	}
	if len(f.needs) < maxReads {
		f.needs[name] = true
	}
}

// Named lists the posts whose file has this name without extension, or is the index of a directory of this name, sorted.
// Upper and lower case are one. The post is decoded again when one of them changes, goes or comes, as it is for the files
// of ReadFile and Exists.
func (f *File) Named(name string) []string {
	name = nameOf(name)
	f.need(name)
	if f.named == nil {
		return nil
	}
	return f.named(name)
}

// needed are the names that the post depends on.
func (f *File) needed() map[string]bool {
	if f.everyPost {
		return map[string]bool{everyPost: true}
	}
	return f.needs
}

// named is [File.Named] of the files of this fetch. Not every fetch knows them all, and few posts ask.
func (f *fetch) named(name string) []string {
	f.namesOnce.Do(func() {
		f.names = map[string][]string{}
		for _, file := range f.listed() {
			n := nameOf(file.path)
			f.names[n] = append(f.names[n], file.path)
		}
	})
	return f.names[name]
}

// remember keeps what a post needs, for fetches to come.
func (f *fetch) remember(l *loaded) error {
	key := needsPrefix + l.path
	if len(l.needs) > 0 {
		names := slices.Sorted(maps.Keys(l.needs))
		f.st.Set(key, []byte(strings.Join(names, "\n")))
		f.depend(l.path, names)
		return nil
	}
	if l.prior == nil {
		return nil
	}
	_, had, err := f.st.Get(key)
	if err != nil {
		return fmt.Errorf("read the state: %w", err)
	}
	if had {
		f.st.Delete(key)
	}
	return nil
}

// depend notes which posts to decode when a file of a name changes. That a post does not need it any more is seen by the
// next look at everything.
func (f *fetch) depend(post string, names []string) {
	for _, n := range names {
		if f.needs[n] == nil {
			f.needs[n] = map[string]bool{}
		}
		f.needs[n][post] = true
	}
}

// dependents are the posts that are made from files of these names, sorted.
func (e *Engine) dependents(names map[string]bool) []string {
	posts := map[string]bool{}
	for n := range names {
		maps.Copy(posts, e.needs[n])
	}
	return slices.Sorted(maps.Keys(posts))
}

// stale makes a stamp one that asks to decode the file, whatever its bytes.
func (s *stamp) stale() { s.shape, s.mark = s.shape^1, 0 }
