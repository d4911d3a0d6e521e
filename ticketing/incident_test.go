package ticketing_test

import (
	"context"
	"testing"
	"time"

	"hotline1022/ticketing"
)

// carry lets the follower do what is to be done.
func (o *office) carry() {
	o.t.Helper()
	ctx, stop := context.WithCancel(o.t.Context())
	done := make(chan error, 1)
	go func() { done <- o.CarryOver(ctx) }()
	end, err := o.Store.End(ctx)
	for n, quiet := end, 0; err == nil && quiet < 5; { // until nothing has been written for a while
		time.Sleep(20 * time.Millisecond)
		if end, err = o.Store.End(ctx); end == n {
			quiet++
		} else {
			n, quiet = end, 0
		}
	}
	stop()
	<-done
	if err != nil {
		o.t.Fatal(err)
	}
}

func (o *office) stands(code ticketing.Code) ticketing.Ticket {
	o.t.Helper()
	t, err := o.Store.Ticket(o.t.Context(), code)
	if err != nil {
		o.t.Fatal(err)
	}
	return t
}

// incident is a lead and one who reported the same before it on Zalo.
func (o *office) incident() (lead, report ticketing.Ticket) {
	o.t.Helper()
	report = o.receive(ticketing.Incoming{Channel: ticketing.Zalo, From: ticketing.Contact{Channel: ticketing.Zalo, ID: "1"}, Text: "đèn tắt cả hẻm"})
	o.set("2026-04-27 10:00")
	lead = o.receive(ticketing.Incoming{Category: "chieu_sang"})
	if !report.Due.Before(lead.Due) {
		o.t.Fatalf("the report is owed %s, the lead %s", report.Due, lead.Due)
	}
	return lead, o.do(operator, report, ticketing.Command{Verb: ticketing.Merge, Into: lead.Code})
}

func TestAReportOfAnIncidentKeepsItsNumberItsPrivacyAndItsPromise(t *testing.T) {
	o := open(t)
	before, report := o.incident()
	lead := o.stands(before.Code)
	if !lead.Due.Equal(report.Due) || lead.NextAlarm().After(report.Due) {
		t.Errorf("an incident is owed when the first of its reporters is: %s, rings %s; the report %s", lead.Due, lead.NextAlarm(), report.Due)
	}
	if c := report.Counts(); !report.Joined() || c.Open != 1 || c.Answered != 0 {
		t.Errorf("merging is not answering: %+v", c)
	}
	// Out again: both are as they were.
	report = o.do(operator, report, ticketing.Command{Verb: ticketing.Unmerge})
	lead = o.stands(lead.Code)
	if len(lead.Absorbed) != 0 || !lead.Due.Equal(before.Due) || !lead.NextAlarm().Equal(before.NextAlarm()) || lead.StepDue != before.StepDue {
		t.Errorf("the lead is %+v, was %+v", lead, before)
	}
	if report.Status != ticketing.New || report.Into != "" || report.Step != ticketing.Classify || report.Ended != (time.Time{}) {
		t.Errorf("the report is %+v", report)
	}
	// In again, and answered two days after its own promise and before the lead's: late for one, in time for the other.
	report = o.do(operator, report, ticketing.Command{Verb: ticketing.Merge, Into: lead.Code})
	number, visibility := report.Number(), report.Visibility
	o.set(report.Promised.In(ticketing.Zone).Add(time.Hour).Format("2006-01-02 15:04"))
	if !o.stands(report.Code).OverdueAt(o.Now()) {
		t.Error("a promise that is broken in an incident is broken")
	}
	lead = o.do(operator, lead, ticketing.Command{Verb: ticketing.AnswerIt, Text: "Đã sáng lại.", Outcome: ticketing.Done})
	o.carry()
	report = o.stands(report.Code)
	if report.Number() != number || report.Visibility != visibility || report.Into != lead.Code {
		t.Errorf("the report is %+v", report)
	}
	if report.Status != ticketing.Answered || report.Answer != "Đã sáng lại." || report.Outcome != ticketing.Done || report.NextAlarm().IsZero() {
		t.Errorf("it has no answer of its own: %+v", report)
	}
	if c, l := report.Counts(), lead.Counts(); c.Late != 1 || c.OnTime != 0 || l.OnTime != 1 {
		t.Errorf("each has its own promise: report %+v, lead %+v", c, l)
	}
}

func TestWhoIsNotContentLeavesTheIncident(t *testing.T) {
	o := open(t)
	lead, report := o.incident()
	lead = o.do(operator, lead, ticketing.Command{Verb: ticketing.AnswerIt, Text: "Đã sáng lại.", Outcome: ticketing.Done})
	o.carry()
	report = o.do(operator, o.stands(report.Code), ticketing.Command{Verb: ticketing.GiveVerdict, Text: "Nhà tôi vẫn tối"})
	if report.Status != ticketing.New || report.Into != "" || report.Reopened != 1 {
		t.Errorf("the report is %+v", report)
	}
	o.carry()
	if now := o.stands(lead.Code); len(now.Absorbed) != 0 || now.Status != ticketing.Answered {
		t.Errorf("the lead is %+v", now)
	}
	// A second answer to the lead is not hers any more.
	version := report.Version
	lead = o.do(operator, lead, ticketing.Command{Verb: ticketing.Reopen, Reason: "x"})
	o.do(operator, lead, ticketing.Command{Verb: ticketing.AnswerIt, Text: "Lần hai.", Outcome: ticketing.Done})
	o.carry()
	if now := o.stands(report.Code); now.Version != version {
		t.Errorf("she is told what is not hers: %+v", now)
	}
}

func TestASecondAnswerReachesWhoWasContentAsAMessage(t *testing.T) {
	o := open(t)
	lead, report := o.incident()
	lead = o.do(operator, lead, ticketing.Command{Verb: ticketing.AnswerIt, Text: "Đã sáng lại.", Outcome: ticketing.Done})
	o.carry()
	o.do(operator, o.stands(report.Code), ticketing.Command{Verb: ticketing.GiveVerdict, OK: true})
	lead = o.do(operator, lead, ticketing.Command{Verb: ticketing.Reopen, Reason: "x"})
	o.do(operator, lead, ticketing.Command{Verb: ticketing.AnswerIt, Text: "Thay cả bóng.", Outcome: ticketing.Done})
	o.carry()
	events, err := o.Store.Timeline(t.Context(), report.Code, 0)
	if err != nil {
		t.Fatal(err)
	}
	last := events[len(events)-1]
	if now := o.stands(report.Code); now.Verdict == nil || !now.Verdict.OK || now.Status != ticketing.Closed || last.Kind != ticketing.Messaged || last.Text != "Thay cả bóng." {
		t.Errorf("last is %+v, the report %+v", last, now)
	}
}

func TestAReportThatJoinsLateGetsTheAnswerAtOnce(t *testing.T) {
	o := open(t)
	lead := o.receive(ticketing.Incoming{Category: "chieu_sang"})
	lead = o.do(operator, lead, ticketing.Command{Verb: ticketing.AnswerIt, Text: "Đã sáng lại.", Outcome: ticketing.Done})
	report := o.receive(ticketing.Incoming{Text: "đèn tắt"})
	o.do(operator, report, ticketing.Command{Verb: ticketing.Merge, Into: lead.Code})
	if now := o.stands(report.Code); now.Answer != "Đã sáng lại." || now.Status != ticketing.Answered {
		t.Errorf("the report is %+v", now)
	}
}

func TestAnIncidentIsNotClosedUnanswered(t *testing.T) {
	o := open(t)
	lead, report := o.incident()
	o.refused(operator, lead, ticketing.Command{Verb: ticketing.Close, Outcome: ticketing.InvalidMatter, Reason: "x"}, ticketing.Invalid, "error.close_incident")
	in, err := o.Desk.Incident(t.Context(), operator, report.Code)
	if err != nil || in.Lead.Code != lead.Code || len(in.Reports) != 1 || in.Waiting != 1 || in.Late != 0 {
		t.Errorf("%+v, %v", in, err)
	}
	if _, err := o.Desk.Incident(t.Context(), ticketing.Actor{ID: "x", Role: ticketing.Officer, Agency: "dien"}, report.Code); ticketing.ClassOf(err) != ticketing.NotFound {
		t.Errorf("an agency that has no part in it: %v", err)
	}
	o.do(operator, report, ticketing.Command{Verb: ticketing.Unmerge})
	o.do(operator, lead, ticketing.Command{Verb: ticketing.Close, Outcome: ticketing.InvalidMatter, Reason: "x"})
}

// The lead may be closed between the check and the merge: then the report comes back instead of being forgotten.
func TestAReportComesBackFromWhatWasClosedMeanwhile(t *testing.T) {
	o := open(t)
	lead := o.receive(ticketing.Incoming{Category: "chieu_sang"})
	report := o.receive(ticketing.Incoming{Text: "đèn tắt"})
	o.do(operator, lead, ticketing.Command{Verb: ticketing.Close, Outcome: ticketing.InvalidMatter, Reason: "x"})
	e := ticketing.Event{Ticket: report.Code, N: report.Version + 1, At: o.Now(), By: operator, Kind: ticketing.MergedInto, Into: lead.Code, OK: true}
	after, err := report.Apply(e)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := o.Store.Append(t.Context(), e, after); err != nil {
		t.Fatal(err)
	}
	o.carry()
	if now := o.stands(report.Code); now.Status != ticketing.New || now.Into != "" || !now.Due.Equal(report.Due) {
		t.Errorf("the report is %+v", now)
	}
	if now := o.stands(lead.Code); len(now.Absorbed) != 0 {
		t.Errorf("the lead is %+v", now)
	}
}
