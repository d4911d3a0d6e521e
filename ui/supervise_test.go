package ui_test

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"hotline1022/ticketing"
	"hotline1022/ui"
)

// seen is the ticket as the list's form sends it.
func (h *house) seen(code ticketing.Code) string {
	h.Helper()
	t, err := h.store.Ticket(h.Context(), code)
	h.must(err)
	return fmt.Sprintf("%s:%d", code, t.Version)
}

func (h *house) holds(code ticketing.Code, who string) {
	h.Helper()
	t, err := h.store.Ticket(h.Context(), code)
	h.must(err)
	if t.Assignee != who {
		h.Errorf("%s is in the hand of %q, not %q", code, t.Assignee, who)
	}
}

// sends posts values that may repeat.
func (b *browser) sends(path string, form url.Values) answer {
	b.h.Helper()
	return b.do("POST", path, "application/x-www-form-urlencoded", strings.NewReader(form.Encode()))
}

func shift(t *testing.T) (*house, *browser) {
	h := newHouse(t, func(s *ui.Server) { s.Present = func() map[string]int { return map[string]int{"hang": 2} } })
	h.must(h.server.Accounts.Add(t.Context(), ticketing.Staff{ID: "mai", Name: "Trịnh Thị Mai", Role: ticketing.Operator}, "", "test"))
	h.must(h.server.Accounts.Add(t.Context(), ticketing.Staff{ID: "off", Name: "Đã Nghỉ", Role: ticketing.Operator, Off: true}, "", "test"))
	h.employs("hang")
	h.employs("uyen")
	return h, h.browser().signIn("toan")
}

func TestTheSupervisorSeesTheRoom(t *testing.T) {
	h, b := shift(t)
	b.get("/console/truong-ca").wants(h, 200, "Không có phiếu nào", "Nguyễn Thị Thu Hằng", "Đang mở máy", "Vắng").lacks(h, "⟦", "Đã Nghỉ")
	a, c := h.reported(ticketing.Incoming{Name: "Lê Thị Hoa", Phone: "0905 123 182"}), h.reported(ticketing.Incoming{Channel: ticketing.Web})
	h.do(a, operator, ticketing.Command{Verb: ticketing.Claim})
	h.turn(5 * time.Hour)
	h.reported(ticketing.Incoming{})
	h.turn(time.Minute)
	b.signIn("toan")
	page := b.get("/console/truong-ca").wants(h, 200, "5 giờ 1 phút", "chưa ai nhận")
	t3, err := h.store.Ticket(t.Context(), c)
	h.must(err)
	page.wants(h, 200, t3.Number())
	b.get("/console/truong-ca?nguoi=hang").wants(h, 200, "Phiếu Nguyễn Thị Thu Hằng đang giữ", "Lê Thị Hoa").lacks(h, t3.Number())
	b.get("/console/truong-ca?trang-thai=new&tuoi=2").wants(h, 200, "4–24 giờ", t3.Number())
	b.get("/console/truong-ca?trang-thai=new&tuoi=0").wants(h, 200).lacks(h, t3.Number())
	b.get("/console/truong-ca?kenh=web").wants(h, 200, t3.Number())
	b.get("/console/truong-ca?linh-vuc=moi-truong&noi=4801").wants(h, 200, "Không có phiếu nào")
	b.get("/console/truong-ca?cho=1&cursor=xx").wants(h, 422)
	for _, odd := range []string{"trang-thai=new&tuoi=9", "trang-thai=closed&tuoi=1", "trang-thai=new&tuoi=-1", "kenh=x", "nguoi=%27%22%3Cb%3E"} {
		b.get("/console/truong-ca?"+odd).wants(h, 200).lacks(h, "<b>'", "\"<b>")
	}
	part := b.get("/console/truong-ca/so-lieu").wants(h, 200, "room-live").lacks(h, "<html", "Lê Thị Hoa")
	if n := strings.Count(part.body, `<tr`); n < 8 {
		t.Errorf("%d rows", n)
	}
	b.get("/console/truong-ca?lang=en").wants(h, 200)
}

func TestTicketsChangeHands(t *testing.T) {
	h, b := shift(t)
	var codes []ticketing.Code
	for range 4 {
		code := h.reported(ticketing.Incoming{})
		h.do(code, operator, ticketing.Command{Verb: ticketing.Claim})
		codes = append(codes, code)
	}
	holder := operator.ID
	// The last one lies with an agency: its officer's, not to be taken from here.
	h.do(codes[3], operator, ticketing.Command{Verb: ticketing.Route, Agency: "so-xd"})
	h.do(codes[3], ticketing.Actor{ID: "uyen", Role: ticketing.Officer, Agency: "so-xd"}, ticketing.Command{Verb: ticketing.AcceptIt})
	stale := h.seen(codes[2])
	h.do(codes[2], operator, ticketing.Command{Verb: ticketing.Note, Text: "đang gọi lại"})

	for want, form := range map[string]url.Values{
		"ít nhất một phiếu": {"do": {"give"}, "to": {"mai"}},
		"chọn người nhận":   {"do": {"give"}, "codes": {h.seen(codes[0])}},
		"nhiều nhất 100":    {"do": {"claim"}, "codes": make([]string, 0)},
	} {
		if want == "nhiều nhất 100" {
			for range 101 {
				form.Add("codes", h.seen(codes[0]))
			}
		}
		b.sends("/console/truong-ca/giao", form).wants(h, 422, want)
	}
	for _, nobody := range []string{"off", "uyen", "nghia", "khong-co"} {
		b.sends("/console/truong-ca/giao", url.Values{"do": {"give"}, "to": {nobody}, "codes": {h.seen(codes[0])}}).wants(h, 422, "chọn người nhận")
	}
	h.holds(codes[0], holder)

	for _, odd := range []string{"ZZZZZZZZZZZZ:1", "rubbish", "7K02Q074M9P5:1", string(codes[1]) + ":x", string(codes[1]) + ":-1"} {
		b.sends("/console/truong-ca/giao", url.Values{"do": {"give"}, "to": {"mai"}, "codes": {h.seen(codes[0]), odd}}).wants(h, 404)
	}
	b.sends("/console/truong-ca/giao", url.Values{"do": {"close"}, "codes": {h.seen(codes[0])}}).wants(h, 404)
	h.holds(codes[0], holder)
	page := b.sends("/console/truong-ca/giao", url.Values{"do": {"give"}, "to": {"mai"}, "q": {"nguoi=" + holder},
		"codes": {h.seen(codes[0]), h.seen(codes[1]), stale, h.seen(codes[3])}})
	page.wants(h, 200, "Đã chuyển 2 trên 4 phiếu", "giao cho Trịnh Thị Mai", "cán bộ cơ quan", "Hoàn tác 2 phiếu")
	h.holds(codes[0], "mai")
	h.holds(codes[1], "mai")
	h.holds(codes[2], holder)
	h.holds(codes[3], "uyen")

	// One of them moves on before it is undone.
	h.do(codes[1], ticketing.Actor{ID: "mai", Role: ticketing.Operator}, ticketing.Command{Verb: ticketing.Claim, Assignee: new("toan")})
	page.undoes(h, b, "/console/truong-ca/giao").wants(h, 200, "Đã chuyển 1 trên 2 phiếu", "vừa được người khác thay đổi")
	h.holds(codes[0], holder)
	h.holds(codes[1], "toan")

	b.sends("/console/truong-ca/giao", url.Values{"take": {h.seen(codes[2])}, "codes": {h.seen(codes[0])}}).wants(h, 200, "Đã chuyển 1 trên 1 phiếu")
	h.holds(codes[2], "toan")
	h.holds(codes[0], holder)
	page = b.sends("/console/truong-ca/giao", url.Values{"do": {"release"}, "codes": {h.seen(codes[2])}}).wants(h, 200, "trả về hàng đợi")
	h.holds(codes[2], "")
	page.undoes(h, b, "/console/truong-ca/giao").wants(h, 200, "giao cho Trần Quốc Toản")
	h.holds(codes[2], "toan")
	b.sends("/console/truong-ca/giao", url.Values{"do": {"release"}, "codes": {h.seen(codes[2])}}).wants(h, 200)
	b.sends("/console/truong-ca/giao", url.Values{"do": {"release"}, "codes": {h.seen(codes[2])}}).wants(h, 200, "không đổi").lacks(h, "Hoàn tác")
}

func TestTheSecondRefusalStandsInTheRoomUntilSomebodyTakesIt(t *testing.T) {
	h, b := shift(t)
	code := h.reported(ticketing.Incoming{})
	back := func() ticketing.Ticket {
		h.do(code, operator, ticketing.Command{Verb: ticketing.Route, Agency: "so-xd"})
		h.do(code, ticketing.Actor{ID: "uyen", Role: ticketing.Officer, Agency: "so-xd"}, ticketing.Command{Verb: ticketing.Return, Reason: "không thuộc"})
		return h.ticket(code)
	}
	one := back()
	b.get("/console/truong-ca").wants(h, 200).lacks(h, "Cần người điều phối")
	returned := ticketing.Event{Kind: ticketing.Returned, N: one.Version}
	for _, role := range []ticketing.Role{ticketing.Supervisor, ticketing.Operator} {
		if _, say, _ := h.server.LiveRow(ui.Audience{Role: role, Lang: "vi"}, returned, one); say != "" {
			t.Errorf("the first refusal wakes %s: %q", role, say)
		}
	}
	two := back()
	_, say, data := h.server.LiveRow(ui.Audience{Role: ticketing.Supervisor, Lang: "vi"}, returned, two)
	if !strings.Contains(say, two.Number()) || data.(map[string]any)["wakes"] != "/console/t/"+string(code) {
		t.Errorf("%q %v", say, data)
	}
	if _, say, data := h.server.LiveRow(ui.Audience{Role: ticketing.Operator, Lang: "vi"}, returned, two); say != "" || data.(map[string]any)["wakes"] != nil {
		t.Errorf("an operator is woken: %q", say)
	}
	b.get("/console/truong-ca/so-lieu").wants(h, 200, "Cần người điều phối", two.Number(), "bị trả 2 lần")
	b.get("/console").wants(h, 200, `data-tab="disputed" class="alarm"`)
	h.do(code, operator, ticketing.Command{Verb: ticketing.Claim})
	b.get("/console/truong-ca/so-lieu").wants(h, 200).lacks(h, "Cần người điều phối")
}

func TestTheRoomShowsWhoIsOnWhichDoor(t *testing.T) {
	h, b := shift(t)
	h.server.Seats = func() map[string]ui.Seat {
		return map[string]ui.Seat{"hang": {State: "break", Reason: "meal"}}
	}
	admin := ticketing.Actor{ID: "admin", Role: ticketing.Administrator}
	_, err := h.desk.SaveSetting(t.Context(), admin, ticketing.KindDuty, "hang", 0, []byte(`{"id":"hang","channels":["zalo","phone"]}`))
	h.must(err)
	h.must(h.desk.Catalog.Refresh(t.Context()))
	one := h.reported(ticketing.Incoming{Channel: ticketing.Web})
	h.do(one, ticketing.Actor{ID: "hang", Role: ticketing.Operator}, ticketing.Command{Verb: ticketing.Claim})
	h.turn(time.Minute)
	page := b.get("/console/truong-ca").wants(h, 200, "Tạm nghỉ", "(Ăn ca)", "Mọi kênh")
	row := regexp.MustCompile(`(?s)<tr[^>]*><th scope="row"><a href="/console/truong-ca\?nguoi=hang.*?</tr>`).FindString(page.body)
	for _, want := range []string{"Zalo", "Điện thoại", `Trang web <b class="nums">1</b>`} {
		if !strings.Contains(row, want) {
			t.Errorf("her row lacks %q: %s", want, row)
		}
	}
	if strings.Contains(row, "Mọi kênh") {
		t.Errorf("she is not on every door: %s", row)
	}
}

func TestAWhisperIsForTheHotlineOnly(t *testing.T) {
	h, b := shift(t)
	code := h.reported(ticketing.Incoming{})
	h.do(code, ticketing.Actor{ID: "hang", Role: ticketing.Operator}, ticketing.Command{Verb: ticketing.Claim})
	h.do(code, operator, ticketing.Command{Verb: ticketing.Route, Agency: "so-xd"})
	h.do(code, ticketing.Actor{ID: "hang", Role: ticketing.Operator}, ticketing.Command{Verb: ticketing.Claim})
	b.post("/console/truong-ca/nhac/"+string(code), "text", "Gọi lại trước 10 giờ", "q", "nguoi=hang").wants(h, 303).to(h, "/console/truong-ca?nguoi=hang&ok=nhac")
	b.get("/console/truong-ca?nguoi=hang&ok=nhac").wants(h, 200, "Đã gửi lời nhắc")
	b.get("/console/t/"+string(code)).wants(h, 200, "Nhắc Nguyễn Thị Thu Hằng: Gọi lại trước 10 giờ")
	h.browser().signIn("uyen").get("/desk/t/"+string(code)).wants(h, 200).lacks(h, "Gọi lại trước 10 giờ")
	h.browser().get("/t/"+string(code)).wants(h, 200).lacks(h, "Gọi lại trước 10 giờ")
	b.post("/console/truong-ca/nhac/"+string(code), "text", " ").wants(h, 422)
	b.post("/console/truong-ca/nhac/ZZZZZZZZZZZZ", "text", "x").wants(h, 404)
}

func TestOnlySupervisorsLeadTheShift(t *testing.T) {
	h, _ := shift(t)
	code := h.reported(ticketing.Incoming{})
	for _, who := range []string{"hang", "uyen", "nghia", "admin", "yen"} {
		b := h.browser().signIn(who)
		b.get("/console/truong-ca").wants(h, 403)
		b.get("/console/truong-ca/so-lieu").wants(h, 403)
		b.sends("/console/truong-ca/giao", url.Values{"do": {"claim"}, "codes": {h.seen(code)}}).wants(h, 403)
		b.post("/console/truong-ca/nhac/"+string(code), "text", "x").wants(h, 403)
		want := 200
		if who == "uyen" {
			want = 403 // the board is the hotline's
		}
		b.get("/board").wants(h, want)
		b.get("/board/so-lieu").wants(h, want)
	}
	h.holds(code, "")
}
