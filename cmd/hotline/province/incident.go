package province

import (
	"errors"
	"fmt"
	"time"

	"hotline1022/ticketing"
)

// incident is one fault that many report: the reports are merged into the first, and its answer goes to all.
func (l *life) incident(others []*life) {
	if !l.arrive() {
		return
	}
	l.operator = staffed("quang", ticketing.Operator, "")
	var merged []*life
	for _, o := range others {
		if !l.sleepFor(3*time.Minute, 9*time.Minute) {
			return
		}
		o.at, o.operator = l.at, l.operator
		if !o.arrive() {
			l.err = o.err
			return
		}
		merged = append(merged, o)
	}
	urgent, category := ticketing.Urgent, l.matter.Category
	if !l.sleepFor(time.Minute, 4*time.Minute) || !l.do(l.operator, ticketing.Command{Verb: ticketing.Triage, Kind: ticketing.Report, Category: &category, Priority: &urgent}) {
		return
	}
	for _, o := range merged {
		if !l.sleepFor(20*time.Second, time.Minute) {
			return
		}
		o.at = l.at
		if !o.do(l.operator, ticketing.Command{Verb: ticketing.Merge, Into: l.code}) {
			l.err = o.err
			return
		}
	}
	l.reread()
	l.agency = "dien-luc"
	if !l.do(l.operator, ticketing.Command{Verb: ticketing.Route, Agency: l.agency, Reason: "Sự cố diện rộng, nhiều người báo"}) ||
		!l.sleepFor(3*time.Minute, 10*time.Minute) || !l.do(officer(l.agency), ticketing.Command{Verb: ticketing.AcceptIt}) ||
		!l.sleepFor(90*time.Minute, 3*time.Hour) || !l.draft() ||
		!l.sleepFor(5*time.Minute, 15*time.Minute) || !l.do(leader(l.agency), ticketing.Command{Verb: ticketing.Approve}) ||
		!l.sleepFor(2*time.Minute, 10*time.Minute) || !l.do(l.operator, l.answer()) {
		return
	}
	for _, o := range merged { // with the key under which the running hotline would tell them
		o.at = l.at
		key := fmt.Sprintf("answer:%s:%d:%s", l.code, l.ticket.AnswerN, o.code)
		if !o.do(l.operator, ticketing.Command{Verb: ticketing.Message, Text: l.ticket.Answer, Key: key}) {
			l.err = o.err
			return
		}
	}
}

// sleepFor lets time pass by night too.
func (l *life) sleepFor(least, most time.Duration) bool {
	l.at = l.at.Add(l.between(least, most))
	return l.err == nil && l.sleep(l.at)
}

func (l *life) reread() {
	t, err := l.desk.Store.Ticket(l.world.ctx, l.code)
	if err != nil {
		l.err = errors.Join(l.err, err)
		return
	}
	l.ticket = t
}
