package api

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"hotline1022/ticketing"
)

func TestHandingIn(t *testing.T) {
	h := newHouse(t)
	a := h.want(201, "all", "POST", "/api/v1/tickets", `{
		"kind":"report","channel":"app","subject":"Điện","text":"Cột điện nghiêng","category":"dien",
		"address":"12 Lê Duẩn","location":{"lat":16.05,"lng":108.22},"visibility":"public","external_id":"APP-7",
		"citizen":{"name":"Nguyễn Văn An","phone":"0905 123 182","email":"an@example.vn"},
		"received_at":"2026-11-23T08:30:00+07:00"}`)
	for name, want := range map[string]string{
		"status": "new", "kind": "report", "area": "20242", "place": "Phường Hải Châu", "received": "2026-11-23T01:30:00Z",
		"external_id": "APP-7", "visibility": "public", "priority": "normal", "url": h.base + "/t/" + a.str("code"),
	} {
		if a.str(name) != want {
			t.Errorf("%s is %q, not %q", name, a.str(name), want)
		}
	}
	if a.str("due") == "" || a.str("promised") != a.str("due") || a.num("version") != 1 || a.str("number") != fmt.Sprintf("26-%06d", 1) {
		t.Errorf("%s", a.body)
	}
	if got := a.header.Get("Location"); got != "/api/v1/tickets/"+a.str("code") {
		t.Errorf("Location %q", got)
	}
	again := h.want(200, "all", "GET", "/api/v1/tickets/"+a.str("code"), "")
	if string(again.body) != string(a.body) {
		t.Errorf("read back otherwise:\n%s\n%s", a.body, again.body)
	}
	if a := h.want(200, "all", "GET", "/api/v1/tickets/"+strings.ToLower(a.str("code")), ""); a.num("version") != 1 {
		t.Error("a code in small letters is the same code")
	}
}

// What is not as it must be is refused, with the field's name.
func TestStrictReading(t *testing.T) {
	h := newHouse(t)
	const good = `"kind":"report","channel":"app","text":"x"`
	for _, c := range []struct {
		body   string
		status int
		faults string
	}{
		{`{` + good + `}`, 201, ""},
		{` {` + good + `} `, 201, ""},
		{`{` + good + `,"colour":"red"}`, 422, "colour"},
		{`{` + good + `,"Subject":"red"}`, 422, "Subject"},
		{`{` + good + `,"subject":"a","subject":"b"}`, 422, "subject"},
		{`{` + good + `,"s\u0075bject":"a","subject":"b"}`, 422, "subject"},
		{`{` + good + `,"citizen":{"name":"An","age":5}}`, 422, "citizen.age"},
		{`{` + good + `,"citizen":{"name":"An","name":"Ba"}}`, 422, "citizen.name"},
		{`{` + good + `,"citizen":"An"}`, 422, "citizen"},
		{`{` + good + `,"deep":{"a":[1,{"text":"y"}]},"citizen.name":"An"}`, 422, "deep"},
		{`{"kind":"report","channel":"app","text":5}`, 422, "text"},
		{`{"kind":"report","channel":"app"}`, 422, "text"},
		{`{}`, 422, "kind channel text"},
		{`{"kind":"rumour","channel":"app","text":"x"}`, 422, "kind"},
		{`{"kind":"report","channel":"pigeon","text":"x"}`, 422, "channel"},
		{`{` + good + `,"category":"nothing"}`, 422, "category"},
		{`{` + good + `,"area":"99999"}`, 422, "area"},
		{`{` + good + `,"location":{"lat":16}}`, 422, "location"},
		{`{` + good + `,"location":{"lat":160,"lng":108}}`, 422, "location"},
		{`{` + good + `,"citizen":{"phone":"12"}}`, 422, "citizen.phone"},
		{`{` + good + `,"citizen":{"email":"an"}}`, 422, "citizen.email"},
		{`{` + good + `,"visibility":"secret"}`, 422, "visibility"},
		{`{` + good + `,"received_at":"yesterday"}`, 422, "received_at"},
		{`{` + good + `,"received_at":"1889-01-01T00:00:00Z"}`, 422, "received_at"},
		{`{` + good + `,"received_at":"2026-11-24T00:00:00+07:00"}`, 422, "received_at"},
		{`{` + good + `,"subject":"` + strings.Repeat("ặ", 201) + `"}`, 422, "subject"},
		{`{` + good + `,"external_id":"` + strings.Repeat("ặ", 201) + `"}`, 422, "external_id"},
		{`{"kind":"report","channel":"app","text":"` + strings.Repeat("ặ", 10_001) + `"}`, 422, "text"},
		{`{` + good + `}{}`, 400, ""},
		{`{` + good, 400, ""},
		{`[]`, 400, ""},
		{`null`, 400, ""},
		{``, 400, ""},
		{"{\"kind\":\"report\",\"channel\":\"app\",\"text\":\"\xff\"}", 400, ""},
		{`{"text":"` + strings.Repeat("a", 200<<10) + `"}`, 413, ""},
	} {
		a := h.ask("all", "POST", "/api/v1/tickets", c.body, "Content-Type: application/json")
		if f := a.faults(); a.status != c.status || !strings.HasPrefix(f, c.faults) || c.faults == "" && f != "" {
			t.Errorf("%.120s: %d %q, not %d %q\n%s", c.body, a.status, f, c.status, c.faults, a.body)
		}
	}
	for _, header := range []string{"Content-Type: text/plain", "Content-Type: application/x-www-form-urlencoded", "Content-Type: application/json; charset=utf-16", "Content-Encoding: gzip"} {
		h.want(415, "all", "POST", "/api/v1/tickets", `{`+good+`}`, header)
	}
	h.want(201, "all", "POST", "/api/v1/tickets", `{`+good+`}`, "Content-Type: Application/JSON; charset=UTF-8")
	h.want(422, "all", "POST", "/api/v1/tickets?dry=1", `{`+good+`}`)
	if f := h.want(422, "@hang", "POST", "/api/v1/tickets", `{`+good+`,"received_at":"2026-11-23T08:00:00+07:00"}`).faults(); f != "received_at" {
		t.Errorf("staff may not say when: %q", f)
	}
}

// The longest text an office takes fits, however it is written.
func TestTheLongestTextFits(t *testing.T) {
	h := newHouse(t)
	for _, letter := range []string{"ặ", `\u1eb7`} {
		body := `{"kind":"report","channel":"app","text":"` + strings.Repeat(letter, 10_000) + `"}`
		if a := h.want(201, "all", "POST", "/api/v1/tickets", body); a.str("text") != strings.Repeat("ặ", 10_000) {
			t.Error("came back otherwise")
		}
	}
}

func TestProblemsSpeakTheCallersLanguage(t *testing.T) {
	h := newHouse(t)
	for accept, want := range map[string]string{
		"": "Không tìm thấy.", "en": "Not found.", "en-GB,en;q=0.9": "Not found.", "vi,en;q=0.9": "Không tìm thấy.",
		"fr, en;q=0.3, vi;q=0.2": "Not found.", "fr": "Không tìm thấy.", "en;q=0": "Không tìm thấy.", ";;;q=,": "Không tìm thấy.",
	} {
		a := h.want(404, "all", "GET", "/api/v1/tickets/ABC", "", "Accept-Language: "+accept)
		if a.str("detail") != want || a.str("type") != "urn:hotline1022:problem:not-found" || a.num("status") != 404 {
			t.Errorf("%q: %s", accept, a.body)
		}
	}
}

// A repeat under the same key is one matter; the key for another body is refused; keys of two callers never meet.
func TestIdempotency(t *testing.T) {
	h := newHouse(t)
	const body = `{"kind":"report","channel":"app","text":"Mất nước","citizen":{"phone":"0905123182"}}`
	const same = `{ "citizen": {"phone":"0905123182"}, "channel":"app","kind":"report", "text":"Mất nước"}`
	first := h.want(201, "all", "POST", "/api/v1/tickets", body, "Idempotency-Key: k1")
	h.act("@hang", first.str("code"), "claim", `{"version":1}`)
	h.turn(time.Hour)
	for _, b := range []string{body, same} {
		if again := h.want(201, "all", "POST", "/api/v1/tickets", b, "Idempotency-Key: k1"); string(again.body) != string(first.body) {
			t.Errorf("not the same answer:\n%s\n%s", first.body, again.body)
		}
	}
	other := strings.Replace(body, "Mất nước", "Mất điện", 1)
	if a := h.want(422, "all", "POST", "/api/v1/tickets", other, "Idempotency-Key: k1"); a.faults() != "Idempotency-Key" {
		t.Errorf("%s", a.body)
	}
	if a := h.want(201, "write", "POST", "/api/v1/tickets", body, "Idempotency-Key: k1"); a.str("code") == first.str("code") {
		t.Error("two programs met in one key")
	}
	h.want(422, "all", "POST", "/api/v1/tickets", body, "Idempotency-Key: "+strings.Repeat("k", 201))
	h.want(422, "all", "POST", "/api/v1/tickets", body, "Idempotency-Key: khóa")

	// verbs, too; and a key is one over all calls
	code := first.str("code")
	verb := func(body string, status int) answer {
		return h.want(status, "all", "POST", "/api/v1/tickets/"+code+"/note", body, "Idempotency-Key: k2")
	}
	n := verb(`{"text":"gọi lại sau"}`, 200).num("version")
	if again := verb(`{"text":"gọi lại sau"}`, 200).num("version"); again != n {
		t.Errorf("written twice: %d, %d", n, again)
	}
	verb(`{"text":"đã gọi"}`, 422)
	h.want(422, "all", "POST", "/api/v1/tickets", body, "Idempotency-Key: k2")
	h.want(422, "all", "POST", "/api/v1/tickets/"+code+"/note", `{"text":"x"}`, "Idempotency-Key: k1")
}

// The caller's own id makes a repeat harmless where there is no key.
func TestExternalIDs(t *testing.T) {
	h := newHouse(t)
	const body = `{"kind":"report","channel":"app","text":"Rác chưa thu gom","external_id":"A-1"}`
	first := h.want(201, "all", "POST", "/api/v1/tickets", body)
	if again := h.want(201, "all", "POST", "/api/v1/tickets", body); again.str("code") != first.str("code") {
		t.Error("handed in twice")
	}
	h.want(422, "all", "POST", "/api/v1/tickets", strings.Replace(body, "chưa", "không", 1))
	if a := h.want(201, "write", "POST", "/api/v1/tickets", body); a.str("code") == first.str("code") {
		t.Error("two programs met in one id")
	}
	// and it is no way around keys: "external" ids and keys live apart
	if a := h.want(201, "all", "POST", "/api/v1/tickets", body, "Idempotency-Key: A-1"); a.str("code") == first.str("code") {
		t.Error("a key met an id")
	}
}

func TestManyAtOnceUnderOneKeyAreOne(t *testing.T) {
	h := newHouse(t)
	var wg sync.WaitGroup
	codes := make([]string, 12)
	for i := range codes {
		wg.Go(func() {
			a := h.raw("all", "POST", "/api/v1/tickets", `{"kind":"report","channel":"app","text":"Cháy"}`, "Idempotency-Key: once")
			codes[i] = fmt.Sprint(a.status, a.str("code"))
		})
	}
	wg.Wait()
	for _, c := range codes {
		if c != codes[0] || !strings.HasPrefix(c, "201") {
			t.Fatalf("%v", codes)
		}
	}
	if n := h.want(200, "all", "GET", "/api/v1/tickets/count", "").num("count"); n != 1 {
		t.Errorf("%d tickets", n)
	}
}

// Who may hand in and not read gets a receipt: a message may join an open ticket whose words are not its own.
func TestAReceiptShowsNobodyElsesWords(t *testing.T) {
	h := newHouse(t)
	const from = `,"citizen":{"name":"Bí Mật","phone":"0905123182"}}`
	first := h.want(201, "all", "POST", "/api/v1/tickets", `{"kind":"report","channel":"sms","text":"điều riêng tư"`+from)
	a := h.want(201, "write", "POST", "/api/v1/tickets", `{"kind":"report","channel":"sms","text":"?"`+from)
	if a.str("code") != first.str("code") {
		t.Fatal("did not join")
	}
	for _, words := range []string{"riêng", "Bí Mật", "090"} {
		if strings.Contains(string(a.body), words) {
			t.Errorf("shows %q: %s", words, a.body)
		}
	}
}

// full is a real store whose queue is full.
type full struct{ ticketing.Store }

func (full) Append(context.Context, ticketing.Event, ticketing.Ticket, ...ticketing.Record) (ticketing.Event, error) {
	return ticketing.Event{}, ticketing.ErrBusy
}

func TestABusyStore(t *testing.T) {
	h := newHouse(t)
	h.desk.Store = full{h.store}
	a := h.want(503, "all", "POST", "/api/v1/tickets", `{"kind":"report","channel":"app","text":"x"}`)
	if a.header.Get("Retry-After") == "" {
		t.Error("503 without Retry-After")
	}
}

func BenchmarkReceive(b *testing.B) {
	h := newHouse(b, func(h *house) { h.api.Limits = Limits{PerSecond: 1e9, Burst: 1e9} })
	body := `{"kind":"report","channel":"app","text":"` + strings.Repeat("Đèn đường hỏng ", 20) + `","category":"dien","citizen":{"name":"An","phone":"0905123182"}}`
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if a := h.raw("all", "POST", "/api/v1/tickets", body); a.status != 201 {
				b.Errorf("%d %s", a.status, a.body)
				return
			}
		}
	})
}
