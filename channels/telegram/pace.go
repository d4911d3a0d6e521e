package telegram

import (
	"context"
	"errors"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"hotline1022/ticketing"
	"hotline1022/ticketing/words"
)

// What Telegram asks of bots (https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this).
const (
	perSecond  = 30
	perChat    = time.Second     // one message
	patience   = 3 * time.Second // waiting longer would hold a worker of the courier: then later
	hushForAll = time.Minute     // a 429 may be about the chat or about the bot, Telegram does not say
)

// pace keeps this process to Telegram's limits. Time here is the clock on the wall, not the desk's: it is about what
// Telegram counts. It is one process's; with several the sum may be more, and Telegram's 429 is obeyed.
type pace struct {
	now  func() time.Time
	wait func(context.Context, time.Duration) error

	mu    sync.Mutex
	all   *rate.Limiter
	chats map[int64]*rate.Limiter
	quiet map[int64]time.Time // 0 is everybody
	calls int
}

func newPace() *pace {
	return &pace{
		now: time.Now, wait: rest,
		// Bursts of less than the second's thirty, so that no second holds more however it is cut.
		all: rate.NewLimiter(perSecond-6, 6), chats: map[int64]*rate.Limiter{}, quiet: map[int64]time.Time{},
	}
}

// turn waits until a message may go to the chat. *ticketing.LaterError: it would take too long.
func (p *pace) turn(ctx context.Context, chat int64) error {
	for waited := time.Duration(0); ; {
		d := p.take(chat)
		if d == 0 {
			return nil
		}
		if waited += d; waited > patience {
			return &ticketing.LaterError{After: d, Err: errors.New(words.T(words.Vietnamese, "telegram.no.rate"))}
		}
		if err := p.wait(ctx, d); err != nil {
			return &ticketing.LaterError{After: d, Err: err}
		}
	}
}

// take is 0 if the message may go now, and counts it then; else how long to wait before asking again. Both limits are
// asked at the moment of sending: a place reserved ahead in one row would be used at the time of the other.
func (p *pace) take(chat int64) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	if p.calls++; p.calls%4096 == 0 {
		p.forget(now)
	}
	own := p.chats[chat]
	if own == nil {
		own = rate.NewLimiter(rate.Every(perChat), 1)
		p.chats[chat] = own
	}
	d := max(p.quiet[0].Sub(now), p.quiet[chat].Sub(now), until(own, now), until(p.all, now), 0)
	if d == 0 {
		own.AllowN(now, 1)
		p.all.AllowN(now, 1)
	}
	return d
}

// until is how long the limiter needs for the next token, a millisecond more for its rounding.
func until(l *rate.Limiter, now time.Time) time.Duration {
	lack := 1 - l.TokensAt(now)
	if lack <= 1e-9 {
		return 0
	}
	return time.Duration(lack/float64(l.Limit())*float64(time.Second)) + time.Millisecond
}

// forget drops what no longer says anything. p.mu is held.
func (p *pace) forget(now time.Time) {
	for chat, l := range p.chats {
		if l.TokensAt(now) >= 1 {
			delete(p.chats, chat)
		}
	}
	for chat, until := range p.quiet {
		if !until.After(now) {
			delete(p.quiet, chat)
		}
	}
}

// hush keeps quiet after a 429: towards the chat as long as Telegram says, towards everybody at most a minute.
func (p *pace) hush(chat int64, d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	p.quiet[chat] = now.Add(d)
	p.quiet[0] = now.Add(min(d, hushForAll))
}
