package simulator

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// FacebookFault is something that goes wrong with one call.
type FacebookFault struct {
	Path string // part of the path; "" is any call

	Code, Subcode int               // refuse with this error
	Header        map[string]string // of the answer, whatever it is
	Status        int               // answer with this HTTP status instead; with Code the status of the refusal
	Slow          time.Duration     // answer so much later
	Drop          bool              // break the connection instead of answering
	Done          bool              // with Status, Drop or Slow: the call takes effect all the same; nobody can tell from outside
	Mute          bool              // with Done: no echo tells either
	Then          func()            // called when the call has taken effect, before it is answered
}

// Fail lets the next calls go wrong, one fault each, in order.
func (f *Facebook) Fail(faults ...FacebookFault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.faults = append(f.faults, faults...)
}

// Faults is how many have not happened yet.
func (f *Facebook) Faults() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.faults)
}

// fault is the first that concerns the path, taken off the list.
func (f *Facebook) fault(path string) (FacebookFault, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i, x := range f.faults {
		if strings.Contains(path, x.Path) {
			f.faults = append(f.faults[:i:i], f.faults[i+1:]...)
			return x, true
		}
	}
	return FacebookFault{}, false
}

// facebookAnswer is what a call comes to: a body, or a refusal.
type facebookAnswer struct {
	body          any
	code, subcode int
	said          string
	after         func() // what happens once the call has taken effect, before it is answered
}

func facebookRefusal(code, subcode int, said string) facebookAnswer {
	return facebookAnswer{code: code, subcode: subcode, said: said}
}

// write answers as Graph does.
func (a facebookAnswer) write(w http.ResponseWriter, status int) {
	body := a.body
	if a.code != 0 {
		refusal := map[string]any{"message": fmt.Sprintf("(#%d) %s", a.code, a.said), "type": "OAuthException", "code": a.code, "fbtrace_id": "A" + hexID()[:10]}
		if a.subcode != 0 {
			refusal["error_subcode"] = a.subcode
		}
		body = map[string]any{"error": refusal}
		if status == 0 {
			status = http.StatusBadRequest
		}
	}
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	if status != 0 {
		w.WriteHeader(status)
	}
	_ = json.NewEncoder(w).Encode(body)
}

// faulty puts the faults around a call.
func (f *Facebook) faulty(call func(*http.Request) facebookAnswer) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		x, bad := f.fault(r.URL.Path)
		for name, value := range x.Header {
			w.Header().Set(name, value)
		}
		var answer facebookAnswer
		switch {
		case x.Code != 0:
			answer = facebookRefusal(x.Code, x.Subcode, "simulated")
		case !bad || x.Done || x.Status == 0 && !x.Drop:
			answer = call(r)
		}
		if answer.after != nil && !x.Mute {
			answer.after()
		}
		if x.Then != nil {
			x.Then()
		}
		if x.Slow > 0 {
			timer := time.NewTimer(x.Slow)
			defer timer.Stop()
			select {
			case <-timer.C:
			case <-f.ctx.Done():
			case <-r.Context().Done():
			}
		}
		switch {
		case x.Drop:
			if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
				conn.Close()
			}
		case x.Status != 0 && x.Code == 0:
			http.Error(w, "simulated", x.Status)
		default:
			answer.write(w, x.Status)
		}
	}
}
