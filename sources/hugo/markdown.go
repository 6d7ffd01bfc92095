package hugo

import (
	"io"
	"strconv"
	"strings"
	"unicode"

	"github.com/yuin/goldmark"
	emoji "github.com/yuin/goldmark-emoji"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/renderer"
	gmhtml "github.com/yuin/goldmark/renderer/html"
	"github.com/yuin/goldmark/util"

	"feedmill/sources/internal/commonmark"
)

// newMarkdown is goldmark as Hugo sets it up for a site (https://gohugo.io/configuration/markup/#goldmark).
func newMarkdown(site params) goldmark.Markdown {
	conf := site.sub("markup", "goldmark")
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
		{"typographer", typographer(on.sub("typographer"))},
		{"definitionlist", extension.DefinitionList},
		{"footnote", extension.Footnote},
	} {
		if on.flag(e.key, true) && !on.sub(e.key).flag("disable", false) && on.sub(e.key).flag("enable", true) {
			ext = append(ext, e.ext)
		}
	}
	if c := on.sub("cjk"); c.flag("enable", false) {
		var options []extension.CJKOption
		if c.flag("eastasianlinebreaks", false) {
			options = append(options, extension.WithEastAsianLineBreaks())
		}
		if c.flag("escapedspace", false) {
			options = append(options, extension.WithEscapedSpace())
		}
		ext = append(ext, extension.NewCJK(options...))
	}
	if site.flag("enableemoji", false) {
		ext = append(ext, emoji.New(emoji.WithRenderingMethod(emoji.Unicode)))
	}
	protocol := "https"
	if v, ok := on["linkifyprotocol"]; ok {
		protocol = text(v)
	}
	inline := []util.PrioritizedValue{util.Prioritized(commonmark.Delimiters{}, 450)}
	if pass := on.sub("passthrough"); pass.flag("enable", false) {
		inline = append(inline, util.Prioritized(newPassthrough(pass.sub("delimiters")), 50))
	}
	block := conf.sub("parser", "attribute")
	tidy := transformer{protocol: []byte(protocol), bare: !conf.sub("parser").flag("wrapstandaloneimagewithinparagraph", true)}
	parse := []parser.Option{parser.WithInlineParsers(inline...), parser.WithASTTransformers(util.Prioritized(tidy, 300))}
	if conf.sub("parser").flag("autoheadingid", true) {
		parse = append(parse, parser.WithAutoHeadingID())
	}
	if block.flag("title", true) {
		parse = append(parse, parser.WithAttribute())
	}
	if block.flag("block", false) {
		parse = append(parse, parser.WithBlockParsers(util.Prioritized(attributes{}, 100)))
	}
	md := goldmark.New(goldmark.WithExtensions(ext...), goldmark.WithParserOptions(parse...))
	md.Renderer().AddOptions(renderer.WithNodeRenderers(util.Prioritized(writer{}, 100)))
	r := conf.sub("renderer")
	if r.flag("unsafe", false) {
		md.Renderer().AddOptions(gmhtml.WithUnsafe())
	}
	if r.flag("hardwraps", false) {
		md.Renderer().AddOptions(gmhtml.WithHardWraps())
	}
	kind := strings.ToLower(conf.sub("parser").str("autoheadingidtype"))
	if kind == "" {
		kind = strings.ToLower(conf.sub("parser").str("autoidtype"))
	}
	return withIDs{md, kind}
}

// typographer takes the marks of the configuration in place of its own.
func typographer(conf params) goldmark.Extender {
	own := extension.TypographicSubstitutions{}
	for key, mark := range map[string]extension.TypographicPunctuation{
		"apostrophe": extension.Apostrophe, "ellipsis": extension.Ellipsis, "emdash": extension.EmDash, "endash": extension.EnDash,
		"leftanglequote": extension.LeftAngleQuote, "leftdoublequote": extension.LeftDoubleQuote, "leftsinglequote": extension.LeftSingleQuote,
		"rightanglequote": extension.RightAngleQuote, "rightdoublequote": extension.RightDoubleQuote, "rightsinglequote": extension.RightSingleQuote,
	} {
		if v, ok := conf[key]; ok {
			own[mark] = []byte(text(v))
		}
	}
	if len(own) == 0 {
		return extension.Typographer
	}
	return extension.NewTypographer(extension.WithTypographicSubstitutions(own))
}

// ids makes ids of headings in the way of a type: github, github-ascii or blackfriday.
type ids struct {
	kind string
	seen map[string]bool
	next map[string]int
}

func (i ids) Generate(value []byte, kind ast.NodeKind) []byte {
	id := i.anchor(strings.TrimSpace(string(value)))
	if id == "" {
		id = "heading"
		if kind != ast.KindHeading {
			id = "id"
		}
	}
	out := id
	for n := max(i.next[id], 1); i.seen[out]; n++ {
		out = id + "-" + strconv.Itoa(n)
		i.next[id] = n + 1
	}
	i.seen[out] = true
	return []byte(out)
}

func (i ids) anchor(s string) string {
	switch i.kind {
	case "blackfriday":
		var b strings.Builder
		dash := false
		for _, r := range s {
			if !unicode.IsLetter(r) && !unicode.IsNumber(r) {
				dash = true
				continue
			}
			if dash && b.Len() > 0 {
				b.WriteByte('-')
			}
			dash = false
			b.WriteRune(unicode.ToLower(r))
		}
		return b.String()
	case "github-ascii":
		s = withoutAccents(s)
	}
	return strings.Map(func(r rune) rune {
		switch {
		case i.kind == "github-ascii" && r > unicode.MaxASCII:
			return -1
		case r == ' ', r == '-':
			return '-'
		case r == '_', unicode.IsLetter(r), unicode.IsDigit(r):
			return unicode.ToLower(r)
		}
		return -1
	}, s)
}

func (i ids) Put(value []byte) { i.seen[string(value)] = true }

// withIDs gives each conversion ids of its own.
type withIDs struct {
	goldmark.Markdown
	kind string
}

func (w withIDs) Convert(src []byte, out io.Writer, opts ...parser.ParseOption) error {
	pc := parser.NewContext(parser.WithIDs(ids{w.kind, map[string]bool{}, map[string]int{}}))
	return w.Markdown.Convert(src, out, append(opts, parser.WithContext(pc))...)
}
