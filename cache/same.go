package cache

import (
	"crypto/sha256"
	"encoding/binary"
	"slices"

	"feedmill/feeds"
)

// MaxSame is the most items of one address that are one.
const MaxSame = 32

// AddressLen is the length of an [AddressKey].
const AddressLen = 12

// AddressKey is under what a store finds the items of an address: 96 bits, which no two addresses share by chance or by
// effort. What is private is never one with anything outside its group. Empty for no address.
func AddressKey(group, address string) string {
	if address == "" {
		return ""
	}
	h := sha256.Sum256([]byte(group + "\x00" + address))
	return string(h[:AddressLen])
}

// Merged lists the positions of those items that another one is shown for, of items with the same address in the order
// in which they came, given the source of each: those of other sources than the first one's.
func Merged(sources []uint64) []int {
	var out []int
	for i, s := range sources {
		if s != sources[0] {
			out = append(out, i)
		}
	}
	return out
}

// Brings reports whether a merged item brings a topic to the one that is shown for it: its labels and its source, but not
// who wrote it in which language, which the shown one says itself.
func Brings(topic feeds.Topic) bool {
	return topic.Kind == "category" || topic.Kind == "tag" || topic.Kind == "source"
}

// Share is what a merged item adds to the one that is shown.
type Share struct {
	feeds.Copy
	Categories, Tags []string
}

// ShareOf is what the item would add.
func ShareOf(it *feeds.Item) Share {
	s := Share{Copy: feeds.Copy{Source: it.Source, URL: it.URL}, Categories: it.Categories, Tags: it.Tags}
	if s.URL == "" {
		s.URL = it.Original
	}
	return s
}

// EncodeShares writes shares compactly; nil for none.
func EncodeShares(list []Share) []byte {
	var b []byte
	for _, s := range list {
		b = appendString(appendString(b, s.Source), s.URL)
		for _, labels := range [][]string{s.Categories, s.Tags} {
			b = binary.AppendUvarint(b, uint64(len(labels)))
			for _, l := range labels {
				b = appendString(b, l)
			}
		}
	}
	return b
}

// DecodeShares is the inverse of EncodeShares.
func DecodeShares(b []byte) ([]Share, error) {
	d := decoder{rest: string(b)}
	var out []Share
	for d.rest != "" {
		s := Share{Copy: feeds.Copy{Source: d.str(), URL: d.str()}}
		for _, list := range []*[]string{&s.Categories, &s.Tags} {
			for n := d.count(); n > 0; n-- {
				*list = append(*list, d.str())
			}
		}
		if d.bad {
			return nil, errCodec
		}
		out = append(out, s)
	}
	return out, nil
}

// Unite adds to an item what others bring: labels that it has not, and where else it is.
func Unite(it *feeds.Item, shares []Share) {
	for _, s := range shares {
		it.Also = append(it.Also, s.Copy)
		it.Categories = uniteLabels(it.Categories, s.Categories)
		it.Tags = uniteLabels(it.Tags, s.Tags)
	}
}

func uniteLabels(own, more []string) []string {
	out := slices.Clip(own)
	for _, l := range more {
		fold := feeds.Fold(l)
		if !slices.ContainsFunc(out, func(o string) bool { return feeds.Fold(o) == fold }) {
			out = append(out, l)
		}
	}
	return out
}
