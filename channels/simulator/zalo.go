// Package simulator is the other side of each channel, for tests and for the demo: it signs, retries, limits, and
// misbehaves on demand. It runs on this machine only.
//
// It knows the platforms' rules, not the hotline: what it checks, it checks as the platform would.
package simulator

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"maps"
	mathrand "math/rand/v2"
	"net"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"
)

// ZaloSettings is the Official Account and how its platform behaves.
type ZaloSettings struct {
	AppID, AppSecret, OASecretKey, OAID string
	Name                                string // of the Official Account

	Webhook string           // where events go; "" sends none. SetWebhook may set it later
	Now     func() time.Time // for windows and tokens; nil is the real clock
	// Scale makes the pauses between repeated events so many times shorter; 0 is 1.
	Scale float64
	// PerMinute is how many API calls a minute allows; 0 is 4,000.
	PerMinute int
	Mood      ZaloMood
}

// ZaloMood is what Zalo does now and then, as shares of the events sent.
type ZaloMood struct {
	Duplicate float64 // sent twice at once
	Late      float64 // overtaken by the next event
	Unknown   float64 // preceded by an event nobody has heard of
	Echo      bool    // oa_send_*, user_received_message and user_seen_message after each message
	Seed      uint64
}

// Zalo plays the platform: sign-in, API, media host and webhook sender in one server on a loopback port.
type Zalo struct {
	set    ZaloSettings
	server *http.Server
	url    string
	ctx    context.Context
	stop   context.CancelFunc
	posts  sync.WaitGroup

	mu      sync.Mutex
	changed chan struct{} // closed and made anew at every change
	users   map[string]*zaloUser
	tokens  zaloTokens
	faults  []ZaloFault
	assets  map[string]zaloAsset
	media   map[string]zaloAsset
	minute  time.Time
	calls   int
	serial  int
	chance  *mathrand.Rand
	held    *zaloPost
	posting int
	push    ZaloPushes
	history []zaloPast
	miss    int              // so many of the next messages are told to nobody
	missed  []map[string]any // their events
	asked   map[string]int   // calls by path
	closed  bool             // the endpoint for anonymous people

	otherIDs bool // in the history

	templates []ZaloTemplate
	notices   map[string][]ZaloNotice // by phone or account
	unwilling []string
}

// zaloUser is a person with the Zalo app on her phone.
type zaloUser struct {
	id, name string
	talk     string // of who is not signed in: the conversation she is answered in
	follows  bool
	left     bool // unfollowed, which is not the same as never having followed
	blocked  bool
	last     time.Time // last interaction
	inbox    []ZaloMessage
	heard    map[string]bool // asset ids used
}

// ZaloMessage is what a person has got from the Official Account.
type ZaloMessage struct {
	ID    string
	Text  string
	Kind  string // text, image, file
	Name  string // of a file
	Data  []byte // of a picture or file
	At    time.Time
	Quota string // reply (free) or purchase_quota
	Quote string // the id of the message it stands under
}

type zaloAsset struct {
	kind, name string
	data       []byte
	at         time.Time
}

// NewZalo starts the platform on a free loopback port. Close stops it.
func NewZalo(set ZaloSettings) (*Zalo, error) {
	if set.Now == nil {
		set.Now = time.Now
	}
	if set.Scale == 0 {
		set.Scale = 1
	}
	if set.PerMinute == 0 {
		set.PerMinute = 4000
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("the simulated Zalo cannot listen: %w", err)
	}
	ctx, stop := context.WithCancel(context.Background())
	z := &Zalo{
		set: set, url: "http://" + listener.Addr().String(), ctx: ctx, stop: stop,
		changed: make(chan struct{}), users: map[string]*zaloUser{}, assets: map[string]zaloAsset{}, media: map[string]zaloAsset{},
		asked:  map[string]int{},
		chance: mathrand.New(mathrand.NewPCG(set.Mood.Seed, 1022)),
	}
	z.server = &http.Server{Handler: z.routes(), ReadHeaderTimeout: 10 * time.Second}
	go z.server.Serve(listener) // ends with Close
	return z, nil
}

// URL is the base address of sign-in, API and media host.
func (z *Zalo) URL() string { return z.url }

// SetWebhook says where events go.
func (z *Zalo) SetWebhook(url string) {
	z.mu.Lock()
	defer z.mu.Unlock()
	z.set.Webhook, z.push.Unsubscribed = url, false
}

// Close stops everything, pauses between repeats included.
func (z *Zalo) Close() error {
	z.mu.Lock() // nobody begins a post while it is asked whether all have ended
	z.stop()
	z.mu.Unlock()
	err := z.server.Close()
	z.posts.Wait()
	return err
}

// change wakes who waits for something to happen. z.mu is held.
func (z *Zalo) change() {
	close(z.changed)
	z.changed = make(chan struct{})
}

// await returns when ok says so, which is asked under the lock after every change.
func (z *Zalo) await(ctx context.Context, ok func() bool) error {
	for {
		z.mu.Lock()
		done, changed := ok(), z.changed
		z.mu.Unlock()
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

// id is a fresh platform id: digits, too large for a float. z.mu is held.
func (z *Zalo) id() string {
	z.serial++
	return strconv.Itoa(z.serial) + "845883529197922"
}

func hexID() string {
	var raw [10]byte
	rand.Read(raw[:])
	return hex.EncodeToString(raw[:])
}

// Citizen is a person on Zalo; the id is what the platform calls her towards this account.
func (z *Zalo) Citizen(name string) (id string) {
	z.mu.Lock()
	defer z.mu.Unlock()
	id = z.id()
	z.users[id] = &zaloUser{id: id, name: name, heard: map[string]bool{}}
	return id
}

// Stranger is a person who is not signed in; her id is of another kind.
func (z *Zalo) Stranger() (id string) {
	z.mu.Lock()
	defer z.mu.Unlock()
	id = "a" + z.id()
	z.users[id] = &zaloUser{id: id, talk: "c" + z.id(), heard: map[string]bool{}}
	return id
}

// Return gives the person who is not signed in another conversation, as when she comes back another day.
func (z *Zalo) Return(stranger string) {
	z.mu.Lock()
	defer z.mu.Unlock()
	z.users[stranger].talk = "c" + z.id()
}

// CloseAnonymous shuts the endpoint down that the documents name for people who are not signed in.
func (z *Zalo) CloseAnonymous() {
	z.mu.Lock()
	defer z.mu.Unlock()
	z.closed = true
}

// touch notes an interaction: what opens the windows for answers.
func (z *Zalo) touch(user string) *zaloUser {
	z.mu.Lock()
	defer z.mu.Unlock()
	u := z.users[user]
	u.last = z.set.Now()
	return u
}

// Say writes a text; it returns the message's id at once, the event goes its own way.
func (z *Zalo) Say(user, text string) string {
	return z.send(user, "text", map[string]any{"text": text})
}

// Reply writes a text under another message of the conversation.
func (z *Zalo) Reply(user, quoted, text string) string {
	return z.send(user, "text", map[string]any{"text": text, "quote_msg_id": quoted})
}

// SendPicture sends a picture with words beside it (may be empty).
func (z *Zalo) SendPicture(user string, data []byte, caption string) string {
	link := z.host("image", "", data)
	return z.send(user, "image", map[string]any{"text": caption, "attachments": []any{
		attachmentOf("image", map[string]any{"url": link, "thumbnail": link}),
	}})
}

// SendFile sends a document.
func (z *Zalo) SendFile(user, name string, data []byte) string {
	link := z.host("file", name, data)
	return z.send(user, "file", map[string]any{"attachments": []any{
		attachmentOf("file", map[string]any{"url": link, "name": name, "size": strconv.Itoa(len(data)), "type": "application"}),
	}})
}

// SendLocation sends a place; coordinates are strings on the wire.
func (z *Zalo) SendLocation(user string, lat, lng float64) string {
	at := map[string]any{"latitude": fmt.Sprint(lat), "longitude": fmt.Sprint(lng)}
	return z.send(user, "location", map[string]any{"attachments": []any{attachmentOf("location", map[string]any{"coordinates": at})}})
}

// SendSticker sends a sticker.
func (z *Zalo) SendSticker(user string) string {
	return z.send(user, "sticker", map[string]any{"attachments": []any{
		attachmentOf("sticker", map[string]any{"id": "46957", "url": "https://api.zaloapp.com/sticker/46957"}),
	}})
}

func attachmentOf(kind string, payload map[string]any) map[string]any {
	return map[string]any{"type": kind, "payload": payload}
}

// host keeps what a citizen sends and gives its address.
func (z *Zalo) host(kind, name string, data []byte) string {
	z.mu.Lock()
	defer z.mu.Unlock()
	id := hexID()
	z.media[id] = zaloAsset{kind: kind, name: name, data: data, at: z.set.Now()}
	return z.url + "/media/" + id
}

func (z *Zalo) send(user, kind string, message map[string]any) string {
	z.touch(user)
	id := hexID()
	message["msg_id"] = id
	z.mu.Lock()
	talk := z.users[user].talk
	z.mu.Unlock()
	if talk != "" {
		message["conversation_id"] = talk
		z.Post(map[string]any{
			"app_id": z.set.AppID, "event_name": "anonymous_send_" + kind, "sender": map[string]any{"id": user},
			"recipient": map[string]any{"id": z.set.OAID}, "message": message, "timestamp": z.stamp(),
		})
		return id
	}
	z.tell(user, kind, id, message, map[string]any{
		"app_id": z.set.AppID, "event_name": "user_send_" + kind, "sender": map[string]any{"id": user},
		"recipient": map[string]any{"id": z.set.OAID}, "user_id_by_app": "7" + user, "message": message, "timestamp": z.stamp(),
	})
	return id
}

func (z *Zalo) stamp() string { return strconv.FormatInt(z.set.Now().UnixMilli(), 10) }

// flat posts an event about a person that is no message.
func (z *Zalo) flat(name, user string, more map[string]any) {
	event := map[string]any{
		"app_id": z.set.AppID, "event_name": name, "oa_id": z.set.OAID, "user_id_by_app": "7" + user, "timestamp": z.stamp(),
	}
	maps.Copy(event, more)
	z.Post(event)
}

// Follow makes the person a follower.
func (z *Zalo) Follow(user string) {
	u := z.touch(user)
	z.mu.Lock()
	u.follows, u.left = true, false
	z.mu.Unlock()
	z.flat("follow", user, map[string]any{"source": "oa_profile", "follower": map[string]any{"id": user}})
}

// Unfollow ends that: from then on nothing may be sent to her.
func (z *Zalo) Unfollow(user string) {
	z.mu.Lock()
	z.users[user].follows, z.users[user].left = false, true
	z.mu.Unlock()
	z.flat("unfollow", user, map[string]any{"source": "zalo", "follower": map[string]any{"id": user}})
}

// SubmitInfo fills in the form of request_user_info; the phone goes out as a number, as it sometimes does.
func (z *Zalo) SubmitInfo(user, name, phone, address string) {
	z.touch(user)
	info := map[string]any{"name": name, "address": address, "city": "Đà Nẵng", "district": ""}
	if n, err := strconv.ParseInt(phone, 10, 64); err == nil {
		info["phone"] = n
	} else {
		info["phone"] = phone
	}
	z.flat("user_submit_info", user, map[string]any{
		"sender": map[string]any{"id": user}, "recipient": map[string]any{"id": z.set.OAID}, "info": info,
	})
}

// Withdraw is the person's request about her data.
func (z *Zalo) Withdraw(user string) {
	z.flat("user_withdraw", user, map[string]any{"sender": map[string]any{"id": user}, "recipient": map[string]any{"id": z.set.OAID}})
}

// Block makes Zalo refuse messages to her (-244).
func (z *Zalo) Block(user string) {
	z.mu.Lock()
	defer z.mu.Unlock()
	z.users[user].blocked = true
}

// Inbox is what the person has got so far.
func (z *Zalo) Inbox(user string) []ZaloMessage {
	z.mu.Lock()
	defer z.mu.Unlock()
	return slices.Clone(z.users[user].inbox)
}

// Await returns when the person has got at least n messages.
func (z *Zalo) Await(ctx context.Context, user string, n int) ([]ZaloMessage, error) {
	err := z.await(ctx, func() bool { return len(z.users[user].inbox) >= n })
	return z.Inbox(user), err
}
