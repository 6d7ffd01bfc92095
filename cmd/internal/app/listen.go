package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"syscall"
	"time"
)

// listen binds an address. flag names the setting in the error.
func listen(addr, flag string) (net.Listener, error) {
	l, err := net.Listen("tcp", addr)
	switch {
	case err == nil:
		return l, nil
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("listen on %s: the address is in use, perhaps by another feedmill; choose another one with --%s", addr, flag)
	case errors.Is(err, syscall.EACCES):
		return nil, fmt.Errorf("listen on %s: this user may not; choose a port above 1023 with --%s", addr, flag)
	}
	return nil, fmt.Errorf("%w; choose another address with --%s", err, flag)
}

// serve runs a server on a listener until stopServing.
func (a *App) serve(l net.Listener, s *http.Server) {
	s.ErrorLog = slog.NewLogLogger(a.log.Handler(), slog.LevelDebug)
	a.servers = append(a.servers, s)
	a.serving.Go(func() {
		if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			a.failed <- fmt.Errorf("serve on %s: %w", l.Addr(), err)
		}
	})
}

// stopFor is how long requests under way may take at the end.
const stopFor = 10 * time.Second

// stopServing lets the requests under way end and closes the listeners.
func (a *App) stopServing() {
	ctx, cancel := context.WithTimeout(context.Background(), stopFor)
	defer cancel()
	for _, s := range a.servers {
		if err := s.Shutdown(ctx); err != nil {
			a.log.Warn("requests under way were cut off", "after", stopFor.String(), "err", err)
			s.Close() // what it would say is that listeners are closed already
		}
	}
	a.serving.Wait()
	// Those that no server took over, because Start failed before.
	for _, l := range []net.Listener{a.public, a.admin} {
		if l != nil {
			l.Close()
		}
	}
}

// adminServer has no limit on writing: profiles take their time. The listener is not for strangers.
func adminServer(h http.Handler) *http.Server {
	return &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute}
}
