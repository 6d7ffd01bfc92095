package jsonapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"feedmill/sources/internal/charset"
)

const (
	// maxBody bounds an answer in bytes, maxValues its values (each costs about 50 bytes), maxDepth how deep they may lie in
	// each other.
	maxBody   = 10 << 20
	maxValues = 1_000_000
	maxDepth  = 200
)

// read decodes an answer: one JSON document, or several behind each other (NDJSON), as jq takes them.
func read(body []byte, contentType string) (docs []any, err error) {
	text := bytes.TrimSpace(charset.Text(body, contentType, charset.Nothing))
	switch {
	case len(text) == 0:
		return nil, errors.New("the answer is empty; want JSON")
	case text[0] == '<':
		return nil, errors.New("an HTML or XML page instead of JSON; check the address")
	}
	return parse(text)
}

func parse(text []byte) (docs []any, err error) {
	if err := bounded(text); err != nil {
		return nil, fmt.Errorf("parse JSON: %w", err)
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber() // ids beyond 2^53
	for {
		var v any
		switch err := dec.Decode(&v); {
		case errors.Is(err, io.EOF):
			return docs, nil
		case err != nil:
			return nil, fmt.Errorf("parse JSON: %w", err)
		}
		docs = append(docs, v)
	}
}

// bounded refuses JSON that would be too large in memory, before it is decoded.
func bounded(text []byte) error {
	depth, values, quoted := 0, 1, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quoted:
			if c == '\\' {
				i++
			} else if c == '"' {
				quoted = false
			}
		case c == '"':
			quoted = true
		case c == '{' || c == '[':
			values++
			if depth++; depth > maxDepth {
				return fmt.Errorf("more than %d levels inside each other", maxDepth)
			}
		case c == '}' || c == ']':
			depth--
		case c == ',' || c == ':' || c == '\n':
			values++
		}
	}
	if values > maxValues {
		return fmt.Errorf("more than %d values", maxValues)
	}
	return nil
}
