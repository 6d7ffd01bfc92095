package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"feedmill/sources/git/gittest"
)

// TestRulesReachEverySite: a rule that comes with a reload counts for what was stored before, whatever generator a site
// has and wherever its files lie. The configuration and the repository are given by relative paths, as on a command line.
func TestRulesReachEverySite(t *testing.T) {
	repo := gittest.New(t)
	repo.Commit(t, "_config.yml", "url: https://g.example\n",
		"_posts/2026-01-01-boats.md", "---\ntitle: Git boats\n---\nx\n", "_posts/2026-01-02-shoes.md", "---\ntitle: Git shoes\n---\nx\n")
	dir := filepath.Dir(repo.Dir)
	write(t, filepath.Join(dir, "hugo", "hugo.toml"), "baseURL = 'https://h.example/'\n")
	for _, title := range []string{"boats", "shoes"} {
		write(t, filepath.Join(dir, "hugo", "content", title+".md"), "---\ntitle: Hugo "+title+"\ndate: 2026-01-01\n---\nx\n")
	}
	t.Chdir(dir)
	configure := func(rule string) {
		text := "sources:\n  g: { git: " + filepath.Base(repo.Dir) + rule + " }\n  h: { hugo: hugo" + rule + " }\n"
		// At once, so that no half of it is loaded.
		if err := os.WriteFile("new.yaml", []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename("new.yaml", "feedmill.yaml"); err != nil {
			t.Fatal(err)
		}
	}
	configure("")
	s := start(t, settings{store: "memory:", file: "feedmill.yaml", files: filepath.Join(t.TempDir(), "files")})
	s.wait("g", 2)
	s.wait("h", 2)
	configure(", drop: { q: shoes }")
	s.wait("g", 1)
	s.wait("h", 1)
	until(t, "the shoes to leave", func() bool { return !strings.Contains(s.get("/feed.json").body, "shoes") })
	configure("")
	s.wait("g", 2)
	s.wait("h", 2)
}
