package feeds

import (
	"slices"
	"strings"
	"testing"
)

// TestTrace: each step is a line, whatever a source says, and stays within its bound.
func TestTrace(t *testing.T) {
	var it Item
	it.Because("date", "line 3")
	it.Because("tag", "a: b\r\nbecame c")
	it.Because("date", "2099-01-01 is ahead")
	if got := it.Why("date"); !slices.Equal(got, []string{"line 3", "2099-01-01 is ahead"}) {
		t.Errorf("date: %q", got)
	}
	if got := it.Why("tag"); !slices.Equal(got, []string{"a: b became c"}) {
		t.Errorf("tag: %q", got)
	}
	if got := it.Why("lang"); got != nil {
		t.Errorf("lang: %q", got)
	}
	for range 100 {
		it.Because("html", strings.Repeat("x", 100))
	}
	if len(it.Trace) > maxTrace || len(it.Trace) < maxTrace-110 || !strings.HasSuffix(it.Trace, "x\n") {
		t.Errorf("a trace of %d bytes that ends in %q", len(it.Trace), it.Trace[len(it.Trace)-5:])
	}
}
