package simulator

import (
	"net/http"
	"strings"
	"time"
)

// TelegramFault is something that goes wrong with one call.
type TelegramFault struct {
	Method string // part of the method or file path; "" is any

	Code       int    // refuse with this error
	Says       string // its description
	RetryAfter int    // with Code 429
	Status     int    // answer with this HTTP status and no JSON instead
	Body       string // answer with this and 200 instead
	Slow       time.Duration
	Drop       bool   // break the connection instead of answering
	Done       bool   // the call takes effect all the same; nobody can tell from outside
	Then       func() // called when the call has taken effect, before it is answered
}

// Fail lets the next calls go wrong, one fault each, in order.
func (g *Telegram) Fail(faults ...TelegramFault) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.faults = append(g.faults, faults...)
}

// Faults is how many have not happened yet.
func (g *Telegram) Faults() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.faults)
}

// fault is the first that concerns the method, taken off the list.
func (g *Telegram) fault(method string) (TelegramFault, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for i, f := range g.faults {
		if strings.Contains(method, f.Method) {
			g.faults = append(g.faults[:i:i], g.faults[i+1:]...)
			return f, true
		}
	}
	return TelegramFault{}, false
}

// faulty makes a call, with what goes wrong around it.
func (g *Telegram) faulty(w http.ResponseWriter, r *http.Request, method string, call func() any) {
	f, ok := g.fault(method)
	if !ok {
		telegramReply(w, call())
		return
	}
	var answer any
	switch {
	case f.Code != 0:
		no := telegramNo(f.Code, f.Says)
		no.retry = f.RetryAfter
		answer = no
	case f.Done || f.Status == 0 && !f.Drop && f.Body == "":
		answer = call()
	}
	if f.Then != nil {
		f.Then()
	}
	if f.Slow > 0 {
		timer := time.NewTimer(f.Slow)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-g.ctx.Done():
		case <-r.Context().Done():
		}
	}
	switch {
	case f.Drop:
		if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
			conn.Close()
		}
	case f.Status != 0:
		http.Error(w, "<html>simulated "+r.URL.Path+"</html>", f.Status)
	case f.Body != "":
		_, _ = w.Write([]byte(f.Body))
	default:
		telegramReply(w, answer)
	}
}
