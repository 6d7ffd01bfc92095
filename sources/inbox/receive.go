package inbox

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"feedmill/sources"
)

// MaxItems is the most items of one request.
const MaxItems = 1000

// outcome is what became of one item.
type outcome struct {
	Index  int    `json:"index"`
	ID     string `json:"id,omitempty"`
	Status string `json:"status"` // accepted, failed
	Error  string `json:"error,omitempty"`
	// Mended says what of the item could not be used.
	Mended []string `json:"mended,omitempty"`
}

// answer is the body of every answer but 401.
type answer struct {
	Accepted int       `json:"accepted"`
	Failed   int       `json:"failed"`
	Error    string    `json:"error,omitempty"`
	Items    []outcome `json:"items,omitempty"`
}

// Receive takes POST / with items and DELETE /ID. It answers 202 when everything is kept, 422 when some items are wrong
// (the others are kept), 503 when the store fails: then the sender tries again.
func (s *source) Receive(w http.ResponseWriter, r *http.Request, box sources.Mailbox) {
	if !s.allowed(r.Header.Get("Authorization")) {
		w.Header().Set("WWW-Authenticate", `Bearer realm="feedmill inbox"`)
		http.Error(w, "say Authorization: Bearer TOKEN, with the token of the source's configuration", http.StatusUnauthorized)
		return
	}
	switch {
	case r.Method == http.MethodPost && r.URL.Path == "/":
		s.post(w, r, box)
	case r.Method == http.MethodDelete && len(r.URL.Path) > 1:
		s.delete(w, r, box)
	case r.URL.Path == "/":
		refuse(w, "POST")
	default:
		refuse(w, "DELETE")
	}
}

func refuse(w http.ResponseWriter, method string) {
	w.Header().Set("Allow", method)
	reply(w, http.StatusMethodNotAllowed, answer{Error: "POST items to /inbox/NAME, DELETE /inbox/NAME/ID"})
}

// allowed compares hashes, which tell nothing of how much of a token was right.
func (s *source) allowed(header string) bool {
	scheme, token, _ := strings.Cut(header, " ")
	given := digest(strings.TrimSpace(token))
	return strings.EqualFold(scheme, "Bearer") && subtle.ConstantTimeCompare(given[:], s.token[:]) == 1
}

func digest(token string) [sha256.Size]byte { return sha256.Sum256([]byte(token)) }

func (s *source) post(w http.ResponseWriter, r *http.Request, box sources.Mailbox) {
	body, err := io.ReadAll(r.Body)
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		reply(w, http.StatusRequestEntityTooLarge, answer{Error: fmt.Sprintf("the body is larger than %d MiB: send fewer items at once", tooLarge.Limit>>20)})
		return
	}
	if err != nil {
		reply(w, http.StatusBadRequest, answer{Error: "the body ended early"})
		return
	}
	list, err := split(body)
	if err == nil && len(list) > MaxItems {
		err = fmt.Errorf("%d items: send at most %d at once", len(list), MaxItems)
	}
	if err != nil {
		reply(w, http.StatusBadRequest, answer{Error: err.Error()})
		return
	}
	a := answer{Items: make([]outcome, len(list))}
	var good []json.RawMessage
	for i, raw := range list {
		o := &a.Items[i]
		o.Index, o.Status = i, "accepted"
		if o.ID, o.Mended, err = s.judge(raw); err != nil {
			o.Status, o.Error = "failed", err.Error()
			a.Failed++
			continue
		}
		good = append(good, raw)
	}
	if err := put(r.Context(), box, good); err != nil {
		reply(w, http.StatusServiceUnavailable, answer{Error: "the store does not answer: send everything again later; what is kept already changes nothing then"})
		return
	}
	a.Accepted = len(good)
	code := http.StatusAccepted
	if a.Failed > 0 {
		code = http.StatusUnprocessableEntity
	}
	reply(w, code, a)
}

// judge says whether an item can be published, as the next fetch will find it.
func (s *source) judge(raw json.RawMessage) (id string, mended []string, err error) {
	if len(raw) > sources.MaxLetter-2 { // with the brackets of a letter
		return "", nil, fmt.Errorf("the item has %d bytes: at most %d", len(raw), sources.MaxLetter-2)
	}
	it, err := readItem(raw)
	if err != nil {
		return string(it.ID), nil, err
	}
	c := it.change()
	if c.Item == nil {
		return c.Key, nil, nil
	}
	policy := sources.Policy{Source: s.name, Report: func(r sources.Rejected) { mended = append(mended, r.Reason) }}
	if err := sources.Normalise(&c, policy, time.Now()); err != nil {
		return string(it.ID), nil, err
	}
	return string(it.ID), mended, nil
}

// put writes items into as few letters as they fit in.
func put(ctx context.Context, box sources.Mailbox, items []json.RawMessage) error {
	for len(items) > 0 {
		n, size := 0, 2
		for n < len(items) && size+len(items[n])+1 <= sources.MaxLetter {
			size += len(items[n]) + 1
			n++
		}
		n = max(n, 1) // judge let nothing pass that fills a letter by itself
		letter, err := json.Marshal(items[:n])
		if err != nil {
			return fmt.Errorf("write the letter: %w", err)
		}
		if err := box.Put(ctx, letter); err != nil {
			return err
		}
		items = items[n:]
	}
	return nil
}

func (s *source) delete(w http.ResponseWriter, r *http.Request, box sources.Mailbox) {
	id := r.URL.Path[1:]
	raw, err := json.Marshal(map[string]any{"id": id, "deleted": true})
	if err == nil {
		_, _, err = s.judge(raw)
	}
	if err != nil {
		reply(w, http.StatusBadRequest, answer{Error: err.Error()})
		return
	}
	if err := put(r.Context(), box, []json.RawMessage{raw}); err != nil {
		reply(w, http.StatusServiceUnavailable, answer{Error: "the store does not answer: try again later"})
		return
	}
	reply(w, http.StatusAccepted, answer{Accepted: 1, Items: []outcome{{ID: id, Status: "accepted"}}})
}

func reply(w http.ResponseWriter, code int, a answer) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(a) // a sender that hung up sends again
}
