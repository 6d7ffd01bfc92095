//go:build unix

package tree

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// lock takes the directory for as long as it is open, so that no file is left behind. The system lets go of it when the
// process dies. It fails with [ErrLocked] while another process has it, and else where the file system knows no such locks.
func lock(dir *os.File) error {
	for {
		switch err := unix.Flock(int(dir.Fd()), unix.LOCK_EX|unix.LOCK_NB); {
		case errors.Is(err, unix.EWOULDBLOCK):
			return ErrLocked
		case !errors.Is(err, unix.EINTR):
			return err
		}
	}
}
