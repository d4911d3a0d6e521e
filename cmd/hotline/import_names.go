package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"hotline1022/ticketing"
	"hotline1022/ticketing/places"
	"hotline1022/ticketing/text"
)

// catalogNames finds the ids of categories, agencies and areas by what a foreign file calls them. It is read by many
// goroutines and never changes once made.
type catalogNames struct {
	category, agency map[string]string
	atlas            *places.Atlas
}

func newCatalogNames(c *ticketing.Catalog) *catalogNames {
	n := &catalogNames{category: map[string]string{}, agency: map[string]string{}, atlas: c.Atlas}
	for _, k := range c.CategoryList() {
		n.category[k.Name] = k.ID
	}
	for _, a := range c.AgencyList() {
		n.agency[a.Name] = a.ID
	}
	for id := range c.Categories { // an id is a better name than a name
		n.category[id] = id
	}
	for id := range c.Agencies {
		n.agency[id] = id
	}
	return n
}

func (n *catalogNames) find(what string, in map[string]string, name string, errs *[]error) string {
	id, ok := in[name]
	if !ok && name != "" {
		*errs = append(*errs, fmt.Errorf("%s %q is not there (the mapping may say create: [%s])", what, name, what))
	}
	return id
}

// area takes a unit's code, or a name that leaves no doubt on that day.
func (n *catalogNames) area(name string, on time.Time, errs *[]error) string {
	if name == "" {
		return ""
	}
	if _, ok := n.atlas.Unit(name); ok {
		return name
	}
	var found []string
	for _, hit := range n.atlas.Find(name, on, 50) {
		if wanted := text.Key(name); text.Key(hit.Unit.Name) == wanted || text.Key(hit.Unit.FullName) == wanted {
			found = append(found, hit.Unit.Code)
		}
	}
	if len(found) != 1 {
		*errs = append(*errs, fmt.Errorf("area %q means %d units", name, len(found)))
		return ""
	}
	return found[0]
}

// prepare checks that the mapping fits the file and makes the categories and agencies it may make.
func (im *importer) prepare(ctx context.Context, m *mapping) (*catalogNames, error) {
	columns := map[string]bool{}
	var order []string
	fresh := map[string][]string{} // what → names, in the order of the file
	seen := map[string]bool{}
	err := scan(ctx, im.cmd.File, newMeter("", nil), func(r row) error {
		for _, c := range r.header {
			if !columns[c] {
				columns[c] = true
				order = append(order, c)
			}
		}
		got, err := m.read(r)
		if err != nil {
			return nil // the second reading rejects it
		}
		for _, what := range m.Create {
			if name := got.field[what]; name != "" && !seen[what+":"+name] {
				seen[what+":"+name] = true
				fresh[what] = append(fresh[what], name)
			}
		}
		return nil
	})
	var broken errData
	if err != nil && !errors.As(err, &broken) { // a file that breaks off is taken in as far as it goes
		return nil, err
	}
	if err := m.misses(order); err != nil && len(order) > 0 {
		return nil, err
	}
	if err := im.create(ctx, fresh); err != nil {
		return nil, err
	}
	return newCatalogNames(im.desk.Catalog.Current()), nil
}

// create makes a category or agency for every name that is not there.
func (im *importer) create(ctx context.Context, names map[string][]string) error {
	for range 3 { // another run may be making the same
		known := newCatalogNames(im.desk.Catalog.Current())
		var records []ticketing.Record
		add := func(kind, id string, doc any) {
			raw, err := json.Marshal(doc)
			if err != nil {
				panic(err) // two plain strings
			}
			records = append(records, ticketing.Record{Kind: kind, ID: id, Version: 1, At: time.Now().UTC(), By: importActor.ID, Doc: raw})
		}
		for _, name := range names["category"] {
			if id, ok := freeSlug(name, known.category); ok {
				add(ticketing.KindCategory, id, ticketing.Category{ID: id, Name: name})
			}
		}
		for _, name := range names["agency"] {
			if id, ok := freeSlug(name, known.agency); ok {
				add(ticketing.KindAgency, id, ticketing.Agency{ID: id, Name: name})
			}
		}
		if len(records) == 0 {
			return nil
		}
		err := im.store.Put(ctx, records...)
		if err := im.desk.Catalog.Refresh(ctx); err != nil {
			return err
		}
		if err == nil {
			fmt.Fprintf(im.out, "categories and agencies that were not there: %d\n", len(records))
			return nil
		}
		if !errors.Is(err, ticketing.ErrConflict) {
			return fmt.Errorf("making the categories and agencies of the file: %w", err)
		}
	}
	return errors.New("the categories and agencies of the file could not be made: somebody else keeps changing them")
}

// freeSlug is the name folded into an id nobody has, which it takes: "Nhà ở & xây dựng" is nha-o-xay-dung. false if
// the name is known.
func freeSlug(name string, taken map[string]string) (string, bool) {
	if _, ok := taken[name]; ok {
		return "", false
	}
	slug := strings.Map(func(r rune) rune {
		switch {
		case r == ' ':
			return '-'
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			return r
		}
		return -1
	}, text.Fold(name))
	slug = cmp.Or(slug[:min(len(slug), 60)], "x")
	id := slug
	for n := 2; taken[id] != ""; n++ {
		id = fmt.Sprintf("%s-%d", slug, n)
	}
	taken[id], taken[name] = id, id
	return id, true
}
