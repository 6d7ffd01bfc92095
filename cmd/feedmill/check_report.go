package main

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"feedmill/cmd/internal/app"
	"feedmill/cmd/internal/config"
	"feedmill/feeds"
	"feedmill/sources"
	"feedmill/sources/fetch"
)

// checked is what a check found of one source.
type checked struct {
	Source   string `json:"source"`
	Kind     string `json:"kind"`
	Location string `json:"location"`
	// Skipped says that it is elsewhere and nobody was asked.
	Skipped  bool               `json:"skipped,omitempty"`
	Items    int                `json:"items"`
	Dropped  int                `json:"dropped,omitempty"`
	Held     []heldPost         `json:"held,omitempty"`
	Rejected []sources.Rejected `json:"rejected,omitempty"`
	Warnings []string           `json:"warnings,omitempty"`
	// Leaks says where others publish what is private here.
	Leaks    []string          `json:"leaks,omitempty"`
	Error    string            `json:"error,omitempty"`
	Hint     string            `json:"hint,omitempty"`
	Note     string            `json:"note,omitempty"`
	Exchange *sources.Exchange `json:"exchange,omitempty"`
	// Took is in seconds, the wait for a turn at a host included.
	Took float64 `json:"took"`
}

// heldPost is a post that waits for its date.
type heldPost struct {
	Where string    `json:"where"`
	Until time.Time `json:"until"`
}

// fill takes over what a look at the source brought.
func (r *checked) fill(s config.Source, p sources.Preview, err error) {
	r.Items, r.Dropped, r.Note, r.Exchange = len(p.Items), len(p.Dropped), p.Result.Note, p.Result.Exchange
	for _, rej := range p.Rejected {
		r.Rejected = append(r.Rejected, app.Place(r.Location, rej))
	}
	for _, c := range p.Held {
		at := app.Place(r.Location, sources.Rejected{Where: c.Key})
		r.Held = append(r.Held, heldPost{at.Where, c.Item.Published})
	}
	if err != nil {
		r.Error, r.Hint = err.Error(), hintFor(err)
		return
	}
	r.Warnings = append(aheadOf(slices.Concat(p.Items, p.Held)), warningsOf(p.Result.Exchange)...)
	if p.Result.Gone {
		r.Error = "the source is gone for good (410): remove it from the configuration"
	}
	if len(p.Items)+len(p.Held)+len(p.Dropped)+len(p.Rejected) == 0 && s.Kind.Members == nil && s.Kind.Web {
		r.Warnings = append(r.Warnings, "it has no item at all")
	}
}

// line is the report on one line.
func (r *checked) line() string {
	b := fmt.Sprintf("%s: %s %s: %s", r.Source, r.Kind, r.Location, count(r.Items, "item"))
	for _, n := range []struct {
		n    int
		what string
	}{{len(r.Held), "held"}, {r.Dropped, "left out by rules"}, {len(r.Rejected), "rejected or repaired"}} {
		if n.n > 0 {
			b += fmt.Sprintf(", %d %s", n.n, n.what)
		}
	}
	if x := r.Exchange; x != nil {
		if x.Status != 0 {
			b += fmt.Sprintf(", answer %d", x.Status)
		}
		b += fmt.Sprintf(", %s, %s", count(x.Requests, "request"), size(x.Bytes))
	}
	return b
}

// slowAnswer is how long an answer may take before it is worth a word: half of the time that is allowed by default.
const slowAnswer = fetch.DefaultTimeout / 2

// warningsOf are what an answer says about the ones to come.
func warningsOf(x *sources.Exchange) (out []string) {
	if x == nil {
		return nil
	}
	if x.Moved != "" {
		out = append(out, "it has moved for good: write "+x.Moved+" into the configuration")
	}
	if x.Status == http.StatusOK && x.ETag == "" && x.LastModified == "" {
		out = append(out, "its server sends neither ETag nor Last-Modified, so each look costs it the whole document: it is asked once a day unless interval says otherwise")
	}
	if took := time.Duration(x.Slowest); took > slowAnswer {
		out = append(out, fmt.Sprintf("its server is slow: %s for one answer; timeout gives it more time", took.Round(100*time.Millisecond)))
	}
	return out
}

// leaksOf warns of sources that read the same as a private one for others. Items of different groups are never made one, so
// each shows its own.
func leaksOf(cfg *config.Config, s config.Source) (out []string) {
	for _, other := range cfg.Sources {
		if s.Group == "" || other.Name == s.Name || other.Group == s.Group || other.Kind.Name != s.Kind.Name || other.Config.Location() != s.Config.Location() {
			continue
		}
		who := "everybody"
		if other.Group != "" {
			who = "the group " + other.Group
		}
		out = append(out, fmt.Sprintf("it belongs to the group %s, and source %s shows the same to %s", s.Group, other.Name, who))
	}
	return out
}

// aheadOf warns of dates ahead, and says so if they lie ahead perhaps only because they name no zone.
func aheadOf(changes []feeds.Change) (out []string) {
	now := time.Now()
	bare, late := 0, 0
	example, other := "", ""
	for _, c := range changes {
		ahead := c.Item.Published.After(now) && c.Item.Published.Sub(now) < 15*time.Hour // no zone is farther away
		zoneless := false
		for _, step := range c.Item.Why("date") {
			zoneless = zoneless || strings.HasSuffix(step, feeds.NoZone)
			ahead = ahead || strings.HasSuffix(step, feeds.Ahead)
		}
		switch {
		case ahead && zoneless:
			bare++
			example = first(example, c.Key)
		case ahead && !c.Hold:
			late++
			other = first(other, c.Key)
		}
	}
	if bare > 0 {
		out = append(out, fmt.Sprintf("%s ahead, perhaps only because the date names no zone (%s): set timezone", count(bare, "item"), example))
	}
	if late > 0 {
		out = append(out, fmt.Sprintf("%s dated ahead (%s): the time it was first seen counts", count(late, "item"), other))
	}
	return out
}

func first(texts ...string) string {
	for _, s := range texts {
		if s != "" {
			return s
		}
	}
	return ""
}

// hintFor is what to do about a failure, where the error itself does not say it.
func hintFor(err error) string {
	var cert *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	var dns *net.DNSError
	var status *fetch.StatusError
	switch {
	case errors.As(err, &cert):
		return "its certificate cannot be trusted: renew it there, or install its authority on this machine"
	case errors.As(err, &record):
		return "it does not speak TLS there: is it http://?"
	case errors.Is(err, fetch.ErrRobots):
		return "its robots.txt refuses: ask its operator, or use a feed or an API of the site"
	case errors.Is(err, fetch.ErrPrivate):
		return "if that network is meant: allow: [NETWORK] of the source, such as 10.0.0.0/8"
	case errors.Is(err, fetch.ErrTimeout):
		return "timeout of the source gives it more time"
	case errors.Is(err, fetch.ErrTooLarge):
		return "max_bytes of the source allows more"
	case errors.As(err, &dns):
		return "its name is not known here: is it spelled right, and does this machine have a resolver?"
	case errors.As(err, &status):
		switch status.Code {
		case http.StatusUnauthorized, http.StatusForbidden:
			return "it wants to know who asks: basic, bearer, cookie or headers of the source, perhaps a user_agent of your own"
		case http.StatusNotFound:
			return "feedmill discover finds the feeds of a page"
		}
	}
	return ""
}
