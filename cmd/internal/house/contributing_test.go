package house

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestContributingCompiles: the source that CONTRIBUTING.md shows is one, so nobody learns from an example that rotted.
func TestContributingCompiles(t *testing.T) {
	dir := root(t)
	text, err := os.ReadFile(filepath.Join(dir, "CONTRIBUTING.md"))
	if err != nil {
		t.Fatal(err)
	}
	diff := regexp.MustCompile("(?ms)^```diff\n--- /dev/null\n\\+\\+\\+ b/(\\S+)\n@@[^\n]*\n(.*?)^```").FindStringSubmatch(string(text))
	if diff == nil {
		t.Fatal("CONTRIBUTING.md shows no diff that adds a file")
	}
	var code strings.Builder
	for line := range strings.Lines(diff[2]) {
		added, ok := strings.CutPrefix(line, "+")
		if !ok {
			t.Fatalf("the diff adds a file, but has the line %q", line)
		}
		code.WriteString(added)
	}
	tmp := t.TempDir()
	shown := filepath.Join(tmp, "shown.go")
	if err := os.WriteFile(shown, []byte(code.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	overlay, err := json.Marshal(map[string]map[string]string{"Replace": {filepath.Join(dir, diff[1]): shown}})
	if err != nil {
		t.Fatal(err)
	}
	list := filepath.Join(tmp, "overlay.json")
	if err := os.WriteFile(list, overlay, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("go", "build", "-overlay", list, "-o", os.DevNull, module+filepath.ToSlash(filepath.Dir(diff[1])))
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("the source in CONTRIBUTING.md does not compile: %v\n%s", err, out)
	}
}
