package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"hotline1022/channels/phone"
	"hotline1022/ticketing"
	"hotline1022/ticketing/calendar"
)

// mountPhone adds the telephone: pushed events, the manager connection, and the console's view of the calls.
func (s *server) mountPhone(ctx context.Context) error {
	c := s.config
	if c.PhoneSecret == "" && c.AMIAddr == "" {
		s.log.Info("channel is off: its settings are not given", "channel", "phone")
		return nil
	}
	open, err := phoneHours(c.PhoneHours)
	if err != nil {
		return fmt.Errorf("phone: %w", err)
	}
	s.phone, err = phone.Open(ctx, phone.Config{
		Secret: c.PhoneSecret, AMIAddr: c.AMIAddr, AMIUser: c.AMIUser, AMISecret: c.AMISecret,
		Open: open, Origin: s.desk.BaseURL, Staff: s.staffActor,
	}, s.desk, s.log)
	if err != nil {
		return fmt.Errorf("phone: %w", err)
	}
	s.phone.Mount(s.app)
	s.ui.Caller, s.ui.Extensions, s.ui.SetExtension = s.caller, s.phone.Extensions, s.phone.SetExtension
	return nil
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
