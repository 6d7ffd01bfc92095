package webfeed

import (
	"bytes"
	"context"
	"encoding/json"

	"feedmill/sources"
)

// leaver runs in place of a feed that is not configured any more: it ends the subscription at the feed's hub, which would
// go on delivering for days.
type leaver struct{ source }

func newLeaver(env sources.Env) sources.Source {
	return &leaver{source{cfg: Config{WebSub: "off"}, env: env}}
}

// Fetch implements [sources.Source]. It asks the hub until that has verified, or has been asked often enough; the feed is
// not asked.
func (s *leaver) Fetch(ctx context.Context, st sources.State, out sources.Sink) (res sources.Result, err error) {
	if mail, ok := st.(sources.Mail); ok {
		if err := s.replies(mail); err != nil {
			return res, err
		}
	}
	if err := s.keepSubscribed(ctx, st, out, links{}, &res); err != nil {
		return res, err
	}
	b, _, err := st.Get(websubKey)
	if err != nil {
		return res, err
	}
	subs := readSubscriptions(b)
	if len(subs.Leaving) == 0 {
		st.Delete(websubKey)
		return sources.Result{Gone: true, Note: "unsubscribed"}, nil
	}
	res.Note, res.By = "not configured any more: unsubscribing from its hub", subs.Leaving[0].Next
	for _, sub := range subs.Leaving {
		if sub.Next.Before(res.By) {
			res.By = sub.Next
		}
	}
	return res, nil
}

// replies reads what hubs have answered. News are thrown away.
func (s *leaver) replies(mail sources.Mail) error {
	list, err := mail.Letters()
	if err != nil || len(list) == 0 {
		return err
	}
	b, _, err := mail.Get(websubKey)
	if err != nil {
		return err
	}
	subs := readSubscriptions(b)
	for _, raw := range list {
		head, _, _ := bytes.Cut(raw.Body, []byte("\n"))
		var l letter
		if json.Unmarshal(head, &l) == nil && l.Kind == letterLeft {
			subs.left(l.Token)
		}
		mail.Done(raw)
	}
	return subs.save(mail)
}
