package pushtest

import (
	"bytes"
	"context"
	"fmt"
	"html"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"feedmill/feeds"
	"feedmill/feeds/push"
)

// Case is one kind of target and what the suite needs to know of it.
type Case struct {
	Kind push.Kind
	// Fake makes the platform's fake, Config the configuration of a target on it, whose server has this address.
	Fake   func(now func() time.Time) *Fake
	Config func(base string) push.Config
	// Secrets are the parts of that configuration that must stand in no error, log line or location.
	Secrets []string
	// Read is what people have of a message.
	Read func(body []byte) Shown
	// Most is how many messages 1,000 items with short titles may become.
	Most int
	// Silent is true where a platform that limits does not say for how long.
	Silent bool
	// Titles is true where only titles and addresses of items are shown.
	Titles bool
	// Except are modes that the platform does not have.
	Except []Mode
	// Data is true where a message is one item as data, and never several: its small form leaves out more than this suite puts in.
	Data bool
}

// Shown is a message as people have it on the platform.
type Shown struct {
	// Text is all that is read, without markup.
	Text string
	// Links are the addresses that it leads to or loads, Mentions whom it rings, Styles other markup than the target's own.
	Links, Mentions, Styles []string
}

// limit is the time limit of the suite's client: long for a machine under load, short for a server that hangs.
const limit = 2 * time.Second

// bench is one target on its fake.
type bench struct {
	t      testing.TB
	c      Case
	fake   *Fake
	server *httptest.Server
	target push.Target
	log    *bytes.Buffer
}

func (c Case) bench(t testing.TB) *bench {
	t.Helper()
	b := &bench{t: t, c: c, fake: c.Fake(nil), log: &bytes.Buffer{}}
	b.server = httptest.NewServer(b.fake)
	t.Cleanup(func() { b.fake.Close(); b.server.Close() })
	b.target = b.make(b.server.URL, http.DefaultTransport)
	return b
}

func (b *bench) make(base string, tr http.RoundTripper) push.Target {
	b.t.Helper()
	cfg := b.c.Config(base)
	if err := cfg.Check(); err != nil {
		b.t.Fatalf("the configuration of the case: %v", err)
	}
	t, err := b.c.Kind.New(cfg, push.Env{
		Name: "t", Now: time.Now, Log: slog.New(slog.NewTextHandler(b.log, nil)),
		HTTP: &http.Client{Transport: tr, Timeout: limit, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
	})
	if err != nil {
		b.t.Fatal(err)
	}
	return t
}

func (b *bench) render(m *push.Message) *push.Payload {
	b.t.Helper()
	p, err := b.target.Render(m)
	if err != nil {
		b.t.Fatalf("render: %v", err)
	}
	if p.Entries < 1 || p.Entries > len(m.Entries) {
		b.t.Fatalf("%d of %d entries are in it", p.Entries, len(m.Entries))
	}
	return p
}

// takes says whether the platform takes what was rendered.
func (b *bench) takes(p *push.Payload) {
	b.t.Helper()
	b.fake.forget()
	if _, err := b.target.Send(context.Background(), "m1", p); err != nil {
		b.t.Fatalf("the platform says %v\nof %.600s", err, p.Body)
	}
}

// forget lets the fake forget how much it took.
func (f *Fake) forget() {
	f.mu.Lock()
	defer f.mu.Unlock()
	clear(f.took)
}

// secret fails for a text with a secret in it.
func (b *bench) secret(what, s string) {
	b.t.Helper()
	for _, x := range b.c.Secrets {
		if strings.Contains(s, x) {
			b.t.Errorf("%s has a secret in it: %s", what, s)
		}
	}
}

func entry(i int) push.Entry {
	u := fmt.Sprintf("https://example.org/posts/%d?a=1&b=2", i)
	return push.Entry{
		Item:  &feeds.Item{ID: fmt.Sprintf("urn:item:%d", i), Source: "site", URL: u, Title: fmt.Sprintf("标题 Title %d", i), Summary: "text", Content: "<p>text</p>", Published: time.Date(2026, 11, 23, 8, 0, i%60, 0, time.UTC), Updated: time.Date(2026, 11, 23, 8, 0, i%60, 0, time.UTC), Arrived: time.Date(2026, 11, 23, 8, 0, i%60, 0, time.UTC)},
		Title: fmt.Sprintf("标题 Title %d", i), URL: u, Text: fmt.Sprintf("Summary number %d, 摘要。", i), Footer: "site · 11-23 16:00",
	}
}

// likewise is the entry with an item that says what it says.
func likewise(e push.Entry) push.Entry {
	it := *e.Item
	it.Title, it.URL, it.Summary, it.Content, it.Image = e.Title, e.URL, e.Text, "<p>"+html.EscapeString(e.Text)+"</p>", e.Image
	if e.Footer != "" {
		it.Tags, it.Authors = []string{e.Footer}, []feeds.Person{{Name: e.Footer}}
	}
	e.Item = &it
	return e
}

func digest(entries []push.Entry) *push.Message {
	m := &push.Message{ID: "m1", Entries: entries, Language: "zh", Time: time.Date(2026, 11, 23, 16, 0, 0, 0, time.FixedZone("", 8*3600))}
	if len(entries) > 1 {
		m.Heading = fmt.Sprintf("%d 条新文章", len(entries))
	}
	return m
}

// Run proves a target.
func Run(t *testing.T, c Case) {
	t.Run("kind", c.kind)
	t.Run("shows", c.shows)
	t.Run("classes", c.classes)
	t.Run("pauses", c.pauses)
	t.Run("tls", c.tls)
	t.Run("fits", c.fits)
	t.Run("packs", c.packs)
	t.Run("keeps to its place", c.hostile)
	t.Run("small", c.small)
	t.Run("edits", c.edits)
	t.Run("buckets", c.buckets)
	t.Run("echoes", c.echoes)
	t.Run("tags", c.tags)
	t.Run("delivers", c.delivers)
}

// shows: what was said is read, once and in its place; the same message is the same bytes.
func (c Case) shows(t *testing.T) {
	b := c.bench(t)
	b.secret("the location", c.Config(b.server.URL).Location())
	e := entry(1)
	p := b.render(digest([]push.Entry{e}))
	if again := b.render(digest([]push.Entry{e})); !bytes.Equal(p.Body, again.Body) {
		t.Errorf("the same message gives other bytes:\n%s\n%s", p.Body, again.Body)
	}
	b.takes(p)
	got := c.Read(p.Body)
	for _, want := range []string{e.Title, e.Text} {
		if !strings.Contains(got.Text, want) && (want == e.Title || !c.Titles && !c.Data) {
			t.Errorf("%q is not in %q", want, got.Text)
		}
	}
	if !slices.Contains(got.Links, e.URL) {
		t.Errorf("the address is not among %q", got.Links)
	}
	m := digest([]push.Entry{entry(1), entry(2), entry(3)})
	m.More, m.MoreURL = 37, "https://feeds.example.com/tag/x"
	p = b.render(m)
	if p.Entries != 3 && !c.Data {
		t.Errorf("%d of three short entries fit", p.Entries)
	}
	if !reflect.DeepEqual(m.Entries, []push.Entry{entry(1), entry(2), entry(3)}) {
		t.Error("rendering changed the message")
	}
	b.takes(p)
	got, taken := c.Read(p.Body), b.fake.Received()
	if len(taken) < 2 || !strings.Contains(got.Text, "37") || !slices.Contains(got.Links, m.MoreURL) {
		t.Errorf("the digest reads %q, and leads to %q", got.Text, got.Links)
	}
	silent := digest([]push.Entry{e})
	silent.Silent = true
	b.takes(b.render(silent))
}

// kind: the table of contents has words for it, and its address can come from a file.
func (c Case) kind(t *testing.T) {
	k := c.Kind
	for _, words := range []string{k.Name, k.Doc, k.Setup} {
		if words == "" || strings.Contains(words, "\n") {
			t.Errorf("%q is not one line", words)
		}
	}
	found := false
	for f := range reflect.TypeOf(k.Config()).Elem().Fields() {
		if key, _, _ := strings.Cut(f.Tag.Get("yaml"), ","); key == k.Name {
			found = true
			if f.Tag.Get("secret") != "true" {
				t.Errorf("key %s is not marked as a secret: it cannot come from a file", key)
			}
		}
	}
	if !found {
		t.Errorf("the configuration has no key %s", k.Name)
	}
	if err := k.Config().Check(); err == nil {
		t.Error("a configuration without an address is in order")
	}
}

// pauses: whatever stands before a platform may ask for a pause in any form of Retry-After, and with any body.
func (c Case) pauses(t *testing.T) {
	b := c.bench(t)
	p := b.render(digest([]push.Entry{entry(1)}))
	for _, tt := range []struct {
		status int
		after  string
		class  push.Class
		want   time.Duration
	}{
		{429, "", push.RateLimited, 0},
		{429, "30", push.RateLimited, 30 * time.Second},
		{429, "1.5", push.RateLimited, 1500 * time.Millisecond},
		{429, "date", push.RateLimited, time.Minute},
		{429, "soon", push.RateLimited, 0},
		{503, "9", push.Transient, 9 * time.Second},
		{503, "date", push.Transient, time.Minute},
		{504, "", push.Transient, 0},
	} {
		for _, body := range []string{"", "rate_limited", "<html>slow down</html>", "{}"} {
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				after := tt.after
				if after == "date" {
					after = time.Now().Add(time.Minute).UTC().Format(http.TimeFormat)
				}
				w.Header().Set("Retry-After", after)
				w.WriteHeader(tt.status)
				io.WriteString(w, body)
			}))
			_, err := b.make(srv.URL, http.DefaultTransport).Send(t.Context(), "m1", p)
			srv.Close()
			e := push.AsError(err)
			if e == nil {
				t.Fatalf("%d is taken for delivered", tt.status)
			}
			// A date has whole seconds, and some of them pass.
			if off := tt.want - e.RetryAfter; e.Class != tt.class || off != 0 && (tt.after != "date" || off < 0 || off > tt.want/2) {
				t.Errorf("%d, Retry-After %q, %q: %s after %v, want %s after %v", tt.status, tt.after, body, e.Class, e.RetryAfter, tt.class, tt.want)
			}
		}
	}
}

// classes: how each answer is understood.
func (c Case) classes(t *testing.T) {
	for mode, want := range map[Mode]push.Class{
		Limited: push.RateLimited, Gone: push.Dead, Blocked: push.Blocked, Refusing: push.BadPayload, Busy: push.Transient,
		Proxy: push.Transient, Redirect: push.Blocked, Hang: push.Transient, Reset: push.Transient, Garbage: push.Transient,
	} {
		if slices.Contains(c.Except, mode) {
			continue
		}
		t.Run(string(mode), func(t *testing.T) {
			t.Parallel()
			b := c.bench(t)
			p := b.render(digest([]push.Entry{entry(1)}))
			b.fake.Set(mode)
			_, err := b.target.Send(t.Context(), "m1", p)
			if err == nil {
				t.Fatal("it is taken for delivered")
			}
			e := push.AsError(err)
			if e.Class != want {
				t.Errorf("class %s, want %s: %v", e.Class, want, err)
			}
			if e.Code == "" || e.Reason == "" && mode != Proxy && mode != Redirect {
				t.Errorf("it does not say why: %+v", e)
			}
			if ambiguous := mode == Hang || mode == Reset; ambiguous && !e.Ambiguous || e.Ambiguous && (mode == Limited || mode == Gone || mode == Blocked || mode == Refusing) {
				t.Errorf("ambiguous is %v", e.Ambiguous)
			}
			if mode == Limited && !c.Silent && e.RetryAfter <= 0 {
				t.Error("it does not say when to come again")
			}
			b.secret("the error", fmt.Sprintf("%v %+v %v", err, e, e.Err))
			b.secret("the log", b.log.String())
		})
	}
}

// tls: a certificate that nobody vouches for is trouble of the network, and nothing was sent.
func (c Case) tls(t *testing.T) {
	b := c.bench(t)
	p := b.render(digest([]push.Entry{entry(1)}))
	srv := httptest.NewUnstartedServer(b.fake)
	srv.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	srv.StartTLS()
	defer srv.Close()
	_, err := b.make(srv.URL, &http.Transport{}).Send(t.Context(), "m1", p)
	if e := push.AsError(err); err == nil || e.Class != push.Transient || e.Ambiguous {
		t.Errorf("got %+v", e)
	}
	b.secret("the error", fmt.Sprint(err))
}

// nasty are texts that break limits and markup.
var nasty = []string{
	"plain", "\xff\xfe broken", "证券时报网", "👩‍👩‍👧‍👦", "\u202eright to left\u202c", "𝒳𝒴", "&", "<", "\"", "\\", "`", "*_~|", "]](", "\x00\x01\x1b[31m",
	"@everyone <!channel> <@all>", "\n\r\t", "<a href=x>", "%", "{{.}}", "\u2028",
}

// fits: whatever is in it, at least one entry is shown and the platform takes the message.
func (c Case) fits(t *testing.T) {
	b := c.bench(t)
	for _, s := range nasty {
		for _, n := range []int{1, 300, 6000} {
			long := strings.Repeat(s, n)
			for _, entries := range []int{1, 12} {
				var list []push.Entry
				for i := range entries {
					e := entry(i)
					e.Title, e.Text, e.Footer = "t"+long, long, long
					list = append(list, likewise(e))
				}
				b.takes(b.render(digest(list)))
			}
		}
	}
	long := entry(1)
	long.URL = "https://example.org/" + strings.Repeat("x", 50_000)
	long.Image = "https://example.org/" + strings.Repeat("y", 50_000) + ".png"
	b.takes(b.render(digest([]push.Entry{long})))
	bare := entry(2)
	bare.URL, bare.Text, bare.Footer = "", "", ""
	b.takes(b.render(digest([]push.Entry{likewise(long)})))
	b.takes(b.render(digest([]push.Entry{bare})))
	b.takes(b.render(digest([]push.Entry{bare, bare})))
}

// packs: 1,000 items become few messages, each item in one, in order.
func (c Case) packs(t *testing.T) {
	b := c.bench(t)
	var all []push.Entry
	for i := range 1000 {
		e := entry(i)
		e.Title = fmt.Sprintf("第 %04d 条消息的标题不长不短", i)
		e.URL = fmt.Sprintf("https://e.org/%d", i)
		all = append(all, likewise(e))
	}
	messages := 0
	for rest := all; len(rest) > 0; messages++ {
		p := b.render(digest(rest))
		b.takes(p)
		text := c.Read(p.Body).Text
		at := 0
		for _, e := range rest[:p.Entries] {
			i := strings.Index(text[at:], e.Title)
			if i < 0 {
				t.Fatalf("%q is missing, or in the wrong place", e.Title)
			}
			at += i
		}
		if p.Entries < len(rest) && strings.Contains(text, rest[p.Entries].Title) {
			t.Fatalf("%q is in it and not counted", rest[p.Entries].Title)
		}
		rest = rest[p.Entries:]
	}
	t.Logf("1,000 items in %d messages", messages)
	if messages > c.Most {
		t.Errorf("1,000 items in %d messages, want %d or fewer", messages, c.Most)
	}
}

// hostile: no item rings anybody, styles anything or leads elsewhere than to its own address.
func (c Case) hostile(t *testing.T) {
	b := c.bench(t)
	for _, evil := range []string{
		"<!channel>", "<!here|x>", "<@U123>", "<@all>", "@all", "@everyone", "@here", "<@123>", "<@&123>", "<at>all</at>", "<at user_id=\"all\"></at>", "@user_name",
		"[x](https://evil.example/)", "](https://evil.example/) [", "<https://evil.example/|x>", "<a href=\"https://evil.example/\">x</a>", "![x](https://evil.example/x.png)", "[x]: https://evil.example/",
		"**bold**", "*bold*", "_it_", "~~s~~", "`code`", "```\ncode\n```", "# heading", "<font color=\"warning\">x</font>", "> quote", "||spoiler||", "<b>x</b>", "\n# heading", "\n> quote", "\n- list",
		"|", "> ", "\\", "\\*", "\\[x](https://evil.example/)",
	} {
		for _, entries := range []int{1, 2} {
			var list []push.Entry
			for i := range entries {
				e := entry(i)
				e.Title, e.Text, e.Footer = "A "+evil+" B", evil, evil
				list = append(list, likewise(e))
			}
			m := digest(list)
			p := b.render(m)
			b.takes(p)
			got := c.Read(p.Body)
			for _, l := range got.Links {
				if strings.Contains(l, "evil.example") {
					t.Errorf("%q leads to %q: %s", evil, l, p.Body)
				}
			}
			if len(got.Mentions) > 0 || len(got.Styles) > 0 {
				t.Errorf("%q rings %q and styles %q: %s", evil, got.Mentions, got.Styles, p.Body)
			}
		}
	}
	e := entry(1)
	e.URL = "https://example.org/a(b)c|d>e f\"g`h\\i"
	e = likewise(e)
	b.takes(b.render(digest([]push.Entry{e})))
	if got := c.Read(b.render(digest([]push.Entry{e})).Body).Links; !slices.ContainsFunc(got, func(l string) bool { return strings.HasPrefix(l, "https://example.org/a") && strings.HasSuffix(l, "i") }) {
		t.Errorf("an address with odd letters is cut: %q", got)
	}
}

// small is the form for a platform that refused a richer one: title and address.
func (c Case) small(t *testing.T) {
	b := c.bench(t)
	m := digest([]push.Entry{entry(1)})
	m.Small = true
	p := b.render(m)
	b.takes(p)
	got := c.Read(p.Body)
	if !strings.Contains(got.Text, m.Entries[0].Title) || !slices.Contains(got.Links, m.Entries[0].URL) && !strings.Contains(got.Text, m.Entries[0].URL) {
		t.Errorf("reads %q, links %q", got.Text, got.Links)
	}
	if full := b.render(digest([]push.Entry{entry(1)})); len(full.Body) <= len(p.Body) && !c.Data {
		t.Errorf("the small form has %d bytes, the full one %d", len(p.Body), len(full.Body))
	}
}

// edits: a message that was edited takes the place of the one before.
func (c Case) edits(t *testing.T) {
	b := c.bench(t)
	editor, ok := b.target.(push.Editor)
	if !ok {
		return
	}
	r, err := b.target.Send(t.Context(), "m1", b.render(digest([]push.Entry{entry(1)})))
	if err != nil || r == "" {
		t.Fatalf("receipt %q, %v", r, err)
	}
	m := digest([]push.Entry{entry(2)})
	m.Entries[0].Edited = true
	if err := editor.Edit(t.Context(), r, b.render(m)); err != nil {
		t.Fatal(err)
	}
	if got := b.fake.Received(); len(got) != 2 || got[1].Replaces != 0 {
		t.Errorf("the platform has %d messages, the second replaces %d", len(got), got[len(got)-1].Replaces)
	}
	b.fake.Set(Busy)
	if e := push.AsError(editor.Edit(t.Context(), r, b.render(m))); e.Class != push.Transient {
		t.Errorf("class %s", e.Class)
	}
}

// buckets: the limits are those of the credential, and below the platform's own.
func (c Case) buckets(t *testing.T) {
	b := c.bench(t)
	got := b.target.Buckets()
	if len(got) == 0 {
		t.Fatal("it has no limit")
	}
	for i, k := range b.make(b.server.URL, http.DefaultTransport).Buckets() {
		if k.Key != got[i].Key {
			t.Error("two targets with one credential do not share a limit")
		}
		b.secret("the bucket", k.Key)
	}
	for _, theirs := range b.fake.platform.Rates {
		for _, ours := range got[0].Rates {
			if ours.Per == theirs.Per && ours.Count > theirs.Count {
				t.Errorf("%d in %v, the platform takes %d", ours.Count, ours.Per, theirs.Count)
			}
		}
	}
}

// Fuzz renders arbitrary text; the platform takes each message.
func Fuzz(f *testing.F, c Case) {
	for _, s := range nasty {
		f.Add("t"+s, "https://example.org/", s, s, 1, false)
		f.Add(strings.Repeat(s, 400), "https://example.org/"+s, s, "", 40, true)
	}
	// Without a network, whose goroutines would make every input look like news.
	b := c.bench(f)
	b.target = b.make("http://fake.example", memory{b.fake})
	f.Fuzz(func(t *testing.T, title, url, text, footer string, n int, small bool) {
		e := push.Entry{Item: entry(1).Item, Title: title, URL: "https://example.org/" + url, Text: text, Footer: footer}
		m := digest(slices.Repeat([]push.Entry{likewise(e)}, 1+max(n, -n-1)%60))
		m.Small = small
		own := *b
		own.t = t
		own.takes(own.render(m))
	})
}
