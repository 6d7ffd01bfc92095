// Package redistest gives tests a Redis of their own.
//
// With REDIS_URL in the environment tests share that server, each under its own prefix. Else a redis-server from PATH
// runs on a socket in a temporary directory for as long as a test needs it. Without either a test is skipped, unless CI
// is "true": then it fails, so that nobody believes that it ran.
package redistest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	goredis "github.com/redis/go-redis/v9"
)

// shared is the server of this test binary; it stops with the last test that uses it.
var shared struct {
	sync.Mutex
	users  int
	server *Server
}

// URL is the address of a Redis with a prefix that no other test has.
func URL(t testing.TB) string {
	t.Helper()
	prefix := Prefix()
	if address := os.Getenv("REDIS_URL"); address != "" {
		join := "?"
		if strings.Contains(address, "?") {
			join = "&"
		}
		t.Cleanup(func() { sweep(t, address, prefix) })
		return address + join + "prefix=" + prefix
	}
	binary := find(t)
	shared.Lock()
	defer shared.Unlock()
	if shared.users == 0 {
		shared.server = start(t, binary, "--save", "", "--appendonly", "no", "--maxclients", "2000")
	}
	shared.users++
	t.Cleanup(func() {
		shared.Lock()
		defer shared.Unlock()
		if shared.users--; shared.users == 0 {
			shared.server.remove(t)
		}
	})
	return shared.server.URL + "?prefix=" + prefix
}

// Prefix is a prefix that nobody else has.
func Prefix() string { return "t" + strings.ToLower(rand.Text()[:12]) }

// Cluster starts a Cluster of one node, for as long as the test runs, and gives its address without a prefix. One node
// is enough to refuse what is not of one slot.
func Cluster(t testing.TB) string {
	t.Helper()
	port, err := freePort()
	if err != nil {
		t.Fatal(err)
	}
	s := New(t, "--bind", "127.0.0.1", "--port", strconv.Itoa(port), "--cluster-enabled", "yes", "--save", "")
	client := s.client()
	defer client.Close() //nolint:errcheck // nothing was promised
	if err := client.ClusterAddSlotsRange(t.Context(), 0, 16383).Err(); err != nil {
		t.Fatal(err)
	}
	for range 2000 {
		if info, err := client.ClusterInfo(t.Context()).Result(); err == nil && strings.Contains(info, "cluster_state:ok") {
			return "redis+cluster://127.0.0.1:" + strconv.Itoa(port)
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal("the cluster does not come up")
	return ""
}

// freePort is a port that is likely to stay free for a moment; 10,000 more must be a port too, for the cluster's bus.
func freePort() (int, error) {
	for range 100 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return 0, err
		}
		port := l.Addr().(*net.TCPAddr).Port
		if err := l.Close(); err != nil {
			return 0, err
		}
		if port <= 55535 {
			return port, nil
		}
	}
	return 0, errors.New("no free port below 55536")
}

// find is the path of redis-server.
func find(t testing.TB) string {
	t.Helper()
	binary, err := exec.LookPath("redis-server")
	if err == nil {
		return binary
	}
	if os.Getenv("CI") == "true" {
		t.Fatal("no REDIS_URL and no redis-server in PATH: CI must test the real server")
	}
	t.Skip("no REDIS_URL and no redis-server in PATH")
	return ""
}

// sweep deletes what a test left on a server that is not ours.
func sweep(t testing.TB, address, prefix string) {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	address, _, _ = strings.Cut(address, "?")
	o, err := goredis.ParseURL(address)
	if err != nil {
		t.Logf("keys with prefix %s stay on the server of REDIS_URL: its address is not that of a single server", prefix)
		return
	}
	o.DisableIdentity = true
	client := goredis.NewClient(o)
	defer client.Close() //nolint:errcheck // nothing was promised
	for _, pattern := range []string{prefix + ":*", "{" + prefix + "}:*"} {
		keys := client.Scan(ctx, 0, pattern, 1000).Iterator()
		for keys.Next(ctx) {
			client.Unlink(ctx, keys.Val())
		}
		if err := keys.Err(); err != nil {
			t.Logf("sweep REDIS_URL: %v", err)
		}
	}
}

// Server is a redis-server that a test can stop and start.
type Server struct {
	// URL is its address, without a prefix.
	URL string

	binary, dir, socket string
	args                []string
	kill                func()
	ended               chan struct{}
}

// New starts a server of the test's own, with additional arguments. It keeps its data in a file from one Start to the
// next if the arguments say so ("--appendonly", "yes").
func New(t testing.TB, args ...string) *Server {
	t.Helper()
	s := start(t, find(t), args...)
	t.Cleanup(func() { s.remove(t) })
	return s
}

func start(t testing.TB, binary string, args ...string) *Server {
	t.Helper()
	dir, err := os.MkdirTemp("", "redis") // short: the path of a socket is at most about 100 bytes
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{binary: binary, dir: dir, socket: filepath.Join(dir, "s"), args: args}
	s.URL = "unix://" + s.socket
	s.Start(t)
	return s
}

// Start starts the server again after Stop.
func (s *Server) Start(t testing.TB) {
	t.Helper()
	cmd := exec.Command(s.binary, append([]string{
		"--port", "0", "--unixsocket", s.socket, "--dir", s.dir, "--loglevel", "warning", "--daemonize", "no",
	}, s.args...)...)
	var output strings.Builder
	cmd.Stdout, cmd.Stderr = &output, &output
	started := make(chan error)
	s.ended = make(chan struct{})
	go run(cmd, started, s.ended)
	if err := <-started; err != nil {
		t.Fatalf("start %s: %v", s.binary, err)
	}
	s.kill = func() { _ = cmd.Process.Kill() } // an error says that it has ended
	client := s.client()
	defer client.Close() //nolint:errcheck // nothing was promised
	var err error
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		select {
		case <-s.ended:
			t.Fatalf("redis-server ended: %s", &output)
		default:
		}
		if _, err = os.Stat(s.socket); err != nil {
			continue
		}
		if err = client.Ping(t.Context()).Err(); err == nil {
			return
		}
	}
	s.Stop()
	t.Fatal(fmt.Errorf("redis-server does not answer: %w\n%s", err, &output))
}

func (s *Server) client() *goredis.Client {
	return goredis.NewClient(&goredis.Options{
		Network: "unix", Addr: s.socket, DisableIdentity: true, DialerRetries: 1, MaxRetries: -1,
	})
}

// Stop kills the server, as a crash does.
func (s *Server) Stop() {
	s.kill()
	<-s.ended
}

func (s *Server) remove(t testing.TB) {
	s.Stop()
	if err := os.RemoveAll(s.dir); err != nil {
		t.Errorf("remove the data of redis-server: %v", err)
	}
}
