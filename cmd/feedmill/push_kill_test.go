package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
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
// or ended without an answer. In the first life one source brings more at once than a message shows: each of these is shown, or is
// in the number of a digest and, by name, in the log. FEEDMILL_KILLS=100 kills a hundred times, while 2,000 items flow; it takes some minutes.
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
	// A source for each life: twenty items at once of one are no flood, of which a digest would not show all.
	sites := make([]string, kills)
	var more strings.Builder
	for i := range sites {
		sites[i] = writePosts(t, filepath.Join(dir, fmt.Sprintf("site-%d", i)), 3)
		fmt.Fprintf(&more, "  site-%d: { jekyll: %q }\n", i, sites[i])
	}
	flood := writePosts(t, filepath.Join(dir, "flood"), 3)
	fmt.Fprintf(&more, "  flood: { jekyll: %q }\n", flood)
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
	for range floodItems {
		writePost(t, flood, items, "")
		items++
	}
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
	// Once more, while the digests of the flood are on their way.
	until(t, "a digest of the flood", func() bool {
		for _, p := range all {
			if slices.ContainsFunc(p.Received(), func(m pushtest.Received) bool { return moreOf.Match(m.Body) }) {
				return true
			}
		}
		return false
	})
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	cmd = live()
	deadline := time.Now().Add(2*time.Minute + time.Duration(kills)*6*time.Second)
	missing := func() map[string]int {
		out := map[string]int{}
		for kind, p := range all {
			seen := countedOf(ask("/push/log.json?limit=10000&of=" + kind))
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
	log, err := os.ReadFile(filepath.Join(dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	for kind, p := range all {
		checkFlood(t, kind, p, countedOf(ask("/push/log.json?limit=10000&of="+kind)), string(log))
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

// floodItems is more than a digest shows of a flood.
const floodItems = 90

// moreOf is how a message says how many items it counts without showing them.
var moreOf = regexp.MustCompile(`\+([0-9]+) more`)

// countedOf are the items, by their marks, that a target's log has as counted.
func countedOf(log string) map[string]bool {
	out := map[string]bool{}
	for line := range strings.SplitSeq(strings.ReplaceAll(log, "},", "}\n"), "\n") {
		if strings.Contains(line, `"outcome":"counted"`) {
			out[markOf.FindString(line)] = true
		}
	}
	return out
}

// checkFlood holds that what the log calls counted is what messages count, is shown by none, and was warned of once a digest.
func checkFlood(t *testing.T, kind string, p *platform, counted map[string]bool, log string) {
	t.Helper()
	said, digests := 0, map[string]bool{}
	for _, m := range p.Received() {
		marks := markOf.FindAllString(string(m.Body), -1)
		for _, mark := range marks {
			if counted[mark] {
				t.Errorf("%s: %s is shown, and counted by another message", kind, mark)
			}
		}
		// A message that arrived twice counts once.
		if n := moreOf.FindStringSubmatch(string(m.Body)); n != nil && !digests[strings.Join(marks, " ")] {
			digests[strings.Join(marks, " ")] = true
			more, err := strconv.Atoi(n[1])
			if err != nil {
				t.Fatal(err)
			}
			said += more
		}
	}
	warned := 0
	for line := range strings.SplitSeq(log, "\n") {
		if strings.Contains(line, "many items at once") && strings.Contains(line, `"target":"`+kind+`"`) {
			warned++
		}
	}
	if said != len(counted) || len(counted) == 0 || warned > len(digests) {
		t.Errorf("%s: messages count %d items, its log %d; %d digests and %d warnings", kind, said, len(counted), len(digests), warned)
	}
}
