package main

import (
	"errors"
	"fmt"
	"path/filepath"

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
	out := cmd.OutOrStdout()
	cfg, err := load()
	if err != nil {
		var wrong config.Errors
		if !errors.As(err, &wrong) {
			return err
		}
		fmt.Fprintln(out, wrong)
		return &foundError{len(wrong)}
	}
	found, posts, remote := 0, 0, 0
	for _, s := range cfg.Sources {
		spec, err := app.MakeSpec(cfg, s, httpClient(s.Allow), quiet)
		if err != nil {
			return err
		}
		if _, local := spec.Source.(sources.Watcher); !local {
			remote++
			continue
		}
		p, err := sources.RunPreview(cmd.Context(), spec.Source, spec.Policy)
		for _, r := range p.Rejected {
			r.Where = filepath.Join(spec.Location, r.Where)
			fmt.Fprintln(out, r)
			found++
		}
		if err != nil {
			fmt.Fprintf(out, "source %s: %v\n", s.Name, err)
			found++
		}
		posts += len(p.Items) + len(p.Held)
	}
	fmt.Fprintf(out, "%d sources, %d posts, %d findings", len(cfg.Sources), posts, found)
	if remote > 0 {
		fmt.Fprintf(out, "; %d remote sources were not fetched (feedmill preview does)", remote)
	}
	fmt.Fprintln(out)
	if found > 0 {
		return &foundError{found}
	}
	return nil
}
