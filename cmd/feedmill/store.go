package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"feedmill/cmd/internal/app"
	"feedmill/cmd/internal/config"
)

// quiet is a logger for verbs whose output is their result.
var quiet = slog.New(slog.DiscardHandler)

func storeCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "store", Short: "check, compact or back up the store file", Args: verb,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(
		&cobra.Command{
			Use: "check", Short: "verify the store file: pages, indexes, counts", Args: noArgs,
			RunE: func(cmd *cobra.Command, _ []string) error { return storeCheck(cmd) },
		},
		&cobra.Command{
			Use: "compact", Short: "rewrite the store file without its unused pages; no server may run", Args: noArgs,
			RunE: func(cmd *cobra.Command, _ []string) error { return storeCompact(cmd) },
		},
		&cobra.Command{
			Use:   "backup FILE",
			Short: "write a consistent copy of the store file, also while a server runs (- for standard output)",
			Args:  exactly(1, "the FILE to write, or - for standard output"),
			RunE:  func(cmd *cobra.Command, args []string) error { return storeBackup(cmd, args[0]) },
		})
	for _, c := range cmd.Commands() {
		configFlag(c)
		settingFlags(c, "store")
	}
	return cmd
}

// storeFile is the file of the store that a verb means, and the server that has it open, if one runs.
func storeFile(cmd *cobra.Command) (path string, server *app.Client, err error) {
	cfg, err := settingsOf(cmd)
	if err != nil {
		return "", nil, err
	}
	path, ok := strings.CutPrefix(cfg.Store, "bolt:")
	if !ok {
		return "", nil, &usageError{fmt.Errorf("%s is no store file: this verb is for bolt:PATH", config.Redact(cfg.Store))}
	}
	if err := isThere(cfg.Store); err != nil {
		return "", nil, err
	}
	server, err = app.Dial(app.SocketPath(cfg.Store))
	return path, server, err
}

// isThere keeps a verb from making a new store where the operator meant one that is somewhere else.
func isThere(store string) error {
	path, ok := strings.CutPrefix(store, "bolt:")
	if !ok {
		return nil
	}
	if _, err := os.Stat(path); err != nil {
		return fmt.Errorf("open store: %w; name the store with --store or --config", err)
	}
	return nil
}

func storeCheck(cmd *cobra.Command) error {
	path, server, err := storeFile(cmd)
	if err != nil {
		return err
	}
	if server != nil {
		err = server.Check(cmd.Context())
	} else {
		err = checkFile(cmd.Context(), path)
	}
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(cmd.OutOrStdout(), path, "is in order")
	return err
}

func storeCompact(cmd *cobra.Command) error {
	path, server, err := storeFile(cmd)
	if err != nil {
		return err
	}
	if server != nil {
		return fmt.Errorf("compact %s: a server has it open: stop it first", path)
	}
	before, after, err := compactFile(cmd.Context(), path)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s: %s -> %s\n", path, size(before), size(after))
	return err
}

func size(bytes int64) string {
	if bytes < 1<<20 {
		return fmt.Sprintf("%d KiB", (bytes+1<<10-1)>>10)
	}
	return fmt.Sprintf("%.1f MiB", float64(bytes)/(1<<20))
}

// storeBackup writes to a temporary file beside the target and renames it: a backup is whole or not there.
func storeBackup(cmd *cobra.Command, target string) error {
	path, server, err := storeFile(cmd)
	if err != nil {
		return err
	}
	write := func(out io.Writer) error {
		if server != nil {
			return server.Backup(cmd.Context(), out)
		}
		store, err := openStore(cmd.Context(), "bolt:"+path, quiet)
		if err != nil {
			return err
		}
		b, ok := store.(interface{ Backup(io.Writer) error })
		if !ok {
			return errors.Join(errors.New("this store has no backup of its own"), store.Close())
		}
		return errors.Join(b.Backup(out), store.Close())
	}
	if target == "-" {
		return write(cmd.OutOrStdout())
	}
	if err := writeWhole(target, write); err != nil {
		return fmt.Errorf("back up %s: %w", path, err)
	}
	_, err = fmt.Fprintln(cmd.OutOrStdout(), "wrote", target)
	return err
}

// writeWhole makes a file (mode 0600) of what write writes, or leaves everything as it was.
func writeWhole(target string, write func(io.Writer) error) (err error) {
	f, err := os.CreateTemp(filepath.Dir(target), filepath.Base(target)+".partial-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	w := bufio.NewWriterSize(f, 1<<20)
	err = write(w)
	if err == nil {
		err = w.Flush()
	}
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), target)
}
