package ui

import (
	"net/url"
	"strconv"

	"github.com/gofiber/fiber/v2"

	"hotline1022/ticketing"
)

// ledgerPath is the ledger's own address.
const ledgerPath = "/console/gui-di"

// ledgerViewPage is the ledger of outgoing messages.
type ledgerViewPage struct {
	Page
	State, Channel string
	Groups         []ledgerGroup
	Channels       []ticketing.Channel
	Lines          []ledgerLine
	Group          string // of State: how the page's columns and its emptiness are called
	First, Next    string // addresses; "" where there is none
	Again          bool   // the reader may have messages sent again
	Notice         string
	Fault          string
}

// ledgerGroup is a way into the ledger with the states it is made of.
type ledgerGroup struct {
	Key    string
	States []ticketing.DeliveryState
}

var ledgerGroups = []ledgerGroup{
	{Key: ticketing.LedgerFailed},
	{Key: ticketing.LedgerWaiting, States: []ticketing.DeliveryState{ticketing.Queued, ticketing.Attempted, ticketing.Retry}},
	{Key: ticketing.LedgerSent, States: []ticketing.DeliveryState{ticketing.Delivered, ticketing.Arrived, ticketing.Read}},
}

// ledgerLine is one message.
type ledgerLine struct {
	ticketing.LedgerLine
	What string // what sort of message it is: a key
}

func (s *Server) ledger(v *visit) error {
	p, err := s.ledgerPage(v)
	if err != nil {
		return err
	}
	return s.ok(v, "ledger", p)
}

func (s *Server) ledgerPage(v *visit) (ledgerViewPage, error) {
	p := ledgerViewPage{Page: s.page(v, v.t("nav.ledger")), State: ticketing.LedgerFailed, Group: ticketing.LedgerFailed, Groups: ledgerGroups}
	p.Here, p.NoIndex = ledgerPath, true
	p.Again = v.staff.Role == ticketing.Operator || v.staff.Role == ticketing.Supervisor
	for _, g := range ledgerGroups {
		for _, state := range append([]ticketing.DeliveryState{ticketing.DeliveryState(g.Key)}, g.States...) {
			if v.Query("state") == string(state) {
				p.State, p.Group = string(state), g.Key
			}
		}
	}
	for _, ch := range ticketing.Channels {
		if ch.Conversation() || ch == ticketing.Email || ch == ticketing.Phone {
			p.Channels = append(p.Channels, ch)
			if v.Query("channel") == string(ch) {
				p.Channel = string(ch)
			}
		}
	}
	if v.Query("ok") != "" {
		p.Notice = v.t("ledger.queued_again")
	}
	cursor := v.Query("cursor")
	page, err := s.Desk.Ledger(v.ctx(), v.actor(), ticketing.LedgerQuery{State: p.State, Channel: ticketing.Channel(p.Channel), Cursor: cursor})
	if err != nil {
		return p, err
	}
	for _, l := range page.Lines {
		p.Lines = append(p.Lines, ledgerLine{l, whatIs(l)})
	}
	if cursor != "" {
		p.First = p.address("")
	}
	if page.Next != "" {
		p.Next = p.address(page.Next)
	}
	return p, nil
}

// address is the ledger's with the filter, at the cursor.
func (p ledgerViewPage) address(cursor string) string {
	q := url.Values{"state": {p.State}}
	if p.Channel != "" {
		q.Set("channel", p.Channel)
	}
	if cursor != "" {
		q.Set("cursor", cursor)
	}
	return ledgerPath + "?" + q.Encode()
}

// whatIs names the sort of message by its place in the ticket.
func whatIs(l ticketing.LedgerLine) string {
	switch l.N {
	case 1:
		return "ledger.what.receipt"
	case l.Ticket.AnswerN:
		return "ledger.what.answer"
	}
	return "ledger.what.message"
}

// sendAgain has a failed message tried anew, and goes back to where it was asked for.
func (s *Server) sendAgain(v *visit) error {
	code, err := codeOf(v)
	if err != nil {
		return err
	}
	n, err := strconv.Atoi(v.Params("n"))
	if err != nil {
		return notFound()
	}
	sent, err := s.form(v)
	if err != nil {
		return err
	}
	_, err = s.Desk.SendAgain(v.ctx(), v.actor(), code, n)
	if ticketing.ClassOf(err) == ticketing.Invalid && err != nil {
		p, readErr := s.ledgerPage(v)
		if readErr != nil {
			return readErr
		}
		p.Fault = failureOf(v.lang, err).Text
		return s.render(v, fiber.StatusUnprocessableEntity, "ledger", p)
	}
	if err != nil {
		return err
	}
	return v.seeOther(localPath(sent.value("back"), ledgerPath+"?ok=1"))
}
