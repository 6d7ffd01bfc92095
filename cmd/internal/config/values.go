package config

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/net/idna"
	"golang.org/x/text/language"
	"golang.org/x/text/unicode/norm"
)

// setters check the settings of the top level that can be wrong in more than their type, and take them over. Their
// errors do not repeat the value: it may be a secret.
var setters = map[string]func(c *Config, f *file) error{
	"base_url": func(c *Config, f *file) (err error) {
		c.BaseURL, err = parseBaseURL(f.BaseURL)
		return err
	},
	"language": func(c *Config, f *file) (err error) {
		c.Language, err = parseLanguage(f.Language)
		return err
	},
	"image": func(c *Config, f *file) error {
		c.Image = f.Image
		return checkPicture(f.Image)
	},
	"icon": func(c *Config, f *file) error {
		c.Icon = f.Icon
		return checkPicture(f.Icon)
	},
	"timezone": func(c *Config, f *file) (err error) {
		c.Zone, err = parseZone(f.Timezone)
		return err
	},
	"store": func(c *Config, f *file) error {
		if err := checkStore(f.Store); err != nil {
			return err
		}
		c.Store = resolveStore(c.Base, f.Store)
		return nil
	},
	"listen": func(c *Config, f *file) error {
		c.Listen = f.Listen
		return checkAddress(f.Listen)
	},
	"admin": func(c *Config, f *file) error {
		c.Admin = f.Admin
		if f.Admin == "off" {
			return nil
		}
		if err := checkAddress(f.Admin); err != nil {
			return fmt.Errorf("%w, or off", err)
		}
		return nil
	},
	"duplicates": func(c *Config, f *file) (err error) {
		c.Merge, err = parseDuplicates(f.Duplicates)
		return err
	},
	"items": func(c *Config, f *file) error {
		if f.Items < 1 || f.Items > 1000 {
			return errors.New("want 1 to 1000 items")
		}
		c.Items = f.Items
		return nil
	},
	"rate_limit": func(_ *Config, f *file) error {
		if f.RateLimit < 0 || f.RateLimit > 1_000_000 {
			return errors.New("want 0 to 1000000 answers a minute")
		}
		return nil
	},
	"max_age": func(c *Config, f *file) error {
		if f.MaxAge < time.Second || f.MaxAge > 24*time.Hour {
			return errors.New("want 1s to 24h")
		}
		c.MaxAge = f.MaxAge.Truncate(time.Second)
		return nil
	},
}

func (c *Config) set(f *file, key string) error { return setters[key](c, f) }

// parseBaseURL returns the address in the form in which it is put before paths.
func parseBaseURL(s string) (string, error) {
	u, err := url.Parse(s)
	if err != nil || u.Hostname() == "" || !slices.Contains([]string{"http", "https"}, strings.ToLower(u.Scheme)) {
		return "", errors.New("want an absolute http or https address such as https://feeds.example.com")
	}
	if u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" {
		return "", errors.New("want an address without user, query and fragment")
	}
	port := u.Port()
	if n, err := strconv.Atoi(port); port != "" && (err != nil || n < 1 || n > 65535) {
		return "", errors.New("want a port of 1 to 65535")
	}
	u.Scheme, u.Host = strings.ToLower(u.Scheme), strings.ToLower(u.Host)
	if strings.ContainsFunc(u.Host, func(r rune) bool { return r >= utf8.RuneSelf }) {
		host, err := idna.Lookup.ToASCII(u.Hostname())
		if err != nil {
			return "", errors.New("want a host name that can be a domain")
		}
		u.Host = net.JoinHostPort(host, port)
	}
	if u.Scheme == "http" && port == "80" || u.Scheme == "https" && port == "443" || port == "" {
		u.Host = strings.TrimSuffix(strings.TrimSuffix(u.Host, port), ":")
	}
	return strings.TrimRight(u.String(), "/"), nil
}

func parseLanguage(s string) (string, error) {
	if _, err := language.Parse(s); err != nil {
		return "", errors.New("want a BCP 47 language tag such as zh-CN or en")
	}
	return s, nil
}

func checkPicture(s string) error {
	if u, err := url.Parse(s); err != nil || u.Host == "" || !slices.Contains([]string{"http", "https"}, u.Scheme) {
		return errors.New("want the address of a picture such as https://example.com/logo.png")
	}
	return nil
}

func checkAddress(s string) error {
	_, port, err := net.SplitHostPort(s)
	if n, convErr := strconv.Atoi(port); err != nil || convErr != nil || n < 0 || n > 65535 {
		return errors.New("want HOST:PORT such as 127.0.0.1:8080, or :8080 for every address of the machine")
	}
	return nil
}

var storeSchemes = []string{
	"bolt", "memory", "redis", "rediss", "unix", "redis+sentinel", "rediss+sentinel", "redis+cluster", "rediss+cluster",
}

func checkStore(s string) error {
	scheme, rest, ok := strings.Cut(s, ":")
	switch {
	case !ok || !slices.Contains(storeSchemes, scheme):
		hint := ""
		if ok {
			hint = suggest(scheme, storeSchemes)
		}
		return fmt.Errorf("want bolt:PATH, memory:, redis://, rediss://, redis+sentinel:// or redis+cluster://%s", hint)
	case scheme == "bolt" && rest == "":
		return errors.New("want bolt:PATH with the path of a file")
	case scheme == "memory" && rest != "":
		return errors.New("want memory: alone")
	case scheme != "bolt" && scheme != "memory":
		// The rest of a Redis address is the store's to judge: only it knows the shape of several hosts.
		if host, ok := strings.CutPrefix(rest, "//"); !ok || host == "" {
			return fmt.Errorf("want an address such as %s://:PASSWORD@HOST:6379/0", scheme)
		}
	}
	return nil
}

// resolveStore puts the directory of the configuration before a relative path.
func resolveStore(base, s string) string {
	path, ok := strings.CutPrefix(s, "bolt:")
	if !ok || filepath.IsAbs(path) {
		return s
	}
	return "bolt:" + filepath.Join(base, path)
}

// Redact is a store address without its password and its parameters, for logs and pages.
func Redact(store string) string {
	scheme, rest, ok := strings.Cut(store, "://")
	if !ok {
		return store
	}
	// Not by package url: addresses with several hosts are not all URLs to it, and a password may hold any letter.
	rest, query, _ := strings.Cut(rest, "?")
	if strings.Contains(query, "@") {
		return scheme + "://(hidden)" // the "?" may be part of the password
	}
	if i := strings.LastIndexByte(rest, '@'); i >= 0 {
		user, _, _ := strings.Cut(rest[:i], ":")
		rest = user + ":xxxxx" + rest[i:]
	}
	return scheme + "://" + rest
}

const (
	maxName = 64 // runes
	// validName is a name without the letters that addresses and logs give a meaning.
	validName = `^[\pL\pN][\pL\pN._-]*$`
)

var nameForm = regexp.MustCompile(validName)

// parseName returns the name of a source in NFC.
func parseName(s string) (string, error) {
	s = norm.NFC.String(s)
	switch {
	case !nameForm.MatchString(s):
		return "", fmt.Errorf("the name %q: want letters, digits, dots, underscores and hyphens, a letter or digit first", s)
	case utf8.RuneCountInString(s) > maxName:
		return "", fmt.Errorf("the name %q: want at most %d characters", s, maxName)
	}
	return s, nil
}

func sortedStrings(s []string) []string {
	slices.Sort(s)
	return s
}

func parseZone(name string) (*time.Location, error) {
	zone, err := time.LoadLocation(name)
	if err != nil || name == "" || name == "Local" {
		return nil, errors.New("want the name of a time zone such as Asia/Shanghai or UTC")
	}
	return zone, nil
}
