package main

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// building measures P10: the static build of what P3 imports, RSS alone as Hugo writes it, beside Hugo in the same run; then with
// everything that a build writes but archives, and again after one post has changed.
func (b *bench) building(map[string]bool) error {
	dir := filepath.Join(b.dir, fmt.Sprintf("import%d", b.posts))
	if _, err := writeSite(dir, b.posts); err != nil {
		return err
	}
	b.say("P10: building %d posts", b.posts)
	alone := filepath.Join(b.dir, "rss")
	rss, err := b.build("--out", alone, "--formats", "rss", "--feeds-only", "--no-archive", dir)
	if err != nil {
		return err
	}
	floor, target, memory, met, small := "hugo is not installed", "1/3 of Hugo", "1/5 of Hugo", false, false
	if hugo, ok, err := b.hugo(b.posts); err != nil {
		return err
	} else if ok {
		floor = fmt.Sprintf("hugo %.1f s, %s", hugo.took.Seconds(), mb(hugo.peak))
		met, small = rss.took*3 <= hugo.took, rss.peak*5 <= hugo.peak
		target = fmt.Sprintf("ratio %.2f of 0.33", rss.took.Seconds()/hugo.took.Seconds())
		memory = fmt.Sprintf("ratio %.2f of 0.20", float64(rss.peak)/float64(hugo.peak))
	}
	files, err := countFiles(alone, ".rss")
	if err != nil {
		return err
	}
	b.add("P10", fmt.Sprintf("build of %d posts -> %d RSS files", b.posts, files), fmt.Sprintf("%.1f s", rss.took.Seconds()), floor, target, met)
	b.add("P10", "resident memory of that, the mapped state included", mb(rss.peak), floor, memory, small)

	tree := filepath.Join(b.dir, "tree")
	args := []string{"--out", tree, "--no-archive", "--state", filepath.Join(b.dir, "state.db"), dir}
	first, err := b.build(args...)
	if err != nil {
		return err
	}
	if files, err = countFiles(tree, ""); err != nil {
		return err
	}
	b.add("P10", fmt.Sprintf("three formats, pages and OPML: %d files", files), fmt.Sprintf("%.1f s, %s", first.took.Seconds(), mb(first.peak)), "-", "-", true)
	posts, err := filepath.Glob(filepath.Join(dir, "_posts", "*.md"))
	if err != nil || len(posts) == 0 {
		return fmt.Errorf("no posts in %s: %w", dir, err)
	}
	f, err := os.OpenFile(posts[len(posts)-1], os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	if _, err := f.WriteString("<p>One more.</p>\n"); err != nil {
		f.Close()
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	again, err := b.build(args...)
	if err != nil {
		return err
	}
	b.add("P10", "again after one post has changed", fmt.Sprintf("%.1f s, %s", again.took.Seconds(), again.written), "-", "-", true)
	return nil
}

// cost is what a command took.
type cost struct {
	took    time.Duration
	peak    int64  // the largest resident set, in bytes
	written string // what the build says of files
}

// timed runs a command to its end.
func timed(cmd *exec.Cmd) (cost, error) {
	started := time.Now()
	out, err := cmd.CombinedOutput()
	c := cost{took: time.Since(started)}
	if err != nil {
		return c, fmt.Errorf("%s: %w: %s", cmd.Path, err, out)
	}
	if usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		c.peak = usage.Maxrss << 10
	}
	if _, rest, ok := strings.Cut(string(out), " files in "); ok {
		_, rest, _ = strings.Cut(rest, ", ")
		c.written, _, _ = strings.Cut(rest, " -> ")
	}
	return c, nil
}

func (b *bench) build(args ...string) (cost, error) {
	return timed(exec.CommandContext(b.ctx, b.binary, append([]string{"build"}, args...)...))
}

// countFiles counts the files below a directory whose names end so.
func countFiles(dir, suffix string) (n int, err error) {
	err = filepath.WalkDir(dir, func(_ string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() && strings.HasSuffix(e.Name(), suffix) {
			n++
		}
		return err
	})
	return n, err
}
