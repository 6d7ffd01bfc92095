package document

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"feedmill/feeds"
)

func TestBase(t *testing.T) {
	for _, tt := range []struct{ self, kind, label, want string }{
		{"https://example.org/feed.rss", "all", "", "https://example.org"},
		{"https://example.org/category/c%23.atom", "category", "C#", "https://example.org"},
		{"https://example.org/below/tag/%E9%87%91.json?limit=5#x", "tag", "金", "https://example.org/below"},
		{"https://example.org/feed/feed.rss", "all", "", "https://example.org/feed"},
		{"https://example.org/elsewhere.xml", "tag", "x", "https://example.org"},
		{"https://example.org", "tag", "x", "https://example.org"},
		{"", "tag", "x", ""},
	} {
		if got := base(tt.self, feeds.NewTopic(tt.kind, tt.label)); got != tt.want {
			t.Errorf("base(%q, %s/%s) = %q, want %q", tt.self, tt.kind, tt.label, got, tt.want)
		}
	}
	if got := base("https://example.org/x//y", feeds.Topic{}); got != "https://example.org" {
		t.Errorf("base without a topic = %q", got)
	}
}

func TestPerson(t *testing.T) {
	for _, tt := range []struct{ in, want feeds.Person }{
		{feeds.Person{Name: " Jo ", Email: "jo@example.org", URL: "https://example.org/jo"}, feeds.Person{Name: "Jo", Email: "jo@example.org", URL: "https://example.org/jo"}},
		{feeds.Person{Email: "jo@example.org"}, feeds.Person{Name: "jo@example.org", Email: "jo@example.org"}},
		{feeds.Person{Email: "jo at example"}, feeds.Person{Name: "jo at example"}},
		{feeds.Person{URL: "https://example.org/jo"}, feeds.Person{Name: "https://example.org/jo", URL: "https://example.org/jo"}},
		{feeds.Person{Name: "\x00", URL: "javascript:x"}, feeds.Person{}},
		{feeds.Person{Name: "a", Email: "a@b..c"}, feeds.Person{Name: "a"}},
		{feeds.Person{Name: "a", Email: "a@localhost"}, feeds.Person{Name: "a"}},
	} {
		got, ok := person(tt.in)
		if got != tt.want || ok != (tt.want.Name != "") {
			t.Errorf("person(%+v) = %+v, %v, want %+v", tt.in, got, ok, tt.want)
		}
	}
}

func TestLanguage(t *testing.T) {
	for in, want := range map[string]string{
		"zh-CN": "zh-CN", "zh_Hant_TW": "zh-Hant-TW", " en ": "en", "gsw": "gsw", "de-1996": "de-1996",
		"": "", "x": "", "english": "", "1a": "", "zh-": "", "en-toolongpart": "", "中文": "",
	} {
		if got := language(in); got != want {
			t.Errorf("language(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestMediaType(t *testing.T) {
	for _, tt := range []struct{ stated, address, want string }{
		{"audio/mpeg", "https://example.org/x", "audio/mpeg"},
		{"Audio/MPEG; charset=x", "https://example.org/x", "Audio/MPEG; charset=x"},
		{"", "https://example.org/a/B.MP3?x=.pdf#y", "audio/mpeg"},
		{"mp3", "https://example.org/x.mp3", "audio/mpeg"},
		{"a/b/c", "https://example.org/x.unknown", ""},
		{"", "https://example.org/", ""},
	} {
		if got := mediaType(tt.stated, tt.address); got != tt.want {
			t.Errorf("mediaType(%q, %q) = %q, want %q", tt.stated, tt.address, got, tt.want)
		}
	}
}

func TestIdentities(t *testing.T) {
	f := &feeds.Feed{ID: "no IRI", Items: []feeds.Item{
		{ID: "https://example.org/1", Source: "s", URL: "https://example.org/1"},
		{ID: "42", Source: "s"},
		{ID: "a guid of an old feed", Source: "s"},
		{ID: "123456789012", Source: "s"},
		{ID: "42", Source: "s", Title: "a second one"},
		{Source: "s", Title: "no ID"},
		{Source: "s", URL: "https://example.org/6"},
	}}
	var got [][3]string
	d := Prepare(f)
	for _, e := range d.Entries {
		got = append(got, [3]string{e.ID, e.IRI, e.GUID})
	}
	want := [][3]string{
		{"https://example.org/1", "https://example.org/1", "https://example.org/1"},
		{"42", "urn:feedmill:s:42", "urn:feedmill:s:42"},
		{"a guid of an old feed", "urn:feedmill:s:a%20guid%20of%20an%20old%20feed", "a guid of an old feed"},
		{"123456789012", "urn:feedmill:s:123456789012", "urn:feedmill:s:123456789012"},
		{"42-92ad14c3", "urn:feedmill:s:42-92ad14c3", "42-92ad14c3"},
		{"urn:feedmill:s:e08a88525fb6d323", "urn:feedmill:s:e08a88525fb6d323", "urn:feedmill:s:e08a88525fb6d323"},
		{"https://example.org/6", "https://example.org/6", "https://example.org/6"},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("ID, IRI and GUID (-want +got):\n%s", d)
	}
	if d.ID != "urn:feedmill:feed:no%20IRI" {
		t.Errorf("feed ID is %q", d.ID)
	}
}

func TestDate(t *testing.T) {
	at := time.Date(2026, 3, 2, 9, 30, 0, 999, time.FixedZone("", 8*3600))
	if got := date(at); !got.Equal(at.Truncate(time.Second)) || got.Nanosecond() != 0 || got.Hour() != 9 {
		t.Errorf("date(%v) = %v", at, got)
	}
	lmt := time.Date(1899, 3, 2, 9, 30, 0, 0, time.FixedZone("LMT", 8*3600+343))
	if got := date(lmt); !got.Equal(lmt) || got.Location() != time.UTC {
		t.Errorf("date(%v) = %v, want the same in UTC", lmt, got)
	}
	for _, at := range []time.Time{{}, time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC), (time.Time{}).In(at.Location()).Add(time.Hour)} {
		if got := date(at); !got.IsZero() {
			t.Errorf("date(%v) = %v, want zero", at, got)
		}
	}
}

func TestMinutes(t *testing.T) {
	for in, want := range map[time.Duration]int{0: 0, -1: 0, time.Second: 1, time.Minute: 1, 61 * time.Second: 2, time.Hour: 60} {
		if got := Minutes(in); got != want {
			t.Errorf("Minutes(%v) = %d, want %d", in, got, want)
		}
	}
}

func TestPage(t *testing.T) {
	f := &feeds.Feed{Title: "x"}
	for _, step := range []struct {
		set  func()
		want string
	}{
		{func() {}, "about:blank"},
		{func() { f.Generator.URL = "https://feedmill.example/" }, "https://feedmill.example/"},
		{func() { f.Items = []feeds.Item{{ID: "1"}, {ID: "2", Original: "https://example.org/2"}} }, "https://example.org/2"},
		{func() { f.Self = "https://feeds.example.org/feed.rss"; f.Topic = feeds.All }, "https://feeds.example.org"},
		{func() { f.Home = "https://feeds.example.org/feed" }, "https://feeds.example.org/feed"},
	} {
		step.set()
		if got := Prepare(f).Page; got != step.want {
			t.Errorf("page is %q, want %q", got, step.want)
		}
	}
}
