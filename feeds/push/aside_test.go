package push

import (
	"strings"
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

// TestAsideBounds: of messages that stand aside so many are remembered, and so much of them, as a note can hold; one more becomes
// dead letters.
func TestAsideBounds(t *testing.T) {
	full := func(n int, id string) (out []*message) {
		for range n {
			out = append(out, &message{Items: []part{{ID: id}}})
		}
		return out
	}
	long := strings.Repeat("x", 8<<10)
	for _, tt := range []struct {
		name  string
		aside []*message
		bury  bool
	}{
		{"few", full(3, "a"), false},
		{"one less than too many", full(maxAside-1, "a"), false},
		{"too many", full(maxAside, "a"), true},
		{"too long", full(maxAsideBytes/(8<<10), long), true},
		{"nearly too long", full(maxAsideBytes/(8<<10)-2, long), false},
	} {
		s := newStream(New(nil, Options{}), Spec{Name: "t"})
		s.st, s.letters, s.sent = &state{Aside: tt.aside}, map[string]bool{}, newRing(nil)
		m := &message{Items: []part{{ID: "b"}, {ID: "c"}}}
		edits, err := s.setAside(t.Context(), m, time.Now())
		want, letters := len(tt.aside)+1, 0
		if tt.bury {
			want, letters = len(tt.aside), 2
		}
		if err != nil || len(s.st.Aside) != want || len(edits) != letters || len(s.letters) != letters {
			t.Errorf("%s: %d stand aside, want %d; %d letters, want %d; %v", tt.name, len(s.st.Aside), want, len(edits), letters, err)
		}
	}
}
