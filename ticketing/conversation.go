package ticketing

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"hotline1022/ticketing/text"
	"hotline1022/ticketing/words"
)

// A conversation is a person on a door where people chat. She has at most one unfinished ticket there, and what she
// writes belongs to it; what is no matter (thanks after an answer, a greeting, a code looked up) is answered without
// opening one.

// What a message can be for besides what sayings say: the data of buttons, and codes.
const (
	choosesReport    Does = "menu:report"
	choosesProcedure Does = "menu:procedure"
	choosesCode      Does = "menu:code"
	choosesPerson    Does = "menu:person"
	noPhoto          Does = "guide:no-photo"
	skipsStep        Does = "guide:skip"
	leavesGuide      Does = "guide:person"

	picksNumber Does = "number"
	looksUp     Does = "code"
	wrongCode   Does = "code:wrong"
	tooManyTrys Does = "code:later"
)

// buttons are the choices the hotline offers by itself, and the words on them.
var buttons = map[Does]string{
	choosesReport: "chat.choice.report", choosesProcedure: "chat.choice.procedure", choosesCode: "chat.choice.code", choosesPerson: "chat.choice.person",
	noPhoto: "guide.choice.no_photo", skipsStep: "guide.choice.skip", leavesGuide: "guide.choice.person",
}

func button(lang string, d Does) Choice {
	return Choice{Label: words.T(lang, buttons[d]), Data: string(d)}
}

// sense is what a message is for; the zero sense is a matter.
type sense struct {
	does  Does
	rule  string // the saying that says so
	data  string // of a button that is not ours
	n     int    // the number typed
	found Ticket // what was looked up
}

// reply is what the hotline adds to a message by itself.
type reply struct {
	rule  string    // why it is no matter: nobody need read it
	field string    // the button, or what was done
	out   *Outgoing // what is answered
}

// converse finds the person's ticket on this channel. The codes of one person's tickets on one channel are a keyed
// sequence: two processes that meet her first message at once choose the same code, and UNIQUE (ticket, n) lets one
// of them open it; the other joins. Nothing is locked and nothing is looked up in a list that may trail.
func (d *Desk) converse(ctx context.Context, by Actor, in Incoming, citizen CitizenID, vault []Record) (Receipt, error) {
	if in.Key != "" {
		if e, err := d.Store.ByKey(ctx, in.Key); err == nil {
			return d.repeated(ctx, e, in)
		} else if !errors.Is(err, ErrNotFound) {
			return Receipt{}, storeError("looking for a repeat", err)
		}
	}
	s, err := d.sense(ctx, in, citizen)
	if err != nil {
		return Receipt{}, err
	}
	k, err := d.Store.Count(ctx, Filter{Scope: Scope{All: true, Hide: []Kind{Lobby}}, Citizen: []CitizenID{citizen}, Channel: []Channel{in.Channel}})
	if err != nil {
		return Receipt{}, storeError("counting conversations", err)
	}
	for tries := 0; tries < 1000; tries++ {
		t, err := d.Store.Ticket(ctx, d.Vault.conversation(citizen, in.Channel, k))
		switch {
		case err == nil && t.Status == Closed:
			k++
			continue
		case err == nil:
			a, err := d.within(ctx, in, t, s)
			if err != nil {
				return Receipt{}, err
			}
			r, err := d.join(ctx, by, in, t, a, vault)
			if errors.Is(err, ErrConflict) {
				continue
			}
			return r, err
		case !errors.Is(err, ErrNotFound):
			return Receipt{}, storeError("reading the conversation", err)
		}
		var last Ticket
		if k > 0 { // nothing at k: is k-1 still open, or missing because the count held other tickets?
			last, err = d.Store.Ticket(ctx, d.Vault.conversation(citizen, in.Channel, k-1))
			if errors.Is(err, ErrNotFound) || err == nil && last.Status != Closed {
				k--
				continue
			}
			if err != nil {
				return Receipt{}, storeError("reading the conversation", err)
			}
		}
		r, err := d.anew(ctx, by, in, citizen, d.Vault.conversation(citizen, in.Channel, k), last, s, vault)
		if errors.Is(err, ErrConflict) {
			continue // somebody opened it just now: join it
		}
		return r, err
	}
	return Receipt{}, &Error{Class: Busy, Key: "error.busy"}
}

// conversation is the code of the person's k-th ticket on the channel.
func (v *Vault) conversation(id CitizenID, ch Channel, k int) Code {
	return v.code("conversation", string(id), string(ch), fmt.Sprint(k))
}

// code is a code made of a keyed hash: nobody without the key can know it.
func (v *Vault) code(parts ...string) Code {
	code, err := text.NewCode(bytes.NewReader(v.mac(parts...)))
	if err != nil {
		panic(err) // 32 bytes are more than it reads
	}
	return Code(code)
}

// sense reads a message by itself. What it means within a ticket is for within and anew.
func (d *Desk) sense(ctx context.Context, in Incoming, citizen CitizenID) (sense, error) {
	if in.Choice != "" {
		return senseOf(in.Choice), nil
	}
	said := strings.TrimSpace(in.Text)
	if said == "" || len(in.Files)+len(in.Fetch) > 0 || in.Location != nil || in.Subject != "" || len(said) > 4*mostLongest {
		return sense{}, nil
	}
	if payload, ok := strings.CutPrefix(said, "/start "); ok { // a bot's deep link
		said = strings.TrimSpace(payload)
		if _, ok := text.ParseCode(said); !ok && len(strings.Fields(said)) == 1 {
			said = "/start"
		}
	}
	if len(said) == 1 && said >= "1" && said <= "9" {
		return sense{does: picksNumber, n: int(said[0] - '0')}, nil
	}
	for does, key := range buttons {
		for _, lang := range words.Languages {
			if strings.EqualFold(said, words.T(lang, key)) {
				return sense{does: does}, nil
			}
		}
	}
	s, err := d.codeIn(ctx, said, in.Channel, citizen)
	if err == nil && s.does == "" {
		s.does, s.rule = d.Catalog.Current().sense(said)
	}
	return s, err
}

func senseOf(data string) sense {
	if _, ours := buttons[Does(data)]; ours {
		return sense{does: Does(data)}
	}
	return sense{data: data}
}

// within is the reply to a message that joins her unfinished ticket. Whatever may matter stays a message somebody
// must read: only what a rule knows carries the rule.
func (d *Desk) within(ctx context.Context, in Incoming, t Ticket, s sense) (reply, error) {
	answered, menu := t.Status == Answered, d.Catalog.Current().Chat(in.Channel).Menu
	if s.does == picksNumber {
		var err error
		if s, err = d.picked(ctx, t.Citizen, in.Channel, t.Code, s.n); err != nil {
			return reply{}, err
		}
	}
	switch s.does {
	case Thanks, Assent:
		after, err := d.afterAnswer(ctx, t, s.does)
		if err != nil || !after {
			return reply{}, err
		}
		return reply{rule: s.rule}, nil
	case Greets, WantsMenu:
		command := strings.HasPrefix(strings.TrimSpace(in.Text), "/") // /start is pressed, not said
		if menu && (answered || command || s.does == WantsMenu) {
			return reply{rule: s.rule, out: greeting(in.Lang)}, nil
		}
	case choosesReport:
		out := say(in.Lang, "chat.report")
		if !answered {
			out = say(in.Lang, "chat.report_open", text.ShowCode(string(t.Code)))
		}
		return reply{rule: string(s.does), field: string(s.does), out: out}, nil
	case choosesProcedure, choosesCode:
		return reply{rule: string(s.does), field: string(s.does), out: say(in.Lang, prompts[s.does])}, nil
	case WantsPerson, choosesPerson, leavesGuide:
		return reply{field: string(leavesGuide), out: say(in.Lang, "chat.person")}, nil
	case noPhoto, skipsStep:
		return reply{field: string(s.does)}, nil
	case looksUp:
		if t.Status == Waiting {
			return reply{}, nil // perhaps the answer to what she was asked
		}
		state, err := d.Progress(ctx, s.found, in.Lang)
		r := reply{field: string(s.does), out: &Outgoing{Text: state}}
		if answered || s.found.Code == t.Code {
			r.rule = string(s.does)
		}
		return r, err
	case wrongCode:
		if t.Status != Waiting {
			return reply{field: string(s.does), out: say(in.Lang, "chat.no_code")}, nil
		}
	}
	return reply{field: s.data}, nil
}

// prompts are what is said to who chose from the menu.
var prompts = map[Does]string{choosesReport: "chat.report", choosesProcedure: "chat.procedure", choosesCode: "chat.code"}

// remembered is how long after its end thanks still belong to a ticket.
const remembered = 30 * 24 * time.Hour

// anew does with a message what there is to do when she has no unfinished ticket; last is the one before, if any.
func (d *Desk) anew(ctx context.Context, by Actor, in Incoming, citizen CitizenID, code Code, last Ticket, s sense, vault []Record) (Receipt, error) {
	if s.does == picksNumber {
		var err error
		if s, err = d.picked(ctx, citizen, in.Channel, last.Code, s.n); err != nil {
			return Receipt{}, err
		}
	}
	menu := d.Catalog.Current().Chat(in.Channel).Menu
	switch s.does {
	case Thanks, Assent:
		after, err := d.afterAnswer(ctx, last, s.does)
		if err != nil {
			return Receipt{}, err
		}
		if after {
			return d.join(ctx, by, in, last, reply{rule: s.rule}, vault)
		}
		fallthrough // with nothing before it, it begins a conversation
	case Greets, WantsMenu:
		if menu {
			return d.chat(ctx, by, in, citizen, reply{rule: s.rule, out: greeting(in.Lang)}, vault)
		}
	case choosesReport, choosesProcedure, choosesCode:
		return d.chat(ctx, by, in, citizen, reply{field: string(s.does), out: say(in.Lang, prompts[s.does])}, vault)
	case noPhoto, skipsStep: // of a guide that has ended
		return d.chat(ctx, by, in, citizen, reply{field: string(s.does), out: greeting(in.Lang)}, vault)
	case WantsPerson, choosesPerson, leavesGuide:
		return d.open(ctx, by, in, citizen, code, reply{field: string(leavesGuide), out: say(in.Lang, "chat.person")}, vault)
	case looksUp:
		state, err := d.Progress(ctx, s.found, in.Lang)
		if err != nil {
			return Receipt{}, err
		}
		return d.chat(ctx, by, in, citizen, reply{field: string(s.does), out: &Outgoing{Text: state}}, vault)
	case wrongCode:
		return d.chat(ctx, by, in, citizen, reply{field: string(s.does), out: say(in.Lang, "chat.no_code")}, vault)
	case tooManyTrys:
		return d.chat(ctx, by, in, citizen, reply{field: string(s.does), out: say(in.Lang, "chat.codes_later")}, vault)
	}
	if in.Kind == Other {
		chosen, err := d.chosen(ctx, citizen, in.Channel)
		if err != nil {
			return Receipt{}, err
		}
		switch chosen {
		case choosesReport:
			in.Kind = Report
		case choosesProcedure:
			in.Kind = Question
		}
	}
	return d.open(ctx, by, in, citizen, code, reply{field: s.data}, vault)
}

// afterAnswer says whether thanks, or assent, follow on what the hotline said last. An answer that asks something, and
// a person's message after it, may be what is assented to: then somebody must read it.
func (d *Desk) afterAnswer(ctx context.Context, t Ticket, does Does) (bool, error) {
	switch {
	case t.Status == Answered:
	case t.Status == Closed && d.now().Sub(t.Finished) < remembered:
	default:
		return false, nil
	}
	events, err := d.Store.Timeline(ctx, t.Code, 0)
	if err != nil {
		return false, storeError("reading the timeline", err)
	}
	for i := len(events) - 1; i >= 0; i-- {
		e := events[i]
		answer := e.Kind == AnsweredBy || e.Kind == Messaged && e.Into != ""
		switch {
		case does == Thanks && (answer || e.Kind == Messaged):
			return true, nil
		case answer:
			return !strings.Contains(e.Text, "?"), nil
		case e.Kind == Messaged, e.Kind == Asked, e.Kind == Said && e.Rule == "":
			return does == Thanks, nil
		}
	}
	return does == Thanks, nil // closed without an answer
}
