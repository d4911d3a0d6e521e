package main

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"hotline1022/ticketing"
	"hotline1022/ticketing/calendar"
	"hotline1022/ticketing/places"
	"hotline1022/ticketing/routing"
)

// item is one record a file brings.
type item struct {
	kind, id string
	doc      any
}

// records loads what a catalog is made of. Rows that cannot be read are rejected one by one; the rest is tried as a
// catalog before anything is written, and if that does not hold together nothing is, and every reason is told.
func (im *importer) records(ctx context.Context) error {
	items, err := im.items(ctx)
	if err != nil {
		return err
	}
	if items, err = im.besideShipped(ctx, items); err != nil {
		return err
	}
	changed, err := im.changed(ctx, items)
	if err != nil {
		return err
	}
	trial := newForgetful(im.store)
	if err := trial.Put(ctx, changed...); err != nil {
		return err
	}
	catalog, err := ticketing.NewCatalog(ctx, trial)
	if err == nil {
		err = checkItems(catalog, items)
	}
	if err != nil {
		return errData{fmt.Errorf("%s is refused as a whole, nothing was changed:\n%w", im.cmd.File, err)}
	}
	// All of it in one commit, as far as the store can: a catalog is never seen half new.
	for chunk := range slices.Chunk(changed, 5000) {
		if err := im.store.Put(ctx, chunk...); err != nil {
			return fmt.Errorf("writing the records (run the import again): %w", err)
		}
	}
	return nil
}

// items reads the file.
func (im *importer) items(ctx context.Context) ([]item, error) {
	switch im.cmd.What {
	case "areas":
		return im.areas(ctx)
	case "boundaries":
		text, file, err := openText(im.cmd.File, im.meter)
		if err != nil {
			return nil, err
		}
		defer file.Close()
		all, err := places.ReadBoundaries(text)
		if err != nil {
			return nil, errData{err}
		}
		items := make([]item, len(all))
		for i, b := range all {
			items[i] = item{ticketing.KindBoundary, b.Code, b}
		}
		im.meter.read.Add(int64(len(all)))
		return items, nil
	}
	return im.rows(ctx, map[string]func(row) (item, error){
		"agencies": func(r row) (item, error) {
			return itemOf(r, ticketing.KindAgency, func(a ticketing.Agency) string { return a.ID })
		},
		"categories": func(r row) (item, error) {
			return itemOf(r, ticketing.KindCategory, func(c ticketing.Category) string { return c.ID })
		},
		"routes": func(r row) (item, error) {
			return itemOf(r, ticketing.KindRule, func(x routing.Rule) string { return x.ID })
		},
		"limits":   limitItem,
		"calendar": calendarItem,
	}[im.cmd.What])
}

// rows reads a file of one record a row.
func (im *importer) rows(ctx context.Context, read func(row) (item, error)) (items []item, err error) {
	lines := map[string]int{}
	err = scan(ctx, im.cmd.File, im.meter, func(r row) error {
		if r.bad != "" {
			return im.reject(r, r.bad)
		}
		it, err := read(r)
		if err == nil && lines[it.id] > 0 {
			err = fmt.Errorf("%q stands in line %d already", it.id, lines[it.id])
		}
		if err != nil {
			return im.reject(r, strings.ReplaceAll(err.Error(), "\n", "; "))
		}
		lines[it.id] = r.line
		items = append(items, it)
		return nil
	})
	return items, err
}

// areas reads units: the national data set or our own list as JSON, or CSV.
func (im *importer) areas(ctx context.Context) ([]item, error) {
	text, file, err := openText(im.cmd.File, im.meter)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	var units []places.Unit
	if isJSON(text) {
		if units, err = places.ReadUnits(text); err != nil {
			return nil, errData{err}
		}
		im.meter.read.Add(int64(len(units)))
	} else {
		items, err := im.rows(ctx, func(r row) (item, error) {
			return itemOf(r, ticketing.KindArea, func(u places.Unit) string { return u.Code })
		})
		if err != nil {
			return nil, err
		}
		for _, it := range items {
			units = append(units, it.doc.(places.Unit))
		}
	}
	if im.cmd.Province != "" {
		if units = ofProvince(units, im.cmd.Province); len(units) == 0 {
			return nil, fmt.Errorf("no unit of %s has the code %q", im.cmd.File, im.cmd.Province)
		}
	}
	items := make([]item, len(units))
	for i, u := range units {
		items[i] = item{ticketing.KindArea, u.Code, u}
	}
	return items, nil
}

func isJSON(r *bufio.Reader) bool {
	head, _ := r.Peek(512)
	head = bytes.TrimSpace(head)
	return len(head) > 0 && head[0] == '['
}

// ofProvince keeps the province with all that lies in it, and the top of every other; nothing if it is not there.
func ofProvince(units []places.Unit, code string) []places.Unit {
	parent := map[string]string{}
	for _, u := range units {
		parent[u.Code] = u.Parent
	}
	if _, ok := parent[code]; !ok {
		return nil
	}
	return slices.DeleteFunc(units, func(u places.Unit) bool {
		top := u.Code
		for n := 0; parent[top] != "" && n < 10; n++ {
			top = parent[top]
		}
		return u.Parent != "" && top != code
	})
}

func limitItem(r row) (item, error) {
	it, err := itemOf(r, ticketing.KindLimit, func(l ticketing.Limit) string {
		return cmp.Or(l.ID, joined(string(l.Step), string(l.Kind), l.Category, string(l.Priority), l.From))
	})
	if l, ok := it.doc.(ticketing.Limit); ok {
		l.ID = it.id
		it.doc = l
	}
	return it, err
}

// calendarItem takes hours and days: a row with hours of a week is the former.
func calendarItem(r row) (item, error) {
	if slices.ContainsFunc(r.header, func(c string) bool { return c == "week" || slices.Contains(weekdays, c) }) {
		it, err := hoursItem(r)
		return it, err
	}
	return itemOf(r, ticketing.KindDay, func(d calendar.Day) string { return joined(d.Date.String(), d.Agency) })
}

func hoursItem(r row) (item, error) {
	if r.raw == "" {
		var err error
		if r.raw, err = weekJSON(r); err != nil {
			return item{}, err
		}
	}
	it, err := itemOf(r, ticketing.KindHours, func(h ticketing.Hours) string {
		return cmp.Or(h.ID, joined(cmp.Or(h.Agency, "office"), h.From.String()))
	})
	if h, ok := it.doc.(ticketing.Hours); ok {
		h.ID = it.id
		it.doc = h
	}
	return it, err
}

func joined(parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), "-")
}

// besideShipped writes the days the product comes with along with the first days that are imported: a catalog takes
// those only while it has none of its own, and a file with next year's would silently switch this year's off.
func (im *importer) besideShipped(ctx context.Context, items []item) ([]item, error) {
	if !slices.ContainsFunc(items, func(it item) bool { return it.kind == ticketing.KindDay }) {
		return items, nil
	}
	have, err := im.store.All(ctx, ticketing.KindDay, "")
	if err != nil || len(have) > 0 {
		return items, err
	}
	for _, d := range calendar.Holidays() {
		it := item{ticketing.KindDay, joined(d.Date.String(), d.Agency), d}
		if !slices.ContainsFunc(items, func(o item) bool { return o.kind == it.kind && o.id == it.id }) {
			items = append(items, it)
			im.meter.read.Add(1)
		}
	}
	return items, nil
}

// changed makes versions of the items that are not there as they are.
func (im *importer) changed(ctx context.Context, items []item) ([]ticketing.Record, error) {
	var out []ticketing.Record
	now := time.Now().UTC().Truncate(time.Millisecond)
	byKind := map[string][]string{}
	for _, it := range items {
		byKind[it.kind] = append(byKind[it.kind], it.id)
	}
	there := map[string]map[string]ticketing.Record{}
	for kind, ids := range byKind {
		var err error
		if there[kind], err = im.store.GetAll(ctx, kind, ids); err != nil {
			return nil, fmt.Errorf("reading what is there: %w", err)
		}
	}
	for _, it := range items {
		doc, err := json.Marshal(it.doc)
		if err != nil {
			return nil, fmt.Errorf("%s %q: %w", it.kind, it.id, err)
		}
		was, ok := there[it.kind][it.id]
		if !ok { // a deleted one has a version all the same
			if was, err = im.store.Get(ctx, it.kind, it.id); err != nil && !errors.Is(err, ticketing.ErrNotFound) {
				return nil, fmt.Errorf("reading what is there: %w", err)
			}
		}
		switch {
		case ok && sameJSON(was.Doc, doc):
			im.meter.there.Add(1)
			continue
		case ok:
			im.meter.changed.Add(1)
		default:
			im.meter.added.Add(1)
		}
		out = append(out, ticketing.Record{Kind: it.kind, ID: it.id, Version: was.Version + 1, At: now, By: importActor.ID, Doc: doc})
	}
	return out, nil
}

// sameJSON says whether two documents say the same, whatever the order of their names.
func sameJSON(a, b []byte) bool {
	var x, y any
	return bytes.Equal(a, b) || json.Unmarshal(a, &x) == nil && json.Unmarshal(b, &y) == nil && reflect.DeepEqual(x, y)
}
