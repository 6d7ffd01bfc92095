package formattest

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// node is an element.
type node struct {
	name     xml.Name
	attrs    []xml.Attr
	children []*node
	// text is the character data directly in the element; raw is the same as it is written.
	text, raw string
}

func (n *node) is(space, local string) bool { return n.name.Space == space && n.name.Local == local }

func (n *node) all(space, local string) []*node {
	var out []*node
	for _, x := range n.children {
		if x.is(space, local) {
			out = append(out, x)
		}
	}
	return out
}

// first is the first such child, or nil.
func (n *node) first(space, local string) *node {
	if l := n.all(space, local); len(l) > 0 {
		return l[0]
	}
	return nil
}

// say is the trimmed text of the first such child, or empty.
func (n *node) say(space, local string) string {
	if x := n.first(space, local); x != nil {
		return strings.TrimSpace(x.text)
	}
	return ""
}

// attr is the value of an attribute without namespace.
func (n *node) attr(local string) (string, bool) {
	for _, a := range n.attrs {
		if a.Name.Space == "" && a.Name.Local == local {
			return a.Value, true
		}
	}
	return "", false
}

func (n *node) has(local string) string {
	s, _ := n.attr(local)
	return s
}

const (
	nsAtom    = "http://www.w3.org/2005/Atom"
	nsContent = "http://purl.org/rss/1.0/modules/content/"
	nsDC      = "http://purl.org/dc/elements/1.1/"
	nsMedia   = "http://search.yahoo.com/mrss/"
	nsXML     = "http://www.w3.org/XML/1998/namespace"
)

const declaration = `<?xml version="1.0" encoding="UTF-8"?>` + "\n"

var errDirective = errors.New("a directive")

// tree reads a document with Go's parser at its strictest.
func tree(doc []byte) (*node, error) {
	d := xml.NewDecoder(bytes.NewReader(doc))
	var root *node
	var stack []*node
	for {
		start := d.InputOffset()
		t, err := d.Token()
		if err != nil {
			if root != nil && len(stack) == 0 && errors.Is(err, io.EOF) {
				return root, nil
			}
			return nil, err
		}
		switch t := t.(type) {
		case xml.StartElement:
			n := &node{name: t.Name, attrs: slices.Clone(t.Attr)}
			if len(stack) > 0 {
				p := stack[len(stack)-1]
				p.children = append(p.children, n)
			} else if root != nil {
				return nil, fmt.Errorf("a second root <%s>", t.Name.Local)
			} else {
				root = n
			}
			if stack = append(stack, n); len(stack) > 50 {
				return nil, fmt.Errorf("elements nested more than 50 deep")
			}
		case xml.EndElement:
			stack = stack[:len(stack)-1]
		case xml.CharData:
			if len(stack) > 0 {
				n := stack[len(stack)-1]
				n.text += string(t)
				n.raw += string(doc[start:d.InputOffset()])
			} else if len(bytes.TrimSpace(t)) > 0 {
				return nil, fmt.Errorf("text outside the root")
			}
		case xml.Directive:
			return nil, errDirective
		}
	}
}
