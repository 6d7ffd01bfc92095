package jekyll

import (
	"bytes"
	"strings"
)

// salvage reads front matter that is not YAML. It cuts the text at its keys in column 1 and parses each piece alone;
// a piece that is no YAML either is read as written where it is one line. bad lists the fields read so, lost the keys
// that had to be left out.
func salvage(header []byte) (f, bad fields, lost []string) {
	if len(header) > maxHeader {
		return nil, nil, nil
	}
	for line, rest := 1, header; len(rest) > 0; {
		piece, lines := nextPiece(rest)
		rest = rest[len(piece):]
		start := line
		line += lines
		if got, err := parseYAML(piece); err == nil {
			for i := range got {
				got[i].value.line += start - 1
			}
			f = append(f, got...)
			continue
		}
		first, more, _ := cutLine(piece)
		key, val, ok := strings.Cut(string(first), ":")
		key = strings.TrimSpace(key)
		if !ok || !simpleKey(key) {
			continue // a line without a key says nothing that a post needs
		}
		v, ok := asWritten(strings.TrimSpace(val), start)
		if !ok || len(bytes.TrimSpace(more)) > 0 {
			lost = append(lost, key)
			continue
		}
		f = append(f, field{key, v})
		bad = append(bad, field{key, v})
	}
	return f, bad, lost
}

// nextPiece is the text up to the next line that starts with a key.
func nextPiece(b []byte) (piece []byte, lines int) {
	size := 0
	for rest := b; len(rest) > 0; {
		l, after, _ := cutLine(rest)
		if size > 0 && startsKey(l) {
			break
		}
		size += len(rest) - len(after)
		lines++
		rest = after
	}
	return b[:size], lines
}

func startsKey(line []byte) bool {
	i := bytes.IndexByte(line, ':')
	return i > 0 && simpleKey(string(bytes.TrimRight(line[:i], " \t")))
}

// asWritten reads the value of one line by its outer shape alone: a text between quotes with quotes inside, a text
// that begins with a sign that YAML reserves, or a list.
func asWritten(s string, line int) (value, bool) {
	if s == "" {
		return value{kind: null, line: line}, true
	}
	if len(s) >= 2 && s[0] == '[' && s[len(s)-1] == ']' {
		v := value{kind: list, line: line}
		for _, part := range strings.Split(s[1:len(s)-1], ",") {
			if part = strings.TrimSpace(part); part != "" {
				item, _ := unquote(part)
				v.list = append(v.list, value{kind: text, text: item, line: line})
			}
		}
		return v, true
	}
	if s[0] == '{' || s[0] == '|' || s[0] == '>' {
		return value{}, false
	}
	t, quoted := unquote(s)
	return scalar(strings.Map(printable, t), !quoted, line), true
}

// unquote takes the outer quotes off; a quote without its partner goes too.
func unquote(s string) (string, bool) {
	q := s[0]
	if q != '"' && q != '\'' {
		return s, false
	}
	t := s[1:]
	if len(t) > 0 && t[len(t)-1] == q {
		t = t[:len(t)-1]
	}
	if q == '\'' {
		return strings.ReplaceAll(t, "''", "'"), true
	}
	return strings.NewReplacer(`\"`, `"`, `\\`, `\`).Replace(t), true
}

// printable drops control characters.
func printable(r rune) rune {
	if r < 0x20 || r == 0x7f {
		return -1
	}
	return r
}
