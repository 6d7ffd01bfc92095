package jsonapi

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
	"go.yaml.in/yaml/v4"

	"feedmill/sources"
	"feedmill/sources/internal/sitetest"
	"feedmill/sources/sourcetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func open(t *testing.T, site *sitetest.Site, text string) sources.Source {
	t.Helper()
	c := Kind.Config().(*Config)
	if err := yaml.Load([]byte(strings.ReplaceAll(text, "https://outside.example", site.URL)), c, yaml.WithKnownFields()); err != nil {
		t.Fatal(err)
	}
	if err := c.Check(""); err != nil {
		t.Fatal(err)
	}
	src, err := Kind.New(c, sources.Env{Name: "test", HTTP: site.Client, Zone: time.FixedZone("", 8*3600)})
	if err != nil {
		t.Fatal(err)
	}
	return src
}

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestSuite(t *testing.T) {
	sourcetest.Run(t, func(t *testing.T) sourcetest.Outside {
		dir := t.TempDir()
		write(t, dir, "a.json", `[{"id": 2, "title": "two"}, {"id": 1, "title": "one"}]`)
		site := sitetest.New(t, dir)
		return sourcetest.Outside{
			New:    func() sources.Source { return open(t, site, `{jsonapi: https://outside.example/a.json, items: ".[]"}`) },
			Change: func() { write(t, dir, "a.json", `[{"id": 3, "title": "three"}, {"id": 2, "title": "two, edited"}]`) },
			Break:  func() { write(t, dir, "a.json", `[]`) },
		}
	})
}

func TestGolden(t *testing.T) {
	sourcetest.Golden(t, func(t *testing.T, input string) (sources.Source, string) {
		site := sitetest.New(t, input)
		text, err := os.ReadFile(filepath.Join(input, "config.yaml"))
		if err != nil {
			t.Fatal(err)
		}
		return open(t, site, string(text)), site.URL
	})
}

// fetch runs one fetch and returns the titles that were emitted.
func fetched(t *testing.T, src sources.Source, st *sourcetest.State) (*sourcetest.Sink, sources.Result, error) {
	t.Helper()
	out := sourcetest.NewSink(st)
	res, err := sourcetest.Fetch(t.Context(), src, st, out)
	for _, b := range out.Broken {
		t.Error(b)
	}
	return out, res, err
}

func TestPostAndCursorInTheBody(t *testing.T) {
	site := sitetest.New(t, t.TempDir())
	var got []string
	site.Handle(func(w http.ResponseWriter, r *http.Request) {
		body := make([]byte, 200)
		n, _ := r.Body.Read(body)
		got = append(got, r.Method+" "+string(body[:n]))
		if strings.Contains(string(body[:n]), "c2") {
			fmt.Fprint(w, `{"items":[{"id":"b","title":"b"}],"end":null}`)
			return
		}
		fmt.Fprint(w, `{"items":[{"id":"a","title":"a"}],"end":"c2"}`)
	})
	src := open(t, site, `{jsonapi: https://outside.example/graphql, items: ".items[]", body: '{"q":"x"}', next: 'if .end then {q: "x", after: .end} else null end'}`)
	out, _, err := fetched(t, src, sourcetest.NewState())
	if err != nil || len(out.Changes) != 2 {
		t.Fatalf("%v %v", out.Keys(), err)
	}
	if want := `POST {"q":"x"}|POST {"after":"c2","q":"x"}`; strings.Join(got, "|") != want {
		t.Errorf("%q, want %s", got, want)
	}
}

func TestLinkHeader(t *testing.T) {
	site := sitetest.New(t, t.TempDir())
	site.Handle(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("page") == "" {
			w.Header().Add("Link", `</x?a=1,2>; title="a, <b>; rel=next"; rel=prev, </list?page=2>; rel="last next"`)
		}
		fmt.Fprintf(w, `[{"title":"page %s"}]`, r.URL.Query().Get("page"))
	})
	src := open(t, site, `{jsonapi: https://outside.example/list, items: ".[]", next: link}`)
	if out, _, err := fetched(t, src, sourcetest.NewState()); err != nil || len(out.Changes) != 2 {
		t.Fatalf("%v %v", out.Keys(), err)
	}
}

// TestErrors: each answer of another shape is an error that says what it is and what to do.
func TestErrors(t *testing.T) {
	for _, c := range []struct{ name, config, body, want string }{
		{"HTML", ``, `<!doctype html><title>Log in</title>`, "an HTML or XML page instead of JSON"},
		{"empty", ``, ``, "the answer is empty"},
		{"cut", ``, `[{"title": "a"}, {"ti`, "parse JSON: unexpected EOF"},
		{"deep", ``, strings.Repeat("[", 300) + strings.Repeat("]", 300), "more than 200 levels"},
		{"many", ``, "[" + strings.Repeat("0,", 1_000_001) + "0]", "more than 1000000 values"},
		{"nothing", ``, `[]`, `items: ".[]" matches nothing`},
		{"object", ``, `{"error": {"code": 5}}`, ""},
		{"list", `items: .data`, `{"data": [{"title": "a"}]}`, `yields a list of 1 instead of its items; write .data[]`},
		{"not iterable", `items: .data[]`, `{"data": 5}`, `items: ".data[]": cannot iterate over: number (5)`},
		{"endless", `items: "range(1e12) | select(. < 0)"`, `{}`, "work too long"},
		{"large output", `items: "{title: \"x\", list: [range(.n)]}"`, `{"n": 300000}`, "more than 200000 values"},
		{"next elsewhere", "items: .[]\nnext: '\"https://evil.example/\"'", `[{"title":"a"}]`, "next: https://evil.example/ is not an address of"},
		{"next no address", "items: .[]\nnext: '\"abc\"'", `[{"title":"a"}]`, `which is no address`},
		{"next object", "items: .[]\nnext: '{a: 1}'", `[{"title":"a"}]`, `without body it has to yield an address`},
		{"environment", `items: '{title: ($ENV | length | tostring)}'`, `{}`, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, dir, "a.json", c.body)
			if c.config == "" {
				c.config = `items: ".[]"`
			}
			src := open(t, sitetest.New(t, dir), "jsonapi: https://outside.example/a.json\n"+c.config)
			src.(*source).limit = time.Minute
			if c.name == "endless" {
				src.(*source).limit = 100 * time.Millisecond
			}
			out, _, err := fetched(t, src, sourcetest.NewState())
			switch {
			case c.name == "environment":
				if err != nil || len(out.Changes) != 1 || out.Changes[0].Item.Title != "0" {
					t.Errorf("a program sees the environment: %+v %v", out.Changes, err)
				}
			case c.want == "" && len(out.Changes) == 0 && len(out.Rejected) == 0:
				t.Errorf("silent: %v", err)
			case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
}

func TestConfig(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{`{jsonapi: "https://h.example/x?token=y", items: ".a[]"}`, ""},
		{`{jsonapi: "", items: ".a[]"}`, "the address is empty"},
		{`{jsonapi: "ftp://h.example/", items: ".a[]"}`, "only http and https"},
		{`{jsonapi: "https://h.example/"}`, "items: is missing"},
		{`{jsonapi: "https://h.example/", items: ".a[] | {"}`, `unexpected EOF at character 9`},
		{`{jsonapi: "https://h.example/", items: '."数据" ] .b'}`, `unexpected token "]" at character 7`},
		{`{jsonapi: "https://h.example/", items: nosuch}`, "function not defined: nosuch/0"},
		{`{jsonapi: "https://h.example/", items: '$nope'}`, "variable not defined: $nope"},
		{`{jsonapi: "https://h.example/", items: ".a[]", fields: {titel: .t}}`, `fields: there is no field "titel"`},
		{`{jsonapi: "https://h.example/", items: ".a[]", next: ".b |"}`, "next: not a jq program"},
		{`{jsonapi: "https://h.example/", items: ".a[]", next: "?page=2"}`, "next: the address of each page has its number in it"},
		{`{jsonapi: "https://h.example/", items: ".a[]", pages: 3}`, "pages: needs next"},
		{`{jsonapi: "https://h.example/", items: ".a[]", next: link, pages: 1000}`, "pages: want 1 to 100"},
		{`{jsonapi: "https://h.example/", items: ".a[]", body: "{"}`, "body: want JSON"},
	} {
		cfg := Kind.Config().(*Config)
		err := yaml.Load([]byte(c.text), cfg, yaml.WithKnownFields())
		if err == nil {
			err = cfg.Check("")
		}
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.text, err, c.want)
		}
		if strings.Contains(cfg.Location(), "token=y") {
			t.Errorf("the location shows a secret: %s", cfg.Location())
		}
	}
}

func FuzzDocument(f *testing.F) {
	f.Add([]byte(`[{"id":1,"title":"a","authors":[{"name":"x"}],"date":1763973000}]`))
	f.Add([]byte("{\"items\":[{}]}\n{}"))
	f.Add([]byte(`{"data":{"title":{"rendered":"x"},"attachments":[{"url":"/a","size_in_bytes":-1}]}}`))
	items := Program{}
	if err := items.UnmarshalText([]byte(`.. | objects`)); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		docs, err := read(body, "application/json")
		if err != nil {
			return
		}
		r := &reading{source: &source{cfg: Config{Items: items}}}
		for _, doc := range docs {
			_ = items.run(t.Context(), doc, scope{}, func(item any) error {
				_, err := r.entry(t.Context(), item, scope{})
				return err
			})
		}
	})
}
