package embedded

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/klauspost/compress/zstd"
	bolt "go.etcd.io/bbolt"
)

// A dump is dumpMagic and one zstd stream: the schema version, then for each bucket of dumped its name, its sequence and
// its entries, each a length and bytes, keys ascending; an empty key ends a bucket, an empty name the dump. What follows
// from the rest is left out: ids, gone, and the log, which begins anew.
const dumpMagic = "feedmill state 1\n"

var dumped = [][]byte{
	bSources, bNames, bAbouts, bLedger, bBodies, bIndex, bArrivals, bTopics, bLabels, bNotes, bAddresses, bShares,
}

// Limits of a dump, in bytes: of a key, of a value and of everything. Bodies are the longest values.
const (
	maxDumpKey   = bolt.MaxKeySize
	maxDumpValue = maxItem + 64<<10
	maxDump      = 64 << 30
)

// DumpOptions say what is left out of a dump.
type DumpOptions struct {
	// Note says which notes are in it; nil means none.
	Note func(bucket, key string) bool
	// Omit says which items are not, by source and native key; nil means that all are. They must not be live.
	Omit func(source, key string) bool
}

// Dump writes what the store publishes, for [Load] to go on with: the same content gives the same bytes. Left out are
// held items, the bodies of withdrawn ones, sources that were retired, and the log. A store with items of private groups
// is refused.
func (s *Store) Dump(ctx context.Context, w io.Writer, opts DumpOptions) error {
	if err := s.dump(ctx, w, opts); err != nil {
		return fmt.Errorf("dump store: %w", storeError(err))
	}
	return nil
}

func (s *Store) dump(ctx context.Context, w io.Writer, opts DumpOptions) error {
	if _, err := io.WriteString(w, dumpMagic); err != nil {
		return err
	}
	// Bodies are packed already: more work makes little of them.
	z, err := zstd.NewWriter(w, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1))
	if err != nil {
		return err
	}
	out := bufio.NewWriterSize(z, 1<<20)
	err = s.view(ctx, func(tx *bolt.Tx) error {
		version, err := schema(tx)
		if err != nil {
			return err
		}
		d := &dumper{ctx: ctx, tx: tx, out: out, opts: opts}
		if err := d.survey(); err != nil {
			return err
		}
		out.Write(num32(version))
		for _, name := range dumped {
			if err := d.bucket(name); err != nil {
				return err
			}
		}
		d.field(nil)
		return out.Flush()
	})
	return errors.Join(err, z.Close())
}

// dumper is one run of Dump. Writes to out are checked by its Flush.
type dumper struct {
	ctx  context.Context
	tx   *bolt.Tx
	out  *bufio.Writer
	opts DumpOptions
	// names are those of the sources that are in the dump, bodies the numbers of the items whose bodies are.
	names  map[uint32]string
	bodies map[uint64]bool
	last   uint64 // the highest number of an item in the dump: others leave no trace, so that they change no byte
}

// survey decides which sources and bodies are in the dump.
func (d *dumper) survey() error {
	d.names, d.bodies = map[uint32]string{}, map[uint64]bool{}
	err := d.tx.Bucket(bSources).ForEach(func(k, v []byte) error {
		src, err := decodeSource(string(k), v)
		if err == nil && src.retired == 0 {
			d.names[src.num] = src.name
		}
		return err
	})
	if err != nil {
		return err
	}
	err = d.tx.Bucket(bTopics).ForEach(func(k, _ []byte) error {
		if t, err := parseTopicKey(k); err != nil || t.Group != "" {
			return errors.Join(err, fmt.Errorf("%s is private: its items must not be in what is published", t))
		}
		return nil
	})
	if err != nil {
		return err
	}
	return d.tx.Bucket(bLedger).ForEach(func(k, v []byte) error {
		rec, err := decodeRecord(v)
		if err == nil && d.stays(k, rec) {
			d.last = max(d.last, rec.seq)
			if rec.state == live {
				d.bodies[rec.seq] = true
			}
		}
		return errors.Join(err, d.ctx.Err())
	})
}

// stays says whether an entry of the ledger is in the dump.
func (d *dumper) stays(k []byte, rec *record) bool {
	name, ok := d.names[binary.BigEndian.Uint32(k)]
	if !ok || rec.state != live && rec.state != gone && rec.state != dropped {
		return false
	}
	return rec.state == live || d.opts.Omit == nil || !d.opts.Omit(name, string(k[4:]))
}

func (d *dumper) bucket(name []byte) error {
	b := d.tx.Bucket(name)
	d.field(name)
	sequence := b.Sequence()
	if bytes.Equal(name, bBodies) {
		sequence = d.last
	}
	d.out.Write(binary.AppendUvarint(nil, sequence))
	err := b.ForEach(func(k, v []byte) error {
		ok, err := d.has(name, k, v)
		if err != nil || !ok {
			return err
		}
		d.field(k)
		d.field(v)
		return d.ctx.Err()
	})
	d.field(nil)
	return err
}

// has says whether an entry of a bucket is in the dump.
func (d *dumper) has(bucket, k, v []byte) (bool, error) {
	switch {
	case bytes.Equal(bucket, bSources):
		src, err := decodeSource(string(k), v)
		return err == nil && src.retired == 0, err
	case bytes.Equal(bucket, bNames), bytes.Equal(bucket, bAbouts):
		_, ok := d.names[binary.BigEndian.Uint32(k)]
		return ok, nil
	case bytes.Equal(bucket, bLedger):
		rec, err := decodeRecord(v)
		return err == nil && d.stays(k, rec), err
	case bytes.Equal(bucket, bBodies):
		return d.bodies[binary.BigEndian.Uint64(k)], nil
	case bytes.Equal(bucket, bNotes):
		r := reader{rest: k}
		name := r.str()
		return d.opts.Note != nil && expiry(v) == 0 && d.opts.Note(name, string(r.rest)), r.err()
	}
	return true, nil
}

func (d *dumper) field(b []byte) {
	d.out.Write(binary.AppendUvarint(make([]byte, 0, binary.MaxVarintLen64), uint64(len(b))))
	d.out.Write(b)
}

// ErrNoDump is what Load fails with for what is no whole dump.
var ErrNoDump = errors.New("it is not a whole state file of feedmill")

// Load makes a store of a dump in a file that is not there yet. It fails with [ErrNoDump], and with [cache.ErrSchema] when
// a newer feedmill wrote it; then there is no file.
func Load(ctx context.Context, path string, r io.Reader) (err error) {
	if _, err := os.Lstat(path); err == nil {
		return fmt.Errorf("load store %s: there is a file", path)
	}
	defer func() {
		if err != nil {
			err = fmt.Errorf("load store: %w", errors.Join(storeError(err), remove(path)))
		}
	}()
	in := bufio.NewReader(r)
	magic := make([]byte, len(dumpMagic))
	if _, err := io.ReadFull(in, magic); err != nil || string(magic) != dumpMagic {
		return ErrNoDump
	}
	z, err := zstd.NewReader(in, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(256<<20))
	if err != nil {
		return err
	}
	defer z.Close()
	db, err := openFile(path, Options{NoSync: true}, false)
	if err != nil {
		return err
	}
	l := &loader{ctx: ctx, db: db, in: bufio.NewReaderSize(io.LimitReader(z, maxDump), 1<<20)}
	return errors.Join(l.load(), db.Close())
}

func remove(path string) error {
	if err := os.Remove(path); !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// loader is one run of Load.
type loader struct {
	ctx  context.Context
	db   *bolt.DB
	tx   *bolt.Tx
	in   *bufio.Reader
	size int // of what is in tx, in bytes
}

func (l *loader) load() (err error) {
	defer func() {
		if l.tx != nil {
			err = errors.Join(err, l.tx.Rollback())
		}
	}()
	var version [4]byte
	if _, err := io.ReadFull(l.in, version[:]); err != nil {
		return ErrNoDump
	}
	if l.tx, err = l.db.Begin(true); err != nil {
		return err
	}
	for _, name := range allBuckets {
		if _, err := l.tx.CreateBucketIfNotExists(name); err != nil {
			return err
		}
	}
	if err := l.tx.Bucket(bMeta).Put(keySchema, version[:]); err != nil {
		return err
	}
	if err := migrate(l.tx, migrations); err != nil { // refuses what is newer; what is older was whole when it was written
		return err
	}
	for {
		name, err := l.field(64)
		if err != nil || len(name) == 0 {
			return errors.Join(err, l.next(true))
		}
		if err := l.bucket(name); err != nil {
			return err
		}
	}
}

func (l *loader) bucket(name []byte) error {
	ours := false
	for _, b := range dumped {
		ours = ours || bytes.Equal(b, name)
	}
	sequence, err := binary.ReadUvarint(l.in)
	if err != nil || !ours {
		return ErrNoDump
	}
	if err := l.tx.Bucket(name).SetSequence(sequence); err != nil {
		return err
	}
	for {
		k, err := l.field(maxDumpKey)
		if err != nil || len(k) == 0 {
			return err
		}
		v, err := l.field(maxDumpValue)
		if err != nil {
			return err
		}
		b := l.tx.Bucket(name)
		b.FillPercent = 0.9 // keys ascend
		if err := b.Put(k, v); err != nil {
			return err
		}
		if bytes.Equal(name, bLedger) {
			if err := l.entry(k, v); err != nil {
				return err
			}
		}
		if l.size += len(k) + len(v); l.size > compactTx {
			if err := l.next(false); err != nil {
				return err
			}
		}
	}
}

// entry makes what follows from an entry of the ledger.
func (l *loader) entry(k, v []byte) error {
	rec, err := decodeRecord(v)
	if err != nil || len(k) < 4 || rec.id == "" {
		return ErrNoDump
	}
	if rec.state == gone {
		if err := l.tx.Bucket(bGone).Put(timedKey(rec.since, k), nil); err != nil {
			return err
		}
	}
	return l.tx.Bucket(bIDs).Put([]byte(rec.id), num64(rec.seq))
}

// next commits and, unless that was all, begins another transaction.
func (l *loader) next(last bool) error {
	err := errors.Join(l.ctx.Err(), l.tx.Commit())
	l.tx, l.size = nil, 0
	if err == nil && !last {
		l.tx, err = l.db.Begin(true)
	}
	return err
}

// field reads bytes behind their length; at most so many. The slice is its caller's.
func (l *loader) field(most uint64) ([]byte, error) {
	n, err := binary.ReadUvarint(l.in)
	if err != nil || n > most {
		return nil, ErrNoDump
	}
	b := make([]byte, n)
	if _, err := io.ReadFull(l.in, b); err != nil {
		return nil, ErrNoDump
	}
	return b, nil
}
