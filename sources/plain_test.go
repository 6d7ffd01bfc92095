package sources

import (
	"testing"
	"time"

	"feedmill/feeds"
)

// TestLiteral: a title that is plain by its format comes out of normalisation as it went in.
func TestLiteral(t *testing.T) {
	for _, title := range []string{
		"Use <b>bold</b>", "Use &lt;b&gt; for <", "AT&T", "a &amp; b", "&#65; is A", "&copy 2026", "1 < 2 > 0", "港口 & 潮汐", "plain",
	} {
		c := feeds.Change{Key: "1", Item: &feeds.Item{Title: Literal(title), Summary: Literal(title)}}
		if err := Normalise(&c, Policy{Source: "s"}, time.Now()); err != nil {
			t.Fatal(err)
		}
		if c.Item.Title != title || c.Item.Summary != title {
			t.Errorf("%q became title %q, summary %q", title, c.Item.Title, c.Item.Summary)
		}
	}
}
