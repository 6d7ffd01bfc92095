package kramdown

import "strings"

// set makes a set of words.
func set(words string) map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields(words) {
		m[w] = true
	}
	return m
}

// The elements of HTML as kramdown sorts them.
var (
	spanElements = set(`a abbr acronym b big bdo br button cite code del dfn em i img input ins kbd label mark option q rb
		rbc rp rt rtc ruby samp select small span strong sub sup tt u var`)
	blockElements = set(`address article aside applet body blockquote caption col colgroup dd div dl dt fieldset figcaption
		footer form h1 h2 h3 h4 h5 h6 header hgroup hr html head iframe legend menu li main map nav ol optgroup p pre section
		summary table tbody td th thead tfoot tr ul`)
	voidElements = set(`area base br col command embed hr img input keygen link meta param source track wbr`)
	blockModel   = set(`address applet article aside blockquote body dd details div dl fieldset figure figcaption footer form
		header hgroup iframe li main map menu nav noscript object section summary td`)
	spanModel = set(`a abbr acronym b bdo big button cite caption del dfn dt em h1 h2 h3 h4 h5 h6 i ins label legend optgroup
		p q rb rbc rp rt rtc ruby select small span strong sub sup th tt`)
	rawModel = set(`script style math option textarea pre code kbd samp var`)
)

// element is what is known of an element's name.
type element struct {
	known, span, block, void bool
	model                    model
}

var elements = func() map[string]element {
	m := map[string]element{}
	for _, names := range []map[string]bool{spanElements, blockElements, voidElements, blockModel, spanModel, rawModel} {
		for n := range names {
			e := element{known: true, span: spanElements[n], block: blockElements[n], void: voidElements[n]}
			switch {
			case blockModel[n]:
				e.model = modelBlock
			case spanModel[n]:
				e.model = modelSpan
			}
			m[n] = e
		}
	}
	return m
}()

// lookup is what is known of an element, and its name in lower case if it is known.
func lookup(name string) (string, element) {
	if e, ok := elements[name]; ok {
		return name, e
	}
	if low := strings.ToLower(name); low != name {
		if e, ok := elements[low]; ok {
			return low, e
		}
	}
	return name, element{}
}

// tag is a start or end tag.
type tag struct {
	name   string
	info   element
	attrs  []attr
	closed bool // <x/>
	end    int
	// plain: written as it would be written here.
	plain bool
}

// startTag reads the start tag at i. Values of attributes are quoted, or words without signs. attrs is reused.
func startTag(s string, i int, attrs []attr) (t tag, ok bool) {
	j := name(s, i+1)
	if j == i+1 {
		return t, false
	}
	t.name, t.info = lookup(s[i+1 : j])
	t.plain = t.name == s[i+1:j]
	t.attrs = attrs[:0]
	for {
		k := skipSpace(s, j)
		if k >= len(s) {
			return t, false
		}
		switch s[k] {
		case '>':
			t.plain = t.plain && k == j
			t.end = k + 1
			return t, true
		case '/':
			if k+1 >= len(s) || s[k+1] != '>' {
				return t, false
			}
			t.closed, t.end = true, k+2
			t.plain = t.plain && t.info.void
			return t, true
		}
		if k == j {
			return t, false
		}
		end := name(s, k)
		if end == k {
			return t, false
		}
		a := attr{name: s[k:end]}
		t.plain = t.plain && k == j+1 && s[j] == ' '
		var quoted bool
		if a.value, j, quoted = attrValue(s, end); j < 0 {
			return t, false
		}
		t.plain = t.plain && quoted && j == end+3+len(a.value) && strings.IndexByte(a.value, '&') < 0 && strings.IndexByte(a.value, '<') < 0
		t.add(a)
	}
}

// attrValue reads ="value" behind the name of an attribute. end is -1 if it has no end.
func attrValue(s string, i int) (value string, end int, quoted bool) {
	j := skipSpace(s, i)
	if j >= len(s) || s[j] != '=' {
		return "", i, false
	}
	j = skipSpace(s, j+1)
	if j >= len(s) {
		return "", i, false
	}
	if q := s[j]; q == '"' || q == '\'' {
		n := strings.IndexByte(s[j+1:], q)
		if n < 0 {
			return "", -1, false
		}
		return s[j+1 : j+1+n], j + n + 2, q == '"'
	}
	k := j
	for k < len(s) {
		r := runeAt(s, k)
		if !isWordRune(r) {
			break
		}
		k += len(string(r))
	}
	if k == j {
		return "", i, false
	}
	return s[j:k], k, false
}

func (t *tag) add(a attr) {
	if t.info.known {
		if low := strings.ToLower(a.name); low != a.name {
			a.name, t.plain = low, false
		}
	}
	for i := range t.attrs {
		if t.attrs[i].name == a.name {
			t.attrs[i].value, t.plain = a.value, false
			return
		}
	}
	t.attrs = append(t.attrs, a)
}

// endTag reads the end tag at i and returns its name and where it ends; 0 if there is none.
func endTag(s string, i int) (string, int) {
	if !strings.HasPrefix(s[i:], "</") {
		return "", 0
	}
	j := name(s, i+2)
	if j == i+2 {
		return "", 0
	}
	end := skipSpace(s, j)
	if end >= len(s) || s[end] != '>' {
		return "", 0
	}
	return s[i+2 : j], end + 1
}

// commentEnd is where the comment at i ends; 0 if there is none.
func commentEnd(s string, i int) int {
	if !strings.HasPrefix(s[i:], "<!--") {
		return 0
	}
	j := strings.Index(s[i+4:], "-->")
	if j < 0 {
		return 0
	}
	return i + 4 + j + 3
}

// blockTag reports whether the tag at i, of an element that is not a span, ends a block that has no other end.
func blockTag(s string, i int) bool {
	start, stop := i+1, false
	if start < len(s) && s[start] == '/' {
		start, stop = start+1, true
	}
	end := name(s, start)
	if end == start {
		return false
	}
	// A name that begins with that of a span element and goes on with a sign counts as one: <a-b>.
	word := start
	for word < end && isWordRune(runeAt(s, word)) {
		word += len(string(runeAt(s, word)))
	}
	if w := s[start:word]; spanElements[w] || w == "script" {
		return false
	}
	if stop {
		_, n := endTag(s, i)
		return n > 0
	}
	return true
}

// findEnd finds the end tag of an element from i on, whatever its case: where it begins, and where it ends. at is -1 if
// there is none.
func findEnd(s string, i int, name string) (at, end int) {
	for {
		j := strings.Index(s[i:], "</")
		if j < 0 {
			return -1, 0
		}
		i += j
		if len(s) > i+2+len(name) && strings.EqualFold(s[i+2:i+2+len(name)], name) {
			if k := skipSpace(s, i+2+len(name)); k < len(s) && s[k] == '>' {
				return i, k + 1
			}
		}
		i += 2
	}
}
