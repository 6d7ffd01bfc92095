package hugo

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"feedmill/sources/internal/postdir"
)

// hostile are pages made to cost much, of a size at which what grows with its square would not end. want is in the report; empty where
// nothing has to be reported.
func hostile() map[string]struct{ text, want string } {
	full := func(s string) string { return strings.Repeat(s, maxMarkdown/4/len(s)) }
	lines := func(s string) string { return full(strings.Repeat(s, 10) + "\n") }
	head := "---\ntitle: x\n---\n"
	return map[string]struct{ text, want string }{
		"tags without an end":        {head + lines("{{< a "), "stays as text"},
		"quotes without an end":      {head + lines("{{< a \""), "stays as text"},
		"backquotes without an end":  {head + lines("{{< a `b` "), "stays as text"},
		"one backquote":              {head + lines("{{< a x=") + "`", "stays as text"},
		"comments without an end":    {head + lines("{{</* "), "stays as text"},
		"comments of the other kind": {head + lines("{{%/* a */>}}"), "stays as text"},
		"long arguments":             {head + "{{< a " + full("b ") + ">}}", "stays as text"},
		"open tags":                  {head + full("{{% a %}}"), "templates of the site"},
		"open highlights":            {head + full("{{< highlight go >}}"), "not closed"},
		"nested highlights":          {head + strings.Repeat("{{< highlight go >}}", 10000) + strings.Repeat("{{< /highlight >}}", 10000), ""},
		"nested details":             {head + strings.Repeat("{{< details >}}", 20000) + strings.Repeat("{{< /details >}}", 20000), ""},
		"closing tags":               {head + full("{{< /a >}}"), ""},
		"crossed tags":               {head + full("{{< a >}}{{< comment >}}{{< /a >}}"), "not closed"},
		"inline templates":           {head + full("{{< a.inline >}}"), "templates of the site"},
		"names":                      {head + names("{{< a%d >}}"), "templates of the site"},
		"references":                 {head + names("{{< ref \"a%d\" >}}"), "leads to no page"},
		"references to one":          {head + full("{{< ref \"b/../b/./b.md\" >}}"), "leads to no page"},
		"missing params":             {head + names("{{< param a%d >}}"), "neither the page nor the site"},
		"captions":                   {head + full("{{< figure caption=\"*a\" >}}"), ""},
		"dividers":                   {head + full("<!--more-->"), ""},
		"words of shortcodes":        {head + full(standIn+"1"+standInEnd) + "{{< param title >}}", ""},
		"emoji":                      {head + full(":a"), ""},
		"mathematics without an end": {head + full("\\("), ""},
		"mathematics in many lines":  {head + full("\\(\n"), ""},
		"attributes":                 {head + full("{a=b}\n"), ""},
		"attributes without an end":  {head + full("{a=\n"), ""},
		"attributes of a heading":    {head + "# a " + full("{a=") + "}\n", "too many braces"},
		"headings":                   {head + strings.Repeat("# a\n", maxMarkdown/5), "more than 4 MiB"},
		"fences with attributes":     {head + full("```a {b=c\n"), ""},
		"blanks before tags":         {head + full(strings.Repeat(" ", 1000)+"{{< a >}}"), "templates of the site"},
		"a long text":                {head + strings.Repeat("a", maxMarkdown+1), "larger than"},
		"a long header":              {"---\na: " + strings.Repeat("b", maxHeader) + "\n---\n", "front matter is larger"},
		"deep YAML":                  {"---\na: " + strings.Repeat("[", 50_000) + "\n---\n", "not YAML"},
		"deep TOML":                  {"+++\na = " + strings.Repeat("[", 50_000) + "\n+++\n", "not TOML"},
		"deep JSON":                  {"{\"a\":" + strings.Repeat("[", 50_000) + strings.Repeat("]", 50_000) + "}\n", "not JSON"},
		"a billion laughs":           {"---\na: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: [*d,*d,*d,*d,*d,*d,*d,*d,*d]\n---\n", "more than"},
		"an alias of itself":         {"---\na: &a [*a]\n---\n", "not YAML"},
		"an open header":             {"---\na: b\n" + strings.Repeat("c: d\n", 1000), "has no end"},
		"a date":                     {"---\ndate: " + strings.Repeat("9", 1000) + "\n---\n", "not understood"},
		"an address":                 {"---\nurl: " + strings.Repeat("../", 10_000) + "a\nslug: " + strings.Repeat("ä", 1000) + "\n---\n", ""},
		"an address that is none":    {"---\nurl: \"%zz\\x00a\"\n---\n", ""},
		"pictures":                   {"---\nimages: [\"%zz\", \"../../etc/passwd\"]\nresources: [{src: \"[\", name: \"{\"}, 3]\n---\n", ""},
		"bytes that are no text":     {head + full("\xff\xfe"), "not UTF-8"},
		"a summary of all that is":   {"---\nsummary: \"" + strings.Repeat("*a", 100_000) + "\"\n---\n", ""},
	}
}

// names is a text of different names, as many as a page holds.
func names(format string) string {
	var b strings.Builder
	for i := 0; b.Len() < maxMarkdown/4; i++ {
		fmt.Fprintf(&b, format, i)
	}
	return b.String()
}

// TestHostile: none takes longer than a moment, which the time limit of go test is the judge of, or much memory; and what
// is wrong is said in few words.
func TestHostile(t *testing.T) {
	if testing.Short() {
		t.Skip("large pages")
	}
	s := loadFiles(t, map[string]string{
		"hugo.toml": "baseURL = 'https://h.example/'\nenableEmoji = true\n[markup.goldmark.parser.attribute]\nblock = true\n" +
			"[markup.goldmark.extensions.passthrough]\nenable = true\n[markup.goldmark.extensions.passthrough.delimiters]\ninline = [['\\(', '\\)']]\n",
	})
	for _, name := range sortedKeys(hostile()) {
		c := hostile()[name]
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			post := decodeText(s, "content/posts/a.md", c.text)
			runtime.ReadMemStats(&after)
			t.Logf("%d KiB, %d MiB allocated", len(c.text)>>10, (after.TotalAlloc-before.TotalAlloc)>>20)
			f, _ := post.Report()
			if !strings.Contains(f.Reason, c.want) || c.want == "" && post.Rejected != nil || len(f.Reason) > 8000 {
				t.Errorf("said %.300q in %d bytes, want %q", f.Reason, len(f.Reason), c.want)
			}
		})
	}
}

// TestHostileSite: what a site is made of has its bounds, too.
func TestHostileSite(t *testing.T) {
	page := "---\ntitle: x\ndate: 2024-01-01\n---\nx"
	for name, c := range map[string]struct {
		files map[string]string
		want  string // of the error of loading, or of a report
	}{
		"configuration that is none": {map[string]string{"hugo.toml": "a = ["}, "hugo.toml:1:"},
		"deep configuration":         {map[string]string{"hugo.json": strings.Repeat("{\"a\":", 50_000)}, "hugo.json"},
		"large configuration":        {map[string]string{"hugo.toml": "a = '" + strings.Repeat("b", maxConfig) + "'"}, "larger than"},
		"mounts outside":             {map[string]string{"hugo.toml": "[[module.mounts]]\nsource = '../../etc'\ntarget = 'content'\n"}, "not a directory below"},
		"a theme outside":            {map[string]string{"hugo.toml": "theme = '../../../etc'\n"}, "is not in themes"},
		"patterns":                   {map[string]string{"hugo.toml": "ignoreFiles = ['(a*)*$', '[']\n", "content/" + strings.Repeat("a", 200) + "b.md": page}, "ignoreFiles"},
		"targets of cascades":        {map[string]string{"hugo.toml": "", "content/_index.md": "---\ncascade:\n- _target: {path: '" + strings.Repeat("{a,b}*", 150) + "'}\n  x: y\n- _target: {path: '[z-'}\n---\n"}, ""},
		"an index that is none":      {map[string]string{"hugo.toml": "", "content/p/_index.md": "---\na: [\n---\n"}, "cannot be read"},
		"settings of other types":    {map[string]string{"hugo.yaml": "baseURL: [1]\nlanguages: [x]\npermalinks: 3\ntaxonomies: x\nmodule: {mounts: {a: b}, imports: [1]}\ncascade: [3, {_target: 4}]\nfrontmatter: {date: {a: b}}\nmarkup: true\nuglyURLs: [1]\nsummaryLength: x\nignoreFiles: {a: b}\n", "content/a.md": page}, "baseURL"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, dir, c.files)
			tree, err := postdir.OpenDisk(dir)
			if err != nil {
				t.Fatal(err)
			}
			defer tree.Close()
			site, err := loadSite(tree, postdir.Settings{})
			said := fmt.Sprint(err)
			if err == nil {
				said = fmt.Sprint(site.Reports())
				for _, name := range sortedKeys(c.files) {
					if strings.HasSuffix(name, ".md") && site.IsPost(name) {
						site.Decode(postdir.NewFile(tree, name, []byte(c.files[name]), fixed, fixed))
					}
				}
			}
			if !strings.Contains(said, c.want) || len(said) > 2000 {
				t.Errorf("said %.500q, want %q", said, c.want)
			}
		})
	}
}
