package webfeed

import (
	"net/url"
	"regexp"
	"strings"

	xhtml "golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

var markup = regexp.MustCompile(`(?i)</?(?:p|br|div|a|b|i|em|strong|span|img|ul|ol|li|h[1-6]|table|blockquote|code|pre|su[bp]|font|small|u|s|del|ins|q|cite|abbr|figure|video|audio|iframe|hr)(?:\s[^<>]*)?/?>|&(?:#\d+|#x[0-9a-f]+|[a-z][a-z0-9]+);`)

// looksHTML says that text which may be plain is HTML after all.
func looksHTML(s string) bool {
	n := strings.IndexAny(s, "<&") // the expression takes its time with long texts
	return n >= 0 && markup.MatchString(s[n:])
}

// plainText is the text of a piece of HTML on one line.
func plainText(s string) string {
	if !strings.ContainsAny(s, "<&") {
		return oneLine(s)
	}
	var b strings.Builder
	z := xhtml.NewTokenizer(strings.NewReader(s))
	z.SetMaxBuf(1 << 20)
	hidden := 0
	for {
		switch z.Next() {
		case xhtml.ErrorToken:
			return oneLine(b.String()) // the end, or a tag beyond the limit: what came before is the text
		case xhtml.TextToken:
			if hidden == 0 {
				b.Write(z.Text())
			}
		case xhtml.StartTagToken:
			name, _ := z.TagName()
			if a := atom.Lookup(name); a == atom.Script || a == atom.Style {
				hidden++
			} else if !inline[a] {
				b.WriteByte(' ')
			}
		case xhtml.EndTagToken:
			name, _ := z.TagName()
			if a := atom.Lookup(name); a == atom.Script || a == atom.Style {
				hidden = max(hidden-1, 0)
			} else if !inline[a] {
				b.WriteByte(' ')
			}
		case xhtml.SelfClosingTagToken:
			b.WriteByte(' ')
		}
	}
}

var inline = map[atom.Atom]bool{
	atom.A: true, atom.B: true, atom.I: true, atom.Em: true, atom.Strong: true, atom.Span: true, atom.Code: true, atom.Sub: true,
	atom.Sup: true, atom.Font: true, atom.Small: true, atom.U: true, atom.S: true, atom.Q: true, atom.Cite: true, atom.Abbr: true,
	atom.Mark: true, atom.Kbd: true, atom.Var: true, atom.Ruby: true, atom.Rt: true, atom.Wbr: true,
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// maybePlain is the text of a field that is plain by its specification and often HTML in practice.
func maybePlain(s string) string {
	if looksHTML(s) {
		return plainText(s)
	}
	return oneLine(s)
}

// literal escapes a plain title or summary that reads like HTML, because normalisation takes them for HTML: "Use
// <b>…</b>" is to stay what it is. A lone "&" stays as it is: feeds are full of them, and normalisation leaves it alone.
func literal(plain string) string {
	if strings.IndexByte(plain, '<') < 0 && !looksHTML(plain) {
		return plain
	}
	return escape.Replace(plain)
}

var escape = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

func isURL(s string) bool {
	if i := strings.Index(s, "://"); i != 4 && i != 5 || strings.ContainsAny(s, " \t\n") {
		return false
	}
	u, err := url.Parse(s)
	return err == nil && (strings.EqualFold(u.Scheme, "http") || strings.EqualFold(u.Scheme, "https")) && u.Host != ""
}

// resolve makes an http address absolute. One that is absolute already stays as it is written; what is no such address
// (mailto:, javascript:, data:) is empty.
func resolve(base *url.URL, ref string) string {
	if ref = strings.TrimSpace(ref); strings.ContainsAny(ref, "\n\r\t") {
		ref = lineEnds.ReplaceAllString(ref, "")
	}
	if ref == "" || len(ref) > 8<<10 {
		return ""
	}
	if isURL(ref) {
		return ref
	}
	u, err := url.Parse(ref)
	if err != nil {
		if u, err = url.Parse(strings.ReplaceAll(ref, "%", "%25")); err != nil {
			return ""
		}
	}
	u = base.ResolveReference(u)
	if u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return ""
	}
	return u.String()
}

// lineEnds are the ends of lines inside addresses, with the blanks that indent the next; browsers take them out as well.
var lineEnds = regexp.MustCompile(` *[\n\r\t]\s*`)

// under is ref resolved against base as a base for others; base itself when ref is none.
func under(base *url.URL, ref string) *url.URL {
	if abs := resolve(base, ref); abs != "" {
		if u, err := url.Parse(abs); err == nil {
			return u
		}
	}
	return base
}
