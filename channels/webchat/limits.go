package webchat

import (
	"net/netip"
	"sync"
	"time"

	"github.com/gofiber/fiber/v2"
	"golang.org/x/time/rate"

	"hotline1022/ticketing"
)

// Rate is so many in a while; they come back evenly.
type Rate struct {
	N   int
	Per time.Duration
}

// Rates bound what one device and one address may do. An address may be a whole office or a carrier's customers, so
// its limits are wide; a device is one browser, and as a device costs nothing to make up, beginning a conversation is
// bounded by address. They are counted in each process for itself, and a restart forgets them.
type Rates struct {
	Device  Rate // messages of one device; 20 a minute
	Address Rate // messages from one address; 200 in ten minutes
	Begin   Rate // conversations begun from one address; 30 an hour
	Look    Rate // looks, files and receipts of one device; 120 a minute
	Looks   Rate // the same from one address; 3,000 a minute
}

type limits struct{ device, address, begin, look, looks *keyed }

func newLimits(r Rates) *limits {
	or := func(r Rate, n int, per time.Duration) *keyed {
		if r.N == 0 {
			r = Rate{n, per}
		}
		return &keyed{rate: r}
	}
	return &limits{
		device:  or(r.Device, 20, time.Minute),
		address: or(r.Address, 200, 10*time.Minute),
		begin:   or(r.Begin, 30, time.Hour),
		look:    or(r.Look, 120, time.Minute),
		looks:   or(r.Looks, 3000, time.Minute),
	}
}

// keyed is one bucket for each key, of bounded number: when they are too many, those that are full again go, for a
// new one says the same, and then any.
type keyed struct {
	rate Rate

	mu  sync.Mutex
	all map[string]*rate.Limiter
}

const mostKeys = 20_000

// take uses one up; an error says how long to wait.
func (k *keyed) take(now time.Time, key string) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	l, ok := k.all[key]
	if !ok {
		if len(k.all) >= mostKeys {
			k.drop(now)
		}
		if k.all == nil {
			k.all = map[string]*rate.Limiter{}
		}
		l = rate.NewLimiter(rate.Limit(float64(k.rate.N)/k.rate.Per.Seconds()), k.rate.N)
		k.all[key] = l
	}
	if l.AllowN(now, 1) {
		return nil
	}
	wait := max(1, int((k.rate.Per / time.Duration(k.rate.N)).Seconds()))
	return &ticketing.Error{Class: ticketing.Busy, Key: tooMany, Args: []any{wait}}
}

const tooMany = "error.too_many"

func (k *keyed) drop(now time.Time) {
	for key, l := range k.all {
		if l.TokensAt(now) >= float64(k.rate.N) {
			delete(k.all, key)
		}
	}
	for key := range k.all {
		if len(k.all) <= mostKeys/2 {
			return
		}
		delete(k.all, key)
	}
}

// address is what a limit counts: an IPv4 address, or the network of an IPv6 one, since a home has 2^64 of those.
func address(f *fiber.Ctx) string {
	a, err := netip.ParseAddr(f.IP())
	if err != nil {
		return f.IP()
	}
	if a = a.Unmap(); a.Is4() {
		return a.String()
	}
	p, _ := a.WithZone("").Prefix(64) // 64 is no more than 128
	return p.String()
}

// remembered is a bounded set of names. What it has forgotten is only looked up again.
type remembered struct {
	mu  sync.Mutex
	all map[string]struct{}
}

func (r *remembered) has(name string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, ok := r.all[name]
	return ok
}

func (r *remembered) add(name string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.all) >= mostKeys {
		r.all = nil
	}
	if r.all == nil {
		r.all = map[string]struct{}{}
	}
	r.all[name] = struct{}{}
}
