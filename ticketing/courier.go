package ticketing

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"
)

// Outbound is a message as a channel gets it.
type Outbound struct {
	To     string // the person's id on the channel; "" on Desk.ByNumber where only her number is known
	Phone  string // hers, E.164, if known
	Name   string // hers, if known
	Ticket Code
	N      int // the event it stands in
	Try    int

	Subject string // the ticket's, for doors whose messages have one
	Text    string
	Files   []File

	Choices []Choice
	Human   bool      // a person typed it, not the program; some platforms allow those for longer
	Heard   time.Time // when the citizen last wrote in this ticket; platforms close their window some time after
}

// Numbered is the text with its choices as numbered lines, for doors without buttons: the desk understands the number.
func (m Outbound) Numbered() string {
	var b strings.Builder
	b.WriteString(m.Text)
	for i, c := range m.Choices {
		if i == 0 {
			b.WriteByte('\n')
		}
		fmt.Fprintf(&b, "\n%d. %s", i+1, c.Label)
	}
	return b.String()
}

// Sender carries messages to citizens on one channel. An error is worth another try unless it wraps ErrRefused;
// *LaterError says when. The receipt is the platform's id of the message, or several joined by commas: by one of them
// the platform speaks of it later (Desk.Confirm).
type Sender interface {
	Send(ctx context.Context, m Outbound) (receipt string, err error)
}

// LaterError asks for the next try not before After has passed.
type LaterError struct {
	After time.Duration
	Err   error
}

func (e *LaterError) Error() string { return fmt.Sprintf("try again in %s: %v", e.After, e.Err) }
func (e *LaterError) Unwrap() error { return e.Err }

// Courier takes outgoing messages to their channels. An attempt is itself an event whose key one process gets to
// write, and who wrote it sends; so many processes never send one message twice on purpose. A courier that dies
// between attempt and answer leaves the message for another try after a while: at least once, and known to be so.
type Courier struct {
	Desk    *Desk
	Senders map[Channel]Sender
	Log     *slog.Logger

	// Workers is how many messages of one channel are under way at once; 0 is 4, more for a channel that says a pace.
	// A slow channel holds up only itself.
	Workers int
}

const (
	sendTimeout = 30 * time.Second
	takenLost   = 2 * time.Minute // an attempt without an answer is tried again after that
	maxTries    = 12              // about a day with the pauses below
	maxLater    = 100             // where the channel itself says when: its limit per minute must not lose a message
)

// pause before the next try: 5 s, doubling, to 4 h.
func pause(try int) time.Duration {
	p := 5 * time.Second << min(try-1, 12)
	return min(p, 4*time.Hour)
}

// deliver makes one attempt at the ticket's first message that has not arrived, if it is due.
func (c *Courier) deliver(ctx context.Context, l *lane, code Code) {
	t, err := c.Desk.Store.Ticket(ctx, code)
	if err != nil {
		return
	}
	s, ok := t.sendingNow()
	if !ok || s.Next.After(c.Desk.now()) || c.Senders[t.Door(s)] == nil {
		return
	}
	if l.wait(ctx) == nil { // before the claim, which counts as lost after a while
		c.attempt(ctx, t, s)
	}
}

func (c *Courier) attempt(ctx context.Context, t Ticket, s Delivery) {
	try := s.Try + 1
	tries := try - s.Again // since a person asked for more, if one did
	claim := c.Desk.event(t, system, SendAttempted)
	claim.Ref, claim.Try, claim.Next = s.N, try, claim.At.Add(takenLost)
	claim.Key = fmt.Sprintf("send:%s:%d:%d", t.Code, s.N, try)
	after, err := t.Apply(claim)
	if err != nil {
		return
	}
	if _, err := c.Desk.Store.Append(ctx, claim, after); err != nil {
		return // somebody else's attempt, or a newer event: the next round looks again
	}
	receipt, err := c.send(ctx, t, s, try)
	result := Event{Kind: SendDelivered, Ref: s.N, Try: try, Receipt: receipt}
	if err != nil {
		result = Event{Kind: SendFailed, Ref: s.N, Try: try, Reason: err.Error()}
		var later *LaterError
		switch {
		case errors.Is(err, ErrRefused):
		case errors.As(err, &later):
			result.Reason = later.Err.Error()
			if tries < maxLater {
				result.Next = c.Desk.now().Add(later.After)
			}
		case tries < maxTries:
			result.Next = c.Desk.now().Add(pause(tries))
		}
		c.Log.Warn("a message was not delivered", "ticket", t.Code, "channel", t.Door(s), "try", try, "err", err)
	}
	// Also when ctx has ended: what was sent must be written down.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	key := fmt.Sprintf("sent:%s:%d:%d", t.Code, s.N, try)
	err = c.Desk.appendTo(ctx, t.Code, key, func(now Ticket) Event {
		e := c.Desk.event(now, system, result.Kind)
		e.Ref, e.Try, e.Receipt, e.Reason, e.Next = result.Ref, result.Try, result.Receipt, result.Reason, result.Next
		return e
	}, append(c.Desk.receipts(t, t.Door(s), s.N, receipt), c.Desk.undelivered(t, t.Door(s), result)...)...)
	if err != nil {
		c.Log.Error("what became of a message could not be written down", "ticket", t.Code, "err", err)
	}
}

// send looks up whom and what, and calls the channel.
func (c *Courier) send(ctx context.Context, t Ticket, s Delivery, try int) (string, error) {
	door := t.Door(s)
	n := s.N
	events, err := c.Desk.Store.Timeline(ctx, t.Code, 0)
	if err != nil {
		return "", err
	}
	if len(events) < n || events[n-1].Out == nil {
		return "", fmt.Errorf("event %d holds no message: %w", n, ErrRefused)
	}
	var heard time.Time
	for _, e := range events {
		if e.Kind == Received || e.Kind == Said || e.Kind == Chatted {
			heard = e.At
		}
	}
	p, err := c.Desk.Vault.Whole(ctx, t.Citizen)
	if errors.Is(err, ErrNotFound) {
		return "", fmt.Errorf("the person has been erased: %w", ErrRefused)
	}
	if err != nil {
		return "", err
	}
	to := p.At[door]
	if door == Email {
		to = cmp.Or(to, p.Email)
	}
	if to == "" && (door != c.Desk.ByNumber || p.Phone == "") {
		return "", fmt.Errorf("no address on %s: %w", door, ErrRefused)
	}
	ctx, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	e := events[n-1]
	return c.Senders[door].Send(ctx, Outbound{
		To: to, Phone: p.Phone, Name: p.Name, Ticket: t.Code, N: n, Try: try, Subject: t.Subject, Text: e.Out.Text, Files: e.Out.Files, Choices: e.Out.Choices,
		Human: e.By.Role.Staff(), Heard: heard,
	})
}
