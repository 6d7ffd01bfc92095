package house

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"
)

// TestCompose: what the shipped deployment promises: nothing is evicted, nothing runs with more rights than it needs, and
// every directory it mounts is there.
func TestCompose(t *testing.T) {
	dir := filepath.Join(root(t), "deploy")
	data, err := os.ReadFile(filepath.Join(dir, "compose.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Services map[string]struct {
			Build       string            `yaml:"build"`
			Command     []string          `yaml:"command"`
			Environment map[string]string `yaml:"environment"`
			Volumes     []string          `yaml:"volumes"`
			ReadOnly    bool              `yaml:"read_only"`
			Tmpfs       []string          `yaml:"tmpfs"`
			CapDrop     []string          `yaml:"cap_drop"`
			HealthCheck struct {
				Test []string `yaml:"test"`
			} `yaml:"healthcheck"`
		} `yaml:"services"`
		Volumes map[string]any `yaml:"volumes"`
	}
	if err := yaml.Load(data, &file); err != nil {
		t.Fatal(err)
	}
	for name, s := range file.Services {
		if !s.ReadOnly || !slices.Contains(s.Tmpfs, "/tmp") {
			t.Errorf("%s: want a read-only root with a temporary /tmp", name)
		}
		if len(s.HealthCheck.Test) == 0 {
			t.Errorf("%s: want a health check", name)
		}
		for _, v := range s.Volumes {
			from, _, _ := strings.Cut(v, ":")
			if _, named := file.Volumes[from]; named {
				continue
			}
			if _, err := os.Stat(filepath.Join(dir, from)); err != nil {
				t.Errorf("%s mounts %s: %v", name, from, err)
			}
		}
	}
	if redis := strings.Join(file.Services["redis"].Command, " "); !strings.Contains(redis, "--maxmemory-policy noeviction") || !strings.Contains(redis, "--appendonly yes") {
		t.Errorf("redis: want noeviction and AOF, got %s", redis)
	}
	feedmill := file.Services["feedmill"]
	if !slices.Contains(feedmill.CapDrop, "ALL") || feedmill.Environment["FEEDMILL_STORE"] == "" {
		t.Errorf("feedmill: want no capabilities and the store of this deployment, got %+v", feedmill)
	}
	if _, err := os.Stat(filepath.Join(dir, feedmill.Build, "Dockerfile")); err != nil {
		t.Errorf("feedmill: %v", err)
	}
}
