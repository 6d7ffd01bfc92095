package kramdown

import (
	"strconv"
	"strings"
)

// Options are the settings of kramdown that this package knows; see https://kramdown.gettalong.org/options.html. The
// zero value is not Jekyll's: use [Jekyll].
type Options struct {
	// Plain reads kramdown's own dialect (input: kramdown) and not GFM.
	Plain bool
	// HardWrap makes every newline in a paragraph a line break.
	HardWrap bool
	// AutoIDs gives headers IDs; IDPrefix stands before each.
	AutoIDs  bool
	IDPrefix string
	// ParagraphEnd and Typographic are the quirks of GFM: lists, headers and quotes end a paragraph; -- becomes a dash.
	ParagraphEnd, Typographic bool
	// ParseBlockHTML and ParseSpanHTML read Markdown within HTML elements.
	ParseBlockHTML, ParseSpanHTML bool
	// FootnoteStart is the first number.
	FootnoteStart    int
	FootnotePrefix   string
	FootnoteBacklink string
	BacklinkInline   bool
	// TOCLevels has a bit for each level of header in the table of contents.
	TOCLevels    uint8
	HeaderOffset int
	// Quotes are the opening and closing single and double quotation marks.
	Quotes [4]string
	// Symbols replaces the typographic symbols by name: mdash, ndash, hellip, laquo, raquo, laquo_space, raquo_space.
	Symbols map[string]string
	// LinkDefs are definitions of links (address and title) for every document.
	LinkDefs map[string][2]string
	// Highlight wraps code as Rouge does.
	Highlight bool
	// DefaultLang is the language of code that names none; "" leaves it plain.
	DefaultLang string
	// MathJax writes math as \(…\) and \[…\], else as $…$ and $$…$$ in elements of class kdmath.
	MathJax bool
	// JoinCJK removes line breaks between Chinese and Japanese characters.
	JoinCJK bool
	// DropEmptyAutolinks leaves paragraphs out that are nothing but <>, which crawlers leave of a missing address. It is
	// not an option of kramdown, which writes them as text.
	DropEmptyAutolinks bool
}

// Jekyll are the settings of Jekyll 4.3.
func Jekyll() *Options {
	return &Options{
		AutoIDs: true, ParagraphEnd: true, Typographic: true, ParseSpanHTML: true,
		FootnoteStart: 1, FootnoteBacklink: "↩", TOCLevels: 0b0111_1110,
		Quotes:    [4]string{"‘", "’", "“", "”"},
		Highlight: true, DefaultLang: "plaintext", MathJax: true,
	}
}

// Set changes an option by its name in kramdown. A list is one value with commas. ok is false for an option, or a value,
// that this package does not know; known says that it is one that makes no difference here.
func (o *Options) Set(option, value string) (ok bool) {
	value = strings.TrimSpace(value)
	yes := value == "true" || value == "yes" || value == "on"
	switch option {
	case "input":
		o.Plain = strings.EqualFold(value, "kramdown")
		return o.Plain || strings.EqualFold(value, "GFM")
	case "hard_wrap":
		o.HardWrap = yes
	case "auto_ids":
		o.AutoIDs = yes
	case "auto_id_prefix":
		o.IDPrefix = value
	case "gfm_quirks":
		o.ParagraphEnd, o.Typographic = false, true
		for _, q := range fields(value) {
			switch q {
			case "paragraph_end":
				o.ParagraphEnd = true
			case "no_auto_typographic":
				o.Typographic = false
			default:
				return false
			}
		}
	case "parse_block_html":
		o.ParseBlockHTML = yes
	case "parse_span_html":
		o.ParseSpanHTML = yes
	case "footnote_nr":
		return number(&o.FootnoteStart, value, 0, 1<<30)
	case "footnote_prefix":
		o.FootnotePrefix = value
	case "footnote_backlink":
		o.FootnoteBacklink = decode(value)
	case "footnote_backlink_inline":
		o.BacklinkInline = yes
	case "header_offset":
		return number(&o.HeaderOffset, value, -6, 6)
	case "toc_levels":
		return o.setLevels(value)
	case "smart_quotes":
		return o.setQuotes(value)
	case "math_engine":
		o.MathJax = value == "mathjax"
		return o.MathJax || value == "" || value == "nil" || value == "false"
	case "syntax_highlighter":
		o.Highlight = value == "rouge"
		return o.Highlight || value == "" || value == "nil" || value == "false" || value == "none"
	case "remove_line_breaks_for_cjk":
		o.JoinCJK = yes
	case "html_to_native", "transliterated_header_ids":
		return !yes
	case "auto_id_stripping", "entity_output", "show_warnings", "guess_lang", "line_width", "latex_headers",
		"remove_block_html_tags", "remove_span_html_tags", "template", "forbidden_inline_options", "list_indent":
		// They change nothing that reaches a reader: the characters are the same however they are written.
	default:
		return false
	}
	return true
}

func fields(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == ' ' || r == '[' || r == ']' })
}

func number(to *int, value string, least, most int) bool {
	n, err := strconv.Atoi(value)
	if err != nil || n < least || n > most {
		return false
	}
	*to = n
	return true
}

// setLevels reads 1..3 and 1,2,3.
func (o *Options) setLevels(value string) bool {
	var levels uint8
	for _, f := range fields(value) {
		from, to, span := strings.Cut(f, "..")
		if !span {
			to = from
		}
		var a, b int
		if !number(&a, from, 1, 6) || !number(&b, strings.TrimPrefix(to, "."), 1, 6) {
			return false
		}
		for ; a <= b; a++ {
			levels |= 1 << a
		}
	}
	o.TOCLevels = levels
	return levels != 0
}

func (o *Options) setQuotes(value string) bool {
	names := fields(value)
	if len(names) != 4 {
		return false
	}
	for i, n := range names {
		c := decode("&" + n + ";")
		if isNumber(n) {
			c = decode("&#" + n + ";")
		}
		if strings.HasPrefix(c, "&") && len(c) > 1 {
			return false
		}
		o.Quotes[i] = c
	}
	return true
}

func isNumber(s string) bool {
	for i := range len(s) {
		if !isDigit(s[i]) {
			return false
		}
	}
	return s != ""
}
