package config

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"feedmill/feeds"
	"feedmill/feeds/push"
)

// chatConfig and phoneConfig have the shape of the configs of real kinds.
type chatConfig struct {
	Chat    string            `yaml:"chat" secret:"true" doc:"The webhook's address."`
	Mention string            `yaml:"mention" doc:"Whom each message mentions."`
	Headers map[string]string `yaml:"headers" secret:"true" doc:"Headers."`
}

func (c *chatConfig) Location() string { return push.Redact(c.Chat) }

func (c *chatConfig) Check() error {
	if !strings.HasPrefix(c.Chat, "https://") {
		return errors.New("want the address of the webhook, as copied")
	}
	if c.Mention == "everybody" {
		return errors.New("mention: want all or a name")
	}
	return nil
}

type fakeTarget struct{}

func (fakeTarget) Render(*push.Message) (*push.Payload, error) { return &push.Payload{Entries: 1}, nil }

func (fakeTarget) Send(context.Context, string, *push.Payload) (push.Receipt, error) { return "", nil }

func (fakeTarget) Buckets() []push.Bucket { return nil }

type fakeEditor struct{ fakeTarget }

func (fakeEditor) Edit(context.Context, push.Receipt, *push.Payload) error { return nil }

type phoneConfig struct {
	Phone string `yaml:"phone" doc:"The token."`
}

func (c *phoneConfig) Location() string { return "phone" }
func (c *phoneConfig) Check() error     { return nil }

func fakeTargets() []push.Kind {
	return []push.Kind{
		{
			Name: "chat", Doc: "a group of a chat that cannot change messages", Config: func() push.Config { return &chatConfig{} },
			New: func(push.Config, push.Env) (push.Target, error) { return fakeTarget{}, nil },
		},
		{
			Name: "phone", Doc: "one that can", Config: func() push.Config { return &phoneConfig{} },
			New: func(push.Config, push.Env) (push.Target, error) { return fakeEditor{}, nil },
		},
	}
}

func TestTargets(t *testing.T) {
	c, err := Load("testdata/targets.good.yaml", fakeKinds(), testEnv)
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Targets) != 5 {
		t.Fatalf("%d targets", len(c.Targets))
	}
	desk, morning, words, plain := c.Targets[0], c.Targets[1], c.Targets[2], c.Targets[3]
	if diff := cmp.Diff([]feeds.Topic{
		{Kind: "feed", Name: "chips"},
		{Kind: "category", Name: "zhengquanshibaowang"},
		{Kind: "tag", Name: "人工智能"},
		{Kind: "tag", Name: "a/b"},
		{Kind: "source", Name: "finews"}, // by its former name
		feeds.All,
	}, desk.Topics); diff != "" {
		t.Errorf("topics (-want +got):\n%s", diff)
	}
	if desk.Kind.Name != "chat" || desk.Config.(*chatConfig).Chat != "https://chat.example/hook/s3cret" || desk.Language != "zh" || !desk.Images ||
		desk.Zone.String() != "Asia/Shanghai" || desk.Edits != push.IgnoreEdits || desk.SendLast != 0 || desk.Web.Timeout != DefaultTimeout {
		t.Errorf("defaults: %+v %+v", desk, desk.Config)
	}
	if diff := cmp.Diff(push.Digest{At: []time.Duration{9 * time.Hour, 18*time.Hour + 30*time.Minute}}, morning.Digest); diff != "" {
		t.Errorf("digest (-want +got):\n%s", diff)
	}
	if morning.Config.(*phoneConfig).Phone != "from the file" || morning.Quiet != (push.Quiet{From: 22 * time.Hour, To: 7*time.Hour + 30*time.Minute}) ||
		morning.Edits != push.InPlace || morning.SendLast != 3 || morning.CatchUp != 72*time.Hour || morning.Images || morning.Language != "en" || morning.Zone.String() != "Europe/Berlin" ||
		morning.Web.Timeout != time.Minute || morning.Web.Proxy.String() != "socks5://127.0.0.1:9050" || morning.Web.Allow[0] != netip.MustParsePrefix("10.0.0.0/8") {
		t.Errorf("morning: %+v", morning)
	}
	if words.Digest.Every != 15*time.Minute || !cmp.Equal(words.Topics, []feeds.Topic{feeds.All}) {
		t.Errorf("words: %+v", words)
	}
	for i, want := range []push.Entry{
		{Title: "[s] T", URL: "https://example.org/", Footer: "01-02"},
		{Title: "T", URL: "https://example.org/", Text: "a, b"},
	} {
		got, err := c.Targets[2+i].Shape(&feeds.Item{Title: "T", URL: "https://example.org/", Source: "s", Tags: []string{"a", "b"}, Published: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)})
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("template %d: %v (-want +got):\n%s", i, err, diff)
		}
	}
	staff := func(kind, name string) feeds.Topic { return feeds.Topic{Group: "staff", Kind: kind, Name: name} }
	want := []feeds.Topic{feeds.NewTopic("tag", "a"), staff("tag", "a"), feeds.NewTopic("feed", "chips"), staff("feed", "inside")}
	if diff := cmp.Diff(want, c.Targets[4].Asked()); diff != "" || c.Targets[4].Group != "staff" {
		t.Errorf("topics of a group's target (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(desk.Topics, desk.Asked()); diff != "" || c.spell(staff("feed", "inside")) != "feed/inside" {
		t.Errorf("topics without a group (-want +got):\n%s", diff)
	}
	if desk.Shape != nil {
		t.Error("a target without a template has one")
	}
	for text, want := range map[string]bool{"boats and " + strings.Repeat("x", 100): true, "boats": false, "cars " + strings.Repeat("x", 100): false} {
		if got, err := words.Match(&feeds.Item{Title: text, Summary: text}); got != want || err != nil {
			t.Errorf("match and where of %q: %v, %v", text, got, err)
		}
	}
	if ok, err := plain.Match(&feeds.Item{}); !ok || err != nil {
		t.Errorf("a target without words does not want everything: %v, %v", ok, err)
	}
}

// TestTopicOfAnAlias: no item is ever in the topic of another spelling, so a target that names it would get nothing.
func TestTopicOfAnAlias(t *testing.T) {
	c, err := Parse("f.yaml", []byte(`sources: { a: { jekyll: /a } }
labels: { tag: { 人工智能: { aliases: [AI] }, blogchain: { rename: blockchain } } }
targets: { t: { chat: "${CHAT}", topics: [tag/AI, tag/Blogchain, tag/c++.atom~] } }
`), fakeKinds(), testEnv)
	if err != nil {
		t.Fatal(err)
	}
	want := []feeds.Topic{feeds.NewTopic("tag", "人工智能"), feeds.NewTopic("tag", "blockchain"), feeds.NewTopic("tag", "c++.atom")}
	if diff := cmp.Diff(want, c.Targets[0].Topics); diff != "" {
		t.Errorf("topics (-want +got):\n%s", diff)
	}
	for _, topic := range want {
		if again, err := c.ParseTopic(c.spell(topic)); again != topic || err != nil {
			t.Errorf("%s is spelled %s, which is %s, %v", topic, c.spell(topic), again, err)
		}
	}
}

// TestTargetHash: a target that was parked is tried again after any change of it, and after none of anything else.
func TestTargetHash(t *testing.T) {
	secret := "https://a"
	parse := func(text string) string {
		t.Helper()
		env := func(string) (string, bool) { return secret, true }
		c, err := Parse("f.yaml", []byte(text), fakeKinds(), env)
		if err != nil {
			t.Fatal(err)
		}
		return c.Targets[0].Hash
	}
	const text = "sources: { a: { jekyll: /a } }\ntargets:\n  t:\n    chat: ${X}\n"
	base := parse(text)
	for _, same := range []string{"title: x\n" + text, text + "    mention: \"\"\n", text + "    language: en\n", text + "    timeout: 15s\n"} {
		if parse(same) != base {
			t.Errorf("nothing of the target changed, but its hash did:\n%s", same)
		}
	}
	for _, other := range []string{
		text + "    topics: [tag/x]\n", text + "    images: false\n", text + "    quiet: 22:00-07:00\n", text + "    where: len(text) > 1\n",
		text + "    match: { q: x }\n", text + "    mention: me\n", text + "    edits: repost\n", "language: zh\n" + text, "timezone: Asia/Shanghai\n" + text,
		text + "    timezone: UTC\n", // unset, dates in messages are as posts state them
		text + "    timeout: 3s\n", text + "    digest: { every: 1m }\n",
	} {
		if parse(other) == base {
			t.Errorf("the target changed, but its hash did not:\n%s", other)
		}
	}
	secret = "https://b"
	if parse(text) == base {
		t.Error("the secret changed, but the hash did not")
	}
}

func TestTargetKindsAreChecked(t *testing.T) {
	type clash struct {
		*chatConfig `yaml:"-"`
		Chat        string `yaml:"chat"`
		Quiet       string `yaml:"quiet"`
	}
	for want, k := range map[string]push.Kind{
		"no field with the yaml":   {Name: "other", Config: func() push.Config { return &chatConfig{} }},
		"belongs to every target;": {Name: "chat", Config: func() push.Config { return &clash{} }},
	} {
		kinds := fakeKinds()
		kinds.Targets = []push.Kind{k}
		if _, err := Parse("f.yaml", nil, kinds, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q, got %v", want, err)
		}
	}
}
