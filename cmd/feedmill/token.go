package main

import (
	"crypto/rand"
	"fmt"

	"github.com/spf13/cobra"
)

func tokenCommand() *cobra.Command {
	return &cobra.Command{
		Use: "token", Short: "make a secret for a private group or an inbox", Args: noArgs,
		Long: `token prints a secret of 130 random bits. Under groups: in the configuration it opens a private group for whoever has it, at
base_url/t/TOKEN/. Keep it in a file (NAME_file: PATH) or a variable (${NAME}); to take it away, remove it from the configuration.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := fmt.Fprintln(cmd.OutOrStdout(), rand.Text())
			return err
		},
	}
}
