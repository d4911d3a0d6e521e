package webchat

import (
	"strconv"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"hotline1022/ticketing"
)

// The live line. A browser's script cannot put a header on a websocket, and a key does not belong in an address, where
// logs would keep it. So thread gives out a pass for one ticket that is good for a minute, and the window offers it as
// a subprotocol. What comes over the line says only that there is something; the window asks thread for it.

const (
	passSeal  = "webchat line"
	passLife  = time.Minute
	protocol  = "hotline-chat" // what is agreed on
	passStart = "pass."        // what else is offered: the pass
)

// pass is where to listen: from the version on that the window was shown.
type pass struct {
	Pass  string `json:"pass"`
	Code  string `json:"code"`
	Epoch string `json:"epoch"`
	Since int    `json:"since"`
}

func (c *Channel) pass(t ticketing.Ticket, d device, lang string) *pass {
	until := strconv.FormatInt(c.now().Add(passLife).UnixMilli(), 10)
	box := c.Desk.Vault.Seal(passSeal, []byte(strings.Join([]string{string(t.Code), lang, d.tag, until}, " ")))
	return &pass{Pass: passStart + b64.EncodeToString(box), Code: string(t.Code), Epoch: c.Desk.Store.Epoch(), Since: t.Version}
}

// offered accepts the subprotocol before the upgrade: a browser that offered some and is told none hangs up.
func (c *Channel) offered(f *fiber.Ctx) error {
	for p := range strings.SplitSeq(f.Get(fiber.HeaderSecWebSocketProtocol), ",") {
		if strings.TrimSpace(p) == protocol {
			f.Set(fiber.HeaderSecWebSocketProtocol, protocol)
		}
	}
	return f.Next()
}

// follower is who holds a pass.
func (c *Channel) follower(f *fiber.Ctx) (Follower, error) {
	if !c.fromHere(f) {
		return Follower{}, fiber.ErrForbidden
	}
	for p := range strings.SplitSeq(f.Get(fiber.HeaderSecWebSocketProtocol), ",") {
		sealed, ok := strings.CutPrefix(strings.TrimSpace(p), passStart)
		if !ok {
			continue
		}
		box, err := b64.DecodeString(sealed)
		if err != nil {
			return Follower{}, fiber.ErrUnauthorized
		}
		plain, err := c.Desk.Vault.Unseal(passSeal, box)
		if err != nil {
			return Follower{}, fiber.ErrUnauthorized
		}
		part := strings.Split(string(plain), " ")
		until, err := strconv.ParseInt(part[len(part)-1], 10, 64)
		if err != nil || len(part) != 4 || c.now().After(time.UnixMilli(until)) {
			return Follower{}, fiber.ErrUnauthorized
		}
		return Follower{Ticket: ticketing.Code(part[0]), Lang: part[1], Device: part[2], IP: f.IP()}, nil
	}
	return Follower{}, fiber.ErrUnauthorized
}
