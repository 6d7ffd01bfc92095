package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"time"
)

// slice is one side of one round: short, so that what else the machine does falls on both sides alike.
const slice = 500 * time.Millisecond

// serving measures P1 and P2: answers from a warm feed beside net/http alone with the same header fields and bytes, each
// server on one core, in alternating rounds.
func (b *bench) serving(map[string]bool) error {
	b.say("P1, P2: serving a warm feed")
	dir := filepath.Join(b.dir, "served")
	if _, err := writeSite(dir, 2000); err != nil {
		return err
	}
	one := []string{"GOMAXPROCS=1"}
	p, err := b.serve("memory:", one, dir)
	if err != nil {
		return err
	}
	defer p.close()
	if err := b.until("the import", func() bool { return p.imported(2000) }); err != nil {
		return err
	}
	time.Sleep(3 * time.Second) // Last-Modified is sent two seconds after a change
	status, h, body, err := p.get("/feed.rss", "Accept-Encoding", "gzip")
	if err != nil || status != 200 {
		return fmt.Errorf("GET /feed.rss: status %d, %w", status, err)
	}
	_, brief, _, err := p.get("/feed.rss", "Accept-Encoding", "gzip", "If-None-Match", h.Get("Etag"))
	if err != nil {
		return err
	}
	for _, header := range []http.Header{h, brief} {
		header.Del("Date") // net/http writes its own
	}
	text, err := json.Marshal(answer{Full: h, Brief: brief, Body: body})
	if err != nil {
		return err
	}
	file := filepath.Join(b.dir, "answer.json")
	if err := os.WriteFile(file, text, 0o644); err != nil {
		return err
	}
	addr, err := freeAddr()
	if err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	floor, err := b.start(addr, "", one, self, floorVerb, addr, file)
	if err != nil {
		return err
	}
	defer floor.close()
	if err := b.until("the floor", func() bool { return floor.served("/") }); err != nil {
		return err
	}
	rest := "Host: feeds.example.com\r\nAccept-Encoding: gzip\r\nUser-Agent: feedbench\r\n"
	full := []byte("GET /feed.rss HTTP/1.1\r\n" + rest + "\r\n")
	conditional := []byte("GET /feed.rss HTTP/1.1\r\n" + rest + "If-None-Match: " + h.Get("Etag") + "\r\n\r\n")
	for _, row := range []struct {
		id, work string
		request  []byte
		status   int
	}{
		{"P1", fmt.Sprintf("gzip 200 of %d kB", len(body)/1000), full, 200},
		{"P2", "304", conditional, 304},
	} {
		var ours, theirs, ratio []float64
		for range b.rounds {
			a, errA := load(p.addr, row.request, row.status, slice)
			f, errF := load(floor.addr, row.request, row.status, slice)
			if err := errors.Join(errA, errF); err != nil {
				return err
			}
			ours, theirs, ratio = append(ours, a), append(theirs, f), append(ratio, a/f)
		}
		r := median(ratio)
		b.add(row.id, row.work, fmt.Sprintf("%.0f/s", median(ours)), fmt.Sprintf("net/http %.0f/s", median(theirs)),
			fmt.Sprintf("ratio %.2f of 0.95", r), r >= 0.95)
	}
	return nil
}
