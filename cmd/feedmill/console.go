package main

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"sync"
	"time"

	"golang.org/x/term"
)

// console is where a person or a log collector reads along. On a terminal the counter of an import and the log share the
// last line: whoever writes a line takes the counter away first.
type console struct {
	mu       sync.Mutex
	out, err io.Writer
	people   bool // somebody watches out
	shown    bool // a counter stands in the last line
}

// newConsole is the console of this process.
func newConsole(out io.Writer) *console {
	return &console{out: out, err: os.Stderr, people: isTerminal(out)}
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// log writes for people on a terminal, JSON for machines elsewhere.
func (c *console) log() *slog.Logger {
	if !isTerminal(c.err) {
		return slog.New(slog.NewJSONHandler(c.err, nil))
	}
	return slog.New(slog.NewTextHandler(logWriter{c}, &slog.HandlerOptions{ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey && len(groups) == 0 {
			return slog.String(slog.TimeKey, a.Value.Time().Format(time.TimeOnly))
		}
		return a
	}}))
}

type logWriter struct{ *console }

func (w logWriter) Write(line []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.clear()
	return w.err.Write(line)
}

// count shows the line of a counter in place of the one before, on a terminal.
func (c *console) count(line string) {
	if !c.people {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.clear()
	fmt.Fprint(c.out, line)
	c.shown = true
}

// print writes lines that stay.
func (c *console) print(text string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.clear()
	fmt.Fprint(c.out, text)
}

// clear takes the counter away. The caller holds mu.
func (c *console) clear() {
	if c.shown {
		fmt.Fprint(c.out, "\r\x1b[K")
		c.shown = false
	}
}
