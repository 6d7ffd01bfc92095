package app

import (
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"feedmill/feeds/push"
)

var (
	pushOutcomes = describe("push_attempts_total", "Attempts to send, by how they ended: delivered, or the class of the failure.", "target", "outcome")
	pushItems    = describe("push_delivered_items_total", "Items delivered.", "target")
	pushBacklog  = describe("push_backlog_items", "Items that wait, as far as was looked.", "target")
	pushAge      = describe("push_queue_age_seconds", "How long the first item that waits has waited.", "target")
	pushDead     = describe("push_dead_letters", "Items that the target did not take, for good.", "target")
	pushLimited  = describe("push_limiter_wait_seconds_total", "How long limits of the platform made the target wait.", "target")
	pushState    = describe("push_state", "1 for the state that the target is in. broken: the breaker is open; parked: it waits for the operator.", "target", "state")
)

var pushStates = []push.State{push.Idle, push.Sending, push.Waiting, push.Broken, push.Parked, push.Paused, push.Elsewhere}

// collectTargets turns the states of targets into metrics.
func collectTargets(out chan<- prometheus.Metric, list []push.Status, now time.Time) {
	for _, s := range list {
		send := func(d *prometheus.Desc, kind prometheus.ValueType, v float64, labels ...string) {
			out <- prometheus.MustNewConstMetric(d, kind, v, append([]string{s.Name}, labels...)...)
		}
		for outcome, n := range s.Outcomes {
			send(pushOutcomes, prometheus.CounterValue, float64(n), outcome)
		}
		age := 0.0
		if !s.Oldest.IsZero() {
			age = max(0, now.Sub(s.Oldest).Seconds())
		}
		send(pushItems, prometheus.CounterValue, float64(s.Items))
		send(pushBacklog, prometheus.GaugeValue, float64(s.Backlog))
		send(pushAge, prometheus.GaugeValue, age)
		send(pushDead, prometheus.GaugeValue, float64(s.Dead))
		send(pushLimited, prometheus.CounterValue, s.Limited.Seconds())
		for _, state := range pushStates {
			send(pushState, prometheus.GaugeValue, one(s.State == state), string(state))
		}
	}
}

// targetDownFor is how long a target must fail to be down: what passes by itself is no news.
const targetDownFor = 15 * time.Minute

const (
	kindParked      = "parked"
	kindUnreachable = "unreachable"
)

// observeTargets notes what has become of the targets that this process serves. Of those that are not configured any more nothing lasts.
func (n *healthNote) observeTargets(now time.Time, list []push.Status, configured map[string]bool) (changed bool) {
	for key, t := range n.Open {
		if t.Target != "" && !configured[t.Target] {
			delete(n.Open, key)
			changed = true
		}
	}
	for i := range list {
		s := &list[i]
		if s.State == push.Elsewhere || !configured[s.Name] {
			continue
		}
		back := trouble{}
		for _, kind := range []string{kindParked, kindUnreachable} {
			key := troubleKey(kind, "target:"+s.Name)
			since, open := n.Open[key]
			suffers := s.State == push.Parked
			if kind == kindUnreachable {
				suffers = s.State == push.Broken && !s.Oldest.IsZero() && now.Sub(s.Oldest) >= targetDownFor
			}
			switch {
			case !open && suffers && len(n.Open) < maxTroubles:
				n.Open[key] = trouble{At: now, OK: s.Last, Target: s.Name}
				n.add(tellTarget(s, kind, now))
				changed = true
			case open && (kind == kindParked && s.State != push.Parked || kind == kindUnreachable && s.State != push.Broken && s.Last.After(since.OK)):
				delete(n.Open, key)
				if s.State != push.Broken && s.State != push.Parked {
					back = since
				}
				changed = true
			}
		}
		if !back.At.IsZero() {
			n.add(event{
				Kind: kindBack, Target: s.Name, At: now, Title: fmt.Sprintf("target %s is back", s.Name),
				What: fmt.Sprintf("It goes on; it had stood still since %s.", said(back.At)), Next: "Nothing: what waited is sent as a digest.",
			})
		}
	}
	return changed
}

// tellTarget is the event of a target's trouble that begins.
func tellTarget(s *push.Status, kind string, now time.Time) event {
	e := event{Kind: kind, Target: s.Name, At: now}
	why := s.Why
	if why == "" {
		why = s.LastError
	}
	switch kind {
	case kindParked:
		e.Title = fmt.Sprintf("target %s is parked", s.Name)
		e.What = fmt.Sprintf("%s takes nothing any more: %s. Nothing is sent to it, and nothing is lost: what is new waits.", s.Location, why)
		e.Next = fmt.Sprintf("Mend what is named there, or change the target in the configuration; then: feedmill push resume %s.", s.Name)
	default:
		e.Title = fmt.Sprintf("target %s is down", s.Name)
		e.What = fmt.Sprintf("Nothing has reached %s since %s: %s. %d items wait, the first since %s.", s.Location, said(s.Last), why, s.Backlog, said(s.Oldest))
		e.Next = fmt.Sprintf("See whether it can be reached from here; it is tried again by itself. What is sent meanwhile: feedmill push log %s.", s.Name)
	}
	return e
}
