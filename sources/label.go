package sources

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"feedmill/feeds"
)

// MaxLabels is the most categories, and the most tags, of one item: what is beyond is no longer labelling.
const MaxLabels = 100

// cleanLabels brings labels into the form in which they are kept: as written, but NFC, trimmed, with single blanks, each
// once by [feeds.Fold], where the first spelling wins. It calls report for what it has to cut or drop.
func cleanLabels(kind string, own, added []string, report func(string)) []string {
	if len(own)+len(added) == 0 {
		return nil
	}
	out := make([]string, 0, len(own)+len(added))
	var seen map[string]bool
	dropped := 0
	for _, list := range [2][]string{own, added} {
		for _, raw := range list {
			l := cleanLabel(raw)
			if len(l) > feeds.MaxLabel {
				l = strings.TrimSpace(clipText(l, feeds.MaxLabel))
				report(fmt.Sprintf("%s of %d bytes is cut to %d: %q", kind, len(raw), feeds.MaxLabel, clipText(l, 40)+"…"))
			}
			fold := feeds.Fold(l)
			if fold == "" || seen[fold] {
				continue
			}
			if len(out) == MaxLabels {
				dropped++
				continue
			}
			if seen == nil {
				seen = make(map[string]bool, cap(out))
			}
			seen[fold] = true
			out = append(out, l)
		}
	}
	if dropped > 0 {
		report(fmt.Sprintf("%d more than %d: %d of kind %s left out", len(out)+dropped, MaxLabels, dropped, kind))
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

// cleanLabel cleans one label. Characters that cannot be seen would make two labels of one.
func cleanLabel(s string) string {
	s = clean(s)
	if strings.ContainsAny(s, "\u00ad\u200b\u2060") {
		s = strings.Map(func(r rune) rune {
			if r == '\u00ad' || r == '\u200b' || r == '\u2060' {
				return -1
			}
			return r
		}, s)
	}
	return foldSpace(s)
}

// clipText cuts s to at most n bytes, at a rune.
func clipText(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
