package jekyll

import (
	"unicode"
	"unicode/utf8"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	mdtext "github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// cjkEmphasis decides what * and _ next to Chinese, Japanese or Korean text mean. CommonMark's rules look for blanks
// and punctuation around words, which such text does not have: 这是**「重点」**内容 comes out wrong. Here a CJK
// character, punctuation included, counts as a place where emphasis may begin or end. Without a CJK neighbour the
// parser steps aside, so other text follows CommonMark to the letter.
//
// It also bounds the delimiters of a block, strikethrough's included: goldmark's time grows with their square.
type cjkEmphasis struct{}

var _ parser.InlineParser = cjkEmphasis{}

func (cjkEmphasis) Trigger() []byte { return []byte{'*', '_', '~'} }

// maxDelimiters is the most runs of * _ ~ in one block that can mean something.
const maxDelimiters = 1000

// tally counts the delimiters of the block at hand.
type tally struct {
	block ast.Node
	n     int
}

var tallyKey = parser.NewContextKey()

func (cjkEmphasis) Parse(parent ast.Node, block mdtext.Reader, pc parser.Context) ast.Node {
	before := block.PrecendingCharacter()
	line, segment := block.PeekLine()
	n := 0
	for n < len(line) && line[n] == line[0] {
		n++
	}
	count, _ := pc.Get(tallyKey).(*tally)
	if count == nil {
		count = &tally{}
		pc.Set(tallyKey, count)
	}
	if count.block != parent {
		*count = tally{block: parent}
	}
	if count.n++; count.n > maxDelimiters {
		block.Advance(n)
		return ast.NewTextSegment(segment.WithStop(segment.Start + n))
	}
	if line[0] == '~' {
		return nil
	}
	after := ' '
	if n < len(line) {
		after, _ = utf8.DecodeRune(line[n:])
	}
	if !isCJK(before) && !isCJK(after) {
		return nil
	}
	d := parser.ScanDelimiter(line, before, 1, emphasis{})
	if d == nil {
		return nil
	}
	d.CanOpen, d.CanClose = flanking(line[0], before, after)
	d.Segment = segment.WithStop(segment.Start + d.OriginalLength)
	block.Advance(d.OriginalLength)
	pc.PushDelimiter(d)
	return d
}

// flanking is CommonMark §6.2 with CJK characters as neighbours that end a word.
func flanking(mark byte, before, after rune) (canOpen, canClose bool) {
	punct := func(r rune) bool { return !isCJK(r) && util.IsPunctRune(r) }
	space := util.IsSpaceRune
	left := !space(after) && (!punct(after) || space(before) || punct(before) || isCJK(before))
	right := !space(before) && (!punct(before) || space(after) || punct(after) || isCJK(after))
	if mark == '*' {
		return left, right
	}
	return left && (!right || util.IsPunctRune(before)), right && (!left || util.IsPunctRune(after))
}

// isCJK reports whether a character is written without blanks around words: Han, kana, Hangul, and the punctuation
// that goes with them.
func isCJK(r rune) bool {
	switch {
	case r < 0x2e80:
		return r == '“' || r == '”' || r == '‘' || r == '’' || r == '…' || r == '—'
	case r <= 0x9fff, r >= 0xac00 && r <= 0xd7a3, r >= 0xf900 && r <= 0xfaff, r >= 0xfe30 && r <= 0xfe4f,
		r >= 0xff00 && r <= 0xffef, r >= 0x20000 && r <= 0x3ffff:
		return true
	}
	return unicode.Is(unicode.Hangul, r)
}

// emphasis is goldmark's processor, which it does not export.
type emphasis struct{}

func (emphasis) IsDelimiter(b byte) bool { return b == '*' || b == '_' }

func (emphasis) CanOpenCloser(opener, closer *parser.Delimiter) bool {
	return opener.Char == closer.Char
}

func (emphasis) OnMatch(consumes int) ast.Node { return ast.NewEmphasis(consumes) }
