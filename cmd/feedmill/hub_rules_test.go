package main

import (
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
)

// TestHubTopicMoves: an old address leads to the feed, whose self link is new; nobody subscribes to the old one (WebSub §6.1).
func TestHubTopicMoves(t *testing.T) {
	t.Parallel()
	site := writePosts(t, t.TempDir(), 3)
	file := filepath.Join(t.TempDir(), "feedmill.yaml")
	write(t, file, fmt.Sprintf("base_url: https://feeds.example.com\nhub: { allow: [127.0.0.0/8] }\nredirects: { /old.rss: all }\nsources:\n  site: { jekyll: %s }\n", site))
	s := start(t, settings{store: "memory:", file: file})
	s.wait("site", 3)
	res := s.get("/old.rss")
	if res.status != http.StatusMovedPermanently || res.header.Get("Location") != "/feed.rss" {
		t.Fatalf("%d to %s", res.status, res.header.Get("Location"))
	}
	if link := s.get("/feed.rss").header.Get("Link"); !strings.HasPrefix(link, `<https://feeds.example.com/feed.rss>; rel="self"`) {
		t.Errorf("the new address says %s", link)
	}
	sub := newSubscriber(t)
	if status, text := sub.ask(s, "subscribe", "https://feeds.example.com/old.rss"); status != http.StatusBadRequest || !strings.Contains(text, "self") {
		t.Errorf("the old address: %d %s", status, text)
	}
	if status, text := sub.ask(s, "subscribe", "https://feeds.example.com/feed.rss"); status != http.StatusAccepted {
		t.Errorf("the new address: %d %s", status, text)
	}
	until(t, "the subscription", func() bool { return s.hub().Subscriptions == 1 })
}

// TestHubDeliversToNoPrivateNetwork: a callback that was verified and is in a private network now, as after a change of its name or of
// the settings, is given nothing.
func TestHubDeliversToNoPrivateNetwork(t *testing.T) {
	t.Parallel()
	site, file := hubSite(t)
	store := "bolt:" + filepath.Join(t.TempDir(), "test.db")
	s := start(t, settings{store: store, file: file})
	s.wait("site", 3)
	sub := newSubscriber(t)
	if status, text := sub.ask(s, "subscribe", "https://feeds.example.com/feed.atom"); status != http.StatusAccepted {
		t.Fatalf("%d %s", status, text)
	}
	until(t, "the subscription", func() bool { return s.hub().Subscriptions == 1 })
	s.stop()
	write(t, file, fmt.Sprintf("base_url: https://feeds.example.com\nsources:\n  site: { jekyll: %s }\n", site))
	s = start(t, settings{store: store, file: file})
	until(t, "the subscription again", func() bool { return s.hub().Subscriptions == 1 })
	post(t, site, "n", "News")
	until(t, "the failure", func() bool { return s.hub().Failing == 1 })
	if n := len(sub.deliveries()); n != 0 {
		t.Errorf("%d deliveries to a private network", n)
	}
	// What operators see of it.
	for path, want := range map[string]string{
		"/metrics": `feedmill_hub_deliveries_total{result="failed"} 1`, "/status.json": `"failing_hosts"`, "/status?hl=en": "1 callbacks failing",
	} {
		res, err := http.Get("http://" + s.AdminAddr() + path)
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(res.Body)
		res.Body.Close()
		if err != nil || !strings.Contains(string(b), want) || strings.Contains(string(b), "/cb?id=7") {
			t.Errorf("%s does not say %s, or names the callback: %v", path, want, err)
		}
	}
}
