package embedded

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	bolt "go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"feedmill/cache"
)

// Options are the settings of a store.
type Options struct {
	cache.Options
	// NoSync leaves writing to the disk to the operating system: what was acknowledged survives the death of the
	// process, but not that of the machine. [OpenTemp] sets it.
	NoSync bool
	// PageSize is that of a file which is not there yet, in bytes; 0 for the system's.
	PageSize int

	// maxSize bounds the file in bytes; for tests of a full disk.
	maxSize int
}

const (
	// lockWait is how long Open waits for a process that is just going.
	lockWait = 500 * time.Millisecond

	defaultLogEntries = 1_000_000
	defaultLogFor     = 30 * 24 * time.Hour
)

// Store is a store in one file. It is safe for concurrent use.
type Store struct {
	db   *bolt.DB
	path string
	opts Options
	temp bool

	jobs    chan *job
	closing chan struct{}
	written chan struct{} // closed when the writer has ended
	once    sync.Once
	closed  error

	leases leases
	tail   broadcast
}

var _ cache.Store = (*Store)(nil)

// Open opens the store in the file, which it makes if there is none (mode 0600). It fails with [cache.ErrLocked] while
// another process has it open, and with [cache.ErrSchema] when a newer feedmill wrote it.
func Open(path string, opts Options) (*Store, error) {
	if opts.LogEntries == 0 {
		opts.LogEntries = defaultLogEntries
	}
	if opts.LogFor == 0 {
		opts.LogFor = defaultLogFor
	}
	db, err := openFile(path, opts, false)
	if err != nil {
		return nil, err
	}
	s := &Store{
		db: db, path: path, opts: opts,
		jobs: make(chan *job), closing: make(chan struct{}), written: make(chan struct{}),
	}
	s.tail.next = make(chan struct{})
	s.leases.held = map[string]holder{}
	if err := s.prepare(); err != nil {
		return nil, errors.Join(fmt.Errorf("open store %s: %w", path, err), db.Close())
	}
	go s.writeLoop()
	return s, nil
}

// OpenTemp opens an empty store in a temporary file of the directory ("" is the system's), which Close removes.
func OpenTemp(dir string, opts Options) (*Store, error) {
	f, err := os.CreateTemp(dir, "feedmill-*.db")
	if err != nil {
		return nil, fmt.Errorf("open temporary store: %w; set TMPDIR to a directory that can be written", err)
	}
	path := f.Name()
	if err := f.Close(); err != nil {
		return nil, fmt.Errorf("open temporary store: %w", err)
	}
	opts.NoSync = true
	s, err := Open(path, opts)
	if err != nil {
		return nil, errors.Join(err, os.Remove(path))
	}
	s.temp = true
	return s, nil
}

// openFile opens the file after looking at it from outside, because a file that was cut short kills the process that
// maps it.
func openFile(path string, opts Options, readOnly bool) (db *bolt.DB, err error) {
	defer func() {
		if r := recover(); r != nil { // bbolt asserts what it reads
			err = fmt.Errorf("open store %s: %w: %v", path, errDamaged, r)
		}
	}()
	info, err := os.Stat(path)
	switch {
	case err == nil && info.IsDir():
		return nil, fmt.Errorf("open store %s: it is a directory; name a file in it", path)
	case err == nil && info.Size() > 0:
		if err := inspect(path, info.Size()); err != nil {
			return nil, openError(path, err)
		}
	case readOnly:
		return nil, fmt.Errorf("open store %s: there is none: %w", path, os.ErrNotExist)
	case err != nil && !errors.Is(err, os.ErrNotExist):
		return nil, openError(path, err)
	}
	db, err = bolt.Open(path, 0o600, &bolt.Options{
		Timeout: lockWait, ReadOnly: readOnly, PreLoadFreelist: true, FreelistType: bolt.FreelistMapType,
		NoSync: opts.NoSync, NoGrowSync: opts.NoSync, MaxSize: opts.maxSize, PageSize: opts.PageSize,
	})
	if err != nil {
		return nil, openError(path, err)
	}
	return db, nil
}

// inspect reads nothing but the first page and says whether the rest can be there.
func inspect(path string, size int64) error {
	db, err := bolt.Open(path, 0o600, &bolt.Options{Timeout: lockWait, ReadOnly: true})
	if err != nil {
		return err
	}
	var want int64
	err = db.View(func(tx *bolt.Tx) error { want = tx.Size(); return nil })
	if err == nil && want > size {
		err = fmt.Errorf("%w: it has %d of %d bytes", errDamaged, size, want)
	}
	return errors.Join(err, db.Close())
}

// openError says what to do next.
func openError(path string, err error) error {
	const format = "open store %s: %w"
	switch {
	case errors.Is(err, bolterrors.ErrTimeout):
		return fmt.Errorf("open store %s: %w; stop that process, or give this one a file of its own", path, cache.ErrLocked)
	case errors.Is(err, bolterrors.ErrInvalid), errors.Is(err, bolterrors.ErrVersionMismatch), errors.Is(err, bolterrors.ErrChecksum):
		return fmt.Errorf("open store %s: it is not a store, or it is damaged (%w); name another file or restore a backup", path, err)
	case errors.Is(err, os.ErrPermission), errors.Is(err, syscall.EROFS):
		return fmt.Errorf("open store %s: %w; make %s writable for the user that feedmill runs as", path, err, filepath.Dir(path))
	case errors.Is(err, os.ErrNotExist):
		return fmt.Errorf("open store %s: %w; make the directory %s first", path, err, filepath.Dir(path))
	case errors.Is(err, errDamaged):
		return fmt.Errorf(format, path, err)
	}
	return fmt.Errorf(format, path, storeError(err))
}

var (
	keySchema = []byte("schema")
	keyEpoch  = []byte("epoch")
)

// migrations lead from one schema version to the next: migrations[0] from 1 to 2. A store is as new as they are many.
var migrations = []func(tx *bolt.Tx) error{
	// Version 2 merges items of the same address.
	func(tx *bolt.Tx) error {
		for _, name := range [][]byte{bAddresses, bShares} {
			if _, err := tx.CreateBucketIfNotExists(name); err != nil {
				return err
			}
		}
		return nil
	},
}

// prepare makes or migrates the buckets and begins a new epoch of lease tokens: whoever held a lease is gone with the
// process that had the file open.
func (s *Store) prepare() error {
	var epoch uint64
	err := s.db.Update(func(tx *bolt.Tx) error {
		if err := migrate(tx, migrations); err != nil {
			return err
		}
		meta := tx.Bucket(bMeta)
		if b := meta.Get(keyEpoch); len(b) == 8 {
			epoch = binary.BigEndian.Uint64(b)
		}
		epoch++
		return meta.Put(keyEpoch, num64(epoch))
	})
	s.leases.token = epoch << 32
	return storeError(err)
}

// migrate brings the file to the newest schema.
func migrate(tx *bolt.Tx, steps []func(*bolt.Tx) error) error {
	newest := uint32(len(steps) + 1)
	meta := tx.Bucket(bMeta)
	if meta == nil {
		if k, _ := tx.Cursor().First(); k != nil {
			return fmt.Errorf("it is a bbolt file of another program (bucket %q); name another file", k)
		}
		for _, name := range allBuckets {
			if _, err := tx.CreateBucketIfNotExists(name); err != nil {
				return err
			}
		}
		return tx.Bucket(bMeta).Put(keySchema, num32(newest))
	}
	version, err := schema(tx)
	if err != nil {
		return err
	}
	if version > newest {
		return fmt.Errorf("%w: its schema is version %d, this feedmill knows %d; run the newer feedmill, or restore a backup", cache.ErrSchema, version, newest)
	}
	for ; version < newest; version++ {
		if err := steps[version-1](tx); err != nil {
			return fmt.Errorf("migrate from schema version %d: %w", version, err)
		}
	}
	return meta.Put(keySchema, num32(newest))
}

func schema(tx *bolt.Tx) (uint32, error) {
	meta := tx.Bucket(bMeta)
	if meta == nil {
		return 0, errors.New("it is a bbolt file, but not a store")
	}
	b := meta.Get(keySchema)
	if len(b) != 4 || binary.BigEndian.Uint32(b) == 0 {
		return 0, fmt.Errorf("%w: no schema version", errDamaged)
	}
	return binary.BigEndian.Uint32(b), nil
}

// Path is the file of the store.
func (s *Store) Path() string { return s.path }

// Close ends the writer after what it has begun and closes the file. It may be called again.
func (s *Store) Close() error {
	s.once.Do(func() {
		close(s.closing)
		<-s.written
		s.closed = s.db.Close()
		if s.temp {
			s.closed = errors.Join(s.closed, os.Remove(s.path))
		}
	})
	return s.closed
}

// Now is the store's clock in whole seconds.
func (s *Store) Now(context.Context) (time.Time, error) {
	return time.Unix(time.Now().Unix(), 0).UTC(), nil
}

// errClosed is what calls after Close fail with.
var errClosed = fmt.Errorf("%w: it was closed", cache.ErrUnavailable)

// storeError translates what bbolt and the system say.
func storeError(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EFBIG), errors.Is(err, syscall.EDQUOT), errors.Is(err, bolterrors.ErrMaxSizeReached):
		return fmt.Errorf("%w: %w; free some room, writing goes on by itself", cache.ErrFull, err)
	case errors.Is(err, bolterrors.ErrDatabaseNotOpen):
		return errClosed
	}
	return err
}
