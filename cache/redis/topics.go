package redis

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"feedmill/feeds"
)

// The hash of a group's topics has two kinds of fields: "KIND/NAME" with "NUMBER FIRST-SPELLING", and for each other
// spelling "KIND/NAME", a line end and the spelling, with the spelling's own number. How many items use a spelling is
// counted for the others only; the rest of a topic's items use the first.

// topicField is the field of a topic in its group's hash.
func topicField(t feeds.Topic) string { return t.Kind + "/" + t.Name }

func spellingField(t feeds.Topic, label string) string { return topicField(t) + "\n" + label }

// parseTopic splits the value of a topic's field.
func parseTopic(value string) (number uint64, spelling string, err error) {
	text, spelling, _ := strings.Cut(value, " ")
	if number, err = strconv.ParseUint(text, 10, 64); err != nil {
		return 0, "", fmt.Errorf("parse topic %q: %w", value, errMember)
	}
	return number, spelling, nil
}

// listed is a topic while it is being listed.
type listedTopic struct {
	topic    feeds.Topic
	first    string // spelling
	others   []string
	counters []string
}

// Topics lists the topics of a group; see [cache.Catalog].
func (s *Store) Topics(ctx context.Context, group string) ([]feeds.TopicInfo, error) {
	out, err := s.listTopics(ctx, group)
	return out, fail(ctx, "list topics", err)
}

func (s *Store) listTopics(ctx context.Context, group string) ([]feeds.TopicInfo, error) {
	rows := map[string]*listedTopic{}
	row := func(field string) *listedTopic {
		if rows[field] == nil {
			rows[field] = &listedTopic{}
		}
		return rows[field]
	}
	err := s.scan(ctx, s.keys.topics(group), func(page []string) error {
		for i := 0; i < len(page); i += 2 {
			field, label, other := strings.Cut(page[i], "\n")
			r := row(field)
			if other {
				r.others, r.counters = append(r.others, label), append(r.counters, page[i+1])
				continue
			}
			_, spelling, err := parseTopic(page[i+1])
			if err != nil {
				return err
			}
			r.topic = parseToken(field)
			r.topic.Group, r.first = group, spelling
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	list := make([]*listedTopic, 0, len(rows))
	for _, r := range rows {
		list = append(list, r)
	}
	out := make([]feeds.TopicInfo, 0, len(list))
	for part := range slices.Chunk(list, readBatch) {
		if out, err = s.describeTopics(ctx, out, part); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// describeTopics appends what is known of some topics; those that never had an item are left out.
func (s *Store) describeTopics(ctx context.Context, out []feeds.TopicInfo, list []*listedTopic) ([]feeds.TopicInfo, error) {
	keys := []string{s.keys.versions()}
	args := append(make([]any, 0, 1+len(list)), len(list))
	counters := newLookup()
	for _, l := range list {
		name := token(l.topic)
		keys, args = append(keys, s.keys.published(name)), append(args, name)
		for _, c := range l.counters {
			counters.want(c)
		}
	}
	v, err := s.run(ctx, topicsScript, keys, args...)
	if err != nil {
		return nil, err
	}
	if len(counters.fields) > 0 {
		p := s.client.Pipeline()
		counters.ask(ctx, p, s.keys.labels())
		if _, err := p.Exec(ctx); err != nil {
			return nil, err
		}
	}
	r := newReply(v)
	for _, l := range list {
		version, items, newest := r.text(), int(r.number()), r.text()
		if version == "" {
			continue
		}
		info := feeds.TopicInfo{Topic: l.topic, Items: items}
		if info.Version, err = parseVersion(version); err != nil {
			return nil, err
		}
		if newest != "" {
			second, err := strconv.ParseInt(newest, 10, 64)
			if err != nil {
				return nil, fmt.Errorf("parse second %q: %w", newest, errMember)
			}
			info.Newest = time.Unix(second, 0).UTC()
		}
		info.Label = l.commonest(items, counters)
		out = append(out, info)
	}
	return out, r.err
}

// commonest is the spelling that most of the items use; between equals the first one seen, then the first by bytes.
func (l *listedTopic) commonest(items int, counters *lookup) string {
	label, most := "", 0
	first := items
	for i, c := range l.counters {
		text, _ := counters.get(c)
		n, _ := strconv.Atoi(text) // absent is 0
		first -= n
		if n > most || n == most && n > 0 && l.others[i] < label {
			label, most = l.others[i], n
		}
	}
	if first >= most {
		return l.first
	}
	return label
}
