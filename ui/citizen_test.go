package ui_test

import (
	"bytes"
	"fmt"
	"mime/multipart"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"hotline1022/ticketing"
	"hotline1022/ui"
)

// sendForm posts the public form as a browser does, with fields over the usual ones; "" leaves one out.
func (b *browser) sendForm(token string, fields map[string]string, files ...string) answer {
	b.h.Helper()
	usual := map[string]string{
		"token": token, "website": "", "kind": "report", "category": "giao-thong", "text": "Ổ gà trước cổng trường", "area_text": "Hải Châu",
		"address": "12 Trần Phú", "name": "Lê Thị Hoa", "phone": "0905 123 182", "visibility": "private", "consent": "2026-01",
	}
	for k, v := range fields {
		usual[k] = v
	}
	return b.multipart("/gui", usual, files...)
}

func (b *browser) multipart(path string, fields map[string]string, files ...string) answer {
	b.h.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	for k, v := range fields {
		if v != "" {
			b.h.must(w.WriteField(k, v))
		}
	}
	for _, name := range files {
		part, err := w.CreateFormFile("photos", name)
		b.h.must(err)
		_, err = part.Write(bytesOf(name))
		b.h.must(err)
	}
	b.h.must(w.Close())
	return b.do(http.MethodPost, path, w.FormDataContentType(), &body)
}

var tokens = regexp.MustCompile(`name="token" value="([^"]+)"`)

func (a answer) token(h *house) string {
	h.Helper()
	m := tokens.FindStringSubmatch(a.body)
	if m == nil {
		h.Fatal("the page has no form token")
	}
	return m[1]
}

// filled is a form that has been open long enough for a person to fill it.
func (b *browser) filled() string {
	b.h.Helper()
	token := b.get("/gui").wants(b.h, 200).token(b.h)
	b.h.turn(time.Minute)
	return token
}

// sent sends one matter and gives its code.
func (b *browser) sent(fields map[string]string, files ...string) ticketing.Code {
	b.h.Helper()
	a := b.sendForm(b.filled(), fields, files...).wants(b.h, 303)
	code, ok := strings.CutSuffix(strings.TrimPrefix(a.Header.Get("Location"), "/t/"), "/da-gui")
	if !ok {
		b.h.Fatalf("sent leads to %q", a.Header.Get("Location"))
	}
	return ticketing.Code(code)
}

func TestAMatterIsSentAndFollowed(t *testing.T) {
	h := newHouse(t)
	b := h.browser()
	code := b.sent(nil, "a.jpg")
	b.get("/t/"+string(code)+"/da-gui").wants(h, 200, "Cảm ơn", "Đọc là")
	b.get("/t/"+string(code)).wants(h, 200, "Mới tiếp nhận", "Ổ gà trước cổng trường", "Phường Hải Châu", "Đường sá", "a.jpg", "Hẹn trả lời trước")
	ticket, err := h.store.Ticket(t.Context(), code)
	h.must(err)
	if ticket.Area != "4801" || len(ticket.Files) != 1 || ticket.Channel != ticketing.Web || ticket.Visibility != ticketing.Private {
		t.Errorf("stored: %+v", ticket)
	}
}

func TestTheCodeAloneShowsHowFarItIsAndNoWords(t *testing.T) {
	h := newHouse(t)
	code := h.browser().sent(nil, "a.jpg")
	file := h.ticket(code).Files[0].ID
	stranger := h.browser()
	a := stranger.get("/t/"+string(code)).wants(h, 200, "Mới tiếp nhận", "4 số cuối", "Tổng đài 1022")
	a.lacks(h, "Ổ gà", "Trần Phú", "Hoa", "a.jpg", "3182")
	for name, want := range map[string]string{"Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex", "Cache-Control": "no-store"} {
		if !strings.Contains(a.Header.Get(name), want) {
			t.Errorf("%s: %q", name, a.Header.Get(name))
		}
	}
	stranger.get("/t/"+string(code)+"/files/"+file).wants(h, 403)
	stranger.post("/t/"+string(code)+"/noi-them", "text", "x").wants(h, 403)
	stranger.post("/t/"+string(code)+"/danh-gia", "ok", "1").wants(h, 403)
	stranger.get("/t/"+string(code)+"/da-gui").wants(h, 303)

	stranger.post("/t/"+string(code)+"/so-dien-thoai", "digits", "0000").wants(h, 422, "không đúng").lacks(h, "Ổ gà")
	stranger.post("/t/"+string(code)+"/so-dien-thoai", "digits", "3182").wants(h, 303)
	stranger.get("/t/"+string(code)).wants(h, 200, "Ổ gà")
	picture := stranger.get("/t/"+string(code)+"/files/"+file).wants(h, 200)
	if ct, csp := picture.Header.Get("Content-Type"), picture.Header.Get("Content-Security-Policy"); ct != "image/jpeg" || !strings.Contains(csp, "sandbox") {
		t.Errorf("the picture comes as %s under %s", ct, csp)
	}
	other := h.browser().sent(map[string]string{"text": "Việc khác"})
	stranger.get("/t/"+string(other)).wants(h, 200).lacks(h, "Việc khác")
	stranger.get("/t/"+string(other)+"/files/"+file).wants(h, 403)
}

func TestGuessingDigitsIsSlowedDown(t *testing.T) {
	h := newHouse(t)
	code := h.browser().sent(nil)
	b := h.browser()
	for range 5 {
		b.post("/t/"+string(code)+"/so-dien-thoai", "digits", "0000").wants(h, 422)
	}
	b.post("/t/"+string(code)+"/so-dien-thoai", "digits", "3182").wants(h, 429)
	h.turn(4 * time.Minute)
	b.post("/t/"+string(code)+"/so-dien-thoai", "digits", "3182").wants(h, 303)
}

func TestWrongCodesAreAnsweredAlikeAndCounted(t *testing.T) {
	h := newHouse(t, func(s *ui.Server) {
		s.Rates.LookUp = ui.Rate{N: 1000, Per: time.Minute}
		s.Rates.Wrong = ui.Rate{N: 4, Per: 24 * time.Hour}
	})
	code := h.browser().sent(nil)
	b := h.browser()
	misspelt := b.get("/t/ABCDABCDABCD").wants(h, 404, "Không có phiếu nào")
	nobodys := b.get("/t/7K02Q074M9P6").wants(h, 404)
	strip := func(a answer) string { return regexp.MustCompile(`/t/\w+`).ReplaceAllString(a.body, "") }
	if strip(misspelt) != strip(nobodys) {
		t.Error("a misspelt code and nobody's code are told apart")
	}
	b.get("/t/ABCDABCDABCE").wants(h, 404)
	b.get("/t/ABCDABCDABCF").wants(h, 404)
	b.get("/t/"+string(code)).wants(h, 429)
	h.turn(7 * time.Hour)
	b.get("/t/"+string(code)).wants(h, 200)
	for range 4 {
		b.get("/t/ABCDABCDABCF")
	}
	b.get("/t/"+string(code)).wants(h, 200) // she was here before
}

func TestLookingUpReadsCodesAsPeopleCopyThem(t *testing.T) {
	h := newHouse(t)
	b := h.browser()
	code := string(b.sent(nil))
	typed := strings.ToLower(code[:4] + " - " + code[4:8] + " " + code[8:])
	b.post("/tra-cuu", "code", typed).wants(h, 303).to(h, "/t/"+code)
	b.post("/tra-cuu", "code", "12345").wants(h, 422, "chưa đúng", `value="12345"`)
	b.get("/t/"+strings.ToLower(code[:4]+"-"+code[4:])).wants(h, 303).to(h, "/t/"+code)
}

func TestNothingTypedIsLostWhenTheFormHasMistakes(t *testing.T) {
	h := newHouse(t)
	b := h.browser()
	token := b.filled()
	a := b.sendForm(token, map[string]string{"phone": "123", "consent": ""}, "a.jpg", "b.exe").
		wants(h, 422, "Ổ gà trước cổng trường", `value="123"`, "12 Trần Phú", "Lê Thị Hoa", "a.jpg", "Không nhận loại tệp", "Cần bạn đồng ý")
	kept := regexp.MustCompile(`name="kept" value="([^"]+)"`).FindStringSubmatch(a.body)
	if kept == nil {
		t.Fatal("the stored picture is lost")
	}
	b.sendForm(token, map[string]string{"phone": "123", "kept": kept[1]}).wants(h, 422, "Số điện thoại không hợp lệ", "a.jpg")
	done := b.sendForm(token, map[string]string{"kept": kept[1]}).wants(h, 303)
	code, _ := strings.CutSuffix(strings.TrimPrefix(done.Header.Get("Location"), "/t/"), "/da-gui")
	if files := h.ticket(ticketing.Code(code)).Files; len(files) != 1 {
		t.Errorf("stored with %d files", len(files))
	}
	b.sendForm(b.filled(), map[string]string{"kept": strings.Replace(kept[1], kept[1][:2], "AA", 1), "text": "Giả"}).wants(h, 303)
}

func TestAFormIsTakenOnce(t *testing.T) {
	h := newHouse(t)
	b := h.browser()
	token := b.filled()
	first := b.sendForm(token, nil).wants(h, 303).Header.Get("Location")
	b.sendForm(token, nil).wants(h, 303).to(h, first)
	changed := b.sendForm(token, map[string]string{"text": "Một việc khác hẳn"}).wants(h, 422, "đã gửi một phiếu")
	h.turn(time.Minute)
	if second := b.sendForm(changed.token(h), map[string]string{"text": "Một việc khác hẳn"}).wants(h, 303).Header.Get("Location"); second == first {
		t.Error("another matter was taken for the first")
	}
}

func TestMachinesAreKeptOut(t *testing.T) {
	h := newHouse(t)
	b := h.browser()
	quick := b.get("/gui").token(h)
	b.sendForm(quick, nil).wants(h, 422, "bấm Gửi lần nữa")
	b.sendForm("", nil).wants(h, 422)
	b.sendForm("a.b", nil).wants(h, 422)
	b.sendForm(b.filled(), map[string]string{"website": "http://spam.example"}).wants(h, 422)
	for i := range 20 {
		if b.sendForm(b.filled(), map[string]string{"text": fmt.Sprint("việc ", i)}).StatusCode == 429 {
			return
		}
	}
	t.Error("twenty matters in a row were taken from one address")
}

func TestWhatHasALawOfItsOwnIsExplained(t *testing.T) {
	h := newHouse(t)
	b := h.browser()
	b.get("/gui").wants(h, 200, "Luật Khiếu nại", "Luật Tố cáo", "113")
	b.sendForm(b.filled(), map[string]string{"kind": "denunciation"}).wants(h, 422, "giữ bí mật", "Ổ gà")
}

func TestAnonymousWhereTheRulesAllow(t *testing.T) {
	h := newHouse(t)
	b := h.browser()
	anonymous := map[string]string{"anonymous": "1", "name": "", "phone": "", "consent": ""}
	b.sendForm(b.filled(), anonymous).wants(h, 422, "cần họ tên")
	anonymous["category"] = "chieu-sang"
	code := b.sent(anonymous)
	if h.ticket(code).Citizen != "" {
		t.Error("an anonymous matter knows its sender")
	}
	h.browser().get("/t/"+string(code)).wants(h, 200, "Ổ gà").lacks(h, "4 số cuối")
}

func TestAPlaceThatMeansSeveralIsAsked(t *testing.T) {
	h := newHouse(t)
	b := h.browser()
	token := b.filled()
	b.sendForm(token, map[string]string{"area_text": "hai"}).wants(h, 422, "có thể là nhiều nơi", "Phường Hải Châu", "Phường Hải Vân")
	code := b.sendForm(token, map[string]string{"area_text": "hai", "area": "4802"}).wants(h, 303).Header.Get("Location")
	if got := h.ticket(ticketing.Code(strings.Split(code, "/")[2])).Area; got != "4802" {
		t.Errorf("area %q", got)
	}
	got := h.ticket(b.sent(map[string]string{"area_text": "hai", "area": "-", "text": "Không chắc"}))
	if got.Area != "" || !strings.Contains(got.Address, "hai") {
		t.Errorf("unsure: %q %q", got.Area, got.Address)
	}
	got = h.ticket(b.sent(map[string]string{"area_text": "xóm Đình", "text": "Không ai biết"}))
	if !strings.Contains(got.Address, "xóm Đình") {
		t.Errorf("a name nobody knows is lost: %q", got.Address)
	}
	got = h.ticket(b.sent(map[string]string{"area_text": "", "lat": "16.05", "lng": "108.25", "text": "Theo vị trí"}))
	if got.Area != "4801" || got.Location == nil {
		t.Errorf("by position: %+v", got)
	}
	b.get("/gui/areas?q=hai+ch").wants(h, 200, `"code":"4801"`, "Phường Hải Châu")
	b.get("/gui/areas?lat=16.05&lng=108.25").wants(h, 200, `"code":"4801"`)
	b.get("/gui/areas?q=").wants(h, 200, "[]")
}

// ticket is as it stands.
func (h *house) ticket(code ticketing.Code) ticketing.Ticket {
	h.Helper()
	t, err := h.store.Ticket(h.Context(), code)
	h.must(err)
	return t
}

// do is staff's part of a story.
func (h *house) do(code ticketing.Code, by ticketing.Actor, cmd ticketing.Command) {
	h.Helper()
	_, err := h.desk.Do(h.Context(), by, code, cmd)
	h.must(err)
}

var (
	operator = ticketing.Actor{ID: "hang", Role: ticketing.Operator}
	officer  = ticketing.Actor{ID: "uyen", Role: ticketing.Officer, Agency: "so-xd"}
	leader   = ticketing.Actor{ID: "diep", Role: ticketing.Leader, Agency: "so-xd"}
)

func (h *house) answered(code ticketing.Code, words string) {
	h.Helper()
	h.do(code, operator, ticketing.Command{Verb: ticketing.Route, Agency: "so-xd", Reason: "đường tỉnh, báo ông Ba"})
	h.do(code, officer, ticketing.Command{Verb: ticketing.AcceptIt})
	h.do(code, officer, ticketing.Command{Verb: ticketing.WriteDraft, Text: "nháp đầu tiên", Outcome: ticketing.Done,
		Files: []ticketing.File{h.file("bien-ban.pdf")}})
	h.do(code, leader, ticketing.Command{Verb: ticketing.Approve})
	h.do(code, operator, ticketing.Command{Verb: ticketing.Note, Text: "ghi chú kín", Files: []ticketing.File{h.file("kin.pdf")}})
	h.do(code, operator, ticketing.Command{Verb: ticketing.AnswerIt, Text: words, Outcome: ticketing.Done})
}

func (h *house) file(name string) ticketing.File {
	h.Helper()
	f, err := h.desk.Files.Save(h.Context(), bytes.NewReader(bytesOf(name)), name)
	h.must(err)
	return f
}

func TestTheCitizenSeesWhoHasItAndJudgesTheAnswer(t *testing.T) {
	h := newHouse(t)
	b := h.browser()
	code := b.sent(nil)
	at := "/t/" + string(code)
	h.answered(code, "Đã vá xong ngày 25/11.")
	a := b.get(at).wants(h, 200, "Đã vá xong", "Đã xử lý xong", "Chuyển Sở Xây dựng", "Câu trả lời đã được chưa", "bien-ban.pdf")
	a.lacks(h, "nháp đầu tiên", "ghi chú kín", "kin.pdf", "ông Ba", "uyen", "diep")
	pdf := h.ticket(code).Files
	for _, f := range pdf {
		want := 200
		if f.Name == "kin.pdf" {
			want = 404
		}
		got := b.get(at+"/files/"+f.ID).wants(h, want)
		if d := got.Header.Get("Content-Disposition"); want == 200 && !strings.HasPrefix(d, "attachment") {
			t.Errorf("%s is shown, not saved: %q", f.Name, d)
		}
	}
	h.browser().get(at).wants(h, 200).lacks(h, "Đã vá xong")

	b.post(at+"/danh-gia").wants(h, 422, "chọn đã được hay chưa")
	b.post(at+"/danh-gia", "ok", "0").wants(h, 422, "chưa được ở chỗ nào")
	b.post(at+"/danh-gia", "ok", "0", "comment", "Vẫn còn một ổ").wants(h, 303)
	b.get(at).wants(h, 200, "Mới tiếp nhận", "Vẫn còn một ổ", "mở lại")
	h.answered(code, "Đã vá nốt.")
	b.post(at+"/danh-gia", "ok", "1").wants(h, 303)
	b.get(at).wants(h, 200, "Đã đóng", "Bạn cho biết đã được").lacks(h, "Viết thêm")
}

func TestTheCitizenSaysMoreWhenAsked(t *testing.T) {
	h := newHouse(t)
	b := h.browser()
	code := b.sent(nil)
	at := "/t/" + string(code)
	h.do(code, operator, ticketing.Command{Verb: ticketing.Ask, Text: "Gần nhà số mấy?"})
	h.turn(2 * time.Hour)
	due := h.ticket(code).Due
	page := b.get(at).wants(h, 200, "Gần nhà số mấy?", "Chúng tôi đang chờ bạn trả lời", "Thời hạn tạm dừng")
	token := page.token(h)
	b.multipart(at+"/noi-them", map[string]string{"token": token}).wants(h, 422, "Xin viết nội dung")
	b.multipart(at+"/noi-them", map[string]string{"token": token, "text": "Số 12"}, "b.jpg").wants(h, 303)
	b.multipart(at+"/noi-them", map[string]string{"token": token, "text": "Số 12"}, "b.jpg").wants(h, 303)
	b.get(at).wants(h, 200, "Số 12", "b.jpg", "Mới tiếp nhận")
	after := h.ticket(code)
	if after.Messages != 3 || len(after.Files) != 1 {
		t.Errorf("said once, stored %d messages and %d files", after.Messages, len(after.Files))
	}
	if !after.Due.After(due) {
		t.Error("the clock did not stand while the hotline waited")
	}
}

func TestAMergedTicketShowsTheOthersProgressAndNotItsWords(t *testing.T) {
	h := newHouse(t)
	lead := h.browser().sent(map[string]string{"text": "Lời của người khác", "phone": "0912345678", "name": "Người Khác"})
	b := h.browser()
	code := b.sent(nil)
	h.do(code, operator, ticketing.Command{Verb: ticketing.Merge, Into: lead})
	h.do(lead, operator, ticketing.Command{Verb: ticketing.Route, Agency: "so-xd"})
	h.browser().get("/t/"+string(lead)).wants(h, 200, "2 người cùng báo việc này").lacks(h, string(code), ticketingShow(code))
	b.get("/t/"+string(code)).wants(h, 200, "xử lý chung", "Đã chuyển xử lý", "Sở Xây dựng", "Ổ gà", "2 người cùng báo việc này").
		lacks(h, "Lời của người khác", "Người Khác", string(lead), ticketingShow(lead))
}

func ticketingShow(c ticketing.Code) string { return string(c[:4] + "-" + c[4:8] + "-" + c[8:]) }

func TestAnotherSiteCannotSpeakForACitizen(t *testing.T) {
	h := newHouse(t)
	b := h.browser()
	code := b.sent(nil)
	h.answered(code, "Xong.")
	at := "/t/" + string(code) + "/danh-gia"
	for name, headers := range map[string]http.Header{
		"another origin": {"Origin": {"https://evil.example"}}, "no origin": {"Origin": nil}, "another site's sandbox": {"Origin": {"null"}, "Sec-Fetch-Site": {"cross-site"}},
	} {
		b.headers = headers
		if a := b.post(at, "ok", "1"); a.StatusCode != 403 {
			t.Errorf("%s: %d", name, a.StatusCode)
		}
	}
	b.headers = http.Header{"Origin": {"null"}, "Sec-Fetch-Site": {"same-origin"}}
	b.post(at, "ok", "1").wants(h, 303)
}

func TestPublishedAnswersOnTheFrontPage(t *testing.T) {
	h := newHouse(t)
	b := h.browser()
	code := b.sent(map[string]string{"visibility": "public"})
	h.answered(code, "Đã vá xong, hỏi thêm 0905123182.")
	h.do(code, ticketing.Actor{ID: "nghia", Role: ticketing.Moderator}, ticketing.Command{Verb: ticketing.Publish})
	b.get("/").wants(h, 200, "Vừa được trả lời", "Đã vá xong", "Đường sá").lacks(h, string(code), "0905123182", "Ổ gà")
	h.browser().get("/t/"+string(code)).wants(h, 200, "Đã vá xong").lacks(h, "Ổ gà")
}

func TestABodyThatIsTooLargeIsRefused(t *testing.T) {
	h := newHouse(t)
	b := h.browser()
	b.post("/tra-cuu", "code", strings.Repeat("x", 300<<10)).wants(h, 413)
	b.multipart("/gui", map[string]string{"text": strings.Repeat("x", 300<<10)}).wants(h, 422)
}
