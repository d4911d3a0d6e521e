// Package facebook is the Facebook page's channel: what citizens write in Messenger and under the page's posts becomes
// tickets, what the hotline answers goes back.
//
// What it promises: the webhook says 200 only when everything in the batch is durable, and says it in time or not at
// all; a repeated event changes nothing; no event makes Facebook unsubscribe us; a message is sent again only if it did
// not arrive or nobody can know, and what the page's echoes tell is known; nothing goes out under the tag for people
// that no person wrote.
//
// It knows ticketing and nothing else of ours. Facts about the wire are from Meta's Messenger Platform and Graph API
// documents, version v26.0 (https://developers.facebook.com/docs/messenger-platform); DESIGN.md says what could not be
// confirmed.
package facebook

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
	AppSecret   string // for the webhook's signature and for appsecret_proof
	VerifyToken string // for the webhook's handshake; any words, the same in the app's console
	PageToken   string // for sending; without it the channel hears and cannot speak
	PageID      string
	AppID       string // ours, to know who has a conversation; "": whatever is passed is passed to us

	// PublicReply writes a word below a comment or post, in public, once its answer has gone in private.
	PublicReply bool

	Graph string // base address with version; "" is Facebook's own. Another host is a simulator, and may host attachments too
}

// RealGraph is Facebook's own host, with the version the channel was written for. Versions live about two years.
const RealGraph = "https://graph.facebook.com/v26.0"

// mediaHosts are where Facebook keeps what people send.
var mediaHosts = []string{"fbcdn.net", "fbsbx.com"}

// Hears says whether the settings suffice for the webhook.
func (c Config) Hears() bool { return c.AppSecret != "" && c.VerifyToken != "" && c.PageID != "" }

// Speaks says whether they suffice for sending.
func (c Config) Speaks() bool { return c.Hears() && c.PageToken != "" }

// by is who acts when the channel writes what a citizen did, and aside when it writes what staff should know.
var (
	by    = ticketing.Actor{ID: "facebook", Role: ticketing.Citizen}
	aside = ticketing.Actor{ID: "facebook", Role: ticketing.Program, Scopes: []string{ticketing.ScopeAct}}
)

// Channel is the page. Open makes one.
type Channel struct {
	Config
	Desk *ticketing.Desk
	Log  *slog.Logger

	http      *http.Client
	media     remote.Client
	names     chan string // page-scoped ids whose names may be unknown
	early     chan early
	publicDue chan struct{} // a word in public is to be written
	health    health

	quietMu sync.Mutex
	quiet   time.Time // over a limit: nobody calls before

	taking atomic.Int64 // batches under way

	patience       time.Duration // for a call
	uploadPatience time.Duration // for a call that carries a file
}

var _ ticketing.Sender = (*Channel)(nil)

// Open puts the channel together. Settings that are missing switch it off, wholly or for sending; Health says so.
func Open(cfg Config, desk *ticketing.Desk, log *slog.Logger) *Channel {
	c := &Channel{
		Config: cfg, Desk: desk, Log: log.With("channel", ticketing.Facebook),
		http: &http.Client{
			// A redirect would carry the token elsewhere.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		media:     remote.Client{Hosts: mediaHosts},
		names:     make(chan string, 256),
		early:     make(chan early, 1024),
		publicDue: make(chan struct{}, 1),
		patience:  15 * time.Second,
		// With the message itself less than the two minutes after which the courier takes an attempt for lost.
		uploadPatience: 45 * time.Second,
	}
	c.Graph = cmp.Or(cfg.Graph, RealGraph)
	if u, err := url.Parse(c.Graph); err == nil && c.Graph != RealGraph {
		c.media.Trusted = []string{u.Host}
	}
	return c
}

// Mount adds the webhook.
func (c *Channel) Mount(app fiber.Router) {
	app.Get("/webhooks/facebook", c.handshake)
	app.Post("/webhooks/facebook", c.webhook)
}

// Source opens attachments; for ticketing.Collector.
func (c *Channel) Source() ticketing.Source { return c.media.Open }

// Run looks up names and followers, writes what is due in public, and settles what Facebook told too early, until ctx
// ends.
func (c *Channel) Run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return c.settleEarly(ctx, time.Second) })
	if c.Speaks() {
		group.Go(func() error { return c.lookUpNames(ctx) })
		group.Go(func() error { return c.daily(ctx) })
		group.Go(func() error { return c.writePublic(ctx) })
	}
	return group.Wait()
}

func (c *Channel) now() time.Time { return c.Desk.Now() }
