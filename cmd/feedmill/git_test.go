package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"feedmill/sources/git/gittest"
)

// TestGit: a push whose webhook comes in is in the feeds at once; a post that moves keeps its identity, also across a
// restart without the clone; a forged webhook does nothing.
func TestGit(t *testing.T) {
	const secret = "an-unguessable-secret"
	eachStore(t, func(t *testing.T, store string) {
		site := gittest.New(t)
		const post = "---\ntitle: %s\ntags: [boats]\n---\nThe ferry runs again from Monday, from both piers.\n"
		titled := func(title string) string { return strings.Replace(post, "%s", title, 1) }
		site.Commit(t, "docs/_config.yml", "url: https://harbour.example.org\n", "docs/_posts/2026-08-01-one.md", titled("One"))
		web := gittest.HTTPS(t, filepath.Dir(site.Dir))
		dir := t.TempDir()
		file := filepath.Join(dir, "feedmill.yaml")
		write(t, file, "base_url: https://feeds.example.com\nsources:\n  docs:\n    git: "+web.URL+"/site/.git\n    path: docs\n    ca_file: "+web.CAFile+
			"\n    allow: [127.0.0.0/8]\n    interval: 24h\n    last_modified: commits\n    webhook_secret: "+secret+"\n")
		s := start(t, settings{store: store, file: file, files: filepath.Join(dir, "one")})
		s.wait("docs", 1)
		id := idOf(t, s, "One")

		hook := func(key string) int {
			t.Helper()
			body := `{"ref":"refs/heads/main","repository":{"default_branch":"main"}}`
			mac := hmac.New(sha256.New, []byte(key))
			mac.Write([]byte(body))
			req, err := http.NewRequest(http.MethodPost, "http://"+s.Addr()+"/hook/docs", strings.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("X-GitHub-Event", "push")
			req.Header.Set("X-Hub-Signature-256", "sha256="+hex.EncodeToString(mac.Sum(nil)))
			res, err := http.DefaultTransport.RoundTrip(req)
			if err != nil {
				t.Fatal(err)
			}
			res.Body.Close()
			return res.StatusCode
		}
		asked := web.Requests.Load()
		if code := hook("another-unguessable-secret"); code != http.StatusForbidden {
			t.Errorf("a forged webhook: %d", code)
		}
		site.Commit(t, "docs/_posts/2026-08-02-two.md", titled("Two"))
		if n := web.Requests.Load(); n != asked {
			t.Errorf("the server was asked %d times without a webhook", n-asked)
		}
		pushed := time.Now()
		if code := hook(secret); code != http.StatusAccepted {
			t.Errorf("a webhook: %d", code)
		}
		s.wait("docs", 2)
		until(t, "the tag's feed", func() bool { return strings.Contains(s.get("/tag/boats.atom").body, "Two") })
		t.Logf("in the feed %v after the push", time.Since(pushed).Round(time.Millisecond))

		site.Git(t, "mv", "docs/_posts/2026-08-01-one.md", "docs/_posts/2026-08-01-first.md")
		site.Commit(t, "docs/_posts/2026-08-01-first.md", titled("First"))
		s.stop()
		s = start(t, settings{store: store, file: file, files: filepath.Join(dir, "two")})
		until(t, "a webhook after a restart", func() bool { return hook(secret) == http.StatusAccepted })
		until(t, "the new title", func() bool { return idOf(t, s, "First") != "" })
		if now := idOf(t, s, "First"); now != id {
			t.Errorf("the ID was %s, is %s", id, now)
		}
	})
}

// idOf is the ID of the item with a title in the feed of everything; empty if there is none.
func idOf(t *testing.T, s *server, title string) string {
	t.Helper()
	var feed struct {
		Items []struct{ ID, Title string }
	}
	if err := json.Unmarshal([]byte(s.get("/feed.json").body), &feed); err != nil {
		t.Fatal(err)
	}
	for _, it := range feed.Items {
		if it.Title == title {
			return it.ID
		}
	}
	return ""
}
