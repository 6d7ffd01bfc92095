package web

// texts are the words of the pages by language.
var texts = map[string]*words{
	"en": {
		Code: "en", Other: "zh", OtherName: "中文",
		Skip: "Skip to the content", Home: "All topics", Untitled: "(untitled)",
		Copy: "Copy", Copied: "Copied",
		Theme: "Theme", Themes: [3]string{"system", "light", "dark"},
		Format: "Format", Open: "Open in a reader", NoSlack: "Slack cannot reach this address: only this machine or network can.",

		Everything: "Everything", Find: "Find a topic", FindHint: "a name, or a part of it", Show: "Find",
		Nothing: "Nothing is published yet. This page fills as soon as the first post arrives; feeds can be subscribed to now.",
		NoMatch: "No topic matches.",
		Topic:   "Topic", Posts: "Posts", Newest: "Newest", SortBy: "Sort by", Previous: "Previous", Next: "Next", Page: "Page",
		OPML: "OPML", OPMLAll: "all", BuildFilter: "Build a filter",
		Sorts: map[string]string{"recent": "newest post", "name": "name", "count": "number of posts"},
		Kinds: map[string]string{"feed": "Saved feeds", "category": "Categories", "tag": "Tags", "source": "Sources", "author": "Authors", "lang": "Languages"},
		Kind:  map[string]string{"all": "Everything", "feed": "Saved feed", "category": "Category", "tag": "Tag", "source": "Source", "author": "Author", "lang": "Language"},

		Subscribe: "Subscribe", Contains: "Each address has the newest posts, in full where the source has them in full.",
		NoPosts: "No posts now. Your subscription stays valid: what comes will be delivered.",
		NoPost:  "No post matches now. The addresses are valid all the same: what comes and matches will be delivered.",
		AlsoIn:  "also in:", From: "from",
		Slack: "Slack", SlackHint: "The line for Slack is sent in the channel.",
		QR: "QR code", QRHint: "The Atom address, for the reader on a phone.",
		Push: "Push to a group", PushHint: "Whoever runs this server has new posts sent to a chat group with this line. NAME is free, KIND is slack, teams, discord, telegram, wecom, feishu, dingtalk or webhook. The group's secret address is asked for there and never shown here.",
		PushFirst: "A filter has to be kept under a name first, as below; then it is a topic like any other.",
		Archive:   "Archives", ArchiveHint: "Every post there is, a month a document, each of which leads to the one before (RFC 5005):",
		First: "Newest posts", Newer: "Newer posts", Older: "Older posts", Related: "Often seen together",

		Filter: "Filter", FilterHint: "Leave out what you do not need. The addresses above become those of what is left.",
		Mistake: "Nothing is filtered yet: a field above has a mistake.",
		Apply:   "Filter", Clear: "Without filter", Keep: "Keep it under a name",
		KeepHint: "These lines in the configuration make it a saved feed, which has every matching post, however old:",
		Fields: map[string]string{
			"q": "With these words", "not": "Without these words", "category": "Category", "tag": "Tag", "author": "Author", "source": "Source", "lang": "Language",
			"since": "Not older than", "limit": "At most", "dates": "Date posts by when they arrived (for Slack)", "content": "Summaries instead of whole texts",
			"after": "after", "before": "before", "newer": "newer",
		},
		Hints: map[string]string{
			"q": `all of them; "a phrase" in quotes`, "not": "none of them", "since": "24h, 7d or 2026-11-01", "limit": "posts: 1 to 1000", "list": "any of those given",
		},
		// Refused is empty: the reasons are in English as they are.

		ReadAt: "Read it at", Published: "Published", Updated: "Updated", Arrived: "Arrived here", By: "By", Source: "Source", CopiedFrom: "Copied from",
		Files: "Files", Labels: "Labels", Short: "The text goes on: this page is kept short.", Empty: "The source gives no text.", Read: "Text",
		Picture: "Picture", ShowImages: "Show pictures", HideImages: "Hide pictures",
		ImagesOff: "Pictures are not loaded: their hosts would learn that you read this.", ImagesOn: "Pictures are loaded from their hosts.",

		NotFound: "There is no such topic", NotFoundHint: "No post has ever had this label.", NoItem: "There is no such post, or it was withdrawn.", Similar: "Near to it:",
		Unavailable: "Not available now", UnavailableHint: "The store cannot be reached and this page was never shown before. Try again in half a minute.",
		Gathering: "This feed is new and its posts are being gathered. Try again in a few seconds.",
		Busy:      "Many other filters are being looked up. Try again in a few seconds.",
		Wrong:     "This address cannot be answered",

		published: "%d posts in %d topics.", publishedNewest: "%d posts in %d topics, the newest %s.",
		match: "Matching posts: %d.", matchOf: "Matching posts: %d of the newest %d.", matchMore: "Matching posts: the newest %d.",
		local: "Only this machine or network can reach %s: set base_url to the public address, so that readers elsewhere, Slack and WebSub can.", found: "Topics found: %d.",
		perDay: "about %d a day", perWeek: "about %d a week", perMonth: "about %d a month",
		ages: [5]string{"%d min ago", "%d h ago", "%d days ago", "%d months ago", "%d years ago"}, now: "just now", never: "–",
		audio: "Audio", video: "Video", other: "File",
	},
	"zh": {
		Code: "zh", Other: "en", OtherName: "English",
		Skip: "跳到正文", Home: "全部主题", Untitled: "（无标题）",
		Copy: "复制", Copied: "已复制",
		Theme: "外观", Themes: [3]string{"跟随系统", "浅色", "深色"},
		Format: "格式", Open: "在阅读器中打开", NoSlack: "Slack 无法访问这个地址：只有本机或本地网络可以访问。",

		Everything: "全部", Find: "查找主题", FindHint: "名称或其中几个字", Show: "查找",
		Nothing: "还没有内容。第一篇文章到达后，这里就会显示；现在已经可以订阅。",
		NoMatch: "没有匹配的主题。",
		Topic:   "主题", Posts: "文章", Newest: "最新", SortBy: "排序", Previous: "上一页", Next: "下一页", Page: "页",
		OPML: "OPML", OPMLAll: "全部", BuildFilter: "定制筛选",
		Sorts: map[string]string{"recent": "最新文章", "name": "名称", "count": "文章数"},
		Kinds: map[string]string{"feed": "精选订阅", "category": "分类", "tag": "标签", "source": "来源", "author": "作者", "lang": "语言"},
		Kind:  map[string]string{"all": "全部", "feed": "精选订阅", "category": "分类", "tag": "标签", "source": "来源", "author": "作者", "lang": "语言"},

		Subscribe: "订阅", Contains: "每个地址都包含最新的文章；来源提供全文时为全文。",
		NoPosts: "目前没有文章。您的订阅继续有效，新文章到达后会照常出现。",
		NoPost:  "目前没有符合条件的文章。地址依然有效，之后符合条件的文章会照常出现。",
		AlsoIn:  "另见：", From: "来自",
		Slack: "Slack", SlackHint: "Slack 的那一行发送在频道里。",
		QR: "二维码", QRHint: "Atom 地址，用手机上的阅读器扫描。",
		Push: "推送到群", PushHint: "本站的管理员用这一行命令把新文章推送到群里。NAME 自取，KIND 为 wecom（企业微信）、feishu（飞书）、dingtalk（钉钉）、slack、teams、discord、telegram 或 webhook。群的密钥地址只在那里输入，不会显示在这里。",
		PushFirst: "筛选结果要先按下面的方法命名保存，之后就和其他主题一样可以推送。",
		Archive:   "归档", ArchiveHint: "全部文章，每月一个文档，每个文档指向前一个（RFC 5005）：",
		First: "最新的文章", Newer: "较新的文章", Older: "更早的文章", Related: "常一起出现",

		Filter: "筛选", FilterHint: "去掉不需要的内容，上面的地址会随之变成筛选后的地址。",
		Mistake: "还没有筛选：上面有一个字段填写有误。",
		Apply:   "筛选", Clear: "取消筛选", Keep: "命名保存",
		KeepHint: "把这几行写进配置文件，就成为一个精选订阅，包含所有符合条件的文章，不论新旧：",
		Fields: map[string]string{
			"q": "包含这些词", "not": "不含这些词", "category": "分类", "tag": "标签", "author": "作者", "source": "来源", "lang": "语言",
			"since": "不早于", "limit": "最多", "dates": "以到达时间作为文章日期（用于 Slack）", "content": "只要摘要，不要全文",
			"after": "after", "before": "before", "newer": "newer",
		},
		Hints: map[string]string{
			"q": `全部包含；短语加引号："人工 智能"`, "not": "一个也不含", "since": "24h、7d 或 2026-11-01", "limit": "篇数：1 到 1000", "list": "符合其中之一",
		},
		Refused: map[string]string{
			"q": "引号没有成对，或者词太多", "not": "引号没有成对，词太多，或者词前有减号", "since": "请写小时数（24h）、天数（7d）或日期（2026-11-01）", "limit": "请写 1 到 1000 之间的数",
			"dates": "只能是 arrival 或 source", "content": "只能是 summary 或 full", "before": "不是有效的位置，请使用页面上的链接", "newer": "不是有效的位置，请使用页面上的链接", "after": "不是有效的位置，请使用 JSON Feed 给出的值",
			"category": "个数太多", "tag": "个数太多", "author": "个数太多", "source": "个数太多", "lang": "个数太多",
		},

		ReadAt: "阅读原文：", Published: "发布", Updated: "更新", Arrived: "到达本站", By: "作者", Source: "来源", CopiedFrom: "转自",
		Files: "附件", Labels: "标签", Short: "本页只显示正文的开头。", Empty: "来源没有提供正文。", Read: "正文",
		Picture: "图片", ShowImages: "显示图片", HideImages: "隐藏图片",
		ImagesOff: "图片没有加载：否则图片所在的网站会知道您在阅读。", ImagesOn: "图片从各自的网站加载。",

		NotFound: "没有这个主题", NotFoundHint: "从来没有文章使用过这个标签。", NoItem: "没有这篇文章，或者它已被撤回。", Similar: "相近的主题：",
		Unavailable: "暂时无法显示", UnavailableHint: "暂时无法读取存储，而这个页面从未显示过。请半分钟后再试。",
		Gathering: "这个订阅是新的，正在收集文章。请几秒后再试。",
		Busy:      "正在处理很多其他筛选。请几秒后再试。",
		Wrong:     "无法回答这个地址",

		published: "共 %d 篇文章，%d 个主题。", publishedNewest: "共 %d 篇文章，%d 个主题，最新一篇：%s。",
		match: "%d 篇文章符合条件。", matchOf: "最新 %[2]d 篇文章中有 %[1]d 篇符合条件。", matchMore: "符合条件的最新 %d 篇文章。",
		local: "只有本机或本地网络可以访问 %s：请把 base_url 设为公开的地址，别处的阅读器、Slack 和 WebSub 才能使用。", found: "找到 %d 个主题。",
		perDay: "每天约 %d 篇", perWeek: "每周约 %d 篇", perMonth: "每月约 %d 篇",
		ages: [5]string{"%d 分钟前", "%d 小时前", "%d 天前", "%d 个月前", "%d 年前"}, now: "刚刚", never: "–",
		audio: "音频", video: "视频", other: "文件",
	},
}
