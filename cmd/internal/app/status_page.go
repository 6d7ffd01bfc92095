package app

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"net/http"
	"strings"
	"time"

	"feedmill/sources"
)

//go:embed static
var statusFiles embed.FS

// shownRejected bounds the posts a source lists on the page, shownEvents the events; /status.json and /status.atom have them all.
const (
	shownRejected = 200
	shownEvents   = 10
)

// statusView is the data of the status page.
type statusView struct {
	Report
	T       map[string]string
	Style   template.CSS
	Hours   plot
	Events  []event
	Private map[string]string // groups of sources, by name
	Every   map[string]string // how often they are fetched
}

// Say writes a sentence with numbers.
func (v statusView) Say(key string, args ...any) string { return fmt.Sprintf(v.T[key], args...) }

// State is a state in the operator's language.
func (v statusView) State(s string) string {
	if t, ok := v.T[s]; ok {
		return t
	}
	return s
}

// Reason is why something is as it is, in the operator's language as far as the words are ours.
func (v statusView) Reason(s any) template.HTML { return reasonHTML(v.T["code"], fmt.Sprint(s)) }

// Lasting is a duration for people.
func (v statusView) Lasting(d sources.Duration) string { return lasting(v.T["code"], time.Duration(d)) }

// When is a time for people, in the zone of this machine.
func (v statusView) When(t time.Time) string {
	if t.IsZero() {
		return v.T["never"]
	}
	return t.Local().Format("2006-01-02 15:04:05")
}

// plot is the posts by hour, to be drawn in 480 by 80.
type plot struct {
	Total, Most int
	Cut         bool
	Bars        []bar
	Ticks       []bar
}

type bar struct {
	X, Y, Height string
	At           string
	Posts        int
}

// plot draws what was counted.
func (o *overview) plot() (p plot) {
	o.mu.Lock()
	defer o.mu.Unlock()
	p.Cut = o.cut
	for _, n := range o.posts {
		p.Total, p.Most = p.Total+n, max(p.Most, n)
	}
	for i, n := range o.posts {
		at := o.begin.Add(time.Duration(i) * time.Hour).Local()
		height := 80 * float64(n) / float64(max(p.Most, 1))
		if n > 0 {
			height = max(height, 1)
		}
		p.Bars = append(p.Bars, bar{fmt.Sprint(1 + 10*i), fmt.Sprintf("%.1f", 80-height), fmt.Sprintf("%.1f", height), at.Format("2006-01-02 15:04"), n})
		if at.Hour()%12 == 0 && !o.begin.IsZero() {
			const half = 32 // of a label, which is cut off beyond the edges
			p.Ticks = append(p.Ticks, bar{X: fmt.Sprint(min(max(5+10*i, half), 480-half)), At: at.Format("01-02 15h")})
		}
	}
	return p
}

// statusPage answers with the state for people, or for a program that asks for it as JSON.
func (a *App) statusPage(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Vary", "Accept, Accept-Language")
	if accept := r.Header.Get("Accept"); strings.Contains(accept, "application/json") && !strings.Contains(accept, "text/html") {
		a.statusJSON(w, r)
		return
	}
	lang := statusLanguage(r)
	v := statusView{Report: a.report(), T: statusTexts[lang], Style: statusStyle, Private: map[string]string{}, Every: map[string]string{}}
	a.overview.count(r.Context(), a)
	v.Hours = a.overview.plot()
	for _, e := range a.health.events() {
		if len(v.Events) < shownEvents {
			v.Events = append(v.Events, e.in(lang))
		}
	}
	for _, s := range a.running() {
		v.Every[s.Name] = every(lang, s.Interval, s.MaxInterval)
		if s.Group != "" {
			v.Private[s.Name] = s.Group
		}
	}
	var b bytes.Buffer
	if err := statusTemplate.Execute(&b, v); err != nil {
		plain(w, http.StatusInternalServerError, err.Error())
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Language", lang)
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Security-Policy", statusPolicy)
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Referrer-Policy", "no-referrer")
	if _, err := w.Write(b.Bytes()); err != nil {
		a.log.Debug("cannot write the status page", "err", err)
	}
}

// statusStyle is the page's own style sheet, and statusPolicy lets nothing but that count.
var statusStyle, statusPolicy = func() (template.CSS, string) {
	b, err := statusFiles.ReadFile("static/status.css")
	if err != nil {
		panic(err) // it is embedded
	}
	sum := sha256.Sum256(b)
	return template.CSS(b), "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
}()

var statusTemplate = template.Must(template.New("status.html").Option("missingkey=error").Funcs(template.FuncMap{
	"iso":     func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
	"percent": func(part, of int64) int64 { return 100 * part / max(of, 1) },
	"size":    func(n int64) string { return fmt.Sprintf("%.1f MB", float64(n)/1e6) },
	"first":   func(list []sources.Rejected) []sources.Rejected { return list[:min(len(list), shownRejected)] },
	"more":    func(list []sources.Rejected) int { return max(0, len(list)-shownRejected) },
}).ParseFS(statusFiles, "static/status.html"))
