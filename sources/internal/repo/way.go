package repo

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
)

// Network leads outside. It refuses hosts at addresses that must not be reached.
type Network interface {
	// Dial connects to "host:port".
	Dial(ctx context.Context, address string) (net.Conn, error)
	// Resolve is an address of a host that may be reached.
	Resolve(ctx context.Context, host string) (netip.Addr, error)
}

// way is how one run of git gets to the server: nothing else is open to it.
type way struct {
	env    []string
	config [][2]string
	tunnel *tunnel
}

// way opens the way to the server.
func (r *Repo) way(ctx context.Context) (*way, error) {
	a := r.o.Address
	if a.url == nil {
		return &way{config: [][2]string{{"protocol.file.allow", "always"}}}, nil
	}
	if r.o.Network == nil {
		return nil, errors.New("no way outside was given")
	}
	if a.url.Scheme == "ssh" {
		return r.sshWay(ctx)
	}
	return r.httpsWay(ctx)
}

// httpsWay sends git through a tunnel of ours, which connects to the one host and asks the Network: git resolves names
// by itself, and a redirect or a second answer of the name server would lead it elsewhere.
func (r *Repo) httpsWay(ctx context.Context) (*way, error) {
	host, port := r.o.Address.hostPort()
	t, err := openTunnel(ctx, net.JoinHostPort(host, port), r.o.Network)
	if err != nil {
		return nil, err
	}
	w := &way{tunnel: t, config: [][2]string{
		{"protocol.https.allow", "always"},
		{"http.proxy", t.proxy()},
		{"http.proxyAuthMethod", "basic"},
		{"http.followRedirects", "initial"},
		{"http.sslVerify", "true"},
		{"http.sslVersion", "tlsv1.2"},
		{"http.lowSpeedLimit", "100"},
		{"http.lowSpeedTime", "60"},
		{"http.saveCookies", "false"},
		{"http.userAgent", "git/feedmill"},
		{"protocol.version", "2"},
	}}
	if r.o.CAFile != "" {
		w.config = append(w.config, [2]string{"http.sslCAInfo", r.o.CAFile})
	}
	if r.o.User != "" || r.o.Password != "" {
		user := r.o.User
		if user == "" {
			user = "git" // with a token the name does not matter to any server, but some want one
		}
		origin := "https://" + net.JoinHostPort(host, port) + "/"
		if port == "443" {
			origin = "https://" + r.o.Address.url.Host + "/"
		}
		secret := base64.StdEncoding.EncodeToString([]byte(user + ":" + r.o.Password))
		w.config = append(w.config, [2]string{"http." + origin + ".extraHeader", "Authorization: Basic " + secret})
	}
	return w, nil
}

// sshWay pins the address of the host: ssh follows no redirects, so that is the whole way.
func (r *Repo) sshWay(ctx context.Context) (*way, error) {
	host, port := r.o.Address.hostPort()
	addr, err := r.o.Network.Resolve(ctx, host)
	if err != nil {
		return nil, err
	}
	alias := host
	if port != "22" {
		alias = "[" + host + "]:" + port // as known_hosts has it
	}
	known, strict := r.o.KnownHosts, "yes"
	if known == "" {
		known, strict = filepath.Join(r.o.Dir, "known_hosts"), "accept-new"
	}
	args := []string{
		"ssh", "-F", os.DevNull, "-oHostName=" + addr.String(), "-oHostKeyAlias=" + alias,
		"-oUserKnownHostsFile=" + sshPath(known), "-oGlobalKnownHostsFile=" + os.DevNull, "-oStrictHostKeyChecking=" + strict,
		"-oCheckHostIP=no", "-oUpdateHostKeys=no", "-oVerifyHostKeyDNS=no", "-oHashKnownHosts=no",
		"-oBatchMode=yes", "-oIdentitiesOnly=yes", "-oIdentityAgent=none", "-oPasswordAuthentication=no", "-oKbdInteractiveAuthentication=no",
		"-oClearAllForwardings=yes", "-oForwardAgent=no", "-oForwardX11=no", "-oTunnel=no", "-oPermitLocalCommand=no",
		"-oControlMaster=no", "-oControlPath=none", "-oConnectTimeout=20", "-oServerAliveInterval=20", "-oServerAliveCountMax=3",
		"-oLogLevel=ERROR", "-oEscapeChar=none", "-oRequestTTY=no",
	}
	if r.o.KeyFile != "" {
		args = append(args, "-oIdentityFile="+sshPath(r.o.KeyFile))
	} else {
		args = append(args, "-oIdentityFile=none")
	}
	for i := range args {
		args[i] = shellQuote(args[i])
	}
	return &way{
		env:    []string{"GIT_SSH_COMMAND=" + strings.Join(args, " "), "GIT_SSH_VARIANT=ssh"},
		config: [][2]string{{"protocol.ssh.allow", "always"}, {"protocol.version", "2"}},
	}, nil
}

// sshPath writes a path into an option of ssh, which knows quotes and signs of its own (ssh_config(5), TOKENS).
func sshPath(p string) string {
	return `"` + strings.NewReplacer(`%`, `%%`, `"`, `\"`, `\`, `\\`).Replace(p) + `"`
}

// shellQuote quotes for sh, through which git runs GIT_SSH_COMMAND.
func shellQuote(s string) string {
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// denied is why our side refused to connect; nil if it did not.
func (w *way) denied() error {
	if w.tunnel == nil {
		return nil
	}
	return w.tunnel.refusal()
}

func (w *way) close() {
	if w.tunnel != nil {
		w.tunnel.close()
	}
}

// ErrRedirect says that the server sends us to another host.
var ErrRedirect = errors.New("the repository has moved to another host: configure its new address")

func redirected(to string) error { return fmt.Errorf("%w (%.200q)", ErrRedirect, to) }
