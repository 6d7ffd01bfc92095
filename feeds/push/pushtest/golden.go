package pushtest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"feedmill/feeds/push"
)

// Golden compares what a target renders with testdata/NAME.golden, or writes that file: one item, an edited one in English
// without text, a digest that stands for more than it shows, and the small form of both.
func Golden(t *testing.T, c Case, name string, update bool) {
	b := c.bench(t)
	one := entry(1)
	one.Text, one.Image = "第一行，a_b *c* <d>。\n\n第二行", "https://example.org/a.png"
	edited := entry(2)
	edited.Edited, edited.Text, edited.Footer = true, "", ""
	list := digest([]push.Entry{entry(3), edited, entry(4)})
	list.More, list.MoreURL = 37, "https://feeds.example.com/tag/x"
	english := digest([]push.Entry{edited})
	english.Language = "en"
	small := func(m *push.Message) *push.Message { s := *m; s.Small = true; return &s }
	single := digest([]push.Entry{one})
	var got bytes.Buffer
	for _, part := range []struct {
		title string
		m     *push.Message
	}{
		{"one item", single},
		{"one item, small", small(single)},
		{"one item, edited, in English", english},
		{"digest", list},
		{"digest, small", small(list)},
	} {
		fmt.Fprintf(&got, "# %s\n", part.title)
		if err := json.Indent(&got, b.render(part.m).Body, "", "  "); err != nil {
			t.Fatal(err)
		}
		got.WriteByte('\n')
	}
	file := filepath.Join("testdata", name+".golden")
	if update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(want, got.Bytes()) {
		t.Errorf("%s is not what it was (go test -update writes it anew):\n%s", file, got.Bytes())
	}
}

// tags: a field of the configuration that holds a secret says so, which keeps it out of the file and lets it be read from one.
func (c Case) tags(t *testing.T) {
	v := reflect.ValueOf(c.Config("http://127.0.0.1:1")).Elem()
	b := &bench{t: t, c: c}
	for i := range v.NumField() {
		f := v.Type().Field(i)
		if f.IsExported() && f.Tag.Get("secret") != "true" {
			b.secret("the field "+f.Name+", which has no tag secret,", fmt.Sprint(v.Field(i).Interface()))
		}
	}
}
