package ui

import (
	"maps"
	"slices"

	"hotline1022/ticketing"
	"hotline1022/ticketing/calendar"
	"hotline1022/ticketing/places"
	"hotline1022/ticketing/words"
)

// What the choices of a form are made of.

func (s *Server) agencyChoices(lang string) []choice {
	var out []choice
	for _, a := range s.Desk.Catalog.Current().AgencyList() {
		out = append(out, choice{a.ID, a.Title(lang)})
	}
	return out
}

func (s *Server) categoryChoices(lang string) []choice {
	var out []choice
	for _, c := range s.Desk.Catalog.Current().CategoryList() {
		out = append(out, choice{c.ID, c.Title(lang)})
	}
	return out
}

func (s *Server) groupChoices(string) []choice {
	groups := map[string]bool{}
	for _, c := range s.Desk.Catalog.Current().Categories {
		groups[c.Group] = c.Group != ""
	}
	var out []choice
	for _, g := range slices.Sorted(maps.Keys(groups)) {
		if g != "" {
			out = append(out, choice{g, g})
		}
	}
	return out
}

func (s *Server) agencyTypes(lang string) []choice {
	out := named(lang, "admin.agency_type.", "so", "ubnd_xa", "doanh_nghiep", "nganh_doc")
	for _, a := range s.Desk.Catalog.Current().AgencyList() { // types that came from files
		c := choice{a.Type, a.Type}
		if a.Type != "" && !slices.ContainsFunc(out, func(o choice) bool { return o.Value == a.Type }) {
			out = append(out, c)
		}
	}
	return out
}

func (s *Server) roleChoices(lang string) []choice {
	return named(lang, "role.", ticketing.StaffRoles[:]...)
}

func (s *Server) kindChoices(lang string) []choice {
	return named(lang, "kind.", ticketing.Kinds[:]...)
}

func (s *Server) priorityChoices(lang string) []choice {
	return named(lang, "priority.", ticketing.Urgent, ticketing.Complex)
}

func (s *Server) stepChoices(lang string) []choice {
	return named(lang, "step.", ticketing.Classify, ticketing.Accept, ticketing.Answer)
}

func (s *Server) dayChoices(lang string) []choice {
	return named(lang, "admin.day.", calendar.Confirmed, calendar.Expected)
}

func (s *Server) weekdayChoices(lang string) []choice {
	return named(lang, "time.weekday.", "1", "2", "3", "4", "5", "6", "0")
}

func (s *Server) unitChoices(lang string) []choice {
	return named(lang, "admin.unit.", places.Phuong, places.Xa, places.DacKhu, places.Thon, places.ToDanPho, places.Tinh, places.ThanhPho,
		places.Huyen, places.ThiXa, places.Quan, places.ThiTran)
}

func (s *Server) scopeChoices(lang string) []choice {
	return named(lang, "admin.scope.", ticketing.TokenScopes[:]...)
}

func named[T ~string](lang, prefix string, values ...T) []choice {
	out := make([]choice, len(values))
	for i, v := range values {
		out[i] = choice{string(v), words.T(lang, prefix+string(v))}
	}
	return out
}
