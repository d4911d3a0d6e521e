package ui_test

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"hotline1022/ticketing"
	"hotline1022/ticketing/calendar"
	"hotline1022/ticketing/places"
	"hotline1022/ticketing/routing"
)

// newOffice is a house with some rules and limits.
func newOffice(t *testing.T) *house {
	t.Helper()
	h := newHouse(t)
	h.set("rule", "den-duong", routing.Rule{ID: "den-duong", Name: "Đèn đường", Categories: []string{"chieu-sang"}, Words: []string{"đèn đường"}, Agency: "dien-luc", Reason: "Phụ lục II"})
	h.set("rule", "hai-chau", routing.Rule{ID: "hai-chau", Name: "Đường sá ở Hải Châu", Categories: []string{"giao-thong"}, Areas: []string{"4801"}, Agency: "so-xd", Priority: "urgent"})
	h.set("rule", "chung", routing.Rule{ID: "chung", Name: "Còn lại", Agency: "so-xd", Order: 99})
	h.set("limit", "answer-report", map[string]any{"id": "answer-report", "step": "answer", "kind": "report", "limit": "5d"})
	h.set("canned", "chao", ticketing.Canned{ID: "chao", Name: "Chào", Text: "Chào {ten}"})
	h.set("article", "hoi", ticketing.Article{Canned: ticketing.Canned{ID: "hoi", Name: "Giờ làm việc?", Text: "Từ 7 giờ 30."}})
	h.set("macro", "den", ticketing.Macro{Canned: ticketing.Canned{ID: "den", Name: "Đèn"}, Route: "dien-luc"})
	return h
}

func (h *house) set(kind, id string, doc any) {
	h.Helper()
	raw, err := json.Marshal(doc)
	h.must(err)
	_, err = h.server.Desk.SaveSetting(context.Background(), ticketing.Actor{ID: "admin", Role: ticketing.Administrator}, kind, id, 0, raw)
	h.must(err)
}

var hiddenVersion = regexp.MustCompile(`name="version" value="(\d+)"`)

func (a answer) version(h *house) string {
	h.Helper()
	m := hiddenVersion.FindStringSubmatch(a.body)
	if m == nil {
		h.Fatalf("%s has no version", a.Request.URL.Path)
	}
	return m[1]
}

var allKinds = []string{"agency", "staff", "category", "rule", "limit", "hours", "day", "area", "consent", "saying", "chat", "sign-in", "canned", "macro", "article", "spike", "duty", "token"}

// Every page is made in both languages, with what is there and for every role that may look.
func TestTheAdministrationSpeaksBothLanguages(t *testing.T) {
	h := newOffice(t)
	admin := h.browser().signIn("admin")
	admin.post("/admin/token/new", "name", "Cổng dịch vụ công", "scopes", "tickets:read").wants(h, 201)
	for _, lang := range []string{"vi", "en"} {
		for _, who := range []string{"admin", "toan", "yen"} {
			b := h.browser().signIn(who)
			b.get("/?lang=" + lang)
			for _, kind := range append([]string{"", "tester", "audit", "channels", "answers"}, allKinds...) {
				page := b.get("/admin/"+strings.TrimPrefix(kind, "/")).wants(h, 200, `<html lang="`+lang).lacks(h, "⟦")
				if slices.Contains(allKinds, kind) {
					links := regexp.MustCompile(`href="(/admin/`+kind+`/[^"?]+)"`).FindAllStringSubmatch(page.body, -1)
					if who == "admin" && len(links) < 2 && kind != "sign-in" { // of which there is one, and no adding
						t.Errorf("the list of %s has %d links", kind, len(links))
					}
					for _, l := range links[:min(len(links), 4)] {
						one := b.get(l[1]).wants(h, 200).lacks(h, "⟦")
						if who != "admin" {
							one.lacks(h, `name="version"`, "/delete", "/restore")
						}
					}
				}
			}
			if who != "admin" {
				b.get("/admin/agency").lacks(h, "/admin/agency/new")
			}
		}
	}
}

// Whatever a setting can hold, its form can show: nothing may be lost by saving. A sealed key cannot be shown and a
// category's questions come by file: those the desk keeps over a save (settings_open311_test.go).
func TestEveryFieldOfASettingHasItsPlaceInTheForm(t *testing.T) {
	h := newOffice(t)
	b := h.browser().signIn("admin")
	for kind, v := range map[string]any{
		"agency": ticketing.Agency{}, "category": ticketing.Category{}, "rule": routing.Rule{}, "limit": ticketing.Limit{},
		"hours": ticketing.Hours{}, "day": calendar.Day{}, "area": places.Unit{}, "consent": ticketing.Consent{},
		"saying": ticketing.Saying{}, "chat": ticketing.ChatRules{}, "sign-in": ticketing.SignInRules{}, "canned": ticketing.Canned{}, "macro": ticketing.Macro{}, "article": ticketing.Article{}, "spike": ticketing.SpikeRule{}, "duty": ticketing.Duty{},
	} {
		page := b.get("/admin/"+kind+"/new").wants(h, 200)
		for _, field := range reflect.VisibleFields(reflect.TypeOf(v)) {
			name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
			if name == "" || name == "open311_sealed" || name == "details" || kind == "article" && (name == "channels" || name == "kinds") { // of an article they are refused
				continue
			}
			if !strings.Contains(page.body, `id="f-`+name+`"`) {
				t.Errorf("%s: the form has no %s", kind, name)
			}
		}
	}
}

func TestAddingChangingDeletingAndRestoring(t *testing.T) {
	h := newOffice(t)
	h.employs("uyen")
	b := h.browser().signIn("admin")
	b.post("/admin/agency/new", "name", "Sở Nông nghiệp và Môi trường", "phone", "0236 3890 000").wants(h, 303).to(h, "/admin/agency/so-nong-nghiep-va-moi-truong?ok=added")
	b.get("/admin/agency?q=nong+moi").wants(h, 200, "Sở Nông nghiệp và Môi trường").lacks(h, "Sở Xây dựng")
	b.get("/admin/agency?q=khong+co").wants(h, 200, "Không có mục nào khớp")
	path := "/admin/agency/so-nong-nghiep-va-moi-truong"
	page := b.get(path+"?ok=added").wants(h, 200, "Đã thêm.", `value="0236 3890 000"`)
	b.post(path, "version", page.version(h), "name", " ", "phone", "113").wants(h, 422, "Xin ghi tên", `value="113"`, `href="#f-name"`, `aria-invalid="true"`)
	b.post(path, "version", page.version(h), "name", "Sở NN&MT", "from", "2026-02-03", "to", "2026-01-01").wants(h, 422, "Ngày kết thúc phải sau", "Sở NN&amp;MT")
	b.post(path, "version", page.version(h), "name", "Sở NN&MT", "to", "31/12/2027").wants(h, 303).to(h, path+"?ok=saved")
	if a := h.desk.Catalog.Current().Agencies["so-nong-nghiep-va-moi-truong"]; a.Name != "Sở NN&MT" || a.To != "2027-12-31" || a.Phone != "" {
		t.Errorf("in use is %+v", a)
	}
	page = b.get(path).wants(h, 200, "<del>Sở Nông nghiệp và Môi trường</del>", "<ins>31/12/2027</ins>", "Khôi phục bản này")
	b.post(path+"/restore", "version", page.version(h), "to", "1").wants(h, 303).to(h, path+"?ok=restore")
	if a := h.desk.Catalog.Current().Agencies["so-nong-nghiep-va-moi-truong"]; a.Name != "Sở Nông nghiệp và Môi trường" || a.To != "" {
		t.Errorf("after restoring: %+v", a)
	}
	b.post(path+"/restore", "version", "1", "to", "1").wants(h, 409, "Người khác vừa lưu")
	b.post(path+"/delete", "version", "3").wants(h, 303).to(h, path+"?ok=delete")
	b.get("/admin/agency").wants(h, 200).lacks(h, "Nông nghiệp")
	page = b.get(path).wants(h, 200, "Mục này đã xóa", "Khôi phục bản này").lacks(h, `id="f-name"`)
	b.post(path+"/restore", "version", page.version(h), "to", "3").wants(h, 303)
	b.get("/admin/agency").wants(h, 200, "Nông nghiệp")
	b.post("/admin/agency/so-xd/delete", "version", "1").wants(h, 422, "còn dùng ở", "Lê Phương Uyên")
	b.get("/admin/audit").wants(h, 200, "Quản trị", "Xóa", "Sở Nông nghiệp và Môi trường")
	b.get("/admin/audit?q=xoa+nong").wants(h, 200, "Sở Nông nghiệp").lacks(h, "Còn lại")
	b.post("/admin/agency/new", "name", "Sở Xây dựng", "id", "so-xd").wants(h, 409, "đã có", `value="so-xd"`)
	b.get("/admin/nothing").wants(h, 404)
	b.get("/admin/agency/nobody").wants(h, 404)
	b.post("/admin/agency/so-xd/explode").wants(h, 404)
	b.post("/admin/consent/2026-01/delete", "version", "1").wants(h, 404)
	b.get("/admin/consent/2026-01").wants(h, 200, "Tôi đồng ý").lacks(h, "<textarea")
}

func TestTwoAdministratorsAtOnce(t *testing.T) {
	h := newOffice(t)
	h.must(h.server.Accounts.Add(t.Context(), ticketing.Staff{ID: "minh", Name: "Bùi Quang Minh", Role: ticketing.Administrator}, password, "test"))
	first, second := h.browser().signIn("admin"), h.browser().signIn("minh")
	path := "/admin/category/chieu-sang"
	version := first.get(path).version(h)
	second.get(path)
	first.post(path, "version", version, "name", "Chiếu sáng công cộng", "order", "7").wants(h, 303)
	told := second.post(path, "version", version, "name", "Đèn đường", "order", "1", "anonymous", "on").wants(h, 409,
		"Người khác vừa lưu", "Họ đã lưu:", "<b>Chiếu sáng công cộng</b>", "<b>7</b>", `value="Đèn đường"`, "Lưu bản của tôi")
	if n := strings.Count(told.body, "Họ đã lưu:"); n != 3 { // name, order, anonymous
		t.Errorf("%d fields are said to differ", n)
	}
	if h.desk.Catalog.Current().Categories["chieu-sang"].Name != "Chiếu sáng công cộng" {
		t.Error("the first one's words were overwritten")
	}
	second.post(path, "version", told.version(h), "name", "Đèn đường", "order", "1").wants(h, 303)
	first.get(path).wants(h, 200, "Bùi Quang Minh", "<del>Chiếu sáng công cộng</del>")

	version = first.get(path).version(h)
	var codes [8]int
	var wait sync.WaitGroup
	for i := range codes {
		b := h.browser().signIn("admin")
		wait.Go(func() { codes[i] = b.post(path, "version", version, "name", fmt.Sprint("Đèn ", i)).StatusCode })
	}
	wait.Wait()
	slices.Sort(codes[:])
	if codes[0] != 303 || codes[1] != 409 || codes[7] != 409 {
		t.Errorf("of eight saves at once: %v", codes)
	}
}

func TestHoursDaysAndLimitsAsPeopleWriteThem(t *testing.T) {
	h := newOffice(t)
	b := h.browser().signIn("admin")
	b.get("/admin/hours").wants(h, 200, "T2–T6 07:00–11:30, 13:30–17:00", "mặc định")
	page := b.get("/admin/hours/office").wants(h, 200, `value="07:00-11:30, 13:30-17:00"`)
	b.post("/admin/hours/office", "version", page.version(h), "week.1", "7h-11h30; 13h30–17h", "week.2", "07:00-11:30 và chiều").wants(h, 422, `id="e-week.2"`, "và chiều", "7h-11h30; 13h30–17h")
	b.post("/admin/hours/office", "version", page.version(h), "week.1", "7-12, 11:00-17:00").wants(h, 422, `id="e-week.1"`, "chồng lên nhau")
	b.post("/admin/hours/office", "version", page.version(h)).wants(h, 422, "không mở giờ nào")
	same := []string{"version", page.version(h)}
	for day := range 5 {
		same = append(same, fmt.Sprint("week.", day+1), "8h-12h, 13:00-16:30")
	}
	b.post("/admin/hours/office", same...).wants(h, 303)
	b.get("/admin/hours").wants(h, 200, "T2–T6 08:00–12:00, 13:00–16:30")
	b.post("/admin/hours/new", "agency", "dien-luc", "week.0", "0-24").wants(h, 303).to(h, "/admin/hours/dien-luc?ok=added")

	b.post("/admin/day/new", "date", "2027-03-08", "name", "Nghỉ theo tỉnh", "status", "expected").wants(h, 303).to(h, "/admin/day/2027-03-08?ok=added")
	b.get("/admin").wants(h, 200, "08/03/2027 Nghỉ theo tỉnh")
	b.get("/admin/day?q=quoc+khanh").wants(h, 200, "Quốc khánh", "02/09/2026").lacks(h, "Nghỉ theo tỉnh")
	b.post("/admin/day/new", "date", "2027-13-08", "name", "Không có").wants(h, 422, "Ngày không đúng")
	b.post("/admin/limit/new", "step", "answer", "limit", "năm ngày").wants(h, 422, "Viết thời hạn như 5d", `value="năm ngày"`)
	b.post("/admin/limit/new", "step", "answer", "limit", "2d", "priority", "urgent").wants(h, 303).to(h, "/admin/limit/answer-urgent?ok=added")
	b.get("/admin/limit").wants(h, 200, "Trả lời · Khẩn", "2 ngày làm việc")
}

func TestRulesByNameAndTheirTester(t *testing.T) {
	h := newOffice(t)
	b := h.browser().signIn("admin")
	b.post("/admin/rule/new", "name", "Rác ở Thăng Bình và Hải Châu", "agency", "so-xd", "categories", "moi-truong", "kinds", "report", "kinds", "proposal", "areas", "thang binh\nPhường Hải Châu (4801)", "words", "rác\nrác\n mùi hôi ").wants(h, 303)
	var rule routing.Rule
	for _, r := range h.desk.Catalog.Current().Rules {
		if r.ID == "rac-o-thang-binh-va-hai-chau" {
			rule = r
		}
	}
	if !slices.Equal(rule.Areas, []string{"4804", "4801"}) || !slices.Equal(rule.Words, []string{"rác", "mùi hôi"}) || len(rule.Kinds) != 2 {
		t.Errorf("the rule is %+v", rule)
	}
	b.post("/admin/rule/new", "name", "Hải gì", "agency", "so-xd", "areas", "hai").wants(h, 422, "có thể là", "4801", "4802", ">hai</textarea>")
	b.post("/admin/rule/new", "name", "Không đơn vị").wants(h, 422, `id="e-agency"`)

	b.post("/admin/tester", "text", "Den duong truoc nha tat", "category", "chieu-sang").wants(h, 200, "<b>Công ty Điện lực</b>", "có chữ “đèn đường”",
		"khớp, nhưng đứng sau", "lĩnh vực là Đèn chiếu sáng", "không rõ ở đâu")
	b.post("/admin/tester", "text", "Ổ gà", "category", "giao-thong", "area", "hai chau").wants(h, 200, "<b>Sở Xây dựng</b>", "Khẩn", "địa bàn")
	b.post("/admin/tester", "area", "hai").wants(h, 422, "có thể là")
	h.browser().signIn("yen").post("/admin/tester", "text", "x").wants(h, 200, "Còn lại")
}

func TestStaffAndKeys(t *testing.T) {
	h := newOffice(t)
	var mu sync.Mutex
	var closed []string
	h.server.Accounts.Changed = func(staff, _ string) { mu.Lock(); closed = append(closed, staff); mu.Unlock() }
	b := h.browser().signIn("admin")
	b.post("/admin/staff/new", "id", "an", "name", "Nguyễn Văn An", "role", "leader").wants(h, 422, "phải thuộc một đơn vị", "Nguyễn Văn An")
	page := b.post("/admin/staff/new", "id", "An", "name", "Nguyễn Văn An", "role", "leader", "agency", "dien-luc").wants(h, 201, "chỉ hiện lần này")
	secret := regexp.MustCompile(`<code>([^<]+)</code>`)
	first := secret.FindStringSubmatch(page.body)[1]
	page.lacks(h, "argon2")
	b.post("/admin/staff/new", "id", "an", "name", "Người khác", "role", "operator").wants(h, 409, "đã có")
	an := h.browser()
	an.post("/dang-nhap", "name", "an", "password", first).wants(h, 303).to(h, "/mat-khau")
	an.post("/mat-khau", "old", first, "password", password, "again", password).wants(h, 303)
	an.get("/tai-khoan").wants(h, 200)
	b.get("/admin/staff/an").wants(h, 200, "Nguyễn Văn An", "đặt lại").lacks(h, "argon2", first)

	version := b.get("/admin/staff/an").version(h)
	b.post("/admin/staff/an", "version", version, "name", "Nguyễn Văn An", "role", "officer", "agency", "dien-luc").wants(h, 303)
	an.get("/tai-khoan").wants(h, 303)
	mu.Lock()
	if !slices.Contains(closed, "an") {
		t.Error("the sockets were not told")
	}
	mu.Unlock()
	b.post("/admin/staff/an", "version", version, "name", "Nguyễn Văn Ấn", "role", "officer", "agency", "dien-luc").wants(h, 409, "Họ đã lưu:")
	an.post("/dang-nhap", "name", "an", "password", password).wants(h, 303)
	b.post("/admin/staff/an/sign-out").wants(h, 303)
	an.get("/tai-khoan").wants(h, 303)
	again := secret.FindStringSubmatch(b.post("/admin/staff/an/password").wants(h, 201).body)[1]
	an.post("/dang-nhap", "name", "an", "password", password).wants(h, 403)
	an.post("/dang-nhap", "name", "an", "password", again).wants(h, 303)
	version = b.get("/admin/staff/an").version(h)
	b.post("/admin/staff/an", "version", version, "name", "Nguyễn Văn An", "role", "officer", "agency", "dien-luc", "off", "on").wants(h, 303)
	an.post("/dang-nhap", "name", "an", "password", again).wants(h, 403)
	b.post("/admin/staff/admin", "version", "1", "name", "Quản trị", "role", "auditor").wants(h, 422, "quản trị viên cuối cùng")
	b.post("/admin/staff/an/delete", "version", version).wants(h, 404)
	b.get("/admin/audit").wants(h, 200, "Cấp lại mật khẩu", "Đăng xuất mọi thiết bị")

	b.post("/admin/token/new", "name", "Cổng dịch vụ công").wants(h, 422, "ít nhất một quyền")
	b.post("/admin/token/new", "name", "Cổng", "scopes", "tickets:read", "expires", "2020-01-01").wants(h, 422, "phải ở tương lai")
	key := secret.FindStringSubmatch(b.post("/admin/token/new", "name", "Cổng dịch vụ công", "scopes", "tickets:read", "scopes", "tickets:write", "expires", "2027-11-23").wants(h, 201).body)[1]
	by, err := h.server.Accounts.Program(t.Context(), key)
	h.must(err)
	id := strings.TrimPrefix(by.ID, "token:")
	b.get("/admin/token").wants(h, 200, "Cổng dịch vụ công", "Xem phiếu, Gửi phiếu").lacks(h, key)
	b.post("/admin/token/"+id+"/revoke").wants(h, 303)
	if _, err := h.server.Accounts.Program(t.Context(), key); err == nil {
		t.Error("a revoked key is still good")
	}
	b.get("/admin/token/"+id).wants(h, 200, "Đã thu hồi").lacks(h, "/revoke")
}

func TestAgenciesStandBelowTheirOwnInVietnameseOrder(t *testing.T) {
	h := newOffice(t)
	h.set("agency", "ban", ticketing.Agency{ID: "ban", Name: "Ban Bảo trì", Parent: "so-xd"})
	h.set("agency", "to", ticketing.Agency{ID: "to", Name: "Tổ Ân cần", Parent: "ban"})
	h.set("agency", "a1", ticketing.Agency{ID: "a1", Name: "Ân Ái"})
	h.set("agency", "a2", ticketing.Agency{ID: "a2", Name: "An Bình"})
	h.set("agency", "a3", ticketing.Agency{ID: "a3", Name: "Đội 10", Parent: "so-xd"})
	h.set("agency", "a4", ticketing.Agency{ID: "a4", Name: "Đội 9", Parent: "so-xd"})
	page := h.browser().signIn("yen").get("/admin/agency")
	var got []string
	for _, m := range regexp.MustCompile(`class="depth-(\d)"><a href="[^"]*">([^<]*)</a>`).FindAllStringSubmatch(page.body, -1) {
		got = append(got, m[1]+" "+m[2])
	}
	want := []string{"0 An Bình", "0 Ân Ái", "0 Công ty Điện lực", "0 Sở Xây dựng", "1 Ban Bảo trì", "2 Tổ Ân cần", "1 Đội 9", "1 Đội 10"}
	if !slices.Equal(got, want) {
		t.Errorf("the list is %q", got)
	}
}

// Whoever only looks is refused by the desk too, should a route ever be wrong.
func TestSupervisorsAndAuditorsOnlyLook(t *testing.T) {
	h := newOffice(t)
	for _, who := range []string{"toan", "yen"} {
		b := h.browser().signIn(who)
		b.get("/admin").wants(h, 200, "Bạn chỉ xem")
		b.get("/admin/agency/so-xd").wants(h, 200, "Sở Xây dựng").lacks(h, "<textarea", `name="version"`)
		b.get("/admin/agency/new").wants(h, 403)
		b.post("/admin/agency/so-xd", "version", "1", "name", "X").wants(h, 403)
		b.post("/admin/agency/so-xd/delete", "version", "1").wants(h, 403)
	}
	for _, who := range []string{"hang", "uyen", "diep", "nghia"} {
		h.browser().signIn(who).get("/admin").wants(h, 403)
	}
}

func TestAreasOfAWholeProvince(t *testing.T) {
	h := newOffice(t)
	var rs []ticketing.Record
	for i := range 3300 {
		u := places.Unit{Code: fmt.Sprintf("9%05d", i), Name: fmt.Sprintf("Thôn số %d", i), Type: places.Thon, Parent: "4804"}
		raw, err := json.Marshal(u)
		h.must(err)
		rs = append(rs, ticketing.Record{Kind: "area", ID: u.Code, Version: 1, At: monday, By: "import", Doc: raw})
	}
	h.must(h.store.Put(t.Context(), rs...))
	h.must(h.desk.Catalog.Refresh(t.Context()))
	b := h.browser().signIn("admin")
	first := b.get("/admin/area").wants(h, 200, "1–50 trong 3.305", "page=2")
	if n := strings.Count(first.body, `scope="row"`); n != 50 {
		t.Errorf("the first page has %d rows", n)
	}
	b.get("/admin/area?page=67").wants(h, 200, "3.301–3.305").lacks(h, "page=68")
	b.get("/admin/area?q=thon+so+77").wants(h, 200, "Thôn số 77", "Thôn số 770")
	b.get("/admin/area?page=999&q=").wants(h, 200, "1–50")
	b.get("/admin/audit").wants(h, 200, "và 3.299 mục cùng lúc")
	b.post("/admin/area/4804", "version", "1", "name", "Thăng Bình", "type", "xa", "parent", "Đà Nẵng (48)", "to", "2027-01-01", "successors", "9999999").wants(h, 422, "Không có địa bàn")
	b.post("/admin/area/4804", "version", "1", "name", "Thăng Bình", "type", "xa", "parent", "Đà Nẵng (48)", "aliases", "Hà Lam").wants(h, 303)
	b.get("/admin/area?q=ha+lam").wants(h, 200, "Thăng Bình")
}
