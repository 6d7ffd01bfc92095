package postdir

import (
	"context"
	"log/slog"
	"time"

	"feedmill/sources"
)

// Source is a site in a directory on disk.
type Source struct {
	*Engine
	dir      string
	interval time.Duration
	log      *slog.Logger
}

var (
	_ sources.Source  = (*Source)(nil)
	_ sources.Watcher = (*Source)(nil)
)

// NewSource makes the source of a directory. Each interval it looks at everything, whatever Watch saw.
func NewSource(dir string, gen Generator, set Settings, env sources.Env, interval time.Duration) *Source {
	s := &Source{Engine: NewEngine(gen, set, env), dir: dir, interval: interval, log: env.Log}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	s.live = true
	return s
}

// Fetch emits what changed since the last one: the files that Watch saw change, or, if it saw none, whatever a walk
// over the whole site finds.
func (s *Source) Fetch(ctx context.Context, st sources.State, out sources.Sink) (sources.Result, error) {
	w := s.todo.take()
	if w.empty() || time.Since(s.lastFull) > s.interval {
		w.full = true
	}
	t, err := OpenDisk(s.dir)
	if err != nil {
		s.todo.add(work{full: true})
		return sources.Result{}, err
	}
	defer t.Close()
	return s.fetch(ctx, t, w, st, out)
}

// Changed notes changes for the next Fetch, as Watch does for those that it sees.
func (s *Source) Changed(ch *Changes) { s.todo.add(workOf(ch)) }
