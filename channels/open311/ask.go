package open311

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/url"
	"slices"
	"strings"
	"time"

	"hotline1022/ticketing"
	"hotline1022/ticketing/text"
	"hotline1022/ticketing/words"
)

// The way back: each agency is asked by one process at a time, for all of its tickets together. A server that has the
// updates extension is asked for updates, any other for the records of our tickets.

// kindRound: id is the agency; who writes its next version asks.
const kindRound = "open311_round"

// turn is the record's content.
type turn struct {
	Next  time.Time `json:"next"`
	Fails int       `json:"fails,omitempty"`
	Since time.Time `json:"since,omitzero"` // updates are read from here on
	Plain time.Time `json:"plain,omitzero"` // until then the server is taken for one without updates
}

const (
	askEvery  = 5 * time.Minute
	askSeldom = time.Hour      // at most between two tries at a server that fails
	overlap   = 2 * time.Hour  // windows overlap, for clocks that differ; keys make the repeat harmless
	plainFor  = 24 * time.Hour //
	idsAtOnce = 50
)

// ask asks the agency if it is its turn.
func (c *Channel) ask(ctx context.Context, agency string, papers []paper) error {
	var now turn
	r, err := c.Desk.Store.Get(ctx, kindRound, agency)
	if err == nil {
		err = json.Unmarshal(r.Doc, &now)
	}
	if err != nil && !errors.Is(err, ticketing.ErrNotFound) {
		return err
	}
	if now.Next.After(c.now()) {
		return nil
	}
	began, version := c.now(), r.Version
	now.Next = began.Add(takenLost)
	if version, err = c.putTurn(ctx, agency, version, now); err != nil {
		if errors.Is(err, ticketing.ErrConflict) {
			return nil // another process asks
		}
		return err
	}
	papers, err = c.stillThere(ctx, papers)
	if err == nil && len(papers) > 0 {
		err = c.hear(ctx, agency, papers, &now)
	}
	switch {
	case err != nil:
		now.Fails++
		now.Next = c.now().Add(min(askEvery<<min(now.Fails, 8), askSeldom))
		if now.Fails >= 6 {
			c.alarm("open311.alarm.silent", c.agencyTitle(agency, words.Vietnamese))
		}
	default:
		if now.Fails > 0 {
			c.allClear(c.agencyTitle(agency, words.Vietnamese))
		}
		now.Fails, now.Since, now.Next = 0, began, began.Add(askEvery)
	}
	writing, wrote := context.WithTimeout(context.WithoutCancel(ctx), c.settle)
	defer wrote()
	_, putErr := c.putTurn(writing, agency, version, now)
	return errors.Join(err, putErr)
}

func (c *Channel) putTurn(ctx context.Context, agency string, version int, t turn) (int, error) {
	doc, err := json.Marshal(t)
	if err != nil {
		return version, err
	}
	err = c.Desk.Store.Put(ctx, ticketing.Record{Kind: kindRound, ID: agency, Version: version + 1, At: c.now().UTC(), By: "open311", Doc: doc})
	if err != nil {
		return version, err
	}
	return version + 1, c.Desk.Store.Erase(ctx, kindRound, agency, version+1)
}

// stillThere drops the errands whose tickets have gone elsewhere or are closed, and says again what a process that
// died could not.
func (c *Channel) stillThere(ctx context.Context, papers []paper) ([]paper, error) {
	var out []paper
	for _, p := range papers {
		_, still, err := c.with(ctx, p.errand)
		if err != nil {
			return nil, err
		}
		to, has, err := c.endpoint(p.Agency)
		if err != nil {
			return nil, err
		}
		if !still || !has {
			if err := c.drop(ctx, p); err != nil {
				return nil, err
			}
			continue
		}
		if err := c.say(ctx, to, p.errand, endSent, words.T(words.Vietnamese, "open311.out.sent", to.agency.Name, p.Remote)); err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	return out, nil
}

// hear asks and does what is said.
func (c *Channel) hear(ctx context.Context, agency string, papers []paper, now *turn) error {
	to, has, err := c.endpoint(agency)
	if err != nil || !has {
		return err
	}
	if now.Plain.Before(c.now()) {
		err := c.hearUpdates(ctx, to, papers, now.Since)
		if !hasNoUpdates(err) {
			return err
		}
		now.Plain = c.now().Add(plainFor)
	}
	return c.hearRecords(ctx, to, papers)
}

// hasNoUpdates says that the server does not know the extension, as against one that is ill.
func hasNoUpdates(err error) bool {
	var no *noError
	return errors.Is(err, errNotXML) || errors.As(err, &no) && (no.Status == 400 || no.Status == 404 || no.Status == 405)
}

// hearUpdates reads what was said since the last time.
func (c *Channel) hearUpdates(ctx context.Context, to endpoint, papers []paper, since time.Time) error {
	oldest := slices.MinFunc(papers, func(a, b paper) int { return a.Since.Compare(b.Since) }).Since
	if since = since.Add(-overlap); since.Before(oldest) {
		since = oldest.Add(-overlap)
	}
	if earliest := c.now().Add(-quarter); since.Before(earliest) {
		since = earliest
	}
	all, err := to.updates(ctx, since, c.now())
	if err != nil {
		return err
	}
	for _, u := range all {
		i := slices.IndexFunc(papers, func(p paper) bool { return p.Remote == clip(u.Request) })
		if i < 0 || clip(u.ID) == "" {
			continue
		}
		// The agency's word for a ticket of ours is about it from the routing on: an id that comes back after another
		// routing is another key.
		if err := c.take(ctx, to, papers[i], "u:"+clip(u.ID), u.Status, u.Words); err != nil {
			return err
		}
	}
	return nil
}

// hearRecords reads the tickets' records, and takes what has changed in them for an update.
func (c *Channel) hearRecords(ctx context.Context, to endpoint, papers []paper) error {
	for some := range slices.Chunk(papers, idsAtOnce) {
		ids := make([]string, len(some))
		for i, p := range some {
			ids[i] = p.Remote
		}
		all, err := to.requests(ctx, url.Values{"service_request_id": {strings.Join(ids, ",")}})
		if err != nil {
			return err
		}
		for _, r := range all {
			i := slices.Index(ids, clip(r.ID))
			if i < 0 {
				continue
			}
			if err := c.hearRecord(ctx, to, some[i], r); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *Channel) hearRecord(ctx context.Context, to endpoint, p paper, r theirRequest) error {
	sum := sha256.Sum256([]byte(r.Status + "\n" + r.Notes))
	seen := hex.EncodeToString(sum[:8])
	if seen == p.Seen {
		return nil
	}
	// A record has no id for what it says, so its content and its place in time are one; where nothing was heard yet and
	// it only says that it is open, nothing has happened.
	if p.Seen != "" || !strings.EqualFold(r.Status, "open") || r.Notes != "" {
		if err := c.take(ctx, to, p, "r:"+seen+":"+text.Truncate(r.Updated, 40), r.Status, r.Notes); err != nil {
			return err
		}
	}
	p.Seen = seen
	err := c.put(ctx, &p)
	if errors.Is(err, ticketing.ErrConflict) {
		return nil
	}
	return err
}

// take does what the agency's system said. What the desk will never take is counted and left.
func (c *Channel) take(ctx context.Context, to endpoint, p paper, id, status, said string) error {
	said = text.Truncate(strings.TrimSpace(said), mostDescription)
	if meaningOf(status) == nothing && said == "" {
		return nil
	}
	u := told{key: p.key() + ":in:" + id, status: status, text: said}
	if meaningOf(status) == underWay && said == "" {
		if _, err := c.Desk.Store.ByKey(ctx, u.key+":accept"); err == nil {
			return nil
		}
	}
	_, err := apply(ctx, c.Desk, to.by(), p.Ticket, u)
	var no *refusal
	switch {
	case err == nil:
		c.health.count("heard", c.now())
		return nil
	case ticketing.ClassOf(err) == ticketing.NotFound, ticketing.ClassOf(err) == ticketing.Invalid, errors.As(err, &no):
		c.health.count("refused", c.now())
		c.Log.Warn("what an agency's system said cannot be taken", "ticket", p.Ticket, "agency", p.Agency, "err", err)
		return nil
	}
	return err
}
