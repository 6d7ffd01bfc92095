package redis

import (
	"context"
	"errors"
	"fmt"
	"strings"

	goredis "github.com/redis/go-redis/v9"

	"feedmill/cache"
)

// fail gives an error of Redis the name that the contract has for it. op says what was being done, in the words of
// the caller.
func fail(ctx context.Context, op string, err error) error {
	if err == nil {
		return nil
	}
	var own callerError
	if errors.As(err, &own) {
		return own.error
	}
	if ctx.Err() != nil {
		// Redis answers an ended context with an i/o timeout of its own.
		return fmt.Errorf("redis: %s: %w", op, ctx.Err())
	}
	for _, known := range contract {
		if errors.Is(err, known) {
			return fmt.Errorf("redis: %s: %w", op, err)
		}
	}
	var answer goredis.Error
	if !errors.As(err, &answer) {
		return fmt.Errorf("redis: %s: %w: %w", op, cache.ErrUnavailable, err)
	}
	word, rest, _ := strings.Cut(answer.Error(), " ")
	if i := strings.Index(rest, " -"); word == "ERR" && i >= 0 {
		// Before version 7 Redis put the error of a command in a script behind the place in the script.
		word, _, _ = strings.Cut(rest[i+2:], " ")
	}
	switch word {
	case "OOM":
		return fmt.Errorf("redis: %s: %w: raise maxmemory or set retention: %w", op, cache.ErrFull, err)
	case "MISCONF":
		return fmt.Errorf("redis: %s: %w: Redis cannot write to its disk: %w", op, cache.ErrFull, err)
	case "READONLY":
		return fmt.Errorf("redis: %s: %w: this server takes no writes: %w", op, cache.ErrFull, err)
	case "LOADING", "CLUSTERDOWN", "MASTERDOWN", "TRYAGAIN", "BUSY", "NOREPLICAS":
		return fmt.Errorf("redis: %s: %w: %w", op, cache.ErrUnavailable, err)
	case "NOAUTH", "WRONGPASS", "NOPERM":
		return fmt.Errorf("redis: %s: %w: check user and password in the address: %w", op, cache.ErrUnavailable, err)
	}
	return fmt.Errorf("redis: %s: %w", op, err)
}

// contract lists errors that already say it all; what is none of them and no answer of Redis is a lost connection.
var contract = []error{
	cache.ErrHeld, cache.ErrStale, cache.ErrRegressed, cache.ErrRetired, cache.ErrExists, cache.ErrFull,
	cache.ErrUnavailable, cache.ErrSchema, errEntry, errLine, errRecord, errBusy, errAnswer, errNote, errMember, errDamaged,
}

var (
	// errBusy says that others kept changing what a write was built on.
	errBusy = errors.New("other writers were faster every time; try again")
	// errAnswer says that a script answered in another shape than this program expects.
	errAnswer = errors.New("unexpected answer of a script")
)

// callerError is what a function of the caller returned: it goes back as it came.
type callerError struct{ error }
