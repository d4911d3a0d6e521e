package ui

import (
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"hotline1022/ticketing"
	"hotline1022/ticketing/text"
)

// trackPage is one ticket as its citizen sees it.
type trackPage struct {
	Page
	Code    ticketing.Code
	Ticket  ticketing.Ticket // what templates show of it they choose field by field
	Holder  string
	Steps   []step
	Moments []happening

	// Merged is set where the ticket was merged into another: of that one only how far it is.
	Merged    *mergedInto
	Reporters int // of the same thing, she among them; 0 where she is the only one

	Words        bool // the reader may see what was written; else she is asked for the last four digits
	Thread       []message
	PublicAnswer string

	MaySay, MayJudge bool
	Token            string
	Said             string // what was typed and could not be taken
	Kept             string
	Files            []ticketing.File
	Comment          string
	Errors           fieldErrors
	Most             int
}

type mergedInto struct {
	Status   ticketing.Status
	Holder   string
	Promised time.Time
}

// step is one station of the way, for the line of progress.
type step struct {
	Key   string // its name
	State string // "done", "now", "todo"
}

// happening is a line of the timeline.
type happening struct {
	At   time.Time
	Text string
}

// message is one bubble.
type message struct {
	Own   bool // the citizen's
	By    string
	At    time.Time
	Text  string
	Files []ticketing.File
	Label string // what it is, where it is more than a message
}

// track shows the ticket; with ?part=1 only what changes by itself.
func (s *Server) track(v *visit) error {
	if code, ok := text.ParseCode(v.Params("code")); ok && code != v.Params("code") {
		return v.Redirect("/t/"+code, fiber.StatusSeeOther)
	}
	p, err := s.trackPage(v)
	if err != nil {
		return err
	}
	if v.Query("part") != "" {
		return s.ok(v, "track.live", p)
	}
	return s.ok(v, "track", p)
}

// trackPage gathers the page and renews the cookie that spares its reader the count of guesses.
func (s *Server) trackPage(v *visit) (trackPage, error) {
	t, events, err := s.followed(v)
	if err != nil {
		return trackPage{}, err
	}
	p := trackPage{Page: s.page(v, v.t("track.title")), Code: t.Code, Ticket: t, Holder: s.Desk.Holder(t, v.lang), Steps: steps(t), Most: mostPhotos}
	p.Path, p.NoIndex, p.Scripts = "/t/"+string(t.Code), true, []string{"track.js"}
	if p.Words, err = s.maySeeWords(v, t); err != nil {
		return p, err
	}
	if level := s.accessOf(t.Code, v.Cookies(s.ticketCookieName())); level == noAccess {
		s.grant(v, t.Code, seesState)
	} else {
		s.grant(v, t.Code, level)
	}
	p.Moments = s.moments(v, t, events)
	if t.Published {
		p.PublicAnswer = t.Answer
	}
	if p.Words {
		p.Thread = s.thread(v, t, events)
		p.MaySay = t.Status.Open() || t.Status == ticketing.Answered
		p.MayJudge = slices.Contains(ticketing.Actor{Role: ticketing.Citizen}.Allowed(t), ticketing.GiveVerdict)
		p.Token = s.newFormToken()
	}
	if len(t.Absorbed) > 0 {
		p.Reporters = 1 + len(t.Absorbed)
	}
	if t.Joined() {
		lead, _, err := s.Desk.Held(v.ctx(), t.Into)
		if err != nil {
			return p, err
		}
		p.Reporters = 1 + len(lead.Absorbed)
		p.Merged = &mergedInto{Status: lead.Status, Holder: s.Desk.Holder(lead, v.lang), Promised: t.Promised}
	}
	return p, nil
}

// maySeeWords: whoever has shown the last four digits, and, where there is no number to ask for, whoever has the
// code.
func (s *Server) maySeeWords(v *visit, t ticketing.Ticket) (bool, error) {
	if s.accessOf(t.Code, v.Cookies(s.ticketCookieName())) == seesWords {
		return true, nil
	}
	last, err := s.lastDigits(v, t)
	return last == "" && err == nil, err
}

// lastDigits of the sender's number; "" where she gave none. A person whose data were erased cannot be asked: then
// nobody is let in.
func (s *Server) lastDigits(v *visit, t ticketing.Ticket) (string, error) {
	if t.Citizen == "" {
		return "", nil
	}
	person, _, err := s.Desk.Vault.Person(v.ctx(), t.Citizen)
	if errors.Is(err, ticketing.ErrNotFound) {
		return "none", nil // no four digits equal this
	}
	return person.Last4(), err
}

// showDigits lets in who knows the last four digits.
func (s *Server) showDigits(v *visit) error {
	t, _, err := s.followed(v)
	if err != nil {
		return err
	}
	pair := string(t.Code) + " " + address(v.Ctx)
	if !s.limits.digits.left(s.Now(), pair) || !s.limits.digitsA.left(s.Now(), string(t.Code)) {
		return tooMany(s.limits.digits.rate)
	}
	last, err := s.lastDigits(v, t)
	if err != nil {
		return err
	}
	typed := strings.TrimSpace(v.FormValue("digits"))
	if last == "" || typed == last {
		s.grant(v, t.Code, seesWords)
		return v.seeOther("/t/" + string(t.Code))
	}
	s.limits.digits.take(s.Now(), pair)
	s.limits.digitsA.take(s.Now(), string(t.Code))
	p, err := s.trackPage(v)
	if err != nil {
		return err
	}
	p.Errors = fieldErrors{"digits": v.t("track.wrong_digits")}
	return s.render(v, fiber.StatusUnprocessableEntity, "track", p)
}

// withWords is the page for who may see the words; everybody else is asked for the digits.
func (s *Server) withWords(v *visit) (trackPage, error) {
	p, err := s.trackPage(v)
	if err == nil && !p.Words {
		err = &ticketing.Error{Class: ticketing.Forbidden, Key: "track.digits_first"}
	}
	return p, err
}

// say adds words and photographs to the ticket.
func (s *Server) say(v *visit) error {
	p, err := s.withWords(v)
	if err != nil {
		return err
	}
	keep := &keeper{s: s, v: v, most: mostPhotos}
	values, err := readForm(v, keep.take)
	if err != nil {
		return err
	}
	keep.keepOld(values.Get("kept"), values["drop"])
	name := s.formNameAtOnce(values.Get("token"))
	err = keep.refused
	if err == nil && name == "" {
		err = &ticketing.Error{Class: ticketing.Invalid, Key: "error.form"}
	}
	if err == nil {
		_, err = s.Desk.Say(v.ctx(), p.Code, "web:"+name, values.Get("text"), keep.files)
	}
	if err == nil {
		return v.seeOther("/t/" + string(p.Code) + "#thread")
	}
	if err := p.Errors.add(v.lang, err); err != nil {
		return err
	}
	p.Said, p.Files, p.Kept = values.Get("text"), keep.files, s.sealFiles(keep.files)
	return s.render(v, fiber.StatusUnprocessableEntity, "track", p)
}

// judge takes the verdict on the answer.
func (s *Server) judge(v *visit) error {
	p, err := s.withWords(v)
	if err != nil {
		return err
	}
	good, comment := v.FormValue("ok"), strings.TrimSpace(v.FormValue("comment"))
	switch {
	case good != "1" && good != "0":
		err = &ticketing.Error{Class: ticketing.Invalid, Field: "ok", Key: "track.choose_verdict"}
	case good == "0" && comment == "":
		err = &ticketing.Error{Class: ticketing.Invalid, Field: "comment", Key: "track.say_why"}
	default:
		_, err = s.Desk.Judge(v.ctx(), p.Code, good == "1", comment)
	}
	if err == nil {
		return v.seeOther("/t/" + string(p.Code))
	}
	if err := p.Errors.add(v.lang, err); err != nil {
		return err
	}
	p.Comment = comment
	return s.render(v, fiber.StatusUnprocessableEntity, "track", p)
}

// trackFile hands out a file of the ticket that the citizen has sent or was sent. Drafts' and notes' files are the
// ticket's too, and not hers.
func (s *Server) trackFile(v *visit) error {
	p, err := s.withWords(v)
	if err != nil {
		return err
	}
	for _, m := range p.Thread {
		for _, f := range m.Files {
			if f.ID == v.Params("id") {
				return s.sendFile(v, f)
			}
		}
	}
	return notFound()
}

// steps is the line of progress.
func steps(t ticketing.Ticket) []step {
	at := map[ticketing.Status]int{
		ticketing.New: 1, ticketing.Routed: 2, ticketing.Working: 2, ticketing.Waiting: 2, ticketing.Drafted: 3, ticketing.Review: 3,
		ticketing.Answered: 4, ticketing.Closed: 4,
	}[t.Status]
	if t.Status == ticketing.Waiting && t.Before == ticketing.New {
		at = 1
	}
	out := []step{{Key: "track.step.received"}, {Key: "track.step.routed"}, {Key: "track.step.working"}, {Key: "track.step.answered"}}
	for i := range out {
		switch {
		case i < at:
			out[i].State = "done"
		case i == at:
			out[i].State = "now"
		default:
			out[i].State = "todo"
		}
	}
	return out
}

// moments is the public timeline: what was done by whom, none of what was written.
func (s *Server) moments(v *visit, t ticketing.Ticket, events []ticketing.Event) []happening {
	var out []happening
	for _, e := range slices.Backward(events) {
		key := "track.event." + string(e.Kind)
		line := ""
		switch e.Kind {
		case ticketing.Received, ticketing.Imported:
			line = v.t("track.event.received", v.t("channel."+string(e.Channel)))
		case ticketing.RoutedTo:
			line = v.t(key, s.agencyName(v.lang, e.Agency))
		case ticketing.Accepted:
			line = v.t(key, s.agencyName(v.lang, e.By.Agency))
		case ticketing.ExtensionDecided:
			if !e.OK {
				continue
			}
			f := format{v.lang, s.Now}
			line = v.t(key, f.moment(e.Due))
		case ticketing.ClosedBy:
			line = v.t(key, v.t("outcome."+string(t.Outcome)))
			if t.Outcome == "" {
				line = v.t("event.closed")
			}
		case ticketing.VerdictGiven:
			key += ".bad"
			if e.OK {
				key = "track.event.verdict.good"
			}
			line = v.t(key)
		case ticketing.Said, ticketing.Asked, ticketing.AnsweredBy, ticketing.Messaged, ticketing.Returned, ticketing.MergedInto, ticketing.Unmerged, ticketing.Reopened:
			line = v.t(key)
		default:
			continue
		}
		out = append(out, happening{e.At, line})
	}
	return out
}

// thread is what was written between the citizen and the hotline.
func (s *Server) thread(v *visit, t ticketing.Ticket, events []ticketing.Event) []message {
	var out []message
	for _, e := range events {
		m := message{At: e.At, Text: e.Text, Files: e.Files, By: v.t("hotline.name")}
		switch e.Kind {
		case ticketing.Received, ticketing.Imported, ticketing.Said:
			m.Own, m.By = true, v.t("track.you")
			if e.Subject != "" {
				m.Text = strings.TrimSpace(e.Subject + "\n" + e.Text)
			}
		case ticketing.VerdictGiven:
			if e.Text == "" {
				continue
			}
			m.Own, m.By, m.Label = true, v.t("track.you"), v.t("verb.verdict")
		case ticketing.Asked:
			m.Label = v.t("track.label.asked")
		case ticketing.AnsweredBy:
			m.Label = v.t("track.label.answered", v.t("outcome."+string(e.Outcome)))
			if e.Reason != "" {
				m.Text += "\n\n" + v.t("track.reason", e.Reason)
			}
			if len(m.Files) == 0 && t.Draft != nil && e.N == t.AnswerN {
				m.Files = t.Draft.Files // the hotline sent the agency's draft on
			}
		case ticketing.Prompted:
		case ticketing.Messaged:
			if e.Into != "" {
				m.Label = v.t("track.label.common")
			}
		default:
			continue
		}
		out = append(out, m)
	}
	return out
}
