package tree

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// stage writes a file in two pieces, and one beside it in between.
func stage(t *testing.T, d *Dir, p, text string) *Staged {
	t.Helper()
	s, err := d.Stage(p)
	if err != nil {
		t.Fatal(err)
	}
	half := len(text) / 2
	for i, piece := range []string{text[:half], text[half:]} {
		if _, err := io.WriteString(s, piece); err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			write(t, d, map[string]string{"beside": "b"})
		}
	}
	return s
}

func TestStage(t *testing.T) {
	dir := t.TempDir()
	finish := func(text string, want Counts) {
		t.Helper()
		d := open(t, dir)
		s := stage(t, d, "state/file", text)
		if b, err := os.ReadFile(filepath.Join(dir, "state", "file")); err == nil && string(b) != "first text" {
			t.Errorf("before Keep there is %q", b)
		}
		if err := s.Keep(); err != nil {
			t.Fatal(err)
		}
		c, left, err := d.Finish(nil, false)
		if err != nil || len(left) > 0 || c != want {
			t.Errorf("%+v, left %v, %v; want %+v", c, left, err, want)
		}
		if err := d.Close(); err != nil {
			t.Fatal(err)
		}
		wantThere(t, dir, map[string]string{"state/file": text, "beside": "b"})
	}
	finish("first text", Counts{Written: 2})
	old := time.Unix(1_700_000_000, 0)
	if err := os.Chtimes(filepath.Join(dir, "state", "file"), old, old); err != nil {
		t.Fatal(err)
	}
	finish("first text", Counts{Unchanged: 2})
	if info, err := os.Stat(filepath.Join(dir, "state", "file")); err != nil || !info.ModTime().Equal(old) {
		t.Errorf("an unchanged file was touched: %v, %v", info.ModTime(), err)
	}
	finish("other text", Counts{Written: 1, Unchanged: 1})

	d := open(t, dir)
	if err := stage(t, d, "state/file", "never").Discard(); err != nil {
		t.Fatal(err)
	}
	wantThere(t, dir, map[string]string{"state/file": "other text", "beside": "b", journal: "\"state/file\"\n"})
}

// TestStageKilled holds that a run that ended in the middle of a file leaves nothing that the next one does not clear.
func TestStageKilled(t *testing.T) {
	dir := t.TempDir()
	d := open(t, dir)
	stage(t, d, "state", "half of it")
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	if c := run(t, dir, map[string]string{"state": "whole"}); c != (Counts{Written: 1, Deleted: 1}) {
		t.Errorf("the next run: %+v", c)
	}
	wantThere(t, dir, map[string]string{"state": "whole"})
}

func TestStageForeign(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "state", "mine")
	var foreign *ForeignError
	if _, err := open(t, dir).Stage("state"); !errors.As(err, &foreign) {
		t.Errorf("Stage of a file of others: %v", err)
	}
	wantThere(t, dir, map[string]string{"state": "mine"})
}
