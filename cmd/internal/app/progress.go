package app

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"feedmill/feeds"
	"feedmill/sources"
)

// progressEvery is how often the state of a running import is looked at, at most: a short import is seen sooner.
const progressEvery = 200 * time.Millisecond

// Import waits until the first fetch of every source has succeeded or failed, and shows how it goes. It returns what a
// person should know then, in lines: posts that are not published as they stand, sources that fail, and what is
// published where. It fails when ctx ends.
func (a *App) Import(ctx context.Context, started time.Time, show func(line string)) (string, error) {
	defer a.importing.Store(false)
	for {
		done, line := progressOf(a.manager.Status(), max(len(a.running()), len(a.config().Sources)))
		if done && !a.listsMoved(ctx) {
			break
		}
		show(line)
		pause(ctx, min(progressEvery, 20*time.Millisecond+time.Since(started)/20))
		if ctx.Err() != nil {
			return "", ctx.Err()
		}
	}
	return a.summary(ctx, time.Since(started))
}

// progressOf says whether every source has had its first fetch, and where those stand that have not.
func progressOf(list []sources.Status, configured int) (done bool, line string) {
	if len(list) < configured {
		return false, "starting"
	}
	seen, rejected, waiting := 0, 0, 0
	for _, s := range list {
		if s.State == "starting" || s.State == "fetching" || s.State == "waiting" && !s.Fetched {
			waiting++
		}
		seen += s.Counts.Seen
		rejected += s.Counts.Rejected
	}
	if waiting == 0 {
		return true, ""
	}
	return false, fmt.Sprintf("reading: %s, %d rejected, %d of %s to go",
		count(seen, "post", "posts"), rejected, waiting, count(len(list), "source", "sources"))
}

// reading is how many posts the first fetches under way have read, and how many sources are still to have theirs.
func (a *App) reading() (posts, waiting int) {
	return readingOf(a.manager.Status())
}

func readingOf(list []sources.Status) (posts, waiting int) {
	for _, s := range list {
		if !s.Fetched && (s.State == "starting" || s.State == "fetching" || s.State == "waiting") {
			posts, waiting = posts+s.Counts.Seen, waiting+1
		}
	}
	return posts, waiting
}

// shownReports is how many posts the summary names. All of them are in `feedmill check` and /status.
const shownReports = 10

// summary ends in "ready in 0.2 s: 6 categories, 14 tags -> http://localhost:8080".
func (a *App) summary(ctx context.Context, took time.Duration) (string, error) {
	var b strings.Builder
	told := recount(&b, a.manager.Status(), "feedmill release")
	topics, err := a.store.Topics(ctx, "")
	if err != nil {
		return "", fmt.Errorf("list what is published: %w", err)
	}
	fmt.Fprintf(&b, "%s\nready in %.1f s: %s -> %s\n", told, max(took.Seconds(), 0.1), labelsOf(topics), a.Base())
	if a.opts.Quiet && a.config().BaseURL == "" { // a person reads it here, and was not warned before
		b.WriteString("that address is for this machine: readers elsewhere, Slack and WebSub need base_url\n")
	}
	return b.String(), nil
}

// labelsOf counts what people look for in a list of topics.
func labelsOf(topics []feeds.TopicInfo) string {
	kinds := map[string]int{}
	for _, t := range topics {
		kinds[t.Topic.Kind]++
	}
	return count(kinds["category"], "category", "categories") + ", " + count(kinds["tag"], "tag", "tags")
}

// tally counts the posts of sources.
type tally struct{ posts, repaired, rejected int }

func (t tally) String() string {
	return fmt.Sprintf("%s, %d repaired, %d rejected", count(t.posts, "post", "posts"), t.repaired, t.rejected)
}

// recount writes what a person should know of sources that were fetched; release is the command that lets held withdrawals pass.
func recount(b *strings.Builder, list []sources.Status, release string) (t tally) {
	for _, s := range list {
		t.posts += s.Items
		for _, r := range s.Rejected {
			if t.repaired+t.rejected < shownReports {
				fmt.Fprintln(b, Place(s.Location, r))
			}
			if r.Repaired {
				t.repaired++
			} else {
				t.rejected++
			}
		}
		if s.Error != "" {
			fmt.Fprintf(b, "source %s: %s\n", s.Name, s.Error)
		}
		if s.Withheld != nil {
			fmt.Fprintf(b, "source %s: %s: the feeds stay; if this is right: %s %s\n", s.Name, s.Withheld, release, s.Name)
		}
	}
	if more := t.repaired + t.rejected - shownReports; more > 0 {
		fmt.Fprintf(b, "and %d more: feedmill check lists them all\n", more)
	}
	return t
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// Place is the report with the path of the file as it can be opened from here, if it is about a file of the source.
func Place(location string, r sources.Rejected) sources.Rejected {
	if path := filepath.Join(location, r.Where); !filepath.IsAbs(r.Where) {
		if _, err := os.Lstat(path); err == nil {
			r.Where = path
		}
	}
	return r
}

// hush is a log handler that takes nothing while muted.
type hush struct {
	slog.Handler
	muted *atomic.Bool
}

func (h *hush) Enabled(ctx context.Context, level slog.Level) bool {
	return !h.muted.Load() && h.Handler.Enabled(ctx, level)
}

func (h *hush) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &hush{h.Handler.WithAttrs(attrs), h.muted}
}

func (h *hush) WithGroup(name string) slog.Handler {
	return &hush{h.Handler.WithGroup(name), h.muted}
}
