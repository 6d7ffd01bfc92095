package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"feedmill/cmd/internal/app"
	"feedmill/cmd/internal/config"
	"feedmill/feeds/push"
	"feedmill/sources/fetch"
)

// addition is what `push add` was asked for.
type addition struct {
	name    string
	kind    push.Kind
	topics  []string
	set     []string // KEY=VALUE
	secrets []string // further keys that are asked for like the address
	env     string
	noTest  bool
}

// asked are the keys of the target that are secret, its address or credential first.
func (a *addition) asked() []string {
	out := append([]string{a.kind.Name}, a.kind.Secrets...)
	for _, key := range a.secrets {
		if !slices.Contains(out, key) {
			out = append(out, key)
		}
	}
	return out
}

func pushAddCommand() *cobra.Command {
	var a addition
	cmd := &cobra.Command{
		Use:   "add NAME KIND",
		Short: "add a target: asks for its address, sends a test message, and writes it into the configuration",
		Long: `add asks for the address or credential of the target (without showing it; or reads it from standard input, one line), sends a
test message with it, keeps it in a file that only you can read, beside the configuration, and adds the target to the configuration.
A running server takes it over by itself. Nothing is written where the test fails. Without an account: go run ./cmd/fakebots plays
the platforms on this machine; --set 'allow=[127.0.0.0/8]' lets a target go there.`,
		Example: `  feedmill push add desk slack --config feedmill.yaml --topic all
  feedmill push add ops telegram --config feedmill.yaml --topic tag/outage --set chat=@ops
  feedmill push add desk dingtalk --config feedmill.yaml --secret secret < two-lines`,
		Args: exactly(2, "a name for the target, and its kind"),
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			if len(args) != 1 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return kindNames(), cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			i := slices.IndexFunc(targets, func(k push.Kind) bool { return k.Name == args[1] })
			if i < 0 {
				return &usageError{fmt.Errorf("push add: no kind of target is called %q; there are: %s", args[1], strings.Join(kindNames(), ", "))}
			}
			a.name, a.kind = args[0], targets[i]
			return pushAdd(cmd, a)
		},
	}
	cmd.Flags().StringArrayVar(&a.topics, "topic", nil, "what is sent, as in addresses: all, category/x, feed/x; may be given several times (default all)")
	cmd.Flags().StringArrayVar(&a.set, "set", nil, "`KEY=VALUE`: another key of the target, as in the file, such as language=zh or 'digest={every: 15m}'; may be given several times")
	cmd.Flags().StringArrayVar(&a.secrets, "secret", nil, "another `KEY` that is asked for like the address, such as secret, which signs")
	cmd.Flags().StringVar(&a.env, "env", "", "write ${`VAR`} in place of a file: the server finds the address in this variable of its environment")
	cmd.Flags().BoolVar(&a.noTest, "no-test", false, "send no test message")
	return cmd
}

func kindNames() []string {
	out := make([]string, len(targets))
	for i, k := range targets {
		out[i] = k.Name
	}
	return out
}

var plainName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

func pushAdd(cmd *cobra.Command, a addition) (err error) {
	path, _, ok, err := configFile(cmd)
	switch {
	case err != nil:
		return err
	case !ok:
		return &usageError{errors.New("push add: name the configuration that the target is added to with --config FILE")}
	case a.env != "" && (!plainName.MatchString(a.env) || len(a.asked()) > 1):
		return &usageError{errors.New("push add: want --env NAME_OF_A_VARIABLE, for a target with one secret")}
	}
	cfg, err := config.Load(path, allKinds, os.LookupEnv)
	if err != nil {
		return &usageError{err}
	}
	if slices.ContainsFunc(cfg.Targets, func(t config.Target) bool { return strings.EqualFold(t.Name, a.name) }) {
		return &usageError{fmt.Errorf("push add: %s has a target %s already; choose another name", path, a.name)}
	}
	for _, topic := range a.topics { // before anybody is asked for anything
		if _, err := cfg.ParseTopic(topic); err != nil {
			return &usageError{fmt.Errorf("push add: %w", err)}
		}
	}
	secrets, err := a.ask(cmd)
	if err != nil {
		return err
	}
	keys, env, undo, err := a.keep(path, secrets)
	defer func() {
		if err != nil {
			undo()
		}
	}()
	if err != nil {
		return err
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("push add: %w", err)
	}
	changed, err := config.AppendTarget(text, a.name, keys)
	if err != nil {
		return fmt.Errorf("push add: %s: %w", path, err)
	}
	next, err := config.Parse(path, changed, allKinds, env)
	if err != nil {
		return &usageError{fmt.Errorf("push add: nothing was written, because the target would not be right: %w", unplaced(err))}
	}
	if len(next.Targets) != len(cfg.Targets)+1 {
		return fmt.Errorf("push add: %s is written in a way that the target would not be found in; add it by hand", path)
	}
	added := next.Targets[len(next.Targets)-1]
	if !a.noTest {
		if err := tryTarget(cmd.Context(), next, added); err != nil {
			return fmt.Errorf("push add: nothing was written, because the test message was not taken: %w%s", err, networkHint(err))
		}
	}
	if err := replaceFile(path, changed); err != nil {
		return fmt.Errorf("push add: %w", err)
	}
	return a.report(cmd, path, added)
}

// report says what was done, and what is left to do.
func (a *addition) report(cmd *cobra.Command, path string, t config.Target) error {
	var b strings.Builder
	if !a.noTest {
		fmt.Fprintf(&b, "the test message was taken by %s\n", t.Config.Location())
	}
	fmt.Fprintf(&b, "%s: target %s was added\n", path, a.name)
	if a.env != "" {
		fmt.Fprintf(&b, "next: set %s in the environment of the server and start it again\n", a.env)
	}
	_, err := io.WriteString(cmd.OutOrStdout(), b.String())
	return err
}

// keep writes secrets into files beside the configuration and answers the keys of the target and the environment that it is
// read with. undo takes the files away again.
func (a *addition) keep(path string, secrets map[string]string) (keys []config.Key, env func(string) (string, bool), undo func(), err error) {
	var files []string
	undo = func() {
		for _, f := range files {
			_ = os.Remove(f) // whoever called reports why
		}
	}
	env = os.LookupEnv
	for _, key := range a.asked() {
		if a.env != "" {
			keys = append(keys, config.Key{Name: key, Value: "${" + a.env + "}", Verbatim: true})
			env = func(name string) (string, bool) {
				if name == a.env {
					return secrets[key], true
				}
				return os.LookupEnv(name)
			}
			continue
		}
		name := a.name + "." + key
		file := filepath.Join(filepath.Dir(path), name)
		f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if errors.Is(err, os.ErrExist) {
			return nil, nil, undo, fmt.Errorf("push add: %s is there already; remove it, or choose another name for the target", file)
		}
		if err != nil {
			return nil, nil, undo, fmt.Errorf("push add: keep the secret: %w; or use --env", err)
		}
		files = append(files, file)
		_, err = io.WriteString(f, secrets[key]+"\n")
		if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
			return nil, nil, undo, fmt.Errorf("push add: keep the secret: %w", err)
		}
		ownedLike(file, path)
		keys = append(keys, config.Key{Name: key + "_file", Value: name})
	}
	topics := a.topics
	if len(topics) == 0 {
		topics = []string{"all"}
	}
	keys = append(keys, config.Key{Name: "topics", List: topics})
	for _, s := range a.set {
		key, value, ok := strings.Cut(s, "=")
		if !ok {
			return nil, nil, undo, &usageError{fmt.Errorf("push add: --set %s: want KEY=VALUE", s)}
		}
		keys = append(keys, config.Key{Name: key, Value: value, Verbatim: true})
	}
	return keys, env, undo, nil
}

// unplaced is a mistake of the configuration without its line: the file does not have that line.
func unplaced(err error) error {
	var list config.Errors
	if !errors.As(err, &list) {
		return err
	}
	out := make([]string, len(list))
	for i, e := range list {
		out[i] = strings.TrimPrefix(e.Path+": "+e.Reason, ": ")
	}
	return errors.New(strings.Join(out, "; "))
}

// networkHint is what to type where the target is in a private network, or on this machine.
func networkHint(err error) string {
	switch {
	case !errors.Is(err, fetch.ErrPrivate):
		return ""
	case strings.Contains(err.Error(), "[::1]"):
		return "; here that is --set 'allow=[\"::1/128\"]'"
	case strings.Contains(err.Error(), " 127."):
		return "; here that is --set 'allow=[127.0.0.0/8]'"
	}
	return "; with its network, such as --set 'allow=[10.0.0.0/8]'"
}

// tryTarget sends a test message to a target that is not in use yet.
func tryTarget(ctx context.Context, cfg *config.Config, t config.Target) error {
	spec, err := app.MakeTarget(cfg, t, app.BaseOf(cfg, cfg.Listen), app.Sender(cfg, t, buildVersion(), nil), quiet)
	if err != nil {
		return err
	}
	store, err := openStore(ctx, "memory:", quiet)
	if err != nil {
		return err
	}
	return errors.Join(push.New(store, push.Options{Log: quiet}).Test(ctx, spec), store.Close())
}

// replaceFile writes a file anew, whole or not at all; a link leads where it led.
func replaceFile(path string, text []byte) error {
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return err
	}
	info, err := os.Stat(real)
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(real), ".feedmill-*")
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	_, err = f.Write(text)
	err = errors.Join(err, f.Chmod(info.Mode().Perm()), f.Sync(), f.Close())
	ownedLike(f.Name(), real)
	if err == nil {
		err = os.Rename(f.Name(), real)
	}
	if err != nil {
		_ = os.Remove(f.Name())
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}
