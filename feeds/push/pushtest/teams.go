package pushtest

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"feedmill/feeds/push"
)

// TeamsPath is the path of the one workflow that [Teams] knows, with its signature, which is the secret.
const TeamsPath = "/workflows/0123456789abcdef0123456789abcdef/triggers/manual/paths/invoke?api-version=2016-06-01&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=fake-signature-Teams"

// Teams is a fake of a workflow: 202 and nothing else for every card of at most 28 KB.
func Teams(now func() time.Time) *Fake {
	over := after(asJSON(429, `{"error":{"code":"RateLimitExceeded"}}`), 2)
	return NewFake(Platform{
		Name:  "teams",
		Rates: []push.Rate{{Count: 4, Per: time.Second}},
		Over:  over,
		Judge: func(r *http.Request, body []byte) *Reply {
			path, _, _ := strings.Cut(TeamsPath, "?")
			if r.URL.Path != path {
				reply := asJSON(404, `{"error":{"code":"WorkflowNotFound","message":"The workflow could not be found."}}`)
				return &reply
			}
			if r.URL.Query().Get("sig") != "fake-signature-Teams" {
				reply := asJSON(401, `{"error":{"code":"AuthorizationFailed","message":"The authentication credentials are not valid."}}`)
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
			Gone:     asJSON(404, `{"error":{"code":"WorkflowNotFound","message":"The workflow could not be found."}}`),
			Blocked:  asJSON(400, `{"error":{"code":"WorkflowTriggerIsNotEnabled","message":"Could not execute workflow 'x' trigger 'manual' with state 'Disabled': trigger is not enabled."}}`),
			Refusing: {Status: 413, Body: "Request Entity Too Large"},
			Busy:     asJSON(500, `{"error":{"code":"InternalServerError"}}`),
		},
	}, now)
}
