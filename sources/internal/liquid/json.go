package liquid

import (
	"math"
	"strings"
	"unicode/utf8"
)

// json is Ruby's to_json.
func (r *run) json(v any) any {
	var b strings.Builder
	r.jsonTo(&b, v, 0)
	r.grow(b.Len())
	return b.String()
}

func (r *run) jsonTo(b *strings.Builder, v any, depth int) {
	r.step(1)
	if b.Len() > r.limits.Bytes {
		r.grow(b.Len())
	}
	if depth > maxDepth {
		b.WriteString("null")
		return
	}
	switch v := v.(type) {
	case nil:
		b.WriteString("null")
	case bool, int64:
		b.WriteString(plainText(v))
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			b.WriteString("null")
			return
		}
		b.WriteString(floatText(v))
	case []any:
		b.WriteByte('[')
		for i, e := range v {
			if i > 0 {
				b.WriteByte(',')
			}
			r.jsonTo(b, e, depth+1)
		}
		b.WriteByte(']')
	case Object:
		b.WriteByte('{')
		for i, k := range v.Keys() {
			if i > 0 {
				b.WriteByte(',')
			}
			jsonString(b, k)
			b.WriteByte(':')
			e, _ := v.Get(k)
			r.jsonTo(b, e, depth+1)
		}
		b.WriteByte('}')
	default:
		jsonString(b, plainText(v))
	}
}

func jsonString(b *strings.Builder, s string) {
	b.WriteByte('"')
	for _, c := range s {
		switch {
		case c == '"' || c == '\\':
			b.WriteByte('\\')
			b.WriteRune(c)
		case c == '\n':
			b.WriteString(`\n`)
		case c == '\r':
			b.WriteString(`\r`)
		case c == '\t':
			b.WriteString(`\t`)
		case c == '\f':
			b.WriteString(`\f`)
		case c == '\b':
			b.WriteString(`\b`)
		case c < 0x20:
			b.WriteString(`\u00`)
			b.WriteByte("0123456789abcdef"[c>>4])
			b.WriteByte("0123456789abcdef"[c&15])
		case c == utf8.RuneError:
			b.WriteRune('\ufffd')
		default:
			b.WriteRune(c)
		}
	}
	b.WriteByte('"')
}
