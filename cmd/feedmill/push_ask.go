package main

import (
	"bufio"
	"cmp"
	"context"
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
	if people {
		fmt.Fprintln(cmd.ErrOrStderr(), setup)
	}
	for _, key := range a.asked() {
		var value string
		switch {
		case people:
			fmt.Fprintf(cmd.ErrOrStderr(), prompt, key)
			v, err := hidden(cmd.Context(), int(file.Fd()))
			fmt.Fprintln(cmd.ErrOrStderr())
			if err != nil {
				return nil, fmt.Errorf("push add: read %s: %w; nothing was written", key, err)
			}
			value = v
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

// hidden reads a line of a terminal without showing it. It ends with ctx, and the terminal shows again then what is typed; the
// read itself cannot be ended and stays behind, for the end of the process.
func hidden(ctx context.Context, terminal int) (string, error) {
	before, err := term.GetState(terminal)
	if err != nil {
		return "", err
	}
	type line struct {
		text []byte
		err  error
	}
	read := make(chan line, 1)
	go func() {
		text, err := term.ReadPassword(terminal)
		read <- line{text, err}
	}()
	select {
	case l := <-read:
		if errors.Is(l.err, io.EOF) {
			return "", nil
		}
		return string(l.text), l.err
	case <-ctx.Done():
		return "", errors.Join(errors.New("interrupted"), term.Restore(terminal, before))
	}
}
