package app

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"feedmill/cache"
	"feedmill/feeds"
	"feedmill/feeds/push"
)

// Pushing is what verbs and pages do about targets: in this process ([PushDesk]) or in the running server ([Client]).
type Pushing interface {
	// PushStatus is how all targets are.
	PushStatus(ctx context.Context) ([]push.Status, error)
	// PushLog is what became of items, newest first: of the target or the item that asked names, of all for "".
	PushLog(ctx context.Context, asked string, limit int) ([]push.Delivery, error)
	// PushDead are the dead letters of a target.
	PushDead(ctx context.Context, target string) ([]push.Letter, error)
	// PushPreview is what a target would get of an item: by ID, key or address; "" for the newest that it wants, else a sample.
	PushPreview(ctx context.Context, target, item string) (PushPreview, error)
	// PushTest sends a test message.
	PushTest(ctx context.Context, target string) error
	// PushReplay lets a target send items again, and answers how many.
	PushReplay(ctx context.Context, target string, what push.Replay) (int, error)
	// PushPause stops a target, PushResume lets it go on.
	PushPause(ctx context.Context, target string) error
	PushResume(ctx context.Context, target string) error
}

// PushPreview is what a target would get.
type PushPreview struct {
	Target   string `json:"target"`
	Kind     string `json:"kind"`
	Location string `json:"location"`
	// Item is the ID of the item shown; empty for a sample.
	Item string `json:"item,omitempty"`
	// What a person reads, before the platform's limits.
	Title  string `json:"title"`
	URL    string `json:"url,omitempty"`
	Text   string `json:"text,omitempty"`
	Footer string `json:"footer,omitempty"`
	Image  string `json:"image,omitempty"`
	// Body is the exact body of the request, but for a signature.
	ContentType string `json:"content_type"`
	Body        string `json:"body"`
}

// PushDesk is a [Pushing] of this process.
type PushDesk struct {
	courier *push.Courier
	store   *shown
	scene   Scene
	specs   []push.Spec
}

// pushDesk is that of this server.
func (a *App) pushDesk() *PushDesk {
	a.mu.Lock()
	specs := a.targets
	a.mu.Unlock()
	return &PushDesk{a.courier, a.shown, a.Scene(), specs}
}

func (d *PushDesk) spec(target string) (push.Spec, error) {
	var names []string
	for _, s := range d.specs {
		if s.Name == target {
			return s, nil
		}
		names = append(names, s.Name)
	}
	if len(names) == 0 {
		return push.Spec{}, fmt.Errorf("no target %q: the configuration has none; add one with feedmill push add", target)
	}
	return push.Spec{}, fmt.Errorf("no target %q is configured; there are: %s", target, strings.Join(names, ", "))
}

// PushStatus implements [Pushing].
func (d *PushDesk) PushStatus(context.Context) ([]push.Status, error) { return d.courier.Status(), nil }

// maxLog bounds how many lines of a log are answered at once.
const maxLog = 10_000

// PushLog implements [Pushing].
func (d *PushDesk) PushLog(ctx context.Context, asked string, limit int) ([]push.Delivery, error) {
	target, item := "", ""
	switch _, err := d.spec(asked); {
	case asked == "":
	case err == nil:
		target = asked
	default:
		found, err := d.item(ctx, asked)
		if err != nil {
			return nil, fmt.Errorf("%q is no target, and %w", asked, err)
		}
		item = found.ID
	}
	return d.courier.Deliveries(ctx, target, item, min(max(limit, 1), maxLog))
}

// item finds a live item by ID, key or address.
func (d *PushDesk) item(ctx context.Context, asked string) (*feeds.Item, error) {
	list, err := d.store.Get(ctx, asked)
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		e, err := Explain(ctx, d.store.Store, d.scene, Question{Asked: asked})
		if err != nil {
			return nil, err
		}
		for _, s := range e.Items {
			if list, err = d.store.Get(ctx, s.ID); s.ID != "" && (err != nil || len(list) > 0) {
				break
			}
		}
		if err != nil {
			return nil, err
		}
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("no item has %q as its ID, key or address; feedmill explain says more", asked)
	}
	return &list[0], nil
}

// PushDead implements [Pushing].
func (d *PushDesk) PushDead(ctx context.Context, target string) ([]push.Letter, error) {
	if _, err := d.spec(target); err != nil {
		return nil, err
	}
	return d.courier.Letters(ctx, target)
}

// previewLook is how many of the newest items of a topic are looked at for one that a target wants.
const previewLook = 200

// PushPreview implements [Pushing].
func (d *PushDesk) PushPreview(ctx context.Context, target, item string) (PushPreview, error) {
	spec, err := d.spec(target)
	if err != nil {
		return PushPreview{}, err
	}
	var it *feeds.Item
	if item != "" {
		if it, err = d.item(ctx, item); err != nil {
			return PushPreview{}, err
		}
	} else if it, err = d.newest(ctx, &spec); err != nil {
		return PushPreview{}, err
	}
	out := PushPreview{Target: spec.Name, Kind: spec.Kind.Name, Location: spec.Location}
	if it == nil {
		it = push.Sample(spec.Language)
	} else {
		out.Item = it.ID
	}
	m, p, err := push.Preview(spec, it)
	if err != nil {
		return PushPreview{}, err
	}
	e := m.Entries[0]
	out.Title, out.URL, out.Text, out.Footer, out.Image = e.Title, e.URL, e.Text, e.Footer, e.Image
	out.ContentType, out.Body = p.ContentType, string(p.Body)
	return out, nil
}

// newest is the newest item that a target wants; nil where there is none among the newest.
func (d *PushDesk) newest(ctx context.Context, spec *push.Spec) (newest *feeds.Item, err error) {
	for _, topic := range spec.Topics {
		page, err := d.store.Recent(ctx, topic, feeds.ByArrival, feeds.Pos{}, previewLook)
		if err != nil {
			return nil, err
		}
		for i := range page.Items {
			it := &page.Items[i]
			if yes, err := spec.Where(it); err != nil || !yes {
				continue // an item that the expression fails for is not sent
			}
			if newest == nil || it.Arrived.After(newest.Arrived) {
				newest = it
			}
			break
		}
	}
	return newest, nil
}

// PushTest implements [Pushing].
func (d *PushDesk) PushTest(ctx context.Context, target string) error {
	spec, err := d.spec(target)
	if err != nil {
		return err
	}
	return d.courier.Test(ctx, spec)
}

// PushReplay implements [Pushing].
func (d *PushDesk) PushReplay(ctx context.Context, target string, what push.Replay) (int, error) {
	if _, err := d.spec(target); err != nil {
		return 0, err
	}
	for i, asked := range what.Items {
		if what.Dead {
			break // a dead letter may be of an item that is gone
		}
		it, err := d.item(ctx, asked)
		if err != nil {
			return 0, err
		}
		what.Items[i] = it.ID
	}
	return d.courier.Replay(ctx, target, what)
}

// PushPause implements [Pushing].
func (d *PushDesk) PushPause(ctx context.Context, target string) error {
	return d.courier.Pause(ctx, target)
}

// PushResume implements [Pushing].
func (d *PushDesk) PushResume(ctx context.Context, target string) error {
	return d.courier.Resume(ctx, target)
}

// pushReads are the addresses that change nothing; they are on the admin listener, too.
func (a *App) pushReads(mux *http.ServeMux) {
	mux.HandleFunc("GET /push.json", func(w http.ResponseWriter, r *http.Request) {
		list, err := a.pushDesk().PushStatus(r.Context())
		a.answerJSON(w, list, err)
	})
	mux.HandleFunc("GET /push/log.json", func(w http.ResponseWriter, r *http.Request) {
		limit, err := strconv.Atoi(r.FormValue("limit"))
		if err != nil {
			limit = 100
		}
		list, err := a.pushDesk().PushLog(r.Context(), r.FormValue("of"), limit)
		a.answerJSON(w, list, err)
	})
	mux.HandleFunc("GET /push/{target}/dead.json", func(w http.ResponseWriter, r *http.Request) {
		list, err := a.pushDesk().PushDead(r.Context(), r.PathValue("target"))
		a.answerJSON(w, list, err)
	})
	mux.HandleFunc("GET /push/{target}/preview.json", func(w http.ResponseWriter, r *http.Request) {
		p, err := a.pushDesk().PushPreview(r.Context(), r.PathValue("target"), r.FormValue("item"))
		a.answerJSON(w, p, err)
	})
}

// pushOrders are those that change or send something: through the control socket alone, which only the operator's user opens.
func (a *App) pushOrders(mux *http.ServeMux) {
	order := func(verb string, do func(ctx context.Context, d *PushDesk, target string) error) {
		mux.HandleFunc("POST /push/{target}/"+verb, func(w http.ResponseWriter, r *http.Request) {
			answer(w, do(r.Context(), a.pushDesk(), r.PathValue("target")))
		})
	}
	order("test", func(ctx context.Context, d *PushDesk, target string) error { return d.PushTest(ctx, target) })
	order("pause", func(ctx context.Context, d *PushDesk, target string) error { return d.PushPause(ctx, target) })
	order("resume", func(ctx context.Context, d *PushDesk, target string) error { return d.PushResume(ctx, target) })
	mux.HandleFunc("POST /push/{target}/replay", func(w http.ResponseWriter, r *http.Request) {
		what := push.Replay{Items: r.URL.Query()["item"], Dead: r.FormValue("dead") != ""}
		if since := r.FormValue("since"); since != "" {
			var err error
			if what.Since, err = time.Parse(time.RFC3339Nano, since); err != nil {
				answer(w, err)
				return
			}
		}
		n, err := a.pushDesk().PushReplay(r.Context(), r.PathValue("target"), what)
		a.answerJSON(w, n, err)
	})
}

// answerJSON writes a value, or why there is none.
func (a *App) answerJSON(w http.ResponseWriter, v any, err error) {
	if err != nil {
		answer(w, err)
		return
	}
	b, err := json.Marshal(v)
	if err != nil {
		answer(w, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	if _, err := w.Write(append(b, '\n')); err != nil {
		a.log.Debug("cannot write an answer", "err", err)
	}
}

// read asks the running server for a value.
func (c *Client) read(ctx context.Context, method, path string, v any) error {
	var b strings.Builder
	if _, err := c.ask(ctx, method, path, &b); err != nil {
		return err
	}
	if err := json.Unmarshal([]byte(b.String()), v); err != nil {
		return fmt.Errorf("read the running server's answer: %w", err)
	}
	return nil
}

func targetPath(target, rest string) string { return "/push/" + url.PathEscape(target) + "/" + rest }

// PushStatus implements [Pushing].
func (c *Client) PushStatus(ctx context.Context) (list []push.Status, err error) {
	err = c.read(ctx, http.MethodGet, "/push.json", &list)
	return list, err
}

// PushLog implements [Pushing].
func (c *Client) PushLog(ctx context.Context, asked string, limit int) (list []push.Delivery, err error) {
	q := url.Values{"of": {asked}, "limit": {strconv.Itoa(limit)}}
	err = c.read(ctx, http.MethodGet, "/push/log.json?"+q.Encode(), &list)
	return list, err
}

// PushDead implements [Pushing].
func (c *Client) PushDead(ctx context.Context, target string) (list []push.Letter, err error) {
	err = c.read(ctx, http.MethodGet, targetPath(target, "dead.json"), &list)
	return list, err
}

// PushPreview implements [Pushing].
func (c *Client) PushPreview(ctx context.Context, target, item string) (p PushPreview, err error) {
	err = c.read(ctx, http.MethodGet, targetPath(target, "preview.json?"+url.Values{"item": {item}}.Encode()), &p)
	return p, err
}

// PushReplay implements [Pushing].
func (c *Client) PushReplay(ctx context.Context, target string, what push.Replay) (n int, err error) {
	q := url.Values{"item": what.Items}
	if what.Dead {
		q.Set("dead", "1")
	}
	if !what.Since.IsZero() {
		q.Set("since", what.Since.Format(time.RFC3339Nano))
	}
	err = c.read(ctx, http.MethodPost, targetPath(target, "replay?"+q.Encode()), &n)
	return n, err
}

// PushTest implements [Pushing].
func (c *Client) PushTest(ctx context.Context, target string) error {
	return c.order(ctx, target, "test")
}

// PushPause implements [Pushing].
func (c *Client) PushPause(ctx context.Context, target string) error {
	return c.order(ctx, target, "pause")
}

// PushResume implements [Pushing].
func (c *Client) PushResume(ctx context.Context, target string) error {
	return c.order(ctx, target, "resume")
}

func (c *Client) order(ctx context.Context, target, verb string) error {
	var b strings.Builder
	_, err := c.ask(ctx, http.MethodPost, targetPath(target, verb), &b)
	return err
}

// OpenPushDesk is a [Pushing] over a store that no server of this machine has open: it carries nothing, but answers, takes
// orders and sends tests.
func OpenPushDesk(ctx context.Context, store cache.Store, scene Scene, version string) (*PushDesk, error) {
	s := &shown{Store: store}
	if err := s.refresh(ctx, scene.Config); err != nil {
		return nil, err
	}
	log := slog.New(slog.DiscardHandler)
	specs, err := MakeTargets(scene.Config, scene.Base, version, nil, log)
	if err != nil {
		return nil, err
	}
	d := &PushDesk{push.New(s, push.Options{Log: log}), s, scene, specs}
	d.courier.Apply(specs)
	return d, nil
}
