package main

import (
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"feedmill/cache"
)

// post hands an item in on the admin listener of a server, and is the status and body of the answer.
func (s *server) post(path, token, body string) (int, string) {
	s.t.Helper()
	req, err := http.NewRequest(http.MethodPost, "http://"+s.AdminAddr()+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return res.StatusCode, string(b)
}

// TestInbox: what a program posts is in the feeds at once, keeps its identity over edits and restarts, goes when it is
// deleted, and is never to be had through the public listener.
func TestInbox(t *testing.T) {
	eachStore(t, func(t *testing.T, store string) {
		dir := t.TempDir()
		file := filepath.Join(dir, "feedmill.yaml")
		write(t, file, "base_url: https://feeds.example.com\nsources:\n  builds: { inbox: an-unguessable-token }\n")
		s := start(t, settings{store: store, file: file})
		until(t, "the first fetch", func() bool { _, fetched := s.items("builds"); return fetched })

		code, body := s.post("/inbox/builds", "an-unguessable-token",
			`[{"id":"b1","title":"Build 1 is green","content_text":"All of it.","categories":["builds"]},{"id":"b2","title":"Build 2"},{"title":"no id"}]`)
		if code != http.StatusUnprocessableEntity || !strings.Contains(body, `"accepted":2`) || !strings.Contains(body, `"index":2`) {
			t.Errorf("%d %s", code, body)
		}
		s.wait("builds", 2)
		if code, _ := s.post("/inbox/builds", "a-wrong-token-a-wrong-token", `{"id":"b3","title":"forged"}`); code != http.StatusUnauthorized {
			t.Errorf("a wrong token: %d", code)
		}
		if r := s.get("/hook/builds"); r.status != http.StatusNotFound {
			t.Errorf("the public listener: %d", r.status)
		}
		until(t, "the category's feed", func() bool { return strings.Contains(s.get("/category/builds.json").body, "Build 1 is green") })
		id := s.id(t, "b1")

		if code, body := s.post("/inbox/builds", "an-unguessable-token", `{"id":"b1","title":"Build 1 is red","categories":["builds"]}`); code != http.StatusAccepted {
			t.Errorf("an edit: %d %s", code, body)
		}
		until(t, "the edit", func() bool { return strings.Contains(s.get("/category/builds.json").body, "Build 1 is red") })
		if again := s.id(t, "b1"); again != id {
			t.Errorf("the edit changes the ID from %s to %s", id, again)
		}
		s.stop()

		s = start(t, settings{store: store, file: file})
		s.wait("builds", 2)
		if strings.HasPrefix(store, "redis") {
			other := start(t, settings{store: store, file: file}) // a replica that does not have the source's lease
			until(t, "a replica that takes posts", func() bool {
				code, _ := other.post("/inbox/builds", "an-unguessable-token", `{"id":"b3","title":"Build 3 by another"}`)
				return code == http.StatusAccepted
			})
			until(t, "what the replica took in", func() bool { n, _ := s.items("builds"); return n == 3 })
		}
		req, err := http.NewRequest(http.MethodDelete, "http://"+s.AdminAddr()+"/inbox/builds/b1", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer an-unguessable-token")
		res, err := http.DefaultTransport.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		until(t, "the deletion", func() bool { return !strings.Contains(s.get("/category/builds.json").body, "Build 1") })
	})
}

// id is the public ID of the item that came last under a key's title.
func (s *server) id(t *testing.T, key string) string {
	t.Helper()
	entries, err := s.Store().After(t.Context(), cache.Cursor(""), 1000)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if items, err := s.Store().Get(t.Context(), e.ID); err == nil && len(items) == 1 && strings.HasPrefix(items[0].Title, "Build "+strings.TrimPrefix(key, "b")) {
			return e.ID
		}
	}
	t.Fatalf("nothing in the log is %s", key)
	return ""
}
