package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"feedmill/cmd/internal/app"
	"feedmill/cmd/internal/config"
	"feedmill/sources"
)

func checkCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "check [SOURCE...]",
		Short: "list every error of the configuration and every post that is not published as it stands",
		Long: `check reads the configuration and the sources on this machine, and prints what is wrong as FILE:LINE: reason.
It asks no other server. Exit code 1 says that something was found.`,
		RunE: check,
	}
	configFlag(cmd)
	settingFlags(cmd, "timezone")
	return cmd
}

func check(cmd *cobra.Command, args []string) error {
	load, err := loader(cmd, args)
	if err != nil {
		return err
	}
	out := bufio.NewWriter(cmd.OutOrStdout())
	defer out.Flush()
	cfg, err := load()
	var wrong config.Errors
	if errors.As(err, &wrong) {
		fmt.Fprintln(out, wrong)
		return &foundError{len(wrong)}
	}
	if err != nil {
		return err
	}
	var sum tally
	for _, s := range cfg.Sources {
		if err := sum.check(cmd.Context(), out, cfg, s); err != nil {
			return err
		}
	}
	fmt.Fprintf(out, "%s, %s, %s", count(len(cfg.Sources), "source"), count(sum.posts, "post"), count(sum.found, "finding"))
	if sum.remote > 0 {
		fmt.Fprintf(out, "; %s elsewhere not fetched (feedmill preview does)", count(sum.remote, "source"))
	}
	fmt.Fprintln(out)
	if err := out.Flush(); err != nil {
		return err
	}
	if sum.found > 0 {
		return &foundError{sum.found}
	}
	return nil
}

// tally counts what a check has seen.
type tally struct{ posts, found, remote int }

// check reads a source that is on this machine and prints what is wrong with it.
func (t *tally) check(ctx context.Context, out io.Writer, cfg *config.Config, s config.Source) error {
	files, remove, err := passingFiles()
	if err != nil {
		return err
	}
	defer remove()
	spec, err := app.MakeSpec(cfg, s, httpClient(cfg, s, nil), files, quiet)
	if err != nil {
		return &usageError{err}
	}
	if _, local := spec.Source.(sources.Watcher); !local {
		if _, err := os.Stat(spec.Location); err != nil {
			t.remote++
			return nil
		}
	}
	p, err := sources.RunPreview(ctx, spec.Source, spec.Policy)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	for _, r := range p.Rejected {
		fmt.Fprintln(out, app.Place(spec.Location, r))
	}
	for _, c := range p.Held {
		at := app.Place(spec.Location, sources.Rejected{Where: c.Key})
		fmt.Fprintf(out, "%s: held until %s: that is its date\n", at.Where, c.Item.Published.Format(time.RFC3339))
	}
	t.found += len(p.Rejected)
	if err != nil {
		fmt.Fprintf(out, "source %s: %v\n", s.Name, err)
		t.found++
	}
	t.posts += len(p.Items) + len(p.Held)
	return nil
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
