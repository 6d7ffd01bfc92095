package app

import (
	"html/template"
	"regexp"
	"strings"
	"unicode"
)

// reasons are the words in which feedmill says why something is as it is, and what they are in Chinese. {} stands for what
// differs, without a mark that parts reasons; {*} for anything. Both are looked for in turn, so that a sentence may hold a reason.
// What is not here stays as it is: it quotes others.
var reasons = [][2]string{
	// What happened, as health events say it.
	{"{} fetches of {} in a row failed, the last with: {*}. The last good one was at {}. Its feeds stay as they were.", "连续 {} 次抓取 {} 失败，最后一次的原因：{}。上一次成功：{}。它的 feed 保持不变。"},
	{"{} answers 410: its owner says that it will not come back. It is not asked any more.", "{} 应答 410：对方表示不再恢复。程序不再请求它。"},
	{"What is looked for is not found any more: {*}.", "要找的内容已不在那里：{}。"},
	{"{*}. The feeds stay as they are until you say that this is right.", "{}。在您确认之前，feed 保持不变。"},
	{"{*}. Nothing of it is published until you say what it is.", "{}。在您说明之前，一篇也不发布。"},
	{"Something new came about every {}, and nothing since {}. Fetches succeed.", "以往约每 {} 有更新，自 {} 起没有新内容。抓取是成功的。"},
	{"Since {}: {*}. What was rendered is served on; nothing new is published.", "自 {} 起：{}。已生成的文档照常提供，但不会发布新内容。"},
	{"It did not from {} to {}.", "从 {} 到 {} 没有应答。"},
	{"It is fetched again since {}; it had failed before {}.", "自 {} 起恢复抓取；此前自 {} 起失败。"},
	{"It goes on; it had stood still since {}.", "已继续；此前自 {} 起停顿。"},
	{"{} takes nothing any more: {*}. Nothing is sent to it, and nothing is lost: what is new waits.", "{} 不再接收：{}。不再向它发送；新文章会等待，不会丢失。"},
	{"Nothing has reached {} since {}: {*}. {} items wait, the first since {}.", "自 {1} 起没有送达 {0}：{2}。{3} 篇在等待，最早的一篇自 {4} 起。"},
	{"{} of {} items would be withdrawn", "{1} 篇文章中有 {0} 篇将被撤下"},
	{"{} published entries came again under other keys", "{} 篇已发布的文章换了标识重新出现"},

	// What a fetch brought.
	{"{} posts", "{} 篇文章"},
	{"{} items", "{} 篇"},
	{"{} read", "读取 {} 篇"},
	{"{} new or changed", "新增或变更 {} 篇"},
	{"{} changed files", "变更 {} 个文件"},
	{"{} items taken", "收下 {} 篇"},
	{"same document", "文档未变"},
	{"moved for good", "已永久迁移"},
	{"write {} into the configuration", "请在配置中改写为 {}"},
	{"told by the hub", "由中心通知"},
	{"pushed", "由对方推送"},
	{"unsubscribed", "已退订"},
	{"its hub cannot be used without base_url", "没有 base_url，无法使用它的中心"},
	{"its hub", "它的中心"},
	{"the first fetch did not end", "首次抓取没有完成"},
	{"the program did", "程序先结束了"},

	// Why a fetch failed.
	{"get {}", "抓取 {}"},
	{"read {} as written", "按原样读取了 {}"},
	{"read {}", "读取 {}"},
	{"resolve {}", "解析 {}"},
	{"parse {}", "解析 {}"},
	{"the server answers {}", "服务器应答 {}"},
	{"check the address and its credentials", "请检查地址和凭据"},
	{"check the address", "请检查地址"},
	{"remove the source or find its new address", "请删除该来源或改写为新地址"},
	{"{} asked for a pause until {}", "{} 要求暂停到 {}"},
	{"the host is at a private or special address", "该主机位于私有或特殊地址"},
	{"allow its network if that is meant", "若确需访问，请用 allow 放行其网络"},
	{"the port is not one for HTTP", "该端口不是 HTTP 端口"},
	{"the address must start with http:// or https://", "地址必须以 http:// 或 https:// 开头"},
	{"redirect not followed", "没有跟随重定向"},
	{"it leads from https to http", "它从 https 转到 http"},
	{"the answer took too long", "应答超时"},
	{"the body is too large", "正文过大"},
	{"more than {} bytes", "超过 {} 字节"},
	{"the body expands too much", "正文解压后过大"},
	{"the body cannot be decompressed", "正文无法解压"},
	{"the body is empty", "正文为空"},
	{"the site's robots.txt asks robots not to fetch it", "该站的 robots.txt 不允许抓取"},
	{"check the configuration", "请检查配置"},
	{"what is outside has changed", "对方的内容形式变了"},
	{"open the site", "打开站点"},
	{"list the site", "列出站点文件"},
	{"is the disk mounted, and may this user read it?", "磁盘挂载了吗？当前用户可以读取吗？"},
	{"no such file or directory", "没有这个文件或目录"},
	{"permission denied", "没有权限"},
	{"connection refused", "连接被拒绝"},
	{"no such host", "没有这个主机"},
	{"the server does not let us in", "服务器拒绝访问"},
	{"the server does not answer", "服务器没有应答"},
	{"no such branch", "没有这个分支"},
	{"the repository is empty", "仓库是空的"},
	{"push a commit to it", "请先推送一次提交"},
	{"the repository is too large", "仓库过大"},
	{"no reason given", "没有说明原因"},
	{"store is unavailable", "存储不可用"},
	{"store is full", "存储已满"},

	// Why posts are left out or mended.
	{"no date in the file name", "文件名中没有日期"},
	{"name it like 2022-01-31-title.md", "请命名为 2022-01-31-title.md 的形式"},
	{"the file is empty", "文件是空的"},
	{"the front matter has no end", "front matter 没有结束"},
	{"close it with a line ---", "请用一行 --- 结束它"},
	{"the front matter is not YAML ({})", "front matter 不是有效的 YAML（{}）"},
	{"the front matter is larger than {} KiB", "front matter 超过 {} KiB"},
	{"the front matter cannot be read", "front matter 无法读取"},
	{"quote the text properly", "请正确使用引号"},
	{"{} is not understood", "{} 无法识别"},
	{"date is empty", "日期为空"},
	{"took the day of the file name", "采用文件名中的日期"},
	{"larger than {} KiB", "超过 {} KiB"},
	{"the file is not UTF-8", "文件不是 UTF-8"},
	{"read it as GB18030", "按 GB18030 读取"},
	{"save it as UTF-8", "请存为 UTF-8"},
	{"bytes that are not UTF-8 were replaced", "不是 UTF-8 的字节已替换"},
	{"nothing to show", "没有可显示的内容"},
	{"no title, link or text", "没有标题、链接或正文"},
	{"cannot read the file", "无法读取文件"},
	{"rejected", "已拒绝"},
	{"repaired", "已修复"},

	// What a target waits for, and why it stands still.
	{"for the next attempt", "等待下一次尝试"},
	{"for the end of quiet hours", "等待静默时段结束"},
	{"for the limit of the platform", "等待平台限额恢复"},
	{"for the next digest", "等待下一次汇总"},
	{"for the end of a flood", "等待大批文章到齐"},
	{"too many failures in a row", "连续失败次数过多"},
	{"an operator paused it", "由管理员暂停"},
	{"another process serves it", "由其他进程负责"},
	{"this process does not run the newest configuration", "本进程运行的不是最新配置"},
	{"the lease was lost", "租约已失去"},
	{"the store does not answer", "存储没有应答"},
	{"blocked by a rule of the platform ({})", "被平台规则阻止（{}）"},
	{"the target is gone ({})", "接收端已不存在（{}）"},
	{"transient ({})", "暂时失败（{}）"},
	{"rate-limited ({})", "超过限额（{}）"},
	{"bad-payload ({})", "消息不被接受（{}）"},
	{"dead ({})", "已不存在（{}）"},
	{"blocked ({})", "被阻止（{}）"},
	{"the endpoint redirects to another address", "接收端转到了另一个地址"},
	{"a message is not sent on", "消息不会转发"},
	{"configure the address it redirects to", "请改为它转到的地址"},
	{"the address is not one that can be asked", "该地址无法请求"},
	{"check the configuration of the target", "请检查该接收端的配置"},
	{"the bot is gone, or its address is not whole", "机器人已不存在，或地址不完整"},
	{"copy it again", "请重新复制"},
	{"add this machine's address to the bot's list", "请把本机地址加入机器人的白名单"},
	{"add the bot to the chat, and check chat", "请把机器人加入群，并检查 chat"},
	{"let the bot write in the chat, as an administrator of a channel", "请允许机器人在群里发言，在频道里需设为管理员"},

	// Times.
	{"never", "从未"},
	{"timeout", "超时"},
	{"network", "网络"},
	{"{} day", "{} 天"},
	{"{} days", "{} 天"},
	{"{} hour", "{} 小时"},
	{"{} hours", "{} 小时"},
	{"{} hour {} minutes", "{} 小时 {} 分钟"},
	{"{} hours {} minutes", "{} 小时 {} 分钟"},
	{"{} minute", "{} 分钟"},
	{"{} minutes", "{} 分钟"},
	{"{} seconds", "{} 秒"},
}

// phrase is a reason to look for.
type phrase struct {
	form *regexp.Regexp
	zh   string
}

// phrases are the reasons with something in them, wordings those without, by themselves.
var phrases, wordings = func() (open []phrase, words map[string]string) {
	words = map[string]string{}
	for _, r := range reasons {
		form := regexp.QuoteMeta(r[0])
		form = strings.ReplaceAll(form, `\{\*\}`, `(.+)`)
		form = strings.ReplaceAll(form, `\{\}`, `((?:[^:;,]|[:;,][^ ])+)`)
		if form == regexp.QuoteMeta(r[0]) {
			words[r[0]] = r[1]
			continue
		}
		open = append(open, phrase{regexp.MustCompile("(?s)^" + form + "$"), r[1]})
	}
	return open, words
}()

// marks stand between reasons, and between a reason and what it is about; and what they are in Chinese.
var marks = [][2]string{{": ", "："}, {"; ", "；"}, {", ", "，"}}

// hole is a place in Chinese words: of the next thing, or of the one with that number.
var hole = regexp.MustCompile(`\{[\d*]?\}`)

// piece is a part of a reason: in Chinese, or as it was.
type piece struct {
	text  string
	known bool
}

// inChinese says a reason in Chinese, as far as the words are ours.
func inChinese(s string) []piece {
	if zh, ok := wordings[s]; ok {
		return []piece{{zh, true}}
	}
	for _, p := range phrases {
		m := p.form.FindStringSubmatch(s)
		if m == nil {
			continue
		}
		var out []piece
		at := 0
		for i, h := range hole.FindAllStringIndex(p.zh, -1) {
			if n := p.zh[h[0]+1 : h[1]-1]; n != "" && n != "*" {
				i = int(n[0] - '0')
			}
			out = append(append(out, piece{p.zh[at:h[0]], true}), inChinese(m[i+1])...)
			at = h[1]
		}
		return append(out, piece{p.zh[at:], true})
	}
	for _, mark := range marks {
		before, after, ok := strings.Cut(s, mark[0])
		if !ok {
			continue
		}
		out := inChinese(before)
		between := piece{mark[0], false}
		if out[len(out)-1].known {
			between = piece{mark[1], true}
		}
		return append(append(out, between), inChinese(after)...)
	}
	return []piece{{s, false}}
}

// reasonText is a reason for people who read a language.
func reasonText(lang, s string) string {
	if lang != "zh" {
		return s
	}
	var b strings.Builder
	for _, p := range inChinese(s) {
		b.WriteString(p.text)
	}
	return b.String()
}

// reasonHTML is the same for a page, where what stays in English says so.
func reasonHTML(lang, s string) template.HTML {
	if lang != "zh" {
		return template.HTML(template.HTMLEscapeString(s))
	}
	var b, rest strings.Builder
	flush := func() {
		text := template.HTMLEscapeString(rest.String())
		if rest.Reset(); strings.TrimSpace(text) == "" || strings.ContainsFunc(text, isHan) || !strings.ContainsFunc(text, unicode.IsLetter) {
			b.WriteString(text)
			return
		}
		b.WriteString(`<span lang="en">` + text + `</span>`)
	}
	for _, p := range inChinese(s) {
		if !p.known {
			rest.WriteString(p.text)
			continue
		}
		flush()
		b.WriteString(p.text)
	}
	flush()
	return template.HTML(b.String())
}

func isHan(r rune) bool { return unicode.Is(unicode.Han, r) }
