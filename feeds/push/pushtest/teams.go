package pushtest

import (
	"encoding/json"
	"net/http"
	"time"

	"feedmill/feeds/push"
)

// TeamsPath is the path of the one workflow that [Teams] knows.
const TeamsPath = "/workflows/fake/triggers/manual/paths/invoke"

// Teams is a fake of a workflow: 202 and nothing else for every card of at most 28 KB.
func Teams(now func() time.Time) *Fake {
	over := after(asJSON(429, `{"error":{"code":"RateLimitExceeded"}}`), 2)
	return NewFake(Platform{
		Name:  "teams",
		Rates: []push.Rate{{Count: 4, Per: time.Second}},
		Over:  over,
		Judge: func(r *http.Request, body []byte) *Reply {
			if r.URL.Path != TeamsPath {
				reply := asJSON(404, `{"error":{"code":"WorkflowNotFound"}}`)
				return &reply
			}
			if len(body) > 28<<10 {
				return &Reply{Status: 413, Body: "Request Entity Too Large"}
			}
			var m struct {
				Type        string
				Attachments []struct {
					ContentType string
					Content     struct {
						Type, Version string
						Body          []map[string]any
					}
				}
			}
			if json.Unmarshal(body, &m) != nil || m.Type != "message" || len(m.Attachments) != 1 ||
				m.Attachments[0].ContentType != "application/vnd.microsoft.card.adaptive" || m.Attachments[0].Content.Type != "AdaptiveCard" || len(m.Attachments[0].Content.Body) == 0 {
				reply := asJSON(400, `{"error":{"code":"TriggerInputSchemaMismatch"}}`)
				return &reply
			}
			return nil
		},
		OK: func(int, *http.Request) Reply { return Reply{Status: 202} },
		Answers: map[Mode]Reply{
			Limited:  over,
			Gone:     asJSON(404, `{"error":{"code":"WorkflowNotFound"}}`),
			Blocked:  asJSON(401, `{"error":{"code":"DirectApiAuthorizationRequired"}}`),
			Refusing: {Status: 413, Body: "Request Entity Too Large"},
			Busy:     asJSON(500, `{"error":{"code":"InternalServerError"}}`),
		},
	}, now)
}
