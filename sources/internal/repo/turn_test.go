package repo_test

import (
	"errors"
	"net/http"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"feedmill/sources/fetch"
	"feedmill/sources/git/gittest"
	"feedmill/sources/internal/repo"
)

// TestC20OneHostIsAskedOneAfterTheOther: repositories of one host wait for each other, and for what else is asked there.
func TestC20OneHostIsAskedOneAfterTheOther(t *testing.T) {
	site := gittest.New(t)
	site.Commit(t, "a.md", "first")
	s := gittest.HTTPS(t, filepath.Dir(site.Dir))
	var under, most atomic.Int32
	slow := func(http.ResponseWriter, *http.Request) bool {
		most.Store(max(most.Load(), under.Add(1)))
		time.Sleep(20 * time.Millisecond)
		under.Add(-1)
		return false
	}
	s.Before.Store(&slow)
	way := route()
	var all sync.WaitGroup
	for range 3 {
		r := open(t, repo.Options{Address: address(t, s.URL+"/site/.git"), CAFile: s.CAFile, Network: way})
		all.Go(func() {
			if _, err := r.Update(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if most.Load() != 1 {
		t.Errorf("%d requests at once", most.Load())
	}
}

func TestC10AHostThatWantsAPauseGetsIt(t *testing.T) {
	site := gittest.New(t)
	site.Commit(t, "a.md", "first")
	s := gittest.HTTPS(t, filepath.Dir(site.Dir))
	busy := func(w http.ResponseWriter, _ *http.Request) bool {
		w.WriteHeader(http.StatusTooManyRequests)
		return true
	}
	s.Before.Store(&busy)
	r := open(t, repo.Options{Address: address(t, s.URL+"/site/.git"), CAFile: s.CAFile, Network: route()})
	if _, err := r.Update(t.Context()); !errors.Is(err, repo.ErrPaused) {
		t.Errorf("429: %v", err)
	}
	asked := s.Requests.Load()
	_, err := r.Update(t.Context())
	if paused := (*fetch.PausedError)(nil); !errors.As(err, &paused) || time.Until(paused.Until) < 50*time.Minute {
		t.Errorf("during the pause: %v", err)
	}
	if s.Requests.Load() != asked {
		t.Error("the host is asked during the pause")
	}
}
