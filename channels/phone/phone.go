// Package phone is the telephone channel: it hears the exchange, by its pushed events or over Asterisk's manager
// interface, and from what it hears keeps the calls, who is free to take one, and whom we owe a call back.
//
// What it promises: a pushed event is answered with 200 only when it is durable; a repeat, a wrong order, a torn
// connection and a restart leave the same calls behind; a call nobody took is in the missed-call book until the person
// has been served; the figures are computed from our own calls by definitions of our own.
//
// It knows ticketing and nothing else of ours. It does not carry voice and does not control the exchange. Numbers are
// in memory and in the vault, nowhere else. Sources for the wire stand beside the lines that obey them; DESIGN.md says
// what could not be confirmed.
package phone

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"log/slog"
	"sync"
	"time"

	"github.com/gofiber/fiber/v2"
	"golang.org/x/sync/errgroup"

	"hotline1022/ticketing"
)

// Config is the channel's settings. Without Secret the webhook is off, without AMIAddr the manager connection.
type Config struct {
	Secret string // key of the exchange's event push

	AMIAddr, AMIUser, AMISecret string

	QueueLog string // path of Asterisk's queue_log, where it can be read: it fills what was not heard

	Terms Terms                // what the figures call in time and short; the zero Terms are the usual ones
	After time.Duration        // how long a person may write after a call before it rings again; 0: as the queue says
	Open  func(time.Time) bool // whether the telephone is manned then; nil: always

	// Recordings is where recordings are fetched from: an address that ends with a slash, or one with {file} (the last part
	// of what the exchange names), {path} (all of it), {call} (the exchange's id), {year}, {month}, {day}. Nothing from
	// elsewhere is fetched, whatever the exchange names. "": recordings cannot be listened to.
	Recordings string

	Origin string // of our own pages; what a browser sends from elsewhere is refused
	// Staff is who is signed in. Without it the console's surface is off.
	Staff func(*fiber.Ctx) (ticketing.Actor, error)
}

// Hears says whether the webhook is on.
func (c Config) Hears() bool { return c.Secret != "" }

// Dials says whether the manager connection is on.
func (c Config) Dials() bool { return c.AMIAddr != "" && c.AMIUser != "" && c.AMISecret != "" }

// by is who acts when the channel writes.
const by = "phone"

// Channel is the telephone. Open makes one.
type Channel struct {
	Config
	Desk *ticketing.Desk
	Log  *slog.Logger

	health     health
	pace       pace
	recordings *recordings // nil: not to be listened to
	board      board
	bell       ticketing.Bell
	saving     sync.Mutex // held by flush
	taking     chan struct{}

	mu         sync.Mutex
	calls      map[string]*track // open ones, and the last that ended
	dirty      map[*track]bool   // changed by the manager connection and not saved yet
	agents     map[string]*agent // by interface; heard over AMI
	extensions map[string]string // extension to sign-in name
	seats      map[string]Seat   // what people say of themselves; by sign-in name
	follow     map[string]Seat   // what the exchange has said of them and is not stored yet
	skew       time.Duration     // the exchange's clock against ours
	heard      time.Time         // the last snapshot that was whole
	conn       *session          // nil: not connected
}

// pace is how often things happen by the clock; tests are quicker.
type pace struct {
	tick     time.Duration // looking at what waits for time to pass
	look     time.Duration // looking for what other processes wrote
	ping     time.Duration
	silence  time.Duration // an exchange that says nothing so long is gone
	snapshot time.Duration
	again    time.Duration // the second look, before anything is believed gone
	first    time.Duration // the first pause before connecting again
	longest  time.Duration
	refused  time.Duration // the pause after a refused sign-in
	enough   time.Duration // an answer to the exchange takes no longer
}

var usualPace = pace{
	tick: 250 * time.Millisecond, look: time.Second, ping: 20 * time.Second, silence: time.Minute, snapshot: 30 * time.Second,
	again: 3 * time.Second, first: 500 * time.Millisecond, longest: 30 * time.Second, refused: time.Minute,
	enough: enough,
}

// Open puts the channel together and takes up the calls that were under way.
func Open(ctx context.Context, cfg Config, desk *ticketing.Desk, log *slog.Logger) (*Channel, error) {
	c := &Channel{
		Config: cfg, Desk: desk, Log: log.With("channel", ticketing.Phone), pace: usualPace,
		calls: map[string]*track{}, dirty: map[*track]bool{}, agents: map[string]*agent{}, extensions: map[string]string{},
		seats: map[string]Seat{}, follow: map[string]Seat{},
		taking: make(chan struct{}, maxTaking),
	}
	c.Terms = cfg.Terms.orUsual()
	var err error
	if c.recordings, err = parseRecordings(cfg.Recordings); err != nil {
		return nil, err
	}
	return c, c.refresh(ctx)
}

// Mount adds the webhook and the console's surface.
func (c *Channel) Mount(app fiber.Router) {
	app.Post("/webhooks/phone", c.webhook)
	if c.Staff != nil {
		c.mountConsole(app)
	}
}

// Run hears the exchange, sees what other processes wrote, and clears the missed-call book by what the journal tells,
// until ctx ends.
func (c *Channel) Run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	if c.Dials() {
		group.Go(func() error { return c.followExchange(ctx) })
	}
	if c.QueueLog != "" {
		group.Go(func() error { return c.followLog(ctx) })
	}
	group.Go(func() error { return c.lookAround(ctx) })
	group.Go(func() error { return c.followJournal(ctx) })
	return group.Wait()
}

// Bell is closed at the next change of a call, of an agent's state or of the missed-call book. It carries no data: get
// it before reading Calls, so that no ring falls in between.
func (c *Channel) Bell() <-chan struct{} { return c.bell.Wait() }

func (c *Channel) now() time.Time { return c.Desk.Now().UTC().Truncate(time.Millisecond) }

// pushSource is the exchange's name in the ids of pushed calls.
const pushSource = "push"

// callID names a call. What a pushing exchange calls it may hold the caller's number: only its keyed hash is kept.
func (c *Channel) callID(linked string) string {
	mac := hmac.New(sha256.New, []byte(c.Secret))
	mac.Write([]byte("call " + linked))
	return pushSource + ":" + hex.EncodeToString(mac.Sum(nil)[:16])
}
