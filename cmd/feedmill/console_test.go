package main

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
)

func TestConsole(t *testing.T) {
	var screen bytes.Buffer
	c := &console{out: &screen, err: &screen, people: true}
	c.count("reading: 1 post")
	c.count("reading: 2 posts")
	if _, err := (logWriter{c}).Write([]byte("a warning\n")); err != nil {
		t.Fatal(err)
	}
	c.count("reading: 3 posts")
	c.print("ready\n")
	want := "reading: 1 post\r\x1b[Kreading: 2 posts\r\x1b[Ka warning\nreading: 3 posts\r\x1b[Kready\n"
	if screen.String() != want {
		t.Errorf("screen %q, want %q", &screen, want)
	}
}

func TestConsoleWithoutPeople(t *testing.T) {
	var file bytes.Buffer
	c := &console{out: &file, err: &file}
	c.count("reading: 1 post")
	c.print("ready\n")
	if file.String() != "ready\n" {
		t.Errorf("a file gets %q", &file)
	}
}

func TestReachable(t *testing.T) {
	for listen, want := range map[string]string{
		":8081": "localhost:8081", "0.0.0.0:81": "localhost:81", "[::]:8081": "localhost:8081",
		"127.0.0.1:8081": "127.0.0.1:8081", "[::1]:8081": "[::1]:8081", "admin.internal:80": "admin.internal:80",
	} {
		if got, err := reachable(listen); err != nil || got != want {
			t.Errorf("reachable(%q) = %q, %v; want %q", listen, got, err, want)
		}
	}
	if _, err := reachable("8081"); err == nil {
		t.Error("reachable takes a number")
	}
}

func TestSize(t *testing.T) {
	for n, want := range map[int64]string{0: "0 KiB", 1: "1 KiB", 131072: "128 KiB", 3 << 19: "1.5 MiB", 5 << 30: "5120.0 MiB"} {
		if got := size(n); got != want {
			t.Errorf("size(%d) = %q, want %q", n, got, want)
		}
	}
}

func TestSpoolOf(t *testing.T) {
	var log bytes.Buffer
	logger := slog.New(slog.NewTextHandler(&log, nil))
	home, tmp := t.TempDir(), t.TempDir()
	redis := "redis://:hunter2@redis.internal/0"
	t.Setenv("XDG_RUNTIME_DIR", "")
	for _, c := range []struct{ store, cache, tmp, below string }{
		{"bolt:news.db", home, tmp, "news.db.spool"},
		{"memory:", home, tmp, ""},
		{redis, home, tmp, home},
		{redis, "main.go", tmp, tmp}, // below a file nothing can be made
		{redis, "main.go", "main.go", ""},
	} {
		t.Setenv("XDG_CACHE_HOME", c.cache)
		t.Setenv("TMPDIR", c.tmp)
		got := spoolOf(c.store, logger)
		if !strings.HasPrefix(got, c.below) || (got == "") != (c.below == "") || strings.Contains(got, "hunter2") {
			t.Errorf("spoolOf(%q) with caches in %s and TMPDIR %s = %q", c.store, c.cache, c.tmp, got)
		}
	}
	if n := strings.Count(log.String(), "WARN"); n != 1 {
		t.Errorf("%d warnings, want one where there is no directory:\n%s", n, &log)
	}
}
