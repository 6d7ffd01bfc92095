//go:build unix

package main

import (
	"os"
	"syscall"
)

// ownedLike gives a file to whom another one belongs, so that a server that runs as somebody else can read what root writes.
// Where that is not permitted, both are this user's anyway.
func ownedLike(file, other string) {
	info, err := os.Stat(other)
	if err != nil {
		return
	}
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		_ = os.Chown(file, int(st.Uid), int(st.Gid))
	}
}
