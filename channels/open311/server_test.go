package open311

import (
	"bytes"
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"hotline1022/ticketing"
)

func TestARepeatUnderTheSendersIDWritesNothing(t *testing.T) {
	h := newHouse(t)
	form := h.report("attribute[external_id]", "A-1", "phone", "0905123182")
	first := h.post("requests.json", form)
	h.is(200, first)
	h.clock.Advance(time.Hour)
	again := h.post("requests.json", form)
	h.equal(string(again.body), string(first.body))
	end, err := h.store.End(context.Background())
	h.must(err)
	h.equal(end, int64(1))
	h.refused(400, h.post("requests.json", h.report("attribute[external_id]", "A-1", "description", "khác")), "external_id")
	h.is(200, h.post("requests.json", h.report("attribute[external_id]", "A-1", "api_key", h.keys["other"]))) // another's A-1
	header := h.report("description", "theo tiêu đề")
	one, two := h.post("requests.json", header, "Idempotency-Key: B-7"), h.post("requests.json", header, "Idempotency-Key: B-7")
	h.equal(string(one.body), string(two.body))
	h.yes(!bytes.Equal(one.body, first.body), "two reports under one id")
	h.refused(400, h.post("requests.json", h.report("attribute[external_id]", strings.Repeat("x", 201))), "200")
	if h.ch.Health().Counts["repeated"] != 2 {
		t.Errorf("%v", h.ch.Health().Counts)
	}
}

func TestManyAtOnceUnderOneIDAreOneTicket(t *testing.T) {
	h := newHouse(t)
	form := h.report("attribute[external_id]", "A-1")
	seen, mu := map[string]int{}, sync.Mutex{}
	var group sync.WaitGroup
	for range 16 {
		group.Go(func() {
			r := h.post("requests.json", form)
			mu.Lock()
			defer mu.Unlock()
			seen[string(r.body)]++
		})
	}
	group.Wait()
	if len(seen) != 1 {
		t.Errorf("%v", seen)
	}
}

// What the person gave is in the vault, and only there.
func TestWhoSentIsInTheVault(t *testing.T) {
	h := newHouse(t)
	ticket := h.taken("phone", "0905123182", "email", "an@example.com", "first_name", "Nguyễn", "last_name", "Văn An")
	p, _, err := h.desk.Vault.Person(context.Background(), ticket.Citizen)
	h.must(err)
	h.equal([]string{p.Name, p.Phone, p.Email}, []string{"Nguyễn Văn An", "+84905123182", "an@example.com"})
	h.equal(ticket.Text, "Mất điện từ sáng")
	h.equal(ticket.Area, "20242") // found by its coordinates
	h.refused(400, h.post("requests.json", h.report("phone", "12ab")), "phone:")
	h.refused(400, h.post("requests.json", h.report("email", "không phải")), "email:")
}

func TestCallsThatAreNone(t *testing.T) {
	h := newHouse(t)
	ticket := h.taken()
	for _, c := range []struct {
		method, path string
		status       int
		allow        string
	}{
		{"GET", "requests", 404, ""}, {"GET", "requests.html", 404, ""}, {"GET", "requests/.json", 404, ""},
		{"GET", "requests/a/b.json", 404, ""}, {"GET", "nothing.json", 404, ""}, {"GET", "requests/%2e%2e.json", 404, ""},
		{"GET", "requests/" + string(ticket.Code) + ".json", 404, ""}, {"GET", "requests/1.json", 404, ""},
		{"GET", "requests/25" + ticket.Number()[2:] + ".json", 404, ""}, {"GET", "requests/26-1.json", 404, ""},
		{"DELETE", "requests.json", 405, "POST, GET, HEAD, OPTIONS"}, {"PUT", "services.xml", 405, "GET, HEAD, OPTIONS"},
		{"POST", "services.json", 405, "GET, HEAD, OPTIONS"}, {"OPTIONS", "requests.json", 204, "POST, GET, HEAD, OPTIONS"},
		{"OPTIONS", "nothing.json", 404, ""}, {"HEAD", "services.xml", 200, ""},
	} {
		r := h.ask(c.method, c.path, "")
		if r.status != c.status || r.header.Get("Allow") != c.allow {
			t.Errorf("%s %s: %d, Allow %q: %.200s", c.method, c.path, r.status, r.header.Get("Allow"), r.body)
		}
		if kind := r.header.Get("Content-Type"); r.status >= 400 && !strings.HasPrefix(kind, "text/xml") && !strings.HasPrefix(kind, "application/json") {
			t.Errorf("%s %s: %s is not the envelope", c.method, c.path, kind)
		}
	}
	h.refused(405, h.ask("DELETE", "requests.json", ""), "")
}

func TestWhatIsReadMayBeReadFromAnyPage(t *testing.T) {
	h := newHouse(t)
	for _, path := range []string{"services.json", "requests.json", "requests/26-999999.json"} {
		h.equal(h.get(path, "Origin: https://map.example").header.Get("Access-Control-Allow-Origin"), "*")
	}
	if got := h.post("requests.json", h.report(), "Origin: https://map.example").header.Get("Access-Control-Allow-Origin"); got != "" {
		t.Errorf("a page elsewhere may write: %q", got)
	}
}

func TestWhatAReaderHasIsNotSentAgain(t *testing.T) {
	h := newHouse(t)
	first := h.get("services.xml")
	tag := first.header.Get("ETag")
	h.yes(tag != "" && len(first.body) > 0, "no tag")
	r := h.get("services.xml", "If-None-Match: "+tag)
	h.is(304, r)
	h.yes(len(r.body) == 0, "a body")
	h.is(200, h.get("services.json", "If-None-Match: "+tag))
}

func TestFormsOnly(t *testing.T) {
	h := newHouse(t)
	h.refused(400, h.ask("POST", "requests.json", `{"api_key":"x"}`, "Content-Type: application/json"), "urlencoded")
	h.refused(400, h.ask("POST", "requests.json", "--x--", "Content-Type: multipart/form-data; boundary=x"), "urlencoded")
	h.refused(400, h.ask("POST", "requests.json", "api_key=%FF", "Content-Type: application/x-www-form-urlencoded"), "UTF-8")
	h.refused(413, h.ask("POST", "requests.json", strings.Repeat("a", mostBody+1), "Content-Type: application/x-www-form-urlencoded"), "64")
	h.refused(400, h.ask("POST", "requests.json", strings.Repeat("a=b&", mostPairs+1), "Content-Type: application/x-www-form-urlencoded"), "")
	h.is(200, h.ask("POST", "requests.json", h.report().Encode())) // no type at all: what curl's users forget
	q := h.report("api_key", "")
	h.is(200, h.post("requests.json?api_key="+h.keys["write"], q))
}

func TestReportsFromElsewhere(t *testing.T) {
	h := newHouse(t)
	h.refused(400, h.post("requests.json", h.report("lat", "108.2", "long", "16.05")), "WGS84") // no latitude
	h.refused(400, h.post("requests.json", h.report("lat", "48.85", "long", "2.35")), "ngoài địa bàn")
	h.ch.Bounds = [4]float64{15.8, 107.8, 16.3, 108.6}
	h.refused(400, h.post("requests.json", h.report("lat", "10.77", "long", "106.70")), "ngoài địa bàn")
	h.is(200, h.post("requests.json", h.report()))
}

func TestARunawaySlowsOnlyItself(t *testing.T) {
	h := newHouse(t, func(h *house) { h.conf.Limits = Limits{PerSecond: 1, Burst: 2, Reads: 1, ReadBurst: 5} })
	h.is(200, h.post("requests.json", h.report()))
	h.is(200, h.post("requests.json", h.report()))
	r := h.post("requests.json", h.report())
	h.refused(429, r, "")
	h.yes(r.header.Get("Retry-After") != "", "no Retry-After")
	h.is(200, h.post("requests.json", h.report("api_key", h.keys["other"])))
	h.refused(403, h.post("requests.json", h.report("api_key", "h1022_AAAAAAAA_wrong")), "")
	for range 4 {
		h.is(200, h.get("services.json"))
	}
	h.refused(429, h.get("services.json"), "") // the address has used up its five: a wrong key and four calls
	h.refused(429, h.post("requests.json", h.report("api_key", "h1022_AAAAAAAA_wrong")), "")
	h.clock.Advance(time.Second)
	h.is(200, h.get("services.json"))
	h.clock.Advance(10 * time.Second)
	h.is(200, h.post("requests.json", h.report()))
	l := newLimiter(1, 2)
	for i := range 3 * mostKeys {
		l.allow(strings.Repeat("x", i%7)+time.Duration(i).String(), wednesday)
	}
	h.yes(len(l.buckets) <= mostKeys, "%d buckets", len(l.buckets))
	h.equal(network("2001:db8:1:2:3::4"), "2001:db8:1:2::/64")
	h.equal(network("::ffff:192.0.2.7"), "192.0.2.7")
}

// What is ours to mend is 503 with Retry-After, in the envelope, and the cause stays here.
func TestABusyHouse(t *testing.T) {
	h := newHouse(t)
	h.ch.Limits.Patience = time.Nanosecond
	for _, r := range []reply{h.get("requests.json"), h.post("requests.json", h.report())} {
		h.refused(503, r, "")
		h.yes(r.header.Get("Retry-After") != "" && !bytes.Contains(r.body, []byte("deadline")), "%s", r.body)
	}
	h.ch.Limits.Patience = time.Second
	h.ch.scans <- struct{}{}
	h.ch.scans <- struct{}{}
	h.refused(503, h.get("requests.json"), "")
	h.is(200, h.get("services.json"))
}

func TestFilters(t *testing.T) {
	h := newHouse(t)
	a := h.taken()
	h.clock.Advance(time.Hour)
	b := h.taken("service_code", "khac")
	odd, err := h.desk.Receive(context.Background(), operator, ticketing.Incoming{
		Channel: ticketing.Phone, Kind: ticketing.Report, Text: "x", Category: "noi-bo", Visibility: ticketing.Public,
	})
	h.must(err)
	h.do(operator, a.Code, ticketing.Command{Verb: ticketing.Close, Outcome: ticketing.Done})
	o := odd.Ticket.Number()
	h.ids("requests.json", o, b.Number(), a.Number())
	h.ids("requests.json?status=closed", a.Number())
	h.ids("requests.json?status=open", o, b.Number())
	h.ids("requests.json?status=open,closed&service_code=dien", a.Number())
	h.ids("requests.json?service_code=khac", o, b.Number()) // what has a category that is not offered is there too
	h.ids("requests.json?service_code=dien,khac", o, b.Number(), a.Number())
	h.ids("requests.json?service_code=khong-co")
	h.ids("requests.json?updated_after="+wire(h.clock.Now().Add(time.Second)), []string{}...)
	at := h.clock.Now()
	h.ids("requests.json?start_date="+wire(at), o, b.Number()) // both bounds are within
	h.ids("requests.json?start_date="+wire(at.Add(-time.Hour))+"&end_date="+wire(at.Add(-time.Hour)), a.Number())
	h.refused(400, h.get("requests.json?start_date="+wire(at)+"&end_date="+wire(at.Add(-time.Hour))), "")
	h.refused(400, h.get("requests.json?status=done"), "done")
}

// A duplicate names the leading report only if that one may be seen itself.
func TestDuplicates(t *testing.T) {
	h := newHouse(t)
	lead, a, b := h.taken(), h.taken(), h.taken()
	for _, t := range []ticketing.Ticket{a, b} {
		h.do(operator, t.Code, ticketing.Command{Verb: ticketing.Merge, Into: lead.Code})
	}
	note := func(t ticketing.Ticket) string {
		return h.get("requests/" + t.Number() + ".json").list()[0]["status_notes"].(string)
	}
	h.has(note(a), lead.Number())
	h.triage(lead, ticketing.Report, ticketing.Private)
	h.yes(!strings.Contains(note(a), lead.Number()), "%s", note(a))
}

// An answer is shown while a moderator lets it be, in the record and in the updates.
func TestWhatIsShownWhen(t *testing.T) {
	h := newHouse(t)
	ticket := h.answered(h.taken(), "Đã thay bóng đèn.")
	tells := func() (record, updates bool) {
		h.Helper()
		return bytes.Contains(h.get("requests/"+ticket.Number()+".json").body, []byte("bóng đèn")),
			bytes.Contains(h.get("servicerequestupdates.json").body, []byte("bóng đèn"))
	}
	for _, step := range []struct {
		verb  ticketing.Verb
		shown bool
	}{{"", false}, {ticketing.Publish, true}, {ticketing.Unpublish, false}} {
		if step.verb != "" {
			h.do(moderator, ticket.Code, ticketing.Command{Verb: step.verb, Reason: "lộ tên"})
		}
		if r, u := tells(); r != step.shown || u != step.shown {
			t.Errorf("after %q: record %v, updates %v", step.verb, r, u)
		}
	}
}

// A program of the agency's tells how its work goes: by the same words, once each, and only of the agency's tickets.
func TestAnAgencysProgramTells(t *testing.T) {
	h := newHouse(t)
	ticket := h.taken()
	h.refused(400, h.post("servicerequestupdates.json", h.told(ticket, "power", "p-0", "FIXED", "x")), "not found") // not its yet
	h.do(operator, ticket.Code, ticketing.Command{Verb: ticketing.Route, Agency: "dien-luc"})
	one := h.post("servicerequestupdates.json", h.told(ticket, "power", "p-1", "IN_PROGRESS", "Đang đến"))
	h.is(200, one)
	h.equal(h.ticket(ticket.Number()).Status, ticketing.Working)
	two := h.told(ticket, "power", "p-2", "FIXED", "Đã thay cầu chì")
	first := h.post("servicerequestupdates.json", two)
	h.is(200, first)
	h.do(leader, ticket.Code, ticketing.Command{Verb: ticketing.RejectDraft, Reason: "nói rõ hơn"})
	h.equal(string(h.post("servicerequestupdates.json", two).body), string(first.body)) // and nothing is drafted anew
	h.equal(h.kinds(ticket.Code, ticketing.DraftWritten), 1)
	h.equal(h.ticket(ticket.Number()).Status, ticketing.Working)
	h.refused(400, h.post("servicerequestupdates.json", h.told(ticket, "power", "p-2", "FIXED", "Khác")), "already exists")
	h.refused(400, h.post("servicerequestupdates.json", h.told(ticket, "power", "p-2", "OPEN", "Đã thay cầu chì")), "already exists")
	h.is(200, h.post("servicerequestupdates.json", h.told(ticket, "power", "p-3", "NO_FURTHER_ACTION", "Đường dây tư nhân")))
	h.equal(h.ticket(ticket.Number()).Draft.Outcome, ticketing.Cannot)
}
