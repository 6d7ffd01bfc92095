package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestAskInterrupted: whoever presses Ctrl-C at the question gets the shell back, and sees again what is typed there.
func TestAskInterrupted(t *testing.T) {
	outer, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skip("no terminals here: ", err)
	}
	defer outer.Close()
	n, err := unix.IoctlGetInt(int(outer.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetPointerInt(int(outer.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	inner, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer inner.Close()
	shows := func() bool {
		state, err := unix.IoctlGetTermios(int(inner.Fd()), unix.TCGETS)
		if err != nil {
			t.Fatal(err)
		}
		return state.Lflag&unix.ECHO != 0
	}
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		for shows() {
			time.Sleep(time.Millisecond)
		}
		cancel()
	}()
	if text, err := hidden(ctx, int(inner.Fd())); err == nil || !strings.Contains(err.Error(), "interrupted") {
		t.Errorf("got %q, %v", text, err)
	}
	if !shows() {
		t.Error("the terminal does not show what is typed")
	}
}
