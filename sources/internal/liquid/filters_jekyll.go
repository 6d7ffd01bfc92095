package liquid

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// jekyllFilters are Jekyll's own (https://jekyllrb.com/docs/liquid/filters) that need nothing of the site.
func jekyllFilters() map[string]filterFunc {
	return map[string]filterFunc{
		"xml_escape":               of(xmlEscape),
		"cgi_escape":               of(url.QueryEscape),
		"uri_escape":               of(uriEscape),
		"strip_index":              orNil(func(s string) string { return indexFile.ReplaceAllString(s, "/") }),
		"slugify":                  {slugify, 0},
		"normalize_whitespace":     of(func(s string) string { return strings.Join(strings.FieldsFunc(s, isSpace), " ") }),
		"number_of_words":          {numberOfWords, 0},
		"array_to_sentence_string": {sentence, 0},
		"jsonify":                  {func(r *run, in any, _ []any) any { return r.json(in) }, 0},
		"inspect":                  {func(r *run, in any, _ []any) any { return xmlEscape(r.inspect(in)) }, 0},
		"to_integer":               {toInteger, 0},
		"where":                    {where, 2},
		"find":                     {find, 2},
		"where_exp":                {whereExp, 2},
		"find_exp":                 {findExp, 2},
		"group_by":                 {groupBy, 1},
		"group_by_exp":             {groupByExp, 2},
		"push":                     {func(r *run, in any, a []any) any { return r.edit(in, func(l []any) []any { return append(l, a[0]) }) }, 1},
		"unshift": {func(r *run, in any, a []any) any {
			return r.edit(in, func(l []any) []any { return append([]any{a[0]}, l...) })
		}, 1},
		"pop": {func(r *run, in any, a []any) any {
			return r.cut(in, a, func(l []any, n int) []any { return l[:len(l)-n] })
		}, 0},
		"shift":  {func(r *run, in any, a []any) any { return r.cut(in, a, func(l []any, n int) []any { return l[n:] }) }, 0},
		"sample": {sample, 0},
	}
}

var (
	xmlReplacer = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&apos;")
	indexFile   = regexp.MustCompile(`/index\.html?$`)
	intLike     = regexp.MustCompile(`^\s*-?\d+\s*$`)
	floatLike   = regexp.MustCompile(`^\s*-?(?:\d+\.?\d*|\.\d+)\s*$`)
	cjk         = []*unicode.RangeTable{unicode.Han, unicode.Katakana, unicode.Hiragana, unicode.Hangul}
)

func xmlEscape(s string) string { return xmlReplacer.Replace(s) }

// uriEscape is Addressable's normalize_component: decoded, then encoded but for reserved and unreserved characters.
func uriEscape(s string) string {
	s = norm.NFC.String(unescapeURL(s))
	var b strings.Builder
	for i := range len(s) {
		if c := s[i]; c < 0x80 && (isWord(c) || strings.IndexByte(":/?#[]@!$&'()*+,;=-.~", c) >= 0) {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

// slugify is Jekyll's: modes raw, default, pretty, ascii, latin; another mode only makes the text small.
func slugify(r *run, in any, args []any) any {
	if in == nil {
		return nil
	}
	s, mode := r.text(in), "default"
	if m := arg(args, 0); m != nil {
		mode = r.text(m)
	}
	r.grow(len(s))
	var keep func(c rune) bool
	switch mode {
	case "raw":
		keep = func(c rune) bool { return !isSpace(c) || c == 0 }
	case "default", "latin":
		keep = wordRune
	case "pretty":
		keep = func(c rune) bool { return wordRune(c) || strings.ContainsRune("._~!$&'()+,;=@", c) }
	case "ascii":
		keep = func(c rune) bool { return c < 0x80 && isWord(byte(c)) && c != '_' }
	default:
		return strings.ToLower(s)
	}
	if mode == "latin" {
		s = transliterate(s)
	}
	var b strings.Builder
	run := false
	for _, c := range s {
		if !keep(c) {
			run = true
			continue
		}
		if run {
			b.WriteByte('-')
			run = false
		}
		b.WriteRune(c)
	}
	return strings.ToLower(strings.Trim(b.String(), "-"))
}

func wordRune(c rune) bool {
	return unicode.Is(unicode.M, c) || unicode.IsLetter(c) || unicode.Is(unicode.Nd, c)
}

// letters are the Latin letters that are no letter with a mark (Unicode CLDR, Latin-ASCII).
var letters = strings.NewReplacer("Æ", "AE", "æ", "ae", "Ð", "D", "ð", "d", "Ø", "O", "ø", "o", "Þ", "Th", "þ", "th", "ß", "ss",
	"Đ", "D", "đ", "d", "Ħ", "H", "ħ", "h", "ı", "i", "Ĳ", "IJ", "ĳ", "ij", "ĸ", "k", "Ŀ", "L", "ŀ", "l", "Ł", "L", "ł", "l",
	"ŉ", "'n", "Ŋ", "NG", "ŋ", "ng", "Œ", "OE", "œ", "oe", "Ŧ", "T", "ŧ", "t", "×", "x")

// transliterate writes Latin letters in ASCII; everything else is a question mark.
func transliterate(s string) string {
	return strings.Map(func(c rune) rune {
		switch {
		case c < 0x80:
			return c
		case unicode.Is(unicode.Mn, c):
			return -1
		}
		return '?'
	}, norm.NFD.String(letters.Replace(s)))
}

// numberOfWords counts words; in the modes cjk and auto each character of Chinese, Japanese and Korean is one.
func numberOfWords(r *run, in any, args []any) any {
	s := r.text(in)
	chars, words, inWord := 0, 0, false
	for _, c := range s {
		switch {
		case unicode.IsOneOf(cjk, c):
			chars++
			inWord = false
		case isSpace(c) && c != 0:
			inWord = false
		case !inWord:
			words++
			inWord = true
		}
	}
	switch mode := arg(args, 0); {
	case mode == "cjk", mode == "auto" && chars > 0:
		return int64(chars + words)
	}
	return int64(len(strings.FieldsFunc(s, isSpace)))
}

func sentence(r *run, in any, args []any) any {
	list, ok := in.([]any)
	if !ok {
		return r.fail("array_to_sentence_string needs a list")
	}
	word := "and"
	if len(args) > 0 {
		word = r.text(args[0])
	}
	r.grow(len(word) + 4)
	switch n := len(list); n {
	case 0:
		return ""
	case 1:
		return r.text(list[0])
	case 2:
		return r.concat(r.text(list[0])+" "+word+" ", r.text(list[1]))
	default:
		return r.concat(r.join(list[:n-1], ", ")+", "+word+" ", r.text(list[n-1]))
	}
}

func toInteger(r *run, in any, _ []any) any {
	switch v := in.(type) {
	case nil, int64:
		n, _ := v.(int64)
		return n
	case bool:
		if v {
			return int64(1)
		}
		return int64(0)
	case float64:
		return r.whole(float64(int64(v)))
	case string:
		return leadingInt(v)
	case time.Time:
		return v.Unix()
	}
	return r.fail("%s is no integer", typeName(in))
}

// collection is the input of where, find and their like. ok is false for what they pass on.
func (r *run) collection(in any) (list []any, ok bool) {
	switch v := in.(type) {
	case []any:
		return v, true
	case Range:
		return r.elements(v), true
	case Object:
		for _, k := range v.Keys() {
			e, _ := v.Get(k)
			list = append(list, e)
		}
		return list, true
	}
	return nil, false
}

// itemProperty reads a property, also one with dots; a text that looks like a number is one.
func (r *run) itemProperty(e, name any) any {
	r.step(1)
	path := []string{r.text(name)}
	if strings.Contains(path[0], ".") {
		path = strings.Split(path[0], ".")
	}
	v := e
	for i, key := range path {
		switch v.(type) {
		case Object, string:
			v = r.property(v, key)
		default:
			if i == 0 {
				return r.fail("%s has no %q", typeName(v), key)
			}
			return nil
		}
	}
	if s, ok := v.(string); ok {
		switch trimmed := strings.Trim(s, rubySpace); {
		case intLike.MatchString(s):
			return leadingInt(trimmed)
		case floatLike.MatchString(s):
			f, _ := strconv.ParseFloat(trimmed, 64)
			return f
		}
	}
	return v
}

// hits reports whether a property is the target, or a list with it.
func (r *run) hits(property, target any) bool {
	switch target.(type) {
	case nil:
		return property == nil
	case emptiness:
		list, ok := property.([]any)
		return property == nil || property == "" || ok && r.join(list, "") == ""
	}
	want := r.text(target)
	switch p := property.(type) {
	case nil:
		return false
	case string:
		return p == want
	case []any:
		for _, e := range p {
			r.step(1)
			if r.text(e) == want {
				return true
			}
		}
		return false
	}
	return r.text(property) == want
}

func where(r *run, in any, args []any) any {
	list, ok := r.collection(in)
	if !ok || !truthy(args[0]) {
		return in
	}
	switch args[1].(type) {
	case []any, Object:
		return in
	}
	out := []any{}
	for _, e := range list {
		if r.hits(r.itemProperty(e, args[0]), args[1]) {
			out = append(out, e)
		}
	}
	return out
}

func find(r *run, in any, args []any) any {
	list, ok := r.collection(in)
	if !ok || !truthy(args[0]) {
		return in
	}
	switch args[1].(type) {
	case []any, Object:
		return in
	}
	for _, e := range list {
		if r.hits(r.itemProperty(e, args[0]), args[1]) {
			return e
		}
	}
	return nil
}

// each sets a variable to each element in turn, until visit answers false.
func (r *run) each(list []any, variable any, visit func(e any) bool) {
	name := r.text(variable)
	r.push()
	defer r.pop()
	for _, e := range list {
		r.step(1)
		r.inner()[name] = e
		if !visit(e) || r.failure != "" {
			return
		}
	}
}

func (r *run) expression(v any) *condition {
	c, bad := parseCondition(r.text(v))
	if c == nil || bad != "" {
		r.fail("%.60q is no condition", r.text(v))
		return nil
	}
	c.plain()
	return c
}

func whereExp(r *run, in any, args []any) any {
	list, ok := r.collection(in)
	if !ok {
		return in
	}
	c := r.expression(args[1])
	out := []any{}
	r.each(list, args[0], func(e any) bool {
		if c.holds(r) {
			out = append(out, e)
		}
		return true
	})
	return out
}

func findExp(r *run, in any, args []any) any {
	list, ok := r.collection(in)
	if !ok {
		return in
	}
	c := r.expression(args[1])
	var found any
	r.each(list, args[0], func(e any) bool {
		if c.holds(r) {
			found = e
			return false
		}
		return true
	})
	return found
}

// groups collects elements under names.
type groups struct {
	order []*Map
	index map[string]int
	items [][]any
}

func (g *groups) add(key string, name, e any) {
	i, ok := g.index[key]
	if !ok {
		if g.index == nil {
			g.index = map[string]int{}
		}
		i = len(g.order)
		g.index[key] = i
		m := NewMap(3)
		m.Set("name", name)
		g.order = append(g.order, m)
		g.items = append(g.items, nil)
	}
	g.items[i] = append(g.items[i], e)
}

func (g *groups) list() any {
	out := make([]any, len(g.order))
	for i, m := range g.order {
		m.Set("items", g.items[i])
		m.Set("size", int64(len(g.items[i])))
		out[i] = m
	}
	return out
}

func groupBy(r *run, in any, args []any) any {
	list, ok := r.groupable(in)
	if !ok {
		return in
	}
	g := groups{}
	for _, e := range list {
		name := r.text(r.itemProperty(e, args[0]))
		g.add(name, name, e)
	}
	return g.list()
}

func groupByExp(r *run, in any, args []any) any {
	list, ok := r.groupable(in)
	if !ok {
		return in
	}
	p := parsePipeline(r.text(args[1]))
	g := groups{}
	r.each(list, args[0], func(e any) bool {
		v := p.eval(r)
		g.add(r.inspect(v), v, e)
		return true
	})
	return g.list()
}

func (r *run) groupable(in any) ([]any, bool) {
	switch in.(type) {
	case []any, Range, Object:
		return r.elements(in), true
	}
	return nil, false
}

// edit changes a copy of a list.
func (r *run) edit(in any, f func([]any) []any) any {
	list, ok := in.([]any)
	if !ok {
		return in
	}
	r.step(len(list))
	return f(slices.Clip(list))
}

// cut takes elements off a list.
func (r *run) cut(in any, args []any, f func(l []any, n int) []any) any {
	n := int64(1)
	if len(args) > 0 {
		var ok bool
		if n, ok = strictInt(args[0]); !ok || n < 0 {
			return r.fail("want a number of elements")
		}
	}
	return r.edit(in, func(l []any) []any { return f(l, int(min(n, int64(len(l))))) })
}

// sample is no random choice, which would change the text each time it is rendered: it takes the first.
func sample(r *run, in any, args []any) any {
	list, ok := in.([]any)
	if !ok {
		return in
	}
	n := int64(1)
	if len(args) > 0 {
		if m, ok := strictInt(args[0]); ok {
			n = m
		}
	}
	if n == 1 {
		return first(list)
	}
	return list[:max(min(n, int64(len(list))), 0)]
}
