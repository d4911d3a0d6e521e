package email

import (
	"crypto/subtle"
	"encoding/base32"
	"encoding/binary"
	"regexp"
	"strings"

	"hotline1022/ticketing"
)

// Our messages are named by a reference: which message of which ticket it is, hidden and signed under a key of the
// vault. Who has not had the letter cannot make its name, and nobody can read the ticket's code from it; the same
// message has the same name in every try, so that a mail program shows a letter that came twice once.
//
// It is made as SIV makes its tag (RFC 5297): the tag is a keyed hash of the content, and the content is hidden under
// a keyed hash of the tag.

const (
	refTag  = 16
	refCode = 12
	refSize = refTag + refCode + 4
)

var refAlphabet = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

// reference is the local part of our Message-ID.
func (c *Channel) reference(code ticketing.Code, n int) string {
	if len(code) != refCode || n < 0 {
		return ""
	}
	var plain [refCode + 4]byte
	copy(plain[:], code)
	binary.BigEndian.PutUint32(plain[refCode:], uint32(n))
	tag := c.Desk.Vault.Mac("email reference", string(plain[:]))[:refTag]
	return refAlphabet.EncodeToString(append(tag, c.hidden(tag, plain)...))
}

func (c *Channel) hidden(tag []byte, plain [refCode + 4]byte) []byte {
	pad := c.Desk.Vault.Mac("email reference pad", string(tag))
	subtle.XORBytes(plain[:], plain[:], pad)
	return plain[:]
}

// resolve is the message that a Message-ID of ours names; false for any other.
func (c *Channel) resolve(id string) (code ticketing.Code, n int, ok bool) {
	local, _, _ := strings.Cut(id, "@")
	raw, err := refAlphabet.DecodeString(strings.ToLower(local))
	if err != nil || len(raw) != refSize {
		return "", 0, false
	}
	tag := raw[:refTag]
	plain := c.hidden(tag, [refCode + 4]byte(raw[refTag:]))
	want := c.Desk.Vault.Mac("email reference", string(plain))[:refTag]
	if subtle.ConstantTimeCompare(tag, want) != 1 {
		return "", 0, false
	}
	return ticketing.Code(plain[:refCode]), int(binary.BigEndian.Uint32(plain[refCode:])), true
}

// followed is the message of ours that a letter answers: the nearest it refers to.
func (c *Channel) followed(refs []string) (code ticketing.Code, n int, ok bool) {
	for i := len(refs) - 1; i >= 0; i-- {
		if code, n, ok = c.resolve(refs[i]); ok {
			return code, n, true
		}
	}
	return "", 0, false
}

var refLike = regexp.MustCompile(`[0-9a-hjkmnp-tv-z]{52}@`)

// mentioned looks for one of our names anywhere in a text, as reports without form repeat them.
func (c *Channel) mentioned(s string) (code ticketing.Code, n int, ok bool) {
	for _, found := range refLike.FindAllString(s, 20) {
		if code, n, ok = c.resolve(found); ok {
			return code, n, true
		}
	}
	return "", 0, false
}
