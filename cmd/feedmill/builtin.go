package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"

	"feedmill/cache"
	"feedmill/cache/embedded"
	"feedmill/cache/redis"
	"feedmill/cmd/internal/config"
	"feedmill/feeds"
	"feedmill/feeds/atom"
	"feedmill/feeds/jsonfeed"
	"feedmill/feeds/push"
	"feedmill/feeds/push/dingtalk"
	"feedmill/feeds/push/discord"
	"feedmill/feeds/push/feishu"
	"feedmill/feeds/push/slack"
	"feedmill/feeds/push/teams"
	"feedmill/feeds/push/telegram"
	"feedmill/feeds/push/webhook"
	"feedmill/feeds/push/wecom"
	"feedmill/feeds/rss"
	"feedmill/sources"
	"feedmill/sources/git"
	"feedmill/sources/hugo"
	"feedmill/sources/inbox"
	"feedmill/sources/jekyll"
	"feedmill/sources/jsonapi"
	"feedmill/sources/opml"
	"feedmill/sources/sitemap"
	"feedmill/sources/webfeed"
	"feedmill/sources/webpage"
)

// This file is the table of contents of the binary: the only one that names adapters.

// formats are the ways out, in the order in which people see them.
var formats = []feeds.Format{rss.Format, atom.Format, jsonfeed.Format}

// kinds are the ways in. A SOURCE argument goes to the first that recognises it.
var kinds = []sources.Kind{jekyll.Kind, hugo.Kind, git.Kind(jekyll.Generator, hugo.Generator), opml.Kind(webfeed.Kind), sitemap.Kind, webfeed.Kind, webpage.Kind, jsonapi.Kind, inbox.Kind}

// targets are the chats and endpoints that news are sent to.
var targets = []push.Kind{wecom.Kind, slack.Kind, webhook.Kind, feishu.Kind, dingtalk.Kind, telegram.Kind, discord.Kind, teams.Kind}

// allKinds are what a configuration can name.
var allKinds = config.Kinds{Sources: kinds, Targets: targets}

// stores are the places to keep items, by the scheme of their URL.
var stores = []struct {
	schemes []string
	open    func(ctx context.Context, url string, log *slog.Logger) (cache.Store, error)
}{
	{[]string{"bolt", "memory"}, openEmbedded},
	{[]string{"redis", "rediss", "unix", "redis+sentinel", "rediss+sentinel", "redis+cluster", "rediss+cluster"}, openRedis},
}

// openStore opens the store of a URL that the configuration has found in order.
func openStore(ctx context.Context, url string, log *slog.Logger) (cache.Store, error) {
	scheme, _, _ := strings.Cut(url, ":")
	for _, s := range stores {
		if slices.Contains(s.schemes, scheme) {
			return s.open(ctx, url, log)
		}
	}
	return nil, &usageError{fmt.Errorf("open store: no store of this version has URLs that begin with %q; see feedmill kinds", scheme+":")}
}

func openEmbedded(_ context.Context, url string, _ *slog.Logger) (cache.Store, error) {
	var s *embedded.Store
	var err error
	if path, ok := strings.CutPrefix(url, "bolt:"); ok {
		s, err = embedded.Open(path, embedded.Options{})
	} else {
		s, err = embedded.OpenTemp("", embedded.Options{})
	}
	if err != nil {
		return nil, err // not a Store that holds a nil pointer
	}
	return s, nil
}

func openRedis(ctx context.Context, url string, log *slog.Logger) (cache.Store, error) {
	s, err := redis.Open(ctx, url, redis.Options{Log: log})
	if errors.Is(err, cache.ErrUnavailable) {
		err = fmt.Errorf("%w; start Redis there, or keep items in a file with --store bolt:PATH", err)
	}
	if err != nil {
		return nil, err
	}
	return s, nil
}

// readOPML reads the feeds of an OPML document, discoverFeeds finds those that a page names; they are of the kind feedKind.
var (
	readOPML      = opml.Read
	discoverFeeds = webfeed.Discover
	feedKind      = webfeed.Kind
)

// feedTitle reads a document as a feed.
func feedTitle(ctx context.Context, body []byte, contentType, address string) (title, format string, err error) {
	doc, err := webfeed.ParseDocument(ctx, body, webfeed.Hint{ContentType: contentType, URL: address})
	if err != nil {
		return "", "", err
	}
	return doc.About.Title, doc.Format, nil
}

// checkFile and compactFile work on a store file that no server has open.
var (
	checkFile   = embedded.Check
	compactFile = embedded.Compact
)

// loadState makes a store file of the state that a static tree has of its store.
var loadState = embedded.Load

// dumpState writes that state of a store of [openState].
func dumpState(ctx context.Context, store cache.Store, w io.Writer, note, omit func(string, string) bool) error {
	s, ok := store.(*embedded.Store)
	if !ok {
		return fmt.Errorf("write the state: %T cannot be written down", store)
	}
	return s.Dump(ctx, w, embedded.DumpOptions{Note: note, Omit: omit})
}

// openState opens a store file that goes with the process.
func openState(path string) (cache.Store, error) {
	return embedded.Open(path, embedded.Options{NoSync: true, PageSize: 8 << 10})
}
