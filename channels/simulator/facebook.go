package simulator

import (
	"context"
	"fmt"
	mathrand "math/rand/v2"
	"net"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"
)

// FacebookSettings is the page and how its platform behaves.
type FacebookSettings struct {
	AppID, AppSecret, VerifyToken, PageToken, PageID string
	Name                                             string // of the page
	Followers                                        int

	Webhook string           // where events go; "" sends none. SetWebhook may set it later
	Now     func() time.Time // for windows, media and the token; nil is the real clock
	// Scale makes the pauses between repeated events so many times shorter; 0 is 1.
	Scale float64
	// PerMinute is how many API calls a minute allows; 0 is no limit.
	PerMinute int
	MediaLife time.Duration // of the addresses of what people send; 0 is an hour
	Mood      FacebookMood
}

// FacebookMood is what Facebook does now and then, as shares of the events sent.
type FacebookMood struct {
	Duplicate float64 // sent twice at once
	Late      float64 // overtaken by the next event
	Batch     float64 // kept for the next event's post
	Unknown   float64 // preceded by an event nobody has heard of
	Echo      bool    // the page's own messages come back, before the API answers
	Receipts  bool    // a delivery after each message, now and then without its ids
	Seed      uint64
}

// Facebook plays the platform: Graph API, media host and webhook sender in one server on a loopback port.
type Facebook struct {
	set    FacebookSettings
	server *http.Server
	url    string
	ctx    context.Context
	stop   context.CancelFunc
	posts  sync.WaitGroup

	mu       sync.Mutex
	changed  chan struct{} // closed and made anew at every change
	users    map[string]*facebookUser
	comments map[string]*facebookComment
	uploads  map[string]facebookFile
	media    map[string]facebookFile
	expired  bool                // the page's token
	confined bool                // the page may not send
	second   bool                // our app is not the page's primary one
	publics  map[string][]string // what the page wrote in public, by what it stands under
	faults   []FacebookFault
	minute   time.Time
	calls    int
	serial   int
	chance   *mathrand.Rand
	waiting  []facebookItem // for the next post
	held     *facebookPost
	posting  int
	push     FacebookPushes
}

// facebookUser is a person; she has one id in Messenger and another under comments.
type facebookUser struct {
	id, commenter string
	first, last   string
	blocked       bool
	hidden        bool   // her profile is not told
	owner         string // the app that has the conversation with her; "" is ours
	wrote         time.Time
	inbox         []FacebookMessage
}

// FacebookMessage is what a person has got from the page.
type FacebookMessage struct {
	ID      string
	Text    string
	Kind    string // text, image, video, audio, file
	Name    string // of a file
	Data    []byte
	At      time.Time
	Type    string // messaging_type
	Tag     string
	Comment string // of a private reply: the comment's or post's id
	Replies []FacebookQuickReply
}

// FacebookQuickReply is a button under a message.
type FacebookQuickReply struct {
	Type    string `json:"content_type"`
	Title   string `json:"title"`
	Payload string `json:"payload"`
}

type facebookComment struct {
	id, post, by string // by: the person's id in Messenger; of a post by a visitor id is the post's
	own          bool   // it is a post
	at           time.Time
	replied      bool
	removed      bool
}

type facebookFile struct {
	kind, name string
	data       []byte
	at         time.Time
}

// facebookVersion is the API's, as it stands in addresses.
const facebookVersion = "/v26.0"

// NewFacebook starts the platform on a free loopback port. Close stops it.
func NewFacebook(set FacebookSettings) (*Facebook, error) {
	if set.Now == nil {
		set.Now = time.Now
	}
	if set.Scale == 0 {
		set.Scale = 1
	}
	if set.MediaLife == 0 {
		set.MediaLife = time.Hour
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("the simulated Facebook cannot listen: %w", err)
	}
	ctx, stop := context.WithCancel(context.Background())
	f := &Facebook{
		set: set, url: "http://" + listener.Addr().String(), ctx: ctx, stop: stop,
		changed: make(chan struct{}), users: map[string]*facebookUser{}, comments: map[string]*facebookComment{},
		uploads: map[string]facebookFile{}, media: map[string]facebookFile{},
		chance: mathrand.New(mathrand.NewPCG(set.Mood.Seed, 1022)),
	}
	f.server = &http.Server{Handler: f.routes(), ReadHeaderTimeout: 10 * time.Second}
	go f.server.Serve(listener) // ends with Close
	return f, nil
}

// Graph is the base address of the API, with its version.
func (f *Facebook) Graph() string { return f.url + facebookVersion }

// SetWebhook says where events go.
func (f *Facebook) SetWebhook(url string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.set.Webhook, f.push.Unsubscribed = url, false
}

// Close stops everything, pauses between repeats included.
func (f *Facebook) Close() error {
	f.mu.Lock() // nobody begins a post while it is asked whether all have ended
	f.stop()
	f.mu.Unlock()
	err := f.server.Close()
	f.posts.Wait()
	return err
}

// change wakes who waits for something to happen. f.mu is held.
func (f *Facebook) change() {
	close(f.changed)
	f.changed = make(chan struct{})
}

// await returns when ok says so, which is asked under the lock after every change.
func (f *Facebook) await(ctx context.Context, ok func() bool) error {
	for {
		f.mu.Lock()
		done, changed := ok(), f.changed
		f.mu.Unlock()
		if done {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// id is a fresh platform id: digits, too large for a float. f.mu is held.
func (f *Facebook) id() string {
	f.serial++
	return strconv.Itoa(f.serial) + "682498302938465"
}

// ExpireToken makes the page's token useless until it is set again.
func (f *Facebook) ExpireToken() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.expired = true
}

// SetToken gives the page a new token.
func (f *Facebook) SetToken(token string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.set.PageToken, f.expired = token, false
}

// Restrict keeps the page from sending, or lets it again.
func (f *Facebook) Restrict(on bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.confined = on
}

// Inbox is what the person has got so far.
func (f *Facebook) Inbox(user string) []FacebookMessage {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.users[user].inbox)
}

// Await returns when the person has got at least n messages.
func (f *Facebook) Await(ctx context.Context, user string, n int) ([]FacebookMessage, error) {
	err := f.await(ctx, func() bool { return len(f.users[user].inbox) >= n })
	return f.Inbox(user), err
}
