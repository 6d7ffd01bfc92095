package webfeed

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"feedmill/feeds"
	"feedmill/sources"
	"feedmill/sources/internal/dates"
)

// mapping is part of what is remembered of an entry: raise it when entries map to other items than before, and every
// entry in a document is stated again (silently, because its Raw stays).
const mapping = 3

// Keys of the state: one for the feed, one per entry of the document, one per key that several entries share.
const (
	feedKey     = "feed"
	entryPrefix = "e/"
	sharePrefix = "s/"
)

// Entries that left the document are remembered for a while: they come back when an upstream deletes a newer one. As
// many are kept as the document holds, and never fewer than keepGone.
const (
	keepGone  = 100
	maxShared = 1000
)

// memo is what is remembered of an entry.
type memo struct {
	raw uint64 // what the entry said
	// stamp is over the item it became: the title of the feed or a new mapping move it too.
	stamp uint64
	// gone is when it was first missing in the document, in seconds; 0 while it is there.
	gone int64
	// first is the date that an entry without a date of publication got: its first update.
	first time.Time
}

func (m memo) encode() []byte {
	b := binary.LittleEndian.AppendUint64(nil, m.raw)
	b = binary.LittleEndian.AppendUint64(b, m.stamp)
	b = binary.AppendVarint(b, m.gone)
	if !m.first.IsZero() {
		_, offset := m.first.Zone()
		b = binary.AppendVarint(b, m.first.Unix())
		b = binary.AppendVarint(b, int64(offset))
	}
	return b
}

func decodeMemo(b []byte) (m memo, ok bool) {
	if len(b) < 17 {
		return m, false
	}
	m.raw, m.stamp = binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[8:])
	b = b[16:]
	gone, n := binary.Varint(b)
	if n <= 0 {
		return m, false
	}
	m.gone = gone
	if b = b[n:]; len(b) == 0 {
		return m, true
	}
	sec, n := binary.Varint(b)
	if n <= 0 {
		return m, false
	}
	off, n := binary.Varint(b[n:])
	if n <= 0 || off < -86400 || off > 86400 {
		return m, false
	}
	m.first = time.Unix(sec, 0).In(dates.Fixed(int(off)))
	return m, true
}

// memory is the remembered entries, by state key.
type memory struct {
	st      sources.State
	entries map[string]memo
	shared  map[string]bool // by bounded root key
}

// sharedKey and entryKey shorten native keys to state keys of one size.
func sharedKey(key string) string { return sharePrefix + digest(key) }
func entryKey(key string) string  { return entryPrefix + digest(key) }

func digest(key string) string {
	h := sha256.Sum256([]byte(key))
	return hex.EncodeToString(h[:16])
}

func loadMemory(st sources.State) (*memory, error) {
	m := &memory{st: st, entries: make(map[string]memo), shared: make(map[string]bool)}
	err := st.Range(func(key string, value []byte) error {
		switch {
		case strings.HasPrefix(key, entryPrefix):
			if e, ok := decodeMemo(value); ok {
				m.entries[key] = e
			}
		case strings.HasPrefix(key, sharePrefix):
			m.shared[string(value)] = true
		}
		return nil
	})
	return m, err
}

// prune marks what left the document and forgets what left it long ago.
func (m *memory) prune(present map[string]bool, now time.Time) {
	type old struct {
		key  string
		gone int64
	}
	var left []old
	for key, e := range m.entries {
		if present[key] {
			continue
		}
		if e.gone == 0 {
			e.gone = now.Unix()
			m.entries[key] = e
			m.st.Set(key, e.encode())
		}
		left = append(left, old{key, e.gone})
	}
	keep := max(len(present), keepGone)
	if len(left) <= keep {
		return
	}
	slices.SortFunc(left, func(a, b old) int {
		if a.gone != b.gone {
			return int(min(max(b.gone-a.gone, -1), 1))
		}
		return strings.Compare(a.key, b.key)
	})
	for _, o := range left[keep:] {
		m.st.Delete(o.key)
		delete(m.entries, o.key)
	}
}

// share remembers keys that stand for several entries, so that they stay told apart when one of them leaves.
func (m *memory) share(keys []string) {
	for _, k := range keys {
		if !m.shared[k] && len(m.shared) < maxShared {
			m.shared[k] = true
			m.st.Set(sharedKey(k), []byte(k))
		}
	}
}

// stamp hashes the item an entry became.
func stamp(c *feeds.Change, shape string) uint64 {
	s := newStatement()
	it := c.Item
	s.add("mapping", fmt.Sprint(mapping, c.Raw))
	s.add("shape", shape)
	s.add("base", c.Base)
	s.add("url", it.URL, it.Original, it.Image, it.Language)
	s.add("title", it.Title)
	s.add("summary", it.Summary)
	s.add("content", it.Content)
	for _, a := range it.Authors {
		s.add("author", a.Name, a.Email, a.URL)
	}
	s.add("category", it.Categories...)
	s.add("tag", it.Tags...)
	for _, x := range it.Enclosures {
		s.add("enclosure", x.URL, x.Type, x.Title, fmt.Sprint(x.Length, x.Duration, x.Width, x.Height), x.Medium, x.Language, x.Thumbnail, x.Description)
	}
	if p := it.Episode; p != nil {
		s.add("episode", fmt.Sprintf("%+v", *p))
	}
	s.add("published", date(it.Published))
	s.add("updated", date(it.Updated))
	if o := it.Origin; o != nil {
		s.add("origin", o.ID, o.Title, o.URL, o.Home)
	}
	return s.sum()
}

func date(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.RFC3339)
}
