package dates

import (
	"strings"
	"testing"
	"time"
)

func TestDatesOnPages(t *testing.T) {
	shanghai := time.FixedZone("", 8*3600)
	now := time.Date(2026, 11, 24, 10, 5, 30, 0, shanghai)
	d := Reader{Zone: shanghai, Language: "zh"}
	for _, c := range []struct {
		in, want string
		how      How
	}{
		{"2026-11-24T09:30:00+08:00", "2026-11-24T09:30:00+08:00", Absolute},
		{"2026年11月24日 09:30", "2026-11-24T09:30:00+08:00", Absolute},
		{"来源：海港日报 2026-11-24 09:30 编辑：张三", "2026-11-24T09:30:00+08:00", Absolute},
		{"发布时间：2026年11月24日 下午3:04", "2026-11-24T15:04:00+08:00", Absolute},
		{"[2026-11-24]", "2026-11-24T00:00:00+08:00", Absolute},
		{"Posted on November 24, 2026 by A. Writer", "2026-11-24T00:00:00+08:00", Absolute},
		{"By A. Writer, 24 November 2026", "2026-11-24T00:00:00+08:00", Absolute},
		{"Updated 24.11.2026 08:15 | News", "2026-11-24T08:15:00+08:00", Absolute},

		{"11-24 09:30", "2026-11-24T09:30:00+08:00", Inferred},
		{"11-24 10:30", "2025-11-24T10:30:00+08:00", Inferred},
		{"12-31", "2025-12-31T00:00:00+08:00", Inferred},
		{"11月24日 09:30", "2026-11-24T09:30:00+08:00", Inferred},
		{"(11/23)", "2026-11-23T00:00:00+08:00", Inferred},
		{"Nov 24", "2026-11-24T00:00:00+08:00", Inferred},
		{"24 Nov, 08:15", "2026-11-24T08:15:00+08:00", Inferred},
		{"Dec 3 at 8:15 PM", "2025-12-03T20:15:00+08:00", Inferred},
		{"02-29", "2024-02-29T00:00:00+08:00", Inferred},
		{"09:30", "2026-11-24T09:30:00+08:00", Inferred},
		{"23:30", "2026-11-23T23:30:00+08:00", Inferred},

		{"3小时前", "2026-11-24T07:05:30+08:00", Relative},
		{"发表于 5 分钟前", "2026-11-24T10:00:30+08:00", Relative},
		{"半小时前", "2026-11-24T09:35:30+08:00", Relative},
		{"1个半小时前", "2026-11-24T08:35:30+08:00", Relative},
		{"两天前", "2026-11-22T10:05:30+08:00", Relative},
		{"3个月前", "2026-08-24T10:05:30+08:00", Relative},
		{"刚刚", "2026-11-24T10:05:30+08:00", Relative},
		{"昨天 09:30", "2026-11-23T09:30:00+08:00", Relative},
		{"前天", "2026-11-22T00:00:00+08:00", Relative},
		{"今天 08:00", "2026-11-24T08:00:00+08:00", Relative},
		{"今天 23:00", "2026-11-24T10:05:30+08:00", Relative},
		{"2 hours ago", "2026-11-24T08:05:30+08:00", Relative},
		{"2h ago", "2026-11-24T08:05:30+08:00", Relative},
		{"an hour ago", "2026-11-24T09:05:30+08:00", Relative},
		{"yesterday", "2026-11-23T00:00:00+08:00", Relative},
		{"Yesterday at 8:15 PM", "2026-11-23T20:15:00+08:00", Relative},
		{"il y a 3 heures", "2026-11-24T07:05:30+08:00", Relative},
		{"vor einer Stunde", "2026-11-24T09:05:30+08:00", Relative},
		{"hace 2 días", "2026-11-22T10:05:30+08:00", Relative},
		{"3時間前", "2026-11-24T07:05:30+08:00", Relative},
		{"3시간 전", "2026-11-24T07:05:30+08:00", Relative},

		{"", "", Absolute},
		{"no date here", "", Absolute},
		{"13-45", "", Absolute},
		{"12345-24", "", Absolute},
		{"a long time ago", "", Absolute},
		{"1234 5678", "", Absolute},
		{"25:61", "", Absolute},
		{strings.Repeat("x", 2000) + " 2026-11-24", "", Absolute},
	} {
		got, how := d.Page(c.in, now)
		s := ""
		if !got.IsZero() {
			s = got.Format(time.RFC3339)
		}
		if s != c.want || how != c.how {
			t.Errorf("Page(%q) = %q, %d, want %q, %d", c.in, s, how, c.want, c.how)
		}
	}
}

func FuzzPage(f *testing.F) {
	for _, s := range []string{"11-24 09:30", "3小时前", "yesterday at 8:15 PM", "2026年11月24日 下午3:04", "vor 3 Tagen", "9999年前"} {
		f.Add(s)
	}
	now := time.Date(2026, 11, 24, 10, 5, 30, 0, time.UTC)
	f.Fuzz(func(t *testing.T, s string) {
		got, how := Reader{}.Page(s, now)
		if how != Absolute && got.After(now) {
			t.Errorf("%q is ahead: %v", s, got)
		}
	})
}
