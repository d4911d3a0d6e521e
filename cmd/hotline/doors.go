package main

import (
	"hotline1022/channels/email"
	"hotline1022/channels/facebook"
	"hotline1022/channels/open311"
	"hotline1022/channels/phone"
	"hotline1022/channels/telegram"
	"hotline1022/channels/webchat"
	"hotline1022/channels/zalo"
	"hotline1022/ticketing"
	"hotline1022/ui"
)

// doors tells the administration how each channel does.
func (s *server) doors() []ui.ChannelHealth {
	return []ui.ChannelHealth{s.zaloHealth(), s.facebookHealth(), s.telegramHealth(), s.phoneHealth(), s.emailHealth(), s.webchatHealth(), s.open311Health()}
}

func (s *server) zaloHealth() ui.ChannelHealth {
	if s.zalo == nil {
		return ui.ChannelHealth{Channel: ticketing.Zalo}
	}
	h := s.zalo.Health()
	return ui.ChannelHealth{
		Channel: ticketing.Zalo, On: true, Hears: h.Hears, Speaks: h.Speaks, LastEvent: h.LastEvent, LastSent: h.LastSent,
		TokenAge: h.TokenAge, Followers: int64(h.Followers), Counts: h.Counts,
		Problems: problems(h.Problems, func(p zalo.Problem) ui.ChannelProblem { return ui.ChannelProblem(p) }),
	}
}

func (s *server) facebookHealth() ui.ChannelHealth {
	if s.facebook == nil {
		return ui.ChannelHealth{Channel: ticketing.Facebook}
	}
	h := s.facebook.Health()
	return ui.ChannelHealth{
		Channel: ticketing.Facebook, On: true, Hears: h.Hears, Speaks: h.Speaks, LastEvent: h.LastEvent, LastSent: h.LastSent,
		Followers: int64(h.Followers), Counts: h.Counts,
		Problems: problems(h.Problems, func(p facebook.Problem) ui.ChannelProblem { return ui.ChannelProblem(p) }),
	}
}

func (s *server) telegramHealth() ui.ChannelHealth {
	if s.telegram == nil {
		return ui.ChannelHealth{Channel: ticketing.Telegram}
	}
	h := s.telegram.Health()
	return ui.ChannelHealth{
		Channel: ticketing.Telegram, On: true, Hears: h.On, Speaks: h.On, LastEvent: h.LastEvent, LastSent: h.LastSent, Counts: h.Counts,
		Problems: problems(h.Problems, func(p telegram.Problem) ui.ChannelProblem { return ui.ChannelProblem(p) }),
	}
}

func (s *server) emailHealth() ui.ChannelHealth {
	if s.email == nil {
		return ui.ChannelHealth{Channel: ticketing.Email}
	}
	h := s.email.Health()
	return ui.ChannelHealth{
		Channel: ticketing.Email, On: true, Hears: h.Hears, Speaks: h.Speaks, LastEvent: h.LastEvent, LastSent: h.LastSent, Counts: h.Counts,
		Problems: problems(h.Problems, func(p email.Problem) ui.ChannelProblem { return ui.ChannelProblem(p) }),
	}
}

// phoneHealth: nothing is sent by telephone; what it must do besides hearing is hold its line to the exchange.
func (s *server) phoneHealth() ui.ChannelHealth {
	if s.phone == nil {
		return ui.ChannelHealth{Channel: ticketing.Phone}
	}
	h := s.phone.Health()
	return ui.ChannelHealth{
		Channel: ticketing.Phone, On: true, Hears: h.Hears || h.Connected, Speaks: h.Connected || !h.Dials, LastEvent: h.LastEvent, Counts: h.Counts,
		Problems: problems(h.Problems, func(p phone.Problem) ui.ChannelProblem { return ui.ChannelProblem(p) }),
	}
}

// open311Health: the endpoint is always there; what goes out are tickets to agencies.
func (s *server) open311Health() ui.ChannelHealth {
	h := s.open311.Health()
	return ui.ChannelHealth{
		Channel: ticketing.Open311, On: true, Hears: true, Speaks: true, LastEvent: h.LastEvent, LastSent: h.LastSent, Counts: h.Counts,
		Problems: problems(h.Problems, func(p open311.Problem) ui.ChannelProblem { return ui.ChannelProblem(p) }),
	}
}

// webchatHealth: the window is always there, and what it shows is read from the journal.
func (s *server) webchatHealth() ui.ChannelHealth {
	h := s.webchat.Health()
	return ui.ChannelHealth{
		Channel: ticketing.Chat, On: true, Hears: true, Speaks: true, LastEvent: h.LastEvent, LastSent: h.LastSent, Counts: h.Counts,
		Problems: problems(h.Problems, func(p webchat.Problem) ui.ChannelProblem { return ui.ChannelProblem(p) }),
	}
}

func problems[P any](all []P, as func(P) ui.ChannelProblem) []ui.ChannelProblem {
	out := make([]ui.ChannelProblem, len(all))
	for i, p := range all {
		out[i] = as(p)
	}
	return out
}
