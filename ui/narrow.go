package ui

import (
	"errors"
	"html/template"
	"net/url"
	"slices"
	"strings"

	"github.com/gofiber/fiber/v2"

	"hotline1022/ticketing"
	"hotline1022/ticketing/words"
)

// narrowing is what a reader has narrowed a queue to, as it stands in the address. Values nobody offers are dropped.
type narrowing struct {
	Channel, Kind, Category, Agency, Area, Tag string
}

// narrowed reads it from the address.
func (s *Server) narrowed(q func(key string, or ...string) string) narrowing {
	cat := s.Desk.Catalog.Current()
	var n narrowing
	if ch := ticketing.Channel(q("channel")); slices.Contains(ticketing.Channels[:], ch) {
		n.Channel = string(ch)
	}
	if k := ticketing.Kind(q("kind")); slices.Contains(ticketing.Kinds[:], k) {
		n.Kind = string(k)
	}
	if _, ok := cat.Categories[q("category")]; ok {
		n.Category = q("category")
	}
	if _, ok := cat.Agencies[q("agency")]; ok {
		n.Agency = q("agency")
	}
	if _, ok := cat.Atlas.Unit(q("area")); ok {
		n.Area = q("area")
	}
	n.Tag = ticketing.CleanTag(q("tag"))
	return n
}

// Any says that something is narrowed.
func (n narrowing) Any() bool { return n != narrowing{} }

func (n narrowing) values() url.Values {
	q := url.Values{}
	for key, v := range map[string]string{"channel": n.Channel, "kind": n.Kind, "category": n.Category, "agency": n.Agency, "area": n.Area, "tag": n.Tag} {
		if v != "" {
			q.Set(key, v)
		}
	}
	return q
}

// Tail is what follows in an address that has a query already.
func (n narrowing) Tail() template.URL {
	if !n.Any() {
		return ""
	}
	return template.URL("&" + n.values().Encode())
}

// narrow adds it to what a view asks for. A view that asks for one value of its own keeps it.
func (n narrowing) narrow(f ticketing.Filter) ticketing.Filter {
	add(&f.Channel, ticketing.Channel(n.Channel))
	add(&f.Kind, ticketing.Kind(n.Kind))
	add(&f.Category, n.Category)
	add(&f.Agency, n.Agency)
	add(&f.Area, n.Area)
	if n.Tag != "" {
		f.Words = append([]string{ticketing.TagWord(n.Tag)}, f.Words...)
	}
	return f
}

func add[T ~string](to *[]T, v T) {
	if v != "" && len(*to) == 0 {
		*to = []T{v}
	}
}

// choices are what the form offers.
func (q queueView) Kinds() []ticketing.Kind       { return ticketing.Kinds[:] }
func (q queueView) Channels() []ticketing.Channel { return ticketing.Channels[:] }

// areaName is how the area is called.
func (s *Server) areaName(code string) string {
	if u, ok := s.Desk.Catalog.Current().Atlas.Unit(code); ok {
		return u.FullName
	}
	return ""
}

// pieces are the narrowing's values as people call them, with the address without each.
func (s *Server) pieces(lang string, q queueView) []narrowPiece {
	cat := s.Desk.Catalog.Current()
	var out []narrowPiece
	put := func(said string, without func(*narrowing)) {
		if said != "" {
			n := q.Narrow
			without(&n)
			out = append(out, narrowPiece{Said: said, Off: template.URL(q.Base + "?view=" + url.QueryEscape(q.View) + string(n.Tail()))})
		}
	}
	if q.Narrow.Channel != "" {
		put(words.T(lang, "channel."+q.Narrow.Channel), func(n *narrowing) { n.Channel = "" })
	}
	if q.Narrow.Kind != "" {
		put(words.T(lang, "kind."+q.Narrow.Kind), func(n *narrowing) { n.Kind = "" })
	}
	if q.Narrow.Category != "" {
		put(cat.Categories[q.Narrow.Category].Title(lang), func(n *narrowing) { n.Category = "" })
	}
	if q.Narrow.Agency != "" {
		put(cat.Agencies[q.Narrow.Agency].Name, func(n *narrowing) { n.Agency = "" })
	}
	put(s.areaName(q.Narrow.Area), func(n *narrowing) { n.Area = "" })
	if q.Narrow.Tag != "" {
		put("#"+q.Narrow.Tag, func(n *narrowing) { n.Tag = "" })
	}
	return out
}

// narrowPiece is one value that can be taken away.
type narrowPiece struct {
	Said string
	Off  template.URL
}

// dressQueue fills in what the form above the queue offers, and what it is narrowed to.
func (s *Server) dressQueue(v *visit, p place, q *queueView) error {
	cat := s.Desk.Catalog.Current()
	q.Narrow = s.narrowed(v.Query)
	q.AreaName = s.areaName(q.Narrow.Area)
	q.Pieces = s.pieces(v.lang, *q)
	q.Categories, q.Alert = cat.CategoryList(), cat.DutyAlert()
	q.MayPick = p.base == console.base && (v.staff.Role == ticketing.Operator || v.staff.Role == ticketing.Supervisor)
	q.Picking = q.MayPick && v.Query("chon") != ""
	if q.Picking && q.View == "mine" {
		q.Colleagues = s.colleagues(v)
	}
	if p.base == console.base {
		q.Agencies = cat.AgencyList()
	}
	saved, err := s.Desk.SavedViews(v.ctx(), v.actor())
	if err != nil {
		return err
	}
	for _, one := range saved {
		q.Saved = append(q.Saved, savedLink{Name: one.Name, At: template.URL(p.base + "?" + one.Query), Query: one.Query})
	}
	return nil
}

// savedLink is a view the reader has given a name.
type savedLink struct {
	Name, Query string
	At          template.URL
}

// saveView is POST …/loc: keeps what the queue is narrowed to under a name, or takes such a name away.
func (s *Server) saveView(v *visit) error {
	p := placeOf(v.staff.Role)
	sent, err := s.form(v)
	if err != nil {
		return err
	}
	n := s.narrowed(func(key string, _ ...string) string { return sent.value(key) })
	view := p.view(sent.value("view")).Key
	back := p.base + "?view=" + url.QueryEscape(view) + string(n.Tail())
	one := ticketing.SavedView{Name: sent.value("name")}
	if sent.value("off") == "" {
		q := n.values()
		q.Set("view", view)
		one.Query = q.Encode()
	}
	err = s.Desk.SaveView(v.ctx(), v.actor(), one)
	var wrong *ticketing.Error
	if errors.As(err, &wrong) && wrong.Class == ticketing.Invalid {
		w := workPage{Page: s.page(v, v.t("nav."+strings.TrimPrefix(p.base, "/")))}
		w.Here, w.Wide, w.NoIndex = p.base, true, true
		w.Scripts = workScripts(p)
		if w.Queue, err = s.queue(v, p, ""); err != nil {
			return err
		}
		w.Queue.SaveFault = failureOf(v.lang, wrong).Text
		return s.render(v, fiber.StatusUnprocessableEntity, "work", w)
	}
	if err != nil {
		return err
	}
	return v.seeOther(back)
}

// belongs tells a screen which of its lists the ticket stands in, and what it may be narrowed by, so that it need not
// ask: "mine" it knows by the assignee.
func (s *Server) belongs(a Audience, t ticketing.Ticket, data map[string]any) {
	var views []string
	for _, w := range placeOf(a.Role).views {
		if !w.own && w.filter != nil && w.filter(a.actor(), s.Now()).Admits(t) {
			views = append(views, w.Key)
		}
	}
	if len(t.Undelivered()) > 0 {
		views = append(views, "undelivered")
	}
	data["views"], data["assignee"], data["open"] = views, t.Assignee, t.Status.Open()
	data["channel"], data["matter"], data["category"], data["agency"], data["area"], data["tags"] = t.Channel, t.Kind, t.Category, t.Agency, t.Area, t.Tags
}
