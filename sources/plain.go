package sources

import (
	"html"
	"strings"
)

// Paragraphs writes plain text as HTML: blank lines part paragraphs. For sources whose text is plain by its format.
func Paragraphs(text string) string {
	text = strings.TrimSpace(strings.ReplaceAll(text, "\r\n", "\n"))
	if text == "" {
		return ""
	}
	var b strings.Builder
	for para := range strings.SplitSeq(text, "\n\n") {
		if para = strings.TrimSpace(para); para != "" {
			b.WriteString("<p>")
			b.WriteString(strings.ReplaceAll(html.EscapeString(para), "\n", "<br>"))
			b.WriteString("</p>")
		}
	}
	return b.String()
}

// Literal escapes a title or summary that is plain by its format, where [Normalise] would take it for HTML: both "Use
// <b>…</b>" and "Use &lt;" are to stay what they are.
func Literal(plain string) string {
	if !strings.ContainsAny(plain, "<&") {
		return plain
	}
	return literal.Replace(plain)
}

var literal = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")
