package simulator

import (
	"bufio"
	"context"
	"fmt"
	mathrand "math/rand/v2"
	"net"
	"strings"
	"sync"
	"time"
)

// PhoneSettings is the exchange and who may listen to it.
type PhoneSettings struct {
	User, Secret string
	Now          func() time.Time // its clock; nil is the real one
	Unstamped    bool             // timestampevents is not set
	NoDialplan   bool             // the account does not get events of the dialplan
	NoChannels   bool             // the account may not ask for channels
	NoPause      bool             // the account may not send anybody on a break
	QueueLog     string           // file that queue_log is written to; "" is none
	Mood         PhoneMood
}

// PhoneMood is what the exchange's line does now and then, as shares of the events sent.
type PhoneMood struct {
	Repeat float64       // sent twice
	Lose   float64       // not sent at all
	Late   float64       // overtaken by the next event
	Delay  time.Duration // each block waits so long
	Seed   uint64
}

// Phone plays an Asterisk with queues and its manager interface, on a loopback port. What it says of calls is what
// Asterisk 22 says, in its order.
type Phone struct {
	set      PhoneSettings
	listener net.Listener
	ctx      context.Context
	stop     context.CancelFunc
	work     sync.WaitGroup

	mu      sync.Mutex
	changed chan struct{}
	conns   map[*amiConn]bool
	members []*phoneMember
	calls   []*PhoneCall
	chance  *mathrand.Rand
	held    string // an event that the next one overtakes
	muted   bool
	refuse  int
	serial  int
	asked   int // snapshots asked for
	logins  int
	sent    int
}

// amiConn is one manager session.
type amiConn struct {
	net.Conn
	out    chan string
	signed bool
	frozen bool
}

// phoneMember is somebody at a telephone, in one queue.
type phoneMember struct {
	queue, iface, name string
	wrapup             int
	status             int
	paused             bool
	reason             string
	inCall             bool
	last, lastPause    time.Time
}

// NewPhone starts the exchange. Close stops it.
func NewPhone(set PhoneSettings) (*Phone, error) {
	if set.Now == nil {
		set.Now = time.Now
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("the simulated exchange cannot listen: %w", err)
	}
	ctx, stop := context.WithCancel(context.Background())
	p := &Phone{
		set: set, listener: listener, ctx: ctx, stop: stop, changed: make(chan struct{}), conns: map[*amiConn]bool{},
		chance: mathrand.New(mathrand.NewPCG(set.Mood.Seed, 5038)),
	}
	p.work.Go(p.accept)
	return p, nil
}

// Addr is the manager's address.
func (p *Phone) Addr() string { return p.listener.Addr().String() }

// Close stops everything.
func (p *Phone) Close() error {
	p.stop()
	err := p.listener.Close()
	p.Cut()
	p.work.Wait()
	return err
}

func (p *Phone) accept() {
	for {
		conn, err := p.listener.Accept()
		if err != nil {
			return
		}
		c := &amiConn{Conn: conn, out: make(chan string, 4096)}
		p.mu.Lock()
		if p.ctx.Err() != nil {
			p.mu.Unlock()
			conn.Close()
			return
		}
		p.conns[c] = true
		p.change()
		p.mu.Unlock()
		p.work.Go(func() { p.write(c) })
		p.work.Go(func() { p.serve(c) })
	}
}

// write sends what is queued for the session, with the line's delay.
func (p *Phone) write(c *amiConn) {
	for s := range c.out {
		if d := p.set.Mood.Delay; d > 0 {
			timer := time.NewTimer(d)
			select {
			case <-timer.C:
			case <-p.ctx.Done():
				timer.Stop()
			}
		}
		p.mu.Lock()
		frozen := c.frozen
		p.mu.Unlock()
		if frozen {
			continue
		}
		if _, err := c.Write([]byte(s)); err != nil {
			c.Close()
		}
	}
	c.Close()
}

// serve answers one session's actions.
func (p *Phone) serve(c *amiConn) {
	defer func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.drop(c)
	}()
	p.mu.Lock()
	p.say(c, "Asterisk Call Manager/11.0.0\r\n")
	p.mu.Unlock()
	lines := bufio.NewScanner(c)
	asked := map[string]string{}
	for lines.Scan() {
		line := strings.TrimRight(lines.Text(), "\r")
		if line != "" {
			key, value, _ := strings.Cut(line, ":")
			asked[strings.ToLower(key)] = strings.TrimSpace(value)
			continue
		}
		if len(asked) > 0 {
			p.mu.Lock()
			p.act(c, asked)
			p.mu.Unlock()
			asked = map[string]string{}
		}
	}
}

// drop ends a session. p.mu is held, here and below.
func (p *Phone) drop(c *amiConn) {
	if p.conns[c] {
		delete(p.conns, c)
		close(c.out)
		p.change()
	}
}

// say queues text for a session; one that reads nothing for long is dropped, as Asterisk does.
func (p *Phone) say(c *amiConn, text string) {
	if !p.conns[c] {
		return
	}
	select {
	case c.out <- text:
	default:
		p.drop(c)
	}
}

func (p *Phone) change() {
	close(p.changed)
	p.changed = make(chan struct{})
}

// block is lines of keys and values, ended by an empty one.
func block(pairs ...string) string {
	var b strings.Builder
	for i := 0; i+1 < len(pairs); i += 2 {
		fmt.Fprintf(&b, "%s: %s\r\n", pairs[i], pairs[i+1])
	}
	b.WriteString("\r\n")
	return b.String()
}

// emit sends an event to every session, as well as the line's mood allows.
func (p *Phone) emit(name string, pairs ...string) {
	head := []string{"Event", name, "Privilege", "call,all"}
	if !p.set.Unstamped {
		head = append(head, "Timestamp", p.stamp())
	}
	text := block(append(head, pairs...)...)
	roll := func(share float64) bool { return share > 0 && p.chance.Float64() < share }
	lose, twice, late := roll(p.set.Mood.Lose), roll(p.set.Mood.Repeat), roll(p.set.Mood.Late)
	if p.muted || lose {
		return
	}
	next := []string{text}
	if twice {
		next = append(next, text)
	}
	switch {
	case p.held != "":
		next, p.held = append(next, p.held), ""
	case late:
		next, p.held = next[1:], text
	}
	for _, s := range next {
		p.sent++
		for c := range p.conns {
			if c.signed {
				p.say(c, s)
			}
		}
	}
	p.change()
}

// Cut ends every session at once.
func (p *Phone) Cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.conns {
		c.Close()
		p.drop(c)
	}
}

// Tear ends every session in the middle of an event.
func (p *Phone) Tear() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.conns {
		p.say(c, "Event: QueueCallerJoin\r\nQueue: hotl")
		p.drop(c)
	}
}

// Freeze leaves the sessions open and says nothing more on them.
func (p *Phone) Freeze() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.conns {
		c.frozen = true
	}
}

// Mute loses every event from now on, or no longer.
func (p *Phone) Mute(on bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.muted = on
}

// RefuseLogins refuses the next n sign-ins.
func (p *Phone) RefuseLogins(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refuse = n
}

// Raw sends text as it is to every session.
func (p *Phone) Raw(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.conns {
		p.say(c, text)
	}
}

// Logins is how many sign-ins there were, refused ones included.
func (p *Phone) Logins() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.logins
}

// Await returns when so many sessions are signed in and so many snapshots have been asked for.
func (p *Phone) Await(ctx context.Context, sessions, snapshots int) error {
	for {
		p.mu.Lock()
		n := 0
		for c := range p.conns {
			if c.signed {
				n++
			}
		}
		done, changed := n == sessions && p.asked >= snapshots, p.changed
		p.mu.Unlock()
		if done {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("%d sessions: %w", n, ctx.Err())
		}
	}
}

// Asked is how many snapshots were asked for.
func (p *Phone) Asked() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.asked
}
