package webchat

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"hotline1022/ticketing"
	"hotline1022/ticketing/text"
	"hotline1022/ticketing/words"
)

// view is what a window knows: everything in it is for the citizen, in her language.
type view struct {
	Office   office    `json:"office"`
	Version  string    `json:"version"`            // of the conversation; the window sends it back to be spared what it has
	Messages []message `json:"messages,omitempty"` // the latest, oldest first; none if nothing changed
	Live     *pass     `json:"live,omitempty"`     // where to listen for more; none: ask again
	Others   bool      `json:"others,omitempty"`   // more than one matter is open: the line tells of one only
}

// accepted is the answer to a message: that it is in the journal, as what, and how it looks in the conversation.
type accepted struct {
	N        int       `json:"n"` // of its event
	Messages []message `json:"messages"`
}

// message is one bubble, card or line of the conversation.
type message struct {
	ID      string   `json:"id"`
	Kind    string   `json:"kind"` // own, told, card (the receipt), line (something happened)
	At      int64    `json:"at"`   // ms since 1970
	By      string   `json:"by,omitempty"`
	Label   string   `json:"label,omitempty"`
	Text    string   `json:"text,omitempty"`
	Files   []file   `json:"files,omitempty"`
	Choices []choice `json:"choices,omitempty"`
	Key     string   `json:"key,omitempty"`     // own: the window's name for it
	Receipt string   `json:"receipt,omitempty"` // told: by which it is confirmed
	Seen    string   `json:"seen,omitempty"`    // told: how far that is known, "arrived" or "read"
	Judge   bool     `json:"judge,omitempty"`   // told: an answer of which she may say whether it will do
	Code    string   `json:"code,omitempty"`    // card
	URL     string   `json:"url,omitempty"`     // card
}

type file struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Type    string `json:"type"`
	Size    int64  `json:"size"`
	Width   int    `json:"width,omitempty"` // of a picture
	Height  int    `json:"height,omitempty"`
	Picture bool   `json:"picture,omitempty"`
}

type choice struct {
	Label string `json:"label"`
	Data  string `json:"data"`
}

const (
	mostTickets  = 5  // of one device, the latest
	mostMessages = 80 // shown
)

// thread answers the conversation of the device that asks; without a key, whether somebody is there.
func (c *Channel) thread(f *fiber.Ctx) error {
	d, err := c.device(f)
	if err != nil && f.Get(keyHeader) != "" {
		return err
	}
	if err := c.look(f, d); err != nil {
		return err
	}
	v := view{Office: c.office(f.UserContext(), lang(f))}
	if d.tag != "" {
		if err := c.read(f.UserContext(), d, lang(f), f.Query("have"), &v); err != nil {
			return err
		}
	}
	return f.JSON(v)
}

// read fills in the conversation.
func (c *Channel) read(ctx context.Context, d device, lang, have string, v *view) error {
	all, err := c.conversation(ctx, d)
	if err != nil || len(all) == 0 {
		return err
	}
	v.Version = version(all)
	if v.Version != have {
		v.Messages = c.messages(all, d, lang)
	}
	if t, ok := followed(all); ok && c.Live != nil {
		v.Live = c.pass(t, d, lang)
	}
	open := 0
	for _, h := range all {
		if h.Status != ticketing.Closed {
			open++
		}
	}
	v.Others = open > 1
	return nil
}

// held is a ticket of the device, with what happened to it as far as that is for the citizen.
type held struct {
	ticketing.Ticket
	events []ticketing.Event
}

// conversation is the device's matters, oldest first. A ticket is the device's because its first message bears the
// device's tag, or because it was split off from such a one; that the vault calls two people the same does not show
// one the other's words.
func (c *Channel) conversation(ctx context.Context, d device) ([]held, error) {
	citizen, err := c.Desk.Vault.Identify(ctx, d.contact)
	if err != nil {
		return nil, err
	}
	page, err := c.Desk.Store.List(ctx, ticketing.Filter{
		Scope: ticketing.Scope{All: true, Hide: []ticketing.Kind{ticketing.Lobby}}, Citizen: []ticketing.CitizenID{citizen}, Channel: []ticketing.Channel{ticketing.Chat}, Limit: mostTickets,
	})
	if err != nil {
		return nil, err
	}
	var all []held
	for _, one := range page.Tickets {
		t, events, err := c.Desk.Held(ctx, one.Code)
		if err != nil {
			return nil, err
		}
		mine, err := c.begunBy(ctx, d, t, events)
		if err != nil {
			return nil, err
		}
		if mine {
			all = append(all, held{t, events})
		}
	}
	lobby, err := c.lobby(ctx, d, citizen)
	if err != nil {
		return nil, err
	}
	if len(lobby.events) > 0 {
		all = append(all, lobby)
	}
	slices.SortFunc(all, func(a, b held) int { return cmp.Or(a.Received.Compare(b.Received), cmp.Compare(a.Code, b.Code)) })
	return all, nil
}

// lobby is what the device said and was told outside any matter: a greeting and the menu, a code and how it stands.
func (c *Channel) lobby(ctx context.Context, d device, citizen ticketing.CitizenID) (held, error) {
	t, events, err := c.Desk.InLobby(ctx, citizen, ticketing.Chat)
	if errors.Is(err, ticketing.ErrNotFound) {
		return held{}, nil
	}
	if err != nil {
		return held{}, err
	}
	events = slices.DeleteFunc(events, func(e ticketing.Event) bool { return e.Kind != ticketing.Chatted || d.wrote(e.Key) == "" })
	return held{t, events}, nil
}

func (c *Channel) begunBy(ctx context.Context, d device, t ticketing.Ticket, events []ticketing.Event) (bool, error) {
	for range 3 { // what was split off may be split again
		if len(events) == 0 {
			return false, nil
		}
		if t.Origin == "" {
			return d.wrote(events[0].Key) != "", nil
		}
		var err error
		if t, events, err = c.Desk.Held(ctx, t.Origin); err != nil {
			return false, err
		}
	}
	return false, nil
}

func version(all []held) string {
	var b strings.Builder
	for _, h := range all {
		b.WriteString(string(h.Code) + ":" + strconv.Itoa(h.Version) + ",")
	}
	return b.String()
}

// followed is the ticket whose line the window listens on: the one her next words would join, else the latest.
func followed(all []held) (ticketing.Ticket, bool) {
	for _, h := range slices.Backward(all) {
		if h.Status != ticketing.Closed && h.Origin == "" {
			return h.Ticket, true
		}
	}
	if len(all) == 0 {
		return ticketing.Ticket{}, false
	}
	return all[len(all)-1].Ticket, true
}

// messages is the conversation as it is read, the latest of it.
func (c *Channel) messages(all []held, d device, lang string) []message {
	var out []message
	for _, h := range all {
		for _, e := range h.events {
			out = append(out, c.show(h.Ticket, e, d, lang)...)
		}
	}
	slices.SortStableFunc(out, func(a, b message) int { return cmp.Compare(a.At, b.At) })
	for i := range out[:max(0, len(out)-1)] {
		out[i].Choices = nil // who has gone on is not asked again
	}
	return out[max(0, len(out)-mostMessages):]
}

// show is what one event looks like; most look like nothing. Only events of Desk.Held come here, and of those only
// what is named is shown.
func (c *Channel) show(t ticketing.Ticket, e ticketing.Event, d device, lang string) []message {
	say := func(key string, args ...any) string { return words.T(lang, key, args...) }
	m := message{ID: receipt(t.Code, e.N), At: e.At.UnixMilli(), Text: e.Text, Files: files(e.Files)}
	switch e.Kind {
	case ticketing.Received:
		return c.opening(t, e, m, d, lang)
	case ticketing.Said, ticketing.Chatted:
		m.Kind, m.Key = "own", d.wrote(e.Key)
		if e.Out == nil {
			return []message{m}
		}
		reply := message{ID: m.ID + "r", At: m.At, Text: e.Out.Text}
		reply.told(t, e, say("hotline.name"))
		return []message{m, reply}
	case ticketing.VerdictGiven:
		if m.Kind, m.Label = "own", say("verb.verdict"); m.Text == "" {
			m.Text = say("webchat.verdict." + strconv.FormatBool(e.OK))
		}
		return []message{m}
	case ticketing.Asked:
		m.Label = say("webchat.label.asked")
	case ticketing.AnsweredBy:
		m.Label = say("track.label.answered", say("outcome."+string(e.Outcome)))
		if e.Reason != "" {
			m.Text += "\n\n" + say("track.reason", e.Reason)
		}
		m.Judge = judgeable(t, e)
	case ticketing.Messaged:
		if e.Into != "" {
			m.Label = say("track.label.common")
		}
	default:
		if e.Out == nil {
			return c.happened(t, e, m, lang)
		}
		m.Text = e.Out.Text
	}
	m.told(t, e, c.byline(e, lang))
	return []message{m}
}

// opening is the first message with the receipt under it. What was split off repeats words that are shown already.
func (c *Channel) opening(t ticketing.Ticket, e ticketing.Event, m message, d device, lang string) []message {
	if t.Origin != "" {
		m.Kind, m.Files, m.Text = "line", nil, words.T(lang, "webchat.line.split", text.ShowCode(string(t.Code)))
		return []message{m}
	}
	m.Kind, m.Key = "own", d.wrote(e.Key)
	card := message{
		ID: m.ID + "r", Kind: "card", At: m.At, Text: words.T(lang, "webchat.card"),
		Code: text.ShowCode(string(t.Code)), URL: c.Desk.TrackURL(t.Code),
	}
	if !t.Promised.IsZero() {
		card.Label = words.T(lang, "webchat.card.due", moment(t.Promised, lang))
	}
	if e.Out != nil {
		card.Receipt, card.Seen = receipt(t.Code, e.N), seenOf(t, e.N)
	}
	return []message{m, card}
}

// happened is a line between the bubbles.
func (c *Channel) happened(t ticketing.Ticket, e ticketing.Event, m message, lang string) []message {
	key := "track.event." + string(e.Kind)
	m.Kind, m.Files = "line", nil
	switch e.Kind {
	case ticketing.RoutedTo:
		m.Text = words.T(lang, key, c.agency(e.Agency, lang))
	case ticketing.Accepted:
		m.Text = words.T(lang, key, c.agency(e.By.Agency, lang))
	case ticketing.ClosedBy:
		m.Text = words.T(lang, "event.closed")
		if t.Outcome != "" {
			m.Text = words.T(lang, key, words.T(lang, "outcome."+string(t.Outcome)))
		}
	case ticketing.Reopened, ticketing.MergedInto, ticketing.Unmerged:
		m.Text = words.T(lang, key)
	default:
		return nil
	}
	return []message{m}
}

func (m *message) told(t ticketing.Ticket, e ticketing.Event, by string) {
	m.Kind, m.By = "told", by
	if e.Out == nil {
		return
	}
	if len(m.Files) == 0 {
		m.Files = files(e.Out.Files) // the agency's draft, sent on
	}
	for _, ch := range e.Out.Choices {
		m.Choices = append(m.Choices, choice(ch))
	}
	m.Receipt, m.Seen = receipt(t.Code, e.N), seenOf(t, e.N)
}

// seenOf is how far the message is known to have come. What the ticket has forgotten was settled long ago.
func seenOf(t ticketing.Ticket, n int) string {
	i := slices.IndexFunc(t.Sending, func(s ticketing.Delivery) bool { return s.N == n })
	switch {
	case i < 0 || t.Sending[i].State == ticketing.Read:
		return string(ticketing.Read)
	case t.Sending[i].State == ticketing.Arrived:
		return string(ticketing.Arrived)
	}
	return ""
}

// byline is who speaks: an agency, or the hotline. Never a person.
func (c *Channel) byline(e ticketing.Event, lang string) string {
	if e.By.Agency != "" {
		return c.agency(e.By.Agency, lang)
	}
	return words.T(lang, "hotline.name")
}

func (c *Channel) agency(id, lang string) string {
	if a, ok := c.Desk.Catalog.Current().Agencies[id]; ok {
		return a.Title(lang)
	}
	return id
}

func files(all []ticketing.File) []file {
	var out []file
	for _, f := range all {
		out = append(out, file{f.ID, f.Name, f.Type, f.Size, f.Width, f.Height, f.Picture()})
	}
	return out
}
