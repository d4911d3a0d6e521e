package ticketing_test

import (
	"errors"
	"testing"
	"time"

	"hotline1022/ticketing"
)

func TestAPlatformsReceiptsOnlyEverGoUp(t *testing.T) {
	o := newPostOffice(t)
	r := o.hear("k1", "Đèn hỏng")
	o.run(&script{calls: make(chan struct{}, 100)}, r.Ticket.Code, settled)
	state := func() ticketing.DeliveryState { return o.ticket(r.Ticket.Code).Sending[0].State }
	confirm := func(receipt string, s ticketing.DeliveryState) error {
		return o.desk.Confirm(t.Context(), ticketing.Zalo, receipt, s)
	}
	if err := confirm("r9", ticketing.Read); !errors.Is(err, ticketing.ErrNotFound) {
		t.Errorf("a receipt that is none of ours: %v", err)
	}
	if err := o.desk.Confirm(t.Context(), ticketing.Facebook, "r1", ticketing.Read); !errors.Is(err, ticketing.ErrNotFound) {
		t.Errorf("another platform's receipt of the same name: %v", err)
	}
	if err := confirm("r1", ticketing.Queued); err == nil || state() != ticketing.Delivered {
		t.Errorf("set back to queued: %v, %s", err, state())
	}
	o.must(confirm("r1", ticketing.Read))
	version := o.ticket(r.Ticket.Code).Version
	o.must(confirm("r1", ticketing.Arrived)) // came late
	o.must(confirm("r1", ticketing.Read))    // came again
	if tk := o.ticket(r.Ticket.Code); state() != ticketing.Read || tk.Version != version {
		t.Errorf("%s at version %d, was %d", state(), tk.Version, version)
	}
}

func TestWhatCameBackHasFailedAfterAll(t *testing.T) {
	o := newPostOffice(t)
	r := o.hear("k1", "Đèn hỏng")
	o.run(&script{calls: make(chan struct{}, 100)}, r.Ticket.Code, settled)
	o.must(o.desk.Bounced(t.Context(), r.Ticket.Code, 1, "không có hộp thư"))
	tk := o.ticket(r.Ticket.Code)
	if d := tk.Sending[0]; d.State != ticketing.Failed || !d.Task() || d.Reason != "không có hộp thư" {
		t.Errorf("%+v", d)
	}
	list, err := o.desk.Undelivered(t.Context(), operator, 10)
	if err != nil || len(list) != 1 {
		t.Errorf("%d on the list, %v", len(list), err)
	}
	o.must(o.desk.Bounced(t.Context(), r.Ticket.Code, 1, "lần nữa"))          // came again
	o.must(o.desk.Bounced(t.Context(), r.Ticket.Code, 9, "không rõ"))         // of nothing
	o.must(o.desk.Confirm(t.Context(), ticketing.Zalo, "r1", ticketing.Read)) // came late
	if now := o.ticket(r.Ticket.Code); now.Version != tk.Version || now.Sending[0].State != ticketing.Failed {
		t.Errorf("%+v at version %d, was %d", now.Sending, now.Version, tk.Version)
	}
	if err := o.desk.Bounced(t.Context(), "AAAABBBBCCCC", 1, "x"); !errors.Is(err, ticketing.ErrNotFound) {
		t.Errorf("of no ticket: %v", err)
	}
}

func TestAWatermarkConfirmsWhatWasSentBeforeIt(t *testing.T) {
	o := newPostOffice(t)
	r := o.hear("k1", "Đèn hỏng")
	s := &script{calls: make(chan struct{}, 100)}
	o.run(s, r.Ticket.Code, settled)
	mark := o.Now()
	o.advance(time.Minute)
	o.message(r.Ticket.Code, "một")
	o.run(s, r.Ticket.Code, settled)
	o.must(o.desk.ConfirmUpTo(t.Context(), ticketing.Contact{Channel: ticketing.Zalo, ID: "u1"}, ticketing.Read, mark))
	tk := o.ticket(r.Ticket.Code)
	if tk.Sending[0].State != ticketing.Read || tk.Sending[1].State != ticketing.Delivered {
		t.Errorf("%+v", tk.Sending)
	}
	o.must(o.desk.ConfirmUpTo(t.Context(), ticketing.Contact{Channel: ticketing.Zalo, ID: "somebody else"}, ticketing.Read, o.Now()))
	if tk := o.ticket(r.Ticket.Code); tk.Sending[1].State != ticketing.Delivered {
		t.Error("another person's watermark confirmed it")
	}
}
