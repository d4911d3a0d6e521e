package main

import (
	"context"
	"crypto/rand"
	"fmt"
	mathrand "math/rand/v2"
	"sync"
	"time"

	"hotline1022/channels/phone"
	"hotline1022/channels/simulator"
	"hotline1022/cmd/hotline/province"
	"hotline1022/ticketing"
)

const demoQueue = "1022"

// switchboard plays the telephone exchange for the demo: citizens call, it rings at the operators' telephones, some are
// taken, some give up. It speaks to the hotline by the manager's protocol, as Asterisk does.
type switchboard struct {
	sim   *simulator.Phone
	seats []seat

	mu   sync.Mutex
	busy map[string]bool // by extension
}

// seat is an operator of the demo at her telephone.
type seat struct{ extension, staff, name string }

// newSwitchboard starts it and points the settings at it.
func newSwitchboard(c *Config) (*switchboard, error) {
	secret := rand.Text()
	sim, err := simulator.NewPhone(simulator.PhoneSettings{User: "demo", Secret: secret})
	if err != nil {
		return nil, err
	}
	c.AMIAddr, c.AMIUser, c.AMISecret, c.PhoneAfter = sim.Addr(), "demo", secret, "90s"
	x := &switchboard{sim: sim, busy: map[string]bool{}}
	for _, s := range province.Staff() {
		if s.Role == ticketing.Operator {
			one := seat{fmt.Sprint(101 + len(x.seats)), s.ID, s.Name}
			x.seats = append(x.seats, one)
			sim.Member(demoQueue, one.extension, one.name, 0)
		}
	}
	return x, nil
}

// assign gives the operators their telephones.
func (x *switchboard) assign(ctx context.Context, p *parts) error {
	office, err := phone.Open(ctx, phone.Config{}, p.desk, p.log)
	if err != nil {
		return err
	}
	for _, s := range x.seats {
		if err := office.SetExtension(ctx, ticketing.Actor{ID: "demo", Role: ticketing.Supervisor}, s.staff, s.extension); err != nil {
			return err
		}
	}
	return nil
}

// run has citizens call until ctx ends, on average so often.
func (x *switchboard) run(ctx context.Context, every time.Duration) error {
	var callers sync.WaitGroup
	defer callers.Wait()
	for rest(ctx, every/2+mathrand.N(every)) {
		callers.Go(func() { x.call(ctx) })
	}
	return nil
}

// call is one citizen's: she waits for a telephone that is free, and not longer than she likes.
func (x *switchboard) call(ctx context.Context) {
	c := x.sim.Call(fmt.Sprintf("09%08d", mathrand.N(100_000_000))).Enter(demoQueue)
	patience := time.Now().Add(15*time.Second + mathrand.N(30*time.Second))
	for {
		if extension := x.free(); extension != "" {
			x.answer(ctx, c, extension)
			return
		}
		if !rest(ctx, time.Second) || time.Now().After(patience) {
			c.HangUp()
			return
		}
	}
}

// answer rings at the extension; one in four hangs up before it is taken. Who takes it talks for a while.
func (x *switchboard) answer(ctx context.Context, c *simulator.PhoneCall, extension string) {
	defer x.release(extension)
	c.Ring(extension)
	rest(ctx, 4*time.Second+mathrand.N(4*time.Second))
	if mathrand.N(4) == 0 {
		c.HangUp()
		return
	}
	c.Take(extension)
	rest(ctx, 15*time.Second+mathrand.N(25*time.Second))
	if mathrand.N(3) == 0 {
		c.AgentHangsUp()
	} else {
		c.HangUp()
	}
}

// free is a telephone nobody talks at and whose person takes calls; it is taken.
func (x *switchboard) free() string {
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, i := range mathrand.Perm(len(x.seats)) {
		extension := x.seats[i].extension
		if paused, _ := x.sim.Paused(extension); !paused && !x.busy[extension] {
			x.busy[extension] = true
			return extension
		}
	}
	return ""
}

func (x *switchboard) release(extension string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	delete(x.busy, extension)
}

// rest waits; false: ctx has ended.
func rest(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
