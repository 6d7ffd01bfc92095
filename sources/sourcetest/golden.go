package sourcetest

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"feedmill/feeds"
	"feedmill/sources"
)

// Update is the flag -update: golden files are rewritten, and the difference is for a person to review.
var Update = flag.Bool("update", false, "rewrite the golden files")

// Golden runs a source on every testdata/NAME/input* (a file or a folder) and compares what comes out, normalised, with
// want.json beside it: a new folder is a new test. open makes the source on the input; where the outside has an
// address of its own (a test server), it returns that too, and want.json has https://outside.example in its place.
func Golden(t *testing.T, open func(t *testing.T, input string) (src sources.Source, address string)) {
	inputs, err := filepath.Glob(filepath.Join("testdata", "*", "input*"))
	if err != nil || len(inputs) == 0 {
		t.Fatalf("no testdata/*/input*: %v", err)
	}
	for _, input := range inputs {
		t.Run(filepath.Base(filepath.Dir(input)), func(t *testing.T) {
			src, address := open(t, input)
			st := NewState()
			out := NewSink(st)
			if _, err := within(t, context.Background(), src, st, out); err != nil {
				t.Fatal(err)
			}
			report(t, out)
			got := out.JSON()
			if address != "" {
				got = bytes.ReplaceAll(got, []byte(address), []byte("https://outside.example"))
			}
			compare(t, filepath.Join(filepath.Dir(input), "want.json"), got)
		})
	}
}

// compare compares with a golden file, or writes it.
func compare(t *testing.T, file string, got []byte) {
	t.Helper()
	if *Update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v; write it with: go test -update", err)
	}
	if d := cmp.Diff(string(want), string(got)); d != "" {
		t.Errorf("%s (-want +got; if got is right: go test -update):\n%s", file, d)
	}
}

// JSON is what the sink recorded, without empty fields and hashes, in the order of keys.
func (s *Sink) JSON() []byte {
	type change struct {
		Key, Formerly, Wish string
		Hold                bool
		Item                *feeds.Item
	}
	var doc struct {
		About     []feeds.About
		Changes   []change
		Withdrawn []string
		Rejected  []string
	}
	doc.About = s.About
	doc.Withdrawn = slices.Sorted(slices.Values(s.Withdrawn))
	for _, c := range s.Changes {
		doc.Changes = append(doc.Changes, change{c.Key, c.Formerly, c.Wish, c.Hold, c.Item})
	}
	slices.SortFunc(doc.Changes, func(a, b change) int { return strings.Compare(a.Key, b.Key) })
	for _, r := range s.Rejected {
		doc.Rejected = append(doc.Rejected, r.String())
	}
	slices.Sort(doc.Rejected)

	var tree any
	b, err := json.Marshal(doc)
	if err == nil {
		err = json.Unmarshal(b, &tree)
	}
	if err != nil {
		panic(err) // plain structs of strings, numbers and dates
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(prune(tree)); err != nil {
		panic(err)
	}
	return out.Bytes()
}

// prune takes empty values out of a tree; nil if nothing is left.
func prune(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for key, val := range v {
			if val = prune(val); val == nil {
				delete(v, key)
			} else {
				v[key] = val
			}
		}
		if len(v) == 0 {
			return nil
		}
	case []any:
		for i := range v {
			v[i] = prune(v[i])
		}
		if len(v) == 0 {
			return nil
		}
	case string:
		if v == "" || v == "0001-01-01T00:00:00Z" {
			return nil
		}
	case float64:
		if v == 0 {
			return nil
		}
	case bool:
		if !v {
			return nil
		}
	}
	return v
}
