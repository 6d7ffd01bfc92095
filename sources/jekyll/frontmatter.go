package jekyll

import (
	"bytes"
	"fmt"
	"strings"
)

// maxHeader is the largest front matter that is read, in bytes.
const maxHeader = 256 << 10

// parts is a file cut at its front matter.
type parts struct {
	header []byte
	body   []byte
	// headerLine and bodyLine are the lines of the file on which they start, counted from 1.
	headerLine, bodyLine int
	// found: there is front matter. open: it begins but does not end, so the file is half a post.
	found, open bool
}

// split cuts a file. The front matter begins with a line "---" and ends with "---" or "..."; unlike Jekyll, blank
// lines before it are accepted, because crawlers write them.
func split(b []byte) parts {
	rest, line := b, 1
	for {
		l, after, more := cutLine(rest)
		if isFence(l, "---") {
			rest, line = after, line+1
			break
		}
		if len(bytes.TrimSpace(l)) > 0 || !more {
			return parts{body: b, bodyLine: 1}
		}
		rest, line = after, line+1
	}
	p := parts{header: rest, headerLine: line, found: true, open: true}
	for size := 0; ; {
		l, after, more := cutLine(rest)
		if isFence(l, "---") || isFence(l, "...") {
			p.header, p.body, p.bodyLine, p.open = p.header[:size], after, line+1, false
			return p
		}
		if !more {
			return p
		}
		size += len(rest) - len(after)
		rest, line = after, line+1
	}
}

// cutLine is the first line without its end, and what follows it.
func cutLine(b []byte) (line, rest []byte, more bool) {
	i := bytes.IndexByte(b, '\n')
	if i < 0 {
		return b, nil, false
	}
	return b[:i], b[i+1:], true
}

func isFence(line []byte, mark string) bool {
	rest, ok := bytes.CutPrefix(line, []byte(mark))
	return ok && len(bytes.TrimSpace(rest)) == 0
}

// mended says what was wrong with a front matter and what was done.
type mended struct {
	line   int // within the front matter; 0 if unknown
	reason string
}

// readHeader parses front matter. What is not YAML is read key by key; m then says so.
func readHeader(header []byte) (f fields, m *mended) {
	if f, ok := simple(header); ok {
		return f, nil
	}
	f, err := parseYAML(header)
	if err == nil {
		return f, nil
	}
	line, msg := yamlLine(err)
	f, bad, lost := salvage(header)
	if line == 0 && len(bad) > 0 {
		line = bad[0].value.line
	}
	return f, &mended{line, fmt.Sprintf("the front matter is not YAML (%s): %s", msg, outcomeOf(bad, lost))}
}

// outcomeOf says what salvage made of the keys it had to touch.
func outcomeOf(bad fields, lost []string) string {
	var s []string
	if len(bad) > 0 {
		var keys []string
		for _, f := range bad {
			keys = append(keys, f.key)
		}
		s = append(s, "read "+strings.Join(keys, ", ")+" as written")
	}
	if len(lost) > 0 {
		s = append(s, "left out "+strings.Join(lost, ", "))
	}
	if len(s) == 0 {
		return "read it key by key"
	}
	return strings.Join(s, " and ") + "; quote the text properly"
}

// simple reads front matter of one line per key, which is nearly all there is, without a YAML parser. It answers only
// where the result is certain to be that of parseYAML, else ok is false.
func simple(b []byte) (f fields, ok bool) {
	if len(b) > 16<<10 || !plainBytes(b) {
		return nil, false
	}
	f = make(fields, 0, 8)
	listIndent := -1 // of the block list under the last key; -1 before its first item
	for line := 1; len(b) > 0; line++ {
		var raw []byte
		raw, b, _ = cutLine(b)
		l := string(bytes.TrimSuffix(raw, []byte{'\r'}))
		body := strings.TrimLeft(l, " ")
		switch {
		case body == "":
			if l != "" {
				return nil, false
			}
			continue
		case body[0] == '#':
			if len(body) != len(l) {
				return nil, false
			}
			continue
		case strings.HasPrefix(body, "- "):
			if len(f) == 0 {
				return nil, false
			}
			last := &f[len(f)-1].value
			indent := len(l) - len(body)
			if last.kind == null && last.text == "" && listIndent == -1 {
				*last, listIndent = value{kind: list, line: line}, indent
			}
			item := strings.Trim(body[2:], " ")
			v, ok := simpleScalar(item, line, false)
			if last.kind != list || indent != listIndent || item == "" || !ok {
				return nil, false
			}
			last.list = append(last.list, v)
			continue
		case len(body) != len(l):
			return nil, false
		}
		key, rest, found := strings.Cut(l, ":")
		if !found || !simpleKey(key) || (rest != "" && rest[0] != ' ') {
			return nil, false
		}
		rest = strings.Trim(rest, " ")
		// A list under a key that had a value on its line is not YAML.
		listIndent = -2
		if rest == "" {
			listIndent = -1
		}
		v, ok := simpleValue(rest, line)
		if !ok {
			return nil, false
		}
		f = append(f, field{key, v})
	}
	return f, true
}

// plainBytes reports whether b has only characters that mean nothing to YAML beyond themselves: no control character
// but line ends, no special line break or byte order mark, valid UTF-8.
func plainBytes(b []byte) bool {
	ascii := true
	for i, c := range b {
		switch {
		case c >= 0x80:
			ascii = false
		case c == '\r':
			if i+1 >= len(b) || b[i+1] != '\n' {
				return false
			}
		case c < 0x20 && c != '\n', c == 0x7f:
			return false
		}
	}
	if ascii {
		return true
	}
	for _, r := range string(b) {
		switch {
		case r < 0xa0 && r >= 0x7f, r == 0x2028, r == 0x2029, r == 0xfeff, r >= 0xfffd && r <= 0xffff:
			return false // 0xfffd is also what invalid UTF-8 decodes to
		}
	}
	return true
}

func simpleKey(s string) bool {
	if s == "" || len(s) > 100 {
		return false
	}
	for i := range len(s) {
		c := s[i]
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_'
		if !letter && (i == 0 || c != '-' && (c < '0' || c > '9')) {
			return false
		}
	}
	return true
}

// simpleValue reads what stands behind "key: ".
func simpleValue(s string, line int) (value, bool) {
	if len(s) < 2 || s[0] != '[' || s[len(s)-1] != ']' {
		return simpleScalar(s, line, false)
	}
	v := value{kind: list, line: line}
	inner := strings.Trim(s[1:len(s)-1], " ")
	if inner == "" {
		return v, true
	}
	for _, part := range strings.Split(inner, ",") {
		item := strings.Trim(part, " ")
		e, ok := simpleScalar(item, line, true)
		if !ok || item == "" {
			return value{}, false
		}
		v.list = append(v.list, e)
	}
	return v, true
}

// simpleScalar reads a scalar of one line. In a flow list some characters end it.
func simpleScalar(s string, line int, flow bool) (value, bool) {
	if s == "" {
		return value{kind: null, line: line}, true
	}
	if q := s[0]; q == '"' || q == '\'' {
		if len(s) < 2 || s[len(s)-1] != q || strings.ContainsAny(s[1:len(s)-1], "\"'\\") {
			return value{}, false
		}
		return scalar(s[1:len(s)-1], false, line), true
	}
	if strings.IndexByte("-?:,[]{}#&*!|>'\"%@`<=", s[0]) >= 0 || s[len(s)-1] == ':' ||
		strings.Contains(s, ": ") || strings.Contains(s, " #") || flow && strings.ContainsAny(s, "[]{}:\"'#") {
		return value{}, false
	}
	return scalar(s, true, line), true
}
