package push

import (
	"testing"
	"time"
)

// TestAside: a message that stands aside is halved, and its time counts, only where others get through.
func TestAside(t *testing.T) {
	now := time.Now()
	for _, tt := range []struct {
		name      string
		last      time.Duration // since something got through
		fails     int
		ambiguous bool
		aside     int
		spent     time.Duration
	}{
		{"others get through", time.Minute, 0, false, 2, 0},
		{"others fail, too", time.Minute, 1, false, 1, 0},
		{"nothing got through for long", 2 * time.Hour, 0, false, 1, 0},
		{"it may have been delivered", time.Minute, 0, true, 1, time.Minute},
	} {
		m := &message{Items: []part{{ID: "a"}, {ID: "b"}}, Tried: now, Ambiguous: tt.ambiguous}
		s := newStream(New(nil, Options{}), Spec{Name: "t"})
		s.st = &state{Aside: []*message{m}, Last: now.Add(-tt.last), Breaker: breaker{Fails: tt.fails}}
		if err := s.failedAside(t.Context(), m, &Error{Class: Transient}, now.Add(time.Minute), now); err != nil {
			t.Error(err)
		}
		if len(s.st.Aside) != tt.aside || m.Spent != tt.spent || !m.Next.Equal(now.Add(time.Minute)) || !m.Small {
			t.Errorf("%s: %d messages, want %d; %+v, want %s spent", tt.name, len(s.st.Aside), tt.aside, m, tt.spent)
		}
	}
}
