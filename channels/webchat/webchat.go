// Package webchat is the chat window that a web page of the province carries: a loader puts a button on the page and
// a frame from our own address behind it; what a citizen writes there becomes a ticket, what the hotline answers
// appears there while she looks.
//
// What it promises: a message is durable before it is shown as sent, and a repeat never doubles it; a conversation
// opens only with the random key of the device it was begun on, never with a name, number or address somebody typed;
// only what is meant for the citizen leaves the house; the page that carries the window can neither read it nor write
// in it, and nothing is loaded from any third address; without a live line it works by asking.
//
// It knows ticketing and nothing else of ours: the live line, the fonts and who is on duty are handed in. Reasons are
// in DESIGN.md.
package webchat

import (
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"hotline1022/ticketing"
)

// Config is the channel's settings.
type Config struct {
	Sites []string      // origins of the pages that may carry the window, besides our own; see ParseSites
	Poll  time.Duration // between two looks of a window without a live line; 0 is 25 s
	Rates Rates         // zero fields have defaults
}

// Follower is who opens the live line: the ticket it follows and by whom.
type Follower struct {
	Ticket ticketing.Code
	Lang   string
	Device string // the same for all windows of one device
	IP     string
}

// Channel is the chat window. Desk must be there before Mount, the rest has a useful zero value.
type Channel struct {
	Config
	Desk *ticketing.Desk
	Log  *slog.Logger

	// Live makes the handler of the live line; who tells it what a caller may follow, or the error to answer. It must
	// look at the Origin by itself and answer ?since=VERSION with what came after. Nil: windows ask every Poll.
	Live func(who func(*fiber.Ctx) (Follower, error)) fiber.Handler
	// Staffed says whether somebody is there to answer at this moment; nil: always, within office hours.
	Staffed func(context.Context) bool
	// Asset is the address of a static file of the house's pages ("fonts.css", "icons.svg"); nil: the window has
	// the system's letters and no pictures on its buttons.
	Asset func(name string) string

	origin string // of our own pages, exactly
	secure bool
	limits *limits
	places chan struct{} // taken while a message is taken in

	begunBefore remembered // devices that have written
	assets      *assets
	health      health
}

var _ ticketing.Sender = (*Channel)(nil)

// by is who acts when a citizen writes.
var by = ticketing.Actor{ID: "chat", Role: ticketing.Citizen}

// Mount adds the routes. The app must have been made with fiber.Config.Immutable. Who may use a route stands in its
// wrapper: anyone for what is the same for all, device for what belongs to one conversation.
func (c *Channel) Mount(app fiber.Router) {
	c.prepare()
	app.Get("/nhung/chat.js", c.loader)                                   // anyone, from any page
	app.Get("/nhung/chat", c.page)                                        // anyone, framed by our own pages and Sites
	app.Get("/nhung/chat/static/:hash/:name", c.static)                   // anyone
	app.Get("/nhung/chat/thread", c.answer(c.prompt(c.thread)))           // anyone: the hours; device: its conversation
	app.Post("/nhung/chat/send", c.answer(c.own(c.send)))                 // device, from our own frame
	app.Post("/nhung/chat/seen", c.answer(c.own(c.prompt(c.seen))))       // device, from our own frame
	app.Post("/nhung/chat/verdict", c.answer(c.own(c.prompt(c.verdict)))) // device, from our own frame
	app.Get("/nhung/chat/file/:id", c.answer(c.file))                     // device
	if c.Live != nil {                                                    //
		app.Get("/nhung/chat/live", c.offered, c.Live(c.follower)) // device, by a pass from thread; from our own frame
	}
}

func (c *Channel) prepare() {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	c.Log = c.Log.With("channel", ticketing.Chat)
	if c.Poll == 0 {
		c.Poll = 25 * time.Second
	}
	if c.Asset == nil {
		c.Asset = func(string) string { return "" }
	}
	if u, err := url.Parse(c.Desk.BaseURL); err == nil {
		c.origin, c.secure = originOf(u), u.Scheme == "https"
	}
	c.limits = newLimits(c.Rates)
	c.places = make(chan struct{}, mostAtOnce)
	c.assets = mustAssets(c)
}

func (c *Channel) now() time.Time { return c.Desk.Now() }

// ParseSites reads the setting: origins like https://danang.gov.vn, comma separated. All mistakes are told together.
func ParseSites(setting string) ([]string, error) {
	var sites, wrong []string
	for s := range strings.SplitSeq(setting, ",") {
		if s = strings.TrimSpace(s); s == "" {
			continue
		}
		u, err := url.Parse(s)
		if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "" || strings.Trim(u.Path, "/") != "" ||
			u.RawQuery != "" || u.Fragment != "" || u.User != nil || strings.ContainsAny(u.Host, "*;, '\"") {
			wrong = append(wrong, fmt.Sprintf("%q", s))
			continue
		}
		if o := originOf(u); !slices.Contains(sites, o) {
			sites = append(sites, o)
		}
	}
	if wrong != nil {
		return nil, fmt.Errorf("%s: not like https://www.example.vn", strings.Join(wrong, ", "))
	}
	return sites, nil
}

// originOf is the origin as browsers write it: lower case, without the port that is the scheme's own.
func originOf(u *url.URL) string {
	host := strings.ToLower(u.Host)
	switch u.Scheme {
	case "https":
		host = strings.TrimSuffix(host, ":443")
	case "http":
		host = strings.TrimSuffix(host, ":80")
	}
	return u.Scheme + "://" + host
}
