package hugo

import (
	"fmt"
	"html"
	"io"
	"path"
	"regexp"
	"strconv"
	"strings"
	"unicode"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	gmhtml "github.com/yuin/goldmark/renderer/html"
	"github.com/yuin/goldmark/util"

	"feedmill/sources/internal/commonmark"
)

// newMarkdown is goldmark as Hugo sets it up (https://gohugo.io/configuration/markup/#goldmark).
func newMarkdown(conf params) goldmark.Markdown {
	var ext []goldmark.Extender
	on := conf.sub("extensions")
	for _, e := range []struct {
		key string
		ext goldmark.Extender
	}{
		{"table", extension.Table},
		{"strikethrough", extension.Strikethrough},
		{"linkify", extension.Linkify},
		{"tasklist", extension.TaskList},
		{"typographer", extension.Typographer},
		{"definitionlist", extension.DefinitionList},
		{"footnote", extension.Footnote},
	} {
		if on.flag(e.key, true) && !on.sub(e.key).flag("disable", false) {
			ext = append(ext, e.ext)
		}
	}
	if on.sub("cjk").flag("enable", false) {
		ext = append(ext, extension.CJK)
	}
	parse := []parser.Option{parser.WithInlineParsers(util.Prioritized(commonmark.Delimiters{}, 450))}
	if conf.sub("parser").flag("autoheadingid", true) {
		parse = append(parse, parser.WithAutoHeadingID())
	}
	if conf.sub("parser", "attribute").flag("title", true) {
		parse = append(parse, parser.WithAttribute())
	}
	md := goldmark.New(goldmark.WithExtensions(ext...), goldmark.WithParserOptions(parse...))
	if r := conf.sub("renderer"); true {
		if r.flag("unsafe", false) {
			md.Renderer().AddOptions(gmhtml.WithUnsafe())
		}
		if r.flag("hardwraps", false) {
			md.Renderer().AddOptions(gmhtml.WithHardWraps())
		}
	}
	return withIDs{md}
}

// ids makes ids of headings as GitHub does, of letters of all scripts.
type ids struct{ seen map[string]bool }

func (i ids) Generate(value []byte, kind ast.NodeKind) []byte {
	id := strings.Map(func(r rune) rune {
		switch {
		case r == ' ', r == '-':
			return '-'
		case r == '_', unicode.IsLetter(r), unicode.IsDigit(r):
			return unicode.ToLower(r)
		}
		return -1
	}, strings.TrimSpace(string(value)))
	if id == "" {
		id = "heading"
	}
	out := id
	for n := 1; i.seen[out]; n++ {
		out = id + "-" + strconv.Itoa(n)
	}
	i.seen[out] = true
	return []byte(out)
}

func (i ids) Put(value []byte) { i.seen[string(value)] = true }

const (
	// maxMarkdown is the longest text that is read as Markdown, in bytes.
	maxMarkdown = 1 << 20
	// mark begins what stands for the divider and for the HTML of shortcodes while Markdown is rendered.
	mark = "FEEDMILLx7k"
	more = mark + "MORE"
)

var divider = regexp.MustCompile(`<!--\s*more\s*-->`)

// content renders the page, and the summary where the author states one.
func (p *page) content() {
	it := p.Change.Item
	body := strings.ReplaceAll(string(p.cut.body), mark, "")
	if len(body) > maxMarkdown {
		p.Reject(p.cut.bodyLine, "the text is larger than %d KiB: split the page", maxMarkdown>>10)
		return
	}
	if at := divider.FindStringIndex(body); at != nil {
		body = body[:at[0]] + "\n\n" + more + "\n\n" + body[at[1]:]
	}
	sc := shortcodes{page: p}
	body = sc.run(body)
	out := body
	if ext := path.Ext(p.file); ext == ".md" || ext == ".markdown" || ext == ".mdown" {
		var err error
		if out, err = commonmark.Convert(p.site.md, []byte(body)); err != nil {
			p.Reject(p.cut.bodyLine, "%v", err)
			return
		}
	}
	out = sc.fill(out)
	head, tail, found := strings.Cut(out, "<p>"+more+"</p>")
	if !found {
		head, tail, found = strings.Cut(out, more)
	}
	it.Content = strings.TrimSpace(head + tail)
	switch s := p.front.str("summary"); {
	case found:
		it.Summary = strings.TrimSpace(head)
	case s != "":
		it.Summary = s
	default:
		it.Summary = p.front.str("description")
	}
	if sc.unknown != "" {
		p.Repair(sc.line, "left out the tags of the shortcode %.40q, which is not Hugo's own", sc.unknown)
	}
}

// tag matches the tags of shortcodes; a quoted argument may hold their marks.
var tag = regexp.MustCompile("\\{\\{([<%])(/\\*)?\\s*(/?)\\s*([^\\s<>%/\"`{}]+)((?:\"(?:[^\"\\\\]|\\\\.)*\"|`[^`]*`|[^\"`>%{}])*?)(/?)(\\*/)?([>%])\\}\\}")

var argument = regexp.MustCompile("(?:([A-Za-z0-9_-]+)\\s*=\\s*)?(?:\"((?:[^\"\\\\]|\\\\.)*)\"|`([^`]*)`|([^\\s\"`=]+))")

// shortcodes takes the shortcodes out of a text and fills their HTML in when it is rendered.
type shortcodes struct {
	page    *page
	html    []string
	unknown string
	line    int
}

func (s *shortcodes) run(body string) string {
	var b strings.Builder
	last, skip := 0, ""
	for _, m := range tag.FindAllStringSubmatchIndex(body, -1) {
		part := func(n int) string {
			if m[2*n] < 0 {
				return ""
			}
			return body[m[2*n]:m[2*n+1]]
		}
		name, args, closing := strings.ToLower(part(4)), arguments(part(5)), part(3) != ""
		if skip != "" {
			if closing && name == skip {
				inner := body[last:m[0]]
				if skip == "highlight" {
					b.WriteString(s.keep(highlight(s.html[len(s.html)-1], inner)))
				}
				last, skip = m[1], ""
			}
			continue
		}
		b.WriteString(body[last:m[0]])
		last = m[1]
		if part(2) != "" { // {{</* name */>}} shows the tag itself
			b.WriteString("{{" + part(1) + " " + strings.TrimSpace(part(4)+part(5)) + " " + part(8) + "}}")
			continue
		}
		switch out, known := s.one(name, args); {
		case closing && name == "details":
			b.WriteString("\n\n" + s.keep("</details>") + "\n\n")
		case name == "details":
			summary := args["summary"]
			if summary == "" {
				summary = "Details"
			}
			b.WriteString("\n\n" + s.keep("<details><summary>"+html.EscapeString(summary)+"</summary>") + "\n\n")
		case name == "highlight" && !closing && strings.Contains(body[last:], "/highlight") || name == "comment" && !closing && strings.Contains(body[last:], "/comment"):
			s.html = append(s.html, args["0"])
			skip = name
		case known && (name == "ref" || name == "relref" || name == "param"):
			b.WriteString(out)
		case known && out != "":
			b.WriteString(s.keep(out))
		case !known && s.unknown == "":
			s.unknown, s.line = name, p0(s.page.cut.bodyLine, body[:m[0]])
		}
	}
	b.WriteString(body[last:])
	return b.String()
}

func p0(line int, before string) int { return line + strings.Count(before, "\n") }

// arguments are those of a shortcode, by name or by place.
func arguments(s string) map[string]string {
	out, n := map[string]string{}, 0
	for _, m := range argument.FindAllStringSubmatch(s, 100) {
		v := strings.NewReplacer(`\"`, `"`, `\\`, `\`).Replace(m[2]) + m[3] + m[4]
		if m[1] != "" {
			out[strings.ToLower(m[1])] = v
			continue
		}
		out[strconv.Itoa(n)] = v
		n++
	}
	return out
}

// keep puts HTML aside until the Markdown is rendered.
func (s *shortcodes) keep(out string) string {
	s.html = append(s.html, out)
	return fmt.Sprintf("%sS%dE", mark, len(s.html)-1)
}

var kept = regexp.MustCompile(`(<p>)?` + mark + `S(\d+)E(</p>)?`)

// fill puts the HTML back, each once.
func (s *shortcodes) fill(out string) string {
	return kept.ReplaceAllStringFunc(out, func(m string) string {
		g := kept.FindStringSubmatch(m)
		n, err := strconv.Atoi(g[2])
		if err != nil || n >= len(s.html) {
			return ""
		}
		h := s.html[n]
		s.html[n] = ""
		if g[1] != "" && g[3] != "" {
			return h
		}
		return g[1] + h + g[3]
	})
}

func highlight(lang, code string) string {
	lang = html.EscapeString(lang)
	return `<div class="highlight"><pre><code class="language-` + lang + `" data-lang="` + lang + `">` + html.EscapeString(strings.Trim(code, "\r\n")) + "</code></pre></div>"
}

// one is the HTML of one of Hugo's own shortcodes (https://gohugo.io/shortcodes/).
func (s *shortcodes) one(name string, a map[string]string) (out string, known bool) {
	id := a["id"]
	if id == "" {
		id = a["0"]
	}
	switch name {
	case "figure":
		return figure(a), true
	case "ref", "relref":
		if id == "" {
			id = a["path"]
		}
		return s.page.ref(id), true
	case "param":
		key := strings.ToLower(a["0"])
		if v := s.page.front.str(key); v != "" {
			return v, true
		}
		return s.page.site.conf.sub("params").str(key), true
	case "youtube":
		return link("https://www.youtube.com/watch?v=" + id), true
	case "vimeo":
		return link("https://vimeo.com/" + id), true
	case "instagram":
		return link("https://www.instagram.com/p/" + id + "/"), true
	case "x", "tweet", "twitter":
		user := a["user"]
		if user == "" {
			user = "i"
		}
		return link("https://x.com/" + user + "/status/" + id), true
	case "gist":
		return link("https://gist.github.com/" + a["0"] + "/" + a["1"]), true
	case "qr", "highlight", "comment", "details", "twitter_simple", "vimeo_simple", "instagram_simple":
		return "", true
	}
	return "", false
}

func link(to string) string {
	to = html.EscapeString(to)
	return `<a href="` + to + `">` + to + "</a>"
}

func figure(a map[string]string) string {
	e := func(key string) string { return html.EscapeString(a[key]) }
	alt := e("alt")
	if alt == "" {
		alt = e("caption")
	}
	out := `<img src="` + e("src") + `" alt="` + alt + `">`
	if a["link"] != "" {
		out = `<a href="` + e("link") + `">` + out + "</a>"
	}
	text := ""
	if a["title"] != "" {
		text = "<h4>" + e("title") + "</h4>"
	}
	attr := e("attr")
	if a["attrlink"] != "" {
		attr = `<a href="` + e("attrlink") + `">` + attr + "</a>"
	}
	if a["caption"]+attr != "" {
		text += "<p>" + strings.TrimSpace(e("caption")+" "+attr) + "</p>"
	}
	if text != "" {
		text = "<figcaption>" + text + "</figcaption>"
	}
	return "<figure>" + out + text + "</figure>"
}

// ref is the address of another page by its path, as where its file is says; its own url, slug and permalink are not
// looked up. One with a slash is from the root, else it is beside this page.
func (p *page) ref(to string) string {
	to, anchor, found := strings.Cut(to, "#")
	if found {
		anchor = "#" + anchor
	}
	if to == "" {
		return anchor
	}
	if !strings.HasPrefix(to, "/") && (!strings.Contains(to, "/") || to[0] == '.') {
		to = path.Join("/", p.dir, to)
	}
	to = strings.TrimSuffix(strings.TrimSuffix(path.Join("/", to), path.Ext(to)), "/index")
	return p.site.origin + strings.TrimRight(p.site.sanitise(to), "/") + "/" + anchor
}

// withIDs gives each conversion ids of its own.
type withIDs struct{ goldmark.Markdown }

func (w withIDs) Convert(src []byte, out io.Writer, opts ...parser.ParseOption) error {
	pc := parser.NewContext(parser.WithIDs(ids{map[string]bool{}}))
	return w.Markdown.Convert(src, out, append(opts, parser.WithContext(pc))...)
}
