package main

import (
	"bytes"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
	"time"
)

// largeSite measures what a large site costs: P4 (restart), P5 (one post written) and P8 (memory under load).
func (b *bench) largeSite(want map[string]bool) error {
	b.say("P4, P5, P8: importing %d posts", b.large)
	dir := filepath.Join(b.dir, "large")
	s, err := writeSite(dir, b.large)
	if err != nil {
		return err
	}
	store := "bolt:" + filepath.Join(b.dir, "large.db")
	started := time.Now()
	p, err := b.serve(store, nil, dir)
	if err != nil {
		return err
	}
	if err := b.until("the import", func() bool { return p.imported(b.large) }); err != nil {
		p.close()
		return err
	}
	b.say("P4, P5, P8: imported after %.1f s, peak %s", time.Since(started).Seconds(), mb(p.peak.Load()))
	p.close()
	started = time.Now()
	if p, err = b.serve(store, nil, dir); err != nil {
		return err
	}
	running := true
	defer func() {
		if running {
			p.close()
		}
	}()
	if err := b.until("the first feed", func() bool { return p.served("/feed.atom") }); err != nil {
		return err
	}
	first := time.Since(started)
	if want["P4"] {
		b.add("P4", fmt.Sprintf("restart on %d posts -> first feed", b.large), ms(first), "-", "1 s", first < time.Second)
	}
	if err := b.until("the scan after the restart", func() bool { return p.imported(b.large) }); err != nil {
		return err
	}
	time.Sleep(2 * time.Second) // the watch is in place once the scan is done
	if want["P5"] {
		if err := b.writing(p, s, dir); err != nil {
			return err
		}
	}
	if want["F"] {
		if err := b.filtering(p, s); err != nil {
			return err
		}
	}
	if want["P8"] {
		if err := b.soaking(p, s); err != nil {
			return err
		}
	}
	if want["P5"] {
		p.close()
		running = false
		return b.pushing(store, s, dir)
	}
	return nil
}

func ms(d time.Duration) string { return fmt.Sprintf("%.0f ms", float64(d.Microseconds())/1000) }

// writing measures P5: from the moment a post file is closed to its category feed serving it.
func (b *bench) writing(p *process, s *site, dir string) error {
	var took []time.Duration
	for i := range 100 {
		post := s.post(b.large + i)
		_, rest, _ := strings.Cut(post.text, "categories: ")
		category, _, _ := strings.Cut(rest, "\n")
		path := "/category/" + category + ".json"
		mark := []byte(strings.TrimSuffix(post.name, ".md")[11:])
		if err := writeFile(filepath.Join(dir, "_posts", post.name), post.text); err != nil {
			return err
		}
		written := time.Now()
		if err := b.until("the new post", func() bool {
			_, _, body, err := p.get(path)
			return err == nil && bytes.Contains(body, mark)
		}); err != nil {
			return err
		}
		took = append(took, time.Since(written))
		time.Sleep(20 * time.Millisecond)
	}
	p50, p99 := percentile(took, 0.5), percentile(took, 0.99)
	b.add("P5", "one post written -> its category serves it, p50", ms(p50), "-", "50 ms", p50 <= 50*time.Millisecond)
	b.add("P5", "the same, p99", ms(p99), "-", "250 ms", p99 <= 250*time.Millisecond)
	return nil
}

// filtering measures filters that nobody has asked for before: of a tag, of a category, and of everything, where a word that
// nothing has makes the server look at as much as it ever does.
func (b *bench) filtering(p *process, s *site) error {
	for _, row := range []struct {
		what  string
		times int
		path  func(i int) string
	}{
		{"filter of its rarest topic: a tag with 20 posts or so", 100, func(i int) string {
			return "/feed.json?" + url.Values{"tag": {s.tagNames[i+len(s.tagNames)/2]}, "q": {fmt.Sprint("none", i)}}.Encode()
		}},
		{"filter of a category: a word that nothing has", 20, func(i int) string {
			return "/category/" + s.categories[i] + ".json?q=none" + fmt.Sprint(i)
		}},
		{"filter of everything: a word that nothing has", 10, func(i int) string { return "/feed.json?q=none" + fmt.Sprint(i) }},
	} {
		var took []time.Duration
		for i := range row.times {
			started := time.Now()
			status, _, _, err := p.get(row.path(i))
			if err != nil || status != 200 {
				return fmt.Errorf("GET %s: status %d: %w", row.path(i), status, err)
			}
			took = append(took, time.Since(started))
		}
		b.add("F", fmt.Sprintf("%d posts, %s, p50", b.large, row.what), ms(percentile(took, 0.5)), "-", "-", true)
	}
	return nil
}

// soaking measures P8: anonymous memory with 2,000 warm feeds under load.
func (b *bench) soaking(p *process, s *site) error {
	warm, err := p.fetchAll(s.paths(".rss"))
	if err != nil {
		return err
	}
	b.say("P8: %d feeds are warm, %s of load", warm, b.soak)
	p.peak.Store(0)
	requests := s.paths(".rss")
	i := 0
	for end := time.Now().Add(b.soak); time.Now().Before(end); i++ {
		status, _, _, err := p.get(requests[i%len(requests)], "Accept-Encoding", "gzip")
		if err != nil {
			return err
		}
		if status != 200 && status != 404 {
			return fmt.Errorf("GET %s: status %d", requests[i%len(requests)], status)
		}
	}
	peak := p.peak.Load()
	b.add("P8", fmt.Sprintf("RssAnon, %d posts, %d warm feeds, %d requests in %s", b.large, warm, i, b.soak), mb(peak), "-", "300 MB", peak <= 300<<20)
	return nil
}
