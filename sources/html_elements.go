package sources

// trait is what the pass has to know of an element.
type trait uint16

const (
	isVoid    trait = 1 << iota // has no content
	isBlock                     // starts a new line: closes an open paragraph, separates words
	isSpecial                   // stops the search for an open li, dd or dt (HTML §13.2.4.2)
	isWall                      // end tags of inline elements do not reach beyond it
	isScope                     // no end tag but those of tables reaches beyond it
	isTable                     // part of a table, with rules of its own
	isHeading
	isKept   // stays even when nothing is in it
	isQuiet  // its text is not for the summary
	isMedia  // holds only sources; other content is for old browsers
	isHidden // goes with all that is in it
	isRaw    // hidden, and its content is not markup (HTML §13.1.2)
)

// element is one that the pass knows; of others only the content is kept.
type element struct {
	name   string // the name that is written
	traits trait
}

func (e *element) is(t trait) bool { return e.traits&t != 0 }

// elements are the known elements by the name they have in the source. What is not hidden is the allow-list: RFC 4287
// §8.1 asks to be careful with everything that runs, embeds or submits.
var elements = make(map[string]*element)

func init() {
	for _, row := range []struct {
		traits trait
		names  []string
	}{
		{isBlock, []string{"p"}},
		{isBlock | isSpecial, []string{"pre", "summary"}},
		{isBlock, []string{"div", "address"}},
		{isBlock | isSpecial | isHeading, []string{"h1", "h2", "h3", "h4", "h5", "h6"}},
		{isBlock | isSpecial | isWall, []string{"blockquote", "ul", "ol", "dl", "li", "dt", "dd", "figure", "details"}},
		{isBlock | isSpecial | isWall | isQuiet, []string{"figcaption"}},
		{isBlock | isSpecial | isVoid, []string{"hr"}},
		{isBlock | isSpecial | isWall | isScope | isTable | isQuiet, []string{"table", "caption"}},
		{isBlock | isSpecial | isTable, []string{"thead", "tbody", "tfoot"}},
		{isBlock | isSpecial | isTable | isKept, []string{"tr"}},
		{isBlock | isSpecial | isTable | isKept | isWall | isScope, []string{"td", "th"}},
		{0, []string{
			"a", "abbr", "b", "bdi", "bdo", "cite", "code", "del", "dfn", "em", "i", "ins", "kbd", "mark", "picture", "q",
			"ruby", "s", "samp", "small", "span", "strong", "sub", "sup", "time", "u", "var",
		}},
		{isQuiet, []string{"rt", "rp"}},
		{isVoid, []string{"br", "img", "source", "wbr"}},
		{isMedia, []string{"video", "audio"}},
		{isHidden, []string{"svg", "math", "select", "button", "canvas", "template", "dialog", "datalist", "map"}},
		{isHidden | isRaw, []string{
			"script", "style", "iframe", "noembed", "noframes", "noscript", "plaintext", "textarea", "title", "xmp",
		}},
	} {
		for _, name := range row.names {
			elements[name] = &element{name, row.traits}
		}
	}
	for old, now := range map[string]string{
		"article": "div", "aside": "div", "center": "div", "fieldset": "div", "footer": "div", "form": "div",
		"header": "div", "hgroup": "div", "main": "div", "nav": "div", "section": "div",
		"dir": "ul", "menu": "ul", "strike": "s", "tt": "code",
	} {
		elements[old] = elements[now]
	}
	for name, e := range map[string]**element{
		"a": &elA, "p": &elP, "li": &elLi, "dd": &elDd, "dt": &elDt, "ul": &elUl, "ol": &elOl, "br": &elBr, "img": &elImg,
		"source": &elSource, "picture": &elPicture, "pre": &elPre, "code": &elCode, "span": &elSpan, "ruby": &elRuby, "rt": &elRt,
		"rp": &elRp, "table": &elTable, "caption": &elCaption, "tr": &elTr, "td": &elTd, "th": &elTh,
		"svg": &elSvg, "math": &elMath, "iframe": &elIframe, "noscript": &elNoscript,
	} {
		*e = elements[name]
	}
}

// The elements that have rules of their own.
var (
	elA, elP, elLi, elDd, elDt, elUl, elOl, elBr, elImg, elSource, elPicture, elPre, elCode, elSpan, elRuby, elRt, elRp,
	elTable, elCaption, elTr, elTd, elTh, elSvg, elMath, elIframe, elNoscript *element
)
