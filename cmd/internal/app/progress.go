package app

import (
	"context"
	"fmt"
	"io"
	"time"

	"feedmill/sources"
)

// progressEvery is how often the counter of a running import is written.
const progressEvery = 200 * time.Millisecond

// Progress writes how the first fetch of every source goes, until each has succeeded or failed, and ends in one line
// that says what is published and where. On a terminal a counter runs meanwhile.
func (a *App) Progress(ctx context.Context, w io.Writer, terminal bool, started time.Time) {
	width := 0
	for ctx.Err() == nil {
		done, line := progressOf(a.manager.Status(), len(a.config().Sources))
		if done {
			break
		}
		if terminal {
			fmt.Fprintf(w, "\r%-*s", width, line)
			width = len(line)
		}
		pause(ctx, min(progressEvery, 20*time.Millisecond+time.Since(started)/20))
	}
	if ctx.Err() != nil {
		return
	}
	if width > 0 {
		fmt.Fprintf(w, "\r%*s\r", width, "")
	}
	fmt.Fprintln(w, a.summary(ctx, time.Since(started)))
}

// progressOf says whether every source has had its first fetch, and where those stand that have not.
func progressOf(list []sources.Status, configured int) (done bool, line string) {
	if len(list) < configured {
		return false, "starting"
	}
	seen, rejected, waiting := 0, 0, 0
	for _, s := range list {
		switch s.State {
		case "starting", "fetching":
			waiting++
		case "waiting":
			if !s.Fetched {
				waiting++
			}
		}
		seen += s.Counts.Seen
		rejected += s.Counts.Rejected
	}
	if waiting == 0 {
		return true, ""
	}
	return false, fmt.Sprintf("reading: %d posts, %d rejected, %d of %d sources to go", seen, rejected, waiting, len(list))
}

// summary is the line under the import: "ready in 0.2 s: 6 categories, 14 tags -> http://localhost:8080".
func (a *App) summary(ctx context.Context, took time.Duration) string {
	posts, repaired, rejected, failing := 0, 0, 0, 0
	for _, s := range a.manager.Status() {
		posts += s.Items
		for _, r := range s.Rejected {
			if r.Repaired {
				repaired++
			} else {
				rejected++
			}
		}
		if s.State == "failing" {
			failing++
		}
	}
	text := fmt.Sprintf("%s, %d repaired, %d rejected\n", count(posts, "post", "posts"), repaired, rejected)
	if failing > 0 {
		text += fmt.Sprintf("%s failing: see /status on the admin listener\n", count(failing, "source is", "sources are"))
	}
	kinds := map[string]int{}
	if list, err := a.store.Topics(ctx, ""); err == nil {
		for _, t := range list {
			kinds[t.Topic.Kind]++
		}
	}
	return text + fmt.Sprintf("ready in %s s: %s, %s -> %s", seconds(took),
		count(kinds["category"], "category", "categories"), count(kinds["tag"], "tag", "tags"), a.base)
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.1f", max(d.Seconds(), 0.1)) }
