// Package province is a small province that ships with the product, for the demo and for tests: Quảng Hà, which does
// not exist. Its wards, agencies, rules and people are invented; how they are arranged (two levels since 1 July 2025,
// who answers for which field, limits, hours, holidays) is as in the provinces that run a 1022 centre.
//
// Seed writes what an administrator would have entered. SeedTickets lets some weeks pass at the desk. Citizens go on
// from there. The package knows the desk and nothing of screens, channels or stores.
package province

import (
	"bytes"
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"hotline1022/ticketing"
	"hotline1022/ticketing/calendar"
	"hotline1022/ticketing/places"
	"hotline1022/ticketing/routing"
)

// Password is everybody's in the demo. It is public: Seed is for a demo or a test, never for a real centre.
const Password = "tre-xanh-ben-song"

//go:embed data
var data embed.FS

// writer is who the records are by.
const writer = "demo"

// Seed writes the province's records and accounts. What is there already is left as it is, so that Seed may run again.
func Seed(ctx context.Context, records ticketing.Records, accounts *ticketing.Accounts, now time.Time) error {
	all, err := Records(now)
	if err != nil {
		return err
	}
	var fresh []ticketing.Record
	for _, r := range all {
		_, err := records.Get(ctx, r.Kind, r.ID)
		if errors.Is(err, ticketing.ErrNotFound) {
			fresh = append(fresh, r)
		} else if err != nil {
			return fmt.Errorf("looking for what is there: %w", err)
		}
	}
	if len(fresh) > 0 {
		if err := records.Put(ctx, fresh...); err != nil {
			return fmt.Errorf("writing the province: %w", err)
		}
	}
	quiet, err := others()
	if err != nil {
		return err
	}
	hash := "" // of Password; one for all, because it is no secret and making one takes its time
	for i, s := range append(Staff(), quiet...) {
		if _, err := accounts.Staff(ctx, s.ID); err == nil {
			continue
		} else if !errors.Is(err, ticketing.ErrNotFound) {
			return err
		}
		password := ""
		if i < len(Staff()) {
			if s.Password = hash; hash == "" {
				password = Password
			}
		}
		if err := accounts.Add(ctx, s, password, writer); err != nil {
			return fmt.Errorf("account %s: %w", s.ID, err)
		}
		if password != "" {
			made, err := accounts.Staff(ctx, s.ID)
			if err != nil {
				return err
			}
			hash = made.Password
		}
	}
	return nil
}

// Records are the province's settings as first versions.
func Records(now time.Time) ([]ticketing.Record, error) {
	s := settings{at: now.UTC().Truncate(time.Millisecond)}
	add(&s, "areas.json", ticketing.KindArea, func(u places.Unit) string { return u.Code })
	add(&s, "agencies.json", ticketing.KindAgency, func(a ticketing.Agency) string { return a.ID })
	add(&s, "categories.json", ticketing.KindCategory, func(c ticketing.Category) string { return c.ID })
	add(&s, "routes.json", ticketing.KindRule, func(r routing.Rule) string { return r.ID })
	add(&s, "limits.json", ticketing.KindLimit, func(l ticketing.Limit) string { return l.ID })
	add(&s, "hours.json", ticketing.KindHours, func(h ticketing.Hours) string { return h.ID })
	add(&s, "canned.json", ticketing.KindCanned, func(c ticketing.Canned) string { return c.ID })
	add(&s, "macros.json", ticketing.KindMacro, func(m ticketing.Macro) string { return m.ID })
	add(&s, "articles.json", ticketing.KindArticle, func(a ticketing.Article) string { return a.ID })
	add(&s, "consent.json", ticketing.KindConsent, func(c ticketing.Consent) string { return c.ID })
	for _, b := range s.boundaries() {
		s.record(ticketing.KindBoundary, b.Code, b)
	}
	for _, d := range calendar.Holidays() {
		s.record(ticketing.KindDay, d.Date.String(), d)
	}
	return s.records, s.err
}

// Staff are the people of the demo. Those of staff.json can sign in with Password; every other agency has an officer
// and a leader too, who have names in the timelines and no password.
func Staff() []ticketing.Staff {
	staff, err := read[ticketing.Staff]("staff.json")
	if err != nil {
		panic(err) // embedded, and read by a test
	}
	return staff
}

// others are the officers and leaders without a password.
func others() ([]ticketing.Staff, error) {
	agencies, err := read[ticketing.Agency]("agencies.json")
	if err != nil {
		return nil, err
	}
	known := map[string]bool{}
	for _, s := range Staff() {
		known[s.ID] = true
	}
	r := rand.New(rand.NewPCG(10, 22))
	var out []ticketing.Staff
	for _, a := range agencies {
		for _, who := range []ticketing.Actor{officer(a.ID), leader(a.ID)} {
			if !known[who.ID] {
				out = append(out, ticketing.Staff{ID: who.ID, Name: fullName(r), Role: who.Role, Agency: a.ID})
			}
		}
	}
	return out, nil
}

// settings gathers records and the first mistake.
type settings struct {
	at      time.Time
	records []ticketing.Record
	err     error
}

func (s *settings) record(kind, id string, doc any) {
	raw, err := json.Marshal(doc)
	s.err = errors.Join(s.err, err)
	s.records = append(s.records, ticketing.Record{Kind: kind, ID: id, Version: 1, At: s.at, By: writer, Doc: raw})
}

func (s *settings) boundaries() []places.Boundary {
	raw, err := data.ReadFile("data/boundaries.geojson")
	if err != nil {
		s.err = errors.Join(s.err, err)
		return nil
	}
	all, err := places.ReadBoundaries(bytes.NewReader(raw))
	s.err = errors.Join(s.err, err)
	return all
}

func add[T any](s *settings, file, kind string, id func(T) string) {
	list, err := read[T](file)
	s.err = errors.Join(s.err, err)
	for _, v := range list {
		s.record(kind, id(v), v)
	}
}

// read is a file of the province; a field its type does not know is a mistake.
func read[T any](file string) ([]T, error) {
	raw, err := data.ReadFile("data/" + file)
	if err != nil {
		return nil, err
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	var list []T
	if err := dec.Decode(&list); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return list, nil
}
