package hugo

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"
)

// piece is a part of a page's text: plain text, or one tag of a shortcode.
type piece struct {
	text string // as it stands in the file; of a comment, what it shows
	// name is in lower case; empty for plain text.
	name string
	// markup: the tag is {{% %}}, so what it gives is rendered as Markdown; else {{< >}}.
	markup bool
	// closes: the tag ends a shortcode; alone: it begins and ends one; inline: it is a template of its own.
	closes, alone, inline bool
	// place and named are the arguments; a tag has either.
	place []string
	named map[string]string
	// indent is the white space before the tag on its line, line the line it stands in, from 1 for the first of the text.
	indent string
	line   int
}

// arg is the argument of a name, or of a place where the tag has no names.
func (t *piece) arg(name string, place int) string {
	if v, ok := t.named[name]; ok {
		return v
	}
	if t.named == nil && place >= 0 && place < len(t.place) {
		return t.place[place]
	}
	return ""
}

// maxArguments is the most arguments of a tag.
const maxArguments = 200

// lexer cuts a text at its shortcodes as Hugo does (https://gohugo.io/content-management/shortcodes/). Where Hugo would
// refuse the page, the two braces are text. It takes time linear in the text: what was found to have no end is not looked
// for again.
type lexer struct {
	in   string
	pos  int
	line int
	at   int // up to where line has counted
	// lone is set for an end that the rest of the text does not have.
	lone map[string]bool
}

// cutShortcodes cuts a text. faults are the lines of tags that have no end or are none.
func cutShortcodes(text string) (out []piece, faults []int) {
	l := &lexer{in: text, line: 1, lone: map[string]bool{}}
	start := 0
	flush := func(end int) {
		if end > start {
			out = append(out, piece{text: text[start:end]})
		}
	}
	for {
		i := strings.Index(text[l.pos:], "{{")
		if i < 0 || l.pos+i+2 >= len(text) {
			break
		}
		open := l.pos + i
		if c := text[open+2]; c != '<' && c != '%' {
			l.pos = open + 1
			continue
		}
		l.pos = open + 3
		tag, ok := l.tag(text[open+2] == '%')
		if !ok {
			faults = append(faults, l.lineAt(open))
			l.pos = open + 3
			continue
		}
		flush(open)
		tag.line, tag.indent = l.lineAt(open), indentBefore(text[:open])
		out = append(out, tag)
		start = l.pos
	}
	flush(len(text))
	return out, faults
}

func (l *lexer) lineAt(pos int) int {
	l.line += strings.Count(l.in[l.at:pos], "\n")
	l.at = pos
	return l.line
}

// maxIndent bounds the white space that is taken for an indentation.
const maxIndent = 200

func indentBefore(s string) string {
	for i := len(s); i > 0 && len(s)-i < maxIndent; i-- {
		switch s[i-1] {
		case ' ', '\t':
		case '\n':
			return s[i:]
		default:
			return ""
		}
	}
	if len(s) < maxIndent {
		return s
	}
	return ""
}

// find is where the rest of the text has a mark; -1 if nowhere, which is remembered.
func (l *lexer) find(mark string) int {
	if l.lone[mark] {
		return -1
	}
	i := strings.Index(l.in[l.pos:], mark)
	if i < 0 {
		l.lone[mark] = true
		return -1
	}
	return l.pos + i
}

// tag reads a tag behind its opening marks.
func (l *lexer) tag(markup bool) (t piece, ok bool) {
	t.markup = markup
	open, end := "{{<", ">}}"
	if markup {
		open, end = "{{%", "%}}"
	}
	if strings.HasPrefix(l.in[l.pos:], "/*") { // shows the tag itself
		stop := l.find("*/" + end)
		if stop < l.pos+2 {
			return t, false
		}
		t.text = open + l.in[l.pos+2:stop] + end
		l.pos = stop + 2 + len(end)
		return t, true
	}
	for n := 0; n < maxArguments; n++ {
		l.blanks()
		rest := l.in[l.pos:]
		switch {
		case strings.HasPrefix(rest, end):
			l.pos += len(end)
			return t, t.name != ""
		case rest == "":
			return t, false
		case rest[0] == '/' && t.name == "":
			l.pos++
			t.closes = true
		case rest[0] == '/':
			l.pos++
			t.alone = true
		case t.name == "":
			if t.name, t.inline, ok = l.name(); !ok {
				return t, false
			}
		case t.closes || t.alone:
			return t, false
		case !l.argument(&t):
			return t, false
		}
	}
	return t, false
}

func (l *lexer) blanks() {
	l.pos += len(l.in[l.pos:]) - len(strings.TrimLeftFunc(l.in[l.pos:], unicode.IsSpace))
}

// word is the letters, digits, hyphens and underscores that come next, and the bytes of extra.
func (l *lexer) word(extra string) string {
	from := l.pos
	for l.pos < len(l.in) {
		r, n := utf8.DecodeRuneInString(l.in[l.pos:])
		if r != '-' && r != '_' && !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune(extra, r) {
			break
		}
		l.pos += n
	}
	return l.in[from:l.pos]
}

// name reads the name of a shortcode, which may be in a directory. The one of an inline shortcode ends in .inline.
func (l *lexer) name() (name string, inline, ok bool) {
	name = strings.ToLower(strings.TrimRight(l.word("/"), "/"))
	if name == "" {
		return "", false, false
	}
	l.pos -= trailing(l.in[:l.pos], '/')
	if strings.HasPrefix(l.in[l.pos:], ".inline") {
		l.pos += len(".inline")
		return name, true, true
	}
	return name, false, true
}

func trailing(s string, c byte) int { return len(s) - len(strings.TrimRight(s, string(c))) }

// argument reads one argument: word, "text", `text`, and each of these behind name=.
func (l *lexer) argument(t *piece) bool {
	if c := l.in[l.pos]; c == '"' || c == '`' || c == '\\' {
		v, ok := l.quoted()
		if !ok || t.named != nil {
			return false
		}
		t.place = append(t.place, v)
		return true
	}
	word := l.word(".")
	if word == "" {
		return false
	}
	if !strings.HasPrefix(l.in[l.pos:], "=") {
		t.place = append(t.place, word)
		return t.named == nil
	}
	if t.place != nil {
		return false
	}
	l.pos++
	l.blanks()
	if l.pos >= len(l.in) {
		return false
	}
	v, ok := "", true
	if c := l.in[l.pos]; c == '"' || c == '`' || c == '\\' {
		v, ok = l.quoted()
	} else {
		end := strings.IndexFunc(l.in[l.pos:], unicode.IsSpace)
		if end < 0 {
			return false
		}
		v = l.in[l.pos : l.pos+end]
		l.pos += end
	}
	if t.named == nil {
		t.named = map[string]string{}
	}
	t.named[strings.ToLower(word)] = v
	return ok
}

// quoted reads a text in quotes, which is in one line, or in backquotes.
func (l *lexer) quoted() (string, bool) {
	if strings.HasPrefix(l.in[l.pos:], "`") {
		l.pos++
		end := l.find("`")
		if end < 0 {
			return "", false
		}
		v := l.in[l.pos:end]
		l.pos = end + 1
		return v, true
	}
	// A quote that is itself escaped ends at the next such: {{< x \"text\" >}}.
	if strings.HasPrefix(l.in[l.pos:], `\"`) {
		l.pos += 2
		end := strings.IndexAny(l.in[l.pos:], "\"\n")
		if end < 1 || l.in[l.pos+end] == '\n' {
			return "", false
		}
		v := strings.TrimSuffix(l.in[l.pos:l.pos+end], `\`)
		l.pos += end + 1
		return v, true
	}
	if !strings.HasPrefix(l.in[l.pos:], `"`) {
		return "", false
	}
	var b bytes.Buffer
	for i := l.pos + 1; i < len(l.in); i++ {
		switch c := l.in[i]; c {
		case '\n':
			return "", false
		case '"':
			l.pos = i + 1
			return b.String(), true
		case '\\':
			if i+1 < len(l.in) && l.in[i+1] == '"' {
				i++
				b.WriteByte('"')
				continue
			}
			b.WriteByte(c)
		default:
			b.WriteByte(c)
		}
	}
	return "", false
}
