//go:build !unix

package tree

import (
	"errors"
	"os"
)

// lock cannot take a directory on this system.
func lock(*os.File) error { return errors.ErrUnsupported }
