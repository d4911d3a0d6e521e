package ui_test

import (
	"strings"
	"testing"
	"time"

	"hotline1022/ticketing"
	"hotline1022/ui"
)

func (h *house) form(text, category string) ticketing.Ticket {
	h.Helper()
	r, err := h.desk.Receive(h.Context(), ticketing.Actor{Role: ticketing.Citizen}, ticketing.Incoming{Channel: ticketing.Web, Kind: ticketing.Report, Text: text, Category: category, Area: "4801"})
	h.must(err)
	h.turn(time.Second)
	return r.Ticket
}

func TestAQueueIsNarrowedAndTheFilterKeptUnderAName(t *testing.T) {
	h := newHouse(t)
	b := h.browser().signIn("hang")
	light, road := h.form("Đèn đường tắt", "chieu-sang"), h.form("Ổ gà", "giao-thong")
	zalo := h.chats("u1", "Rác chưa dọn").Ticket
	row := func(t ticketing.Ticket) string { return "row-" + string(t.Code) }
	b.get("/console?channel=zalo").wants(h, 200, row(zalo), "Bỏ lọc Zalo").lacks(h, row(light), row(road))
	b.get("/console?category=chieu-sang&channel=web").wants(h, 200, row(light)).lacks(h, row(road), row(zalo))
	b.get("/console?area=4801").wants(h, 200, row(light), row(road), "Phường Hải Châu").lacks(h, row(zalo))
	b.get("/console?kind=denunciation").wants(h, 200, "Không có phiếu nào hợp với bộ lọc").lacks(h, row(light))
	b.get("/console?channel=%22%3E%3Cscript%3E&category=nonsense").wants(h, 200, row(light), row(zalo)).lacks(h, "nonsense", "<script>")
	// The list a row leads back to is the narrowed one.
	b.get("/console?channel=web").wants(h, 200, "/console/t/"+string(light.Code)+"?view=todo&amp;channel=web")
	b.get("/console/t/"+string(light.Code)+"?view=todo&channel=web").wants(h, 200, row(road), `class="back" href="/console?view=todo&amp;channel=web"`).lacks(h, row(zalo))

	b.post("/console/loc", "view", "open", "channel", "zalo", "name", "Zalo của ca sáng").wants(h, 303).to(h, "/console?view=open&channel=zalo")
	b.post("/console/loc", "view", "open", "channel", "zalo", "name", "!!!").wants(h, 422, "Tên bộ lọc phải có chữ")
	b.get("/console").wants(h, 200, "Zalo của ca sáng", `href="/console?channel=zalo&amp;view=open"`)
	h.browser().signIn("toan").get("/console").wants(h, 200).lacks(h, "Zalo của ca sáng")
	b.post("/console/loc", "name", "Zalo của ca sáng", "off", "1").wants(h, 303)
	b.get("/console").wants(h, 200).lacks(h, "Zalo của ca sáng")
}

func TestTagsAndPuttingAside(t *testing.T) {
	h := newHouse(t)
	b := h.browser().signIn("hang")
	one := h.form("Đèn đường tắt", "chieu-sang")
	at := "/console/t/" + string(one.Code)
	b.post(at+"/tag", "tags", "Mưa bão, điểm nóng").wants(h, 303)
	b.get(at).wants(h, 200, "#mưa bão", "Bỏ nhãn điểm nóng")
	b.get("/console?tag=m%C6%B0a+b%C3%A3o").wants(h, 200, "row-"+string(one.Code))
	b.get("/console?tag=m%C6%B0a").wants(h, 200).lacks(h, "row-"+string(one.Code))
	b.post(at+"/tag", "untag", "mưa bão").wants(h, 303)
	b.get("/console?tag=m%C6%B0a+b%C3%A3o").wants(h, 200).lacks(h, "row-"+string(one.Code))

	b.post(at+"/snooze", "until", "2026-11-22T08:00").wants(h, 422, "phải ở sau bây giờ")
	b.post(at+"/snooze", "until", h.Now().Add(30*time.Minute).Format("2006-01-02T15:04")).wants(h, 303)
	b.get("/console").wants(h, 200).lacks(h, "row-"+string(one.Code))
	b.get("/console?view=open").wants(h, 200, "row-"+string(one.Code))
	b.get(at).wants(h, 200, "Xem lại ngay")
	b.post(at+"/snooze", "until", h.Now().Add(time.Hour).Format("2006-01-02T15:04"), "wake", "1").wants(h, 303)
	b.get("/console").wants(h, 200, "row-"+string(one.Code))
}

// A screen is told in which lists a ticket stands, and so need not ask: what it is told is what the lists say.
func TestALiveRowSaysWhereItBelongs(t *testing.T) {
	h := newHouse(t)
	b := h.browser().signIn("hang")
	one := h.form("Đèn đường tắt", "chieu-sang")
	for _, step := range []func(){
		func() {},
		func() {
			b.post("/console/t/"+string(one.Code)+"/answer", "text", "Đã thay bóng.", "outcome", "done", "as_is", "1").wants(h, 303)
		},
		func() { b.post("/console/t/"+string(one.Code)+"/reopen", "reason", "lại tắt").wants(h, 303) },
		func() { h.turn(60 * 24 * time.Hour); b.signIn("hang") },
	} {
		step()
		now := h.ticket(one.Code)
		_, _, data := h.server.LiveRow(ui.Audience{Role: ticketing.Operator, Lang: "vi"}, ticketing.Event{Kind: ticketing.Noted}, now)
		told := strings.Join(data.(map[string]any)["views"].([]string), " ") + " "
		for _, view := range []string{"todo", "late", "open", "done", "disputed"} {
			shown := strings.Contains(b.get("/console/list?view="+view).wants(h, 200).body, "row-"+string(one.Code))
			if shown != strings.Contains(told, view+" ") {
				t.Errorf("%s: the list has it: %v, the screen is told %q", now.Status, shown, told)
			}
		}
	}
}

func TestOnePersonBehindTwoTickets(t *testing.T) {
	h := newHouse(t)
	b := h.browser().signIn("hang")
	called, err := h.desk.Receive(h.Context(), ticketing.Actor{ID: "hang", Role: ticketing.Operator}, ticketing.Incoming{Channel: ticketing.Phone, Phone: "0905123182", Name: "Lê Lan", Text: "Đèn tắt"})
	h.must(err)
	wrote, err := h.desk.Receive(h.Context(), ticketing.Actor{Role: ticketing.Citizen}, ticketing.Incoming{Channel: ticketing.Zalo, From: ticketing.Contact{Channel: ticketing.Zalo, ID: "z9"}, Phone: "0905123182", Text: "Đèn đường tắt ở ngõ tôi"})
	h.must(err)
	at := "/console/t/" + string(wrote.Ticket.Code)
	b.get(at).wants(h, 200, "Có thể cũng là Lê Lan", "Để lại cùng số điện thoại")
	b.post(at+"/cung-nguoi", "other", "26-999999").wants(h, 422, "Không tìm thấy phiếu ấy")
	b.post(at+"/cung-nguoi", "other", called.Ticket.Number(), "reason", "cùng số").wants(h, 303)
	b.get(at).wants(h, 200, "Xác định là cùng một người với phiếu "+called.Ticket.Number(), "Phiếu khác của người này", "Không phải cùng một người").lacks(h, "Có thể cũng là")
	h.browser().signIn("uyen").post(at+"/cung-nguoi", "other", called.Ticket.Number()).wants(h, 403)
	b.post(at+"/cung-nguoi", "part", "1").wants(h, 303)
	b.get(at).wants(h, 200, "Có thể cũng là Lê Lan")
}

func TestWhatMayBeTheSameStandsBeside(t *testing.T) {
	h := newHouse(t)
	b := h.browser().signIn("hang")
	first := h.form("Đèn đường trước số 12 Lê Lợi tắt ba đêm nay", "chieu-sang")
	second := h.form("đèn đường số 12 lê lợi tắt", "chieu-sang")
	h.form("Ổ gà rất sâu", "chieu-sang")
	b.get("/console/t/"+string(second.Code)).wants(h, 200, "Có thể trùng", "Gộp vào phiếu này", "/console/t/"+string(first.Code)).lacks(h, "Ổ gà rất sâu</span></a>")
	b.get("/console/new/gan?category=chieu-sang&area=4801&text=den+duong+so+12+le+loi").wants(h, 200, first.Number(), second.Number()).lacks(h, "Ổ gà")
	b.get("/console/new/gan?area=4801&text=den+duong").wants(h, 200).lacks(h, first.Number())
	h.browser().signIn("uyen").get("/console/new/gan?category=chieu-sang&area=4801&text=den").wants(h, 403)
}
