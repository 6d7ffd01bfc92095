package push_test

import (
	"strings"
	"testing"
	"time"

	"feedmill/feeds"
	"feedmill/feeds/push"
)

func TestTemplate(t *testing.T) {
	shanghai := zone(t, "Asia/Shanghai")
	it := &feeds.Item{
		ID: "1", Source: "finews", Title: "两市成交破万亿", Summary: strings.Repeat("今日", 150), URL: "https://finews.example/1",
		Categories: []string{"金融", "市场"}, Tags: []string{"A股"}, Authors: []feeds.Person{{Name: "王"}},
		Published: time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC),
	}
	for _, tt := range []struct {
		name string
		tmpl push.Template
		want push.Entry
	}{
		{"default", push.Template{}, push.Entry{Title: it.Title, Text: strings.Repeat("今日", 99) + "今…", Footer: "finews · 11-23 16:00 · #金融"}},
		{
			"own",
			push.Template{Title: "【{{.Source}}】{{.Title}}", Text: `{{range .Categories}}#{{.}} {{end}}{{join "/" .Authors}}`, Footer: `{{date "2006" .Published}}{{if eq .Language "en"}} in English{{end}}`},
			push.Entry{Title: "【finews】两市成交破万亿", Text: "#金融 #市场 王", Footer: "2026"},
		},
		{"loops", push.Template{Text: `{{range first 1 .Tags}}{{range $.Categories}}{{.}}{{end}}{{end}}`}, push.Entry{Title: it.Title, Text: "金融市场", Footer: "finews · 11-23 16:00 · #金融"}},
	} {
		shape, err := tt.tmpl.Compile("zh", shanghai)
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		got, err := shape(it)
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
		tt.want.URL = it.URL
		same(t, tt.name, got, tt.want)
	}
	// Without a zone dates are as their source states them.
	stated := *it
	stated.Published = time.Date(2026, 11, 29, 0, 0, 0, 0, time.FixedZone("", 8*3600))
	msg, _, err := push.Preview((&script{name: "t"}).spec(func(s *push.Spec) { s.Zone = nil }), &stated)
	if err != nil || !strings.Contains(msg.Entries[0].Footer, "11-29 00:00") {
		t.Errorf("without a zone: %v, %v", msg.Entries[0].Footer, err)
	}
	// A target without a template shows what the default one does.
	shape, err := push.Template{}.Compile("zh", shanghai)
	if err != nil {
		t.Fatal(err)
	}
	for _, it := range []*feeds.Item{it, push.Sample("en"), push.Sample("zh"), {ID: "2", Source: "s", Title: "t"}} {
		want, err := shape(it)
		if err != nil {
			t.Error(err)
		}
		spec := (&script{name: "t"}).spec(func(s *push.Spec) { s.Zone = shanghai })
		msg, _, err := push.Preview(spec, it)
		if err != nil {
			t.Error(err)
		}
		got := msg.Entries[0]
		got.Item = nil
		same(t, "default of "+it.ID, got, want)
	}
}

// TestBadTemplate: what cannot work, or could take long, is said when the configuration is loaded.
func TestBadTemplate(t *testing.T) {
	for text, want := range map[string]string{
		"{{.Titel}}":                            "Titel",
		"{{.Title":                              "unclosed action",
		`{{printf "%999999999d" 1}}`:            "printf cannot be called",
		`{{if true}}{{html .Title}}{{end}}`:     "html cannot be called",
		"{{range 1000000000}}{{end}}":           "want .Tags, .Categories or .Authors",
		"{{$n := 99999999}}{{range $n}}{{end}}": "want .Tags",
		"{{range .Tags}}{{range .Tags}}{{range .Tags}}x{{end}}{{end}}{{end}}": "deeper",
		`{{define "x"}}{{template "x"}}{{end}}{{template "x"}}`:               "defines another template",
		`{{template "text"}}`:                        "cannot call another",
		`{{index .Tags 0}}`:                          "sample item",
		`{{call .Title}}`:                            "call cannot be called",
		`{{(range .Tags)}}`:                          "",
		`{{with printf "x"}}{{end}}`:                 "printf",
		`{{.Published.Format "2006" | printf "%s"}}`: "printf",
	} {
		_, err := push.Template{Text: text}.Compile("en", time.UTC)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
	if _, err := (push.Template{Title: `{{""}}`}).Compile("en", time.UTC); err == nil {
		t.Error("a title that shows nothing")
	}
	// Text that grows past any message ends in an error, which leaves title and link.
	shape, err := push.Template{Text: "{{range .Tags}}{{range $.Tags}}{{$.Summary}}{{end}}{{end}}"}.Compile("en", time.UTC)
	if err != nil {
		t.Fatal(err)
	}
	it := &feeds.Item{ID: "1", Title: "t", Summary: strings.Repeat("x", 60<<10), Tags: strings.Split(strings.Repeat("a ", 5000), " ")}
	if _, err := shape(it); err == nil || !strings.Contains(err.Error(), "64 KiB") {
		t.Errorf("got %v", err)
	}
	msg, _, err := push.Preview((&script{name: "t"}).spec(func(s *push.Spec) { s.Shape = shape }), it)
	if err != nil || msg.Entries[0].Title != "t" || msg.Entries[0].Text != "" {
		t.Errorf("got %+v, %v", msg, err)
	}
}

func FuzzTemplate(f *testing.F) {
	f.Add("{{.Title}}")
	f.Add("{{range .Tags}}{{cut 3 .}}{{else}}{{end}}")
	f.Add("{{with .Author}}{{. | upper}}{{end}}{{len .Tags}}")
	f.Fuzz(func(t *testing.T, text string) {
		shape, err := push.Template{Text: text}.Compile("en", time.UTC)
		if err != nil {
			return
		}
		if e, err := shape(push.Sample("zh")); err == nil && len(e.Text) > 64<<10 {
			t.Errorf("%d bytes", len(e.Text))
		}
	})
}
