package house

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

var addedFile = regexp.MustCompile("(?ms)^```diff\n--- /dev/null\n\\+\\+\\+ b/(\\S+)\n@@ -0,0 \\+1,(\\d+) @@\n(.*?)^```")

// TestContributing: the adapters that CONTRIBUTING.md shows pass their suites, so nobody learns from an example that rotted.
func TestContributing(t *testing.T) {
	dir, tmp := root(t), t.TempDir()
	text, err := os.ReadFile(filepath.Join(dir, "CONTRIBUTING.md"))
	if err != nil {
		t.Fatal(err)
	}
	pkgs, replace := map[string]bool{}, map[string]string{}
	for _, diff := range addedFile.FindAllStringSubmatch(string(text), -1) {
		name, lines, body := diff[1], diff[2], diff[3]
		if got := strconv.Itoa(strings.Count(body, "\n")); got != lines {
			t.Errorf("%s: the diff says %s lines and has %s: it cannot be applied", name, lines, got)
		}
		shown := filepath.Join(tmp, path.Base(name))
		code := regexp.MustCompile(`(?m)^\+`).ReplaceAllString(body, "")
		if err := os.WriteFile(shown, []byte(code), 0o600); err != nil {
			t.Fatal(err)
		}
		pkgs[path.Dir(name)], replace[filepath.Join(dir, name)] = true, shown
	}
	if len(pkgs) == 0 {
		t.Fatal("CONTRIBUTING.md shows no diff that adds a file")
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		t.Fatal(err)
	}
	list := filepath.Join(tmp, "overlay.json")
	if err := os.WriteFile(list, overlay, 0o600); err != nil {
		t.Fatal(err)
	}
	for pkg := range pkgs {
		t.Run(pkg, func(t *testing.T) { passes(t, dir, pkg, list) })
	}
}

// passes builds the tests of a package with files laid over those of the repository, and runs them.
func passes(t *testing.T, dir, pkg, list string) {
	tmp := t.TempDir()
	program := filepath.Join(tmp, "shown.test")
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	build := []string{"test", "-c", "-vet=off", "-overlay", list, "-o", program, module + pkg}
	cmd := exec.CommandContext(ctx, "go", build...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("the adapter in CONTRIBUTING.md does not compile: %v\n%s", err, out)
	}
	cmd = exec.CommandContext(ctx, program)
	cmd.Dir = tmp
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("the adapter in CONTRIBUTING.md does not pass its suite: %v\n%s", err, out)
	}
}
