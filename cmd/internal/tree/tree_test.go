package tree

import (
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func open(t *testing.T, dir string) *Dir {
	t.Helper()
	d, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	return d
}

func write(t *testing.T, d *Dir, files map[string]string) {
	t.Helper()
	for _, p := range slices.Sorted(maps.Keys(files)) {
		if err := d.Write(p, []byte(files[p])); err != nil {
			t.Fatal(err)
		}
	}
}

// run is one whole run that writes these files.
func run(t *testing.T, dir string, files map[string]string) Counts {
	t.Helper()
	d := open(t, dir)
	write(t, d, files)
	c, left, err := d.Finish(map[string]string{"k": "v"}, false)
	if err = errors.Join(err, d.Close()); err != nil || len(left) > 0 {
		t.Fatalf("left %v, %v", left, err)
	}
	return c
}

// there is what the directory holds, the manifest left out.
func there(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || e.Name() == Manifest {
			return err
		}
		b, err := os.ReadFile(name)
		rel, relErr := filepath.Rel(dir, name)
		out[filepath.ToSlash(rel)] = string(b)
		return errors.Join(err, relErr)
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func put(t *testing.T, dir, name, text string) {
	t.Helper()
	name = filepath.Join(dir, filepath.FromSlash(name))
	if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o755), os.WriteFile(name, []byte(text), 0o644)); err != nil {
		t.Fatal(err)
	}
}

func wantThere(t *testing.T, dir string, want map[string]string) {
	t.Helper()
	if got := there(t, dir); !maps.Equal(got, want) {
		t.Errorf("there is %v, want %v", got, want)
	}
}

func TestRuns(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "tree")
	first := map[string]string{"a.rss": "a", "tag/x.rss": "x", "tag/x/index.html": "page", "gone/deep/er.rss": "gone"}
	if c := run(t, dir, first); c != (Counts{Written: 4}) {
		t.Errorf("first run: %+v", c)
	}
	wantThere(t, dir, first)
	old := time.Unix(1_700_000_000, 0)
	for _, name := range []string{"a.rss", "tag/x.rss", Manifest} {
		if err := os.Chtimes(filepath.Join(dir, name), old, old); err != nil {
			t.Fatal(err)
		}
	}
	if c := run(t, dir, first); c != (Counts{Unchanged: 4}) {
		t.Errorf("the same again: %+v", c)
	}
	put(t, dir, "own.txt", "mine")
	second := map[string]string{"a.rss": "a", "tag/x.rss": "other", "tag/x/index.html": "page"}
	if c := run(t, dir, second); c != (Counts{Written: 1, Deleted: 1, Unchanged: 2}) {
		t.Errorf("second run: %+v", c)
	}
	second["own.txt"] = "mine"
	wantThere(t, dir, second)
	if info, err := os.Stat(filepath.Join(dir, "a.rss")); err != nil || !info.ModTime().Equal(old) {
		t.Errorf("an unchanged file was touched: %v, %v", info.ModTime(), err)
	}
	if _, err := os.Stat(filepath.Join(dir, "gone")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("an empty directory stays: %v", err)
	}
	if d := open(t, dir); d.Fact("k") != "v" || d.Fresh() || !d.Owns("a.rss") || d.Owns("own.txt") {
		t.Error("the manifest does not say what was written")
	}
}

func TestForeign(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "index.html", "mine")
	put(t, dir, "tag", "a file")
	put(t, dir, "same.rss", "same")
	if err := os.Mkdir(filepath.Join(dir, "feed"), 0o755); err != nil {
		t.Fatal(err)
	}
	d := open(t, dir)
	for p, named := range map[string]string{"index.html": "index.html", "tag/x.rss": "tag", "tag/deep/x.rss": "tag", "feed": "feed"} {
		var foreign *ForeignError
		if err := d.Write(p, []byte("ours")); !errors.As(err, &foreign) || foreign.Path != filepath.Join(dir, named) {
			t.Errorf("Write %s: %v", p, err)
		}
	}
	write(t, d, map[string]string{"same.rss": "same", "feed/x.rss": "x"})
	if _, _, err := d.Finish(nil, false); err != nil {
		t.Fatal(err)
	}
	wantThere(t, dir, map[string]string{"index.html": "mine", "tag": "a file", "same.rss": "same", "feed/x.rss": "x"})
}

// TestKilled ends a run in the middle: the next one knows its files, those of the run before it, and nothing else.
func TestKilled(t *testing.T) {
	dir := t.TempDir()
	run(t, dir, map[string]string{"a.rss": "1", "b.rss": "1", "c.rss": "1"})
	d := open(t, dir)
	write(t, d, map[string]string{"a.rss": "2", "new.rss": "2", "never.rss": "2"})
	if err := d.Close(); err != nil { // killed
		t.Fatal(err)
	}
	put(t, dir, "a.rss"+partial, "half")
	next := map[string]string{"a.rss": "3", "b.rss": "1", "new.rss": "3"}
	if c := run(t, dir, next); c != (Counts{Written: 2, Deleted: 2, Unchanged: 1}) {
		t.Errorf("the run after it: %+v", c)
	}
	wantThere(t, dir, next)
	put(t, dir, journal, "\"cut.rss\"\n\"half")
	open(t, dir)
}

// TestKilledThenKept holds that what a killed run began stays ours when the next run deletes nothing.
func TestKilledThenKept(t *testing.T) {
	dir := t.TempDir()
	run(t, dir, map[string]string{"a.rss": "1"})
	d := open(t, dir)
	write(t, d, map[string]string{"new.rss": "2"})
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	d = open(t, dir)
	write(t, d, map[string]string{"a.rss": "1"})
	if _, _, err := d.Finish(nil, true); errors.Join(err, d.Close()) != nil {
		t.Fatal(err)
	}
	wantThere(t, dir, map[string]string{"a.rss": "1", "new.rss": "2"})
	if c := run(t, dir, map[string]string{"new.rss": "3"}); c != (Counts{Written: 1, Deleted: 1}) {
		t.Errorf("%+v", c)
	}
}

func TestChangedByOthers(t *testing.T) {
	dir := t.TempDir()
	run(t, dir, map[string]string{"a.rss": "1", "b.rss": "1"})
	put(t, dir, "a.rss", "theirs")
	d := open(t, dir)
	write(t, d, map[string]string{"c.rss": "1"})
	c, left, err := d.Finish(nil, false)
	if err = errors.Join(err, d.Close()); err != nil || c != (Counts{Written: 1, Deleted: 1}) || !slices.Equal(left, []string{filepath.Join(dir, "a.rss")}) {
		t.Errorf("%+v, left %v, %v", c, left, err)
	}
	wantThere(t, dir, map[string]string{"a.rss": "theirs", "c.rss": "1"})
	var foreign *ForeignError
	if err := open(t, dir).Write("a.rss", []byte("2")); !errors.As(err, &foreign) {
		t.Errorf("a file that is not ours any more is written: %v", err)
	}
}

// TestShapes turns a file into a directory and back.
func TestShapes(t *testing.T) {
	dir := t.TempDir()
	file, below := map[string]string{"rss": "file"}, map[string]string{"rss/a/b.xml": "below"}
	for _, files := range []map[string]string{file, below, file} {
		run(t, dir, files)
		wantThere(t, dir, files)
	}
	run(t, dir, below)
	put(t, dir, "rss/a/mine", "mine")
	var foreign *ForeignError
	if err := open(t, dir).Write("rss", []byte("file")); !errors.As(err, &foreign) {
		t.Errorf("a directory with a file of others is replaced: %v", err)
	}
}

// TestOutside holds that no path and no link leads out of the directory.
func TestOutside(t *testing.T) {
	dir, out := t.TempDir(), t.TempDir()
	if err := os.Symlink(out, filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	d := open(t, dir)
	for _, p := range []string{"../x", "/x", "link/x", "a/../../x"} {
		if err := d.Write(p, []byte("x")); err == nil {
			t.Errorf("Write %s wrote", p)
		}
	}
	wantThere(t, out, map[string]string{})
}

func TestBadManifest(t *testing.T) {
	dir := t.TempDir()
	for _, text := range []string{"", "{}", `{"feedmill_manifest":2,"files":{}}`, "<html>"} {
		put(t, dir, Manifest, text)
		if d, err := Open(dir); err == nil || !strings.Contains(err.Error(), Manifest) {
			t.Errorf("%q: %v, %v", text, d, err)
		}
	}
}
