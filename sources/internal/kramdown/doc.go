// Package kramdown turns Markdown into HTML as kramdown 2.4 does with its GFM parser and Jekyll's settings.
//
// kramdown's language is not CommonMark with additions: where a paragraph ends, how deep a list item is, what HTML
// swallows, what a pipe means and which quote opens all follow rules of its own, so it has a parser of its own here.
// The rules are those of https://kramdown.gettalong.org/syntax.html and of what kramdown prints; testdata has pairs of
// text and kramdown's own output.
//
// A text goes through three steps, as kramdown's does: blocks (blocks.go and a file for each kind of block), spans within
// the blocks (spans.go and a file for each kind), and HTML (render.go). Definitions of links, footnotes, abbreviations
// and attribute lists are collected by the first, because they may stand below their use.
//
// The text is hostile: nothing recurses deeper than maxBlocks and maxSpans, spans that have to be read again because
// their end is missing share a budget that grows with the text, tables a number of cells, and the HTML has a limit.
// What hits a budget is left as text and noted; only [ErrCells], [ErrNodes] and [ErrTooLarge] refuse a
// document.
//
// The HTML is that of kramdown up to blanks between blocks, with these exceptions: code has no spans for colours, and
// its language is named on the code element too, where feeds keep it; an element closed in its start tag (<div/>) is
// written with an end tag, because HTML knows no other; and a line that begins with blanks and a tab is a paragraph, where
// kramdown finds no block at all.
package kramdown
