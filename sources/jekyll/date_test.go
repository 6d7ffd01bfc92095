package jekyll

import (
	"testing"
	"time"
	_ "time/tzdata"
)

func mustZone(t testing.TB, name string) *time.Location {
	loc, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

// TestDates lists what Jekyll 4.3 on Ruby 3.1 makes of dates on a site in Shanghai, unquoted and quoted, and where we
// know better.
func TestDates(t *testing.T) {
	z := zoning{zone: mustZone(t, "Asia/Shanghai")}
	for _, c := range []struct{ in, plain, quoted string }{
		{"2021-12-08 10:18:31 +0800", "2021-12-08T10:18:31+08:00", ""},
		{"2021-12-08 10:18:31", "2021-12-08T18:18:31+08:00", "2021-12-08T10:18:31+08:00"},
		{"2021-12-08T10:18:31", "2021-12-08T18:18:31+08:00", "2021-12-08T10:18:31+08:00"},
		{"2021-12-08 10:18:31.5", "2021-12-08T18:18:31+08:00", "2021-12-08T10:18:31+08:00"},
		{"2021-12-08 1:18:31", "2021-12-08T09:18:31+08:00", "2021-12-08T01:18:31+08:00"},
		{"2021-12-08 10:18", "2021-12-08T10:18:00+08:00", ""},
		{"2021-12-08", "2021-12-08T00:00:00+08:00", ""},
		{"2021-12-8", "2021-12-08T00:00:00+08:00", ""},
		{"2021-12-08 10:18:31 +8", "2021-12-08T10:18:31+08:00", ""},
		{"2021-12-08 10:18:31 +08:00", "2021-12-08T10:18:31+08:00", ""},
		{"2021-12-08   10:18:31   +0800", "2021-12-08T10:18:31+08:00", ""},
		{"2021-12-08 10:18:31 -0330", "2021-12-08T21:48:31+08:00", ""},
		{"2021-12-08 10:18:31Z", "2021-12-08T18:18:31+08:00", ""},
		{"2021-12-08 10:18:31 UTC", "2021-12-08T18:18:31+08:00", ""},
		{"2021-12-08 10:18:31 EST", "2021-12-08T23:18:31+08:00", ""},
		{"2021-12-08 10:18:31 GMT+8", "2021-12-08T10:18:31+08:00", ""},
		{"2021-12-08 10:18:31 Asia/Shanghai", "2021-12-08T10:18:31+08:00", ""},
		{"2021-12-08 10:18 +0800", "2021-12-08T10:18:00+08:00", ""},
		{"2021-12-08 24:00:00", "2021-12-09T08:00:00+08:00", "2021-12-09T00:00:00+08:00"},
		{"2021-02-30 10:00:00", "2021-03-02T18:00:00+08:00", "2021-03-02T10:00:00+08:00"},
		{"2021/12/08 10:18:31", "2021-12-08T10:18:31+08:00", ""},
		{"2021/12/08", "2021-12-08T00:00:00+08:00", ""},
		{"20211208", "2021-12-08T00:00:00+08:00", ""},
		{"2021.12.08", "2021-12-08T00:00:00+08:00", ""},
		{"12/8/2021", "2021-08-12T00:00:00+08:00", ""},
		{"8.12.2021", "2021-12-08T00:00:00+08:00", ""},
		{"Dec 8, 2021", "2021-12-08T00:00:00+08:00", ""},
		{"8 December 2021 10:18 PM", "2021-12-08T22:18:00+08:00", ""},
		{"2021-12-08 10:18:31 PM", "2021-12-08T22:18:31+08:00", ""},
		{"Wed, 08 Dec 2021 10:18:31 GMT", "2021-12-08T18:18:31+08:00", ""},
		{"2021-12-08-10-18", "2021-12-08T00:00:00+08:00", ""},
		// Jekyll takes CST for the American one; in Shanghai it is the site's own.
		{"2021-12-08 10:18:31 CST", "2021-12-08T10:18:31+08:00", ""},
		// Jekyll aborts.
		{"2021年12月8日", "2021-12-08T00:00:00+08:00", ""},
		{"2021年12月8日 10:18", "2021-12-08T10:18:00+08:00", ""},
		{"+0800", "", ""},
		{"2021", "", ""},
		{"2021-12", "", ""},
		{"10:18:31", "", ""},
		{"1638958711", "", ""},
		{"2021-13-08", "", ""},
		{"2021-12-08 25:00:00", "", ""},
		{"2021-12-08 10:60:00", "", ""},
		{"13/13/2021", "", ""},
		{"someday", "", ""},
		{"", "", ""},
	} {
		for _, plain := range []bool{true, false} {
			want := c.plain
			if !plain && c.quoted != "" {
				want = c.quoted
			}
			got, _, err := z.parse(value{kind: text, text: c.in, plain: plain})
			if want == "" {
				if err == nil {
					t.Errorf("%q is %v, want an error", c.in, got)
				}
			} else if err != nil || got.Format(time.RFC3339) != want {
				t.Errorf("%q (plain %v) is %v, %v, want %s", c.in, plain, got.Format(time.RFC3339), err, want)
			}
		}
	}
}

func TestZoneless(t *testing.T) {
	shanghai := mustZone(t, "Asia/Shanghai")
	const in = "2021-12-08 10:25:26"
	for _, c := range []struct {
		name     string
		z        zoning
		want     string
		zoneless bool
	}{
		{"as Jekyll", zoning{zone: shanghai}, "2021-12-08T18:25:26+08:00", true},
		{"as the site", zoning{zone: shanghai, asSite: true}, "2021-12-08T10:25:26+08:00", false},
		{"no zone anywhere", zoning{}, "2021-12-08T10:25:26Z", true},
	} {
		got, zoneless, err := c.z.parse(value{kind: text, text: in, plain: true})
		if err != nil || got.Format(time.RFC3339) != c.want || (zoneless == asUTC) != c.zoneless {
			t.Errorf("%s: %v %v %v", c.name, got, zoneless, err)
		}
	}
	// Without a zone of the site a date keeps the one it was written in.
	if got, _, _ := (zoning{}).parse(value{kind: text, text: in + " -0500", plain: true}); got.Format(time.RFC3339) != "2021-12-08T10:25:26-05:00" {
		t.Errorf("got %v", got)
	}
}

func TestParseName(t *testing.T) {
	for _, c := range []struct {
		in, slug, ext, date string
		ok                  bool
	}{
		{"2022-01-20-NW1.md", "NW1", ".md", "2022-01-20", true},
		{"2017-2-5-x.markdown", "x", ".markdown", "2017-02-05", true},
		{"17-2-5-x.md", "x", ".md", "2017-02-05", true},
		{"99-2-5-x.md", "x", ".md", "1999-02-05", true},
		{"2022-01-20-a.b.c.md", "a.b.c", ".md", "2022-01-20", true},
		{"2022-01-20-a..md", "a", ".md", "2022-01-20", true},
		{"2022-01-20-.md", "", ".md", "2022-01-20", true},
		{"2022-13-45-x.md", "x", ".md", "", true},
		{"-202205262391921712.md", "", "", "", false},
		{"2022-01-20.md", "", "", "", false},
		{"2022-01-20-x", "", "", "", false},
		{"2022-01-20-x.", "", "", "", false},
		{"20220120-x.md", "", "", "", false},
		{"x2022-01-20-x.md", "", "", "", false},
		{"", "", "", "", false},
	} {
		f, ok := parseName(c.in)
		if ok != c.ok || ok && (f.slug != c.slug || f.ext != c.ext) {
			t.Errorf("%q: %+v %v", c.in, f, ok)
			continue
		}
		if d, valid := f.date(zoning{}); ok && (valid != (c.date != "") || valid && d.Format(time.DateOnly) != c.date) {
			t.Errorf("%q: date %v %v", c.in, d, valid)
		}
	}
}

func FuzzDate(f *testing.F) {
	for _, s := range []string{"2021-12-08 10:18:31 +0800", "8 December 2021 10:18 PM", "2021年12月8日 10:18", "12/8/2021", "Dec 8, 2021", "2021-12-08 10:18 Asia/Shanghai"} {
		f.Add(s)
	}
	z := zoning{zone: mustZone(f, "Asia/Shanghai")}
	f.Fuzz(func(t *testing.T, s string) {
		for _, plain := range []bool{true, false} {
			got, _, err := z.parse(value{kind: text, text: s, plain: plain})
			if err == nil && (got.Year() < 0 || got.Year() > 10_000) {
				t.Fatalf("%q is %v", s, got)
			}
		}
	})
}

func FuzzName(f *testing.F) {
	for _, s := range []string{"2022-01-20-NW1.md", "17-2-5-x.md", "-1.md", "2022-01-20-.md"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if n, ok := parseName(s); ok && n.base+n.ext != s {
			t.Fatalf("%q is %+v", s, n)
		}
	})
}
