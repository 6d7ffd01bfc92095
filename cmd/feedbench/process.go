package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

// process is a running server and the watch on its memory.
type process struct {
	cmd   *exec.Cmd
	addr  string // public address
	admin string
	peak  atomic.Int64 // RssAnon in bytes
	done  chan struct{}
	stop  context.CancelFunc
}

// freeAddr is an address on loopback that was free a moment ago.
func freeAddr() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

// serve starts feedmill with a store and sources. env adds to the environment.
func (b *bench) serve(store string, env []string, sources ...string) (*process, error) {
	addr, err := freeAddr()
	if err != nil {
		return nil, err
	}
	admin, err := freeAddr()
	if err != nil {
		return nil, err
	}
	args := append([]string{"serve", "--listen", addr, "--admin", admin, "--store", store, "--base-url", "https://feeds.example.com"}, sources...)
	return b.start(addr, admin, env, b.binary, args...)
}

func (b *bench) start(addr, admin string, env []string, name string, args ...string) (*process, error) {
	ctx, stop := context.WithCancel(b.ctx)
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = append(os.Environ(), env...)
	log, err := os.CreateTemp(b.dir, "log")
	if err != nil {
		stop()
		return nil, err
	}
	cmd.Stderr, cmd.Stdout = log, log
	if err := cmd.Start(); err != nil {
		stop()
		return nil, err
	}
	p := &process{cmd: cmd, addr: addr, admin: admin, stop: stop, done: make(chan struct{})}
	go p.watch()
	return p, nil
}

// watch samples the anonymous memory: the mapped store file is page cache and not counted.
func (p *process) watch() {
	for {
		select {
		case <-p.done:
			return
		case <-time.After(20 * time.Millisecond):
		}
		if n := p.anon(); n > p.peak.Load() {
			p.peak.Store(n)
		}
	}
}

// anon is RssAnon in bytes, 0 when it cannot be read.
func (p *process) anon() int64 {
	f, err := os.Open(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		if rest, ok := strings.CutPrefix(s.Text(), "RssAnon:"); ok {
			n, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			if err != nil {
				return 0
			}
			return n << 10
		}
	}
	return 0
}

// close ends the process and waits for it.
func (p *process) close() {
	close(p.done)
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err == nil {
		timer := time.AfterFunc(20*time.Second, p.stop)
		defer timer.Stop()
	}
	var exit *exec.ExitError
	if err := p.cmd.Wait(); err != nil && !errors.As(err, &exit) {
		fmt.Fprintln(os.Stderr, "feedbench: wait:", err)
	}
	p.stop()
}

// get fetches a path of the public listener.
func (p *process) get(path string, header ...string) (status int, h http.Header, body []byte, err error) {
	req, err := http.NewRequest(http.MethodGet, "http://"+p.addr+path, nil)
	if err != nil {
		return 0, nil, nil, err
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		return 0, nil, nil, err
	}
	defer res.Body.Close()
	body, err = io.ReadAll(res.Body)
	return res.StatusCode, res.Header, body, err
}

// until asks every few milliseconds for ok, for at most ten minutes.
func (b *bench) until(what string, ok func() bool) error {
	for deadline := time.Now().Add(10 * time.Minute); time.Now().Before(deadline); time.Sleep(2 * time.Millisecond) {
		if ok() {
			return nil
		}
		if b.ctx.Err() != nil {
			return b.ctx.Err()
		}
	}
	return fmt.Errorf("%s did not happen within ten minutes", what)
}

// served says whether a path answers 200.
func (p *process) served(path string) bool {
	status, _, _, err := p.get(path)
	return err == nil && status == http.StatusOK
}

// imported says whether the first source holds n items and its fetch is done.
func (p *process) imported(n int) bool {
	res, err := http.Get("http://" + p.admin + "/status.json")
	if err != nil {
		return false
	}
	defer res.Body.Close()
	var st struct {
		Sources []struct {
			State string `json:"state"`
			Items int    `json:"items"`
		} `json:"sources"`
	}
	if err := json.NewDecoder(res.Body).Decode(&st); err != nil {
		return false
	}
	return len(st.Sources) > 0 && st.Sources[0].State == "waiting" && st.Sources[0].Items >= n
}
