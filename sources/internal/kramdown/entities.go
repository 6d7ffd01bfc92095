package kramdown

import (
	"html"
	"strings"
	"sync"
)

// entityNames are the named characters that kramdown knows, those of HTML 4 and apos. Others stay as they are written.
const entityNames = `
Alpha Beta Gamma Delta Epsilon Zeta Eta Theta Iota Kappa Lambda Mu Nu Xi Omicron Pi Rho Sigma Tau Upsilon Phi Chi Psi
Omega alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho sigma tau upsilon phi chi
psi omega sigmaf thetasym upsih piv zwnj zwj lrm rlm hellip prime Prime oline frasl weierp image real alefsym bull trade
larr rarr uarr darr harr crarr uArr dArr lArr rArr hArr forall part exist empty nabla isin ni notin sum prod minus lowast
radic prop infin ang and or cap cup int there4 sim asymp cong ne equiv le ge sub sup sube supe nsub oplus otimes perp sdot
vellip rceil lceil lfloor rfloor rang lang loz spades clubs hearts diams amp quot apos copy lt gt OElig oelig Scaron scaron
Yuml circ tilde ndash mdash lsquo rsquo ldquo rdquo dagger Dagger permil euro lsaquo rsaquo nbsp iexcl pound curren yen
brvbar sect uml laquo raquo reg ordf not shy macr deg plusmn acute micro para middot cedil ordm cent sup1 sup2 sup3 frac12
frac14 frac34 iquest Agrave Aacute Acirc Atilde Auml Aring AElig Ccedil Egrave Eacute Ecirc Euml Igrave Iacute Icirc Iuml
ETH Ntilde Ograve Oacute Ocirc Otilde Ouml times Oslash Ugrave Uacute Ucirc Uuml Yacute THORN szlig agrave aacute acirc
atilde auml aring aelig ccedil egrave eacute ecirc euml igrave iacute icirc iuml eth ntilde ograve oacute ocirc otilde ouml
divide oslash ugrave uacute ucirc uuml yacute thorn yuml sbquo fnof bdquo ensp emsp thinsp`

var knownEntities = sync.OnceValue(func() map[string]bool {
	m := map[string]bool{}
	for _, n := range strings.Fields(entityNames) {
		m[n] = true
	}
	return m
})

// entity is where the character reference at i ends; i if there is none. named says that it is not a number.
func entity(s string, i int) (end int, named bool) {
	if i+2 >= len(s) {
		return i, false
	}
	j := i + 1
	if s[j] == '#' {
		j++
		hex := j < len(s) && s[j] == 'x'
		if hex {
			j++
		}
		start := j
		for j < len(s) && (isDigit(s[j]) || hex && (s[j] >= 'a' && s[j] <= 'f' || s[j] >= 'A' && s[j] <= 'F')) {
			j++
		}
		if j == start || j >= len(s) || s[j] != ';' {
			return i, false
		}
		return j + 1, false
	}
	if !isWord(s[j]) && s[j] != ':' {
		return i, false
	}
	for j < len(s) && (isWord(s[j]) || s[j] == '-' || s[j] == '.' || s[j] == ':') {
		j++
	}
	if j >= len(s) || s[j] != ';' {
		return i, false
	}
	return j + 1, true
}

// decode is the character that a reference stands for.
func decode(ref string) string {
	if ref == "&vellip;" { // kramdown's own name
		return "⋮"
	}
	return html.UnescapeString(ref)
}
