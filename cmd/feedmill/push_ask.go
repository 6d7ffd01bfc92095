package main

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"
)

// ask reads the address or credential, and what else is secret: from a person without showing it, else line by line.
func (a *addition) ask(cmd *cobra.Command) (map[string]string, error) {
	out := map[string]string{}
	if v, ok := os.LookupEnv(a.env); ok && a.env != "" {
		out[a.kind.Name] = v
		return out, nil
	}
	setup, prompt := a.kind.Setup, "%s: paste it here and press Enter (it is not shown): "
	if slices.Contains(a.set, "language=zh") {
		setup, prompt = cmp.Or(a.kind.SetupZH, setup), "%s：粘贴后按回车（不会显示）："
	}
	in := cmd.InOrStdin()
	file, _ := in.(*os.File)
	people := file != nil && term.IsTerminal(int(file.Fd()))
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 64<<10)
	var screen *term.Terminal
	if people {
		// Raw from before the first word: whoever pastes the answer at once is not to see it echoed.
		before, err := term.MakeRaw(int(file.Fd()))
		if err != nil {
			return nil, fmt.Errorf("push add: keep the terminal from showing %s: %w", a.kind.Name, err)
		}
		defer term.Restore(int(file.Fd()), before) //nolint:errcheck // it is gone then
		screen = term.NewTerminal(struct {
			io.Reader
			io.Writer
		}{file, cmd.ErrOrStderr()}, "")
		fmt.Fprintln(screen, setup)
	}
	for _, key := range a.asked() {
		var value string
		switch {
		case people:
			var err error
			value, err = screen.ReadPassword(fmt.Sprintf(prompt, key))
			if errors.Is(err, io.EOF) { // Ctrl-C, or Ctrl-D
				err = errors.New("interrupted")
			}
			if err != nil {
				return nil, fmt.Errorf("push add: read %s: %w; nothing was written", key, err)
			}
		case lines.Scan():
			value = lines.Text()
		case lines.Err() != nil:
			return nil, fmt.Errorf("push add: read %s: %w", key, lines.Err())
		}
		if value = strings.TrimSpace(value); value == "" {
			return nil, &usageError{fmt.Errorf("push add: %s is empty, and nothing was written; %s", key, setup)}
		}
		out[key] = value
	}
	return out, nil
}
