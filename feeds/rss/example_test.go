package rss_test

import (
	"fmt"
	"os"
	"time"

	"feedmill/feeds"
	"feedmill/feeds/rss"
)

func Example() {
	noon := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	err := rss.Format.Encode(os.Stdout, &feeds.Feed{
		Topic: feeds.NewTopic("tag", "Gold"),
		Title: "Gold & silver",
		Home:  "https://feeds.example.org/tag/gold",
		Self:  "https://feeds.example.org/tag/gold.rss",
		Items: []feeds.Item{{
			ID:      "https://example.org/1",
			URL:     "https://example.org/1",
			Title:   "Gold rises",
			Summary: "By 1.2%.",
			Tags:    []string{"Gold"}, Published: noon, Updated: noon,
		}},
		Updated: noon,
	})
	if err != nil {
		fmt.Println(err)
	}
	// Output:
	// <?xml version="1.0" encoding="UTF-8"?>
	// <rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom">
	//   <channel>
	//     <title>Gold &#x26; silver</title>
	//     <link>https://feeds.example.org/tag/gold</link>
	//     <description>Gold &#x26; silver</description>
	//     <atom:link href="https://feeds.example.org/tag/gold.rss" rel="self" type="application/rss+xml"></atom:link>
	//     <lastBuildDate>Mon, 02 Mar 2026 12:00:00 GMT</lastBuildDate>
	//     <item>
	//       <title>Gold rises</title>
	//       <link>https://example.org/1</link>
	//       <description>By 1.2%.</description>
	//       <guid isPermaLink="true">https://example.org/1</guid>
	//       <pubDate>Mon, 02 Mar 2026 12:00:00 GMT</pubDate>
	//       <category domain="https://feeds.example.org/tag">Gold</category>
	//     </item>
	//   </channel>
	// </rss>
}
