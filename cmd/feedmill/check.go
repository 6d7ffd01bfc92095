package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"feedmill/cmd/internal/app"
	"feedmill/cmd/internal/config"
	"feedmill/sources"
	"feedmill/sources/fetch"
)

func checkCommand() *cobra.Command {
	var how checking
	cmd := &cobra.Command{
		Use:   "check [SOURCE...]",
		Short: "list every error of the configuration and every post that is not published as it stands",
		Long: `check reads the configuration and the sources on this machine, and prints what is wrong as FILE:LINE: reason.
It asks no other server, unless --online is given: then it fetches every source once, those of lists, too, as politely
as the server does and without a store, and reports on each. Exit code 1 says that something was found; warnings alone
are no finding.`,
		RunE: func(cmd *cobra.Command, args []string) error { return check(cmd, args, how) },
	}
	cmd.Flags().BoolVar(&how.online, "online", false, "fetch every source once and report on each")
	cmd.Flags().BoolVar(&how.json, "json", false, "print one JSON object a line and source")
	configFlag(cmd)
	settingFlags(cmd, "timezone")
	return cmd
}

// checking says what is checked and how it is shown.
type checking struct{ online, json bool }

func check(cmd *cobra.Command, args []string, how checking) error {
	load, err := loader(cmd, args)
	if err != nil {
		return err
	}
	out := bufio.NewWriter(cmd.OutOrStdout())
	defer out.Flush()
	cfg, err := load()
	var wrong config.Errors
	if errors.As(err, &wrong) {
		if how.json {
			err = json.NewEncoder(out).Encode(map[string]string{"error": wrong.Error()})
		} else {
			_, err = fmt.Fprintln(out, wrong)
		}
		if err != nil {
			return fmt.Errorf("print: %w", err)
		}
		return &foundError{len(wrong)}
	}
	if err != nil {
		return err
	}
	c := checker{cfg: cfg, how: how, slots: make(chan struct{}, parallelChecks), network: fetch.NewNetwork(fetch.Options{})}
	defer c.network.CloseIdleConnections()
	var sum tally
	for wave := cfg.Sources; len(wave) > 0; {
		reports, members := c.all(cmd.Context(), wave)
		if cmd.Context().Err() != nil {
			return cmd.Context().Err()
		}
		for _, r := range reports {
			sum.add(r)
			if err := r.print(out, how); err != nil {
				return fmt.Errorf("print %s: %w", r.Source, err)
			}
		}
		if err := out.Flush(); err != nil {
			return err
		}
		wave = members
	}
	if !how.json {
		fmt.Fprintf(out, "%s, %s, %s", count(sum.sources, "source"), count(sum.posts, "post"), count(sum.found, "finding"))
		if how.online {
			fmt.Fprintf(out, ", %s", count(sum.warnings, "warning"))
		}
		if sum.remote > 0 {
			fmt.Fprintf(out, "; %s elsewhere not fetched (--online does)", count(sum.remote, "source"))
		}
		fmt.Fprintln(out)
	}
	if err := out.Flush(); err != nil {
		return err
	}
	if sum.found > 0 {
		return &foundError{sum.found}
	}
	return nil
}

// parallelChecks is how many sources are read at once, as many as the server fetches at once.
const parallelChecks = 16

// checker reads sources side by side.
type checker struct {
	cfg     *config.Config
	how     checking
	slots   chan struct{}
	network *fetch.Network
	disk    sync.Mutex // of a source on this machine all items are in memory: one after the other
}

// all reports on sources, in their order, and names those that their lists name.
func (c *checker) all(ctx context.Context, list []config.Source) (reports []*checked, members []config.Source) {
	reports, found := make([]*checked, len(list)), make([][]config.Source, len(list))
	var wg sync.WaitGroup
	for i, s := range list {
		wg.Go(func() {
			select {
			case c.slots <- struct{}{}:
				defer func() { <-c.slots }()
				reports[i], found[i] = c.one(sources.Placed(ctx, c.slots), s)
			case <-ctx.Done():
			}
		})
	}
	wg.Wait()
	for _, m := range found {
		members = append(members, m...)
	}
	return reports, members
}

// one reads a source, if it is on this machine or others may be asked.
func (c *checker) one(ctx context.Context, s config.Source) (*checked, []config.Source) {
	r := &checked{Source: s.Name, Kind: s.Kind.Name, Location: s.Config.Location(), Leaks: leaksOf(c.cfg, s)}
	fail := func(err error) (*checked, []config.Source) {
		r.Error = err.Error()
		return r, nil
	}
	files, remove, err := passingFiles()
	if err != nil {
		return fail(err)
	}
	defer remove()
	spec, err := app.MakeSpec(c.cfg, s, httpClient(c.cfg, s, c.network), files, quiet)
	if err != nil {
		return fail(err)
	}
	if _, local := spec.Source.(sources.Watcher); local {
		c.disk.Lock()
		defer c.disk.Unlock()
	} else if !c.how.online {
		if _, err := os.Stat(spec.Location); err != nil {
			r.Skipped = true
			return r, nil
		}
	}
	start := time.Now()
	if c.how.online {
		client := func(s config.Source) *http.Client { return httpClient(c.cfg, s, c.network) }
		if spec.Adopt, err = app.MakeAdopt(c.cfg, s, client, quiet); err != nil {
			return fail(err)
		}
	}
	p, err := sources.RunPreview(ctx, spec)
	r.Took = time.Since(start).Seconds()
	r.fill(s, p, err)
	if !c.how.online {
		return r, nil
	}
	members, wrong := membersOf(c.cfg, s, p.List)
	if wrong != nil {
		r.Error = errors.Join(err, wrong).Error()
	}
	return r, members
}

// tally counts what a check has seen.
type tally struct{ sources, posts, found, warnings, remote int }

func (t *tally) add(r *checked) {
	t.sources++
	t.posts += r.Items + len(r.Held)
	t.found += len(r.Rejected)
	t.warnings += len(r.Warnings) + len(r.Leaks)
	if r.Error != "" {
		t.found++
	}
	if r.Skipped {
		t.remote++
	}
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// print writes the report: for people what is wrong, and with --online also what is in order.
func (r *checked) print(w io.Writer, how checking) error {
	if how.json {
		lines := json.NewEncoder(w)
		lines.SetEscapeHTML(false)
		return lines.Encode(r)
	}
	if how.online {
		fmt.Fprintln(w, r.line())
	}
	for _, rej := range r.Rejected {
		fmt.Fprintln(w, rej)
	}
	for _, h := range r.Held {
		fmt.Fprintf(w, "%s: held until %s: that is its date\n", h.Where, h.Until.Format(time.RFC3339))
	}
	if how.online {
		for _, text := range r.Warnings {
			fmt.Fprintf(w, "source %s: warning: %s\n", r.Source, text)
		}
	}
	for _, text := range r.Leaks {
		fmt.Fprintf(w, "source %s: warning: %s\n", r.Source, text)
	}
	if r.Error != "" {
		fmt.Fprintf(w, "source %s: %s\n", r.Source, r.Error)
	}
	if r.Hint != "" && how.online {
		fmt.Fprintf(w, "source %s: %s\n", r.Source, r.Hint)
	}
	return nil
}
