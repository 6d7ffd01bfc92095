package embedded

import (
	"context"
	"errors"
	"fmt"

	bolt "go.etcd.io/bbolt"

	"feedmill/cache"
)

// job is one caller's write. The writer may run it more than once: whatever it keeps it sets anew each time.
type job struct {
	ctx context.Context
	// lease fences the job; nil does not.
	lease *cache.Lease
	// weight is about how many changes it makes.
	weight int
	run    func(b *batch) error
	err    error
	done   chan struct{}
}

// maxWeight bounds one commit, so that nobody waits long.
const maxWeight = 2 * cache.MaxBatch

// write hands a job to the writer and waits for its commit. When the context ends first, the outcome is unknown.
func (s *Store) write(ctx context.Context, lease *cache.Lease, weight int, run func(b *batch) error) error {
	j := &job{ctx: ctx, lease: lease, weight: weight, run: run, done: make(chan struct{})}
	select {
	case s.jobs <- j:
	case <-s.closing:
		return errClosed
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case <-j.done:
		return storeError(j.err)
	case <-ctx.Done():
		return ctx.Err()
	}
}

// writeLoop is the one goroutine that writes. All jobs that wait share a commit, because a commit costs more than most
// jobs.
func (s *Store) writeLoop() {
	defer close(s.written)
	for {
		select {
		case <-s.closing:
			return
		case j := <-s.jobs:
			s.commit(s.gather(j))
		}
	}
}

func (s *Store) gather(first *job) []*job {
	jobs, weight := []*job{first}, first.weight
	for weight < maxWeight {
		select {
		case j := <-s.jobs:
			jobs = append(jobs, j)
			weight += j.weight
		default:
			return jobs
		}
	}
	return jobs
}

// commit runs the jobs in one transaction. A job that fails half-way takes the transaction with it, so that then each
// runs in one of its own.
func (s *Store) commit(jobs []*job) {
	defer func() {
		for _, j := range jobs {
			close(j.done)
		}
	}()
	if err := s.attempt(jobs); err != nil && len(jobs) > 1 && errors.Is(err, errHalfway) {
		for _, j := range jobs {
			s.settle([]*job{j}, s.attempt([]*job{j}))
		}
	} else {
		s.settle(jobs, err)
	}
}

// settle gives every job that has no error of its own that of the transaction.
func (s *Store) settle(jobs []*job, err error) {
	for _, j := range jobs {
		if j.err == nil && err != nil {
			j.err = err
		}
	}
}

// errHalfway marks the error of a job that had written something already.
var errHalfway = errors.New("write")

// errNothing rolls a transaction back that nobody wrote to: no commit, no fsync.
var errNothing = errors.New("nothing to write")

// attempt is one transaction. Nobody acquires a lease while it runs, so a lease that was checked holds to its end.
func (s *Store) attempt(jobs []*job) error {
	s.leases.RLock()
	defer s.leases.RUnlock()
	var logged bool
	err := s.db.Update(func(tx *bolt.Tx) error {
		b := newBatch(s, tx)
		for _, j := range jobs {
			if j.err = j.ctx.Err(); j.err == nil && j.lease != nil {
				j.err = s.leases.check(*j.lease)
			}
			if j.err != nil {
				continue
			}
			before := b.writes
			if j.err = j.run(b); j.err != nil && b.writes != before {
				return fmt.Errorf("%w: %w", errHalfway, j.err)
			}
		}
		if b.writes == 0 {
			return errNothing
		}
		logged = b.logged
		return b.flush()
	})
	if errors.Is(err, errNothing) {
		return nil
	}
	if err == nil && logged {
		s.tail.wake()
	}
	return err
}
