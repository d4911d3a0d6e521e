package email

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"slices"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
)

const (
	dialPatience  = 15 * time.Second
	callPatience  = time.Minute
	fetchPatience = 5 * time.Minute
)

var errSignIn = errors.New("the mail server refuses the sign-in")

// session is one connection with the mailbox open.
type session struct {
	c        *Channel
	client   *imapclient.Client
	news     chan struct{} // the server told of letters
	validity uint32
	next     uint32 // the next letter's number, as the server said
	idle     bool
	release  func() bool
}

// connect signs in and opens the mailbox. The connection ends with ctx.
func (c *Channel) connect(ctx context.Context) (*session, error) {
	s := &session{c: c, news: make(chan struct{}, 1)}
	conn, err := (&net.Dialer{Timeout: dialPatience}).DialContext(ctx, "tcp", c.imap.addr())
	if err == nil && c.imap.secure {
		secured := tls.Client(conn, c.tls(c.imap.host))
		shake, done := context.WithTimeout(ctx, dialPatience)
		if err = secured.HandshakeContext(shake); err != nil {
			conn.Close()
		}
		done()
		conn = secured
	}
	if err != nil {
		c.alarm("email.alarm.away")
		return nil, fmt.Errorf("the mail server cannot be reached: %w", err)
	}
	s.client = imapclient.New(conn, &imapclient.Options{UnilateralDataHandler: &imapclient.UnilateralDataHandler{
		Mailbox: func(data *imapclient.UnilateralDataMailbox) {
			if data.NumMessages != nil {
				select {
				case s.news <- struct{}{}:
				default:
				}
			}
		},
	}})
	s.release = context.AfterFunc(ctx, func() { s.client.Close() })
	if err := s.open(); err != nil {
		s.end()
		return nil, err
	}
	return s, nil
}

func (s *session) open() error {
	err := s.within(callPatience, func() error { return s.client.Login(s.c.User, s.c.Password).Wait() })
	if no := (*imap.Error)(nil); errors.As(err, &no) {
		if no.Code == imap.ResponseCodeUnavailable || no.Code == imap.ResponseCodeInUse || no.Type == imap.StatusResponseTypeBye {
			return fmt.Errorf("signing in: %w", err)
		}
		s.c.alarm("email.alarm.signin")
		return errSignIn // what the server says may hold the account's name
	}
	if err != nil {
		return fmt.Errorf("signing in: %w", err)
	}
	s.idle = s.client.Caps().Has(imap.CapIdle)
	var box *imap.SelectData
	err = s.within(callPatience, func() (err error) { box, err = s.client.Select(s.c.Mailbox, nil).Wait(); return err })
	if no := (*imap.Error)(nil); errors.As(err, &no) {
		s.c.alarm("email.alarm.mailbox", s.c.Mailbox)
	}
	if err != nil {
		return fmt.Errorf("opening the mailbox: %w", err)
	}
	s.validity, s.next = box.UIDValidity, uint32(box.UIDNext)
	return nil
}

func (s *session) end() {
	s.release()
	s.client.Close()
}

// within gives a command so long: the library waits for ever on a server that says nothing.
func (s *session) within(d time.Duration, do func() error) error {
	late := time.AfterFunc(d, func() { s.client.Close() })
	defer late.Stop()
	return do()
}

// hush forgets what was told: what is searched for now finds it.
func (s *session) hush() {
	select {
	case <-s.news:
	default:
	}
}

func (s *session) search(criteria *imap.SearchCriteria) (uids []imap.UID, err error) {
	err = s.within(callPatience, func() error {
		data, err := s.client.UIDSearch(criteria, nil).Wait()
		if err == nil {
			uids = data.AllUIDs()
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("looking for letters: %w", err)
	}
	slices.Sort(uids)
	return uids, nil
}

// fetched is a letter as it lies in the mailbox.
type fetched struct {
	uid imap.UID
	raw []byte
}

// fetch reads letters without marking them, in the order of their numbers, as many as memory allows and one at least:
// the first asked of them. One that was taken out of the mailbox meanwhile is not among the letters.
func (s *session) fetch(uids []imap.UID) (out []fetched, asked int, err error) {
	sizes := map[imap.UID]int64{}
	err = s.within(callPatience, func() error {
		all, err := s.client.Fetch(imap.UIDSetNum(uids...), &imap.FetchOptions{UID: true, RFC822Size: true}).Collect()
		for _, m := range all {
			sizes[m.UID] = m.RFC822Size
		}
		return err
	})
	if err != nil {
		return nil, 0, fmt.Errorf("asking for the sizes of letters: %w", err)
	}
	var whole []imap.UID
	total := int64(0)
	for _, uid := range uids {
		size := sizes[uid]
		total += size
		if len(whole) > 0 && total > batchBytes {
			break // the others next time, in their order
		}
		if size > maxLetter {
			out, err = s.bodies([]imap.UID{uid}, &imap.SectionPartial{Size: onlyHead})
			return out, 1, err
		}
		whole = append(whole, uid)
	}
	out, err = s.bodies(whole, nil)
	return out, len(whole), err
}

func (s *session) bodies(uids []imap.UID, some *imap.SectionPartial) (out []fetched, err error) {
	err = s.within(fetchPatience, func() error {
		all, err := s.client.Fetch(imap.UIDSetNum(uids...), &imap.FetchOptions{
			UID: true, BodySection: []*imap.FetchItemBodySection{{Peek: true, Partial: some}},
		}).Collect()
		for _, m := range all {
			if len(m.BodySection) > 0 && slices.Contains(uids, m.UID) {
				out = append(out, fetched{m.UID, m.BodySection[0].Bytes})
			}
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("fetching letters: %w", err)
	}
	slices.SortFunc(out, func(a, b fetched) int { return int(a.uid) - int(b.uid) })
	return out, nil
}

// markSeen is a courtesy to people who look into the mailbox; nothing depends on it.
func (s *session) markSeen(uids []imap.UID) {
	if len(uids) == 0 {
		return
	}
	err := s.within(callPatience, func() error {
		return s.client.Store(imap.UIDSetNum(uids...), &imap.StoreFlags{Op: imap.StoreFlagsAdd, Silent: true, Flags: []imap.Flag{imap.FlagSeen}}, nil).Close()
	})
	if err != nil {
		s.c.health.tally("not marked as read")
	}
}

// wait returns when the server tells of letters, or after a while.
func (s *session) wait(ctx context.Context, look time.Duration) error {
	if s.idle {
		told, err := s.idleOnce(ctx)
		if told || err != nil {
			return err
		}
	}
	timer := time.NewTimer(look)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-s.news:
	case <-s.client.Closed():
		return errors.New("the mail server ended the connection")
	case <-ctx.Done():
	}
	return nil
}

// idleOnce lets the server tell of letters. A server that offers IDLE and refuses it is asked from time to time instead.
func (s *session) idleOnce(ctx context.Context) (ok bool, err error) {
	var cmd *imapclient.IdleCommand
	err = s.within(callPatience, func() (err error) { cmd, err = s.client.Idle(); return err })
	if no := (*imap.Error)(nil); errors.As(err, &no) {
		s.idle = false
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("waiting for letters: %w", err)
	}
	timer := time.NewTimer(s.c.idleFor)
	defer timer.Stop()
	select {
	case <-s.news:
	case <-timer.C:
	case <-s.client.Closed():
		return false, errors.New("the mail server ended the connection")
	case <-ctx.Done():
	}
	err = s.within(callPatience, func() error {
		if err := cmd.Close(); err != nil {
			return err
		}
		return cmd.Wait()
	})
	if no := (*imap.Error)(nil); errors.As(err, &no) {
		s.idle = false
		return false, nil
	}
	return err == nil, err
}
