package tree

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestLock(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "tree")
	d := open(t, dir)
	if d.Shared() != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(d.Shared())
		}
		t.Skip("directories cannot be locked here:", d.Shared())
	}
	write(t, d, map[string]string{"a": "a"})
	if _, err := Open(dir); !errors.Is(err, ErrLocked) || !strings.Contains(err.Error(), dir) {
		t.Errorf("a second Open: %v", err)
	}
	wantThere(t, dir, map[string]string{"a": "a", journal: "\"a\"\n"}) // the second one has touched nothing
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	if err := open(t, dir).Close(); err != nil {
		t.Errorf("Open after Close: %v", err)
	}
}
