package cachetest

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"time"

	"feedmill/cache"
)

// notes reads a whole bucket and wants each note once.
func (r *run) notes(bucket string) map[string]string {
	r.Helper()
	out := map[string]string{}
	r.ok("Range", r.s.Range(r.ctx, bucket, func(k string, v []byte) error {
		if _, twice := out[k]; twice {
			r.Errorf("Range gives %q twice", k)
		}
		out[k] = string(v)
		return nil
	}))
	return out
}

func note(bucket, key, value string) cache.Edit {
	return cache.Edit{Bucket: bucket, Key: key, Value: []byte(value)}
}

var noteCases = []testCase{
	{
		name:    "notes/write",
		promise: "notes are read as written; nil deletes; an empty value is a value; buckets are apart",
		run: func(r *run) {
			write := func(edits ...cache.Edit) { r.Helper(); r.ok("Write", r.s.Write(r.ctx, cache.Lease{}, edits...)) }
			write(note("b", "k1", "v1"), note("b", "k2", ""), note("c", "k1", "other"), note("b", "k3", "v3"))
			got, err := r.s.Read(r.ctx, "b", "k1", "k2", "nobody", "k3")
			r.ok("Read", err)
			if len(got) != 3 || string(got["k1"]) != "v1" || got["k2"] == nil || string(got["k3"]) != "v3" {
				r.Errorf("Read: %q", got)
			}
			write(note("b", "k1", "v1b"), cache.Edit{Bucket: "b", Key: "k3"}, cache.Edit{Bucket: "b", Key: "never"})
			if got := r.notes("b"); !maps.Equal(got, map[string]string{"k1": "v1b", "k2": ""}) {
				r.Errorf("Range: %q", got)
			}
			if got := r.notes("c"); !maps.Equal(got, map[string]string{"k1": "other"}) {
				r.Errorf("Range of the other bucket: %q", got)
			}
			write(note("b", "k1", "first"), note("b", "k1", "last"))
			if got := r.notes("b")["k1"]; got != "last" {
				r.Errorf("two edits of one note: %q", got)
			}
			write()
			if got, err := r.s.Read(r.ctx, "nobody", "k"); err != nil || len(got) != 0 {
				r.Errorf("unknown bucket: %v, %v", got, err)
			}
		},
	},
	{
		name:    "notes/atomic",
		promise: "Write applies all edits or none; a value is at most 1 MiB",
		run: func(r *run) {
			whole := bytes.Repeat([]byte{0, 1, 0xff, 'x'}, 1<<18)
			r.ok("Write of 1 MiB", r.s.Write(r.ctx, cache.Lease{}, cache.Edit{Bucket: "b", Key: "big", Value: whole}))
			got, err := r.s.Read(r.ctx, "b", "big")
			r.ok("Read", err)
			if !bytes.Equal(got["big"], whole) {
				r.Error("1 MiB came back otherwise")
			}
			err = r.s.Write(r.ctx, cache.Lease{}, note("b", "small", "v"), cache.Edit{Bucket: "b", Key: "big", Value: append(whole, 'x')}, note("b", "tail", "v"))
			if err == nil {
				r.Error("more than 1 MiB was taken")
			}
			if got := r.notes("b"); len(got) != 1 {
				r.Errorf("%d notes, want only the first: a refused Write left a trace", len(got))
			}
		},
	},
	{
		name:    "notes/lease",
		promise: "Write under a lease that is held is applied",
		run: func(r *run) {
			l, err := r.s.Acquire(r.ctx, "target/x", time.Hour)
			r.ok("Acquire", err)
			r.ok("Write", r.s.Write(r.ctx, l, note("b", "k", "v")))
			if got := r.notes("b"); got["k"] != "v" {
				r.Errorf("%q", got)
			}
		},
	},
	{
		name:    "notes/ttl",
		promise: "an expired note is missing; a new Write gives it a new life",
		run: func(r *run) {
			ttl := func(key string, d time.Duration) cache.Edit {
				e := note("b", key, "v")
				e.TTL = d
				return e
			}
			r.ok("Write", r.s.Write(r.ctx, cache.Lease{}, ttl("short", 50*time.Millisecond), ttl("renewed", 50*time.Millisecond), ttl("made-eternal", 50*time.Millisecond), ttl("long", time.Hour), ttl("ever", 0)))
			if got := r.notes("b"); len(got) != 5 {
				r.Errorf("before: %q", got)
			}
			r.ok("Write", r.s.Write(r.ctx, cache.Lease{}, ttl("renewed", time.Hour), ttl("made-eternal", 0)))
			time.Sleep(150 * time.Millisecond)
			want := []string{"ever", "long", "made-eternal", "renewed"}
			for _, when := range []string{"before", "after"} {
				if got := slices.Sorted(maps.Keys(r.notes("b"))); !slices.Equal(got, want) {
					r.Errorf("%s Maintain: %q, want %q", when, got, want)
				}
				got, err := r.s.Read(r.ctx, "b", append(want, "short")...)
				r.ok("Read", err)
				if len(got) != 4 {
					r.Errorf("%s Maintain: Read gives %q", when, got)
				}
				r.maintain()
			}
		},
	},
	{
		name:    "notes/range",
		promise: "a note that is there from start to end is given exactly once; fn may keep what it gets and call the store; its error ends Range",
		run: func(r *run) {
			const n = 2000
			want := map[string]string{}
			for i := 0; i < n; i += 500 {
				var edits []cache.Edit
				for j := i; j < i+500; j++ {
					k, v := fmt.Sprintf("key %04d", j), fmt.Sprintf("value %d", j)
					want[k] = v
					edits = append(edits, note("b", k, v))
				}
				r.ok("Write", r.s.Write(r.ctx, cache.Lease{}, edits...))
			}
			kept := map[string][]byte{}
			i := 0
			r.ok("Range", r.s.Range(r.ctx, "b", func(k string, v []byte) error {
				if _, twice := kept[k]; twice {
					r.Errorf("%q comes twice", k)
				}
				kept[k] = v
				i++
				if i%100 == 0 {
					return r.s.Write(r.ctx, cache.Lease{}, note("b", fmt.Sprint("added ", i), "x"), cache.Edit{Bucket: "b", Key: fmt.Sprint("added ", i-100)})
				}
				return nil
			}))
			for k, v := range want {
				if string(kept[k]) != v {
					r.Fatalf("%q: %q, want %q", k, kept[k], v)
				}
			}
			stop := fmt.Errorf("enough")
			i = 0
			err := r.s.Range(r.ctx, "b", func(string, []byte) error { i++; return stop })
			if err != stop || i != 1 {
				r.Errorf("Range after fn failed: %v, %d calls", err, i)
			}
		},
	},
}
