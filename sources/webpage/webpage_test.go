package webpage

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

func configOf(t *testing.T, text string) *Config {
	t.Helper()
	c := Kind.Config().(*Config)
	if err := yaml.Load([]byte(text), c, yaml.WithKnownFields()); err != nil {
		t.Fatal(err)
	}
	if err := c.Check(""); err != nil {
		t.Fatal(err)
	}
	return c
}

func open(t *testing.T, site *sitetest.Site, text string) sources.Source {
	t.Helper()
	c := configOf(t, strings.ReplaceAll(text, "https://outside.example", site.URL))
	zone, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		t.Fatal(err)
	}
	src, err := Kind.New(c, sources.Env{Name: "test", HTTP: site.Client, Zone: zone})
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

// row is an item of a list.
func row(n int, title string) string {
	return fmt.Sprintf(`<li><a href="/a/%d.html">%s</a> <span class="date">2026-11-%02d</span></li>`, n, title, n)
}

func listOf(rows ...string) string {
	return "<html lang=en><title>Notices</title><ul class=news>" + strings.Join(rows, "") + "</ul></html>"
}

const simple = `{webpage: https://outside.example/, items: ul.news > li, fields: {title: a, url: a@href, date: .date}}`

func TestSuite(t *testing.T) {
	sourcetest.Run(t, func(t *testing.T) sourcetest.Outside {
		dir := t.TempDir()
		write(t, dir, "index.html", listOf(row(2, "two"), row(1, "one")))
		site := sitetest.New(t, dir)
		return sourcetest.Outside{
			New:    func() sources.Source { return open(t, site, simple) },
			Change: func() { write(t, dir, "index.html", listOf(row(3, "three"), row(2, "two, edited"))) },
			Break:  func() { write(t, dir, "index.html", listOf()) },
		}
	})
}

func TestSuiteFollowed(t *testing.T) {
	sourcetest.Run(t, func(t *testing.T) sourcetest.Outside {
		dir := t.TempDir()
		write(t, dir, "index.html", listOf(row(2, "two"), row(1, "one")))
		if err := os.Mkdir(filepath.Join(dir, "a"), 0o700); err != nil {
			t.Fatal(err)
		}
		for n := range 4 {
			write(t, dir, fmt.Sprintf("a/%d.html", n), fmt.Sprintf("<article><p>Text %d.</article>", n))
		}
		site := sitetest.New(t, dir)
		return sourcetest.Outside{
			New: func() sources.Source {
				return open(t, site, `{webpage: https://outside.example/, items: ul.news > li, follow: article, complete: true}`)
			},
			Change: func() { write(t, dir, "index.html", listOf(row(3, "three"))) },
			Break:  func() { site.Break(http.StatusBadGateway) },
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

func removeFile(dir, name string) error { return os.Remove(filepath.Join(dir, name)) }

func TestConfig(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{`{webpage: "https://u:p@h.example/x?token=y", items: li}`, ""},
		{`{webpage: "", items: li}`, "the address is empty"},
		{`{webpage: "h.example/x", items: li}`, "not an address"},
		{`{webpage: "file:///etc/passwd", items: li}`, "not an address"},
		{`{webpage: "ftp://h.example/", items: li}`, "only http and https"},
		{`{webpage: "https://h.example/"}`, "items: is missing"},
		{`{webpage: "https://h.example/", items: "li["}`, "not a CSS selector"},
		{`{webpage: "https://h.example/", items: "//li"}`, "this is XPath"},
		{`{webpage: "https://h.example/", items: li, fields: {title: "a::text"}}`, "not a CSS selector"},
		{`{webpage: "https://h.example/", items: li, fields: {titel: a}}`, `fields: there is no field "titel"`},
		{`{webpage: "https://h.example/", items: li, fields: {title: {selector: a, regexp: "("}}}`, "not a regular expression"},
		{`{webpage: "https://h.example/", items: li, fields: {title: {css: a}}}`, "want the keys selector, attr"},
		{`{webpage: "https://h.example/", items: li, fields: {title: []}}`, "the list is empty"},
		{`{webpage: "https://h.example/", items: li, fields: {title: {attr: "a b"}}}`, "no name of an attribute"},
		{`{webpage: "https://h.example/", items: li, article: {author: .by}}`, "article: needs follow"},
		{`{webpage: "https://h.example/", items: li, follow: p, article: {by: .by}}`, `article: there is no field "by"`},
		{`{webpage: "https://h.example/", items: li, follow: readability, follow_limit: 1000}`, "follow_limit: want 1 to 200"},
		{`{webpage: "https://h.example/", items: li, pages: 3}`, "pages: needs next"},
		{`{webpage: "https://h.example/", items: li, next: "a["}`, "next: not a CSS selector"},
		{`{webpage: "https://h.example/", items: li, next: "/list/2"}`, "next: the address of each page has its number in it"},
	} {
		cfg := Kind.Config().(*Config)
		err := yaml.Load([]byte(c.text), cfg, yaml.WithKnownFields())
		if err == nil {
			err = cfg.Check("")
		}
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.text, err, c.want)
		}
		if l := cfg.Location(); strings.Contains(l, "token=y") || strings.Contains(l, "u:p") {
			t.Errorf("the location shows a secret: %s", l)
		}
	}
}
