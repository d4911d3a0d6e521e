package open311

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"hotline1022/channels/simulator"
	"hotline1022/ticketing"
)

// routed is a ticket that goes to Điện lực, whose errand is made.
func (h *house) routed() ticketing.Ticket {
	h.Helper()
	t := h.taken("phone", "0905123182", "first_name", "Nguyễn", "last_name", "Văn An")
	t = h.do(operator, t.Code, ticketing.Command{Verb: ticketing.Route, Agency: "dien-luc"})
	events := h.events(t.Code)
	h.must(h.ch.makeErrand(context.Background(), events[len(events)-1]))
	return t
}

// sent is one more that has been handed over, so that the agency's ids come in the order of the tickets.
func (h *house) sent() ticketing.Ticket {
	h.Helper()
	t := h.routed()
	h.round()
	return t
}

func (h *house) round() {
	h.Helper()
	h.must(h.ch.round(context.Background()))
}

// later is a round after the pause.
func (h *house) later(d time.Duration) {
	h.Helper()
	h.clock.Advance(d)
	h.round()
}

func (h *house) errands() int {
	h.Helper()
	rs, err := h.store.All(context.Background(), kindErrand, "")
	h.must(err)
	return len(rs)
}

// notes are the ticket's internal notes.
func (h *house) notes(code ticketing.Code) string {
	h.Helper()
	var out []string
	for _, e := range h.events(code) {
		if e.Kind == ticketing.Noted {
			out = append(out, e.Text)
		}
	}
	return strings.Join(out, "\n")
}

func TestATicketGoesToItsAgencyOnce(t *testing.T) {
	h := newHouse(t)
	o := h.agency(simulator.Open311Settings{Jurisdiction: "dienluc.example"})
	ticket := h.routed()
	h.round()
	h.round()
	h.later(time.Hour)
	all := o.Reports()
	if len(all) != 1 {
		t.Fatalf("%d reports", len(all))
	}
	f := all[0].Form
	h.equal(f.Get("lat"), "16.051200")
	h.equal(f.Get("service_code"), "dien")
	h.equal(f.Get("attribute[external_id]"), ticket.Number())
	h.has(f.Get("description"), "Mất điện từ sáng")
	h.has(f.Get("description"), ticket.Number())
	for _, secret := range []string{"905123182", "Nguyễn", string(ticket.Code), "khoa-dien-luc"} {
		h.yes(!strings.Contains(f.Encode()+f.Get("description"), secret), "it tells %q: %v", secret, f)
	}
	h.has(h.notes(ticket.Code), "DL-0001")
	h.equal(h.ticket(ticket.Number()).Status, ticketing.Routed) // nobody there has taken it yet
	h.equal(h.kinds(ticket.Code, ticketing.Noted), 1)
}

// The routing is heard from the feed, by several processes, and after a restart from where they were.
func TestTheFeedIsFollowed(t *testing.T) {
	h := newHouse(t)
	before := h.taken()
	o := h.agency(simulator.Open311Settings{})
	h.do(operator, before.Code, ticketing.Command{Verb: ticketing.Route, Agency: "dien-luc"}) // nobody follows yet
	run := func() (stop func()) {
		ctx, cancel := context.WithCancel(context.Background())
		var group sync.WaitGroup
		for range 3 {
			ch := h.process()
			_, _, err := ch.cursor(ctx) // begun, before anything else happens
			h.must(err)
			group.Go(func() { _ = ch.Run(ctx) })
		}
		return func() { cancel(); group.Wait() }
	}
	sent := func(n int) {
		h.Helper()
		for deadline := time.Now().Add(20 * time.Second); len(o.Reports()) < n || h.errands() < n; {
			if time.Now().After(deadline) {
				h.Fatalf("%d reports, %d errands", len(o.Reports()), h.errands())
			}
			<-time.After(5 * time.Millisecond)
		}
	}
	stop := run()
	var last ticketing.Ticket
	for range 5 {
		last = h.taken()
		h.do(operator, last.Code, ticketing.Command{Verb: ticketing.Route, Agency: "dien-luc"})
	}
	h.do(operator, h.taken().Code, ticketing.Command{Verb: ticketing.Route, Agency: "so-xd"}) // has no endpoint
	sent(5)
	stop()
	h.do(operator, h.taken().Code, ticketing.Command{Verb: ticketing.Route, Agency: "dien-luc"}) // while nobody runs
	stop = run()
	sent(6)
	// Again from the start of the feed, as after a crash before the cursor was saved: nothing goes out twice, also not
	// what has no errand any more.
	h.must(h.store.Erase(context.Background(), kindErrand, errand{Ticket: last.Code, N: 2}.id(), 0))
	events, err := h.store.Since(context.Background(), 0, 256)
	h.must(err)
	for _, e := range events {
		if e.Kind == ticketing.RoutedTo && e.Ticket != before.Code {
			h.must(h.ch.makeErrand(context.Background(), e))
		}
	}
	stop()
	h.round()
	h.equal(len(o.Reports()), 6)
	h.equal(h.errands(), 5)
}

// What comes back becomes the agency's own events, and ends in a draft, never with the citizen.
func TestWhatAnAgencySays(t *testing.T) {
	for name, extension := range map[string]bool{"by updates": true, "by records": false} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t)
			o := h.agency(simulator.Open311Settings{Updates: extension})
			say := func(id, status, words string) {
				if extension {
					o.Say(id, status, words)
				} else {
					o.Mark(id, status, words)
				}
			}
			a, b := h.sent(), h.sent()
			h.later(askEvery)
			h.equal(h.kinds(a.Code, ticketing.Noted), 1)
			say("DL-0001", "IN_PROGRESS", "Tổ sửa chữa đang đến")
			say("DL-0002", "NOT_COUNCILS_RESPONSIBILITY", "Đường dây của đơn vị khác")
			h.later(askEvery)
			h.equal(h.ticket(a.Number()).Status, ticketing.Working)
			h.has(h.notes(a.Code), "Tổ sửa chữa đang đến")
			h.equal(h.ticket(b.Number()).Status, ticketing.New)
			h.equal(h.ticket(b.Number()).Agency, "")
			say("DL-0001", "closed", "Đã thay cầu chì")
			h.later(askEvery)
			h.later(askEvery) // windows overlap, records stay: heard twice, done once
			now := h.ticket(a.Number())
			h.equal(now.Status, ticketing.Drafted)
			h.equal(now.Draft.Text, "Đã thay cầu chì")
			h.equal([]int{h.kinds(a.Code, ticketing.Accepted), h.kinds(a.Code, ticketing.DraftWritten), h.kinds(a.Code, ticketing.Noted)}, []int{1, 1, 2})
			h.equal(h.errands(), 1) // the other has left the agency
			h.do(leader, a.Code, ticketing.Command{Verb: ticketing.Approve})
			h.do(operator, a.Code, ticketing.Command{Verb: ticketing.AnswerIt, Text: "Đã thay cầu chì", Outcome: ticketing.Done})
			h.do(operator, a.Code, ticketing.Command{Verb: ticketing.Close})
			h.later(askEvery)
			h.equal(h.errands(), 0)
		})
	}
}

// A person's own draft is not written over, and what may not follow is a note.
func TestPeopleGoFirst(t *testing.T) {
	h := newHouse(t)
	o := h.agency(simulator.Open311Settings{Updates: true})
	a, b := h.sent(), h.sent()
	h.do(officer, a.Code, ticketing.Command{Verb: ticketing.AcceptIt})
	h.do(officer, a.Code, ticketing.Command{Verb: ticketing.WriteDraft, Text: "Của chị Uyên", Outcome: ticketing.Done})
	h.do(officer, b.Code, ticketing.Command{Verb: ticketing.AcceptIt})
	h.do(officer, b.Code, ticketing.Command{Verb: ticketing.Ask, Text: "Số nhà nào?"})
	o.Say("DL-0001", "FIXED", "Máy nói xong")
	o.Say("DL-0002", "NO_FURTHER_ACTION", "Máy nói không làm")
	h.later(askEvery)
	h.equal(h.ticket(a.Number()).Draft.Text, "Của chị Uyên")
	h.has(h.notes(a.Code), "Máy nói xong")
	h.equal(h.ticket(b.Number()).Status, ticketing.Waiting)
	h.has(h.notes(b.Code), "Máy nói không làm")
}

func TestATokenIsAskedFor(t *testing.T) {
	h := newHouse(t)
	o := h.agency(simulator.Open311Settings{Tokens: true})
	ticket := h.routed()
	h.round()
	h.later(tokenPause)
	h.equal(h.kinds(ticket.Code, ticketing.Noted), 0)
	o.Settle()
	h.later(tokenPause)
	h.has(h.notes(ticket.Code), "DL-0002")
	h.equal(o.Calls("POST requests"), 1)
}

// Each way in which handing over can fail: how often it is sent, and what becomes of it.
func TestWhatGoesWrong(t *testing.T) {
	for _, c := range []struct {
		name    string
		set     simulator.Open311Settings
		fault   simulator.Open311Fault
		reports int // that the agency has in the end
		posts   int
		note    string
		problem string
	}{
		{name: "refused before it was read", fault: simulator.Open311Fault{Status: 500}, reports: 1, posts: 2, note: "DL-0001"},
		{name: "taken, and the answer lost", fault: simulator.Open311Fault{Drop: true, Done: true}, reports: 1, posts: 1, note: "DL-0001"},
		{name: "taken, and a bad gateway answers", fault: simulator.Open311Fault{Status: 502, Done: true}, reports: 1, posts: 1, note: "DL-0001"},
		{name: "taken by one who shows no words but knows it again", set: simulator.Open311Settings{Silent: true, Dedupes: true},
			fault: simulator.Open311Fault{Drop: true, Done: true}, reports: 1, posts: 2, note: "DL-0001"},
		{name: "taken by one who shows no words and knows nothing again: doubled", set: simulator.Open311Settings{Silent: true},
			fault: simulator.Open311Fault{Drop: true, Done: true}, reports: 2, posts: 2, note: "DL-0002"},
		{name: "no answer but a page", fault: simulator.Open311Fault{Body: "<!doctype html><p>xin chào"}, reports: 1, posts: 2, note: "DL-0001"},
		{name: "an answer without id", fault: simulator.Open311Fault{Body: "<service_requests/>"}, reports: 1, posts: 2, note: "DL-0001"},
		{name: "over its limit", fault: simulator.Open311Fault{Status: 429, After: 60}, reports: 1, posts: 2, note: "DL-0001"},
		{name: "full", fault: simulator.Open311Fault{Status: 503, After: 60}, reports: 1, posts: 2, note: "DL-0001"},
		{name: "moved: the key does not follow", fault: simulator.Open311Fault{Status: 302}, posts: 1, note: "Không gửi được", problem: "open311.alarm.refused"},
		{name: "a service it does not have", set: simulator.Open311Settings{Services: []string{"khac"}}, posts: 1, note: "Không gửi được", problem: "open311.alarm.refused"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newHouse(t)
			o := h.agency(c.set)
			if c.fault.Status != 0 || c.fault.Drop || c.fault.Body != "" {
				c.fault.On = "POST requests"
				o.Fail(c.fault)
			}
			ticket := h.routed()
			h.round()
			h.later(5 * time.Second) // before any pause is over
			if n := o.Calls("POST requests"); n != 1 {
				t.Errorf("%d posts at once", n)
			}
			h.later(5 * time.Minute)
			h.later(5 * time.Minute)
			h.equal([]int{len(o.Reports()), o.Calls("POST requests"), o.Faults()}, []int{c.reports, c.posts, 0})
			h.has(h.notes(ticket.Code), c.note)
			problems := h.ch.Health().Problems
			if c.problem == "" != (len(problems) == 0) || len(problems) > 0 && problems[0].Key != c.problem {
				t.Errorf("%v", problems)
			}
			h.yes(!strings.Contains(h.log.String(), "khoa-dien-luc") && !strings.Contains(h.log.String(), o.URL()), "the log tells: %s", h.log)
		})
	}
}

// A process that dies between the agency's answer and its own note leaves a claim; another looks before it sends.
func TestADeadProcess(t *testing.T) {
	h := newHouse(t)
	o := h.agency(simulator.Open311Settings{})
	ticket := h.routed()
	h.ch.settle = time.Nanosecond // what came of it cannot be written down any more
	h.must(h.ch.round(context.Background()))
	h.equal(len(o.Reports()), 1)
	h.equal(h.kinds(ticket.Code, ticketing.Noted), 0)
	h.ch = h.process()
	h.round() // the claim is fresh: somebody may be at it
	h.equal(o.Calls("POST requests")+o.Calls("GET requests"), 1)
	h.later(takenLost)
	h.equal([]int{len(o.Reports()), o.Calls("POST requests")}, []int{1, 1})
	h.has(h.notes(ticket.Code), "DL-0001")
}

func TestAKeyThatIsNoLongerTaken(t *testing.T) {
	h := newHouse(t)
	o := h.agency(simulator.Open311Settings{})
	o.SetKey("another")
	ticket := h.routed()
	h.round()
	h.equal(h.ch.Health().Problems[0].Key, "open311.alarm.key")
	h.endpoint(o.URL(), "another", "")
	h.later(time.Minute)
	h.has(h.notes(ticket.Code), "DL-0001")
	h.equal(len(h.ch.Health().Problems), 0)
}

// A server that does not answer is asked ever less, and people are told.
func TestASilentAgency(t *testing.T) {
	h := newHouse(t)
	o := h.agency(simulator.Open311Settings{})
	h.routed()
	h.round()
	h.round()
	calls := o.Calls("GET updates") + o.Calls("GET requests")
	for range 500 {
		o.Fail(simulator.Open311Fault{Status: 500})
	}
	for range 12 * 60 { // twelve hours, a round a minute
		h.clock.Advance(time.Minute)
		_ = h.ch.round(context.Background())
	}
	n := o.Calls("GET updates") + o.Calls("GET requests") - calls
	if n < 10 || n > 20 {
		t.Errorf("asked %d times in twelve hours", n)
	}
	h.equal(h.ch.Health().Problems[0].Key, "open311.alarm.silent")
}

// No agency's address is asked that is not public, unless the one who runs the house trusts it.
func TestOnlyPublicAddresses(t *testing.T) {
	h := newHouse(t)
	o := h.agency(simulator.Open311Settings{})
	h.ch.Trusted = nil
	ticket := h.routed()
	h.round()
	h.equal(len(o.Reports()), 0)
	h.has(h.notes(ticket.Code), "Không gửi được")
}

// A ticket that left the agency before it was sent stays here.
func TestTakenBackBeforeItWent(t *testing.T) {
	h := newHouse(t)
	o := h.agency(simulator.Open311Settings{})
	ticket := h.routed()
	h.do(officer, ticket.Code, ticketing.Command{Verb: ticketing.Return, Reason: "không phải"})
	h.round()
	h.equal(len(o.Reports()), 0)
	h.equal(h.errands(), 0)
}

// Two hotlines: what one routes to an agency arrives at the other, a lost answer does not double it, and what the other
// does comes back.
func TestOneHotlineToAnother(t *testing.T) {
	here, there := newHouse(t), newHouse(t)
	address := strings.TrimSuffix(there.url, "/")
	here.ch.Trusted = []string{strings.Split(strings.TrimPrefix(address, "http://"), "/")[0]}
	here.endpoint(address, there.keys["write"], "1022.example.vn")
	there.ch.Public = true
	ticket := here.routed()
	here.round()
	got := there.ticket(strings.Fields(here.notes(ticket.Code))[len(strings.Fields(here.notes(ticket.Code)))-1])
	here.equal(got.External, ticket.Number())
	here.equal(got.Channel, ticketing.Open311)
	there.clock.Advance(time.Minute)
	there.do(operator, got.Code, ticketing.Command{Verb: ticketing.Route, Agency: "so-xd"})
	there.do(ticketing.Actor{ID: "x", Role: ticketing.Officer, Agency: "so-xd"}, got.Code, ticketing.Command{Verb: ticketing.AcceptIt})
	here.later(2 * askEvery)
	here.equal(here.ticket(ticket.Number()).Status, ticketing.Working)
}
