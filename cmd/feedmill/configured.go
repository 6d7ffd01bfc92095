package main

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"feedmill/cmd/internal/config"
	"feedmill/sources/fetch"
)

// projectURL stands in the User-Agent, so that whoever is polled can find out by what.
const projectURL = "https://github.com/feedmill/feedmill"

// configFlag adds --config.
func configFlag(cmd *cobra.Command) {
	cmd.Flags().String("config", "", "configuration `FILE` (YAML); without it the sources are arguments [FEEDMILL_CONFIG]")
}

// settingFlags adds the flags that stand over settings of the file.
func settingFlags(cmd *cobra.Command, names ...string) {
	usage := map[string]string{
		"listen":   "`ADDR` of the public listener (default " + config.DefaultListen + ")",
		"admin":    "`ADDR` of the admin listener, or off (default " + config.DefaultAdmin + ")",
		"store":    "`URL` of the store: bolt:PATH, memory:, redis://… (default " + config.DefaultStore + ")",
		"base_url": "`URL` that readers subscribe to (default http://localhost:PORT)",
		"timezone": "time `ZONE` of dates without one, such as Asia/Shanghai",
	}
	for _, name := range names {
		flag := strings.ReplaceAll(name, "_", "-")
		cmd.Flags().String(flag, "", usage[name]+" [FEEDMILL_"+strings.ToUpper(name)+"]")
	}
}

// loader returns what reads the configuration: of the file, or of the SOURCE arguments, with flags and environment
// over it.
func loader(cmd *cobra.Command, args []string) (func() (*config.Config, error), error) {
	given, _ := flagOf(cmd, "config")
	path, _, ok, err := config.Flag("config", given, given != "", os.LookupEnv)
	if err != nil {
		return nil, &usageError{err}
	}
	if ok && len(args) > 0 {
		return nil, &usageError{errors.New("give either --config or sources, not both: write the sources into the file")}
	}
	if !ok && len(args) == 0 {
		return nil, &usageError{fmt.Errorf("no source: give directories or URLs, or --config FILE (feedmill init SOURCE... prints one)")}
	}
	return func() (*config.Config, error) {
		var cfg *config.Config
		var err error
		if ok {
			cfg, err = config.Load(path, kinds, os.LookupEnv)
		} else {
			cfg, err = config.FromArgs(args, kinds)
		}
		if err == nil {
			err = cfg.Override(func(name string) (string, bool) { return flagOf(cmd, strings.ReplaceAll(name, "_", "-")) }, os.LookupEnv)
		}
		if err != nil {
			return nil, &usageError{err}
		}
		return cfg, nil
	}, nil
}

// flagOf is the value of a flag that was given on the command line.
func flagOf(cmd *cobra.Command, name string) (string, bool) {
	f := cmd.Flags().Lookup(name)
	if f == nil || !f.Changed {
		return "", false
	}
	return f.Value.String(), true
}

// newLog writes for people on a terminal, JSON for machines elsewhere.
func newLog() *slog.Logger {
	if term.IsTerminal(int(os.Stderr.Fd())) {
		return slog.New(slog.NewTextHandler(os.Stderr, nil))
	}
	return slog.New(slog.NewJSONHandler(os.Stderr, nil))
}

// httpClient makes the polite client of one source.
func httpClient(allow []netip.Prefix) *http.Client {
	return fetch.NewClient(fetch.Options{UserAgent: fetch.UserAgent(buildVersion(), projectURL, 0), Allow: allow})
}
