package push

import "time"

// spread is how far behind their time digests are sent: each target has its own place in it, so that not all who chose nine
// o'clock ask the platform in the same second, and none at the full hour, when everybody else does.
const spread = 4 * time.Minute

func (d *Digest) on() bool { return d.Every > 0 || len(d.At) > 0 }

// due is when an item that came at a time is sent, by the configuration alone: the same on every replica and after a restart.
// Times of the day are by the clock of the zone; one that a change of the clock leaves out is at the change.
func (d *Digest) due(came time.Time, name string, zone *time.Location) (at time.Time) {
	take := func(t time.Time) {
		if t.After(came) && (at.IsZero() || t.Before(at)) {
			at = t
		}
	}
	if d.Every > 0 {
		offset := phase(name, d.Every)
		take(came.Add(-offset).Truncate(d.Every).Add(d.Every + offset))
	}
	if len(d.At) > 0 {
		late := lateBy(name)
		y, m, day := came.In(zone).Date()
		for _, clock := range d.At {
			for i := -1; i <= 2; i++ {
				hour, minute, second := int(clock/time.Hour), int(clock%time.Hour/time.Minute), int(clock%time.Minute/time.Second)
				take(time.Date(y, m, day+i, hour, minute, second, 0, zone).Add(late))
			}
		}
	}
	return at
}

// lateBy is how far behind a time of the day a target is served.
func lateBy(name string) time.Duration { return 5*time.Second + phase(name, spread) }

// phase is a target's own place in a span of time.
func phase(name string, span time.Duration) time.Duration {
	return time.Duration(sum(name) % uint64(span)).Truncate(time.Millisecond)
}
