package pushtest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"feedmill/feeds/push"
)

// The one endpoint that [Webhook] is, and its secret.
const (
	WebhookPath   = "/hooks/fake-webhook-path"
	WebhookSecret = "whsec_ZmFrZS1zZWNyZXQtb2YtYS13ZWJob29r" // of 27 bytes
)

// Webhook is a fake of an endpoint that takes Standard Webhooks: it checks the signature and the time, and takes 20 kB.
func Webhook(now func() time.Time) *Fake {
	if now == nil {
		now = time.Now
	}
	return NewFake(Platform{
		Name:  "webhook",
		Rates: []push.Rate{{Count: 100, Per: time.Second}},
		Over:  after(asJSON(429, `{"error":"too many"}`), 1),
		Judge: func(r *http.Request, body []byte) *Reply {
			say := func(status int, words string) *Reply {
				reply := asJSON(status, fmt.Sprintf(`{"error":%q}`, words))
				return &reply
			}
			id, at := r.Header.Get("webhook-id"), r.Header.Get("webhook-timestamp")
			second, err := strconv.ParseInt(at, 10, 64)
			switch {
			case r.URL.Path != WebhookPath:
				return say(404, "not found")
			case err != nil || now().Sub(time.Unix(second, 0)).Abs() > 5*time.Minute:
				return say(401, "timestamp")
			case id == "" || strings.Contains(id, "."):
				return say(400, "id")
			}
			key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(WebhookSecret, "whsec_"))
			if err != nil {
				return say(500, "secret")
			}
			mac := hmac.New(sha256.New, key)
			fmt.Fprintf(mac, "%s.%s.%s", id, at, body)
			signed := false
			for s := range strings.FieldsSeq(r.Header.Get("webhook-signature")) {
				v, sum, _ := strings.Cut(s, ",")
				got, err := base64.StdEncoding.DecodeString(sum)
				signed = signed || err == nil && v == "v1" && hmac.Equal(got, mac.Sum(nil))
			}
			var m struct {
				Type      string
				Timestamp time.Time
				Data      *webhookItem
			}
			switch {
			case !signed:
				return say(401, "signature")
			case len(body) > 20_000:
				return say(413, "too large")
			case json.Unmarshal(body, &m) != nil || m.Type == "" || m.Timestamp.IsZero() || m.Data == nil || m.Data.ID == "" || m.Data.HTML == "" && m.Data.Text == "":
				return say(400, "want a type, a timestamp, and an item with id and content")
			}
			return nil
		},
		OK: func(int, *http.Request) Reply { return Reply{Status: 204} },
		Answers: map[Mode]Reply{
			Limited:  after(asJSON(429, `{"error":"too many"}`), 1),
			Gone:     asJSON(410, `{"error":"gone"}`),
			Blocked:  asJSON(401, `{"error":"signature"}`),
			Refusing: asJSON(422, `{"error":"cannot use it"}`),
			Busy:     asJSON(500, `{"error":"internal"}`),
		},
	}, now)
}

type webhookItem struct {
	ID, URL, Title, Summary string
	Image                   string
	HTML                    string `json:"content_html"`
	Text                    string `json:"content_text"`
}

// ReadWebhook is what a program has of a message: nothing in it is markup but the item's own HTML.
func ReadWebhook(body []byte) (s Shown) {
	var m struct {
		Data webhookItem
		More struct {
			Count int
			URL   string
		}
	}
	if json.Unmarshal(body, &m) != nil {
		return Shown{}
	}
	s.Text = strings.Join([]string{m.Data.Title, m.Data.Summary, m.Data.Text}, "\n")
	for _, u := range []string{m.Data.URL, m.Data.Image, m.More.URL} {
		if u != "" {
			s.Links = append(s.Links, u)
		}
	}
	if m.More.Count > 0 {
		s.Text += fmt.Sprintf("\n%d", m.More.Count)
	}
	return s
}
