package listing

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"feedmill/sources/internal/dates"
	"feedmill/sources/internal/page"
	"feedmill/sources/sourcetest"
)

var zone = time.FixedZone("", 8*3600)

// day reads lists at certain times.
type day struct {
	t    *testing.T
	st   *sourcetest.State
	out  *sourcetest.Sink
	book *Book
}

func (d *day) read(now, title, date string) {
	d.t.Helper()
	at, err := time.ParseInLocation("2006-01-02 15:04", now, zone)
	if err != nil {
		d.t.Fatal(err)
	}
	base, _ := url.Parse("https://h.example/")
	r := Reader{Base: base, Dates: dates.Reader{Zone: zone}, Now: at}
	if d.book, err = Open(d.st); err != nil {
		d.t.Fatal(err)
	}
	text := func(s string) []page.Value { return []page.Value{{Text: s, Plain: true}} }
	e := r.Entry(Values{"title": text(title), "url": text("/1"), "date": text(date)})
	d.out = sourcetest.NewSink(d.st)
	if _, err := d.book.Emit(d.t.Context(), d.out, d.book.Identify([]*Entry{e}), Options{}); err != nil {
		d.t.Fatal(err)
	}
	d.st.Save()
}

func (d *day) want(published string) {
	d.t.Helper()
	got := ""
	if len(d.out.Changes) > 0 {
		got = d.out.Changes[0].Item.Published.In(zone).Format("2006-01-02 15:04:05")
	}
	if got != published {
		d.t.Errorf("published %q, want %q", got, published)
	}
}

// TestADateIsResolvedOnce follows an entry whose date says less and less.
func TestADateIsResolvedOnce(t *testing.T) {
	d := &day{t: t, st: sourcetest.NewState()}
	d.read("2026-11-24 10:00", "one", "3小时前")
	d.want("2026-11-24 07:00:00")
	raw := d.out.Changes[0].Raw
	d.read("2026-11-24 11:00", "one", "4小时前")
	d.want("")
	d.read("2026-11-25 11:00", "one", "昨天 07:12")
	d.want("")
	d.read("2026-11-26 11:00", "one", "11-24")
	d.want("")
	d.read("2026-11-27 11:00", "one, edited", "11-24")
	d.want("2026-11-24 07:00:00")
	d.read("2026-11-28 11:00", "one, edited", "2026-11-24")
	d.want("2026-11-24 07:00:00") // the day alone says less than what is known; the statement is the same
	if d.out.Changes[0].Raw == raw {
		t.Error("an edited title is no news")
	}
	raw = d.out.Changes[0].Raw
	d.read("2026-11-29 11:00", "one, edited", "2026-11-24 07:03")
	d.want("2026-11-24 07:03:00")
	if d.out.Changes[0].Raw != raw {
		t.Error("a date that is stated more exactly is news")
	}
	d.read("2026-11-30 11:00", "one, edited", "2026-11-24 07:03")
	d.want("")
}

// TestYearIsKept: a date without a year stays in the year in which it was first seen.
func TestYearIsKept(t *testing.T) {
	d := &day{t: t, st: sourcetest.NewState()}
	d.read("2026-12-30 10:00", "one", "12-29")
	d.want("2026-12-29 00:00:00")
	d.read("2027-12-30 10:00", "one, edited", "12-29")
	d.want("2026-12-29 00:00:00")
}

func TestUnreadableStateCostsNothingElse(t *testing.T) {
	st := sourcetest.NewState()
	for _, key := range []string{habitsKey, sharedKey, entryPrefix + "x"} {
		st.Set(key, []byte("{"))
	}
	d := &day{t: t, st: st}
	d.read("2026-11-24 10:00", "one", "")
	if len(d.out.Changes) != 1 {
		t.Error("nothing emitted")
	}
}

// TestForget: entries that left are remembered as long as the list, and not for ever.
func TestForget(t *testing.T) {
	st := sourcetest.NewState()
	emit := func(from, to int) int {
		book, err := Open(st)
		if err != nil {
			t.Fatal(err)
		}
		var entries []*Entry
		for n := from; n < to; n++ {
			entries = append(entries, Reader{}.Entry(Values{"title": {{Text: "t"}}, "id": {{Text: "tag:x:" + strings.Repeat("x", n)}}}))
		}
		out := sourcetest.NewSink(st)
		if _, err := book.Emit(t.Context(), out, book.Identify(entries), Options{}); err != nil {
			t.Fatal(err)
		}
		st.Save()
		return len(out.Changes)
	}
	emit(0, 300)
	emit(300, 310)
	if n := len(st.Saved()) - 1; n != 10+keepGone {
		t.Errorf("%d entries are remembered, want %d", n, 10+keepGone)
	}
	if n := emit(300, 310); n != 0 {
		t.Errorf("emitted %d", n)
	}
}

func TestTemplates(t *testing.T) {
	for text, want := range map[string]string{
		"/l?page={page}&n={offset}&i={index}": "/l?page=3&n=40&i=2", "https://h.example/{page}/": "https://h.example/3/",
	} {
		if got := Template(text).Address(3, 40); got != want || Template(text).Check() != nil {
			t.Errorf("%s: %s, want %s; %v", text, got, want, Template(text).Check())
		}
	}
	if Template("/l?page=2").Check() == nil || Template("http://[::1{page}").Check() == nil {
		t.Error("taken for a template")
	}
}
