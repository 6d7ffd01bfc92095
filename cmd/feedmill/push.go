package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"feedmill/cmd/internal/app"
	"feedmill/cmd/internal/config"
	"feedmill/feeds/push"
)

func pushCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "push", Short: "add, test, look at and steer the chats and endpoints that news are sent to", Args: verb,
		Long: `push adds a target to the configuration and tells what has become of items at targets. It asks the running server of the
store, else the store itself.`,
		Example: "  feedmill push add desk slack --topic all\n  feedmill push log desk\n  feedmill push replay desk --since 2h",
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(
		pushAddCommand(), pushStatusCommand(), pushTestCommand(), pushPreviewCommand(), pushLogCommand(), pushDeadCommand(), pushReplayCommand(),
		pushOrder("pause TARGET", "stop sending to a target; what is new waits", "it gets nothing until feedmill push resume", app.Pushing.PushPause),
		pushOrder("resume TARGET", "go on sending to a target that was paused, dead or blocked; what waited comes as a digest", "it goes on", app.Pushing.PushResume))
	for _, c := range cmd.Commands() {
		configFlag(c)
		if c.Name() != "add" {
			settingFlags(c, "store")
		}
	}
	return cmd
}

// completeTargets offers the configured targets as the first argument.
func completeTargets(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	cfg, err := settingsOf(cmd)
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	names := make([]string, len(cfg.Targets))
	for i, t := range cfg.Targets {
		names[i] = t.Name
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

// pushing calls do with the running server of the store, else with the store itself.
func pushing(cmd *cobra.Command, do func(context.Context, app.Pushing) error) error {
	cfg, err := settingsOf(cmd)
	if err != nil {
		return err
	}
	server, err := app.Dial(app.SocketPath(cfg.Store))
	if err != nil {
		return err
	}
	if server != nil {
		return do(cmd.Context(), server)
	}
	if cmd.Name() == "status" {
		return fmt.Errorf("no server of the store %s runs on this machine, and nothing is sent without; name its store with --store or --config", config.Redact(cfg.Store))
	}
	if len(cfg.Targets) == 0 {
		return &usageError{errors.New("the configuration has no target; name the right one with --config, or add a target with feedmill push add")}
	}
	if err := isThere(cfg.Store); err != nil {
		return err
	}
	store, err := openStore(cmd.Context(), cfg.Store, quiet)
	if err != nil {
		return err
	}
	desk, err := app.OpenPushDesk(cmd.Context(), store, sceneOf(cfg), buildVersion())
	if err == nil {
		err = do(cmd.Context(), desk)
	}
	return errors.Join(err, store.Close())
}

// printJSON prints one value on one line, or each of a list on its own.
func printJSON[T any](out io.Writer, list ...T) error {
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	for i := range list {
		if err := enc.Encode(list[i]); err != nil {
			return fmt.Errorf("print: %w", err)
		}
	}
	return nil
}

// table prints lines in columns.
func table(out io.Writer, write func(w io.Writer)) error {
	w := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	write(w)
	return w.Flush()
}

func clock(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.Local().Format("2006-01-02 15:04:05")
}

func pushStatusCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "status", Short: "tell how the targets are: what waits, since when, and why", Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return pushing(cmd, func(ctx context.Context, p app.Pushing) error {
				list, err := p.PushStatus(ctx)
				if err != nil {
					return err
				}
				if asJSON {
					return printJSON(cmd.OutOrStdout(), list...)
				}
				return table(cmd.OutOrStdout(), func(w io.Writer) {
					fmt.Fprintln(w, "TARGET\tKIND\tSTATE\tWAITING\tOLDEST\tSENT\tDEAD\tLAST\tWHY")
					for _, s := range list {
						waiting := strconv.Itoa(s.Backlog)
						if s.Counting {
							waiting += "+"
						}
						why := s.Why
						if why == "" {
							why = s.LastError
						}
						fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%d\t%d\t%s\t%s\n", s.Name, s.Kind, s.State, waiting, clock(s.Oldest), s.Items, s.Dead, clock(s.Last), why)
					}
				})
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print a JSON object for each target")
	return cmd
}

func pushTestCommand() *cobra.Command {
	return &cobra.Command{
		Use: "test TARGET", Short: "send a test message", Args: exactly(1, "the name of a target"), ValidArgsFunction: completeTargets,
		RunE: func(cmd *cobra.Command, args []string) error {
			return pushing(cmd, func(ctx context.Context, p app.Pushing) error {
				if err := p.PushTest(ctx, args[0]); err != nil {
					return err
				}
				_, err := fmt.Fprintf(cmd.OutOrStdout(), "%s: the test message was taken\n", args[0])
				return err
			})
		},
	}
}

func pushPreviewCommand() *cobra.Command {
	var asJSON, exact bool
	cmd := &cobra.Command{
		Use:   "preview TARGET [ITEM]",
		Short: "show what a target would get of an item, and the exact request; nothing is sent",
		Long: `preview shows what a target would get of ITEM (its ID, key or address), else of the newest item that it wants, else of a sample:
what a person reads, then the body of the request. A signature is added at each attempt and not shown.`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 2 {
				return nil
			}
			return exactly(1, "the name of a target, and an item or none")(cmd, args)
		},
		ValidArgsFunction: completeTargets,
		RunE: func(cmd *cobra.Command, args []string) error {
			return pushing(cmd, func(ctx context.Context, p app.Pushing) error {
				v, err := p.PushPreview(ctx, args[0], strings.Join(args[1:], ""))
				out := cmd.OutOrStdout()
				switch {
				case err != nil:
					return err
				case exact:
					_, err = io.WriteString(out, v.Body)
					return err
				case asJSON:
					return printJSON(out, v)
				}
				of := v.Item
				if of == "" {
					of = "(a sample: there is no item for this target yet)"
				}
				var b strings.Builder
				fmt.Fprintf(&b, "%s: %s, %s\nitem %s\n\n", v.Target, v.Kind, v.Location, of)
				for _, line := range []string{v.Title, v.URL, v.Text, v.Footer, v.Image} {
					if line != "" {
						fmt.Fprintf(&b, "  %s\n", strings.ReplaceAll(push.Plain(line), "\n", "\n  "))
					}
				}
				fmt.Fprintf(&b, "\n%s, %d bytes\n%s\n", v.ContentType, len(v.Body), v.Body)
				_, err = io.WriteString(out, b.String())
				return err
			})
		},
	}
	cmd.Flags().BoolVar(&exact, "body", false, "print the body of the request alone, byte for byte")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	return cmd
}

func pushLogCommand() *cobra.Command {
	var asJSON bool
	var limit int
	cmd := &cobra.Command{
		Use:     "log [TARGET|ITEM]",
		Short:   "tell what became of items: was it sent, when, what did the platform answer",
		Long:    "log tells what became of items at targets, newest first: of those of TARGET, or of ITEM (its ID, key or address) at every target.",
		Example: "  feedmill push log desk\n  feedmill push log https://example.com/first.html",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return nil
			}
			return exactly(1, "the name of a target, or an item")(cmd, args)
		},
		ValidArgsFunction: completeTargets,
		RunE: func(cmd *cobra.Command, args []string) error {
			return pushing(cmd, func(ctx context.Context, p app.Pushing) error {
				list, err := p.PushLog(ctx, strings.Join(args, ""), limit)
				if err != nil {
					return err
				}
				if asJSON {
					return printJSON(cmd.OutOrStdout(), list...)
				}
				return table(cmd.OutOrStdout(), func(w io.Writer) {
					fmt.Fprintln(w, "TIME\tTARGET\tOUTCOME\tITEM\tANSWER")
					for _, d := range list {
						answer := strings.TrimSpace(d.Code + " " + d.Reason)
						if d.Receipt != "" {
							answer = strings.TrimSpace("message " + string(d.Receipt) + " " + answer)
						}
						fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", clock(d.Time), d.Target, d.Outcome, d.Item, answer)
					}
				})
			})
		},
	}
	cmd.Flags().IntVar(&limit, "limit", 50, "how many lines, the newest")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print a JSON object for each")
	return cmd
}

func pushDeadCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "dead TARGET", Short: "list the dead letters of a target: what it did not take, for good", Args: exactly(1, "the name of a target"),
		ValidArgsFunction: completeTargets,
		RunE: func(cmd *cobra.Command, args []string) error {
			return pushing(cmd, func(ctx context.Context, p app.Pushing) error {
				list, err := p.PushDead(ctx, args[0])
				if err != nil {
					return err
				}
				if asJSON {
					return printJSON(cmd.OutOrStdout(), list...)
				}
				return table(cmd.OutOrStdout(), func(w io.Writer) {
					fmt.Fprintln(w, "TIME\tITEM\tANSWER")
					for _, l := range list {
						fmt.Fprintf(w, "%s\t%s\t%s\n", clock(l.Time), l.Item, strings.TrimSpace(l.Code+" "+l.Reason))
					}
				})
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print a JSON object for each")
	return cmd
}

func pushReplayCommand() *cobra.Command {
	var since string
	var dead bool
	var items []string
	cmd := &cobra.Command{
		Use:     "replay TARGET",
		Short:   "send items again: those since a time, dead letters, or those named",
		Example: "  feedmill push replay desk --since 2h\n  feedmill push replay desk --dead\n  feedmill push replay desk --item https://example.com/first.html",
		Args:    exactly(1, "the name of a target"), ValidArgsFunction: completeTargets,
		RunE: func(cmd *cobra.Command, args []string) error {
			what := push.Replay{Dead: dead, Items: items}
			if given := len(slices.DeleteFunc([]bool{since != "", dead, len(items) > 0}, func(b bool) bool { return !b })); given != 1 {
				return &usageError{errors.New("replay: want one of --since, --dead and --item")}
			}
			if since != "" {
				var err error
				if what.Since, err = sinceTime(since, time.Now()); err != nil {
					return &usageError{err}
				}
			}
			return pushing(cmd, func(ctx context.Context, p app.Pushing) error {
				n, err := p.PushReplay(ctx, args[0], what)
				if err != nil {
					return err
				}
				_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s: %d items are sent again\n", args[0], n)
				return err
			})
		},
	}
	cmd.Flags().StringVar(&since, "since", "", "what came since: 2h, 7d, 2026-11-29 or 2026-11-29T08:00:00+08:00")
	cmd.Flags().BoolVar(&dead, "dead", false, "the dead letters of the target")
	cmd.Flags().StringArrayVar(&items, "item", nil, "this item: its ID, key or address; may be given several times")
	return cmd
}

// sinceTime reads a span such as 2h or 7d before now, a day by the clock of this machine, or a time.
func sinceTime(s string, now time.Time) (time.Time, error) {
	if days, ok := strings.CutSuffix(s, "d"); ok {
		if n, err := strconv.Atoi(days); err == nil && n > 0 && n <= 3660 {
			return now.AddDate(0, 0, -n), nil
		}
	}
	if d, err := time.ParseDuration(s); err == nil && d > 0 {
		return now.Add(-d), nil
	}
	if t, err := time.ParseInLocation(time.DateOnly, s, time.Local); err == nil {
		return t, nil
	}
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return t, nil
	}
	return time.Time{}, fmt.Errorf("--since %q: want a span such as 2h or 7d, a day such as 2026-11-29, or a time such as 2026-11-29T08:00:00+08:00", s)
}

// pushOrder is a verb by which the operator steers a target.
func pushOrder(use, short, done string, do func(app.Pushing, context.Context, string) error) *cobra.Command {
	return &cobra.Command{
		Use: use, Short: short, Args: exactly(1, "the name of a target"), ValidArgsFunction: completeTargets,
		RunE: func(cmd *cobra.Command, args []string) error {
			return pushing(cmd, func(ctx context.Context, p app.Pushing) error {
				if err := do(p, ctx, args[0]); err != nil {
					return err
				}
				_, err := fmt.Fprintf(cmd.OutOrStdout(), "%s: %s\n", args[0], done)
				return err
			})
		},
	}
}
