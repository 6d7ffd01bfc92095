package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"feedmill/cache"
	"feedmill/cmd/internal/app"
	"feedmill/cmd/internal/config"
)

func storeCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "store", Short: "check, compact or back up the store file", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	check := &cobra.Command{
		Use: "check", Short: "verify the store file: pages, indexes, counts", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return onStoreFile(cmd, "POST", "/store/check", nil, func(path string) error {
				if err := checkFile(cmd.Context(), path); err != nil {
					return err
				}
				_, err := fmt.Fprintln(cmd.OutOrStdout(), path, "is in order")
				return err
			})
		},
	}
	compact := &cobra.Command{
		Use: "compact", Short: "rewrite the store file without its unused pages", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			store, err := storeURL(cmd)
			if err != nil {
				return err
			}
			if _, err := app.Dial(app.SocketPath(store)); err == nil {
				return errors.New("compact: a server has the store open: stop it first")
			}
			return onStoreFile(cmd, "", "", nil, func(path string) error {
				before, after, err := compactFile(cmd.Context(), path)
				if err != nil {
					return err
				}
				_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s: %d MB -> %d MB\n", path, before>>20, after>>20)
				return err
			})
		},
	}
	backup := &cobra.Command{
		Use: "backup FILE", Short: "write a consistent copy of the store file, also while a server runs (- for standard output)",
		Args: exactly(1, "the FILE to write, or - for standard output"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return writeBackup(cmd, args[0])
		},
	}
	cmd.AddCommand(check, compact, backup)
	for _, c := range cmd.Commands() {
		configFlag(c)
		settingFlags(c, "store")
	}
	return cmd
}

// onStoreFile asks the running server, or works on the file that no server has open.
func onStoreFile(cmd *cobra.Command, method, path string, out io.Writer, onFile func(path string) error) error {
	store, err := storeURL(cmd)
	if err != nil {
		return err
	}
	if method != "" {
		running, err := ask(cmd.Context(), store, method, path, out)
		if err != nil {
			return err
		}
		if running {
			if out == nil {
				_, err = fmt.Fprintln(cmd.OutOrStdout(), store, "is in order")
			}
			return err
		}
	}
	file, ok := strings.CutPrefix(store, "bolt:")
	if !ok {
		return &usageError{fmt.Errorf("%s is no store file: this is for bolt:PATH", config.Redact(store))}
	}
	if _, err := os.Stat(file); err != nil {
		return fmt.Errorf("open store: %w", err)
	}
	return onFile(file)
}

// writeBackup writes to a temporary file beside the target and renames it: a backup is whole or not there.
func writeBackup(cmd *cobra.Command, target string) error {
	if target == "-" {
		return copyStore(cmd, cmd.OutOrStdout())
	}
	tmp := target + ".partial"
	f, err := os.OpenFile(tmp, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	defer os.Remove(tmp)
	w := bufio.NewWriterSize(f, 1<<20)
	err = copyStore(cmd, w)
	if err == nil {
		err = w.Flush()
	}
	if err == nil {
		err = f.Sync()
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = os.Rename(tmp, target)
	}
	if err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	_, err = fmt.Fprintln(cmd.OutOrStdout(), "wrote", target)
	return err
}

func copyStore(cmd *cobra.Command, out io.Writer) error {
	return onStoreFile(cmd, http.MethodPost, "/store/backup", out, func(path string) error {
		return withStore(cmd.Context(), "bolt:"+path, func(s cache.Store) error {
			b, ok := s.(interface{ Backup(io.Writer) error })
			if !ok {
				return errors.New("this store has no backup of its own")
			}
			return b.Backup(out)
		})
	})
}
