package ui

import (
	"slices"

	"hotline1022/ticketing"
)

// The kinds of setting that say how the hotline converses by itself.

func sayingKind() adminKind {
	return adminKind{Kind: ticketing.KindSaying, Icon: "message-circle", id: "id", newID: slugOfName, title: nameTitle, order: byTitle, fields: []adminField{
		{Name: "name", Input: inText, Required: true},
		{Name: "id", Input: inText, Fixed: true, Column: true},
		{Name: "does", Input: inSelect, Options: (*Server).doesChoices, Required: true, Column: true},
		{Name: "says", Input: inLines, Required: true, Column: true},
		{Name: "with", Input: inLines},
		{Name: "longest", Input: inNumber},
		{Name: "off", Input: inCheck},
	}}
}

func chatKind() adminKind {
	return adminKind{Kind: ticketing.KindChat, Icon: "list", id: "id", newID: slugOfName, title: nameTitle, order: byTitle, fields: []adminField{
		{Name: "name", Input: inText, Required: true},
		{Name: "id", Input: inText, Fixed: true},
		{Name: "channel", Input: inSelect, Options: (*Server).doorChoices, Column: true},
		{Name: "menu", Input: inCheck, Column: true},
		{Name: "guide", Input: inCheck, Column: true},
		{Name: "no_photos", Input: inCheck, Column: true},
		{Name: "skip", Input: inLines},
		{Name: "no_button", Input: inCheck},
	}}
}

func (s *Server) doesChoices(lang string) []choice {
	return named(lang, "admin.does.", ticketing.AllDoes[:]...)
}

func (s *Server) doorChoices(lang string) []choice {
	return slices.DeleteFunc(named(lang, "channel.", ticketing.Channels[:]...), func(c choice) bool { return !ticketing.Channel(c.Value).Conversation() })
}
