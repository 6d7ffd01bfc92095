package hugo

import "bytes"

// maxHeader is the largest front matter that is read, in bytes.
const maxHeader = 256 << 10

// parts is a file cut at its front matter. Lines count from 1 in the file.
type parts struct {
	format               string // yaml, toml or json; empty without front matter
	header, body         []byte
	headerLine, bodyLine int
	open                 bool // the front matter has no end
}

// split cuts a file as Hugo does: white space may come before the front matter, and any line that begins with the mark
// ends it. It may stand in a comment of HTML.
func split(b []byte) parts {
	rest := bytes.TrimLeft(bytes.TrimPrefix(b, []byte("\ufeff")), " \t\r\n")
	if bytes.HasPrefix(rest, []byte("<!--")) {
		_, inside, _ := bytes.Cut(rest, []byte("\n"))
		p := splitAt(b, bytes.TrimLeft(inside, " \t\r\n"))
		end := bytes.Index(p.body, []byte("-->"))
		if p.format == "" || p.open || end < 0 {
			return parts{body: b, bodyLine: 1}
		}
		p.bodyLine += bytes.Count(p.body[:end], []byte("\n"))
		p.body = p.body[end+3:]
		return p
	}
	return splitAt(b, rest)
}

// splitAt cuts a file whose front matter, if any, begins with rest, which is its end.
func splitAt(b, rest []byte) parts {
	line := 1 + bytes.Count(b[:len(b)-len(rest)], []byte("\n"))
	for mark, format := range map[string]string{"---": "yaml", "+++": "toml"} {
		if !bytes.HasPrefix(rest, []byte(mark)) {
			continue
		}
		p := parts{format: format, headerLine: line + 1, open: true}
		_, p.header, _ = bytes.Cut(rest, []byte("\n"))
		end := 0
		if !bytes.HasPrefix(p.header, []byte(mark)) {
			if end = bytes.Index(p.header, []byte("\n"+mark)) + 1; end == 0 {
				return p
			}
		}
		p.open = false
		_, p.body, _ = bytes.Cut(p.header[end:], []byte("\n"))
		p.header = p.header[:end]
		p.bodyLine = p.headerLine + bytes.Count(p.header, []byte("\n")) + 1
		return p
	}
	if !bytes.HasPrefix(rest, []byte("{")) || bytes.HasPrefix(rest, []byte("{{")) {
		return parts{body: b, bodyLine: 1}
	}
	p := parts{format: "json", header: rest, headerLine: line, open: true}
	depth, quoted := 0, false
	for i := 0; i < len(rest); i++ {
		switch c := rest[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case !quoted && c == '{':
			depth++
		case !quoted && c == '}':
			if depth--; depth == 0 {
				p.header, p.body, p.open = rest[:i+1], bytes.TrimLeft(rest[i+1:], "\r\n"), false
				p.bodyLine = line + bytes.Count(rest[:len(rest)-len(p.body)], []byte("\n"))
				return p
			}
		}
	}
	return p
}
