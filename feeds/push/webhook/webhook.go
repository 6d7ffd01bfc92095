// Package webhook sends to any endpoint, signed as Standard Webhooks 1.0.0 says
// (https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md).
package webhook

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"feedmill/feeds/push"
)

// Kind is an endpoint that takes webhooks.
var Kind = push.Kind{
	Name:    "webhook",
	Doc:     "an endpoint of your own: each item as JSON, signed (Standard Webhooks 1.0)",
	Config:  func() push.Config { return &Config{} },
	New:     newTarget,
	MaxWait: 24 * time.Hour,
	Data:    true,
	Setup:   "the address of your endpoint, and the secret that both sides know; make one with: echo whsec_$(openssl rand -base64 32)",
	SetupZH: "你自己的接收地址，以及双方共有的密钥；密钥可以这样生成：echo whsec_$(openssl rand -base64 32)",
	Secrets: []string{"secret"},
}

// rates are no limit of anybody's but a courtesy.
var rates = []push.Rate{{Count: 20, Per: time.Second}}

// Config is an endpoint.
type Config struct {
	URL    string `yaml:"webhook" secret:"true" doc:"The address that each item is sent to, with POST."`
	Secret string `yaml:"secret,omitempty" secret:"true" doc:"The secret that signs: whsec_ and 24 to 64 random bytes in base64."`
	Old    string `yaml:"old_secret,omitempty" secret:"true" doc:"The secret before: while it is set everything is signed with both, so that the endpoint can change over."`
}

// Check implements [push.Config].
func (c *Config) Check() error {
	u, err := url.Parse(c.URL)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return errors.New("webhook: want an http or https address")
	}
	if _, err := key(c.Secret); err != nil {
		return fmt.Errorf("secret: %w", err)
	}
	if c.Old == "" {
		return nil
	}
	if _, err := key(c.Old); err != nil {
		return fmt.Errorf("old_secret: %w", err)
	}
	if c.Old == c.Secret {
		return errors.New("old_secret: want another than secret, or none")
	}
	return nil
}

// key reads a secret.
func key(secret string) ([]byte, error) {
	b, ok := strings.CutPrefix(strings.TrimSpace(secret), "whsec_")
	k, err := base64.StdEncoding.DecodeString(b)
	if !ok || err != nil || len(k) < 24 || len(k) > 64 {
		return nil, errors.New("want whsec_ and 24 to 64 random bytes in base64; make one with: echo whsec_$(openssl rand -base64 32)")
	}
	return k, nil
}

// Location implements [push.Config].
func (c *Config) Location() string { return push.Redact(c.URL) }

type target struct {
	cfg  *Config
	env  push.Env
	keys [][]byte
}

func newTarget(cfg push.Config, env push.Env) (push.Target, error) {
	c, ok := cfg.(*Config)
	if !ok {
		return nil, fmt.Errorf("webhook: got the configuration %T", cfg)
	}
	t := &target{cfg: c, env: env}
	for _, s := range []string{c.Secret, c.Old} {
		if s == "" {
			continue
		}
		k, err := key(s)
		if err != nil {
			return nil, fmt.Errorf("webhook: secret: %w", err)
		}
		t.keys = append(t.keys, k)
	}
	return t, nil
}

// Buckets implements [push.Target].
func (t *target) Buckets() []push.Bucket {
	return []push.Bucket{{Key: push.KeyOf("webhook", t.cfg.URL), Rates: rates}}
}

// Sign is the signature of one key.
func Sign(key []byte, id string, second int64, body []byte) string {
	m := hmac.New(sha256.New, key)
	fmt.Fprintf(m, "%s.%d.", id, second)
	m.Write(body)
	return "v1," + base64.StdEncoding.EncodeToString(m.Sum(nil))
}

// Send implements [push.Target]. The id is the same at every attempt, the time that of this one.
func (t *target) Send(ctx context.Context, id string, p *push.Payload) (push.Receipt, error) {
	now := t.env.Now()
	signatures := make([]string, len(t.keys))
	for i, k := range t.keys {
		signatures[i] = Sign(k, id, now.Unix(), p.Body)
	}
	h := http.Header{}
	h.Set("Webhook-Id", id)
	h.Set("Webhook-Timestamp", strconv.FormatInt(now.Unix(), 10))
	h.Set("Webhook-Signature", strings.Join(signatures, " "))
	a, err := push.Call{URL: t.cfg.URL, ContentType: p.ContentType, Header: h, Body: p.Body}.Do(ctx, t.env.HTTP, t.env.Now)
	if err != nil {
		return "", err
	}
	return "", judge(a)
}

// judge reads an answer: the status decides, and 410 is the endpoint's word for never again.
func judge(a *push.Answer) error {
	e := a.Failed(push.Transient)
	switch a.Status {
	case http.StatusGone:
		e.Class = push.Dead
		e.Reason += "; the endpoint wants nothing more: remove the target, or configure another address"
	case http.StatusUnauthorized, http.StatusForbidden:
		e.Class = push.Blocked
		e.Reason += "; check secret: of the target and the clock of this machine, or who may ask the endpoint"
	case http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType, http.StatusUnprocessableEntity:
		e.Class = push.BadPayload
	default:
		if a.Status/100 == 2 {
			return nil
		}
	}
	return e
}
