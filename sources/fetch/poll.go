package fetch

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/cespare/xxhash/v2"

	"feedmill/sources"
)

const (
	// settled is how many polls in a row must see the same permanent redirect before its target is asked directly. The
	// configured address is kept: it is asked again when the new one fails.
	settled = 10
	// patience is how many failed fetches in a row, whatever their reason, take away the trust in such a target.
	patience = 3
)

// Poll is one fetch of a source that asks for the same documents again and again. It keeps for each what makes the next
// request a polite one: the validators, where a permanent redirect led, a hash of the body, and what the document wishes
// about the time of the next. The package comment shows its use.
type Poll struct {
	client *http.Client
	st     sources.State
	salt   string
	docs   []*Document
	failed time.Time // the latest wish beside an error
	gone   bool      // the first document is
	sum    sources.Exchange
	sites  map[string]robots // seen in this fetch
}

// NewPoll begins a fetch. salt is what decides, besides a document's bytes, on the items made of it: the settings of the
// source and the version of its mapping. Under another salt every document is asked for unconditionally, once.
func NewPoll(client *http.Client, st sources.State, salt string) *Poll {
	return &Poll{client: client, st: st, salt: digest(salt)}
}

// record is what is remembered of a document.
type record struct {
	// URL is the configured address all this belongs to, Salt the digest of the poll's.
	URL        string     `json:"url"`
	Salt       string     `json:"salt,omitempty"`
	Validators Validators `json:"validators"`
	// Body is the hash of the last body that was used, with its address and type.
	Body string `json:"body,omitempty"`
	// Kept says that this body is in the state, because something in it waits.
	Kept bool `json:"kept,omitempty"`
	// Moved is where a permanent redirect leads, Seen on so many polls in a row.
	Moved string `json:"moved,omitempty"`
	Seen  int    `json:"seen,omitempty"`
	// Pause and Skip are the wishes of the last body: they count beside a 304 too.
	Pause time.Duration `json:"pause,omitempty"`
	Skip  sources.Skip  `json:"skip"`
	// Fresh is until when a document that is not the first of its source need not be asked for.
	Fresh time.Time `json:"fresh,omitzero"`
}

// Document is an answer, and what is remembered of the document.
type Document struct {
	*Response
	// Unchanged says that the document is the one that was Done last, by the word of the origin, by its bytes, or because
	// it is still fresh and was not asked for (then Status is 0). There is nothing to parse. One that waits ([Document.Later])
	// is never Unchanged.
	Unchanged bool

	poll        *Poll
	key         string
	first, done bool
	again       bool // the body is the kept one
	was, is     record
	hash        string
}

// Get asks for the document that is remembered under key, an entry of the source's state: conditionally if it was Done
// before, else not. The first document of a fetch decides on the source's schedule; further ones are not asked for while
// the origin calls them fresh. Errors are those of [Get]; r.Validators are not used.
func (p *Poll) Get(ctx context.Context, key string, r Request) (*Document, error) {
	was, err := p.recall(key)
	if err != nil {
		return nil, err
	}
	d := &Document{Response: &Response{}, poll: p, key: key, first: len(p.docs) == 0, was: was, is: was}
	if d.is.URL != r.URL {
		d.is = record{URL: r.URL} // validators belong to the address they came from
	}
	if d.is.Salt != p.salt {
		d.is.Salt, d.is.Validators, d.is.Body, d.is.Fresh, d.is.Kept = p.salt, Validators{}, "", time.Time{}, false
	}
	p.docs = append(p.docs, d)
	if !d.first && time.Now().Before(d.is.Fresh) {
		d.Unchanged, d.done = true, true
		if d.is.Kept {
			return d, d.restore()
		}
		return d, nil
	}
	err = d.ask(ctx, r)
	p.count(d.Response, d.first, err)
	if err != nil {
		return d, err
	}
	if d.NotModified {
		d.Unchanged = true
		d.keep()
		if d.is.Kept {
			return d, d.restore()
		}
		return d, nil
	}
	d.hash = bodyHash(d.Body, d.FinalURL, d.ContentType)
	if d.Unchanged = d.hash == d.is.Body; d.Unchanged {
		d.keep()
		d.Unchanged, d.again = !d.is.Kept, d.is.Kept
	}
	return d, nil
}

// Once asks for a document that will not be asked for again, such as the page of an article.
func (p *Poll) Once(ctx context.Context, r Request) (*Response, error) {
	resp, err := Get(ctx, p.client, r)
	p.count(resp, false, err)
	return resp, err
}

// Forget drops what is remembered under key: the document left the source.
func (p *Poll) Forget(key string) {
	p.st.Delete(key)
	p.st.Delete(key + keptSuffix)
}

// Wish says what the document itself wishes: to be left alone for so long after a fetch (0 for no wish, at most
// [MaxWait]), and not to be asked at certain hours. Call it before Done.
func (d *Document) Wish(pause time.Duration, skip sources.Skip) { d.is.Pause, d.is.Skip = pause, skip }

// Moved is the address a permanent redirect led to so often that it is asked in place of the configured one, or empty.
func (d *Document) Moved() string {
	if d.is.Seen < settled {
		return ""
	}
	return d.is.Moved
}

// Done says that the body was read and all that is in it was emitted: from now on the document is asked for by its
// validators. A document that is neither Done nor for Later is asked for again as if it had not come.
func (d *Document) Done() {
	if d.was.Kept {
		d.poll.st.Delete(d.key + keptSuffix)
	}
	d.is.Body, d.is.Kept = d.hash, false
	d.keep()
}

// keep takes over what a good answer brings, and saves it if it is something else than before.
func (d *Document) keep() {
	d.done = true
	d.is.Validators = d.Validators
	if !d.first {
		d.is.Fresh = d.wish(time.Now())
	}
	if d.is == d.was {
		return
	}
	b, err := json.Marshal(d.is)
	if err != nil {
		panic(err) // a struct of texts and numbers
	}
	d.poll.st.Set(d.key, b)
	d.was = d.is
}

// wish is when the document may be asked for again; zero for no wish.
func (d *Document) wish(now time.Time) time.Time {
	t := d.NotBefore
	if d.is.Pause > 0 {
		t = later(t, now.Add(ClampWait(d.is.Pause)))
	}
	return t
}

// Result is what the Manager wants to know of the fetch, from what the documents are by now; note is added to the last
// status. It is Unchanged when every document was, and never Complete.
func (p *Poll) Result(note string) sources.Result {
	now := time.Now()
	res := sources.Result{Unchanged: len(p.docs) > 0, Gone: p.gone, NotBefore: p.failed, Exchange: new(p.sum)}
	for _, d := range p.docs {
		res.Unchanged = res.Unchanged && d.Unchanged
		if !d.first {
			continue
		}
		res.Skip = d.is.Skip
		if d.done { // else it is of an error page, whose freshness says nothing of the document
			res.NotBefore = later(res.NotBefore, d.wish(now))
		}
		if d.Unchanged && note == "" && d.Status == http.StatusOK {
			note = "same document"
		}
		if to := d.Moved(); to != "" && d.done {
			note += "; moved for good: write " + Redact(to) + " into the configuration"
		}
		res.Exchange.ETag, res.Exchange.LastModified = d.is.Validators.ETag, d.is.Validators.LastModified
		if d.Permanent != "" {
			res.Exchange.Moved = Redact(d.Permanent)
		}
	}
	if p.sum.Status != 0 {
		res.Note = fmt.Sprint(p.sum.Status)
		if note != "" && note[0] != ';' {
			res.Note += ", "
		}
	}
	res.Note += note
	return res
}

// ask asks the address that a permanent redirect led to often enough, else the configured one.
func (d *Document) ask(ctx context.Context, r Request) error {
	m := &d.is
	r.Validators = m.Validators
	direct := m.Moved != "" && m.Seen >= settled
	var there *Response
	var lostBy error
	if direct && d.poll.failures() < patience {
		to := r
		to.URL, to.origin = m.Moved, r.URL
		resp, err := Get(ctx, d.poll.client, to)
		if !lost(err) {
			d.Response = resp
			return err
		}
		there, lostBy, r.failed = resp, err, m.Moved
	}
	resp, err := Get(ctx, d.poll.client, r)
	if d.Response = resp; err != nil {
		if lostBy != nil && errors.Is(err, ErrRedirect) { // to where nothing is: that is the news
			d.Response = there
			return lostBy
		}
		return err
	}
	switch {
	case resp.Permanent == "":
		m.Moved, m.Seen = "", 0
	case resp.Permanent != m.Moved || direct:
		m.Moved, m.Seen = resp.Permanent, 1
	default:
		m.Seen++
	}
	return nil
}

// lost says that an address is none (any more), other than one that has a bad hour.
func lost(err error) bool {
	var status *StatusError
	if errors.As(err, &status) {
		return status.Code != http.StatusTooManyRequests && status.Code < 500
	}
	return errors.Is(err, ErrRedirect) || unreachable(err)
}

// untouched says that no request left for the origin. One that the end of the program cuts off may have.
func untouched(resp *Response, err error) bool {
	var paused *PausedError
	return unreachable(err) || errors.Is(err, ErrPrivate) || errors.Is(err, ErrPort) || errors.Is(err, ErrScheme) ||
		errors.As(err, &paused) || errors.Is(err, context.Canceled) && !resp.begun
}

// failures is how many fetches in a row failed before this one, as far as the state knows.
func (p *Poll) failures() int {
	if s, ok := p.st.(interface{ Failures() int }); ok {
		return s.Failures()
	}
	return 0
}

// count adds an answer to the sums of the fetch.
func (p *Poll) count(resp *Response, first bool, err error) {
	p.sum.Requests++
	p.sum.Reached = p.sum.Reached || err == nil || resp.Status != 0 || !untouched(resp, err)
	if resp.NotModified {
		p.sum.NotModified++
	}
	p.sum.Bytes += int64(len(resp.Body))
	p.sum.Slowest = max(p.sum.Slowest, sources.Duration(resp.Took))
	if first || err != nil && resp.Status != 0 {
		p.sum.Status = resp.Status
	}
	if err != nil {
		p.failed = later(p.failed, resp.NotBefore)
		p.gone = p.gone || first && errors.Is(err, ErrGone)
	}
}

func (p *Poll) recall(key string) (record, error) {
	var r record
	b, ok, err := p.st.Get(key)
	if err != nil || !ok {
		return r, err
	}
	if err := json.Unmarshal(b, &r); err != nil {
		return record{}, nil // unreadable state costs one unconditional request, nothing else
	}
	return r, nil
}

// bodyHash is the hash of a body with what else the answer says of it.
func bodyHash(body []byte, finalURL, contentType string) string {
	h := xxhash.New()
	_, _ = h.Write(body) // a hash does not fail
	return fmt.Sprintf("%016x-%s", h.Sum64(), digest(finalURL + "\x00" + contentType)[:8])
}

func digest(s string) string {
	h := sha256.Sum256([]byte(s))
	return hex.EncodeToString(h[:8])
}
