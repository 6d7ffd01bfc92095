package lint

import "strings"

// outlines calls f for all outlines.
func (d *doc) outlines(f func(n *node)) {
	if body := d.root.first("", "body"); body != nil {
		for _, x := range body.children {
			x.walk(func(n *node) {
				if n.is("", "outline") {
					f(n)
				}
			})
		}
	}
}

// subscriptions are the outlines that name a feed.
func (d *doc) subscriptions() (out []*node) {
	d.outlines(func(n *node) {
		if n.has("xmlUrl") != "" {
			out = append(out, n)
		}
	})
	return out
}

var opmlNames = map[string]string{"xmlurl": "xmlUrl", "htmlurl": "htmlUrl", "text": "text", "title": "title", "type": "type", "url": "url"}

var opmlRules = []Rule{
	{"opml-version", Error, "opml has a version.", opmlAt("<opml>"), func(d *doc) {
		if v := d.root.has("version"); v != "2.0" && v != "1.0" && v != "1.1" {
			d.fail(d.root.line, "the version is %.20q", v)
		}
	}},
	{"opml-version-old", Warning, "The version is 2.0.", opmlAt("<opml>"), func(d *doc) {
		if v := d.root.has("version"); v == "1.0" || v == "1.1" {
			d.fail(d.root.line, "the version is %s, not 2.0", v)
		}
	}},
	{"opml-structure", Error, "opml has one head and, behind it, one body.", opmlAt("<opml>"), func(d *doc) {
		var names []string
		for _, x := range d.root.children {
			if x.name.Space == "" {
				names = append(names, x.name.Local)
			}
		}
		if len(names) != 2 || names[0] != "head" || names[1] != "body" {
			d.fail(d.root.line, "opml holds %.80q, want head and body", strings.Join(names, ", "))
		}
	}},
	{"opml-empty", Error, "The body has an outline.", opmlAt("<body>"), func(d *doc) {
		if b := d.root.first("", "body"); b != nil && b.first("", "outline") == nil {
			d.fail(b.line, "the body has no outline")
		}
	}},
	{"opml-head-title", Info, "The head has a title.", opmlAt("<head>"), func(d *doc) {
		if h := d.root.first("", "head"); h != nil && h.say("", "title") == "" {
			d.fail(h.line, "the head has no title")
		}
	}},
	{"opml-text", Error, "An outline has text.", opmlAt("<outline>"), func(d *doc) {
		d.outlines(func(n *node) {
			if strings.TrimSpace(n.has("text")) == "" {
				d.fail(n.line, "an outline without text")
			}
		})
	}},
	{"opml-title", Warning, "An outline with a feed has a title.", validator("MissingTitleAttr"), func(d *doc) {
		for _, n := range d.subscriptions() {
			if n.has("title") == "" {
				d.fail(n.line, "the outline %.80q has no title, which some readers show instead of text", n.has("text"))
			}
		}
	}},
	{"opml-type", Warning, `An outline with a feed has type="rss".`, opmlAt("Subscription lists"), func(d *doc) {
		for _, n := range d.subscriptions() {
			if t := n.has("type"); !strings.EqualFold(t, "rss") && !strings.EqualFold(t, "atom") {
				d.fail(n.line, "the outline %.80q with a feed has the type %.20q", n.has("text"), t)
			}
		}
	}},
	{"opml-feed", Error, `An outline of type="rss" has xmlUrl.`, opmlAt("Subscription lists"), func(d *doc) {
		d.outlines(func(n *node) {
			if strings.EqualFold(n.has("type"), "rss") && n.has("xmlUrl") == "" {
				d.fail(n.line, "the outline %.80q is of type rss and has no xmlUrl", n.has("text"))
			}
		})
	}},
	{"opml-case", Warning, "Attributes are written as the standard writes them.", opmlAt("<outline>"), func(d *doc) {
		d.outlines(func(n *node) {
			for _, a := range n.attrs {
				if want := opmlNames[strings.ToLower(a.Name.Local)]; want != "" && want != a.Name.Local {
					d.fail(n.line, "the attribute %s is written %s", want, a.Name.Local)
				}
			}
		})
	}},
	{"opml-address", Error, "Addresses are absolute URIs.", opmlAt("Subscription lists"), func(d *doc) {
		d.outlines(func(n *node) {
			for _, name := range []string{"xmlUrl", "htmlUrl", "url"} {
				if s, ok := n.attr(name); ok && s != "" {
					d.uri(n.line, name, s)
				}
			}
		})
	}},
	{"opml-page", Info, "An outline with a feed has htmlUrl.", opmlAt("Subscription lists"), func(d *doc) {
		for _, n := range d.subscriptions() {
			if n.has("htmlUrl") == "" {
				d.fail(n.line, "the outline %.80q has no htmlUrl", n.has("text"))
			}
		}
	}},
	{"opml-twice", Info, "A feed is in a list once.", opmlAt("Subscription lists"), func(d *doc) {
		seen := map[string]int{}
		for _, n := range d.subscriptions() {
			u := n.has("xmlUrl")
			if line := seen[u]; line > 0 {
				d.fail(n.line, "the feed %.120q is in line %d already", u, line)
				continue
			}
			seen[u] = n.line
		}
	}},
}
