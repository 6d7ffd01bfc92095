package lint

import (
	"mime"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// mediaTypes are those that a format is served with: its own first, then those that readers take as well.
var mediaTypes = map[Format][]string{
	RSS:      {"application/rss+xml", "application/xml", "text/xml"},
	Atom:     {"application/atom+xml", "application/xml", "text/xml"},
	JSONFeed: {"application/feed+json", "application/json"},
	OPML:     {"text/x-opml", "application/xml", "text/xml", "text/x-opml+xml"},
}

// answered is the media type of the answer.
func (d *doc) answered() (base, charset string) {
	base, p, err := mime.ParseMediaType(d.in.Answer.Header.Get("Content-Type"))
	if err != nil {
		return strings.TrimSpace(d.in.Answer.Header.Get("Content-Type")), ""
	}
	return base, p["charset"]
}

// said is where the document says that it is.
func (d *doc) said() (line int, address string) {
	if d.json != nil {
		return d.json.at("feed_url"), d.json.say("feed_url")
	}
	if l := d.links()["self"]; l != nil {
		return l.line, l.has("href")
	}
	return 0, ""
}

var (
	maxAge   = regexp.MustCompile(`(?:^|[,\s])max-age="?(\d{1,18})`)
	linkForm = regexp.MustCompile(`<([^>]*)>([^<]*)`)
	relForm  = regexp.MustCompile(`(?i);\s*rel\s*=\s*(?:"([^"]*)"|([^\s;,"]+))`)
)

// linkHeader are the targets of Link headers by relation (RFC 8288 §3).
func linkHeader(h http.Header) map[string][]string {
	out := map[string][]string{}
	for _, m := range linkForm.FindAllStringSubmatch(strings.Join(h.Values("Link"), ","), 100) {
		if rel := relForm.FindStringSubmatch(m[2]); rel != nil {
			for _, r := range strings.Fields(strings.ToLower(rel[1] + " " + rel[2])) {
				out[r] = append(out[r], m[1])
			}
		}
	}
	return out
}

var httpRules = []Rule{
	{"http-type", Error, "The media type is one of the format.", rfc("9110", "8.3"), func(d *doc) {
		if base, _ := d.answered(); d.report.Format != Unknown && !slices.Contains(mediaTypes[d.report.Format], base) {
			d.fail(0, "Content-Type is %.80q, want %s", base, mediaTypes[d.report.Format][0])
		}
	}},
	{"http-type-own", Info, "The media type is the format's own.", validator("NonSpecificMediaType"), func(d *doc) {
		base, _ := d.answered()
		if own := mediaTypes[d.report.Format]; slices.Index(own, base) > 0 {
			d.fail(0, "Content-Type is %.80q; %s says more", base, own[0])
		}
	}},
	{"http-charset", Warning, "The charset of the answer is the encoding of the document.", rfc("7303", "3"), func(d *doc) {
		_, charset := d.answered()
		inside := declared(d.in.Doc)
		if inside == "" {
			inside = "utf-8"
		}
		if charset != "" && !strings.EqualFold(charset, inside) {
			d.fail(0, "Content-Type says charset=%.40s, the document %.40s; readers believe the former", charset, inside)
		}
	}},
	{"http-validators", Warning, "An answer has an ETag or a Last-Modified.", rfc("9110", "8.8"), func(d *doc) {
		if h := d.in.Answer.Header; h.Get("ETag") == "" && h.Get("Last-Modified") == "" {
			d.fail(0, "neither ETag nor Last-Modified: each poll costs the whole document")
		}
	}},
	{"http-etag", Warning, "An ETag is a quoted string.", rfc("9110", "8.8.3"), func(d *doc) {
		tag := strings.TrimPrefix(d.in.Answer.Header.Get("ETag"), "W/")
		if tag != "" && (len(tag) < 2 || tag[0] != '"' || tag[len(tag)-1] != '"') {
			d.fail(0, "ETag is %.80q, without its quotes", tag)
		}
	}},
	{"http-modified", Warning, "Last-Modified is a date that is not in the future.", rfc("9110", "8.8.2"), func(d *doc) {
		s := d.in.Answer.Header.Get("Last-Modified")
		if s == "" {
			return
		}
		at, err := http.ParseTime(s)
		if err != nil {
			d.fail(0, "Last-Modified is %.80q, no date of HTTP", s)
		} else if !d.in.Now.IsZero() && at.After(d.in.Now) {
			d.fail(0, "Last-Modified %s is in the future", s)
		}
	}},
	{"http-unchanged", Warning, "A document that has not changed is answered with 304.", rfc("9110", "13.1"), func(d *doc) {
		if a := d.in.Answer; a.Repeated && !a.Unchanged {
			d.fail(0, "asked again with its own validators, the server sent the whole document")
		}
	}},
	{"http-cache", Warning, "An answer may be kept: no no-store, private or Expires: 0.", rfc("9111", "5.2.2"), func(d *doc) {
		h := d.in.Answer.Header
		for _, word := range strings.Split(strings.ToLower(strings.Join(h.Values("Cache-Control"), ",")), ",") {
			if word = strings.TrimSpace(word); word == "no-store" || word == "private" {
				d.fail(0, "Cache-Control has %s: some readers then drop the validators", word)
			}
		}
		if h.Get("Expires") == "0" {
			d.fail(0, "Expires is 0: some readers then drop the validators")
		}
	}},
	{"http-cookie", Warning, "A feed sets no cookie.", rfc("9111", "7.3"), func(d *doc) {
		if d.in.Answer.Header.Get("Set-Cookie") != "" {
			d.fail(0, "Set-Cookie: caches do not keep such an answer")
		}
	}},
	{"http-self", Warning, "The document says the address that it was got from.", validator("SelfDoesntMatchLocation"), func(d *doc) {
		line, s := d.said()
		if a := d.in.Answer; s != "" && s != a.URL && s != a.FinalURL {
			d.fail(line, "the document says it is at %.120q, and was got from elsewhere", s)
		}
	}},
	{"http-ttl", Info, "max-age is at least as long as the ttl of the channel.", rssAt("ttl"), func(d *doc) {
		if d.report.Format != RSS || d.broken != nil {
			return
		}
		m := maxAge.FindStringSubmatch(strings.ToLower(strings.Join(d.in.Answer.Header.Values("Cache-Control"), ",")))
		ttl := d.channel().first("", "ttl")
		if m == nil || ttl == nil {
			return
		}
		if minutes := number(strings.TrimSpace(ttl.text)); minutes > 0 && minutes < 1<<40 && number(m[1]) < minutes*60 {
			d.fail(ttl.line, "ttl is %d minutes, max-age %.20s seconds", minutes, m[1])
		}
	}},
	{"http-link", Warning, "A Link header that names a hub names the document itself as it does.", webSub, func(d *doc) {
		links := linkHeader(d.in.Answer.Header)
		_, address := d.said()
		switch {
		case len(links["hub"]) == 0:
		case len(links["self"]) != 1:
			d.fail(0, `Link has a hub, and %d of rel="self", want 1`, len(links["self"]))
		case address != "" && links["self"][0] != address:
			d.fail(0, `Link says rel="self" is %.120q, the document says %.120q`, links["self"][0], address)
		}
	}},
	{"http-redirect", Info, "The address answers itself.", rfc("9110", "15.4"), func(d *doc) {
		if a := d.in.Answer; a.FinalURL != "" && a.FinalURL != a.URL {
			d.fail(0, "the address leads to another one by redirects; subscribe to that")
		}
	}},
}
