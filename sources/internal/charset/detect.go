package charset

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	whatwg "golang.org/x/net/html/charset"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/simplifiedchinese"
)

// sample is how much of a document is looked at to guess its encoding, in bytes.
const sample = 256 << 10

// sure is the score at which a guess counts more than a label; see plausible. Text in the wrong encoding hardly gets
// half of it.
const sure = 1500

// guess is an encoding that a document may be in.
type guess struct {
	enc   encoding.Encoding
	name  string
	score int
}

// detected guesses the encoding of bytes that are labelled wrongly or not at all: the East Asian encodings are strict
// enough to recognise themselves, Cyrillic ones by where the capitals are, the others by the language that the document
// names; what is left is Western.
func detected(b []byte) (encoding.Encoding, string) {
	if nearlyUTF8(b) {
		return nil, "utf-8"
	}
	if g := best(b); g.enc != nil {
		return g.enc, g.name
	}
	return whatwg.Lookup("windows-1252")
}

// refuted says that a label cannot be right, or hardly: the bytes are none of that encoding, or a label that is often
// a default (Latin-1) stands on what is plainly another script.
func refuted(b []byte, labelled encoding.Encoding, name string) (encoding.Encoding, string, bool) {
	western := name == "windows-1252" || name == "iso-8859-15"
	if !western && !doubleByte[name] {
		return nil, "", false
	}
	if western && lonely(b) {
		return nil, "", false
	}
	if doubleByte[name] && plausible(decoded(labelled, b), name) > 0 {
		return nil, "", false
	}
	if nearlyUTF8(b) {
		return nil, "utf-8", true
	}
	if g := best(b); g.enc != nil && g.score >= sure {
		return g.enc, g.name, true
	}
	return nil, "", false
}

// multibytes are the encodings that recognise themselves; the others are tried besides.
var (
	multibytes = []string{"gb18030", "big5", "shift_jis", "euc-jp", "euc-kr"}
	cyrillic   = []string{"windows-1251", "koi8-r", "iso-8859-5", "ibm866"}
	// local are the encodings of languages whose letters could be those of many others; of equals the first is taken.
	local = map[string][]string{
		"el": {"windows-1253"}, "tr": {"windows-1254"}, "he": {"windows-1255"}, "iw": {"windows-1255"}, "ar": {"windows-1256"}, "fa": {"windows-1256"},
		"th": {"windows-874"}, "vi": {"windows-1258"}, "uk": {"windows-1251", "koi8-u"},
		"pl": {"windows-1250", "iso-8859-2"}, "cs": {"windows-1250", "iso-8859-2"}, "sk": {"windows-1250", "iso-8859-2"}, "hu": {"windows-1250", "iso-8859-2"},
		"sl": {"windows-1250", "iso-8859-2"}, "hr": {"windows-1250", "iso-8859-2"}, "ro": {"windows-1250", "iso-8859-2"},
		"lt": {"windows-1257"}, "lv": {"windows-1257"}, "et": {"windows-1257"},
	}
)

var statedLanguage = regexp.MustCompile(`(?i)(?:<(?:dc:)?language>\s*|"language"\s*:\s*"|\b(?:xml:)?lang=["']?)([a-z]{2})\b`)

// best is the most plausible encoding of bytes that are no UTF-8; none if it is Western.
func best(b []byte) (g guess) {
	b = b[:min(len(b), sample)]
	var names []string
	if m := statedLanguage.FindSubmatch(b); m != nil {
		letters := 0
		for _, name := range local[strings.ToLower(string(m[1]))] {
			if enc, _ := whatwg.Lookup(name); enc != nil {
				if n := beyondASCII(decoded(enc, b)); n > letters {
					g, letters = guess{enc, name, sure}, n
				}
			}
		}
		if g.enc != nil {
			return g
		}
	}
	if !lonely(b) {
		names = append(names, multibytes...)
		names = append(names, cyrillic...)
	}
	for _, name := range names {
		enc, _ := whatwg.Lookup(name)
		if name == "gb18030" {
			enc = simplifiedchinese.GB18030
		}
		if s := plausible(decoded(enc, b), name); s > g.score {
			g = guess{enc, name, s}
		}
	}
	return g
}

func decoded(enc encoding.Encoding, b []byte) []byte {
	out, err := enc.NewDecoder().Bytes(b[:min(len(b), sample)])
	if err != nil {
		return nil
	}
	return out
}

// beyondASCII counts the letters outside ASCII less the controls and what is no character, which are in no text.
func beyondASCII(text []byte) (n int) {
	for _, r := range string(text) {
		switch {
		case r < 0x80:
		case r == utf8.RuneError || r < 0xa0:
			n -= 100
		case unicode.IsLetter(r) || unicode.IsMark(r):
			n++
		}
	}
	return n
}

// lonely says that the bytes beyond ASCII stand alone, as accented letters between others do, and not in pairs.
func lonely(b []byte) bool {
	runs, single := 0, 0
	for i := 0; i < len(b); i++ {
		if b[i] < utf8.RuneSelf {
			continue
		}
		start := i
		for i < len(b) && b[i] >= utf8.RuneSelf {
			i++
		}
		runs++
		if i-start == 1 {
			single++
		}
	}
	return single*5 > runs*4
}

// common are the characters that nearly every text of a language holds.
var common = func() map[rune]bool {
	m := make(map[rune]bool)
	for _, r := range "的一是不了在人有我他这中大来上国个到说们为子和你地出道也时年得就那要下以生会自着去之过家学对可里后小么心多天而能好都然没日于起还发成事只作当想看文无开手十用主行方又如前所本见经头面公同三已老从动两长知民样现分将外但身些与高意进把法此实回二理美点月明其种声全工己话儿者向情部正名定女问力机给等几很业最间新什打便位因重被走电四第门相次东政海口使教西再平真听世气信北少关并内加化由却代军产入先山五太水万市" +
		"這個們來為說會時對過還沒後開裡進現與經國從動兩長將問業東關產種聲實點樣發電門灣區網報學習廣體歲麼讓給當無見聽" {
		m[r] = true
	}
	return m
}()

// plausible scores decoded text by its characters outside ASCII, a thousand being fair; 0 means that it cannot be this
// encoding. Kana and Hangul speak for themselves; Chinese is recognised by its commonest characters, Cyrillic by small
// letters that are followed by no capital one.
func plausible(text []byte, name string) int {
	total, bad, score := 0, 0, 0
	east := doubleByte[name]
	before := ' '
	for i := 0; i < len(text); {
		if text[i] < utf8.RuneSelf {
			before = rune(text[i])
			i++
			continue
		}
		r, size := utf8.DecodeRune(text[i:])
		i += size
		total++
		last := before
		before = r
		switch {
		case !east && r != utf8.RuneError:
			score += smallCyrillic(last, r)
		case r == utf8.RuneError, r >= 0xe000 && r < 0xf900:
			bad++
		case r >= 0x3041 && r < 0x3100, r >= 0xac00 && r < 0xd7a4:
			score += 3
		case r >= 0xff61 && r < 0xffa0: // half-width kana: what other encodings look like in Shift_JIS
			score--
		case common[r]:
			score += 3
		case r >= 0x4e00 && r < 0xa000, r >= 0x3000 && r < 0x3020, r >= 0xff00 && r < 0xff60:
			score++
		default:
			score--
		}
	}
	if total == 0 || bad*100 > total || score <= 0 {
		return 0
	}
	return score*1000/total + 1
}

func smallCyrillic(last, r rune) int {
	switch {
	case r < 0x400 || r >= 0x460:
		return -1
	case unicode.IsUpper(r) && unicode.IsLower(last):
		return -4
	case strings.ContainsRune("оеаинтсрвл", r):
		return 3
	}
	return 1
}
