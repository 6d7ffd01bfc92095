package push

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"feedmill/cache"
	"feedmill/feeds"
)

const (
	// maxItems is how many items one message shows at most, and maxFlood how many of a flood.
	maxItems = 200
	maxFlood = 50
	// maxParts bounds what is remembered of the items of a message, in bytes, and with it the note of a target: IDs may be long.
	maxParts = 192 << 10
	// maxAttempt bounds one attempt: a client has its own, shorter limit.
	maxAttempt = 3 * time.Minute
)

// partSize is about what one part takes in the note, in bytes.
func partSize(id string, at cache.Cursor) int { return len(id) + len(at) + 64 }

// size is about what a message takes in the note, in bytes.
func (m *message) size() (n int) {
	for i := range m.Items {
		n += partSize(m.Items[i].ID, m.Items[i].At)
	}
	return n
}

func (m *message) add(p part) {
	m.Items = append(m.Items, p)
	m.To = p.At
}

// cut leaves k items in the message. Those of a flood go first, and are counted instead; what else does not fit comes with the next
// message.
func (s *stream) cut(m *message, k int) {
	m.Items = slices.Clone(m.Items)
	for i := len(m.Items) - 1; i > 0 && len(m.Items) > k; i-- {
		if m.Items[i].Flood {
			m.More = append(m.More, m.Items[i])
			m.Items = slices.Delete(m.Items, i, i+1)
		}
	}
	if len(m.Items) <= k {
		return
	}
	rest := m.Items[k:]
	m.Items = m.Items[:k:k]
	next := rest[0].Place
	m.More = slices.DeleteFunc(m.More, func(q part) bool { return q.Place > next })
	switch {
	case m.Order != "":
		m.Upto = next
	case m.To != "":
		last := m.Items[k-1]
		for _, q := range m.More {
			if q.Place > last.Place {
				last = q
			}
		}
		m.To = last.At
	default: // it was set aside, and has no place to come back from
		s.st.Aside = append(s.st.Aside, &message{Items: rest, Digest: m.Digest, Small: m.Small, Attempts: m.Attempts, Spent: m.Spent})
	}
}

// name gives the message its ID: the same for the same items of the same target.
func (s *stream) name(m *message) {
	id := []string{s.spec.Name, m.Order, string(m.Edit)}
	if len(m.Items) > 0 {
		id = append(id, string(m.Items[0].At), m.Items[0].ID, string(m.To), m.Items[len(m.Items)-1].ID)
	}
	m.ID = hash(id...)
}

// nameless stands in for the ID while it is not known how much fits into the message.
var nameless = strings.Repeat("0", 32)

// entry shows an item as the target is configured to. A template that fails for it leaves title and link.
func (s *stream) entry(it *feeds.Item) Entry {
	e, err := s.spec.show(it)
	if err != nil && s.once("template") {
		s.c.log.Warn("the template of a target fails for some items: they are shown as title and link", "target", s.spec.Name, "item", it.ID, "err", err)
	}
	return e
}

// show makes the entry of an item. Beside an error it is title and link.
func (s *Spec) show(it *feeds.Item) (e Entry, err error) {
	shape := s.Shape
	if shape == nil {
		shape = defaultShape(s.Language, s.Zone)
	}
	func() {
		defer func() {
			if p := recover(); p != nil {
				err = fmt.Errorf("it panics: %v", p)
			}
		}()
		e, err = shape(it)
	}()
	if err != nil {
		e = Entry{Title: it.Title, URL: it.URL}
	}
	e.Item = it
	e.Title, e.Footer = oneLine(e.Title), oneLine(e.Footer)
	for _, other := range []string{it.Title, Cut(oneLine(it.Summary), Runes(80)), it.URL, it.ID, "…"} {
		if e.Title == "" {
			e.Title = oneLine(other)
		}
	}
	if e.Image == "" {
		e.Image = it.Image
	}
	if !s.Images || !strings.HasPrefix(e.Image, "https://") {
		e.Image = ""
	}
	return e, err
}

func (s *Spec) zone() *time.Location {
	if s.Zone == nil {
		return time.UTC
	}
	return s.Zone
}

func oneLine(s string) string { return strings.Join(strings.Fields(Plain(s)), " ") }

// compose makes the message that a person reads.
func (s *Spec) compose(id string, entries []Entry, more int, digest, small bool) *Message {
	msg := &Message{ID: id, Entries: entries, More: more, Language: s.Language, Small: small, Time: time.Now().In(s.zone())}
	if more > 0 && s.Page != nil {
		topic := feeds.All
		if len(s.Topics) > 0 {
			topic = s.Topics[0]
		}
		msg.MoreURL = s.Page(topic)
	}
	if n := len(entries) + more; digest && n > 1 {
		msg.Heading = fmt.Sprintf("%d new posts", n)
		if s.Language == "zh" {
			msg.Heading = fmt.Sprintf("%d 篇新文章", n)
		}
	}
	return msg
}

// render writes the message, with as many of its items as fit. Those that are not there any more are taken out of it, and p is
// nil where none is left.
func (s *stream) render(ctx context.Context, m *message) (p *Payload, prints []print, err error) {
	items := map[string]*feeds.Item{}
	for chunk := range slices.Chunk(ids(m.Items), getPage) {
		got, err := s.c.store.Get(ctx, chunk...)
		if err != nil {
			return nil, nil, fmt.Errorf("read what is new for target %s: %w", s.spec.Name, err)
		}
		for i := range got {
			if s.spec.may(&got[i]) {
				items[got[i].ID] = &got[i]
			}
		}
	}
	m.Items = slices.DeleteFunc(slices.Clone(m.Items), func(p part) bool {
		if items[p.ID] != nil {
			return false
		}
		s.skip(p.ID)
		return true
	})
	if len(m.Items) == 0 {
		return nil, nil, nil
	}
	all := make(map[string]Entry, len(m.Items))
	for _, p := range m.Items {
		e := s.entry(items[p.ID])
		e.Edited = p.Edited && m.Edit == ""
		all[p.ID] = e
	}
	for {
		entries := make([]Entry, len(m.Items))
		prints = nil
		for i, p := range m.Items {
			entries[i] = all[p.ID]
			if s.edits() {
				prints = append(prints, printOf(&entries[i]))
			}
		}
		id := m.ID
		if id == "" {
			id = nameless
		}
		p, err := s.write1(s.spec.compose(id, entries, len(m.More)+m.Count, m.Digest, m.Small))
		switch {
		case err != nil:
			if m.ID == "" {
				s.name(m)
			}
			return nil, prints, err
		case p.Entries < len(m.Items):
			s.cut(m, max(1, p.Entries))
			m.ID = "" // it is another message now
		case m.ID == "":
			s.name(m)
		default:
			return p, prints, nil
		}
	}
}

// write1 renders, and takes a panic of a target for a message that it cannot show: one item must not end the program.
func (s *stream) write1(msg *Message) (p *Payload, err error) {
	defer func() {
		if v := recover(); v != nil {
			p, err = nil, &Error{Class: BadPayload, Code: "panic", Reason: Line(fmt.Sprint(v))}
		}
	}()
	p, err = s.spec.Target.Render(msg)
	if err == nil && (p == nil || p.Entries < 1) {
		err = &Error{Class: BadPayload, Code: "empty", Reason: "nothing of the message can be shown"}
	}
	return p, err
}

// request makes one request, in its turn: a target is not called by two at once.
func (s *stream) request(ctx context.Context, m *message, p *Payload) (r Receipt, err error) {
	turn := s.c.turn(s.spec.Name)
	turn.Lock()
	defer turn.Unlock()
	defer func() {
		if v := recover(); v != nil {
			err = &Error{Class: Transient, Code: "panic", Reason: Line(fmt.Sprint(v)), Ambiguous: true}
		}
	}()
	ctx, cancel := context.WithTimeout(ctx, maxAttempt)
	defer cancel()
	if m.Edit == "" {
		r, err = s.spec.Target.Send(ctx, m.ID, p)
	} else {
		r, err = m.Edit, s.spec.Target.(Editor).Edit(ctx, m.Edit, p)
	}
	if err != nil && ctx.Err() != nil {
		e := *AsError(err)
		e.Ambiguous = true
		return "", &e
	}
	return r, err
}

// attempt tries a message once and acts on how that ended. A fresh one is settled, or pending, afterwards.
func (s *stream) attempt(ctx context.Context, m *message) error {
	st := s.st
	fresh := m != st.Pending && m != st.Probe && !slices.Contains(st.Aside, m)
	end := m.To
	p, prints, err := s.render(ctx, m)
	if err != nil && !isError(err) {
		return err
	}
	if !fresh && m.To != end {
		s.shrunk(m) // less of it fits than before: the rest comes after it
	}
	if fresh {
		s.adopt(m)
	}
	if err == nil && p == nil {
		s.handOn(m)
		return s.settle(ctx, m, nil)
	}
	if err != nil {
		return s.act(ctx, m, prints, "", err)
	}
	m.Tried = time.Now()
	at, err := s.admit(ctx)
	switch {
	case err != nil:
		return err
	case !at.IsZero(): // somebody else took the place meanwhile
		if fresh {
			s.abandon(m)
		}
		pause(ctx, min(50*time.Millisecond, time.Until(at)))
		return nil
	case !s.holds():
		return fmt.Errorf("send to target %s: %w", s.spec.Name, cache.ErrStale)
	}
	if fresh {
		s.warn(m)
	}
	r, err := s.request(ctx, m, p)
	now := time.Now()
	for _, l := range s.limiters {
		l.ended(s.spec.Name, now)
	}
	if ctx.Err() != nil && err != nil {
		// It was cut off: whoever goes on sends it again, under the same ID.
		return fmt.Errorf("send to target %s: %w", s.spec.Name, context.Cause(ctx))
	}
	return s.act(ctx, m, prints, r, err)
}

func isError(err error) bool {
	var e *Error
	return errors.As(err, &e)
}

// shrunk looks anew at what a message of the log does not cover any more.
func (s *stream) shrunk(m *message) {
	if m == s.st.Pending {
		s.st.Probe = nil // it stands behind what comes now
	}
	s.rewind()
}

// adopt makes a fresh message one of those that are remembered, and takes what it covers out of the list.
func (s *stream) adopt(m *message) {
	if s.st.Pending == nil {
		s.st.Pending = m
	} else {
		s.st.Probe = m
	}
	s.st.Counted -= m.Count // of those before it
	if m.To != "" && !s.drop(m.To) {
		s.rewind() // it ends elsewhere than what was looked at
	}
}

// abandon forgets a fresh message, of which nothing was sent or written yet.
func (s *stream) abandon(m *message) {
	s.st.Counted += m.Count
	if s.st.Probe == m {
		s.st.Probe = nil
	} else {
		s.st.Pending = nil
	}
	s.rewind()
}

// turn is held while a target is called.
func (c *Courier) turn(target string) *sync.Mutex {
	c.mu.Lock()
	defer c.mu.Unlock()
	m := c.sending[target]
	if m == nil {
		m = &sync.Mutex{}
		c.sending[target] = m
	}
	return m
}
