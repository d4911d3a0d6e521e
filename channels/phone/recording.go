package phone

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"hotline1022/ticketing"
	"hotline1022/ticketing/remote"
	"hotline1022/ticketing/text"
)

// recordings is where recordings are fetched from.
type recordings struct {
	pattern string
	base    *url.URL // nothing that does not begin so is fetched
	client  *remote.Client
}

// marks are what a pattern may hold.
var marks = []string{"{file}", "{path}", "{call}", "{year}", "{month}", "{day}"}

// maxRecording is an hour of uncompressed speech, and more.
const maxRecording = 256 << 20

// CheckRecordings says what is wrong with a Config.Recordings; nil: nothing.
func CheckRecordings(pattern string) error {
	_, err := parseRecordings(pattern)
	return err
}

func parseRecordings(pattern string) (*recordings, error) {
	if pattern == "" {
		return nil, nil
	}
	fixed, _, marked := strings.Cut(pattern, "{")
	base, err := url.Parse(fixed[:strings.LastIndexByte(fixed, '/')+1])
	rest := pattern
	for _, m := range marks {
		rest = strings.ReplaceAll(rest, m, "")
	}
	switch {
	case err != nil, base.Scheme != "https" && base.Scheme != "http", base.Host == "", base.User != nil, base.Path == "":
		return nil, fmt.Errorf("%q is not like https://pbx.example.vn/recordings/{file}", pattern)
	case strings.ContainsAny(rest, "{}"):
		return nil, fmt.Errorf("%q holds something other than %s", pattern, strings.Join(marks, " "))
	case !marked && !strings.HasSuffix(pattern, "/"):
		return nil, fmt.Errorf("%q neither ends with a slash nor holds {file}", pattern)
	case !marked:
		pattern += "{file}"
	}
	port := base.Port()
	if port == "" {
		port = map[string]string{"https": "443", "http": "80"}[base.Scheme]
	}
	return &recordings{pattern: pattern, base: base, client: &remote.Client{
		// The administrator names the exchange, which mostly stands in a closed network.
		Trusted: []string{base.Host, base.Hostname() + ":" + port}, MaxBytes: maxRecording, Timeout: 10 * time.Minute,
	}}, nil
}

// address is where the recording is fetched from; named is what the exchange said of it, "" for nothing.
func (r *recordings) address(named, linked string, began time.Time) (string, bool) {
	if strings.Contains(named, "://") { // a whole address counts if it is one of ours
		u, err := url.Parse(named)
		inside := err == nil && u.Scheme == r.base.Scheme && u.Host == r.base.Host && u.User == nil &&
			strings.HasPrefix(path.Clean(u.Path)+"/", r.base.Path) && !strings.Contains(u.Path, "..")
		return named, inside
	}
	clean := strings.TrimPrefix(path.Clean("/"+strings.ReplaceAll(named, `\`, "/")), "/")
	needs := strings.Contains(r.pattern, "{file}") || strings.Contains(r.pattern, "{path}")
	if needs && clean == "" || strings.Contains(r.pattern, "{call}") && linked == "" {
		return "", false
	}
	var parts []string
	for part := range strings.SplitSeq(clean, "/") {
		parts = append(parts, url.PathEscape(part))
	}
	day := began.In(ticketing.Zone)
	return strings.NewReplacer(
		"{file}", parts[len(parts)-1], "{path}", strings.Join(parts, "/"), "{call}", url.PathEscape(linked),
		"{year}", day.Format("2006"), "{month}", day.Format("01"), "{day}", day.Format("02"),
	).Replace(r.pattern), true
}

// audio are the endings of a recording's name; what else stands in a billing record's free field is something else.
var audio = []string{".wav", ".wav49", ".mp3", ".ogg", ".opus", ".gsm", ".m4a", ".flac"}

// billed takes the recording out of a billing record, whose free field (UserField) is where dial plans put it.
func (c *Channel) billed(m message) {
	named := m.get("UserField")
	if !slices.Contains(audio, strings.ToLower(path.Ext(named))) {
		return
	}
	if t := c.trackOf(m, false); t != nil {
		c.seal(t, named)
	}
}

// linkedID is what the exchange calls the call; "" of a pushed one, of which only a keyed hash is kept.
func (c *Channel) linkedID(call Call) string {
	if call.pushed() {
		return ""
	}
	return call.ID[strings.LastIndexByte(call.ID, ':')+1:]
}

// recorded is where the call's recording is fetched from.
func (c *Channel) recorded(call Call) (string, bool) {
	if c.recordings == nil || !call.answered() {
		return "", false
	}
	named := ""
	if call.Recording != nil {
		raw, err := c.Desk.Vault.Unseal("call/"+call.ID, call.Recording)
		if err != nil {
			c.Log.Error("where a recording lies cannot be read", "err", err)
			return "", false
		}
		named = string(raw)
	}
	return c.recordings.address(named, c.linkedID(call), call.Began)
}

// listens says who may listen to recordings at all: those who answer citizens, and those who oversee them.
func listens(actor ticketing.Actor) bool {
	return actor.Role == ticketing.Operator || actor.Role == ticketing.Supervisor || actor.Role == ticketing.Auditor
}

// Recording is where the recording of a call is fetched from. With a ticket: for whoever of the hotline may see it, if
// the call is one of its calls. Without: for who took the call, and for who oversees. What one may not hear is "not
// found".
func (c *Channel) Recording(ctx context.Context, actor ticketing.Actor, id string, code ticketing.Code) (string, error) {
	if !listens(actor) {
		return "", &ticketing.Error{Class: ticketing.Forbidden, Key: "error.page_role"}
	}
	call, err := c.stored(ctx, id)
	if err != nil {
		return "", err
	}
	switch {
	case code != "":
		if _, err := c.Desk.Ticket(ctx, actor, code); err != nil {
			return "", err
		}
		if !slices.Contains(call.Tickets, code) {
			return "", errNoRecording
		}
	case actor.Role == ticketing.Operator:
		c.mu.Lock()
		extension := c.extensionFor(actor.ID)
		c.mu.Unlock()
		if (&track{call: call}).hers(extension, actor.ID) == nil {
			return "", errNoRecording
		}
	}
	address, ok := c.recorded(call)
	if !ok {
		return "", errNoRecording
	}
	return address, nil
}

var errNoRecording = &ticketing.Error{Class: ticketing.NotFound, Key: "phone.error.recording"}

func (c *Channel) stored(ctx context.Context, id string) (Call, error) {
	if id == "" || len(id) > 200 {
		return Call{}, errNoRecording
	}
	r, err := c.Desk.Store.Get(ctx, kindCall, id)
	if errors.Is(err, ticketing.ErrNotFound) {
		return Call{}, errNoRecording
	}
	var call Call
	if err == nil {
		err = json.Unmarshal(r.Doc, &call)
	}
	if err != nil {
		return Call{}, fmt.Errorf("reading a call: %w", err)
	}
	return call, nil
}

// kindHeard is who has listened to a recording; id: the call; one version each time, by whom and when. doc: the ticket.
const kindHeard = "call_heard"

// heardBy writes down who listens. Nobody does without that.
func (c *Channel) heardBy(ctx context.Context, actor ticketing.Actor, id string, code ticketing.Code) error {
	doc, err := json.Marshal(code)
	if err != nil {
		return err
	}
	for {
		r, err := c.Desk.Store.Get(ctx, kindHeard, id)
		if err != nil && !errors.Is(err, ticketing.ErrNotFound) {
			return fmt.Errorf("reading who has listened: %w", err)
		}
		err = c.Desk.Store.Put(ctx, ticketing.Record{Kind: kindHeard, ID: id, Version: r.Version + 1, At: c.now(), By: actor.ID, Doc: doc})
		if errors.Is(err, ticketing.ErrConflict) {
			continue
		}
		if err != nil {
			return fmt.Errorf("noting who listens: %w", err)
		}
		c.Log.Info("a recording is listened to", "by", actor.ID, "ticket", code)
		return nil
	}
}

// serveRecording hands a recording through: its address stays with us, because it may hold the number.
func (c *Channel) serveRecording(f *fiber.Ctx, who ticketing.Actor) error {
	ctx, id := f.UserContext(), strings.Clone(f.Query("call"))
	var code ticketing.Code
	if asked := f.Query("ticket"); asked != "" {
		parsed, ok := text.ParseCode(asked)
		if !ok {
			return errNoRecording
		}
		code = ticketing.Code(parsed)
	}
	address, err := c.Recording(ctx, who, id, code)
	if err != nil {
		return err
	}
	part := f.Get(fiber.HeaderRange)
	if part == "" || strings.HasPrefix(part, "bytes=0-") { // what a player fetches afterwards is the same listening
		if err := c.heardBy(ctx, who, id, code); err != nil {
			return err
		}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return errNoRecording
	}
	if part != "" {
		req.Header.Set(fiber.HeaderRange, strings.Clone(part))
	}
	resp, err := c.recordings.client.Do(req)
	if err != nil {
		c.Log.Warn("a recording cannot be fetched", "err", err)
		return &ticketing.Error{Class: ticketing.Busy, Key: "phone.error.recording"}
	}
	if resp.StatusCode != http.StatusOK && resp.StatusCode != http.StatusPartialContent {
		resp.Body.Close()
		c.Log.Warn("a recording cannot be fetched", "status", resp.StatusCode)
		return errNoRecording
	}
	kind, disposition := resp.Header.Get(fiber.HeaderContentType), "inline"
	if !strings.HasPrefix(kind, "audio/") {
		kind, disposition = fiber.MIMEOctetStream, "attachment"
	}
	for name, value := range map[string]string{
		fiber.HeaderContentType: kind, fiber.HeaderContentDisposition: disposition, fiber.HeaderXContentTypeOptions: "nosniff",
		fiber.HeaderContentSecurityPolicy: "default-src 'none'; media-src 'self'; sandbox", fiber.HeaderReferrerPolicy: "no-referrer",
		fiber.HeaderAcceptRanges: resp.Header.Get(fiber.HeaderAcceptRanges), fiber.HeaderContentRange: resp.Header.Get(fiber.HeaderContentRange),
	} {
		if value != "" {
			f.Set(name, value)
		}
	}
	f.Status(resp.StatusCode).Context().SetBodyStream(resp.Body, int(resp.ContentLength)) // it closes the body
	return nil
}

// TicketCall is a call a ticket came of, as the ticket shows it.
type TicketCall struct {
	ID       string
	At       time.Time
	Out      bool
	Talk     time.Duration
	By       string // who took it last: sign-in name, or extension
	Outcome  string
	Recorded bool // and the reader may listen
}

// CallsOf is the calls that a ticket came of, for whoever may see the ticket; oldest first.
func (c *Channel) CallsOf(ctx context.Context, actor ticketing.Actor, code ticketing.Code) ([]TicketCall, error) {
	if _, err := c.Desk.Ticket(ctx, actor, code); err != nil {
		return nil, err
	}
	lines, err := c.Desk.Store.All(ctx, kindOfTicket, string(code)+"/")
	if err != nil || len(lines) == 0 {
		return nil, err
	}
	var ids []string
	for _, r := range lines {
		ids = append(ids, strings.TrimPrefix(r.ID, string(code)+"/"))
	}
	records, err := c.Desk.Store.GetAll(ctx, kindCall, ids)
	if err != nil {
		return nil, fmt.Errorf("reading a ticket's calls: %w", err)
	}
	var out []TicketCall
	for _, r := range records {
		var call Call
		if err := json.Unmarshal(r.Doc, &call); err != nil {
			return nil, fmt.Errorf("the record of call %s: %w", r.ID, err)
		}
		out = append(out, c.ofTicket(call.settledTimes(), actor))
	}
	slices.SortFunc(out, func(a, b TicketCall) int { return a.At.Compare(b.At) })
	return out, nil
}

func (c *Channel) ofTicket(call Call, actor ticketing.Actor) TicketCall {
	one := TicketCall{ID: call.ID, At: call.Began, Out: call.Direction == Out}
	for _, l := range call.Legs {
		if l.End != Connected {
			continue
		}
		talk, _ := l.Talk()
		one.Talk += talk
		one.By, one.Outcome = l.Agent, l.Outcome
	}
	c.mu.Lock()
	if staff := c.extensions[one.By]; staff != "" {
		one.By = staff
	}
	c.mu.Unlock()
	if listens(actor) {
		_, one.Recorded = c.recorded(call)
	}
	return one
}
