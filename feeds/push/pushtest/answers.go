package pushtest

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"feedmill/feeds/push"
)

// Answer is one answer of a platform, and how it must be understood: [Says] makes one that delivers, [Answer.Fails] and what
// follows it one that does not.
type Answer struct {
	name  string
	reply Reply
	want  push.Error
}

// Says is an answer that means "delivered"; header holds names and values.
func Says(name string, status int, body string, header ...string) Answer {
	r := Reply{Status: status, Body: body, Header: http.Header{"Content-Type": {"application/json"}}}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	return Answer{name: name, reply: r}
}

// Fails is the answer as a failure of a class; reason is a part of the reason.
func (a Answer) Fails(class push.Class, code, reason string) Answer {
	a.want = push.Error{Class: class, Code: code, Reason: reason}
	return a
}

// After is the failure with a time for which the platform wants no request.
func (a Answer) After(d time.Duration) Answer {
	a.want.RetryAfter = d
	return a
}

// Ambiguous is the failure as one after which the message may have been delivered.
func (a Answer) Ambiguous() Answer {
	a.want.Ambiguous = true
	return a
}

// Answers holds a target to how it must understand what its platform says.
func Answers(t *testing.T, c Case, list []Answer) {
	for _, a := range list {
		t.Run(a.name, func(t *testing.T) {
			b := c.bench(t)
			p := b.render(digest([]push.Entry{entry(1)}))
			_, err := b.answered(a.reply).Send(t.Context(), "m1", p)
			b.understood(err, a.want)
		})
	}
}

// EditAnswers does so for an edit of the message with a receipt.
func EditAnswers(t *testing.T, c Case, r push.Receipt, list []Answer) {
	for _, a := range list {
		t.Run(a.name, func(t *testing.T) {
			b := c.bench(t)
			p := b.render(digest([]push.Entry{entry(1)}))
			editor, ok := b.answered(a.reply).(push.Editor)
			if !ok {
				t.Fatal("it cannot edit")
			}
			b.understood(editor.Edit(t.Context(), r, p), a.want)
		})
	}
}

// answered is the target on a server that says always the same.
func (b *bench) answered(reply Reply) push.Target {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { reply.write(w) }))
	b.t.Cleanup(srv.Close)
	return b.make(srv.URL, http.DefaultTransport)
}

func (b *bench) understood(err error, want push.Error) {
	b.t.Helper()
	e := push.AsError(err)
	switch {
	case want.Class == "" && err != nil:
		b.t.Errorf("it was delivered, and got %+v", e)
	case want.Class == "":
	case err == nil:
		b.t.Errorf("taken for delivered, want %s", want.Class)
	case e.Class != want.Class || e.Code != want.Code || e.RetryAfter != want.RetryAfter || e.Ambiguous != want.Ambiguous:
		b.t.Errorf("got %s %q, retry after %v, ambiguous %v; want %s %q, %v, %v", e.Class, e.Code, e.RetryAfter, e.Ambiguous, want.Class, want.Code, want.RetryAfter, want.Ambiguous)
	case !strings.Contains(e.Reason, want.Reason):
		b.t.Errorf("the reason %q does not have %q", e.Reason, want.Reason)
	}
	b.secret("the error", fmt.Sprintf("%v %+v", err, e))
	b.secret("the log", b.log.String())
}

// echoes: an answer that repeats the address it was asked at, as pages of proxies do, gives no secret away.
func (c Case) echoes(t *testing.T) {
	for _, status := range []int{200, 400, 403, 404, 429, 500, 502} {
		b := c.bench(t)
		p := b.render(digest([]push.Entry{entry(1)}))
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(status)
			fmt.Fprintf(w, "Cannot POST http://%s%s (%s; %v)", r.Host, r.RequestURI, r.URL.Path, r.URL.Query())
		}))
		_, err := b.make(srv.URL, http.DefaultTransport).Send(t.Context(), "m1", p)
		srv.Close()
		b.secret(fmt.Sprintf("the error of status %d", status), fmt.Sprintf("%v %+v", err, push.AsError(err)))
		b.secret("the log", b.log.String())
	}
}

// write sends the reply.
func (r Reply) write(w http.ResponseWriter) {
	for k, v := range r.Header {
		w.Header()[http.CanonicalHeaderKey(k)] = v
	}
	if r.ContentType != "" {
		w.Header().Set("Content-Type", r.ContentType)
	}
	w.WriteHeader(r.Status)
	io.WriteString(w, r.Body)
}
