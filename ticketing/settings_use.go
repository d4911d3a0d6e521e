package ticketing

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"hotline1022/ticketing/calendar"
	"hotline1022/ticketing/places"
	"hotline1022/ticketing/routing"
)

// kindChange is the book of what was done to settings and accounts: a record each, never changed. Its ids begin with
// the moment.
const kindChange = "setting-change"

// SettingChange is one line of the book.
type SettingChange struct {
	At      time.Time `json:"-"`
	By      string    `json:"-"`
	Kind    string    `json:"kind"`
	ID      string    `json:"id"`
	Version int       `json:"version"`
	Did     string    `json:"did"` // added, changed, deleted, taken_back, password, signed_out, revoked … (words admin.did.*); imported where only the record tells
	Name    string    `json:"name,omitempty"`
	More    int       `json:"-"` // so many others of the same kind came with it
}

func changeRecord(r Record, did, name string) Record {
	var salt [4]byte
	rand.Read(salt[:])
	doc, err := json.Marshal(SettingChange{Kind: r.Kind, ID: r.ID, Version: r.Version, Did: did, Name: name})
	if err != nil {
		panic(err) // plain values
	}
	id := r.At.UTC().Format("20060102T150405.000") + "-" + hex.EncodeToString(salt[:])
	return Record{Kind: kindChange, ID: id, Version: 1, At: r.At, By: r.By, Doc: doc}
}

// titleOf is what people call the thing, from whichever version still has a name.
func titleOf(present, next Record) string {
	for _, r := range []Record{next, present} {
		var doc struct{ Name, Date, ID string }
		if !r.Deleted() && json.Unmarshal(r.Doc, &doc) == nil {
			return strings.TrimSpace(doc.Name + " " + doc.Date)
		}
	}
	return ""
}

// SettingChanges is who changed what, the latest first: the book, and the present versions of what came by another
// way (a file, the command line), where many of a kind that came within a minute are one line.
func (d *Desk) SettingChanges(ctx context.Context, by Actor) ([]SettingChange, error) {
	if err := maySeeSettings(by); err != nil {
		return nil, err
	}
	book, err := d.Store.All(ctx, kindChange, "")
	if err != nil {
		return nil, storeError("reading the book of changes", err)
	}
	out := make([]SettingChange, 0, len(book))
	noted := map[string]bool{}
	for _, r := range book {
		c := SettingChange{At: r.At, By: r.By}
		if err := json.Unmarshal(r.Doc, &c); err != nil {
			return nil, fmt.Errorf("book of changes, %s: %w", r.ID, err)
		}
		noted[fmt.Sprint(c.Kind, "/", c.ID, "/", c.Version)] = true
		out = append(out, c)
	}
	for _, kind := range append(SettingKinds[:], KindStaff, KindToken, KindBoundary) {
		rs, err := d.Store.All(ctx, kind, "")
		if err != nil {
			return nil, storeError("reading settings", err)
		}
		groups := map[string]int{}
		for _, r := range rs {
			if noted[fmt.Sprint(kind, "/", r.ID, "/", r.Version)] {
				continue
			}
			group := r.By + r.At.UTC().Format(" 200601021504")
			if i, ok := groups[group]; ok {
				out[i].More++
				continue
			}
			groups[group] = len(out)
			out = append(out, SettingChange{At: r.At, By: r.By, Kind: kind, ID: r.ID, Version: r.Version, Did: "imported", Name: titleOf(r, r)})
		}
	}
	slices.SortStableFunc(out, func(a, b SettingChange) int { return b.At.Compare(a.At) })
	return out, nil
}

// stillUsed refuses to delete what others name.
func (d *Desk) stillUsed(ctx context.Context, kind, id string) error {
	if kind == KindConsent {
		return invalid("", "settings.consent_kept")
	}
	f := Filter{Scope: Scope{All: true}, Limit: 1}
	switch kind {
	case KindAgency:
		f.Scope = Scope{Agency: id} // what it cooperates on too
	case KindCategory:
		f.Category = []string{id}
	case KindArea:
		f.Area = []string{id}
	default:
		return nil
	}
	n, err := d.Store.Count(ctx, f)
	if err != nil {
		return storeError("counting tickets", err)
	}
	if n > 0 {
		return invalid("", "settings.has_tickets")
	}
	by, err := d.namedBy(ctx, kind, id)
	if err != nil {
		return err
	}
	if len(by) > 0 {
		const most = 5
		if len(by) > most {
			by = append(by[:most], fmt.Sprintf("… (%d)", len(by)-most))
		}
		return invalid("", "settings.still_named", strings.Join(by, ", "))
	}
	return nil
}

// namedBy lists what names an agency, a category or an area, as people call it.
func (d *Desk) namedBy(ctx context.Context, kind, id string) (by []string, err error) {
	look := func(of string, names func(json.RawMessage) (title string, ids []string)) {
		rs, e := d.Store.All(ctx, of, "")
		err = cmp.Or(err, storeError("reading settings", e))
		for _, r := range rs {
			if title, ids := names(r.Doc); slices.Contains(ids, id) {
				by = append(by, cmp.Or(title, r.ID))
			}
		}
	}
	switch kind {
	case KindAgency:
		look(KindStaff, among(func(s Staff) (string, []string) { return s.Name, []string{s.Agency} }))
		look(KindAgency, among(func(a Agency) (string, []string) { return a.Name, []string{a.Parent} }))
		look(KindRule, among(func(r routing.Rule) (string, []string) { return r.Name, []string{r.Agency} }))
		look(KindHours, among(func(h Hours) (string, []string) { return h.ID, []string{h.Agency} }))
		look(KindDay, among(func(x calendar.Day) (string, []string) { return x.Name, []string{x.Agency} }))
		look(KindCanned, among(func(x Canned) (string, []string) { return x.Name, []string{x.Agency} }))
		look(KindMacro, among(func(x Macro) (string, []string) { return x.Name, []string{x.Agency, x.Route} }))
		look(KindArticle, among(func(x Article) (string, []string) { return x.Name, []string{x.Agency} }))
	case KindCategory:
		look(KindRule, among(func(r routing.Rule) (string, []string) { return r.Name, r.Categories }))
		look(KindLimit, among(func(l Limit) (string, []string) { return l.ID, []string{l.Category} }))
		look(KindCanned, among(func(x Canned) (string, []string) { return x.Name, x.Categories }))
		look(KindMacro, among(func(x Macro) (string, []string) { return x.Name, append(x.Categories, x.SetCategory) }))
		look(KindArticle, among(func(x Article) (string, []string) { return x.Name, x.Categories }))
	case KindArea:
		look(KindRule, among(func(r routing.Rule) (string, []string) { return r.Name, r.Areas }))
		look(KindArea, among(func(u places.Unit) (string, []string) { return u.FullName, append(u.Successors, u.Parent) }))
	}
	return by, err
}

func among[T any](names func(T) (string, []string)) func(json.RawMessage) (string, []string) {
	return func(doc json.RawMessage) (title string, ids []string) {
		if err := decodeInto(doc, func(v T) { title, ids = names(v) }); err != nil {
			return "", nil // NewCatalog says what is wrong with it
		}
		return title, ids
	}
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
