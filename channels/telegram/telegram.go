// Package telegram is the channel of a Telegram bot: what citizens write to it in private becomes tickets, what the
// hotline answers goes back; a few commands tell how far a ticket is and take the verdict on an answer.
//
// What it promises: the webhook says 200, and the poll moves its offset, only when the update is durable; a repeated
// update changes nothing and is answered once; a message is sent again only if it did not arrive or nobody can know;
// Telegram's limits are kept before Telegram has to say so; the bot's token is in no record, log line or error.
//
// It knows ticketing and nothing else of ours. Facts about the wire are from https://core.telegram.org/bots/api (9.4);
// DESIGN.md says what could not be confirmed, and why so little of the library is used for what comes in.
package telegram

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/go-telegram/bot"
	"github.com/gofiber/fiber/v2"
	"golang.org/x/sync/errgroup"

	"hotline1022/ticketing"
	"hotline1022/ticketing/remote"
)

// Config is the channel's settings.
type Config struct {
	Token  string // of the bot, from @BotFather; without it the channel is off
	Secret string // of the webhook, 1–256 of A-Z a-z 0-9 _ -; without it updates are polled
	API    string // base address; "" is Telegram's own. Another host is a simulator, and hosts files too
}

// RealAPI is Telegram's own host, of calls and of files.
const RealAPI = "https://api.telegram.org"

// On says whether the channel does anything.
func (c Config) On() bool { return c.Token != "" }

// by is who acts when the channel writes; assistant is who leaves a note for operators.
var (
	by        = ticketing.Actor{ID: "telegram", Role: ticketing.Citizen}
	assistant = ticketing.Actor{ID: "telegram", Role: ticketing.Program, Scopes: []string{ticketing.ScopeRead, ticketing.ScopeAct}}
)

// Channel is the bot. Open makes one.
type Channel struct {
	Config
	Desk *ticketing.Desk
	Log  *slog.Logger

	wire   *wire
	bot    *bot.Bot
	media  remote.Client
	pace   *pace
	health health
	toDo   chan string // ids of errands that may be done at once

	meMu sync.Mutex
	me   string // the bot's username

	guards guards
}

var _ ticketing.Sender = (*Channel)(nil)

// Open puts the channel together. Nothing is called yet: a Telegram that is away must not keep the hotline from
// starting.
func Open(cfg Config, desk *ticketing.Desk, log *slog.Logger) (*Channel, error) {
	c := &Channel{
		Config: cfg, Desk: desk, Log: log.With("channel", ticketing.Telegram),
		wire: &wire{client: &http.Client{
			// A redirect would carry the token elsewhere: it stands in the path.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		}},
		media: remote.Client{Hosts: []string{"api.telegram.org"}, MaxBytes: maxDown},
		pace:  newPace(),
		toDo:  make(chan string, 256),
	}
	c.API = strings.TrimRight(cmp.Or(cfg.API, RealAPI), "/")
	if !c.On() {
		return c, nil
	}
	if u, err := url.Parse(c.API); err == nil && c.API != RealAPI {
		c.media.Trusted = []string{u.Host}
	}
	var err error
	c.bot, err = bot.New(c.Token,
		bot.WithSkipGetMe(), bot.WithServerURL(c.API), bot.WithHTTPClient(pollWait, c.wire),
		bot.WithErrorsHandler(func(error) {}), // of its pipes; what matters comes back from the call
	)
	if err != nil {
		return nil, fmt.Errorf("the bot's token: %s", c.hide(err.Error()))
	}
	return c, nil
}

// Mount adds the webhook.
func (c *Channel) Mount(app fiber.Router) {
	app.Post("/webhooks/telegram", c.webhook)
}

// Run introduces the bot to Telegram, fetches updates where there is no webhook, and does errands, until ctx ends.
func (c *Channel) Run(ctx context.Context) error {
	if !c.On() {
		<-ctx.Done()
		return ctx.Err()
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return c.introduce(ctx) })
	group.Go(func() error { return c.doErrands(ctx) })
	if c.Secret == "" {
		group.Go(func() error { return c.fetchUpdates(ctx) })
	}
	return group.Wait()
}

func (c *Channel) now() time.Time { return c.Desk.Now() }

// hide takes the token out of a text that came from outside.
func (c *Channel) hide(s string) string {
	if c.Token == "" {
		return s
	}
	return strings.ReplaceAll(s, c.Token, "***")
}

// username is the bot's, as far as Telegram has told it.
func (c *Channel) username() string {
	c.meMu.Lock()
	defer c.meMu.Unlock()
	return c.me
}

// rest waits so long, or until ctx ends.
func rest(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
