package places

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/text/collate"
	"golang.org/x/text/language"
)

// Atlas answers questions about a fixed set of units. Make one with New; it never
// changes afterwards, so a new version of the data is a new Atlas.
type Atlas struct {
	units  []Unit         // in Vietnamese order of name
	at     map[string]int // code → position in units
	before map[int][]int  // unit → the former units it succeeded

	search searchIndex
	names  *nameNode
	types  typeWords
	lands  []land
}

// New builds an atlas, or reports all mistakes in the data together. Nil boundaries
// are fine: Locate then finds nothing.
func New(units []Unit, boundaries []Boundary) (*Atlas, error) {
	a := &Atlas{at: make(map[string]int, len(units)), before: map[int][]int{}}
	a.units = make([]Unit, len(units))
	for i, u := range units {
		a.units[i] = u.clone()
		if label, ok := labelOf(u.Type); ok && u.FullName == "" {
			a.units[i].FullName = label + " " + u.Name
		}
	}
	inVietnameseOrder(a.units)

	var errs []error
	for i, u := range a.units {
		if _, double := a.at[u.Code]; double {
			errs = append(errs, fmt.Errorf("unit %q: code used twice", u.Code))
			continue
		}
		a.at[u.Code] = i
	}
	for _, u := range a.units {
		errs = append(errs, a.checkUnit(u)...)
	}
	if len(errs) == 0 { // cycles can only be followed where every code is known
		errs = append(errs, a.checkCycles()...)
	}
	lands, landErrs := a.layOut(boundaries)
	if errs = append(errs, landErrs...); len(errs) > 0 {
		return nil, errors.Join(errs...)
	}

	a.lands = lands
	for i, u := range a.units {
		for _, s := range u.Successors {
			a.before[a.at[s]] = append(a.before[a.at[s]], i)
		}
	}
	a.types = knowTypes()
	a.search = indexNames(a.units)
	a.names = growNames(a.units)
	return a, nil
}

// checkUnit gives the mistakes that can be seen from one unit.
func (a *Atlas) checkUnit(u Unit) (errs []error) {
	bad := func(format string, args ...any) {
		errs = append(errs, fmt.Errorf("unit %q: "+format, append([]any{u.Code}, args...)...))
	}
	if strings.TrimSpace(u.Code) == "" {
		bad("no code (name %q)", u.Name)
	}
	if len(Words(u.Name)) == 0 {
		bad("no name")
	}
	if _, ok := labelOf(u.Type); !ok {
		bad("unknown type %q", u.Type)
	}
	if _, ok := a.at[u.Parent]; u.Parent != "" && !ok {
		bad("unknown parent %q", u.Parent)
	}
	for _, d := range []string{u.From, u.To} {
		if _, err := time.Parse(time.DateOnly, d); d != "" && err != nil {
			bad("%q is not a date like 2025-07-01", d)
		}
	}
	if u.From != "" && u.To != "" && u.To <= u.From {
		bad("ends on %s, not after it begins on %s", u.To, u.From)
	}
	if len(u.Successors) > 0 && u.To == "" {
		bad("has successors but no end")
	}
	for _, code := range u.Successors {
		i, ok := a.at[code]
		if !ok {
			bad("unknown successor %q", code)
		} else if s := a.units[i]; u.To != "" && s.To != "" && s.To <= u.To {
			bad("successor %q had ended by %s", code, s.To)
		}
	}
	return errs
}

// checkCycles follows each unit's parents. Successors need no such walk: each must
// outlive what it succeeds, so their ends only rise.
func (a *Atlas) checkCycles() (errs []error) {
	const entered, left = 1, 2
	state := make([]uint8, len(a.units))
	for i := range a.units {
		var line []int
		for j, ok := i, true; ok && state[j] != left; j, ok = a.at[a.units[j].Parent] {
			if state[j] == entered {
				errs = append(errs, fmt.Errorf("unit %q: is its own ancestor", a.units[j].Code))
				break
			}
			state[j] = entered
			line = append(line, j)
		}
		for _, j := range line {
			state[j] = left
		}
	}
	return errs
}

// Unit gives the unit with that code, of whatever time.
func (a *Atlas) Unit(code string) (Unit, bool) {
	i, ok := a.at[code]
	if !ok {
		return Unit{}, false
	}
	return a.units[i].clone(), true
}

// Units gives the units that existed on that date, in Vietnamese order.
func (a *Atlas) Units(on time.Time) []Unit {
	day := dayOf(on)
	var out []Unit
	for _, u := range a.units {
		if u.on(day) {
			out = append(out, u.clone())
		}
	}
	return out
}

// Present gives the units that stand for code on that date: the unit itself if it
// existed, else its successors, their successors and so on, in Vietnamese order.
// Nothing for an unknown code, and for a unit that had not begun yet.
func (a *Atlas) Present(code string, on time.Time) []Unit {
	i, ok := a.at[code]
	if !ok {
		return nil
	}
	return a.clones(a.present(i, dayOf(on)))
}

func (a *Atlas) present(i int, day string) []int {
	if a.units[i].on(day) {
		return []int{i}
	}
	var found []int
	seen := map[int]bool{}
	var follow func(i int)
	follow = func(i int) {
		switch u := a.units[i]; {
		case seen[i]:
		case u.on(day):
			found = append(found, i)
		case u.ended(day):
			for _, s := range u.Successors {
				follow(a.at[s])
			}
		}
		seen[i] = true
	}
	follow(i)
	slices.Sort(found) // positions are in Vietnamese order
	return found
}

// Within reports whether a unit is the ancestor or lies in it, by parents alone.
func (a *Atlas) Within(code, ancestor string) bool {
	if code == "" {
		return false
	}
	for i, ok := a.at[code]; ok; i, ok = a.at[code] {
		if code == ancestor {
			return true
		}
		code = a.units[i].Parent
	}
	return false
}

// Lineage gives every code that stands for land a unit lies in: the unit, its
// ancestors, and the former units that one of these succeeded by that date. Nearest
// first. What is said of any of them ("the district of Thăng Bình is served by …")
// holds for the unit.
func (a *Atlas) Lineage(code string, on time.Time) []string {
	i, ok := a.at[code]
	if !ok {
		return nil
	}
	day := dayOf(on)
	var codes []string
	seen := map[int]bool{}
	for ok {
		line := []int{i}
		for n := 0; n < len(line); n++ {
			if seen[line[n]] {
				continue
			}
			seen[line[n]] = true
			codes = append(codes, a.units[line[n]].Code)
			for _, was := range a.before[line[n]] {
				if a.units[was].ended(day) {
					line = append(line, was)
				}
			}
		}
		i, ok = a.at[a.units[i].Parent]
	}
	return codes
}

func (a *Atlas) clones(positions []int) []Unit {
	out := make([]Unit, len(positions))
	for n, i := range positions {
		out[n] = a.units[i].clone()
	}
	return out
}

// inVietnameseOrder sorts by name as a Vietnamese list does (â after a, đ after d,
// tones last, numbers by value), then by code.
func inVietnameseOrder(units []Unit) {
	c := collate.New(language.Vietnamese, collate.Numeric)
	var buf collate.Buffer
	type keyed struct {
		key []byte
		u   Unit
	}
	list := make([]keyed, len(units))
	for i, u := range units {
		list[i] = keyed{bytes.Clone(c.KeyFromString(&buf, u.Name)), u}
		buf.Reset()
	}
	slices.SortStableFunc(list, func(x, y keyed) int {
		return cmp.Or(bytes.Compare(x.key, y.key), strings.Compare(x.u.Code, y.u.Code))
	})
	for i := range list {
		units[i] = list[i].u
	}
}
