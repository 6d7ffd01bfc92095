package jekyll

import (
	"regexp"
	"strconv"
	"strings"

	"feedmill/sources/internal/liquid"
)

// Scalars without quotes as YAML 1.1 gives them types (https://yaml.org/type/), the way Ruby reads it.
var (
	yamlInt    = regexp.MustCompile(`^[-+]?(?:0|[1-9][0-9_,]*)$`)
	yamlOctal  = regexp.MustCompile(`^[-+]?0[0-7_,]+$`)
	yamlHex    = regexp.MustCompile(`^[-+]?0x[0-9a-fA-F_,]+$`)
	yamlBinary = regexp.MustCompile(`^[-+]?0b[01_,]+$`)
	yamlFloat  = regexp.MustCompile(`^[-+]?(?:[0-9][0-9_,]*)?\.[0-9]*(?:[eE][-+][0-9]+)?$`)
	yamlSixty  = regexp.MustCompile(`^[-+]?[0-9][0-9_]*(?::[0-5]?[0-9]){1,2}$`)
	yamlDate   = regexp.MustCompile(`^\d{4}-(?:1[012]|0\d|\d)-(?:[12]\d|3[01]|0\d|\d)$`)
	yamlTime   = regexp.MustCompile(`^\d{4}-\d{1,2}-\d{1,2}(?:[Tt]|\s+)\d{1,2}:\d\d:\d\d(?:\.\d*)?\s*(Z|[-+]\d{1,2}:?(?:\d\d)?)?$`)
)

// typed is a value as a template sees it.
func (s *site) typed(v value) any {
	switch v.kind {
	case text:
		if !v.plain {
			return v.text
		}
		return s.typedScalar(v)
	case list:
		out := make([]any, len(v.list))
		for i, e := range v.list {
			out[i] = s.typed(e)
		}
		return out
	case mapping:
		m := liquid.NewMap(len(v.fields))
		for _, f := range v.fields {
			m.Set(f.key, s.typed(f.value))
		}
		return m
	}
	return nil
}

func (s *site) typedScalar(v value) any {
	t := v.text
	if t == "" {
		return t
	}
	switch {
	case v.isTrue():
		return true
	case v.isFalse():
		return false
	case strings.IndexByte("+-.0123456789", t[0]) < 0:
		return t
	}
	plain := strings.NewReplacer("_", "", ",", "").Replace(t)
	base := 0
	switch {
	case yamlInt.MatchString(t):
		base = 10
	case yamlOctal.MatchString(t):
		base = 8
	case yamlHex.MatchString(t):
		base, plain = 16, strings.Replace(plain, "0x", "", 1)
	case yamlBinary.MatchString(t):
		base, plain = 2, strings.Replace(plain, "0b", "", 1)
	case yamlFloat.MatchString(t) && strings.Trim(plain, "+-.") != "":
		if f, err := strconv.ParseFloat(plain, 64); err == nil {
			return f
		}
		return t
	case yamlSixty.MatchString(t):
		n := int64(0)
		for _, part := range strings.Split(strings.TrimLeft(plain, "+-"), ":") {
			digit, err := strconv.ParseInt(part, 10, 32)
			if err != nil {
				return t
			}
			n = n*60 + digit
		}
		if t[0] == '-' {
			n = -n
		}
		return n
	case yamlDate.MatchString(t):
		if day, _, err := s.dates.parse(v); err == nil {
			return liquid.Date{Time: day}
		}
	case yamlTime.MatchString(t):
		if moment, _, err := s.dates.parse(v); err == nil {
			if strings.HasSuffix(t, "Z") {
				return moment.UTC()
			}
			return moment.In(s.liquidZone())
		}
	}
	if base > 0 {
		if n, err := strconv.ParseInt(plain, base, 64); err == nil {
			return n
		}
	}
	return t
}
