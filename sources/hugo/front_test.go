package hugo

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFrontMatter(t *testing.T) {
	for name, c := range map[string]struct {
		file, format, body string
		bodyLine           int
		open               bool
		want               params
	}{
		"yaml":       {"---\nTitle: 010\ndraft: yes\ndate: 2024-01-02 03:04:05\n---\nbody\n", "yaml", "body\n", 6, false, params{"title": int64(8), "draft": true, "date": "2024-01-02 03:04:05"}},
		"last wins":  {"---\na: 1\na: 2\n---\n", "yaml", "", 5, false, params{"a": int64(2)}},
		"empty":      {"---\n---\nx", "yaml", "x", 3, false, params{}},
		"blank, BOM": {"\ufeff\n---\na: b\n---\nx", "yaml", "x", 5, false, params{"a": "b"}},
		"toml":       {"+++\ndate = 2024-01-02T03:04:05\nday = 2024-01-02\nat = 2024-01-02T03:04:05+08:00\ntags = ['a']\n[build]\nlist = 'never'\n+++\nx", "toml", "x", 9, false, params{"date": "2024-01-02T03:04:05", "day": "2024-01-02", "at": "2024-01-02T03:04:05+08:00", "tags": []any{"a"}, "build": params{"list": "never"}}},
		"json":       {"{\n\"title\": \"a }\\\" b\",\n\"n\": 1.50\n}\n\nx", "json", "x", 6, false, params{"title": "a }\" b", "n": 1.5}},
		"none":       {"x\n", "", "x\n", 1, false, params{}},
		"shortcode":  {"{{< x >}}", "", "{{< x >}}", 1, false, params{}},
		"open":       {"---\na: b\n", "yaml", "", 0, true, nil},
		"open json":  {"{\"a\": {}", "json", "", 0, true, nil},
	} {
		t.Run(name, func(t *testing.T) {
			p := split([]byte(c.file))
			if p.format != c.format || string(p.body) != c.body || p.bodyLine != c.bodyLine || p.open != c.open {
				t.Errorf("got %s, body %q from line %d, open %t", p.format, p.body, p.bodyLine, p.open)
			}
			if p.open {
				return
			}
			got, err := parse(p.format, p.header)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(c.want, got); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}
