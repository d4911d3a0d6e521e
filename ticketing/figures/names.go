package figures

import (
	"cmp"
	"slices"

	"golang.org/x/text/collate"
	"golang.org/x/text/language"

	"hotline1022/ticketing"
	"hotline1022/ticketing/words"
)

// names are the row's values for a reader. A date names itself; an agency, category or area that is no longer in the
// catalogue is shown by its id, never left out.
func (q Query) names(values []string) []string {
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = q.name(q.By[i], v)
	}
	return out
}

func (q Query) name(d ticketing.Dimension, v string) string {
	if v == "" {
		return words.T(q.Lang, "figures.none")
	}
	switch d {
	case ticketing.ByChannel, ticketing.ByKind, ticketing.ByStatus, ticketing.ByOutcome:
		if key := string(d) + "." + v; words.Has(key) {
			return words.T(q.Lang, key)
		}
	case ticketing.ByAgency:
		if q.Catalog != nil {
			return cmp.Or(q.Catalog.Agencies[v].Title(q.Lang), v)
		}
	case ticketing.ByCategory:
		if q.Catalog != nil {
			return cmp.Or(q.Catalog.Categories[v].Title(q.Lang), v)
		}
	case ticketing.ByArea:
		if q.Catalog != nil {
			u, _ := q.Catalog.Atlas.Unit(v)
			return cmp.Or(u.FullName, v)
		}
	}
	return v
}

// sort puts the rows into the order a reader expects along each dimension in turn.
func (q Query) sort(rows []Row) {
	orders := make([]func(a, b Row) int, len(q.By))
	for i, d := range q.By {
		orders[i] = q.order(d, i)
	}
	slices.SortStableFunc(rows, func(a, b Row) int {
		for i, order := range orders {
			// "none" stands last whatever the order is
			if c := cmp.Or(bit(a.Values[i] == "")-bit(b.Values[i] == ""), order(a, b), cmp.Compare(a.Values[i], b.Values[i])); c != 0 {
				return c
			}
		}
		return 0
	})
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}

// order is how the values of one dimension, the i-th of a row, follow one another.
func (q Query) order(d ticketing.Dimension, i int) func(a, b Row) int {
	place := map[string]int{}
	note := func(v string) { place[v] = len(place) + 1 }
	switch d {
	case ticketing.ByChannel:
		for _, v := range ticketing.Channels {
			note(string(v))
		}
	case ticketing.ByKind:
		for _, v := range ticketing.Kinds {
			note(string(v))
		}
	case ticketing.ByStatus:
		for _, v := range ticketing.Statuses {
			note(string(v))
		}
	case ticketing.ByOutcome:
		for _, v := range ticketing.Outcomes {
			note(string(v))
		}
	case ticketing.ByCategory:
		if q.Catalog != nil {
			for _, c := range q.Catalog.CategoryList() {
				note(c.ID)
			}
		}
	case ticketing.ByAgency, ticketing.ByArea:
		byName := collate.New(language.Vietnamese)
		return func(a, b Row) int { return byName.CompareString(a.Names[i], b.Names[i]) }
	default: // dates are written so that their order is that of the letters
		return func(Row, Row) int { return 0 }
	}
	unknown := len(place) + 1
	at := func(v string) int { return cmp.Or(place[v], unknown) }
	return func(a, b Row) int { return cmp.Compare(at(a.Values[i]), at(b.Values[i])) }
}
