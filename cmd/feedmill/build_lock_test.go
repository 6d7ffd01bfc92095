package main

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"feedmill/cmd/internal/tree"
)

// TestBuildLocked holds that two builds do not write into one directory at the same time.
func TestBuildLocked(t *testing.T) {
	out, site := filepath.Join(t.TempDir(), "out"), t.TempDir()
	write(t, filepath.Join(site, "_config.yml"), "url: https://news.example.com\n")
	write(t, filepath.Join(site, "_posts", "2024-02-01-a.md"), "A\n")
	other, err := tree.Open(out)
	if err != nil {
		t.Fatal(err)
	}
	if other.Shared() != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(other.Shared())
		}
		t.Skip("directories cannot be locked here:", other.Shared())
	}
	cmd := root()
	cmd.SetOut(io.Discard)
	cmd.SetArgs([]string{"build", "--out", out, site})
	if err := cmd.ExecuteContext(t.Context()); !errors.Is(err, tree.ErrLocked) || !strings.Contains(err.Error(), out) {
		t.Errorf("build beside another one: %v", err)
	}
	if files, err := os.ReadDir(out); err != nil || len(files) > 0 {
		t.Errorf("it wrote %v, %v", files, err)
	}
	if err := other.Close(); err != nil {
		t.Fatal(err)
	}
	buildTree(t, "--out", out, site)
}
