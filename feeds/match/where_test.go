package match

import (
	"errors"
	"strings"
	"testing"
	"time"

	"feedmill/feeds"
)

func whereItem() *feeds.Item {
	return &feeds.Item{
		Title: "Chips", Summary: "short", Content: "<p>" + strings.Repeat("字", 3100) + "</p>", Source: "news", Language: "zh-CN",
		Tags: []string{"AI", "芯片"}, Categories: []string{"Tech"}, Authors: []feeds.Person{{Name: "Ann Lee"}},
		Enclosures: []feeds.Enclosure{{URL: "https://x.example/a.mp3", Type: "audio/mpeg"}},
		Published:  time.Date(2026, 3, 1, 23, 0, 0, 0, time.FixedZone("", 8*3600)),
	}
}

func TestWhere(t *testing.T) {
	for text, want := range map[string]bool{
		`len(text) > 3000 && "AI" in tags`:                    true,
		`len(text) > 3200`:                                    false,
		`"ai" in tags`:                                        false,
		`any(tags, lower(#) == "ai")`:                         true,
		`title matches "^(?i)chip"`:                           true,
		`published > date("2026-03-01") && lang == "zh-CN"`:   true,
		`published.Hour() == 15`:                              true,
		`authors[0] startsWith "Ann" and not (source == "x")`: true,
		`any(files, # startsWith "audio/")`:                   true,
		`count(tags, len(#) > 1) == 2 ? true : false`:         true,
		`len(summary) == 5`:                                   true,
	} {
		w, err := CompileWhere(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got, err := w.Match(whereItem()); got != want || err != nil {
			t.Errorf("%s: %v, %v", text, got, err)
		}
	}
	w, err := CompileWhere(`tags[5] == "x"`)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := w.Match(whereItem()); got || err == nil {
		t.Errorf("beyond the end of a list: %v, %v", got, err)
	}
}

func TestWhereErrors(t *testing.T) {
	for text, want := range map[string]struct {
		line, column int
		reason       string
	}{
		`"AI" in tag`:                          {1, 8, "unknown name tag; want one of title"},
		"len(text) > 3000 &&\n  titel == 'x'":  {2, 2, "unknown name titel"},
		`title + "x"`:                          {1, 0, "condition such as"},
		`title matches "("`:                    {1, 6, "missing closing"},
		`title matches summary`:                {1, 6, "written out"},
		`now() > published`:                    {1, 0, "now"},
		`any(1..9, # > 3)`:                     {1, 5, "ranges"},
		`any(tags, any(categories, # == "x"))`: {1, 0, "another one"},
		`published.Local().Hour() == 3`:        {1, 10, "zones"},
		`repeat(title, 100000) == ""`:          {1, 0, "repeat"},
		`len(text`:                             {1, 0, "unexpected"},
		``:                                     {1, 0, "unexpected"},
		strings.Repeat("title == 'a' || ", 200) + "true": {1, 0, "exceeds maximum"},
		`"` + strings.Repeat("x", 4000) + `" == title`:   {1, 0, "at most 4000"},
	} {
		_, err := CompileWhere(text)
		var at *WhereError
		if !errors.As(err, &at) {
			t.Errorf("%.60s is accepted", text)
			continue
		}
		if !strings.Contains(at.Reason, want.reason) || at.Line != want.line || want.column > 0 && at.Column != want.column {
			t.Errorf("%.60s: %d:%d %s, want %d:%d %s", text, at.Line, at.Column, at.Reason, want.line, want.column, want.reason)
		}
	}
}

func FuzzWhere(f *testing.F) {
	for _, s := range []string{`"AI" in tags`, `len(text) > 3 && any(tags, # matches "a+")`, `title[1:3] == "hi"`, `published - date("2026-01-01") > duration("3h")`} {
		f.Add(s)
	}
	it := whereItem()
	f.Fuzz(func(t *testing.T, text string) {
		w, err := CompileWhere(text)
		if err != nil {
			var at *WhereError
			if !errors.As(err, &at) || at.Line < 1 || at.Column < 0 || at.Reason == "" {
				t.Fatalf("%q: %v", text, err)
			}
			return
		}
		a, err1 := w.Match(it)
		b, err2 := w.Match(it)
		if a != b || (err1 == nil) != (err2 == nil) {
			t.Fatalf("%q: %v %v, then %v %v", text, a, err1, b, err2)
		}
	})
}
