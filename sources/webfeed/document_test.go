package webfeed

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"feedmill/feeds"
	"feedmill/sources"
	"feedmill/sources/sourcetest"
)

// golden is what a fixture must become: the pair testdata/NAME.xml (or .json) and testdata/NAME.want.json is a test.
type golden struct {
	Error    string             `json:",omitempty"`
	Format   string             `json:",omitempty"`
	Encoding string             `json:",omitempty"`
	About    *feeds.About       `json:",omitempty"`
	Pause    string             `json:",omitempty"`
	Skip     *sources.Skip      `json:",omitempty"`
	Rejected []sources.Rejected `json:",omitempty"`
	Changes  []feeds.Change     `json:",omitempty"`
}

func TestDocuments(t *testing.T) {
	inputs, err := filepath.Glob("testdata/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, in := range inputs {
		if info, err := os.Stat(in); err != nil || info.IsDir() || strings.HasSuffix(in, ".want.json") {
			continue
		}
		t.Run(filepath.Base(in), func(t *testing.T) {
			body, err := os.ReadFile(in)
			if err != nil {
				t.Fatal(err)
			}
			var g golden
			doc, err := ParseDocument(t.Context(), body, Hint{URL: "https://origin.example/dir/feed"})
			if err != nil {
				g.Error = err.Error()
			} else {
				g = golden{Format: doc.Format, Encoding: doc.Encoding, About: &doc.About, Rejected: doc.Rejected, Changes: doc.Changes}
				for i := range g.Changes {
					if g.Changes[i].Raw == 0 {
						t.Error("an entry without a raw hash")
					}
					g.Changes[i].Raw = 0
				}
				if doc.Pause > 0 {
					g.Pause = doc.Pause.String()
				}
				if doc.skip != (sources.Skip{}) {
					g.Skip = &doc.skip
				}
			}
			got := shortJSON(t, g)
			file := strings.TrimSuffix(in, filepath.Ext(in)) + ".want.json"
			if *sourcetest.Update {
				if err := os.WriteFile(file, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("%s differs (run with -update and review the diff):\n%s", file, string(got))
			}
		})
	}
}

// shortJSON writes a value as JSON without what is empty.
func shortJSON(t *testing.T, v any) []byte {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var tree any
	if err := json.Unmarshal(b, &tree); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(pruned(tree)); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func pruned(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k, x := range v {
			if x = pruned(x); x == nil {
				delete(v, k)
			}
		}
		if len(v) == 0 {
			return nil
		}
	case []any:
		for i := range v {
			v[i] = pruned(v[i])
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
