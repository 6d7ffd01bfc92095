package jekyll

import (
	"fmt"
	"strings"

	"feedmill/sources/internal/kramdown"
)

// maxMarkdown is the longest text that is read as Markdown, in bytes.
const maxMarkdown = 1 << 20

// renderer turns a body into HTML.
type renderer struct {
	site     *site
	markdown bool
	// notes say what in the Markdown was left as it is written.
	notes []kramdown.Note
}

func (r *renderer) render(body string) (string, error) {
	if !r.markdown {
		return strings.TrimSpace(body), nil
	}
	if len(body) > maxMarkdown {
		return "", fmt.Errorf("the text is larger than %d KiB: split the post, or write it as .html", maxMarkdown>>10)
	}
	if r.site.kramdown == nil {
		return renderCommonMark([]byte(body))
	}
	html, notes, err := r.site.kramdown.Convert(body)
	if err != nil {
		return "", fmt.Errorf("render Markdown: %w", err)
	}
	r.notes = append(r.notes, notes...)
	return html, nil
}

// setMarkdown reads the keys markdown, highlighter and kramdown. Where the site has another processor than kramdown,
// CommonMark is what comes nearest.
func (s *site) setMarkdown(conf fields) {
	switch v := conf.get("markdown"); strings.ToLower(v.str()) {
	case "", "kramdown":
	case "commonmark", "commonmarkghpages", "gfm":
		return
	default:
		s.report(v, fmt.Sprintf("markdown: %.40s is not supported: posts are read as CommonMark", v.str()))
		return
	}
	o := kramdown.Jekyll()
	o.DropEmptyAutolinks = true
	if h := conf.get("highlighter").str(); h != "" {
		o.Set("syntax_highlighter", h)
	}
	for _, f := range conf.get("kramdown").fields {
		s.setKramdown(o, f.key, f.value)
	}
	s.kramdown = o
}

func (s *site) setKramdown(o *kramdown.Options, key string, v value) {
	ok := true
	switch key {
	case "typographic_symbols":
		o.Symbols = map[string]string{}
		for _, f := range v.fields {
			o.Symbols[f.key] = f.value.str()
		}
	case "link_defs":
		o.LinkDefs = map[string][2]string{}
		for _, f := range v.fields {
			def := [2]string{f.value.str()}
			for i, part := range f.value.list {
				if i < len(def) {
					def[i] = part.str()
				}
			}
			o.LinkDefs[f.key] = def
		}
	case "syntax_highlighter_opts":
		if v.fields.get("disable").isTrue() {
			o.Highlight = false
		}
		if lang := v.fields.get("default_lang").str(); lang != "" {
			o.DefaultLang = lang
		}
	case "syntax_highlighter", "math_engine":
		if o.Set(key, v.str()); v.kind == null {
			o.Set(key, "")
		}
		// Another highlighter writes other elements around the same code, another engine draws the formulas.
	case "coderay", "enable_coderay", "math_engine_opts":
	default:
		words := make([]string, 0, len(v.list))
		for _, part := range v.items() {
			words = append(words, part.str())
		}
		ok = o.Set(key, strings.Join(words, ","))
	}
	if !ok {
		s.report(v, fmt.Sprintf("kramdown: %.40s is not supported, or its value is not", key))
	}
}
