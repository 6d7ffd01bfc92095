package repo

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Network leads outside. It refuses hosts at addresses that must not be reached.
type Network interface {
	// Dial connects to "host:port".
	Dial(ctx context.Context, address string) (net.Conn, error)
	// Resolve is an address of a host that may be reached.
	Resolve(ctx context.Context, host string) (netip.Addr, error)
	// Check says whether a proxy may be asked for an address.
	Check(ctx context.Context, u *url.URL) error
	// Turn waits for a turn at a host, which many may want to ask; release gives it on.
	Turn(ctx context.Context, host string) (release func(), err error)
	// Pause says that a host wants to be left alone.
	Pause(ctx context.Context, host string)
}

// way is how one run of git gets to the server: nothing else is open to it.
type way struct {
	env     []string
	config  [][2]string
	tunnel  *tunnel
	release func()
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
	host, _ := a.hostPort()
	release, err := r.o.Network.Turn(ctx, host)
	if err != nil {
		return nil, err
	}
	open := r.httpsWay
	if a.url.Scheme == "ssh" {
		open = r.sshWay
	}
	w, err := open(ctx)
	if err != nil {
		release()
		return nil, err
	}
	w.release = release
	return w, nil
}

// httpsWay sends git through a tunnel of ours, which connects to the one host and asks the Network: git resolves names
// by itself, and a redirect or a second answer of the name server would lead it elsewhere.
func (r *Repo) httpsWay(ctx context.Context) (*way, error) {
	w := &way{config: [][2]string{
		{"protocol.https.allow", "always"},
		{"http.proxyAuthMethod", "basic"},
		{"http.sslVerify", "true"},
		{"http.sslVersion", "tlsv1.2"},
		{"http.lowSpeedLimit", "1"},
		{"http.lowSpeedTime", strconv.Itoa(max(1, int(r.o.Silence.Seconds())))},
		{"http.saveCookies", "false"},
		{"protocol.version", "2"},
	}}
	add := func(key, value string) { w.config = append(w.config, [2]string{key, value}) }
	host, port := r.o.Address.hostPort()
	if r.o.Proxy != nil {
		if err := r.o.Network.Check(ctx, r.o.Address.url); err != nil {
			return nil, err
		}
		add("http.proxy", r.o.Proxy.String())
		add("http.followRedirects", "false") // nobody would check where they lead
	} else {
		var err error
		if w.tunnel, err = openTunnel(ctx, net.JoinHostPort(host, port), r.o.Network); err != nil {
			return nil, err
		}
		add("http.proxy", w.tunnel.proxy())
		add("http.followRedirects", "initial")
	}
	if r.o.Agent != "" {
		add("http.userAgent", r.o.Agent)
	}
	if r.o.CAFile != "" {
		add("http.sslCAInfo", r.o.CAFile)
	}
	for name, values := range r.o.Header {
		add("http.https://"+r.o.Address.url.Host+"/.extraHeader", name+": "+values[0])
	}
	return w, nil
}

// sshWay pins the address of the host: ssh follows no redirects, so that is the whole way.
func (r *Repo) sshWay(ctx context.Context) (*way, error) {
	if r.o.Proxy != nil {
		return nil, errors.New("ssh does not go through a proxy: use the https address, or remove proxy")
	}
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
		"-oControlMaster=no", "-oControlPath=none", "-oConnectTimeout=20", "-oServerAliveInterval=" + strconv.Itoa(max(1, int(r.o.Silence.Seconds()/3))), "-oServerAliveCountMax=3",
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
	if w.release != nil {
		w.release()
	}
}

// ErrRedirect says that the server sends us to another host.
var ErrRedirect = errors.New("the repository has moved to another host: configure its new address")

func redirected(to string) error { return fmt.Errorf("%w (%.200q)", ErrRedirect, to) }
