package app

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"feedmill/cache"
	"feedmill/sources"
)

// maxSocketPath is the longest path of a Unix socket, in bytes, on every system that feedmill runs on.
const maxSocketPath = 100

// SocketPath is where the server of a store listens for the verbs of the operator: beside a store file, else (or where
// that path is too long for a socket) in the user's directory for such things under a name made of the store's URL.
func SocketPath(store string) string {
	if path, ok := strings.CutPrefix(store, "bolt:"); ok {
		if abs, err := filepath.Abs(path); err == nil {
			path = abs
		}
		if len(path)+len(".sock") <= maxSocketPath {
			return path + ".sock"
		}
		store = "bolt:" + path
	}
	dir := os.Getenv("XDG_RUNTIME_DIR")
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		dir = os.TempDir()
	}
	sum := sha256.Sum256([]byte(store))
	return filepath.Join(dir, fmt.Sprintf("feedmill-%d-%s.sock", os.Getuid(), hex.EncodeToString(sum[:6])))
}

// serveSocket opens the control socket, mode 0600. A socket that a dead server left is replaced; where a live one
// listens (another replica on this machine), this process goes without. Serving does not depend on it.
func (a *App) serveSocket() {
	path := a.opts.Socket
	if path == "" {
		return
	}
	if client, err := Dial(path); client != nil || err != nil {
		a.log.Info("another server of this store has the control socket; verbs go to that one", "socket", path)
		return
	}
	l, err := openSocket(path)
	if err != nil {
		a.log.Warn("no control socket: feedmill absorb, release, status and store cannot reach this server", "err", err)
		return
	}
	a.serve(l, adminServer(a.socketHandler()))
}

func openSocket(path string) (net.Listener, error) {
	switch info, err := os.Lstat(path); {
	case err == nil && info.Mode().Type() == fs.ModeSocket:
		if err := os.Remove(path); err != nil {
			return nil, fmt.Errorf("replace the control socket: %w", err)
		}
	case err == nil:
		return nil, fmt.Errorf("open the control socket: %s is there and is no socket", path)
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, fmt.Errorf("open the control socket: %w", err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, errors.Join(fmt.Errorf("protect the control socket: %w", err), l.Close())
	}
	return l, nil
}

// socketHandler is what verbs ask for.
func (a *App) socketHandler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /status.json", a.statusJSON)
	mux.HandleFunc("GET /explain", a.explain)
	a.pushReads(mux)
	a.pushOrders(mux)
	mux.HandleFunc("POST /release/{source}", func(w http.ResponseWriter, r *http.Request) {
		answer(w, a.Release(r.Context(), r.PathValue("source")))
	})
	mux.HandleFunc("POST /absorb/{source}", func(w http.ResponseWriter, r *http.Request) {
		answer(w, a.Absorb(r.Context(), r.PathValue("source")))
	})
	mux.HandleFunc("POST /store/check", func(w http.ResponseWriter, r *http.Request) {
		c, ok := a.store.(interface{ Check(context.Context) error })
		if !ok {
			answer(w, errors.New("this store has no check of its own"))
			return
		}
		answer(w, c.Check(r.Context()))
	})
	mux.HandleFunc("POST /store/backup", func(w http.ResponseWriter, r *http.Request) {
		b, ok := a.store.(interface{ Backup(io.Writer) error })
		if !ok {
			answer(w, errors.New("this store has no backup of its own"))
			return
		}
		w.Header().Set("Trailer", trailer)
		w.Header().Set("Content-Type", "application/octet-stream")
		if err := b.Backup(w); err != nil {
			w.Header().Set(trailer, err.Error())
			return
		}
		w.Header().Set(trailer, complete)
	})
	return mux
}

// A long answer ends in a trailer that says whether it is all there.
const (
	trailer  = "Feedmill-Outcome"
	complete = "complete"
)

func answer(w http.ResponseWriter, err error) {
	if err != nil {
		plain(w, http.StatusConflict, err.Error())
		return
	}
	plain(w, http.StatusOK, "ok")
}

// Release lets pass what is held of a source: withdrawals, and entries under other keys as new items. It fails when
// nothing is held.
func (a *App) Release(ctx context.Context, source string) error {
	return a.decide(ctx, source, "release", sources.ReleaseKey, func(s sources.Status) bool { return s.Withheld != nil || s.Churn != nil })
}

// Absorb lets the entries that are held under other keys be what they were before. It fails when there are none.
func (a *App) Absorb(ctx context.Context, source string) error {
	return a.decide(ctx, source, "absorb", sources.AbsorbKey, func(s sources.Status) bool { return s.Churn != nil })
}

func (a *App) decide(ctx context.Context, source, verb, key string, held func(sources.Status) bool) error {
	for _, s := range a.manager.Status() {
		if s.Name == source && !held(s) && s.State != "elsewhere" && s.State != "starting" {
			return fmt.Errorf("%s %s: nothing is held", verb, source)
		}
	}
	if err := decide(ctx, a.store, source, verb, key); err != nil {
		return err
	}
	if err := a.manager.Fetch(source); err != nil {
		a.log.Debug("the source is fetched by another process", "source", source)
	}
	return nil
}

// Release writes the operator's word into a store that no server of this machine has open. It fails for a source that
// the store does not know.
func Release(ctx context.Context, store cache.Store, source string) error {
	return decide(ctx, store, source, "release", sources.ReleaseKey)
}

// Absorb does the same for entries that are held under other keys.
func Absorb(ctx context.Context, store cache.Store, source string) error {
	return decide(ctx, store, source, "absorb", sources.AbsorbKey)
}

func decide(ctx context.Context, store cache.Store, source, verb, key string) error {
	list, err := store.List(ctx)
	if err != nil {
		return fmt.Errorf("%s %s: %w", verb, source, err)
	}
	var names []string
	for _, s := range list {
		if s.Name == source {
			return store.Write(ctx, cache.Lease{}, cache.Edit{Bucket: noteBucket("schedule", source), Key: key, Value: []byte("1")})
		}
		names = append(names, s.Name)
	}
	if len(names) == 0 {
		return fmt.Errorf("%s %s: no such source; the store has none", verb, source)
	}
	return fmt.Errorf("%s %s: no such source; the store has %s", verb, source, strings.Join(names, ", "))
}

// Client talks to a running server through its control socket.
type Client struct{ http *http.Client }

// Dial connects to the control socket. The client is nil, without an error, when no server listens there.
func Dial(path string) (*Client, error) {
	c, err := net.DialTimeout("unix", path, time.Second)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, syscall.ENOTSOCK):
		return nil, nil
	case errors.Is(err, fs.ErrPermission):
		return nil, fmt.Errorf("ask the running server: %w: only the user that it runs as may", err)
	case err != nil:
		return nil, fmt.Errorf("ask the running server: %w", err)
	}
	c.Close()
	return &Client{&http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, "unix", path)
		},
		DisableKeepAlives: true,
	}}}, nil
}

// Status writes the state of the server as JSON.
func (c *Client) Status(ctx context.Context, out io.Writer) error {
	_, err := c.ask(ctx, http.MethodGet, "/status.json", out)
	return err
}

// Explain asks for what is known of an item or a topic.
func (c *Client) Explain(ctx context.Context, q Question) (e Explanation, err error) {
	var b bytes.Buffer
	query := url.Values{"asked": {q.Asked}, "file": {q.File}}
	if _, err = c.ask(ctx, http.MethodGet, "/explain?"+query.Encode(), &b); err != nil {
		return e, err
	}
	if err = json.Unmarshal(b.Bytes(), &e); err != nil {
		return e, fmt.Errorf("read the running server's answer: %w", err)
	}
	return e, nil
}

// Release lets pass what is held of a source.
func (c *Client) Release(ctx context.Context, source string) error {
	_, err := c.ask(ctx, http.MethodPost, "/release/"+url.PathEscape(source), io.Discard)
	return err
}

// Absorb lets the entries that are held under other keys be what they were before.
func (c *Client) Absorb(ctx context.Context, source string) error {
	_, err := c.ask(ctx, http.MethodPost, "/absorb/"+url.PathEscape(source), io.Discard)
	return err
}

// Check verifies the store.
func (c *Client) Check(ctx context.Context) error {
	_, err := c.ask(ctx, http.MethodPost, "/store/check", io.Discard)
	return err
}

// Backup writes a consistent copy of the store. After an error the copy is not whole.
func (c *Client) Backup(ctx context.Context, out io.Writer) error {
	outcome, err := c.ask(ctx, http.MethodPost, "/store/backup", out)
	switch {
	case err != nil:
		return err
	case outcome == "":
		return errors.New("the server stopped before the copy was whole; try again")
	case outcome != complete:
		return errors.New(outcome)
	}
	return nil
}

func (c *Client) ask(ctx context.Context, method, path string, out io.Writer) (outcome string, err error) {
	req, err := http.NewRequestWithContext(ctx, method, "http://feedmill"+path, nil)
	if err != nil {
		return "", fmt.Errorf("ask the running server: %w", err)
	}
	res, err := c.http.Do(req)
	if err != nil {
		return "", fmt.Errorf("ask the running server: %w", err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		text, err := io.ReadAll(io.LimitReader(res.Body, 64<<10))
		if err != nil {
			return "", fmt.Errorf("ask the running server: %w", err)
		}
		return "", errors.New(strings.TrimSpace(string(text)))
	}
	if _, err := io.Copy(out, res.Body); err != nil {
		return "", fmt.Errorf("read the running server's answer: %w", err)
	}
	return res.Trailer.Get(trailer), nil
}
