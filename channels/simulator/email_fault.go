package simulator

import (
	"strings"
	"time"

	"github.com/emersion/go-smtp"
)

// EmailFault is something that goes wrong with one call.
type EmailFault struct {
	// Call is part of its name: imap connect, login, select, search, size, fetch, store, idle; smtp connect, auth, mail,
	// rcpt, data.
	Call string

	Code   int    // refuse with this reply (IMAP: NO)
	Status string // the enhanced code, 4.2.2 (IMAP: the response code)
	Says   string
	Slow   time.Duration
	Drop   bool // break the connection instead of answering
	Done   bool // with Drop: the letter is delivered all the same; nobody can tell from outside
}

// Fail lets the next calls go wrong, one fault each, in order.
func (e *Email) Fail(faults ...EmailFault) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.faults = append(e.faults, faults...)
}

// Faults is how many have not happened yet.
func (e *Email) Faults() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.faults)
}

// fault is the first that concerns the call, taken off the list.
func (e *Email) fault(call string) (EmailFault, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for i, f := range e.faults {
		if strings.Contains(call, f.Call) {
			e.faults = append(e.faults[:i:i], e.faults[i+1:]...)
			e.ring()
			return f, true
		}
	}
	return EmailFault{}, false
}

func (e *Email) slowly(f EmailFault) {
	if f.Slow == 0 {
		return
	}
	timer := time.NewTimer(f.Slow)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-e.ctx.Done():
	}
}

// reply is the fault as an SMTP server says it.
func (f EmailFault) reply() error {
	var status smtp.EnhancedCode
	for i, n := range strings.SplitN(f.Status, ".", 3) {
		for _, d := range n {
			status[i] = status[i]*10 + int(d-'0')
		}
	}
	if f.Status == "" {
		status = smtp.NoEnhancedCode
	}
	says := f.Says
	if says == "" {
		says = "simulated"
	}
	return &smtp.SMTPError{Code: f.Code, EnhancedCode: status, Message: says}
}
