package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"feedmill/cache"
	"feedmill/cmd/internal/app"
	"feedmill/cmd/internal/tree"
	"feedmill/feeds"
	"feedmill/feeds/web"
)

// stateFile is the state of the store in a tree that is not given one outside.
const stateFile = "feedmill.state"

// building is what build is told on the command line.
type building struct {
	out, state       string
	feedsOnly        bool
	noArchive, noOld bool
	formats, release []string
}

func buildCommand() *cobra.Command {
	var how building
	cmd := &cobra.Command{
		Use:   "build --out DIR [SOURCE...]",
		Short: "write everything that is published as files, for GitHub Pages, S3 or any web server",
		Long: `build reads every SOURCE, or those of --config, once and writes feeds, pages for people, OPML lists and archives as files
below DIR: what serve would answer, but for what only a server can do (filters, search, WebSub). It overwrites and
deletes nothing that it did not write itself; what has not changed is not touched.

Which item is which, and since when, is kept in DIR/` + stateFile + `, which is published with the rest and holds public items
alone, or in the file of --state, to be kept between two builds, such as in the cache of a CI.

A source that fails keeps what it had; the others are written, and the exit code is 1.`,
		Example: "  feedmill build --out _site/feeds --base-url https://example.org/feeds .\n" +
			"  feedmill build --out public --config feedmill.yaml --state .cache/feedmill.db",
		RunE: func(cmd *cobra.Command, args []string) error { return build(cmd, args, how) },
	}
	f := cmd.Flags()
	f.StringVar(&how.out, "out", "", "the `DIR` to write to; it is made if there is none")
	f.StringVar(&how.state, "state", "", "keep the state in this `FILE` instead of in DIR; it is made if there is none")
	f.BoolVar(&how.feedsOnly, "feeds-only", false, "no pages: write beside a site's own, to which the feeds then lead people")
	f.BoolVar(&how.noArchive, "no-archive", false, "no archives: feeds end with the newest items")
	f.BoolVar(&how.noOld, "no-old-addresses", false, "no copies at addresses that redirect on a server, such as jekyll-feed's /feed.xml")
	f.StringSliceVar(&how.formats, "formats", nil, "write only these: rss, atom, json (default all)")
	f.StringSliceVar(&how.release, "release", nil, "let the held withdrawals of this `SOURCE` pass; may be given several times")
	configFlag(cmd)
	settingFlags(cmd, "base_url", "title", "language", "timezone", "items")
	return cmd
}

func build(cmd *cobra.Command, args []string, how building) (err error) {
	started := time.Now()
	if how.out == "" {
		return &usageError{errors.New("build wants --out DIR, the directory to write to")}
	}
	chosen, err := formatsNamed(how.formats)
	if err != nil {
		return err
	}
	load, err := loader(cmd, args)
	if err != nil {
		return err
	}
	cfg, err := load()
	if err != nil {
		return err
	}
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(300) // a build ends soon, and what lives is little beside what an import throws away
	}
	screen := newConsole(cmd.OutOrStdout())
	dir, err := tree.Open(how.out)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, dir.Close()) }()
	if err := dir.Shared(); err != nil {
		screen.print(fmt.Sprintf("%s cannot be locked (%v): let nothing else build into it meanwhile\n", how.out, err))
	}
	files, remove, err := passingFiles()
	if err != nil {
		return err
	}
	defer remove()
	store, fresh, err := buildStore(cmd.Context(), dir, how, files)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	b, err := app.NewBuild(cmd.Context(), app.BuildOptions{
		Config: cfg, Version: buildVersion(), Formats: chosen, Store: store, Instance: dir.Fact("instance"), HTTP: httpClient, Files: files,
		Static:  web.Static{FeedsOnly: how.feedsOnly, Archive: !how.noArchive, OldAddresses: !how.noOld},
		Release: how.release, Log: warnings(screen), Show: screen.count,
	})
	if errors.Is(err, app.ErrNoBase) {
		return &usageError{err}
	} else if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.Close()) }()
	debug.FreeOSMemory() // an import takes more than writing does, which has the whole store mapped
	var said strings.Builder
	published, err := b.Tell(&said)
	if err != nil {
		return err
	}
	screen.print(said.String())
	failed := b.Failed()
	if len(failed) > 0 && fresh && !dir.Fresh() {
		return fmt.Errorf("build %s: the state of the last build is lost, and what %s had is not known: nothing is written; build again when it answers",
			how.out, strings.Join(failed, ", "))
	}
	w := &writing{ctx: cmd.Context(), build: b, dir: dir, screen: screen}
	if err = w.plan(); err == nil && how.state == "" {
		err = w.withState(store)
	} else if err == nil {
		err = w.files()
	}
	if err != nil {
		return fmt.Errorf("build %s: %w", how.out, err)
	}
	counts, left, err := dir.Finish(map[string]string{"instance": b.Instance()}, len(failed) > 0)
	if err != nil {
		return fmt.Errorf("build %s: %w", how.out, err)
	}
	for _, p := range left {
		screen.print(fmt.Sprintf("left %s, which somebody has changed since it was written\n", p))
	}
	if len(failed) > 0 {
		screen.print("nothing was deleted, because not every source could be read\n")
	}
	screen.print(fmt.Sprintf("%s\nbuilt in %.1f s: %d files in %s, %d written, %d deleted, %d unchanged -> %s\n", published,
		max(time.Since(started).Seconds(), 0.1), counts.Written+counts.Unchanged, how.out, counts.Written, counts.Deleted, counts.Unchanged, b.Base()))
	if n := len(failed) + len(w.misfits); n > 0 {
		return &foundError{n}
	}
	return nil
}

// formatsNamed are the formats to write.
func formatsNamed(names []string) ([]feeds.Format, error) {
	if len(names) == 0 {
		return formats, nil
	}
	var out []feeds.Format
	for _, f := range formats {
		for _, name := range names {
			if strings.TrimPrefix(f.Suffix, ".") == name {
				out = append(out, f)
				break
			}
		}
	}
	if len(out) != len(names) {
		return nil, &usageError{fmt.Errorf("--formats %s: want some of rss, atom, json, each once", strings.Join(names, ","))}
	}
	return out, nil
}

// warnings is the log of what Tell does not say.
func warnings(screen *console) *slog.Logger { return slog.New(atLeast{screen.log().Handler()}) }

// atLeast is a log handler that takes warnings and errors.
type atLeast struct{ slog.Handler }

func (h atLeast) Enabled(_ context.Context, level slog.Level) bool { return level >= slog.LevelWarn }

// buildStore opens the store of a build; fresh says that nothing is in it.
func buildStore(ctx context.Context, dir *tree.Dir, how building, temp string) (store cache.Store, fresh bool, err error) {
	if how.state != "" {
		_, err := os.Stat(how.state)
		if fresh = errors.Is(err, fs.ErrNotExist); fresh {
			if err := os.MkdirAll(filepath.Dir(how.state), 0o755); err != nil {
				return nil, false, fmt.Errorf("make the directory of the state: %w", err)
			}
		}
		store, err := openStore(ctx, "bolt:"+how.state, quiet)
		return store, fresh, err
	}
	path := filepath.Join(temp, "state.db")
	state, err := dir.Open(stateFile)
	if fresh = errors.Is(err, fs.ErrNotExist); !fresh {
		if err == nil {
			err = errors.Join(loadState(ctx, path, state), state.Close())
		}
		if err == nil {
			err = dir.Adopt(stateFile) // it may be all that is here: on an empty machine
		}
		if err != nil {
			return nil, false, fmt.Errorf("read %s: %w; take it from the last build that was published, or delete it to begin anew", filepath.Join(how.out, stateFile), err)
		}
	}
	store, err = openState(path)
	return store, fresh, err
}

// writing writes the files of a build.
type writing struct {
	ctx     context.Context
	build   *app.Build
	dir     *tree.Dir
	screen  *console
	misfits []web.Misfit

	mu    sync.Mutex
	queue []web.File
	busy  int
	more  sync.Cond
	done  int
	err   error
}

// plan lists the files, and fails where a file of others is in the way of one of them: then nothing is written.
func (w *writing) plan() (err error) {
	if w.queue, w.misfits, err = w.build.Files(w.ctx); err != nil {
		return err
	}
	for _, m := range w.misfits {
		w.screen.print(fmt.Sprintf("left out %s: %s\n", m.Address, m.Reason))
	}
	return w.look()
}

// files writes everything.
func (w *writing) files() error {
	w.more.L = &w.mu
	stop := context.AfterFunc(w.ctx, func() { w.fail(context.Cause(w.ctx)) })
	defer stop()
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(w.work)
	}
	ticker := time.NewTicker(100 * time.Millisecond)
	defer ticker.Stop()
	ended := make(chan struct{})
	go func() { workers.Wait(); close(ended) }()
	for {
		select {
		case <-ended:
			return w.err
		case <-ticker.C:
			w.mu.Lock()
			line := fmt.Sprintf("writing: %d files, %d to go", w.done, len(w.queue)+w.busy)
			w.mu.Unlock()
			w.screen.count(line)
		}
	}
}

// look fails where a file of others is in the way. One that is what would be written is not.
func (w *writing) look() error {
	for _, f := range w.queue {
		err := w.dir.Foreign(f.Path)
		var foreign *tree.ForeignError
		if err == nil {
			continue
		}
		if !errors.As(err, &foreign) {
			return err
		}
		body, _, makeErr := w.build.Make(w.ctx, f)
		if makeErr != nil {
			return makeErr
		}
		if same, sameErr := w.dir.Same(f.Path, body); sameErr != nil || !same {
			return errors.Join(err, sameErr)
		}
	}
	return nil
}

// work makes and writes files until there are no more.
func (w *writing) work() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for {
		for len(w.queue) == 0 && w.busy > 0 && w.err == nil {
			w.more.Wait()
		}
		if len(w.queue) == 0 || w.err != nil {
			return
		}
		f := w.queue[0]
		w.queue = w.queue[1:]
		w.busy++
		w.mu.Unlock()
		body, older, err := w.build.Make(w.ctx, f)
		if err == nil {
			err = w.dir.Write(f.Path, body)
		}
		w.mu.Lock()
		w.busy--
		w.done++
		if err != nil && w.err == nil {
			w.err = err
		}
		if len(older) > 0 { // next: what of its topic is read already is in memory
			w.queue = append(older, w.queue...)
		}
		w.more.Broadcast()
	}
}

func (w *writing) fail(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err == nil {
		w.err = err
	}
	w.more.Broadcast()
}

// withState writes everything, and the state meanwhile. It takes its place behind all that it stands for.
func (w *writing) withState(store cache.Store) error {
	state, err := w.dir.Stage(stateFile)
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(w.ctx)
	defer stop()
	dumped := make(chan error, 1)
	go func() { dumped <- dumpState(ctx, store, state, app.PublishedNote, w.build.Omit) }()
	if err = w.files(); err != nil {
		stop()
	}
	if err = errors.Join(err, <-dumped); err != nil {
		return errors.Join(err, state.Discard())
	}
	return state.Keep()
}
