package bounded

import (
	"errors"
	"strings"
	"testing"
)

func TestTOML(t *testing.T) {
	m, err := TOML([]byte("a = 1\n[b]\nc = ['x']\n"))
	if b, ok := m["b"].(map[string]any); err != nil || !ok || len(b) != 1 || m["a"] != int64(1) {
		t.Errorf("%v, %v", m, err)
	}
	for text, line := range map[string]int{
		"a = 1\nb = \n": 2, "a = " + strings.Repeat("[", 1<<20): 0, "a = " + strings.Repeat("{b=", 300): 0,
	} {
		var bad *SyntaxError
		if _, err := TOML([]byte(text)); !errors.As(err, &bad) || bad.Line != line || bad.Msg == "" {
			t.Errorf("%.20q: %v", text, err)
		}
	}
}

func TestDepth(t *testing.T) {
	for text, want := range map[string]int{"": 0, "[[]]{}": 2, "]][": 1, "{[{": 3} {
		if got := Depth([]byte(text)); got != want {
			t.Errorf("%q: got %d, want %d", text, got, want)
		}
	}
}
