package main

import (
	"context"
	"fmt"
	"log/slog"
	"strings"

	"feedmill/cache"
	"feedmill/cache/embedded"
	"feedmill/cache/redis"
	"feedmill/feeds"
	"feedmill/feeds/atom"
	"feedmill/feeds/jsonfeed"
	"feedmill/feeds/rss"
	"feedmill/sources"
	"feedmill/sources/jekyll"
	"feedmill/sources/webfeed"
)

// This file is the table of contents of the binary: the only one that names adapters.

// formats are the ways out, in the order in which people see them.
var formats = []feeds.Format{rss.Format, atom.Format, jsonfeed.Format}

// kinds are the ways in. A SOURCE argument goes to the first that recognises it.
var kinds = []sources.Kind{jekyll.Kind, webfeed.Kind}

// stores are the places to keep items, by the scheme of their URL.
var stores = []struct {
	schemes []string
	open    func(ctx context.Context, url string, log *slog.Logger) (cache.Store, error)
}{
	{[]string{"bolt:", "memory:"}, openEmbedded},
	{[]string{"redis://", "rediss://", "redis+sentinel://", "redis+cluster://"}, openRedis},
}

func openStore(ctx context.Context, url string, log *slog.Logger) (cache.Store, error) {
	for _, s := range stores {
		for _, scheme := range s.schemes {
			if strings.HasPrefix(url, scheme) {
				return s.open(ctx, url, log)
			}
		}
	}
	return nil, &usageError{fmt.Errorf("open store: the URL begins with no scheme of a store: want bolt:PATH, memory:, redis://, rediss://, redis+sentinel:// or redis+cluster://")}
}

func openEmbedded(_ context.Context, url string, _ *slog.Logger) (cache.Store, error) {
	if path, ok := strings.CutPrefix(url, "bolt:"); ok {
		return embedded.Open(path, embedded.Options{})
	}
	return embedded.OpenTemp("", embedded.Options{})
}

func openRedis(ctx context.Context, url string, log *slog.Logger) (cache.Store, error) {
	return redis.Open(ctx, url, redis.Options{Log: log})
}

// checkFile and compactFile work on a store file that no server has open.
var (
	checkFile   = embedded.Check
	compactFile = embedded.Compact
)
