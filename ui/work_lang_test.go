package ui_test

import "testing"

// What the letters told is corrected where the ticket is sorted in.
func TestTheLanguageIsCorrectedByHand(t *testing.T) {
	h := newHouse(t)
	one := h.form("den duong truoc nha toi tat ba dem nay", "chieu-sang")
	b := h.browser().signIn("hang")
	at := "/console/t/" + string(one.Code)
	b.get(at).wants(h, 200, `<option value="vi" selected>Tiếng Việt</option>`)
	b.post(at+"/triage", "kind", "report", "category", "chieu-sang", "priority", "", "lang", "ja").wants(h, 303)
	b.get(at).wants(h, 200, `<option value="ja" selected>Tiếng Nhật</option>`, "· Tiếng Nhật</span>", `title="Tiếng Nhật">JA</span>`)
	b.post(at+"/triage", "kind", "report", "category", "", "priority", "", "lang", "tlh").wants(h, 422, "Ngôn ngữ “tlh” không có trong danh sách.")
	if h.ticket(one.Code).Lang != "ja" {
		t.Error("a refused form has changed it")
	}
}
