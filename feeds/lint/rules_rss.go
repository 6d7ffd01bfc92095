package lint

import (
	"slices"
	"strconv"
	"strings"
)

// plainElements hold plain text in RSS.
var plainElements = []string{"title", "category", "copyright", "generator", "creator", "source"}

// plainText reports whether an element of RSS holds plain text.
func plainText(n *node) bool {
	return (n.name.Space == "" || n.name.Space == nsDC) && slices.Contains(plainElements, n.name.Local) || n.is(nsITunes, "author")
}

// once are the elements that stand at most once.
var (
	onceChannel = []string{
		"title", "link", "description", "language", "copyright", "managingEditor", "webMaster", "pubDate", "lastBuildDate", "generator", "docs",
		"ttl", "image", "skipHours", "skipDays", "cloud", "textInput", "rating",
	}
	onceItem = []string{"title", "link", "description", "author", "guid", "pubDate", "source", "comments"}
)

// perItem makes a check of all items of a check of one.
func perItem(f func(d *doc, it *node)) func(*doc) {
	return func(d *doc) {
		for _, it := range d.items() {
			f(d, it)
		}
	}
}

// perChild checks the children of the channel, or of its items, with a name.
func perChild(ofItems bool, space, local string, f func(d *doc, x *node)) func(*doc) {
	return func(d *doc) {
		parents := []*node{d.channel()}
		if ofItems {
			parents = d.items()
		}
		for _, p := range parents {
			for _, x := range p.all(space, local) {
				f(d, x)
			}
		}
	}
}

func (d *doc) once(n *node, names []string) {
	seen := map[string]bool{}
	for _, x := range n.children {
		if x.name.Space == "" && slices.Contains(names, x.name.Local) {
			if seen[x.name.Local] {
				d.fail(x.line, "a second <%s> in <%s>", x.name.Local, n.name.Local)
			}
			seen[x.name.Local] = true
		}
	}
}

// uri reports an address that is none.
func (d *doc) uri(line int, where, s string) {
	if wrong := wrongAddress(s); wrong != "" {
		d.fail(line, "%s %.120q %s", where, s, wrong)
	}
}

// language reports a tag that is none of RFC 5646.
func (d *doc) language(line int, s string) {
	if !languageTag.MatchString(s) {
		d.fail(line, "the language %.40q is no tag such as zh-CN", s)
	}
}

// number is a whole number; -1 for what is none.
func number(s string) int64 {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return -1
	}
	return n
}

var rssRules = []Rule{
	{"rss-version", Error, `The root is <rss version="2.0">.`, rssAt("What is RSS?"), func(d *doc) {
		if v := d.root.has("version"); v != "2.0" {
			d.fail(d.root.line, "the version is %.20q, not 2.0", v)
		}
	}},
	{"rss-channel", Error, "There is one channel.", rssAt("Required channel elements"), func(d *doc) {
		if n := len(d.root.all("", "channel")); n != 1 {
			d.fail(d.root.line, "%d channels, want 1", n)
		}
	}},
	{"rss-required", Error, "The channel has title, link and description.", rssAt("Required channel elements"), func(d *doc) {
		for _, name := range []string{"title", "link", "description"} {
			if d.channel().say("", name) == "" {
				d.fail(d.channel().line, "the channel has no %s", name)
			}
		}
	}},
	{"rss-once", Error, "An element that is not category, enclosure or item stands once.", profileAt("Elements"), func(d *doc) {
		d.once(d.channel(), onceChannel)
		for _, it := range d.items() {
			d.once(it, onceItem)
		}
	}},
	{"rss-order", Warning, "The channel's own elements stand before its items.", profileAt("item"), func(d *doc) {
		seen := false
		for _, x := range d.channel().children {
			if item := x.is("", "item"); seen && !item {
				d.fail(x.line, "<%.40s> stands behind an item", x.name.Local)
			} else if item {
				seen = true
			}
		}
	}},
	{"rss-self", Warning, `The channel says where it is: one atom:link of rel="self".`, profileAt("atom:link"), func(d *doc) {
		n := 0
		for _, l := range d.channel().all(nsAtom, "link") {
			if l.has("rel") == "self" {
				n++
			}
		}
		if n != 1 {
			d.fail(d.channel().line, `%d atom:link of rel="self", want 1`, n)
		}
	}},
	{"rss-self-type", Warning, "The atom:link to itself has the type application/rss+xml.", profileAt("atom:link"), perChild(false, nsAtom, "link", func(d *doc, l *node) {
		if t := l.has("type"); l.has("rel") == "self" && t != "application/rss+xml" {
			d.fail(l.line, `atom:link rel="self" has the type %.60q`, t)
		}
	})},
	{"rss-address", Error, "Addresses are absolute URIs.", rssAt("Comments"), func(d *doc) {
		ch := d.channel()
		if s := ch.say("", "link"); s != "" && (!uriChars.MatchString(s) || !absolute(s)) {
			d.fail(ch.first("", "link").line, "the channel's link %.120q is not an absolute URI", s)
		}
		for _, l := range ch.all(nsAtom, "link") {
			d.uri(l.line, "atom:link "+l.has("rel"), l.has("href"))
		}
		for _, i := range ch.all("", "image") {
			d.uri(i.line, "image url", i.say("", "url"))
		}
		for _, it := range d.items() {
			for _, x := range it.children {
				switch {
				case x.is("", "link"):
					d.uri(x.line, "link", strings.TrimSpace(x.text))
				case x.is("", "comments"):
					d.uri(x.line, "comments", strings.TrimSpace(x.text))
				case x.is("", "source"):
					d.uri(x.line, "source url", x.has("url"))
				case x.is("", "enclosure"):
					d.uri(x.line, "enclosure url", x.has("url"))
				}
			}
		}
	}},
	{"rss-item-text", Error, "An item has a title or a description.", rssAt("Elements of <item>"), perItem(func(d *doc, it *node) {
		if it.first("", "title") == nil && it.first("", "description") == nil {
			d.fail(it.line, "%s has neither title nor description", it.label())
		}
	})},
	{"rss-item-blank", Warning, "Title and description of an item are not blank.", validator("NotBlank"), perItem(func(d *doc, it *node) {
		for _, name := range []string{"title", "description"} {
			if x := it.first("", name); x != nil && strings.TrimSpace(x.text) == "" {
				d.fail(x.line, "%s has a blank %s", it.label(), name)
			}
		}
	})},
	{"rss-guid", Warning, "Every item has a guid.", profileAt("guid"), perItem(func(d *doc, it *node) {
		if it.say("", "guid") == "" {
			d.fail(it.line, "%s has no guid: readers guess whether they know it", it.label())
		}
	})},
	{"rss-guid-unique", Error, "No two items have the same guid.", rssAt("guid"), func(d *doc) {
		seen := map[string]int{}
		for _, it := range d.items() {
			g := it.say("", "guid")
			if line := seen[g]; line > 0 && g != "" {
				d.fail(it.line, "%s has the guid of the item in line %d", it.label(), line)
			} else {
				seen[g] = it.line
			}
		}
	}},
	{"rss-guid-permalink", Error, "A guid that is a permalink opens the item; isPermaLink is true or false.", rssAt("guid"), perChild(true, "", "guid", func(d *doc, g *node) {
		p, said := g.attr("isPermaLink")
		switch text := strings.TrimSpace(g.text); {
		case said && p != "true" && p != "false":
			d.fail(g.line, "isPermaLink is %.20q", p)
		case p != "false" && text != "" && wrongAddress(text) != "":
			d.fail(g.line, `the guid %.80q is no address; say isPermaLink="false"`, text)
		}
	})},
	{"rss-guid-global", Warning, "A guid is unique in the world.", profileAt("guid"), perChild(true, "", "guid", func(d *doc, g *node) {
		text := strings.TrimSpace(g.text)
		if g.has("isPermaLink") == "false" && text != "" && (len(text) < 9 || strings.Trim(text, "0123456789") == "") {
			d.fail(g.line, "the guid %.20q will be another feed's, too; put an address or tag: before it", text)
		}
	})},
	{"rss-people", Error, "managingEditor, webMaster and author are e-mail addresses, with a name in brackets.", rssAt("author"), func(d *doc) {
		check := func(n *node, names ...string) {
			for _, name := range names {
				for _, x := range n.all("", name) {
					email, name, named := strings.Cut(strings.TrimSpace(x.text), " (")
					if !emailForm.MatchString(email) || named && !strings.HasSuffix(name, ")") {
						d.fail(x.line, "%s %.80q is no e-mail address with an optional name in brackets; dc:creator takes names", x.name.Local, x.text)
					}
				}
			}
		}
		check(d.channel(), "managingEditor", "webMaster")
		for _, it := range d.items() {
			check(it, "author")
		}
	}},
	{"rss-creator", Warning, "There is author or dc:creator, not both, and no blank one.", profileAt("dc:creator"), func(d *doc) {
		check := func(n *node, element string) {
			list := n.all(nsDC, "creator")
			for _, x := range list {
				if strings.TrimSpace(x.text) == "" {
					d.fail(x.line, "a blank dc:creator")
				}
			}
			if len(list) > 0 && n.first("", element) != nil {
				d.fail(list[0].line, "%s and dc:creator: readers show two authors", element)
			}
		}
		check(d.channel(), "managingEditor")
		for _, it := range d.items() {
			check(it, "author")
		}
	}},
	{"rss-category", Warning, "Categories are not blank.", validator("NotBlank"), perChild(true, "", "category", func(d *doc, x *node) {
		if strings.TrimSpace(x.text) == "" {
			d.fail(x.line, "a blank category")
		}
	})},
	{"rss-category-domain", Info, "The domain of a category is the address of the taxonomy.", rssAt("category"), perChild(true, "", "category", func(d *doc, x *node) {
		if s, ok := x.attr("domain"); ok {
			d.uri(x.line, "category domain", s)
		}
	})},
	{"rss-subject", Warning, "Labels are category, not dc:subject beside it; dates pubDate, not dc:date beside it.", validator("DuplicateItemSemantics"), perItem(func(d *doc, it *node) {
		for _, pair := range [][2]string{{"category", "subject"}, {"pubDate", "date"}} {
			if x := it.first(nsDC, pair[1]); x != nil && it.first("", pair[0]) != nil {
				d.fail(x.line, "%s has dc:%s beside %s", it.label(), pair[1], pair[0])
			}
		}
	})},
	{"rss-content-order", Warning, "A description stands before content:encoded.", profileAt("content:encoded"), perItem(func(d *doc, it *node) {
		described := false
		for _, x := range it.children {
			if described = described || x.is("", "description"); x.is(nsContent, "encoded") && !described {
				d.fail(x.line, "%s has no description before content:encoded", it.label())
				return
			}
		}
	})},
	{"rss-content-once", Error, "An item has content:encoded at most once.", profileAt("content:encoded"), perItem(func(d *doc, it *node) {
		if list := it.all(nsContent, "encoded"); len(list) > 1 {
			d.fail(list[1].line, "%s has content:encoded twice", it.label())
		}
	})},
	{"rss-content-namespace", Error, "content:encoded is of the namespace " + nsContent + ".", profileAt("content:encoded"), perItem(func(d *doc, it *node) {
		for _, x := range it.children {
			if x.name.Local == "encoded" && x.name.Space != nsContent {
				d.fail(x.line, "the text is in the namespace %.80q, where nobody looks", x.name.Space)
			}
		}
	})},
	{"rss-plain", Warning, "Plain text has hexadecimal references for & and <.", profileAt("Character data"), func(d *doc) {
		d.root.walk(func(n *node) {
			if n.named && plainText(n) {
				d.fail(n.line, "<%s> has a named reference, which some readers take for HTML; write &#x26; and &#x3C;", n.name.Local)
			}
		})
	}},
	{"rss-plain-html", Warning, "Plain text has no markup.", validator("ContainsHTML"), func(d *doc) {
		d.root.walk(func(n *node) {
			if n.cdata && plainText(n) {
				d.fail(n.line, "<%s> has markup in CDATA; it is plain text", n.name.Local)
			}
		})
	}},
	{"rss-enclosure-one", Warning, "An item has at most one enclosure.", profileAt("enclosure"), perItem(func(d *doc, it *node) {
		if list := it.all("", "enclosure"); len(list) > 1 {
			d.fail(list[1].line, "%s has %d enclosures; others are media:content", it.label(), len(list))
		}
	})},
	{"rss-enclosure", Error, "An enclosure has a length in bytes (0 if it is not known) and a media type.", rssAt("enclosure"), perChild(true, "", "enclosure", func(d *doc, x *node) {
		if number(x.has("length")) < 0 {
			d.fail(x.line, "the enclosure has the length %.40q", x.has("length"))
		}
		if !mediaType.MatchString(x.has("type")) {
			d.fail(x.line, "the enclosure has the type %.60q", x.has("type"))
		}
	})},
	{"rss-source", Warning, "source names the feed that an item was copied from.", rssAt("source"), perChild(true, "", "source", func(d *doc, x *node) {
		if strings.TrimSpace(x.text) == "" {
			d.fail(x.line, "source has no title")
		}
	})},
	{"rss-ttl", Error, "ttl is a positive number of minutes.", rssAt("ttl"), perChild(false, "", "ttl", func(d *doc, x *node) {
		if number(strings.TrimSpace(x.text)) <= 0 {
			d.fail(x.line, "ttl is %.40q", x.text)
		}
	})},
	{"rss-skip", Error, "skipHours holds hours from 0 to 23, skipDays English days.", rssAt("skipHours, skipDays"), func(d *doc) {
		for _, name := range []string{"skipHours", "skipDays"} {
			for _, s := range d.channel().all("", name) {
				seen := map[string]bool{}
				for _, x := range s.children {
					text := strings.TrimSpace(x.text)
					hour := number(text)
					ok := name == "skipHours" && x.is("", "hour") && hour >= 0 && hour <= 23 || name == "skipDays" && x.is("", "day") && slices.Contains(daysOfWeek, text)
					if !ok || seen[text] {
						d.fail(x.line, "%s holds <%.20s>%.40s, or that twice", name, x.name.Local, text)
					}
					seen[text] = true
				}
			}
		}
	}},
	{"rss-language", Error, "language is a tag of RFC 5646.", rssAt("language"), perChild(false, "", "language", func(d *doc, x *node) {
		d.language(x.line, strings.TrimSpace(x.text))
	})},
	{"rss-item-language", Error, "dc:language is a tag of RFC 5646.", Source{"Dublin Core, language", "https://www.dublincore.org/specifications/dublin-core/dces/"}, perChild(true, nsDC, "language", func(d *doc, x *node) {
		d.language(x.line, strings.TrimSpace(x.text))
	})},
	{"rss-language-said", Info, "The channel says its language.", profileAt("language"), func(d *doc) {
		if d.channel().say("", "language") == "" {
			d.fail(d.channel().line, "the channel says no language")
		}
	}},
	{"rss-image", Warning, "The image is GIF, JPEG or PNG, at most 144 by 400, with the title and link of the channel.", rssAt("image"), perChild(false, "", "image", func(d *doc, img *node) {
		if strings.HasSuffix(strings.ToLower(img.say("", "url")), ".svg") {
			d.fail(img.line, "the image is SVG")
		}
		if ch := d.channel(); img.say("", "title") != ch.say("", "title") || img.say("", "link") != ch.say("", "link") {
			d.fail(img.line, "the image has another title or link than the channel")
		}
		for _, size := range []struct {
			name  string
			limit int64
		}{{"width", 144}, {"height", 400}} {
			if x := img.first("", size.name); x != nil {
				if n := number(strings.TrimSpace(x.text)); n <= 0 || n > size.limit {
					d.fail(x.line, "the image has the %s %.20q, at most %d", size.name, x.text, size.limit)
				}
			}
		}
	})},
	{"rss-cloud", Error, "cloud has domain, port, path, registerProcedure and protocol.", rssAt("cloud"), perChild(false, "", "cloud", func(d *doc, x *node) {
		var missing []string
		for _, name := range []string{"domain", "port", "path", "registerProcedure", "protocol"} {
			if _, ok := x.attr(name); !ok {
				missing = append(missing, name)
			}
		}
		if len(missing) > 0 {
			d.fail(x.line, "cloud has no %s", short(missing))
		}
	})},
	{"rss-avoid", Warning, "The channel has no textInput and no rating.", validator("AvoidTextInput"), func(d *doc) {
		for _, name := range []string{"textInput", "rating"} {
			for _, x := range d.channel().all("", name) {
				d.fail(x.line, "%s, which no reader uses", name)
			}
		}
	}},
	{"rss-slash", Warning, "A channel of items with slash:comments has a lastBuildDate.", validator("SlashDate"), perItem(func(d *doc, it *node) {
		if x := it.first(nsSlash, "comments"); x != nil && d.channel().first("", "lastBuildDate") == nil {
			d.fail(x.line, "slash:comments in a channel without lastBuildDate")
		}
	})},
	{"rss-namespace", Warning, "Namespaces are declared on <rss>.", profileAt("Namespace elements"), func(d *doc) {
		for _, x := range d.root.children {
			x.walk(func(n *node) {
				for _, a := range n.attrs {
					if a.Name.Space == "xmlns" {
						d.fail(n.line, "<%.40s> declares the prefix %.40s; some readers look on <rss> alone", n.name.Local, a.Name.Local)
					}
				}
			})
		}
	}},
}
