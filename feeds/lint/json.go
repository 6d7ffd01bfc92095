package lint

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// value is a JSON value.
type value struct {
	// kind is 'o' for an object, 'a' array, 's' string, 'n' number, 'b' boolean, 'z' null.
	kind    byte
	line    int
	str     string
	num     float64
	members []member
	elems   []*value
}

type member struct {
	name string
	line int
	val  *value
}

// get is the member of an object; nil when there is none, or v is no object.
func (v *value) get(name string) *value {
	if v == nil {
		return nil
	}
	for _, m := range v.members {
		if m.name == name {
			return m.val
		}
	}
	return nil
}

// say is the string under a name, or empty.
func (v *value) say(name string) string {
	if x := v.get(name); x != nil {
		return x.str
	}
	return ""
}

// list are the elements of the array under a name.
func (v *value) list(name string) []*value {
	if x := v.get(name); x != nil {
		return x.elems
	}
	return nil
}

// at is the line of the member, else of the object itself.
func (v *value) at(name string) int {
	if x := v.get(name); x != nil {
		return x.line
	}
	return v.line
}

var kinds = map[byte]string{'o': "an object", 'a': "an array", 's': "a string", 'n': "a number", 'b': "a boolean", 'z': "null"}

func (d *doc) readJSON() {
	dec := json.NewDecoder(bytes.NewReader(d.text))
	dec.UseNumber()
	nodes := 0
	v, err := d.readValue(dec, 0, &nodes)
	if err == nil {
		if _, end := dec.Token(); !errors.Is(end, io.EOF) {
			err = errors.New("more behind the end of the value")
		}
	}
	if err != nil {
		at := dec.InputOffset()
		if s := (*json.SyntaxError)(nil); errors.As(err, &s) {
			at = s.Offset - 1
		}
		d.broken = &problem{d.lineAt(int(min(max(at, 0), int64(len(d.text))))), err.Error()}
		return
	}
	if d.json = v; v.kind == 'o' && (v.get("version") != nil || v.get("items") != nil) {
		d.report.Format, d.report.Items = JSONFeed, len(v.list("items"))
	}
}

func (d *doc) readValue(dec *json.Decoder, depth int, nodes *int) (*value, error) {
	t, err := dec.Token()
	if err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return nil, err
	}
	if *nodes++; depth > maxDepth || *nodes > maxNodes {
		return nil, fmt.Errorf("more than %d values, or %d levels of them: not read any further", maxNodes, maxDepth)
	}
	v := &value{line: d.lineAt(int(dec.InputOffset()) - 1)}
	switch t := t.(type) {
	case string:
		v.kind, v.str = 's', t
	case json.Number:
		v.kind = 'n'
		if v.num, err = t.Float64(); err != nil {
			return nil, fmt.Errorf("the number %.40q is too large", string(t))
		}
	case bool:
		v.kind = 'b'
	case nil:
		v.kind = 'z'
	case json.Delim:
		return v, d.readInside(dec, v, t, depth, nodes)
	}
	return v, nil
}

func (d *doc) readInside(dec *json.Decoder, v *value, open json.Delim, depth int, nodes *int) error {
	v.kind = 'a'
	if open == '{' {
		v.kind = 'o'
	}
	seen := map[string]bool{}
	for dec.More() {
		m := member{}
		if v.kind == 'o' {
			k, err := dec.Token()
			if err != nil {
				return err
			}
			m.name, _ = k.(string)
			m.line = d.lineAt(int(dec.InputOffset()) - 1)
			if seen[m.name] {
				d.twice = append(d.twice, problem{m.line, fmt.Sprintf("the member %.80q is there twice", m.name)})
			}
			seen[m.name] = true
		}
		x, err := d.readValue(dec, depth+1, nodes)
		if err != nil {
			return err
		}
		if m.val = x; v.kind == 'o' {
			v.members = append(v.members, m)
		} else {
			v.elems = append(v.elems, x)
		}
	}
	_, err := dec.Token()
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// name says which item it is, for messages.
func (v *value) label() string {
	if id := v.say("id"); id != "" {
		return fmt.Sprintf("item %.80q", id)
	}
	return "item"
}
