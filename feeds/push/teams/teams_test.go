package teams_test

import (
	"flag"
	"strings"
	"testing"
	"time"

	"feedmill/feeds/push"
	"feedmill/feeds/push/pushtest"
	"feedmill/feeds/push/teams"
)

var suite = pushtest.Case{
	Kind: teams.Kind, Fake: pushtest.Teams, Read: pushtest.ReadTeams, Most: 20,
	Config:  func(base string) push.Config { return &teams.Config{URL: base + pushtest.TeamsPath} },
	Secrets: []string{"fake-signature", "0123456789abcdef"},
}

var update = flag.Bool("update", false, "rewrite the golden messages in testdata")

func TestTarget(t *testing.T) { pushtest.Run(t, suite) }

func TestGolden(t *testing.T) { pushtest.Golden(t, suite, "teams", *update) }

func FuzzRender(f *testing.F) { pushtest.Fuzz(f, suite) }

func TestAnswers(t *testing.T) {
	says := pushtest.Says
	const connector = "Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error "
	pushtest.Answers(t, suite, []pushtest.Answer{
		says("queued", 202, ``),
		says("a workflow that answers", 200, `{"status":"posted"}`),
		says("older connector", 200, `1`),
		says("older connector, too many", 200, connector+`429 with ContextId tcid=0`).Fails(push.RateLimited, "http 200", "429"),
		says("older connector, too large", 200, connector+`413 with ContextId tcid=0`).Fails(push.BadPayload, "http 200", "413"),
		says("older connector, trouble", 200, connector+`502 with ContextId tcid=0`).Fails(push.Transient, "http 200", "502"),
		says("page of a proxy", 200, `<html>`, "Content-Type", "text/html").Fails(push.Transient, "http 200", "<html>").Ambiguous(),
		says("gone", 404, `{"error":{"code":"WorkflowNotFound","message":"The workflow could not be found."}}`).Fails(push.Dead, "WorkflowNotFound", "could not be found"),
		says("retired", 410, `Gone`).Fails(push.Dead, "http 410", "Gone"),
		says("turned off", 400, `{"error":{"code":"WorkflowTriggerIsNotEnabled","message":"trigger 'manual' with state 'Disabled'"}}`).
			Fails(push.Blocked, "WorkflowTriggerIsNotEnabled", "'Disabled'; turn the workflow on"),
		says("deleted", 400, `{"error":{"code":"WorkflowTriggerIsNotEnabled","message":"trigger 'manual' with state 'Deleted'"}}`).
			Fails(push.Dead, "WorkflowTriggerIsNotEnabled", "'Deleted'"),
		says("without a signature", 401, `{"error":{"code":"DirectApiAuthorizationRequired","message":"The request must be authenticated"}}`).
			Fails(push.Blocked, "DirectApiAuthorizationRequired", "copy the workflow's whole URL again"),
		says("forbidden", 403, ``).Fails(push.Blocked, "http 403", ""),
		says("schema", 400, `{"error":{"code":"TriggerInputSchemaMismatch","message":"The input body does not match"}}`).Fails(push.BadPayload, "TriggerInputSchemaMismatch", ""),
		says("too large", 413, `Request Entity Too Large`).Fails(push.BadPayload, "http 413", "Too Large"),
		says("throttled", 429, `{"error":{"code":"RateLimitExceeded"}}`, "Retry-After", "12").Fails(push.RateLimited, "http 429", "RateLimitExceeded").After(12 * time.Second),
		says("trouble", 500, `{"error":{"code":"InternalServerError","message":"?"}}`).Fails(push.Transient, "InternalServerError", ""),
		says("no answer of the workflow", 502, `{"error":{"code":"NoResponse"}}`).Fails(push.Transient, "http 502", "NoResponse"),
	})
}

func TestCheck(t *testing.T) {
	for _, c := range []teams.Config{{URL: "SECRET"}, {URL: "ftp://example.org/SECRET"}, {}} {
		if err := c.Check(); err == nil || strings.Contains(err.Error(), "SECRET") {
			t.Errorf("%+v: %v", c, err)
		}
	}
}
