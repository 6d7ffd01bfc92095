package fetch

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/temoto/robotstxt"
)

const (
	// robotsEvery is how long a robots.txt counts before it is asked for again (RFC 9309 §2.4: at most a day).
	robotsEvery = 24 * time.Hour
	// robotsAgain is how soon one that could not be read is asked for again.
	robotsAgain = time.Hour
	// robotsLost is how long an unreachable one forbids everything before it counts as none (RFC 9309 §2.3.1.4).
	robotsLost = 30 * 24 * time.Hour
	// maxRobots bounds the part of it that is read, in bytes: the least that a crawler must read (RFC 9309 §2.5).
	maxRobots = 500 << 10
	// maxCrawlDelay bounds the Crawl-delay that is kept.
	maxCrawlDelay = 30 * time.Second
	// robotsName is the name under which a robots.txt speaks to us.
	robotsName = "feedmill"
	// robotsPrefix begins the keys of the state under which they are remembered.
	robotsPrefix = "robots/"
)

// ErrRobots says that the robots.txt of a host asks not to fetch a page.
var ErrRobots = errors.New("the site's robots.txt asks robots not to fetch it")

// robots is what is remembered of the robots.txt of one host.
type robots struct {
	Read       time.Time  `json:"read,omitzero"`  // the last time that it came
	Asked      time.Time  `json:"asked,omitzero"` // the last time that it was asked for
	Lost       time.Time  `json:"lost,omitzero"`  // since when it has not been readable
	Validators Validators `json:"validators"`
	Text       string     `json:"text,omitempty"`
}

// Permitted asks the robots.txt of the page's host whether the page may be fetched (RFC 9309), and keeps the pace that it
// wishes (Crawl-delay, up to 30 s). The file is remembered in the source's state for a day. It fails with [ErrRobots] for a
// page that is forbidden, and while the file cannot be read for trouble at the server, and with the error of the state.
// Feeds are made to be fetched: this is for pages.
func (p *Poll) Permitted(ctx context.Context, page string) error {
	u, err := url.Parse(strings.TrimSpace(page))
	if err != nil || checkURL(u) != nil {
		return fmt.Errorf("get %s: %w", Redact(page), ErrScheme)
	}
	site := strings.ToLower(u.Scheme) + "://" + strings.ToLower(u.Host)
	r, err := p.robots(ctx, site)
	if err != nil {
		return err
	}
	if !r.Lost.IsZero() && r.Read.IsZero() && time.Since(r.Lost) < robotsLost {
		return fmt.Errorf("get %s: %w: %s/robots.txt cannot be read, which forbids everything for now", Redact(page), ErrRobots, site)
	}
	data, err := robotstxt.FromString(plainRobots(r.Text))
	if err != nil {
		return nil // what cannot be understood forbids nothing
	}
	group := data.FindGroup(robotsName)
	if group.CrawlDelay > 0 {
		if t, ok := p.client.Transport.(*transport); ok {
			t.pace.slow(hostKey(u), min(group.CrawlDelay, maxCrawlDelay))
		}
	}
	if u.Path != "/robots.txt" && !group.Test(requestPath(u)) {
		return fmt.Errorf("get %s: %w", Redact(page), ErrRobots)
	}
	return nil
}

// plainRobots leaves the lines that the parser is to judge: it gives up the whole file for one line that it does not
// understand. Paths are compared percent-encoded (RFC 9309 §2.2.2).
func plainRobots(text string) string {
	var b strings.Builder
	grouped := false
	for line := range strings.Lines(strings.ReplaceAll(strings.TrimPrefix(text, "\ufeff"), "\r", "\n")) {
		line, _, _ = strings.Cut(line, "#")
		name, value, ok := strings.Cut(line, ":")
		name, value = strings.ToLower(strings.TrimSpace(name)), strings.TrimSpace(value)
		if !ok {
			continue
		}
		switch name {
		case "user-agent":
			grouped = grouped || value != ""
			if value == "" {
				continue
			}
		case "allow", "disallow":
			if value = percentEncoded(value); !grouped {
				continue
			}
		case "crawl-delay":
			if d, err := strconv.ParseFloat(value, 64); err != nil || d < 0 || !grouped {
				continue
			}
		default:
			continue
		}
		b.WriteString(name + ": " + value + "\n")
	}
	return b.String()
}

// requestPath is the path with the query, as robots.txt sees it.
func requestPath(u *url.URL) string {
	path := u.EscapedPath()
	if path == "" {
		path = "/"
	}
	if u.RawQuery != "" {
		path += "?" + u.RawQuery
	}
	return percentEncoded(path)
}

// percentEncoded brings what is no ASCII, and the case of what is percent-encoded, into one form.
func percentEncoded(path string) string {
	var b strings.Builder
	for i := 0; i < len(path); i++ {
		switch c := path[i]; {
		case c >= 0x80 || c <= ' ':
			fmt.Fprintf(&b, "%%%02X", c)
		case c == '%' && i+2 < len(path):
			b.WriteString(strings.ToUpper(path[i : i+3]))
			i += 2
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// robots is the robots.txt of a site: the remembered one while it is young enough, else asked for.
func (p *Poll) robots(ctx context.Context, site string) (robots, error) {
	if r, ok := p.sites[site]; ok {
		return r, nil
	}
	var r robots
	key := robotsPrefix + site
	b, ok, err := p.st.Get(key)
	if err != nil {
		return r, err
	}
	if ok && json.Unmarshal(b, &r) != nil {
		r = robots{} // unreadable state costs a request
	}
	now := time.Now()
	young := now.Sub(r.Read) < robotsEvery && now.Sub(r.Read) >= 0
	if !r.Lost.IsZero() {
		young = now.Sub(r.Asked) < robotsAgain && now.Sub(r.Asked) >= 0
	}
	if !young {
		if err := r.ask(ctx, p, site, now); err != nil {
			return r, err
		}
		if err := ctx.Err(); err != nil {
			return r, err
		}
		if b, err = json.Marshal(r); err != nil {
			return r, fmt.Errorf("remember robots.txt: %w", err)
		}
		p.st.Set(key, b)
	}
	if p.sites == nil {
		p.sites = map[string]robots{}
	}
	p.sites[site] = r
	return r, nil
}

// ask gets the file. A client error means that there is none; any other trouble keeps what was known. It fails where the
// host may not be asked at all, which is nothing to remember: the operator may allow it.
func (r *robots) ask(ctx context.Context, p *Poll, site string, now time.Time) error {
	resp, err := Get(ctx, p.client, Request{
		URL: site + "/robots.txt", Validators: r.Validators, Accept: "text/plain, */*;q=0.1", cut: maxRobots,
	})
	if errors.Is(err, ErrPrivate) || errors.Is(err, ErrPort) {
		return err
	}
	p.sum.Requests++
	r.Asked = now
	var status *StatusError
	switch {
	case err == nil && resp.NotModified:
		p.sum.NotModified++
		r.Read, r.Lost, r.Validators = now, time.Time{}, resp.Validators
	case err == nil:
		p.sum.Bytes += int64(len(resp.Body))
		*r = robots{Read: now, Asked: now, Validators: resp.Validators, Text: strings.ToValidUTF8(string(resp.Body), "")}
	case errors.As(err, &status) && status.Code >= 400 && status.Code < 500 && status.Code != http.StatusTooManyRequests:
		*r = robots{Read: now, Asked: now}
	case r.Lost.IsZero():
		r.Lost = now
	}
	return nil
}
