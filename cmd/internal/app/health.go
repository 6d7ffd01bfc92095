package app

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"feedmill/cache"
	"feedmill/feeds/push"
	"feedmill/sources"
)

// What happens to the health of the program, and what ends it.
const (
	kindDown     = "down"
	kindDrift    = "drift"
	kindHeld     = "held"
	kindSilent   = "silent"
	kindDegraded = "degraded"
	kindBack     = "back"
)

const (
	// healthEvery is how often the health of sources and store is looked at.
	healthEvery = 5 * time.Second
	// A source is down after downFetches failed in a row, downFor after its last good one: what passes by itself is no news.
	downFetches = 3
	downFor     = 15 * time.Minute
	// degradedFor is how long the store must fail.
	degradedFor = 30 * time.Second
	// maxEvents is how many events are kept, the newest first; maxTroubles how many may last at once, as far as the note that
	// they are in has room: more wait until some of those are over.
	maxEvents   = 200
	maxTroubles = 3000
	// maxSaid bounds what an event says, in letters.
	maxSaid = 600

	healthBucket = "health"
	healthKey    = "log"
	healthLease  = "health"
)

// event is something that the operator should know of.
type event struct {
	Seq    uint64    `json:"seq"`
	Kind   string    `json:"kind"`
	Source string    `json:"source,omitempty"`
	Target string    `json:"target,omitempty"`
	At     time.Time `json:"at"`
	Title  string    `json:"title"`
	What   string    `json:"what"`
	// Next says what to do.
	Next string `json:"next"`
}

// trouble is what lasts, since At. OK is the end of the last good fetch before it.
type trouble struct {
	At time.Time `json:"at"`
	OK time.Time `json:"ok,omitzero"`
	// Target is the target that it is of; empty for a source.
	Target string `json:"target,omitempty"`
}

// healthNote is what all replicas know together: the troubles that last, by kind and source, and the newest events.
type healthNote struct {
	Seq    uint64             `json:"seq"`
	Open   map[string]trouble `json:"open,omitempty"`
	Events []event            `json:"events,omitempty"`
	// Outage is the end of the last time in which the store did not answer.
	Outage time.Time `json:"outage,omitzero"`
}

func troubleKey(kind, source string) string { return kind + " " + source }

// health keeps the health note. One replica sees a source, the one that fetches it; the note says what was told already, so
// neither a restart nor a source that moves to another replica tells it again.
type health struct {
	a       *App
	status  func() []sources.Status // of the sources here
	targets func() []push.Status

	mu   sync.Mutex
	note healthNote
	// fails is since when the store does not answer; zero while it does. err is what it said.
	fails time.Time
	err   error
}

// watch looks at the health until ctx ends.
func (h *health) watch(ctx context.Context) {
	for {
		pause(ctx, healthEvery)
		if ctx.Err() != nil {
			return
		}
		h.look(ctx)
	}
}

// look brings the note up to date.
func (h *health) look(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, healthEvery)
	defer cancel()
	note, err := h.read(ctx)
	now := time.Now()
	if err != nil {
		h.mu.Lock()
		defer h.mu.Unlock()
		if h.fails.IsZero() {
			h.fails = now
		}
		h.err = err
		return
	}
	h.mu.Lock()
	h.note = note
	fails, failed := h.fails, h.err
	h.mu.Unlock()
	if !h.differs(note, fails, failed, now) {
		h.recovered()
		return
	}
	if err := h.write(ctx, fails, failed); err != nil && !errors.Is(err, cache.ErrHeld) {
		h.a.log.Debug("cannot note how sources do; trying again", "err", err)
	}
}

// differs says whether there is something to write, without touching the note.
func (h *health) differs(note healthNote, fails time.Time, failed error, now time.Time) bool {
	note.Open, note.Events = maps.Clone(note.Open), slices.Clone(note.Events)
	return h.update(&note, fails, failed, now)
}

// update puts what this process sees into the note, and reports whether that is new.
func (h *health) update(note *healthNote, fails time.Time, failed error, now time.Time) bool {
	changed := false
	if !fails.IsZero() && now.Sub(fails) >= degradedFor && fails.After(note.Outage) {
		note.add(degraded(fails, failed))
		note.add(event{
			Kind: kindBack, At: now, Title: "the store answers again",
			What: "It did not from " + said(fails) + " to " + said(now) + ".", Next: "Nothing: sources go on by themselves.",
		})
		note.Outage, changed = now, true
	}
	if !h.a.mayFetch() || !h.a.applied() {
		return changed
	}
	running := map[string]bool{}
	for _, s := range h.a.running() {
		running[s.Name] = true
	}
	changed = note.observe(now, h.status(), running) || changed
	configured := map[string]bool{}
	for _, t := range h.a.config().Targets {
		configured[t.Name] = true
	}
	return note.observeTargets(now, h.targets(), configured) || changed
}

func (h *health) recovered() {
	h.mu.Lock()
	h.fails, h.err = time.Time{}, nil
	h.mu.Unlock()
}

// write updates the note as it stands in the store now, under a lease.
func (h *health) write(ctx context.Context, fails time.Time, failed error) error {
	store := h.a.store
	lease, err := store.Acquire(ctx, healthLease, 2*healthEvery)
	if err != nil {
		return fmt.Errorf("take the lease of the health note: %w", err)
	}
	defer func() {
		if err := store.Release(context.WithoutCancel(ctx), lease); err != nil {
			h.a.log.Debug("cannot give back the lease of the health note: it runs out by itself", "err", err)
		}
	}()
	note, err := h.read(ctx)
	if err != nil {
		return err
	}
	now, err := store.Now(ctx)
	if err != nil {
		return fmt.Errorf("read the store's clock: %w", err)
	}
	if h.update(&note, fails, failed, now) {
		b, err := json.Marshal(note)
		if err != nil {
			return fmt.Errorf("write the health note: %w", err)
		}
		if err := store.Write(ctx, lease, cache.Edit{Bucket: healthBucket, Key: healthKey, Value: b}); err != nil {
			return fmt.Errorf("write the health note: %w", err)
		}
	}
	h.mu.Lock()
	h.note = note
	h.mu.Unlock()
	h.recovered()
	return nil
}

func (h *health) read(ctx context.Context) (note healthNote, err error) {
	notes, err := h.a.store.Read(ctx, healthBucket, healthKey)
	if err != nil {
		return note, fmt.Errorf("read the health note: %w", err)
	}
	if b, ok := notes[healthKey]; ok {
		if err := json.Unmarshal(b, &note); err != nil {
			return note, fmt.Errorf("read the health note: %w", err)
		}
	}
	if note.Open == nil {
		note.Open = map[string]trouble{}
	}
	return note, nil
}

// events are the newest events, with a failure of the store that lasts and could not be noted.
func (h *health) events() []event {
	h.mu.Lock()
	defer h.mu.Unlock()
	out := slices.Clone(h.note.Events)
	if !h.fails.IsZero() && time.Since(h.fails) >= degradedFor {
		out = append([]event{degraded(h.fails, h.err)}, out...)
	}
	return out
}

// add puts an event before all others.
func (n *healthNote) add(e event) {
	n.Seq++
	e.Seq, e.At = n.Seq, e.At.UTC().Truncate(time.Second)
	e.Title, e.What = clipped(e.Title), clipped(e.What)
	n.Events = slices.Insert(n.Events, 0, e)
	n.Events = n.Events[:min(len(n.Events), maxEvents)]
}

// observe notes what has become of the sources that this process fetches. Of those that do not run any more nothing lasts.
func (n *healthNote) observe(now time.Time, list []sources.Status, running map[string]bool) (changed bool) {
	for key, t := range n.Open {
		if _, source, _ := strings.Cut(key, " "); t.Target == "" && !running[source] {
			delete(n.Open, key)
			changed = true
		}
	}
	for i := range list {
		st := &list[i]
		if st.State == "starting" || st.State == "elsewhere" || !running[st.Name] {
			continue // nothing is known of it here
		}
		back := trouble{}
		for _, kind := range []string{kindDown, kindDrift, kindHeld, kindSilent} {
			key := troubleKey(kind, st.Name)
			since, open := n.Open[key]
			switch {
			case !open && suffers(st, kind, now) && len(n.Open) < maxTroubles:
				n.Open[key] = trouble{At: now, OK: st.LastOK}
				n.add(tell(st, kind, now))
				changed = true
			case open && over(st, kind, since):
				if kind == kindDown || kind == kindDrift {
					back = since
				}
				delete(n.Open, key)
				changed = true
			}
		}
		if !back.At.IsZero() {
			n.add(event{
				Kind: kindBack, Source: st.Name, At: now, Title: fmt.Sprintf("source %s is back", st.Name),
				What: fmt.Sprintf("It is fetched again since %s; it had failed before %s.", said(st.LastOK), said(back.At)), Next: "Nothing: what came meanwhile is published.",
			})
		}
	}
	return changed
}

// suffers says whether a source has a trouble of a kind.
func suffers(st *sources.Status, kind string, now time.Time) bool {
	switch kind {
	case kindDown:
		return st.State == "gone" || !st.Drift && st.Failures >= downFetches && (st.LastOK.IsZero() || now.Sub(st.LastOK) >= downFor)
	case kindDrift:
		return st.Drift && st.Failures > 0
	case kindHeld:
		return st.Withheld != nil || st.Churn != nil
	default: // a directory of this machine is not silent by fault
		return st.Silent && st.Traffic != nil && st.Failures == 0 && st.State != "gone"
	}
}

// over says whether a trouble has ended.
func over(st *sources.Status, kind string, since trouble) bool {
	switch kind {
	case kindDown, kindDrift:
		return st.Failures == 0 && st.State != "gone" && st.LastOK.After(since.OK)
	case kindHeld:
		return st.Withheld == nil && st.Churn == nil
	default:
		return !st.Silent
	}
}

// tell is the event of a trouble that begins.
func tell(st *sources.Status, kind string, now time.Time) event {
	e := event{Kind: kind, Source: st.Name, At: now}
	switch kind {
	case kindDown:
		e.Title = fmt.Sprintf("source %s is down", st.Name)
		e.What = fmt.Sprintf("%d fetches of %s in a row failed, the last with: %s. The last good one was at %s. Its feeds stay as they were.", st.Failures, st.Location, st.Error, said(st.LastOK))
		e.Next = "See whether the location is right and can be reached; it is tried again by itself. Try it now with: feedmill check --online."
		if st.State == "gone" {
			e.Title, e.What = fmt.Sprintf("source %s is gone for good", st.Name), fmt.Sprintf("%s answers 410: its owner says that it will not come back. It is not asked any more.", st.Location)
			e.Next = "Take it out of the configuration, or give it its new address."
		}
	case kindDrift:
		e.Title = fmt.Sprintf("source %s has changed its form", st.Name)
		e.What = fmt.Sprintf("What is looked for is not found any more: %s.", st.Error)
		e.Next = fmt.Sprintf("Look at %s, adjust the configuration of the source, and try it with: feedmill check --online.", st.Location)
	case kindHeld:
		e.Title = fmt.Sprintf("source %s: changes are held", st.Name)
		if st.Withheld != nil {
			e.What = st.Withheld.String() + ". The feeds stay as they are until you say that this is right."
			e.Next = fmt.Sprintf("If it is: feedmill release %s. If not, bring back what is missing; nothing else is to be done then.", st.Name)
		} else {
			e.What = st.Churn.String() + ". Nothing of it is published until you say what it is."
			e.Next = fmt.Sprintf("If they are the same: feedmill absorb %s. If they are new: feedmill release %s.", st.Name, st.Name)
		}
	case kindSilent:
		e.Title = fmt.Sprintf("source %s is silent", st.Name)
		e.What = fmt.Sprintf("Something new came about every %s, and nothing since %s. Fetches succeed.", lasting("en", time.Duration(st.Cadence)), said(st.Newest))
		e.Next = fmt.Sprintf("Look at %s: if there is something newer than in the feed, the source is read wrongly or from the wrong place.", st.Location)
	}
	return e
}

// degraded is the event of a store that does not answer.
func degraded(since time.Time, err error) event {
	return event{
		Kind: kindDegraded, At: since.UTC().Truncate(time.Second), Title: "the store does not answer",
		What: fmt.Sprintf("Since %s: %s. What was rendered is served on; nothing new is published.", said(since), cmp.Or(fmt.Sprint(err), "no reason given")),
		Next: "See whether the store runs, can be reached and has room. feedmill goes on by itself as soon as it answers.",
	}
}

func said(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return t.UTC().Format("2006-01-02 15:04:05 MST")
}

func clipped(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	n := 0
	for i := range s {
		if n++; n > maxSaid {
			return s[:i] + "…"
		}
	}
	return s
}

// id is the identity of an event in the feed: that of a failure of the store is known before it can be noted.
func (e *event) id(instance string) string {
	what := fmt.Sprint(e.Seq)
	if e.Kind == kindDegraded {
		what = "store " + e.At.UTC().Format(time.RFC3339)
	}
	h := sha256.Sum256([]byte(instance + "\x00health\x00" + what))
	u := h[:16]
	u[6] = u[6]&0x0f | 0x80 // RFC 9562 version 8
	u[8] = u[8]&0x3f | 0x80
	return fmt.Sprintf("urn:uuid:%x-%x-%x-%x-%x", u[0:4], u[4:6], u[6:8], u[8:10], u[10:16])
}
