package email

import (
	"bufio"
	"bytes"
	"regexp"
	"strings"

	"github.com/emersion/go-message"
)

// report is what a mail server tells of a message (RFC 3464), as far as it concerns us: whether it came through, why
// not, and the ids by which we may know it for ours.
type report struct {
	kind   string // "delivery-status", "disposition-notification"
	action string // the worst: failed, delayed, delivered …
	status string // 5.1.1
	ids    []string
}

// actions by how bad they are.
var actions = map[string]int{"failed": 4, "delayed": 3, "relayed": 2, "expanded": 2, "delivered": 1}

// read takes one part of a multipart/report.
func (r *report) read(kind string, raw []byte) {
	if kind != "message/delivery-status" {
		head, _ := splitHead(raw)
		h := message.Header{Header: parseHead(head)}
		if id := firstID(h.Get("Message-Id")); id != "" {
			r.ids = append(r.ids, id)
		}
		return
	}
	// Groups of fields, one for each recipient, parted by empty lines.
	lines := bufio.NewScanner(bytes.NewReader(raw))
	lines.Buffer(nil, maxHeader)
	action, status := "", ""
	group := func() {
		if actions[action] > actions[r.action] {
			r.action, r.status = action, status
		}
		action, status = "", ""
	}
	for lines.Scan() {
		name, value, _ := strings.Cut(lines.Text(), ":")
		value = strings.TrimSpace(value)
		switch strings.ToLower(strings.TrimSpace(name)) {
		case "":
			group()
		case "action":
			action = first(value)
		case "status":
			status = statusCode.FindString(value)
		case "original-message-id", "x-original-message-id":
			r.ids = append(r.ids, firstID(value))
		}
	}
	group()
}

var (
	statusCode = regexp.MustCompile(`\b[245]\.\d{1,3}\.\d{1,3}\b`)
	plainFail  = regexp.MustCompile(`\b5\.\d{1,3}\.\d{1,3}\b|\b55\d[ -]`)
)

// bounced makes a report of a letter that a mail server wrote without RFC 3464: it is from one of those names, or from
// nobody, and was written by a machine or speaks of a failure.
func bounced(l letter) *report {
	if l.Report != nil {
		return l.Report
	}
	local, _, _ := strings.Cut(l.From.Address, "@")
	server := strings.HasPrefix(local, "mailer-daemon") || strings.HasPrefix(local, "postmaster")
	failure := plainFail.MatchString(l.Text)
	if !server && l.From.Address != "" || l.Machine != "no return path" && !l.Reply && (!server || !failure) {
		return nil
	}
	r := &report{kind: "delivery-status"}
	if failure {
		r.action, r.status = "failed", statusCode.FindString(l.Text)
	}
	return r
}
