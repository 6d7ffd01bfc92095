package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"feedmill/feeds/lint"
	"feedmill/sources/fetch"
)

func lintCommand() *cobra.Command {
	var how linting
	cmd := &cobra.Command{
		Use:   "lint FILE|URL|-...",
		Short: "check feeds against their standards",
		Long: `lint reads each document, a file, an address or - for standard input, and says what breaks the rules of RSS 2.0, Atom 1.0, JSON
Feed 1.1 or OPML 2.0, of the profiles that readers go by, and of Slack's own reader. Of an address it also looks at what the
server says, and asks a second time whether an unchanged document is answered with 304.

It prints FILE:LINE: SEVERITY: MESSAGE (RULE, SOURCE). The exit code is 1 if a document has errors or cannot be read; with --strict
warnings count as well. What is only info never does.`,
		Example: "  feedmill lint feed.xml\n  feedmill lint --slack https://example.com/feed.xml\n  feedmill lint --rules",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 && !how.rules {
				return errors.New("lint wants a file, an address or -; see feedmill lint --help")
			}
			return nil
		},
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return []string{"xml", "rss", "atom", "json", "opml"}, cobra.ShellCompDirectiveFilterFileExt
		},
		RunE: func(cmd *cobra.Command, args []string) error { return lintAll(cmd, args, how) },
	}
	cmd.Flags().BoolVar(&how.json, "json", false, "print one JSON object a line and document")
	cmd.Flags().BoolVar(&how.strict, "strict", false, "let warnings decide on the exit code, too")
	cmd.Flags().BoolVar(&how.slack, "slack", false, "make errors of what Slack's own reader stumbles over")
	cmd.Flags().BoolVar(&how.rules, "rules", false, "print the rules, with their sources")
	cmd.Flags().StringSliceVar(&how.allow, "allow", nil, "private `NETWORK` that may be asked, such as 10.0.0.0/8")
	return cmd
}

// linting says what is looked at and how it is shown.
type linting struct {
	json, strict, slack, rules bool
	allow                      []string
}

// linted is the JSON of a document.
type linted struct {
	File     string         `json:"file"`
	Format   lint.Format    `json:"format"`
	Items    int            `json:"items"`
	Bytes    int            `json:"bytes"`
	Findings []lintFinding  `json:"findings"`
	More     map[string]int `json:"more,omitempty"` // findings beyond the first of a rule, by rule
	Error    string         `json:"error,omitempty"`
}

type lintFinding struct {
	Line     int           `json:"line"`
	Severity lint.Severity `json:"severity"`
	Rule     string        `json:"rule"`
	Message  string        `json:"message"`
	Source   string        `json:"source"`
	URL      string        `json:"url,omitempty"`
}

func lintAll(cmd *cobra.Command, args []string, how linting) error {
	out := cmd.OutOrStdout()
	if how.rules {
		for _, r := range lint.Rules() {
			if _, err := fmt.Fprintf(out, "%s\t%s\t%s\t%s\t%s\n", r.ID, r.Severity, r.Wants, r.From.Name, r.From.URL); err != nil {
				return err
			}
		}
		return nil
	}
	nets, err := networks(how.allow)
	if err != nil {
		return err
	}
	client := fetch.NewClient(fetch.Options{UserAgent: fetch.UserAgent(buildVersion(), "", 0), Allow: nets})
	failed := 0
	for _, arg := range args {
		in, err := lintInput(cmd, client, arg)
		if cmd.Context().Err() != nil {
			return cmd.Context().Err()
		}
		result := linted{File: lintName(arg), Findings: []lintFinding{}}
		bad := err != nil
		if err != nil {
			result.Error = err.Error()
		} else {
			in.Now, in.Slack = time.Now(), how.slack
			bad = result.fill(in, how.strict)
		}
		if bad {
			failed++
		}
		if how.json {
			err = result.printJSON(out)
		} else {
			err = result.print(out)
		}
		if err != nil {
			return err
		}
	}
	if failed > 0 {
		return &foundError{failed}
	}
	return nil
}

// lintName is what a document is called in front of its findings.
func lintName(arg string) string {
	switch {
	case arg == "-":
		return "stdin"
	case isAddress(arg):
		return fetch.Redact(arg)
	}
	return arg
}

func isAddress(arg string) bool {
	return strings.HasPrefix(arg, "http://") || strings.HasPrefix(arg, "https://")
}

// lintInput reads a document, one byte more than is looked at, at most.
func lintInput(cmd *cobra.Command, client *http.Client, arg string) (in lint.Input, err error) {
	if isAddress(arg) {
		return lintAddress(cmd.Context(), client, arg)
	}
	r := cmd.InOrStdin()
	if arg != "-" {
		f, err := os.Open(arg)
		if err != nil {
			return in, fmt.Errorf("read document: %w", err)
		}
		defer f.Close()
		r = f
	}
	if in.Doc, err = io.ReadAll(io.LimitReader(r, lint.MaxBytes+1)); err != nil {
		return in, fmt.Errorf("read document: %w", err)
	}
	return in, nil
}

// lintAddress asks for a document, and once more whether it has changed.
func lintAddress(ctx context.Context, client *http.Client, address string) (in lint.Input, err error) {
	resp, err := fetch.Get(ctx, client, fetch.Request{URL: address, MaxBytes: lint.MaxBytes})
	if err != nil {
		return in, err
	}
	a := &lint.Answer{URL: resp.FinalURL, FinalURL: resp.FinalURL, Header: resp.Header}
	if asked := withoutUser(address); asked != withoutUser(resp.FinalURL) {
		a.URL = asked
	}
	in = lint.Input{Doc: resp.Body, Answer: a}
	if v := resp.Validators; v.ETag != "" || v.LastModified != "" {
		again, err := fetch.Get(ctx, client, fetch.Request{URL: resp.FinalURL, Validators: v, MaxBytes: lint.MaxBytes})
		if err != nil {
			return in, fmt.Errorf("ask a second time, by the validators: %w", err)
		}
		a.Repeated, a.Unchanged = true, again.NotModified
	}
	return in, nil
}

// withoutUser is an address as it is asked for: what is secret in it, and what stays here, left out.
func withoutUser(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return address
	}
	u.User, u.Fragment, u.RawFragment = nil, "", ""
	if u.Path == "" {
		u.Path = "/"
	}
	return u.String()
}

// fill lints; bad says that the document decides on the exit code.
func (l *linted) fill(in lint.Input, strict bool) (bad bool) {
	report := lint.Check(in)
	l.Format, l.Items, l.Bytes, l.More = report.Format, report.Items, len(in.Doc), report.More
	for _, f := range report.Findings {
		l.Findings = append(l.Findings, lintFinding{f.Line, f.Severity, f.Rule.ID, f.Message, f.Rule.From.Name, f.Rule.From.URL})
	}
	worst, _ := report.Worst()
	return worst == lint.Error || strict && worst == lint.Warning
}

func (l *linted) printJSON(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(l); err != nil {
		return fmt.Errorf("print %s: %w", l.File, err)
	}
	return nil
}

func (l *linted) print(w io.Writer) error {
	var b strings.Builder
	counts := map[lint.Severity]int{}
	for _, f := range l.Findings {
		counts[f.Severity]++
		where := l.File
		if f.Line > 0 {
			where += fmt.Sprintf(":%d", f.Line)
		}
		fmt.Fprintf(&b, "%s: %s: %s (%s, %s)\n", where, f.Severity, f.Message, f.Rule, f.Source)
	}
	for _, r := range lint.Rules() {
		if n := l.More[r.ID]; n > 0 {
			fmt.Fprintf(&b, "%s: %s: %d more of the same (%s)\n", l.File, r.Severity, n, r.ID)
		}
	}
	if l.Error != "" {
		fmt.Fprintf(&b, "%s: %s\n", l.File, l.Error)
	} else {
		format := string(l.Format)
		if l.Format == lint.Unknown {
			format = "no feed"
		}
		fmt.Fprintf(&b, "%s: %s, %s, %d bytes: %s, %s, %d info\n", l.File, format, count(l.Items, "item"), l.Bytes,
			count(counts[lint.Error], "error"), count(counts[lint.Warning], "warning"), counts[lint.Info])
	}
	_, err := io.WriteString(w, b.String())
	return err
}
