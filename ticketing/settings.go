package ticketing

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"hotline1022/ticketing/calendar"
)

// SettingKinds are what SaveSetting takes, in the order a screen offers them. Accounts and programs' keys are saved by
// Accounts, boundaries come from files.
var SettingKinds = [...]string{KindAgency, KindCategory, KindRule, KindLimit, KindHours, KindDay, KindArea, KindConsent, KindSaying, KindChat, KindSignIn, KindCanned, KindMacro, KindArticle, KindSpike, KindDuty}

func maySeeSettings(by Actor) error {
	switch by.Role {
	case Administrator, Supervisor, Auditor:
		return nil
	}
	return forbidden("settings.may_read")
}

func mayChangeSettings(by Actor) error {
	if by.Role != Administrator {
		return forbidden("settings.may_write")
	}
	return nil
}

func readableKind(kind string) bool {
	return slices.Contains(SettingKinds[:], kind) || kind == KindStaff || kind == KindToken
}

// Settings is the present record of everything of the kind, by id. Where an installation has no hours or no days of
// its own, those shipped with the product are shown, as version 0. Secrets of accounts and keys are left out.
func (d *Desk) Settings(ctx context.Context, by Actor, kind string) ([]Record, error) {
	if err := maySeeSettings(by); err != nil {
		return nil, err
	}
	if !readableKind(kind) {
		return nil, notFound()
	}
	rs, err := d.Store.All(ctx, kind, "")
	if err != nil {
		return nil, storeError("listing settings", err)
	}
	if len(rs) == 0 {
		rs = shipped(kind)
	}
	return rs, withoutSecrets(kind, rs)
}

// SettingHistory is all versions, oldest first; the last is the present one. *Error of class NotFound.
func (d *Desk) SettingHistory(ctx context.Context, by Actor, kind, id string) ([]Record, error) {
	if err := maySeeSettings(by); err != nil {
		return nil, err
	}
	if !readableKind(kind) {
		return nil, notFound()
	}
	rs, err := d.Store.History(ctx, kind, id)
	if err != nil {
		return nil, storeError("reading the history of a setting", err)
	}
	if len(rs) == 0 {
		r, err := d.shippedOne(ctx, kind, id)
		if err != nil {
			return nil, err
		}
		rs = []Record{r}
	}
	return rs, withoutSecrets(kind, rs)
}

// SaveSetting puts the next version of a setting: version is the one the administrator has seen, 0 for a new one.
// The document is read strictly and checked by its kind's own rules, and the whole catalog is made with the change
// before it is stored: what would break it is refused with the reason (class Invalid, with the field where one is at
// fault). Where somebody was first it is a Conflict, and the record is the one that is there. A document that says
// what is there already changes nothing.
func (d *Desk) SaveSetting(ctx context.Context, by Actor, kind, id string, version int, doc []byte) (Record, error) {
	present, err := d.presentSetting(ctx, by, kind, id, version)
	if err != nil {
		return present, err
	}
	var was setting
	if !present.Deleted() {
		if was, err = decodeSetting(kind, present.Doc); err != nil {
			was = nil // stored by an older version of the product: whatever is valid now may replace it
		}
	}
	s, err := decodeSetting(kind, doc)
	if err != nil {
		return present, err
	}
	if present.Version == 0 && present.Deleted() && !goodID(id) {
		return present, invalid("id", "settings.id")
	}
	world, err := d.world(ctx)
	if err != nil {
		return present, err
	}
	if err := s.check(id, was, world); err != nil {
		return present, err
	}
	clean, err := canonical(d.kept(s, was))
	if err != nil {
		return present, err
	}
	if bytes.Equal(clean, present.Doc) {
		return present, nil
	}
	did := "changed"
	if present.Deleted() {
		did = "added"
	}
	next := Record{Kind: kind, ID: id, Version: present.Version + 1, At: d.now(), By: by.ID, Doc: clean}
	return d.putSetting(ctx, present, next, did)
}

// DeleteSetting puts a tombstone. What tickets, accounts or other settings still name cannot be deleted: it can be
// switched off, or given an end.
func (d *Desk) DeleteSetting(ctx context.Context, by Actor, kind, id string, version int) error {
	present, err := d.presentSetting(ctx, by, kind, id, version)
	if err != nil {
		return err
	}
	if present.Deleted() {
		return notFound()
	}
	if err := d.stillUsed(ctx, kind, id); err != nil {
		return err
	}
	next := Record{Kind: kind, ID: id, Version: present.Version + 1, At: d.now(), By: by.ID, Doc: json.RawMessage("null")}
	_, err = d.putSetting(ctx, present, next, "deleted")
	return err
}

// presentSetting is the record as it is before a change, if the actor may change it and has seen that version.
func (d *Desk) presentSetting(ctx context.Context, by Actor, kind, id string, version int) (Record, error) {
	if err := mayChangeSettings(by); err != nil {
		return Record{}, err
	}
	if !slices.Contains(SettingKinds[:], kind) {
		return Record{}, notFound()
	}
	r, err := d.Store.Get(ctx, kind, id)
	if errors.Is(err, ErrNotFound) {
		r, err = d.shippedOne(ctx, kind, id)
		if ClassOf(err) == NotFound {
			r, err = Record{Kind: kind, ID: id, Doc: json.RawMessage("null")}, nil
		}
	}
	switch {
	case err != nil:
		return Record{}, storeError("reading a setting", err)
	case r.Deleted() && version == 0, r.Version == version:
		return r, nil
	case version == 0:
		return r, &Error{Class: Conflict, Field: "id", Key: "settings.id_taken", Args: []any{id}}
	}
	return r, &Error{Class: Conflict, Key: "settings.conflict"}
}

// putSetting tries the catalog with the change and stores it.
func (d *Desk) putSetting(ctx context.Context, present, next Record, did string) (Record, error) {
	batch, err := d.unpacked(ctx, next)
	if err != nil {
		return present, err
	}
	if _, err := NewCatalog(ctx, overlay{d.Store, batch}); err != nil {
		return present, refused(err)
	}
	err = d.Store.Put(ctx, append(batch, changeRecord(next, did, titleOf(present, next)))...)
	if errors.Is(err, ErrConflict) {
		now, getErr := d.Store.Get(ctx, next.Kind, next.ID)
		return now, cmp.Or(getErr, error(&Error{Class: Conflict, Key: "settings.conflict", Err: err}))
	}
	if err != nil {
		return present, storeError("storing a setting", err)
	}
	return next, d.takeUp(ctx, present, next)
}

// takeUp makes the change count at once. Two changes that were each good alone may not fit together when they met;
// then this one is taken back, so that no process finds settings it cannot start with.
func (d *Desk) takeUp(ctx context.Context, present, next Record) error {
	err := d.Catalog.Refresh(ctx)
	if err == nil || passing(err) {
		return storeError("taking up the settings", err)
	}
	back := next
	back.Version, back.Doc = next.Version+1, present.Doc
	undo := d.Store.Put(ctx, back, changeRecord(back, "taken_back", titleOf(present, next)))
	return &Error{Class: Conflict, Key: "settings.met", Err: errors.Join(err, undo, d.Catalog.Refresh(ctx))}
}

// unpacked is next with, at the first change of a kind that is shipped, the rest of what is shipped: from then on
// the installation keeps its own.
func (d *Desk) unpacked(ctx context.Context, next Record) ([]Record, error) {
	all := shipped(next.Kind)
	if len(all) == 0 {
		return []Record{next}, nil
	}
	have, err := d.Store.All(ctx, next.Kind, "")
	if err != nil {
		return nil, storeError("listing settings", err)
	}
	if next.Deleted() && (len(have) == 1 || len(have) == 0 && len(all) == 1) {
		return nil, invalid("", "settings.last_one")
	}
	if len(have) > 0 {
		return []Record{next}, nil
	}
	var batch []Record
	for _, r := range all {
		if r.ID == next.ID {
			continue
		}
		if _, err := d.Store.Get(ctx, r.Kind, r.ID); err == nil {
			continue // deleted here once
		}
		r.Version, r.At, r.By = 1, next.At, next.By
		batch = append(batch, r)
	}
	return append(batch, next), nil
}

// shipped is what counts for a kind of which nothing is stored.
func shipped(kind string) (out []Record) {
	add := func(id string, v any) {
		doc, err := json.Marshal(v)
		if err != nil {
			panic(err) // plain values
		}
		out = append(out, Record{Kind: kind, ID: id, Doc: doc})
	}
	switch kind {
	case KindHours:
		for _, h := range calendar.DefaultHours() {
			add("office", Hours{ID: "office", Hours: h})
		}
	case KindSaying:
		for _, s := range shippedSayings() {
			add(s.ID, s)
		}
	case KindChat:
		add(shippedChat().ID, shippedChat())
	case KindSignIn:
		add(shippedSignIn().ID, shippedSignIn())
	case KindDuty:
		add(shippedDuty().ID, shippedDuty())
	case KindSpike:
		add(shippedSpike().ID, shippedSpike())
	case KindDay:
		seen := map[string]int{}
		for _, day := range calendar.Holidays() {
			id := day.Date.String()
			if seen[id]++; seen[id] > 1 {
				id += fmt.Sprintf("-%d", seen[id])
			}
			add(id, day)
		}
	}
	return out
}

func (d *Desk) shippedOne(ctx context.Context, kind, id string) (Record, error) {
	all := shipped(kind)
	i := slices.IndexFunc(all, func(r Record) bool { return r.ID == id })
	if i < 0 {
		return Record{}, notFound()
	}
	have, err := d.Store.All(ctx, kind, "")
	switch {
	case err != nil:
		return Record{}, storeError("listing settings", err)
	case len(have) > 0:
		return Record{}, notFound()
	}
	return all[i], nil
}

// overlay is records with changes that are not stored yet.
type overlay struct {
	Records
	with []Record
}

func (o overlay) All(ctx context.Context, kind, prefix string) ([]Record, error) {
	rs, err := o.Records.All(ctx, kind, prefix)
	if err != nil {
		return nil, err
	}
	changed := map[string]bool{}
	var fresh []Record
	for _, r := range o.with {
		if r.Kind == kind && strings.HasPrefix(r.ID, prefix) {
			changed[r.ID] = true
			if !r.Deleted() {
				fresh = append(fresh, r)
			}
		}
	}
	if len(changed) == 0 {
		return rs, nil
	}
	rs = append(slices.DeleteFunc(rs, func(r Record) bool { return changed[r.ID] }), fresh...)
	slices.SortFunc(rs, func(a, b Record) int { return cmp.Compare(a.ID, b.ID) })
	return rs, nil
}

// refused tells the administrator why a catalog could not be made. The reasons are the packages' own, in English.
func refused(err error) error {
	if passing(err) {
		return storeError("trying the settings", err)
	}
	reasons := strings.Split(err.Error(), "\n")
	const most = 4
	if len(reasons) > most {
		reasons = append(reasons[:most], fmt.Sprintf("… (%d)", len(reasons)-most))
	}
	return &Error{Class: Invalid, Key: "settings.refused", Args: []any{strings.Join(reasons, "; ")}, Err: err}
}

// passing says that the error is the store's or the request's, and says nothing about the settings.
func passing(err error) bool {
	return errors.Is(err, ErrBusy) || errors.Is(err, ErrUnknown) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}
