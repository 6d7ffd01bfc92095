package repo

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"path/filepath"
	"strings"
)

// Address is where a repository is: an https or ssh URL, ssh's short form user@host:path, or a path.
type Address struct {
	url  *url.URL // https or ssh; nil for a path
	path string   // absolute
	// short is the form user@host:path, which git reads as it stands.
	short string
}

// ParseAddress reads an address as git does. base is the directory against which a relative path is resolved.
func ParseAddress(raw, base string) (Address, error) {
	raw = strings.TrimSpace(raw)
	for _, r := range raw {
		if r < 0x20 || r == 0x7f {
			return Address{}, errors.New("the address has control characters")
		}
	}
	scheme, _, hasScheme := strings.Cut(raw, "://")
	switch {
	case raw == "":
		return Address{}, errors.New("the address is empty; write the URL of a repository, as for git clone")
	case strings.HasPrefix(raw, "-"):
		return Address{}, errors.New("the address begins with -; write ./- for such a path")
	case hasScheme && !strings.ContainsAny(scheme, `/\`):
		return parseURL(raw, strings.ToLower(scheme))
	}
	// user@host:path, unless a slash comes before the colon (gitglossary, "URL").
	if host, rest, ok := strings.Cut(raw, ":"); ok && !strings.ContainsAny(host, `/\`) && len(host) > 1 {
		user, name, hasUser := strings.Cut(host, "@")
		if !hasUser {
			user, name = "", host
		}
		if name == "" || !plainHost(name) || !plainUser(user) || rest == "" || strings.HasPrefix(rest, ":") {
			return Address{}, errors.New("the address cannot be read; write ssh://USER@HOST/PATH")
		}
		u := &url.URL{Scheme: "ssh", Host: name, Path: "/" + strings.TrimPrefix(rest, "/")}
		if user != "" {
			u.User = url.User(user)
		}
		return Address{url: u, short: raw}, nil
	}
	if !filepath.IsAbs(raw) {
		raw = filepath.Join(base, raw)
	}
	path, err := filepath.Abs(raw) // base may be relative, and git has another working directory
	if err != nil {
		return Address{}, err
	}
	return Address{path: path}, nil
}

func parseURL(raw, scheme string) (Address, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return Address{}, errors.New("the address cannot be parsed; write it as for git clone, https://HOST/PATH")
	}
	u.Scheme = scheme
	switch scheme {
	case "https":
	case "ssh", "git+ssh", "ssh+git":
		u.Scheme = "ssh"
	case "file":
		if u.Host != "" && u.Host != "localhost" || u.Path == "" {
			return Address{}, errors.New("write the path of the repository, without file://")
		}
		return Address{path: filepath.Clean(filepath.FromSlash(u.Path))}, nil
	case "http":
		return Address{}, errors.New("http is not encrypted: write https://")
	default:
		return Address{}, fmt.Errorf("%s is not a way to fetch a repository: use https, ssh or a path", scheme)
	}
	user := ""
	if u.User != nil {
		user = u.User.Username()
		if _, ok := u.User.Password(); ok {
			return Address{}, errors.New("the address holds a password: set user and password instead")
		}
	}
	if !plainHost(u.Hostname()) && net.ParseIP(u.Hostname()) == nil || !plainUser(user) {
		return Address{}, errors.New("the host of the address cannot be")
	}
	if strings.Trim(u.Path, "/") == "" {
		return Address{}, errors.New("the address has no path; write https://HOST/OWNER/REPOSITORY")
	}
	if scheme == "https" && user != "" {
		return Address{}, errors.New("the address holds a user: set user and password instead")
	}
	u.Fragment, u.RawFragment = "", ""
	return Address{url: u}, nil
}

// plainHost reports whether a host name can be handed to other programs: no option, no shell.
func plainHost(s string) bool {
	if s == "" || len(s) > 253 || s[0] == '-' {
		return false
	}
	return strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_") == ""
}

func plainUser(s string) bool {
	return s == "" || s[0] != '-' && len(s) <= 64 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_+") == ""
}

// Scheme is https or ssh, or empty for a path.
func (a Address) Scheme() string {
	if a.url == nil {
		return ""
	}
	return a.url.Scheme
}

// URL is the address as a URL; nil for a path.
func (a Address) URL() *url.URL { return a.url }

// Path is the path of a repository on this machine; empty for one elsewhere.
func (a Address) Path() string { return a.path }

// String is the address for logs and pages. A query, which no known server needs, is not shown.
func (a Address) String() string {
	switch {
	case a.url == nil:
		return a.path
	case a.short != "":
		return a.short
	}
	u := *a.url
	u.RawQuery = ""
	return u.String()
}

// git is the address for git.
func (a Address) git() string {
	switch {
	case a.url == nil:
		return a.path
	case a.short != "":
		return a.short
	}
	return a.url.String()
}

// hostPort is the host with its port.
func (a Address) hostPort() (host, port string) {
	port = a.url.Port()
	if port == "" {
		port = map[string]string{"https": "443", "ssh": "22"}[a.url.Scheme]
	}
	return a.url.Hostname(), port
}
