package main_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"
	"time"
)

// writers do deeds on whatever server stands behind the address of the day; what gets no answer they do again, under
// the same key, on the next one.
type writers struct {
	c     *caller
	start chan string // a server's address for each writer
	idle  sync.WaitGroup

	mu           sync.Mutex
	made         int
	acknowledged []done
	repeated     int // deeds that were done again because no answer had come
}

// hire has n of them wait for work; the returned function lets them end what is open on the server and go.
func hire(c *caller, n int) (w *writers, leave func(base string)) {
	w = &writers{c: c, start: make(chan string)}
	var open sync.WaitGroup
	closing := make(chan string)
	for i := range n {
		open.Go(func() { w.write(i, closing) })
	}
	return w, func(base string) {
		for range n {
			closing <- base
		}
		open.Wait()
	}
}

func (w *writers) write(id int, closing <-chan string) {
	random := rand.New(rand.NewPCG(uint64(id), 1))
	var pending *deed
	own := []string{} // tickets of this writer
	finish := false
	for {
		var base string
		select {
		case base = <-w.start:
		case base = <-closing:
			finish = true
		}
		for {
			if pending == nil && finish {
				return
			}
			fresh := pending == nil
			if fresh {
				pending = w.next(random, own)
			}
			d, err := w.c.try(base, *pending)
			if err != nil {
				if finish {
					w.c.Errorf("the last server did not answer: %v", err)
					return
				}
				break // it is dead: wait for the next
			}
			w.mu.Lock()
			w.acknowledged = append(w.acknowledged, d)
			if !fresh {
				w.repeated++
			}
			w.mu.Unlock()
			if d.on == "" {
				own = append(own, d.code)
			}
			pending = nil
		}
		w.idle.Done()
	}
}

// next is a new ticket or, one time in four, a note on an old one.
func (w *writers) next(random *rand.Rand, own []string) *deed {
	w.mu.Lock()
	w.made++
	n := w.made
	w.mu.Unlock()
	key := fmt.Sprintf("app-%06d", n)
	if len(own) > 0 && random.IntN(4) == 0 {
		return &deed{key: key, on: own[random.IntN(len(own))], body: map[string]any{"version": 0, "text": key}}
	}
	return &deed{key: key, body: matter(key, n)}
}

// traffic has n writers write to the server.
func (w *writers) traffic(base string, n int) {
	w.idle.Add(n)
	for range n {
		w.start <- base
	}
}

// The power goes a hundred times during intake. Whoever was told that his matter has been taken finds it there, once;
// whoever was not, and asks again, causes no second one.
func TestKilledAHundredTimesDuringIntake(t *testing.T) {
	rounds := 100
	if testing.Short() {
		rounds = 10
	}
	p := newPlace(t)
	const n = 6
	w, leave := hire(p.everything("intake"), n)
	began := time.Now()
	for round := range rounds {
		if round%10 == 5 { // also while it starts
			s := p.begin()
			time.Sleep(time.Duration(rand.IntN(60)) * time.Millisecond) // a random moment, nothing is waited for
			s.kill()
		}
		s := p.serve()
		w.traffic(s.url, n)
		time.Sleep(20*time.Millisecond + time.Duration(rand.IntN(130))*time.Millisecond) // a random moment
		s.kill()
		w.idle.Wait()
		if t.Failed() {
			t.Fatalf("round %d", round+1)
		}
	}
	p.run("verify").wants(0, "no hole")
	p.run("replay", "--check").wants(0, "nothing differs")

	s := p.serve()
	leave(s.url)
	feed := w.c.keeps(s.url, w.acknowledged)
	for i := range 50 { // and one by one
		d := w.acknowledged[i*len(w.acknowledged)/50]
		var got ticket
		w.c.get(s.url+"/api/v1/tickets/"+d.code, &got)
		if d.on == "" && got.External != d.key {
			t.Errorf("ticket %s has the external id %q, want %q", d.code, got.External, d.key)
		}
		again, err := w.c.call(http.MethodPost, s.url+"/api/v1/tickets", d.key, d.body)
		if d.on == "" && (err != nil || again.status != 201) {
			t.Errorf("the repeat of %s: %v, %d %s", d.key, err, again.status, again.body)
		}
	}
	if more := w.c.feed(s.url, int64(len(feed))); len(more) > 0 {
		t.Errorf("repeats made %d events", len(more))
	}
	s.stop()
	p.run("verify").wants(0)
	p.run("replay", "--check").wants(0)
	t.Logf("%d kills in %s: %d deeds acknowledged, %d of them only at a repeat; %d events", rounds, time.Since(began).Round(time.Second),
		len(w.acknowledged), w.repeated, len(feed))
	if len(w.acknowledged) < 3*rounds || w.repeated < rounds/4 {
		t.Errorf("too little happened between the kills for the test to mean anything")
	}
}
