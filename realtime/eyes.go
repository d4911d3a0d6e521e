package realtime

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"time"

	"hotline1022/ticketing"
)

// Eyes are who has which ticket on the screen, beside the list: {"eyes":{CODE:[[user, name],…]}}. It is a state, not a
// history, made at most once in Limits.Eyes for each audience, however many open and leave tickets meanwhile. An
// audience is told of its own side's people (the hotline's, or one agency's), on tickets it may know of. Of this
// process only.

// look is one person at a ticket.
type look struct{ user, name, agency string }

// looksNow is the tickets staff have open, and by whom.
func (r *rooms) looksNow() map[ticketing.Code][]look {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := map[ticketing.Code][]look{}
	for code, it := range r.all {
		for s := range it.sockets {
			if v := s.viewer; v != nil && !v.Bearer && v.User != "" {
				one := look{v.User, v.Name, v.Audience.Agency}
				if !slices.Contains(out[code], one) { // one who has several screens is one
					out[code] = append(out[code], one)
				}
			}
		}
		slices.SortFunc(out[code], func(a, b look) int { return cmp.Or(cmp.Compare(a.name, b.name), cmp.Compare(a.user, b.user)) })
	}
	return out
}

// showEyes makes everybody's picture whenever somebody has opened or left a ticket, or come.
func (h *Hub) showEyes(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-h.rooms.stirred:
		}
		if err := h.guard("showing who looks at what", func() error { return h.eyesNow(ctx) }); err != nil && ctx.Err() == nil {
			h.Log.Warn("who looks at what could not be shown", "err", err)
			h.rooms.stir() // again, after the pause
		}
		if err := pause(ctx, h.Limits.Eyes); err != nil { // what happens meanwhile is one round
			return err
		}
	}
}

func (h *Hub) eyesNow(ctx context.Context) error {
	looks := h.rooms.looksNow()
	tickets := make(map[ticketing.Code]ticketing.Ticket, len(looks))
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	for code := range looks {
		t, err := h.Ticket(ctx, code)
		if unsure(err) {
			return err
		}
		if err == nil {
			tickets[code] = t
		}
	}
	for _, a := range h.book.present() {
		if a.Role == ticketing.Program || a.Role == Watcher {
			continue
		}
		shown := map[ticketing.Code][][2]string{}
		for code, t := range tickets {
			if h.Hears == nil || !h.Hears(a.Audience, t) {
				continue
			}
			for _, l := range looks[code] {
				if l.agency == a.Agency {
					shown[code] = append(shown[code], [2]string{l.user, l.name})
				}
			}
		}
		text, err := json.Marshal(map[string]any{"eyes": shown}) // keys in order: the same picture is the same bytes
		if err != nil {
			return err
		}
		if old := a.eyes.Load(); old != nil && string(*old) == string(text) || old == nil && len(shown) == 0 {
			continue
		}
		a.eyes.Store(&text)
		a.sockets.wake()
	}
	return nil
}

// stir says that somebody has opened or left a ticket, or come.
func (r *rooms) stir() {
	select {
	case r.stirred <- struct{}{}:
	default:
	}
}
