package open311

import (
	"cmp"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"hotline1022/ticketing"
	"hotline1022/ticketing/words"
)

const (
	mostDescription = 4000 // characters
	mostAttributes  = 5000 // characters of all attributes together: the desk takes 10,000 in all
	mostExternal    = 200  // bytes
	mostPictures    = 10
	noPoint         = "#NOTPINPOINTED#" // FixMyStreet's address_id for "not on the map"
)

// create answers POST requests.
func (c *Channel) create(r *call) error {
	in, err := c.incoming(r)
	if err != nil {
		return err
	}
	receipt, err := c.Desk.Receive(r.ctx, r.by, in)
	if err != nil {
		if ticketing.ClassOf(err) == ticketing.Invalid {
			c.health.count("refused", c.now())
		}
		return err
	}
	t := receipt.Ticket
	c.health.count("taken", c.now())
	if receipt.Repeated {
		c.health.count("repeated", c.now())
	}
	notice := ""
	if !t.Promised.IsZero() {
		due := t.Promised.In(ticketing.Zone)
		notice = words.T(r.lang, "open311.service_notice", due.Format("15:04"), due.Format("02/01/2006"))
	}
	return r.answer(document{"service_requests", list{"request", []any{
		object{{"service_request_id", t.Number()}, {"service_notice", notice}, {"account_id", nil}},
	}}})
}

// report is a form being read: what it becomes, what is wrong with it, and lines to stand below the description.
type report struct {
	in    ticketing.Incoming
	bad   []fault
	lines []string
}

func (p *report) fault(status int, key string, args ...any) {
	if len(p.bad) < 50 {
		p.bad = append(p.bad, fault{status, key, args})
	}
}

func (p *report) line(key string, args ...any) {
	p.lines = append(p.lines, words.T(words.Vietnamese, key, args...))
}

// incoming reads the form. Everything that is wrong with it is told together.
func (c *Channel) incoming(r *call) (ticketing.Incoming, error) {
	p := &report{in: ticketing.Incoming{Channel: ticketing.Open311, Kind: ticketing.Report, Visibility: ticketing.Private}}
	if c.Public {
		p.in.Visibility = ticketing.Public
	}
	f := r.body
	code := f.one("service_code")
	s, ok := serviceOf(c.serviceList(), code)
	switch {
	case code == "":
		p.fault(400, "open311.missing", "service_code")
	case !ok:
		p.fault(404, "open311.no_service", code)
	default:
		p.in.Category = s.category
		p.attributes(c.questions(s, r.lang), r.lang, f)
	}
	p.place(c, f)
	p.pictures(c, f)
	p.words(f)
	// As FixMyStreet parts a name, at the first blank: so a Vietnamese one comes out as it went in.
	p.in.Name = strings.Join(slices.DeleteFunc([]string{f.one("first_name"), f.one("last_name")}, func(s string) bool { return s == "" }), " ")
	p.in.Phone, p.in.Email = f.one("phone"), f.one("email")
	p.identity(r)
	if len(p.bad) > 0 {
		return p.in, &refusal{faults: p.bad}
	}
	return p.in, nil
}

// place takes one of the three ways to say where.
func (p *report) place(c *Channel, f form) {
	lat, long, address, id := f.one("lat"), f.one("long"), f.one("address_string"), f.one("address_id")
	p.in.Address = address
	if id != "" && id != noPoint {
		if _, ok := c.Desk.Catalog.Current().Atlas.Unit(id); ok {
			p.in.Area = id
		} else {
			p.line("open311.line.address_id", id)
		}
	}
	switch {
	case lat == "" && long == "":
		if address == "" && id == "" {
			p.fault(400, "open311.no_place")
		}
		return
	case lat == "":
		p.fault(400, "open311.missing", "lat")
		return
	case long == "":
		p.fault(400, "open311.missing", "long")
		return
	}
	y, errLat := strconv.ParseFloat(lat, 64)
	x, errLong := strconv.ParseFloat(long, 64)
	switch {
	case errLat != nil || errLong != nil || math.IsNaN(x) || math.IsNaN(y) || math.Abs(y) > 90 || math.Abs(x) > 180:
		p.fault(400, "open311.coordinates")
	case y < c.Bounds[0] || x < c.Bounds[1] || y > c.Bounds[2] || x > c.Bounds[3]:
		p.fault(400, "open311.outside")
	default:
		p.in.Location = &ticketing.Point{Lat: y, Lng: x}
	}
}

// pictures are fetched from hosts that are listed; of others the address is kept as a line.
func (p *report) pictures(c *Channel, f form) {
	for _, address := range f.all("media_url") {
		switch {
		case len(address) > 2000:
			p.fault(400, "open311.media_url")
		case c.fetchable(address) && len(p.in.Fetch) < mostPictures:
			p.in.Fetch = append(p.in.Fetch, ticketing.Fetch{Address: address})
		default:
			p.line("open311.line.media", address)
		}
	}
}

// words puts the text together: the description, then what was asked besides, for people to read.
func (p *report) words(f form) {
	description := f.one("description")
	if n := utf8.RuneCountInString(description); n > mostDescription {
		p.fault(400, "open311.too_long", "description", mostDescription, n)
	}
	below := strings.Join(p.lines, "\n")
	if utf8.RuneCountInString(below) > mostAttributes {
		p.fault(400, "open311.too_long", "attribute", mostAttributes, utf8.RuneCountInString(below))
	}
	if description == "" {
		description = words.T(words.Vietnamese, "open311.no_description")
	}
	p.in.Text = description
	if below != "" {
		p.in.Text += "\n\n" + below
	}
}

// identity makes repeats harmless: the sender's id of the report is the key, made the program's own so that two cannot
// meet in one. Without one the report still has a key of its own, by which its pictures find it.
func (p *report) identity(r *call) {
	id := cmp.Or(p.in.External, string(r.Request().Header.Peek("Idempotency-Key")))
	if len(id) > mostExternal || !utf8.ValidString(id) || strings.ContainsFunc(id, func(c rune) bool { return c < ' ' }) {
		p.fault(400, "open311.external", mostExternal)
		return
	}
	if id == "" {
		p.in.Key = "open311:once:" + rand.Text()
		return
	}
	p.in.External = id
	p.in.Key = "open311:" + r.by.ID + ":r:" + id
	p.in.Print = printOf("POST requests", r.body)
}

// printOf tells two requests apart, whatever the order of their pairs.
func printOf(what string, f form) string {
	var lines []string
	for _, p := range f.pairs {
		if p.name != "api_key" && p.name != "jurisdiction_id" {
			lines = append(lines, strconv.Quote(p.name)+"="+strconv.Quote(p.value))
		}
	}
	slices.Sort(lines)
	sum := sha256.Sum256([]byte(what + "\n" + strings.Join(lines, "\n")))
	return hex.EncodeToString(sum[:])
}
