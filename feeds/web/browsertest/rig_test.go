// Package browsertest looks at the pages of a real feedmill with a real Chromium, as a person does: nothing is faked. It is a
// module of its own, so that who builds feedmill needs nothing of what drives a browser.
package browsertest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

const (
	posts = 1360                // each with three tags that no other has
	boats = posts - (posts+1)/3 // that have the word: every third is in Chinese
	topic = "/tag/harbour"
	// screenshots is where pictures of all pages go, for people to look at.
	screenshots = "screenshots"
)

var (
	base     string // of the server that all tests look at
	admin    string // of its operator
	chromium string
)

func TestMain(m *testing.M) {
	os.Exit(func() int {
		for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"} {
			if path, err := exec.LookPath(name); err == nil && chromium == "" {
				chromium = path
			}
		}
		if chromium == "" {
			if os.Getenv("CI") == "true" {
				fmt.Fprintln(os.Stderr, "no Chromium: run make browser, which installs it")
				return 1
			}
			fmt.Println("skipped: there is no Chromium")
			return 0
		}
		stop, err := start()
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer stop()
		return m.Run()
	}())
}

// start builds feedmill and lets it serve a site with thousands of topics.
func start() (stop func(), err error) {
	dir, err := os.MkdirTemp("", "browsertest")
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			os.RemoveAll(dir)
		}
	}()
	program := filepath.Join(dir, "feedmill")
	build := exec.Command("go", "build", "-buildvcs=false", "-o", program, "./cmd/feedmill")
	build.Dir = "../../.."
	if out, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("build feedmill: %w: %s", err, out)
	}
	if err := writeSite(filepath.Join(dir, "site")); err != nil {
		return nil, err
	}
	var ports [2]int
	for i := range ports {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		l.Close()
		ports[i] = l.Addr().(*net.TCPAddr).Port
	}
	base, admin = fmt.Sprintf("http://localhost:%d", ports[0]), fmt.Sprintf("http://localhost:%d", ports[1])
	config := fmt.Sprintf("title: Harbour news\nsources:\n  site: { jekyll: %s }\nfeeds:\n  ships:\n    title: Ships and boats\n    description: All that floats.\n    match: { q: boat }\n  港口新闻:\n    match: { tag: harbour, lang: zh }\n", filepath.Join(dir, "site"))
	if err := os.WriteFile(filepath.Join(dir, "feedmill.yaml"), []byte(config), 0o600); err != nil {
		return nil, err
	}
	var output bytes.Buffer
	serve := exec.Command(program, "serve", "--config", filepath.Join(dir, "feedmill.yaml"), "--store", "memory:", "--admin", fmt.Sprintf("127.0.0.1:%d", ports[1]), "--listen", fmt.Sprintf("127.0.0.1:%d", ports[0]))
	serve.Stdout, serve.Stderr, serve.Dir = &output, &output, dir
	if err := serve.Start(); err != nil {
		return nil, err
	}
	ended := make(chan error, 1)
	go func() { ended <- serve.Wait() }()
	stop = func() {
		_ = serve.Process.Signal(os.Interrupt)
		<-ended
		os.RemoveAll(dir)
	}
	for range 600 {
		// All posts are there, and the saved feed has all that it is to have.
		body, err := get("/")
		ships, err2 := get("/feed/ships")
		if errors.Join(err, err2) == nil && strings.Contains(body, fmt.Sprintf("%d posts in", posts)) && strings.Contains(ships, fmt.Sprintf("Posts: %d", boats)) {
			return stop, nil
		}
		select {
		case err := <-ended:
			return nil, fmt.Errorf("feedmill has ended: %w: %s", err, output.String())
		case <-time.After(100 * time.Millisecond):
		}
	}
	stop()
	return nil, fmt.Errorf("feedmill has not got its posts: %s", output.String())
}

func get(path string) (string, error) {
	resp, err := http.Get(base + path)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	var b bytes.Buffer
	_, err = b.ReadFrom(resp.Body)
	return b.String(), err
}

// writeSite writes a Jekyll site.
func writeSite(dir string) error {
	posted := filepath.Join(dir, "_posts")
	if err := os.MkdirAll(posted, 0o700); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "_config.yml"), []byte("title: Harbour news\nurl: https://site.example\ntimezone: UTC\n"), 0o600); err != nil {
		return err
	}
	for n := range posts {
		at := time.Now().UTC().Add(-time.Duration(n+1) * 3 * time.Hour)
		title, lang, text := fmt.Sprintf("Boats of pier %d run again", n), "en", "The boats run again. Tickets are sold at the pier, and the first one leaves at seven in the morning, whatever the weather says about it."
		if n%3 == 1 {
			title, lang, text = fmt.Sprintf("证券时报网：第%d号码头恢复运营", n), "zh-CN", "轮渡今天恢复运营，首班船早上七点开出。票务窗口设在码头入口，也可以在线购买；遇大风天气时班次另行通知。"
		}
		if n == 0 {
			title, text = "A post with everything in it", everything
		}
		tags := fmt.Sprintf("tag-%d, 标签-%d, tag-%d", 3*n, 3*n+1, 3*n+2)
		if n == posts-1 {
			tags = "tag-4078, 标签-4079, tag-4079"
		}
		if n < 90 {
			tags += ", harbour, weather"
		}
		post := fmt.Sprintf("---\ntitle: %q\ndate: %s\ncategories: [news]\ntags: [%s]\nlang: %s\nauthor: Ann Lee\nimage: https://img.example/%d.jpg\n---\n%s\n", title, at.Format("2006-01-02 15:04:05 +0000"), tags, lang, n, text)
		if err := os.WriteFile(filepath.Join(posted, fmt.Sprintf("%s-post-%d.md", at.Format(time.DateOnly), n)), []byte(post), 0o600); err != nil {
			return err
		}
	}
	return nil
}

const everything = `The first paragraph says what it is about, with a [link](https://elsewhere.example/page) and ` + "`code`" + `.

![A boat at the pier](https://img.example/boat.jpg)

<img src="http://plain.example/pixel.gif"><img src="https://img.example/x.png" onerror="document.title='ran'">
<script>document.title='ran'</script><iframe src="https://frame.example/"></iframe>
<video src="https://video.example/a.mp4" autoplay></video>
<p style="background:url(https://style.example/a.png)" onclick="document.title='ran'">Styled.</p>
<form action="https://form.example/"><input name="a"><button>Send</button></form>

## A heading

> A quotation that goes on for a while, so that it has more than one line on a telephone and one can see how it is set.

| pier | first boat | last boat | price | duration | remarks |
|---|---|---|---|---|---|
| one | 07:00 | 23:30 | 4.50 | 25 min | not on Sundays and public holidays |
| two | 07:15 | 22:45 | 3.20 | 12 min | bicycles are free of charge |

` + "```go\nfunc main() { fmt.Println(\"a line of code that is far too long for a telephone and has to scroll within its own box\") }\n```" + `

- one
- two

AVeryLongWordThatHasNoBlankInItAndStillMustNotMakeThePageWiderThanTheScreenOfATelephoneWhichIsNotWide.
`

// screen is how a page is looked at.
type screen struct {
	name     string
	width    int64
	dark     bool
	language string
	noScript bool
}

// tab is a page in a browser of its own, with all that it did.
type tab struct {
	*testing.T
	ctx context.Context

	mu       sync.Mutex
	errors   []string // of the console
	requests []string
	bytes    float64 // that came over the wire since the page was opened
}

// open starts a browser. Everything but localhost has no address, so that a request that goes out anyway goes nowhere.
func open(t *testing.T, s screen) *tab {
	t.Helper()
	opts := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(chromium), chromedp.NoSandbox, chromedp.Flag("lang", s.language),
		chromedp.Flag("disable-dev-shm-usage", true), chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND, EXCLUDE localhost"))
	ctx, stop := chromedp.NewExecAllocator(t.Context(), opts...)
	t.Cleanup(stop)
	ctx, stop = chromedp.NewContext(ctx)
	t.Cleanup(stop)
	b := &tab{T: t, ctx: ctx}
	b.run()
	on(b, runtime.ConsoleAPICalled, func(e runtime.EventConsoleAPICalled) {
		b.errors = append(b.errors, fmt.Sprintf("console.%s %v", e.Type, e.Args))
	})
	on(b, runtime.ExceptionThrown, func(e runtime.EventExceptionThrown) { b.errors = append(b.errors, fmt.Sprint(e.ExceptionDetails)) })
	on(b, log.EntryAdded, func(e log.EventEntryAdded) {
		b.errors = append(b.errors, fmt.Sprintf("%s: %s %s", e.Entry.Source, e.Entry.Text, e.Entry.URL))
	})
	on(b, network.RequestWillBeSent, func(e network.EventRequestWillBeSent) { b.requests = append(b.requests, e.Request.URL) })
	on(b, network.LoadingFinished, func(e network.EventLoadingFinished) { b.bytes += e.EncodedDataLength })
	scheme := "light"
	if s.dark {
		scheme = "dark"
	}
	call(b, network.Enable, network.EnableParams{})
	call(b, runtime.Enable, cdp.Empty{})
	call(b, log.Enable, cdp.Empty{})
	call(b, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: s.width, Height: 800, DeviceScaleFactor: 1.5, Mobile: s.width < 600})
	call(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}})
	call(b, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: s.noScript})
	call(b, network.SetExtraHTTPHeaders, network.SetExtraHTTPHeadersParams{Headers: network.Headers{"Accept-Language": s.language}})
	for _, name := range []string{"clipboard-write", "clipboard-read"} {
		call(b, browser.SetPermission, browser.SetPermissionParams{Permission: &browser.PermissionDescriptor{Name: name}, Setting: browser.PermissionSettingGranted, Origin: base})
	}
	return b
}

// on hears of an event until the test ends.
func on[E any](b *tab, event cdp.Event[E], f func(E)) {
	events := chromedp.Events(b.ctx, event)
	go func() {
		for e, err := range events {
			if err != nil {
				return // the browser ended
			}
			b.mu.Lock()
			f(e)
			b.mu.Unlock()
		}
	}()
}

// call gives the browser a command.
func call[P, R any](b *tab, command cdp.Command[P, R], params P) R {
	b.Helper()
	out, err := chromedp.Run(b.ctx, chromedp.Action[R](func(ctx context.Context, t *chromedp.Target) (R, error) {
		return cdp.Call(ctx, t, command, params)
	}))
	if err != nil {
		b.Fatal(err)
	}
	return out
}

// run does what a person does, each step within some time.
func (b *tab) run(steps ...chromedp.Action[chromedp.Void]) {
	b.Helper()
	if len(steps) == 0 {
		if err := chromedp.Do(b.ctx); err != nil { // starts the browser
			b.Fatal(err)
		}
		return
	}
	ctx, stop := context.WithTimeout(b.ctx, 30*time.Second)
	defer stop()
	if err := chromedp.Do(ctx, steps...); err != nil {
		b.Fatal(err)
	}
}

// eval is the value of an expression on the page.
func eval[T any](b *tab, expression string) T {
	b.Helper()
	out, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](expression, func(p *runtime.EvaluateParams) { p.AwaitPromise = &yes }))
	if err != nil {
		b.Fatalf("%v in %.200s", err, expression)
	}
	return out
}

var yes = true

// visit opens a page and waits until it is there.
func (b *tab) visit(path string) {
	b.Helper()
	b.mu.Lock()
	b.errors, b.requests, b.bytes = nil, nil, 0
	b.mu.Unlock()
	b.run(chromedp.Navigate(base + path))
}

// quiet holds that the page made no error and asked no other host.
func (b *tab) quiet(what string) {
	b.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, e := range b.errors {
		b.Errorf("%s: the console says %s", what, e)
	}
	for _, r := range b.requests {
		if u, err := url.Parse(r); err != nil || u.Scheme+"://"+u.Host != base {
			b.Errorf("%s: a request went to %s", what, r)
		}
	}
}

// eventually waits until an expression on the page holds.
func (b *tab) eventually(what, expression string) {
	b.Helper()
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		if eval[bool](b, "!!("+expression+")") {
			return
		}
		if time.Now().After(end) {
			b.shoot("failed")
			b.Fatalf("%s: never", what)
		}
	}
}

// shoot takes a picture of the whole page, or of its beginning where it is long.
func (b *tab) shoot(name string) {
	b.Helper()
	width, height := eval[float64](b, `document.documentElement.clientWidth`), eval[float64](b, `document.documentElement.scrollHeight`)
	picture := call(b, page.CaptureScreenshot, page.CaptureScreenshotParams{
		Format: page.CaptureScreenshotFormatPng, OptimizeForSpeed: &yes, CaptureBeyondViewport: &yes,
		Clip: &page.Viewport{Width: width, Height: min(height, 2400), Scale: 1},
	}).Data
	err := errors.Join(os.MkdirAll(screenshots, 0o755), os.WriteFile(filepath.Join(screenshots, name+".png"), picture, 0o644))
	if err != nil {
		b.Fatal(err)
	}
}
