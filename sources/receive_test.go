package sources

import (
	"errors"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

// listening is a scripted source that is told of news.
type listening struct{ *scripted }

func (listening) Receive(http.ResponseWriter, *http.Request, Mailbox) {}

// TestMail: a letter that came in through another process is read within 2*time.Second, once; a failed fetch leaves it.
func TestMail(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemoryStore()
		var read []string
		fail := true
		src := listening{&scripted{fetch: func(n int, st State, out Sink) (Result, error) {
			mail := st.(Mail)
			letters, err := mail.Letters()
			if err != nil {
				return Result{}, err
			}
			for _, l := range letters {
				mail.Done(l)
				read = append(read, string(l.Body))
			}
			if fail && len(letters) > 0 {
				return Result{}, errors.New("upstream is away")
			}
			return Result{}, nil
		}}}
		m := startManager(t, store, spec("s", src))
		synctest.Wait()
		put := func(n int) {
			store.mu.Lock()
			defer store.mu.Unlock()
			store.notes[fmt.Sprintf("%s/%03d", BucketMail, n)] = fmt.Append(nil, n)
		}
		put(2)
		put(1)
		time.Sleep(2*time.Second + time.Millisecond)
		synctest.Wait()
		if want := "[1 2]"; fmt.Sprint(read) != want {
			t.Fatalf("read %v, want %s", read, want)
		}
		// The fetch failed, so the letters are there still; they wait for the next due time and hammer nobody.
		fail, read = false, nil
		before := len(src.times())
		time.Sleep(2 * 2 * time.Second)
		synctest.Wait()
		if n := len(src.times()); n > before {
			t.Errorf("%d fetches follow a failed one at once", n-before)
		}
		time.Sleep(2 * time.Hour)
		synctest.Wait()
		if want := "[1 2]"; fmt.Sprint(read) != want {
			t.Errorf("after the failure %v is read, want %s", read, want)
		}
		if ok, err := hasMail(t.Context(), &memoryDesk{store}); ok || err != nil {
			t.Errorf("letters are left: %v %v", ok, err)
		}
		if _, _, ok := m.Receiver("s"); !ok {
			t.Error("the Manager does not know its receiver")
		}
	})
}
