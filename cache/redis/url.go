package redis

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"

	goredis "github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// address is a parsed store address.
type address struct {
	options goredis.UniversalOptions
	prefix  string
}

const shapes = "want redis://[USER:PASSWORD@]HOST[:PORT][/DB], rediss://… for TLS, unix://[USER:PASSWORD@]/PATH.sock[?db=N], " +
	"redis+sentinel://HOST:PORT,HOST:PORT/MASTER[/DB] or redis+cluster://HOST:PORT,HOST:PORT, with ?prefix=WORD for a second feedmill"

// parseURL reads a store address. Its errors never hold what was between "//" and "@".
func parseURL(text string) (*address, error) {
	scheme, rest, ok := strings.Cut(text, "://")
	if !ok {
		return nil, errors.New("parse redis address: no scheme: " + shapes)
	}
	fail := func(format string, args ...any) (*address, error) {
		return nil, fmt.Errorf("parse redis address: "+format+": "+shapes, args...)
	}
	rest, query, _ := strings.Cut(rest, "?")
	values, err := url.ParseQuery(query)
	if err != nil {
		return fail("bad query")
	}
	a := &address{prefix: "fm", options: goredis.UniversalOptions{
		MaxRetries:               2,
		DialTimeout:              2 * time.Second,
		DialerRetries:            1,
		ContextTimeoutEnabled:    true,
		ReadTimeout:              3 * time.Second,
		PoolTimeout:              time.Second,
		DisableIdentity:          true,
		PipelinePoolSize:         -1,
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	}}
	// The last "@" ends the credentials: a password that was not percent-encoded still cannot reach an error.
	if i := strings.LastIndexByte(rest, '@'); i >= 0 {
		user, password, _ := strings.Cut(rest[:i], ":")
		rest = rest[i+1:]
		if a.options.Username, err = url.PathUnescape(user); err == nil {
			a.options.Password, err = url.PathUnescape(password)
		}
		if err != nil {
			return fail("bad percent-encoding in user or password")
		}
	}
	scheme, secure := strings.CutPrefix(scheme, "rediss")
	if secure {
		scheme = "redis" + scheme
	}
	hosts, path, _ := strings.Cut(rest, "/")
	port, database := "6379", path
	switch scheme {
	case "redis":
	case "unix":
		hosts, database = rest, ""
	case "redis+sentinel":
		port = "26379"
		a.options.MasterName, database, _ = strings.Cut(path, "/")
		if a.options.MasterName == "" {
			return fail("no name of the master")
		}
	case "redis+cluster":
		a.options.IsClusterMode = true
		if database != "" && database != "0" {
			return fail("a Cluster has database 0 only")
		}
	default:
		return fail("unknown scheme %q", scheme)
	}
	if scheme == "unix" {
		if !strings.HasPrefix(hosts, "/") {
			return fail("the path of the socket is not absolute")
		}
		a.options.Addrs = []string{hosts}
	} else if a.options.Addrs, err = parseHosts(hosts, port); err != nil {
		return fail("%w", err)
	}
	if scheme == "redis" && len(a.options.Addrs) > 1 {
		return fail("several hosts need redis+sentinel:// or redis+cluster://")
	}
	for name, v := range values {
		switch name {
		case "db":
			database = v[0]
		case "prefix":
			a.prefix = v[0]
		case "sentinel_user":
			a.options.SentinelUsername = v[0]
		case "sentinel_password":
			a.options.SentinelPassword = v[0]
		default:
			return fail("unknown setting %q", name)
		}
	}
	if database != "" {
		if a.options.DB, err = strconv.Atoi(database); err != nil || a.options.DB < 0 {
			return fail("database %q is not a number", database)
		}
	}
	if !validPrefix(a.prefix) {
		return fail("prefix %q: 1 to 32 letters, digits, '-' and '_' only", a.prefix)
	}
	if secure {
		a.options.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	return a, nil
}

func parseHosts(list, port string) ([]string, error) {
	var out []string
	for host := range strings.SplitSeq(list, ",") {
		if host == "" {
			return nil, errors.New("no host")
		}
		name, p, err := net.SplitHostPort(host)
		if err != nil { // no port
			name, p = strings.Trim(host, "[]"), port
		}
		n, err := strconv.ParseUint(p, 10, 16)
		if err != nil || n == 0 || name == "" {
			return nil, fmt.Errorf("bad host %q", host)
		}
		out = append(out, net.JoinHostPort(name, p))
	}
	return out, nil
}

func validPrefix(s string) bool {
	for _, c := range []byte(s) {
		if (c|0x20 < 'a' || c|0x20 > 'z') && (c < '0' || c > '9') && c != '-' && c != '_' {
			return false
		}
	}
	return s != "" && len(s) <= 32
}
