package hugo

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"feedmill/feeds"
	"feedmill/sources"
	"feedmill/sources/sourcetest"
)

var (
	againstHugo = flag.Int("against-hugo", 0, "compare so many pages of each kind of site with what the installed Hugo makes of them; 0 for none")
	hugoSite    = flag.String("hugo-site", "", "compare this site, instead of sites that are made up")
	hugoSeed    = flag.Uint64("hugo-seed", 1, "what sites are made up from")
	hugoShow    = flag.Int("hugo-show", 10, "differences to print for each field")
)

// hugoTemplate makes Hugo write what it knows of each page.
const hugoTemplate = `{{- $pages := slice -}}
{{- range .Site.RegularPages -}}{{- with .File -}}{{- else -}}{{ continue }}{{- end -}}
{{- $pages = $pages | append (dict "File" .File.Filename "Permalink" .Permalink "Title" .Title "Lang" .Lang
  "Date" (.Date.Format "2006-01-02T15:04:05.999999999Z07:00") "Lastmod" (.Lastmod.Format "2006-01-02T15:04:05.999999999Z07:00")
  "Tags" .Params.tags "Categories" .Params.categories "Series" .Params.series "Places" .Params.places
  "Summary" (string .Summary) "Content" (string .Content)) -}}
{{- end -}}
{{- $pages | jsonify -}}
`

// hugoPage is a page as Hugo has it.
type hugoPage struct {
	File, Permalink, Title, Lang     string
	Date, Lastmod                    string
	Tags, Categories, Series, Places any
	Summary, Content                 string
}

// TestAgainstHugo compares with the Hugo that is installed, by hand:
//
//	go test ./sources/hugo -run AgainstHugo -v -against-hugo 300
//	go test ./sources/hugo -run AgainstHugo -v -hugo-site /path/to/a/site
//
// It fails where fewer than 99 % of pages are the same in a field.
func TestAgainstHugo(t *testing.T) {
	if *againstHugo == 0 && *hugoSite == "" {
		t.Skip("by hand: -against-hugo 300, or -hugo-site DIR")
	}
	bin, err := exec.LookPath("hugo")
	if err != nil {
		t.Skip("hugo is not installed")
	}
	if *hugoSite != "" {
		dir := t.TempDir()
		if err := os.CopyFS(dir, os.DirFS(*hugoSite)); err != nil {
			t.Fatal(err)
		}
		compareSite(t, bin, dir)
		return
	}
	for _, name := range sortedKeys(madeUp) {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			madeUp[name](rand.New(rand.NewPCG(*hugoSeed, uint64(len(name)))), func(file, text string) {
				write(t, dir, map[string]string{file: text})
			}, *againstHugo)
			compareSite(t, bin, dir)
		})
	}
}

// compareSite builds a site with Hugo and holds it against ours.
func compareSite(t *testing.T, bin, dir string) {
	out := t.TempDir()
	write(t, dir, map[string]string{"layouts/index.feedmilljson.json": hugoTemplate})
	write(t, out, map[string]string{"over.json": `{"refLinksErrorLevel":"WARNING","outputs":{"home":["HTML","FeedmillJSON"]},"outputFormats":{"FeedmillJSON":{"mediaType":"application/json","baseName":"feedmill","isPlainText":true}}}`})
	conf := ""
	for _, base := range []string{"hugo", "config"} {
		for _, ext := range configExts {
			if _, err := os.Stat(filepath.Join(dir, base+ext)); err == nil && conf == "" {
				conf = base + ext
			}
		}
	}
	over := filepath.Join(out, "over.json")
	cmd := exec.Command(bin, "--destination", filepath.Join(out, "public"), "--config", strings.TrimPrefix(conf+","+over, ","), "--source", dir)
	text, err := cmd.CombinedOutput()
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "E") || err != nil && !strings.HasPrefix(line, "WARN") {
			t.Logf("hugo says: %.500s", line)
		}
	}
	if err != nil {
		t.Fatalf("hugo: %v", err)
	}
	want := map[string]hugoPage{}
	err = filepath.WalkDir(filepath.Join(out, "public"), func(path string, d os.DirEntry, err error) error {
		if err != nil || d.Name() != "feedmill.json" {
			return err
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		var pages []hugoPage
		if err := json.Unmarshal(b, &pages); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		for _, p := range pages {
			rel, err := filepath.Rel(dir, p.File)
			if err != nil {
				return err
			}
			if p.Permalink != "" { // else a page that is not rendered
				want[filepath.ToSlash(rel)] = p
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	st := sourcetest.NewState()
	sink := sourcetest.NewSink(st)
	if _, err := open(dir).Fetch(context.Background(), st, sink); err != nil {
		t.Fatal(err)
	}
	got := map[string]*feeds.Item{}
	for _, c := range sink.Changes {
		if !c.Hold {
			got[c.Key] = c.Item
		}
	}
	c := comparison{t: t, now: sink.Now, same: map[string]int{}, shown: map[string]int{}}
	for _, key := range slices.Sorted(maps.Keys(want)) {
		c.page(key, want[key], got[key])
	}
	for _, key := range slices.Sorted(maps.Keys(got)) {
		if _, ok := want[key]; !ok {
			c.n++
			c.differs("page", key, "(none)", "a page")
		}
	}
	c.report(sink)
}

type comparison struct {
	t           *testing.T
	n           int
	now         time.Time
	same, shown map[string]int
}

var comparedFields = []string{"page", "url", "title", "date", "lastmod", "labels", "summary", "content"}

func (c *comparison) page(key string, want hugoPage, got *feeds.Item) {
	c.n++
	if got == nil {
		c.differs("page", key, "a page", "(none)")
		return
	}
	c.same["page"]++
	like, err := want.item(c.now)
	if err != nil {
		c.t.Fatalf("%s: %v", key, err)
	}
	c.field("url", key, want.Permalink, got.URL)
	c.field("title", key, like.Title, got.Title)
	date := func(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }
	c.field("date", key, date(like.Published), date(got.Published))
	c.field("lastmod", key, date(like.Updated), date(got.Updated))
	labels := func(it *feeds.Item) string {
		return strings.Join(slices.Sorted(slices.Values(slices.Concat(it.Tags, it.Categories))), " | ")
	}
	c.field("labels", key, labels(like), labels(got))
	c.field("summary", key, strings.Join(strings.Fields(like.Summary), " "), strings.Join(strings.Fields(got.Summary), " "))
	c.field("content", key, canon(like.Content), canon(got.Content))
}

var codeStart = regexp.MustCompile(`<div class="highlight[^>]*>(<pre)`)

// item is the page as we would publish it.
func (p hugoPage) item(now time.Time) (*feeds.Item, error) {
	// We give code no colours, and so no element around it.
	content := codeStart.ReplaceAllString(p.Content, "$1")
	content = strings.ReplaceAll(content, "</code></pre></div>", "</code></pre>")
	it := &feeds.Item{URL: p.Permalink, Title: p.Title, Summary: p.Summary, Content: content}
	for _, d := range []struct {
		text string
		to   *time.Time
	}{{p.Date, &it.Published}, {p.Lastmod, &it.Updated}} {
		t, err := time.Parse(time.RFC3339, d.text)
		if err != nil {
			return nil, err
		}
		*d.to = t
	}
	if !it.Updated.After(it.Published) {
		it.Updated = time.Time{} // as much as nothing
	}
	for _, l := range []struct {
		from any
		to   *[]string
	}{{p.Tags, &it.Tags}, {p.Places, &it.Tags}, {p.Categories, &it.Categories}, {p.Series, &it.Categories}} {
		list, ok := l.from.([]any)
		if !ok && l.from != nil {
			list = []any{l.from}
		}
		for _, v := range list {
			*l.to = append(*l.to, fmt.Sprint(v))
		}
	}
	c := &feeds.Change{Key: p.File, Base: p.Permalink, Item: it}
	return it, sources.Normalise(c, sources.Policy{}, now)
}

func (c *comparison) field(field, key, want, got string) {
	if want == got {
		c.same[field]++
		return
	}
	c.differs(field, key, want, got)
}

func (c *comparison) differs(field, key, want, got string) {
	if c.shown[field]++; c.shown[field] > *hugoShow {
		return
	}
	i := 0
	for i < min(len(want), len(got)) && want[i] == got[i] {
		i++
	}
	i = max(0, i-40)
	c.t.Logf("%s: %s differs from byte %d\n  hugo %.300q\n  ours %.300q", key, field, i, want[min(i, len(want)):], got[min(i, len(got)):])
}

func (c *comparison) report(sink *sourcetest.Sink) {
	for _, r := range sink.Rejected[:min(len(sink.Rejected), *hugoShow)] {
		c.t.Logf("reported: %s", r.String())
	}
	c.t.Logf("%d pages, %d reports", c.n, len(sink.Rejected))
	for _, f := range comparedFields {
		of := c.same["page"]
		if f == "page" {
			of = c.n
		}
		share := 100 * float64(c.same[f]) / float64(max(of, 1))
		c.t.Logf("%-8s %6.2f %% the same", f, share)
		if share < 99 {
			c.t.Errorf("%s: %.2f %% of %d pages are the same, want 99", f, share, of)
		}
	}
}

// canon is HTML without what does not matter here: white space between elements, colours of code and what stands around
// it, and the frames that we make links of.
func canon(s string) string {
	z := html.NewTokenizer(strings.NewReader(s))
	var b bytes.Buffer
	pre := 0
	var divs []bool // whether each open div is written
	for {
		kind := z.Next()
		if kind == html.ErrorToken {
			break
		}
		t := z.Token()
		switch kind {
		case html.TextToken:
			if text := t.Data; pre > 0 {
				b.WriteString(html.EscapeString(text))
			} else if text = strings.Join(strings.Fields(text), " "); text != "" {
				b.WriteString(" " + html.EscapeString(text))
			}
		case html.StartTagToken, html.SelfClosingTagToken:
			slices.SortFunc(t.Attr, func(a, b html.Attribute) int { return strings.Compare(a.Key, b.Key) })
			class := ""
			t.Attr = slices.DeleteFunc(t.Attr, func(a html.Attribute) bool {
				if a.Key == "class" {
					class = a.Val
				}
				return a.Key == "style" || a.Key == "tabindex"
			})
			if t.Data == "div" {
				divs = append(divs, !strings.HasPrefix(class, "highlight"))
				if !divs[len(divs)-1] {
					continue
				}
			}
			if t.Data == "pre" {
				pre++
			}
			if t.Data == "span" && pre > 0 {
				continue
			}
			b.WriteString("\n<" + t.Data)
			for _, a := range t.Attr {
				fmt.Fprintf(&b, " %s=%q", a.Key, a.Val)
			}
			b.WriteString(">")
		case html.EndTagToken:
			if t.Data == "div" && len(divs) > 0 {
				written := divs[len(divs)-1]
				divs = divs[:len(divs)-1]
				if !written {
					continue
				}
			}
			if t.Data == "code" && pre > 0 {
				b.Truncate(len(bytes.TrimRight(b.Bytes(), "\n ")))
			}
			if t.Data == "pre" && pre > 0 {
				pre--
			}
			if t.Data == "span" && pre > 0 {
				continue
			}
			b.WriteString("</" + t.Data + ">")
		case html.CommentToken:
			if !strings.Contains(t.Data, "Closing img tag") {
				b.WriteString("<!--" + t.Data + "-->")
			}
		}
	}
	return b.String()
}
