package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/spf13/cobra"

	"feedmill/cache"
	"feedmill/cmd/internal/app"
	"feedmill/cmd/internal/config"
)

func releaseCommand() *cobra.Command {
	return verdictCommand(&cobra.Command{
		Use:   "release SOURCE",
		Short: "let pass what was held: withdrawals because they were so many, entries under other keys as new items",
	}, "what was held passes", (*app.Client).Release, app.Release)
}

func absorbCommand() *cobra.Command {
	return verdictCommand(&cobra.Command{
		Use:   "absorb SOURCE",
		Short: "let entries that were held because they came again under other keys keep the IDs they had",
	}, "what was held under other keys keeps its IDs", (*app.Client).Absorb, app.Absorb)
}

// verdictCommand is a verb by which the operator decides about what is held. It asks the running server, or writes into the
// store that no server of this machine has open.
func verdictCommand(
	cmd *cobra.Command, done string,
	ask func(*app.Client, context.Context, string) error, do func(context.Context, cache.Store, string) error,
) *cobra.Command {
	cmd.Args = exactly(1, "the name of a source")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := verdict(cmd, args[0], ask, do); err != nil {
			return err
		}
		_, err := fmt.Fprintf(cmd.OutOrStdout(), "%s: %s\n", args[0], done)
		return err
	}
	configFlag(cmd)
	settingFlags(cmd, "store")
	return cmd
}

func verdict(
	cmd *cobra.Command, source string, ask func(*app.Client, context.Context, string) error, do func(context.Context, cache.Store, string) error,
) error {
	cfg, err := settingsOf(cmd)
	if err != nil {
		return err
	}
	server, err := app.Dial(app.SocketPath(cfg.Store))
	if err != nil {
		return err
	}
	if server != nil {
		return ask(server, cmd.Context(), source)
	}
	if err := isThere(cfg.Store); err != nil {
		return err
	}
	store, err := openStore(cmd.Context(), cfg.Store, quiet)
	if err != nil {
		return err
	}
	return errors.Join(do(cmd.Context(), store, source), store.Close())
}

func statusCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "status", Short: "print the state of the running server as JSON", Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := settingsOf(cmd)
			if err != nil {
				return err
			}
			server, err := app.Dial(app.SocketPath(cfg.Store))
			if err != nil {
				return err
			}
			if server == nil {
				return fmt.Errorf("no server of the store %s runs on this machine; name its store with --store or --config", config.Redact(cfg.Store))
			}
			return server.Status(cmd.Context(), cmd.OutOrStdout())
		},
	}
	configFlag(cmd)
	settingFlags(cmd, "store")
	return cmd
}

func healthcheckCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "healthcheck", Short: "exit 0 if the server on this machine is alive", Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := settingsOf(cmd)
			if err != nil {
				return err
			}
			if cfg.Admin == "off" {
				return &usageError{errors.New("health check: the admin listener, which answers it, is off")}
			}
			return healthcheck(cmd.Context(), cfg.Admin)
		},
	}
	configFlag(cmd)
	settingFlags(cmd, "admin")
	return cmd
}

func healthcheck(ctx context.Context, admin string) error {
	addr, err := reachable(admin)
	if err != nil {
		return &usageError{err}
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+"/healthz", nil)
	if err != nil {
		return &usageError{fmt.Errorf("health check: %w", err)}
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}} // no proxy: it is this machine
	res, err := client.Do(req)
	if err != nil {
		if u, ok := errors.AsType[*url.Error](err); ok {
			err = u.Err
		}
		return fmt.Errorf("health check: no server answers at %s: %w", addr, err)
	}
	defer res.Body.Close()
	if _, err := io.Copy(io.Discard, io.LimitReader(res.Body, 1<<10)); err != nil {
		return fmt.Errorf("health check: %s: %w", addr, err)
	}
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("health check: %s answered %s", addr, res.Status)
	}
	return nil
}

// reachable is the address at which this machine reaches a listener: every address of it is also the loopback's.
func reachable(listen string) (string, error) {
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		return "", fmt.Errorf("health check: %w", err)
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "localhost"
	}
	return net.JoinHostPort(host, port), nil
}
