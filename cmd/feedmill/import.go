package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"feedmill/cmd/internal/config"
	"feedmill/sources"
)

func importCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "import FILE.opml",
		Short: "print the configuration file for the feeds of an OPML list",
		Long: `import makes a source of each feed that an OPML list names ("-" reads standard input). The list's folders become
categories of what the feeds bring. With --config it prints only what that file does not have yet, to be put under its
sources. For a list that others keep changing, write "opml: URL" into the configuration instead.`,
		Example: "  feedmill import subscriptions.opml > feedmill.yaml",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return errors.New("want one OPML file; see feedmill import --help")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return importOPML(cmd, args[0]) },
	}
	configFlag(cmd)
	return cmd
}

func importOPML(cmd *cobra.Command, path string) error {
	body, err := readInput(cmd, path)
	if err != nil {
		return err
	}
	list, err := readOPML(body)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	file, _, given, err := configFile(cmd)
	if err != nil {
		return err
	}
	there := map[string]bool{}
	var taken []string
	if given {
		cfg, err := config.Load(file, allKinds, os.LookupEnv)
		if err != nil {
			return &usageError{err}
		}
		for _, s := range cfg.Sources {
			taken = append(taken, s.Name)
			there[s.Config.Location()] = true
		}
	}
	var members []sources.Member
	for _, f := range list {
		c, ok := feedKind.Recognise(f.URL)
		if !ok || there[c.Location()] {
			continue
		}
		members = append(members, sources.Member{Kind: feedKind, Config: c, Title: f.Title, Categories: f.Folders})
	}
	if len(members) == 0 {
		return fmt.Errorf("%s: no feed in it that is not configured yet", path)
	}
	made, wrong := config.FromList(members, taken)
	for _, err := range wrong {
		fmt.Fprintf(cmd.ErrOrStderr(), "left out: %v\n", err)
	}
	print := config.Init
	if given {
		print = config.InitSources
	}
	text, err := print(made)
	if err != nil {
		return err
	}
	_, err = cmd.OutOrStdout().Write(text)
	return err
}

// maxInput bounds a file that is read whole, in bytes. What reads it has its own, narrower limit.
const maxInput = 32 << 20

// readInput reads a file, or standard input for "-".
func readInput(cmd *cobra.Command, path string) ([]byte, error) {
	in := cmd.InOrStdin()
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return nil, &usageError{err}
		}
		defer f.Close()
		in = f
	}
	body, err := io.ReadAll(io.LimitReader(in, maxInput))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	return body, nil
}
