package redis

import (
	"context"
	"errors"
	"sync"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"feedmill/cache"
)

// tail wakes whoever waits for the log. However many wait, one goroutine watches the stream, on a connection of its
// own, and only while somebody waits.
type tail struct {
	client goredis.UniversalClient
	stream string

	mu      sync.Mutex
	waiting int
	running bool
	moved   chan struct{} // closed when the log may have moved, then replaced
	ctx     context.Context
	stop    context.CancelFunc
	ended   sync.WaitGroup
}

func newTail(client goredis.UniversalClient, stream string) *tail {
	t := &tail{client: client, stream: stream, moved: make(chan struct{})}
	t.ctx, t.stop = context.WithCancel(context.Background())
	return t
}

// blockFor is how long one read blocks: shorter than the client's time-out for reads.
const blockFor = 2 * time.Second

// Wait returns once there is an entry behind the cursor; see [cache.Log]. While the server cannot be reached it goes
// on waiting; it ends when the store is closed.
func (s *Store) Wait(ctx context.Context, cursor cache.Cursor) error {
	const shortest = 50 * time.Millisecond
	pause := shortest
	for {
		// Whatever is appended from here on closes moved, so nothing falls between the look and the wait.
		moved := s.tail.join()
		at, err := s.Tail(ctx)
		if err == nil && at != cursor {
			s.tail.leave()
			return nil
		}
		var again <-chan time.Time
		if err != nil {
			again = time.After(pause)
			pause = min(2*pause, 2*time.Second)
		} else {
			pause = shortest
		}
		select {
		case <-moved:
			err = nil
		case <-again:
			err = nil
		case <-ctx.Done():
			err = ctx.Err()
		case <-s.tail.ctx.Done():
			err = fail(ctx, "wait for the log", goredis.ErrClosed)
		}
		s.tail.leave()
		if err != nil {
			return err
		}
	}
}

// join counts a waiter in and gives the channel that is closed when the log moves.
func (t *tail) join() <-chan struct{} {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.waiting++
	if !t.running && t.ctx.Err() == nil {
		t.running = true
		t.ended.Go(t.watch)
	}
	return t.moved
}

func (t *tail) leave() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.waiting--
}

// idle ends the watching when nobody waits.
func (t *tail) idle() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.waiting > 0 && t.ctx.Err() == nil {
		return false
	}
	t.running = false
	return true
}

func (t *tail) wake() {
	t.mu.Lock()
	defer t.mu.Unlock()
	close(t.moved)
	t.moved = make(chan struct{})
}

func (t *tail) watch() {
	at, known := "", false
	pause := 50 * time.Millisecond
	for !t.idle() {
		last, err := newest(t.ctx, t.client, t.stream)
		if err == nil {
			// Also when the log went back: whoever waits finds out with After.
			if !known || last != at {
				t.wake()
			}
			at, known = last, true
			from := at
			if from == "" {
				from = "0-0"
			}
			err = t.client.XRead(t.ctx, &goredis.XReadArgs{Streams: []string{t.stream, from}, Count: 1, Block: blockFor}).Err()
		}
		if err == nil || errors.Is(err, goredis.Nil) {
			pause = 50 * time.Millisecond
			continue
		}
		select {
		case <-time.After(pause):
		case <-t.ctx.Done():
		}
		pause = min(2*pause, 2*time.Second)
	}
}

// close ends the watching and with it every Wait.
func (t *tail) close() error {
	t.stop()
	err := t.client.Close() // a read that blocks ends with its connection
	t.ended.Wait()
	if errors.Is(err, goredis.ErrClosed) {
		err = nil
	}
	return err
}
