package hub

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"time"

	"feedmill/cache"
)

// Buckets of notes. Keys of subscriptions and of what is due are those of [subscription.key].
const (
	bucketSubs = "hub/subscriptions"
	bucketDue  = "hub/due"
	bucketAsks = "hub/asks"
	bucketHub  = "hub"

	keyCursor     = "cursor"
	keyGeneration = "generation" // moves with every subscription
	prefixSent    = "sent/"      // + URL of a feed: the tag of what was delivered last
)

// subscription is one callback that gets one feed.
type subscription struct {
	Topic    string    `json:"topic"` // the feed's URL
	Callback string    `json:"callback"`
	Secret   string    `json:"secret,omitempty"`
	Expires  time.Time `json:"expires"`
	// By is a hash of the client that asked for it, empty for one that is not limited.
	By string `json:"by,omitempty"`
}

// key names the pair of feed and callback, of which there is one subscription.
func (s *subscription) key() string {
	sum := sha256.Sum256([]byte(s.Topic + "\n" + s.Callback))
	return hex.EncodeToString(sum[:16])
}

// host is that of the callback, without the port: else one host would be as many as it has ports. [Hub.ServeHTTP] has seen that
// there is one.
func (s *subscription) host() string {
	u, err := url.Parse(s.Callback)
	if err != nil {
		return ""
	}
	return strings.ToLower(strings.TrimSuffix(u.Hostname(), "."))
}

// due is what still has to be delivered to a callback: whatever the feed is then.
type due struct {
	Attempts int       `json:"attempts"`
	Since    time.Time `json:"since"`
	Next     time.Time `json:"next"`
	Reason   string    `json:"reason,omitempty"`
}

// note is v as an edit.
func note(bucket, key string, v any, ttl time.Duration) cache.Edit {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // nothing here has a value that JSON cannot write
	}
	return cache.Edit{Bucket: bucket, Key: key, Value: b, TTL: ttl}
}

// keep stores a subscription, or takes it out, and lets every process see that something changed.
func (h *Hub) keep(ctx context.Context, s *subscription, gone bool) error {
	edit := cache.Edit{Bucket: bucketSubs, Key: s.key()}
	if !gone {
		now, err := h.env.Store.Now(ctx)
		if err != nil {
			return fmt.Errorf("keep a subscription: %w", err)
		}
		edit = note(bucketSubs, s.key(), s, max(s.Expires.Sub(now), time.Second))
	}
	// What an older subscription still had to get is in the next delivery.
	err := h.env.Store.Write(ctx, cache.Lease{}, edit, cache.Edit{Bucket: bucketDue, Key: s.key()}, generation())
	if err != nil {
		return fmt.Errorf("keep a subscription: %w", err)
	}
	select {
	case h.changed <- struct{}{}:
	default:
	}
	return nil
}

func generation() cache.Edit {
	return cache.Edit{Bucket: bucketHub, Key: keyGeneration, Value: []byte(rand.Text())}
}
