package main

import (
	"fmt"
	"net/http/httptest"
	"os"
	"strings"
	"sync"

	"github.com/rogpeppe/go-internal/testscript"

	"feedmill/feeds/push/pushtest"
)

// scriptPlatforms are the fakes that a script may start: how each is made, and the path of its webhook.
var scriptPlatforms = map[string]struct {
	fake func() *pushtest.Fake
	path string
	sign string // the second secret that the platform's page shows; empty for none
}{
	"slack":    {func() *pushtest.Fake { return pushtest.Slack(nil) }, pushtest.SlackPath, ""},
	"wecom":    {func() *pushtest.Fake { return pushtest.WeCom(nil) }, "/cgi-bin/webhook/send?key=fake-key-wecom", ""},
	"feishu":   {func() *pushtest.Fake { return pushtest.Feishu(nil) }, pushtest.FeishuPath, pushtest.FeishuSecret},
	"dingtalk": {func() *pushtest.Fake { return pushtest.DingTalk(nil) }, pushtest.DingTalkPath, pushtest.DingTalkSecret},
	"webhook":  {func() *pushtest.Fake { return pushtest.Webhook(nil) }, pushtest.WebhookPath, pushtest.WebhookSecret},
}

// platform KIND VAR CONFIGURATION FILE starts a fake platform: the variable is its address, the file holds its webhook as the
// platform's page shows it, and gone.txt one that was removed.
func fakePlatform(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 4 {
		ts.Fatalf("usage: platform KIND VAR CONFIGURATION FILE")
	}
	p, ok := scriptPlatforms[args[0]]
	if !ok {
		ts.Fatalf("no platform %s", args[0])
	}
	fake := p.fake()
	srv := httptest.NewServer(fake)
	ts.Defer(func() {
		fake.Close()
		srv.Close()
	})
	ts.Setenv(args[1], srv.URL)
	ts.Check(os.WriteFile(ts.MkAbs(args[3]), []byte(srv.URL+p.path+"\n"+p.sign+"\n"), 0o600))
	ts.Check(os.WriteFile(ts.MkAbs("gone.txt"), []byte(srv.URL+strings.ReplaceAll(p.path, "fake", "gone-")+"\n"), 0o600))
	fakesOf.Store(ts.Getenv("WORK")+args[0], fake)
}

// fakesOf are the fakes of running scripts, by working directory and kind.
var fakesOf sync.Map

// shown KIND TEXT waits until a message with this text is shown by a fake platform.
func shownBy(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: shown KIND TEXT")
	}
	v, _ := fakesOf.Load(ts.Getenv("WORK") + args[0])
	fake, ok := v.(*pushtest.Fake)
	if !ok {
		ts.Fatalf("no platform %s was started", args[0])
	}
	poll(ts, args[1], func() (bool, string) {
		var all strings.Builder
		for _, m := range fake.Received() {
			fmt.Fprintf(&all, "%s\n", m.Body)
		}
		return strings.Contains(all.String(), args[1]), all.String()
	})
}
