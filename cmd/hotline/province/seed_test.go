package province

import (
	"testing"
	"time"

	"hotline1022/ticketing"
)

func TestSixWeeksPassAtTheDesk(t *testing.T) {
	desk, _ := newDesk(t)
	began := time.Now()
	if err := SeedTickets(t.Context(), desk, now, 6, 400); err != nil {
		t.Fatal(err)
	}
	t.Logf("seeded in %s", time.Since(began).Round(time.Millisecond))
	all := ticketing.Scope{All: true}
	count := func(f ticketing.Filter) int {
		f.Scope = all
		n, err := desk.Store.Count(t.Context(), f)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	for _, s := range ticketing.Statuses {
		n := count(ticketing.Filter{Status: []ticketing.Status{s}})
		t.Logf("%-9s %d", s, n)
		if n == 0 {
			t.Errorf("no ticket is %s", s)
		}
	}
	for _, ch := range ticketing.Channels {
		if n := count(ticketing.Filter{Channel: []ticketing.Channel{ch}}); n == 0 && ch != ticketing.Import && ch != ticketing.Open311 {
			t.Errorf("nothing came by %s", ch)
		}
	}
	for _, k := range []ticketing.Kind{ticketing.Complaint, ticketing.Denunciation, ticketing.Spam, ticketing.Question, ticketing.Proposal} {
		if count(ticketing.Filter{Kind: []ticketing.Kind{k}}) == 0 {
			t.Errorf("no ticket is a %s", k)
		}
	}
	happened := map[ticketing.EventKind]int{}
	var last int64
	for {
		events, err := desk.Store.Since(t.Context(), last, 500)
		if err != nil {
			t.Fatal(err)
		}
		if len(events) == 0 {
			break
		}
		for _, e := range events {
			happened[e.Kind]++
			last = e.Seq
			if e.At.After(now.Add(time.Minute)) {
				t.Errorf("%s of %s happens at %s, in the future", e.Kind, e.Ticket, e.At)
			}
		}
	}
	t.Log(last, happened)
	for _, k := range ticketing.EventKinds {
		switch k {
		case ticketing.Imported, ticketing.Unmerged, ticketing.SplitOff, ticketing.Reopened, ticketing.Unpublished, ticketing.Revealed, ticketing.SendFailed, ticketing.SendConfirmed,
			ticketing.SendRequeued, ticketing.Chatted, ticketing.Prompted, ticketing.Linked, "attached":
		default:
			if happened[k] == 0 {
				t.Errorf("nothing was ever %s", k)
			}
		}
	}
	if wrong, err := desk.Store.Verify(t.Context(), nil); err != nil || len(wrong) > 0 {
		t.Errorf("the journal: %v %v", wrong, err)
	}
	if late, err := desk.Store.Outbox(t.Context(), "", now.Add(time.Hour), 10); err != nil || len(late) > 0 {
		t.Errorf("messages are still on their way: %v %v", late, err)
	}
}

func TestTheSameWeeksPassTwice(t *testing.T) {
	if testing.Short() {
		t.Skip("NOT TESTED: -short leaves the second run out")
	}
	run := func() map[string]int {
		desk, _ := newDesk(t)
		if err := SeedTickets(t.Context(), desk, now, 2, 60); err != nil {
			t.Fatal(err)
		}
		page, err := desk.Store.List(t.Context(), ticketing.Filter{Scope: ticketing.Scope{All: true}, Limit: 200})
		if err != nil {
			t.Fatal(err)
		}
		seen := map[string]int{}
		for _, k := range page.Tickets {
			seen[k.Text+"|"+string(k.Status)+"|"+k.Agency+"|"+k.Received.String()+"|"+k.Answer+"|"+string(k.Channel)]++
		}
		return seen
	}
	one, two := run(), run()
	for k, n := range one {
		if two[k] != n {
			t.Errorf("%d times, then %d times: %s", n, two[k], k)
		}
	}
	if len(one) < 55 {
		t.Errorf("only %d different tickets", len(one))
	}
}
