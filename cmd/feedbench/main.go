// Command feedbench measures feedmill against its targets on this machine: it makes sites in the shape of the reference
// site, runs the real program, and prints each figure beside its floor, which is measured in the same run.
//
//	go run ./cmd/feedbench            every row; takes about a quarter of an hour
//	go run ./cmd/feedbench -rows P1,P2 -posts 5000
//	go run ./cmd/feedbench -rows P6 -miniflux BINARY -postgres URL    beside Miniflux, on an empty database
//
// Machines are noisy: compare the ratios of one run, not the figures of two.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"text/tabwriter"
	"time"
)

// bench is one run: its sizes and what it has built.
type bench struct {
	ctx    context.Context
	dir    string // temporary; removed at the end
	binary string // the feedmill under test
	posts  int    // of the import rows
	large  int    // of the rows about a large site
	soak   time.Duration
	rounds int
	peer   reader // for P6; without a binary there is none
	rows   []row
}

// row is one line of the table.
type row struct{ id, work, got, floor, target, verdict string }

func main() {
	if len(os.Args) > 1 && os.Args[1] == floorVerb {
		fail(serveFloor(os.Args[2:]))
		return
	}
	b := &bench{}
	rows := flag.String("rows", "P1,P2,P3,P4,P5,F,P6,P7,P8,P9,P10", "comma-separated rows to measure; P7m, the memory of 100,000 subscriptions, is measured only when asked for")
	flag.IntVar(&b.posts, "posts", 50_000, "posts of the import (P3) and the build (P10)")
	flag.IntVar(&b.large, "large", 200_000, "posts of the large site (P4, P5, F, P8)")
	flag.DurationVar(&b.soak, "soak", 5*time.Minute, "length of the load of P8")
	flag.IntVar(&b.rounds, "rounds", 30, "rounds of an alternating comparison, half a second each side")
	flag.StringVar(&b.binary, "binary", "", "feedmill binary to measure; built from this tree when empty")
	flag.StringVar(&b.peer.binary, "miniflux", "", "Miniflux binary that P6 is measured beside; nothing when empty")
	flag.StringVar(&b.peer.database, "postgres", "", "URL of an empty PostgreSQL database for it")
	flag.Parse()
	b.peer.b = b
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	b.ctx = ctx
	fail(b.run(strings.Split(*rows, ",")))
}

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "feedbench:", err)
		os.Exit(1)
	}
}

func (b *bench) run(ids []string) error {
	dir, err := os.MkdirTemp("", "feedbench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	b.dir = dir
	if b.binary == "" {
		b.binary = filepath.Join(dir, "feedmill")
		b.say("building feedmill")
		build := exec.CommandContext(b.ctx, "go", "build", "-o", b.binary, "./cmd/feedmill")
		build.Stderr = os.Stderr
		if err := build.Run(); err != nil {
			return fmt.Errorf("build feedmill (run this from the project's directory): %w", err)
		}
	}
	want := map[string]bool{}
	for _, id := range ids {
		want[strings.TrimSpace(id)] = true
	}
	for _, part := range []struct {
		ids []string
		run func(want map[string]bool) error
	}{
		{[]string{"P1", "P2"}, b.serving},
		{[]string{"P3"}, b.importing},
		{[]string{"P4", "P5", "F", "P8"}, b.largeSite},
		{[]string{"P6"}, b.upstreams},
		{[]string{"P7", "P7m"}, b.fanOut},
		{[]string{"P9"}, b.redisIngest},
		{[]string{"P10"}, b.building},
	} {
		for _, id := range part.ids {
			if want[id] {
				if err := part.run(want); err != nil {
					return fmt.Errorf("%s: %w", strings.Join(part.ids, ", "), err)
				}
				break
			}
		}
	}
	fmt.Printf("\n%s, %d cores, %s\n\n", runtime.Version(), runtime.NumCPU(), time.Now().Format("2006-01-02"))
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "row\twork\tfeedmill\tfloor\ttarget\t")
	for _, r := range b.rows {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", r.id, r.work, r.got, r.floor, r.target, r.verdict)
	}
	return w.Flush()
}

func (b *bench) say(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }

func (b *bench) add(id, work, got, floor, target string, met bool) {
	verdict := "met"
	switch {
	case target == "-":
		verdict = ""
	case !met:
		verdict = "MISSED"
	}
	b.rows = append(b.rows, row{id, work, got, floor, target, verdict})
	b.say("%s  %s: %s (floor %s, target %s) %s", id, work, got, floor, target, verdict)
}
