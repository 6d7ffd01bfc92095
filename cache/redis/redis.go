package redis

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"feedmill/cache"
)

// schema is the version of the layout in the package comment.
const schema = 2

// Options are the settings of a store.
type Options struct {
	cache.Options
	// Log hears what the operator should know; nil means nobody.
	Log *slog.Logger
}

// Store is a cache.Store in Redis. It is safe for concurrent use, and any number of processes may use one Redis.
type Store struct {
	client goredis.UniversalClient
	keys   keys
	opts   Options
	log    *slog.Logger
	tail   *tail
	lost   atomic.Int64 // Unix second in which a lost body was last reported
	offset atomic.Int64 // seconds that the store's clock is ahead of Redis; only tests turn it
}

var _ cache.Store = (*Store)(nil)

// Open connects to a Redis; see the package comment of [feedmill/cache] for what it then promises. Addresses look like
//
//	redis://[USER:PASSWORD@]HOST[:PORT][/DB]      rediss:// for TLS
//	unix://[USER:PASSWORD@]/PATH.sock[?db=N]
//	redis+sentinel://HOST:PORT,HOST:PORT/MASTER[/DB]
//	redis+cluster://HOST:PORT,HOST:PORT
//
// and take ?prefix=WORD, so that two feedmills can share one Redis. Open fails with ErrUnavailable when the server
// does not answer and with ErrSchema when a newer feedmill wrote to it. It warns in the log when the server is set up
// so that it may forget.
func Open(ctx context.Context, url string, opts Options) (*Store, error) {
	a, err := parseURL(url)
	if err != nil {
		return nil, err
	}
	if opts.LogEntries <= 0 {
		opts.LogEntries = 1_000_000
	}
	if opts.LogFor <= 0 {
		opts.LogFor = 30 * 24 * time.Hour
	}
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	goredis.SetLogger(clientLog{opts.Log})
	waiting := a.options
	waiting.PoolSize = 2 // one blocking read is all the waiting there is
	s := &Store{
		client: goredis.NewUniversalClient(&a.options),
		keys:   newKeys(a.prefix),
		opts:   opts,
		log:    opts.Log,
	}
	s.tail = newTail(goredis.NewUniversalClient(&waiting), s.keys.log())
	if err := s.start(ctx); err != nil {
		return nil, errors.Join(fail(ctx, "open "+strings.Join(a.options.Addrs, ","), err), s.Close())
	}
	return s, nil
}

// start checks the schema and what the server may forget.
func (s *Store) start(ctx context.Context) error {
	if err := s.client.HSetNX(ctx, s.keys.meta(), "schema", schema).Err(); err != nil && !readOnly(err) {
		return err
	}
	text, err := s.client.HGet(ctx, s.keys.meta(), "schema").Result()
	if err != nil && !errors.Is(err, goredis.Nil) {
		return err
	}
	if v, err := strconv.Atoi(text); err != nil && text != "" || v > schema {
		return fmt.Errorf("%w: schema %q, this one knows %d: install that version or choose another ?prefix=",
			cache.ErrSchema, text, schema)
	} else if v < schema && text != "" {
		// Version 2 has entries that version 1 cannot read; those of version 1 are as they were.
		if err := s.client.HSet(ctx, s.keys.meta(), "schema", schema).Err(); err != nil && !readOnly(err) {
			return err
		}
	}
	s.checkServer(ctx)
	return nil
}

// readOnly reports whether a server refuses writes for now: reading goes on.
func readOnly(err error) bool {
	return errors.Is(fail(context.Background(), "", err), cache.ErrFull)
}

// checkServer warns of settings under which acknowledged writes get lost. A server that does not show its settings
// (CONFIG is often forbidden) is believed.
func (s *Store) checkServer(ctx context.Context) {
	setting := func(name string) string {
		m, err := s.client.ConfigGet(ctx, name).Result()
		if err != nil {
			s.log.Debug("redis does not show its settings", "setting", name, "err", err)
		}
		return m[name]
	}
	if v := setting("maxmemory-policy"); v != "" && v != "noeviction" {
		s.log.Warn("redis may drop items, ledger and bookmarks when its memory is full: set maxmemory-policy noeviction",
			"maxmemory-policy", v)
	}
	if v := setting("appendonly"); v != "" && v != "yes" {
		s.log.Warn("redis loses what was written since its last snapshot when it stops: set appendonly yes", "appendonly", v)
	} else if v := setting("appendfsync"); v == "no" {
		s.log.Warn("redis loses what the system had not yet written when the machine stops: set appendfsync everysec or always",
			"appendfsync", v)
	}
}

// Now is the clock of the Redis server (in a Cluster of the node that keeps the ledger).
func (s *Store) Now(ctx context.Context) (time.Time, error) {
	ms, err := s.clock(ctx)
	return time.UnixMilli(ms).Truncate(time.Second).UTC(), fail(ctx, "read the clock", err)
}

// clock is Now in milliseconds.
func (s *Store) clock(ctx context.Context) (int64, error) {
	v, err := s.run(ctx, nowScript, []string{s.keys.meta()})
	if err != nil {
		return 0, err
	}
	text, _ := v.(string)
	ms, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, errAnswer
	}
	return ms, nil
}

// Close ends every Wait and disconnects.
func (s *Store) Close() error {
	err := s.tail.close()
	if e := s.client.Close(); !errors.Is(e, goredis.ErrClosed) {
		err = errors.Join(err, e)
	}
	return err
}

// nonce is a fresh random word.
func nonce() string {
	b := make([]byte, nonceLen)
	_, _ = rand.Read(b) // never fails
	return string(b)
}

// clientLog passes what the Redis client says to slog: it concerns connections that the client itself brings back.
type clientLog struct{ log *slog.Logger }

func (l clientLog) Printf(_ context.Context, format string, v ...any) {
	l.log.Debug("redis client", "msg", fmt.Sprintf(format, v...))
}
