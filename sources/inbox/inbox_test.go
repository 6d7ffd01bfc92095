package inbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"feedmill/sources"
	"feedmill/sources/sourcetest"
)

const token = "0123456789abcdef"

func open(t testing.TB) *source {
	t.Helper()
	cfg := &Config{Token: token}
	if err := cfg.Check(""); err != nil {
		t.Fatal(err)
	}
	src, err := Kind.New(cfg, sources.Env{Name: "script"})
	if err != nil {
		t.Fatal(err)
	}
	return src.(*source)
}

// send is one request of a sender with the token.
func send(t testing.TB, box *sourcetest.Box, method, path, body string) (int, answer) {
	t.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Header.Set("Authorization", "bearer "+token)
	w := httptest.NewRecorder()
	r.Body = http.MaxBytesReader(w, r.Body, sources.MaxReceived)
	open(t).Receive(w, r, box)
	var a answer
	if err := json.Unmarshal(w.Body.Bytes(), &a); err != nil {
		t.Fatalf("%s %s: the answer is no JSON: %v\n%s", method, path, err, w.Body)
	}
	return w.Code, a
}

func fetch(t testing.TB, st *sourcetest.State) *sourcetest.Sink {
	t.Helper()
	out := sourcetest.NewSink(st)
	if _, err := sourcetest.Fetch(t.Context(), open(t), st, out); err != nil {
		t.Fatal(err)
	}
	for _, b := range out.Broken {
		t.Error(b)
	}
	return out
}

func TestSource(t *testing.T) {
	sourcetest.Run(t, func(t *testing.T) sourcetest.Outside {
		box := &sourcetest.Box{}
		send(t, box, "POST", "/", `[{"id":"1","title":"one"},{"id":"2","content_text":"two"}]`)
		return sourcetest.Outside{
			New:    func() sources.Source { return open(t) },
			Change: func() { send(t, box, "POST", "/", `{"id":"3","title":"three"}`) },
			Box:    box,
		}
	})
}

func TestCheck(t *testing.T) {
	for _, tok := range []string{"", "short"} {
		if err := (&Config{Token: tok}).Check(""); err == nil || !strings.HasPrefix(err.Error(), "inbox: ") {
			t.Errorf("token %q: %v", tok, err)
		}
	}
	if l := (&Config{Token: token}).Location(); strings.Contains(l, token) {
		t.Errorf("the location tells the token: %s", l)
	}
}

func TestAllowed(t *testing.T) {
	for header, want := range map[string]bool{
		"Bearer " + token: true, "bearer  " + token: true, "": false, "Bearer": false, "Bearer ": false, "Basic " + token: false,
		"Bearer " + token + "x": false, token: false,
	} {
		r := httptest.NewRequest("POST", "/", strings.NewReader(`{"id":"1","title":"x"}`))
		r.Header.Set("Authorization", header)
		w, box := httptest.NewRecorder(), &sourcetest.Box{}
		open(t).Receive(w, r, box)
		if got := w.Code == http.StatusAccepted; got != want || got != (box.Puts == 1) {
			t.Errorf("Authorization %q: %d, %d letters", header, w.Code, box.Puts)
		}
		if !want && w.Header().Get("WWW-Authenticate") == "" {
			t.Errorf("Authorization %q: no challenge", header)
		}
	}
}

func TestPost(t *testing.T) {
	for _, c := range []struct {
		name, body string
		code       int
		accepted   int
		wrong      []string // "index: part of the error"
	}{
		{"one", `{"id":"a","title":"A"}`, 202, 1, nil},
		{"array", `[{"id":"a","title":"A"},{"id":7,"content_html":"<p>x</p>"}]`, 202, 2, nil},
		{"feed", `{"version":"https://jsonfeed.org/version/1.1","title":"f","items":[{"id":"a","summary":"s"}]}`, 202, 1, nil},
		{"extension", `{"id":"a","title":"A","_mine":{"x":1}}`, 202, 1, nil},
		{"no items", `{"version":"https://jsonfeed.org/version/1.1","items":[]}`, 202, 0, nil},
		{"delete", `{"id":"a","deleted":true}`, 202, 1, nil},
		{"empty", ` `, 400, 0, nil},
		{"no JSON", `{"id":`, 400, 0, nil},
		{"text", `"hello"`, 400, 0, nil},
		{"feed without items", `{"version":"https://jsonfeed.org/version/1.1"}`, 400, 0, nil},
		{
			"some wrong", `[{"id":"a","title":"A"},{"title":"no id"},{"id":"c","titel":"C"},{"id":"d","title":"D","date_published":"yesterday"},` +
				`{"id":"e"},{"id":"f","title":5},7,{"id":"g","title":"G","attachments":[{"url":"https://e.example/a.mp3"}]}]`,
			422, 1,
			[]string{"1: id:", "2: unknown member \"titel\"", "3: no date", "4: neither title", "5: title: a number", "6: an object", "7: attachments[0]"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			box := &sourcetest.Box{}
			code, a := send(t, box, "POST", "/", c.body)
			if code != c.code || a.Accepted != c.accepted || a.Failed != len(c.wrong) {
				t.Errorf("%d %+v, want %d with %d accepted", code, a, c.code, c.accepted)
			}
			if code == 400 && a.Error == "" {
				t.Error("no reason is given")
			}
			for _, w := range c.wrong {
				at, text, _ := strings.Cut(w, ": ")
				text = strings.Replace(text, "no date", "is no date", 1)
				text = strings.TrimPrefix(text, "an object")
				ok := slices.ContainsFunc(a.Items, func(o outcome) bool {
					return fmt.Sprint(o.Index) == at && o.Status == "failed" && o.Error != "" && strings.Contains(o.Error, text)
				})
				if !ok {
					t.Errorf("no outcome says %q: %+v", w, a.Items)
				}
			}
			if (box.Puts > 0) != (c.accepted > 0) {
				t.Errorf("%d letters for %d accepted items", box.Puts, c.accepted)
			}
		})
	}
}

// TestItem: what an item says arrives, and a public ID is only made of an id that is one.
func TestItem(t *testing.T) {
	box := &sourcetest.Box{}
	send(t, box, "POST", "/", `[
		{"id":"https://s.example/1","url":"https://s.example/1","external_url":"https://o.example/x","title":"Use <b>bold</b>","content_text":"a < b\n\nc",
		 "summary":"short","image":"https://s.example/i.png","date_published":"2026-01-02T03:04:05+08:00","date_modified":"2026-01-03T00:00:00Z",
		 "authors":[{"name":"Lin"},{"name":"Ana","url":"https://s.example/ana"}],"tags":["AI","芯片"],"categories":["news"],"language":"zh-CN",
		 "attachments":[{"url":"https://s.example/a.mp3","mime_type":"audio/mpeg","title":"t","size_in_bytes":1234,"duration_in_seconds":61.5}]},
		{"id":42,"title":"short id","author":{"name":"Old"},"banner_image":"https://s.example/b.png"}]`)
	out := fetch(t, sourcetest.NewStateWith(box))
	if len(out.Changes) != 2 {
		t.Fatalf("%d changes", len(out.Changes))
	}
	c := out.Changes[0]
	got := fmt.Sprintf("%s|%s|%s|%s|%s|%s|%s|%s|%v|%v|%v|%v|%s|%+v", c.Wish, c.Item.URL, c.Item.Original, c.Item.Title, c.Item.Content, c.Item.Summary, c.Item.Image,
		c.Item.Published.Format("2006-01-02T15:04:05Z07:00"), c.Item.Updated.UTC().Day(), c.Item.Authors, c.Item.Tags, c.Item.Categories, c.Item.Language, c.Item.Enclosures)
	want := "https://s.example/1|https://s.example/1|https://o.example/x|Use <b>bold</b>|<p>a &lt; b</p><p>c</p>|short|https://s.example/i.png|" +
		"2026-01-02T03:04:05+08:00|3|[Lin Ana]|[AI 芯片]|[news]|zh-CN|" +
		"[{URL:https://s.example/a.mp3 Type:audio/mpeg Title:t Length:1234 Duration:1m1.5s Medium: Width:0 Height:0 Language: Thumbnail: Description:}]"
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if c := out.Changes[1]; c.Key != "42" || c.Wish != "" || c.Item.Authors[0].Name != "Old" || c.Item.Image == "" || !c.Hold {
		t.Errorf("second: %+v %+v", c, c.Item)
	}
}

// TestLastWord: of several letters about an item the last counts, and what was read is not read again.
func TestLastWord(t *testing.T) {
	box := &sourcetest.Box{}
	send(t, box, "POST", "/", `[{"id":"a","title":"first"},{"id":"b","title":"stays"},{"id":"c","title":"goes"}]`)
	send(t, box, "POST", "/", `{"id":"a","title":"second"}`)
	if code, a := send(t, box, "DELETE", "/c", ""); code != 202 || a.Items[0].ID != "c" {
		t.Errorf("delete: %d %+v", code, a)
	}
	st := sourcetest.NewStateWith(box)
	out := fetch(t, st)
	var titles []string
	for _, c := range out.Changes {
		titles = append(titles, c.Item.Title)
	}
	if fmt.Sprint(titles, out.Withdrawn) != "[second stays] [c]" {
		t.Errorf("emitted %v, withdrawn %v", titles, out.Withdrawn)
	}
	if out := fetch(t, st); len(out.Changes)+len(out.Withdrawn) > 0 {
		t.Errorf("read twice: %v %v", out.Changes, out.Withdrawn)
	}
}

// TestMany: items are packed into letters, more than one look takes them all, and none is lost.
func TestMany(t *testing.T) {
	box := &sourcetest.Box{Look: 2}
	text := strings.Repeat("长", 30_000) // 90 kB: eleven make a letter
	const requests, each = 3, 12
	for r := range requests {
		var list []string
		for i := range each {
			list = append(list, fmt.Sprintf(`{"id":"%d-%d","title":"t","content_text":%q}`, r, i, text))
		}
		body := "[" + strings.Join(list, ",") + "]"
		if code, a := send(t, box, "POST", "/", body); code != 202 {
			t.Fatalf("%d %s", code, a.Error)
		}
	}
	if box.Puts != requests*2 {
		t.Errorf("%d letters: items are not packed", box.Puts)
	}
	if out := fetch(t, sourcetest.NewStateWith(box)); len(out.Changes) != requests*each {
		t.Errorf("%d items arrive", len(out.Changes))
	}
}

func TestLimits(t *testing.T) {
	box := &sourcetest.Box{}
	big := fmt.Sprintf(`{"id":"a","title":"t","content_text":%q}`, strings.Repeat("x", sources.MaxLetter))
	if code, a := send(t, box, "POST", "/", big); code != 422 || a.Accepted != 0 {
		t.Errorf("an item larger than a letter: %d %+v", code, a)
	}
	many := "[" + strings.TrimSuffix(strings.Repeat(`{"id":"a","title":"t"},`, MaxItems+1), ",") + "]"
	if code, _ := send(t, box, "POST", "/", many); code != 400 {
		t.Errorf("too many items: %d", code)
	}
	if code, _ := send(t, box, "POST", "/", strings.Repeat(" ", sources.MaxReceived+1)); code != 413 {
		t.Errorf("too large a body: %d", code)
	}
	if code, _ := send(t, box, "POST", "/", strings.Repeat("[", 1<<20)); code != 400 {
		t.Errorf("a deep body: %d", code)
	}
	for _, c := range [][2]string{{"GET", "/"}, {"PUT", "/x"}, {"POST", "/x"}, {"DELETE", "/"}} {
		if code, _ := send(t, box, c[0], c[1], `{"id":"a","title":"t"}`); code != 405 {
			t.Errorf("%s %s: %d", c[0], c[1], code)
		}
	}
	box.Fail = errors.New("full")
	if code, a := send(t, box, "POST", "/", `{"id":"a","title":"t"}`); code != 503 || a.Accepted != 0 || strings.Contains(a.Error, "full") {
		t.Errorf("a store that fails: %d %+v", code, a)
	}
	if box.Puts > 0 {
		t.Errorf("%d letters are kept", box.Puts)
	}
}

// FuzzPost: what is accepted can be read again, and comes out as many items as have distinct ids.
func FuzzPost(f *testing.F) {
	f.Add(`{"id":"a","title":"A"}`)
	f.Add(`[{"id":1,"content_html":"<p>x"},{"id":"b","deleted":true}]`)
	f.Add(`{"version":"https://jsonfeed.org/version/1","items":[{"id":"a","summary":"s","date_published":"2026-01-01T00:00:00Z"}]}`)
	f.Add(`[{"id":"a","title":"t","attachments":[{"url":"u","mime_type":"m","size_in_bytes":-1e300}]}]`)
	f.Fuzz(func(t *testing.T, body string) {
		box := &sourcetest.Box{}
		code, a := send(t, box, "POST", "/", body)
		out := fetch(t, sourcetest.NewStateWith(box))
		for _, r := range out.Rejected {
			if !r.Repaired {
				t.Errorf("accepted and rejected later: %v", r)
			}
		}
		if n := len(out.Changes) + len(out.Withdrawn); n > a.Accepted || a.Accepted > 0 && n == 0 {
			t.Errorf("%d: %d accepted, %d came out", code, a.Accepted, n)
		}
	})
}
