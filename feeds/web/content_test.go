package web

import (
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// FuzzShownContent: whatever a post holds, what is shown of it can neither run nor load anything, and has the size it may have.
func FuzzShownContent(f *testing.F) {
	for _, s := range []string{
		`<p>a<script>x()</script>b</p>`, `<svg><style><img src=x onerror=y></style></svg>`, `<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=x()&gt;">`,
		`<a href="java&#10;script:x()"><img src="https://i.example/a.png" srcset="//x 2x"></a>`, `<table><a href=https://x><tr><td><pre><h1>1`, `<video><source src=https://v.example/a><p>b`,
		`<noscript><p title="</noscript><img src=x onerror=x()>">`, `<img src="https://i.example/a"b"`, strings.Repeat("<div>", 600), `<b><p><b><p><b>a</table></b>`, "<p>\x00\xff&#0;",
	} {
		f.Add(s, false, 300)
		f.Add(s, true, 5000)
	}
	f.Fuzz(func(t *testing.T, src string, images bool, left int) {
		left = min(max(left, 0), 20_000)
		got, _, cut := shownContent(src, images, left)
		if len(got) > left+1000 { // what was begun is ended
			t.Fatalf("%d bytes where %d were left", len(got), left)
		}
		if again, _, more := shownContent(src, images, left); again != got || more != cut {
			t.Fatalf("%q becomes %q, then %q", src, got, again)
		}
		z := html.NewTokenizer(strings.NewReader(string(got)))
		for {
			kind := z.Next()
			if kind == html.ErrorToken {
				return
			}
			if kind == html.CommentToken || kind == html.DoctypeToken {
				t.Fatalf("%q becomes %q", src, got)
			}
			if kind != html.StartTagToken && kind != html.SelfClosingTagToken {
				continue
			}
			token := z.Token()
			if slices.Contains([]string{"script", "style", "iframe", "object", "embed", "svg", "math", "form", "input", "button", "link", "meta", "base", "video", "audio", "source", "h1", "main", "template", "noscript"}, token.Data) ||
				token.Data == "img" && !images {
				t.Fatalf("%q becomes %q", src, got)
			}
			for _, a := range token.Attr {
				bad := false
				switch a.Key {
				case "href":
					bad = token.Data != "a" || !strings.HasPrefix(a.Val, "https:") && !strings.HasPrefix(a.Val, "http:") && !strings.HasPrefix(a.Val, "mailto:")
				case "src":
					bad = token.Data != "img" || !strings.HasPrefix(a.Val, "https://")
				case "class":
					bad = a.Val != "off-site" && a.Val != "wide"
				case "alt", "rel", "loading", "referrerpolicy", "tabindex", "colspan", "rowspan", "start", "lang", "dir":
				default:
					bad = true
				}
				if bad {
					t.Fatalf("%q becomes %q: %v", src, got, a)
				}
			}
		}
	})
}

func FuzzItemID(f *testing.F) {
	f.Add("/item/dXJuOng6MQ", "urn:x:1")
	f.Fuzz(func(t *testing.T, path, id string) {
		if got, ok := itemID(path); ok && itemPath(got) != path {
			t.Fatalf("%q is the page of %q, whose address is %q", path, got, itemPath(got))
		}
		if got, ok := itemID(itemPath(id)); ok && got != id {
			t.Fatalf("%q becomes %q", id, got)
		}
	})
}
