package redistest

import (
	"os/exec"
	"runtime"
	"syscall"
)

// run runs the server so that it ends with this process, however that ends. The kernel ties it to the thread that
// started it, so this goroutine keeps its thread.
func run(cmd *exec.Cmd, started chan<- error, ended chan<- struct{}) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer close(ended)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	err := cmd.Start()
	started <- err
	if err == nil {
		_ = cmd.Wait() // it is killed
	}
}
