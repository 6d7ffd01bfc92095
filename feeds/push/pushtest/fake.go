package pushtest

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"feedmill/feeds/push"
)

// Mode is how a fake behaves, whatever it is sent.
type Mode string

const (
	Working  Mode = ""         // as the platform does
	Limited  Mode = "limited"  // too many requests, though there were not
	Gone     Mode = "gone"     // the robot was removed
	Blocked  Mode = "blocked"  // a rule of the platform refuses it: keyword, signature, address
	Refusing Mode = "refusing" // this message is wrong
	Busy     Mode = "busy"     // the platform's own trouble
	Proxy    Mode = "proxy"    // a page of HTML from something in between, 502
	Redirect Mode = "redirect" // 307 to another address
	Hang     Mode = "hang"     // recorded, and no answer
	Reset    Mode = "reset"    // recorded, and the connection is reset
	Garbage  Mode = "garbage"  // recorded or not: 200 with something that nobody understands
)

// Modes are all of them, for pages that offer switches.
var Modes = []Mode{Working, Limited, Gone, Blocked, Refusing, Busy, Proxy, Redirect, Hang, Reset, Garbage}

// Reply is one answer of a platform.
type Reply struct {
	Status      int
	ContentType string
	Header      http.Header
	Body        string
	// Wait is until when no other request may come; each that does counts as early.
	Wait time.Duration
}

// Received is a message that a fake took.
type Received struct {
	Time   time.Time
	Method string
	Path   string
	Header http.Header
	Body   []byte
	// Replaces is the index of the message that it edits; -1 for a new one.
	Replaces int
}

// Platform is what a fake has of its own.
type Platform struct {
	// Name is the kind of target that it is for.
	Name string
	// Rates is what it allows a credential; Over is its answer to a request beyond, Penalty how long that answer then goes on.
	Rates   []push.Rate
	Over    Reply
	Penalty time.Duration
	// OverOf is the answer to a request beyond one of the rates, where they differ; nil is Over for each.
	OverOf func(push.Rate) Reply
	// Left are headers that tell how many requests the first rate has left, and when it is whole again; nil for none.
	Left func(left int, reset time.Duration) http.Header
	// NoKeyword is the answer to a message without the word that [Fake.Require] asks for.
	NoKeyword Reply
	// Judge looks at a request: nil takes it.
	Judge func(r *http.Request, body []byte) *Reply
	// OK answers the nth message taken, from 0.
	OK func(n int, r *http.Request) Reply
	// Edits is the index of the message that a request edits; -1 for none. Nil where nothing can be edited.
	Edits func(r *http.Request, body []byte) int
	// Answers are the replies of the modes that are the platform's own.
	Answers map[Mode]Reply
	// Credential tells robots apart whose requests are counted apart; nil takes the path.
	Credential func(r *http.Request) string
}

// Fake is one platform on loopback, an [http.Handler].
type Fake struct {
	platform Platform

	mu       sync.Mutex
	now      func() time.Time
	mode     Mode
	keyword  string
	received []Received
	took     map[string][]time.Time // by credential
	until    map[string]time.Time
	early    int
	requests int
	closed   chan struct{}
}

// NewFake makes a fake; now is its clock, nil for the system's.
func NewFake(p Platform, now func() time.Time) *Fake {
	if now == nil {
		now = time.Now
	}
	return &Fake{platform: p, now: now, took: map[string][]time.Time{}, until: map[string]time.Time{}, closed: make(chan struct{})}
}

// Name is the kind of target that the fake is for.
func (f *Fake) Name() string { return f.platform.Name }

// Set switches the mode.
func (f *Fake) Set(m Mode) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.mode = m
	if m == Working {
		clear(f.until)
	}
}

// Require makes the fake refuse messages without a word, as the security settings of a robot can; "" for none.
func (f *Fake) Require(keyword string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.keyword = keyword
}

// Mode is the one it is in.
func (f *Fake) Mode() Mode {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.mode
}

// Received is what was taken, oldest first; what was edited stands in its last form at its first place, too.
func (f *Fake) Received() []Received {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.received)
}

// Requests is how many came, Early how many of them before the time that an answer had named.
func (f *Fake) Requests() (requests, early int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.requests, f.early
}

// Close lets requests that hang go.
func (f *Fake) Close() { close(f.closed) }

// maxRequest bounds what a fake reads, in bytes.
const maxRequest = 1 << 20

// ServeHTTP implements http.Handler.
func (f *Fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequest))
	if err != nil {
		return
	}
	reply, after := f.judge(r, body)
	switch after {
	case Hang:
		select {
		case <-r.Context().Done():
		case <-f.closed:
		}
		return
	case Reset:
		c, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		if tcp, ok := c.(*net.TCPConn); ok {
			tcp.SetLinger(0) // a reset, not an end
		}
		c.Close()
		return
	}
	reply.write(w)
}

// judge is the answer to a request; after is Hang or Reset where there is none.
func (f *Fake) judge(r *http.Request, body []byte) (reply Reply, after Mode) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.requests++
	now, who := f.now(), r.URL.Path
	if f.platform.Credential != nil {
		who = f.platform.Credential(r)
	}
	if now.Before(f.until[who]) {
		f.early++
		return f.platform.Over, ""
	}
	refuse := func(reply Reply) (Reply, Mode) {
		if reply.Wait > 0 {
			f.until[who] = now.Add(reply.Wait)
		}
		return reply, ""
	}
	switch f.mode {
	case Proxy:
		return Reply{Status: 502, ContentType: "text/html", Body: "<html><h1>502 Bad Gateway</h1></html>"}, ""
	case Redirect:
		return Reply{Status: 307, Header: http.Header{"Location": {"/elsewhere"}}}, ""
	case Garbage:
		return Reply{Status: 200, ContentType: "text/html", Body: "<html>Please sign in to the network</html>"}, ""
	case Limited, Gone, Blocked, Refusing, Busy:
		if a, ok := f.platform.Answers[f.mode]; ok {
			return refuse(a)
		}
	}
	if bad := f.platform.Judge(r, body); bad != nil {
		return *bad, ""
	}
	if !bytes.Contains(body, []byte(f.keyword)) {
		return f.platform.NoKeyword, ""
	}
	for _, rate := range f.platform.Rates {
		n := 0
		for _, at := range f.took[who] {
			if now.Sub(at) < rate.Per {
				n++
			}
		}
		if n >= rate.Count {
			over := f.platform.Over
			if f.platform.OverOf != nil {
				over = f.platform.OverOf(rate)
			}
			over.Wait = max(over.Wait, f.platform.Penalty)
			return refuse(over)
		}
	}
	f.took[who] = append(f.took[who], now)
	if len(f.took[who]) > 200 {
		f.took[who] = f.took[who][100:]
	}
	got := Received{Time: now, Method: r.Method, Path: r.URL.RequestURI(), Header: r.Header.Clone(), Body: body, Replaces: -1}
	if f.platform.Edits != nil {
		got.Replaces = f.platform.Edits(r, body)
	}
	f.received = append(f.received, got)
	if f.mode == Hang || f.mode == Reset {
		return Reply{}, f.mode
	}
	reply = f.platform.OK(len(f.received)-1, r)
	if f.platform.Left != nil {
		rate := f.platform.Rates[0]
		in := slices.DeleteFunc(slices.Clone(f.took[who]), func(at time.Time) bool { return now.Sub(at) >= rate.Per })
		reply.Header = f.platform.Left(rate.Count-len(in), rate.Per-now.Sub(in[0]))
	}
	return reply, ""
}

// after is a Retry-After of whole seconds, and the pause that goes with it.
func after(reply Reply, seconds int) Reply {
	if reply.Header == nil {
		reply.Header = http.Header{}
	}
	reply.Header.Set("Retry-After", strconv.Itoa(seconds))
	reply.Wait = time.Duration(seconds) * time.Second
	return reply
}

// asJSON is a reply of that type.
func asJSON(status int, body string) Reply {
	return Reply{Status: status, ContentType: "application/json; charset=utf-8", Body: body}
}
