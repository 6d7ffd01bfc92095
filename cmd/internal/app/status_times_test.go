package app

import (
	"testing"
	"time"
)

func TestLasting(t *testing.T) {
	const day = 24 * time.Hour
	for _, c := range []struct {
		d      time.Duration
		en, zh string
	}{
		{0, "0 seconds", "0 秒"},
		{time.Second, "1 second", "1 秒"},
		{90 * time.Second, "90 seconds", "90 秒"},
		{time.Minute, "1 minute", "1 分钟"},
		{5*time.Minute + 20*time.Second, "5 minutes", "5 分钟"},
		{time.Hour, "1 hour", "1 小时"},
		{90 * time.Minute, "1 hour 30 minutes", "1 小时 30 分钟"},
		{119*time.Minute + 50*time.Second, "2 hours", "2 小时"},
		{day, "24 hours", "24 小时"},
		{118*time.Hour + 48*time.Minute, "5 days", "5 天"},
		{400 * day, "400 days", "400 天"},
	} {
		if en, zh := lasting("en", c.d), lasting("zh", c.d); en != c.en || zh != c.zh {
			t.Errorf("%v: %q and %q, want %q and %q", c.d, en, zh, c.en, c.zh)
		}
	}
}

func TestEvery(t *testing.T) {
	for _, c := range []struct {
		d, most time.Duration
		en, zh  string
	}{
		{time.Hour, 0, "every hour", "每隔 1 小时"},
		{time.Hour, time.Hour, "every hour", "每隔 1 小时"},
		{90 * time.Second, 0, "every 90 seconds", "每隔 90 秒"},
		{5 * time.Minute, time.Hour, "every 5 minutes to 1 hour", "每隔 5 分钟 到 1 小时"},
		{90 * time.Minute, 0, "every 1 hour 30 minutes", "每隔 1 小时 30 分钟"},
	} {
		if en, zh := every("en", c.d, c.most), every("zh", c.d, c.most); en != c.en || zh != c.zh {
			t.Errorf("%v: %q and %q, want %q and %q", c.d, en, zh, c.en, c.zh)
		}
	}
}
