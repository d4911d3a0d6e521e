package email

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/emersion/go-imap/v2"
)

const (
	batchLetters = 32       // fetched and stored together
	batchBytes   = 24 << 20 // at most, unless one letter is larger
	onlyHead     = 1 << 20  // of a letter that is too large: its words stand in front
	stuckAlone   = 3        // failures to fetch at one place, then letters are fetched one by one
	stuckSkip    = 9        // and then one is left to people
	firstDays    = 3        // how far back the first look goes
)

// readMailbox takes letters in by IMAP. One process of several does it.
func (c *Channel) readMailbox(ctx context.Context) error {
	r := reader{c: c, mark: c.bookmark()}
	pause := time.Duration(0)
	for ctx.Err() == nil {
		err := r.turn(ctx)
		if ctx.Err() != nil {
			break
		}
		wait := c.look
		if err != nil {
			c.hears.Store(false)
			c.health.tally("mailbox lost")
			c.Log.Warn("the mailbox cannot be read for now", "err", err)
			pause = min(max(2*pause, c.firstPause), c.lastPause)
			if errors.Is(err, errSignIn) { // trying on would lock the account
				pause = max(pause, min(c.lastPause, 60*c.firstPause))
			}
			wait = pause
		}
		if r.progress {
			pause, r.progress = 0, false
			wait = min(wait, c.firstPause)
		}
		rest(ctx, wait)
	}
	r.mark.leave(ctx)
	return ctx.Err()
}

// reader is one process's turn at the mailbox.
type reader struct {
	c        *Channel
	mark     *bookmark
	progress bool       // something was read since the last trouble
	stuck    int        // times fetching failed at this place
	found    []imap.UID // and not fetched yet
}

// turn reads on one connection until that ends, or the turn is another's.
func (r *reader) turn(ctx context.Context) error {
	mine, err := r.mark.claim(ctx)
	if err != nil || !mine {
		return err
	}
	s, err := r.c.connect(ctx)
	if err != nil {
		return err
	}
	defer s.end()
	r.found = nil
	r.c.hears.Store(true)
	r.c.allClear(readAlarms...)
	if err := r.begin(ctx, s); err != nil {
		return err
	}
	for ctx.Err() == nil {
		s.hush()
		more, err := r.readNew(ctx, s)
		if err != nil {
			return err
		}
		r.progress = true
		if mine, err := r.mark.renew(ctx); err != nil || !mine {
			return err
		}
		if more {
			continue
		}
		if err := s.wait(ctx, r.c.look); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// begin finds the place in a mailbox that was never read, or whose numbers have changed (UIDVALIDITY). The first time
// it is before what came lately and nobody has read; after a change it is before what came since the last letter that
// was stored, and a day more: keys make what is read again harmless.
func (r *reader) begin(ctx context.Context, s *session) error {
	p := r.mark.place
	if p.Validity == s.validity {
		return nil
	}
	criteria := &imap.SearchCriteria{Since: r.c.now().AddDate(0, 0, -firstDays), NotFlag: []imap.Flag{imap.FlagSeen}}
	if p.Validity != 0 {
		r.c.health.tally("mailbox renumbered")
		criteria = &imap.SearchCriteria{Since: p.At.AddDate(0, 0, -2)} // days are the server's, and SINCE knows no hours
	}
	uids, err := s.search(criteria)
	if err != nil {
		return err
	}
	start := max(s.next, 1) - 1
	if len(uids) > 0 {
		start = min(start, uint32(uids[0])-1)
	}
	mine, err := r.mark.move(ctx, s.validity, start)
	if err == nil && !mine {
		err = errors.New("another process reads the mailbox")
	}
	return err
}

// readNew takes in one batch of what came after the place; more says that there may be others.
func (r *reader) readNew(ctx context.Context, s *session) (more bool, err error) {
	if err := r.lookFor(s); err != nil || len(r.found) == 0 {
		return false, err
	}
	most := batchLetters
	if r.stuck >= stuckAlone {
		most = 1
	}
	letters, asked, err := s.fetch(r.found[:min(most, len(r.found))])
	if err == nil && len(letters) == 0 {
		err = errors.New("the mail server hands out none of the letters it names") // or somebody took them away just now
	}
	if err != nil {
		return false, r.tripped(ctx, r.found[0], err)
	}
	r.found, r.stuck = r.found[asked:], 0
	raws := make([][]byte, len(letters))
	for i, l := range letters {
		raws[i] = l.raw
	}
	errs := r.c.takeAll(ctx, raws)
	place, seen, trouble := r.mark.place.UID, []imap.UID(nil), error(nil)
	for i, l := range letters {
		if errs[i] != nil {
			trouble = errors.Join(trouble, errs[i])
			continue
		}
		seen = append(seen, l.uid)
		if trouble == nil {
			place = uint32(l.uid)
		}
	}
	if place > r.mark.place.UID {
		mine, err := r.mark.move(ctx, s.validity, place)
		if err != nil || !mine {
			return false, err
		}
		r.progress = true
	}
	s.markSeen(seen)
	if trouble != nil {
		return false, fmt.Errorf("letters could not be stored: %w", trouble)
	}
	return true, nil
}

// lookFor finds what came after the place, unless some of what was found is still to be fetched.
func (r *reader) lookFor(s *session) (err error) {
	if len(r.found) > 0 {
		return nil
	}
	after := imap.UID(r.mark.place.UID)
	var set imap.UIDSet
	set.AddRange(after+1, 0)
	r.found, err = s.search(&imap.SearchCriteria{UID: []imap.UIDSet{set}})
	r.found = slices.DeleteFunc(r.found, func(u imap.UID) bool { return u <= after }) // "n:*" always names the last letter
	return err
}

// tripped notes that fetching failed. A letter that the server cannot hand out must not keep all later ones waiting:
// after many tries it is left in the mailbox, and people are told.
func (r *reader) tripped(ctx context.Context, at imap.UID, err error) error {
	if r.stuck++; r.stuck < stuckSkip || ctx.Err() != nil {
		return err
	}
	r.stuck = 0
	r.c.health.tally("left in the mailbox")
	r.c.alarm("email.alarm.skipped", uint32(at))
	_, put := r.mark.move(ctx, r.mark.place.Validity, uint32(at))
	return errors.Join(err, put)
}
