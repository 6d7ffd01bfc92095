//go:build !unix

package repo

import (
	"context"
	"os/exec"
)

// group: on other systems only git itself is killed.
func group(*exec.Cmd) {}

// lock: on other systems two processes must not share a directory.
func lock(context.Context, string) (unlock func(), err error) { return func() {}, nil }
