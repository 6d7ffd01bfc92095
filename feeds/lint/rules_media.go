package lint

import (
	"regexp"
	"slices"
	"strings"
)

var (
	durationForm = regexp.MustCompile(`^(\d+|\d{1,3}:\d\d|\d{1,3}:\d\d:\d\d)$`)
	decimalForm  = regexp.MustCompile(`^[0-9]+(\.[0-9]+)?$`)
	mediums      = []string{"image", "audio", "video", "document", "executable"}
)

// podcast reports whether the channel has elements of iTunes.
func (d *doc) podcast() bool {
	return slices.ContainsFunc(d.channel().children, func(n *node) bool { return n.name.Space == nsITunes })
}

// everywhere calls f for all elements of a namespace.
func (d *doc) everywhere(space string, f func(n *node)) {
	d.root.walk(func(n *node) {
		if n.name.Space == space {
			f(n)
		}
	})
}

var mediaRules = []Rule{
	{"media-namespace", Error, "The namespace of Media RSS is " + nsMedia + ", with the slash at its end.", mrss, func(d *doc) {
		for _, a := range d.root.attrs {
			if a.Name.Space == "xmlns" && strings.HasPrefix(a.Value, "http") && a.Value != nsMedia && strings.Contains(a.Value, "search.yahoo.com/mrss") {
				d.fail(d.root.line, "the namespace %.80q is not that of Media RSS, %s", a.Value, nsMedia)
			}
		}
	}},
	{"media-address", Error, "Files and pictures of Media RSS have absolute addresses.", mrss, func(d *doc) {
		d.everywhere(nsMedia, func(n *node) {
			u, ok := n.attr("url")
			if n.name.Local == "thumbnail" || n.name.Local == "content" && (ok || n.first(nsMedia, "player") == nil) {
				d.uri(n.line, "media:"+n.name.Local+" url", u)
			}
		})
	}},
	{"media-content", Error, "media:content has a media type, a known medium, a language of RFC 5646, and numbers above 0.", mrss, func(d *doc) {
		d.everywhere(nsMedia, func(n *node) {
			if t, ok := n.attr("type"); ok && n.name.Local == "content" && !mediaType.MatchString(t) {
				d.fail(n.line, "media:content has the type %.60q", t)
			}
			if m, ok := n.attr("medium"); ok && n.name.Local == "content" && !slices.Contains(mediums, m) {
				d.fail(n.line, "media:content has the medium %.40q", m)
			}
			if l, ok := n.attr("lang"); ok && n.name.Local == "content" {
				d.language(n.line, l)
			}
			for _, name := range []string{"fileSize", "width", "height", "duration"} {
				if s, ok := n.attr(name); ok && number(s) <= 0 {
					d.fail(n.line, "media:%.40s has the %s %.40q", n.name.Local, name, s)
				}
			}
		})
	}},
	{"media-twice", Warning, "An item has a file, and each title of it, once.", mrss, func(d *doc) {
		for _, it := range d.items() {
			seen := map[string]bool{}
			it.walk(func(n *node) {
				if !n.is(nsMedia, "content") {
					return
				}
				if u := n.has("url"); u != "" && seen[u] {
					d.fail(n.line, "%s has the file %.120q twice", it.label(), u)
				}
				seen[n.has("url")] = true
				for _, name := range []string{"title", "description"} {
					if list := n.all(nsMedia, name); len(list) > 1 {
						d.fail(list[1].line, "media:content has two media:%s", name)
					}
				}
			})
		}
	}},
	{"media-group", Warning, "A group holds alternatives of one file.", mrss, func(d *doc) {
		d.everywhere(nsMedia, func(n *node) {
			if n.name.Local == "group" && len(n.all(nsMedia, "content")) < 2 {
				d.fail(n.line, "media:group without alternatives")
			}
		})
	}},
	{"itunes-once", Error, "Elements of iTunes stand once in a channel or item.", apple, func(d *doc) {
		for _, n := range append(d.items(), d.channel()) {
			seen := map[string]bool{}
			for _, x := range n.children {
				if x.name.Space != nsITunes || x.name.Local == "category" {
					continue
				}
				if seen[x.name.Local] {
					d.fail(x.line, "a second itunes:%.40s", x.name.Local)
				}
				seen[x.name.Local] = true
			}
		}
	}},
	{"itunes-word", Error, "itunes:episodeType is full, trailer or bonus; itunes:type episodic or serial.", apple, func(d *doc) {
		words := map[string][]string{"episodeType": {"full", "trailer", "bonus"}, "type": {"episodic", "serial"}}
		d.everywhere(nsITunes, func(n *node) {
			if w := words[n.name.Local]; w != nil && !slices.Contains(w, strings.TrimSpace(n.text)) {
				d.fail(n.line, "itunes:%s is %.40q", n.name.Local, n.text)
			}
		})
	}},
	{"itunes-number", Error, "itunes:season and itunes:episode are whole numbers above 0.", apple, func(d *doc) {
		d.everywhere(nsITunes, func(n *node) {
			if (n.name.Local == "season" || n.name.Local == "episode") && number(strings.TrimSpace(n.text)) <= 0 {
				d.fail(n.line, "itunes:%s is %.40q", n.name.Local, n.text)
			}
		})
	}},
	{"itunes-author", Warning, "itunes:author is not blank.", apple, func(d *doc) {
		d.everywhere(nsITunes, func(n *node) {
			if n.name.Local == "author" && strings.TrimSpace(n.text) == "" {
				d.fail(n.line, "a blank itunes:author")
			}
		})
	}},
	{"podcast-once", Warning, "podcast:season, podcast:episode and podcast:chapters stand once in an item.", podcast20, func(d *doc) {
		for _, it := range d.items() {
			for _, name := range []string{"season", "episode", "chapters"} {
				if list := it.all(nsPodcast, name); len(list) > 1 {
					d.fail(list[1].line, "a second podcast:%s", name)
				}
			}
		}
	}},
	{"podcast-number", Warning, "podcast:season is a whole number above 0, podcast:episode a decimal number.", podcast20, func(d *doc) {
		d.everywhere(nsPodcast, func(n *node) {
			if s := strings.TrimSpace(n.text); n.name.Local == "season" && number(s) <= 0 || n.name.Local == "episode" && !decimalForm.MatchString(s) {
				d.fail(n.line, "podcast:%s is %.40q", n.name.Local, n.text)
			}
		})
	}},
	{"podcast-text", Warning, "podcast:transcript and podcast:chapters have an address, a media type, and a language of RFC 5646.", podcast20, func(d *doc) {
		d.everywhere(nsPodcast, func(n *node) {
			if n.name.Local != "transcript" && n.name.Local != "chapters" {
				return
			}
			d.uri(n.line, "podcast:"+n.name.Local+" url", n.has("url"))
			if !mediaType.MatchString(n.has("type")) {
				d.fail(n.line, "podcast:%s has the type %.60q", n.name.Local, n.has("type"))
			}
			if l, ok := n.attr("language"); ok {
				d.language(n.line, l)
			}
			if r, ok := n.attr("rel"); ok && r != "captions" {
				d.fail(n.line, "podcast:%s has the relation %.40q", n.name.Local, r)
			}
		})
	}},
	{"podcast-person", Warning, "podcast:person has a name, and addresses that are some.", podcast20, func(d *doc) {
		d.everywhere(nsPodcast, func(n *node) {
			if n.name.Local != "person" {
				return
			}
			if strings.TrimSpace(n.text) == "" {
				d.fail(n.line, "podcast:person has no name")
			}
			for _, name := range []string{"href", "img"} {
				if s, ok := n.attr(name); ok {
					d.uri(n.line, "podcast:person "+name, s)
				}
			}
		})
	}},
	{"itunes-explicit", Error, "itunes:explicit is true or false.", apple, func(d *doc) {
		d.everywhere(nsITunes, func(n *node) {
			if s := strings.ToLower(strings.TrimSpace(n.text)); n.name.Local == "explicit" && !slices.Contains([]string{"true", "false", "yes", "no", "clean"}, s) {
				d.fail(n.line, "itunes:explicit is %.40q", n.text)
			}
		})
	}},
	{"itunes-explicit-old", Warning, "itunes:explicit is written true or false, not yes, no or clean.", apple, func(d *doc) {
		d.everywhere(nsITunes, func(n *node) {
			if s := strings.ToLower(strings.TrimSpace(n.text)); n.name.Local == "explicit" && slices.Contains([]string{"yes", "no", "clean"}, s) {
				d.fail(n.line, "itunes:explicit is %q, which is deprecated", s)
			}
		})
	}},
	{"itunes-category", Error, "itunes:category has a text.", apple, func(d *doc) {
		d.everywhere(nsITunes, func(n *node) {
			if n.name.Local == "category" && strings.TrimSpace(n.has("text")) == "" {
				d.fail(n.line, "itunes:category has no attribute text")
			}
		})
	}},
	{"itunes-image", Error, "itunes:image has the address of a JPEG or PNG.", apple, func(d *doc) {
		d.everywhere(nsITunes, func(n *node) {
			if n.name.Local != "image" {
				return
			}
			href := n.has("href")
			path, _, _ := strings.Cut(strings.ToLower(href), "?")
			if wrong := wrongAddress(href); wrong != "" {
				d.fail(n.line, "itunes:image href %.120q %s", href, wrong)
			} else if strings.HasSuffix(path, ".svg") || strings.HasSuffix(path, ".gif") || strings.HasSuffix(path, ".webp") {
				d.fail(n.line, "itunes:image %.120q is no JPEG or PNG", href)
			}
		})
	}},
	{"itunes-duration", Warning, "itunes:duration is seconds or H:MM:SS.", apple, func(d *doc) {
		d.everywhere(nsITunes, func(n *node) {
			if n.name.Local == "duration" && !durationForm.MatchString(strings.TrimSpace(n.text)) {
				d.fail(n.line, "itunes:duration is %.40q", n.text)
			}
		})
	}},
	{"itunes-owner", Warning, "itunes:owner has an e-mail address.", apple, func(d *doc) {
		d.everywhere(nsITunes, func(n *node) {
			if n.name.Local == "owner" && !emailForm.MatchString(n.say(nsITunes, "email")) {
				d.fail(n.line, "itunes:owner has the e-mail address %.80q", n.say(nsITunes, "email"))
			}
		})
	}},
	{"itunes-required", Info, "A podcast has image, category, explicit, author and language.", apple, func(d *doc) {
		if !d.podcast() {
			return
		}
		var missing []string
		for _, name := range []string{"image", "category", "explicit", "author"} {
			if d.channel().first(nsITunes, name) == nil {
				missing = append(missing, "itunes:"+name)
			}
		}
		if d.report.Format == RSS && d.channel().say("", "language") == "" {
			missing = append(missing, "language")
		}
		if len(missing) > 0 {
			d.fail(d.channel().line, "Apple's directory will not take the channel without %s", short(missing))
		}
	}},
}
