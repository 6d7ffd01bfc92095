package hugo

import (
	"fmt"
	"path"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/html"

	"feedmill/sources/internal/commonmark"
)

// maxMarkdown is the longest text that is read as Markdown, in bytes.
const maxMarkdown = 1 << 20

// content renders the page, and its summary.
func (p *page) content() {
	it := p.Change.Item
	body := string(p.cut.body)
	if len(body) > maxMarkdown {
		p.Reject(p.cut.bodyLine, "the text is larger than %d KiB: split the page", maxMarkdown>>10)
		return
	}
	x := expansion{page: p}
	out := x.run(body)
	if p.markup(path.Ext(p.filename)) == "markdown" {
		var err error
		if out, err = commonmark.Convert(p.language.md, []byte(out)); err != nil {
			p.Reject(p.cut.bodyLine, "%v", err)
			return
		}
	}
	out = x.fill(out)
	head, out, divided := divide(out)
	if p.language.canonify && p.language.base != "" {
		out, head = p.language.rebase(out), p.language.rebase(head)
	}
	it.Content = strings.TrimSpace(out)
	switch s := p.front.str("summary"); {
	case divided:
		it.Summary = head
	case s != "":
		it.Summary = p.inline(s)
	default:
		it.Summary = p.automatic(it.Content)
	}
	if len(x.left) > 0 {
		names := strings.Join(x.left[:min(len(x.left), maxLeft)], ", ")
		if len(x.left) > maxLeft {
			names += ", …"
		}
		p.Repair(x.leftLine, "left out the tags of shortcodes that are templates of the site: %.300s", names)
	}
}

// divide takes the divider out of a text, with the paragraph that it stands in, as Hugo does. head is what is before it.
func divide(out string) (head, all string, found bool) {
	at := strings.Index(out, divider)
	if at < 0 {
		return "", out, false
	}
	start := strings.LastIndex(out[:at], "<p")
	if start < 0 {
		start = at
	}
	end := strings.Index(out[at:], "</p")
	if end < 0 {
		end = at + len(divider)
	} else {
		end = min(at+end+len("</p>"), len(out))
	}
	return strings.TrimSpace(out[:start]), out[:start] + strings.Trim(out[end:], "\n"), true
}

// inline renders a line of Markdown without the paragraph around it.
func (p *page) inline(text string) string {
	if text == "" {
		return ""
	}
	out := p.block(text)
	first, last := strings.Index(out, "<p"), strings.LastIndex(out, "<p")
	if first == last && strings.LastIndex(out, "</p>") == strings.LastIndex(out, "</") {
		out = strings.TrimSpace(strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(out), "<p>"), "</p>"))
	}
	return out
}

// block renders a part of the page that is Markdown of its own.
func (p *page) block(text string) string {
	out, err := commonmark.Convert(p.language.md, []byte(text))
	if err != nil {
		p.repair(p.cut.bodyLine, fmt.Sprintf("a part of a shortcode: %v", err))
		return html.EscapeString(text)
	}
	return out
}

var cjk = regexp.MustCompile(`\p{Han}|\p{Hangul}|\p{Hiragana}|\p{Katakana}`)

// automatic is Hugo's summary of a text without one: so many words, and up to the end of the sentence; where a language
// writes no blanks, so many characters.
func (p *page) automatic(content string) string {
	text := stripTags(content)
	long := p.language.conf.flag("hascjklanguage", false) && cjk.Match(p.file.Data)
	if p.front.flag("iscjklanguage", long) {
		return firstCharacters(strings.Fields(text), p.language.summary)
	}
	return wholeSentence(text, p.language.summary)
}

func wholeSentence(s string, limit int) string {
	words, last := 0, -1
	for i, r := range s {
		if unicode.IsSpace(r) {
			words++
			if last = i; words >= limit {
				break
			}
		}
	}
	if last < 0 {
		return s
	}
	if end := strings.IndexAny(s[last:], ".?!\"\n"); end >= 0 {
		return strings.TrimSpace(s[:last+end+1])
	}
	return s
}

func firstCharacters(words []string, limit int) string {
	count := 0
	for i, word := range words {
		if count >= limit {
			return strings.Join(words[:i], " ")
		}
		n := utf8.RuneCountInString(word)
		switch {
		case n == len(word):
			count++
		case count+n < limit:
			count += n
		default:
			for at := range word {
				if count >= limit {
					return strings.Join(append(words[:i:i], word[:at]), " ")
				}
				count++
			}
		}
	}
	return strings.Join(words, " ")
}

// newline stands for the end of a paragraph while tags are taken out.
const newline = "\x01"

var lineEnds = strings.NewReplacer("\n", " ", "</p>", newline, "<br>", newline, "<br />", newline)

// stripTags is the text of HTML, with references left as they are and a line for each paragraph, as Hugo's .Plain has it.
func stripTags(s string) string {
	if !strings.ContainsAny(s, "<>") {
		return s
	}
	z := html.NewTokenizer(strings.NewReader(lineEnds.Replace(strings.ReplaceAll(s, newline, ""))))
	var text strings.Builder
	for skip := false; ; {
		kind := z.Next()
		if kind == html.ErrorToken {
			break
		}
		switch kind {
		case html.TextToken:
			if !skip {
				text.Write(z.Raw())
			}
		case html.StartTagToken, html.EndTagToken:
			name, _ := z.TagName()
			if string(name) == "script" || string(name) == "style" {
				skip = kind == html.StartTagToken
			}
		}
	}
	var b strings.Builder
	space := false
	for _, r := range strings.ReplaceAll(text.String(), newline, "\n") {
		now := unicode.IsSpace(r)
		if !now || !space {
			b.WriteRune(r)
		}
		space = now
	}
	return b.String()
}

var fromRoot = regexp.MustCompile(`(?i)(\s(?:src|href|srcset|poster|action)\s*=\s*["']?)/([^/>])`)

// rebase puts the path of baseURL before links from the root, which is what canonifyURLs and relativeURLs come to.
func (l *language) rebase(s string) string {
	return fromRoot.ReplaceAllString(s, "${1}"+strings.ReplaceAll(l.base, "$", "$$$$")+"/${2}")
}
