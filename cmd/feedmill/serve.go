package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"feedmill/cmd/internal/app"
	"feedmill/cmd/internal/config"
)

func serveCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "serve [SOURCE...]",
		Short: "publish sources: directories of posts or addresses of feeds",
		Long: `serve publishes every SOURCE (a Jekyll site's directory, the address of a feed), or those of --config, and
follows their changes until it is stopped, or the terminal that it was started in is closed. SIGHUP, or saving the file, loads the
configuration again.`,
		Example: "  feedmill serve ~/my-site\n  feedmill serve --config feedmill.yaml --store redis://localhost:6379/0",
		RunE:    serve,
	}
	configFlag(cmd)
	settingFlags(cmd, config.Flags...)
	return cmd
}

func serve(cmd *cobra.Command, args []string) error {
	started := time.Now()
	load, err := loader(cmd, args)
	if err != nil {
		return err
	}
	cfg, err := load()
	if err != nil {
		return err
	}
	if os.Getenv("GOGC") == "" {
		// The live heap is small beside what an import and a render throw away: collecting half as often saves a tenth of
		// their time, and memory stays far under 300 MB.
		debug.SetGCPercent(200)
	}
	screen := newConsole(cmd.OutOrStdout())
	log := screen.log()
	ctx, cancel := context.WithCancel(cmd.Context())
	defer cancel()
	attended := isTerminal(os.Stdin)
	hup := make(chan os.Signal, 1)
	signal.Notify(hup, syscall.SIGHUP) // before anybody can see that this runs: unheard it would end the process
	defer signal.Stop(hup)
	files, remove := filesOf(cfg.Store, log)
	defer remove()
	a, err := app.Start(ctx, app.Options{
		Version: buildVersion(), Formats: formats, Kinds: kinds, Load: load, OpenStore: openStore, HTTP: httpClient, Log: log,
		Spool: spoolOf(cfg.Store, log), Files: files, Socket: app.SocketPath(cfg.Store), Quiet: screen.people && isTerminal(os.Stderr),
	})
	if err != nil {
		return err
	}
	var watching sync.WaitGroup
	watching.Go(func() {
		for {
			select {
			case <-ctx.Done():
				return
			case <-hup:
				if attended && !isTerminal(os.Stdin) { // its window was closed
					cancel()
					return
				}
				a.Reload()
			}
		}
	})
	watching.Go(func() {
		text, err := a.Import(ctx, started, screen.count)
		if err != nil && ctx.Err() == nil {
			log.Warn("cannot say what is published", "err", err)
		}
		screen.print(text)
	})
	err = a.Wait(ctx)
	cancel()
	watching.Wait()
	return errors.Join(err, a.Stop())
}

// spoolOf is the directory in which rendered documents outlive a store that fails. A store in memory has none.
func spoolOf(store string, log *slog.Logger) string {
	if strings.HasPrefix(store, "memory:") {
		return ""
	}
	dir, err := besideStore(store, ".spool")
	if err != nil {
		log.Warn("no directory for rendered documents: after a restart without the store nothing is served; set HOME or TMPDIR to one that can be written",
			"err", err)
	}
	return dir
}

// filesOf is the directory in which sources keep files, such as clones of repositories. Of a store in memory it goes with
// the process: remove takes it away.
func filesOf(store string, log *slog.Logger) (dir string, remove func()) {
	if strings.HasPrefix(store, "memory:") {
		dir, remove, err := passingFiles()
		if err != nil {
			log.Warn("no directory for files of sources: git sources do not work", "err", err)
		}
		return dir, remove
	}
	dir, err := besideStore(store, ".sources")
	if err != nil {
		log.Warn("no directory for files of sources: git sources do not work", "err", err)
	}
	return dir, func() {}
}

// besideStore is a directory that belongs to a store: beside a store file, else among the user's caches, or the temporary
// files of a user without a home.
func besideStore(store, suffix string) (string, error) {
	if path, ok := strings.CutPrefix(store, "bolt:"); ok {
		return path + suffix, nil
	}
	name := strings.TrimSuffix(filepath.Base(app.SocketPath(store)), ".sock")
	if suffix != ".spool" {
		name += suffix
	}
	var errs []error
	for _, base := range []func() (string, error){os.UserCacheDir, func() (string, error) { return os.TempDir(), nil }} {
		dir, err := base()
		if err == nil {
			dir = filepath.Join(dir, "feedmill", name)
			err = os.MkdirAll(dir, 0o700)
		}
		if err == nil {
			return dir, nil
		}
		errs = append(errs, err)
	}
	return "", errors.Join(errs...)
}

// passingFiles makes a directory for files of sources that nobody needs afterwards.
func passingFiles() (dir string, remove func(), err error) {
	dir, err = os.MkdirTemp("", "feedmill")
	if err != nil {
		return "", func() {}, fmt.Errorf("make a directory for files of sources: %w", err)
	}
	return dir, func() { _ = os.RemoveAll(dir) }, nil // it is among temporary files
}
