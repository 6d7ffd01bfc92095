package sitemap

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

func at(n int, lastmod string) string {
	return fmt.Sprintf("<url><loc>/p/%d</loc><lastmod>%s</lastmod></url>", n, lastmod)
}

func urlset(pages ...string) string { return "<urlset>" + strings.Join(pages, "") + "</urlset>" }

func TestSuite(t *testing.T) {
	sourcetest.Run(t, func(t *testing.T) sourcetest.Outside {
		dir := t.TempDir()
		write(t, dir, "s.xml", urlset(at(2, "2026-11-02"), at(1, "2026-11-01")))
		site := sitetest.New(t, dir)
		return sourcetest.Outside{
			New:    func() sources.Source { return open(t, site, `{sitemap: https://outside.example/s.xml}`) },
			Change: func() { write(t, dir, "s.xml", urlset(at(3, "2026-11-03"), at(2, "2026-11-02T10:00:00Z"))) },
			Break:  func() { write(t, dir, "s.xml", "<html>Down for maintenance</html>") },
		}
	})
}

func TestSuiteIndex(t *testing.T) {
	sourcetest.Run(t, func(t *testing.T) sourcetest.Outside {
		dir := t.TempDir()
		index := func(a, b string) {
			write(t, dir, "s.xml", fmt.Sprintf("<sitemapindex><sitemap><loc>/a.xml</loc><lastmod>%s</lastmod></sitemap><sitemap><loc>/b.xml</loc><lastmod>%s</lastmod></sitemap></sitemapindex>", a, b))
		}
		write(t, dir, "a.xml", urlset(at(1, "2026-11-01"), at(2, "2026-11-02")))
		write(t, dir, "b.xml", urlset(at(3, "2026-11-03")))
		index("2026-11-02", "2026-11-03")
		site := sitetest.New(t, dir)
		return sourcetest.Outside{
			New: func() sources.Source {
				return open(t, site, `{sitemap: https://outside.example/s.xml, complete: true}`)
			},
			Change: func() {
				write(t, dir, "a.xml", urlset(at(2, "2026-11-02")))
				index("2026-11-04", "2026-11-03")
			},
			Break: func() { site.Break(http.StatusServiceUnavailable) },
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
