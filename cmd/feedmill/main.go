// Command feedmill turns post directories, repositories, upstream feeds, pages and APIs into exact RSS, Atom and JSON Feed, one feed for every
// category, tag, source, author and language.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	_ "time/tzdata" // time zones of posts, also where the machine has none

	"github.com/spf13/cobra"
)

// version is set by the build: -ldflags "-X main.version=v1.2.3".
var version = "dev"

func main() { os.Exit(run()) }

// Exit codes: 1 says that something was found or went wrong, 2 that the command or the configuration is not right.
const (
	exitFailed = 1
	exitUsage  = 2
)

// run is main with an exit code, so that tests can be the program.
func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal does not wait for a graceful end
	cmd := root()
	begun := false
	cmd.PersistentPreRun = func(*cobra.Command, []string) { begun = true }
	err := cmd.ExecuteContext(ctx)
	var found *foundError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &found):
		return exitFailed // what was found is printed already
	}
	fmt.Fprintln(os.Stderr, "feedmill:", err)
	var usage *usageError
	if !begun || errors.As(err, &usage) {
		return exitUsage
	}
	return exitFailed
}

// usageError is a command line or a configuration that cannot be right.
type usageError struct{ err error }

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

// foundError says that a check found something; the findings are printed.
type foundError struct{ n int }

func (e *foundError) Error() string { return fmt.Sprintf("%d findings", e.n) }

func root() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "feedmill",
		Short: "posts and feeds in; exact RSS, Atom and JSON Feed for every category and tag out",
		Long: `feedmill turns post directories (Jekyll, Hugo), git repositories, upstream feeds, pages and APIs into exact RSS 2.0, Atom 1.0 and JSON Feed 1.1,
one feed for every category, tag, source, author and language.

Begin with: feedmill serve PATH_OR_URL...`,
		Version:       buildVersion(),
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          verb,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return fmt.Errorf("%w; see %s --help", err, cmd.CommandPath())
	})
	cmd.AddCommand(
		serveCommand(), buildCommand(), initCommand(), importCommand(), discoverCommand(), previewCommand(), lintCommand(), checkCommand(), explainCommand(), pushCommand(), releaseCommand(), absorbCommand(), statusCommand(), tokenCommand(),
		kindsCommand(), schemaCommand(), healthcheckCommand(), storeCommand(), versionCommand())
	return cmd
}

// buildVersion is the version of the build, else of the module.
func buildVersion() string {
	if version != "dev" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	return version
}

func versionCommand() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "print the version", Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := fmt.Fprintln(cmd.OutOrStdout(), "feedmill", buildVersion())
			return err
		},
	}
}

// verb refuses what is no verb of a command that only has verbs.
func verb(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	cmd.SuggestionsMinimumDistance = 2
	hint := "see " + cmd.CommandPath() + " --help"
	if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
		hint = "did you mean " + near[0] + "?"
	}
	return fmt.Errorf("unknown command %q; %s", args[0], hint)
}

// noArgs and exactly are what cobra has, in words of ours.
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return fmt.Errorf("%s takes no arguments, got %q; see %s --help", cmd.Name(), args[0], cmd.CommandPath())
	}
	return nil
}

func exactly(n int, what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) != n {
			return fmt.Errorf("%s wants %s; see %s --help", cmd.Name(), what, cmd.CommandPath())
		}
		return nil
	}
}
