package webhook_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"feedmill/feeds"
	"feedmill/feeds/push"
	"feedmill/feeds/push/pushtest"
	"feedmill/feeds/push/webhook"
)

var suite = pushtest.Case{
	Kind: webhook.Kind, Fake: pushtest.Webhook, Read: pushtest.ReadWebhook, Most: 1000, Titles: true, Data: true,
	Config: func(base string) push.Config {
		return &webhook.Config{URL: base + pushtest.WebhookPath, Secret: pushtest.WebhookSecret}
	},
	Secrets: []string{"fake-webhook-path", pushtest.WebhookSecret},
	Except:  []pushtest.Mode{pushtest.Garbage}, // any answer of 2xx takes the message
}

func Test(t *testing.T) { pushtest.Run(t, suite) }

func Fuzz(f *testing.F) { pushtest.Fuzz(f, suite) }

const other = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

// TestSign holds to the vector of the specification.
func TestSign(t *testing.T) {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(other, "whsec_"))
	if err != nil {
		t.Fatal(err)
	}
	if got := webhook.Sign(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, []byte(`{"test": 2432232314}`)); got != "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=" {
		t.Errorf("got %s", got)
	}
}

func target(t *testing.T, c *webhook.Config) push.Target {
	t.Helper()
	if err := c.Check(); err != nil {
		t.Fatal(err)
	}
	to, err := webhook.Kind.New(c, push.Env{HTTP: http.DefaultClient, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	return to
}

// TestVerified: the official library of the specification verifies what arrives, with the new secret and with the old, and each
// attempt has the same id.
func TestVerified(t *testing.T) {
	var ids []string
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body := make([]byte, r.ContentLength)
		if n, err := r.Body.Read(body); n != len(body) {
			t.Errorf("read %d bytes: %v", n, err)
		}
		for _, secret := range []string{pushtest.WebhookSecret, other} {
			v, err := standardwebhooks.NewWebhook(secret)
			if err != nil {
				t.Error(err)
				continue
			}
			if err := v.Verify(body, r.Header); err != nil {
				t.Errorf("secret %.8s: %v", secret, err)
			}
		}
		ids = append(ids, r.Header.Get("webhook-id"))
	}))
	defer srv.Close()
	to := target(t, &webhook.Config{URL: srv.URL, Secret: pushtest.WebhookSecret, Old: other})
	p, err := to.Render(&push.Message{ID: "m-1", Entries: []push.Entry{{Item: full()}}, Time: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := to.Send(t.Context(), "m-1", p); err != nil {
			t.Fatal(err)
		}
	}
	if !slices.Equal(ids, []string{"m-1", "m-1"}) {
		t.Errorf("the ids are %q", ids)
	}
}

func full() *feeds.Item {
	day := time.Date(2026, 11, 23, 8, 0, 0, 0, time.FixedZone("", 8*3600))
	return &feeds.Item{
		ID: "urn:item:1", Source: "harbour", URL: "https://example.org/a?x=1&y=2", Original: "https://example.com/o", Title: "Ferry & <pier>", Summary: "摘要", Content: "<p>text &amp; more</p>",
		Authors: []feeds.Person{{Name: "Lin", URL: "https://example.org/lin", Email: "lin@example.org"}}, Categories: []string{"boats"}, Tags: []string{"boats", "港口"}, Language: "zh-CN",
		Image: "https://example.org/a.png", Enclosures: []feeds.Enclosure{{URL: "https://example.org/a.mp3", Length: 12, Duration: 90 * time.Second}}, Published: day, Updated: day.Add(time.Hour), Arrived: day,
	}
}

// TestLook shows a message to the byte.
func TestLook(t *testing.T) {
	to := target(t, &webhook.Config{URL: "https://example.org/", Secret: other})
	m := &push.Message{Entries: []push.Entry{{Item: full(), Edited: true}, {Item: full()}}, More: 37, MoreURL: "https://feeds.example.org/all", Time: time.Date(2026, 11, 23, 9, 0, 0, 5, time.UTC)}
	p, err := to.Render(m)
	if err != nil || p.Entries != 1 {
		t.Fatalf("%+v, %v", p, err)
	}
	const want = `{"type":"item.updated","timestamp":"2026-11-23T09:00:00Z","data":{"id":"urn:item:1","url":"https://example.org/a?x=1&y=2","external_url":"https://example.com/o","title":"Ferry & <pier>",` +
		`"content_html":"<p>text &amp; more</p>","summary":"摘要","image":"https://example.org/a.png","date_published":"2026-11-23T08:00:00+08:00","date_modified":"2026-11-23T09:00:00+08:00",` +
		`"authors":[{"name":"Lin","url":"https://example.org/lin"}],"tags":["boats","港口"],"language":"zh-CN","attachments":[{"url":"https://example.org/a.mp3","mime_type":"application/octet-stream","size_in_bytes":12,"duration_in_seconds":90}],` +
		`"_feedmill":{"source":"harbour","categories":["boats"]}},"more":{"count":37,"url":"https://feeds.example.org/all"}}`
	if string(p.Body) != want {
		t.Errorf("got\n%s\nwant\n%s", p.Body, want)
	}
}

// TestCut: what is too large loses its content first, and says so.
func TestCut(t *testing.T) {
	long := strings.Repeat("证", 10_000)
	for _, tt := range []struct {
		name   string
		change func(*feeds.Item)
		want   string
	}{
		{"nothing", func(*feeds.Item) {}, "[]"},
		{"content", func(it *feeds.Item) { it.Content = long }, "[content_html]"},
		{"summary", func(it *feeds.Item) { it.Content, it.Summary = long, long }, "[content_html summary attachments content_text]"},
		{"title", func(it *feeds.Item) { it.Title = long }, "[content_html summary attachments content_text tags authors image external_url title]"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			it := full()
			tt.change(it)
			p, err := target(t, &webhook.Config{URL: "https://example.org/", Secret: other}).Render(&push.Message{Entries: []push.Entry{{Item: it}}})
			if err != nil {
				t.Fatal(err)
			}
			var got struct {
				Data struct {
					ID, URL string
					Ours    struct{ Cut []string } `json:"_feedmill"`
				}
			}
			if err := json.Unmarshal(p.Body, &got); err != nil {
				t.Fatal(err)
			}
			if cut := fmt.Sprint(got.Data.Ours.Cut); cut != tt.want || len(p.Body) > 20_000 || got.Data.ID != it.ID || got.Data.URL != it.URL {
				t.Errorf("%d bytes, cut %s, want %s: %.300s", len(p.Body), cut, tt.want, p.Body)
			}
		})
	}
}

func TestAnswers(t *testing.T) {
	for status, want := range map[int]push.Class{
		200: "", 202: "", 204: "", 400: push.BadPayload, 401: push.Blocked, 403: push.Blocked, 404: push.Transient, 410: push.Dead, 413: push.BadPayload,
		415: push.BadPayload, 422: push.BadPayload, 418: push.Transient, 500: push.Transient, 501: push.Transient,
	} {
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }))
		_, err := target(t, &webhook.Config{URL: srv.URL, Secret: other}).Send(t.Context(), "m", &push.Payload{Body: []byte("{}")})
		srv.Close()
		var got push.Class
		if err != nil {
			got = push.AsError(err).Class
		}
		if got != want {
			t.Errorf("%d: %q, want %q", status, got, want)
		}
	}
}

func TestCheck(t *testing.T) {
	short := "whsec_" + base64.StdEncoding.EncodeToString([]byte("SECRET"))
	for _, c := range []webhook.Config{
		{URL: "example.org/SECRET", Secret: other},
		{URL: "ftp://example.org/SECRET", Secret: other},
		{URL: "https://example.org/SECRET"},
		{URL: "https://example.org/SECRET", Secret: "SECRET"},
		{URL: "https://example.org/SECRET", Secret: short},
		{URL: "https://example.org/SECRET", Secret: other, Old: short},
		{URL: "https://example.org/SECRET", Secret: other, Old: other},
	} {
		if err := c.Check(); err == nil || strings.Contains(err.Error(), "SECRET") || strings.Contains(err.Error(), short) {
			t.Errorf("%+v: %v", c, err)
		}
	}
}
