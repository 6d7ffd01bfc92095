package hugo

import (
	"fmt"
	"html"
	"slices"
	"strings"
)

// builtIns are Hugo's own shortcodes (https://gohugo.io/shortcodes/), with those of newer versions.
var builtIns = []string{
	"comment", "details", "figure", "gist", "highlight", "instagram", "instagram_simple", "param", "qr", "ref", "relref",
	"tweet", "twitter", "twitter_simple", "vimeo", "vimeo_simple", "x", "x_simple", "youtube",
}

func isBuiltIn(name string) bool { return slices.Contains(builtIns, name) }

// takesInner reports whether a built-in shortcode makes its own of what stands between its tags.
func takesInner(name string) bool {
	return name == "highlight" || name == "comment" || name == "details" || name == "qr"
}

// builtIn is what one of Hugo's own shortcodes gives. Those that embed pages of others are links, because feeds carry no
// scripts or frames.
func (x *expansion) builtIn(t *piece, inner []piece) string {
	privacy := x.page.language.conf.sub("privacy")
	id := t.arg("id", 0)
	switch t.name {
	case "figure":
		return x.figure(t)
	case "ref", "relref":
		return x.ref(t)
	case "param":
		return x.param(t)
	case "highlight":
		return x.highlight(t, inner)
	case "details":
		return x.details(t, inner)
	case "youtube":
		return embed(privacy.sub("youtube"), "https://www.youtube.com/watch?v=", id)
	case "vimeo", "vimeo_simple":
		return embed(privacy.sub("vimeo"), "https://vimeo.com/", id)
	case "instagram", "instagram_simple":
		return embed(privacy.sub("instagram"), "https://www.instagram.com/p/", id)
	case "gist":
		return embed(nil, "https://gist.github.com/"+t.arg("user", 0)+"/", t.arg("id", 1))
	case "tweet", "twitter", "twitter_simple", "x", "x_simple":
		user := t.arg("user", -1)
		if len(t.place) > 1 {
			user, id = t.place[0], t.place[1]
		}
		if user == "" {
			user = "i"
		}
		if t.name[0] == 'x' {
			return embed(privacy.sub("x"), "https://x.com/"+user+"/status/", id)
		}
		return embed(privacy.sub("twitter"), "https://twitter.com/"+user+"/status/", id)
	}
	return "" // a comment; a picture that is made of a text
}

// embed is a link to what a page embeds; nothing where the site's privacy settings disable it.
func embed(privacy params, base, id string) string {
	if privacy.flag("disable", false) || id == "" {
		return ""
	}
	to := html.EscapeString(base + id)
	return `<p><a href="` + to + `">` + to + "</a></p>"
}

// ref reports a reference that leads nowhere.
func (x *expansion) ref(t *piece) string {
	to, format := t.arg("path", 0), t.arg("outputformat", 1)
	if to == "" {
		return ""
	}
	if format != "" && !strings.EqualFold(format, "html") {
		x.page.repair(x.page.cut.bodyLine+t.line-1, fmt.Sprintf("the reference %.120q is to the page, not to its output format %.40q", to, format))
	}
	link, err := x.page.ref(to, t.arg("lang", -1), t.name == "relref")
	if err != nil {
		x.page.repair(x.page.cut.bodyLine+t.line-1, err.Error())
	}
	return html.EscapeString(link)
}

// param is a value of the front matter, else of the site's params. Dots lead into mappings.
func (x *expansion) param(t *piece) string {
	keys := strings.Split(strings.ToLower(t.arg("name", 0)), ".")
	last := len(keys) - 1
	for _, in := range []params{x.page.front, x.page.front.sub("params"), x.page.language.conf.sub("params")} {
		if v := in.sub(keys[:last]...).str(keys[last]); v != "" {
			return html.EscapeString(v)
		}
	}
	x.page.repair(x.page.cut.bodyLine+t.line-1, fmt.Sprintf("the shortcode param: neither the page nor the site has %.80q", t.arg("name", 0)))
	return ""
}

// highlight is code, without colours.
func (x *expansion) highlight(t *piece, inner []piece) string {
	code := x.innerText(inner)
	if t.indent != "" {
		code = strings.ReplaceAll("\n"+code, "\n"+t.indent, "\n")
	}
	lang, code := t.arg("lang", 0), strings.Trim(code, "\r\n")
	if options := strings.ReplaceAll(t.arg("options", 1), " ", ""); strings.Contains(","+options+",", ",hl_inline=true,") {
		return `<code class="code-inline language-` + html.EscapeString(lang) + `">` + html.EscapeString(code) + "</code>"
	}
	return codeBlock(lang, code)
}

// codeBlock is a block of code as Hugo writes it, without colours.
func codeBlock(lang, code string) string {
	var b strings.Builder
	b.WriteString("<pre><code")
	if lang != "" {
		lang = html.EscapeString(lang)
		code += "\n" // as the code has it that Hugo colours
		b.WriteString(` class="language-` + lang + `" data-lang="` + lang + `"`)
	}
	b.WriteString(">" + html.EscapeString(code) + "</code></pre>")
	return b.String()
}

func (x *expansion) details(t *piece, inner []piece) string {
	summary := t.arg("summary", 0)
	if summary == "" {
		summary = "Details"
	}
	return "<details><summary>" + x.page.inline(summary) + "</summary>\n" + x.page.block(x.innerText(inner)) + "\n</details>"
}

func (x *expansion) figure(t *piece) string {
	attr := func(key, as string) string {
		if v := t.arg(key, -1); v != "" {
			return " " + as + `="` + html.EscapeString(v) + `"`
		}
		return ""
	}
	caption, credit := x.page.inline(t.arg("caption", -1)), x.page.inline(t.arg("attr", -1))
	img := `<img src="` + html.EscapeString(t.arg("src", -1)) + `"`
	if alt := t.arg("alt", -1); alt != "" {
		img += attr("alt", "alt")
	} else if caption != "" {
		img += ` alt="` + html.EscapeString(html.UnescapeString(stripTags(caption))) + `"`
	}
	img += attr("width", "width") + attr("height", "height") + ">"
	if t.arg("link", -1) != "" {
		img = "<a" + attr("link", "href") + attr("target", "target") + attr("rel", "rel") + ">" + img + "</a>"
	}
	out := "<figure" + attr("class", "class") + ">" + img
	title := t.arg("title", -1)
	if title+caption+credit != "" {
		out += "<figcaption>"
		if title != "" {
			out += "<h4>" + html.EscapeString(title) + "</h4>"
		}
		if caption+credit != "" {
			if t.arg("attrlink", -1) != "" {
				credit = "\n<a" + attr("attrlink", "href") + ">" + credit + "</a>"
			}
			out += "<p>" + caption + credit + "</p>"
		}
		out += "</figcaption>"
	}
	return out + "</figure>"
}
