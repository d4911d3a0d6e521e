package ui

import (
	"encoding/json"
	"errors"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"hotline1022/ticketing"
	"hotline1022/ticketing/text"
)

// moved is one ticket that has changed hands, as an undo must know it.
type moved struct {
	Code     ticketing.Code `json:"c"`
	From, To string
}

// moveResult is what came of one ticket.
type moveResult struct {
	Code   ticketing.Code
	Number string
	OK     bool
	Text   string
}

const (
	mostMoved   = 100
	movePurpose = "moved tickets"
	moveLife    = time.Hour // then too much has happened
)

// moveTickets gives the chosen tickets to somebody, takes them over, or lets them go. Each is one verb with the version
// that was on the screen: whoever acted meanwhile is not overrun, and the row says so.
func (s *Server) moveTickets(v *visit) error {
	sent, err := s.form(v)
	if err != nil {
		return err
	}
	chosen, to := sent.all("ticket"), sent.value("to")
	switch one := sent.value("take"); {
	case one != "":
		chosen, to = []string{one}, v.staff.ID
	case sent.value("act") == "take":
		to = v.staff.ID
	case sent.value("act") == "release":
		to = ""
	default:
		target, err := s.Accounts.Staff(v.ctx(), to)
		if err != nil && !errors.Is(err, ticketing.ErrNotFound) {
			return err
		}
		if err != nil || !target.InTheRoom() {
			return s.notMoved(v, sent, v.t("supervise.no_target"))
		}
	}
	if len(chosen) == 0 {
		return s.notMoved(v, sent, v.t("supervise.none_chosen"))
	}
	if len(chosen) > mostMoved {
		return s.notMoved(v, sent, v.t("supervise.too_many", mostMoved))
	}
	var results []moveResult
	var undo []moved
	for _, c := range chosen {
		code, version, ok := strings.Cut(c, ":")
		n, err := strconv.Atoi(version)
		if code, isCode := text.ParseCode(code); ok && err == nil && isCode && n > 0 {
			r, m, err := s.moveOne(v, moved{Code: ticketing.Code(code), To: to}, n)
			if err != nil {
				return err
			}
			results = append(results, r)
			if m != nil {
				undo = append(undo, *m)
			}
		}
	}
	return s.showMoved(v, sent, results, undo)
}

// moveOne moves one; nil: there is nothing to undo. An error ends the whole, what is wrong with the one is its result.
func (s *Server) moveOne(v *visit, m moved, seen int) (moveResult, *moved, error) {
	r := moveResult{Code: m.Code, Number: text.ShowCode(string(m.Code))}
	refused := func(err error) (moveResult, *moved, error) {
		if ticketing.ClassOf(err) == ticketing.Internal {
			return r, nil, err
		}
		r.Text = failureOf(v.lang, err).Text
		return r, nil, nil
	}
	t, err := s.Desk.Ticket(v.ctx(), v.actor(), m.Code)
	if err != nil {
		return refused(err)
	}
	r.Number, m.From = t.Number(), t.Assignee
	if t.Assignee == m.To {
		r.OK, r.Text = true, v.t("supervise.same_hand")
		return r, nil, nil
	}
	known := map[string]ticketing.Staff{}
	if t.Assignee != "" {
		holder, err := s.holder(v.ctx(), known, t.Assignee)
		if err != nil {
			return r, nil, err
		}
		if holder.Agency != "" {
			r.Text = v.t("supervise.agency_holds", holder.Name)
			return r, nil, nil
		}
	}
	if _, err := s.Desk.Do(v.ctx(), v.actor(), m.Code, ticketing.Command{Verb: ticketing.Claim, Version: seen, Assignee: &m.To}); err != nil {
		return refused(err)
	}
	r.OK, r.Text = true, v.t("supervise.let_go")
	if m.To != "" {
		holder, err := s.holder(v.ctx(), known, m.To)
		if err != nil {
			return r, nil, err
		}
		r.Text = v.t("supervise.given", holder.Name)
	}
	return r, &m, nil
}

// undoMove puts back what was moved last, ticket by ticket, where it still lies as it was put.
func (s *Server) undoMove(v *visit) error {
	sent, err := s.form(v)
	if err != nil {
		return err
	}
	all, ok := s.movedBy(v, sent.value("undo"))
	if !ok {
		return s.notMoved(v, sent, v.t("supervise.undo_over"))
	}
	var results []moveResult
	for _, m := range all {
		t, err := s.Desk.Ticket(v.ctx(), v.actor(), m.Code)
		if err != nil && ticketing.ClassOf(err) != ticketing.NotFound {
			return err
		}
		if err != nil || t.Assignee != m.To {
			results = append(results, moveResult{Code: m.Code, Number: t.Number(), Text: v.t("supervise.moved_on")})
			continue
		}
		r, _, err := s.moveOne(v, moved{Code: m.Code, To: m.From}, t.Version)
		if err != nil {
			return err
		}
		results = append(results, r)
	}
	return s.showMoved(v, sent, results, nil)
}

// sealMoved is the undo that travels with the page: of this person, and not for ever.
func (s *Server) sealMoved(v *visit, all []moved) string {
	if len(all) == 0 {
		return ""
	}
	raw, err := json.Marshal(all)
	if err != nil {
		panic(err) // strings
	}
	return s.seal(movePurpose+" "+v.staff.ID, strconv.FormatInt(s.Now().Add(moveLife).Unix(), 10)+" "+string(raw))
}

func (s *Server) movedBy(v *visit, sealed string) (all []moved, ok bool) {
	value, ok := s.unseal(movePurpose+" "+v.staff.ID, sealed)
	until, raw, _ := strings.Cut(value, " ")
	unix, err := strconv.ParseInt(until, 10, 64)
	if !ok || err != nil || s.Now().Unix() > unix {
		return nil, false
	}
	return all, json.Unmarshal([]byte(raw), &all) == nil
}

// list is the choice of the list a form was sent from.
func (f form) list() func(string, ...string) string {
	q, err := url.ParseQuery(f.value("q"))
	if err != nil {
		q = url.Values{}
	}
	return func(key string, _ ...string) string { return q.Get(key) }
}

func (s *Server) notMoved(v *visit, sent form, fault string) error {
	p, err := s.superviseNow(v, sent.list())
	if err != nil {
		return err
	}
	p.Fault = fault
	return s.render(v, fiber.StatusUnprocessableEntity, "supervise", p)
}

func (s *Server) showMoved(v *visit, sent form, results []moveResult, undo []moved) error {
	p, err := s.superviseNow(v, sent.list())
	if err != nil {
		return err
	}
	p.Results, p.Undo = results, s.sealMoved(v, undo)
	done := 0
	for _, r := range results {
		if r.OK {
			done++
		}
	}
	p.Notice = v.t("supervise.moved", done, len(results))
	slices.SortStableFunc(p.Results, func(a, b moveResult) int { return bit(a.OK) - bit(b.OK) }) // what failed first
	return s.ok(v, "supervise", p)
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}
