package app

import (
	"strings"
	"testing"
	"time"

	"feedmill/feeds/push"
)

// TestTargetsInTheHealthNote: each trouble of a target is told once, and once that it is over.
func TestTargetsInTheHealthNote(t *testing.T) {
	begin := time.Date(2026, 11, 29, 8, 0, 0, 0, time.UTC)
	at := begin
	note := &healthNote{Open: map[string]trouble{}}
	configured := map[string]bool{"desk": true}
	step := func(want string, s ...push.Status) {
		t.Helper()
		before := len(note.Events)
		changed := note.observeTargets(at, s, configured)
		var got []string
		for _, e := range note.Events[:len(note.Events)-before] {
			got = append([]string{e.Kind}, got...)
		}
		if text := strings.Join(got, " "); text != want || changed != (want != "") {
			t.Errorf("events %q, changed %v; want %q", text, changed, want)
		}
		at = at.Add(time.Minute)
	}
	desk := func(state push.State, waits, last time.Duration) push.Status {
		s := push.Status{Name: "desk", Location: "https://hooks.example.com/…abc", State: state, Why: "no_service", Last: begin.Add(-last)}
		if last == 0 {
			s.Last = at
		}
		if waits > 0 {
			s.Oldest, s.Backlog = at.Add(-waits), 3
		}
		return s
	}
	step("", desk(push.Idle, 0, time.Hour))
	step("", desk(push.Broken, 14*time.Minute, time.Hour))
	step("unreachable", desk(push.Broken, 15*time.Minute, time.Hour))
	step("", desk(push.Broken, 16*time.Minute, time.Hour))
	step("", desk(push.Sending, 17*time.Minute, time.Hour)) // the probe of the breaker is no news
	step("back", desk(push.Idle, 0, 0))
	step("parked", desk(push.Parked, time.Minute, time.Hour))
	step("", desk(push.Parked, time.Hour, time.Hour))
	step("", push.Status{Name: "desk", State: push.Elsewhere})
	step("back", desk(push.Waiting, 0, time.Hour))
	step("parked", desk(push.Parked, time.Minute, time.Hour))
	for _, e := range note.Events {
		if e.Target != "desk" || e.Title == "" || e.What == "" || e.Next == "" {
			t.Errorf("an event without words: %+v", e)
		}
	}
	delete(configured, "desk")
	if !note.observeTargets(at, nil, configured) || len(note.Open) > 0 {
		t.Errorf("of a target that is gone something lasts: %v", note.Open)
	}
}
