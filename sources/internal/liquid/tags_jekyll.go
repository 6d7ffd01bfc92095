package liquid

import (
	"errors"
	"fmt"
	"html"
	"regexp"
	"strings"
)

// Syntax of Jekyll's tags (https://jekyllrb.com/docs/includes, https://jekyllrb.com/docs/liquid/tags).
var (
	includeParam = regexp.MustCompile(`([\w-]+)\s*=\s*(?:"([^"\\]*(?:\\.[^"\\]*)*)"|'([^'\\]*(?:\\.[^'\\]*)*)'|([\pL\pM\pN_.\-\[\]]+))`)
	includeAll   = regexp.MustCompile(`^\s*(?:` + includeParam.String() + `(?:\s+|$))*$`)
	includeName  = regexp.MustCompile(`(?s)^([^{]*(?:\{\{\s*[\w\-.]+\s*(?:\|.*?)?\}\}[^\s{}]*)+)(.*)$`)
	fileName     = regexp.MustCompile(`^[\pL\pM\pN_/.\-()+~#@]+$`)
	climbs       = regexp.MustCompile(`[./]{2,}`)
	codeTag      = regexp.MustCompile(`^([a-zA-Z0-9.+#_-]+)((?:\s+\w+(?:=(?:\w+|"(?:[0-9]+\s)*[0-9]+"))?)*)$`)
	numbered     = regexp.MustCompile(`\slinenos\b`)
)

// include is include and include_relative.
type include struct {
	line     int
	tag      string
	file     string
	template *body // of a name with {{ }} in it
	relative bool
	params   [][2]any // name and expr
	hasParam bool
}

func newInclude(t token) (node, error) {
	n := &include{line: t.line, tag: t.name, relative: t.name == "include_relative"}
	params := ""
	if m := includeName.FindStringSubmatch(t.text); m != nil {
		n.file, params = strings.Trim(m[1], blanks), strings.Trim(m[2], blanks)
		n.template = Parse("", n.file).body
	} else {
		i := strings.IndexAny(t.text, blanks)
		if i < 0 {
			i = len(t.text)
		}
		n.file, params = t.text[:i], strings.Trim(t.text[i:], blanks)
	}
	if n.file == "" {
		return nil, errors.New("want the name of a file")
	}
	if params == "" {
		return n, nil
	}
	if !includeAll.MatchString(params) {
		return nil, fmt.Errorf("want parameters like name=\"value\"")
	}
	n.hasParam = true
	for _, m := range includeParam.FindAllStringSubmatch(params, -1) {
		value, _ := strings.CutPrefix(m[0], m[1])
		value = strings.TrimLeft(strings.TrimLeft(value, blanks)[1:], blanks)
		var e expr
		switch value[0] {
		case '"':
			e = literal{strings.ReplaceAll(m[2], `\"`, `"`)}
		case '\'':
			e = literal{strings.ReplaceAll(m[3], `\'`, `'`)}
		default:
			e = parseExpr(m[4])
		}
		n.params = append(n.params, [2]any{m[1], e})
	}
	return n, nil
}

func (n *include) at() int { return n.line }

func (n *include) render(r *run) {
	r.step(1)
	n.include(r)
	r.report(n.line, "{% "+n.tag+" "+short(n.file)+" %}")
}

func (n *include) include(r *run) {
	name := n.file
	if n.template != nil {
		name = strings.Trim(r.capture(n.template), blanks)
	}
	if climbs.MatchString(name) || !fileName.MatchString(name) {
		r.fail("the file name %.60q has characters that are not allowed", name)
		return
	}
	if r.env.Include == nil {
		r.fail("there is nothing to include")
		return
	}
	if r.includes >= r.limits.Includes {
		r.fail("more than %d includes in each other", r.limits.Includes)
		return
	}
	t, err := r.env.Include(name, n.relative)
	if err != nil {
		r.fail("%v", err)
		return
	}
	for _, w := range t.warnings {
		r.warn(w)
	}
	var params *Map
	if n.hasParam {
		params = NewMap(len(n.params))
		for _, p := range n.params {
			params.Set(p[0].(string), p[1].(expr).eval(r))
		}
	}
	if r.failure != "" {
		return
	}
	outer := r.file
	r.file, r.includes = t.file, r.includes+1
	r.push()
	if params != nil {
		r.inner()["include"] = params
	}
	t.body.render(r)
	r.pop()
	r.file, r.includes = outer, r.includes-1
}

// link is link and post_url.
type link struct {
	line int
	tag  string
	path *body
	text string
}

func newLink(t token) (node, error) {
	if t.text == "" {
		return nil, errors.New("want a path")
	}
	l := &link{line: t.line, tag: t.name, text: t.text}
	if t.name == "link" && Needed(t.text) {
		l.path = Parse("", t.text).body
	}
	return l, nil
}

func (l *link) at() int { return l.line }

func (l *link) render(r *run) {
	r.step(1)
	path, find := l.text, r.env.Link
	if l.path != nil {
		path = r.capture(l.path)
	}
	if l.tag == "post_url" {
		find = r.env.PostURL
	}
	if find == nil {
		r.fail("there is nothing to link to")
	} else if url, err := find(path); err != nil {
		r.fail("%v", err)
	} else {
		r.write(url)
	}
	r.report(l.line, "{% "+l.tag+" "+short(path)+" %}")
}

// highlight is code.
type highlight struct {
	lang    string
	numbers bool
	*body
}

func newHighlight(t token) (block, *body, error) {
	m := codeTag.FindStringSubmatch(t.text)
	if m == nil {
		return nil, nil, errors.New("want the name of a language")
	}
	h := &highlight{strings.ToLower(m[1]), numbered.MatchString(m[2]), &body{}}
	return h, h.body, nil
}

func (h *highlight) branch(string, string) (*body, bool, error) { return nil, false, nil }
func (h *highlight) finish() (node, bool)                       { return h, h.blank() }

func (h *highlight) render(r *run) {
	r.step(1)
	code := strings.Trim(r.capture(h.body), "\r\n")
	if r.env.Highlight != nil {
		r.write(r.env.Highlight(code, h.lang, h.numbers))
		return
	}
	r.write(Highlighted(code, h.lang, h.numbers))
}

// Highlighted is what Jekyll writes for code, without its colours.
func Highlighted(code, lang string, lineNumbers bool) string {
	escaped := rougeEscape.Replace(code)
	if lineNumbers {
		n := strings.Count(code, "\n") + 1
		var b strings.Builder
		b.WriteString(`<table class="rouge-table"><tbody><tr><td class="gutter gl"><pre class="lineno">`)
		for i := 1; i <= n; i++ {
			fmt.Fprintf(&b, "%d\n", i)
		}
		b.WriteString(`</pre></td><td class="code"><pre>` + escaped + "\n</pre></td></tr></tbody></table>")
		escaped = b.String()
	}
	return `<figure class="highlight"><pre><code class="language-` + html.EscapeString(strings.ReplaceAll(lang, "+", "-")) +
		`" data-lang="` + html.EscapeString(lang) + `">` + escaped + "</code></pre></figure>"
}

var rougeEscape = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")
