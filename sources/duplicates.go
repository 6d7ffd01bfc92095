package sources

import (
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/publicsuffix"

	"feedmill/feeds"
)

// Canonical is the address by which an item is the same post as items of other sources: that of the page it was copied
// from, else its own, without what differs between links to one page. Two such addresses are equal only where the pages
// certainly are:
//
//   - scheme, "www.", capitals of the host, default ports, the slash at the end, index.html and its like do not count;
//   - neither do fragments, unless a script routes by them ("#!…", "#/…"), nor parameters that only track, nor the order
//     of parameters;
//   - copies for telephones on a host m., mobile. or amp. of the site, AMP copies of the page (".../amp", ".amp.html",
//     "?amp=1") and those in Google's and the AMP project's caches are the page itself.
//
// It is empty for an item without an address, or with that of a site's home page, which is no post's.
func Canonical(it *feeds.Item) string {
	for _, address := range []string{it.Original, it.URL} {
		if address != "" {
			return canonical(address)
		}
	}
	return ""
}

func canonical(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return ""
	}
	if inner := uncached(u); inner != nil {
		u = inner
	}
	host := strings.TrimSuffix(strings.ToLower(u.Hostname()), ".")
	if port := u.Port(); port != "" && port != "80" && port != "443" {
		host += ":" + port
	} else {
		host = fullHost(host)
	}
	path := canonicalPath(u.EscapedPath())
	query := canonicalQuery(u.RawQuery)
	if f := u.EscapedFragment(); strings.HasPrefix(f, "!") || strings.HasPrefix(f, "/") && len(f) > 1 {
		query += "#" + f
	}
	if path == "" && query == "" {
		return ""
	}
	return host + path + query
}

// uncached is the page that an AMP cache has a copy of; nil for any other address.
func uncached(u *url.URL) *url.URL {
	var rest string
	switch host := strings.ToLower(u.Hostname()); {
	case strings.HasSuffix(host, ".cdn.ampproject.org"): // /c/s/HOST/PATH, also /v/ and /wp/; s for https
		var kind string
		kind, rest, _ = strings.Cut(strings.TrimPrefix(u.EscapedPath(), "/"), "/")
		if kind != "c" && kind != "v" && kind != "wp" {
			return nil
		}
	case strings.HasPrefix(host, "www.google."):
		var ok bool
		if rest, ok = strings.CutPrefix(u.EscapedPath(), "/amp/"); !ok {
			return nil
		}
	default:
		return nil
	}
	inner, err := url.Parse("https://" + strings.TrimPrefix(rest, "s/"))
	if err != nil || !strings.Contains(inner.Host, ".") {
		return nil
	}
	if inner.RawQuery == "" {
		inner.RawQuery = u.RawQuery
	}
	return inner
}

// otherHosts begin the names of hosts that show the same pages.
var otherHosts = []string{"www.", "m.", "mobile.", "amp."}

// fullHost is the name of a site without what stands for one of its copies, as long as what is left is a site's: the
// neighbours m.blog.example and n.blog.example of a provider are not.
func fullHost(host string) string {
	for _, other := range otherHosts {
		if rest, ok := strings.CutPrefix(host, other); ok {
			if _, err := publicsuffix.EffectiveTLDPlusOne(rest); err == nil {
				return rest
			}
		}
	}
	return host
}

// indexes are the names of a directory's own page.
var indexes = []string{"/index.html", "/index.htm", "/index.php", "/default.aspx"}

func canonicalPath(path string) string {
	path = cleanEscapes(path)
	for _, index := range indexes {
		path = strings.TrimSuffix(path, index)
	}
	path = strings.TrimRight(path, "/")
	switch {
	case strings.HasSuffix(path, "/amp") && len(path) > len("/amp"):
		path = strings.TrimRight(strings.TrimSuffix(path, "/amp"), "/")
	case strings.HasSuffix(path, ".amp.html"):
		path = strings.TrimSuffix(path, ".amp.html") + ".html"
	case strings.HasSuffix(path, ".amp") && len(path) > len("/.amp"):
		path = strings.TrimSuffix(path, ".amp")
	}
	return path
}

// cleanEscapes writes what needs no escape plain and the others in capitals (RFC 3986 §6.2.2).
func cleanEscapes(s string) string {
	if !strings.Contains(s, "%") {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) && isHex(s[i+1]) && isHex(s[i+2]) {
			c := unhex(s[i+1])<<4 | unhex(s[i+2])
			if unreserved(c) {
				b.WriteByte(c)
			} else {
				b.WriteString(strings.ToUpper(s[i : i+3]))
			}
			i += 2
			continue
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

func unhex(c byte) byte {
	switch {
	case c >= 'a':
		return c - 'a' + 10
	case c >= 'A':
		return c - 'A' + 10
	}
	return c - '0'
}

func unreserved(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("-._~", c) >= 0
}

// trackers are parameters that tell where a reader came from, and trackerPrefixes the beginnings of others: of Google,
// Facebook, Microsoft, Yandex, TikTok, LinkedIn, Instagram, Mailchimp, HubSpot, Marketo, Vero, Matomo, AT Internet, Baidu
// and Alibaba, as far as none of them selects a page.
var (
	trackers = map[string]bool{
		"fbclid": true, "gclid": true, "gclsrc": true, "dclid": true, "gbraid": true, "wbraid": true, "msclkid": true, "yclid": true,
		"ysclid": true, "_openstat": true, "twclid": true, "ttclid": true, "li_fat_id": true, "igshid": true, "igsh": true, "mc_cid": true,
		"mc_eid": true, "_ga": true, "_gl": true, "_hsenc": true, "_hsmi": true, "hsctatracking": true, "mkt_tok": true, "vero_id": true,
		"vero_conv": true, "oly_enc_id": true, "oly_anon_id": true, "pk_campaign": true, "pk_kwd": true, "wt_mc": true, "s_cid": true,
		"spm": true, "scm": true, "hmsr": true, "hmpl": true, "hmcu": true, "hmkw": true, "hmci": true,
	}
	trackerPrefixes = []string{"utm_", "mtm_", "piwik_", "matomo_", "at_campaign", "at_medium"}
)

func tracks(name string) bool {
	name = strings.ToLower(name)
	return trackers[name] || slices.ContainsFunc(trackerPrefixes, func(p string) bool { return strings.HasPrefix(name, p) })
}

// canonicalQuery begins with "?", if anything is left.
func canonicalQuery(raw string) string {
	var kept []string
	for pair := range strings.SplitSeq(raw, "&") {
		name, value, _ := strings.Cut(pair, "=")
		amp := name == "amp" && (value == "" || value == "1" || value == "true") || name == "outputType" && value == "amp"
		if pair == "" || amp || tracks(name) {
			continue
		}
		kept = append(kept, cleanEscapes(pair))
	}
	if len(kept) == 0 {
		return ""
	}
	slices.SortStableFunc(kept, func(a, b string) int {
		a, _, _ = strings.Cut(a, "=")
		b, _, _ = strings.Cut(b, "=")
		return strings.Compare(a, b)
	})
	return "?" + strings.Join(kept, "&")
}
