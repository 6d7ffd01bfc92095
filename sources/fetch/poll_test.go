package fetch

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"feedmill/sources"
	"feedmill/sources/sourcetest"
)

// polled is the documents of one source at an origin that is a function.
type polled struct {
	t       *testing.T
	client  *http.Client
	st      *failing
	salt    string
	answer  func(*http.Request) (status int, body string, header []string)
	reqs    []*http.Request
	refused map[string]bool // hosts that are not there
}

// failing is a state that knows of failures, as the Manager's does.
type failing struct {
	*sourcetest.State
	n int
}

func (f *failing) Failures() int { return f.n }

func newPolled(t *testing.T, answers func(*http.Request) (int, string, []string)) *polled {
	p := &polled{t: t, st: &failing{State: sourcetest.NewState()}, answer: answers, refused: map[string]bool{}}
	p.client = newClient(Options{Spacing: NoSpacing}, roundTrip(func(r *http.Request) (*http.Response, error) {
		if p.refused[r.URL.Host] {
			return nil, refused()
		}
		p.reqs = append(p.reqs, r)
		status, body, header := p.answer(r)
		return answer(r, status, strings.NewReader(body), header...), nil
	}))
	return p
}

// fetch polls documents whose keys are their paths, and parses what is not "bad".
func (p *polled) fetch(address string, more ...string) (sources.Result, error) {
	p.reqs = nil
	poll := NewPoll(p.client, p.st, p.salt)
	res, err := func() (sources.Result, error) {
		for _, a := range append([]string{address}, more...) {
			doc, err := poll.Get(p.t.Context(), a, Request{URL: a})
			if err != nil {
				return poll.Result(""), err
			}
			if doc.Unchanged {
				continue
			}
			if string(doc.Body) == "bad" {
				return poll.Result("unusable"), errors.New("bad body")
			}
			doc.Done()
		}
		return poll.Result(""), nil
	}()
	if err != nil {
		p.st.Drop()
		p.st.n++
	} else {
		p.st.Save()
		p.st.n = 0
	}
	return res, err
}

func (p *polled) must(address string, more ...string) sources.Result {
	p.t.Helper()
	res, err := p.fetch(address, more...)
	if err != nil {
		p.t.Fatal(err)
	}
	return res
}

func (p *polled) asked() string {
	var list []string
	for _, r := range p.reqs {
		s := r.URL.Host + r.URL.Path
		if r.Header.Get("If-None-Match") != "" {
			s += "?"
		}
		list = append(list, s)
	}
	return strings.Join(list, " ")
}

func conditional(r *http.Request, etag, body string, header ...string) (int, string, []string) {
	header = append(header, "ETag", etag)
	if r.Header.Get("If-None-Match") == etag {
		return 304, "", header
	}
	return 200, body, header
}

func TestPollKeepsEachDocumentApart(t *testing.T) {
	p := newPolled(t, func(r *http.Request) (int, string, []string) { return conditional(r, `"`+r.URL.Path+`"`, "x") })
	const a, b = "http://h.example/a", "http://h.example/b"
	if res := p.must(a, b); p.asked() != "h.example/a h.example/b" || res.Unchanged || res.Note != "200" {
		t.Errorf("%s, %+v", p.asked(), res)
	}
	res := p.must(a, b)
	if p.asked() != "h.example/a? h.example/b?" || !res.Unchanged || res.Note != "304" {
		t.Errorf("%s, %+v", p.asked(), res)
	}
	if e := res.Exchange; e.Requests != 2 || e.NotModified != 2 || e.Status != 304 || e.ETag != `"/a"` {
		t.Errorf("%+v", e)
	}
	NewPoll(p.client, p.st, p.salt).Forget(b)
	p.must(a, b)
	if p.asked() != "h.example/a? h.example/b" {
		t.Errorf("after Forget: %s", p.asked())
	}
}

func TestPollC6AnotherSaltIsOneUnconditionalRequest(t *testing.T) {
	p := newPolled(t, func(r *http.Request) (int, string, []string) { return conditional(r, `"1"`, "x") })
	const a = "http://h.example/a"
	p.must(a)
	p.salt = "other selectors"
	if res := p.must(a); p.asked() != "h.example/a" || res.Unchanged {
		t.Errorf("%s, %+v", p.asked(), res)
	}
	if p.must(a); p.asked() != "h.example/a?" {
		t.Errorf("then %s", p.asked())
	}
}

func TestPollC5WhatIsNotDoneIsAskedForAgain(t *testing.T) {
	body, etag := "good", `"1"`
	p := newPolled(t, func(r *http.Request) (int, string, []string) {
		return conditional(r, etag, body, "Cache-Control", "max-age=7200")
	})
	const a = "http://h.example/a"
	near(t, "good", p.must(a).NotBefore, 2*time.Hour)
	body, etag = "bad", `"2"`
	res, err := p.fetch(a)
	if err == nil || !res.NotBefore.IsZero() || res.Note != "200, unusable" {
		t.Errorf("%+v, %v", res, err)
	}
	body, etag = "good", `"1"`
	if res := p.must(a); !res.Unchanged || res.Note != "304" {
		t.Errorf("the old validators are lost: %+v", res)
	}
}

func TestPollSameBytesAreUnchanged(t *testing.T) {
	p := newPolled(t, func(*http.Request) (int, string, []string) { return 200, "x", nil })
	const a = "http://h.example/a"
	p.must(a)
	if res := p.must(a); !res.Unchanged || res.Note != "200, same document" {
		t.Errorf("%+v", res)
	}
}

func TestPollC9FurtherDocumentsRestWhileFresh(t *testing.T) {
	p := newPolled(t, func(r *http.Request) (int, string, []string) {
		return conditional(r, `"1"`, "x", "Cache-Control", "max-age=3600")
	})
	const a, b = "http://h.example/a", "http://h.example/b"
	p.must(a, b)
	if res := p.must(a, b); p.asked() != "h.example/a?" || !res.Unchanged {
		t.Errorf("%s, %+v", p.asked(), res)
	}
}

func TestPollC10FailureOfAnyDocumentCounts(t *testing.T) {
	p := newPolled(t, func(r *http.Request) (int, string, []string) {
		if r.URL.Path == "/b" {
			return 503, "", []string{"Retry-After", "7200"}
		}
		return 200, "x", nil
	})
	res, err := p.fetch("http://h.example/a", "http://h.example/b")
	if err == nil || res.Note != "503" || res.Gone {
		t.Errorf("%+v, %v", res, err)
	}
	near(t, "503", res.NotBefore, 2*time.Hour)
}

func TestPollC12OnlyTheFirstDocumentIsGoneForGood(t *testing.T) {
	p := newPolled(t, func(r *http.Request) (int, string, []string) {
		if r.URL.Path == "/gone" {
			return 410, "", nil
		}
		return 200, "x", nil
	})
	if res, err := p.fetch("http://h.example/gone"); err == nil || !res.Gone {
		t.Errorf("%+v, %v", res, err)
	}
	if res, err := p.fetch("http://h.example/a", "http://h.example/gone"); err == nil || res.Gone {
		t.Errorf("%+v, %v", res, err)
	}
}

// moving is an origin whose old address leads to a new one for good.
func moving(p *polled, at func(*http.Request) (int, string, []string)) {
	p.answer = func(r *http.Request) (int, string, []string) {
		if r.URL.Host == "old.example" {
			return 301, "", []string{"Location", "http://new.example/"}
		}
		return at(r)
	}
}

func TestPollC13RollsBack(t *testing.T) {
	good := func(r *http.Request) (int, string, []string) { return conditional(r, `"1"`, "x") }
	for name, fail := range map[string]struct {
		at    func(*http.Request) (int, string, []string)
		away  bool
		polls int // until the old address is asked again
	}{
		"404":                 {at: func(*http.Request) (int, string, []string) { return 404, "", nil }, polls: 1},
		"410":                 {at: func(*http.Request) (int, string, []string) { return 410, "", nil }, polls: 1},
		"a loop":              {at: func(*http.Request) (int, string, []string) { return 302, "", []string{"Location", "/"} }, polls: 1},
		"nobody there":        {away: true, polls: 1},
		"something else":      {at: func(*http.Request) (int, string, []string) { return 200, "bad", nil }, polls: patience + 1},
		"500 again and again": {at: func(*http.Request) (int, string, []string) { return 500, "", nil }, polls: patience + 1},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPolled(t, nil)
			moving(p, good)
			const old = "http://old.example/"
			for range settled {
				p.must(old)
				if !strings.HasPrefix(p.asked(), "old.example/") {
					t.Fatalf("asked %s before the redirect has settled", p.asked())
				}
			}
			if res := p.must(old); p.asked() != "new.example/?" || !strings.Contains(res.Note, "moved for good") {
				t.Fatalf("asked %s, note %q", p.asked(), res.Note)
			}
			moving(p, fail.at)
			p.refused["new.example"] = fail.away
			for n := 1; n <= fail.polls; n++ {
				if _, err := p.fetch(old); err == nil {
					t.Fatal("no error")
				}
				if back := strings.Contains(p.asked(), "old.example/"); back != (n == fail.polls) {
					t.Errorf("fetch %d asked %s", n, p.asked())
				}
			}
			// The old address works again by itself.
			p.answer = func(r *http.Request) (int, string, []string) {
				if r.URL.Host == "old.example" {
					return good(r)
				}
				return fail.at(r)
			}
			p.must(old)
			if p.must(old); p.asked() != "old.example/?" {
				t.Errorf("then asked %s", p.asked())
			}
		})
	}
}

// TestPollKnowsWhoWasAskedWhenItIsStopped: whoever was not asked yet may be asked at the next start, the others not.
func TestPollKnowsWhoWasAskedWhenItIsStopped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newClient(Options{}, roundTrip(func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		}))
		ctx, stop := context.WithCancel(t.Context())
		reached := make([]bool, 2)
		var both sync.WaitGroup
		for i := range reached {
			both.Go(func() {
				time.Sleep(time.Duration(i) * time.Millisecond) // the second waits for the first
				p := NewPoll(c, sourcetest.NewState(), "")
				if _, err := p.Get(ctx, "doc", Request{URL: "http://h.example/"}); !errors.Is(err, context.Canceled) {
					t.Errorf("request %d: %v", i, err)
				}
				reached[i] = p.Result("").Exchange.Reached
			})
		}
		time.Sleep(time.Second)
		stop()
		both.Wait()
		if !reached[0] || reached[1] {
			t.Errorf("reached %v, want the first alone", reached)
		}
	})
}
