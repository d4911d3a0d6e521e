// Package open311 speaks Open311 GeoReport v2 in both directions: it is the public endpoint under /open311/v2 through
// which other systems hand reports in and read what is public, and it carries tickets to agencies that have an
// endpoint of their own.
//
// What it promises: a POST that is answered is durable, and its repeat under the same id of the sender changes nothing;
// nobody's name, number or words are ever in an answer, and no answer tells a private report from none at all; every
// failure comes in the specification's envelope; a ticket is sent to an agency by one process, and again only where
// nobody can know whether it arrived.
//
// It knows ticketing and nothing else of ours. The wire: https://wiki.open311.org/GeoReport_v2/ and, for updates,
// https://wiki.open311.org/GeoReport_v2.1_Draft/ as FixMyStreet speaks it. DESIGN.md says what is shown when.
package open311

import (
	"cmp"
	"context"
	"log/slog"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"hotline1022/ticketing"
	"hotline1022/ticketing/remote"
)

// base is where the endpoint stands.
const base = "/open311/v2"

// Config is the channel's settings. The zero Config serves.
type Config struct {
	// Jurisdiction is what the endpoint calls itself; "" is the public address's host without www.
	Jurisdiction string
	// Public is what counts for reports that do not say whether they may be published.
	Public bool
	// MediaHosts are whose pictures are fetched; of others only the address is kept.
	MediaHosts []string
	// Bounds are the south, west, north and east of where reports are taken from; zero is Vietnam.
	Bounds [4]float64
	// Trusted are HOST:PORT of agencies' endpoints and media hosts that may be anywhere: in a closed network, or a
	// simulator on this machine.
	Trusted []string

	Limits Limits
}

// Limits bounds what callers can ask for. The zero value of each field stands for the number beside it.
type Limits struct {
	PerSecond float64       // 200 reports and updates a second of one key
	Burst     int           // 400 at once
	Reads     float64       // 20 calls a second of one address
	ReadBurst int           // 100 at once
	Patience  time.Duration // 15 s for one call, then the answer is 503
}

// vietnam holds every island, and keeps out swapped coordinates.
var vietnam = [4]float64{6, 102, 24, 118}

// Channel is both sides. Open makes one.
type Channel struct {
	Config
	Desk     *ticketing.Desk
	Accounts *ticketing.Accounts
	Log      *slog.Logger

	media    remote.Client
	writes   limiter
	reads    limiter
	scans    chan struct{} // how many long lists are read at once
	health   health
	catalogs shelf
	settle   time.Duration // how long a result is tried to be written down
}

// Open puts the channel together.
func Open(cfg Config, desk *ticketing.Desk, accounts *ticketing.Accounts, log *slog.Logger) *Channel {
	if cfg.Bounds == ([4]float64{}) {
		cfg.Bounds = vietnam
	}
	if u, err := url.Parse(desk.BaseURL); err == nil {
		cfg.Jurisdiction = cmp.Or(cfg.Jurisdiction, strings.TrimPrefix(u.Hostname(), "www."))
	}
	l := &cfg.Limits
	l.PerSecond, l.Burst = cmp.Or(l.PerSecond, 200), cmp.Or(l.Burst, 400)
	l.Reads, l.ReadBurst = cmp.Or(l.Reads, 20), cmp.Or(l.ReadBurst, 100)
	l.Patience = cmp.Or(l.Patience, 15*time.Second)
	return &Channel{
		Config: cfg, Desk: desk, Accounts: accounts, Log: log.With("channel", ticketing.Open311),
		media:  remote.Client{Hosts: cfg.MediaHosts, Trusted: cfg.Trusted},
		writes: newLimiter(l.PerSecond, l.Burst), reads: newLimiter(l.Reads, l.ReadBurst),
		scans: make(chan struct{}, 2), settle: 10 * time.Second,
	}
}

// Source opens pictures; for ticketing.Collector.
func (c *Channel) Source() ticketing.Source { return c.media.Open }

// Run carries tickets to agencies and their answers back, until ctx ends.
func (c *Channel) Run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return c.follow(ctx) })
	group.Go(func() error { return c.carry(ctx) })
	return group.Wait()
}

func (c *Channel) now() time.Time { return c.Desk.Now() }

// zoned is a moment as the wire has it: the office's zone, no fractions.
func zoned(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.In(ticketing.Zone).Format(time.RFC3339)
}

// fetchable says whether the picture's host is on the list.
func (c *Channel) fetchable(address string) bool {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.User != nil {
		return false
	}
	host := strings.ToLower(u.Hostname())
	return slices.Contains(c.Trusted, u.Host) || slices.ContainsFunc(c.MediaHosts, func(h string) bool {
		return host == h || strings.HasSuffix(host, "."+h)
	})
}
