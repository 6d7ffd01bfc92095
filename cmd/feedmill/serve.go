package main

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"feedmill/cmd/internal/app"
	"feedmill/cmd/internal/config"
)

func serveCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "serve [SOURCE...]",
		Short: "publish sources: directories of posts or addresses of feeds",
		Long: `serve publishes every SOURCE (a Jekyll site's directory, the address of a feed), or those of --config, and
follows their changes until it is stopped. SIGHUP, or saving the file, loads the configuration again.`,
		Example: "  feedmill serve ~/my-site\n  feedmill serve --config feedmill.yaml --store redis://localhost:6379/0",
		RunE:    serve,
	}
	configFlag(cmd)
	settingFlags(cmd, "listen", "admin", "store", "base_url", "timezone")
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
	log := newLog()
	ctx := cmd.Context()
	a, err := app.Start(ctx, app.Options{
		Version: buildVersion(), Formats: formats, Load: load, OpenStore: openStore, HTTP: httpClient, Log: log,
		Spool: spoolOf(cfg.Store), Socket: app.SocketPath(cfg.Store),
	})
	if err != nil {
		return err
	}
	hup := make(chan os.Signal, 1)
	signal.Notify(hup, syscall.SIGHUP)
	defer signal.Stop(hup)
	go func() {
		for {
			select {
			case <-ctx.Done():
				return
			case <-hup:
				if err := a.Reload(ctx); err != nil {
					log.Error("the new configuration is wrong; the old one keeps running", "err", err)
				}
			}
		}
	}()
	go progress(cmd, a, started)
	err = a.Wait(ctx)
	if stopErr := a.Stop(); err == nil {
		err = stopErr
	}
	return err
}

// progress shows the first import: to people as it goes, to logs as one line.
func progress(cmd *cobra.Command, a *app.App, started time.Time) {
	var out io.Writer = cmd.OutOrStdout()
	a.Progress(cmd.Context(), out, term.IsTerminal(int(os.Stdout.Fd())), started)
}

// spoolOf is the directory in which rendered documents outlive a store that fails: beside a store file, else in the
// user's cache directory. A store in memory has none.
func spoolOf(store string) string {
	if path, ok := strings.CutPrefix(store, "bolt:"); ok {
		return path + ".spool"
	}
	if strings.HasPrefix(store, "memory:") {
		return ""
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		dir = os.TempDir()
	}
	return filepath.Join(dir, "feedmill", strings.TrimSuffix(filepath.Base(app.SocketPath(store)), ".sock"))
}

func initCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "init SOURCE...",
		Short:   "print the configuration file for sources",
		Example: "  feedmill init ~/my-site https://example.com/feed.xml > feedmill.yaml",
		RunE: func(cmd *cobra.Command, args []string) error {
			cfg, err := config.FromArgs(args, kinds)
			if err != nil {
				return &usageError{err}
			}
			text, err := config.Init(cfg)
			if err != nil {
				return err
			}
			_, err = cmd.OutOrStdout().Write(text)
			return err
		},
	}
	return cmd
}

func schemaCommand() *cobra.Command {
	return &cobra.Command{
		Use: "schema", Short: "print the JSON Schema of the configuration file, for editors", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			text, err := config.Schema(kinds)
			if err != nil {
				return err
			}
			_, err = cmd.OutOrStdout().Write(append(text, '\n'))
			return err
		},
	}
}

func kindsCommand() *cobra.Command {
	return &cobra.Command{
		Use: "kinds", Short: "list the kinds of source, formats and stores", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			w := cmd.OutOrStdout()
			fmt.Fprintln(w, "sources")
			for _, k := range kinds {
				fmt.Fprintf(w, "  %-10s %s\n", k.Name, k.Doc)
			}
			fmt.Fprintln(w, "formats")
			for _, f := range formats {
				fmt.Fprintf(w, "  %-10s %s\n", f.Suffix, f.MediaType)
			}
			fmt.Fprintln(w, "stores")
			for _, s := range stores {
				fmt.Fprintf(w, "  %s\n", strings.Join(s.schemes, " "))
			}
			return nil
		},
	}
}

// quiet is a logger for verbs whose output is their result.
var quiet = slog.New(slog.DiscardHandler)
