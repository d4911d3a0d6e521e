package open311

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"hotline1022/ticketing"
	"hotline1022/ticketing/text"
	"hotline1022/ticketing/words"
)

// elsewhere is the service of whatever is in no category that is offered here.
const elsewhere = "khac"

// service is a category as callers know it.
type service struct {
	code     string
	category string // "" for elsewhere
	ticketing.Category
}

// serviceList is the categories that senders may choose, and elsewhere.
func (c *Channel) serviceList() []service {
	var out []service
	for _, k := range c.Desk.Catalog.Current().CategoryList() {
		if !k.Off && !k.StaffOnly && pathSafe(k.ID) {
			out = append(out, service{k.ID, k.ID, k})
		}
	}
	if !slices.ContainsFunc(out, func(s service) bool { return s.code == elsewhere }) {
		out = append(out, service{code: elsewhere, Category: ticketing.Category{
			Name: words.T(words.Vietnamese, "open311.elsewhere"), NameEN: words.T(words.English, "open311.elsewhere"),
			Hint: words.T(words.Vietnamese, "open311.elsewhere_hint"), HintEN: words.T(words.English, "open311.elsewhere_hint"),
		}})
	}
	return out
}

// serviceOf is the service of a code.
func serviceOf(all []service, code string) (service, bool) {
	i := slices.IndexFunc(all, func(s service) bool { return s.code == code })
	if i < 0 {
		return service{}, false
	}
	return all[i], true
}

// serving is the service a ticket of the category is shown under.
func serving(all []service, category string) service {
	if s, ok := serviceOf(all, category); ok {
		return s
	}
	s, _ := serviceOf(all, elsewhere)
	return s
}

// pathSafe: codes stand in addresses, where blanks and colons have broken clients of others.
func pathSafe(code string) bool {
	return code != "" && strings.Trim(code, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-") == ""
}

func (s service) hint(lang string) string {
	if lang == words.English && s.HintEN != "" {
		return s.HintEN
	}
	return cmp.Or(s.Hint, s.Title(lang))
}

// keywords are what people may look for: the name, its group, and both as typed without marks.
func (s service) keywords(lang string) string {
	var out []string
	for _, word := range []string{s.Title(lang), s.Group} {
		for _, form := range []string{strings.ToLower(word), text.Fold(word)} {
			if form != "" && !slices.Contains(out, form) {
				out = append(out, form)
			}
		}
	}
	return strings.ReplaceAll(strings.Join(out, ","), ", ", " ")
}

// services answers GET services.
func (c *Channel) services(r *call) error { return r.lasting(c.servicesIn(r.lang)) }

func (c *Channel) servicesIn(lang string) document {
	var all []any
	for _, s := range c.serviceList() {
		all = append(all, object{
			{"service_code", s.code}, {"service_name", s.Title(lang)}, {"description", s.hint(lang)}, {"metadata", true},
			{"type", "realtime"}, {"keywords", s.keywords(lang)}, {"group", s.Group},
		})
	}
	return document{"services", list{"service", all}}
}

// definition answers GET services/CODE.
func (c *Channel) definition(r *call) error {
	s, ok := serviceOf(c.serviceList(), r.name)
	if !ok {
		return refuse(404, "open311.no_service", r.name)
	}
	return r.lasting(c.definitionIn(s, r.lang))
}

// The attributes every service has.
const (
	attrNotice   = "thong_bao"
	attrKind     = "loai"
	attrPublic   = "cong_khai"
	attrExternal = "external_id"
)

// kindsOffered are the kinds a sender may choose. Complaints and denunciations have ways of their own by law, an
// emergency is for the telephone.
var kindsOffered = []ticketing.Kind{ticketing.Report, ticketing.Proposal, ticketing.Question, ticketing.Opinion}

// questions are what is asked for a service, in order: the notice, the category's own, those of every service.
func (c *Channel) questions(s service, lang string) []ticketing.Detail {
	t := func(key string) string { return words.T(lang, key) }
	kinds := make([]ticketing.DetailValue, len(kindsOffered))
	for i, k := range kindsOffered {
		kinds[i] = ticketing.DetailValue{Key: string(k), Name: t("kind." + string(k))}
	}
	unsaid := "khong"
	if c.Public {
		unsaid = "co"
	}
	ours := []ticketing.Detail{
		{Code: attrKind, Name: t("open311.ask.kind"), Type: "singlevaluelist", Values: kinds},
		{Code: attrPublic, Name: t("open311.ask.public"), Hint: t("open311.ask.public_hint." + unsaid), Type: "singlevaluelist",
			Values: []ticketing.DetailValue{{Key: "co", Name: t("open311.yes")}, {Key: "khong", Name: t("open311.no")}}},
		{Code: attrExternal, Name: t("open311.ask.external"), Hint: t("open311.ask.external_hint"), Type: "string"},
	}
	out := []ticketing.Detail{{Code: attrNotice, Name: t("open311.notice"), Type: "string", Info: true}}
	if ticketing.CheckDetails(s.Details) == nil { // a file may have brought others
		for _, x := range s.Details {
			if !slices.ContainsFunc(append(ours, out[0]), func(o ticketing.Detail) bool { return o.Code == x.Code }) {
				out = append(out, x)
			}
		}
	}
	return append(out, ours...)
}

func (c *Channel) definitionIn(s service, lang string) document {
	var all []any
	for i, x := range c.questions(s, lang) {
		o := object{
			{"variable", !x.Info}, {"code", x.Code}, {"datatype", cmp.Or(x.Type, "string")}, {"required", x.Required},
			{"datatype_description", x.Hint}, {"order", i + 1}, {"description", x.Title(lang)},
		}
		if x.List() {
			var values []any
			for _, v := range x.Values {
				values = append(values, object{{"key", v.Key}, {"name", v.Title(lang)}})
			}
			o = append(o, field{"values", list{"value", values}})
		}
		all = append(all, o)
	}
	return document{"service_definition", object{{"service_code", s.code}, {"attributes", list{"attribute", all}}}}
}

// discovery answers GET discovery.
func (c *Channel) discovery(r *call) error {
	at, err := c.changed(r.ctx)
	if err != nil {
		return err
	}
	formats := list{"format", []any{"text/xml", "application/json"}}
	endpoint := object{
		{"specification", "http://wiki.open311.org/GeoReport_v2"}, {"url", c.Desk.BaseURL + base},
		{"changeset", zoned(at)}, {"type", "production"}, {"formats", formats},
	}
	return r.lasting(document{"discovery", object{
		{"changeset", zoned(at)},
		{"contact", words.T(r.lang, "open311.contact", c.Desk.BaseURL)},
		{"key_service", words.T(r.lang, "open311.key_service", c.Desk.BaseURL)},
		{"endpoints", list{"endpoint", []any{endpoint}}},
	}})
}

// kindChangeset: its one record says what services and definitions were last, and since when.
const (
	kindChangeset = "open311_changeset"
	idChangeset   = "services"
)

type changeset struct {
	Print string    `json:"print"`
	At    time.Time `json:"at"`
}

// shelf remembers the change set of the catalog that is in use.
type shelf struct {
	mu  sync.Mutex
	of  *ticketing.Catalog
	set changeset
}

// changed is when services or definitions last changed. It is worked out once for every change of the settings, from
// what callers see, and kept in a record: so it is the same in every process and after a restart, and moves for a
// deleted category too.
func (c *Channel) changed(ctx context.Context) (time.Time, error) {
	c.catalogs.mu.Lock()
	defer c.catalogs.mu.Unlock()
	present := c.Desk.Catalog.Current()
	if c.catalogs.of == present {
		return c.catalogs.set.At, nil
	}
	print := c.fingerprint()
	for {
		var set changeset
		r, err := c.Desk.Store.Get(ctx, kindChangeset, idChangeset)
		if err == nil {
			err = json.Unmarshal(r.Doc, &set)
		}
		if err != nil && !errors.Is(err, ticketing.ErrNotFound) {
			return time.Time{}, err
		}
		if set.Print != print {
			set = changeset{print, c.now().UTC().Truncate(time.Second)}
			doc, err := json.Marshal(set)
			if err != nil {
				return time.Time{}, err
			}
			err = c.Desk.Store.Put(ctx, ticketing.Record{Kind: kindChangeset, ID: idChangeset, Version: r.Version + 1, At: set.At, By: string(ticketing.Open311), Doc: doc})
			if errors.Is(err, ticketing.ErrConflict) && ctx.Err() == nil {
				continue // another process was first
			}
			if err != nil {
				return time.Time{}, err
			}
		}
		c.catalogs.of, c.catalogs.set = present, set
		return set.At, nil
	}
}

// fingerprint is of everything services and definitions say.
func (c *Channel) fingerprint() string {
	sum := sha256.New()
	for _, lang := range words.Languages {
		sum.Write(c.servicesIn(lang).encode("json"))
		for _, s := range c.serviceList() {
			sum.Write(c.definitionIn(s, lang).encode("json"))
		}
	}
	return hex.EncodeToString(sum.Sum(nil))
}
