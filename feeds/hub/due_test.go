package hub

import (
	"errors"
	"testing"
	"time"
)

// TestFailed: the pauses double, with some chance in them, up to three hours; what a callback asks for counts.
func TestFailed(t *testing.T) {
	now := time.Date(2026, 11, 29, 8, 0, 0, 0, time.UTC)
	v := due{}
	for i := range 30 {
		v = v.failed(errors.New("x"), now)
		most := min(retryMost, retryFirst<<min(i, 20))
		if wait := v.Next.Sub(now); wait < most/2 || wait > most {
			t.Errorf("attempt %d: %v, want %v to %v", i, wait, most/2, most)
		}
	}
	if v.Attempts != 30 || !v.Since.Equal(now) {
		t.Errorf("%+v", v)
	}
	if v = (due{}).failed(&lateError{status: 503, after: time.Hour}, now); v.Next.Sub(now) != time.Hour {
		t.Errorf("%v, want an hour", v.Next.Sub(now))
	}
}

// TestSignedOnce: a document is signed once for each secret, and as WebSub §8 has it.
func TestSignedOnce(t *testing.T) {
	p := &parcel{Document: Document{Body: []byte("text")}}
	const want = "sha256=4ac64a64fb4e086b6afe3685da6130dbb551b84b27f5e354053b78906804f357"
	if got := p.sign("a"); got != want {
		t.Errorf("signature %s, want %s", got, want)
	}
	p.Body = []byte("never read again for this secret")
	if p.sign("a") != want || p.sign("b") == want || len(p.signs) != 2 {
		t.Error("a secret is signed with twice, or as another")
	}
}
