package ui

import (
	"crypto/sha256"
	"errors"
	"net/url"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"hotline1022/ticketing"
	"hotline1022/ticketing/text"
	"hotline1022/ticketing/words"
)

// mostPhotos a citizen may add to one message.
const mostPhotos = 5

// sendable are the kinds the public form takes. Complaints and denunciations have their own lawful path, which the
// form explains.
var sendable = []ticketing.Kind{ticketing.Report, ticketing.Proposal, ticketing.Question, ticketing.Opinion, ticketing.Emergency}

// sendForm is the public form as its sender filled it in.
type sendForm struct {
	Token      string
	Kind       ticketing.Kind
	Category   string
	Text       string
	AreaText   string // as typed
	Area       string // the unit chosen
	Unsure     bool   // "I do not know which" among several
	Address    string
	Lat, Lng   string
	Name       string
	Phone      string
	Anonymous  bool
	Visibility ticketing.Visibility
	Consent    string
	Kept       string // files stored at an earlier try, sealed
	Files      []ticketing.File
}

// categoryGroup is a heading with its categories.
type categoryGroup struct {
	Name string
	All  []category
}

type category struct{ ticketing.Category }

// HintFor is the sentence under the choice.
func (c category) HintFor(lang string) string {
	if lang == words.English && c.HintEN != "" {
		return c.HintEN
	}
	return c.Hint
}

type sendPage struct {
	Page
	Form    sendForm
	Errors  fieldErrors
	Kinds   []ticketing.Kind
	Groups  []categoryGroup
	Areas   []areaChoice // to choose from where the name typed means several
	Consent ticketing.Consent
	Most    int
}

func (s *Server) sendPage(v *visit) sendPage {
	c := s.Desk.Catalog.Current()
	p := sendPage{Page: s.page(v, v.t("send.title")), Kinds: sendable, Consent: c.Consent, Most: mostPhotos}
	p.Here, p.Scripts = "/gui", []string{"send.js"}
	at := map[string]int{}
	for _, k := range c.CategoryList() {
		if k.Off || k.StaffOnly {
			continue
		}
		i, ok := at[k.Group]
		if !ok {
			i, at[k.Group] = len(p.Groups), len(p.Groups)
			p.Groups = append(p.Groups, categoryGroup{Name: k.Group})
		}
		p.Groups[i].All = append(p.Groups[i].All, category{k})
	}
	return p
}

func (s *Server) sendEmpty(v *visit) error {
	p := s.sendPage(v)
	p.Form = sendForm{Token: s.newFormToken(), Kind: ticketing.Report, Category: v.Query("category"), Visibility: ticketing.Private}
	return s.ok(v, "send", p)
}

// send takes a filled-in form to the desk. Whatever is wrong, nothing typed is lost.
func (s *Server) send(v *visit) error {
	keep := &keeper{s: s, v: v, most: mostPhotos}
	values, err := readForm(v, keep.take)
	if err != nil {
		return err
	}
	keep.keepOld(values.Get("kept"), values["drop"])
	p := s.sendPage(v)
	p.Form = readSend(values, keep.files)
	in, faults, err := s.sendable(v, &p, values)
	if err != nil {
		return err
	}
	p.Errors = faults
	if err := p.Errors.add(v.lang, keep.refused); err != nil {
		return err
	}
	if p.Errors == nil && p.Areas == nil {
		receipt, err := s.Desk.Receive(v.ctx(), v.actor(), in)
		if err == nil {
			code := receipt.Ticket.Code
			s.grant(v, code, seesWords)
			return v.seeOther("/t/" + string(code) + "/da-gui")
		}
		var e *ticketing.Error
		if errors.As(err, &e) && e.Field == "idempotency_key" { // sent already, changed, and sent again
			p.Form.Token = s.newFormToken()
			p.Errors = fieldErrors{"": v.t("send.sent_already")}
		} else if err := p.Errors.add(v.lang, err); err != nil {
			return err
		}
	}
	p.Form.Kept = s.sealFiles(p.Form.Files)
	return s.render(v, fiber.StatusUnprocessableEntity, "send", p)
}

func readSend(f url.Values, files []ticketing.File) sendForm {
	area, unsure := f.Get("area"), false
	if area == "-" {
		area, unsure = "", true
	}
	return sendForm{
		Unsure: unsure, Token: f.Get("token"), Kind: ticketing.Kind(f.Get("kind")), Category: f.Get("category"), Text: f.Get("text"),
		AreaText: strings.TrimSpace(f.Get("area_text")), Area: area, Address: f.Get("address"), Lat: f.Get("lat"), Lng: f.Get("lng"),
		Name: f.Get("name"), Phone: f.Get("phone"), Anonymous: f.Get("anonymous") != "", Visibility: ticketing.Visibility(f.Get("visibility")),
		Consent: f.Get("consent"), Files: files,
	}
}

// sendable makes of the form what the desk takes, and says what stands in its way that the desk does not check.
func (s *Server) sendable(v *visit, p *sendPage, values url.Values) (ticketing.Incoming, fieldErrors, error) {
	f := &p.Form
	faults := fieldErrors{}
	name := s.formName(f.Token)
	switch {
	case values.Get("website") != "": // a field no person sees
		faults[""] = v.t("send.trap")
	case name == "":
		faults[""] = v.t("send.again")
		if _, ours := s.unseal(formPurpose, f.Token); !ours || f.Token == "" {
			f.Token = s.newFormToken()
		}
	}
	switch {
	case f.Kind.OwnLaw():
		faults["kind"] = v.t("send.law." + string(f.Kind))
	case !contains(sendable, f.Kind):
		faults["kind"] = v.t("send.choose_kind")
	}
	if c := s.Desk.Catalog.Current().Categories[f.Category]; c.StaffOnly {
		f.Category = ""
	}
	if strings.TrimSpace(f.Text) == "" {
		faults["text"] = v.t("error.text_empty")
	}
	if !f.Anonymous {
		s.contactFaults(v, p, faults)
	}
	location := f.place(s, p)
	if !f.Anonymous && len(faults) == 0 && p.Areas == nil {
		if ph, err := text.ParsePhone(f.Phone); err == nil && !s.limits.phone.take(s.Now(), ph.E164()) {
			return ticketing.Incoming{}, nil, tooMany(s.limits.phone.rate)
		}
	}
	in := ticketing.Incoming{
		Key: "web:" + name, Print: f.print(), Channel: ticketing.Web, Kind: f.Kind, Category: f.Category, Text: f.Text,
		Area: f.Area, Address: f.Address, Location: location, Files: f.Files, Visibility: f.Visibility,
		Lang: v.lang, Anonymous: f.Anonymous, Contactable: true,
	}
	if !f.Anonymous {
		in.Name, in.Phone, in.Consent = f.Name, f.Phone, f.Consent
	}
	if len(faults) == 0 {
		faults = nil
	}
	return in, faults, nil
}

// contactFaults are what the desk would say one after the other.
func (s *Server) contactFaults(v *visit, p *sendPage, faults fieldErrors) {
	f := p.Form
	if strings.TrimSpace(f.Name) == "" {
		faults["name"] = v.t("error.name")
	}
	if ph, err := text.ParsePhone(f.Phone); strings.TrimSpace(f.Phone) == "" {
		faults["phone"] = v.t("error.phone_missing")
	} else if err != nil || ph.Short() {
		faults["phone"] = v.t("error.phone")
	}
	if p.Consent.ID != "" && f.Consent != p.Consent.ID {
		faults["consent"] = v.t("send.consent_missing")
	}
}

// place settles where it is: the unit chosen, or the one the typed name means. A name that means several puts the
// choice on the page; one that means none becomes part of the address, because a person can still read it.
func (f *sendForm) place(s *Server, p *sendPage) *ticketing.Point {
	hits := s.areas(p.Lang, f.AreaText)
	if f.Area != "" && f.AreaText != "" && !hits.has(f.Area) {
		if u, ok := s.Desk.Catalog.Current().Atlas.Unit(f.Area); !ok || !s.areaChoice(u).named(f.AreaText) {
			f.Area = "" // the name was changed since
		}
	}
	if f.Area == "" && f.AreaText != "" {
		switch exact := hits.exact(f.AreaText); {
		case exact != "":
			f.Area = exact
		case len(hits) == 0 || f.Unsure:
			if !strings.Contains(f.Address, f.AreaText) {
				f.Address = strings.Trim(f.Address+", "+f.AreaText, ", ")
			}
			f.AreaText = ""
		default:
			p.Areas = hits
		}
	}
	if u, ok := s.Desk.Catalog.Current().Atlas.Unit(f.Area); ok {
		f.AreaText = s.areaChoice(u).Name
	}
	lat, err1 := strconv.ParseFloat(f.Lat, 64)
	lng, err2 := strconv.ParseFloat(f.Lng, 64)
	if err1 != nil || err2 != nil {
		return nil
	}
	return &ticketing.Point{Lat: lat, Lng: lng}
}

// print tells one filling of a form from another under the same token.
func (f *sendForm) print() string {
	h := sha256.New()
	for _, part := range []string{string(f.Kind), f.Category, f.Text, f.Area, f.Address, f.Lat, f.Lng, f.Name, f.Phone, string(f.Visibility), strconv.FormatBool(f.Anonymous)} {
		h.Write([]byte(part + "\x00")) // never fails
	}
	return b64.EncodeToString(h.Sum(nil)[:12])
}

// sentPage thanks and gives the code.
type sentPage struct {
	Page
	Code   ticketing.Code
	Spoken string
	Ticket ticketing.Ticket
	URL    string
}

func (s *Server) sent(v *visit) error {
	t, _, err := s.followed(v)
	if err != nil {
		return err
	}
	if s.accessOf(t.Code, v.Cookies(s.ticketCookieName())) != seesWords {
		return v.seeOther("/t/" + string(t.Code))
	}
	p := sentPage{Page: s.page(v, v.t("sent.title")), Code: t.Code, Spoken: text.SpellCode(string(t.Code), v.lang), Ticket: t, URL: s.Desk.TrackURL(t.Code)}
	p.NoIndex = true
	return s.ok(v, "sent", p)
}

func contains[T comparable](all []T, one T) bool {
	for _, x := range all {
		if x == one {
			return true
		}
	}
	return false
}
