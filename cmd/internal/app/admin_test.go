package app

import (
	"strings"
	"testing"
	"time"

	"feedmill/sources"
)

func TestStatusPageTellsOfTheAnswers(t *testing.T) {
	now := time.Now()
	var b strings.Builder
	err := statusTemplate.Execute(&b, statusView{T: statusTexts["en"], Report: Report{Sources: []sources.Status{
		{
			Name: "a", Note: "304", Told: sources.Pushed, Cadence: sources.Duration(2 * time.Hour), Newest: now, Silent: true,
			Traffic: &sources.Traffic{Last: sources.Exchange{Status: 304, ETag: `W/"<1>"`}, Requests: 4, NotModified: 3, Bytes: 1234},
		},
		{Name: "b", Traffic: &sources.Traffic{Requests: 1}},
		{Name: "c"},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"4 requests, 75% not modified, 1234 bytes", `ETag <code>W/&#34;&lt;1&gt;&#34;</code>`, "news are pushed", "something new about every 2 hours",
		"silent since", "no validators",
	} {
		if strings.Count(b.String(), want) != 1 {
			t.Errorf("want %q once in\n%s", want, b.String())
		}
	}
}
