package sourcetest_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"feedmill/feeds"
	"feedmill/sources"
	"feedmill/sources/sourcetest"
)

// notes is a source of its own kind: every *.txt file of a directory is an item. One that starts with "!" is rejected.
// The flags break promises, one each.
type notes struct {
	dir      string
	complete bool

	stateEarly, forgetState, twoKeys, swallow, ignoreContext, withdrawOnError, volatileRaw, noReason, touch bool
}

func (n notes) Fetch(ctx context.Context, st sources.State, out sources.Sink) (sources.Result, error) {
	entries, err := os.ReadDir(n.dir)
	if err != nil {
		if n.withdrawOnError {
			_, _ = out.Withdraw("a.txt")
		}
		if n.swallow {
			return sources.Result{}, nil
		}
		return sources.Result{}, fmt.Errorf("read notes: %w", err)
	}
	seen, known := map[string]bool{}, map[string]string{}
	if err := st.Range(func(key string, value []byte) error { known[key] = string(value); return nil }); err != nil {
		return sources.Result{}, err
	}
	for _, e := range entries {
		if err := ctx.Err(); err != nil && !n.ignoreContext {
			return sources.Result{}, err
		}
		if filepath.Ext(e.Name()) != ".txt" {
			continue
		}
		seen[e.Name()] = true
		if err := n.one(e, known, st, out); err != nil && !n.swallow {
			return sources.Result{}, err
		}
	}
	if n.complete {
		return sources.Result{Complete: true}, nil
	}
	return sources.Result{}, n.gone(seen, st, out)
}

// one emits a note that the state does not know yet.
func (n notes) one(e fs.DirEntry, known map[string]string, st sources.State, out sources.Sink) error {
	text, err := os.ReadFile(filepath.Join(n.dir, e.Name()))
	if err != nil {
		return fmt.Errorf("read note: %w", err)
	}
	if old, ok := known[e.Name()]; ok && old == string(text) && !n.complete {
		return nil
	}
	if strings.HasPrefix(string(text), "!") {
		r := sources.Rejected{Where: e.Name(), Reason: "starts with an exclamation mark"}
		if n.noReason {
			r.Reason = ""
		}
		out.Reject(r)
		return nil
	}
	if n.stateEarly {
		all, _ := os.ReadDir(n.dir)
		for _, e := range all {
			text, _ := os.ReadFile(filepath.Join(n.dir, e.Name()))
			st.Set(e.Name(), text)
		}
	}
	if !n.forgetState {
		st.Set(e.Name(), text)
	}
	c := feeds.Change{Key: e.Name(), Item: &feeds.Item{Title: string(text), Content: "<p>" + string(text)}}
	if n.volatileRaw {
		volatile++
		c.Raw = volatile
	}
	if err := out.Emit(c); err != nil {
		return err
	}
	if n.touch {
		c.Item.Title = "something else"
	}
	if n.twoKeys {
		return out.Emit(feeds.Change{Key: e.Name(), Item: &feeds.Item{Title: "twin"}})
	}
	return nil
}

var volatile uint64

// gone withdraws what the state knows and the directory does not have.
func (n notes) gone(seen map[string]bool, st sources.State, out sources.Sink) error {
	var keys []string
	err := st.Range(func(key string, _ []byte) error {
		if !seen[key] {
			keys = append(keys, key)
		}
		return nil
	})
	if err != nil || len(keys) == 0 {
		return err
	}
	ok, err := out.Withdraw(keys...)
	if ok {
		for _, key := range keys {
			st.Delete(key)
		}
	}
	return err
}

func write(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(files[name]), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func outside(t *testing.T, n notes) sourcetest.Outside {
	n.dir = t.TempDir()
	write(t, n.dir, map[string]string{"a.txt": "one", "b.txt": "two", "c.txt": "!bad"})
	return sourcetest.Outside{
		New:    func() sources.Source { return n },
		Change: func() { write(t, n.dir, map[string]string{"d.txt": "three"}) },
		Break: func() {
			if err := os.RemoveAll(n.dir); err != nil {
				t.Fatal(err)
			}
		},
	}
}

func TestDifferences(t *testing.T) {
	sourcetest.Run(t, func(t *testing.T) sourcetest.Outside { return outside(t, notes{}) })
}

func TestComplete(t *testing.T) {
	sourcetest.Run(t, func(t *testing.T) sourcetest.Outside { return outside(t, notes{complete: true}) })
}

func TestGolden(t *testing.T) {
	sourcetest.Golden(t, func(_ *testing.T, input string) (sources.Source, string) { return notes{dir: input}, "" })
}

func TestSinkTellsBrokenPromises(t *testing.T) {
	item := func() *feeds.Item { return &feeds.Item{Title: "x"} }
	for _, tc := range []struct {
		name, want string
		src        sources.Source
	}{
		{"two items under a key", "a key stands for one item", notes{twoKeys: true}},
		{"report without a reason", "says where and why", notes{noReason: true}},
		{"item touched later", "does not touch what it emitted", notes{touch: true}},
		{"no key", "every change has a key", fetchFunc(func(_ sources.State, out sources.Sink) (sources.Result, error) {
			return sources.Result{}, out.Emit(feeds.Change{Item: item()})
		})},
		{"batch too large", "an Emit has at most", fetchFunc(func(_ sources.State, out sources.Sink) (sources.Result, error) {
			return sources.Result{}, out.Emit(make([]feeds.Change, sources.MaxBatch+1)...)
		})},
		{"empty item", "can be normalised", fetchFunc(func(_ sources.State, out sources.Sink) (sources.Result, error) {
			return sources.Result{}, out.Emit(feeds.Change{Key: "a", Item: &feeds.Item{}})
		})},
		{"a key that is not present", "tells of every key", fetchFunc(func(_ sources.State, out sources.Sink) (sources.Result, error) {
			out.(sources.Witness).Present("a")
			return sources.Result{}, out.Emit(feeds.Change{Key: "a", Item: item()}, feeds.Change{Key: "b", Item: item()})
		})},
		{"emit after withdraw", "Withdraw comes when everything else", fetchFunc(func(_ sources.State, out sources.Sink) (sources.Result, error) {
			_, _ = out.Withdraw("a")
			return sources.Result{}, out.Emit(feeds.Change{Key: "b", Item: item()})
		})},
		{"two withdrawals", "called once a fetch", fetchFunc(func(_ sources.State, out sources.Sink) (sources.Result, error) {
			_, _ = out.Withdraw("a")
			_, err := out.Withdraw("b")
			return sources.Result{}, err
		})},
		{"withdrawal in a failed fetch", "withdraws nothing", fetchFunc(func(_ sources.State, out sources.Sink) (sources.Result, error) {
			_, _ = out.Withdraw("a")
			return sources.Result{}, errors.New("down")
		})},
		{"unchanged with items", "Unchanged fetch emits nothing", fetchFunc(func(_ sources.State, out sources.Sink) (sources.Result, error) {
			return sources.Result{Unchanged: true}, out.Emit(feeds.Change{Key: "a", Item: item()})
		})},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if n, ok := tc.src.(notes); ok {
				n.dir = t.TempDir()
				write(t, n.dir, map[string]string{"a.txt": "one", "c.txt": "!bad"})
				tc.src = n
			}
			st := sourcetest.NewState()
			out := sourcetest.NewSink(st)
			_, _ = sourcetest.Fetch(t.Context(), tc.src, st, out)
			if !strings.Contains(strings.Join(out.Broken, "\n"), tc.want) {
				t.Errorf("got %q, want one that says %q", out.Broken, tc.want)
			}
		})
	}
}

func TestStateTiming(t *testing.T) {
	st := sourcetest.NewState()
	out := sourcetest.NewSink(st)
	st.Set("kept", []byte("1"))
	if err := out.Emit(); err != nil {
		t.Fatal(err)
	}
	st.Set("lost", []byte("2"))
	if v, ok, err := st.Get("lost"); string(v) != "2" || !ok || err != nil {
		t.Errorf("what is set cannot be read: %q %v %v", v, ok, err)
	}
	st.Drop()
	if got := slices.Sorted(maps.Keys(st.Saved())); !slices.Equal(got, []string{"kept"}) {
		t.Errorf("kept %q", got)
	}
	if _, ok, _ := st.Get("lost"); ok {
		t.Error("what was dropped can be read")
	}
}

type fetchFunc func(sources.State, sources.Sink) (sources.Result, error)

func (f fetchFunc) Fetch(_ context.Context, st sources.State, out sources.Sink) (sources.Result, error) {
	return f(st, out)
}
