package webfeed

import (
	"bytes"
	"fmt"
	"html"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/encoding/unicode/utf32"

	"feedmill/sources/internal/charset"
)

// Sentences of our own in the languages that the encodings are for.
var sentences = map[string]string{
	"zh-Hans": "港口今天早上恢复了渡轮服务，第一班船在七点离开。船员说，风已经小了很多，乘客可以放心上船。这是本周的第三次停航，也是今年最长的一次。",
	"zh-Hant": "港口今天早上恢復了渡輪服務，第一班船在七點離開。船員說，風已經小了很多，乘客可以放心上船。這是本週的第三次停航，也是今年最長的一次。",
	"ja":      "港のフェリーは今朝から運航を再開し、最初の船は七時に出ました。船員によると、風はかなり弱まったそうです。",
	"ko":      "항구의 여객선은 오늘 아침에 다시 운항을 시작했고 첫 배는 일곱 시에 떠났습니다. 선원은 바람이 많이 약해졌다고 말했습니다.",
	"fr":      "Le ferry a repris son service dès l'aube, après une nuit agitée à Brême où le café coûtait déjà cher.",
	"de":      "Die Fähre fährt wieder; über Nacht war es stürmisch, und die Gäste mußten in Köln übernachten.",
	"pl":      "Prom znów pływa; w nocy był sztorm, a załoga czekała na brzegu aż do świtu, pijąc gorącą herbatę.",
	"el":      "Το πλοίο ταξιδεύει ξανά· τη νύχτα είχε καταιγίδα και οι επιβάτες περίμεναν στην ακτή ως το πρωί.",
	"tr":      "Vapur yeniden çalışıyor; gece fırtına vardı ve yolcular sabaha kadar kıyıda bekledi, güneş doğdu.",
	"he":      "המעבורת שבה לפעול; בלילה הייתה סערה והנוסעים חיכו על החוף עד הבוקר.",
	"ar":      "عادت العبارة إلى العمل؛ كانت هناك عاصفة في الليل وانتظر الركاب على الشاطئ حتى الصباح.",
	"th":      "เรือข้ามฟากกลับมาให้บริการอีกครั้ง เมื่อคืนมีพายุและผู้โดยสารรอที่ชายฝั่งจนถึงเช้า",
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

// transcodings is the matrix of encodings, ways to declare them, and kinds of documents.
var transcodings = []struct {
	label, language string
	ways            int
}{
	{"utf-8", "zh-Hans", everywhere | byMark},
	{"utf-8", "fr", everywhere | byMark},
	{"gbk", "zh-Hans", everywhere},
	{"gb2312", "zh-Hans", everywhere},
	{"gb18030", "zh-Hans", everywhere},
	{"hz-gb-2312", "zh-Hans", declared | header | both},
	{"big5", "zh-Hant", everywhere},
	{"shift_jis", "ja", everywhere},
	{"euc-jp", "ja", everywhere},
	{"iso-2022-jp", "ja", everywhere},
	{"euc-kr", "ko", everywhere},
	{"iso-8859-1", "fr", everywhere},
	{"windows-1252", "de", everywhere},
	{"iso-8859-15", "de", everywhere},
	{"windows-1250", "pl", everywhere},
	{"iso-8859-2", "pl", everywhere},
	{"windows-1251", "ru", everywhere},
	{"koi8-r", "ru", everywhere},
	{"iso-8859-5", "ru", everywhere},
	{"ibm866", "ru", everywhere},
	{"windows-1253", "el", everywhere},
	{"windows-1254", "tr", everywhere},
	{"windows-1255", "he", everywhere},
	{"windows-1256", "ar", everywhere},
	{"windows-874", "th", everywhere},
	{"macintosh", "fr", declared | header | both},
	{"cp850", "fr", declared | header | both},
	{"utf-16le", "zh-Hans", everywhere | byMark},
	{"utf-16be", "fr", everywhere | byMark},
	{"utf-32le", "zh-Hans", everywhere | byMark},
	{"utf-32be", "ru", everywhere | byMark},
}

const (
	declared   = 1 << iota // in the XML declaration
	header                 // in the Content-Type
	both                   // in both
	nowhere                // nowhere
	byMark                 // by a byte-order mark, with a wrong declaration
	everywhere = declared | header | both | nowhere
)

// kinds are documents that hold a sentence wherever text can stand; LANG is its language.
var kinds = map[string]string{
	"RSS 2.0":       `<rss version="2.0"><channel><title>TEXT</title><language>LANG</language><item><guid>1</guid><title>TEXT</title><description>TEXT</description><category>TEXT</category></item></channel></rss>`,
	"RSS 0.91":      `<!DOCTYPE rss PUBLIC "-//Netscape Communications//DTD RSS 0.91//EN" "http://my.netscape.com/publish/formats/rss-0.91.dtd"><rss version="0.91"><channel><language>LANG</language><title>TEXT</title><item><title>TEXT</title><link>https://t.example/1</link><description>TEXT</description><category>TEXT</category></item></channel></rss>`,
	"RSS 1.0":       `<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/"><channel rdf:about="https://t.example/"><title>TEXT</title><dc:language>LANG</dc:language></channel><item rdf:about="https://t.example/1"><title>TEXT</title><description>TEXT</description><dc:subject>TEXT</dc:subject></item></rdf:RDF>`,
	"Atom 1.0":      `<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="LANG"><title>TEXT</title><entry><id>urn:x:1</id><title>TEXT</title><content>TEXT</content><category term="TEXT"/></entry></feed>`,
	"Atom 0.3":      `<feed version="0.3" xmlns="http://purl.org/atom/ns#" xmlns:dc="http://purl.org/dc/elements/1.1/" xml:lang="LANG"><title>TEXT</title><entry><id>urn:x:1</id><title>TEXT</title><content type="text/plain">TEXT</content><dc:subject>TEXT</dc:subject></entry></feed>`,
	"JSON Feed 1.1": `{"version": "https://jsonfeed.org/version/1.1", "language": "LANG", "title": "TEXT", "items": [{"id": "1", "title": "TEXT", "content_text": "TEXT", "tags": ["TEXT"]}]}`,
}

func TestC25Transcodings(t *testing.T) {
	count := 0
	for _, c := range transcodings {
		text := sentences[c.language]
		for way, name := range map[int]string{declared: "declared", header: "header", both: "both", nowhere: "nowhere", byMark: "mark"} {
			for kind, document := range kinds {
				if c.ways&way == 0 || kind == "JSON Feed 1.1" && way&(declared|both) != 0 {
					continue
				}
				count++
				t.Run(c.label+" "+c.language+" "+name+" "+kind, func(t *testing.T) {
					decl, contentType := `<?xml version="1.0"?>`, "application/rss+xml"
					if way&(declared|both) != 0 {
						decl = `<?xml version='1.0' encoding='` + strings.ToUpper(c.label) + `' ?>`
					}
					if way&(header|both) != 0 {
						contentType = `application/xml; charset="` + c.label + `"`
					}
					if way == byMark {
						decl = `<?xml version="1.0" encoding="ISO-8859-1"?>` // the mark counts (RFC 7303 §3)
					}
					if kind == "JSON Feed 1.1" {
						decl = ""
					}
					body := encode(t, c.label, decl+strings.NewReplacer("TEXT", text, "LANG", c.language).Replace(document))
					if way == byMark {
						body = append([]byte(boms[c.label]), body...)
					}
					doc, err := ParseDocument(t.Context(), body, Hint{ContentType: contentType})
					if err != nil {
						t.Fatal(err)
					}
					if len(doc.Changes) != 1 {
						t.Fatalf("%d entries", len(doc.Changes))
					}
					it := doc.Changes[0].Item
					got := []string{doc.About.Title, it.Title, strings.TrimSuffix(strings.TrimPrefix(it.Content, "<p>"), "</p>")}
					got = append(append(got, it.Categories...), it.Tags...)
					want := []string{text, text, html.EscapeString(text), text}
					if !slices.Equal(got, want) {
						t.Errorf("read as %s:\n got %q\nwant %q", doc.Encoding, got, want)
					}
					if doc.Format != kind {
						t.Errorf("read as %s", doc.Format)
					}
				})
			}
		}
	}
	if count < 152 {
		t.Errorf("only %d transcodings", count)
	}
	t.Logf("%d transcodings", count)
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
		"GBK declared as ISO-8859-1":          {encode(t, "gbk", wrap("ISO-8859-1", zh)), "", zh},
		"GBK sent as windows-1252":            {encode(t, "gbk", wrap("", zh)), "text/xml; charset=windows-1252", zh},
		"Big5 declared as GB2312":             {encode(t, "big5", wrap("GB2312", sentences["zh-Hant"])), "", sentences["zh-Hant"]},
		"windows-1251 declared as Latin-1":    {encode(t, "windows-1251", wrap("ISO-8859-1", sentences["ru"])), "", sentences["ru"]},
		"Shift_JIS declared as UTF-8":         {encode(t, "shift_jis", wrap("UTF-8", sentences["ja"])), "", sentences["ja"]},
		"GBK behind a mark of UTF-8":          {append([]byte("\xef\xbb\xbf"), encode(t, "gbk", wrap("utf-8", zh))...), "", zh},
		"UTF-8 behind a mark of UTF-16":       {append([]byte("\xff\xfe"), wrap("utf-16", zh)...), "", zh},
		"UTF-16 sent as UTF-8":                {encode(t, "utf-16le", "\n"+wrap("utf-16", zh)), "text/xml; charset=utf-8", zh},
		"EBCDIC":                              {encode(t, "ibm037", wrap("ibm037", "Ferry & café")), "", "Ferry & café"},
		"x-sjis":                              {encode(t, "shift_jis", wrap("x-sjis", sentences["ja"])), "", sentences["ja"]},
		"cp1251":                              {encode(t, "windows-1251", wrap("cp1251", sentences["ru"])), "", sentences["ru"]},
		"declared behind junk":                {encode(t, "gbk", "<br>Warning: x in y.php\n"+wrap("GBK", "联通")), "", "联通"},
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
