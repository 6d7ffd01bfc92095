// Command fakebots plays the chat platforms that feedmill sends to, on this machine: addresses to send to, and pages that show
// what came as the platform would show it. Nobody needs an account to see a push, or what happens when a platform limits, hangs
// or removes a robot.
//
// It is a program of its own, not a verb of feedmill: what is made for tests is no part of what people run for good.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "fakebots:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("fakebots", flag.ContinueOnError)
	listen := flags.String("listen", "127.0.0.1:8099", "the loopback `address` to listen on")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return nil
		}
		return err
	}
	l, err := net.Listen("tcp", *listen)
	if err != nil {
		return fmt.Errorf("%w; perhaps another fakebots runs already: see http://%s, or choose another address with -listen", err, *listen)
	}
	if a, ok := l.Addr().(*net.TCPAddr); !ok || !a.IP.IsLoopback() {
		l.Close()
		return fmt.Errorf("listen on %s: want an address of loopback: whoever reaches it sees every message", *listen)
	}
	origin := "http://" + l.Addr().String()
	s := newSite(robots(origin))
	fmt.Fprintf(out, "messages are shown at %s, and how each robot is added\n\nor all at once: for the shell that feedmill runs in\n\n%s\nand for its configuration\n\n%s", origin, s.environment(), s.configuration())
	srv := &http.Server{Handler: s, ReadHeaderTimeout: 5 * time.Second}
	go func() {
		<-ctx.Done()
		for _, r := range s.robots {
			r.Close()
		}
		srv.Close()
	}()
	if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve: %w", err)
	}
	return nil
}

// environment are the lines that set the addresses, for a shell.
func (s *site) environment() string {
	var b strings.Builder
	for _, r := range s.robots {
		name := "FAKE_" + strings.ToUpper(r.Name())
		fmt.Fprintf(&b, "export %s='%s'\n", name, r.Path)
		if r.Secret != "" {
			fmt.Fprintf(&b, "export %s_SECRET='%s'\n", name, r.Secret)
		}
	}
	return b.String()
}

// configuration is the section of the configuration that goes with it.
func (s *site) configuration() string {
	var b strings.Builder
	b.WriteString("targets:\n")
	for _, r := range s.robots {
		name := strings.ToUpper(r.Name())
		fmt.Fprintf(&b, "  my-%s:\n    %[1]s: ${FAKE_%s}\n    allow: %s\n", r.Name(), name, allowed)
		if r.Secret != "" {
			fmt.Fprintf(&b, "    secret: ${FAKE_%s_SECRET}\n", name)
		}
		for _, s := range r.Settings {
			fmt.Fprintf(&b, "    %s\n", strings.Replace(s, "=", ": ", 1))
		}
	}
	return b.String()
}
