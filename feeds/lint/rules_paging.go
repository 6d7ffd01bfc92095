package lint

var paging = []string{"next", "previous", "first", "last", "prev-archive", "next-archive", "current", "self"}

// links are the links of a feed of XML, by relation; the first of each.
func (d *doc) links() map[string]*node {
	out := map[string]*node{}
	if d.root != nil {
		for _, l := range d.channel().all(nsAtom, "link") {
			if out[l.has("rel")] == nil {
				out[l.has("rel")] = l
			}
		}
	}
	return out
}

// history is the first such element of RFC 5005.
func (d *doc) history(name string) *node {
	if d.root == nil {
		return nil
	}
	return d.channel().first(nsHistory, name)
}

var pagingRules = []Rule{
	{"paging-once", Error, "There is one link of each relation to other pages.", rfc("5005", "3"), func(d *doc) {
		if d.root == nil {
			return
		}
		seen := map[string]bool{}
		for _, l := range d.channel().all(nsAtom, "link") {
			rel := l.has("rel")
			for _, p := range paging {
				if p == rel && rel != "self" {
					if seen[rel] {
						d.fail(l.line, "a second link %s", rel)
					}
					seen[rel] = true
				}
			}
		}
	}},
	{"paging-circle", Error, "Links to older and newer pages do not lead to the document itself.", rfc("5005", "3"), func(d *doc) {
		links := d.links()
		for _, rel := range []string{"next", "previous", "prev-archive", "next-archive"} {
			if l, self := links[rel], links["self"]; l != nil && self != nil && l.has("href") == self.has("href") {
				d.fail(l.line, "the link %s leads to the document itself", rel)
			}
		}
	}},
	{"archive-current", Error, "An archive document leads to the current one.", rfc("5005", "4"), func(d *doc) {
		if a := d.history("archive"); a != nil && d.links()["current"] == nil {
			d.fail(a.line, "an archive document without a link current")
		}
	}},
	{"complete-alone", Error, "A complete feed has no other pages or archives.", rfc("5005", "2"), func(d *doc) {
		c := d.history("complete")
		links := d.links()
		if c != nil && (d.history("archive") != nil || links["prev-archive"] != nil || links["next"] != nil) {
			d.fail(c.line, "the feed is complete, and has other documents all the same")
		}
	}},
	{"websub-self", Error, "A feed that names a hub says where it is itself.", webSub, func(d *doc) {
		if links := d.links(); links["hub"] != nil && links["self"] == nil {
			d.fail(links["hub"].line, `a link hub, and none of rel="self", which is what subscribers ask the hub for`)
		}
		if d.json != nil && len(d.json.list("hubs")) > 0 && d.json.say("feed_url") == "" {
			d.fail(d.json.at("hubs"), "hubs, and no feed_url, which is what subscribers ask the hub for")
		}
	}},
}
