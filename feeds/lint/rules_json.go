package lint

import "strings"

// The members of JSON Feed 1.1, with the kind that their value has.
var (
	jsonTop = map[string]byte{
		"version": 's', "title": 's', "home_page_url": 's', "feed_url": 's', "description": 's', "user_comment": 's', "next_url": 's', "icon": 's',
		"favicon": 's', "authors": 'a', "author": 'o', "language": 's', "expired": 'b', "hubs": 'a', "items": 'a',
	}
	jsonItem = map[string]byte{
		"id": 's', "url": 's', "external_url": 's', "title": 's', "content_html": 's', "content_text": 's', "summary": 's', "image": 's',
		"banner_image": 's', "date_published": 's', "date_modified": 's', "authors": 'a', "author": 'o', "tags": 'a', "language": 's',
		"attachments": 'a',
	}
	jsonAuthor     = map[string]byte{"name": 's', "url": 's', "avatar": 's'}
	jsonHub        = map[string]byte{"type": 's', "url": 's'}
	jsonAttachment = map[string]byte{"url": 's', "mime_type": 's', "title": 's', "size_in_bytes": 'n', "duration_in_seconds": 'n'}
)

// objects calls f for every object that the standard knows, with its members.
func (d *doc) objects(f func(v *value, where string, known map[string]byte)) {
	authors := func(v *value, where string) {
		if a := v.get("author"); a != nil {
			f(a, "author of "+where, jsonAuthor)
		}
		for _, a := range v.list("authors") {
			f(a, "author of "+where, jsonAuthor)
		}
	}
	f(d.json, "the feed", jsonTop)
	authors(d.json, "the feed")
	for _, h := range d.json.list("hubs") {
		f(h, "hub", jsonHub)
	}
	for _, it := range d.json.list("items") {
		f(it, it.label(), jsonItem)
		authors(it, it.label())
		for _, a := range it.list("attachments") {
			f(a, "attachment of "+it.label(), jsonAttachment)
		}
	}
}

// perJSON makes a check of all items of a check of one.
func perJSON(f func(d *doc, it *value)) func(*doc) {
	return func(d *doc) {
		for _, it := range d.json.list("items") {
			f(d, it)
		}
	}
}

var jsonSyntaxRules = []Rule{
	{"json-syntax", Error, "A document is one JSON value.", rfc("8259", "2"), func(d *doc) {
		if d.broken != nil {
			d.fail(d.broken.line, "not JSON: %.300s", d.broken.what)
		}
	}},
	{"json-duplicate", Error, "An object has each name once.", rfc("8259", "4"), func(d *doc) {
		for _, p := range d.twice {
			d.fail(p.line, "%s", p.what)
		}
	}},
}

var jsonRules = []Rule{
	{"json-version", Error, "version is https://jsonfeed.org/version/1.1.", jsonAt("Top-level"), func(d *doc) {
		switch v := d.json.say("version"); {
		case v == "https://jsonfeed.org/version/1.1", v == "https://jsonfeed.org/version/1":
		default:
			d.fail(d.json.at("version"), "the version is %.80q", v)
		}
	}},
	{"json-version-old", Warning, "version is that of JSON Feed 1.1, not 1.", jsonAt("Top-level"), func(d *doc) {
		if d.json.say("version") == "https://jsonfeed.org/version/1" {
			d.fail(d.json.at("version"), "the version is that of JSON Feed 1")
		}
	}},
	{"json-version-first", Info, "version is the first member.", jsonAt("Top-level"), func(d *doc) {
		if m := d.json.members; len(m) > 0 && m[0].name != "version" && d.json.get("version") != nil {
			d.fail(d.json.at("version"), "version is not the first member, where readers look for it")
		}
	}},
	{"json-title", Error, "The feed has a title.", jsonAt("Top-level"), func(d *doc) {
		if strings.TrimSpace(d.json.say("title")) == "" {
			d.fail(d.json.at("title"), "no title")
		}
	}},
	{"json-items", Error, "The feed has items, be it an empty list.", jsonAt("Top-level"), func(d *doc) {
		if d.json.get("items") == nil {
			d.fail(d.json.line, "no items")
		}
	}},
	{"json-home", Warning, "The feed has home_page_url.", jsonAt("Top-level"), func(d *doc) {
		if d.json.say("home_page_url") == "" {
			d.fail(d.json.line, "no home_page_url, which should be considered required on the web")
		}
	}},
	{"json-self", Warning, "The feed has feed_url.", jsonAt("Top-level"), func(d *doc) {
		if d.json.say("feed_url") == "" {
			d.fail(d.json.line, "no feed_url, which should be considered required on the web")
		}
	}},
	{"json-type", Error, "Members have the type that the standard names.", jsonAt("Structure"), func(d *doc) {
		d.objects(func(v *value, where string, known map[string]byte) {
			if v.kind != 'o' {
				d.fail(v.line, "%s is %s, want an object", where, kinds[v.kind])
				return
			}
			for _, m := range v.members {
				if k := known[m.name]; k != 0 && m.val.kind != k {
					d.fail(m.line, "%s of %s is %s, want %s", m.name, where, kinds[m.val.kind], kinds[k])
				}
			}
		})
	}},
	{"json-unknown", Error, "What the standard does not name begins with an underscore.", jsonAt("Extensions"), func(d *doc) {
		d.objects(func(v *value, where string, known map[string]byte) {
			for _, m := range v.members {
				if known[m.name] == 0 && !strings.HasPrefix(m.name, "_") {
					d.fail(m.line, "%s has the member %.60q, which the standard does not know", where, m.name)
				}
			}
		})
	}},
	{"json-extension", Error, "An extension is an object, named by an underscore and a letter, without a dot; names in it begin with no underscore.", jsonAt("Extensions"), func(d *doc) {
		d.objects(func(v *value, where string, _ map[string]byte) {
			for _, m := range v.members {
				if !strings.HasPrefix(m.name, "_") {
					continue
				}
				letter := len(m.name) > 1 && (m.name[1]|0x20 >= 'a' && m.name[1]|0x20 <= 'z')
				if m.val.kind != 'o' || !letter || strings.Contains(m.name, ".") {
					d.fail(m.line, "the extension %.60q of %s is no object, or its name is none of an extension", m.name, where)
				}
				for _, inner := range m.val.members {
					if strings.HasPrefix(inner.name, "_") {
						d.fail(inner.line, "%.60q in the extension %.60q begins with an underscore", inner.name, m.name)
					}
				}
			}
		})
	}},
	{"json-address", Error, "Addresses are absolute URIs.", jsonAt("Top-level, Items"), func(d *doc) {
		d.objects(func(v *value, where string, known map[string]byte) {
			for _, m := range v.members {
				_, ours := known[m.name]
				switch {
				case !ours || m.val.kind != 's':
				case m.name == "url", m.name == "icon", m.name == "favicon", m.name == "image", m.name == "banner_image", m.name == "avatar",
					strings.HasSuffix(m.name, "_url"):
					if absolute(m.val.str) && m.name == "url" && !strings.HasPrefix(m.val.str, "http") && uriChars.MatchString(m.val.str) {
						continue // mailto: of an author
					}
					d.uri(m.line, m.name, m.val.str)
				}
			}
		})
	}},
	{"json-id", Error, "Every item has an id that is not blank.", jsonAt("Items"), perJSON(func(d *doc, it *value) {
		if x := it.get("id"); it.kind == 'o' && (x == nil || x.kind == 's' && strings.TrimSpace(x.str) == "") {
			d.fail(it.at("id"), "an item without id: readers must leave it out")
		}
	})},
	{"json-id-unique", Error, "No two items have the same id.", jsonAt("Items"), func(d *doc) {
		seen := map[string]int{}
		for _, it := range d.json.list("items") {
			id := it.say("id")
			if line := seen[id]; line > 0 && id != "" {
				d.fail(it.at("id"), "%s has the id of the item in line %d", it.label(), line)
			} else {
				seen[id] = it.at("id")
			}
		}
	}},
	{"json-url", Info, "Every item has a url.", jsonAt("Items"), perJSON(func(d *doc, it *value) {
		if it.get("url") == nil && it.kind == 'o' {
			d.fail(it.line, "%s has no url", it.label())
		}
	})},
	{"json-content", Error, "Every item has content_html or content_text.", jsonAt("Items"), perJSON(func(d *doc, it *value) {
		if it.kind == 'o' && it.get("content_html") == nil && it.get("content_text") == nil {
			d.fail(it.line, "%s has neither content_html nor content_text", it.label())
		}
	})},
	{"json-content-empty", Warning, "The content of an item is not empty.", jsonAt("Items"), perJSON(func(d *doc, it *value) {
		h, t := it.get("content_html"), it.get("content_text")
		if (h != nil || t != nil) && it.say("content_html") == "" && it.say("content_text") == "" && (h == nil || h.kind == 's') && (t == nil || t.kind == 's') {
			d.fail(it.line, "%s has empty content", it.label())
		}
	})},
	{"json-date-order", Warning, "An item is not modified before it is published.", jsonAt("Items"), perJSON(func(d *doc, it *value) {
		p, ok := rfc3339(it.say("date_published"))
		m, ok2 := rfc3339(it.say("date_modified"))
		if ok && ok2 && m.Before(p) {
			d.fail(it.at("date_modified"), "%s was modified before it was published", it.label())
		}
	})},
	{"json-author", Error, "An author has name, url or avatar.", jsonAt("Top-level, authors"), func(d *doc) {
		d.objects(func(v *value, where string, known map[string]byte) {
			if _, ours := known["avatar"]; ours && v.kind == 'o' && v.say("name")+v.say("url")+v.say("avatar") == "" {
				d.fail(v.line, "%s has neither name nor url nor avatar", where)
			}
		})
	}},
	{"json-author-old", Warning, "authors is there where author is, which is deprecated.", jsonAt("Top-level, author"), func(d *doc) {
		d.objects(func(v *value, where string, known map[string]byte) {
			if a := v.get("author"); a != nil && known["author"] != 0 && v.get("authors") == nil {
				d.fail(a.line, "%s has author, which is deprecated, and no authors", where)
			}
		})
	}},
	{"json-tags", Error, "Tags are strings.", jsonAt("Items, tags"), perJSON(func(d *doc, it *value) {
		for _, t := range it.list("tags") {
			if t.kind != 's' {
				d.fail(t.line, "a tag of %s is %s", it.label(), kinds[t.kind])
			}
		}
	})},
	{"json-tag-blank", Warning, "Tags are not blank.", jsonAt("Items, tags"), perJSON(func(d *doc, it *value) {
		for _, t := range it.list("tags") {
			if t.kind == 's' && strings.TrimSpace(t.str) == "" {
				d.fail(t.line, "%s has a blank tag", it.label())
			}
		}
	})},
	{"json-language", Error, "language is a tag of RFC 5646.", jsonAt("Top-level, language"), func(d *doc) {
		for _, v := range append([]*value{d.json}, d.json.list("items")...) {
			if l := v.get("language"); l != nil && l.kind == 's' {
				d.language(l.line, l.str)
			}
		}
	}},
	{"json-attachment", Error, "An attachment has url and mime_type, and no negative size or duration.", jsonAt("Attachments"), perJSON(func(d *doc, it *value) {
		for _, a := range it.list("attachments") {
			if a.kind != 'o' {
				continue
			}
			if a.get("url") == nil {
				d.fail(a.line, "an attachment of %s has no url", it.label())
			}
			if !mediaType.MatchString(a.say("mime_type")) {
				d.fail(a.at("mime_type"), "an attachment of %s has the mime_type %.60q", it.label(), a.say("mime_type"))
			}
			for _, name := range []string{"size_in_bytes", "duration_in_seconds"} {
				if x := a.get(name); x != nil && x.num < 0 {
					d.fail(x.line, "%s is negative", name)
				}
			}
		}
	})},
	{"json-next", Error, "next_url is not feed_url.", jsonAt("Top-level, next_url"), func(d *doc) {
		if n := d.json.say("next_url"); n != "" && n == d.json.say("feed_url") {
			d.fail(d.json.at("next_url"), "next_url is feed_url: readers would go round in a circle")
		}
	}},
	{"json-hub", Error, "A hub has type and url.", jsonAt("Hubs"), func(d *doc) {
		for _, h := range d.json.list("hubs") {
			if h.kind == 'o' && (h.say("type") == "" || h.say("url") == "") {
				d.fail(h.line, "a hub without type or url")
			}
		}
	}},
	{"json-icon", Info, "The feed has icon and favicon, which saves readers a search.", jsonAt("Top-level, icon"), func(d *doc) {
		for _, name := range []string{"icon", "favicon"} {
			if d.json.get(name) == nil {
				d.fail(d.json.line, "no %s", name)
			}
		}
	}},
}
