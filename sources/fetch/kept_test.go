package fetch

import (
	"crypto/rand"
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestPollC7WhatWaitsIsNotAskedForUnconditionally: a document in which something waits comes from the state.
func TestPollC7WhatWaitsIsNotAskedForUnconditionally(t *testing.T) {
	const a = "http://h.example/a"
	etag, body := `"1"`, strings.Repeat("one ", 1000)
	p := newPolled(t, func(r *http.Request) (int, string, []string) {
		return conditional(r, etag, body, "Content-Type", "text/plain", "Cache-Control", "max-age=7200")
	})
	// look polls and says what it got, and how it was asked for.
	look := func(later bool) string {
		t.Helper()
		p.reqs = nil
		poll := NewPoll(p.client, p.st, p.salt)
		doc, err := poll.Get(t.Context(), a, Request{URL: a})
		if err != nil {
			t.Fatal(err)
		}
		got := "unchanged"
		if !doc.Unchanged {
			got, _, _ = strings.Cut(string(doc.Body), " ")
			if doc.FinalURL != a || doc.ContentType != "text/plain" {
				t.Errorf("from %q, type %q", doc.FinalURL, doc.ContentType)
			}
			if later {
				err = doc.Later()
			} else {
				doc.Done()
			}
		}
		if err != nil {
			t.Fatal(err)
		}
		near(t, "the wish", poll.Result("").NotBefore, 2*time.Hour)
		p.st.Save()
		return p.asked() + " " + got
	}
	for _, c := range []struct {
		name   string
		change func()
		later  bool
		want   string
	}{
		{"first", nil, true, "h.example/a one"},
		{"the same", nil, true, "h.example/a? one"},
		{"another one", func() { etag, body = `"2"`, "two 2" }, true, "h.example/a? two"},
		{"the same bytes under other validators", func() { etag = `"3"` }, true, "h.example/a? two"},
		{"the same again", nil, false, "h.example/a? two"},
		{"done", nil, true, "h.example/a? unchanged"},
		{"one more", func() { etag, body = `"4"`, "three 3" }, true, "h.example/a? three"},
		{"after another mapping", func() { p.salt = "2" }, true, "h.example/a three"},
		{"kept for that mapping", nil, true, "h.example/a? three"},
	} {
		if c.change != nil {
			c.change()
		}
		if got := look(c.later); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
	// A body that is lost costs one unconditional request.
	p.st.Delete(a + keptSuffix)
	p.st.Save()
	if got := look(true); got != "h.example/a? unchanged" {
		t.Errorf("without the body: %s", got)
	}
	if got := look(false); got != "h.example/a three" {
		t.Errorf("then: %s", got)
	}
	if _, ok, _ := p.st.Get(a + keptSuffix); ok {
		t.Error("the body stays in the state when nothing waits any more")
	}
}

func TestPollWhatIsTooLargeToBeKept(t *testing.T) {
	const a = "http://h.example/a"
	noise := make([]byte, maxKept+1)
	_, _ = rand.Read(noise)
	p := newPolled(t, func(r *http.Request) (int, string, []string) { return conditional(r, `"1"`, string(noise)) })
	for range 3 {
		p.reqs = nil
		doc, err := NewPoll(p.client, p.st, "").Get(t.Context(), a, Request{URL: a})
		if err != nil || doc.Unchanged || p.asked() != "h.example/a" {
			t.Fatalf("%s, unchanged: %v, %v", p.asked(), doc.Unchanged, err)
		}
		if err := doc.Later(); err != nil {
			t.Fatal(err)
		}
		p.st.Save()
	}
}
