package ui

import (
	"maps"
	"reflect"
	"slices"
	"strconv"

	"hotline1022/ticketing"
	"hotline1022/ticketing/words"
)

// versionView is one version in the history.
type versionView struct {
	ticketing.Record
	Who     string
	What    string
	Changes []change
	Present bool
	Restore bool
}

type change struct{ Label, Was, Is string }

// versions is the history, the latest first, each with what it changed.
func (s *Server) versions(v *visit, k *adminKind, history []ticketing.Record) ([]versionView, error) {
	name := s.names(v)
	out := make([]versionView, 0, len(history))
	before := doc{}
	for i, r := range history {
		if r.Version == 0 { // shipped, never stored
			continue
		}
		now := doc{}
		if !r.Deleted() {
			var err error
			if now, err = readDoc(r.Doc); err != nil {
				return nil, err
			}
		}
		who, err := name(r.By)
		if err != nil {
			return nil, err
		}
		w := versionView{Record: r, Who: who, What: v.t("admin.did.changed"), Present: i == len(history)-1}
		switch {
		case r.Deleted():
			w.What = v.t("admin.did.deleted")
		case len(before) == 0:
			w.What = v.t("admin.did.added")
		default:
			w.Changes = s.changes(v.lang, k, before, now)
		}
		admin := v.staff.Role == ticketing.Administrator
		w.Restore = admin && !w.Present && !r.Deleted() && !k.keeps
		out = append(out, w)
		before = now
	}
	slices.Reverse(out)
	return out, nil
}

// changes is what differs, field by field.
func (s *Server) changes(lang string, k *adminKind, was, is doc) []change {
	var out []change
	seen := map[string]bool{}
	differ := func(f adminField) {
		seen[f.Name] = true
		if reflect.DeepEqual(was[f.Name], is[f.Name]) {
			return
		}
		out = append(out, change{k.label(lang, f.Name), s.show(lang, k, f, was[f.Name]), s.show(lang, k, f, is[f.Name])})
	}
	for _, f := range k.fields {
		differ(f)
	}
	for _, field := range slices.Sorted(maps.Keys(is)) {
		switch {
		case seen[field], reflect.DeepEqual(was[field], is[field]):
		case field == "password":
			out = append(out, change{Label: words.T(lang, "admin.f.password"), Is: words.T(lang, "admin.set_anew")})
		case field == "second":
			out = append(out, change{Label: words.T(lang, "admin.f.staff.second"), Is: words.T(lang, "admin.set_anew")})
		case field == "epoch":
			out = append(out, change{Label: words.T(lang, "admin.f.epoch"), Is: words.T(lang, "admin.ended_sessions")})
		}
	}
	return out
}

// restore puts an old version's document as a new version.
func (s *Server) restore(v *visit, k *adminKind, id string, sent form) error {
	version, err := strconv.Atoi(sent.value("version"))
	if err != nil {
		return badForm(nil)
	}
	history, err := s.Desk.SettingHistory(v.ctx(), v.actor(), k.Kind, id)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(history, func(r ticketing.Record) bool { return strconv.Itoa(r.Version) == sent.value("to") })
	if i < 0 || history[i].Deleted() {
		return notFound()
	}
	_, err = s.Desk.SaveSetting(v.ctx(), v.actor(), k.Kind, id, version, history[i].Doc)
	return err
}
