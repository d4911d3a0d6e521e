package simulator

import (
	"bytes"
	"fmt"
	"io"
	"mime"
	"mime/quotedprintable"
	"net/mail"
	"regexp"
	"strings"
	"time"

	"github.com/emersion/go-message"
)

// EmailMessage is a letter that a citizen has got.
type EmailMessage struct {
	ID         string // Message-ID without brackets
	From       string
	Subject    string
	Text       string
	InReplyTo  string
	References []string
	Header     mail.Header
	Files      map[string][]byte
	Raw        []byte
	At         time.Time
}

var emailID = regexp.MustCompile(`<([^>]+)>`)

// emailRead takes apart what the office sent; it need only understand what we write.
func emailRead(raw []byte) EmailMessage {
	m := EmailMessage{Raw: raw, Files: map[string][]byte{}}
	plain, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		m.Text = string(raw)
		return m
	}
	m.Header = plain.Header
	dec := mime.WordDecoder{}
	m.Subject, _ = dec.DecodeHeader(plain.Header.Get("Subject"))
	m.From, _ = dec.DecodeHeader(plain.Header.Get("From"))
	if id := emailID.FindStringSubmatch(plain.Header.Get("Message-Id")); id != nil {
		m.ID = id[1]
	}
	if id := emailID.FindStringSubmatch(plain.Header.Get("In-Reply-To")); id != nil {
		m.InReplyTo = id[1]
	}
	for _, id := range emailID.FindAllStringSubmatch(plain.Header.Get("References"), -1) {
		m.References = append(m.References, id[1])
	}
	if entity, err := message.Read(bytes.NewReader(raw)); err == nil {
		_ = entity.Walk(func(_ []int, part *message.Entity, err error) error {
			if err != nil {
				return err
			}
			kind, _, _ := part.Header.ContentType()
			if strings.HasPrefix(kind, "multipart/") {
				return nil
			}
			body, err := io.ReadAll(part.Body)
			if _, p, _ := part.Header.ContentDisposition(); p["filename"] != "" {
				name, _ := dec.DecodeHeader(p["filename"])
				m.Files[name] = body
				return err
			}
			m.Text += strings.ReplaceAll(string(body), "\r\n", "\n")
			return err
		})
	}
	return m
}

func emailWords(s string) string { return mime.BEncoding.Encode("utf-8", s) }

func emailName(name, address string) string {
	return (&mail.Address{Name: name, Address: address}).String()
}

// emailText is a plain letter.
func emailText(head [][2]string, text string) []byte {
	var b bytes.Buffer
	for _, h := range head {
		fmt.Fprintf(&b, "%s: %s\r\n", h[0], h[1])
	}
	b.WriteString("MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n")
	w := quotedprintable.NewWriter(&b)
	_, _ = io.WriteString(w, strings.ReplaceAll(text, "\n", "\r\n")) // into memory
	_ = w.Close()
	b.WriteString("\r\n")
	return b.Bytes()
}

// EmailBounce is the report of a mail server that could not deliver m (RFC 3464), as Postfix writes it.
func EmailBounce(office, to, status string, m EmailMessage) []byte {
	action := "failed"
	switch status[0] {
	case '4':
		action = "delayed"
	case '2':
		action = "delivered"
	}
	body := `Return-Path: <>
From: MAILER-DAEMON@mail.example.vn (Mail Delivery System)
To: ` + office + `
Subject: Undelivered Mail Returned to Sender
Message-ID: <dsn.` + m.ID + `.` + status + `>
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="=bounce="

--=bounce=
Content-Type: text/plain; charset=us-ascii

This is the mail system at host mail.example.vn. <` + to + `>: simulated

--=bounce=
Content-Type: message/delivery-status

Reporting-MTA: dns; mail.example.vn

Final-Recipient: rfc822; ` + to + `
Action: ` + action + `
Status: ` + status + `
Diagnostic-Code: smtp; 550 ` + status + ` simulated

--=bounce=
Content-Type: text/rfc822-headers

From: ` + office + `
To: ` + to + `
Message-ID: <` + m.ID + `>
Subject: whatever

--=bounce=--
`
	return []byte(strings.ReplaceAll(body, "\n", "\r\n"))
}
