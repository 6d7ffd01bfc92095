package main

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// TestTerminalClosed: a server ends with the terminal that it was started in, as if it were stopped; SIGHUP before that loads the
// configuration again.
func TestTerminalClosed(t *testing.T) {
	t.Parallel()
	site := writePosts(t, t.TempDir(), 1)
	person, program := terminal(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, os.Args[0], "serve", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--store", "bolt:"+filepath.Join(t.TempDir(), "test.db"), site)
	cmd.Env = append(os.Environ(), childEnv+"=1")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = program, program, program
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	program.Close() // so that only the server has it
	var screen bytes.Buffer
	read := func(until string) {
		t.Helper()
		for b := make([]byte, 4096); !bytes.Contains(screen.Bytes(), []byte(until)); {
			n, err := person.Read(b)
			screen.Write(b[:n])
			if err != nil {
				t.Fatalf("%v, not %q:\n%s", err, until, &screen)
			}
		}
	}
	read("ready in")
	if err := cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	read("configuration loaded")
	person.Close()
	if err := cmd.Wait(); err != nil {
		t.Errorf("%v", err)
	}
}
