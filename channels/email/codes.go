package email

import (
	"context"
	"errors"
	"fmt"
	"net/textproto"
	"strings"
	"time"

	mail "github.com/wneessen/go-mail"

	"hotline1022/ticketing"
)

// refusal is a final no, in words for the operator.
type refusal struct{ said string }

func (e *refusal) Error() string        { return e.said }
func (e *refusal) Is(target error) bool { return target == ticketing.ErrRefused }

const (
	afterSettings = 15 * time.Minute // a person must mend something first
	afterFull     = time.Hour        // a full mailbox
)

// reasonOf is the sentence for a reply code and an enhanced one (RFC 3463).
func reasonOf(code int, status string) string {
	_, detail, _ := strings.Cut(status, ".")
	switch {
	case strings.HasPrefix(detail, "1."), detail == "4.4", detail == "2.1":
		return "email.no.address"
	case detail == "2.2":
		return "email.no.full"
	case detail == "2.3", detail == "3.4", code == 552 && detail == "":
		return "email.no.size"
	case strings.HasPrefix(detail, "7."), code == 554 && detail == "":
		return "email.no.policy"
	case strings.HasPrefix(detail, "6."):
		return "email.no.content"
	case code == 550 || code == 551 || code == 553:
		return "email.no.address"
	case code >= 500, strings.HasPrefix(status, "5"):
		return "email.no.other"
	case code >= 400:
		return "email.later"
	}
	return "email.no.other"
}

// verdict turns what came of sending into what the courier is to do. What servers say may hold the citizen's address,
// so only their codes are kept.
func (c *Channel) verdict(err error) error {
	var sending *mail.SendError
	if !errors.As(err, &sending) {
		return c.unconnected(err)
	}
	code, status := sending.ErrorCode(), sending.EnhancedStatusCode()
	shown := strings.TrimSpace(fmt.Sprint(code, " ", status))
	switch {
	case code == 0 && sending.Reason == mail.ErrSMTPDataClose, code == 0 && sending.Reason == mail.ErrWriteContent:
		return errors.New(vi("email.unsure"))
	case code == 0 && (sending.Reason == mail.ErrGetRcpts || sending.Reason == mail.ErrGetSender):
		return &refusal{vi("email.no.address")}
	case code == 0:
		return errors.New(vi("email.away"))
	case code == 530 || code == 535 || sending.Reason == mail.ErrSMTPMailFrom && code >= 500:
		c.alarm("email.alarm.smtp_sender", shown) // our settings, not the citizen's address
		return &ticketing.LaterError{After: afterSettings, Err: errors.New(vi("email.no.sender", shown))}
	case code >= 500:
		return &refusal{vi(reasonOf(code, status)) + " (" + shown + ")"}
	case strings.HasPrefix(status, "4.2.2"):
		return &ticketing.LaterError{After: afterFull, Err: errors.New(vi("email.no.full") + " (" + shown + ")")}
	}
	return errors.New(vi("email.later") + " (" + shown + ")")
}

// unconnected sorts what failed before a letter was spoken of.
func (c *Channel) unconnected(err error) error {
	var reply *textproto.Error
	switch {
	case errors.As(err, &reply) && reply.Code >= 500, strings.Contains(err.Error(), "SMTP AUTH"), errors.Is(err, mail.ErrNoSupportedAuthDiscovered):
		c.alarm("email.alarm.smtp_signin")
		return &ticketing.LaterError{After: afterSettings, Err: errors.New(vi("email.no.signin"))}
	case errors.Is(err, context.Canceled):
		return &ticketing.LaterError{Err: err}
	}
	c.alarm("email.alarm.smtp_away")
	return errors.New(vi("email.away"))
}
