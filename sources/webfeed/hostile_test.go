package webfeed

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"feedmill/sources/internal/sitetest"
)

// fill repeats s between head and tail up to the largest size.
func fill(head, s, tail string) string {
	return head + strings.Repeat(s, (size-len(head)-len(tail))/len(s)) + tail
}

// large does the same for an entry that is too large.
func large(head, s, tail string) string {
	return head + strings.Repeat(s, max(size-len(head)-len(tail), maxEntry+1)/len(s)) + tail
}

func nested(open string, n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, open, i)
	}
	return b.String()
}

// hostile are documents made to cost much, of the largest size where that makes them worse; want is in the error, or
// in what is reported of what was read.
func hostile() map[string]struct {
	text func() string
	want string
} {
	const rss, end = `<rss version="2.0"><channel><title>T</title>`, `</channel></rss>`
	laughs := `<!DOCTYPE rss [<!ENTITY a0 "ha">`
	for i := 1; i < 1000; i++ {
		laughs += fmt.Sprintf(`<!ENTITY a%d "&a%d;&a%[2]d;&a%[2]d;&a%[2]d;&a%[2]d;&a%[2]d;&a%[2]d;&a%[2]d;">`, i, i-1)
	}
	return map[string]struct {
		text func() string
		want string
	}{
		"billion laughs": {func() string { return laughs + "]>" + rss + `<item><title>&a999;</title></item>` + end }, "defines entities"},
		"a file": {func() string {
			return `<!DOCTYPE rss [<!ENTITY f SYSTEM "file:///etc/passwd"><!ENTITY % p SYSTEM "http://127.0.0.1/">%p;]>` + rss + `<item><title>&f;</title></item>` + end
		}, "defines entities"},
		"a hundred thousand items": {func() string {
			return rss + strings.Repeat(`<item><title>t</title><link>https://h.example/1</link><description>d</description></item>`, 100_000) + end
		}, "90000 were left out"},
		"a hundred thousand items of one id": {func() string { return rss + strings.Repeat(`<item><guid>1</guid></item>`, 100_000) + end }, "90000 were left out"},
		"as many items as fit":               {func() string { return fill(rss, `<item/>`, end) }, "were left out"},
		"as many entries as fit":             {func() string { return fill(`<feed xmlns="http://www.w3.org/2005/Atom">`, `<entry/>`, `</feed>`) }, "were left out"},
		"a million attributes":               {func() string { return rss + `<item ` + strings.Repeat(`a="" `, 1_000_000) + `/>` + end }, "more than 250 attributes"},
		"attributes everywhere":              {func() string { return fill(rss+`<item>`, `<title `+strings.Repeat(`a="" `, 200)+`/>`, `</item>`+end) }, "elements in one entry"},
		"attributes in the text": {func() string {
			return rss + `<item><description>` + strings.Repeat(`<b `+strings.Repeat(`a="" `, 200)+`/>`, 7000) + `</description></item>` + end
		}, ""},
		"extensions":                {func() string { return fill(rss+`<item><x>`, `<a:b/>`, `</x></item>`+end) }, "elements of extensions"},
		"extensions of the channel": {func() string { return fill(rss, `<a:b c="d"/>`, end) }, "elements of extensions"},
		"extensions of many items":  {func() string { return fill(rss, `<item>`+strings.Repeat(`<a:b c="d"/>`, 1000)+`</item>`, end) }, "were left out"},
		"namespaces":                {func() string { return rss + `<item>` + nested(`<a xmlns:n%d="x">`, 900) + end }, "namespaces in one place"},
		"namespaces of the root":    {func() string { return `<rss ` + nested(`xmlns:n%d="x" `, 240) + `>` + fill("", `<item/>`, "") }, "namespaces in one place"},
		"deep":                      {func() string { return fill(rss+`<item>`, `<a>`, "") }, "inside each other"},
		"deep and closed":           {func() string { return rss + strings.Repeat(`<a>`, 400_000) + strings.Repeat(`</a>`, 400_000) + end }, "inside each other"},
		"end tags":                  {func() string { return fill(rss+`<item>`+strings.Repeat(`<a>`, 900), `</b>`, end) }, "well-formed"},
		"end tags of outside":       {func() string { return fill(rss+`<b><item>`+strings.Repeat(`<a>`, 900), `</b>`, end) }, "well-formed"},
		"quotes":                    {func() string { return fill(rss+`<item>`, `<a b="`, end) }, "attributes"},
		"quotes of two kinds":       {func() string { return fill(rss+`<item>`, `<a b="<c d='`, end) }, "attributes"},
		"comments that stay open":   {func() string { return fill(rss+`<item>`, `<!--`, end) }, "well-formed"},
		"CDATA that stays open":     {func() string { return fill(rss+`<item><title>`, `<![CDATA[`, end) }, "well-formed"},
		"CDATA that ends elsewhere": {func() string { return fill(rss+`<item><title>`, `<![CDATA[</title>`, end) }, "well-formed"},
		"instructions":              {func() string { return fill(rss+`<item>`, `<?x`, end) }, "well-formed"},
		"declarations":              {func() string { return fill(``, `<!x`, rss) }, "well-formed"},
		"declarations inside":       {func() string { return fill(rss, `<!x`, end) }, "well-formed"},
		"less-than signs":           {func() string { return large(rss+`<item><title>`, `<`, `</title></item>`+end) }, "8 MiB"},
		"ampersands":                {func() string { return large(rss+`<item><title>`, `&`, `</title></item>`+end) }, "8 MiB"},
		"references":                {func() string { return large(rss+`<item><title>`, `&#65;`, `</title></item>`+end) }, "8 MiB"},
		"one text":                  {func() string { return large(rss+`<item><description>`, `text `, `</description></item>`+end) }, "8 MiB"},
		"one text in CDATA": {func() string {
			return large(rss+`<item><description><![CDATA[`, `text `, `]]></description></item>`+end)
		}, "8 MiB"},
		"eight megabytes of text": {func() string {
			return rss + `<item><description>` + strings.Repeat("text ", maxEntry/5-20) + `</description></item>` + end
		}, ""},
		"eight megabytes of markup": {func() string {
			return rss + `<item><description>` + strings.Repeat("<b></b>", maxEntry/7-20) + `</description></item>` + end
		}, ""},
		"eight megabytes of signs": {func() string {
			return rss + `<item><description>` + strings.Repeat("<", maxEntry-100) + `</description></item>` + end
		}, ""},
		"signs in an open item": {func() string { return fill(rss+`<item><title>`, `<`, end) }, "well-formed"},
		"a large channel":       {func() string { return fill(rss+`<description>`, `x`, `</description><item><guid>1</guid></item>`+end) }, ""},
		"labels":                {func() string { return fill(rss+`<item>`, `<category>c</category>`, `</item>`+end) }, "elements in one entry"},
		"one list of keywords":  {func() string { return large(rss+`<item><title>t</title><keywords>`, `a,`, `</keywords></item>`+end) }, "8 MiB"},
		"authors":               {func() string { return fill(rss+`<item>`, `<author>a</author>`, `</item>`+end) }, "elements in one entry"},
		"links":                 {func() string { return fill(rss+`<item>`, `<link>x</link>`, `</item>`+end) }, "elements in one entry"},
		"descriptions":          {func() string { return fill(rss+`<item>`, `<description>x</description>`, `</item>`+end) }, "elements in one entry"},
		"xml:base everywhere":   {func() string { return fill(rss+`<item>`, `<link xml:base="x/">x</link>`, `</item>`+end) }, "elements in one entry"},
		"channels":              {func() string { return fill(`<rss>`, `<channel>`, "") }, "inside each other"},
		"channels beside":       {func() string { return fill(`<rss>`, `<channel/>`, `</rss>`) }, "well-formed"},
		"roots":                 {func() string { return fill("", rss+`<item/>`+end, "") }, "well-formed"},
		"JSON items": {func() string {
			return fill(`{"version":"https://jsonfeed.org/version/1","items":[{"id":"1"}`, `,{"id":"1"}`, `]}`)
		}, "were left out"},
		"JSON tags": {func() string {
			return fill(`{"version":"https://jsonfeed.org/version/1","items":[{"id":"1","tags":[""`, `,""`, `]}]}`)
		}, "values"},
		"JSON of wrong types": {func() string {
			return fill(`{"version":"https://jsonfeed.org/version/1","title":1,"items":[{"id":"1"}`, `,{"id":["`+strings.Repeat("x", 50)+`"]}`, `]}`)
		}, "were left out"},
		"deep JSON": {func() string { return fill(`{"version":"https://jsonfeed.org/version/1","x":`, `[`, "") }, "inside each other"},
		"one JSON text": {func() string {
			return fill(`{"version":"https://jsonfeed.org/version/1","items":[{"id":"1","content_text":"`, `text `, `"}]}`)
		}, ""},
	}
}

func TestHostileDocuments(t *testing.T) {
	if testing.Short() {
		t.Skip("documents of the largest size")
	}
	for name, c := range hostile() {
		t.Run(name, func(t *testing.T) {
			body := []byte(c.text())
			if len(body) > 2*size {
				t.Skip("takes too long with the race detector")
			}
			var doc *Document
			var err error
			start := time.Now()
			grown := sitetest.Grown(func() { doc, err = ParseDocument(t.Context(), body, Hint{URL: "https://h.example/feed"}) })
			t.Logf("%d kB in %v, %d MB", len(body)>>10, time.Since(start).Round(time.Millisecond), grown>>20)
			said := fmt.Sprint(err)
			if err == nil {
				said = fmt.Sprint(doc.Rejected)
				for _, c := range doc.Changes {
					if len(c.Item.Title) > 1<<20 || strings.Contains(c.Item.Title, "root:") || strings.Contains(c.Item.Title, "haha") {
						t.Errorf("title of %d bytes: %.80s", len(c.Item.Title), c.Item.Title)
					}
				}
			}
			if !strings.Contains(said, c.want) || strings.Contains(said, "deadline") || len(said) > 2000 {
				t.Errorf("said %.300q, want %q", said, c.want)
			}
			// The body was there before; half of the limit is left for the store and the rest.
			if grown > sitetest.Limit {
				t.Errorf("took %d MB", grown>>20)
			}
		})
	}
}
