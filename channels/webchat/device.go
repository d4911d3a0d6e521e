package webchat

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"strings"

	"hotline1022/ticketing"
)

var b64 = base64.RawURLEncoding

// device is a browser that holds a key. The key itself, 256 random bits made by the browser, is kept nowhere here: two
// hashes of it are, neither of which leads to the other. There is nothing to guess, so they need no salt.
type device struct {
	contact ticketing.Contact // her address on this channel, in the vault
	tag     string            // in the keys of her events, which stand in the journal
}

// deviceOf reads a key as a window sends it: 32 bytes in base64url.
func deviceOf(key string) (device, bool) {
	raw, err := b64.Strict().DecodeString(key)
	if err != nil || len(raw) != 32 {
		return device{}, false
	}
	return device{
		contact: ticketing.Contact{Channel: ticketing.Chat, ID: hex.EncodeToString(hash("contact", raw))},
		tag:     hex.EncodeToString(hash("event", raw)[:12]),
	}, true
}

func hash(purpose string, raw []byte) []byte {
	sum := sha256.Sum256(append([]byte("hotline1022 chat "+purpose+"\x00"), raw...))
	return sum[:]
}

// eventKey makes a repeat of a message harmless. The device's tag is in it, so that nobody can take another's.
func (d device) eventKey(message string) string { return "chat:" + d.tag + ":" + message }

// wrote is the window's own name for a message of this device; "" for any other event.
func (d device) wrote(key string) string {
	name, ok := strings.CutPrefix(key, d.eventKey(""))
	if !ok {
		return ""
	}
	return name
}

// messageName says whether s may name a message: 16 random bytes in hex, as the window makes them.
func messageName(s string) bool {
	return len(s) == 32 && strings.Trim(s, "0123456789abcdef") == ""
}

// contactID says whether s may be an address on this channel.
func contactID(s string) bool {
	return len(s) == 2*sha256.Size && strings.Trim(s, "0123456789abcdef") == ""
}
