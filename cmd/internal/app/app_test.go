package app

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"feedmill/sources"
)

func TestLocal(t *testing.T) {
	for base, private := range map[string]bool{
		"http://localhost:8080": true, "http://127.0.0.1": true, "http://[::1]:80": true, "http://192.168.3.4": true,
		"http://10.1.2.3:8080": true, "http://169.254.1.1": true, "https://feeds.example.com": false, "http://203.0.113.9": false,
	} {
		if got := local(base); got != private {
			t.Errorf("local(%q) is %v, want %v", base, got, private)
		}
	}
}

func TestSocketPath(t *testing.T) {
	t.Chdir(t.TempDir())
	wd, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	if got, want := SocketPath("bolt:x.db"), SocketPath("bolt:"+filepath.Join(wd, "x.db")); got != want {
		t.Errorf("the same file has two sockets: %s and %s", got, want)
	}
	long := "bolt:/" + strings.Repeat("directory/", 20) + "x.db"
	redis := "redis://user:hunter2@redis.internal:6379/0"
	t.Setenv("XDG_RUNTIME_DIR", "/no/such/directory")
	t.Setenv("TMPDIR", "/tmp")
	for _, store := range []string{long, redis} {
		if got := SocketPath(store); len(got) > maxSocketPath || strings.Contains(got, "hunter2") {
			t.Errorf("SocketPath(%q) = %q", store, got)
		}
	}
	if SocketPath(redis) == SocketPath(redis+"?prefix=two") {
		t.Error("two stores have one socket")
	}
}

func TestOpenSocket(t *testing.T) {
	t.Chdir(t.TempDir()) // the path of a socket has to be short
	if err := os.WriteFile("file", []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := openSocket("file"); err == nil {
		t.Error("a file that is no socket is replaced")
	}
	if client, err := Dial("file"); client != nil || err != nil {
		t.Errorf("Dial to a file: %v, %v", client, err)
	}
	l, err := openSocket("s")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if info, err := os.Stat("s"); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the socket is %v, %v; want mode 0600", info, err)
	}
	// What a dead server left is replaced.
	if l, err := openSocket("s"); err != nil {
		t.Errorf("a left socket: %v", err)
	} else {
		l.Close()
	}
}

func TestProgressOf(t *testing.T) {
	waiting := sources.Status{State: "waiting", Fetched: true, Counts: sources.Counts{Seen: 7, Rejected: 2}}
	for _, c := range []struct {
		name       string
		list       []sources.Status
		configured int
		done       bool
		line       string
	}{
		{"nothing yet", nil, 1, false, "starting"},
		{"fetched before", []sources.Status{waiting}, 1, true, ""},
		{"not yet fetched", []sources.Status{waiting, {State: "waiting"}}, 2, false, "reading: 7 posts, 2 rejected, 1 of 2 sources to go"},
		{"under way", []sources.Status{{State: "fetching", Counts: sources.Counts{Seen: 1}}}, 1, false, "reading: 1 post, 0 rejected, 1 of 1 source to go"},
		{"failed", []sources.Status{waiting, {State: "failing"}}, 2, true, ""},
		{"another process's", []sources.Status{{State: "elsewhere"}}, 1, true, ""},
		{"held", []sources.Status{{State: "held", Fetched: true}}, 1, true, ""},
	} {
		if done, line := progressOf(c.list, c.configured); done != c.done || line != c.line {
			t.Errorf("%s: %v %q, want %v %q", c.name, done, line, c.done, c.line)
		}
	}
}

func TestPlace(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a.md"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ location, where, want string }{
		{dir, "a.md", filepath.Join(dir, "a.md")},
		{dir, "gone.md", "gone.md"},
		{"https://example.com/feed.xml", "guid-1", "guid-1"},
		{dir, "/etc/passwd", "/etc/passwd"},
	} {
		if got := Place(c.location, sources.Rejected{Where: c.where}).Where; got != c.want {
			t.Errorf("Place(%q, %q) = %q, want %q", c.location, c.where, got, c.want)
		}
	}
}

func TestHush(t *testing.T) {
	var out bytes.Buffer
	var muted atomic.Bool
	log := slog.New(&hush{slog.NewTextHandler(&out, nil), &muted}).With("source", "s").WithGroup("g")
	muted.Store(true)
	log.Warn("unheard")
	muted.Store(false)
	log.Warn("heard")
	if text := out.String(); strings.Contains(text, "unheard") || !strings.Contains(text, "msg=heard source=s") {
		t.Errorf("log: %s", text)
	}
}

func TestStamps(t *testing.T) {
	dir := t.TempDir()
	file, link := filepath.Join(dir, "one"), filepath.Join(dir, "link")
	if err := os.WriteFile(file, []byte("1"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "two"), []byte("22"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("one", link); err != nil {
		t.Fatal(err)
	}
	before := stamps([]string{link})
	if before != stamps([]string{link}) {
		t.Error("stamps differ without a change")
	}
	if err := os.Remove(link); err != nil {
		t.Fatal(err)
	}
	if gone := stamps([]string{link}); gone == before {
		t.Error("a file that is gone has the same stamp")
	}
	// A ConfigMap is updated by swapping a link.
	if err := os.Symlink("two", link); err != nil {
		t.Fatal(err)
	}
	if stamps([]string{link}) == before {
		t.Error("a swapped link is not seen")
	}
}
