package main

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"time"

	"hotline1022/channels/phone"
	"hotline1022/realtime"
	"hotline1022/ticketing"
	"hotline1022/ticketing/calendar"
	"hotline1022/ui"
)

// mountPhone adds the telephone: pushed events, the manager connection, and the console's view of the calls.
func (s *server) mountPhone(ctx context.Context) error {
	c := s.config
	if c.PhoneSecret == "" && c.AMIAddr == "" && c.PhoneQueueLog == "" {
		s.log.Info("channel is off: its settings are not given", "channel", "phone")
		return nil
	}
	open, err := phoneHours(c.PhoneHours)
	if err != nil {
		return fmt.Errorf("phone: %w", err)
	}
	after, err := phoneAfter(c.PhoneAfter)
	if err != nil {
		return fmt.Errorf("phone: %w", err)
	}
	s.phone, err = phone.Open(ctx, phone.Config{
		Secret: c.PhoneSecret, AMIAddr: c.AMIAddr, AMIUser: c.AMIUser, AMISecret: c.AMISecret,
		QueueLog: c.PhoneQueueLog, Recordings: c.PhoneRecordings, After: after, Open: open, Origin: s.desk.BaseURL, Staff: s.staffActor,
	}, s.desk, s.log)
	if err != nil {
		return fmt.Errorf("phone: %w", err)
	}
	s.phone.Mount(s.app)
	s.ui.Caller, s.ui.Extensions, s.ui.SetExtension = s.caller, s.phone.Extensions, s.phone.SetExtension
	s.ui.PhoneBoard = s.phoneBoard
	s.ui.Seats = func() map[string]ui.Seat {
		seats := map[string]ui.Seat{}
		for _, a := range s.phone.Agents() {
			if a.Staff != "" {
				seats[a.Staff] = ui.Seat{State: string(a.State), Reason: a.Reason, Since: a.Since}
			}
		}
		return seats
	}
	s.ui.Telephone = ui.PhoneWork{Breaks: phone.Breaks, Outcomes: phone.Outcomes, Link: s.phone.Link, CallsOf: s.callsOf}
	s.hub.Own = &realtime.Own{Bell: s.phone.Bell, Show: s.screens}
	return nil
}

// phoneBoard is the telephone's part of the wall board. What cannot be counted now is left out and logged.
func (s *server) phoneBoard(ctx context.Context) (ui.PhoneBoard, bool) {
	b, err := s.phone.Board(ctx)
	if err != nil {
		if ctx.Err() == nil {
			s.log.Warn("the telephone's figures cannot be counted", "err", err)
		}
		return ui.PhoneBoard{}, false
	}
	return ui.PhoneBoard{
		Hearing: b.Hearing, Waiting: b.Waiting, Longest: b.Longest, Reached: b.Level.Num, Of: b.Level.Den, Formula: b.Formula, Target: b.Target,
	}, true
}

// checkPhone reports mistakes in the telephone's settings.
func (c *Config) checkPhone(bad func(name, format string, args ...any)) {
	if _, err := phoneHours(c.PhoneHours); err != nil {
		bad("PHONE_HOURS", "%v", err)
	}
	if _, err := phoneAfter(c.PhoneAfter); err != nil {
		bad("PHONE_AFTER", "%v", err)
	}
	if err := phone.CheckRecordings(c.PhoneRecordings); err != nil {
		bad("PHONE_RECORDINGS", "%v", err)
	}
}

// phoneAfter reads how long work after a call may take.
func phoneAfter(s string) (time.Duration, error) {
	if s = strings.TrimSpace(s); s == "" || s == "0" {
		return 0, nil
	}
	d, err := time.ParseDuration(s)
	if err != nil || d < 0 || d > 10*time.Minute {
		return 0, fmt.Errorf("%q is not like 90s, or is more than ten minutes", s)
	}
	return d, nil
}

// screens tells each who answers the telephone what is at hers, by the live channel.
func (s *server) screens(ctx context.Context) (func(context.Context, realtime.Viewer) (any, error), error) {
	look, err := s.phone.Look(ctx)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, v realtime.Viewer) (any, error) {
		screen, err := look.Screen(ctx, ticketing.Actor{ID: v.User, Role: v.Audience.Role}, v.Audience.Lang)
		switch {
		case ticketing.ClassOf(err) == ticketing.Forbidden && err != nil:
			return nil, nil // no telephone is hers
		case err != nil:
			return nil, err
		}
		return map[string]phone.Screen{"calls": screen}, nil
	}, nil
}

// callsOf is a ticket's calls as its page shows them.
func (s *server) callsOf(ctx context.Context, by ticketing.Actor, code ticketing.Code) ([]ui.TicketCall, error) {
	calls, err := s.phone.CallsOf(ctx, by, code)
	if err != nil {
		return nil, err
	}
	var out []ui.TicketCall
	for _, c := range calls {
		one := ui.TicketCall{At: c.At, Out: c.Out, Talk: c.Talk, By: c.By, Outcome: c.Outcome}
		if c.Recorded {
			one.Recording = "/console/calls/recording?" + url.Values{"call": {c.ID}, "ticket": {string(code)}}.Encode()
		}
		out = append(out, one)
	}
	return out, nil
}

// caller is whose number the call form may be filled in with: somebody at the person's own extension, or somebody she
// has undertaken to call back.
func (s *server) caller(ctx context.Context, by ticketing.Actor, call, callback string) (ticketing.CitizenID, bool) {
	for _, c := range s.phone.Calls(by.ID) {
		if c.ID == call && call != "" && c.Citizen != "" {
			return c.Citizen, true
		}
	}
	if callback == "" {
		return "", false
	}
	book, err := s.phone.Callbacks(ctx)
	if err != nil {
		s.log.Error("the missed-call book cannot be read", "err", err)
		return "", false
	}
	for _, b := range book {
		if string(b.Citizen) == callback && b.Claimed(time.Now()) == by.ID {
			return b.Citizen, true
		}
	}
	return "", false
}

// phoneHours reads when the telephone is manned, the same every day; nil is always.
func phoneHours(s string) (func(time.Time) bool, error) {
	if strings.TrimSpace(s) == "" {
		return nil, nil
	}
	var spans []calendar.Span
	for part := range strings.SplitSeq(s, ",") {
		span, err := calendar.ParseSpan(strings.TrimSpace(part))
		if err != nil {
			return nil, fmt.Errorf("%q is not like 07:30-11:30,13:00-17:30", s)
		}
		spans = append(spans, span)
	}
	return func(at time.Time) bool {
		at = at.In(ticketing.Zone)
		clock := calendar.Minute(at.Hour()*60 + at.Minute())
		for _, span := range spans {
			if clock >= span.From && clock < span.To {
				return true
			}
		}
		return false
	}, nil
}
