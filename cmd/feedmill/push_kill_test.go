package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"feedmill/feeds/push/pushtest"
)

// childEnv makes the test binary the program, for tests that kill it.
const childEnv = "FEEDMILL_TEST_IS_THE_PROGRAM"

var markOf = regexp.MustCompile(`mark-[0-9]{4}`)

// TestKilledWhilePushing kills the program with SIGKILL at random moments while items flow to six targets that fail, hang, limit
// and reset. Every item arrives at every target. It is repeated only where the send was the last of a program that was killed,
// or ended without an answer. FEEDMILL_KILLS=100 kills a hundred times, while 2,000 items flow; it takes some minutes.
func TestKilledWhilePushing(t *testing.T) {
	t.Parallel()
	kills, perLife := 3, 20
	if text := os.Getenv("FEEDMILL_KILLS"); text != "" {
		var err error
		if kills, err = strconv.Atoi(text); err != nil {
			t.Fatal(err)
		}
	} else if testing.Short() {
		t.Skip("it takes some seconds")
	}
	dir := t.TempDir()
	// A source for each life: twenty items at once of one are no flood, of which a digest would show the newest alone.
	sites := make([]string, kills)
	var more strings.Builder
	for i := range sites {
		sites[i] = writePosts(t, filepath.Join(dir, fmt.Sprintf("site-%d", i)), 3)
		fmt.Fprintf(&more, "  site-%d: { jekyll: %q }\n", i, sites[i])
	}
	all := platforms(t, "wecom", "slack", "feishu", "discord", "teams", "telegram")
	for _, p := range all {
		p.target += "\n    timeout: 1s"
	}
	admin := fmt.Sprintf("127.0.0.1:%d", quietPort(t))
	file := pushFile(t, filepath.Join(dir, "feedmill.yaml"), writePosts(t, filepath.Join(dir, "quiet"), 3), all, more.String())
	var lives []time.Time
	live := func() *exec.Cmd {
		cmd := exec.Command(os.Args[0], "serve", "--config", file, "--listen", "127.0.0.1:0", "--admin", admin, "--store", "bolt:"+filepath.Join(dir, "test.db"))
		cmd.Env = append(os.Environ(), childEnv+"=1")
		log, err := os.OpenFile(filepath.Join(dir, "log"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		defer log.Close()
		cmd.Stdout, cmd.Stderr = log, log
		lives = append(lives, time.Now())
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		return cmd
	}
	cmd := live()
	defer func() {
		if err := cmd.Process.Kill(); err == nil {
			_ = cmd.Wait() // it was killed: its exit status says so
		}
	}()
	ask := func(path string) string {
		_, body, err := fetchBody("http://" + admin + path)
		if err != nil {
			return ""
		}
		return body
	}
	until(t, "the baseline, and targets that have their bookmarks", func() bool {
		return strings.Contains(ask("/status.json"), `"fetched": true`) && !strings.Contains(ask("/status.json"), `"fetched": false`) && strings.Count(ask("/push.json"), `"state":"idle"`) == len(all)
	})
	random := rand.New(rand.NewPCG(1, uint64(time.Now().UnixNano())))
	trouble := map[string][]pushtest.Mode{
		"wecom": {pushtest.Busy, pushtest.Reset}, "slack": {pushtest.Hang, pushtest.Reset}, "feishu": {pushtest.Proxy, pushtest.Reset, pushtest.Garbage},
		"discord": {pushtest.Limited, pushtest.Hang}, "teams": {pushtest.Busy, pushtest.Hang, pushtest.Reset}, "telegram": {pushtest.Limited, pushtest.Reset},
	}
	items := 0
	for kill := range kills {
		for range 4 {
			for range perLife / 4 {
				writePost(t, sites[kill], items, "")
				items++
			}
			for kind, p := range all {
				mode := pushtest.Working
				if modes := trouble[kind]; random.IntN(3) == 0 {
					mode = modes[random.IntN(len(modes))]
				}
				p.tell(mode)
			}
			time.Sleep(time.Duration(random.IntN(400)) * time.Millisecond) // how long the program lives: any time is right
		}
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait()
		cmd = live()
	}
	for _, p := range all {
		p.tell(pushtest.Working)
	}
	deadline := time.Now().Add(2*time.Minute + time.Duration(kills)*6*time.Second)
	missing := func() map[string]int {
		out := map[string]int{}
		for kind, p := range all {
			seen := map[string]bool{}
			for _, m := range p.Received() {
				for _, mark := range markOf.FindAllString(string(m.Body), -1) {
					seen[mark] = true
				}
			}
			if n := items - len(seen); n > 0 {
				out[kind] = n
			}
		}
		return out
	}
	for len(missing()) > 0 && time.Now().Before(deadline) {
		time.Sleep(250 * time.Millisecond)
	}
	if m := missing(); len(m) > 0 {
		t.Fatalf("of %d items some did not arrive: %v\n%s", items, m, ask("/push.json"))
	}
	life := func(at time.Time) int {
		n := 0
		for n < len(lives) && lives[n].Before(at) {
			n++
		}
		return n
	}
	for kind, p := range all {
		list := p.Received()
		before := map[string]int{} // the message that an item came with last
		repeats, unclear, killed := 0, 0, 0
		last := map[int]int{} // the last message of each life
		for i, m := range list {
			last[life(m.Time)] = i
		}
		for i, m := range list {
			inThis := map[string]bool{}
			for _, mark := range markOf.FindAllString(string(m.Body), -1) {
				j, again := before[mark]
				if inThis[mark] {
					continue
				}
				inThis[mark], before[mark] = true, i
				if !again {
					continue
				}
				repeats++
				first := list[j]
				switch mode := p.modeAt(first.Time); {
				case mode == pushtest.Hang || mode == pushtest.Reset || mode == pushtest.Garbage:
					unclear++
				case life(first.Time) < life(m.Time) && last[life(first.Time)] == j:
					killed++
				default:
					t.Errorf("%s got %s twice, at %s and %s, though nothing was unclear about the first time (mode %q)", kind, mark, first.Time.Format(time.StampMilli), m.Time.Format(time.StampMilli), mode)
				}
			}
		}
		requests, early := p.Requests()
		t.Logf("%-8s %d kills, %d items in %d messages of %d requests (%d early); repeated %d: %d after an unclear end, %d in flight at a kill", kind, kills, items, len(list), requests, early, repeats, unclear, killed)
	}
}
