package webfeed

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"feedmill/sources"
	"feedmill/sources/fetch"
)

func TestFiles(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "feed.xml")
	write := func(body string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(body), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(channel(item("1", "one")))
	s := newSession(t, path)
	if res := s.must(); s.keys() != "1" || res.Note != "1 items, 1 new or changed" {
		t.Errorf("%q %+v", s.keys(), res)
	}
	if res := s.must(); !res.Unchanged {
		t.Errorf("%+v", res)
	}
	write(strings.Repeat(" ", fetch.DefaultMaxBytes+1))
	if _, err := s.fetch(); !errors.Is(err, fetch.ErrTooLarge) {
		t.Errorf("%v", err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if _, err := s.fetch(); !errors.Is(err, sources.ErrConfig) {
		t.Errorf("%v", err)
	}
}

func TestConfig(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "f.xml"), []byte(channel()), 0o600); err != nil {
		t.Fatal(err)
	}
	for in, want := range map[string]string{
		"https://u:p@h.example/f?token=x": "",
		"HTTP://h.example/":               "",
		"f.xml":                           "",
		"file://" + dir + "/f.xml":        "",
		"":                                "empty",
		"feed:https://h.example/x":        "write https://h.example/x",
		"feed://h.example/x":              "write https://h.example/x",
		"ftp://h.example/":                "only http and https",
		"https:///x":                      "not an address",
		"h.example/feed":                  "neither a URL",
		".":                               "neither a URL",
	} {
		c := &Config{URL: in}
		err := c.Check(dir)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", in, err, want)
		}
		if strings.Contains(c.Location(), "u:p") || strings.Contains(c.Location(), "token=x") {
			t.Errorf("the location shows a secret: %s", c.Location())
		}
	}
}

func TestRecognise(t *testing.T) {
	t.Chdir(t.TempDir())
	for name, body := range map[string]string{
		"a.xml": channel(), "b.json": `{"version": "https://jsonfeed.org/version/1", "items": []}`, "post.md": "---\ntitle: x\n---\n", "page.html": "<html>", "c.json": "{}",
	} {
		if err := os.WriteFile(name, []byte(body), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for arg, want := range map[string]bool{
		"https://h.example/feed": true, "http://h.example": true, "a.xml": true, "b.json": true,
		"post.md": false, "page.html": false, "c.json": false, "missing": false, ".": false, "ftp://h.example": false,
	} {
		if _, ok := Kind.Recognise(arg); ok != want {
			t.Errorf("%s: %v, want %v", arg, ok, want)
		}
	}
}
