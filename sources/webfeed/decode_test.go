package webfeed

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/net/html/charset"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/encoding/unicode/utf32"
)

// Sentences of our own in the languages that the encodings are for.
var sentences = map[string]string{
	"zh-Hans": "港口今天早上恢复了渡轮服务，第一班船在七点离开。船员说，风已经小了很多，乘客可以放心上船。这是本周的第三次停航，也是今年最长的一次。",
	"zh-Hant": "港口今天早上恢復了渡輪服務，第一班船在七點離開。船員說，風已經小了很多，乘客可以放心上船。這是本週的第三次停航，也是今年最長的一次。",
	"ja":      "港のフェリーは今朝から運航を再開し、最初の船は七時に出ました。船員によると、風はかなり弱まったそうです。",
	"ko":      "항구의 여객선은 오늘 아침에 다시 운항을 시작했고 첫 배는 일곱 시에 떠났습니다. 선원은 바람이 많이 약해졌다고 말했습니다.",
	"fr":      "Le ferry a repris son service dès l'aube, après une nuit agitée à Brême où le café coûtait déjà cher.",
	"de":      "Die Fähre fährt wieder; über Nacht war es stürmisch, und die Gäste mußten in Köln übernachten.",
	"ru":      "Паром снова ходит: ночью был шторм, и пассажиры ждали на берегу до самого утра.",
}

func encode(t testing.TB, label, text string) []byte {
	t.Helper()
	var e encoding.Encoding
	switch label {
	case "utf-8":
		return []byte(text)
	case "utf-16le":
		e = unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM)
	case "utf-16be":
		e = unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM)
	case "utf-32le":
		e = utf32.UTF32(utf32.LittleEndian, utf32.IgnoreBOM)
	case "utf-32be":
		e = utf32.UTF32(utf32.BigEndian, utf32.IgnoreBOM)
	default:
		if e, _ = charset.Lookup(label); e == nil {
			t.Fatalf("no encoding %q", label)
		}
	}
	b, err := e.NewEncoder().Bytes([]byte(text))
	if err != nil {
		t.Fatalf("%s: %v", label, err)
	}
	return b
}

var boms = map[string]string{"utf-8": "\xef\xbb\xbf", "utf-16le": "\xff\xfe", "utf-16be": "\xfe\xff", "utf-32le": "\xff\xfe\x00\x00", "utf-32be": "\x00\x00\xfe\xff"}

func TestC25Encodings(t *testing.T) {
	const (
		declared = 1 << iota // in the XML declaration
		header               // in the Content-Type
		none                 // nowhere
		bom                  // by a byte-order mark
		all      = declared | header | none
	)
	for _, c := range []struct {
		label, language string
		ways            int
	}{
		{"utf-8", "zh-Hans", all | bom},
		{"utf-8", "fr", all | bom},
		{"gbk", "zh-Hans", all},
		{"gb2312", "zh-Hans", all},
		{"gb18030", "zh-Hans", all},
		{"big5", "zh-Hant", all},
		{"shift_jis", "ja", all},
		{"euc-jp", "ja", all},
		{"iso-2022-jp", "ja", declared | header},
		{"euc-kr", "ko", all},
		{"iso-8859-1", "fr", all},
		{"windows-1252", "de", all},
		{"iso-8859-15", "de", all},
		{"windows-1251", "ru", declared | header},
		{"koi8-r", "ru", declared | header},
		{"utf-16le", "zh-Hans", none | bom},
		{"utf-16be", "fr", none | bom},
		{"utf-32le", "zh-Hans", none | bom},
		{"utf-32be", "ru", none | bom},
	} {
		text := sentences[c.language]
		for way := declared; way <= bom; way <<= 1 {
			if c.ways&way == 0 {
				continue
			}
			name := map[int]string{declared: "declared", header: "header", none: "none", bom: "bom"}[way]
			t.Run(c.label+"/"+c.language+"/"+name, func(t *testing.T) {
				decl, contentType := `<?xml version="1.0"?>`, "application/rss+xml"
				switch way {
				case declared:
					decl = `<?xml version='1.0' encoding='` + strings.ToUpper(c.label) + `' ?>`
				case header:
					contentType = `application/xml; charset="` + c.label + `"`
				case bom:
					decl = `<?xml version="1.0" encoding="ISO-8859-1"?>` // the mark counts (RFC 7303 §3)
				}
				body := encode(t, c.label, decl+"<rss version=\"2.0\"><channel><title>"+text+"</title></channel></rss>")
				if way == bom {
					body = append([]byte(boms[c.label]), body...)
				}
				doc, err := ParseDocument(t.Context(), body, Hint{ContentType: contentType})
				if err != nil {
					t.Fatal(err)
				}
				if doc.About.Title != text {
					t.Errorf("read as %s:\n got %s\nwant %s", doc.Encoding, doc.About.Title, text)
				}
			})
		}
	}
}

func TestC25WrongLabels(t *testing.T) {
	zh, fr := sentences["zh-Hans"], sentences["fr"]
	wrap := func(encoding, text string) string {
		return `<?xml version="1.0" encoding="` + encoding + `"?><rss version="2.0"><channel><title>` + text + `</title></channel></rss>`
	}
	for name, c := range map[string]struct {
		body        []byte
		contentType string
		want        string
	}{
		"UTF-8 declared as GBK":               {[]byte(wrap("GBK", zh)), "", zh},
		"UTF-8 declared as ISO-8859-1":        {[]byte(wrap("ISO-8859-1", fr)), "", fr},
		"UTF-8 sent as ISO-8859-1":            {[]byte(wrap("utf-8", fr)), "text/xml; charset=ISO-8859-1", fr},
		"UTF-8 declared as UTF-16":            {[]byte(wrap("utf-16", zh)), "", zh},
		"GBK declared as UTF-8":               {encode(t, "gbk", wrap("UTF-8", zh)), "", zh},
		"GBK sent as UTF-8, declared rightly": {encode(t, "gbk", wrap("GBK", zh)), "text/xml; charset=utf-8", zh},
		"two characters in GBK":               {encode(t, "gbk", wrap("GBK", "联通")), "", "联通"},
		"an unknown name":                     {[]byte(wrap("klingon", zh)), "", zh},
		"HTTP before XML":                     {encode(t, "windows-1251", wrap("ISO-8859-1", sentences["ru"])), "text/xml; charset=windows-1251", sentences["ru"]},
		"Content-Type with junk":              {encode(t, "gbk", wrap("", zh)), "text/xml;;charset=GBK; foo", zh},
		"UTF-8 with a broken byte":            {[]byte(wrap("utf-8", zh[:60]+"\xff"+zh[60:])), "", zh[:60] + "\ufffd" + zh[60:]},
	} {
		t.Run(name, func(t *testing.T) {
			doc, err := ParseDocument(t.Context(), c.body, Hint{ContentType: c.contentType})
			if err != nil {
				t.Fatal(err)
			}
			if doc.About.Title != c.want {
				t.Errorf("read as %s:\n got %s\nwant %s", doc.Encoding, doc.About.Title, c.want)
			}
		})
	}
}

func TestP19ForbiddenCharacters(t *testing.T) {
	for in, want := range map[string]string{
		"a\x00\x08b\x1c":                       "ab",
		"a\vb\fc":                              "a b c",
		"a\tb\r\nc":                            "a\tb\r\nc",
		"&#8;&#x1f;&#xFFFE;&#55296;&#x110000;": "",
		"&#65;&#x41;&#9;&amp;&#;&#x;&#zz;":     "&#65;&#x41;&#9;&amp;&#;&#x;&#zz;",
		"&#99999999999999999999;x":             "&#99999999999999999999;x", // longer than any reference; the parser takes it as text
		"\ufffe\uffffa\ufeff":                  "a\ufeff",
		"broken \xff\xfe end":                  "broken \ufffd\ufffd end",
	} {
		if got := string(clean([]byte(in))); got != want {
			t.Errorf("clean(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestC26EntitiesAreNotExpanded(t *testing.T) {
	var b strings.Builder
	b.WriteString(`<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY a0 "ha">`)
	for i := 1; i < 30; i++ {
		fmt.Fprintf(&b, `<!ENTITY a%d "&a%d;&a%[2]d;&a%[2]d;&a%[2]d;">`, i, i-1)
	}
	b.WriteString(`<!ENTITY f SYSTEM "file:///etc/passwd">]><rss version="2.0"><channel><title>&a29;&f;</title></channel></rss>`)
	doc, err := ParseDocument(t.Context(), []byte(b.String()), Hint{})
	if err != nil {
		t.Fatal(err)
	}
	if doc.About.Title != "&a29;&f;" {
		t.Errorf("title %.100q", doc.About.Title)
	}
}

func TestC18Depth(t *testing.T) {
	deep := `<rss version="2.0"><channel><title>x</title><item>` + strings.Repeat("<a>", 400_000)
	if _, err := ParseDocument(t.Context(), []byte(deep), Hint{}); err == nil || !strings.Contains(err.Error(), "inside each other") {
		t.Errorf("%v", err)
	}
	json := `{"version":"https://jsonfeed.org/version/1","x":` + strings.Repeat("[", 400_000)
	if _, err := ParseDocument(t.Context(), []byte(json), Hint{}); err == nil || !strings.Contains(err.Error(), "inside each other") {
		t.Errorf("%v", err)
	}
}

func TestC18TooManyItems(t *testing.T) {
	const n = maxItems + 500
	var x, j strings.Builder
	x.WriteString(`<rss version="2.0"><channel><title>x</title>`)
	j.WriteString(`{"version":"https://jsonfeed.org/version/1","items":[`)
	for i := range n {
		fmt.Fprintf(&x, `<item><guid>%d</guid></item>`, i)
		if i > 0 {
			j.WriteByte(',')
		}
		fmt.Fprintf(&j, `{"id":"%d"}`, i)
	}
	x.WriteString(`</channel></rss>`)
	j.WriteString(`]}`)
	for _, body := range []string{x.String(), j.String()} {
		doc, err := ParseDocument(t.Context(), []byte(body), Hint{URL: "https://h.example/"})
		if err != nil {
			t.Fatal(err)
		}
		if len(doc.Changes) != maxItems || doc.Changes[maxItems-1].Key != fmt.Sprint(maxItems-1) {
			t.Errorf("%d entries, want the first %d", len(doc.Changes), maxItems)
		}
		if len(doc.Rejected) != 1 || !strings.Contains(doc.Rejected[0].Reason, "500") {
			t.Errorf("silent about the rest: %+v", doc.Rejected)
		}
	}
}

func TestNoKeyOfTheAddressIsPublished(t *testing.T) {
	body := `<rss version="2.0"><channel><title>T</title><item><title>a</title><link>#a</link><enclosure url="a.ogg"/><description>&lt;a href="#n"&gt;n&lt;/a&gt;</description></item></channel></rss>`
	doc, err := ParseDocument(t.Context(), []byte(body), Hint{URL: "https://me:s3cret@h.example/dir/feed?key=s3cret"})
	if err != nil {
		t.Fatal(err)
	}
	if b := shortJSON(t, doc.Changes); strings.Contains(string(b), "s3cret") {
		t.Errorf("%s", b)
	}
	if got := doc.Changes[0].Item.Enclosures[0].URL; got != "https://h.example/dir/a.ogg" {
		t.Errorf("enclosure %s", got)
	}
}

func seeds(f *testing.F) {
	files, err := filepath.Glob("testdata/*")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range files {
		if b, err := os.ReadFile(name); err == nil && !strings.HasSuffix(name, ".want.json") {
			f.Add(b, "")
		}
	}
	for label, lang := range map[string]string{"gbk": "zh-Hans", "big5": "zh-Hant", "shift_jis": "ja", "utf-16le": "fr"} {
		f.Add(encode(f, label, "<rss><channel><title>"+sentences[lang]+"</title></channel></rss>"), "text/xml; charset="+label)
	}
}

func FuzzDecode(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, body []byte, contentType string) {
		text, _, err := decode(body, contentType)
		if err != nil {
			return
		}
		if !utf8.Valid(text) || len(text) == 0 || dirty(text) {
			t.Errorf("not clean: %q", text)
		}
		if again := clean(text); !bytes.Equal(again, text) {
			t.Errorf("clean twice differs: %q, %q", text, again)
		}
	})
}

func FuzzParse(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, body []byte, contentType string) {
		doc, err := ParseDocument(t.Context(), body, Hint{ContentType: contentType, URL: "https://h.example/feed"})
		if err != nil {
			if strings.Contains(err.Error(), "parser failed") {
				t.Error(err)
			}
			return
		}
		seen := map[string]bool{}
		for _, c := range doc.Changes {
			if c.Key == "" || len(c.Key) > 1024 || seen[c.Key] {
				t.Errorf("key %q", c.Key)
			}
			seen[c.Key] = true
			if c.Item.URL != "" && !isURL(c.Item.URL) {
				t.Errorf("link %q", c.Item.URL)
			}
		}
		again, err := ParseDocument(t.Context(), body, Hint{ContentType: contentType, URL: "https://h.example/feed"})
		if err != nil || len(again.Changes) != len(doc.Changes) {
			t.Fatalf("another time: %v", err)
		}
		for i := range again.Changes {
			if again.Changes[i].Raw != doc.Changes[i].Raw || again.Changes[i].Key != doc.Changes[i].Key {
				t.Error("not the same twice")
			}
		}
	})
}
