package main

import (
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"
)

// importing measures P3: posts on disk and an empty store, until the RSS feed of everything, of every category and of
// every tag has been served once. Hugo, where it is installed, writes the same feeds of the same posts in the same run.
func (b *bench) importing(map[string]bool) error {
	took, peak, feeds, err := b.importOnce(b.posts)
	if err != nil {
		return err
	}
	floor, target, met := "hugo is not installed", "1/4 of Hugo", false
	if hugo, ok, err := b.hugo(b.posts); err != nil {
		return err
	} else if ok {
		floor = fmt.Sprintf("hugo %.1f s", hugo.took.Seconds())
		met = took*4 <= hugo.took
		target = fmt.Sprintf("ratio %.2f of 0.25", took.Seconds()/hugo.took.Seconds())
	}
	b.add("P3", fmt.Sprintf("%d posts -> %d feeds", b.posts, feeds), fmt.Sprintf("%.1f s", took.Seconds()), floor, target, met)
	b.add("P3", "memory of that", mb(peak), "-", "400 MB", peak <= 400<<20)
	return nil
}

func mb(n int64) string { return fmt.Sprintf("%d MB", n>>20) }

func (b *bench) importOnce(n int) (took time.Duration, peak int64, feeds int, err error) {
	b.say("P3: importing %d posts", n)
	dir := filepath.Join(b.dir, fmt.Sprintf("import%d", n))
	s, err := writeSite(dir, n)
	if err != nil {
		return 0, 0, 0, err
	}
	store := filepath.Join(b.dir, fmt.Sprintf("import%d.db", n))
	defer os.Remove(store)
	started := time.Now()
	p, err := b.serve("bolt:"+store, nil, dir)
	if err != nil {
		return 0, 0, 0, err
	}
	defer p.close()
	if err := b.until("the import", func() bool { return p.imported(n) }); err != nil {
		return 0, 0, 0, err
	}
	b.say("P3: imported after %.1f s", time.Since(started).Seconds())
	feeds, err = p.fetchAll(s.paths(".rss"))
	return time.Since(started), p.peak.Load(), feeds, err
}

// paths are the addresses of every topic in one format. Rare tags may have no post; they are left out by fetchAll.
func (s *site) paths(suffix string) []string {
	out := []string{"/feed" + suffix}
	for _, c := range s.categories {
		out = append(out, "/category/"+c+suffix)
	}
	for _, t := range s.tagNames {
		out = append(out, "/tag/"+url.PathEscape(t)+suffix)
	}
	return out
}

// fetchAll gets every path once on a few connections and counts those that exist.
func (p *process) fetchAll(paths []string) (served int, err error) {
	var mu sync.Mutex
	var wg sync.WaitGroup
	next := make(chan string)
	for range 4 {
		wg.Go(func() {
			for path := range next {
				status, _, _, getErr := p.get(path, "Accept-Encoding", "gzip")
				mu.Lock()
				switch {
				case getErr != nil:
					err = getErr
				case status == http.StatusOK:
					served++
				case status != http.StatusNotFound:
					err = fmt.Errorf("GET %s: status %d", path, status)
				}
				mu.Unlock()
			}
		})
	}
	for _, path := range paths {
		next <- path
	}
	close(next)
	wg.Wait()
	return served, err
}

// hugo writes RSS for the home page, every category and every tag with Hugo; ok is false where it is not installed.
func (b *bench) hugo(n int) (c cost, ok bool, err error) {
	bin, err := exec.LookPath("hugo")
	if err != nil {
		return c, false, nil
	}
	b.say("the same with hugo")
	dir := filepath.Join(b.dir, "hugo")
	posts := filepath.Join(b.dir, fmt.Sprintf("import%d", n), "_posts")
	files := map[string]string{
		"config.toml": `baseURL = "https://news.example.com/"
title = "news"
disableKinds = ["section", "sitemap", "robotsTXT", "404"]
[outputs]
home = ["RSS"]
page = []
taxonomy = []
term = ["RSS"]
[taxonomies]
category = "categories"
tag = "tags"
[services.rss]
limit = 50
[markup.goldmark.renderer]
unsafe = true
`,
		"layouts/_default/rss.xml": `{{ "<?xml version=\"1.0\" encoding=\"utf-8\"?>" | safeHTML }}<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel><title>{{ .Title }}</title><link>{{ .Permalink }}</link><description>{{ .Title }}</description>{{ $pages := .Pages }}{{ if .IsHome }}{{ $pages = .Site.RegularPages }}{{ end }}{{ range first 50 $pages }}<item><title>{{ .Title }}</title><link>{{ .Permalink }}</link><pubDate>{{ .Date.Format "Mon, 02 Jan 2006 15:04:05 -0700" }}</pubDate><guid>{{ .Permalink }}</guid><description>{{ .Summary | html }}</description><content:encoded>{{ printf "<![CDATA[%s]]>" .Content | safeHTML }}</content:encoded></item>{{ end }}</channel></rss>`,
	}
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return c, false, err
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			return c, false, err
		}
	}
	if err := os.MkdirAll(filepath.Join(dir, "content"), 0o755); err != nil {
		return c, false, err
	}
	// Hugo wants labels as lists.
	if err := forHugo(posts, filepath.Join(dir, "content", "post")); err != nil {
		return c, false, err
	}
	cmd := exec.CommandContext(b.ctx, bin, "--quiet", "--destination", filepath.Join(b.dir, "hugo-out"))
	cmd.Dir = dir
	if c, err = timed(cmd); err != nil {
		return c, false, err
	}
	written := 0
	err = filepath.WalkDir(filepath.Join(b.dir, "hugo-out"), func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Name() == "index.xml" {
			written++
		}
		return err
	})
	if err == nil && written < categories {
		err = fmt.Errorf("hugo wrote %d feeds only", written)
	}
	return c, true, err
}
