package webchat

import (
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"

	"hotline1022/ticketing"
)

// burst is ten times as many windows as the benchmark's connections, each with one message.
type burst struct {
	*house
	windows []*window
	names   []string
	through []bool       // who has had a yes
	few     int          // so many of the windows send
	late    atomic.Int64 // the latest yes, from the request's arrival, in ns
}

func (b *burst) watch(f *fiber.Ctx) error {
	begun := time.Now()
	err := f.Next()
	if f.Response().StatusCode() == fiber.StatusOK {
		for took, late := int64(time.Since(begun)), b.late.Load(); took > late && !b.late.CompareAndSwap(late, took); late = b.late.Load() {
		}
	}
	return err
}

const atOnce = 640

func newBurst(t *testing.T) (*burst, *slowStore) {
	b, store := &burst{}, &slowStore{let: make(chan struct{})}
	h := newHouse(t, func(h *house) {
		much := Rate{1 << 30, time.Second}
		h.ch.Rates = Rates{much, much, much, much, much}
		store.Store, h.desk.Store = h.store, store
		h.watch = b.watch
	})
	b.house = h
	for range atOnce {
		b.windows, b.names = append(b.windows, h.window()), append(b.names, nextName())
	}
	b.through, b.few = make([]bool, atOnce), atOnce
	http.DefaultTransport.(*http.Transport).MaxIdleConnsPerHost = atOnce
	return b, store
}

// send has every window send its message that has had no yes for it, as windows do, and counts who has had one.
func (b *burst) send() (status map[int]int) {
	b.Helper()
	status = map[int]int{}
	var mu sync.Mutex
	var all sync.WaitGroup
	for i, w := range b.windows[:b.few] {
		if b.through[i] {
			mu.Lock()
			status[200]++
			mu.Unlock()
			continue
		}
		all.Go(func() {
			a := w.say("Nước ngập cả đường.", "key", b.names[i])
			mu.Lock()
			defer mu.Unlock()
			status[a.StatusCode]++
			b.through[i] = a.StatusCode == 200
			if a.StatusCode != 200 && (a.StatusCode != 503 || a.Header.Get("Retry-After") == "") {
				b.Errorf("%d, Retry-After %q: %s", a.StatusCode, a.Header.Get("Retry-After"), a.body)
			}
		})
	}
	all.Wait()
	if late := time.Duration(b.late.Load()); late > 2*time.Second {
		b.Errorf("a yes after %s", late)
	}
	return status
}

// ends has the windows repeat until each has had its yes. Under the race detector all of them at once would be ten times
// what the machine can take: there the first sixty-four come back.
func (b *burst) ends(when string) {
	b.Helper()
	if underRace {
		b.few = 64
	}
	var got map[int]int
	for range 20 {
		if got = b.send(); got[200] == b.few {
			break
		}
	}
	if got[200] != b.few {
		b.Errorf("%s: %v", when, got)
	}
}

func TestAStoreThatIsBlockedKeepsNobodyWaiting(t *testing.T) {
	b, store := newBurst(t)
	got := b.send()
	if got[503] != atOnce {
		t.Errorf("while nothing can be stored: %v", got)
	}
	if n := b.ch.Health().Counts["turned away"]; n == 0 || !underRace && n < atOnce-mostAtOnce {
		t.Errorf("%d turned away at once, want those for whom there is no place", n)
	}
	close(store.let)
	b.ends("after it is let")
	b.counts()
}

func TestAStoreThatIsSlowTakesWhatItCan(t *testing.T) {
	b, store := newBurst(t)
	stop := make(chan struct{})
	var trickle sync.WaitGroup
	trickle.Go(func() {
		tick := time.NewTicker(5 * time.Millisecond) // 200 a second
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				select {
				case store.let <- struct{}{}:
				default:
				}
			case <-stop:
				return
			}
		}
	})
	defer func() { close(stop); trickle.Wait() }()
	got := b.send()
	if got[200] == 0 || got[503] == 0 || got[200]+got[503] != atOnce {
		t.Errorf("of a burst of %d: %v", atOnce, got)
	}
	b.ends("after twenty repeats")
	b.counts()
}

func TestWhatIsStoredTooLateIsNoYesAndItsRepeatIs(t *testing.T) {
	store := &lateStore{}
	h := newHouse(t, func(h *house) { store.Store, h.desk.Store = h.store, store })
	w := h.window()
	store.late.Store(true)
	name := nextName()
	if a := w.say("Nước ngập cả đường.", "key", name).wants(t, 503); a.Header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	store.late.Store(false)
	w.say("Nước ngập cả đường.", "key", name).wants(t, 200)
	if n := h.only().Messages; n != 1 {
		t.Errorf("%d messages", n)
	}
}

// counts reads the journal: nobody's message is there twice, and everybody's who has had a yes is there. (One that was
// stored too late to be told so may be there too.)
func (b *burst) counts() {
	b.Helper()
	said, yes := map[ticketing.Code]int{}, 0
	for end := int64(0); ; {
		events, err := b.store.Since(b.Context(), end, 500)
		b.must(err)
		if len(events) == 0 {
			break
		}
		for _, e := range events {
			if end = e.Seq; e.Text == "Nước ngập cả đường." {
				said[e.Ticket]++
			}
		}
	}
	for code, n := range said {
		if n != 1 {
			b.Errorf("%s holds the message %d times", code, n)
		}
	}
	for _, through := range b.through {
		if through {
			yes++
		}
	}
	if len(said) < yes || !underRace && len(said) != atOnce {
		b.Errorf("%d messages in the journal for %d that were told yes, of %d", len(said), yes, atOnce)
	}
}
