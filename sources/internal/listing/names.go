package listing

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"feedmill/sources"
	"feedmill/sources/fetch"
)

// CheckURL checks the address of a kind.
func CheckURL(key, raw string) error {
	u, err := url.Parse(strings.TrimSpace(raw))
	switch {
	case strings.TrimSpace(raw) == "":
		return errors.New(key + ": the address is empty; write it as in a browser, https://HOST/PATH")
	case err != nil || u.Hostname() == "":
		return fmt.Errorf("%s: %s: not an address; write it as in a browser, https://HOST/PATH", key, fetch.Redact(raw))
	case !strings.EqualFold(u.Scheme, "http") && !strings.EqualFold(u.Scheme, "https"):
		return fmt.Errorf("%s: %s: only http and https can be fetched", key, fetch.Redact(raw))
	}
	return nil
}

// Salt is what decides on the items of a list besides its bytes: the version of the mapping, the configuration, the time
// zone and how items are published.
func Salt(mapping int, cfg any, env sources.Env) (string, error) {
	text, err := yaml.Dump(cfg)
	if err != nil {
		return "", fmt.Errorf("write configuration: %w", err)
	}
	return fmt.Sprint(mapping, " ", env.Zone, " ", env.Shape, "\n", string(text)), nil
}

// CheckName says whether there is a field of that name. The error begins with the key, as those of a sources.Config do.
func CheckName(key, name string) error {
	if slices.Contains(Names, name) {
		return nil
	}
	return fmt.Errorf("%s: there is no field %q; want %s", key, name, strings.Join(Names, ", "))
}

func sortedFields[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
