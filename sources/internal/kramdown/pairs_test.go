package kramdown

import (
	"bytes"
	"encoding/json"
	"flag"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"

	"feedmill/sources/internal/kramdown/kramdowntest"
)

var update = flag.Bool("update", false, "ask kramdown itself (ruby) and write its answers into testdata")

// example is a text and what kramdown makes of it. ours is there where this package does something else on purpose; the
// comment of the file says why.
type example struct {
	name, md, html, ours string
	opts                 map[string]string
}

func readPairs(t testing.TB, file string) (*txtar.Archive, []*example) {
	t.Helper()
	archive, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	byName := map[string]*example{}
	var pairs []*example
	for _, f := range archive.Files {
		name, part, _ := strings.Cut(f.Name, ".")
		p := byName[name]
		if p == nil {
			p = &example{name: name}
			byName[name] = p
			pairs = append(pairs, p)
		}
		switch part {
		case "md":
			p.md = string(f.Data)
		case "html":
			p.html = string(f.Data)
		case "ours":
			p.ours = string(f.Data)
		case "opts":
			p.opts = map[string]string{}
			for line := range strings.Lines(string(f.Data)) {
				k, v, _ := strings.Cut(line, ":")
				p.opts[k] = strings.TrimSpace(v)
			}
		default:
			t.Fatalf("%s: what is %s?", file, f.Name)
		}
	}
	return archive, pairs
}

// TestPairs compares with kramdown 2.4 under Jekyll 4.3, up to blanks that nobody sees. A text in a file of testdata is a
// test; go test -update asks kramdown for the other half.
func TestPairs(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no pairs", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			archive, pairs := readPairs(t, file)
			if *update {
				ask(t, file, archive, pairs)
			}
			for _, p := range pairs {
				t.Run(p.name, func(t *testing.T) {
					o := Jekyll()
					for k, v := range p.opts {
						if !o.Set(k, v) {
							t.Fatalf("option %s: %s is not known", k, v)
						}
					}
					got, _, err := o.Convert(p.md)
					if err != nil {
						t.Fatal(err)
					}
					want := p.html
					if p.ours != "" {
						if kramdowntest.Seen(t, p.ours) == kramdowntest.Seen(t, want) {
							t.Errorf("there is no difference to kramdown any more: take %s.ours away", p.name)
						}
						want = p.ours
					}
					if g, w := kramdowntest.Seen(t, got), kramdowntest.Seen(t, want); g != w {
						t.Errorf("%s\ngot  %s\nwant %s", p.md, g, w)
					}
				})
			}
		})
	}
}

// random is how many texts TestRandom makes.
var random = flag.Int("random", 0, "compare so many random texts with kramdown itself (ruby)")

// TestRandom compares texts put together at random from what means something in Markdown.
func TestRandom(t *testing.T) {
	if *random == 0 {
		t.Skip("needs ruby: go test -run Random -random 1000")
	}
	words := strings.Split(pieces, "\x00")
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 1))
	archive, pairs := &txtar.Archive{}, []*example{}
	for range *random {
		var b strings.Builder
		for range 1 + rnd.IntN(12) {
			b.WriteString(words[rnd.IntN(len(words))])
		}
		pairs = append(pairs, &example{md: b.String()})
	}
	ask(t, filepath.Join(t.TempDir(), "x"), archive, pairs)
	bad := 0
	for _, p := range pairs {
		got, _, err := Jekyll().Convert(p.md)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(p.html, "kramdown fails") || strings.Contains(p.md, " \t") {
			continue // see the exceptions in the comment of the package
		}
		if g, w := kramdowntest.Seen(t, got), kramdowntest.Seen(t, p.html); g != w {
			if bad++; bad < 10 {
				t.Errorf("%q\n%s\ngot  %s\nwant %s", p.md, p.md, g, w)
			}
		}
	}
	t.Logf("%d of %d differ", bad, len(pairs))
}

const pieces = "a\x00b c\x00中文\x00「引」\x00 \x00  \x00\n\x00\n\n\x00\n    \x00  \n\x00*\x00**\x00_\x00__\x00`\x00``\x00[a]\x00(b)\x00[a](b)\x00[\x00]\x00(\x00)\x00!\x00![\x00<\x00>\x00" +
	"<b>\x00</b>\x00<div>\x00</div>\x00<p>\x00</p>\x00<br>\x00<div markdown=\"1\">\x00&\x00&amp;\x00\"\x00'\x00\n* \x00\n- \x00\n1. \x00\n  * \x00\n> \x00\n# \x00\n## \x00\n---\n\x00\n===\n\x00" +
	"\n```\n\x00\n~~~\n\x00\n: \x00|\x00\n|a|b|\n\x00\n|-|-|\n\x00{:.x}\x00\n{: .y}\n\x00\n^\n\x00$$\x00~~\x00--\x00...\x00<<\x00>>\x00\\\x00\\\n\x00[^1]\x00\n[^1]: n\n\x00\n[a]: /u\n\x00\n*[a]: A\n\x00http://a.b/\x00<http://a.b/>\x00#\x00+\x001\x00.\x00-\x00{\x00}\x00:\x00\t\x00<!-- c -->\x00<code>\x00</code>\x00\n\n* toc\n{:toc}\n"

// ask has kramdown render every text of a file and writes its answers back.
func ask(t *testing.T, file string, archive *txtar.Archive, pairs []*example) {
	t.Helper()
	type question struct {
		MD   string         `json:"md"`
		Opts map[string]any `json:"opts"`
	}
	var questions []question
	for _, p := range pairs {
		opts := map[string]any{}
		for k, v := range p.opts {
			opts[k] = v
			if v == "true" || v == "false" {
				opts[k] = v == "true"
			}
		}
		questions = append(questions, question{p.md, opts})
	}
	in, err := json.Marshal(questions)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "ruby", "testdata/kramdown.rb")
	cmd.Stdin = bytes.NewReader(in)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	answers := json.NewDecoder(bytes.NewReader(out))
	written := &txtar.Archive{Comment: archive.Comment}
	for _, p := range pairs {
		if err := answers.Decode(&p.html); err != nil {
			t.Fatal(err)
		}
		for _, f := range archive.Files {
			if name, part, _ := strings.Cut(f.Name, "."); name != p.name || part == "html" {
				continue
			}
			written.Files = append(written.Files, f)
		}
		written.Files = append(written.Files, txtar.File{Name: p.name + ".html", Data: []byte(strings.TrimRight(p.html, "\n") + "\n")})
	}
	if err := os.WriteFile(file, txtar.Format(written), 0o644); err != nil {
		t.Fatal(err)
	}
}
