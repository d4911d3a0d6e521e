package main

import (
	"hotline1022/channels/zalo"
	"hotline1022/ticketing"
	"hotline1022/ui"
)

// doors tells the administration how each channel does.
func (s *server) doors() []ui.ChannelHealth {
	return []ui.ChannelHealth{s.zaloHealth()}
}

func (s *server) zaloHealth() ui.ChannelHealth {
	if s.zalo == nil {
		return ui.ChannelHealth{Channel: ticketing.Zalo}
	}
	h := s.zalo.Health()
	return ui.ChannelHealth{
		Channel: ticketing.Zalo, On: true, Hears: h.Hears, Speaks: h.Speaks, LastEvent: h.LastEvent, LastSent: h.LastSent,
		TokenAge: h.TokenAge, Counts: h.Counts,
		Problems: problems(h.Problems, func(p zalo.Problem) ui.ChannelProblem { return ui.ChannelProblem(p) }),
	}
}

func problems[P any](all []P, as func(P) ui.ChannelProblem) []ui.ChannelProblem {
	out := make([]ui.ChannelProblem, len(all))
	for i, p := range all {
		out[i] = as(p)
	}
	return out
}
