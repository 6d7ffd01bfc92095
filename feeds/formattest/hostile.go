package formattest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/encoding/charmap"

	"feedmill/feeds"
)

// clean says, one character at a time, what must become of a text: the reference that formats are compared with.
func clean(s string) string {
	var b strings.Builder
	s = strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n")
	for _, r := range s {
		switch {
		case r == '\n', r == '\t', r >= 0x20 && r < 0x7F:
		case r < 0x80, r == 0xFFFD, r >= 0xFDD0 && r <= 0xFDEF, r&0xFFFE == 0xFFFE:
			continue
		case r < 0xA0:
			if r = charmap.Windows1252.DecodeByte(byte(r)); r == 0xFFFD || r < 0xA0 {
				continue
			}
		}
		b.WriteRune(r)
	}
	return b.String()
}

// line is clean for a text of one line.
func line(s string) string {
	s = strings.ReplaceAll(clean(s), "\t", "\n")
	for strings.Contains(s, "\n\n") {
		s = strings.ReplaceAll(s, "\n\n", "\n")
	}
	return strings.TrimSpace(strings.ReplaceAll(strings.Trim(s, "\n"), "\n", " "))
}

// Hostile are texts that have broken feeds.
var Hostile = map[string]string{
	"control characters":     "a\x00\x01\x08\x0b\x0c\x0e\x1bb\x7f",
	"every byte":             everyByte(),
	"C1 from windows-1252":   "a\u0092b \u0093c\u0094 \u0085 \u0081",
	"end of CDATA":           "a ]]> b ]]]]><![CDATA[> ]] > c]]",
	"only end of CDATA":      "]]>",
	"CDATA":                  "<![CDATA[ x ]]>",
	"invalid UTF-8":          "a\xff\xfe\xc3(\xe2\x82b",
	"overlong":               "a\xc0\xaf\xe0\x80\x80b",
	"lone surrogates":        "a\xed\xa0\x80\xed\xb0\x80b",
	"past Unicode":           "a\xf4\x90\x80\x80\xf8b",
	"cut in a character":     "中文\xe4\xb8",
	"noncharacters":          "a\ufffe\uffff\ufdd0\ufdef\U0001fffe\U0010ffffb",
	"replacement character":  "a\ufffdb",
	"byte order mark":        "\ufeffa\ufeffb",
	"right to left override": "abc\u202edcba\u2066x\u200f",
	"emoji":                  "a👩‍👩‍👧‍👦🏳️‍🌈💹b",
	"four bytes":             "𠮷野家𝔘𝔫𝔦",
	"combining":              "e\u0301" + strings.Repeat("\u0300", 300),
	"script":                 `<script>alert("1")</script><img src=x onerror=alert(1)>`,
	"entities":               "&amp; &lt; &#x3C; &nbsp; &bogus; &#8; &#xFFFE; AT&T &",
	"quotes":                 `"a" 'b' <c d="e">`,
	"XML":                    `<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>&e;</item></entry><!-- -- -->`,
	"JSON":                   `\u0000 \ud800 {"a":1}, ]}` + "\u2028\u2029",
	"line ends":              "a\r\nb\rc\n\n\td\u0085e\u2028f",
	"blanks":                 " \t\n\u00a0\u3000\r ",
	"no width":               "\u200b",
	"blank once cleaned":     "\x00 \x01 \ufffe",
	"comma and brackets":     "Doe, Jane (CEO) <jane@example.org>",
	"mail":                   "jane@example.org",
	"very long":              strings.Repeat("长标题 & long ", 400),
	"address":                "javascript:alert(1)",
	"template":               "{{ .Title }} %s %d ${x} $(y)",
	"word and colon":         "Report: growth at 5%",
}

func everyByte() string {
	b := make([]byte, 256)
	for i := range b {
		b[i] = byte(i)
	}
	return string(b)
}

// hostileFeed has a text in every field: alone, and amid others.
func hostileFeed(s string) *feeds.Feed {
	f := frame("tag", "x")
	f.Title, f.Description, f.Rights, f.Image = s, s, s, s
	f.Author = feeds.Person{Name: s, Email: s, URL: s}
	f.Generator = feeds.Generator{Name: s, Version: s, URL: s}
	f.Language = s
	f.Hubs = append(f.Hubs, s, "https://example.org/"+s)
	for i, s := range []string{s, "a" + s + "b", s + s} {
		at := morning.Add(-time.Duration(i) * time.Hour)
		url := fmt.Sprintf("https://example.org/%d/%s", i, s)
		f.Items = append(f.Items, feeds.Item{
			ID: s, Source: s, URL: s, Title: s, Summary: s, Content: s,
			Authors: []feeds.Person{{Name: s, Email: s, URL: s}}, Categories: []string{s, s + "2"}, Tags: []string{s},
			Language: s, Image: s, Enclosures: []feeds.Enclosure{{
				URL: s, Type: s, Title: s, Length: -1, Duration: -1, Medium: s, Width: -1, Height: -1, Language: s, Thumbnail: s, Description: s,
			}}, Episode: hostileEpisode(s, s),
			Published: at, Updated: at, Arrived: at, Origin: &feeds.Origin{ID: s, Title: s, URL: s, Home: s},
		}, feeds.Item{
			ID: url, Source: "s", URL: url, Original: url, Title: s, Summary: s, Content: "<p>" + s + "</p>",
			Authors: []feeds.Person{{Name: s}, {Name: "b", Email: "b@example.org"}}, Image: url,
			Enclosures: []feeds.Enclosure{{URL: url, Type: s, Title: s, Medium: s, Language: s, Thumbnail: url, Description: s}}, Episode: hostileEpisode(s, url),
			Published: at.Add(time.Minute), Updated: at.Add(time.Minute), Arrived: at, Origin: &feeds.Origin{URL: url},
		})
	}
	return f
}

// hostileEpisode has a text in every field, but an address where one belongs.
func hostileEpisode(s, url string) *feeds.Episode {
	file := feeds.Enclosure{URL: url, Type: s, Title: s, Language: s}
	return &feeds.Episode{
		Season: 1, SeasonName: s, Number: s, Name: s, Type: s, Explicit: s, Transcripts: []feeds.Enclosure{file, file}, Chapters: file,
		Cast: []feeds.Role{{Person: feeds.Person{Name: s, Email: s, URL: url}, Role: s, Group: s, Image: url}, {Person: feeds.Person{URL: url}}},
	}
}

// unsafe are the rules about HTML, which is made safe before it comes to a format, and about size, which is bounded there.
var unsafe = []string{"html-element", "html-handler", "html-style", "html-script", "html-relative", "size-burden"}

func hostile(t *testing.T, format feeds.Format) {
	for name, s := range Hostile {
		t.Run(name, func(t *testing.T) {
			f := hostileFeed(s)
			verify(t, format, f, unsafe...)
			f.ID, f.Self, f.Home, f.Topic = s, s, s, feeds.Topic{}
			verify(t, format, f, append(unsafe, noAddress...)...)
			f.Self, f.Home, f.Topic = "https://example.org/"+s, "https://example.org/"+s, feeds.NewTopic("tag", s)
			if len(s) < 1000 {
				verify(t, format, f, unsafe...)
			}
		})
	}
}
