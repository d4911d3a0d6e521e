package ui

import (
	"encoding/json"

	"hotline1022/ticketing"
)

// callsView is what the page's script needs to show the telephone.
type callsView struct {
	Calls   bool // there is a telephone, and it is this person's work
	Me      string
	Reasons string // why somebody is not called back, as JSON: value → words
}

// dressWork adds the page's scripts, and the telephone for those who answer it.
func (s *Server) dressWork(v *visit, w *workPage) {
	w.Scripts = []string{"work.js"}
	if w.Here == console.base {
		w.Scripts = append(w.Scripts, "spikes.js")
	}
	if w.callsView = s.callsView(v); w.Calls {
		w.Scripts = append(w.Scripts, "calls.js")
	}
}

func (s *Server) callsView(v *visit) callsView {
	role := v.staff.Role
	if s.Caller == nil || role != ticketing.Operator && role != ticketing.Supervisor {
		return callsView{}
	}
	reasons := map[string]string{}
	for _, r := range []string{"unreachable", "wrong_number", "served_elsewhere", "nuisance"} {
		reasons[r] = v.t("phone.dismiss." + r)
	}
	text, err := json.Marshal(reasons)
	if err != nil {
		return callsView{} // a map of strings
	}
	return callsView{Calls: true, Me: v.staff.ID, Reasons: string(text)}
}
