package embedded

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	bolt "go.etcd.io/bbolt"
)

// compactTx bounds a transaction of Compact in bytes.
const compactTx = 8 << 20

// Compact rewrites a store that no process has open, without the room that deleted items left behind, and returns its
// size in bytes before and after. The new file takes the place of the old one in one step; until then the old one is
// untouched.
func Compact(ctx context.Context, path string) (before, after int64, err error) {
	if err := ctx.Err(); err != nil {
		return 0, 0, err
	}
	src, err := openFile(path, Options{}, true)
	if err != nil {
		return 0, 0, err
	}
	before, after, err = compact(ctx, src, path)
	if err = errors.Join(err, src.Close()); err != nil {
		return 0, 0, fmt.Errorf("compact store %s: %w", path, storeError(err))
	}
	return before, after, nil
}

func compact(ctx context.Context, src *bolt.DB, path string) (before, after int64, err error) {
	if err := src.View(func(tx *bolt.Tx) error { _, err := schema(tx); return err }); err != nil {
		return 0, 0, err
	}
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".compact-*")
	if err != nil {
		return 0, 0, err
	}
	temp := f.Name()
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(temp))
		}
	}()
	if err := f.Close(); err != nil {
		return 0, 0, err
	}
	dst, err := bolt.Open(temp, 0o600, &bolt.Options{Timeout: lockWait, NoSync: true, FreelistType: bolt.FreelistMapType})
	if err != nil {
		return 0, 0, err
	}
	stop := context.AfterFunc(ctx, func() { _ = src.Close() }) // ends the copying with an error
	err = bolt.Compact(dst, src, compactTx)
	if !stop() && err == nil {
		err = ctx.Err()
	}
	if err == nil {
		err = dst.Sync()
	}
	if err = errors.Join(err, dst.Close()); err != nil {
		return 0, 0, err
	}
	if before, err = fileSize(path); err != nil {
		return 0, 0, err
	}
	if after, err = fileSize(temp); err != nil {
		return 0, 0, err
	}
	if err := os.Rename(temp, path); err != nil {
		return 0, 0, err
	}
	return before, after, syncDir(filepath.Dir(path))
}

func fileSize(path string) (int64, error) {
	info, err := os.Stat(path)
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// Backup writes a copy of the store as it is now; writing goes on meanwhile. The file grows while it lasts, so w should
// be a file and not a slow connection.
func (s *Store) Backup(w io.Writer) error {
	err := s.db.View(func(tx *bolt.Tx) error { _, err := tx.WriteTo(w); return err })
	if err != nil {
		return fmt.Errorf("back up store %s: %w", s.path, storeError(err))
	}
	return nil
}

// Stats are figures for a status page.
type Stats struct {
	// Items are the live items of all sources, Topics all topics that ever had one.
	Items, Sources, Topics int
	// LogEntries are the entries of the log that are left.
	LogEntries uint64
	// FileBytes is the size of the file, FreeBytes how much of it Compact would give back at least.
	FileBytes, FreeBytes int64
}

// Stats counts without reading items.
func (s *Store) Stats(ctx context.Context) (st Stats, err error) {
	err = s.view(ctx, func(tx *bolt.Tx) error {
		st.FileBytes = tx.Size()
		st.Topics = int(tx.Bucket(bTopics).Sequence())
		log := tx.Bucket(bLog)
		if k, _ := log.Cursor().First(); k != nil {
			st.LogEntries = log.Sequence() - binary.BigEndian.Uint64(k) + 1
		}
		return tx.Bucket(bSources).ForEach(func(k, v []byte) error {
			src, err := decodeSource(string(k), v)
			st.Sources++
			if err == nil {
				st.Items += src.items
			}
			return err
		})
	})
	stats := s.db.Stats()
	st.FreeBytes = int64(stats.FreeAlloc)
	return st, err
}
