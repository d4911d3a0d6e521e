package main_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fasthttp/websocket"
)

// two are two places on one store: what they share is a database and the vault's key.
func two(t *testing.T) (a, b *place) {
	uri := mongo(t)
	for _, p := range []**place{&a, &b} {
		*p = newPlace(t, "HOTLINE_STORE", uri, "HOTLINE_VAULT_KEY", vaultOf)
	}
	return a, b
}

// screen listens on /live and notes every ticket it hears of.
type screen struct {
	testing.TB
	conn  *websocket.Conn
	ready chan struct{} // closed after the greeting

	mu    sync.Mutex
	heard []change
}

// change is a frame.
type change struct {
	Seq     int64  `json:"seq"`
	Ticket  string `json:"ticket"`
	Version int    `json:"version"`
}

func (c *caller) watch(base string) *screen {
	c.Helper()
	d := websocket.Dialer{HandshakeTimeout: 10 * time.Second}
	var conn *websocket.Conn
	within(c, "a socket", func() (ok bool) { // 503 until the hub has found the journal's end
		var resp *http.Response
		var err error
		conn, resp, err = d.Dial(strings.Replace(base, "http://", "ws://", 1)+"/live", http.Header{"Authorization": {"Bearer " + c.token}})
		if err != nil && (resp == nil || resp.StatusCode != 503) {
			c.Fatalf("%s/live: %v", base, err)
		}
		return err == nil
	})
	s := &screen{TB: c.TB, conn: conn, ready: make(chan struct{})}
	go s.listen()
	<-s.ready
	c.Cleanup(func() { conn.Close() })
	return s
}

func (s *screen) listen() {
	greeted := sync.OnceFunc(func() { close(s.ready) })
	defer greeted()
	for {
		_, raw, err := s.conn.ReadMessage()
		if err != nil {
			return
		}
		greeted()
		var changes []change
		if len(raw) == 0 || raw[0] != '[' || json.Unmarshal(raw, &changes) != nil {
			continue
		}
		s.mu.Lock()
		s.heard = append(s.heard, changes...)
		s.mu.Unlock()
	}
}

func (s *screen) hears(code string, version int) {
	s.Helper()
	within(s, fmt.Sprintf("a frame of ticket %s at version %d", code, version), func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return slices.ContainsFunc(s.heard, func(c change) bool { return c.Ticket == code && c.Version >= version })
	})
}

func TestWhatOneProcessTakesTheOthersScreensShow(t *testing.T) {
	t.Parallel() // mostly waiting
	a, b := two(t)
	c := a.everything("screens")
	first, second := a.serve(), b.serve()
	onFirst, onSecond := c.watch(first.url), c.watch(second.url)
	for i, post := range []string{first.url, second.url, first.url} {
		began := time.Now()
		d, err := c.try(post, deed{key: fmt.Sprint("seen-", i), body: matter(fmt.Sprint("seen-", i), i)})
		if err != nil {
			t.Fatal(err)
		}
		onFirst.hears(d.code, 1)
		onSecond.hears(d.code, 1)
		n, err := c.try([]string{second.url, first.url}[i%2], deed{key: fmt.Sprint("note-", i), on: d.code, body: map[string]any{"version": d.version, "text": "x"}})
		if err != nil {
			t.Fatal(err)
		}
		onFirst.hears(d.code, n.version)
		onSecond.hears(d.code, n.version)
		t.Logf("two events, each on one process and heard on both: %s", time.Since(began).Round(time.Millisecond))
	}
	first.stop()
	second.stop()
}

// Sixteen programs hand matters in and write notes on both processes. One process is killed meanwhile; what had no
// answer is repeated at the other.
func TestTwoProcessesLoseDoubleAndReorderNothing(t *testing.T) {
	t.Parallel() // mostly waiting
	a, b := two(t)
	c := a.everything("writers")
	first, second := a.serve(), b.serve()
	const writers, each = 16, 12
	var acknowledged []done
	var mu sync.Mutex
	count := func() int {
		mu.Lock()
		defer mu.Unlock()
		return len(acknowledged)
	}
	var running sync.WaitGroup
	for w := range writers {
		running.Go(func() {
			random := rand.New(rand.NewPCG(uint64(w), 2))
			for i := range each {
				key := fmt.Sprintf("two-%02d-%02d", w, i)
				d := deed{key: key, body: matter(key, w*each+i)}
				mu.Lock()
				if len(acknowledged) > 0 && i%3 > 0 { // on anybody's ticket
					d = deed{key: key, on: acknowledged[random.IntN(len(acknowledged))].code, body: map[string]any{"version": 0, "text": key}}
				}
				mu.Unlock()
				did, err := done{}, error(nil)
				for tries := range 200 {
					base := []string{first.url, second.url}[(w+i+tries)%2]
					if did, err = c.try(base, d); err == nil || t.Failed() {
						break
					}
				}
				if err != nil {
					c.Errorf("%s was never acknowledged: %v", key, err)
					return
				}
				mu.Lock()
				acknowledged = append(acknowledged, did)
				mu.Unlock()
			}
		})
	}
	at := writers*each/4 + rand.IntN(writers*each/2)
	within(t, "the moment to kill one", func() bool { return count() >= at || t.Failed() })
	first.kill()
	before := count()
	running.Wait()
	if t.Failed() {
		return
	}
	feed := c.keeps(second.url, acknowledged)

	back := a.serve()
	if other := c.feed(back.url, 0); !slices.Equal(feed, other) {
		t.Errorf("the killed process came back and tells %d events, the other %d, not the same", len(other), len(feed))
	}
	d, err := c.try(back.url, deed{key: "back", body: matter("back", 1)})
	if err != nil {
		t.Fatalf("the killed process came back and takes nothing: %v", err)
	}
	if more := c.feed(second.url, int64(len(feed))); len(more) != 1 || more[0].Ticket != d.code {
		t.Errorf("of what came in after the return the other process tells %+v", more)
	}
	a.run("replay", "--check").wants(0, "nothing differs") // a third process, while both serve
	a.run("verify").wants(0, "no hole")
	t.Logf("%d deeds acknowledged, %d of them after one process was killed; %d events", len(acknowledged), len(acknowledged)-before, len(feed))
	back.stop()
	second.stop()
}
