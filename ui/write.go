package ui

import (
	"encoding/json"
	"slices"

	"github.com/gofiber/fiber/v2"

	"hotline1022/ticketing"
	"hotline1022/ticketing/plain"
)

// writeBox is the reply box as it opens: the verb, and what stands in it. Without scripts it is a form like others;
// Kept and Words are for the script.
type writeBox struct {
	Verb                  ticketing.Verb
	Text, Outcome, Reason string
	Kept                  string // JSON: verb → what is kept of it
	Words                 string // JSON: key → sentence
}

// keptView is what is kept of one verb. Draft is what the box begins with where nothing is.
type keptView struct {
	Text         string      `json:"text"`
	Outcome      string      `json:"outcome"`
	Reason       string      `json:"reason"`
	Mark         string      `json:"mark"`
	Aside        []asideView `json:"aside,omitempty"`
	Draft        string      `json:"draft,omitempty"`
	DraftOutcome string      `json:"draft_outcome,omitempty"`
	DraftReason  string      `json:"draft_reason,omitempty"`
	Told         bool        `json:"told,omitempty"`
	Count        *int        `json:"count,omitempty"` // tickets with unsent words of this person
}

type asideView struct {
	Text string `json:"text"`
	When string `json:"when"`
}

// keptOf shows what is kept. An agency's draft that came after it goes before it: her own words are offered beside, or an
// old sentence of hers would be sent in the place of the answer.
func (s *Server) keptOf(lang string, t ticketing.Ticket, u ticketing.Unsent) keptView {
	k := keptView{Text: u.Text, Outcome: string(u.Outcome), Reason: u.Reason, Mark: u.Mark}
	f := format{lang: lang, now: s.Now}
	if d := t.Draft; d != nil && (u.Verb == ticketing.AnswerIt || u.Verb == ticketing.WriteDraft) && d.At.After(u.At) && !u.Empty() {
		k.Text, k.Outcome, k.Reason = d.Text, string(d.Outcome), d.Reason
		k.Aside = append(k.Aside, asideView{u.Text, f.ago(u.At)})
	}
	for _, a := range u.Aside {
		k.Aside = append(k.Aside, asideView{a.Text, f.ago(a.At)})
	}
	return k
}

// dressBox reads what the person has kept for the ticket and whether a note calls her.
func (s *Server) dressBox(v *visit, w *ticketView, events []ticketing.Event) (err error) {
	if w.Unsent, err = s.Desk.UnsentOf(v.ctx(), v.actor(), w.Ticket, events); err != nil {
		return err
	}
	if w.Mentioned, err = s.Desk.IsMentioned(v.ctx(), v.actor(), w.Code); err != nil {
		return err
	}
	kept := map[ticketing.Verb]keptView{}
	for _, verb := range w.Writing {
		k := keptView{}
		if i := slices.IndexFunc(w.Unsent, func(u ticketing.Unsent) bool { return u.Verb == verb }); i >= 0 {
			k = s.keptOf(v.lang, w.Ticket, w.Unsent[i])
		}
		if w.Ticket.Draft != nil && (verb == ticketing.AnswerIt || verb == ticketing.WriteDraft) {
			k.Draft, k.DraftOutcome, k.DraftReason = w.Ticket.Draft.Text, string(w.Ticket.Draft.Outcome), w.Ticket.Draft.Reason
		}
		kept[verb] = k
	}
	w.kept = kept
	raw, err := json.Marshal(kept)
	w.keptJSON = string(raw)
	if err != nil {
		return err
	}
	w.words, err = s.writeWords(v, w.Ticket)
	return err
}

// writeWords are the sentences the box's script says.
func (s *Server) writeWords(v *visit, t ticketing.Ticket) (string, error) {
	say := map[string]string{
		"take": v.t("write.aside_take"), "drop": v.t("write.aside_drop"), "list": v.t("canned.list"), "fix": v.t("plain.fix_objection"),
		"none": v.t("canned.none"), "found": v.t("canned.found", "{0}"), "will": v.t("canned.will", "{0}"), "offline": v.t("work.offline"),
		"some": v.t("plain.some", "{0}"), "one": v.t("plain.some", 1), "ok": v.t("plain.ok"), "objection": v.t("plain.objection_text", s.Desk.TrackURL(t.Code)),
	}
	for _, key := range []string{"saved", "saving", "unsaved", "too_long", "aside", "newer", "bring", "people", "people_none"} {
		say[key] = v.t("write." + key)
	}
	for _, key := range plain.Keys {
		say["plain."+key] = v.t("plain." + key)
	}
	raw, err := json.Marshal(say)
	return string(raw), err
}

// Box is what the reply box opens with: what was refused just now, else what was typed last, else the agency's draft.
func (t ticketView) Box() writeBox {
	if len(t.Writing) == 0 {
		return writeBox{}
	}
	b := writeBox{Verb: t.Writing[0], Kept: t.keptJSON, Words: t.words}
	if slices.Contains(t.Writing, t.Tried) {
		b.Verb, b.Text, b.Outcome, b.Reason = t.Tried, t.Typed["text"], t.Typed["outcome"], t.Typed["reason"]
		return b
	}
	for _, u := range t.Unsent { // the latest first
		if !u.Empty() && slices.Contains(t.Writing, u.Verb) {
			k := t.kept[u.Verb]
			b.Verb, b.Text, b.Outcome, b.Reason = u.Verb, k.Text, k.Outcome, k.Reason
			return b
		}
	}
	k := t.kept[b.Verb]
	b.Text, b.Outcome, b.Reason = k.Draft, k.DraftOutcome, k.DraftReason
	return b
}

// Macro says whether a macro may do something here.
func (t ticketView) Macro() bool { return t.Any("triage", "route") }

// came is what has come in since the version the writer had seen, but for what she did herself and what is nobody's to
// read first.
func (t ticketView) came(seen int) (out []entry) {
	for _, e := range t.Entries {
		if e.N > seen && !e.Kind.Quiet() && e.By.ID != t.Me {
			out = append(out, e)
		}
	}
	return out
}

// keepUnsent is POST …/t/CODE/unsent/VERB: what is being typed.
func (s *Server) keepUnsent(v *visit) error {
	code, err := codeOf(v)
	if err != nil {
		return err
	}
	verb, ok := ticketing.ParseVerb(v.Params("verb"))
	if !ok {
		return notFound()
	}
	f, err := s.form(v)
	if err != nil {
		return err
	}
	u := ticketing.Unsent{Ticket: code, Verb: verb, Text: f.Get("text"), Outcome: ticketing.Outcome(f.value("outcome")), Reason: f.Get("reason"), Window: cut(f.value("window"))}
	if aside := f.Get("aside"); aside != "" {
		u.Aside = []ticketing.Aside{{Window: u.Window + "'", At: s.Now(), Text: aside}}
	}
	u.Drop = f.value("drop") != ""
	kept, told, err := s.Desk.KeepUnsent(v.ctx(), v.actor(), u, cut(f.value("base")))
	if err != nil {
		return err
	}
	all, err := s.Desk.WithUnsent(v.ctx(), v.actor())
	if err != nil {
		return err
	}
	k, n := s.keptOf(v.lang, ticketing.Ticket{}, kept), len(all)
	k.Told, k.Count = told, &n
	return v.JSON(k)
}

// cut bounds what a browser calls its window.
func cut(s string) string { return s[:min(len(s), 64)] }

// unsentOf is GET …/t/CODE/unsent: by verb.
func (s *Server) unsentOf(v *visit) error {
	code, err := codeOf(v)
	if err != nil {
		return err
	}
	t, err := s.Desk.Ticket(v.ctx(), v.actor(), code)
	if err != nil {
		return err
	}
	events, err := s.Desk.Timeline(v.ctx(), v.actor(), t)
	if err != nil {
		return err
	}
	all, err := s.Desk.UnsentOf(v.ctx(), v.actor(), t, events)
	if err != nil {
		return err
	}
	out := map[ticketing.Verb]keptView{}
	for _, u := range all {
		out[u.Verb] = s.keptOf(v.lang, t, u)
	}
	return v.JSON(out)
}

// mine is GET …/cua-toi: the counts that are this person's alone.
func (s *Server) mine(v *visit) error {
	out := map[string]int{}
	for _, w := range placeOf(v.staff.Role).views {
		if !w.own || !w.seldom {
			continue
		}
		n, err := w.count(v.ctx(), s, v.actor())
		if err != nil {
			return err
		}
		out[w.Key] = n
	}
	return v.JSON(out)
}

// texts is GET …/t/CODE/mau: the canned texts and macros that fit, filled.
func (s *Server) texts(v *visit) error {
	code, err := codeOf(v)
	if err != nil {
		return err
	}
	all, err := s.Desk.Prepared(v.ctx(), v.actor(), code, v.lang)
	if err != nil {
		return err
	}
	return v.JSON(all)
}

// usedText is POST …/t/CODE/mau/KIND/ID: it was put into the box.
func (s *Server) usedText(v *visit) error {
	code, err := codeOf(v)
	if err != nil {
		return err
	}
	if err := s.Desk.CountUse(v.ctx(), v.actor(), code, v.Params("kind"), v.Params("id")); err != nil {
		return err
	}
	return v.SendStatus(fiber.StatusNoContent)
}

// runMacro is POST …/t/CODE/macro: what was shown is done.
func (s *Server) runMacro(v *visit) error {
	code, err := codeOf(v)
	if err != nil {
		return err
	}
	sent, err := s.form(v)
	if err != nil {
		return err
	}
	cmd, err := command(ticketing.Triage, sent) // for its version
	if err == nil {
		_, err = s.Desk.RunMacro(v.ctx(), v.actor(), code, sent.value("id"), cmd.Version)
	}
	return s.afterAct(v, code, sent, err, func(t *ticketView, _ int) {})
}

// nameable is GET …/t/CODE/nguoi: who may be named in a note.
func (s *Server) nameable(v *visit) error {
	code, err := codeOf(v)
	if err != nil {
		return err
	}
	all, err := s.Desk.Nameable(v.ctx(), v.actor(), code)
	if err != nil {
		return err
	}
	type person struct {
		ID   string `json:"id"`
		Name string `json:"name"`
		Role string `json:"role"`
	}
	out := make([]person, 0, len(all))
	for _, p := range all {
		role := v.t("role." + string(p.Role))
		if p.Agency != "" {
			role += ", " + s.agencyName(v.lang, p.Agency)
		}
		out = append(out, person{p.ID, p.Name, role})
	}
	return v.JSON(out)
}

// mentionSeen is POST …/t/CODE/da-xem.
func (s *Server) mentionSeen(v *visit) error {
	code, err := codeOf(v)
	if err != nil {
		return err
	}
	if err := s.Desk.MentionSeen(v.ctx(), v.actor(), code); err != nil {
		return err
	}
	if v.part() {
		return v.SendStatus(fiber.StatusNoContent)
	}
	return v.seeOther(placeOf(v.staff.Role).base + "/t/" + string(code))
}

// plainRules is GET …/soat: what the browser looks over an answer by.
func (s *Server) plainRules(v *visit) error {
	return v.JSON(plain.Rules(s.Desk.Catalog.Current().UnitNames()))
}

// lookedOver is what the check says about what would be sent otherwise.
func (s *Server) lookedOver(v *visit, by ticketing.Actor, code ticketing.Code, cmd ticketing.Command) ([]plain.Finding, error) {
	if cmd.Verb != ticketing.AnswerIt && cmd.Verb != ticketing.WriteDraft {
		return nil, nil
	}
	t, err := s.Desk.Ticket(v.ctx(), by, code)
	if err != nil {
		return nil, err
	}
	return s.Desk.LookOver(by, t, cmd), nil
}

// countPlain counts what was sent; an answer that went out must not fail for a figure.
func (s *Server) countPlain(v *visit, by ticketing.Actor, cmd ticketing.Command, found []plain.Finding) {
	if cmd.Verb != ticketing.AnswerIt && cmd.Verb != ticketing.WriteDraft {
		return
	}
	if err := s.Desk.CountPlain(v.ctx(), by, found); err != nil {
		s.Log.Warn("an answer was not counted", "err", err)
	}
}

var errNotPlain = &ticketing.Error{Class: ticketing.Invalid, Field: "text", Key: "plain.stopped"}

// afterAct shows the ticket as it stands after an act, or after its refusal with what tell adds: it is told the status.
func (s *Server) afterAct(v *visit, code ticketing.Code, sent form, err error, tell func(*ticketView, int)) error {
	p := placeOf(v.staff.Role)
	if err == nil && !v.part() {
		return v.seeOther(p.base + "/t/" + string(code) + "?view=" + sent.value("view"))
	}
	if err != nil {
		switch ticketing.ClassOf(err) {
		case ticketing.NotFound, ticketing.Internal:
			return err
		}
	}
	t, readErr := s.ticketView(v, p, code)
	if readErr != nil {
		return readErr
	}
	t.View = p.view(sent.value("view")).Key
	status := fiber.StatusOK
	if err != nil {
		f := failureOf(v.lang, err)
		status, t.Notice = f.Status, f.Text
	}
	tell(&t, status)
	return s.showTicket(v, p, t, status)
}

// showTicket is the two panes where a script asks, else the whole screen.
func (s *Server) showTicket(v *visit, p place, t ticketView, status int) error {
	if v.part() {
		return s.render(v, status, "ticket", t)
	}
	w := workPage{Page: s.page(v, t.Number()), Ticket: &t}
	w.Here, w.Wide, w.NoIndex = p.base, true, true
	w.Scripts = workScripts(p)
	var err error
	if w.Queue, err = s.queue(v, p, t.Code); err != nil {
		return err
	}
	return s.render(v, status, "work", w)
}
