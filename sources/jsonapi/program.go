package jsonapi

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/itchyny/gojq"
)

const (
	// maxProgram bounds a program in bytes.
	maxProgram = 4 << 10
	// maxTime is how long the programs may work on one document.
	maxTime = 5 * time.Second
	// maxValue bounds the values of one output, each a text, a number or a collection.
	maxValue = 200_000
)

// Program is a jq program. It is compiled when the configuration is read. It sees neither the environment nor files.
type Program struct {
	text string
	code *gojq.Code
}

// variables are those that a program may use.
var variables = []string{"$url", "$page", "$offset", "$doc"}

// UnmarshalText compiles a program.
func (p *Program) UnmarshalText(text []byte) error {
	p.text = strings.TrimSpace(string(text))
	switch {
	case p.text == "":
		return errors.New("the program is empty; want jq, such as .data[]")
	case len(p.text) > maxProgram:
		return fmt.Errorf("the program is longer than %d bytes", maxProgram)
	}
	var err error
	if p.code, err = compile(p.text); err != nil {
		where := ""
		if e := (*gojq.ParseError)(nil); errors.As(err, &e) {
			at := min(max(e.Offset-len(e.Token), 0), len(p.text))
			where = fmt.Sprintf(" at character %d", utf8.RuneCountInString(p.text[:at])+1)
		}
		return fmt.Errorf("not a jq program: %w%s", err, where)
	}
	return nil
}

// MarshalText is the program as it was written.
func (p Program) MarshalText() ([]byte, error) { return []byte(p.text), nil }

func (p Program) String() string { return p.text }

// IsZero says that there is no program.
func (p Program) IsZero() bool { return p.code == nil }

// scope is what a program may refer to.
type scope struct {
	url          string
	page, offset int
	doc          any
}

// errEnough ends a run.
var errEnough = errors.New("enough")

// run calls fn for each output that is not null, in order. fn ends it with errEnough.
func (p Program) run(ctx context.Context, in any, s scope, fn func(any) error) error {
	iter := p.code.RunWithContext(ctx, in, s.url, s.page, s.offset, s.doc)
	for {
		v, ok := iter.Next()
		if !ok {
			return nil
		}
		if err, failed := v.(error); failed {
			if halt := (*gojq.HaltError)(nil); errors.As(err, &halt) && halt.Value() == nil {
				return nil
			}
			if cause := context.Cause(ctx); cause != nil {
				return cause
			}
			return fmt.Errorf("%.200w", err)
		}
		if v == nil {
			continue
		}
		if size(v, maxValue) < 0 {
			return fmt.Errorf("an output has more than %d values", maxValue)
		}
		switch err := fn(v); {
		case errors.Is(err, errEnough):
			return nil
		case err != nil:
			return err
		}
	}
}

// size takes the number of values in v from left; less than 0 when there are more.
func size(v any, left int) int {
	left--
	switch v := v.(type) {
	case []any:
		for i := 0; i < len(v) && left >= 0; i++ {
			left = size(v[i], left)
		}
	case map[string]any:
		for _, e := range v {
			if left = size(e, left); left < 0 {
				break
			}
		}
	}
	return left
}
