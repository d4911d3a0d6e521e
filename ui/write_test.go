package ui_test

import (
	"encoding/json"
	"html"
	"strings"
	"testing"
	"time"

	"hotline1022/ticketing"
)

// kept is what a save of typed words is answered with.
type kept struct {
	Text, Mark, Outcome string
	Aside               []struct{ Text, When string }
	Told                bool
	Count               int
}

func (a answer) kept(h *house) (k kept) {
	h.Helper()
	a.wants(h, 200)
	h.must(json.Unmarshal([]byte(a.body), &k))
	return k
}

func (h *house) matter(in ticketing.Incoming) ticketing.Ticket {
	h.Helper()
	in.Channel = ticketing.Web
	if in.Text == "" {
		in.Text = "Đèn đường trước nhà số 12 tắt ba hôm nay"
	}
	r, err := h.desk.Receive(h.Context(), ticketing.Actor{Role: ticketing.Citizen}, in)
	h.must(err)
	return r.Ticket
}

// What is typed comes back in another browser, at the right ticket, verb and person alone, until it is sent.
func TestTypedWordsFollowThePerson(t *testing.T) {
	h := newHouse(t)
	a, b := h.matter(ticketing.Incoming{}), h.matter(ticketing.Incoming{})
	hang, toan := h.browser().signIn("hang"), h.browser().signIn("toan")
	at, other := "/console/t/"+string(a.Code), "/console/t/"+string(b.Code)
	one := hang.post(at+"/unsent/answer", "text", "Dạ, em xem ngay", "outcome", "done", "window", "1").kept(h)
	if one.Mark == "" || one.Count != 1 || one.Told {
		t.Errorf("kept: %+v", one)
	}
	elsewhere := h.browser().signIn("hang")
	page := elsewhere.get(at).wants(h, 200, "Dạ, em xem ngay</textarea>", `value="answer" checked`, `value="done" selected`)
	page.wants(h, 200, `data-tab="unsent" data-seldom>Nháp của tôi <b data-count>1</b>`)
	elsewhere.get("/console?view=unsent").wants(h, 200, `id="row-`+string(a.Code)).lacks(h, `id="row-`+string(b.Code))
	for _, path := range []string{at, other, "/console"} {
		toan.get(path).wants(h, 200, `data-tab="unsent" data-seldom hidden`).lacks(h, "em xem ngay")
	}
	elsewhere.get(other).lacks(h, "em xem ngay")
	two := elsewhere.post(at+"/unsent/answer", "text", "Bản khác", "window", "2").kept(h)
	if !two.Told || len(two.Aside) != 1 || two.Aside[0].Text != "Dạ, em xem ngay" {
		t.Errorf("two windows: %+v", two)
	}
	back := elsewhere.post(at+"/unsent/answer", "text", "Dạ, em xem ngay", "window", "2", "base", two.Mark, "aside", "Bản khác").kept(h)
	if len(back.Aside) != 1 || back.Aside[0].Text != "Bản khác" {
		t.Errorf("taken back: %+v", back)
	}
	if gone := elsewhere.post(at+"/unsent/answer", "text", "Dạ, em xem ngay", "window", "2", "base", back.Mark, "drop", "1").kept(h); len(gone.Aside) != 0 {
		t.Errorf("dropped: %+v", gone)
	}
	hang.post(at+"/unsent/note", "text", "nhớ gọi lại", "window", "1").kept(h)
	hang.post(at+"/note", "text", "nhớ gọi lại", "window", "1").wants(h, 303)
	var left map[string]kept
	h.must(json.Unmarshal([]byte(hang.get(at+"/unsent").wants(h, 200).body), &left))
	if len(left) != 1 || left["answer"].Text != "Dạ, em xem ngay" {
		t.Errorf("after the note was sent: %+v", left)
	}
	if last := hang.post(at+"/unsent/answer", "text", "  ", "window", "2", "base", left["answer"].Mark).kept(h); last.Count != 0 {
		t.Errorf("emptied: %+v", last)
	}
	hang.post(at+"/unsent/close", "text", "x").wants(h, 403)
	hang.post(at+"/unsent/nothing", "text", "x").wants(h, 404)
	hang.post("/console/t/7K02Q074M9P5/unsent/note", "text", "x").wants(h, 404)
	h.browser().signIn("uyen").post("/desk/t/"+string(a.Code)+"/unsent/note", "text", "x").wants(h, 404)
	for _, who := range []string{at + "/unsent/note"} {
		h.browser().post(who, "text", "x").wants(h, 401)
	}
	if strings.Contains(h.log.String(), "em xem ngay") {
		t.Error("words are in the log")
	}
}

// An agency's draft that came later stands in the box; what she had begun herself is offered beside it.
func TestALaterDraftGoesBeforeOldWords(t *testing.T) {
	h := newHouse(t)
	a := h.matter(ticketing.Incoming{})
	hang := h.browser().signIn("hang")
	at := "/console/t/" + string(a.Code)
	hang.post(at+"/unsent/answer", "text", "Chị đợi em nhé", "window", "1").kept(h)
	h.turn(time.Minute)
	h.do(a.Code, operator, ticketing.Command{Verb: ticketing.Route, Agency: "so-xd"})
	h.do(a.Code, officer, ticketing.Command{Verb: ticketing.AcceptIt})
	h.do(a.Code, officer, ticketing.Command{Verb: ticketing.WriteDraft, Text: "Sở Xây dựng đã thay bóng.", Outcome: ticketing.Done})
	h.do(a.Code, leader, ticketing.Command{Verb: ticketing.Approve})
	hang.get(at).wants(h, 200, "Sở Xây dựng đã thay bóng.</textarea>", "Chị đợi em nhé").lacks(h, "Chị đợi em nhé</textarea>")
}

// Something newer came in while she wrote: sending stops once, shows it above the box and keeps the words.
func TestSendingStopsForWhatCameInMeanwhile(t *testing.T) {
	h := newHouse(t)
	a := h.matter(ticketing.Incoming{})
	hang := h.browser().signIn("hang")
	at := "/console/t/" + string(a.Code)
	seen := hang.get(at).version(h)
	_, err := h.desk.Say(t.Context(), a.Code, "k1", "Đèn vừa sáng lại rồi ạ <b>", nil)
	h.must(err)
	h.do(a.Code, ticketing.Actor{ID: "toan", Role: ticketing.Supervisor}, ticketing.Command{Verb: ticketing.Note, Text: "đã gọi điện lực"})
	stopped := hang.post(at+"/message", "text", "Dạ em đã báo đội trực", "version", seen)
	stopped.wants(h, 409, "Trong lúc bạn viết, phiếu có điều mới", "Đèn vừa sáng lại rồi ạ &lt;b&gt;", "Dạ em đã báo đội trực</textarea>", `value="message" checked`)
	if news, _, _ := strings.Cut(stopped.body[strings.Index(stopped.body, "notice notice-warn news"):], "</div>"); !strings.Contains(news, "Đèn vừa sáng") || !strings.Contains(news, "đã gọi điện lực") {
		t.Errorf("above the box: %s", news)
	}
	if n := h.events(a.Code, ticketing.Messaged); n != 0 {
		t.Errorf("%d messages were sent over what came in", n)
	}
	hang.post(at+"/message", "text", "Dạ em đã báo đội trực", "version", stopped.version(h)).wants(h, 303)
	if n := h.events(a.Code, ticketing.Messaged); n != 1 {
		t.Errorf("the second press sent %d messages", n)
	}
	// What she did herself stops nobody.
	page := hang.get(at)
	hang.post(at+"/note", "text", "của em", "version", page.version(h)).wants(h, 303)
	hang.post(at+"/message", "text", "Tiếp", "version", page.version(h)).wants(h, 409).lacks(h, "phiếu có điều mới")
}

func (h *house) events(code ticketing.Code, kind ticketing.EventKind) (n int) {
	h.Helper()
	all, err := h.store.Timeline(h.Context(), code, 0)
	h.must(err)
	for _, e := range all {
		if e.Kind == kind {
			n++
		}
	}
	return n
}

func TestCannedTextsAndMacrosInTheConsole(t *testing.T) {
	h := newHouse(t)
	admin := h.browser().signIn("admin")
	admin.post("/admin/canned/new", "name", "Chào hỏi", "word", "chào", "text", "Chào {ten}, phiếu {ma} hẹn {han}.", "channels", "web").wants(h, 303).to(h, "/admin/canned/chao-hoi?ok=added")
	admin.post("/admin/canned/new", "name", "Sai", "text", "Chào {tên}").wants(h, 422, "không phải là biến")
	admin.post("/admin/macro/new", "name", "Rác", "text", "Đã chuyển.", "set_category", "moi-truong", "route", "so-xd").wants(h, 303)
	admin.post("/admin/macro/new", "name", "Không làm gì", "text", "a").wants(h, 422, "phải làm ít nhất một việc")
	a := h.matter(ticketing.Incoming{Name: "Lê Thị Hoa", Phone: "0905123182"})
	at := "/console/t/" + string(a.Code)
	hang := h.browser().signIn("hang")
	var texts []ticketing.Prepared
	h.must(json.Unmarshal([]byte(hang.get(at+"/mau").wants(h, 200).body), &texts))
	if len(texts) != 2 || texts[0].Word != "chao" || !strings.HasPrefix(texts[0].Text, "Chào Lê Thị Hoa, phiếu ") || len(texts[1].Does) != 2 {
		t.Fatalf("offered: %+v", texts)
	}
	hang.post(at+"/mau/canned/chao-hoi").wants(h, 204)
	hang.post(at+"/mau/canned/chao-hoi").wants(h, 204)
	hang.post(at+"/mau/canned/khong-co").wants(h, 404)
	admin.get("/admin/answers").wants(h, 200, "Chào hỏi", `<td class="nums" data-label="Số lần">2</td>`)

	hang.post(at+"/message", "text", "Chào {ten}").wants(h, 422, "còn chỗ chưa điền {ten}", "Chào {ten}</textarea>")
	hang.post(at+"/message", "text", "Hạn [điền: hạn trả lời]").wants(h, 422, "còn chỗ chưa điền [điền: hạn trả lời]")
	hang.post(at+"/macro", "id", "rac", "version", hang.get(at).version(h)).wants(h, 303)
	if now, err := h.store.Ticket(t.Context(), a.Code); err != nil || now.Category != "moi-truong" || now.Agency != "so-xd" {
		t.Errorf("after the macro: %v %+v", err, now)
	}
	hang.post(at+"/macro", "id", "khong-co", "version", "0").wants(h, 404)
	// Its history can be gone back to, like every setting's.
	admin.post("/admin/canned/chao-hoi", "version", "1", "name", "Chào hỏi", "text", "Khác").wants(h, 303)
	admin.get("/admin/canned/chao-hoi").wants(h, 200, "Khác", "{ten}")
	admin.post("/admin/canned/chao-hoi/delete", "version", "2").wants(h, 303)
	h.must(json.Unmarshal([]byte(hang.get(at+"/mau").wants(h, 200).body), &texts))
	if len(texts) != 1 {
		t.Errorf("after deleting: %+v", texts)
	}
	admin.get("/admin/answers").wants(h, 200, "Chào hỏi")
}

// An answer that is not plain is stopped once; as it is it goes out, and the agency's figure says so.
func TestTheAnswerIsLookedOverAgain(t *testing.T) {
	h := newHouse(t)
	a := h.matter(ticketing.Incoming{})
	h.do(a.Code, operator, ticketing.Command{Verb: ticketing.Route, Agency: "so-xd"})
	h.do(a.Code, ticketing.Actor{ID: "uyen", Role: ticketing.Officer, Agency: "so-xd"}, ticketing.Command{Verb: ticketing.AcceptIt})
	uyen, admin := h.browser().signIn("uyen"), h.browser().signIn("admin")
	at := "/desk/t/" + string(a.Code)
	admin.get("/admin/answers").wants(h, 200, "Chưa có câu trả lời nào được soát")
	bad := []string{"text", "Đã tiếp nhận và chuyển đơn vị chức năng xem xét.", "outcome", "done"}
	uyen.post(at+"/draft", bad...).wants(h, 422, "câu trả lời còn chỗ chưa rõ", "Chưa có ngày hoặc hạn", "Câu sáo", "Vẫn gửi", "chức năng xem xét.</textarea>")
	if n := h.events(a.Code, ticketing.DraftWritten); n != 0 {
		t.Errorf("%d drafts were written", n)
	}
	uyen.post(at+"/draft", append(bad, "as_is", "1")...).wants(h, 303)
	uyen.post(at+"/draft", "text", "Sở Xây dựng đã thay bóng ngày 23/11. Nếu đèn lại tắt, xin gọi 1022.", "outcome", "done").wants(h, 303)
	admin.get("/admin/answers").wants(h, 200, `<th scope="row">Sở Xây dựng</th><td class="nums" data-label="Đã gửi">2</td><td class="nums" data-label="Vẫn gửi">1</td><td class="nums" data-label="Tỷ lệ">50&nbsp;%</td>`)
	// What is wrong otherwise is said first.
	uyen.post(at+"/draft", "text", "Đã xong", "outcome", "").wants(h, 422, "không phải là kết quả")
	uyen.post(at+"/draft", "text", "Không được", "outcome", "cannot").wants(h, 422, "phải có lý do")
	h.browser().signIn("hang").post("/console/t/"+string(a.Code)+"/draft", bad...).wants(h, 403)
	uyen.post(at+"/note", "text", "đã chuyển đơn vị chức năng").wants(h, 303) // nobody looks over a note
	h.set("agency", "cong-an", ticketing.Agency{ID: "cong-an", Name: "Công an thành phố", Short: "CAT"})
	uyen.get("/desk/soat").wants(h, 200, `"so xay dung"`, `"cong an thanh pho"`).lacks(h, `"cat"`) // which is "cắt" too
}

func TestNamesInNotesInTheConsole(t *testing.T) {
	h := newHouse(t)
	for _, p := range people {
		h.employs(p.ID)
	}
	a := h.matter(ticketing.Incoming{})
	at := "/console/t/" + string(a.Code)
	hang, toan := h.browser().signIn("hang"), h.browser().signIn("toan")
	var named []struct{ ID, Name, Role string }
	h.must(json.Unmarshal([]byte(hang.get(at+"/nguoi").wants(h, 200).body), &named))
	if len(named) != 4 || named[2].ID != "toan" || named[2].Role != "Trưởng ca" {
		t.Errorf("an operator may name %+v", named)
	}
	hang.post(at+"/note", "text", "@uyen xem giúp").wants(h, 422, "Không nhắc tên được @uyen")
	hang.post(at+"/note", "text", "@toan xem giúp em với").wants(h, 303)
	toan.get("/console").wants(h, 200, `data-tab="mentioned" data-seldom>Nhắc tên tôi <b data-count>1</b>`)
	hang.get("/console").wants(h, 200, `data-tab="mentioned" data-seldom hidden`)
	toan.get("/console?view=mentioned").wants(h, 200, "row-"+string(a.Code))
	toan.get("/console/cua-toi").wants(h, 200, `"mentioned":1`, `"unsent":0`)
	// To look is a GET, which changes nothing; the page then says that it was seen.
	toan.get(at).wants(h, 200, "Có người nhắc tên bạn", at+"/da-xem")
	toan.get(at).wants(h, 200, "Có người nhắc tên bạn")
	hang.post(at+"/da-xem").wants(h, 303)
	toan.get("/console").wants(h, 200, `data-tab="mentioned" data-seldom>`)
	toan.post(at+"/da-xem").wants(h, 303)
	toan.get(at).wants(h, 200, `data-tab="mentioned" data-seldom hidden`).lacks(h, "Có người nhắc tên bạn")
}

// The box's data is one attribute: whatever was typed in it stays data.
func TestTypedWordsStayData(t *testing.T) {
	h := newHouse(t)
	a := h.matter(ticketing.Incoming{})
	hang := h.browser().signIn("hang")
	at := "/console/t/" + string(a.Code)
	evil := `</textarea><script>alert(1)</script>" data-x='` + "\u2028\x00é"
	hang.post(at+"/unsent/note", "text", evil, "window", strings.Repeat("w", 500)).kept(h)
	page := hang.get(at).wants(h, 200).lacks(h, "<script>alert")
	i := strings.Index(page.body, `data-unsent="`) + len(`data-unsent="`)
	raw := html.UnescapeString(page.body[i : i+strings.Index(page.body[i:], `"`)])
	var all map[string]kept
	h.must(json.Unmarshal([]byte(raw), &all))
	if all["note"].Text != evil {
		t.Errorf("%q came back as %q", evil, all["note"].Text)
	}
}
