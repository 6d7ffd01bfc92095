package liquid

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"
)

// decode reads JSON with the keys in their order.
func decode(t testing.TB, d *json.Decoder) any {
	tok, err := d.Token()
	if err != nil {
		t.Fatal(err)
	}
	switch tok := tok.(type) {
	case json.Delim:
		if tok == '[' {
			list := []any{}
			for d.More() {
				list = append(list, decode(t, d))
			}
			d.Token() //nolint:errcheck // the bracket
			return list
		}
		m := NewMap(0)
		for d.More() {
			key, _ := d.Token()
			m.Set(key.(string), decode(t, d))
		}
		d.Token() //nolint:errcheck // the brace
		return m
	case json.Number:
		if n, err := tok.Int64(); err == nil {
			return n
		}
		f, _ := tok.Float64()
		return f
	}
	return tok
}

// rubyEnv is what testdata/generate.rb gives to Jekyll.
func rubyEnv(t testing.TB) *Env {
	f, err := os.Open("testdata/vars.json")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	d := json.NewDecoder(f)
	d.UseNumber()
	vars := decode(t, d).(*Map)
	china, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		t.Fatal(err)
	}
	page, _ := vars.Get("page")
	p := page.(*Map)
	p.Set("date", time.Date(2026, 1, 2, 3, 4, 5, 678901000, china))
	p.Set("utc", time.Date(2026, 11, 24, 19, 6, 7, 0, time.UTC))
	p.Set("just", Date{time.Date(2026, 3, 4, 0, 0, 0, 0, time.UTC)})
	p.Set("inc", "plain.html")
	p.Set("frag", "ram")
	site, _ := vars.Get("site")
	return &Env{
		Vars: map[string]any{"page": page, "site": site},
		Zone: china,
		ParseTime: func(s string) (time.Time, bool) {
			for _, layout := range []string{time.RFC3339, time.DateOnly, "Jan 2, 2006", "2 January 2006 15:04"} {
				if t, err := time.ParseInLocation(layout, s, china); err == nil {
					return t, true
				}
			}
			return time.Time{}, false
		},
		Include: func(name string, _ bool) (*Template, error) {
			b, err := os.ReadFile(filepath.Join("testdata/includes", name))
			if err != nil {
				return nil, errors.New("not there")
			}
			return Parse("_includes/"+name, string(b)), nil
		},
	}
}

// TestRuby compares with what Jekyll 4.3 made of the same templates; testdata/generate.rb writes the expectations.
func TestRuby(t *testing.T) {
	b, err := os.ReadFile("testdata/expected.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct{ In, Want string }
	if err := json.Unmarshal(b, &cases); err != nil {
		t.Fatal(err)
	}
	if len(cases) < 150 {
		t.Fatalf("%d cases", len(cases))
	}
	for _, c := range cases {
		got, warnings := Parse("", c.In).Render(context.Background(), rubyEnv(t))
		want := colours.ReplaceAllString(c.Want, "")
		if got != want {
			t.Errorf("%s\n got %q\nwant %q", c.In, got, want)
		}
		if len(warnings) > 0 && !worthAWarning.MatchString(c.In) {
			t.Errorf("%s\n warnings %v", c.In, warnings)
		}
	}
}

// worthAWarning are templates that mean something to Ruby, but hardly what their author wants.
var worthAWarning = regexp.MustCompile(`page\.n plus 1|nothing\.at\.all|\\""`)

// colours are the marks that Rouge adds to code.
var colours = regexp.MustCompile(`<span class="\w+">|</span>`)
