package postdir

import (
	"cmp"
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"
	"syscall"

	"feedmill/sources"
)

// maxLevels bounds how deep directories are entered.
const maxLevels = 40

// file is a post in a tree.
type file struct {
	path string
	size int64
	mark uint64
	link bool // a symbolic link: the size is not the file's
}

// listing is what a walk found.
type listing struct {
	files []file
	// dirs are all directories that may come to hold posts or what shapes them, the root ("") first.
	dirs []string
	// shaping are the files that shape posts.
	shaping []string
	// unread are the directories that could not be listed: nothing below them is gone.
	unread  []string
	reports []sources.Rejected
	// others are the files that are no posts, if they are collected; skipped is how many were too many.
	others  []Entry
	skipped int
}

// below reports whether a path is in a directory that could not be listed.
func (l *listing) below(path string) bool {
	for _, dir := range l.unread {
		if strings.HasPrefix(path, dir) {
			return true
		}
	}
	return false
}

// walker lists the posts of a site, sorted by path.
type walker struct {
	listing
	site Site
	tree Tree
	// collect: list also the files that are no posts.
	collect bool
}

func walk(site Site, tree Tree) (*listing, error) {
	w := &walker{site: site, tree: tree}
	_, posts := site.Enter("")
	if err := w.walk("", posts, 0); err != nil {
		return nil, err
	}
	slices.SortFunc(w.files, func(a, b file) int { return cmp.Compare(a.path, b.path) })
	return &w.listing, nil
}

// walk lists one directory. Only the error of the first one is the site's.
func (w *walker) walk(dir string, posts bool, level int) error {
	entries, err := w.tree.ReadDir(dir)
	if err != nil {
		if level == 0 {
			return err
		}
		w.unread = append(w.unread, dir+"/")
		w.reports = append(w.reports, sources.Rejected{Where: dir, Reason: "cannot list the directory: " + reason(err)})
		return nil
	}
	w.dirs = append(w.dirs, dir)
	for _, e := range entries {
		rel := path.Join(dir, e.Name())
		switch link := e.Type()&fs.ModeSymlink != 0; {
		case e.IsDir():
			if level < maxLevels {
				if enter, in := w.site.Enter(rel); enter {
					w.walk(rel, in, level+1) //nolint:errcheck // reported
				}
			}
		case !link && !e.Type().IsRegular():
		case posts && w.site.IsPost(rel):
			info, err := e.Info()
			if err != nil {
				continue // gone since the directory was read
			}
			w.files = append(w.files, file{rel, info.Size(), w.tree.Mark(info), link})
		case w.site.Role(rel) == Shapes:
			w.shaping = append(w.shaping, rel)
		case link:
			w.linked(rel)
		case w.collect:
			w.other(rel, e)
		}
	}
	return nil
}

// linked reports a link to a directory that would hold posts.
func (w *walker) linked(rel string) {
	if enter, posts := w.site.Enter(rel); !enter || !posts {
		return
	}
	_, err := w.tree.ReadDir(rel)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) || err != nil && path.Ext(rel) != "" {
		return
	}
	w.unread = append(w.unread, rel+"/")
	w.reports = append(w.reports, sources.Rejected{
		Where: rel, Reason: "a symbolic link to a directory is not followed: configure the site where the directory really is",
	})
}

// postPath reports whether a path is one that walk would list.
func postPath(site Site, rel string) bool {
	_, posts := entered(site, parent(rel))
	return posts && site.IsPost(rel)
}

// entered reports whether walk comes to a directory, and whether posts may be in it.
func entered(site Site, dir string) (ok, posts bool) {
	ok, posts = site.Enter("")
	for i := 0; i < len(dir); i++ {
		end := len(dir)
		if j := strings.IndexByte(dir[i:], '/'); j >= 0 {
			end = i + j
		}
		if ok, posts = site.Enter(dir[:end]); !ok {
			return false, false
		}
		i = end
	}
	return ok, posts
}

// parent is the directory of a path; "" for the root.
func parent(rel string) string {
	return strings.TrimSuffix(rel[:strings.LastIndexByte(rel, '/')+1], "/")
}

// reason is an error without the path, which stands beside it.
func reason(err error) string {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		if strings.Contains(pe.Err.Error(), "escapes") {
			return "the symbolic link leads out of the site and is not followed"
		}
		return pe.Err.Error()
	}
	return err.Error()
}
