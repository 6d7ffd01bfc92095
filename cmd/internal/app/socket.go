package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"feedmill/cache"
	"feedmill/sources"
)

// SocketPath is where the server of a store listens for the verbs of the operator: beside a store file, else in the
// temporary directory under a name made of the store's URL.
func SocketPath(store string) string {
	if path, ok := strings.CutPrefix(store, "bolt:"); ok {
		return path + ".sock"
	}
	sum := sha256.Sum256([]byte(store))
	return filepath.Join(os.TempDir(), "feedmill-"+hex.EncodeToString(sum[:6])+".sock")
}

// serveSocket opens the control socket, mode 0600. A socket that a dead server left is replaced; where a live one
// listens (another replica on this machine), this process goes without.
func (a *App) serveSocket() error {
	path := a.opts.Socket
	if path == "" {
		return nil
	}
	if c, err := net.DialTimeout("unix", path, time.Second); err == nil {
		c.Close()
		a.log.Info("another server of this store has the control socket; verbs go to that one", "socket", path)
		return nil
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("replace the control socket: %w", err)
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		a.log.Warn("no control socket: verbs such as feedmill release cannot reach this server", "err", err)
		return nil
	}
	if err := os.Chmod(path, 0o600); err != nil {
		l.Close()
		return fmt.Errorf("protect the control socket: %w", err)
	}
	a.serve(l, adminServer(a.socketHandler()))
	return nil
}

// socketHandler is what verbs ask for.
func (a *App) socketHandler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /status.json", a.statusJSON)
	mux.HandleFunc("POST /release/{source}", func(w http.ResponseWriter, r *http.Request) {
		answer(w, a.Release(r.Context(), r.PathValue("source")))
	})
	mux.HandleFunc("POST /fetch/{source}", func(w http.ResponseWriter, r *http.Request) {
		answer(w, a.manager.Fetch(r.PathValue("source")))
	})
	mux.HandleFunc("POST /store/check", func(w http.ResponseWriter, r *http.Request) {
		c, ok := a.store.(interface{ Check(context.Context) error })
		if !ok {
			answer(w, errors.New("this store has no check of its own: ask Redis"))
			return
		}
		answer(w, c.Check(r.Context()))
	})
	mux.HandleFunc("POST /store/backup", func(w http.ResponseWriter, r *http.Request) {
		b, ok := a.store.(interface{ Backup(io.Writer) error })
		if !ok {
			answer(w, errors.New("this store has no backup of its own: back up Redis"))
			return
		}
		w.Header().Set("Trailer", "Feedmill-Error")
		w.Header().Set("Content-Type", "application/octet-stream")
		if err := b.Backup(w); err != nil {
			w.Header().Set("Feedmill-Error", err.Error())
		}
	})
	return mux
}

func answer(w http.ResponseWriter, err error) {
	if err != nil {
		plain(w, http.StatusConflict, err.Error())
		return
	}
	plain(w, http.StatusOK, "ok")
}

// Release lets the withdrawals that the guard holds for a source pass.
func (a *App) Release(ctx context.Context, source string) error {
	if err := Release(ctx, a.store, source); err != nil {
		return err
	}
	if err := a.manager.Fetch(source); err != nil {
		a.log.Debug("the source is fetched by another process", "source", source)
	}
	return nil
}

// Release writes the operator's word into a store that no server of this machine has open. Fails for a source that
// the store does not know.
func Release(ctx context.Context, store cache.Store, source string) error {
	list, err := store.List(ctx)
	if err != nil {
		return fmt.Errorf("release %s: %w", source, err)
	}
	names := make([]string, 0, len(list))
	for _, s := range list {
		if s.Name == source {
			return store.Write(ctx, cache.Lease{}, cache.Edit{
				Bucket: noteBucket("schedule", source), Key: sources.ReleaseKey, Value: []byte("1"),
			})
		}
		names = append(names, s.Name)
	}
	return fmt.Errorf("release %s: no such source; the store has %s", source, strings.Join(names, ", "))
}

// Dial makes a client for the control socket; http://feedmill/… are its addresses. It fails when no server listens.
func Dial(path string) (*http.Client, error) {
	c, err := net.DialTimeout("unix", path, time.Second)
	if err != nil {
		return nil, err
	}
	c.Close()
	return &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, "unix", path)
		},
	}}, nil
}
