package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func lookup(m map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) { v, ok := m[name]; return v, ok }
}

// TestFlagOrder: flag, then environment, then file.
func TestFlagOrder(t *testing.T) {
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("by file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name        string
		given       bool
		env         map[string]string
		value, from string
	}{
		{"a flag beats the environment", true, map[string]string{"FEEDMILL_BASE_URL": "e"}, "by flag", "--base-url"},
		{"the environment", false, map[string]string{"FEEDMILL_BASE_URL": "by env"}, "by env", "FEEDMILL_BASE_URL"},
		{"an empty variable is set", false, map[string]string{"FEEDMILL_BASE_URL": ""}, "", "FEEDMILL_BASE_URL"},
		{"a file", false, map[string]string{"FEEDMILL_BASE_URL_FILE": secret}, "by file", "FEEDMILL_BASE_URL_FILE"},
		{"nowhere", false, nil, "", ""},
	} {
		value, from, ok, err := Flag("base_url", "by flag", tt.given, lookup(tt.env))
		if err != nil || value != tt.value || from != tt.from || ok != (tt.from != "") {
			t.Errorf("%s: got %q from %q, %v, %v", tt.name, value, from, ok, err)
		}
	}
	for want, env := range map[string]map[string]string{
		"are both set":                {"FEEDMILL_STORE": "memory:", "FEEDMILL_STORE_FILE": secret},
		"FEEDMILL_STORE_FILE: read s": {"FEEDMILL_STORE_FILE": secret + "-missing"},
	} {
		if _, _, _, err := Flag("store", "", false, lookup(env)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q, got %v", want, err)
		}
	}
}

func TestOverride(t *testing.T) {
	c, err := Load("testdata/full.good.yaml", fakeKinds(), testEnv)
	if err != nil {
		t.Fatal(err)
	}
	before := c.Sources[0].Fingerprint
	flags := map[string]string{
		"base_url": "http://localhost:80/", "title": "T", "description": "D", "language": "en", "store": "bolt:x.db", "listen": ":1",
		"items": "9", "max_age": "2m",
	}
	err = c.Override(lookup(flags), lookup(map[string]string{"FEEDMILL_TITLE": "E", "FEEDMILL_TIMEZONE": "UTC", "FEEDMILL_ADMIN": ":2"}))
	if err != nil {
		t.Fatal(err)
	}
	if c.BaseURL != "http://localhost" || c.Title != "T" || c.Description != "D" || c.Language != "en" || c.Store != "bolt:x.db" ||
		c.Listen != ":1" || c.Admin != ":2" || c.Items != 9 || c.MaxAge != 2*time.Minute || c.Zone.String() != "UTC" {
		t.Errorf("got %+v", c)
	}
	if c.Sources[0].Fingerprint == before {
		t.Error("another time zone needs another fingerprint: sources read dates in it")
	}
}

func TestOverrideErrors(t *testing.T) {
	for _, tt := range []struct{ name, value, want string }{
		{"items", "many", `--items: want a whole number, got "many"`},
		{"items", "0", `--items: want 1 to 1000 items, got "0"`},
		{"max_age", "5", `--max-age: want a duration such as 30s, 15m or 24h, got "5"`},
		{"base_url", "x", `--base-url: want an absolute http or https address such as https://feeds.example.com, got "x"`},
		{"store", "redis:s3cret", "--store: want an address such as redis://"},
		{"admin", ":8080", "listen and admin are both :8080"},
	} {
		c, err := FromArgs([]string{"/a"}, fakeKinds().Sources)
		if err != nil {
			t.Fatal(err)
		}
		err = c.Override(lookup(map[string]string{tt.name: tt.value}), nil)
		if err == nil || !strings.HasPrefix(err.Error(), tt.want) || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s=%s: want %q, got %v", tt.name, tt.value, tt.want, err)
		}
	}
}

func TestEveryFlagIsDocumented(t *testing.T) {
	for _, name := range Flags {
		if Doc(name) == "" {
			t.Errorf("%s: no such key, or no doc tag", name)
		}
	}
}
