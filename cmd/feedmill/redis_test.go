package main

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// redisServer is a Redis of our own, so that a test may stop it.
type redisServer struct {
	t    testing.TB
	url  string
	addr string
	dir  string
	cmd  *exec.Cmd
}

func startRedis(t testing.TB) *redisServer {
	t.Helper()
	if _, err := exec.LookPath("redis-server"); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("redis-server is not installed")
		}
		t.Skip("redis-server is not installed (make check installs it)")
	}
	addr := fmt.Sprintf("127.0.0.1:%d", quietPort(t))
	r := &redisServer{t: t, addr: addr, url: "redis://" + addr + "/0", dir: t.TempDir()}
	r.start()
	t.Cleanup(r.stop)
	return r
}

func (r *redisServer) start() {
	r.t.Helper()
	_, port, err := net.SplitHostPort(r.addr)
	if err != nil {
		r.t.Fatal(err)
	}
	r.cmd = exec.Command("redis-server", "--port", port, "--bind", "127.0.0.1", "--dir", r.dir,
		"--appendonly", "yes", "--appendfsync", "everysec", "--maxmemory-policy", "noeviction", "--save", "")
	if err := r.cmd.Start(); err != nil {
		r.t.Fatal(err)
	}
	until(r.t, "redis", func() bool {
		c, err := net.Dial("tcp", r.addr)
		if err == nil {
			c.Close()
		}
		return err == nil
	})
}

func (r *redisServer) stop() {
	if r.cmd == nil {
		return
	}
	if err := r.cmd.Process.Kill(); err != nil {
		r.t.Errorf("stop redis: %v", err)
	}
	r.cmd.Wait() // it was killed: its exit status says so
	r.cmd = nil
}

func TestTwoServersOnOneRedisServeTheSameBytes(t *testing.T) {
	t.Parallel()
	r := startRedis(t)
	site := writePosts(t, t.TempDir(), 40)
	name := filepath.Base(site)
	a := start(t, settings{store: r.url, sources: []string{site}})
	a.wait(name, 40)
	b := start(t, settings{store: r.url, sources: []string{site}})
	a.settled()
	b.settled()
	sameEverywhere(t, a.documents(), b.documents())
	write(t, filepath.Join(site, "_posts", "2024-03-01-late.md"), "---\ntitle: late\ncategories: c1\n---\nlate text\n")
	for _, s := range []*server{a, b} {
		until(t, "the new post on both", func() bool {
			return len(s.get("/feed.rss").body) > 0 && strings.Contains(s.get("/feed.rss").body, "late text")
		})
	}
	a.settled()
	b.settled()
	sameEverywhere(t, a.documents(), b.documents())
}

func TestDocumentsOutliveRedis(t *testing.T) {
	t.Parallel()
	r := startRedis(t)
	site := writePosts(t, t.TempDir(), 20)
	spool := t.TempDir()
	s := start(t, settings{store: r.url, sources: []string{site}, spool: spool})
	s.wait(filepath.Base(site), 20)
	s.settled()
	before := s.documents()
	r.stop()
	for path, old := range before {
		if now := s.get(path); now.status != http.StatusOK || now.body != old.body {
			t.Errorf("GET %s without Redis: %d, same bytes: %v", path, now.status, now.body == old.body)
		}
		if now := s.get(path, "If-None-Match", old.header.Get("Etag")); now.status != http.StatusNotModified {
			t.Errorf("conditional GET %s without Redis: %d, want 304", path, now.status)
		}
	}
	r.start()
	write(t, filepath.Join(site, "_posts", "2024-03-01-after.md"), "---\ntitle: after\n---\nafter the outage\n")
	until(t, "the post written after the outage", func() bool { return strings.Contains(s.get("/feed.rss").body, "after the outage") })
}
