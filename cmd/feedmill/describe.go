package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"feedmill/cmd/internal/config"
)

func initCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "init SOURCE...",
		Short:   "print the configuration file for sources",
		Example: "  feedmill init ~/my-site https://example.com/feed.xml > feedmill.yaml",
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return &usageError{errors.New("no source: give directories or URLs; see feedmill init --help")}
			}
			cfg, err := fromArgs(args)
			if err != nil {
				return &usageError{err}
			}
			text, err := config.Init(cfg)
			if err != nil {
				return err
			}
			_, err = cmd.OutOrStdout().Write(text)
			return err
		},
	}
}

func schemaCommand() *cobra.Command {
	return &cobra.Command{
		Use: "schema", Short: "print the JSON Schema of the configuration file, for editors", Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			text, err := config.Schema(allKinds)
			if err != nil {
				return err
			}
			_, err = cmd.OutOrStdout().Write(append(text, '\n'))
			return err
		},
	}
}

func kindsCommand() *cobra.Command {
	return &cobra.Command{
		Use: "kinds", Short: "list the kinds of source and target, formats and stores", Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var b strings.Builder
			fmt.Fprintln(&b, "sources")
			for _, k := range kinds {
				fmt.Fprintf(&b, "  %-10s %s\n", k.Name, k.Doc)
			}
			fmt.Fprintln(&b, "targets")
			for _, k := range targets {
				fmt.Fprintf(&b, "  %-10s %s\n", k.Name, k.Doc)
			}
			fmt.Fprintln(&b, "formats")
			for _, f := range formats {
				fmt.Fprintf(&b, "  %-10s %s\n", f.Suffix, f.MediaType)
			}
			fmt.Fprintln(&b, "stores")
			for _, s := range stores {
				fmt.Fprintf(&b, "  %s:\n", strings.Join(s.schemes, ": "))
			}
			_, err := io.WriteString(cmd.OutOrStdout(), b.String())
			return err
		},
	}
}
