package web

import (
	"fmt"
	"strings"
	"time"
)

// languages are those that pages for people are written in.
var languages = []string{"en", "zh"}

// fallback is the language of pages for a client that wishes none of them.
func (c *config) fallback() string {
	if strings.HasPrefix(strings.ToLower(c.lang), "zh") {
		return "zh"
	}
	return "en"
}

// words are the sentences of the pages in one language.
type words struct {
	Code, Other, OtherName                                      string
	Everything, Find, Show, Nothing, NoPosts, NoMatch, Contains string
	NoPost                                                      string
	Posts, Newest, Slack, SlackHint, Previous, Next, Page       string
	SortBy, Home, OPML, OPMLAll, AlsoIn                         string
	NotFound, NotFoundHint, Similar, Untitled                   string
	Unavailable, UnavailableHint                                string
	Sorts                                                       map[string]string
	Kinds, Kind                                                 map[string]string
	published, publishedNewest                                  string
	ages                                                        [5]string
	now, never                                                  string
}

var texts = map[string]*words{
	"en": {
		Code: "en", Other: "zh", OtherName: "中文",
		Everything: "Everything", Find: "Find a topic", Show: "Find",
		Nothing:  "Nothing is published yet. This page fills as soon as the first post arrives; feeds can be subscribed to now.",
		NoPosts:  "No posts now. Your subscription stays valid: what comes will be delivered.",
		NoMatch:  "No topic matches.",
		NoPost:   "No post matches now. The addresses are valid all the same: what comes and matches will be delivered.",
		Contains: "The newest posts, in full where the source has them in full.",
		Posts:    "Posts", Newest: "Newest", Slack: "Slack",
		SlackHint: "Send this line in the channel:",
		Previous:  "Previous", Next: "Next", Page: "Page", SortBy: "Sort by", Home: "All topics", OPML: "OPML", OPMLAll: "all", AlsoIn: "also in:",
		NotFound: "There is no such topic", NotFoundHint: "No post has ever had this label.", Similar: "Near to it:",
		Unavailable: "Not available now", UnavailableHint: "The store cannot be reached and this page was never shown before. Try again in half a minute.",
		Untitled:  "(untitled)",
		Sorts:     map[string]string{"recent": "newest post", "name": "name", "count": "number of posts"},
		Kinds:     map[string]string{"feed": "Saved feeds", "category": "Categories", "tag": "Tags", "source": "Sources", "author": "Authors", "lang": "Languages"},
		Kind:      map[string]string{"all": "Everything", "feed": "Saved feed", "category": "Category", "tag": "Tag", "source": "Source", "author": "Author", "lang": "Language"},
		published: "%d posts in %d topics.", publishedNewest: "%d posts in %d topics, the newest %s.",
		ages: [5]string{"%d min ago", "%d h ago", "%d days ago", "%d months ago", "%d years ago"}, now: "just now", never: "–",
	},
	"zh": {
		Code: "zh", Other: "en", OtherName: "English",
		Everything: "全部", Find: "查找主题", Show: "查找",
		Nothing:  "还没有内容。第一篇文章到达后，这里就会显示；现在已经可以订阅。",
		NoPosts:  "目前没有文章。您的订阅继续有效，新文章到达后会照常出现。",
		NoMatch:  "没有匹配的主题。",
		NoPost:   "目前没有符合条件的文章。地址依然有效，之后符合条件的文章会照常出现。",
		Contains: "最新的文章；来源提供全文时为全文。",
		Posts:    "文章", Newest: "最新", Slack: "Slack",
		SlackHint: "在频道里发送这一行：",
		Previous:  "上一页", Next: "下一页", Page: "页", SortBy: "排序", Home: "全部主题", OPML: "OPML", OPMLAll: "全部", AlsoIn: "另见：",
		NotFound: "没有这个主题", NotFoundHint: "从来没有文章使用过这个标签。", Similar: "相近的主题：",
		Unavailable: "暂时无法显示", UnavailableHint: "暂时无法读取存储，而这个页面从未显示过。请半分钟后再试。",
		Untitled:  "（无标题）",
		Sorts:     map[string]string{"recent": "最新文章", "name": "名称", "count": "文章数"},
		Kinds:     map[string]string{"feed": "精选订阅", "category": "分类", "tag": "标签", "source": "来源", "author": "作者", "lang": "语言"},
		Kind:      map[string]string{"all": "全部", "feed": "精选订阅", "category": "分类", "tag": "标签", "source": "来源", "author": "作者", "lang": "语言"},
		published: "共 %d 篇文章，%d 个主题。", publishedNewest: "共 %d 篇文章，%d 个主题，最新一篇：%s。",
		ages: [5]string{"%d 分钟前", "%d 小时前", "%d 天前", "%d 个月前", "%d 年前"}, now: "刚刚", never: "–",
	},
}

// age says how long ago something was, coarsely.
func (w *words) age(t, now time.Time) string {
	d := now.Sub(t)
	const day = 24 * time.Hour
	switch {
	case t.IsZero():
		return w.never
	case now.IsZero(): // the page is read at any time
		return t.UTC().Format(time.DateOnly)
	case d < time.Minute:
		return w.now
	case d < time.Hour:
		return fmt.Sprintf(w.ages[0], d/time.Minute)
	case d < 2*day:
		return fmt.Sprintf(w.ages[1], d/time.Hour)
	case d < 60*day:
		return fmt.Sprintf(w.ages[2], d/day)
	case d < 730*day:
		return fmt.Sprintf(w.ages[3], d/(30*day))
	default:
		return fmt.Sprintf(w.ages[4], d/(365*day))
	}
}

// summary is the sentence at the head of the index.
func (w *words) summary(posts, topics int, newest, now time.Time) string {
	if newest.IsZero() {
		return fmt.Sprintf(w.published, posts, topics)
	}
	return fmt.Sprintf(w.publishedNewest, posts, topics, w.age(newest, now))
}
