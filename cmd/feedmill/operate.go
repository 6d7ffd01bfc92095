package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"feedmill/cache"
	"feedmill/cmd/internal/app"
	"feedmill/cmd/internal/config"
)

// storeURL is the store that a verb means: of the flag, the environment, the file, or the default.
func storeURL(cmd *cobra.Command) (string, error) {
	given, _ := flagOf(cmd, "config")
	path, _, ok, err := config.Flag("config", given, given != "", os.LookupEnv)
	if err != nil {
		return "", &usageError{err}
	}
	store := config.DefaultStore
	if ok {
		cfg, err := config.Load(path, kinds, os.LookupEnv)
		if err != nil {
			return "", &usageError{err}
		}
		store = cfg.Store
	}
	flag, set := flagOf(cmd, "store")
	value, _, ok, err := config.Flag("store", flag, set, os.LookupEnv)
	if err != nil {
		return "", &usageError{err}
	}
	if ok {
		store = value
	}
	return store, nil
}

// ask sends a verb to the running server of a store. running is false when there is none.
func ask(ctx context.Context, store, method, path string, out io.Writer) (running bool, err error) {
	client, err := app.Dial(app.SocketPath(store))
	if err != nil {
		return false, nil
	}
	req, err := http.NewRequestWithContext(ctx, method, "http://feedmill"+path, nil)
	if err != nil {
		return true, err
	}
	res, err := client.Do(req)
	if err != nil {
		return true, fmt.Errorf("ask the running server: %w", err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		text, err := io.ReadAll(io.LimitReader(res.Body, 64<<10))
		if err != nil {
			return true, fmt.Errorf("ask the running server: %w", err)
		}
		return true, errors.New(strings.TrimSpace(string(text)))
	}
	if out == nil {
		return true, nil
	}
	if _, err := io.Copy(out, res.Body); err != nil {
		return true, fmt.Errorf("read the running server's answer: %w", err)
	}
	if text := res.Trailer.Get("Feedmill-Error"); text != "" {
		return true, errors.New(text)
	}
	return true, nil
}

// withStore opens a store that no server has open.
func withStore(ctx context.Context, url string, fn func(cache.Store) error) error {
	store, err := openStore(ctx, url, quiet)
	if err != nil {
		return err
	}
	err = fn(store)
	if closeErr := store.Close(); err == nil {
		err = closeErr
	}
	return err
}

func releaseCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "release SOURCE",
		Short: "let withdrawals pass that were held because they were so many",
		Args:  exactly(1, "the name of a source"),
		RunE: func(cmd *cobra.Command, args []string) error {
			store, err := storeURL(cmd)
			if err != nil {
				return err
			}
			running, err := ask(cmd.Context(), store, http.MethodPost, "/release/"+url.PathEscape(args[0]), nil)
			if !running && err == nil {
				err = withStore(cmd.Context(), store, func(s cache.Store) error { return app.Release(cmd.Context(), s, args[0]) })
			}
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s: the next fetch withdraws what is gone\n", args[0])
			return err
		},
	}
	configFlag(cmd)
	settingFlags(cmd, "store")
	return cmd
}

func statusCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "status", Short: "print the state of the running server as JSON", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			url, err := storeURL(cmd)
			if err != nil {
				return err
			}
			running, err := ask(cmd.Context(), url, http.MethodGet, "/status.json", cmd.OutOrStdout())
			if !running && err == nil {
				err = fmt.Errorf("no server of the store %s runs on this machine", config.Redact(url))
			}
			return err
		},
	}
	configFlag(cmd)
	settingFlags(cmd, "store")
	return cmd
}

func healthcheckCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "healthcheck", Short: "exit 0 if the server on this machine is alive", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			flag, set := flagOf(cmd, "admin")
			addr, _, ok, err := config.Flag("admin", flag, set, os.LookupEnv)
			if err != nil {
				return &usageError{err}
			}
			if !ok {
				addr = config.DefaultAdmin
			}
			if strings.HasPrefix(addr, ":") {
				addr = "127.0.0.1" + addr
			}
			addr = strings.Replace(addr, "0.0.0.0:", "127.0.0.1:", 1)
			ctx, cancel := context.WithTimeout(cmd.Context(), 5*time.Second)
			defer cancel()
			req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+"/healthz", nil)
			if err != nil {
				return &usageError{err}
			}
			res, err := http.DefaultClient.Do(req)
			if err != nil {
				return fmt.Errorf("health check: %w", err)
			}
			res.Body.Close()
			if res.StatusCode != http.StatusOK {
				return fmt.Errorf("health check: %s answered %s", addr, res.Status)
			}
			return nil
		},
	}
	settingFlags(cmd, "admin")
	return cmd
}

// exactly is cobra.ExactArgs with words of ours.
func exactly(n int, what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) != n {
			return &usageError{fmt.Errorf("want %s; see feedmill %s --help", what, cmd.Name())}
		}
		return nil
	}
}
