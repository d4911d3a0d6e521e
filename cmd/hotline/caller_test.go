package main_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// caller is a program with a token, and what it was promised.
type caller struct {
	testing.TB
	http  *http.Client
	token string
}

// everything is a token that sees and may do all a program can.
func (p *place) everything(name string) *caller {
	p.Helper()
	o := p.run("token", "add", "--name", name, "--scopes", "tickets:read,tickets:write,tickets:act,events:read,report:read").wants(0)
	return &caller{TB: p.TB, http: client(), token: strings.TrimSpace(o.out)}
}

// reply is an answer of the API.
type reply struct {
	status int
	header http.Header
	body   []byte
}

// call asks once. An error means that no answer came: nobody knows what was done.
func (c *caller) call(method, address, key string, body any) (reply, error) {
	var in io.Reader
	if body != nil {
		raw, err := json.Marshal(body)
		if err != nil {
			return reply{}, err
		}
		in = bytes.NewReader(raw)
	}
	req, err := http.NewRequest(method, address, in)
	if err != nil {
		return reply{}, err
	}
	req.Header.Set("Authorization", "Bearer "+c.token)
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if key != "" {
		req.Header.Set("Idempotency-Key", key)
		// net/http repeats a request with this header by itself when a kept connection turns out to be closed; here
		// the test wants to do all repeating.
		req.GetBody = nil
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return reply{}, err
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	return reply{resp.StatusCode, resp.Header, raw}, err
}

// get reads what must be there. A server that says that it is busy is asked again: on a Mongo test server reading is slow.
func (c *caller) get(address string, into any) {
	c.Helper()
	r, err := c.call(http.MethodGet, address, "", nil)
	for end := time.Now().Add(patience); err == nil && r.status == 503 && time.Now().Before(end); {
		r, err = c.call(http.MethodGet, address, "", nil)
	}
	if err != nil || r.status != 200 {
		c.Fatalf("GET %s: %v, %d %s", address, err, r.status, r.body)
	}
	if err := json.Unmarshal(r.body, into); err != nil {
		c.Fatalf("GET %s: %v in %s", address, err, r.body)
	}
}

// matter is a ticket as a program hands it in; its external id is its key.
func matter(key string, n int) map[string]any {
	m := map[string]any{
		"kind": "report", "channel": "app", "text": "Đèn đường tắt, phản ánh " + key, "external_id": key,
		"subject": "Đèn đường", "address": "12 Trần Phú",
	}
	if n%3 == 0 {
		m["citizen"] = map[string]any{"name": citizenName, "phone": fmt.Sprintf("%s%05d", numberStart, n%100000)}
	}
	return m
}

// ticket is what the tests read of one.
type ticket struct {
	Code     string `json:"code"`
	Version  int    `json:"version"`
	Status   string `json:"status"`
	External string `json:"external_id"`
	Text     string `json:"text"`
}

// deed is something to be done once: a ticket to hand in, or a note on one. It is repeated under its key until an
// answer comes.
type deed struct {
	key  string
	on   string // the ticket's code; "" hands one in
	body map[string]any
}

// done is an acknowledged deed.
type done struct {
	deed
	code    string
	version int
}

// try does it once. ok: acknowledged. An error: no answer, or one that says to try again.
func (c *caller) try(base string, d deed) (done, error) {
	address, want := base+"/api/v1/tickets", 201
	if d.on != "" {
		address, want = address+"/"+d.on+"/note", 200
	}
	r, err := c.call(http.MethodPost, address, d.key, d.body)
	if err != nil {
		return done{}, err
	}
	if r.status == 503 {
		if r.header.Get("Retry-After") == "" {
			c.Errorf("503 without Retry-After: %s", r.body)
		}
		return done{}, fmt.Errorf("%d %s", r.status, r.body)
	}
	var t ticket
	if err := json.Unmarshal(r.body, &t); err != nil || r.status != want || t.Code == "" {
		c.Errorf("%s %s: %d %s (%v)", address, d.key, r.status, r.body, err)
		return done{}, fmt.Errorf("%d", r.status)
	}
	return done{d, t.Code, t.Version}, nil
}

// all is every ticket of the list, oldest first.
func (c *caller) all(base string) []ticket {
	c.Helper()
	var out []ticket
	for cursor := ""; ; {
		var page struct {
			Items []ticket
			Next  string
		}
		c.get(base+"/api/v1/tickets?sort=oldest&limit=200&cursor="+cursor, &page)
		out = append(out, page.Items...)
		if cursor = page.Next; cursor == "" {
			return out
		}
	}
}

// entry is what the tests read of an event.
type entry struct {
	Seq      int64  `json:"seq"`
	Ticket   string `json:"ticket"`
	N        int    `json:"n"`
	Event    string `json:"event"`
	External string `json:"external_id"`
	Text     string `json:"text"`
}

// feed is the journal after seq as the API tells it.
func (c *caller) feed(base string, after int64) []entry {
	c.Helper()
	var out []entry
	for {
		var page struct {
			Items []entry
			Next  int64
			More  bool
		}
		c.get(fmt.Sprintf("%s/api/v1/events?limit=20&after=%d", base, after), &page) // small: the test server reads each ticket slowly
		out = append(out, page.Items...)
		if after = page.Next; !page.More {
			return out
		}
	}
}

// keeps holds a server to everything that was acknowledged: in the journal and in the lists, once, in order.
func (c *caller) keeps(base string, acknowledged []done) []entry {
	c.Helper()
	feed := c.feed(base, 0)
	at := map[string]int{} // a ticket's last n
	handed := map[string]string{}
	noted := map[string]int{}
	for i, e := range feed {
		if e.Seq != int64(i+1) {
			c.Fatalf("event %d of the feed has seq %d", i+1, e.Seq)
		}
		if at[e.Ticket]++; e.N != at[e.Ticket] {
			c.Fatalf("seq %d: event %d of ticket %s comes after its event %d", e.Seq, e.N, e.Ticket, at[e.Ticket]-1)
		}
		switch e.Event {
		case "received":
			if other := handed[e.External]; other != "" {
				c.Errorf("%s was handed in once and became the tickets %s and %s", e.External, other, e.Ticket)
			}
			handed[e.External] = e.Ticket
		case "noted":
			noted[e.Text+" on "+e.Ticket]++
		}
	}
	listed := map[string]int{}
	var list []ticket
	within(c, "lists with all that the journal has", func() bool { // they may trail it by moments
		list = c.all(base)
		return len(list) >= len(handed)
	})
	for _, t := range list {
		listed[t.Code+" "+t.External]++
	}
	tickets, notes := 0, 0
	for _, d := range acknowledged {
		if d.on != "" {
			notes++
			if n := noted[d.key+" on "+d.on]; n != 1 {
				c.Errorf("the acknowledged note %s on %s is there %d times", d.key, d.on, n)
			}
			continue
		}
		tickets++
		if handed[d.key] != d.code {
			c.Errorf("ticket %s was acknowledged for %s; the journal has %q", d.code, d.key, handed[d.key])
		}
		if n := listed[d.code+" "+d.key]; n != 1 {
			c.Errorf("ticket %s for %s was acknowledged and is listed %d times", d.code, d.key, n)
		}
	}
	if len(handed) != tickets || len(noted) != notes || len(listed) != tickets {
		c.Errorf("acknowledged: %d tickets and %d notes; in the journal: %d and %d; listed: %d tickets",
			tickets, notes, len(handed), len(noted), len(listed))
	}
	return feed
}
