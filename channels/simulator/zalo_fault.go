package simulator

import (
	"net/http"
	"strings"
	"time"
)

// ZaloFault is something that goes wrong with one call.
type ZaloFault struct {
	Path string // part of the path; "" is any API call or sign-in

	Code   int           // refuse with this error (and HTTP 200)
	Status int           // answer with this HTTP status instead
	Slow   time.Duration // answer so much later
	Drop   bool          // break the connection instead of answering
	Done   bool          // with Status, Drop or Slow: the call takes effect all the same; nobody can tell from outside
	Then   func()        // called when the call has taken effect, before it is answered
}

// Fail lets the next calls go wrong, one fault each, in order.
func (z *Zalo) Fail(faults ...ZaloFault) {
	z.mu.Lock()
	defer z.mu.Unlock()
	z.faults = append(z.faults, faults...)
}

// Faults is how many have not happened yet.
func (z *Zalo) Faults() int {
	z.mu.Lock()
	defer z.mu.Unlock()
	return len(z.faults)
}

// fault is the first that concerns the path, taken off the list.
func (z *Zalo) fault(path string) (ZaloFault, bool) {
	z.mu.Lock()
	defer z.mu.Unlock()
	for i, f := range z.faults {
		if strings.Contains(path, f.Path) {
			z.faults = append(z.faults[:i:i], z.faults[i+1:]...)
			return f, true
		}
	}
	return ZaloFault{}, false
}

// faulty puts the faults around a call.
func (z *Zalo) faulty(call func(*http.Request) any) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		f, ok := z.fault(r.URL.Path)
		if !ok {
			reply(w, call(r))
			return
		}
		var answer any
		switch {
		case f.Code != 0:
			answer = refuse(f.Code, "simulated")
		case f.Done || f.Status == 0 && !f.Drop:
			answer = call(r)
		}
		if f.Then != nil {
			f.Then()
		}
		if f.Slow > 0 {
			timer := time.NewTimer(f.Slow)
			defer timer.Stop()
			select {
			case <-timer.C:
			case <-z.ctx.Done():
			}
		}
		switch {
		case f.Drop:
			if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
				conn.Close()
			}
		case f.Status != 0:
			http.Error(w, "simulated", f.Status)
		default:
			reply(w, answer)
		}
	}
}
