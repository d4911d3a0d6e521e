package ui

import (
	"cmp"
	"encoding/json"
	"errors"
	"net/url"
	"reflect"
	"slices"
	"strconv"

	"github.com/gofiber/fiber/v2"

	"hotline1022/ticketing"
)

// editPage is one setting: its form, what else can be done, and what it was.
type editPage struct {
	adminPage
	Kind      *adminKind
	ID        string
	Path      string
	Heading   string
	Version   int
	Fresh     bool // being added
	Gone      bool // deleted
	Form      bool // may be changed by this reader
	Fields    []fieldView
	Errors    fieldErrors
	Conflict  bool
	History   []versionView
	Acts      []adminAct
	Deletable bool
	Devices   []device // where somebody is signed in
	Looks     bool     // the reader looks after accounts, of staff that this is one
	MayEnd    bool
}

func (s *Server) adminNew(v *visit) error {
	k, err := adminKindOf(v.Params("kind"))
	if err != nil {
		return err
	}
	d := doc{}
	if from := v.Query("from"); from != "" { // a copy to begin with
		history, err := s.Desk.SettingHistory(v.ctx(), v.actor(), k.Kind, from)
		if err != nil {
			return err
		}
		if d, err = readDoc(history[len(history)-1].Doc); err != nil {
			return err
		}
		delete(d, cmp.Or(k.id, "date"))
	}
	if k.Kind == ticketing.KindConsent {
		d[k.id] = s.Now().In(ticketing.Zone).Format("2006-01-02")
	}
	return s.ok(v, "admin-edit", s.freshPage(v, k, d, s.typedOf(k, d), nil))
}

func (s *Server) freshPage(v *visit, k *adminKind, d doc, t typed, faults fieldErrors) editPage {
	heading := v.t("admin.add." + k.Kind)
	p := editPage{adminPage: s.adminPage(v, k.Kind, heading), Kind: k, Fresh: true, Form: true, Heading: heading, Errors: faults, Path: "/admin/" + k.Kind + "/new"}
	p.Fields = s.fieldViews(v, k, d, t, faults, true)
	p.Fields = slices.DeleteFunc(p.Fields, func(f fieldView) bool { return k.Kind == ticketing.KindToken && f.Name == "off" })
	return p
}

func (s *Server) adminEdit(v *visit) error {
	k, id, err := settingOf(v)
	if err != nil {
		return err
	}
	p, d, err := s.editPage(v, k, id)
	if err != nil {
		return err
	}
	p.Fields = s.fieldViews(v, k, d, s.typedOf(k, d), nil, false)
	return s.ok(v, "admin-edit", p)
}

// settingOf reads the address, whose kind may be given.
func settingOf(v *visit, kind ...string) (*adminKind, string, error) {
	k, err := adminKindOf(cmp.Or(append(kind, v.Params("kind"))...))
	if err != nil {
		return nil, "", err
	}
	id, err := url.PathUnescape(v.Params("id"))
	if err != nil {
		return nil, "", notFound()
	}
	return k, id, nil
}

// editPage is all of the page but the fields.
func (s *Server) editPage(v *visit, k *adminKind, id string) (editPage, doc, error) {
	history, err := s.Desk.SettingHistory(v.ctx(), v.actor(), k.Kind, id)
	if err != nil {
		return editPage{}, nil, err
	}
	present := history[len(history)-1]
	last := present
	for _, r := range history { // of what is deleted the last words are shown
		if !r.Deleted() && present.Deleted() {
			last = r
		}
	}
	d, err := readDoc(last.Doc)
	if err != nil {
		return editPage{}, nil, err
	}
	title := k.title(s, v.lang, id, d)
	p := editPage{
		adminPage: s.adminPage(v, k.Kind, title), Kind: k, ID: id, Path: settingPath(k.Kind, id), Heading: title, Version: present.Version,
		Gone: present.Deleted(),
	}
	p.Form = p.Write && !p.Gone && !k.fixed()
	p.Deletable = p.Write && !p.Gone && !k.keeps
	for _, a := range k.acts {
		if p.Write && (a.offered == nil || a.offered(s, d)) {
			p.Acts = append(p.Acts, a)
		}
	}
	if k.Kind == ticketing.KindStaff {
		all, err := s.Accounts.SessionsOf(v.ctx(), v.actor(), id)
		if err != nil {
			return editPage{}, nil, err
		}
		p.Looks, p.Devices = true, devices(v, all)
		p.MayEnd = p.Write || v.staff.Role == ticketing.Supervisor && ticketing.Role(d.text("role")) != ticketing.Administrator
	}
	p.History, err = s.versions(v, k, history)
	return p, d, err
}

// adminAdd is POST …/new.
func (s *Server) adminAdd(v *visit) error {
	k, err := adminKindOf(v.Params("kind"))
	if err != nil {
		return err
	}
	sent, err := s.form(v)
	if err != nil {
		return err
	}
	t := typed{sent.typed(), sent.Values}
	d, faults := s.docOf(k, t, nil, true, v.lang)
	id := d.id(k)
	if id == "" && k.newID != nil {
		id = k.newID(d)
	}
	if k.id != "" && id != "" {
		d[k.id] = id
	}
	if k.id != "" && id == "" {
		faults[k.id] = v.t("admin.id_needed")
	}
	var done saved
	if len(faults) == 0 {
		done, err = s.put(v, k, id, 0, d)
	}
	if err != nil {
		if refuses := faults.take(v.lang, err); refuses != nil {
			return refuses
		}
	}
	if len(faults) > 0 {
		status := fiber.StatusUnprocessableEntity
		if ticketing.ClassOf(err) == ticketing.Conflict {
			status = fiber.StatusConflict
		}
		return s.render(v, status, "admin-edit", s.freshPage(v, k, d, t, faults))
	}
	if done.secret != "" {
		return s.tellSecret(v, k, done, v.t("admin.secret_of."+k.Kind, d.text("name"), done.record.ID))
	}
	return v.seeOther(settingPath(k.Kind, id) + "?ok=added")
}

func (d doc) id(k *adminKind) string {
	if k.id == "" {
		return ""
	}
	return d.text(k.id)
}

// adminSave is POST of the form.
func (s *Server) adminSave(v *visit) error {
	k, id, err := settingOf(v)
	if err != nil {
		return err
	}
	sent, err := s.form(v)
	if err != nil {
		return err
	}
	version, err := strconv.Atoi(cmp.Or(sent.value("version"), "-1"))
	if err != nil || version < 0 {
		return badForm(nil)
	}
	p, before, err := s.editPage(v, k, id)
	if err != nil {
		return err
	}
	t := typed{sent.typed(), sent.Values}
	d, faults := s.docOf(k, t, before, false, v.lang)
	var done saved
	if len(faults) == 0 {
		done, err = s.put(v, k, id, version, d)
	}
	conflict := ticketing.ClassOf(err) == ticketing.Conflict
	if err != nil {
		if refuses := faults.take(v.lang, err); refuses != nil {
			return refuses
		}
	}
	if len(faults) == 0 {
		if done.secret != "" {
			return s.tellSecret(v, k, done, "")
		}
		return v.seeOther(p.Path + "?ok=saved")
	}
	p.Errors = faults
	p.Fields = s.fieldViews(v, k, d, t, faults, false)
	if !conflict {
		p.Version = version
		return s.render(v, fiber.StatusUnprocessableEntity, "admin-edit", p)
	}
	// The form goes on from what is there now, with what was typed beside it: saving again is a decision.
	if p, before, err = s.editPage(v, k, id); err != nil {
		return err
	}
	p.Errors, p.Conflict = faults, true
	p.Fields = s.fieldViews(v, k, d, t, faults, false)
	for i, f := range p.Fields {
		if !reflect.DeepEqual(flat(before[f.Name]), flat(d[f.Name])) {
			p.Fields[i].Theirs = cmp.Or(s.show(v.lang, k, f.adminField, before[f.Name]), v.t("admin.empty"))
		}
	}
	return s.render(v, fiber.StatusConflict, "admin-edit", p)
}

// put saves by the kind's own way, or the desk's.
func (s *Server) put(v *visit, k *adminKind, id string, version int, d doc) (saved, error) {
	if k.save != nil {
		return k.save(s, v, id, version, d)
	}
	return s.saveSetting(v, k.Kind, id, version, d)
}

func (s *Server) saveSetting(v *visit, kind, id string, version int, d doc) (saved, error) {
	raw, err := json.Marshal(d)
	if err != nil {
		return saved{}, err
	}
	r, err := s.Desk.SaveSetting(v.ctx(), v.actor(), kind, id, version, raw)
	return saved{record: r}, err
}

// flat is a value as JSON would give it back, for comparing.
func flat(v any) any {
	raw, err := json.Marshal(v)
	if err != nil {
		return v
	}
	if s := string(raw); s == "null" || s == "false" || s == `""` || s == "[]" || s == "0" {
		return nil
	}
	return string(raw)
}

// take notes a refusal beside its field; what the administrator cannot mend is handed back.
func (f *fieldErrors) take(lang string, err error) error {
	var e *ticketing.Error
	if errors.As(err, &e) && e.Class == ticketing.Conflict {
		(*f)[e.Field] = cmp.Or((*f)[e.Field], e.Text(lang))
		return nil
	}
	return f.add(lang, err)
}

// adminDo is POST …/ACT: deleting, restoring, and what the kind offers besides.
func (s *Server) adminDo(v *visit) error {
	k, id, err := settingOf(v)
	if err != nil {
		return err
	}
	sent, err := s.form(v)
	if err != nil {
		return err
	}
	var done saved
	switch act := v.Params("act"); {
	case act == "delete" && !k.keeps:
		version, parseErr := strconv.Atoi(sent.value("version"))
		if parseErr != nil {
			return badForm(nil)
		}
		err = s.Desk.DeleteSetting(v.ctx(), v.actor(), k.Kind, id, version)
	case act == "restore" && !k.keeps:
		err = s.restore(v, k, id, sent)
	default:
		i := slices.IndexFunc(k.acts, func(a adminAct) bool { return a.Name == act })
		if i < 0 {
			return notFound()
		}
		done, err = k.acts[i].do(s, v, id)
	}
	if err != nil {
		return s.refusedAct(v, k, id, err)
	}
	if done.secret != "" {
		about := v.t("admin.secret_again", id)
		if done.what != "" {
			about = v.t("admin.secret_of."+done.what, id)
		}
		return s.tellSecret(v, k, done, about)
	}
	return v.seeOther(settingPath(k.Kind, id) + "?ok=" + v.Params("act"))
}

// refusedAct shows the setting as it stands, with the reason why nothing was done.
func (s *Server) refusedAct(v *visit, k *adminKind, id string, err error) error {
	faults := fieldErrors{}
	if other := faults.take(v.lang, err); other != nil {
		return other
	}
	p, d, readErr := s.editPage(v, k, id)
	if readErr != nil {
		return readErr
	}
	p.Errors = fieldErrors{}
	for _, sentence := range faults { // no field of the form was at fault
		p.Errors[""] = sentence
	}
	p.Fields = s.fieldViews(v, k, d, s.typedOf(k, d), nil, false)
	return s.render(v, failureOf(v.lang, err).Status, "admin-edit", p)
}
