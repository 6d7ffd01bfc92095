package git

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"

	"feedmill/sources"
)

// Receive takes push webhooks. It answers 202 when a push to the branch wakes the source, 200 when there is nothing to
// do, 403 to whoever does not know the secret, 503 when the store fails: then the sender tries again.
func (s *source) Receive(w http.ResponseWriter, r *http.Request, box sources.Mailbox) {
	reply := func(code int, text string) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.WriteHeader(code)
		_, _ = io.WriteString(w, text+"\n") // a sender that hung up does not read it
	}
	switch {
	case s.cfg.WebhookSecret == "" || r.URL.Path != "/":
		reply(http.StatusNotFound, "no webhook is configured here")
		return
	case r.Method != http.MethodPost:
		w.Header().Set("Allow", "POST")
		reply(http.StatusMethodNotAllowed, "POST a push webhook")
		return
	}
	if !signed(r.Header) {
		reply(http.StatusForbidden, "the webhook has no signature or token: set the secret there, too")
		return
	}
	body, err := io.ReadAll(r.Body)
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		reply(http.StatusRequestEntityTooLarge, "the webhook is too large")
		return
	}
	if err != nil {
		reply(http.StatusBadRequest, "the body ended early")
		return
	}
	if !genuine(r.Header, body, s.cfg.WebhookSecret) {
		reply(http.StatusForbidden, "the signature or token is not right: is the secret the same on both sides?")
		return
	}
	if why := s.ignore(r.Header, body); why != "" {
		reply(http.StatusOK, why)
		return
	}
	if err := box.Put(r.Context(), nil); err != nil {
		s.env.Log.Warn("cannot keep a webhook", "err", err)
		reply(http.StatusServiceUnavailable, "the store does not answer: try again later")
		return
	}
	reply(http.StatusAccepted, "fetching")
}

// Headers that prove that the sender knows the secret:
// https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries,
// https://docs.gitea.com/usage/webhooks, https://forgejo.org/docs/latest/user/webhooks/,
// https://support.atlassian.com/bitbucket-cloud/docs/manage-webhooks/,
// https://docs.gitlab.com/user/project/integrations/webhooks/.
var (
	signatures = []string{
		"X-Hub-Signature-256", "X-Forgejo-Signature", "X-Gitea-Signature", "X-Gogs-Signature", "X-Hub-Signature",
	}
	token = "X-Gitlab-Token"
)

func signed(h http.Header) bool {
	for _, name := range append([]string{token}, signatures...) {
		if h.Get(name) != "" {
			return true
		}
	}
	return false
}

// genuine reports whether a webhook comes from who knows the secret: by the HMAC-SHA-256 of the body in hexadecimal, or
// by the secret itself (GitLab). One proof is enough: GitHub also sends an older signature.
func genuine(h http.Header, body []byte, secret string) bool {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(body)
	want := mac.Sum(nil)
	for _, name := range signatures {
		given := h.Get(name)
		if name == "X-Hub-Signature" && !strings.HasPrefix(given, "sha256=") {
			continue // GitHub's older one is SHA-1
		}
		sum, err := hex.DecodeString(strings.TrimPrefix(given, "sha256="))
		if err == nil && hmac.Equal(sum, want) {
			return true
		}
	}
	if given := h.Get(token); given != "" {
		// Hashes tell nothing of the secret's length.
		a, b := sha256.Sum256([]byte(given)), sha256.Sum256([]byte(secret))
		return subtle.ConstantTimeCompare(a[:], b[:]) == 1
	}
	return false
}

// push is what push events have in common.
type push struct {
	Ref        string `json:"ref"`
	Repository struct {
		DefaultBranch string `json:"default_branch"`
	} `json:"repository"`
	Project struct {
		DefaultBranch string `json:"default_branch"`
	} `json:"project"`
	// Push is Bitbucket's.
	Push *struct {
		Changes []struct {
			New *struct {
				Type string `json:"type"`
				Name string `json:"name"`
			} `json:"new"`
		} `json:"changes"`
	} `json:"push"`
}

// ignore says why an event brings nothing new; empty if it may.
func (s *source) ignore(h http.Header, body []byte) string {
	for _, name := range []string{"X-Github-Event", "X-Forgejo-Event", "X-Gitea-Event", "X-Gogs-Event", "X-Gitlab-Event", "X-Event-Key"} {
		event := h.Get(name)
		if event == "" {
			continue
		}
		switch strings.ToLower(event) {
		case "push", "push hook", "system hook", "repo:push":
		default:
			return "this event is not a push"
		}
		break
	}
	if kind, _, err := mime.ParseMediaType(h.Get("Content-Type")); err == nil && kind == "application/x-www-form-urlencoded" {
		if form, err := url.ParseQuery(string(body)); err == nil {
			body = []byte(form.Get("payload"))
		}
	}
	var p push
	if json.Unmarshal(body, &p) != nil {
		return "" // whoever signed it wants something: to look costs little
	}
	want := s.cfg.Branch
	if want == "" {
		want = p.Repository.DefaultBranch + p.Project.DefaultBranch
		if p.Repository.DefaultBranch != "" {
			want = p.Repository.DefaultBranch
		}
	}
	if want == "" {
		return ""
	}
	if p.Push != nil {
		for _, c := range p.Push.Changes {
			if c.New == nil || c.New.Type != "branch" || c.New.Name == want {
				return ""
			}
		}
		return "the push is to another branch"
	}
	if p.Ref != "" && p.Ref != "refs/heads/"+want {
		return "the push is to another branch"
	}
	return ""
}
