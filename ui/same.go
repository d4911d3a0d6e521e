package ui

import (
	"errors"

	"github.com/gofiber/fiber/v2"

	"hotline1022/ticketing"
)

// samePerson is POST /console/t/CODE/cung-nguoi: the ticket's citizen is the other ticket's too, or nobody's else.
func (s *Server) samePerson(v *visit) error {
	code, err := codeOf(v)
	if err != nil {
		return err
	}
	sent, err := s.form(v)
	if err != nil {
		return err
	}
	other := sent.value("other")
	if sent.value("part") != "" {
		other = ""
	} else if other == "" {
		err = &ticketing.Error{Class: ticketing.Invalid, Field: "other", Key: "same.no_ticket"}
	}
	if err == nil {
		err = s.Desk.SamePerson(v.ctx(), v.actor(), code, other, sent.value("reason"))
	}
	var wrong *ticketing.Error
	if err != nil && (!errors.As(err, &wrong) || wrong.Class != ticketing.Invalid) {
		return err
	}
	p := placeOf(v.staff.Role)
	if err == nil && !v.part() {
		return v.seeOther(p.base + "/t/" + string(code) + "?view=" + sent.value("view"))
	}
	t, readErr := s.ticketView(v, p, code)
	if readErr != nil {
		return readErr
	}
	t.View = p.view(sent.value("view")).Key
	status := fiber.StatusOK
	if err != nil {
		f := failureOf(v.lang, err)
		status, t.SameFault, t.SameTyped = f.Status, f.Text, other
	}
	return s.showTicket(v, p, t, status)
}
