package config

import (
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"feedmill/feeds"
	"feedmill/sources"
)

// FromArgs makes of paths and URLs what a file would say of them: the kind of each is recognised, the name is the last
// path element or the host. Relative paths are resolved against the working directory.
func FromArgs(args []string, kinds []sources.Kind) (*Config, error) {
	if err := checkKinds(kinds); err != nil {
		return nil, err
	}
	if len(args) == 0 {
		return nil, errors.New("no source given; name a directory of posts or the address of a feed")
	}
	f := defaults()
	c := &Config{Base: ".", Titles: map[feeds.Topic]string{}}
	c.fill(&f)
	taken := map[string]bool{}
	var errs []error
	for i, arg := range args {
		if slices.Contains(args[:i], arg) {
			errs = append(errs, fmt.Errorf("source %q is given twice", arg))
			continue
		}
		kind, cfg, err := recognise(arg, kinds)
		if err == nil {
			err = cfg.Check(c.Base)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("source %q: %w", arg, err))
			continue
		}
		s := Source{Name: unique(nameOf(arg), taken), Kind: kind, Config: cfg}
		if s.Interval, s.MaxInterval, err = (interval{}).bounds(kind); err != nil {
			errs = append(errs, fmt.Errorf("source %q: %w", arg, err))
			continue
		}
		s.Fingerprint = s.fingerprint(c)
		c.Sources = append(c.Sources, s)
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	return c, nil
}

func recognise(arg string, kinds []sources.Kind) (sources.Kind, sources.Config, error) {
	var tried []string
	for _, k := range kinds {
		if k.Recognise == nil {
			continue
		}
		if cfg, ok := k.Recognise(arg); ok {
			return k, cfg, nil
		}
		tried = append(tried, fmt.Sprintf("%s (%s)", k.Name, strings.TrimSuffix(k.Doc, ".")))
	}
	return sources.Kind{}, nil, fmt.Errorf("not recognised; tried %s", strings.Join(tried, ", "))
}

// nameOf makes a valid name of an argument: the host of a URL, the last element of a path.
func nameOf(arg string) string {
	last := arg
	if u, err := url.Parse(arg); err == nil && u.Scheme != "" && u.Host != "" {
		last = strings.TrimPrefix(u.Hostname(), "www.")
	} else if abs, err := filepath.Abs(arg); err == nil {
		last = filepath.Base(abs)
	}
	var b strings.Builder
	for _, r := range feeds.Fold(norm.NFC.String(last)) {
		switch letter := unicode.IsLetter(r) || unicode.IsNumber(r); {
		case letter, b.Len() > 0 && strings.ContainsRune("._-", r):
			b.WriteRune(r)
		case b.Len() > 0:
			b.WriteByte('-')
		}
	}
	name := strings.TrimRight(cut(b.String(), maxName), "._-")
	if name == "" {
		return "source"
	}
	return name
}

// unique adds a number to a name that is taken.
func unique(name string, taken map[string]bool) string {
	out := name
	for n := 2; taken[out]; n++ {
		suffix := fmt.Sprintf("-%d", n)
		out = cut(name, maxName-len(suffix)) + suffix
	}
	taken[out] = true
	return out
}

// cut shortens s to n runes.
func cut(s string, n int) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	return string([]rune(s)[:n])
}
