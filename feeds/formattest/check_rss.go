package formattest

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// plainElements hold plain text in RSS: their references are hexadecimal.
var plainElements = []string{"title", "category", "copyright", "generator", "creator", "source"}

func (c *checker) rss(root *node) {
	channels := root.all("", "channel")
	if !root.is("", "rss") || root.has("version") != "2.0" || len(channels) != 1 {
		c.fail("R1", "root is not <rss version=\"2.0\"> with one channel")
		return
	}
	ch := channels[0]
	items := ch.all("", "item")
	c.once("R1", ch, "title", "link", "description", "language", "copyright", "managingEditor", "webMaster", "pubDate",
		"lastBuildDate", "generator", "docs", "ttl", "image")
	for _, name := range []string{"title", "link", "description"} {
		if ch.say("", name) == "" {
			c.fail("R1", "channel has no %s", name)
		}
	}
	if link := ch.say("", "link"); !uriChars.MatchString(link) || !absolute(link) {
		c.fail("X8", "channel link %q is not a URI", link)
	}
	for _, x := range ch.children[len(ch.children)-len(items):] {
		if !x.is("", "item") {
			c.fail("R2", "an item stands before <%s>", x.name.Local)
		}
	}
	c.channelLinks(ch)
	c.rssPeople("channel", ch, "managingEditor")
	c.rssDates(ch, "pubDate", "lastBuildDate")
	if lang := ch.first("", "language"); lang != nil {
		c.language("R18", lang.text)
	}
	if ttl := ch.first("", "ttl"); ttl != nil {
		if n, err := strconv.Atoi(ttl.text); err != nil || n <= 0 {
			c.fail("R16", "ttl %q is not a positive number of minutes", ttl.text)
		}
	}
	c.skips(ch)
	c.image(ch)
	c.podcast("channel", ch)
	for _, name := range []string{"cloud", "textInput", "rating"} {
		if ch.first("", name) != nil {
			c.fail("R20", "channel has %s", name)
		}
	}
	guids := map[string]bool{}
	for _, it := range items {
		c.item(ch, it, guids)
	}
	c.references(root)
}

// once checks that elements stand at most once.
func (c *checker) once(rule string, n *node, names ...string) {
	for _, name := range names {
		if len(n.all("", name)) > 1 {
			c.fail(rule, "<%s> has more than one %s", n.name.Local, name)
		}
	}
}

func (c *checker) channelLinks(ch *node) {
	self := 0
	for _, l := range ch.all(nsAtom, "link") {
		c.address("R3", "atom:link "+l.has("rel"), l.has("href"))
		if l.has("rel") == "self" {
			self++
			if l.has("type") != "application/rss+xml" {
				c.fail("R3", "atom:link self has type %q", l.has("type"))
			}
		}
	}
	c.history(ch, "channel")
	if self != 1 {
		c.fail("R3", "channel has %d atom:link rel=self, want 1", self)
	}
}

// rssPeople checks that e-mail addresses and names stand where they belong.
func (c *checker) rssPeople(where string, n *node, element string) {
	creators := n.all(nsDC, "creator")
	for _, x := range creators {
		if strings.TrimSpace(x.text) == "" {
			c.fail("R9", "%s has a blank dc:creator", where)
		}
	}
	author := n.first("", element)
	if author == nil {
		return
	}
	if len(creators) > 0 {
		c.fail("R9", "%s has %s and dc:creator", where, element)
	}
	email, name, named := strings.Cut(author.text, " (")
	if !emailForm.MatchString(email) || named && !strings.HasSuffix(name, ")") {
		c.fail("R9", "%s %q is no e-mail address with an optional name in brackets", element, author.text)
	}
}

func (c *checker) rssDates(n *node, names ...string) {
	for _, name := range names {
		if x := n.first("", name); x != nil {
			if err := rfc822(x.text); err != "" {
				c.fail("R7", "%s %q %s", name, x.text, err)
			}
		}
	}
}

// rfc822 says what is wrong with a date, nothing if it is right.
func rfc822(s string) string {
	var t time.Time
	err := error(nil)
	for _, layout := range []string{"Mon, 02 Jan 2006 15:04:05 -0700", "Mon, 02 Jan 2006 15:04:05 GMT"} {
		if t, err = time.Parse(layout, s); err == nil {
			break
		}
	}
	switch {
	case err != nil:
		return "is not of RFC 822 with a four-digit year and a numeric zone or GMT"
	case t.Weekday().String()[:3] != s[:3]:
		return "has the wrong day of the week"
	case t.Year() < 1000:
		return "is no date of a post"
	case strings.HasSuffix(s, "-0000"):
		return "has an unknown zone"
	}
	return ""
}

var days = []string{"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"}

func (c *checker) skips(ch *node) {
	if x := ch.first("", "skipHours"); x != nil {
		for _, h := range x.children {
			if n, err := strconv.Atoi(h.text); err != nil || n < 0 || n > 23 || h.name.Local != "hour" || len(x.children) > 24 {
				c.fail("R17", "skipHours holds <%s>%s", h.name.Local, h.text)
			}
		}
	}
	if x := ch.first("", "skipDays"); x != nil {
		for _, d := range x.children {
			if d.name.Local != "day" || !slices.Contains(days, d.text) {
				c.fail("R17", "skipDays holds <%s>%s", d.name.Local, d.text)
			}
		}
	}
}

func (c *checker) image(ch *node) {
	img := ch.first("", "image")
	if img == nil {
		return
	}
	c.address("R19", "image url", img.say("", "url"))
	if strings.HasSuffix(strings.ToLower(img.say("", "url")), ".svg") {
		c.fail("R19", "image is SVG")
	}
	if img.say("", "title") != ch.say("", "title") || img.say("", "link") != ch.say("", "link") {
		c.fail("R19", "image has another title or link than the channel")
	}
	for name, limit := range map[string]int{"width": 144, "height": 400} {
		if x := img.first("", name); x != nil {
			if n, err := strconv.Atoi(x.text); err != nil || n <= 0 || n > limit {
				c.fail("R19", "image %s is %q, at most %d", name, x.text, limit)
			}
		}
	}
}

func (c *checker) item(ch, it *node, guids map[string]bool) {
	guid := it.first("", "guid")
	where := "item " + it.say("", "guid")
	c.once("R5", it, "title", "link", "description", "author", "guid", "pubDate", "source", "comments")
	title, description := it.first("", "title"), it.first("", "description")
	for _, x := range []*node{title, description} {
		if x != nil && strings.TrimSpace(x.text) == "" {
			c.fail("R4", "%s has a blank %s", where, x.name.Local)
		}
	}
	if title == nil && description == nil {
		c.fail("R4", "%s has no title and no description", where)
	}
	if l := it.first("", "link"); l != nil {
		c.address("X8", where+" link", l.text)
	}
	c.guid(where, guid, guids)
	c.rssDates(it, "pubDate")
	c.rssPeople(where, it, "author")
	c.itemText(where, it, description)

	for _, x := range it.all("", "category") {
		if strings.TrimSpace(x.text) == "" {
			c.fail("R10", "%s has a blank category", where)
		}
		if d, ok := x.attr("domain"); ok {
			c.address("R10", "category domain", d)
		}
	}
	if it.first(nsDC, "subject") != nil {
		c.fail("R10", "%s has dc:subject beside categories", where)
	}
	if it.first(nsDC, "date") != nil {
		c.fail("R8", "%s has dc:date beside pubDate", where)
	}
	c.files(where, it)
	if s := it.first("", "source"); s != nil {
		c.address("R15", where+" source", s.has("url"))
	}
	if it.first(nsSlash, "comments") != nil && ch.first("", "lastBuildDate") == nil {
		c.fail("R21", "%s has slash:comments in a channel without lastBuildDate", where)
	}
}

func (c *checker) guid(where string, guid *node, guids map[string]bool) {
	if guid == nil || strings.TrimSpace(guid.text) == "" {
		c.fail("R5", "%s has no guid", where)
		return
	}
	if guids[guid.text] {
		c.fail("R5", "%s is there twice", where)
	}
	guids[guid.text] = true
	switch permalink, ok := guid.attr("isPermaLink"); {
	case permalink == "false":
		if len(guid.text) < 9 || strings.Trim(guid.text, "0123456789") == "" {
			c.fail("R6", "guid %q is not unique in the world", guid.text)
		}
	case permalink == "true" || !ok:
		c.address("R5", "permalink guid", guid.text)
	default:
		c.fail("R5", "isPermaLink is %q", permalink)
	}
}

// itemText checks description and full text.
func (c *checker) itemText(where string, it, description *node) {
	contents := it.all(nsContent, "encoded")
	if len(contents) > 1 {
		c.fail("R12", "%s has content:encoded twice", where)
	}
	if description != nil {
		c.html(where+" description", description.text)
	}
	for _, x := range contents {
		c.html(where+" content", x.text)
		if description == nil || slices.Index(it.children, description) > slices.Index(it.children, x) {
			c.fail("R11", "%s has no description before content:encoded", where)
		}
	}
	for _, x := range it.children {
		if x.name.Local == "encoded" && x.name.Space != nsContent {
			c.fail("R12", "%s has content in namespace %q", where, x.name.Space)
		}
	}
}

// files checks the enclosure, what Media RSS and podcasts say, and the language.
func (c *checker) files(where string, it *node) {
	enclosures := it.all("", "enclosure")
	if len(enclosures) > 1 {
		c.fail("R14", "%s has %d enclosures", where, len(enclosures))
	}
	for _, x := range enclosures {
		c.address("R14", where+" enclosure", x.has("url"))
		if n, err := strconv.ParseInt(x.has("length"), 10, 64); err != nil || n < 0 {
			c.fail("R14", "%s enclosure has length %q", where, x.has("length"))
		}
		if !mediaTypeForm.MatchString(x.has("type")) {
			c.fail("R14", "%s enclosure has type %q", where, x.has("type"))
		}
	}
	c.media(where, it)
	c.podcast(where, it)
	if x := it.first(nsDC, "language"); x != nil {
		c.language("R18", x.text)
	}
}

// references checks that plain text has hexadecimal references, by which readers know it from HTML.
func (c *checker) references(n *node) {
	for _, x := range n.children {
		if slices.Contains(plainElements, x.name.Local) && (strings.Contains(x.raw, "&lt;") || strings.Contains(x.raw, "&amp;")) {
			c.fail("R13", "<%s> has a named reference: %s", x.name.Local, x.raw)
		}
		c.references(x)
	}
}
