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
	// Secret signs; empty for none.
	Secret string
	// Settings are further keys of the target's configuration, as KEY=VALUE.
	Settings []string
	show     func(body []byte) []Node
}

// Add is the line that adds the robot as a target. It asks for the path and the secret.
func (r *robot) Add() string {
	line := "feedmill push add my-" + r.Name() + " " + r.Name() + " --config feedmill.yaml --topic all --set 'allow=" + allowed + "'"
	if r.Secret != "" {
		line += " --secret secret"
	}
	for _, s := range r.Settings {
		line += " --set '" + s + "'"
	}
	return line
}

// allowed are the networks that a target has to be allowed to reach a robot.
const allowed = `[127.0.0.0/8, "::1/128"]`

// robots are all of them, in the order in which people see them.
func robots(origin string) []*robot {
	return []*robot{
		{pushtest.Slack(time.Now), "Slack", "/services/", origin + pushtest.SlackPath, "", nil, showSlack},
		{pushtest.WeCom(time.Now), "WeCom 企业微信", "/cgi-bin/", origin + pushtest.WeComPath, "", nil, showWeCom},
		{pushtest.Webhook(time.Now), "Webhook", "/hooks/", origin + pushtest.WebhookPath, pushtest.WebhookSecret, nil, showWebhook},
		{pushtest.Feishu(time.Now), "Feishu 飞书", "/open-apis/", origin + pushtest.FeishuPath, pushtest.FeishuSecret, nil, showFeishu},
		{pushtest.DingTalk(time.Now), "DingTalk 钉钉", "/robot/", origin + pushtest.DingTalkPath, pushtest.DingTalkSecret, nil, showDingTalk},
		{pushtest.Telegram(time.Now), "Telegram", "/bot" + pushtest.TelegramToken + "/", pushtest.TelegramToken, "", []string{`chat="` + pushtest.TelegramChat + `"`, "api=" + origin}, showTelegram},
		{pushtest.Discord(time.Now), "Discord", "/api/webhooks/", origin + pushtest.DiscordPath, "", nil, showDiscord},
		{pushtest.Teams(time.Now), "Microsoft Teams", "/workflows/", origin + pushtest.TeamsPath, "", nil, showTeams},
	}
}
