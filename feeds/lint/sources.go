package lint

// Where rules stand.
func xmlAt(section, anchor string) Source {
	return Source{"XML 1.0 §" + section, "https://www.w3.org/TR/xml/#" + anchor}
}

func rfc(number, section string) Source {
	return Source{"RFC " + number + " §" + section, "https://www.rfc-editor.org/rfc/rfc" + number + "#section-" + section}
}

func atomAt(section string) Source { return rfc("4287", section) }

func rssAt(part string) Source {
	return Source{"RSS 2.0, " + part, "https://www.rssboard.org/rss-specification"}
}

func profileAt(part string) Source {
	return Source{"RSS profile, " + part, "https://www.rssboard.org/rss-profile"}
}

func jsonAt(part string) Source {
	return Source{"JSON Feed 1.1, " + part, "https://www.jsonfeed.org/version/1.1/"}
}

func opmlAt(part string) Source { return Source{"OPML 2.0, " + part, "http://opml.org/spec2.opml"} }

func validator(class string) Source {
	return Source{"W3C feed validator, " + class, "https://validator.w3.org/feed/docs/"}
}

var (
	webSub    = Source{"WebSub §4", "https://www.w3.org/TR/websub/#discovery"}
	apple     = Source{"Apple Podcasts, RSS feed requirements", "https://podcasters.apple.com/support/823-podcast-requirements"}
	mrss      = Source{"Media RSS 1.5.1", "https://www.rssboard.org/media-rss"}
	slack     = Source{"Slack, Add RSS feeds", "https://slack.com/help/articles/218688467-Add-RSS-feeds-to-Slack"}
	html5     = Source{"HTML, removal of XSLT from browsers", "https://developer.chrome.com/docs/web-platform/deprecating-xslt"}
	burden    = jsonAt("Suggestions for Publishers")
	general   = Source{"feedmill's own rule", ""}
	podcast20 = Source{"Podcast namespace 1.0", "https://podcasting2.org/docs/podcast-namespace/1.0"}
)
