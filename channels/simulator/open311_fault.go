package simulator

import (
	"encoding/xml"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Open311Fault is something that goes wrong with one call.
type Open311Fault struct {
	On string // "POST requests", "GET requests", "GET tokens", "GET updates"; "" is any

	Status int           // answer with this status instead
	After  int           // with Status: Retry-After in seconds
	Body   string        // answer with this body and status 200 instead
	Slow   time.Duration // answer so much later
	Drop   bool          // break the connection instead of answering
	Done   bool          // the call takes effect all the same; nobody can tell from outside
	Then   func()        // called when the call has taken effect, before it is answered
}

// Fail lets the next calls go wrong, one fault each, in order.
func (o *Open311) Fail(faults ...Open311Fault) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.faults = append(o.faults, faults...)
}

// Faults is how many have not happened yet.
func (o *Open311) Faults() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.faults)
}

// named is a route as Calls and faults have it.
func named(pattern string) string {
	method, path, _ := strings.Cut(pattern, " ")
	switch {
	case strings.Contains(path, "updates"):
		return method + " updates"
	case strings.Contains(path, "tokens"):
		return method + " tokens"
	}
	return method + " requests"
}

// faulty puts counting and the faults around a call, which runs under the lock.
func (o *Open311) faulty(pattern string, call func(*http.Request) (int, any)) http.HandlerFunc {
	name := named(pattern)
	return func(w http.ResponseWriter, r *http.Request) {
		o.mu.Lock()
		o.calls[name]++
		var f Open311Fault
		faulty := false
		for i, x := range o.faults {
			if x.On == "" || x.On == name {
				f, faulty = x, true
				o.faults = append(o.faults[:i:i], o.faults[i+1:]...)
				break
			}
		}
		status, answer := 0, any(nil)
		if !faulty || f.Done || f.Status == 0 && f.Body == "" && !f.Drop {
			status, answer = call(r)
		}
		o.mu.Unlock()
		if f.Then != nil {
			f.Then()
		}
		if f.Slow > 0 {
			timer := time.NewTimer(f.Slow)
			defer timer.Stop()
			select {
			case <-timer.C:
			case <-o.ctx.Done():
			}
		}
		switch {
		case f.Drop:
			if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
				conn.Close()
			}
		case f.Status != 0:
			if f.After > 0 {
				w.Header().Set("Retry-After", strconv.Itoa(f.After))
			}
			http.Error(w, "simulated", f.Status)
		case f.Body != "":
			_, _ = w.Write([]byte(f.Body))
		default:
			w.Header().Set("Content-Type", "text/xml; charset=utf-8")
			w.WriteHeader(status)
			_ = xml.NewEncoder(w).Encode(answer) // the caller may have gone
		}
	}
}
