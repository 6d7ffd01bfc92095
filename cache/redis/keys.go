package redis

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"feedmill/feeds"
)

// keys makes the names of the keys of one feedmill; see the package comment for what each holds.
type keys struct {
	prefix string // of bodies
	tag    string // of everything else
}

func newKeys(prefix string) keys { return keys{prefix + ":b:", "{" + prefix + "}:"} }

func (k keys) meta() string                  { return k.tag + "meta" }
func (k keys) sources() string               { return k.tag + "src" }
func (k keys) sourceNames() string           { return k.tag + "sn" }
func (k keys) source(name string) string     { return k.tag + "s:" + name }
func (k keys) groups(name string) string     { return k.tag + "sg:" + name }
func (k keys) native(name string) string     { return k.tag + "k:" + name }
func (k keys) ids() string                   { return k.tag + "i" }
func (k keys) ledger() string                { return k.tag + "e" }
func (k keys) topics(group string) string    { return k.tag + "t:" + group }
func (k keys) topicNames() string            { return k.tag + "n" }
func (k keys) labels() string                { return k.tag + "l" }
func (k keys) versions() string              { return k.tag + "v" }
func (k keys) published(topic string) string { return k.tag + "p:" + topic }
func (k keys) arrived(topic string) string   { return k.tag + "a:" + topic }
func (k keys) log() string                   { return k.tag + "log" }
func (k keys) addresses() string             { return k.tag + "w" }
func (k keys) merged(name string) string     { return k.tag + "m:" + name }
func (k keys) held() string                  { return k.tag + "h" }
func (k keys) gone() string                  { return k.tag + "g" }
func (k keys) notes(bucket string) string    { return k.tag + "notes:" + bucket }
func (k keys) expiring() string              { return k.tag + "x" }
func (k keys) leases() string                { return k.tag + "lease" }
func (k keys) body(name string) string       { return k.prefix + name }

func (k keys) index(topic string, order feeds.Order) string {
	if order == feeds.ByArrival {
		return k.arrived(topic)
	}
	return k.published(topic)
}

// errMember says that a name in an index was not written by this program.
var errMember = errors.New("damaged index")

// digits are in the order of their bytes.
const digits = "-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"

// member writes an item's number: how many digits, then the digits in base 64. So it is short (four or five bytes), and
// a greater number is a greater string, which is the order in which Redis keeps members of one score.
func member(seq uint64) string {
	var b [12]byte
	i := len(b)
	for ; seq > 0; seq >>= 6 {
		i--
		b[i] = digits[seq&63]
	}
	i--
	b[i] = digits[len(b)-1-i]
	return string(b[i:])
}

// parseMember is the inverse of member.
func parseMember(m string) (uint64, error) {
	if m == "" || len(m) > 12 || strings.IndexByte(digits, m[0]) != len(m)-1 {
		return 0, fmt.Errorf("parse member %q: %w", m, errMember)
	}
	var seq uint64
	for i := 1; i < len(m); i++ {
		d := strings.IndexByte(digits, m[i])
		if d < 0 {
			return 0, fmt.Errorf("parse member %q: %w", m, errMember)
		}
		seq = seq<<6 | uint64(d)
	}
	return seq, nil
}

// token is a topic as the indexes name it: KIND/NAME, then for a private topic a line end and the group. The fold of a
// label has no line end.
func token(t feeds.Topic) string {
	if t.Group == "" {
		return t.Kind + "/" + t.Name
	}
	return t.Kind + "/" + t.Name + "\n" + t.Group
}

// parseToken is the inverse of token.
func parseToken(s string) feeds.Topic {
	s, group, _ := strings.Cut(s, "\n")
	kind, name, _ := strings.Cut(s, "/")
	return feeds.Topic{Group: group, Kind: kind, Name: name}
}

// idHash is the field under which a public ID is found: 96 bits, which no two IDs share by chance or by effort.
func idHash(id string) string {
	h := sha256.Sum256([]byte(id))
	return string(h[:12])
}

// bodyName names one written version of an item's body.
func bodyName(member, nonce string) string {
	return member + "." + base64.RawURLEncoding.EncodeToString([]byte(nonce))
}

// parseBodyName is the inverse of bodyName.
func parseBodyName(name string) (member, nonce string, err error) {
	member, text, _ := strings.Cut(name, ".")
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(b) != nonceLen {
		return "", "", fmt.Errorf("parse name of body %q: %w", name, errMember)
	}
	return member, string(b), nil
}
