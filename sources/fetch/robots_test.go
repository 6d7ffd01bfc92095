package fetch

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestC32Robots(t *testing.T) {
	for name, c := range map[string]struct {
		status    int
		text      string
		allowed   string
		forbidden string
	}{
		"none":                 {404, "", "/ /a", ""},
		"not for us to see":    {403, "User-agent: *\nDisallow: /", "/a", ""},
		"server error":         {500, "", "", "/ /a"},
		"too many requests":    {429, "", "", "/a"},
		"everything":           {200, "User-agent: *\nDisallow: /", "/robots.txt", "/ /a"},
		"empty disallow":       {200, "User-agent: *\nDisallow:", "/ /a", ""},
		"ours beats the star":  {200, "User-agent: *\nDisallow: /\n\nUser-agent: FeedMill\nDisallow: /private/\n", "/a", "/private/x"},
		"others are not we":    {200, "User-agent: GPTBot\nUser-agent: feedmillion\nDisallow: /", "/a", ""},
		"longest match":        {200, "User-agent: *\nDisallow: /a/\nAllow: /a/b/", "/a/b/c", "/a/c"},
		"wildcard and end":     {200, "User-agent: *\nDisallow: /*.pdf$\nDisallow: /*?print=", "/a.pdfx /a", "/a.pdf /a?print=1"},
		"letters of any kind":  {200, "User-agent: *\nDisallow: /新闻/\nDisallow: /%e4%bd%a0", "/别的/", "/%E6%96%B0%E9%97%BB/x /%E4%BD%A0好"},
		"a line of nonsense":   {200, "\ufeffDisallow: /\nCrawl-delay: soon\nnonsense\nUser-agent: *\n# Disallow: /\nDisallow: /a # why\rSitemap: x", "/b", "/a"},
		"html for a file":      {200, "<!doctype html><title>Not found</title>", "/a", ""},
		"a file that is large": {200, "User-agent: *\nDisallow: /a\n" + strings.Repeat("#", maxRobots) + "\nDisallow: /b", "/b", "/a"},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPolled(t, func(r *http.Request) (int, string, []string) { return c.status, c.text, nil })
			poll := NewPoll(p.client, p.st, "")
			for _, path := range strings.Fields(c.allowed) {
				if err := poll.Permitted(t.Context(), "http://h.example"+path); err != nil {
					t.Errorf("%s: %v", path, err)
				}
			}
			for _, path := range strings.Fields(c.forbidden) {
				if err := poll.Permitted(t.Context(), "http://H.example"+path); !errors.Is(err, ErrRobots) {
					t.Errorf("%s: %v, want ErrRobots", path, err)
				}
			}
			if p.asked() != "h.example/robots.txt" {
				t.Errorf("asked %q", p.asked())
			}
		})
	}
}

func TestC32RobotsAreRememberedForADay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		down := false
		p := newPolled(t, func(r *http.Request) (int, string, []string) {
			if down {
				return 503, "", nil
			}
			return conditional(r, `"1"`, "User-agent: *\nDisallow: /no\nCrawl-delay: 5")
		})
		look := func(want string, allowed bool) {
			t.Helper()
			p.reqs = nil
			poll := NewPoll(p.client, p.st, "") // as after a restart
			yes, no := poll.Permitted(t.Context(), "http://h.example/yes"), poll.Permitted(t.Context(), "http://h.example/no")
			p.st.Save()
			if p.asked() != want || (yes == nil) != allowed || no == nil {
				t.Errorf("asked %q, want %q; %v, %v", p.asked(), want, yes, no)
			}
		}
		look("h.example/robots.txt", true)
		look("", true)
		time.Sleep(23 * time.Hour)
		look("", true)
		time.Sleep(time.Hour)
		look("h.example/robots.txt?", true)
		down = true
		time.Sleep(25 * time.Hour)
		look("h.example/robots.txt?", true) // what was known counts on
		time.Sleep(time.Minute)
		look("", true)
		p.st.Delete("robots/http://h.example")
		look("h.example/robots.txt", false)
		time.Sleep(time.Hour)
		look("h.example/robots.txt", false)
		time.Sleep(robotsLost)
		p.reqs = nil
		if err := NewPoll(p.client, p.st, "").Permitted(t.Context(), "http://h.example/no"); err != nil {
			t.Errorf("unreachable for a month: %v", err)
		}
	})
}

func TestC32CrawlDelay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPolled(t, func(*http.Request) (int, string, []string) {
			return 200, "User-agent: *\nCrawl-delay: 7", nil
		})
		poll := NewPoll(p.client, p.st, "")
		start := time.Now()
		for range 3 {
			if err := poll.Permitted(t.Context(), "http://h.example/a"); err != nil {
				t.Fatal(err)
			}
			if _, err := poll.Once(t.Context(), Request{URL: "http://h.example/a"}); err != nil {
				t.Fatal(err)
			}
		}
		if d := time.Since(start); d != 14*time.Second {
			t.Errorf("three pages took %v, want 14s", d)
		}
	})
}

func FuzzRobots(f *testing.F) {
	f.Add("User-agent: *\nDisallow: /*a$\nCrawl-delay: 1e9", "/a")
	f.Fuzz(func(t *testing.T, text, path string) {
		p := newPolled(t, func(*http.Request) (int, string, []string) { return 200, text, nil })
		err := NewPoll(p.client, p.st, "").Permitted(t.Context(), "http://h.example/"+path)
		if err != nil && !errors.Is(err, ErrRobots) && !errors.Is(err, ErrScheme) {
			t.Error(err)
		}
	})
}
