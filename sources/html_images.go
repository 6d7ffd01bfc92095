package sources

import (
	"bytes"
	"strings"

	"golang.org/x/net/html"
)

// img writes a picture; trackers of one pixel and placeholders without a picture behind them are left out.
func (p *htmlPass) img() {
	a := &p.attrs
	w, h := a.size(aWidth), a.size(aHeight)
	if w == 0 || w == 1 || h == 0 || h == 1 {
		p.cut[cutTracker]++
		return
	}
	raw := a.get(aSrc)
	if lazy := a.get(aLazySrc); len(lazy) > 0 && placeholder(raw) {
		raw = lazy
	}
	set := a.get(aSrcset)
	if lazy := a.get(aLazySrcset); len(lazy) > 0 {
		set = lazy
	}
	srcset, first := p.srcset(set)
	u := p.web(raw)
	if u == "" {
		u = first
	}
	if u == "" {
		if u = dataImage(raw); u == "" {
			p.lost = true
			return
		}
	} else if counts(u) {
		p.cut[cutTracker]++
		return
	} else if p.image == "" && (w < 0 || w >= minImage) && (h < 0 || h >= minImage) {
		p.image = u
	}
	p.cell()
	p.out = append(p.out, "<img"...)
	p.attr("src", u)
	if srcset != "" {
		p.attr("srcset", srcset)
		p.tokenAttr(aSizes, " (),:.%-")
	}
	alt := clean(string(a.get(aAlt)))
	p.attr("alt", foldSpace(clipText(alt, 2000)))
	p.textAttr(aTitle)
	p.numberAttr(aWidth, 99999)
	p.numberAttr(aHeight, 99999)
	p.out = append(p.out, '>')
	p.mark()
}

// unscripted writes the picture that a noscript element has for one that a script would have loaded: the picture before
// it had no address of its own.
func (p *htmlPass) unscripted(raw []byte) {
	z := html.NewTokenizer(bytes.NewReader(raw))
	for kind := z.Next(); kind != html.ErrorToken; kind = z.Next() {
		if kind != html.StartTagToken && kind != html.SelfClosingTagToken {
			continue
		}
		if name, more := z.TagName(); string(name) == "img" {
			p.attrs.read(z, more)
			if !p.attrs.hide() && p.media == 0 && p.hidden == 0 {
				p.img()
			}
			return
		}
	}
}

// counters are hosts, or the beginnings of addresses there, whose pictures only count readers.
var counters = []string{
	"pixel.wp.com/", "stats.wordpress.com/", "feeds.feedburner.com/~r/", "feeds.wordpress.com/1.0/", "pi.feedsportal.com/",
	"pixel.quantserve.com/", "b.scorecardresearch.com/", "sb.scorecardresearch.com/", "www.google-analytics.com/",
	"ad.doubleclick.net/", "googleads.g.doubleclick.net/", "www.facebook.com/tr", "bat.bing.com/", "px.ads.linkedin.com/",
	"analytics.twitter.com/", "c.statcounter.com/", "track.hubspot.com/", "hm.baidu.com/", "c.cnzz.com/",
}

// counts says whether a picture is there only to count who reads.
func counts(address string) bool {
	_, rest, _ := strings.Cut(address, "://")
	for _, c := range counters {
		if strings.HasPrefix(rest, c) {
			return true
		}
	}
	return false
}

// minImage is the width and height in pixels below which a picture is decoration.
const minImage = 50

// srcset makes every address of a srcset absolute (HTML §4.8.4.2.1) and tells the first of them.
func (p *htmlPass) srcset(raw []byte) (set, first string) {
	if len(raw) == 0 || len(raw) > 64<<10 {
		return "", ""
	}
	var b strings.Builder
	rest := string(raw)
	for n := 0; n < 32; {
		rest = strings.TrimLeft(rest, " \t\n\r\f,")
		if rest == "" {
			break
		}
		addr, descriptor := rest, ""
		if i := strings.IndexAny(rest, " \t\n\r\f"); i >= 0 {
			addr, rest = rest[:i], rest[i:]
		} else {
			rest = ""
		}
		if trimmed := strings.TrimRight(addr, ","); len(trimmed) < len(addr) {
			addr = trimmed
		} else {
			descriptor, rest, _ = strings.Cut(rest, ",")
			descriptor = strings.TrimSpace(descriptor)
		}
		if n := len(descriptor); n > 0 && (strings.Trim(descriptor[:n-1], "0123456789.") != "" || n < 2 || strings.IndexByte("wxh", descriptor[n-1]) < 0) {
			continue
		}
		u := absolute(addr, p.base)
		if u == "" || strings.HasSuffix(u, ",") { // a comma there would end the candidate
			continue
		}
		if n == 0 {
			first = u
		} else {
			b.WriteString(", ")
		}
		b.WriteString(u)
		if descriptor != "" {
			b.WriteByte(' ')
			b.WriteString(descriptor)
		}
		n++
	}
	return b.String(), first
}

// placeholder says that src stands in for a picture that a script would load.
func placeholder(src []byte) bool {
	if len(src) == 0 || bytes.HasPrefix(src, []byte("data:")) || bytes.HasPrefix(src, []byte("about:")) {
		return true
	}
	lower := bytes.ToLower(src)
	for _, word := range [...]string{"placeholder", "loading", "lazy", "blank.", "spacer", "grey.gif", "gray.gif", "1x1", "pixel", "transparent"} {
		if bytes.Contains(lower, []byte(word)) {
			return true
		}
	}
	return false
}

// maxDataImage is the longest data: address of a picture that stays in a document.
const maxDataImage = 16 << 10

// dataImage is a small picture in a data: address, or "": other types can run scripts or are no pictures.
func dataImage(raw []byte) string {
	if len(raw) > maxDataImage {
		return ""
	}
	for _, prefix := range [...]string{
		"data:image/png;base64,", "data:image/gif;base64,", "data:image/jpeg;base64,", "data:image/webp;base64,",
	} {
		data, ok := bytes.CutPrefix(raw, []byte(prefix))
		if !ok {
			continue
		}
		if len(data) == 0 || bytes.HasPrefix(data, []byte("R0lGODlhAQABA")) { // a GIF of one pixel
			return ""
		}
		for _, c := range data {
			if (c|0x20 < 'a' || c|0x20 > 'z') && (c < '0' || c > '9') && c != '+' && c != '/' && c != '=' {
				return ""
			}
		}
		return string(raw)
	}
	return ""
}
