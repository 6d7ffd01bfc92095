package app

import (
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"feedmill/feeds/push"
	"feedmill/sources"
)

// TestReasonsAreSaid: what is translated is what some part of feedmill says, or the system or a library that it quotes; a
// sentence that was changed there and not here would come in English.
func TestReasonsAreSaid(t *testing.T) {
	quoted := map[string]bool{"no such file or directory": true, "permission denied": true, "connection refused": true, "no such host": true}
	var b strings.Builder
	for _, dir := range []string{"sources", "cache", "feeds/push", "cmd/internal/app"} {
		err := filepath.WalkDir(filepath.Join("../../..", dir), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") || d.Name() == "status_reasons.go" {
				return err
			}
			src, err := os.ReadFile(path)
			b.Write(src)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	code := b.String()
	for _, r := range reasons {
		if quoted[r[0]] {
			continue
		}
		for _, words := range strings.FieldsFunc(strings.ReplaceAll(r[0], "{*}", "{}"), func(c rune) bool { return c == '{' || c == '}' }) {
			if words = strings.Trim(words, " .,:;()"); !strings.Contains(code, strings.TrimSuffix(words, "s")) {
				t.Errorf("nothing says %q of %q any more", words, r[0])
			}
		}
		if a, b := strings.Count(r[0], "{"), strings.Count(r[1], "{"); a != b {
			t.Errorf("%q has %d things in it, %q %d", r[0], a, r[1], b)
		}
	}
}

// TestReasonsInChinese: what sources, targets and events really say has no English word left but what it quotes.
func TestReasonsInChinese(t *testing.T) {
	now := time.Date(2026, 11, 29, 8, 0, 0, 0, time.UTC)
	src := func(change func(*sources.Status)) *sources.Status {
		st := &sources.Status{Name: "n", Location: "https://a.example/feed", Failures: 3, Error: "get https://a.example/feed: the server answers 503 Service Unavailable", LastOK: now, Newest: now, Cadence: sources.Duration(118*time.Hour + 48*time.Minute)}
		if change != nil {
			change(st)
		}
		return st
	}
	why := func(e event) string { return e.What }
	target := &push.Status{Name: "t", Kind: "wecom", Location: "https://bot.example/…", Why: "the target is gone (93000): invalid webhook url", Backlog: 4, Oldest: now, Last: now}
	for _, c := range []struct{ en, zh string }{
		{sources.Withheld{Gone: 30, Items: 31}.String(), "31 篇文章中有 30 篇将被撤下"},
		{sources.Churn{Items: 7}.String(), "7 篇已发布的文章换了标识重新出现"},
		{"34 posts, 0 read", "34 篇文章，读取 0 篇"},
		{"200, 31 items, 2 new or changed", "200, 31 篇，新增或变更 2 篇"},
		{"304; moved for good: write https://b.example/f into the configuration", "304; 已永久迁移：请在配置中改写为 https://b.example/f"},
		{"get https://a.example/f: the answer took too long: net/http: request canceled", "抓取 https://a.example/f：应答超时：net/http: request canceled"},
		{"get https://a.example/f: the server answers 404 Not Found; check the address", "抓取 https://a.example/f：服务器应答 404 Not Found；请检查地址"},
		{fmt.Sprint(sources.Rejected{Where: "_posts/a.md", Line: 3, Repaired: true, Reason: "the front matter is not YAML (did not find expected key): read title as written; quote the text properly"}), "_posts/a.md:3: 已修复：front matter 不是有效的 YAML（did not find expected key）：按原样读取了 title；请正确使用引号"},
		{"too many failures in a row", "连续失败次数过多"},
		{fmt.Sprint(&push.Error{Class: push.Transient, Code: "network", Reason: "dial tcp: connection refused"}), "暂时失败（网络）：dial tcp: 连接被拒绝"},
		{"another process serves it; blocked by a rule of the platform (19024): Key Words Not Found", "由其他进程负责；被平台规则阻止（19024）：Key Words Not Found"},
		{why(tell(src(nil), kindDown, now)), "连续 3 次抓取 https://a.example/feed 失败，最后一次的原因：抓取 https://a.example/feed：服务器应答 503 Service Unavailable。上一次成功：2026-11-29 08:00:00 UTC。它的 feed 保持不变。"},
		{why(tell(src(func(s *sources.Status) { s.State = "gone" }), kindDown, now)), "https://a.example/feed 应答 410：对方表示不再恢复。程序不再请求它。"},
		{why(tell(src(func(s *sources.Status) { s.Error = "items: li" }), kindDrift, now)), "要找的内容已不在那里：items: li。"},
		{why(tell(src(func(s *sources.Status) { s.Withheld = &sources.Withheld{Gone: 30, Items: 31} }), kindHeld, now)), "31 篇文章中有 30 篇将被撤下。在您确认之前，feed 保持不变。"},
		{why(tell(src(func(s *sources.Status) { s.Churn = &sources.Churn{Items: 7} }), kindHeld, now)), "7 篇已发布的文章换了标识重新出现。在您说明之前，一篇也不发布。"},
		{why(tell(src(nil), kindSilent, now)), "以往约每 5 天 有更新，自 2026-11-29 08:00:00 UTC 起没有新内容。抓取是成功的。"},
		{why(degraded(now, fmt.Errorf("read: %w", http.ErrServerClosed))), "自 2026-11-29 08:00:00 UTC 起：read: http: Server closed。已生成的文档照常提供，但不会发布新内容。"},
		{why(tellTarget(target, kindParked, now)), "https://bot.example/… 不再接收：接收端已不存在（93000）：invalid webhook url。不再向它发送；新文章会等待，不会丢失。"},
		{why(tellTarget(target, kindUnreachable, now)), "自 2026-11-29 08:00:00 UTC 起没有送达 https://bot.example/…：接收端已不存在（93000）：invalid webhook url。4 篇在等待，最早的一篇自 2026-11-29 08:00:00 UTC 起。"},
	} {
		if got := reasonText("zh", c.en); got != c.zh {
			t.Errorf("%s\n got %s\nwant %s", c.en, got, c.zh)
		}
		if reasonText("en", c.en) != c.en {
			t.Errorf("%q is other in English", c.en)
		}
	}
}

func TestReasonOnPage(t *testing.T) {
	for s, want := range map[string]string{
		"get https://a.example/<b>: the answer took too long: net/http: <x>": `抓取 <span lang="en">https://a.example/&lt;b&gt;</span>：应答超时：<span lang="en">net/http: &lt;x&gt;</span>`,
		"304, same document": "304, 文档未变",
		"连接中断: <br>":         "连接中断: &lt;br&gt;",
	} {
		if got := string(reasonHTML("zh", s)); got != want {
			t.Errorf("%q: %s, want %s", s, got, want)
		}
	}
	if got := string(reasonHTML("en", "<b>same document")); got != "&lt;b&gt;same document" {
		t.Errorf("in English: %s", got)
	}
}
