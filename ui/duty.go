package ui

import (
	"errors"

	"hotline1022/ticketing"
	"hotline1022/ticketing/text"
	"hotline1022/ticketing/words"
)

// dutyKind is the setting: who is given which tickets.
func dutyKind() adminKind {
	return adminKind{Kind: ticketing.KindDuty, Icon: "users", id: "id", order: byTitle,
		title: func(_ *Server, lang, id string, _ doc) string {
			if id == "all" {
				return words.T(lang, "admin.duty.all")
			}
			return id
		}, fields: []adminField{
			{Name: "id", Input: inText, Required: true, Fixed: true},
			{Name: "mode", Input: inSelect, Options: (*Server).dutyModes, Column: true},
			{Name: "alert", Input: inSelect, Options: (*Server).dutyAlerts},
			{Name: "channels", Input: inMulti, Options: (*Server).channelChoices, Column: true},
			{Name: "categories", Input: inMulti, Options: (*Server).categoryChoices, Column: true},
			{Name: "languages", Input: inMulti, Options: (*Server).spokenChoices, Column: true},
			{Name: "most", Input: inNumber, Column: true},
		}}
}

func (s *Server) spokenChoices(lang string) []choice {
	return named(lang, "lang.", text.Languages[:]...)
}

func (s *Server) dutyModes(lang string) []choice {
	return named(lang, "admin.duty.mode.", ticketing.DutyTurn, ticketing.DutyLoad)
}

func (s *Server) dutyAlerts(lang string) []choice {
	return named(lang, "admin.duty.alert.", ticketing.AlertSound, ticketing.AlertBoth)
}

// next is POST /console/ke-tiep: the most urgent ticket that fits the operator is hers, and is opened.
func (s *Server) next(v *visit) error {
	t, err := s.Desk.Next(v.ctx(), v.actor())
	var said *ticketing.Error
	if errors.As(err, &said) && (said.Class == ticketing.NotFound || said.Class == ticketing.Invalid) {
		w := workPage{Page: s.page(v, v.t("nav.console"))}
		w.Here, w.Wide, w.NoIndex, w.Scripts = console.base, true, true, workScripts(console)
		if w.Queue, err = s.queue(v, console, ""); err != nil {
			return err
		}
		w.Queue.NextFault = failureOf(v.lang, said).Text
		return s.ok(v, "work", w)
	}
	if err != nil {
		return err
	}
	return v.seeOther(console.base + "/t/" + string(t.Code) + "?view=mine")
}
