package charset

import (
	"testing"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"
)

func TestDecode(t *testing.T) {
	const zh = "港口今天早上恢复了渡轮服务，第一班船在七点离开。"
	gbk, err := simplifiedchinese.GBK.NewEncoder().String(zh)
	if err != nil {
		t.Fatal(err)
	}
	utf16, err := unicode.UTF16(unicode.BigEndian, unicode.UseBOM).NewEncoder().String("<p>" + zh)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, body, contentType string
		stated                  func([]byte) string
		want, encoding          string
	}{
		{"a mark", "\xef\xbb\xbf" + zh, "text/xml; charset=gbk", XML, zh, "utf-8"},
		{"a mark and hardly any ASCII", utf16, "", HTML, "<p>" + zh, "utf-16be"},
		{"HTTP", gbk, "text/plain; charset=GB2312", Nothing, zh, "gbk"},
		{"XML", `<?xml version="1.0" encoding="gbk"?><rss>` + gbk, "", XML, `<?xml version="1.0" encoding="gbk"?><rss>` + zh, "gbk"},
		{"XML of an element inside is none", `<rss>` + gbk + `<?xml version="1.0" encoding="big5"?>`, "", XML, `<rss>` + zh + `<?xml version="1.0" encoding="big5"?>`, "gb18030"},
		{"HTML", `<meta charset="gbk">` + gbk, "", HTML, `<meta charset="gbk">` + zh, "gbk"},
		{"HTML is no XML", `<meta charset="big5">` + gbk, "", XML, `<meta charset="big5">` + zh, "gb18030"},
		{"HTTP before the document", `<meta charset="shift_jis">` + gbk, "text/html; charset=gbk", HTML, `<meta charset="shift_jis">` + zh, "gbk"},
		{"a wrong label", `<meta charset="iso-8859-1">` + gbk, "", HTML, `<meta charset="iso-8859-1">` + zh, "gb18030"},
		{"no label", gbk, "", Nothing, zh, "gb18030"},
		{"a language in HTML", "<html lang=\"pl\"><p>gor\xb9c\xb9 herbat\xea", "", HTML, "<html lang=\"pl\"><p>gorącą herbatę", "windows-1250"},
		{"nothing", "", "", XML, "", "utf-8"},
	} {
		text, name, err := Decode([]byte(c.body), c.contentType, c.stated)
		if err != nil || string(text) != c.want || name != c.encoding {
			t.Errorf("%s: %q %s %v, want %q %s", c.name, text, name, err, c.want, c.encoding)
		}
	}
	if got := string(Text([]byte("a\xffb"+zh), "text/html; charset=utf-8", HTML)); got != "a\ufffdb"+zh {
		t.Errorf("%q", got)
	}
}

func FuzzText(f *testing.F) {
	f.Add([]byte("\xff\xfe<\x00p\x00"), "")
	f.Add([]byte("<meta charset=iso-2022-jp>\x1b$B\x1b(B"), "text/html")
	f.Add([]byte("<?xml version='1.0' encoding='hz'?>~{VPND~}"), "")
	f.Add([]byte("\xb8\xdb\xbf\xda"), "text/xml; charset=utf-16")
	f.Fuzz(func(t *testing.T, body []byte, contentType string) {
		for _, stated := range []func([]byte) string{XML, HTML, Nothing} {
			text := Text(body, contentType, stated)
			if !utf8.Valid(text) {
				t.Errorf("not UTF-8: %q", text)
			}
			if len(text) > 3*len(body)+3 {
				t.Errorf("%d bytes became %d", len(body), len(text))
			}
		}
	})
}
