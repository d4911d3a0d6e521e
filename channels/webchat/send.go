package webchat

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"hotline1022/ticketing"
	"hotline1022/ticketing/words"
)

// Send carries a message to the window: it is there as soon as it is in the journal, because the window reads the
// journal. So all there is to do is to say by which name the window will speak of it. That it was fetched and that it
// was looked at, the window tells by itself (seen).
func (c *Channel) Send(_ context.Context, m ticketing.Outbound) (string, error) {
	if !contactID(m.To) {
		return "", fmt.Errorf("%s: %w", words.T(words.Vietnamese, "webchat.send.nobody"), ticketing.ErrRefused)
	}
	c.health.sent(c.now())
	return receipt(m.Ticket, m.N), nil
}

// receipt names a message to the citizen: the ticket and the event it stands in.
func receipt(code ticketing.Code, n int) string { return string(code) + "-" + strconv.Itoa(n) }

// ofReceipt is the ticket and event a receipt names.
func ofReceipt(s string) (code ticketing.Code, n int, ok bool) {
	left, right, ok := strings.Cut(s, "-")
	n, err := strconv.Atoi(right)
	return ticketing.Code(left), n, ok && err == nil && n > 0 && receipt(ticketing.Code(left), n) == s
}
