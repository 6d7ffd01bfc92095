package config

import (
	"errors"
	"flag"
	"fmt"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"feedmill/feeds"
	publish "feedmill/feeds/web"
	"feedmill/sources"
)

var update = flag.Bool("update", false, "rewrite the expected errors and goldens in testdata")

// jekyllConfig and feedConfig have the shape of the configs of real kinds; the real ones may not be imported here.
type jekyllConfig struct {
	Jekyll        string `yaml:"jekyll" doc:"The directory of the site."`
	ZonelessDates string `yaml:"zoneless_dates" doc:"utc (as Jekyll does) or site."`
	Drafts        bool   `yaml:"drafts" doc:"Publish _drafts, too."`
}

func (c *jekyllConfig) Location() string { return c.Jekyll }

func (c *jekyllConfig) Check(string) error {
	if c.ZonelessDates != "utc" && c.ZonelessDates != "site" {
		return fmt.Errorf("zoneless_dates: want utc or site, got %q", c.ZonelessDates)
	}
	return nil
}

type feedConfig struct {
	Feed     string            `yaml:"feed" secret:"true" doc:"The address of the feed."`
	Token    string            `yaml:"token" secret:"true"`
	Retries  int               `yaml:"retries"`
	Patience time.Duration     `yaml:"patience"`
	Marks    map[string]string `yaml:"marks"`
	Limits   struct {
		Bytes   int64   `yaml:"bytes"`
		Entries uint    `yaml:"entries"`
		Ratio   float64 `yaml:"ratio"`
	} `yaml:"limits"`
	Peer *netip.Addr `yaml:"peer"`
}

func (c *feedConfig) Location() string { return "feed" }

func (c *feedConfig) Check(string) error {
	if !strings.HasPrefix(c.Feed, "http") {
		return errors.New("want an http or https address")
	}
	return nil
}

func fakeKinds() Kinds {
	return Kinds{Targets: fakeTargets(), Sources: []sources.Kind{
		{
			Name: "jekyll", Doc: "a directory with a Jekyll site", Interval: time.Minute,
			Config: func() sources.Config { return &jekyllConfig{ZonelessDates: "utc"} },
			Recognise: func(arg string) (sources.Config, bool) {
				return &jekyllConfig{Jekyll: arg, ZonelessDates: "utc"}, !strings.Contains(arg, "://") && !strings.Contains(arg, "nothing")
			},
		},
		{
			Name: "feed", Doc: "the address of an RSS, Atom or JSON feed.", Interval: 30 * time.Minute, Web: true,
			Config: func() sources.Config { return &feedConfig{Patience: 20 * time.Second} },
			Recognise: func(arg string) (sources.Config, bool) {
				return &feedConfig{Feed: arg, Patience: 20 * time.Second}, strings.HasPrefix(arg, "http")
			},
		},
	}}
}

func testEnv(name string) (string, bool) {
	v, ok := map[string]string{
		"REDIS_URL": "redis://:s3cret@redis:6379/0", "HOST": "feeds.example.com", "N": "7", "BAD": "s3cret-value",
		"EMPTY": "", "YES": "true", "ALICE": "ALICE-has-this-secret-of-128-bits", "RATIO": "0.5", "COLON": "a: b # c", "CHAT": "https://chat.example/hook/s3cret",
	}[name]
	return v, ok
}

func TestGood(t *testing.T) {
	files, err := filepath.Glob("testdata/*.good.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no testdata/*.good.yaml: %v", err)
	}
	for _, name := range files {
		t.Run(filepath.Base(name), func(t *testing.T) {
			c, err := Load(name, fakeKinds(), testEnv)
			if err != nil {
				t.Fatalf("a good file is refused:\n%v", err)
			}
			compareInit(t, c)
		})
	}
}

// compareInit holds the promise of Init: the file it prints says the same.
func compareInit(t *testing.T, c *Config) {
	t.Helper()
	text, err := Init(c)
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(c.Base, "again.yaml")
	again, err := Parse(name, text, fakeKinds(), testEnv)
	if err != nil {
		t.Fatalf("what Init printed is refused:\n%v\n%s", err, text)
	}
	opts := cmp.Options{
		cmp.AllowUnexported(Web{}, Config{}), cmpopts.IgnoreUnexported(Feed{}, Target{}), cmpopts.IgnoreFields(Target{}, "Line", "Kind", "Shape"), cmpopts.IgnoreFields(Config{}, "File", "Files"),
		cmpopts.IgnoreFields(Source{}, "Line", "Kind"), cmpopts.IgnoreFields(Adopt{}, "Kind"),
		cmpopts.EquateEmpty(),
		cmp.Comparer(func(a, b *time.Location) bool {
			return (a == nil) == (b == nil) && (a == nil || a.String() == b.String())
		}),
		cmp.Comparer(func(a, b netip.Prefix) bool { return a == b }),
		cmp.Comparer(func(a, b netip.Addr) bool { return a == b }),
	}
	if diff := cmp.Diff(c, again, opts); diff != "" {
		t.Errorf("what Init printed says something else (-want +got):\n%s\n%s", diff, text)
	}
}

// TestBad reads files whose first lines ("# error: …") are the expected errors without the file's name.
func TestBad(t *testing.T) {
	files, err := filepath.Glob("testdata/*.bad.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no testdata/*.bad.yaml: %v", err)
	}
	for _, name := range files {
		t.Run(filepath.Base(name), func(t *testing.T) {
			data, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			_, err = Load(name, fakeKinds(), testEnv)
			var all Errors
			if !errors.As(err, &all) {
				t.Fatalf("want Errors, got %v", err)
			}
			var got strings.Builder
			for _, e := range all {
				fmt.Fprintf(&got, "# error: %s\n", strings.TrimPrefix(e.Error(), name+":"))
			}
			if strings.Contains(err.Error(), "s3cret") {
				t.Errorf("a secret is in the error:\n%v", err)
			}
			var want, rest strings.Builder
			for line := range strings.Lines(string(data)) {
				if rest.Len() == 0 && strings.HasPrefix(line, "# error: ") {
					want.WriteString(line)
				} else {
					rest.WriteString(line)
				}
			}
			if *update {
				rewrite(t, name, strings.Count(want.String(), "\n"), rest.String())
				return
			}
			if diff := cmp.Diff(want.String(), got.String()); diff != "" {
				t.Errorf("errors (-want +got):\n%s", diff)
			}
		})
	}
}

// rewrite puts the errors of a file before its text: the number of these lines moves those that the errors name.
func rewrite(t *testing.T, name string, lines int, rest string) {
	t.Helper()
	for range 2 {
		data := strings.Repeat("# error: \n", lines) + rest
		_, err := Parse(name, []byte(data), fakeKinds(), testEnv)
		var all Errors
		if !errors.As(err, &all) {
			t.Fatalf("want Errors, got %v", err)
		}
		var head strings.Builder
		for _, e := range all {
			fmt.Fprintf(&head, "# error: %s\n", strings.TrimPrefix(e.Error(), name+":"))
		}
		if lines == len(all) {
			if err := os.WriteFile(name, []byte(head.String()+rest), 0o644); err != nil {
				t.Fatal(err)
			}
			return
		}
		lines = len(all)
	}
	t.Fatalf("%s: the errors do not settle", name)
}

func TestEverythingIsTaken(t *testing.T) {
	c, err := Load("testdata/full.good.yaml", fakeKinds(), testEnv)
	if err != nil {
		t.Fatal(err)
	}
	type got struct {
		BaseURL, Title, Description, Language, Zone, Store, Listen, Admin string
		Items                                                             int
		MaxAge                                                            time.Duration
		Titles                                                            map[feeds.Topic]string
		Files                                                             []string
	}
	want := got{
		"https://feeds.example.com/news", "金融消息", "a: b # c", "zh-CN", "Asia/Shanghai", "redis://:s3cret@redis:6379/0", ":9000", "off",
		7, 90 * time.Second,
		map[feeds.Topic]string{
			{Kind: "category", Name: "zhengquanshibaowang"}: "证券时报网", {Kind: "category", Name: "2021"}: "The year",
			{Kind: "tag", Name: "open-source"}: "Open source", {Kind: "feed", Name: "chips"}: "芯片要闻", {Kind: "source", Name: "techcrunch"}: "Tech",
		},
		[]string{"testdata/full.good.yaml", "testdata/group.txt", "testdata/token.txt", "testdata/token.txt"},
	}
	if diff := cmp.Diff(want, got{c.BaseURL, c.Title, c.Description, c.Language, c.Zone.String(), c.Store, c.Listen, c.Admin, c.Items, c.MaxAge, c.Titles, c.Files}); diff != "" {
		t.Errorf("top level (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[feeds.Topic]feeds.Text{
		{Kind: "tag", Name: "open-source"}: {Description: "Free", Language: "en", Image: "https://example.org/o.png"},
		{Kind: "feed", Name: "chips"}:      {Description: "芯片"},
	}, c.Texts); diff != "" || c.Image != "https://example.org/logo.png" || c.Icon != "https://example.org/icon.png" || c.Copyright != "© 金融消息" {
		t.Errorf("texts (-want +got):\n%s%q %q %q", diff, c.Image, c.Icon, c.Copyright)
	}
	if diff := cmp.Diff([]Group{{"desk", map[string]string{"alice": "ALICE-has-this-secret-of-128-bits", "bob": "BOB-0123456789-abcdefghijklm"}}, {Name: "board"}}, c.Groups); diff != "" {
		t.Errorf("groups (-want +got):\n%s", diff)
	}
	if s := c.Sources[1]; s.Group != "desk" || c.Feeds[1].Topic.Group != "desk" {
		t.Errorf("who belongs to which group: %+v, %+v", s, c.Feeds)
	}
	if len(c.Feeds) != 2 || c.Feeds[0].Topic != feeds.NewTopic("feed", "chips") || c.Feeds[1].Hash == c.Feeds[0].Hash {
		t.Fatalf("feeds: %+v", c.Feeds)
	}
	for i, it := range []*feeds.Item{{Tags: []string{"半导体"}, Language: "zh-CN"}, {Tags: []string{"AI"}, Content: strings.Repeat("x", 3001)}} {
		for j := range c.Feeds {
			if in, err := c.Feeds[j].Match(it); in != (i == j) || err != nil {
				t.Errorf("feed %d has item %d: %v, %v", j, i, in, err)
			}
		}
	}
	if diff := cmp.Diff(map[string]publish.Redirect{
		"/posts/index.xml": {To: "tag/open-source"}, "/blog/rss": {To: "/feed.rss", Status: 308}, "/source/tc": {To: "source/techcrunch"},
	}, c.Redirects); diff != "" {
		t.Errorf("redirects (-want +got):\n%s", diff)
	}
	if c.RateLimit != 0 || !cmp.Equal(c.TrustedProxies, []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}, cmp.Comparer(func(a, b netip.Prefix) bool { return a == b })) {
		t.Errorf("rate_limit %d, trusted_proxies %v", c.RateLimit, c.TrustedProxies)
	}
	if len(c.Sources) != 2 || c.Sources[0].Name != "finews" || c.Sources[1].Name != "techcrunch" {
		t.Fatalf("sources: want finews and techcrunch in this order, got %+v", c.Sources)
	}
	finews, tech := c.Sources[0], c.Sources[1]
	if finews.Interval != time.Minute || finews.Kind.Name != "jekyll" || finews.Config.(*jekyllConfig).ZonelessDates != "site" || finews.Line == 0 {
		t.Errorf("finews: %+v %+v", finews, finews.Config)
	}
	cfg := tech.Config.(*feedConfig)
	if cfg.Token != "from the file" || cfg.Retries != 7 || cfg.Patience != 20*time.Second || cfg.Limits.Ratio != 0.5 || cfg.Marks["X-Price"] != "$5" {
		t.Errorf("techcrunch's own keys: %+v", cfg)
	}
	w := tech.Web
	if w.Proxy.String() != "socks5://127.0.0.1:9050" || w.UserAgent != "me/1" || w.Timeout != time.Minute || w.MaxBytes != 65536 ||
		!cmp.Equal(w.Header, http.Header{"Authorization": {"Basic dTpwOng="}, "X-Key": {"from the file"}, "X-Price": {"$5"}, "Cookie": {"a=b"}}) {
		t.Errorf("techcrunch's keys for asking: %+v", w)
	}
	if tech.Interval != 15*time.Minute || tech.MaxInterval != 2*time.Hour || !tech.Chosen || tech.Author != "TC" || tech.Language != "en" || tech.Formerly != "tc" ||
		!cmp.Equal(tech.AddTags, []string{"科技", "AI"}) || !cmp.Equal(tech.AddCategories, []string{"tech"}) ||
		len(tech.Web.Allow) != 1 || tech.Web.Allow[0] != netip.MustParsePrefix("10.0.0.0/8") {
		t.Errorf("techcrunch's common keys: %+v", tech)
	}
}

func TestDefaults(t *testing.T) {
	c, err := Parse("/etc/feedmill/feedmill.yaml", []byte("sources: { a: { jekyll: /a } }"), fakeKinds(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if c.Store != "bolt:/etc/feedmill/feedmill.db" || c.Listen != DefaultListen || c.Admin != DefaultAdmin || c.Items != 0 ||
		c.MaxAge != DefaultMaxAge || c.BaseURL != "" || c.Zone != nil || c.RateLimit != DefaultRate || c.TrustedProxies != nil {
		t.Errorf("defaults: %+v", c)
	}
}

func TestLoadWithoutFile(t *testing.T) {
	_, err := Load(filepath.Join(t.TempDir(), "feedmill.yaml"), fakeKinds(), nil)
	if !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), "feedmill init") {
		t.Errorf("want a not-exist error that names the next step, got %v", err)
	}
}

func TestLoadTooLarge(t *testing.T) {
	name := filepath.Join(t.TempDir(), "feedmill.yaml")
	if err := os.WriteFile(name, make([]byte, maxFile+1), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(name, fakeKinds(), nil); err == nil || !strings.Contains(err.Error(), "larger than 8 MiB") {
		t.Errorf("want an error about the size, got %v", err)
	}
}

func TestKindsAreChecked(t *testing.T) {
	type clash struct {
		jekyllConfig `yaml:",inline"`
		Interval     time.Duration `yaml:"interval"`
	}
	for want, kinds := range map[string][]sources.Kind{
		"no kind of source":        nil,
		"no field with the yaml":   {{Name: "other", Config: func() sources.Config { return &jekyllConfig{} }}},
		"belongs to every source;": {{Name: "jekyll", Config: func() sources.Config { return &clash{} }}},
	} {
		if _, err := Parse("f.yaml", nil, Kinds{Sources: kinds}, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q, got %v", want, err)
		}
	}
}

// TestFingerprint: what did not change keeps running, what did is restarted.
func TestFingerprint(t *testing.T) {
	parse := func(text string) Source {
		t.Helper()
		c, err := Parse("f.yaml", []byte(text), fakeKinds(), nil)
		if err != nil {
			t.Fatal(err)
		}
		return c.Sources[0]
	}
	const text = "sources:\n  a:\n    jekyll: /a\n"
	base := parse(text).Fingerprint
	for _, same := range []string{"# a comment\n" + text, "title: other\n" + text, text + "    zoneless_dates: utc\n", text + "    interval: 60s\n"} {
		if parse(same).Fingerprint != base {
			t.Errorf("nothing of the source changed, but its fingerprint did:\n%s", same)
		}
	}
	for _, other := range []string{
		"timezone: Asia/Shanghai\n" + text, text + "    zoneless_dates: site\n", text + "    interval: 61s\n", text + "    add: { tag: [x] }\n",
		text + "    language: en\n", text + "    author: A\n", text + "    formerly: b\n", "sources:\n  b:\n    jekyll: /a\n",
		"sources:\n  a:\n    jekyll: /b\n",
	} {
		if parse(other).Fingerprint == base {
			t.Errorf("the source changed, but its fingerprint did not:\n%s", other)
		}
	}
}

func TestNeedsRestart(t *testing.T) {
	a := &Config{Store: "memory:", Listen: ":1", Admin: ":2", Title: "a"}
	if got := a.NeedsRestart(&Config{Store: "memory:", Listen: ":1", Admin: ":2", Title: "b"}); got != nil {
		t.Errorf("want nothing, got %v", got)
	}
	if got := a.NeedsRestart(&Config{Store: "redis://x", Listen: ":1", Admin: ":3"}); !cmp.Equal(got, []string{"admin", "store"}) {
		t.Errorf("want admin and store, got %v", got)
	}
}

func FuzzParse(f *testing.F) {
	for _, pattern := range []string{"testdata/*.good.yaml", "testdata/*.bad.yaml"} {
		files, _ := filepath.Glob(pattern)
		for _, name := range files {
			data, err := os.ReadFile(name)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(string(data))
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		if strings.Contains(text, "_file") {
			return // the fuzzer shall not open files that it made up
		}
		c, err := Parse("testdata/fuzz.yaml", []byte(text), fakeKinds(), testEnv)
		if err == nil {
			compareInit(t, c)
			return
		}
		var all Errors
		if !errors.As(err, &all) || len(all) == 0 {
			t.Errorf("want Errors, got %v", err)
		}
	})
}

func TestDuplicatesAndOriginal(t *testing.T) {
	kinds := fakeKinds()
	for i := range kinds.Sources {
		kinds.Sources[i].FrontMatter = kinds.Sources[i].Name == "jekyll"
	}
	c, err := Parse("f.yaml", []byte(`duplicates: merge
sources:
  a: { jekyll: /a, original: last-link }
  b: { jekyll: /b, original: { field: source_url }, duplicates: keep }
  c: { feed: "https://c.example/f", original: { link: " 原文 ", remove: true } }
  d: { feed: "https://d.example/f", original: first-link }
  e: { jekyll: /e, original: via }
`), kinds, testEnv)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []struct {
		rule  sources.OriginalRule
		merge bool
	}{
		{sources.OriginalRule{Link: sources.LinkLast}, true},
		{sources.OriginalRule{Field: "source_url"}, false},
		{sources.OriginalRule{Link: "原文", Remove: true}, true},
		{sources.OriginalRule{Link: sources.LinkFirst}, true},
		{sources.OriginalRule{Field: "via"}, true},
	} {
		if s := c.Sources[i]; s.Original != want.rule || s.Merges(c) != want.merge {
			t.Errorf("%s: %+v, merges %v; want %+v", s.Name, s.Original, s.Merges(c), want)
		}
	}
}
