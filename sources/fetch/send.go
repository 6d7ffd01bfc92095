package fetch

import (
	"net/http"
)

// NewSender makes a client for those who give something away, such as a message to a chat: it keeps from private networks
// as NewClient does, but follows no redirect, which would give the message to somebody else, and keeps no pace: whoever sends
// knows the limits of whom he sends to. Of the options UserAgent, Allow, Timeout, Proxy and Network count; the client's
// errors may hold the address.
func NewSender(o Options) *http.Client {
	if o.Network == nil {
		o.Network = NewNetwork(o)
	}
	if o.Timeout <= 0 {
		o.Timeout = DefaultTimeout
	}
	if o.UserAgent == "" {
		o.UserAgent = UserAgent("0", "", 0)
	}
	s := &sender{base: o.Network.base(o), agent: o.UserAgent}
	if o.Proxy != nil {
		s.guard = newGuard(o.Allow, o.Network.resolver)
	}
	return &http.Client{
		Transport: s, Timeout: o.Timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// sender adds the program's name to every request, and guards what a proxy is asked for.
type sender struct {
	base  http.RoundTripper
	agent string
	guard *guard // nil without a proxy
}

func (s *sender) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.URL.Scheme != "http" && req.URL.Scheme != "https" {
		closeBody(req)
		return nil, ErrScheme
	}
	if s.guard != nil {
		if err := s.guard.check(req.Context(), req.URL); err != nil {
			closeBody(req)
			return nil, plain(err)
		}
	}
	if req.Header.Get("User-Agent") == "" {
		body := req.GetBody
		req = req.Clone(req.Context())
		req.GetBody = body
		req.Header.Set("User-Agent", s.agent)
	}
	res, err := s.base.RoundTrip(req)
	if err != nil {
		return nil, plain(err)
	}
	return res, nil
}
