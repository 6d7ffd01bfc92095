package redis

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"

	goredis "github.com/redis/go-redis/v9"

	"feedmill/cache"
	"feedmill/feeds"
)

// record is what a source's hash holds, as it is stored; absent fields are empty.
type record struct {
	number, about, baseline, items, retired, swept, from, merged string
	sources                                                      string // the counter of sources
}

func (s *Store) record(ctx context.Context, source string) (record, error) {
	p := s.client.Pipeline()
	fields := p.HMGet(ctx, s.keys.source(source), recordFields...)
	count := p.HGet(ctx, s.keys.meta(), "sources")
	if _, err := p.Exec(ctx); err != nil && !errors.Is(err, goredis.Nil) {
		return record{}, err
	}
	r := parseRecord(fields.Val())
	r.sources = count.Val()
	return r, nil
}

var recordFields = []string{"no", "about", "baseline", "items", "retired", "swept", "from", "merged"}

func parseRecord(values []any) record {
	var r record
	for i, p := range []*string{&r.number, &r.about, &r.baseline, &r.items, &r.retired, &r.swept, &r.from, &r.merged} {
		*p, _ = values[i].(string)
	}
	return r
}

// leased checks that a lease is the one of a source.
func leased(lease cache.Lease, source string) error {
	if lease.Name != "source/"+source {
		return fmt.Errorf("%w: %q is not the lease of this source", cache.ErrStale, lease.Name)
	}
	return nil
}

// List returns all sources; see [cache.Sources].
func (s *Store) List(ctx context.Context) ([]cache.SourceInfo, error) {
	names, err := s.client.SMembers(ctx, s.keys.sources()).Result()
	if err != nil {
		return nil, fail(ctx, "list sources", err)
	}
	slices.Sort(names)
	out := make([]cache.SourceInfo, 0, len(names))
	for part := range slices.Chunk(names, readBatch) {
		p := s.client.Pipeline()
		cmds := make([]*goredis.SliceCmd, len(part))
		for i, name := range part {
			cmds[i] = p.HMGet(ctx, s.keys.source(name), recordFields...)
		}
		if _, err := p.Exec(ctx); err != nil {
			return nil, fail(ctx, "list sources", err)
		}
		for i, name := range part {
			info, err := parseRecord(cmds[i].Val()).info(name)
			if err != nil {
				return nil, fail(ctx, fmt.Sprintf("list sources: %q", name), err)
			}
			out = append(out, info)
		}
	}
	return out, nil
}

// Source returns one source; see [cache.Sources].
func (s *Store) Source(ctx context.Context, name string) (cache.SourceInfo, error) {
	values, err := s.client.HMGet(ctx, s.keys.source(name), recordFields...).Result()
	if err != nil {
		return cache.SourceInfo{}, fail(ctx, "read source", err)
	}
	info, err := parseRecord(values).info(name)
	if err != nil {
		return cache.SourceInfo{}, fail(ctx, fmt.Sprintf("read source %q", name), err)
	}
	return info, nil
}

func (r record) info(name string) (info cache.SourceInfo, err error) {
	info = cache.SourceInfo{Name: name, Baseline: r.baseline != ""}
	if info.About, err = decodeAbout(r.about); err != nil {
		return info, err
	}
	for _, n := range []struct {
		text string
		to   *int
	}{{r.items, &info.Items}, {r.merged, &info.Merged}} {
		if n.text != "" {
			if *n.to, err = strconv.Atoi(n.text); err != nil {
				return info, errRecord
			}
		}
	}
	if r.retired != "" {
		at, err := strconv.ParseInt(r.retired, 10, 64)
		if err != nil {
			return info, errRecord
		}
		info.Retired = second(at)
	}
	return info, nil
}

// errRecord says that the hash of a source is damaged.
var errRecord = errors.New("decode source: damaged bytes; restore Redis from a backup")

// begin prepares a write to the record of a source and makes the source known.
func (s *Store) begin(ctx context.Context, lease cache.Lease, source string) (*tx, record, error) {
	r, err := s.record(ctx, source)
	if err != nil {
		return nil, r, err
	}
	now, err := s.Now(ctx)
	if err != nil {
		return nil, r, err
	}
	t := newTx(lease, source, now.Unix())
	t.always = true
	t.expect(s.keys.source(source), "no", r.number)
	if r.number == "" {
		n, err := parseCounter(r.sources)
		if err != nil {
			return nil, r, err
		}
		t.newSource(s.keys, source, n+1, n)
		r.number = strconv.FormatUint(n+1, 10)
	}
	return t, r, nil
}

func parseCounter(text string) (uint64, error) {
	if text == "" {
		return 0, nil
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return 0, errRecord
	}
	return n, nil
}

// SetBaseline marks the end of the first complete fetch; see [cache.Sources].
func (s *Store) SetBaseline(ctx context.Context, lease cache.Lease, source string) error {
	err := leased(lease, source)
	if err == nil {
		err = s.prepare(ctx, func() (*tx, error) {
			t, r, err := s.begin(ctx, lease, source)
			if err == nil && r.baseline == "" {
				t.set(s.keys.source(source), "baseline", "1")
			}
			return t, err
		})
	}
	return fail(ctx, fmt.Sprintf("set baseline of source %q", source), err)
}

// Describe stores what a source says of itself; see [cache.Sources].
func (s *Store) Describe(ctx context.Context, lease cache.Lease, source string, about feeds.About) error {
	err := leased(lease, source)
	if err == nil {
		err = s.prepare(ctx, func() (*tx, error) { return s.describe(ctx, lease, source, about) })
	}
	return fail(ctx, fmt.Sprintf("describe source %q", source), err)
}

func (s *Store) describe(ctx context.Context, lease cache.Lease, source string, about feeds.About) (*tx, error) {
	t, r, err := s.begin(ctx, lease, source)
	if err != nil {
		return nil, err
	}
	old, err := decodeAbout(r.about)
	if err != nil {
		return nil, err
	}
	was, is := encodeAbout(old), encodeAbout(about)
	key := s.keys.source(source)
	t.expect(key, "about", r.about)
	if was == is {
		return t, nil
	}
	t.set(key, "about", is)
	groups, err := s.shownIn(ctx, source)
	if err != nil {
		return nil, err
	}
	topics := reshapedBy(source, groups, old.Titles, about.Titles)
	l := line{kind: feeds.Reshaped}
	if l.source, err = parseCounter(r.number); err != nil {
		return nil, err
	}
	for part := range slices.Chunk(topics, readBatch) {
		if err := s.moveVersions(ctx, t, &l, part); err != nil {
			return nil, err
		}
	}
	t.append(l.encode())
	return t, nil
}

// moveVersions moves the versions of those topics that ever had an item, and names them in the line of the log.
func (s *Store) moveVersions(ctx context.Context, t *tx, l *line, topics []feeds.Topic) error {
	p := s.client.Pipeline()
	versions := make([]*goredis.StringCmd, len(topics))
	rows := make([]*goredis.StringCmd, len(topics))
	for i, topic := range topics {
		versions[i] = p.HGet(ctx, s.keys.versions(), token(topic))
		rows[i] = p.HGet(ctx, s.keys.topics(topic.Group), topicField(topic))
	}
	if _, err := p.Exec(ctx); err != nil && !errors.Is(err, goredis.Nil) {
		return err
	}
	for i, topic := range topics {
		if versions[i].Val() == "" || rows[i].Val() == "" {
			continue
		}
		n, _, err := parseTopic(rows[i].Val())
		if err != nil {
			return err
		}
		t.bump(token(topic))
		l.topics = append(l.topics, n)
	}
	return nil
}

// groupsOf are the groups that a source ever had items in; the public one is always among them.
func (s *Store) groupsOf(ctx context.Context, source string) ([]string, error) {
	private, err := s.client.SMembers(ctx, s.keys.groups(source)).Result()
	slices.Sort(private)
	return append([]string{""}, private...), err
}

// shownIn are the groups in whose topics items of a source ever were: the documents of others say nothing of it.
func (s *Store) shownIn(ctx context.Context, source string) ([]string, error) {
	groups, err := s.groupsOf(ctx, source)
	if err != nil {
		return nil, err
	}
	names := make([]string, len(groups))
	for i, g := range groups {
		names[i] = token(sourceTopic(source, g))
	}
	versions, err := s.client.HMGet(ctx, s.keys.versions(), names...).Result()
	if err != nil {
		return nil, err
	}
	var shown []string
	for i, v := range versions {
		if v != nil {
			shown = append(shown, groups[i])
		}
	}
	return shown, nil
}

func sourceTopic(source, group string) feeds.Topic {
	t := feeds.NewTopic("source", source)
	t.Group = group
	return t
}

// reshapedBy lists the topics whose documents say something else once a source's facts moved: all, the source's own,
// and those whose title moved, in every group.
func reshapedBy(source string, groups []string, old, titles map[feeds.Topic]string) []feeds.Topic {
	base := []feeds.Topic{feeds.All, feeds.NewTopic("source", source)}
	for t, title := range titles {
		if old[t] != title {
			base = append(base, t)
		}
	}
	for t := range old {
		if _, ok := titles[t]; !ok {
			base = append(base, t)
		}
	}
	slices.SortFunc(base[2:], compareTopics)
	var out []feeds.Topic
	seen := map[feeds.Topic]bool{}
	for _, g := range groups {
		for _, t := range base {
			if t.Group == "" {
				t.Group = g
			}
			if t.Group == g && !seen[t] {
				seen[t] = true
				out = append(out, t)
			}
		}
	}
	return out
}

// Keys lists the native keys of live and held items; see [cache.Sources].
func (s *Store) Keys(ctx context.Context, source string, fn func(key string) error) error {
	err := s.scan(ctx, s.keys.native(source), func(page []string) error {
		if len(page) == 0 {
			return nil
		}
		members := make([]string, 0, len(page)/2)
		for i := 1; i < len(page); i += 2 {
			members = append(members, page[i])
		}
		entries, err := s.entries(ctx, members)
		if err != nil {
			return err
		}
		for i, f := range entries {
			if f.entry != nil && f.entry.state.hasBody() {
				if err := fn(page[2*i]); err != nil {
					return callerError{err}
				}
			}
		}
		return nil
	})
	return fail(ctx, fmt.Sprintf("list keys of source %q", source), err)
}

// entries reads ledger entries, in the order of the members.
func (s *Store) entries(ctx context.Context, members []string) ([]found, error) {
	out := make([]found, 0, len(members))
	for part := range slices.Chunk(members, readBatch) {
		values, err := s.client.HMGet(ctx, s.keys.ledger(), part...).Result()
		if err != nil {
			return nil, err
		}
		for i, v := range values {
			f := found{member: part[i]}
			if text, ok := v.(string); ok {
				f.stored = text
				if f.entry, err = decodeEntry(text); err != nil {
					return nil, err
				}
			}
			out = append(out, f)
		}
	}
	return out, nil
}
