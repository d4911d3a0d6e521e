package ui

import (
	"context"
	"encoding/json"
	"time"

	"hotline1022/ticketing"
	"hotline1022/ticketing/words"
)

// PhoneWork is what the pages ask of the telephone; the zero value is no telephone.
type PhoneWork struct {
	Breaks   []string // reasons for a break: phone.break.NAME
	Outcomes []string // what may become of a call: phone.outcome.NAME
	// Link notes that a ticket came of a call at the person's own telephone.
	Link func(ctx context.Context, by ticketing.Actor, call string, code ticketing.Code) error
	// CallsOf is the calls a ticket came of, for whoever may see the ticket.
	CallsOf func(ctx context.Context, by ticketing.Actor, code ticketing.Code) ([]TicketCall, error)
}

// TicketCall is a call a ticket came of.
type TicketCall struct {
	At        time.Time
	Out       bool          // we called
	Talk      time.Duration // 0: not known
	By        string        // who took it: sign-in name or extension
	Outcome   string        // one of PhoneWork.Outcomes; "" is none yet
	Recording string        // address of the recording on our server; "" for none, or not for this reader
}

// Minutes is how long they talked, as minutes and seconds; "" where nobody knows.
func (c TicketCall) Minutes() string {
	if c.Talk <= 0 {
		return ""
	}
	return time.Time{}.Add(c.Talk.Round(time.Second)).Format("4:05")
}

// seatView is what the page's script needs to show the telephone of somebody who answers it.
type seatView struct {
	Me         string
	Words      string // as JSON: name → words
	Breaks     string // as JSON: [[value, words], …]
	Outcomes   string
	Categories string // the first nine have a key each
	Dismissals string
}

// pair is a value and how it is called.
type pair [2]string

// seatOf is the telephone for those who answer it; nil for others, and where there is none.
func (s *Server) seatOf(v *visit) *seatView {
	role := v.staff.Role
	if s.Caller == nil || role != ticketing.Operator && role != ticketing.Supervisor {
		return nil
	}
	said := map[string]string{"nobody": v.t("work.nobody"), "trouble": v.t("work.offline")}
	for _, key := range seatWords {
		said[key] = words.T(v.lang, "calls."+key, "{0}")
	}
	var categories []pair
	for _, c := range s.Desk.Catalog.Current().CategoryList() {
		if !c.Off {
			categories = append(categories, pair{c.ID, c.Title(v.lang)})
		}
	}
	for _, state := range []string{"offline", "ready", "ringing", "talking", "after_call", "break"} {
		said["state_"+state] = v.t("phone.state." + state)
	}
	return &seatView{
		Me: v.staff.ID, Words: asJSON(said), Categories: asJSON(categories),
		Breaks: asJSON(pairs(v, "phone.break.", s.Telephone.Breaks)), Outcomes: asJSON(pairs(v, "phone.outcome.", s.Telephone.Outcomes)),
		Dismissals: asJSON(pairs(v, "phone.dismiss.", []string{"unreachable", "wrong_number", "served_elsewhere", "nuisance"})),
	}
}

// seatWords are the script's own words, each calls.NAME.
var seatWords = []string{
	"ringing", "answered", "ended", "out", "hidden", "open", "write", "missed", "missed_times", "call_back", "claimed",
	"dismiss", "deaf", "fold", "unfold", "quiet", "outcome", "category", "note", "save", "saved", "ticket", "ticket_choose", "linked",
	"time_left", "take_break", "go", "people", "keys", "other_category", "no_category", "waiting",
}

func pairs(v *visit, prefix string, values []string) []pair {
	out := make([]pair, 0, len(values))
	for _, value := range values {
		out = append(out, pair{value, v.t(prefix + value)})
	}
	return out
}

func asJSON(v any) string {
	raw, err := json.Marshal(v)
	if err != nil {
		return "null" // they are texts
	}
	return string(raw)
}

// linkCall notes that the ticket came of a call. The ticket is taken in, and stays so whatever becomes of the note.
func (s *Server) linkCall(v *visit, call string, code ticketing.Code) {
	if call == "" || s.Telephone.Link == nil {
		return
	}
	if err := s.Telephone.Link(v.ctx(), v.actor(), call, code); err != nil {
		s.Log.Warn("a ticket is not linked to its call", "ticket", code, "err", err)
	}
}
