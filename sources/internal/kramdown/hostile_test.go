package kramdown

import (
	"errors"
	"strings"
	"testing"
	"time"
)

// hostile are texts that are small and ask for much.
func hostile(n int) map[string]string {
	rep := strings.Repeat
	return map[string]string{
		"quotes":            rep("> ", n/2) + "a",
		"quote marks":       rep(">", n),
		"lists":             rep("* ", n/2) + "a",
		"numbers":           rep("1. ", n/3) + "a",
		"deeper lists":      deeper("* a", n),
		"definitions":       "a\n" + rep(": ", n/2) + "b",
		"list items":        rep("* a\n", n/4),
		"brackets":          rep("[", n),
		"closed brackets":   rep("[", n/2) + rep("]", n/2),
		"images":            rep("![", n/2),
		"images and ends":   rep("![a]", n/4),
		"links":             rep("[a](", n/4),
		"link titles":       rep("[a](b \"", n/7),
		"link references":   rep("[a][", n/4) + "]",
		"stars":             rep("*a ", n/3),
		"double stars":      rep("**a ", n/4),
		"mixed stars":       rep("*a **b _c __d ", n/14),
		"stars in a row":    rep("*", n),
		"underscores":       rep("_a ", n/3),
		"nested emphasis":   rep("*a **b ", n/14) + rep("** *", n/14),
		"backticks":         ticks(n),
		"strikes":           rep("~~a ", n/4),
		"strikes in a row":  rep("~", n),
		"nested strikes":    rep("~~a", n/6) + rep("b~~", n/6),
		"math":              rep("$$a", n/3) + " x",
		"math blocks":       rep("$$a\n\n", n/5),
		"angles":            rep("<", n),
		"tags":              rep("<a ", n/3),
		"open tags":         rep("<b>", n/3),
		"open block tags":   rep("<div>", n/5),
		"block tags":        rep("<div>\n", n/6),
		"markdown blocks":   rep("<div markdown=\"1\">\n", n/19),
		"raw markdown":      rep("<div markdown=\"0\">\n", n/19),
		"markdown in raw":   "<div>" + rep("<p markdown=\"1\">", n/16),
		"markdown spans":    rep("<p markdown=\"1\">a\n", n/17),
		"end tags":          "<div>" + rep("</b>", n/4),
		"attributes":        "<p" + rep(" a=\"b\"", n/6) + ">",
		"many attributes":   "<p" + many(" a%=\"b\"", n) + ">",
		"open attributes":   rep("<a b=\"", n/6),
		"open attributes 2": rep("<p a=\"b\" c='", n/12),
		"comments":          rep("<!--", n/4),
		"instructions":      "<div>" + rep("<?", n/2),
		"scripts":           rep("<script>", n/8),
		"autolinks":         rep("<http:", n/6),
		"entities":          rep("&a", n/2),
		"ampersands":        rep("&", n),
		"span lists":        "*a*" + rep("{:.x}", n/5),
		"span list bomb":    "*a*" + rep("{:.", n/3),
		"block lists":       "a\n" + rep("{: .x}\n", n/7),
		"open lists":        rep("{:a\n", n/4),
		"named lists":       lists(n),
		"list bomb":         "{:a: k=\"" + rep("x", n/2) + "\"}\n\n" + rep("*a*{:a}\n", n/16),
		"class bomb":        "a\n" + rep("{:.aaaaaaaaaaaa}\n", n/17),
		"comments of ours":  rep("{::comment}\n", n/12),
		"span comments":     rep("a{::comment}", n/12),
		"extensions":        rep("{:/a", n/4),
		"fences":            rep("```\n\n", n/5),
		"fences of all":     fences(n),
		"fence words":       rep("``` a\n", n/6),
		"tables":            rep("|a|\n\n", n/5),
		"table row":         rep("|", n),
		"table code":        rep("|<code>", n/7),
		"table ticks":       rep("|`", n/2),
		"wide table":        rep("|a", n/4) + "\n" + rep("|-", n/8) + "\n" + rep("|b\n", n/100),
		"almost tables":     rep("a|b\n", n/4) + "c",
		"link definitions":  rep("[a]: b\n", n/7),
		"link titles below": rep("[a]: b\n\"", n/8),
		"long title":        "[a]: b \"" + rep("x", n/2) + "\"\n\n" + rep("[a]", n/6),
		"footnotes":         many("a[^%]\n\n[^%]: b[^%]\n\n", n),
		"footnote marks":    "[^1]: a\n\n" + rep("[^1]", n/4),
		"footnote circle":   "[^1]: [^2]\n[^2]: [^1]\n\n[^1]",
		"footnote depth":    nested(n),
		"abbreviations":     many("*[a%]: b\n", n/2) + "\n" + rep("a1 ", n/6),
		"abbreviation bomb": "*[a]: " + rep("x", n/2) + "\n\n" + rep("a ", n/4),
		"short for aaa":     many("*[a%]: b\n", n/2) + rep("a", n/2),
		"headers":           rep("# a\n", n/4),
		"setext":            rep("a\n=\n\n", n/5),
		"toc":               "* toc\n{:toc}\n\n" + rep("# a\n", n/4),
		"toc depth":         "* toc\n{:toc}\n\n" + rep("# a\n###### b\n", n/13),
		"blank lines":       rep("\n", n),
		"blanks":            rep(" ", n),
		"blank ends":        rep("a  \n", n/4),
		"tabs":              "* a\n" + rep("\t", n) + "b",
		"quotation marks":   rep("\"", n),
		"apostrophes":       rep("'a", n/2),
		"dashes":            rep("-", n),
		"dots":              rep(".", n),
		"guillemets":        rep("<<", n/2),
		"backslashes":       rep("\\", n),
		"line breaks":       rep("\\\n", n/2),
		"ends of blocks":    rep("^\n", n/2),
		"rules":             rep("***\n", n/4),
		"html":              rep("<b>a</b> ", n/9),
		"code blocks":       rep("    a\n\n", n/7),
		"lazy code":         rep("    a\nb\n", n/8),
		"paragraph marks":   rep("``` \n", n/5),
		"terms":             rep("a\n", n/2) + ": b",
		"one line":          rep("a", n),
		"lines":             rep("a\n", n/2),
		"invalid":           rep("\xff", n),
		"zeroes":            rep("\x00", n),
	}
}

func deeper(line string, n int) string {
	var b strings.Builder
	for i := 0; b.Len() < n; i++ {
		b.WriteString(strings.Repeat(" ", 2*i) + line + "\n")
	}
	return b.String()
}

func ticks(n int) string {
	var b strings.Builder
	size := 1
	for size*size < 2*n {
		size++
	}
	for ; size > 0; size-- {
		b.WriteString(strings.Repeat("`", size) + " ")
	}
	return b.String()
}

func fences(n int) string {
	var b strings.Builder
	for i := 3; b.Len() < n; i++ {
		b.WriteString(strings.Repeat("~", i) + "\n")
	}
	return b.String()
}

// many repeats a text with a number in place of %.
func many(s string, n int) string {
	var b strings.Builder
	for i := 0; b.Len() < n; i++ {
		b.WriteString(strings.ReplaceAll(s, "%", string(rune('a'+i%26))+strings.Repeat("x", i/26%50)))
	}
	return b.String()
}

// lists name each other twice: two to the power of their number, if nobody stops.
func lists(n int) string {
	var b strings.Builder
	for i := 0; b.Len() < n; i++ {
		c, d := string(rune('a'+i%26)), string(rune('a'+(i+1)%26))
		b.WriteString("{:" + c + ": " + d + " " + d + " .x}\n")
	}
	return b.String() + "\na\n{:a}\n"
}

func nested(n int) string {
	var b strings.Builder
	for i := 1; b.Len() < n; i++ {
		b.WriteString("[^" + strings.Repeat("x", i%200+1) + "]: [^" + strings.Repeat("x", i%200+2) + "]\n\n")
	}
	return b.String() + "[^xx]"
}

// TestHostile: time and memory grow with the text and not with its square. The bound is far above what a slow machine
// needs, and far below what the square would take.
func TestHostile(t *testing.T) {
	for name, in := range hostile(100_000) {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			out, _, err := Jekyll().Convert(in)
			if err != nil && !errors.Is(err, ErrTooLarge) && !errors.Is(err, ErrCells) && !errors.Is(err, ErrNodes) {
				t.Fatal(err)
			}
			if len(out) > MaxHTML+1<<20 {
				t.Errorf("%d bytes", len(out))
			}
			t.Logf("%v, %d -> %d", time.Since(start), len(in), len(out))
		})
	}
}
