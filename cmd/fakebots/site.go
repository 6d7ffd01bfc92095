package main

import (
	"bytes"
	"encoding/json"
	"html/template"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"feedmill/feeds/push/pushtest"
)

// site is all robots and the pages about them.
type site struct {
	robots []*robot
	mux    *http.ServeMux
}

func newSite(robots []*robot) *site {
	s := &site{robots: robots, mux: http.NewServeMux()}
	for _, r := range robots {
		s.mux.Handle(r.prefix, r.Fake)
	}
	pages := http.NewServeMux()
	pages.HandleFunc("GET /{$}", s.index)
	pages.HandleFunc("GET /style.css", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/css; charset=utf-8")
		w.Write([]byte(style))
	})
	pages.HandleFunc("GET /see/{name}", s.see)
	pages.HandleFunc("POST /see/{name}", s.set)
	s.mux.Handle("/", guard(http.NewCrossOriginProtection().Handler(pages)))
	return s
}

// ServeHTTP implements [http.Handler].
func (s *site) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// guard keeps pages from whoever reaches them by another name than this machine's, and gives them rights to nothing.
func guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host, _, err := net.SplitHostPort(r.Host)
		if err != nil {
			host = r.Host
		}
		if ip, err := netip.ParseAddr(strings.Trim(host, "[]")); host != "localhost" && (err != nil || !ip.IsLoopback()) {
			http.Error(w, "want the address of loopback", http.StatusForbidden)
			return
		}
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

func (s *site) find(r *http.Request) *robot {
	i := slices.IndexFunc(s.robots, func(x *robot) bool { return x.Name() == r.PathValue("name") })
	if i < 0 {
		return nil
	}
	return s.robots[i]
}

func (s *site) index(w http.ResponseWriter, _ *http.Request) {
	show(w, "index", map[string]any{"Robots": s.robots, "Environment": s.environment(), "Configuration": s.configuration()})
}

// shown is one message on a page.
type shown struct {
	pushtest.Received
	Number int
	Shown  template.HTML
	Raw    string
}

// maxShown is how many messages a page shows, the newest.
const maxShown = 50

func (s *site) see(w http.ResponseWriter, r *http.Request) {
	x := s.find(r)
	if x == nil {
		http.NotFound(w, r)
		return
	}
	all := x.Received()
	var list []shown
	for i := len(all) - 1; i >= 0 && len(list) < maxShown; i-- {
		raw := bytes.Buffer{}
		if json.Indent(&raw, all[i].Body, "", "  ") != nil {
			raw.Write(all[i].Body)
		}
		list = append(list, shown{all[i], i + 1, write(x.show(all[i].Body)), raw.String()})
	}
	requests, early := x.Requests()
	w.Header().Set("Refresh", "5")
	show(w, "see", map[string]any{"Robot": x, "Messages": list, "Total": len(all), "Requests": requests, "Early": early, "Modes": modes})
}

// modes are the switches of a page, in words.
var modes = []struct {
	Mode  pushtest.Mode
	Words string
}{
	{pushtest.Working, "works"},
	{pushtest.Limited, "limits: too many requests"},
	{pushtest.Busy, "is busy: try again"},
	{pushtest.Hang, "takes it and hangs"},
	{pushtest.Reset, "takes it and resets"},
	{pushtest.Proxy, "a proxy fails: 502"},
	{pushtest.Refusing, "refuses the message"},
	{pushtest.Blocked, "a rule blocks it"},
	{pushtest.Gone, "the robot is gone"},
	{pushtest.Redirect, "redirects elsewhere"},
}

func (s *site) set(w http.ResponseWriter, r *http.Request) {
	x := s.find(r)
	if x == nil {
		http.NotFound(w, r)
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, 1<<10)
	m := pushtest.Mode(r.PostFormValue("mode"))
	if !slices.Contains(pushtest.Modes, m) {
		http.Error(w, "there is no such mode", http.StatusBadRequest)
		return
	}
	x.Set(m)
	http.Redirect(w, r, "/see/"+x.Name(), http.StatusSeeOther)
}

func show(w http.ResponseWriter, page string, data any) {
	var b bytes.Buffer
	if err := pages.ExecuteTemplate(&b, page, data); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Write(b.Bytes())
}

var pages = template.Must(template.New("").Parse(`
{{define "head"}}<!DOCTYPE html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{{.}} · fakebots</title><link rel="stylesheet" href="/style.css">{{end}}
{{define "index"}}{{template "head" "Robots"}}<main><h1>Robots</h1>
<ul class="robots">{{range .Robots}}<li><a href="/see/{{.Name}}">{{.Title}}</a> <small>messages: {{len .Received}}{{with .Mode}} · {{.}}{{end}}</small></li>{{end}}</ul>
<p>The page of each robot shows what came, and has the line that adds it.</p>
<h2>All at once</h2><p>For the shell that feedmill runs in:</p><pre>{{.Environment}}</pre><p>For its configuration:</p><pre>{{.Configuration}}</pre></main>{{end}}
{{define "see"}}{{template "head" .Robot.Title}}<main class="{{.Robot.Name}}"><p><a href="/">All robots</a></p><h1>{{.Robot.Title}}</h1>
<p>To add it: <code>{{.Robot.Add}}</code><br>and paste <code>{{.Robot.Path}}</code>{{with .Robot.Secret}}, then <code>{{.}}</code>{{end}}</p>
<form method="post">{{$now := .Robot.Mode}}{{range .Modes}}<button name="mode" value="{{.Mode}}"{{if eq .Mode $now}} class="on"{{end}}>{{.Words}}</button>{{end}}</form>
<p><small>Messages: {{.Total}}. Requests: {{.Requests}}, of them too early: {{.Early}}. The page looks again every five seconds.</small></p>
{{range .Messages}}<article><header>feedmill <small>{{.Time.Format "15:04:05"}} · {{.Number}}{{if ge .Replaces 0}} · edited{{end}}</small></header><div class="message">{{.Shown}}</div><details><summary>{{len .Body}} bytes</summary><pre>{{.Raw}}</pre></details></article>
{{else}}<p>Nothing has come yet.</p>{{end}}</main>{{end}}`))

const style = `body{font:16px/1.5 system-ui,sans-serif;margin:0;background:#f4f5f7;color:#1d1f23}main{max-width:44rem;margin:0 auto;padding:1rem}
h1{margin:.2em 0}a{color:#1264a3}pre,code{font:13px/1.5 ui-monospace,monospace;overflow-wrap:anywhere;white-space:pre-wrap}pre{background:#fff;padding:.8rem;border:1px solid #ddd;border-radius:6px}
form{display:flex;flex-wrap:wrap;gap:.4rem}button{font:inherit;font-size:14px;padding:.2rem .7rem;border:1px solid #b8bcc4;border-radius:1rem;background:#fff;cursor:pointer}button.on{background:#1d1f23;color:#fff}
article{margin:1rem 0}article header{font-weight:600}small{color:#5d626b;font-weight:400}.message{background:#fff;border:1px solid #ddd;border-radius:8px;padding:.7rem 1rem;overflow-wrap:anywhere}
.message p,.message h3{margin:.15rem 0}.message h3{font-size:1.1rem}.message small{display:block}.message blockquote{margin:.15rem 0;padding-left:.7rem;border-left:3px solid #c6cad1;color:#4a4f58}
.message section{border-left:4px solid #5865f2;padding:.3rem .8rem;margin:.4rem 0;background:#fafafa}.color{color:#5d626b;font-size:.9em}.picture{display:block;color:#5d626b;font-size:13px;border:1px dashed #b8bcc4;padding:.3rem .6rem}
mark{background:#e8f2fc}.robots li{margin:.2rem 0}details{font-size:13px}
@media(prefers-color-scheme:dark){body{background:#1a1c20;color:#e6e8eb}a{color:#7ab8ee}pre,.message,button{background:#24272c;border-color:#3a3e45;color:inherit}.message section{background:#2a2d33}small,.color,.picture,.message blockquote{color:#a5abb5}button.on{background:#e6e8eb;color:#1a1c20}mark{background:#23405c;color:inherit}}
`
