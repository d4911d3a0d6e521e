package phone

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"strconv"
	"time"
)

var errRefused = errors.New("the exchange refuses the sign-in")

// followExchange keeps a manager connection, with pauses that grow while there is none.
func (c *Channel) followExchange(ctx context.Context) error {
	pause := c.pace.first
	for {
		began := time.Now()
		err := c.converse(ctx)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		c.health.count("disconnected", c.now())
		c.Log.Warn("the connection to the exchange has ended; it will be made again", "err", err)
		switch {
		case errors.Is(err, errRefused):
			c.alarm("phone.alarm.login")
			pause = c.pace.refused // asking more often gets the address blocked
		case time.Since(began) > c.pace.longest:
			pause = c.pace.first
		default:
			c.alarm("phone.alarm.unreachable") // without its address: /readyz is public
		}
		// Not all of several hotlines at the same moment.
		if err := sleep(ctx, pause/2+rand.N(pause/2+1)); err != nil {
			return err
		}
		pause = min(2*pause, c.pace.longest)
	}
}

// session is one connection.
type session struct {
	conn  net.Conn
	in    chan message
	ended chan error

	asks     chan pauseAsk
	actions  int
	snapshot *snapshot // being gathered
	next     time.Time // of the next snapshot
	pinged   time.Time
	heard    time.Time
}

// converse signs in and hears the exchange until the connection ends.
func (c *Channel) converse(ctx context.Context) error {
	dialer := net.Dialer{Timeout: 10 * time.Second, KeepAlive: 15 * time.Second}
	conn, err := dialer.DialContext(ctx, "tcp", c.AMIAddr)
	if err != nil {
		return fmt.Errorf("connecting to the exchange: %w", err)
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	r := newReader(conn, func() { c.health.count("too large", c.now()) })
	if err := c.signIn(conn, r); err != nil {
		return err
	}
	s := &session{conn: conn, in: make(chan message, 1024), asks: make(chan pauseAsk, 64), ended: make(chan error, 1), heard: time.Now(), pinged: time.Now()}
	gone := make(chan struct{})
	defer close(gone)
	go func() { // ends when the connection does
		for {
			m, err := r.next()
			if err != nil {
				s.ended <- err
				return
			}
			select {
			case s.in <- m:
			case <-gone:
				return
			}
		}
	}()
	c.connected(s)
	defer c.disconnected(ctx)
	return c.listen(ctx, s)
}

// signIn waits for the greeting, says who we are and what we want to hear. Queue events are of the class agent, what
// became of a queue (QUEUESTATUS) and of recordings is of the class dialplan.
func (c *Channel) signIn(conn net.Conn, r *reader) error {
	if err := conn.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		return err
	}
	if err := r.greeting(); err != nil {
		return fmt.Errorf("waiting for the greeting: %w", err)
	}
	if err := action(conn, "Login", "login", "Username", c.AMIUser, "Secret", c.AMISecret, "Events", "call,agent,cdr,dialplan"); err != nil {
		return fmt.Errorf("signing in: %w", err)
	}
	for {
		m, err := r.next()
		if err != nil {
			return fmt.Errorf("signing in: %w", err)
		}
		if m.get("Response") == "" || m.get("ActionID") != "login" && m.get("ActionID") != "" {
			continue
		}
		if m.get("Response") != "Success" {
			return errRefused
		}
		return conn.SetDeadline(time.Time{})
	}
}

func (c *Channel) connected(s *session) {
	c.mu.Lock()
	c.conn = s
	c.mu.Unlock()
	c.calm("phone.alarm.login", "phone.alarm.unreachable")
	c.health.count("connected", c.now())
	c.Log.Info("connected to the exchange")
	c.bell.Ring()
}

// disconnected leaves what was heard as it is: the next snapshot will say what is still true.
func (c *Channel) disconnected(ctx context.Context) {
	c.mu.Lock()
	c.conn = nil
	c.mu.Unlock()
	c.bell.Ring()
	leave, done := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer done()
	c.flush(leave) // the program may be about to end
}

// listen takes what comes until the connection ends.
func (c *Channel) listen(ctx context.Context, s *session) error {
	if err := s.do("Ping"); err != nil { // its answer says what their clock shows
		return err
	}
	if err := c.ask(s); err != nil {
		return err
	}
	tick := time.NewTicker(c.pace.tick)
	defer tick.Stop()
	for {
		var err error
		select {
		case <-ctx.Done():
			return ctx.Err()
		case m := <-s.in:
			err = c.drain(s, m)
		case err = <-s.ended:
			for len(s.in) > 0 { // heard before the end
				if e := c.drain(s, <-s.in); e != nil {
					break
				}
			}
			if errors.Is(err, io.EOF) {
				err = errors.New("the exchange has closed the connection")
			}
		case p := <-s.asks:
			err = s.pauseFor(p)
		case <-tick.C:
			err = c.beat(s)
		}
		c.settle()
		c.syncPauses()
		c.flush(ctx)
		if err != nil {
			return err
		}
	}
}

// drain takes a message and those already behind it, at most so many that what follows is not kept waiting.
func (c *Channel) drain(s *session, m message) error {
	s.heard = time.Now()
	for range 64 {
		if err := c.hearExchange(s, m); err != nil {
			return err
		}
		select {
		case m = <-s.in:
		default:
			return nil
		}
	}
	return c.hearExchange(s, m)
}

// beat keeps the connection alive and asks for snapshots.
func (c *Channel) beat(s *session) error {
	now := time.Now()
	if now.Sub(s.heard) > c.pace.silence {
		return errors.New("the exchange has gone silent")
	}
	if now.Sub(s.pinged) >= c.pace.ping {
		s.pinged = now
		if err := s.do("Ping"); err != nil {
			return err
		}
	}
	if now.After(s.next) {
		return c.ask(s)
	}
	return nil
}

// do sends an action; a connection that takes nothing is dead.
func (s *session) do(name string, pairs ...string) error {
	s.actions++
	if err := s.conn.SetWriteDeadline(time.Now().Add(10 * time.Second)); err != nil {
		return err
	}
	if err := action(s.conn, name, name+"-"+strconv.Itoa(s.actions), pairs...); err != nil {
		return fmt.Errorf("asking the exchange: %w", err)
	}
	return nil
}
