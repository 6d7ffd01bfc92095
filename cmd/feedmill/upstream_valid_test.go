package main

import (
	"bytes"
	"fmt"
	"io/fs"
	"maps"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"feedmill/feeds/lint"
	"feedmill/sources"
)

// oddID are rules that an upstream's own ID breaks, which RFC 4287 §4.2.6 forbids us to change.
var oddID = []string{"atom-id-canonical"}

// TestFeedsOfManyUpstreamsAreValid: hundreds of feeds that others wrote, all the odd ones with which gofeed tests itself, go
// in, each on a host of its own; every feed that comes out passes lint without a warning.
func TestFeedsOfManyUpstreamsAreValid(t *testing.T) {
	t.Parallel()
	docs := foreignFeeds(t)
	if len(docs) < 400 {
		t.Fatalf("%d documents, want hundreds", len(docs))
	}
	l, err := net.Listen("tcp4", "0.0.0.0:0")
	if err != nil {
		t.Fatal(err)
	}
	srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, ok := docs[strings.TrimPrefix(r.URL.Path, "/")]
		if !ok {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", map[string]string{".json": "application/feed+json"}[path.Ext(r.URL.Path)])
		w.Write(b)
	})}
	go srv.Serve(l)
	t.Cleanup(func() { srv.Close() })
	port := l.Addr().(*net.TCPAddr).Port

	var cfg bytes.Buffer
	cfg.WriteString("base_url: https://feeds.example.com\nsources:\n")
	for i, name := range slices.Sorted(maps.Keys(docs)) {
		fmt.Fprintf(&cfg, "  s%03d: { feed: \"http://127.9.%d.%d:%d/%s\", allow: [127.0.0.0/8] }\n", i, i/200, 1+i%200, port, name)
	}
	file := filepath.Join(t.TempDir(), "feedmill.yaml")
	write(t, file, cfg.String())
	s := start(t, settings{store: "memory:", file: file})
	until(t, "a look at every feed", func() bool {
		all := s.Sources()
		return len(all) == len(docs) && !slices.ContainsFunc(all, func(st sources.Status) bool { return st.Last.IsZero() })
	})

	failed, empty := 0, 0
	for _, st := range s.Sources() {
		switch {
		case !st.Fetched:
			failed++
		case st.Items == 0:
			empty++
		}
	}
	feedsRead, items := 0, 0
	for _, p := range s.paths() {
		res := s.get(p)
		if res.status != http.StatusOK {
			t.Errorf("GET %s: %d", p, res.status)
			continue
		}
		report := lint.Check(lint.Input{Doc: []byte(res.body), Answer: &lint.Answer{URL: "https://feeds.example.com" + p, FinalURL: "https://feeds.example.com" + p, Header: res.header}, Now: time.Now()})
		feedsRead++
		items += report.Items
		for _, f := range report.Findings {
			if f.Severity > lint.Info && !slices.Contains(oddID, f.Rule.ID) {
				t.Errorf("%s:%d: %s: %s (%s)", p, f.Line, f.Severity, f.Message, f.Rule.ID)
			}
		}
	}
	t.Logf("%d documents: %d are no feed or have no address of their own, %d have no item; %d feeds with %d items", len(docs), failed, empty, feedsRead, items)
	if items < 300 {
		t.Errorf("only %d items came out", items)
	}
}

// foreignFeeds are the documents of gofeed's own tests, from the module cache: they come with the dependency.
func foreignFeeds(t *testing.T) map[string][]byte {
	t.Helper()
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/mmcdole/gofeed").Output()
	dir := strings.TrimSpace(string(out))
	if err != nil || dir == "" {
		if os.Getenv("CI") != "" {
			t.Fatalf("find gofeed's sources: %v", err)
		}
		t.Skipf("gofeed's sources are not on this machine: %v", err)
	}
	docs := map[string][]byte{}
	root := filepath.Join(dir, "testdata")
	err = filepath.WalkDir(root, func(p string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		rel, err := filepath.Rel(root, p)
		if err != nil {
			return err
		}
		// Beside each document stands what gofeed makes of it, in JSON: only in the folder of JSON feeds it may be one.
		if ext := filepath.Ext(p); strings.HasSuffix(rel, "_expected.json") || ext != ".xml" && !(ext == ".json" && strings.Contains(filepath.ToSlash(rel), "/json/")) {
			return nil
		}
		b, err := os.ReadFile(p)
		docs[fmt.Sprintf("%03d%s", len(docs), filepath.Ext(p))] = b
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return docs
}
