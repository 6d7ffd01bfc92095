package push

import "time"

// QuietEnd and Due let tests look at the rules of the clock alone.
func QuietEnd(q Quiet, t time.Time) time.Time { return q.end(t) }

func Due(d Digest, came time.Time, name string, zone *time.Location) time.Time {
	return d.due(came, name, zone)
}
