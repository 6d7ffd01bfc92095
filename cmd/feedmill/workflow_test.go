package main

import (
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"

	"go.yaml.in/yaml/v4"
)

// workflow is what the test knows of a file for GitHub Actions
// (https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax).
type workflow struct {
	Name        string
	On          map[string]any
	Permissions map[string]string
	Concurrency map[string]any
	Env         map[string]string
	Jobs        map[string]struct {
		Needs       string
		RunsOn      string            `yaml:"runs-on"`
		Environment map[string]string `yaml:"environment"`
		Steps       []step
	}
}

type step struct {
	Name, ID, Uses, Run string
	With                map[string]any
	Env                 map[string]string
}

// TestWorkflow runs the steps of deploy/github-pages.yml that are not GitHub's own, twice, as on two empty machines: what the
// first one published is what the second one goes on from.
func TestWorkflow(t *testing.T) {
	for _, tool := range []string{"bash", "curl", "feedmill"} {
		if _, err := exec.LookPath(tool); err != nil {
			if os.Getenv("CI") != "" {
				t.Fatal(err)
			}
			t.Skip(err)
		}
	}
	text, err := os.ReadFile("../../deploy/github-pages.yml")
	if err != nil {
		t.Fatal(err)
	}
	var w workflow
	d := yaml.NewDecoder(strings.NewReader(string(text)))
	d.KnownFields(true)
	if err := d.Decode(&w); err != nil {
		t.Fatal(err)
	}
	if w.Permissions["pages"] != "write" || w.Permissions["id-token"] != "write" || w.Jobs["deploy"].Needs != "build" || w.On["push"] == nil {
		t.Errorf("the workflow cannot deploy: %+v", w)
	}
	steps := map[string]step{}
	outputs := map[string]bool{}
	for _, job := range w.Jobs {
		for _, s := range job.Steps {
			steps[s.Name] = s
			outputs[s.ID] = s.ID != ""
			if (s.Uses == "") == (s.Run == "") || s.Uses != "" && !regexp.MustCompile(`^actions/[a-z-]+@v\d+$`).MatchString(s.Uses) {
				t.Errorf("step %+v", s)
			}
		}
	}
	for _, m := range regexp.MustCompile(`steps\.(\w+)\.`).FindAllStringSubmatch(string(text), -1) {
		if !outputs[m[1]] {
			t.Errorf("no step has the id %s", m[1])
		}
	}

	var published atomic.Value // a directory; "" for none
	var down atomic.Bool
	published.Store("")
	srv := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		switch {
		case down.Load():
			http.Error(rw, "not now", http.StatusForbidden) // curl asks again for others
		case published.Load() == "":
			http.NotFound(rw, r)
		default:
			http.FileServer(http.Dir(published.Load().(string))).ServeHTTP(rw, r)
		}
	}))
	defer srv.Close()
	sample, err := filepath.Abs(sampleSite)
	if err != nil {
		t.Fatal(err)
	}
	run := func(name, dir string) (string, error) {
		s, ok := steps[name]
		if !ok {
			t.Fatalf("no step is named %q", name)
		}
		cmd := exec.CommandContext(t.Context(), "bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", s.Run) // as GitHub runs it
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "RUNNER_TEMP="+t.TempDir(), "GITHUB_RUN_ID=1", "GITHUB_RUN_ATTEMPT=1")
		for _, env := range []map[string]string{w.Env, s.Env} {
			for k, v := range env {
				if strings.Contains(v, "base_url") {
					v = srv.URL + "/"
				}
				cmd.Env = append(cmd.Env, k+"="+v)
			}
		}
		cmd.Env = append(cmd.Env, "SOURCES="+sample)
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	var trees []map[string]string
	for range 2 {
		dir := t.TempDir()
		for _, name := range []string{"state", "build"} {
			if out, err := run(name, dir); err != nil {
				t.Fatalf("%s: %v\n%s", name, err, out)
			}
		}
		published.Store(filepath.Join(dir, w.Env["OUT"]))
		tree := map[string]string{}
		eachFile(t, published.Load().(string), func(p string, body []byte) { tree[p] = string(body) })
		trees = append(trees, tree)
	}
	if len(trees[0]) < 100 {
		t.Errorf("only %d files", len(trees[0]))
	}
	for p, text := range trees[0] {
		if trees[1][p] != text {
			t.Errorf("%s is another one in the second run", p)
		}
	}
	if out, err := run("build", "/proc"); err == nil {
		t.Errorf("a build that fails is no failure of the job:\n%s", out)
	}
	down.Store(true)
	dir := t.TempDir()
	if out, err := run("state", dir); err == nil || !strings.Contains(out, "HTTP 403") {
		t.Errorf("the state is taken for none while the site is down: %v\n%s", err, out)
	}
}
