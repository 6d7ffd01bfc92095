package redis

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	goredis "github.com/redis/go-redis/v9"

	"feedmill/cache"
	"feedmill/feeds"
)

// kinds are the kinds of log entries by the number that stands in the log. Only ever add at the end.
var kinds = []feeds.Kind{
	1: feeds.New, 2: feeds.Changed, 3: feeds.Withdrawn, 4: feeds.Restored, 5: feeds.Baseline, 6: feeds.Reshaped,
}

// line is an entry of the log as it is stored: everything by number. item is 0 where only topics were reshaped.
type line struct {
	kind         feeds.Kind
	source, item uint64
	topics       []uint64
}

func (l line) encode() string {
	b := make([]byte, 0, 4+3*len(l.topics)+10)
	b = append(b, byte(slices.Index(kinds, l.kind)))
	b = binary.AppendUvarint(binary.AppendUvarint(b, l.source), l.item)
	for _, t := range l.topics {
		b = binary.AppendUvarint(b, t)
	}
	return string(b)
}

var errLine = errors.New("decode log entry: damaged bytes; restore Redis from a backup")

func decodeLine(s string) (line, error) {
	if s == "" || s[0] == 0 || int(s[0]) >= len(kinds) {
		return line{}, errLine
	}
	l := line{kind: kinds[s[0]]}
	r := numbers{rest: []byte(s[1:])}
	l.source, l.item = r.uvarint(), r.uvarint()
	for len(r.rest) > 0 {
		l.topics = append(l.topics, r.uvarint())
	}
	if r.bad {
		return line{}, errLine
	}
	return l, nil
}

// After returns what happened behind a cursor; see [cache.Log].
func (s *Store) After(ctx context.Context, cursor cache.Cursor, limit int) ([]cache.Entry, error) {
	out, err := s.after(ctx, string(cursor), limit)
	var trimmed *cache.TrimmedError
	if errors.As(err, &trimmed) {
		return nil, err
	}
	return out, fail(ctx, fmt.Sprintf("read the log behind %q", cursor), err)
}

func (s *Store) after(ctx context.Context, cursor string, limit int) ([]cache.Entry, error) {
	if limit < 1 {
		return nil, nil
	}
	from, err := parseStreamID(cursor)
	if err != nil {
		return nil, err
	}
	// The entry of the cursor itself comes along: when it is missing, writes were lost. The stream is read before the
	// mark of what was trimmed: so a trimming between the two is seen.
	messages, err := s.client.XRangeN(ctx, s.keys.log(), from.String(), "+", int64(limit)+1).Result()
	if err != nil {
		return nil, err
	}
	text, err := s.client.HGet(ctx, s.keys.meta(), "trimmed").Result()
	if err != nil && !errors.Is(err, goredis.Nil) {
		return nil, err
	}
	trimmed, err := parseStreamID(text)
	if err != nil {
		return nil, err
	}
	switch {
	case from.before(trimmed):
		return nil, &cache.TrimmedError{First: cache.Cursor(text)}
	case from == trimmed: // also "" while nothing was trimmed
	case len(messages) == 0 || messages[0].ID != cursor:
		return nil, cache.ErrRegressed
	default:
		messages = messages[1:]
	}
	return s.resolve(ctx, messages[:min(limit, len(messages))])
}

// resolve turns the numbers of log entries into names.
func (s *Store) resolve(ctx context.Context, messages []goredis.XMessage) ([]cache.Entry, error) {
	if len(messages) == 0 {
		return nil, nil
	}
	lines := make([]line, len(messages))
	items, topics, owners := newLookup(), newLookup(), newLookup()
	for i, m := range messages {
		text, _ := m.Values["d"].(string)
		l, err := decodeLine(text)
		if err != nil {
			return nil, fmt.Errorf("entry %s: %w", m.ID, err)
		}
		lines[i] = l
		owners.want(strconv.FormatUint(l.source, 10))
		if l.item > 0 {
			items.want(member(l.item))
		}
		for _, t := range l.topics {
			topics.want(strconv.FormatUint(t, 10))
		}
	}
	p := s.client.Pipeline()
	items.ask(ctx, p, s.keys.ledger())
	topics.ask(ctx, p, s.keys.topicNames())
	owners.ask(ctx, p, s.keys.sourceNames())
	if _, err := p.Exec(ctx); err != nil {
		return nil, err
	}
	out := make([]cache.Entry, len(lines))
	for i, l := range lines {
		e := cache.Entry{Cursor: cache.Cursor(messages[i].ID), Kind: l.kind}
		var ok bool
		if e.Source, ok = owners.get(strconv.FormatUint(l.source, 10)); !ok {
			return nil, fmt.Errorf("entry %s: %w", messages[i].ID, errLine)
		}
		if l.item > 0 {
			text, _ := items.get(member(l.item))
			known, err := decodeEntry(text)
			if err != nil {
				return nil, fmt.Errorf("entry %s: %w", messages[i].ID, err)
			}
			e.ID = known.id
		}
		for _, t := range l.topics {
			name, ok := topics.get(strconv.FormatUint(t, 10))
			if !ok {
				return nil, fmt.Errorf("entry %s: %w", messages[i].ID, errLine)
			}
			e.Topics = append(e.Topics, parseToken(name))
		}
		out[i] = e
	}
	return out, nil
}

// lookup asks a hash for distinct fields in one pipeline.
type lookup struct {
	fields []string
	values map[string]string
	cmds   []*goredis.SliceCmd
}

func newLookup() *lookup { return &lookup{values: map[string]string{}} }

func (l *lookup) want(field string) {
	if _, ok := l.values[field]; !ok {
		l.values[field] = ""
		l.fields = append(l.fields, field)
	}
}

func (l *lookup) ask(ctx context.Context, p goredis.Pipeliner, key string) {
	for part := range slices.Chunk(l.fields, readBatch) {
		l.cmds = append(l.cmds, p.HMGet(ctx, key, part...))
	}
}

// get is the answer; it is false where the hash has no such field.
func (l *lookup) get(field string) (string, bool) {
	if l.cmds != nil {
		i := 0
		for _, c := range l.cmds {
			for _, v := range c.Val() {
				text, _ := v.(string)
				l.values[l.fields[i]] = text
				i++
			}
		}
		l.cmds = nil
	}
	v := l.values[field]
	return v, v != ""
}

// Tail is the cursor of the newest entry; see [cache.Log].
func (s *Store) Tail(ctx context.Context) (cache.Cursor, error) {
	id, err := newest(ctx, s.client, s.keys.log())
	if err == nil && id == "" {
		// Everything was trimmed: the log is empty, yet the place before its first entry is gone.
		if id, err = s.client.HGet(ctx, s.keys.meta(), "trimmed").Result(); errors.Is(err, goredis.Nil) {
			err = nil
		}
	}
	return cache.Cursor(id), fail(ctx, "read the end of the log", err)
}

// newest is the ID of the last entry of a stream, empty when there is none.
func newest(ctx context.Context, client goredis.UniversalClient, stream string) (string, error) {
	last, err := client.XRevRangeN(ctx, stream, "+", "-", 1).Result()
	if err != nil || len(last) == 0 {
		return "", err
	}
	return last[0].ID, nil
}

// streamID is the ID of an entry of a stream: the place in the log.
type streamID struct{ ms, seq uint64 }

// parseStreamID reads a cursor; empty is the place before everything.
func parseStreamID(text string) (streamID, error) {
	if text == "" {
		return streamID{}, nil
	}
	ms, seq, _ := strings.Cut(text, "-")
	var id streamID
	var err, err2 error
	id.ms, err = strconv.ParseUint(ms, 10, 64)
	id.seq, err2 = strconv.ParseUint(seq, 10, 64)
	if err != nil || err2 != nil {
		return streamID{}, fmt.Errorf("cursor %q: %w", text, cache.ErrRegressed)
	}
	return id, nil
}

func (a streamID) before(b streamID) bool { return a.ms < b.ms || a.ms == b.ms && a.seq < b.seq }

func (a streamID) String() string {
	return strconv.FormatUint(a.ms, 10) + "-" + strconv.FormatUint(a.seq, 10)
}
