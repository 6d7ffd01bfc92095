package pushtest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"feedmill/feeds/push"
)

// Discord is a fake of Discord's webhooks: five requests in two seconds, which headers tell of, and thirty a minute, 429 with broken
// seconds, and "Unknown Webhook" for every path but that of [DiscordPath].
func Discord(now func() time.Time) *Fake {
	bad := func(what string) *Reply {
		r := asJSON(400, fmt.Sprintf(`{"message":"Invalid Form Body","code":50035,"errors":%q}`, what))
		return &r
	}
	over := asJSON(429, `{"message":"You are being rate limited.","retry_after":1.234,"global":false}`)
	over.Wait = 1234 * time.Millisecond
	return NewFake(Platform{
		Name:  "discord",
		Rates: []push.Rate{{Count: 5, Per: 2 * time.Second}, {Count: 30, Per: time.Minute}},
		Over:  over,
		Left: func(left int, reset time.Duration) http.Header {
			return http.Header{
				"X-Ratelimit-Bucket": {"fake"}, "X-Ratelimit-Limit": {"5"}, "X-Ratelimit-Remaining": {strconv.Itoa(left)},
				"X-Ratelimit-Reset-After": {strconv.FormatFloat(reset.Seconds(), 'f', 3, 64)},
			}
		},
		Judge: func(r *http.Request, body []byte) *Reply {
			if !strings.HasPrefix(r.URL.Path, DiscordPath) {
				reply := asJSON(404, `{"message":"Unknown Webhook","code":10015}`)
				return &reply
			}
			var m struct {
				Content  string `json:"content"`
				Mentions *struct {
					Parse []string `json:"parse"`
				} `json:"allowed_mentions"`
				Embeds []struct {
					Title, Description, URL string
					Footer                  struct{ Text string }
				} `json:"embeds"`
			}
			switch err := json.Unmarshal(body, &m); {
			case err != nil:
				return bad(err.Error())
			case m.Content == "" && len(m.Embeds) == 0:
				reply := asJSON(400, `{"message":"Cannot send an empty message","code":50006}`)
				return &reply
			case len(m.Embeds) > 10 || push.Units(m.Content) > 2000:
				return bad("too many embeds")
			case m.Mentions == nil || len(m.Mentions.Parse) > 0:
				return bad("a program that republishes what others write must forbid mentions")
			}
			total := 0
			for _, e := range m.Embeds {
				if push.Units(e.Title) > 256 || push.Units(e.Description) > 4096 || push.Units(e.Footer.Text) > 2048 || len(e.URL) > 2048 {
					return bad("BASE_TYPE_MAX_LENGTH")
				}
				if e.Title == "" && e.Description == "" {
					return bad("BASE_TYPE_REQUIRED")
				}
				total += push.Units(e.Title + e.Description + e.Footer.Text)
			}
			if total > 6000 {
				return bad("MAX_EMBED_SIZE_EXCEEDED")
			}
			return nil
		},
		OK: func(n int, r *http.Request) Reply {
			if r.URL.Query().Get("wait") != "true" {
				return Reply{Status: 204}
			}
			return asJSON(200, fmt.Sprintf(`{"id":"%d","type":0}`, discordID+n))
		},
		Edits: func(r *http.Request, _ []byte) int {
			_, id, ok := strings.Cut(r.URL.Path, "/messages/")
			n, err := strconv.Atoi(id)
			if !ok || err != nil {
				return -1
			}
			return n - discordID
		},
		Credential: func(*http.Request) string { return DiscordPath },
		Answers: map[Mode]Reply{
			Limited:  over,
			Gone:     asJSON(404, `{"message":"Unknown Webhook","code":10015}`),
			Blocked:  asJSON(403, `{"message":"Missing Permissions","code":50013}`),
			Refusing: asJSON(400, `{"message":"Invalid Form Body","code":50035}`),
			Busy:     asJSON(500, `{"message":"500: Internal Server Error","code":0}`),
		},
	}, now)
}

// DiscordPath is the path of the one webhook that [Discord] knows.
const DiscordPath = "/api/webhooks/1200000000000000001/faketoken-Discord"

const discordID = 1300000000
