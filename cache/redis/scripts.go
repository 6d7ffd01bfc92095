package redis

import (
	"context"
	"embed"
	"fmt"
	"strconv"

	goredis "github.com/redis/go-redis/v9"
)

//go:embed lua/*.lua
var scripts embed.FS

var (
	nowScript     = load("now")
	commitScript  = load("commit")
	lookScript    = load("look")
	recentScript  = load("recent")
	getScript     = load("get")
	topicsScript  = load("topics")
	trimScript    = load("trim")
	acquireScript = load("acquire")
	renewScript   = load("renew")
	readScript    = load("read")
	writeScript   = load("write")
	sweepScript   = load("sweep")
)

func load(name string) *goredis.Script {
	var text string
	for _, n := range []string{"prelude", name} {
		b, err := scripts.ReadFile("lua/" + n + ".lua")
		if err != nil {
			panic(err) // the files are part of the program
		}
		text += string(b)
	}
	return goredis.NewScript(text)
}

// run runs a script by its hash, or with its text where the server does not know it. All its keys have the hash tag.
func (s *Store) run(ctx context.Context, script *goredis.Script, keys []string, args ...any) (any, error) {
	all := make([]any, 0, 1+len(args))
	all = append(append(all, strconv.FormatInt(int64(s.offset.Load()), 10)), args...)
	return script.Run(ctx, s.client, keys, all...).Result()
}

// reply reads the answer of a script piece by piece; the first piece of another shape is kept as an error.
type reply struct {
	rest []any
	err  error
}

func newReply(v any) *reply {
	list, ok := v.([]any)
	if !ok {
		return &reply{err: fmt.Errorf("%w: want a list, have %T", errAnswer, v)}
	}
	return &reply{rest: list}
}

func (r *reply) more() bool { return r.err == nil && len(r.rest) > 0 }

func (r *reply) next() any {
	if len(r.rest) == 0 {
		if r.err == nil {
			r.err = fmt.Errorf("%w: it is too short", errAnswer)
		}
		return nil
	}
	v := r.rest[0]
	r.rest = r.rest[1:]
	return v
}

// text is a string; absent ones are empty.
func (r *reply) text() string {
	switch v := r.next().(type) {
	case string:
		return v
	case nil:
	default:
		r.fail("a string", v)
	}
	return ""
}

// number is an integer or a string that holds one; absent ones are 0.
func (r *reply) number() int64 {
	switch v := r.next().(type) {
	case int64:
		return v
	case string:
		n, err := strconv.ParseInt(v, 10, 64)
		if err != nil {
			r.fail("a number", v)
		}
		return n
	case nil:
	default:
		r.fail("a number", v)
	}
	return 0
}

func (r *reply) list() *reply {
	v, ok := r.next().([]any)
	if !ok {
		r.fail("a list", v)
	}
	return &reply{rest: v, err: r.err}
}

// texts is a list of strings; absent ones are empty.
func (r *reply) texts() []string {
	l := r.list()
	out := make([]string, 0, len(l.rest))
	for l.more() {
		out = append(out, l.text())
	}
	if l.err != nil {
		r.err = l.err
	}
	return out
}

func (r *reply) fail(want string, v any) {
	if r.err == nil {
		r.err = fmt.Errorf("%w: want %s, have %T", errAnswer, want, v)
	}
}
