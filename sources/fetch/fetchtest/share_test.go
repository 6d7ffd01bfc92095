package fetchtest

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"feedmill/sources/fetch"
)

// TestC20ReplicasShareAHost: two processes on one store ask a host as one would; on two stores they do not, and the judge
// sees it.
func TestC20ReplicasShareAHost(t *testing.T) {
	for _, shared := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			web, store := New(t), NewStore()
			agent := fetch.UserAgent("1.0", "https://feeds.example.com", 0)
			var all sync.WaitGroup
			for replica := range 2 {
				o := fetch.Options{Hosts: store}
				if !shared {
					o.Hosts = nil
				}
				client := web.Client(fetch.Options{Network: web.Network(o), UserAgent: agent})
				t.Cleanup(client.CloseIdleConnections)
				for i := range 5 {
					p := &Page{URL: fmt.Sprintf("http://h.example/%d/%d", replica, i), ETag: true, Body: func(time.Time) []byte { return []byte("x") }}
					web.Add(p)
					all.Go(func() {
						if _, err := fetch.Get(t.Context(), client, fetch.Request{URL: p.URL}); err != nil {
							t.Error(err)
						}
					})
				}
			}
			all.Wait()
			faults := strings.Join(web.Faults(), "\n")
			if strings.Contains(faults, ": C20") == shared || shared && faults != "" {
				t.Errorf("shared: %v, faults:\n%s", shared, faults)
			}
		})
	}
}

// TestC10ReplicasSharePauses: what one process is told while another waits for the host counts for both.
func TestC10ReplicasSharePauses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		web, store := New(t), NewStore()
		busy := &Page{URL: "http://h.example/", Body: func(time.Time) []byte { return nil }, Trouble: func(int, time.Time) *Answer {
			time.Sleep(5 * time.Second)
			return &Answer{Status: http.StatusTooManyRequests}
		}}
		web.Add(busy)
		var both sync.WaitGroup
		for range 2 {
			client := web.Client(fetch.Options{Network: web.Network(fetch.Options{Hosts: store})})
			t.Cleanup(client.CloseIdleConnections)
			both.Go(func() {
				if _, err := fetch.Get(t.Context(), client, fetch.Request{URL: busy.URL}); err == nil {
					t.Error("429 is no error")
				}
			})
		}
		both.Wait()
		if n := web.Requests(busy.URL); n != 1 {
			t.Errorf("%d requests, want the second to see the pause", n)
		}
	})
}
