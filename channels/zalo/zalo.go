// Package zalo is the Zalo Official Account channel: what citizens write there becomes tickets, what the hotline
// answers goes back.
//
// What it promises: the webhook says 200 only when the message is durable, and says it within Zalo's two seconds or
// not at all; a repeated event changes nothing; no event makes Zalo unsubscribe us; a message is sent again only if it
// did not arrive or nobody can know; the single-use refresh token is never spent twice on purpose, by however many
// processes.
//
// It knows ticketing and nothing else of ours. Facts about the wire are from Zalo's OA documents, version 2026
// (https://developers.zalo.me/docs/official-account); DESIGN.md says what could not be confirmed.
package zalo

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gofiber/fiber/v2"
	"golang.org/x/sync/errgroup"

	"hotline1022/ticketing"
	"hotline1022/ticketing/remote"
)

// Config is the channel's settings.
type Config struct {
	AppID        string
	AppSecret    string // for tokens; without it the channel hears and cannot speak
	OASecretKey  string // for the webhook's signature; not the same as AppSecret
	OAID         string
	RefreshToken string // the first one, from the console; afterwards the channel keeps its own

	API      string // base addresses; "" is Zalo's own. Another host is a simulator, and may host attachments too
	OAuth    string
	Business string // of template messages

	// Template is the approved template that tells a person that there is an answer, when Zalo no longer lets us write to
	// her: at her Zalo account if it is approved for that, else by her phone number; "" has none. TemplateData is its fields as JSON, values with {name}, {code}, {link}.
	Template     string
	TemplateData string
}

// Zalo's own hosts.
const (
	RealAPI      = "https://openapi.zalo.me"
	RealOAuth    = "https://oauth.zaloapp.com"
	RealBusiness = "https://business.openapi.zalo.me"
)

// mediaHosts are where Zalo keeps what people send.
var mediaHosts = []string{"zdn.vn", "zadn.vn"}

// Hears says whether the settings suffice for the webhook.
func (c Config) Hears() bool { return c.AppID != "" && c.OAID != "" && c.OASecretKey != "" }

// Speaks says whether they suffice for sending.
func (c Config) Speaks() bool { return c.Hears() && c.AppSecret != "" }

// by is who acts when the channel writes.
var by = ticketing.Actor{ID: "zalo", Role: ticketing.Citizen}

// Channel is the Official Account. Open makes one.
type Channel struct {
	Config
	Desk *ticketing.Desk
	Log  *slog.Logger

	http   *http.Client
	media  remote.Client
	names  chan string // Zalo user ids whose names may be unknown
	health health

	quietMu sync.Mutex
	quiet   time.Time // over the limit per minute: nobody calls before

	sending atomic.Int64 // messages under way in this process
	taking  atomic.Int64 // events under way

	phonesOnly  atomic.Bool // the template is not for Zalo accounts
	oneEndpoint atomic.Bool // people who are not signed in are answered by the endpoint for everybody

	keepTrying time.Duration // how long a new pair of tokens is tried to be stored
	gapPace    time.Duration // between the calls that look for missed messages
}

var _ ticketing.Sender = (*Channel)(nil)

// Open puts the channel together. Settings that are missing switch it off, wholly or for sending; Health says so. An
// error is a stored token that cannot be read: another vault key than the one it was written with.
func Open(ctx context.Context, cfg Config, desk *ticketing.Desk, log *slog.Logger) (*Channel, error) {
	c := &Channel{
		Config: cfg, Desk: desk, Log: log.With("channel", ticketing.Zalo),
		http: &http.Client{
			Timeout: 15 * time.Second,
			// A redirect would carry the token elsewhere.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		media:      remote.Client{Hosts: mediaHosts},
		names:      make(chan string, 256),
		keepTrying: 30 * time.Second,
		gapPace:    gapPace,
	}
	c.API, c.OAuth, c.Business = cmp.Or(cfg.API, RealAPI), cmp.Or(cfg.OAuth, RealOAuth), cmp.Or(cfg.Business, RealBusiness)
	if u, err := url.Parse(c.API); err == nil && c.API != RealAPI {
		c.media.Trusted = []string{u.Host}
	}
	if !c.Speaks() {
		return c, nil
	}
	_, _, err := c.load(ctx)
	return c, err
}

// Mount adds the webhook.
func (c *Channel) Mount(app fiber.Router) {
	app.Post("/webhooks/zalo", c.webhook)
}

// Source opens attachments; for ticketing.Collector.
func (c *Channel) Source() ticketing.Source { return c.media.Open }

// Run keeps the token fresh, looks up names, looks for missed messages and counts followers, until ctx ends.
func (c *Channel) Run(ctx context.Context) error {
	if !c.Speaks() {
		<-ctx.Done()
		return ctx.Err()
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return c.keepToken(ctx) })
	group.Go(func() error { return c.lookUpNames(ctx) })
	group.Go(func() error { return c.fillGaps(ctx) })
	group.Go(func() error { return c.hourly(ctx) })
	return group.Wait()
}

func (c *Channel) now() time.Time { return c.Desk.Now() }
