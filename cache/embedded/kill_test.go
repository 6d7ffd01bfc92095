package embedded

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"feedmill/cache"
	"feedmill/feeds"
)

const killEnv = "FEEDMILL_TEST_KILL"

func TestMain(m *testing.M) {
	if path := os.Getenv(killEnv); path != "" {
		if err := putUntilKilled(path); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	cache.Compress(nil) // its pool is made with the first use and must not belong to a bubble of synctest
	os.Exit(m.Run())
}

// putUntilKilled puts from several sources and writes notes, and says what was acknowledged.
func putUntilKilled(path string) error {
	ctx := context.Background()
	s, err := Open(path, Options{Options: cache.Options{LogEntries: 500}})
	if err != nil {
		return err
	}
	run := os.Getpid()
	var out sync.Mutex
	say := func(text string) {
		out.Lock()
		defer out.Unlock()
		_, _ = io.WriteString(os.Stdout, text) // one system call, no buffer: what is said is said
	}
	failed := make(chan error)
	for w := range 3 {
		go func() {
			source := fmt.Sprint("s", w)
			lease, err := s.Acquire(ctx, "source/"+source, time.Hour)
			for n := 0; err == nil; n++ {
				var changes []feeds.Change
				for i := range 1 + (n*7+w)%12 {
					key := fmt.Sprintf("%d-%d-%d", run, n, i)
					changes = append(changes, feeds.Change{Key: key, Raw: 1, Item: &feeds.Item{
						Title: key, Content: strings.Repeat(key, 200), Categories: []string{fmt.Sprint("c", n%50)}, Published: time.Unix(int64(n), 0),
					}})
				}
				if n > 0 {
					changes = append(changes, feeds.Change{Key: fmt.Sprintf("%d-%d-0", run, n-1)})
				}
				var acc []feeds.Accepted
				if acc, err = s.Put(ctx, lease, changes...); err != nil {
					break
				}
				var said strings.Builder
				for i, a := range acc {
					if changes[i].Item != nil {
						fmt.Fprintf(&said, "put %s %s\n", a.ID, changes[i].Key)
					} else {
						fmt.Fprintf(&said, "gone %s\n", a.ID)
					}
				}
				say(said.String())
				note := fmt.Sprintf("%d-%d", run, n)
				if err = s.Write(ctx, lease, cache.Edit{Bucket: source, Key: note, Value: []byte(note)}); err == nil {
					say(fmt.Sprintf("note %s %s\n", source, note))
				}
				if n%20 == 0 && err == nil {
					_, err = s.Maintain(ctx)
				}
			}
			failed <- err
		}()
	}
	return <-failed
}

// TestKill kills a process that puts, again and again: nothing that it was acknowledged may be missing.
func TestKill(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	path := filepath.Join(t.TempDir(), "store.db")
	said := acknowledged{items: map[string]string{}, gone: map[string]bool{}, notes: map[[2]string]bool{}}
	rounds := 10
	if testing.Short() {
		rounds = 3
	}
	for round := range rounds {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), killEnv+"="+path)
		var stderr strings.Builder
		cmd.Stderr = &stderr
		pipe, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		scanner := bufio.NewScanner(pipe)
		scanner.Scan() // it is at work
		said.hear(scanner.Text())
		time.AfterFunc(time.Duration(rng.IntN(200))*time.Millisecond, func() { _ = cmd.Process.Kill() })
		for scanner.Scan() {
			said.hear(scanner.Text())
		}
		var exit *exec.ExitError
		if err := cmd.Wait(); !errors.As(err, &exit) || exit.Exited() {
			t.Fatalf("round %d: the process was not killed: %v: %s", round, err, stderr.String())
		}
		said.verify(t, path)
	}
	t.Logf("%d items and %d notes in %d rounds", len(said.items), len(said.notes), rounds)
}

type acknowledged struct {
	items map[string]string // ID → title
	gone  map[string]bool
	notes map[[2]string]bool
}

// hear takes in a whole line; what was cut off was not acknowledged.
func (a *acknowledged) hear(line string) {
	switch f := strings.Fields(line); {
	case len(f) == 3 && f[0] == "put":
		a.items[f[1]] = f[2]
	case len(f) == 2 && f[0] == "gone":
		a.gone[f[1]] = true
	case len(f) == 3 && f[0] == "note":
		a.notes[[2]string{f[1], f[2]}] = true
	}
}

func (a *acknowledged) verify(t *testing.T, path string) {
	t.Helper()
	ctx := context.Background()
	if err := Check(ctx, path); err != nil {
		t.Fatal(err)
	}
	s, err := Open(path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for id, title := range a.items {
		items, err := s.Get(ctx, id)
		if err != nil {
			t.Fatal(err)
		}
		switch {
		case len(items) == 1 && items[0].Title != title:
			t.Errorf("item %s is %q, acknowledged was %q", id, items[0].Title, title)
		case len(items) == 1 && a.gone[id]:
			t.Errorf("the withdrawal of item %s was acknowledged, but it is there", id)
		case len(items) == 0 && !a.gone[id] && !strings.HasSuffix(title, "-0"): // the death may have come before the word
			t.Errorf("item %s was acknowledged and is missing", id)
		}
	}
	for n := range a.notes {
		got, err := s.Read(ctx, n[0], n[1])
		if err != nil {
			t.Fatal(err)
		}
		if string(got[n[1]]) != n[1] {
			t.Errorf("note %q was acknowledged and is %q", n, got[n[1]])
		}
	}
}
