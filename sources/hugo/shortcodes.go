package hugo

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// The words that stand for shortcodes and for the divider while Markdown is rendered. They are Hugo's own, because they
// are seen in the ids of headings that hold a shortcode.
const (
	standIn    = "HAHAHUGOSHORTCODEs"
	standInEnd = "HBHB"
	divider    = "HUGOMORE42"
)

// moreMark divides the summary from the rest.
const moreMark = "<!--more-->"

// expansion carries out the shortcodes of a page's text.
type expansion struct {
	page *page
	html []string
	// left are the names of shortcodes that only their templates could carry out, with the line of the first.
	left     []string
	leftLine int
	more     bool
}

// maxLeft is how many names of shortcodes a report lists.
const maxLeft = 5

// run replaces the shortcodes of a text: those of {{% %}} by what they give, those of {{< >}} by words that fill replaces.
// The first divider becomes a paragraph of its own.
func (x *expansion) run(body string) string {
	pieces, faults := cutShortcodes(body)
	if len(faults) > 0 {
		x.page.repair(x.page.cut.bodyLine+faults[0]-1, "a shortcode has no end or is not written as one: it stays as text")
	}
	ends := endsOf(pieces)
	var b strings.Builder
	b.Grow(len(body) + 64)
	for i := 0; i < len(pieces); i++ {
		t := &pieces[i]
		switch {
		case t.name == "":
			b.WriteString(x.cutMore(t.text))
		case t.inline:
			x.leave(t)
			i = max(i, ends[i])
		case t.closes:
			// What it ends was reported where it began.
		default:
			inner := pieces[i+1 : max(i+1, ends[i])]
			if x.page.site.own[t.name] || !isBuiltIn(t.name) {
				x.leave(t)
				break
			}
			if takesInner(t.name) && ends[i] == 0 && !t.alone {
				x.page.repair(x.page.cut.bodyLine+t.line-1, fmt.Sprintf("the shortcode %s is not closed: its tag is left out", t.name))
				break
			}
			out := x.builtIn(t, inner)
			if takesInner(t.name) {
				i = max(i, ends[i])
			}
			x.write(&b, t, out)
		}
	}
	return b.String()
}

// write puts the result of a shortcode into the text, or a word that stands for it.
func (x *expansion) write(b *strings.Builder, t *piece, out string) {
	if t.indent != "" && !takesInner(t.name) {
		out = strings.ReplaceAll(out, "\n", "\n"+t.indent)
	}
	if t.markup {
		b.WriteString(out)
		return
	}
	x.html = append(x.html, out)
	fmt.Fprintf(b, "%s%d%s", standIn, len(x.html)-1, standInEnd)
}

// leave notes a shortcode that costs its tags.
func (x *expansion) leave(t *piece) {
	if len(x.left) == 0 {
		x.leftLine = x.page.cut.bodyLine + t.line - 1
	}
	if len(x.left) <= maxLeft && !slices.Contains(x.left, t.name) {
		x.left = append(x.left, t.name)
	}
}

// cutMore replaces the first divider of the page.
func (x *expansion) cutMore(s string) string {
	i := strings.Index(s, moreMark)
	if i < 0 || x.more {
		return s
	}
	x.more = true
	return s[:i] + "\n\n" + divider + "\n\n" + strings.TrimLeft(s[i+len(moreMark):], " \t\r\n")
}

// endsOf finds for each tag that opens a shortcode the tag that closes it; 0 for none. Tags of one name nest.
func endsOf(pieces []piece) []int {
	ends := make([]int, len(pieces))
	open := map[string][]int{}
	for i := range pieces {
		t := &pieces[i]
		switch stack := open[t.name]; {
		case t.name == "" || t.alone:
		case !t.closes:
			open[t.name] = append(stack, i)
		case len(stack) > 0:
			ends[stack[len(stack)-1]] = i
			open[t.name] = stack[:len(stack)-1]
		}
	}
	return ends
}

// innerText is what stands between the tags of a shortcode, with the tags inside carried out.
func (x *expansion) innerText(inner []piece) string {
	var b strings.Builder
	ends := endsOf(inner)
	for i := 0; i < len(inner); i++ {
		switch t := &inner[i]; {
		case t.name == "":
			b.WriteString(t.text)
		case t.closes, t.inline:
		case x.page.site.own[t.name] || !isBuiltIn(t.name):
			x.leave(t)
		case takesInner(t.name):
			i = max(i, ends[i]) // highlighted code in highlighted code
		default:
			b.WriteString(x.builtIn(t, nil))
		}
	}
	return b.String()
}

var stand = regexp.MustCompile(`(?:<p>)?` + standIn + `(\d+)` + standInEnd + `(?:</p>)?`)

// fill puts the results in the place of their words, each once. One that is alone in its paragraph replaces that.
func (x *expansion) fill(out string) string {
	if len(x.html) == 0 {
		return out
	}
	return stand.ReplaceAllStringFunc(out, func(m string) string {
		g := stand.FindStringSubmatch(m)
		n, err := strconv.Atoi(g[1])
		if err != nil || n >= len(x.html) {
			return ""
		}
		h := x.html[n]
		x.html[n] = ""
		head, tail := strings.HasPrefix(m, "<p>"), strings.HasSuffix(m, "</p>")
		switch {
		case head && !tail:
			return "<p>" + h
		case tail && !head:
			return h + "</p>"
		}
		return h
	})
}
