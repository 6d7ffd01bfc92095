package sourcetest_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"feedmill/sources/sourcetest"
)

// mutants are sources that break one promise each, and the case of the suite that has to fail.
var mutants = map[string]struct {
	src  notes
	fail string
}{
	"state saved before its Emit":  {notes{stateEarly: true}, "Crash"},
	"state never saved":            {notes{forgetState: true}, "Again"},
	"Raw that is not of the item":  {notes{volatileRaw: true, complete: true}, "Stable"},
	"errors taken for emptiness":   {notes{swallow: true}, "Error"},
	"a context that nobody looks":  {notes{ignoreContext: true}, "Cancel"},
	"withdrawals in failed fetch":  {notes{withdrawOnError: true}, "Error"},
	"one key for two items":        {notes{twoKeys: true}, "Emits"},
	"a rejection without a reason": {notes{noReason: true}, "Emits"},
}

// TestRunCatches runs the suite on every mutant in a process of its own, since it has to fail there.
func TestRunCatches(t *testing.T) {
	for name, m := range mutants {
		t.Run(name, func(t *testing.T) {
			cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestMutant$", "-test.v")
			cmd.Env = append(os.Environ(), "SOURCETEST_MUTANT="+name)
			out, err := cmd.CombinedOutput()
			if err == nil || !strings.Contains(string(out), "--- FAIL: TestMutant/"+m.fail) {
				t.Errorf("case %s does not catch it (%v):\n%s", m.fail, err, out)
			}
		})
	}
}

func TestMutant(t *testing.T) {
	m, ok := mutants[os.Getenv("SOURCETEST_MUTANT")]
	if !ok {
		t.Skip("run by TestRunCatches")
	}
	sourcetest.Run(t, func(t *testing.T) sourcetest.Outside { return outside(t, m.src) })
}
