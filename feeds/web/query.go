package web

import (
	"net/url"
	"slices"
	"strings"
)

// ignored reports whether a query parameter is of those that others append to addresses they hand on.
func ignored(name string) bool {
	return name == "_" || name == "fbclid" || name == "gclid" || strings.HasPrefix(name, "utm_")
}

// query reads the parameters of an address that takes only the allowed ones. Its error names what is wrong.
func query(raw string, allowed ...string) (url.Values, error) {
	values, err := url.ParseQuery(raw)
	if err != nil {
		return nil, wrongly("unreadable", err)
	}
	names := make([]string, 0, len(values))
	for name := range values {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		switch {
		case ignored(name):
			delete(values, name)
		case !slices.Contains(allowed, name) && len(allowed) == 0:
			return nil, wrongly("none", name)
		case !slices.Contains(allowed, name):
			return nil, wrongly("unknown", name, strings.Join(allowed, ", "))
		case len(values[name]) > 1 && !slices.Contains(listParams, name):
			return nil, wrongly("twice", name)
		}
	}
	return values, nil
}

// choice is the value of a parameter that takes only certain words; empty counts as not given.
func choice(q url.Values, name, fallback string, words ...string) (string, error) {
	v := q.Get(name)
	if v == "" {
		return fallback, nil
	}
	if !slices.Contains(words, v) {
		return "", wrongly("choice", name, v, strings.Join(words, ", "))
	}
	return v, nil
}
