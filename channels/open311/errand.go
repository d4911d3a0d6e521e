package open311

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"hotline1022/ticketing"
	"hotline1022/ticketing/text"
	"hotline1022/ticketing/words"
)

const (
	takenLost  = 2 * time.Minute // a try without an end is made again after that
	mostTries  = 14              // about a day with the pauses below
	tokenPause = time.Minute     // between two questions for a token's id
	atOnce     = 4               // errands under way in this process
)

// pause before the next try: 10 s, doubling, to 2 h.
func pause(try int) time.Duration {
	return min(10*time.Second<<min(max(try-1, 0), 12), 2*time.Hour)
}

// carry does what is due until ctx ends: once a second, not at every commit, since the errands of a large agency are
// many and none is in such a hurry.
func (c *Channel) carry(ctx context.Context) error {
	if _, err := c.awaitEndpoint(ctx); err != nil {
		return err
	}
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		if err := c.round(ctx); err != nil && ctx.Err() == nil {
			c.Log.Error("the errands to agencies cannot be read", "err", err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// paper is an errand with its record's version.
type paper struct {
	errand
	version int
}

// round makes one try at everything that is due, and asks the agencies whose turn it is.
func (c *Channel) round(ctx context.Context) error {
	records, err := c.Desk.Store.All(ctx, kindErrand, "")
	if err != nil {
		return err
	}
	there := map[string][]paper{}
	var group sync.WaitGroup
	places := make(chan struct{}, atOnce)
	for _, r := range records {
		p := paper{version: r.Version}
		if err := json.Unmarshal(r.Doc, &p.errand); err != nil {
			return fmt.Errorf("errand %s: %w", r.ID, err)
		}
		if p.Remote != "" {
			there[p.Agency] = append(there[p.Agency], p)
			continue
		}
		if p.Next.After(c.now()) {
			continue
		}
		places <- struct{}{}
		group.Go(func() {
			defer func() { <-places }()
			if err := c.step(ctx, p); err != nil && ctx.Err() == nil {
				c.Log.Warn("a ticket is not with its agency's system yet", "ticket", p.Ticket, "agency", p.Agency, "try", p.Try+1, "err", err)
			}
		})
	}
	group.Wait()
	for agency, papers := range there {
		if err := c.ask(ctx, agency, papers); err != nil && ctx.Err() == nil {
			c.Log.Warn("an agency's system was not asked", "agency", agency, "err", err)
		}
	}
	return nil
}

// put writes the errand's next version; ErrConflict: another process has it. Older versions say nothing any more.
func (c *Channel) put(ctx context.Context, p *paper) error {
	doc, err := json.Marshal(p.errand)
	if err != nil {
		return err
	}
	err = c.Desk.Store.Put(ctx, ticketing.Record{Kind: kindErrand, ID: p.id(), Version: p.version + 1, At: c.now().UTC(), By: "open311", Doc: doc})
	if err != nil {
		return err
	}
	p.version++
	return c.Desk.Store.Erase(ctx, kindErrand, p.id(), p.version)
}

func (c *Channel) drop(ctx context.Context, p paper) error {
	return c.Desk.Store.Erase(ctx, kindErrand, p.id(), 0)
}

// with is the ticket if it still is the agency's to handle.
func (c *Channel) with(ctx context.Context, job errand) (t ticketing.Ticket, still bool, err error) {
	t, err = c.Desk.Store.Ticket(ctx, job.Ticket)
	return t, err == nil && t.Agency == job.Agency && t.Status != ticketing.Closed, err
}

// step makes one try at handing a ticket over: claim it, hand it over or ask for the token's id, write down what came.
func (c *Channel) step(ctx context.Context, p paper) error {
	t, still, err := c.with(ctx, p.errand)
	if err != nil {
		return err
	}
	over, err := c.over(ctx, p.errand)
	if err != nil {
		return err
	}
	to, has, err := c.endpoint(p.Agency)
	switch {
	case err != nil:
		c.alarm("open311.alarm.key", c.agencyTitle(p.Agency, words.Vietnamese))
		return err
	case over, !still, !has:
		return c.drop(ctx, p)
	}
	lookFirst := p.Unsure
	p.Try++
	p.Next = c.now().Add(takenLost)
	p.Unsure = lookFirst || p.Token == "" // for who finds this claim without an end
	if err := c.put(ctx, &p); err != nil {
		if errors.Is(err, ticketing.ErrConflict) {
			return nil
		}
		return err
	}
	// Once begun it is carried to its end, also when ctx ends: half a call is a report nobody knows of.
	calling, done := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
	defer done()
	err = c.handOver(calling, to, t, &p, lookFirst)
	writing, wrote := context.WithTimeout(context.WithoutCancel(ctx), c.settle)
	defer wrote()
	return errors.Join(err, c.result(writing, to, p, err))
}

// handOver sends the ticket, or asks what has become of it.
func (c *Channel) handOver(ctx context.Context, to endpoint, t ticketing.Ticket, p *paper, lookFirst bool) (err error) {
	if p.Token != "" {
		p.Remote, err = to.resolve(ctx, p.Token)
		return err
	}
	if lookFirst {
		if p.Remote, err = c.find(ctx, to, t, p.Since); err != nil || p.Remote != "" {
			return err
		}
	}
	p.Remote, p.Token, err = to.post(ctx, c.formOf(to, t))
	var unsure *unsureError
	p.Unsure = lookFirst || errors.As(err, &unsure)
	return err
}

// find looks on the other side for a ticket whose answer was lost: our number stands in what was sent. A server that
// does not show descriptions cannot be looked through; then it goes there again, under the same external_id.
func (c *Channel) find(ctx context.Context, to endpoint, t ticketing.Ticket, since time.Time) (string, error) {
	all, err := to.requests(ctx, url.Values{"start_date": {wire(since.Add(-time.Hour))}, "end_date": {wire(c.now().Add(time.Hour))}})
	if err != nil {
		return "", err
	}
	for _, r := range all {
		if strings.Contains(r.Words, t.Number()) {
			return clip(r.ID), nil
		}
	}
	return "", nil
}

// formOf is the ticket as the agency gets it: the matter and where it is, nothing of who sent it. Whoever must speak to
// the citizen does so through the hotline.
func (c *Channel) formOf(to endpoint, t ticketing.Ticket) url.Values {
	parts := []string{t.Subject, t.Text}
	if n := len(t.Files); n > 0 {
		parts = append(parts, words.T(words.Vietnamese, "open311.out.files", n))
	}
	tail := words.T(words.Vietnamese, "open311.out.number", t.Number())
	body := strings.TrimSpace(strings.Join(parts, "\n\n"))
	form := url.Values{
		"service_code":           {t.Category},
		"description":            {text.Truncate(body, mostDescription-len([]rune(tail))-3) + "\n\n" + tail},
		"attribute[external_id]": {t.Number()},
	}
	if to.agency.Open311Service != "" {
		form.Set("service_code", to.agency.Open311Service)
	}
	if p := t.Location; p != nil {
		form.Set("lat", strconv.FormatFloat(p.Lat, 'f', 6, 64))
		form.Set("long", strconv.FormatFloat(p.Lng, 'f', 6, 64))
	}
	var where []string
	for _, s := range []string{t.Address, t.Place} {
		if s != "" {
			where = append(where, s)
		}
	}
	if len(where) > 0 {
		form.Set("address_string", strings.Join(where, ", "))
	}
	if t.Location == nil && len(where) == 0 {
		form.Set("address_id", noPoint)
	}
	return form
}

// result writes down what a try has come to.
func (c *Channel) result(ctx context.Context, to endpoint, p paper, err error) error {
	name := to.agency.Name
	var no *noError
	var later *ticketing.LaterError
	var unsure *unsureError
	switch {
	case err == nil && p.Remote != "":
		p.Next, p.Try = c.now(), 0
		if err := c.put(ctx, &p); err != nil {
			return err
		}
		c.health.did("sent", c.now())
		c.allClear(name)
		return c.say(ctx, to, p.errand, endSent, words.T(words.Vietnamese, "open311.out.sent", name, p.Remote))
	case err == nil: // a token
		p.Try, p.Next = 0, c.now().Add(tokenPause)
		return c.put(ctx, &p)
	case errors.As(err, &later):
		if p.Try < mostTries {
			p.Next = c.now().Add(later.After)
			return c.put(ctx, &p)
		}
	case errors.As(err, &unsure): // its cause may be a refusal: that of a server that was not there
	case errors.As(err, &no) && (no.Status == 401 || no.Status == 403):
		c.alarm("open311.alarm.key", name) // the ticket is well, the key is not: somebody can mend it
	case errors.As(err, &no) && p.Token == "", errors.Is(err, ticketing.ErrRefused):
		return c.giveUp(ctx, to, p, err)
	}
	if p.Try >= mostTries {
		return c.giveUp(ctx, to, p, err)
	}
	p.Next = c.now().Add(pause(p.Try))
	return c.put(ctx, &p)
}

// giveUp tells the people on the ticket, who must reach the agency otherwise.
func (c *Channel) giveUp(ctx context.Context, to endpoint, p paper, why error) error {
	c.health.did("given up", c.now())
	c.alarm("open311.alarm.refused", to.agency.Name)
	said := words.T(words.Vietnamese, "open311.out.failed", to.agency.Name, text.Truncate(why.Error(), 500))
	if err := c.say(ctx, to, p.errand, endFailed, said); err != nil {
		return err
	}
	return c.drop(ctx, p)
}

// say notes on the ticket, once.
func (c *Channel) say(ctx context.Context, to endpoint, job errand, end, said string) error {
	_, err := c.Desk.Do(ctx, to.by(), job.Ticket, ticketing.Command{Verb: ticketing.Note, Key: job.key() + end, Text: said})
	if ticketing.ClassOf(err) == ticketing.NotFound {
		return nil // taken from the agency in the meantime
	}
	return err
}
