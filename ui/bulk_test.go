package ui_test

import (
	"html"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

var hidden = regexp.MustCompile(`<input type="hidden" name="([^"]+)" value="([^"]*)">`)

// undo presses the page's undo button.
func (a answer) undo(h *house, b *browser) answer {
	h.Helper()
	return a.undoes(h, b, "/console/bulk")
}

// undoes presses the first form of the page that goes there and takes something back.
func (a answer) undoes(h *house, b *browser, to string) answer {
	h.Helper()
	for _, form := range regexp.MustCompile(`(?s)<form method="post" action="`+to+`">(.*?)</form>`).FindAllStringSubmatch(a.body, -1) {
		var pairs []string
		for _, f := range hidden.FindAllStringSubmatch(form[1], -1) {
			pairs = append(pairs, f[1], html.UnescapeString(f[2]))
		}
		if slices.Contains(pairs, "undo") {
			return b.post(to, pairs...)
		}
	}
	h.Fatalf("there is nothing to undo:\n%s", a.body)
	return a
}

func TestManyTicketsAtOnceAndBack(t *testing.T) {
	h := newHouse(t)
	b := h.browser().signIn("hang")
	one, two, done := h.form("Đèn đường tắt", "chieu-sang"), h.form("Ổ gà", "giao-thong"), h.form("Rác", "moi-truong")
	b.post("/console/t/"+string(done.Code)+"/answer", "text", "Đã dọn.", "outcome", "done", "as_is", "1").wants(h, 303)
	all := []string{"codes", string(one.Code), "codes", string(two.Code), "codes", string(done.Code)}
	do := func(pairs ...string) answer { h.Helper(); return b.post("/console/bulk", append(pairs, all...)...) }
	state := func() string {
		var s []string
		for _, c := range []string{string(one.Code), string(two.Code), string(done.Code)} {
			now := h.ticket(one.Code)
			switch c {
			case string(two.Code):
				now = h.ticket(two.Code)
			case string(done.Code):
				now = h.ticket(done.Code)
			}
			aside := ""
			if !now.Snoozed.IsZero() {
				aside = " aside"
			}
			s = append(s, strings.TrimSpace(string(now.Status)+" "+now.Assignee+" "+strings.Join(now.Tags, "+")+aside))
		}
		return strings.Join(s, ", ")
	}
	check := func(want string) {
		t.Helper()
		if got := state(); got != want {
			t.Errorf("now %q, want %q", got, want)
		}
	}
	b.get("/console?chon=1").wants(h, 200, "Chọn phiếu "+one.Number(), "Thôi chọn")
	b.post("/console/bulk", "do", "claim").wants(h, 200, "Chưa chọn phiếu nào")
	b.post("/console/bulk", append([]string{"do", "approve"}, all...)...).wants(h, 404)

	a := do("do", "claim").wants(h, 200, "Đã làm xong 2 phiếu", "1 phiếu không làm được", "Hoàn tác 2 phiếu")
	check("new hang, new hang, answered")
	a.undo(h, b).wants(h, 200)
	check("new, new, answered")

	b.post("/console/t/"+string(two.Code)+"/tag", "tags", "mưa bão").wants(h, 303)
	a = do("do", "tag", "tags", "Mưa bão, điểm nóng").wants(h, 200, "Đã làm xong 3 phiếu")
	check("new  mưa bão+điểm nóng, new  mưa bão+điểm nóng, answered  mưa bão+điểm nóng")
	do("do", "tag", "tags", "").wants(h, 422, "Hãy nhập nhãn")
	a.undo(h, b).wants(h, 200) // one form for those who got both, another for who had one already
	if got := h.ticket(two.Code).Tags; len(got) == 0 || got[0] != "mưa bão" {
		t.Errorf("the tag it had before is gone: %v", got)
	}

	a = do("do", "snooze", "until", h.Now().Add(time.Hour).Format("2006-01-02T15:04")).wants(h, 200, "Đã làm xong 2 phiếu")
	if h.ticket(one.Code).Snoozed.IsZero() {
		t.Error("not put aside")
	}
	a.undo(h, b).wants(h, 200)
	if !h.ticket(one.Code).Snoozed.IsZero() {
		t.Error("still aside")
	}
	a = b.post("/console/bulk", "do", "close", "reason", "gửi thử", "codes", string(one.Code), "codes", string(two.Code)).wants(h, 200, "Đã làm xong 2 phiếu")
	if h.ticket(one.Code).Status != "closed" {
		t.Error("not closed")
	}
	a.undo(h, b).wants(h, 200)
	if h.ticket(one.Code).Status != "new" {
		t.Error("not opened again")
	}
	b.post("/console/bulk", "do", "route", "agency", "", "codes", string(one.Code)).wants(h, 422, "không làm được")
	b.post("/console/bulk", "do", "route", "agency", "so-xd", "codes", string(one.Code)).wants(h, 200, "Đã làm xong 1 phiếu")

	h.browser().signIn("uyen").post("/console/bulk", "do", "claim", "codes", string(one.Code)).wants(h, 403)
	h.browser().signIn("nghia").post("/console/bulk", "do", "claim", "codes", string(one.Code)).wants(h, 403)
	many := []string{"do", "claim"}
	for range 51 {
		many = append(many, "codes", string(one.Code))
	}
	b.post("/console/bulk", many...).wants(h, 422, "nhiều nhất 50 phiếu")
}

func TestTheNextTicketIsOpened(t *testing.T) {
	h := newHouse(t)
	b := h.browser().signIn("hang")
	b.post("/console/ke-tiep").wants(h, 200, "Không còn phiếu nào chờ")
	one := h.form("Đèn đường tắt", "chieu-sang")
	b.post("/console/ke-tiep").wants(h, 303).to(h, "/console/t/"+string(one.Code)+"?view=mine")
	if h.ticket(one.Code).Assignee != "hang" {
		t.Error("it is not hers")
	}
	h.browser().signIn("yen").post("/console/ke-tiep").wants(h, 403)
}

// What was done to one ticket is offered to be taken back beside it, where a script shows the ticket anew.
func TestOneActIsTakenBack(t *testing.T) {
	h := newHouse(t)
	b := h.browser().signIn("hang")
	one, lead := h.form("Đèn đường tắt", "chieu-sang"), h.form("Đèn đường số 12", "chieu-sang")
	at := "/console/t/" + string(one.Code)
	b.headers.Set("HX-Request", "true")
	press := func(a answer) answer {
		t.Helper()
		m := regexp.MustCompile(`(?s)<form class="notice notice-good undo" method="post" action="([^"]+)"(.*?)</form>`).FindStringSubmatch(a.body)
		if m == nil {
			h.Fatalf("nothing is offered to be taken back:\n%s", a.body)
		}
		var pairs []string
		for _, f := range hidden.FindAllStringSubmatch(m[2], -1) {
			pairs = append(pairs, f[1], f[2])
		}
		return b.post(m[1], pairs...).wants(h, 200).lacks(h, "notice-good undo")
	}
	press(b.post(at+"/claim").wants(h, 200))
	if got := h.ticket(one.Code).Assignee; got != "" {
		t.Errorf("still in the hand of %q", got)
	}
	press(b.post(at+"/tag", "tags", "mưa bão").wants(h, 200))
	press(b.post(at+"/snooze", "until", h.Now().Add(time.Hour).Format("2006-01-02T15:04")).wants(h, 200))
	press(b.post(at+"/merge", "into", string(lead.Code)).wants(h, 200))
	press(b.post(at+"/close", "outcome", "invalid", "reason", "gửi thử").wants(h, 200))
	if now := h.ticket(one.Code); now.Status != "new" || len(now.Tags) > 0 || !now.Snoozed.IsZero() || now.Into != "" {
		t.Errorf("%+v", now)
	}
	b.post(at+"/note", "text", "x").wants(h, 200).lacks(h, "notice-good undo")
}

func TestAShiftIsHandedOver(t *testing.T) {
	h := newHouse(t)
	h.employs("toan")
	h.employs("uyen")
	b := h.browser().signIn("hang")
	one, two := h.form("Đèn đường tắt", "chieu-sang"), h.form("Ổ gà", "giao-thong")
	b.post("/console/bulk", "do", "claim", "codes", string(one.Code), "codes", string(two.Code)).wants(h, 200)
	b.get("/console?view=mine&chon=1").wants(h, 200, "Bàn giao", "Trần Quốc Toản").lacks(h, "Lê Phương Uyên")
	give := []string{"do", "give", "handover", "dân hẹn gọi lại 16 giờ", "codes", string(one.Code), "codes", string(two.Code)}
	b.post("/console/bulk", append(give, "to", "uyen")...).wants(h, 422, "chọn người nhận bàn giao")
	a := b.post("/console/bulk", append(give, "to", "toan")...).wants(h, 200, "Đã làm xong 2 phiếu")
	if h.ticket(one.Code).Assignee != "toan" {
		t.Error("not handed over")
	}
	h.browser().signIn("toan").get("/console/t/"+string(one.Code)).wants(h, 200, "Bàn giao: dân hẹn gọi lại 16 giờ")
	a.undo(h, b).wants(h, 200)
	if h.ticket(two.Code).Assignee != "hang" {
		t.Error("not taken back")
	}
}

func TestAnIncidentsReportersAreTakenInAnsweredAndTakenOut(t *testing.T) {
	h := newHouse(t)
	b := h.browser().signIn("hang")
	lead, one, two, other := h.form("Mất nước cả phố Hùng Vương", "moi-truong"), h.form("Mất nước phố Hùng Vương", "moi-truong"), h.form("Nhà tôi mất nước", "moi-truong"), h.form("Đèn đường tắt", "chieu-sang")
	at := "/console/t/" + string(lead.Code) + "/su-viec"
	b.get(at).wants(h, 200, "Chưa có phiếu nào cùng báo", "1 người báo")
	in := []string{"do", "merge", "into", string(lead.Code), "incident", string(lead.Code), "codes", string(one.Code)}
	a := b.post("/console/bulk", append(in, "numbers", two.Number())...).wants(h, 200, "Đã làm xong 2 phiếu", `href="`+at+`"`)
	if h.ticket(two.Code).Into != lead.Code {
		t.Error("a ticket named by its number was not taken in")
	}
	b.get(at).wants(h, 200, "3 người báo", "2 người chờ trả lời", one.Number(), two.Number(), "Chờ câu trả lời chung").lacks(h, other.Number())
	b.get("/console/t/"+string(lead.Code)).wants(h, 200, "2 người khác cùng báo", "cũng gửi tới 2 người cùng báo")
	b.get("/console/t/"+string(one.Code)).wants(h, 200, "Thuộc sự việc của phiếu "+lead.Number())
	b.get("/console/t/"+string(one.Code)+"/su-viec").wants(h, 303).to(h, at)
	a.undo(h, b).wants(h, 200, "Đã làm xong 2 phiếu", `href="`+at+`"`)
	if now := h.ticket(one.Code); now.Into != "" || now.Status != "new" {
		t.Errorf("not taken back: %+v", now)
	}
	b.post("/console/bulk", append(in, "numbers", two.Number())...).wants(h, 200)
	out := b.post("/console/bulk", "do", "unmerge", "incident", string(lead.Code), "codes", string(two.Code)).wants(h, 200, "Đã làm xong 1 phiếu")
	out.undo(h, b).wants(h, 200)
	if h.ticket(two.Code).Into != lead.Code {
		t.Error("taking out is not taken back")
	}
	b.post("/console/bulk", append(in, "numbers", "26-999999")...).wants(h, 422)
	// Whoever names a report means its incident.
	b.post("/console/t/"+string(other.Code)+"/merge", "into", one.Number()).wants(h, 303)
	if h.ticket(other.Code).Into != lead.Code {
		t.Error("a report does not stand for its incident")
	}
	h.employs("uyen")
	h.browser().signIn("uyen").get(at).wants(h, 403)
}
