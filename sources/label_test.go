package sources

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"feedmill/feeds"
)

func TestCleanLabels(t *testing.T) {
	for _, tc := range []struct {
		name             string
		own, added, want []string
	}{
		{"as written", []string{"C++", "c#", "金融", "Career In touxingPEVC"}, nil, []string{"C++", "c#", "金融", "Career In touxingPEVC"}},
		{"trimmed, single blanks", []string{" a \t b\n", "金　融"}, nil, []string{"a b", "金 融"}},
		{"empty ones go", []string{"", " ", "\u200b", "\x00"}, nil, nil},
		{"first spelling wins", []string{"Go", "GO", "go lang", "Go-Lang"}, []string{"go", "News"}, []string{"Go", "go lang", "News"}},
		{"NFC", []string{"e\u0301", "é"}, nil, []string{"é"}},
		{"invisible", []string{"金\u200b融", "金融"}, nil, []string{"金融"}},
		{"references stay", []string{"R&amp;D"}, nil, []string{"R&amp;D"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := cleanLabels("tag", tc.own, Policy{AddTags: tc.added}, &feeds.Item{}, func(s string) { t.Errorf("report %q", s) })
			if !slices.Equal(got, tc.want) {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

func TestCleanLabelsReportsWhatItLeavesOut(t *testing.T) {
	var reports []string
	own := []string{strings.Repeat("金", 200)}
	for i := range 120 {
		own = append(own, fmt.Sprint("tag ", i))
	}
	got := cleanLabels("tag", own, Policy{AddTags: []string{"added"}}, &feeds.Item{}, func(s string) { reports = append(reports, s) })
	if len(got) != MaxLabels || len(got[0]) > feeds.MaxLabel || strings.Trim(got[0], "金") != "" {
		t.Errorf("%d labels, the first %q", len(got), got[0])
	}
	if len(reports) != 2 || !strings.Contains(reports[0], "600 bytes") || !strings.Contains(reports[1], "22 ") {
		t.Errorf("reports %q", reports)
	}
}
