package jekyll

import (
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/renderer/html"
	"github.com/yuin/goldmark/util"

	"feedmill/sources/internal/commonmark"
)

// commonMark is for sites that set markdown: CommonMark (or GFM); it is safe for concurrent use. HTML passes: it is
// cleaned where every item is.
var commonMark = goldmark.New(
	goldmark.WithExtensions(extension.GFM, extension.Footnote),
	goldmark.WithParserOptions(
		parser.WithAutoHeadingID(),
		parser.WithInlineParsers(util.Prioritized(commonmark.Delimiters{}, 450)),
	),
	goldmark.WithRendererOptions(html.WithUnsafe()),
)

func renderCommonMark(body []byte) (string, error) { return commonmark.Convert(commonMark, body) }
