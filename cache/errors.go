package cache

import (
	"errors"
	"fmt"
)

var (
	// ErrHeld says that somebody else has the lease.
	ErrHeld = errors.New("lease is held by another process")
	// ErrStale says that the lease ran out and may have been taken by somebody else: nothing was written.
	ErrStale = errors.New("lease is stale")
	// ErrRegressed says that the log ends before the cursor: drop what was derived from it, reload, fetch anew.
	ErrRegressed = errors.New("the log ends before this cursor: the store lost acknowledged writes or was restored")
	// ErrRetired says that the source was taken out of the configuration.
	ErrRetired = errors.New("source is retired")
	// ErrExists says that the new name of a source is already in use.
	ErrExists = errors.New("source has items already")
	// ErrFull says that the store has no room left: reads go on, writes fail until there is room.
	ErrFull = errors.New("store is full")
	// ErrUnavailable says that the store cannot be reached now.
	ErrUnavailable = errors.New("store is unavailable")
	// ErrLocked says that another process has the store file open.
	ErrLocked = errors.New("store is in use by another process")
	// ErrSchema says that the store was written by a newer feedmill.
	ErrSchema = errors.New("store was written by a newer version")
)

// TrimmedError says that entries behind a cursor were dropped from the log; First is the oldest cursor to go on from:
// After(First) continues with the oldest entry that is left.
type TrimmedError struct{ First Cursor }

func (e *TrimmedError) Error() string {
	return fmt.Sprintf("the log was trimmed behind this cursor; it goes on after %q", e.First)
}
