package sources

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
	"sync"
	"unicode/utf8"

	"golang.org/x/net/html"
	"golang.org/x/text/unicode/norm"
)

const (
	// MaxContent is the most bytes of HTML that one item may bring. What the pass makes of it is bounded a little lower,
	// so that the item with all its fields still fits a store.
	MaxContent = 16 << 20
	maxOutput  = 15 << 20
	// maxDepth is how deep elements nest; deeper ones are unwrapped. golang.org/x/net/html refuses trees of 512.
	maxDepth = 100
	// summaryRunes is the length of a summary made from the content; collectRunes is what is looked at for it.
	summaryRunes, collectRunes = 280, 400
)

var errTooLarge = errors.New("content too large")

// htmlBody is what one pass over an item's HTML yields.
type htmlBody struct {
	html  string // safe, balanced, with absolute addresses
	text  string // the first visible words
	image string // the first picture that is more than decoration
	cut   cuts
}

// readHTML reads HTML once: it keeps what the allow-list of [elements] and attributes names, balances it, makes
// cleanAddresses absolute against base (nil for none), and gathers the summary and the first picture on the way.
//
// What is written is built anew, never copied: names come from the list, text and values are escaped here. Elements
// whose content browsers read by other rules (script, style, noscript, textarea, svg, math …) are never written, and
// the nesting is such that a parser moves nothing. So however a tag was meant, it cannot change its meaning later.
func readHTML(src string, base *url.URL) (htmlBody, error) {
	if len(src) > MaxContent {
		return htmlBody{}, fmt.Errorf("%w: %d bytes, at most %d", errTooLarge, len(src), MaxContent)
	}
	if !utf8.ValidString(src) {
		src = validUTF8(src)
	}
	p := passes.Get().(*htmlPass)
	defer p.release()
	p.base = base
	err := p.run(src)
	if err == nil && p.hid && !p.solid {
		// All of it was hidden: a page that scripts would have revealed, not junk beside a text.
		p.reset()
		p.showHidden = true
		err = p.run(src)
	}
	if err != nil {
		return htmlBody{}, err
	}
	b := p.result()
	if !p.marks || norm.NFC.IsNormalString(b.html) {
		return b, nil
	}
	// Where a tag was removed, a combining mark met its base: once more.
	p.reset()
	if err := p.run(b.html); err != nil {
		return htmlBody{}, err
	}
	b.html = p.result().html
	return b, nil
}

// htmlText is the visible text of HTML on one line, of at most limit runes.
func htmlText(src string, limit int) string {
	if !utf8.ValidString(src) {
		src = validUTF8(src)
	}
	p := passes.Get().(*htmlPass)
	defer p.release()
	p.collect = limit * 3 / 2
	p.allText = true
	if err := p.run(clipText(src, 1<<20)); err != nil {
		return ""
	}
	return cutText(p.said(), limit)
}

// htmlPass is the state of one pass. Passes are pooled: reset keeps the buffers.
type htmlPass struct {
	in    strings.Reader
	z     *html.Tokenizer
	base  *url.URL
	out   []byte
	stack []openElement
	attrs attributes

	text    []byte // for the summary
	runes   int    // in text
	collect int    // runes to collect at most
	gap     bool   // a blank is due before the next word of text
	allText bool   // quiet elements speak too
	image   string

	skipText   bool // the next text is the inside of a raw element
	lost       bool // the picture before had no address
	noscript   bool // the next text is that of a noscript element behind such a picture
	showHidden bool
	hid        bool // something was hidden by its style
	solid      bool // there is something to see
	marks      bool // some text was not plain: NFC is to be checked
	hidden     int  // open elements of each sort
	media      int
	quiet      int
	code       int
	foreign    int
	links      int
	here       bool // the tag under way is something to see in itself
	tooDeep    int  // start tags left out because of maxDepth, whose end tags are to come
	cut        cuts
}

// openElement is an element that was started and not yet ended.
type openElement struct {
	el           *element
	start, body  int // in out: where its start tag starts and ends
	text         int // in text: where its text starts
	bare         bool
	hide         bool
	solid        bool // something to see is in it
	prose        bool // words that are no links are in it
	blank, broke bool // a blank, a line break is in it
}

var passes = sync.Pool{New: func() any { return new(htmlPass) }}

// reset makes the pass ready for other input.
func (p *htmlPass) reset() {
	p.attrs.left = 0
	*p = htmlPass{base: p.base, out: p.out[:0], stack: p.stack[:0], text: p.text[:0], collect: collectRunes, attrs: p.attrs}
}

// release gives the pass back, without buffers that one huge item has grown.
func (p *htmlPass) release() {
	p.base = nil
	p.reset()
	p.attrs.clear()
	if cap(p.out) <= 1<<20 {
		passes.Put(p)
	}
}

func (p *htmlPass) result() htmlBody {
	p.cut[cutAttribute] = p.attrs.left
	if !p.solid {
		return htmlBody{cut: p.cut}
	}
	b := htmlBody{html: string(bytes.TrimSpace(p.out)), image: p.image, cut: p.cut}
	b.text = cutText(p.said(), summaryRunes)
	return b
}

// said is the text that was gathered, on one line.
func (p *htmlPass) said() string {
	if p.marks {
		return cleanLine(string(p.text))
	}
	return string(p.text) // clean already, and folded when it was gathered
}

func (p *htmlPass) run(src string) error {
	if p.collect == 0 {
		p.collect = collectRunes
	}
	p.in.Reset(src)
	p.z = html.NewTokenizer(&p.in)
	for {
		kind := p.z.Next()
		skip := p.skipText
		p.skipText = false
		switch kind {
		case html.TextToken:
			if !skip && p.hidden == 0 && p.media == 0 {
				p.words()
			} else if p.noscript {
				p.unscripted(p.z.Raw())
			}
			p.noscript = false
		case html.StartTagToken, html.SelfClosingTagToken:
			p.startTag(kind == html.SelfClosingTagToken)
		case html.EndTagToken:
			name, _ := p.z.TagName()
			if el := elements[string(name)]; el != nil {
				p.endTag(el)
			}
		case html.ErrorToken:
			if err := p.z.Err(); err != io.EOF {
				return fmt.Errorf("read html: %w", err)
			}
			p.closeTo(0)
			return nil
		}
		if len(p.out) > maxOutput {
			return fmt.Errorf("%w: more than %d bytes once escaped", errTooLarge, maxOutput)
		}
	}
}

// startTag handles a start tag. A known element that says it is empty (<p/>, from XHTML) is ended at once: a browser
// would let it swallow what follows.
func (p *htmlPass) startTag(empty bool) {
	name, more := p.z.TagName()
	el := elements[string(name)]
	if el == nil {
		if string(name) == "http:" || string(name) == "https:" {
			p.autolink()
		} else {
			p.cut[cutTag]++
		}
		return
	}
	if p.foreign > 0 {
		if el.is(isRaw) {
			p.z.NextIsNotRawText() // in svg they are ordinary elements
			return
		}
		if el.is(isBlock) || el == elImg {
			p.leaveForeign()
		}
	}
	if el.is(isRaw) {
		p.skipText, p.noscript = true, el == elNoscript && p.lost
		p.lost = false
		p.cut[cutOf(el)]++
		if el == elIframe && p.hidden == 0 && p.media == 0 {
			p.attrs.read(p.z, more)
			p.frame()
		}
		return
	}
	p.lost = false
	p.attrs.read(p.z, more)
	hide := el.is(isHidden)
	if !p.showHidden && !hide && p.attrs.hide() {
		hide, p.hid = true, true
		p.cut[cutHidden]++
	} else if hide {
		p.cut[cutTag]++
	}
	switch {
	case el.is(isVoid):
		if !hide && p.hidden == 0 {
			p.void(el)
		}
	case !p.makeRoom(el, hide):
	case len(p.stack) >= maxDepth:
		if !empty {
			p.tooDeep++
		}
		p.space(el)
	default:
		p.push(el, hide)
		if empty {
			p.pop()
		}
	}
}

// push writes a start tag and opens its element.
func (p *htmlPass) push(el *element, hide bool) {
	e := openElement{el: el, start: len(p.out), text: len(p.text), hide: hide}
	if hide {
		p.hidden++
	}
	if p.hidden > 0 || p.media > 0 {
		e.bare = true
	} else {
		p.space(el)
		e.bare = !p.writeTag(el)
	}
	e.body = len(p.out)
	e.solid, p.here = p.here, false
	p.count(el, 1)
	p.stack = append(p.stack, e)
}

// count keeps account of the open elements that change how their inside is read.
func (p *htmlPass) count(el *element, n int) {
	switch {
	case el.is(isMedia):
		p.media += n
	case el.is(isQuiet) || el == elPre:
		p.quiet += n
	case el == elA:
		p.links += n
	case el == elSvg || el == elMath:
		p.foreign += n
	}
	if el == elPre || el == elCode {
		p.code += n
	}
}

// space separates the words before and behind a block.
func (p *htmlPass) space(el *element) {
	if el.is(isBlock) {
		p.gap = true
	}
}

// pop ends the innermost element: with its end tag, or without a trace when nothing is to see in it.
func (p *htmlPass) pop() {
	e := p.stack[len(p.stack)-1]
	p.stack = p.stack[:len(p.stack)-1]
	p.count(e.el, -1)
	if e.hide {
		p.hidden--
	}
	p.space(e.el)
	if e.el.is(isBlock) && !e.prose && e.text > 0 && !p.allText {
		p.unsay(e.text) // "back | home" and its like are not what the item is about
	}
	if !e.bare {
		if e.solid && e.el.is(isBlock) && string(bytes.TrimSpace(p.out[e.body:])) == "&lt;&gt;" {
			e.solid = false // what an empty autolink leaves
		}
		inCode := p.code > 0 && len(p.out) > e.body
		switch {
		case e.solid || e.el.is(isKept) || inCode || e.broke && !e.el.is(isBlock):
			p.out = append(p.out, '<', '/')
			p.out = append(p.out, e.el.name...)
			p.out = append(p.out, '>')
			e.solid = e.solid || inCode
		default:
			p.out = p.out[:e.start]
			p.unsay(e.text)
			if e.el.is(isBlock) {
				e.blank, e.broke = false, false
			} else if e.blank && len(p.out) > 0 {
				p.out = append(p.out, ' ')
			}
		}
	}
	if len(p.stack) == 0 {
		p.solid = p.solid || e.solid
		return
	}
	top := &p.stack[len(p.stack)-1]
	top.solid = top.solid || e.solid
	top.prose = top.prose || e.prose
	top.blank = top.blank || e.blank
	top.broke = top.broke || e.broke
}

// closeTo ends elements until n are open.
func (p *htmlPass) closeTo(n int) {
	for len(p.stack) > n {
		p.pop()
	}
}

// mark notes that something to see was written into the innermost element.
func (p *htmlPass) mark() {
	if len(p.stack) == 0 {
		p.solid = true
		return
	}
	p.stack[len(p.stack)-1].solid = true
}
