package liquid

import (
	"context"
	"fmt"
	"time"
)

// interrupt is a break or continue on its way to its loop.
type interrupt uint8

const (
	none interrupt = iota
	breaks
	continues
)

// exhausted is panicked with by whatever spends a budget, and caught in Template.Render.
type exhausted string

// run is one rendering.
type run struct {
	ctx    context.Context
	env    *Env
	limits Limits
	steps  int
	work   int
	out    *[]byte

	// scopes: the first one is that of assign and capture, the last one the innermost.
	scopes    []map[string]any
	names     map[string]bool
	counters  map[string]any
	cycles    map[any]int
	offsets   map[string]int
	loops     []*forloop
	includes  int
	file      string
	changed   string
	interrupt interrupt

	// unknown is a filter nobody knows, on its way to a warning.
	unknown string
	// failure is why the tag under way cannot be carried out.
	failure string
	// spent says which budget is spent.
	spent    string
	warnings []Warning
}

func newRun(ctx context.Context, env *Env) *run {
	if env == nil {
		env = &Env{}
	}
	r := &run{ctx: ctx, env: env, limits: env.Limits, scopes: []map[string]any{{}}}
	if r.limits.Steps <= 0 {
		r.limits.Steps = defaultSteps
	}
	if r.limits.Bytes <= 0 {
		r.limits.Bytes = defaultBytes
	}
	if r.limits.Includes <= 0 {
		r.limits.Includes = defaultIncludes
	}
	buf := []byte(nil)
	r.out = &buf
	return r
}

// reset leaves every block that was open when a budget was spent; out is that of the outermost level again.
func (r *run) reset() {
	r.scopes, r.loops, r.interrupt, r.includes, r.failure = r.scopes[:1], nil, none, 0, ""
}

// step charges n steps.
func (r *run) step(n int) {
	before := r.steps >> 10
	if r.steps += n; r.steps > r.limits.Steps || r.steps < 0 {
		panic(exhausted(fmt.Sprintf("more than %d steps", r.limits.Steps)))
	}
	if r.steps>>10 != before && r.ctx.Err() != nil {
		panic(exhausted("no time left"))
	}
}

// grow charges n bytes of a value that is about to be made.
func (r *run) grow(n int) {
	if n > r.limits.Bytes || n < 0 {
		panic(exhausted(fmt.Sprintf("a value of more than %d KiB", r.limits.Bytes>>10)))
	}
	if r.work += n; r.work > workFactor*r.limits.Bytes {
		panic(exhausted(fmt.Sprintf("more than %d KiB of values", workFactor*r.limits.Bytes>>10)))
	}
}

// write adds to the output.
func (r *run) write(s string) {
	if len(*r.out)+len(s) > r.limits.Bytes {
		panic(exhausted(fmt.Sprintf("more than %d KiB of output", r.limits.Bytes>>10)))
	}
	*r.out = append(*r.out, s...)
}

// capture renders into a value.
func (r *run) capture(b *body) string {
	outer, buf := r.out, []byte(nil)
	r.out = &buf
	defer func() { r.out = outer }()
	b.render(r)
	r.grow(len(buf))
	return string(buf)
}

// fail makes the tag under way fail.
func (r *run) fail(format string, args ...any) any {
	if r.failure == "" {
		r.failure = fmt.Sprintf(format, args...)
	}
	return nil
}

// failed reports whether the tag failed, and warns that it is left out.
func (r *run) failed(line int, what string) bool {
	if r.failure == "" {
		return false
	}
	r.warn(Warning{Line: line, Text: fmt.Sprintf("%s: %s: left out", what, r.failure)})
	r.failure = ""
	return true
}

// warn notes a warning once.
func (r *run) warn(w Warning) {
	if w.File == "" {
		w.File = r.file
	}
	if len(r.warnings) >= maxWarnings {
		return
	}
	for _, old := range r.warnings {
		if old == w {
			return
		}
	}
	r.warnings = append(r.warnings, w)
}

// inner is the innermost scope.
func (r *run) inner() map[string]any { return r.scopes[len(r.scopes)-1] }

func (r *run) push() { r.scopes = append(r.scopes, map[string]any{}) }
func (r *run) pop()  { r.scopes = r.scopes[:len(r.scopes)-1] }

// lookup finds a variable.
func (r *run) lookup(name string) any {
	for i := len(r.scopes) - 1; i >= 0; i-- {
		if v, ok := r.scopes[i][name]; ok {
			return v
		}
	}
	if v, ok := r.counters[name]; ok {
		return v
	}
	return r.env.Vars[name]
}

// defined reports whether there is a variable, even if it is nothing.
func (r *run) defined(name string) bool {
	if _, ok := r.env.Vars[name]; ok {
		return true
	}
	for _, s := range r.scopes {
		if _, ok := s[name]; ok {
			return true
		}
	}
	_, ok := r.counters[name]
	return ok
}

// zone is the local time zone.
func (r *run) zone() *time.Location {
	if r.env.Zone == nil {
		return local
	}
	return r.env.Zone
}
