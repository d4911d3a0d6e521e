package realtime_test

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"testing"

	"hotline1022/realtime"
	"hotline1022/ticketing"
)

// desks is who has what on her own, and a bell.
type desks struct {
	bell ticketing.Bell
	mu   sync.Mutex
	has  map[string]string
	ill  bool
}

func (d *desks) put(user, what string) {
	d.mu.Lock()
	d.has[user] = what
	d.mu.Unlock()
	d.bell.Ring()
}

func (d *desks) own() *realtime.Own {
	return &realtime.Own{
		Bell: d.bell.Wait,
		Show: func(context.Context) (func(context.Context, realtime.Viewer) (any, error), error) {
			d.mu.Lock()
			defer d.mu.Unlock()
			if d.ill {
				d.ill = false
				return nil, errors.New("the store is away")
			}
			return func(_ context.Context, v realtime.Viewer) (any, error) {
				d.mu.Lock()
				defer d.mu.Unlock()
				if d.has[v.User] == "" {
					return nil, nil
				}
				return d.has[v.User] + " " + v.Audience.Lang, nil
			}, nil
		},
	}
}

// own is the next thing told of her own; anything of somebody else's fails the test.
func (s *screen) own() string {
	s.Helper()
	for {
		if it := s.next(); it.Own != nil {
			return string(it.Own)
		}
	}
}

func TestAPersonsOwnIsToldToHerScreensOnly(t *testing.T) {
	d := &desks{has: map[string]string{"lan": "quiet", "nam": "quiet too"}}
	h := build(t, newPaper(), func(hub *realtime.Hub) { hub.Own = d.own(); hub.Limits.Own = 1 })
	lan, again, nam := h.open("role=operator&user=lan"), h.open("role=operator&user=lan&lang=en"), h.open("role=operator&user=nam")
	if got := lan.own(); got != `"quiet vi"` {
		t.Errorf("whoever comes is told what is so: %s", got)
	}
	if got := again.own(); got != `"quiet en"` {
		t.Errorf("in her other language: %s", got)
	}
	if got := nam.own(); got != `"quiet too vi"` {
		t.Errorf("nam: %s", got)
	}
	d.put("lan", "it rings")
	if got := lan.own(); got != `"it rings vi"` {
		t.Errorf("lan: %s", got)
	}
	if got := again.own(); got != `"it rings en"` {
		t.Errorf("her other screen: %s", got)
	}
	d.put("nam", "her turn") // had he been told of hers, it would come first
	if got := nam.own(); got != `"her turn vi"` {
		t.Errorf("nam: %s", got)
	}
	d.put("nobody", "x") // nothing changes for those who are here
	d.put("lan", "over")
	if got := lan.own(); got != `"over vi"` {
		t.Errorf("lan: %s", got)
	}
	// Three at the start, two as it rang, his one, two as it was over; a screen may show its own before it is counted.
	h.wait("eight are made and no more", func() bool { return h.hub.Stats().Owned == 8 })
}

// A state that could not be made is made a moment later, though nothing rings.
func TestWhatIsOnesOwnIsTriedAgain(t *testing.T) {
	d := &desks{has: map[string]string{"lan": "here"}, ill: true}
	h := build(t, newPaper(), func(hub *realtime.Hub) { hub.Own = d.own(); hub.Limits.Own = 1 })
	if got := h.open("role=operator&user=lan").own(); got != `"here vi"` {
		t.Errorf("%s", got)
	}
}

// A program has no telephone, whatever name its token goes by.
func TestAProgramIsToldNothingOfAPersonsOwn(t *testing.T) {
	d := &desks{has: map[string]string{"lan": "hers"}}
	h := build(t, newPaper(), func(hub *realtime.Hub) { hub.Own = d.own(); hub.Limits.Own = 1 })
	conn, _, err := h.dial("/live?role=operator&user=lan", http.Header{"Authorization": {"Bearer x"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	s := &screen{house: h, conn: conn}
	if s.next().Hello == nil {
		t.Fatal("no greeting")
	}
	other := h.open("role=operator&user=lan")
	other.own() // a round has been made
	e := h.do("A", ticketing.Received)
	if c := s.next(); c.Own != nil || c.Seq != e.Seq {
		t.Errorf("a program was told %s", c)
	}
}
