package web

import (
	"strings"
)

// coding is a content coding (RFC 9110 §8.4.1). Lower ones win among equals: the smallest bytes first.
type coding uint8

const (
	brotlied coding = iota
	zstded
	gzipped
	plain
	codings
)

var (
	codingNames = [codings]string{brotlied: "br", zstded: "zstd", gzipped: "gzip", plain: "identity"}
	// tagSuffixes give each coding of the same bytes its own strong validator (RFC 9110 §8.8.3.3).
	tagSuffixes = [codings]string{brotlied: "-br", zstded: "-zst", gzipped: "-gz", plain: ""}
)

// preference is what Accept-Encoding says of each coding, in thousandths; 0 is not acceptable.
type preference [codings]int16

const notNamed = -1

// usual are the values that nearly every client sends, with what they mean: reading them anew costs a third of what
// this package adds to a request.
var usual = func() (out [4]readValue) {
	for i, value := range []string{"gzip", "gzip, deflate", "gzip, deflate, br", "gzip, deflate, br, zstd"} {
		out[i] = readValue{value, readEncodings([]string{value})}
	}
	return out
}()

type readValue struct {
	value string
	pref  preference
}

// acceptEncoding reads the lines of an Accept-Encoding header (RFC 9110 §12.5.3). It allocates nothing. An element
// that is malformed is left out. Without the header everything may be sent, and identity is.
func acceptEncoding(lines []string) preference {
	switch len(lines) {
	case 0:
		return preference{brotlied: 1, zstded: 1, gzipped: 1, plain: 1000}
	case 1:
		for i := range usual {
			if usual[i].value == lines[0] {
				return usual[i].pref
			}
		}
	}
	return readEncodings(lines)
}

func readEncodings(lines []string) preference {
	p := preference{notNamed, notNamed, notNamed, notNamed}
	star := int16(notNamed)
	for _, line := range lines {
		for line != "" {
			var element string
			element, line, _ = strings.Cut(line, ",")
			name, weight, ok := weighted(element)
			if !ok {
				continue
			}
			if name == "*" {
				star = weight
				continue
			}
			if strings.EqualFold(name, "x-gzip") {
				name = "gzip"
			}
			for c, n := range codingNames {
				if strings.EqualFold(name, n) {
					p[c] = weight
				}
			}
		}
	}
	for c := range p {
		if p[c] != notNamed {
			continue
		}
		switch {
		case star != notNamed:
			p[c] = star
		case coding(c) == plain:
			p[c] = 1 // acceptable unless it is excluded, but after everything that was asked for
		default:
			p[c] = 0
		}
	}
	return p
}

// weighted splits "NAME;q=WEIGHT"; other parameters are passed over.
func weighted(element string) (name string, weight int16, ok bool) {
	name, params, has := strings.Cut(element, ";")
	name = strings.Trim(name, " \t")
	weight = 1000
	for has {
		var param string
		param, params, has = strings.Cut(params, ";")
		param = strings.Trim(param, " \t")
		if len(param) >= 2 && (param[0] == 'q' || param[0] == 'Q') && param[1] == '=' {
			if weight, ok = qvalue(param[2:]); !ok {
				return "", 0, false
			}
		}
	}
	return name, weight, name != ""
}

// qvalue reads a weight (RFC 9110 §12.4.2): 0 to 1 with at most three decimals.
func qvalue(s string) (int16, bool) {
	if s == "" || len(s) > 5 || s[0] != '0' && s[0] != '1' || len(s) > 1 && s[1] != '.' {
		return 0, false
	}
	q, unit := int16(s[0]-'0')*1000, int16(100)
	for i := 2; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
		q += int16(s[i]-'0') * unit
		unit /= 10
	}
	return q, q <= 1000
}

// acceptLanguage chooses the language of a page for people: the one of languages that Accept-Language weighs most
// (RFC 9110 §12.5.4), else fallback.
func acceptLanguage(lines []string, fallback string) string {
	best, bestWeight := fallback, int16(0)
	for _, line := range lines {
		for line != "" {
			var element string
			element, line, _ = strings.Cut(line, ",")
			tag, weight, ok := weighted(element)
			if !ok || weight <= bestWeight {
				continue
			}
			primary, _, _ := strings.Cut(tag, "-")
			for _, l := range languages {
				if strings.EqualFold(primary, l) {
					best, bestWeight = l, weight
				}
			}
		}
	}
	return best
}
