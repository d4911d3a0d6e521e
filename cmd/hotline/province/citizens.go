package province

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"time"

	"hotline1022/ticketing"
)

// Door takes a citizen's message in as that channel does and answers how the hotline will know her there (the zero
// Contact where it will not). in.From.ID is the person's own key: the same for everything she writes.
type Door func(ctx context.Context, in ticketing.Incoming) (ticketing.Contact, error)

// Citizens go on writing through the doors they are given, answer what they are asked and say what they think of the
// answers. Officers, if wanted, accept and draft now and then. The zero pauses are right for watching.
type Citizens struct {
	Desk     *ticketing.Desk
	Doors    map[ticketing.Channel]Door
	Officers bool
	Every    time.Duration // between two steps, on average; 0 is 4 s
	Calm     time.Duration // how long a ticket stays untouched before somebody of ours acts on it; 0 is 40 s
	Log      *slog.Logger
	Seed     uint64

	world  *world
	rand   *rand.Rand
	people map[ticketing.CitizenID]person
	serial uint64
}

// person is somebody who can be answered by the door she came in by.
type person struct {
	in     ticketing.Incoming
	matter matter
	scene  scene
}

// Run goes on until ctx ends. What goes wrong is logged; people try again.
func (c *Citizens) Run(ctx context.Context) error {
	if err := c.wakeUp(ctx); err != nil {
		return err
	}
	every := c.Every
	if every == 0 {
		every = 4 * time.Second
	}
	for {
		if err := c.Step(ctx); err != nil && ctx.Err() == nil {
			c.Log.Warn("a simulated person met trouble", "err", err)
		}
		pause := time.NewTimer(every/2 + time.Duration(c.rand.Int64N(int64(every))))
		select {
		case <-ctx.Done():
			pause.Stop()
			return ctx.Err()
		case <-pause.C:
		}
	}
}

// Step is one thing that one of them does, if there is something to do.
func (c *Citizens) Step(ctx context.Context) error {
	if err := c.wakeUp(ctx); err != nil {
		return err
	}
	switch k := c.rand.IntN(100); {
	case k < 40:
		return c.write(ctx)
	case k < 55:
		return c.reply(ctx)
	case k < 65:
		return c.judge(ctx)
	case !c.Officers:
		return nil
	case k < 78:
		return c.act(ctx, ticketing.Routed, c.accept)
	case k < 90:
		return c.act(ctx, ticketing.Working, c.draft)
	}
	return c.act(ctx, ticketing.Drafted, c.approve)
}

func (c *Citizens) wakeUp(ctx context.Context) error {
	if c.world != nil {
		return nil
	}
	w, err := newWorld(ctx, c.Desk, c.Desk.Now())
	if err != nil {
		return err
	}
	c.world, c.rand, c.people = w, rand.New(rand.NewPCG(c.Seed, 1)), map[ticketing.CitizenID]person{}
	if c.Calm == 0 {
		c.Calm = 40 * time.Second
	}
	return nil
}

// write is a new matter by one of the doors.
func (c *Citizens) write(ctx context.Context) error {
	if len(c.Doors) == 0 {
		return nil
	}
	channels := make([]ticketing.Channel, 0, len(c.Doors))
	for ch := range c.Doors {
		channels = append(channels, ch)
	}
	slices.Sort(channels)
	channel := pick(c.rand, channels)
	c.serial++
	l := c.world.newLife(c.rand.Uint64(), c.Desk.Now())
	in := l.in
	in.Channel, in.Subject, in.Email = channel, "", ""
	in.Key = fmt.Sprintf("citizen:%d:%d", c.Desk.Now().UnixNano(), c.serial)
	in.From = ticketing.Contact{Channel: channel, ID: fmt.Sprintf("citizen-%d", c.serial)}
	if channel.Conversation() {
		in.Kind, in.Category, in.Address, in.Location, in.Phone = "", "", "", nil, ""
	} else {
		in.Subject, in.Phone = l.matter.Subject, number(c.rand)
	}
	return c.send(ctx, person{in, l.matter, l.scene})
}

func (c *Citizens) send(ctx context.Context, p person) error {
	contact, err := c.Doors[p.in.Channel](ctx, p.in)
	if err != nil {
		return fmt.Errorf("writing by %s: %w", p.in.Channel, err)
	}
	if contact == (ticketing.Contact{}) {
		return nil
	}
	id, err := c.Desk.Vault.Identify(ctx, contact)
	if err != nil {
		return err
	}
	c.people[id] = p
	return nil
}

// reply answers a question the hotline or an agency asked.
func (c *Citizens) reply(ctx context.Context) error {
	t, ok, err := c.some(ctx, ticketing.Waiting)
	if err != nil || !ok {
		return err
	}
	p, known := c.people[t.Citizen]
	if !known {
		m := c.matterOf(t)
		_, err := c.Desk.Say(ctx, t.Code, "", say(c.rand, scene{place: "nhà tôi"}.fill(orElse(m.Reply, "Dạ, vẫn như tôi đã viết ở trên."))), nil)
		return past(err)
	}
	in := p.in
	c.serial++
	in.Key, in.Text = fmt.Sprintf("citizen:%d:%d", c.Desk.Now().UnixNano(), c.serial), say(c.rand, p.scene.fill(orElse(p.matter.Reply, "Dạ, vẫn như em đã viết ạ.")))
	p.in = in
	return c.send(ctx, p)
}

// judge says whether an answer was good.
func (c *Citizens) judge(ctx context.Context) error {
	t, ok, err := c.some(ctx, ticketing.Answered)
	if err != nil || !ok || t.Verdict != nil {
		return err
	}
	if c.rand.IntN(100) < 85 {
		_, err = c.Desk.Judge(ctx, t.Code, true, pick(c.rand, []string{"", "Cảm ơn tổng đài!", "Được rồi ạ.", "ok cam on"}))
	} else {
		_, err = c.Desk.Judge(ctx, t.Code, false, pick(c.rand, []string{"Vẫn chưa thấy ai xuống.", "Chưa được, hôm nay bị lại rồi."}))
	}
	return past(err)
}

// act lets an officer or leader do what the status asks for.
func (c *Citizens) act(ctx context.Context, status ticketing.Status, do func(context.Context, ticketing.Ticket) error) error {
	t, ok, err := c.some(ctx, status)
	if err != nil || !ok {
		return err
	}
	return past(do(ctx, t))
}

func (c *Citizens) accept(ctx context.Context, t ticketing.Ticket) error {
	_, err := c.Desk.Do(ctx, officer(t.Agency), t.Code, ticketing.Command{Verb: ticketing.AcceptIt, Version: t.Version})
	return err
}

func (c *Citizens) draft(ctx context.Context, t ticketing.Ticket) error {
	m := c.matterOf(t)
	place := orElse(t.Place, "địa bàn")
	words := "Chào ông/bà, " + scene{street: "tuyến đường ông/bà nêu", place: place}.fill(pick(c.rand, m.Answers))
	_, err := c.Desk.Do(ctx, officer(t.Agency), t.Code, ticketing.Command{Verb: ticketing.WriteDraft, Version: t.Version, Text: words, Outcome: ticketing.Done})
	return err
}

func (c *Citizens) approve(ctx context.Context, t ticketing.Ticket) error {
	_, err := c.Desk.Do(ctx, leader(t.Agency), t.Code, ticketing.Command{Verb: ticketing.Approve, Version: t.Version})
	return err
}

// some is a ticket in that status which nobody has touched for a while: whoever watches comes first.
func (c *Citizens) some(ctx context.Context, status ticketing.Status) (ticketing.Ticket, bool, error) {
	page, err := c.Desk.Store.List(ctx, ticketing.Filter{
		Scope: ticketing.Scope{All: true, Hide: []ticketing.Kind{ticketing.Complaint, ticketing.Denunciation}}, Status: []ticketing.Status{status}, Limit: 60,
	})
	if err != nil {
		return ticketing.Ticket{}, false, err
	}
	quiet := slices.DeleteFunc(page.Tickets, func(t ticketing.Ticket) bool { return c.Desk.Now().Sub(t.Updated) < c.Calm })
	if len(quiet) == 0 {
		return ticketing.Ticket{}, false, nil
	}
	return pick(c.rand, quiet), true, nil
}

// matterOf guesses what the ticket is about from its field.
func (c *Citizens) matterOf(t ticketing.Ticket) matter {
	for _, m := range c.world.matters {
		if m.Category == t.Category {
			return m
		}
	}
	return matter{Answers: []string{"đơn vị đã kiểm tra tại {noi} và xử lý xong trong ngày. Xin cảm ơn ông/bà đã báo."}}
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

// past forgives what only means that a person was quicker.
func past(err error) error {
	var known *ticketing.Error
	if errors.As(err, &known) && known.Class != ticketing.Internal && known.Class != ticketing.Busy {
		return nil
	}
	return err
}
