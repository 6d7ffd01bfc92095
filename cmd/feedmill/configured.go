package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"strings"

	"github.com/spf13/cobra"

	"feedmill/cmd/internal/config"
	"feedmill/sources/fetch"
)

// configFlag adds --config.
func configFlag(cmd *cobra.Command) {
	cmd.Flags().String("config", "", "configuration `FILE` (YAML); without it the sources are arguments [FEEDMILL_CONFIG]")
}

// settingFlags adds the flags that stand over settings of the file, by their names there.
func settingFlags(cmd *cobra.Command, names ...string) {
	defaults := map[string]string{
		"store": config.DefaultStore, "listen": config.DefaultListen, "admin": config.DefaultAdmin,
		"max_age": strings.TrimSuffix(config.DefaultMaxAge.String(), "0s"),
	}
	for _, name := range names {
		usage := strings.TrimSuffix(config.Doc(name), ".")
		if value, ok := defaults[name]; ok {
			usage += " (default " + value + ")"
		}
		cmd.Flags().String(flagName(name), "", usage+" [FEEDMILL_"+strings.ToUpper(name)+"]")
	}
}

func flagName(setting string) string { return strings.ReplaceAll(setting, "_", "-") }

// flagOf is the value of a flag that was given on the command line.
func flagOf(cmd *cobra.Command, name string) (string, bool) {
	f := cmd.Flags().Lookup(name)
	if f == nil || !f.Changed {
		return "", false
	}
	return f.Value.String(), true
}

// configFile is the file of --config or of the environment; from says which.
func configFile(cmd *cobra.Command) (path, from string, ok bool, err error) {
	given, set := flagOf(cmd, "config")
	path, from, ok, err = config.Flag("config", given, set, os.LookupEnv)
	if err == nil && ok && path == "" {
		err = fmt.Errorf("%s is empty: give the name of a file", from)
	}
	if err != nil {
		return "", "", false, &usageError{err}
	}
	return path, from, ok, nil
}

// override puts flags and environment over a configuration.
func override(cmd *cobra.Command, cfg *config.Config) error {
	return cfg.Override(func(name string) (string, bool) { return flagOf(cmd, flagName(name)) }, os.LookupEnv)
}

// loader returns what reads the configuration: of the file, or of the SOURCE arguments, with flags and environment
// over it.
func loader(cmd *cobra.Command, args []string) (func() (*config.Config, error), error) {
	path, from, ok, err := configFile(cmd)
	switch {
	case err != nil:
		return nil, err
	case ok && len(args) > 0:
		return nil, &usageError{fmt.Errorf("give either %s or sources, not both: write the sources into the file", from)}
	case !ok && len(args) == 0:
		return nil, &usageError{errors.New("no source: give directories or URLs, or --config FILE (feedmill init SOURCE... prints one)")}
	}
	return func() (*config.Config, error) {
		var cfg *config.Config
		var err error
		if ok {
			cfg, err = config.Load(path, allKinds, os.LookupEnv)
		} else {
			cfg, err = fromArgs(args)
		}
		if err == nil {
			err = override(cmd, cfg)
		}
		if err != nil {
			return nil, &usageError{err}
		}
		return cfg, nil
	}, nil
}

// settingsOf is the configuration of a verb that needs no sources: of the file if there is one, else the defaults, with
// flags and environment over it.
func settingsOf(cmd *cobra.Command) (*config.Config, error) {
	path, _, ok, err := configFile(cmd)
	if err != nil {
		return nil, err
	}
	cfg := &config.Config{Store: config.DefaultStore, Listen: config.DefaultListen, Admin: config.DefaultAdmin}
	if ok {
		cfg, err = config.Load(path, allKinds, os.LookupEnv)
	}
	if err == nil {
		err = override(cmd, cfg)
	}
	if err != nil {
		return nil, &usageError{err}
	}
	return cfg, nil
}

// shortSSH is the short form of an ssh address.
var shortSSH = regexp.MustCompile(`^[^/@:]+@[^/@:]+:.`)

// fromArgs makes a configuration of SOURCE arguments. A path that is not there, or that this user may not read, is no
// kind of source either, but the operator wants to hear the reason.
func fromArgs(args []string) (*config.Config, error) {
	for _, arg := range args {
		if strings.Contains(arg, "://") || shortSSH.MatchString(arg) {
			continue
		}
		if err := readable(arg); errors.Is(err, os.ErrNotExist) {
			return nil, fmt.Errorf("source %q: there is no such file or directory; an address begins with https://", arg)
		} else if err != nil {
			return nil, fmt.Errorf("source %q: %w; make it readable for the user that feedmill runs as", arg, err)
		}
	}
	return config.FromArgs(args, kinds)
}

// readable opens a file or lists a directory.
func readable(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil || !info.IsDir() {
		return err
	}
	if _, err := f.Readdirnames(1); !errors.Is(err, io.EOF) {
		return err
	}
	return nil
}

// httpClient makes the polite client of a source. Its name leads to the operator's own pages: base_url, where it is set.
// Clients of one network share the pace of hosts; nil is for one that is alone.
func httpClient(cfg *config.Config, s config.Source, network *fetch.Network) *http.Client {
	agent := s.Web.UserAgent
	if agent == "" {
		agent = fetch.UserAgent(buildVersion(), cfg.BaseURL, 0)
	}
	o := fetch.Options{
		UserAgent: agent, Allow: s.Web.Allow, Timeout: s.Web.Timeout, MaxBytes: s.Web.MaxBytes, Proxy: s.Web.Proxy,
		Header: s.Web.Header, Network: network,
	}
	if s.Config != nil { // else the source has left the configuration
		o.Origin = s.Config.Location()
	}
	return fetch.NewClient(o)
}
