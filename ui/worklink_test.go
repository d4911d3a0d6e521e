package ui_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"hotline1022/ticketing"
)

var linkAddress = regexp.MustCompile(`/viec/[A-Za-z0-9_-]{40}`)

// link has a link made on the ticket and answers its path.
func (h *house) link(b *browser, at, whom, role string) string {
	h.Helper()
	path := linkAddress.FindString(b.post(at+"/lien-ket", "for", whom, "role", role).wants(h, 200, "nó chỉ hiện một lần").body)
	if path == "" {
		h.Fatal("no link is shown")
	}
	return path
}

func TestOfficersWithoutAnAccountWorkByALink(t *testing.T) {
	h := newHouse(t)
	b := h.browser().signIn("hang")
	one := h.form("Đèn đường tắt", "chieu-sang")
	at := "/console/t/" + string(one.Code)
	b.post(at+"/note", "text", "ghi chú riêng của tổng đài").wants(h, 303)
	b.post(at+"/lien-ket", "for", "Anh Nam", "role", "officer").wants(h, 422, "khi đơn vị đang giữ phiếu")
	b.post(at+"/route", "agency", "so-xd", "reason", "đúng việc").wants(h, 303)
	b.post(at+"/lien-ket", "for", "", "role", "officer").wants(h, 422, "gửi cho ai")
	b.post(at+"/lien-ket", "for", "x", "role", "administrator").wants(h, 422, "Vai trò phải là")
	path := h.link(b, at, "Anh Nam", "officer")
	b.get(at).wants(h, 200, "Anh Nam", "Thu hồi").lacks(h, path)

	nam := h.browser()
	page := nam.get(path).wants(h, 200, "Đèn đường tắt", "cho biết họ tên").lacks(h, "ghi chú riêng", "⟦")
	if page.Header.Get("Referrer-Policy") != "no-referrer" || page.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("headers: %v", page.Header)
	}
	nam.post(path+"/accept").wants(h, 422, "cho biết họ tên")
	nam.post(path+"/ten", "name", "Nguyễn Văn Nam").wants(h, 303)
	nam.post(path+"/ten", "name", "Kẻ Khác").wants(h, 303) // the first name stays
	nam.post(path+"/accept").wants(h, 303).to(h, path+"?ok=1")
	nam.post(path+"/answer", "text", "x", "outcome", "done", "as_is", "1").wants(h, 404)
	nam.post(path+"/publish").wants(h, 404)
	nam.post(path+"/draft", "text", "Đã thay bóng", "outcome", "").wants(h, 422, "Đã thay bóng")
	nam.post(path+"/draft", "text", "Đã thay bóng ngày 23/11.", "outcome", "done", "as_is", "1").wants(h, 303)
	nam.post(path+"/approve").wants(h, 403)
	b.get(at).wants(h, 200, "Nguyễn Văn Nam").lacks(h, "Kẻ Khác")

	diep := h.browser() // the leader, on her phone, without an account either
	boss := h.link(h.browser().signIn("toan"), at, "Chị Diệp", "leader")
	diep.post(boss+"/ten", "name", "Phạm Ngọc Diệp").wants(h, 303)
	diep.get(boss).wants(h, 200, "Đã thay bóng ngày 23/11.", "Duyệt")
	diep.post(boss+"/approve").wants(h, 303)
	b.get(at).wants(h, 200, "Phạm Ngọc Diệp")

	// Passed on, both are dead, and say no more than what was never there.
	b.post(at+"/reject-draft", "reason", "sai ngày").wants(h, 303)
	nam.get(path).wants(h, 200)
	b.post(at+"/route", "agency", "dien-luc", "reason", "đúng ra là điện lực").wants(h, 303)
	for _, p := range []string{path, boss, path[:len(path)-1] + "x", "/viec/abc", "/viec/" + strings.Repeat("a", 40)} {
		nam.get(p).wants(h, 404).lacks(h, "Đèn đường tắt")
		nam.post(p+"/note", "text", "x").wants(h, 404)
	}
}

func TestADraftByALinkIsLookedOver(t *testing.T) {
	h := newHouse(t)
	b := h.browser().signIn("hang")
	one := h.form("Đèn đường tắt", "chieu-sang")
	at := "/console/t/" + string(one.Code)
	b.post(at+"/route", "agency", "so-xd", "reason", "đúng việc").wants(h, 303)
	path := h.link(b, at, "Anh Nam", "officer")
	nam := h.browser()
	nam.post(path+"/ten", "name", "Nguyễn Văn Nam").wants(h, 303)
	nam.post(path+"/accept").wants(h, 303)
	draft := []string{"text", "Đã tiếp nhận và sẽ xem xét theo quy định.", "outcome", "answered"}
	nam.post(path+"/draft", draft...).wants(h, 422, "xem xét theo quy định", "Vẫn gửi").lacks(h, "Đã ghi nhận")
	if h.ticket(one.Code).Draft != nil {
		t.Error("it was taken before it was looked at")
	}
	nam.post(path+"/draft", append(draft, "as_is", "1")...).wants(h, 303)
	if h.ticket(one.Code).Draft == nil {
		t.Error("it was not taken though she insisted")
	}
	counts, err := h.desk.PlainCounts(t.Context(), ticketing.Actor{ID: "x", Role: ticketing.Auditor}, h.Now().AddDate(0, -1, 0))
	if c := counts["so-xd"]; err != nil || c.Sent != 1 || c.AsIs != 1 {
		t.Errorf("%+v, %v", counts, err)
	}
}

func TestALinkEndsByItsDateAndByHand(t *testing.T) {
	h := newHouse(t)
	b := h.browser().signIn("hang")
	one, other := h.form("Đèn đường tắt", "chieu-sang"), h.form("Ổ gà", "giao-thong")
	for _, t := range []string{string(one.Code), string(other.Code)} {
		b.post("/console/t/"+t+"/route", "agency", "so-xd", "reason", "đúng việc").wants(h, 303)
	}
	at := "/console/t/" + string(one.Code)
	path := h.link(b, at, "Anh Nam", "officer")
	nam := h.browser()
	nam.get(path).wants(h, 200)
	id := path[len("/viec/") : len("/viec/")+12]
	b.post("/console/t/"+string(other.Code)+"/lien-ket", "end", id).wants(h, 404) // by another ticket it cannot be named
	nam.get(path).wants(h, 200)
	h.browser().signIn("uyen").post("/desk/t/"+string(one.Code)+"/lien-ket", "end", id).wants(h, 403)
	b.post(at+"/lien-ket", "end", id).wants(h, 200).lacks(h, "Anh Nam")
	nam.get(path).wants(h, 404)

	// Routed anew, if only to the same agency, it is another piece of work.
	path = h.link(b, at, "Anh Nam", "officer")
	nam.get(path).wants(h, 200)
	b.post(at+"/route", "agency", "so-xd", "reason", "giao lại").wants(h, 303)
	nam.get(path).wants(h, 404)

	path = h.link(b, at, "Anh Nam", "officer")
	nam.get(path).wants(h, 200)
	h.turn(7*24*time.Hour + time.Second)
	nam.get(path).wants(h, 404)
}
