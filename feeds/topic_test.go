package feeds_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"feedmill/feeds"
)

func TestFold(t *testing.T) {
	for _, tc := range []struct{ label, want string }{
		{"Go", "go"},
		{"C++", "c++"},
		{"c#", "c#"},
		{"证券时报网新闻", "证券时报网新闻"},
		{"Career In  touxingPEVC", "career-in-touxingpevc"},
		{" a\t\n b\u3000c ", "a-b-c"},
		{"ΣΊΣΥΦΟΣ", "σίσυφοσ"},
		{"σίσυφος", "σίσυφοσ"},
		{"ÉCOLE", "école"},
		{"a/b", "a/b"},
		{"-", "-"},
		{" ", ""},
		{"", ""},
		{strings.Repeat("x", 300), strings.Repeat("x", feeds.MaxLabel)},
		{strings.Repeat("金", 100), strings.Repeat("金", 85)},
		{"\xff" + strings.Repeat("x", 300), "\ufffd" + strings.Repeat("x", 253)},
		// Ⱥ takes two bytes, its lower case three.
		{strings.Repeat("Ⱥ", 128), strings.Repeat("ⱥ", 85)},
	} {
		got := feeds.Fold(tc.label)
		if got != tc.want {
			t.Errorf("Fold(%q) = %q, want %q", tc.label, got, tc.want)
		}
		if again := feeds.Fold(got); again != got {
			t.Errorf("Fold(%q) = %q, folded again %q", tc.label, got, again)
		}
	}
}

func TestFoldIsStable(t *testing.T) {
	for r := rune(0); r <= utf8.MaxRune; r++ {
		if once := feeds.Fold(string(r)); feeds.Fold(once) != once {
			t.Errorf("%U folds to %q, then to %q", r, once, feeds.Fold(once))
		} else if want := string(unicode.ToLower(unicode.ToUpper(r))); once != want && !unicode.IsSpace(r) {
			t.Errorf("%U folds to %q, want %q", r, once, want)
		}
	}
}

func TestTopicPath(t *testing.T) {
	for _, tc := range []struct {
		topic feeds.Topic
		path  string
	}{
		{feeds.All, "/feed"},
		{feeds.NewTopic("all", "whatever"), "/feed"},
		{feeds.NewTopic("tag", "金融"), "/tag/%E9%87%91%E8%9E%8D"},
		{feeds.NewTopic("category", "C#"), "/category/c%23"},
		{feeds.NewTopic("category", "c++"), "/category/c++"},
		{feeds.NewTopic("category", "c"), "/category/c"},
		{feeds.NewTopic("tag", "a/b"), "/tag/a%2Fb"},
		{feeds.NewTopic("tag", "100%"), "/tag/100%25"},
		{feeds.NewTopic("tag", "what?"), "/tag/what%3F"},
		{feeds.NewTopic("tag", "."), "/tag/.~"},
		{feeds.NewTopic("tag", ".."), "/tag/..~"},
		{feeds.NewTopic("tag", "~"), "/tag/~~"},
		{feeds.NewTopic("tag", "x~~"), "/tag/x~~~"},
		{feeds.NewTopic("source", "feed.xml"), "/source/feed.xml~"},
		{feeds.NewTopic("tag", "Node.RSS"), "/tag/node.rss~"},
		{feeds.NewTopic("lang", "zh-CN"), "/lang/zh-cn"},
		{feeds.NewTopic("author", "Zhang San"), "/author/zhang-san"},
	} {
		if got := tc.topic.Path(); got != tc.path {
			t.Errorf("%v has the path %s, want %s", tc.topic, got, tc.path)
		}
		got, _, err := feeds.ParsePath(tc.path)
		if err != nil || got != tc.topic {
			t.Errorf("%s is %v (%v), want %v", tc.path, got, err, tc.topic)
		}
	}
}

func TestParsePathOtherSpellings(t *testing.T) {
	for _, tc := range []struct {
		path  string
		want  feeds.Topic
		label string
	}{
		{"/tag/Go", feeds.NewTopic("tag", "go"), "Go"},
		{"/tag/Go%20Lang", feeds.NewTopic("tag", "go-lang"), "Go Lang"},
		{"tag/go", feeds.NewTopic("tag", "go"), "go"},
		{"/tag/C%23", feeds.NewTopic("tag", "c#"), "C#"},
	} {
		got, label, err := feeds.ParsePath(tc.path)
		if err != nil || got != tc.want || label != tc.label {
			t.Errorf("%s is %v, %q (%v), want %v, %q", tc.path, got, label, err, tc.want, tc.label)
		}
	}
}

func TestParsePathRefuses(t *testing.T) {
	for _, path := range []string{
		"", "/", "/feed/", "/feed/x/y", "/tag", "/tag/", "/tag/a/b", "/all", "/all/x", "/page/x", "/tag/%zz", "/tag/%ff", "/tag/%20", "/tag/~", "/tags/x",
	} {
		if got, _, err := feeds.ParsePath(path); err == nil || got != (feeds.Topic{}) {
			t.Errorf("%q is %v (%v), want an error", path, got, err)
		}
	}
}

func TestTopicText(t *testing.T) {
	want := map[feeds.Topic]int{
		feeds.All: 1, feeds.NewTopic("tag", "a/b"): 2, {Group: "vip", Kind: "category", Name: "金融"}: 3, {Group: "vip", Kind: "all"}: 4,
		feeds.NewTopic("tag", "(x) y"): 5,
	}
	b, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	var got map[feeds.Topic]int
	if err := json.Unmarshal(b, &got); err != nil {
		t.Fatal(err)
	}
	if len(got) != len(want) {
		t.Fatalf("got %v of %s", got, b)
	}
	for topic, n := range want {
		if got[topic] != n {
			t.Errorf("%v is lost in %s", topic, b)
		}
	}
	for _, bad := range []string{"", "tag", "tag/", "tag/ ", "all/x", "page/x", "(vip", "(vip) ", "(vip)tag/x"} {
		if err := new(feeds.Topic).UnmarshalText([]byte(bad)); err == nil {
			t.Errorf("%q is taken for a topic", bad)
		}
	}
}

func TestTopics(t *testing.T) {
	it := &feeds.Item{
		Source: "News", Categories: []string{"Go", "GO", "", " "}, Tags: []string{"Go", "c++"},
		Authors: []feeds.Person{{Name: " Zhang San "}, {Email: "z@example.org"}, {}}, Language: "zh-CN",
	}
	want := []feeds.Membership{
		{feeds.All, ""},
		{feeds.NewTopic("category", "go"), "Go"},
		{feeds.NewTopic("tag", "go"), "Go"},
		{feeds.NewTopic("tag", "c++"), "c++"},
		{feeds.NewTopic("source", "news"), "News"},
		{feeds.NewTopic("author", "zhang san"), "Zhang San"},
		{feeds.NewTopic("author", "z@example.org"), "z@example.org"},
		{feeds.NewTopic("lang", "zh-cn"), "zh-CN"},
	}
	if got := feeds.Topics(it); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	it.Group = "vip"
	for _, m := range feeds.Topics(it) {
		if m.Topic.Group != "vip" {
			t.Errorf("an item of a group is in %v", m.Topic)
		}
	}
	if got := feeds.Topics(&feeds.Item{}); len(got) != 1 || got[0].Topic != feeds.All {
		t.Errorf("an empty item is in %v", got)
	}
}

// FuzzTopic: every label that is not blank has a path of its own that leads back to its topic.
func FuzzTopic(f *testing.F) {
	for _, s := range []string{"金融", "c#", "a/b", "..", "x.rss", "x~", "\xff", "ẞß", "İıI", "Ⱥ", "ǅ", "a\u0345", "%2F", "(g) x", strings.Repeat("Ⱥ ", 200)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, label string) {
		name := feeds.Fold(label)
		if feeds.Fold(name) != name || len(name) > feeds.MaxLabel || !utf8.ValidString(name) {
			t.Fatalf("Fold(%q) = %q, folded again %q", label, name, feeds.Fold(name))
		}
		if name == "" {
			return
		}
		topic := feeds.NewTopic("tag", label)
		path := topic.Path()
		for _, suffix := range []string{".rss", ".atom", ".json", ".xml", ".opml", ".html", "/.", "/.."} {
			if strings.HasSuffix(path, suffix) {
				t.Errorf("%q has the path %s, which routing would misread", label, path)
			}
		}
		if got, spelt, err := feeds.ParsePath(path); err != nil || got != topic || spelt != name {
			t.Errorf("%q has the path %s, which is %v, %q (%v)", label, path, got, spelt, err)
		}
		text, err := topic.MarshalText()
		if err != nil {
			t.Fatal(err)
		}
		var back feeds.Topic
		if err := back.UnmarshalText(text); err != nil || back != topic {
			t.Errorf("%q is written %s, which is %v (%v)", label, text, back, err)
		}
	})
}

func FuzzParsePath(f *testing.F) {
	for _, s := range []string{"/feed", "/tag/x~", "/tag/%2F", "/category/C%23", "/tag/.~", "//", "/tag/%E9"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, path string) {
		topic, _, err := feeds.ParsePath(path)
		if err != nil {
			return
		}
		if again, _, err := feeds.ParsePath(topic.Path()); err != nil || again != topic {
			t.Errorf("%q is %v, whose path %s is %v (%v)", path, topic, topic.Path(), again, err)
		}
	})
}

func BenchmarkTopics(b *testing.B) {
	it := &feeds.Item{
		Source: "finance", Categories: []string{"证券时报网"}, Tags: []string{"公司新闻", "季报", "Go"},
		Authors: []feeds.Person{{Name: "张三"}}, Language: "zh-CN",
	}
	b.ReportAllocs()
	for b.Loop() {
		feeds.Topics(it)
	}
}

func TestParent(t *testing.T) {
	for label, want := range map[string]string{
		"go/redis": "go", "go/redis/cluster": "go/redis", "新闻/国际": "新闻", "Go 1/x1": "Go 1",
		"go": "", "I/O": "", "A/B testing": "", "24/7": "", "2026/01 news": "", "Arts / Culture": "", "/go": "", "go/": "", "go//redis": "", "": "",
	} {
		if got := feeds.Parent(label); got != want {
			t.Errorf("Parent(%q) = %q, want %q", label, got, want)
		}
	}
}

func TestTopicsOfParts(t *testing.T) {
	var got []string
	for _, m := range feeds.Topics(&feeds.Item{Tags: []string{"Go/Redis/Cluster", "go"}, Categories: []string{"news/World"}}) {
		got = append(got, m.Topic.String()+"="+m.Label)
	}
	want := []string{"all=", "category/news/world=news/World", "tag/go/redis/cluster=Go/Redis/Cluster", "tag/go=go", "category/news=news", "tag/go/redis=Go/Redis"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
