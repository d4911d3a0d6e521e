package simulator

import (
	"context"
	"encoding/xml"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

// Open311Settings is an agency with a GeoReport v2 server of its own.
type Open311Settings struct {
	Key          string
	Jurisdiction string           // "" serves one and takes none
	Services     []string         // codes it knows
	Now          func() time.Time // nil is the real clock
	Tokens       bool             // a POST is answered with a token; Settle gives the ids
	Updates      bool             // it has the updates extension
	Silent       bool             // it does not show descriptions
	Dedupes      bool             // it knows a report again by attribute[external_id]
}

// Open311Report is what the agency has got.
type Open311Report struct {
	ID, Token     string // ID is "" while a token waits
	Form          url.Values
	Status, Notes string
	At, Updated   time.Time
}

// Open311 plays the agency's server on a loopback port.
type Open311 struct {
	set    Open311Settings
	server *http.Server
	url    string
	ctx    context.Context
	stop   context.CancelFunc

	mu      sync.Mutex
	serial  int
	reports []*Open311Report
	updates []open311Update
	faults  []Open311Fault
	calls   map[string]int
}

type open311Update struct {
	ID      string `xml:"update_id"`
	Request string `xml:"service_request_id"`
	Status  string `xml:"status"`
	Updated string `xml:"updated_datetime"`
	Words   string `xml:"description"`
	at      time.Time
}

// NewOpen311 starts the server. Close stops it.
func NewOpen311(set Open311Settings) (*Open311, error) {
	if set.Now == nil {
		set.Now = time.Now
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("the simulated agency cannot listen: %w", err)
	}
	ctx, stop := context.WithCancel(context.Background())
	o := &Open311{set: set, url: "http://" + l.Addr().String(), ctx: ctx, stop: stop, calls: map[string]int{}}
	mux := http.NewServeMux()
	for pattern, call := range map[string]func(*http.Request) (int, any){
		"POST /v2/requests.xml":             o.create,
		"GET /v2/requests.xml":              o.list,
		"GET /v2/tokens/{token}":            o.token,
		"GET /v2/servicerequestupdates.xml": o.said,
	} {
		mux.HandleFunc(pattern, o.faulty(pattern, call))
	}
	o.server = &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	go o.server.Serve(l) // ends with Close
	return o, nil
}

// URL is the endpoint's address, as an agency's settings have it.
func (o *Open311) URL() string { return o.url + "/v2" }

// Host is HOST:PORT.
func (o *Open311) Host() string { return strings.TrimPrefix(o.url, "http://") }

// Close stops everything.
func (o *Open311) Close() error {
	o.stop()
	return o.server.Close()
}

// Reports is what has come in so far.
func (o *Open311) Reports() []Open311Report {
	o.mu.Lock()
	defer o.mu.Unlock()
	out := make([]Open311Report, len(o.reports))
	for i, r := range o.reports {
		out[i] = *r
	}
	return out
}

// Calls is how often the path has been asked for: "POST requests", "GET requests", "GET tokens", "GET updates".
func (o *Open311) Calls(what string) int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.calls[what]
}

// SetKey changes the key that is taken.
func (o *Open311) SetKey(key string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.set.Key = key
}

// Settle gives every waiting token its id.
func (o *Open311) Settle() {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, r := range o.reports {
		if r.ID == "" {
			r.ID = o.id()
		}
	}
}

// Mark is an agency's officer who sets a report's status and notes.
func (o *Open311) Mark(id, status, notes string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, r := range o.reports {
		if r.ID == id {
			r.Status, r.Notes, r.Updated = status, notes, o.set.Now()
		}
	}
}

// Say adds an update, which needs the extension; it returns the update's id.
func (o *Open311) Say(id, status, words string) string {
	o.mu.Lock()
	defer o.mu.Unlock()
	at := o.set.Now()
	u := open311Update{ID: "u" + o.id(), Request: id, Status: status, Updated: at.UTC().Format(time.RFC3339), Words: words, at: at}
	o.updates = append(o.updates, u)
	return u.ID
}

// id is a fresh one; o.mu is held.
func (o *Open311) id() string {
	o.serial++
	return fmt.Sprintf("DL-%04d", o.serial)
}

// The wire.
type (
	open311Requests struct {
		XMLName  xml.Name         `xml:"service_requests"`
		Requests []open311Request `xml:"request"`
	}
	open311Request struct {
		ID      string `xml:"service_request_id"`
		Token   string `xml:"token,omitempty"`
		Status  string `xml:"status,omitempty"`
		Notes   string `xml:"status_notes,omitempty"`
		Service string `xml:"service_code,omitempty"`
		Words   string `xml:"description,omitempty"`
		At      string `xml:"requested_datetime,omitempty"`
		Updated string `xml:"updated_datetime,omitempty"`
	}
	open311Updates struct {
		XMLName xml.Name        `xml:"service_request_updates"`
		Updates []open311Update `xml:"request_update"`
	}
	open311Errors struct {
		XMLName xml.Name       `xml:"errors"`
		Errors  []open311Error `xml:"error"`
	}
	open311Error struct {
		Code  int    `xml:"code"`
		Words string `xml:"description"`
	}
)

func open311Refuse(status int, words string) (int, any) {
	return status, open311Errors{Errors: []open311Error{{status, words}}}
}

// create takes a report, as strictly as the specification.
func (o *Open311) create(r *http.Request) (int, any) {
	if err := r.ParseForm(); err != nil || r.PostForm.Get("api_key") != o.set.Key {
		return open311Refuse(403, "bad key")
	}
	f := r.PostForm
	switch {
	case !strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded"):
		return open311Refuse(400, "not a form")
	case f.Get("jurisdiction_id") != o.set.Jurisdiction, f.Has("jurisdiction_id") && f.Get("jurisdiction_id") == "":
		return open311Refuse(404, "jurisdiction_id")
	case f.Get("service_code") == "":
		return open311Refuse(400, "service_code was not provided")
	case !slices.Contains(o.set.Services, f.Get("service_code")):
		return open311Refuse(404, "service_code was not found")
	case (f.Get("lat") == "" || f.Get("long") == "") && f.Get("address_string") == "" && f.Get("address_id") == "":
		return open311Refuse(400, "no location")
	case len([]rune(f.Get("description"))) > 4000:
		return open311Refuse(400, "description is too long")
	}
	f.Del("api_key")
	now := o.set.Now()
	if o.set.Dedupes {
		for _, old := range o.reports {
			if old.Form.Get("attribute[external_id]") == f.Get("attribute[external_id]") {
				return 200, open311Requests{Requests: []open311Request{{ID: old.ID, Token: old.Token}}}
			}
		}
	}
	report := &Open311Report{Form: f, Status: "open", At: now, Updated: now}
	if o.set.Tokens {
		report.Token = "t" + o.id()
	} else {
		report.ID = o.id()
	}
	o.reports = append(o.reports, report)
	return 200, open311Requests{Requests: []open311Request{{ID: report.ID, Token: report.Token}}}
}

// list answers by ids, or by the time of the request.
func (o *Open311) list(r *http.Request) (int, any) {
	q, out := r.URL.Query(), open311Requests{}
	ids := q.Get("service_request_id")
	from, fromErr := time.Parse(time.RFC3339, q.Get("start_date"))
	to, toErr := time.Parse(time.RFC3339, q.Get("end_date"))
	if ids == "" && (fromErr != nil || toErr != nil) {
		return open311Refuse(400, "dates")
	}
	for _, p := range o.reports {
		if p.ID == "" || ids == "" && (p.At.Before(from) || p.At.After(to)) || ids != "" && !slices.Contains(strings.Split(ids, ","), p.ID) {
			continue
		}
		one := open311Request{
			ID: p.ID, Status: p.Status, Notes: p.Notes, Service: p.Form.Get("service_code"), Words: p.Form.Get("description"),
			At: p.At.Format(time.RFC3339), Updated: p.Updated.Format(time.RFC3339),
		}
		if o.set.Silent {
			one.Words = ""
		}
		out.Requests = append(out.Requests, one)
	}
	return 200, out
}

func (o *Open311) token(r *http.Request) (int, any) {
	token := strings.TrimSuffix(r.PathValue("token"), ".xml")
	for _, p := range o.reports {
		if p.Token == token && token != "" {
			return 200, open311Requests{Requests: []open311Request{{ID: p.ID, Token: token}}}
		}
	}
	return open311Refuse(404, "token not found")
}

// said is the updates of a window, both bounds within.
func (o *Open311) said(r *http.Request) (int, any) {
	if !o.set.Updates {
		return open311Refuse(404, "not here")
	}
	from, fromErr := time.Parse(time.RFC3339, r.URL.Query().Get("start_date"))
	to, toErr := time.Parse(time.RFC3339, r.URL.Query().Get("end_date"))
	if fromErr != nil || toErr != nil {
		return open311Refuse(400, "dates")
	}
	var out open311Updates
	for _, u := range o.updates {
		if !u.at.Before(from) && !u.at.Truncate(time.Second).After(to) {
			out.Updates = append(out.Updates, u)
		}
	}
	return 200, out
}
