package province

import (
	"errors"
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
		!l.do(l.operator, ticketing.Command{Verb: ticketing.Message, Text: "Điện lực đã tới nơi và đang khắc phục sự cố. Chúng tôi sẽ báo ngay khi có điện lại."}) ||
		!l.sleepFor(90*time.Minute, 3*time.Hour) || !l.draft() ||
		!l.sleepFor(5*time.Minute, 15*time.Minute) || !l.do(leader(l.agency), ticketing.Command{Verb: ticketing.Approve}) ||
		!l.sleepFor(2*time.Minute, 10*time.Minute) || !l.do(l.operator, l.answer()) {
		return
	}
	l.err = l.desk.AnswerIncident(l.world.ctx, l.code) // as the running hotline would
	for _, o := range merged {
		if l.err == nil {
			o.at = l.at
			o.reread()
			o.deliver()
			l.err = o.err
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
