package listing

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/cespare/xxhash/v2"

	"feedmill/feeds"
	"feedmill/sources"
	"feedmill/sources/internal/dates"
)

// Keys of the state: one for what used to be found, one for shared links, one for each entry.
const (
	habitsKey   = "habits"
	sharedKey   = "shared"
	entryPrefix = "e/"
)

// keepGone is how many entries that left the list are remembered at least: they come back when a newer one is deleted.
const keepGone = 200

// Book is what is remembered of a list.
type Book struct {
	st      sources.State
	entries map[string]memo // by state key
	shared  map[string]bool
	habits  habits
}

// memo is what is remembered of an entry.
type memo struct {
	Key string `json:"k"`
	// Raw is a hash of what the list says, Stamp of the item it became under the settings of then.
	Raw   uint64 `json:"r"`
	Stamp uint64 `json:"s"`
	// When hashes the dates that the list states.
	When uint64 `json:"w,omitempty"`
	// Gone is when it was first missing, in seconds; 0 while it is there.
	Gone int64 `json:"g,omitempty"`
	// Date is what was made of a date that only meant something when it was read.
	Date time.Time `json:"d,omitzero"`
	// Read says that the article was read; Tries counts the fetches that could not read it while the list said Tried.
	Read  bool   `json:"t,omitempty"`
	Tries int    `json:"n,omitempty"`
	Tried uint64 `json:"o,omitempty"`
	// Part is the document it was in.
	Part string `json:"p,omitempty"`
}

// habits are what used to be found: the entries of the last list, and the share of them that had each field.
type habits struct {
	Entries int                `json:"entries"`
	Fields  map[string]float64 `json:"fields,omitempty"`
}

// Open reads what is remembered.
func Open(st sources.State) (*Book, error) {
	b := &Book{st: st, entries: map[string]memo{}, shared: map[string]bool{}}
	err := st.Range(func(key string, value []byte) error {
		switch {
		case strings.HasPrefix(key, entryPrefix):
			var m memo
			if json.Unmarshal(value, &m) == nil { // an unreadable one costs a restatement, nothing else
				b.entries[key] = m
			}
		case key == habitsKey:
			_ = json.Unmarshal(value, &b.habits) // unreadable: nothing is expected this once
		case key == sharedKey:
			var list []string
			_ = json.Unmarshal(value, &list)
			for _, u := range list {
				b.shared[u] = true
			}
		}
		return nil
	})
	return b, err
}

// Len is how many entries are remembered.
func (b *Book) Len() int { return len(b.entries) }

// Identify gives the entries of a list their keys and drops repetitions.
func (b *Book) Identify(entries []*Entry) []*Entry { return identify(entries, b.shared) }

// Knows says whether an entry, which has its key, was stated before.
func (b *Book) Knows(e *Entry) bool {
	_, ok := b.entries[stateKey(e.key)]
	return ok
}

func stateKey(key string) string {
	h := sha256.Sum256([]byte(key))
	return entryPrefix + hex.EncodeToString(h[:16])
}

func (b *Book) set(key string, v any) {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err) // structs of texts, numbers and times
	}
	b.st.Set(key, text)
}

func (b *Book) remember(e *Entry, m memo) {
	key := stateKey(e.key)
	b.entries[key] = m
	b.set(key, m)
}

// improbable is how unlikely it must be that a field is missing in all entries by chance before it counts as a fault.
const improbable = 0.01

// Expect says what is wrong with a list in which something used to be found and is not found any more: that is a changed
// page, not an empty feed. where tells how a field is found, for the operator.
func (b *Book) Expect(entries []*Entry, where func(field string) string) error {
	if len(entries) == 0 {
		if b.habits.Entries > 0 {
			return fmt.Errorf("items: %s matches nothing any more (%d before): %w, adjust it; the feed stays as it was", where("items"), b.habits.Entries, sources.ErrDrift)
		}
		return fmt.Errorf("items: %s matches nothing: adjust it, or say allow_empty: true if there may be nothing", where("items"))
	}
	now := share(entries)
	for _, name := range Names {
		// Of n entries none has it, where each used to have it with the probability p.
		if p := b.habits.Fields[name]; p > 0 && now[name] == 0 && math.Pow(1-p, float64(len(entries))) < improbable {
			return fmt.Errorf("fields.%s: %s is empty in all %d items, and %.0f %% had it before: %w, adjust it; the feed stays as it was",
				name, where(name), len(entries), 100*p, sources.ErrDrift)
		}
	}
	return nil
}

func share(entries []*Entry) map[string]float64 {
	s := map[string]float64{}
	for _, e := range entries {
		slices.Sort(e.found)
		for _, name := range slices.Compact(e.found) {
			s[name] += 1 / float64(len(entries))
		}
	}
	for name, p := range s {
		s[name] = min(math.Round(p*1000)/1000, 1)
	}
	return s
}

// keep saves what the book as a whole knows, at the end of a fetch that succeeded.
func (b *Book) keep(entries []*Entry) {
	is := habits{Entries: len(entries), Fields: share(entries)}
	if len(entries) > 0 && fmt.Sprint(is) != fmt.Sprint(b.habits) {
		b.habits = is
		b.set(habitsKey, is)
	}
	if list := sortedKeys(b.shared); len(list) > 0 {
		text, err := json.Marshal(list)
		if old, ok, _ := b.st.Get(sharedKey); err == nil && (!ok || string(old) != string(text)) {
			b.st.Set(sharedKey, text)
		}
	}
}

func sortedKeys(m map[string]bool) []string {
	list := make([]string, 0, len(m))
	for k := range m {
		list = append(list, k)
	}
	slices.Sort(list)
	return list
}

// leave marks the entries that are not in the list any more, and returns their keys.
func (b *Book) leave(present, unread map[string]bool, now time.Time) (gone []string) {
	for key, m := range b.entries {
		if present[key] || m.Part != "" && unread[m.Part] {
			continue
		}
		gone = append(gone, m.Key)
		if m.Gone == 0 {
			m.Gone = now.Unix()
			b.entries[key] = m
			b.set(key, m)
		}
	}
	slices.Sort(gone)
	return gone
}

// forget drops the entries that left long ago: as many are kept as the list holds, and never fewer than keepGone.
func (b *Book) forget() {
	var left []string
	for key, m := range b.entries {
		if m.Gone != 0 {
			left = append(left, key)
		}
	}
	keep := max(len(b.entries)-len(left), keepGone)
	if len(left) <= keep {
		return
	}
	slices.SortFunc(left, func(x, y string) int {
		return cmp.Or(cmp.Compare(b.entries[y].Gone, b.entries[x].Gone), cmp.Compare(x, y))
	})
	for _, key := range left[keep:] {
		b.st.Delete(key)
		delete(b.entries, key)
	}
}

// rawOf hashes what the list says of an entry. Dates are left out: "3 hours ago" becomes "yesterday" without any news.
func rawOf(e *Entry) uint64 {
	it := e.Item
	parts := []string{e.ID, it.URL, it.Original, it.Title, it.Summary, it.Content, it.Image, it.Language}
	for _, a := range it.Authors {
		parts = append(parts, "a", a.Name, a.Email, a.URL)
	}
	for _, l := range [][]string{it.Categories, it.Tags} {
		parts = append(append(parts, "l"), l...)
	}
	for _, x := range it.Enclosures {
		parts = append(parts, "e", x.URL)
	}
	return hash(parts...)
}

// stampOf hashes the settings, and what of the item is neither in Raw nor a date.
func stampOf(e *Entry, salt string) uint64 {
	return hash(salt, fmt.Sprint(e.raw), e.Base, fmt.Sprint(e.Item.Enclosures))
}

// whenOf hashes the dates that mean the same whenever they are read.
func whenOf(e *Entry) uint64 {
	published := ""
	if e.how == dates.Absolute {
		published = date(e.Item.Published)
	}
	return hash(published, date(e.Item.Updated))
}

func hash(parts ...string) uint64 {
	h := xxhash.New()
	for _, p := range parts {
		_, _ = fmt.Fprintf(h, "%d:%s", len(p), p) // a hash does not fail
	}
	return h.Sum64()
}

func date(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.RFC3339)
}

// wish is the ID that readers of another gateway already know: as those do, the link, or an id that says by itself whose it
// is. One such as "17" would be that of many.
func wish(e *Entry) string {
	switch {
	case strings.Contains(e.ID, ":") && len(e.ID) <= feeds.MaxID:
		return e.ID
	case e.ID == "" && e.key == e.Item.URL:
		return e.key
	}
	return ""
}

// Missing are the fields that no entry has.
func Missing(entries []*Entry) (names []string) {
	now := share(entries)
	for _, name := range Names {
		if now[name] == 0 {
			names = append(names, name)
		}
	}
	return names
}
