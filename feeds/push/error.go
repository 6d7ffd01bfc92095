package push

import (
	"errors"
	"fmt"
	"time"
)

// Class says what to do after an attempt that failed.
type Class string

const (
	// Transient: the same request may succeed later (network, 5xx, "busy", an answer that makes no sense).
	Transient Class = "transient"
	// RateLimited: the platform wants a pause. It uses no attempt.
	RateLimited Class = "rate-limited"
	// BadPayload: the platform will never take this message; another one it may.
	BadPayload Class = "bad-payload"
	// Dead: the target is gone (robot removed, webhook deleted): nothing is sent until its configuration changes or it is resumed.
	Dead Class = "dead"
	// Blocked: a rule of the platform that the operator has to mend (keyword, signature, address, policy, redirect).
	Blocked Class = "blocked"
)

// Error is how an attempt failed. It holds no secret: neither in its words nor in what it wraps.
type Error struct {
	Class Class
	// Code is the platform's own, for metrics and logs: "45009", "channel_is_archived", "http 502", "timeout".
	Code string
	// Reason is the platform's text, cut to a line, or what went wrong before there was one, and the next step for the operator.
	Reason string
	// RetryAfter is what the platform asks for; 0 for nothing.
	RetryAfter time.Duration
	// Ambiguous says that the message may have been delivered all the same: the answer got lost.
	Ambiguous bool
	// Err is the cause; it may be nil.
	Err error
}

func (e *Error) Error() string {
	s := fmt.Sprintf("%s (%s)", e.Class, e.Code)
	if e.Reason != "" {
		s += ": " + e.Reason
	}
	return s
}

// Unwrap is the cause.
func (e *Error) Unwrap() error { return e.Err }

// AsError is err as an *Error; one that is none is Transient. It is nil for no error.
func AsError(err error) *Error {
	if err == nil {
		return nil
	}
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return &Error{Class: Transient, Code: "error", Reason: err.Error(), Err: err}
}
