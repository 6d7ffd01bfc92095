//go:build !linux

package redistest

import "os/exec"

// run runs the server until it is killed.
func run(cmd *exec.Cmd, started chan<- error, ended chan<- struct{}) {
	defer close(ended)
	err := cmd.Start()
	started <- err
	if err == nil {
		_ = cmd.Wait() // it is killed
	}
}
