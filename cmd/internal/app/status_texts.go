package app

import (
	"cmp"
	"fmt"
	"net/http"

	"golang.org/x/text/language"
)

// statusTexts are the words of the status page by language; both have the same keys.
var statusTexts = map[string]map[string]string{
	"en": {
		"code": "en", "other": "zh", "otherName": "中文", "title": "status", "health": "health", "feed": "What happens is also a feed:",
		"publishes": "Publishes at", "keeps": "keeps in", "never": "never", "none": "",
		"superseded": "Another replica runs a newer configuration: this one serves and does not fetch.",
		"degraded":   "The store does not answer. What was rendered is served on; nothing new is published.",
		"config":     "The configuration on disk was not loaded, the one before runs on:",
		"posts":      "Posts per hour, the last 48 hours", "postsSum": "%d posts; at most %d in an hour", "cut": "There are more: only the newest were counted.",
		"sources": "Sources", "source": "Source", "state": "State", "items": "Items", "last": "Last", "next": "Next", "answer": "Answer", "group": "Private group",
		"same": "if they are the same", "new": "if they are new", "merged": "%d of them shown under other sources", "dropped": "%d left out by rules",
		"adopted": "%d of %d IDs of", "late": "%d were published here before", "failures": "%d failures in a row",
		"requests": "%d requests, %d%% not modified, %d bytes", "noValidators": "no validators", "pushed": "news are pushed", "cadence": "something new about every %s",
		"silent": "silent since", "rejected": "%d posts rejected or repaired", "more": "and %d more: see", "noSource": "No source is running yet.",
		"targets": "Bots and endpoints", "target": "Target", "backlog": "Waiting", "delivered": "Delivered", "dead": "Dead letters", "error": "Last error", "since": "since",
		"saved": "Saved feeds", "name": "Name", "fails": "The expression fails for some items, which are not in it:",
		"served": "Readers", "filters": "Filters refused because too many were asked for at once", "holders": "opened by", "nobody": "nobody", "hub": "WebSub hub",
		"subscriptions": "%d subscriptions to %d feeds, %d callbacks failing", "deliveries": "%d delivered, %d failed, %d dropped",
		"asked": "%d requests verified, %d refused, %d turned away with 429",
		"ready": "ready", "gathering": "being gathered for the first time", "changing": "the new expression is being gathered, the old one is served",
	},
	"zh": {
		"code": "zh", "other": "en", "otherName": "English", "title": "运行状态", "health": "健康状况", "feed": "以上事件也是一份 feed：",
		"publishes": "发布于", "keeps": "存储于", "never": "从未", "none": "",
		"superseded": "另一个副本运行着更新的配置：本副本只提供服务，不抓取。",
		"degraded":   "存储没有应答。已生成的文档照常提供，但不会发布新内容。",
		"config":     "磁盘上的配置未能载入，仍按上一份配置运行：",
		"posts":      "最近 48 小时每小时的文章数", "postsSum": "共 %d 篇，一小时最多 %d 篇", "cut": "实际更多：只统计了最新的一部分。",
		"sources": "来源", "source": "来源", "state": "状态", "items": "文章", "last": "上次", "next": "下次", "answer": "应答", "group": "私有组",
		"same": "若是同一批文章：", "new": "若是新文章：", "merged": "其中 %d 篇显示在其他来源之下", "dropped": "规则排除 %d 篇",
		"adopted": "沿用 ID %d / %d，来自", "late": "其中 %d 篇此前已在这里发布", "failures": "连续失败 %d 次",
		"requests": "请求 %d 次，未变更 %d%%，%d 字节", "noValidators": "没有校验值", "pushed": "由对方推送更新", "cadence": "约每 %s 有更新",
		"silent": "没有新内容，自", "rejected": "拒绝或修复 %d 篇", "more": "另有 %d 条，见", "noSource": "还没有来源在运行。",
		"targets": "机器人与接收端", "target": "接收端", "backlog": "等待发送", "delivered": "已送达", "dead": "死信", "error": "最近的错误", "since": "自",
		"saved": "已保存的 feed", "name": "名称", "fails": "表达式对部分文章出错，这些文章未收入：",
		"served": "读者", "filters": "因同时请求过多而拒绝的筛选", "holders": "持有密钥者", "nobody": "无人", "hub": "WebSub 中心",
		"subscriptions": "%d 个订阅，涉及 %d 份 feed，%d 个回调失败中", "deliveries": "送达 %d，失败 %d，放弃 %d",
		"asked": "请求已确认 %d，拒绝 %d，因过多而退回（429）%d",
		"ready": "就绪", "gathering": "首次收集中", "changing": "正在按新表达式收集，暂时提供旧的",
		"starting": "启动中", "elsewhere": "由其他副本负责", "fetching": "抓取中", "waiting": "等待中", "failing": "失败", "held": "已扣住", "gone": "已永久消失", "leaving": "正在退出",
		"idle": "空闲", "sending": "发送中", "broken": "暂停重试", "parked": "已停放", "paused": "已暂停",
	},
}

var statusLanguages = language.NewMatcher([]language.Tag{language.English, language.Chinese})

// statusLanguage is the language that an operator wants: the one in the address, else what the browser says.
func statusLanguage(r *http.Request) string {
	if hl := r.URL.Query().Get("hl"); statusTexts[hl] != nil {
		return hl
	}
	tags, _, err := language.ParseAcceptLanguage(r.Header.Get("Accept-Language"))
	if err != nil {
		return "en"
	}
	if _, i, _ := statusLanguages.Match(tags...); i == 1 {
		return "zh"
	}
	return "en"
}

// in is an event in a language; of what happened those words that are ours.
func (e event) in(lang string) event {
	if lang != "zh" {
		return e
	}
	name := cmp.Or(e.Source, e.Target)
	e.What = reasonText(lang, e.What)
	switch e.Kind {
	case kindDown:
		e.Title, e.Next = fmt.Sprintf("来源 %s 无法抓取", name), "请确认地址无误且可以访问；程序会自行重试，也可以立即运行 feedmill check --online。若对方应答 410，请从配置中删除该来源或改写地址。"
	case kindDrift:
		e.Title, e.Next = fmt.Sprintf("来源 %s 的形式变了", name), "请查看对方页面，调整该来源的配置，再用 feedmill check --online 试抓。"
	case kindHeld:
		e.Title, e.Next = fmt.Sprintf("来源 %s 的变更已扣住", name), fmt.Sprintf("若属实：feedmill release %s；若是同一批文章换了标识：feedmill absorb %[1]s；若不属实，请恢复缺失的内容。", name)
	case kindSilent:
		e.Title, e.Next = fmt.Sprintf("来源 %s 没有新内容", name), "请查看对方：如果有更新的文章，说明读取方式或地址不对。"
	case kindDegraded:
		e.Title, e.Next = "存储没有应答", "请确认存储在运行、可以访问且空间充足；恢复后程序自行继续。"
	case kindBack:
		switch {
		case e.Source != "":
			e.Title = fmt.Sprintf("来源 %s 已恢复", name)
		case e.Target != "":
			e.Title = fmt.Sprintf("接收端 %s 已恢复", name)
		default:
			e.Title = "存储已恢复应答"
		}
		e.Next = "无需操作。"
	case kindParked:
		e.Title, e.Next = fmt.Sprintf("接收端 %s 已停放", name), fmt.Sprintf("解决原因后运行 feedmill push resume %s；期间的文章不会丢失。", name)
	case kindUnreachable:
		e.Title, e.Next = fmt.Sprintf("接收端 %s 无法送达", name), "请确认对方地址有效且可以访问；程序会自行重试，文章不会丢失。"
	}
	return e
}
