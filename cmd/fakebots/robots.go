package main

import (
	"time"

	"feedmill/feeds/push/pushtest"
)

// robot is one fake and what a person needs to send to it.
type robot struct {
	*pushtest.Fake
	Title string
	// prefix is what the paths of the platform begin with.
	prefix string
	// Path is the address below the program's own, or what stands in its place.
	Path string
	// Settings are further lines of the target's configuration.
	Settings []string
	show     func(body []byte) []Node
}

// robots are all of them, in the order in which people see them.
func robots(origin string) []*robot {
	return []*robot{
		{pushtest.Slack(time.Now), "Slack", "/services/", origin + pushtest.SlackPath, nil, showSlack},
		{pushtest.WeCom(time.Now), "WeCom 企业微信", "/cgi-bin/", origin + pushtest.WeComPath, nil, showWeCom},
		{pushtest.Webhook(time.Now), "Webhook", "/hooks/", origin + pushtest.WebhookPath, []string{"secret: ${FAKE_WEBHOOK_SECRET}   # " + pushtest.WebhookSecret}, showWebhook},
		{pushtest.Feishu(time.Now), "Feishu 飞书", "/open-apis/", origin + pushtest.FeishuPath, []string{"secret: ${FAKE_FEISHU_SECRET}   # " + pushtest.FeishuSecret}, showFeishu},
		{pushtest.DingTalk(time.Now), "DingTalk 钉钉", "/robot/", origin + pushtest.DingTalkPath, []string{"secret: ${FAKE_DINGTALK_SECRET}   # " + pushtest.DingTalkSecret}, showDingTalk},
		{pushtest.Telegram(time.Now), "Telegram", "/bot" + pushtest.TelegramToken + "/", pushtest.TelegramToken, []string{`chat: "` + pushtest.TelegramChat + `"`, "api: " + origin}, showTelegram},
		{pushtest.Discord(time.Now), "Discord", "/api/webhooks/", origin + pushtest.DiscordPath, nil, showDiscord},
		{pushtest.Teams(time.Now), "Microsoft Teams", "/workflows/", origin + pushtest.TeamsPath, nil, showTeams},
	}
}
