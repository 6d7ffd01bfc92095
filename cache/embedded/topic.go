package embedded

import (
	"encoding/binary"
	"fmt"
	"time"

	"feedmill/feeds"
)

// topic is a row of the topics bucket.
type topic struct {
	topic feeds.Topic
	num   uint32
	// version is the Count of its version, changed the second.
	items   int
	version uint64
	changed int64
	// newest is the published second of the newest item.
	newest    int64
	spellings []spelling

	bumped bool // in this batch
	stale  bool // newest may have left: look it up
}

// spelling counts the items that write the topic's label this way.
type spelling struct {
	label string
	n     int
}

// maxSpellings is how many spellings a topic counts. Items with others are in the topic all the same.
const maxSpellings = 32

func (t *topic) encode() []byte {
	b := binary.AppendUvarint(make([]byte, 0, 64), uint64(t.num))
	b = binary.AppendUvarint(b, uint64(t.items))
	b = binary.AppendUvarint(b, t.version)
	b = binary.AppendVarint(b, t.changed)
	b = binary.AppendVarint(b, t.newest)
	b = binary.AppendUvarint(b, uint64(len(t.spellings)))
	for _, s := range t.spellings {
		b = appendString(binary.AppendUvarint(b, uint64(s.n)), s.label)
	}
	return b
}

func decodeTopic(name feeds.Topic, b []byte) (*topic, error) {
	r := reader{rest: b}
	t := &topic{topic: name, num: uint32(r.uvarint()), items: int(r.uvarint()), version: r.uvarint(), changed: r.varint(), newest: r.varint()}
	n := r.count()
	t.spellings = make([]spelling, 0, n+1)
	for ; n > 0; n-- {
		count := int(r.uvarint())
		t.spellings = append(t.spellings, spelling{n: count, label: r.str()})
	}
	if err := r.err(); err != nil {
		return nil, fmt.Errorf("read topic %v: %w", name, err)
	}
	return t, nil
}

// spell counts one more item with this spelling and returns its place, from 1; 0 if there is no room.
func (t *topic) spell(label string) uint8 {
	free := -1
	for i := range t.spellings {
		if t.spellings[i].label == label {
			t.spellings[i].n++
			return uint8(i + 1)
		}
		if t.spellings[i].n == 0 && free < 0 {
			free = i
		}
	}
	if free < 0 {
		if len(t.spellings) == maxSpellings {
			return 0
		}
		free = len(t.spellings)
		t.spellings = append(t.spellings, spelling{})
	}
	t.spellings[free] = spelling{label: label, n: 1}
	return uint8(free + 1)
}

// unspell takes one item with this spelling away.
func (t *topic) unspell(place uint8) {
	if i := int(place) - 1; i >= 0 && i < len(t.spellings) && t.spellings[i].n > 0 {
		t.spellings[i].n--
	}
}

// label is the commonest spelling, the oldest of equals.
func (t *topic) label() string {
	best := spelling{n: -1}
	for _, s := range t.spellings {
		if s.n > best.n {
			best = s
		}
	}
	return best.label
}

func (t *topic) state() feeds.Version {
	return feeds.Version{Count: t.version, Changed: time.Unix(t.changed, 0).UTC()}
}

func (t *topic) info() feeds.TopicInfo {
	ti := feeds.TopicInfo{Topic: t.topic, Label: t.label(), Items: t.items, Version: t.state()}
	if t.items > 0 {
		ti.Newest = time.Unix(t.newest, 0).UTC()
	}
	return ti
}
