package simulator

import (
	"cmp"
	"context"
	"fmt"
	mathrand "math/rand/v2"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"
)

// TelegramSettings is the bot and how its platform behaves.
type TelegramSettings struct {
	Token    string // digits, a colon, a secret
	Username string // of the bot, without the @

	Now func() time.Time // for dates and the 24 hours updates live; nil is the real clock
	// Pace is the clock of the limits per second; nil is the real clock.
	Pace func() time.Time
	// Scale makes pauses between repeats and the wait of a long poll so many times shorter; 0 is 1.
	Scale float64
	// PerSecond is how many messages a second allows over all chats; 0 is 30. One chat is allowed one.
	PerSecond int
	Unlimited bool // no 429 but by fault
	Mood      TelegramMood
}

// TelegramMood is what Telegram does now and then, as shares of the updates.
type TelegramMood struct {
	Duplicate float64 // delivered once more after it was accepted
	Late      float64 // overtaken by the next
	Unknown   float64 // preceded by an update of a kind nobody has heard of
	Seed      uint64
}

// Telegram plays Bot API server, file host and webhook sender in one server on a loopback port.
type Telegram struct {
	set    TelegramSettings
	server *http.Server
	url    string
	ctx    context.Context
	stop   context.CancelFunc
	work   sync.WaitGroup

	mu       sync.Mutex
	changed  chan struct{} // closed and made anew at every change
	users    map[int64]*telegramUser
	groups   map[int64]*telegramUser // inbox of what the bot says there
	files    map[string]telegramFile // by file id
	answered map[string]string       // callback queries, with the words shown
	faults   []TelegramFault
	serial   int64
	updates  int64 // the last update_id
	queue    []telegramUpdate
	held     *telegramUpdate
	posting  bool
	hook     telegramHook
	poll     chan struct{} // closed when another getUpdates takes over
	commands map[string]string
	seconds  map[int64][]time.Time // by chat, 0 is all: when messages were taken in the last second
	chance   *mathrand.Rand
	push     TelegramPushes
	calls    map[string]int
}

// telegramUser is a person with the app, or a group.
type telegramUser struct {
	id          int64
	first, last string
	blocked     bool
	started     bool
	inbox       []TelegramMessage
	moved       int64 // a group's new id
}

// TelegramMessage is what a chat has got from the bot.
type TelegramMessage struct {
	ID      int64
	Kind    string // text, photo, document
	Text    string // or the caption
	Name    string // of a file
	Data    []byte
	Buttons []TelegramButton
	Asks    string // the reply keyboard: "contact", "remove" or nothing
	Preview bool   // Telegram may fetch a picture of the first link
	At      time.Time
}

// TelegramButton is an inline button.
type TelegramButton struct{ Text, Data string }

type telegramFile struct {
	path string
	data []byte
	big  bool // more than may be downloaded
}

type telegramHook struct {
	url, secret string
	allowed     []string
	lastError   string
}

// TelegramWait is how long a long poll may wait by Telegram's clock, whatever it asks for.
const telegramWait = 50 * time.Second

// NewTelegram starts the platform on a free loopback port. Close stops it.
func NewTelegram(set TelegramSettings) (*Telegram, error) {
	if set.Now == nil {
		set.Now = time.Now
	}
	if set.Pace == nil {
		set.Pace = time.Now
	}
	set.Scale, set.PerSecond = cmp.Or(set.Scale, 1), cmp.Or(set.PerSecond, 30)
	set.Username = cmp.Or(set.Username, "tongdai1022_bot")
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("the simulated Telegram cannot listen: %w", err)
	}
	ctx, stop := context.WithCancel(context.Background())
	g := &Telegram{
		set: set, url: "http://" + listener.Addr().String(), ctx: ctx, stop: stop, changed: make(chan struct{}),
		users: map[int64]*telegramUser{}, groups: map[int64]*telegramUser{}, files: map[string]telegramFile{},
		answered: map[string]string{}, commands: map[string]string{}, seconds: map[int64][]time.Time{}, calls: map[string]int{},
		updates: 715_000_000, serial: 4000,
		chance: mathrand.New(mathrand.NewPCG(set.Mood.Seed, 1022)),
	}
	g.server = &http.Server{Handler: g.routes(), ReadHeaderTimeout: 10 * time.Second}
	go g.server.Serve(listener) // ends with Close
	g.work.Go(g.deliverQueue)
	return g, nil
}

// URL is the base address of the API and of files.
func (g *Telegram) URL() string { return g.url }

// Close stops everything, pauses between repeats and long polls included.
func (g *Telegram) Close() error {
	g.stop()
	err := g.server.Close()
	g.work.Wait()
	return err
}

// change wakes who waits for something to happen. g.mu is held.
func (g *Telegram) change() {
	close(g.changed)
	g.changed = make(chan struct{})
}

// await returns when ok says so, which is asked under the lock after every change.
func (g *Telegram) await(ctx context.Context, ok func() bool) error {
	for {
		g.mu.Lock()
		done, changed := ok(), g.changed
		g.mu.Unlock()
		if done {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		case <-g.ctx.Done():
			return g.ctx.Err()
		}
	}
}

// id is a fresh number. g.mu is held.
func (g *Telegram) id() int64 {
	g.serial++
	return g.serial
}

// Citizen is a person on Telegram who has pressed “start” once; the id is the person's and the private chat's. It
// does not fit into 32 bits, as real ids do not any more.
func (g *Telegram) Citizen(first, last string) int64 {
	u := &telegramUser{first: first, last: last, started: true}
	g.mu.Lock()
	defer g.mu.Unlock()
	u.id = 7_000_000_000 + g.id()
	g.users[u.id] = u
	return u.id
}

// Stranger is a person the bot may not write to: she never wrote first.
func (g *Telegram) Stranger() int64 {
	id := g.Citizen("Lạ", "")
	g.mu.Lock()
	defer g.mu.Unlock()
	g.users[id].started = false
	return id
}

// Group is a group chat with the bot in it.
func (g *Telegram) Group() int64 {
	g.mu.Lock()
	defer g.mu.Unlock()
	id := -1_001_000_000_000 - g.id()
	g.groups[id] = &telegramUser{id: id, first: "Tổ dân phố", started: true}
	return id
}

// Move makes a chat answer that it has become another.
func (g *Telegram) Move(from, to int64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.chat(from).moved = to
}

// chat is the person or group; nil is nobody. g.mu is held.
func (g *Telegram) chat(id int64) *telegramUser {
	if u := g.users[id]; u != nil {
		return u
	}
	return g.groups[id]
}

// Inbox is what the chat has got so far.
func (g *Telegram) Inbox(chat int64) []TelegramMessage {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Clone(g.chat(chat).inbox)
}

// Await returns when the chat has got at least n messages.
func (g *Telegram) Await(ctx context.Context, chat int64, n int) ([]TelegramMessage, error) {
	err := g.await(ctx, func() bool { return len(g.chat(chat).inbox) >= n })
	return g.Inbox(chat), err
}

// Answered returns the words shown for a tapped button when it was answered.
func (g *Telegram) Answered(ctx context.Context, callback string) (words string, err error) {
	err = g.await(ctx, func() bool {
		var ok bool
		words, ok = g.answered[callback]
		return ok
	})
	return words, err
}

// Commands is the bot's menu, by command.
func (g *Telegram) Commands() map[string]string {
	g.mu.Lock()
	defer g.mu.Unlock()
	out := map[string]string{}
	for k, v := range g.commands {
		out[k] = v
	}
	return out
}

// Calls is how often the method was called, refused calls included.
func (g *Telegram) Calls(method string) int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.calls[method]
}

// AwaitCalls returns when the method was called so often.
func (g *Telegram) AwaitCalls(ctx context.Context, method string, n int) error {
	return g.await(ctx, func() bool { return g.calls[method] >= n })
}

// Webhook is where updates go, and with what secret; "" while they are polled.
func (g *Telegram) Webhook() (url, secret string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.hook.url, g.hook.secret
}

// SetWebhook says where updates go, as the method of that name does.
func (g *Telegram) SetWebhook(url, secret string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.hook = telegramHook{url: url, secret: secret}
	g.change()
}

// Renumber makes the next update the one after this, as after a week of silence.
func (g *Telegram) Renumber(last int64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.updates = last
}
