package ui

import (
	"sync"
	"time"

	"golang.org/x/time/rate"

	"hotline1022/ticketing"
)

// Rate is so many in a while; they come back evenly.
type Rate struct {
	N   int
	Per time.Duration
}

// Rates bound what one address may do. They are counted in each process for itself, and a restart forgets them.
type Rates struct {
	SignIn  Rate // sending the sign-in form; guessing is slowed further by Accounts
	Link    Rate // working by a link without an account; a whole office may share an address
	Intake  Rate // sending the public form or a further message
	Phone   Rate // matters under one telephone number
	LookUp  Rate // codes tried, right or wrong; a ticket one has seen does not count
	Wrong   Rate // codes that lead nowhere
	Digits  Rate // wrong last four digits, one code from one address
	DigitsA Rate // wrong last four digits, one code from anywhere
}

type rateClass string

const (
	rateNone   rateClass = ""
	rateSignIn rateClass = "sign-in"
	rateIntake rateClass = "intake"
	rateLink   rateClass = "link"
)

type limits struct {
	signIn, intake, link, phone, lookUp, wrong, digits, digitsA *keyed
}

func newLimits(r Rates) *limits {
	or := func(r Rate, n int, per time.Duration) *keyed {
		if r.N == 0 {
			r = Rate{n, per}
		}
		return &keyed{rate: r}
	}
	return &limits{
		signIn:  or(r.SignIn, 20, time.Minute),
		link:    or(r.Link, 120, 10*time.Minute),
		intake:  or(r.Intake, 12, time.Hour),
		phone:   or(r.Phone, 10, time.Hour),
		lookUp:  or(r.LookUp, 10, time.Minute),
		wrong:   or(r.Wrong, 60, 24*time.Hour),
		digits:  or(r.Digits, 5, 15*time.Minute),
		digitsA: or(r.DigitsA, 10, time.Hour),
	}
}

// withinRate counts the request against its route's class.
func (s *Server) withinRate(v *visit, r route) error {
	k, key := s.limits.intake, address(v.Ctx)
	switch r.rate {
	case rateNone:
		return nil
	case rateSignIn:
		k = s.limits.signIn
		if d := s.Accounts.Device("", v.Cookies(s.cookieName(cookieKnown))); d != "" {
			key = "browser " + d // whoever guesses from the same network does not make it wait
		}
	case rateLink:
		k = s.limits.link
	}
	if !k.take(s.Now(), key) {
		return tooMany(k.rate)
	}
	return nil
}

func tooMany(r Rate) error {
	wait := max(1, int((r.Per / time.Duration(r.N)).Seconds()))
	return &ticketing.Error{Class: ticketing.Busy, Key: "error.too_many", Args: []any{wait}}
}

// keyed is one limiter for each key, of bounded number: when it is full the ones that are whole again go, and if
// none is, the one used longest ago.
type keyed struct {
	rate Rate

	mu  sync.Mutex
	all map[string]*counted
}

type counted struct {
	*rate.Limiter
	last time.Time
}

const mostKeys = 20_000

// take uses one up; false if none is left.
func (k *keyed) take(now time.Time, key string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.of(now, key).AllowN(now, 1)
}

// left says whether there is one, without using it: what counts only failures asks first and takes afterwards.
func (k *keyed) left(now time.Time, key string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.of(now, key).TokensAt(now) >= 1
}

func (k *keyed) of(now time.Time, key string) *counted {
	c, ok := k.all[key]
	if !ok {
		if k.all == nil {
			k.all = map[string]*counted{}
		}
		if len(k.all) >= mostKeys {
			k.sweep(now)
		}
		c = &counted{Limiter: rate.NewLimiter(rate.Limit(float64(k.rate.N)/k.rate.Per.Seconds()), k.rate.N)}
		k.all[key] = c
	}
	c.last = now
	return c
}

func (k *keyed) sweep(now time.Time) {
	oldest, at := "", now
	for key, c := range k.all {
		if now.Sub(c.last) > k.rate.Per {
			delete(k.all, key)
		} else if c.last.Before(at) {
			oldest, at = key, c.last
		}
	}
	if len(k.all) >= mostKeys {
		delete(k.all, oldest)
	}
}
