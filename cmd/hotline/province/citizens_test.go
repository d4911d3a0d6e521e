package province

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"hotline1022/ticketing"
)

func TestCitizensAndOfficersKeepTheRoomAlive(t *testing.T) {
	desk, _ := newDesk(t)
	clock := now
	desk.Now = func() time.Time { return clock }
	take := func(ctx context.Context, in ticketing.Incoming) (ticketing.Contact, error) {
		who := in.From
		if !in.Channel.Conversation() {
			in.From, who = ticketing.Contact{}, ticketing.Contact{}
		}
		_, err := desk.Receive(ctx, ticketing.Actor{Role: ticketing.Citizen}, in)
		return who, err
	}
	c := &Citizens{Desk: desk, Officers: true, Log: slog.New(slog.DiscardHandler), Doors: map[ticketing.Channel]Door{ticketing.Web: take, ticketing.Zalo: take}}
	op := staffed("hanh", ticketing.Operator, "")
	for i := range 400 {
		clock = clock.Add(20 * time.Second)
		if err := c.Step(t.Context()); err != nil {
			t.Fatal(err)
		}
		if i%3 == 0 { // the person who watches does the operator's part
			page, err := desk.List(t.Context(), op, ticketing.Filter{Status: []ticketing.Status{ticketing.New, ticketing.Review}, Limit: 50})
			if err != nil || len(page.Tickets) == 0 {
				continue
			}
			k := page.Tickets[i%len(page.Tickets)]
			cmd := ticketing.Command{Verb: ticketing.Route, Agency: "cong-ich"}
			if k.Status == ticketing.Review {
				cmd = ticketing.Command{Verb: ticketing.AnswerIt, Text: k.Draft.Text, Outcome: k.Draft.Outcome}
			} else if i%5 == 0 {
				cmd = ticketing.Command{Verb: ticketing.Ask, Text: "Ở đâu ạ?"}
			}
			if _, err := desk.Do(t.Context(), op, k.Code, cmd); past(err) != nil {
				t.Fatal(err)
			}
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
		}
	}
	for _, k := range []ticketing.EventKind{ticketing.Received, ticketing.Said, ticketing.Accepted, ticketing.DraftWritten, ticketing.DraftApproved, ticketing.VerdictGiven} {
		if happened[k] == 0 {
			t.Errorf("nothing was %s: %v", k, happened)
		}
	}
	if happened[ticketing.Received] < 80 {
		t.Errorf("only %d matters", happened[ticketing.Received])
	}
}

func TestWithoutOfficersNobodyTouchesATicket(t *testing.T) {
	desk, _ := newDesk(t)
	if err := SeedTickets(t.Context(), desk, now, 1, 40); err != nil {
		t.Fatal(err)
	}
	end, err := desk.Store.End(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	clock := now.Add(time.Hour)
	desk.Now = func() time.Time { return clock }
	c := &Citizens{Desk: desk, Log: slog.New(slog.DiscardHandler)}
	for range 100 {
		if err := c.Step(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	events, err := desk.Store.Since(t.Context(), end, 500)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range events {
		if e.By.Role != ticketing.Citizen {
			t.Errorf("%s by %+v", e.Kind, e.By)
		}
	}
}
