package telegram

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"hotline1022/channels/simulator"
	"hotline1022/ticketing"
	"hotline1022/ticketing/text"
)

func (h *house) says(chat int64, parts ...string) {
	h.Helper()
	said := h.said(chat)
	for _, part := range parts {
		if !strings.Contains(said, part) {
			h.Errorf("%q lacks %q", said, part)
		}
	}
	if strings.Contains(said, "⟦") || strings.Contains(said, "{0}") {
		h.Errorf("a sentence is missing: %q", said)
	}
}

func TestStartGreetsAndAsksForTheNumber(t *testing.T) {
	h := newHouse(t)
	an := h.sim.Citizen("An", "")
	h.sim.Say(an, "/start")
	h.says(an, "Tổng đài 1022", "mã theo dõi")
	if in := h.sim.Inbox(an); in[0].Asks != "contact" {
		t.Errorf("%+v", in[0])
	}
	h.sim.Say(an, "/start qr-hai-chau")
	h.says(an, "Chào bạn")
	h.sim.Say(an, "/help@"+"tongdai1022_bot")
	h.says(an, "/tracuu", "/danhgia", "113")
	h.sim.Say(an, "/xoay")
	h.says(an, "không có lệnh này", "/help")
	if n := len(h.tickets()); n != 0 {
		t.Errorf("%d tickets of commands", n)
	}
	for i, words := range []string{"/xoay cái biển báo ở ngã ba lại giúp", "/start đèn hỏng", "/help mất nước", "/danhgia tốt lắm"} {
		h.sim.Say(an, words)
		h.settled()
		if tk := h.only(); tk.Messages != i+1 || h.last(tk.Code).Text != words {
			t.Errorf("%q was not heard", words)
		}
	}
}

func TestHerOwnNumberGoesToTheVaultAndNobodyElses(t *testing.T) {
	h := newHouse(t)
	an, binh := h.sim.Citizen("An", "Lê"), h.sim.Citizen("Bình", "")
	h.sim.SendContact(an, binh, "+84905123182", "Bình")
	h.sim.SendContact(an, 0, "+84905123182", "Bình")
	h.settled()
	if tk := h.only(); tk.Text != "[Danh thiếp] Bình +84905123182" || tk.Messages != 2 {
		t.Errorf("%q %d", tk.Text, tk.Messages)
	}
	if p := h.person(an); p.Phone != "" || p.Name != "An Lê" {
		t.Errorf("another's card became her number: %+v", p)
	}
	h.sim.SendContact(an, an, "84905123183", "An")
	h.says(an, "đã ghi nhận số điện thoại")
	in := h.sim.Inbox(an)
	if p := h.person(an); p.Phone != "+84905123183" || in[len(in)-1].Asks != "remove" {
		t.Errorf("%+v", p)
	}
	if tk := h.only(); tk.Messages != 2 {
		t.Error("her number is no message")
	}
	h.sim.SendContact(an, an, "+84912000111", "An")
	h.says(an, "một số điện thoại khác")
	h.sim.SendContact(an, an, "12", "An")
	h.says(an, "không đọc được")
	// Of somebody nobody knew before.
	h.sim.SendContact(binh, binh, "+84912000222", "Bình")
	h.settled()
	if p := h.person(binh); p.Phone != "+84912000222" || p.At[ticketing.Telegram] != strconv.FormatInt(binh, 10) {
		t.Errorf("%+v", p)
	}
}

func TestACorrectionIsAFurtherMessage(t *testing.T) {
	h := newHouse(t)
	an := h.sim.Citizen("An", "")
	id := h.sim.Say(an, "Số 5 Lê Lợi")
	h.sim.Edit(an, id, "Số 15 Lê Lợi")
	place := h.sim.Send(an, map[string]any{"location": map[string]any{"latitude": 16.06, "longitude": 108.22, "live_period": 900}})
	for i := range 5 {
		h.sim.MoveLive(an, place, 16.06+float64(i)/1000, 108.22)
	}
	cmd := h.sim.Say(an, "/help")
	h.sim.Edit(an, cmd, "/start")
	h.settled()
	tk := h.only()
	if tk.Messages != 3 || tk.Text != "Số 5 Lê Lợi" {
		t.Fatalf("%d messages, first %q", tk.Messages, tk.Text)
	}
	if e := h.events(tk.Code)[1]; e.Text != "[Người dân sửa lại một tin đã gửi]\nSố 15 Lê Lợi" {
		t.Error(e.Text)
	}
	if p := h.last(tk.Code).Location; p == nil || p.Lat != 16.06 {
		t.Errorf("%+v", p)
	}
}

func TestATicketIsToldOfToWhoHoldsItsCode(t *testing.T) {
	h := newHouse(t)
	an, stranger := h.sim.Citizen("An", ""), h.sim.Citizen("Lạ", "")
	h.sim.Say(an, "Đèn đường hỏng ở ngõ 7")
	h.settled()
	code := string(h.only().Code)
	for _, typed := range []string{code, text.ShowCode(code), strings.ToLower(text.ShowCode(code))} {
		h.sim.Say(stranger, "/tracuu "+typed)
		h.says(stranger, text.ShowCode(code), "Mới tiếp nhận", "phân loại", "Tổng đài 1022", "Telegram", "https://1022.example.vn/t/"+code)
		if strings.Contains(h.said(stranger), "ngõ 7") {
			t.Error("the code alone shows what was written")
		}
		h.clock.Advance(time.Minute) // nobody may command so fast
	}
	h.sim.Say(stranger, "/start "+code)
	h.says(stranger, "Mới tiếp nhận")
	h.sim.Say(stranger, "/tracuu")
	h.says(stranger, "Hãy gõ /tracuu")
	h.answer(ticketing.Code(code), "Đã thay bóng đèn.")
	h.sim.Say(stranger, "/tracuu "+code)
	h.says(stranger, "Đã trả lời", "Kết quả: Đã xử lý xong")
	if strings.Contains(h.said(stranger), "thay bóng") {
		t.Error("the answer was not published")
	}
	nobodys, err := text.NewCode(bytes.NewReader(bytes.Repeat([]byte{9}, 32)))
	must(t, err)
	h.sim.Say(an, "/tracuu "+nobodys)
	h.says(an, "Không có phiếu nào")
	good := code[:11]
	for i := range 12 {
		h.clock.Advance(5 * time.Second)
		h.sim.Say(stranger, "/tracuu "+good+string("0123456789AB"[i]))
	}
	h.says(stranger, "quá nhiều lần")
	h.sim.Say(stranger, "/tracuu "+code)
	h.says(stranger, "quá nhiều lần")
	h.sim.Say(an, "/tracuu "+code)
	h.says(an, "Đã trả lời")
	h.clock.Advance(11 * time.Minute)
	h.sim.Say(stranger, "/tracuu "+code)
	h.says(stranger, "Đã trả lời")
}

func TestAVerdictIsHersAndOnTheAnswerShowing(t *testing.T) {
	h := newHouse(t)
	an, stranger := h.sim.Citizen("An", ""), h.sim.Citizen("Lạ", "")
	h.sim.Say(an, "/danhgia")
	h.says(an, "chưa có câu trả lời")
	h.sim.Say(an, "Đèn hỏng")
	h.settled()
	tk := h.answer(h.only().Code, "Đã thay bóng đèn.")
	h.sim.Say(an, "/danhgia")
	h.says(an, text.ShowCode(string(tk.Code)), "Đã thay bóng đèn.")
	asked := h.sim.Inbox(an)
	ask := asked[len(asked)-1]
	if len(ask.Buttons) != 2 || ask.Buttons[0].Text != "Đã được" || ask.Buttons[1].Text != "Chưa được" {
		t.Fatalf("%+v", ask.Buttons)
	}
	// Somebody else with the same button, as a changed app could send it.
	h.sim.Say(stranger, "/help")
	h.said(stranger)
	h.sim.Tap(stranger, h.sim.Inbox(stranger)[0].ID, ask.Buttons[0].Data)
	h.says(stranger, "Chỉ người gửi phiếu")
	if got := h.only(); got.Verdict != nil || h.last(tk.Code).Kind == ticketing.VerdictGiven {
		t.Fatal("a stranger judged")
	}
	query := h.sim.Tap(an, ask.ID, ask.Buttons[1].Data)
	h.says(an, "đã được mở lại", "chưa được ở chỗ nào")
	if _, err := h.sim.Answered(h.soon(), query); err != nil {
		t.Error(err)
	}
	if got := h.only(); got.Verdict == nil || got.Verdict.OK || !got.Status.Open() {
		t.Fatalf("%+v", got.Verdict)
	}
	h.sim.Tap(an, ask.ID, ask.Buttons[1].Data) // pressed twice
	h.says(an, "đã được mở lại")
	if n := h.count(tk.Code, ticketing.VerdictGiven); n != 1 {
		t.Errorf("judged %d times", n)
	}
	h.sim.Say(an, "Bóng vẫn nhấp nháy")
	h.settled()
	h.answer(tk.Code, "Đã thay cả chấn lưu.")
	h.sim.Tap(an, ask.ID, ask.Buttons[0].Data) // the old answer's button
	h.says(an, "câu trả lời mới hơn")
	h.sim.Say(an, "/danhgia")
	h.says(an, "chấn lưu")
	asked = h.sim.Inbox(an)
	ask = asked[len(asked)-1]
	h.sim.Tap(an, ask.ID, ask.Buttons[0].Data)
	h.says(an, "Cảm ơn")
	if got := h.only(); got.Verdict == nil || !got.Verdict.OK {
		t.Errorf("%+v", got.Verdict)
	}
	h.sim.Tap(an, ask.ID, ask.Buttons[1].Data) // changed her mind too late
	h.says(an, "không nhận đánh giá nữa")
	h.sim.Say(an, "/danhgia")
	h.says(an, "chưa có câu trả lời")
}

func TestAButtonComesToTheDeskAsAChoice(t *testing.T) {
	h := newHouse(t)
	an := h.sim.Citizen("An", "")
	h.sim.Say(an, "Đèn hỏng")
	h.settled()
	m := outbound(an, "Ở đâu?")
	m.Choices = []ticketing.Choice{{Label: "Hải Châu", Data: "area:20242"}, {Label: "Hòa Cường", Data: "area:20257"}}
	if _, err := h.ch.Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	query := h.sim.Tap(an, h.sim.Inbox(an)[0].ID, "area:20242")
	h.settled()
	h.errands()
	if toast, err := h.sim.Answered(h.soon(), query); err != nil || toast != "Đã ghi nhận" {
		t.Errorf("%q %v", toast, err)
	}
	if e := h.last(h.only().Code); e.Text != "Hải Châu" || e.Kind != ticketing.Said {
		t.Errorf("%+v", e)
	}
	if len(h.sim.Inbox(an)) != 1 {
		t.Error("a button needs no words in answer")
	}
}

func TestInGroupsTheBotKeepsToItself(t *testing.T) {
	h := newHouse(t)
	an, group := h.sim.Citizen("An", ""), h.sim.Group()
	h.sim.SayInGroup(an, group, "Đèn hỏng")
	h.sim.SayInGroup(an, group, "/start@another_bot")
	h.settled()
	h.errands()
	if n := len(h.sim.Inbox(group)); n != 0 {
		t.Fatalf("%d messages nobody asked for", n)
	}
	must(t, h.ch.present(h.Context()))
	h.sim.SetWebhook(h.listen(h.ch), secret)
	h.sim.AddToGroup(an, group)
	h.says(group, "nhắn riêng", "https://t.me/tongdai1022_bot")
	h.clock.Advance(time.Minute)
	h.sim.SayInGroup(an, group, "/help@tongdai1022_bot")
	h.settled()
	h.errands()
	if n := len(h.sim.Inbox(group)); n != 1 {
		t.Errorf("it said so %d times within an hour", n)
	}
	h.clock.Advance(time.Hour)
	h.sim.SayInGroup(an, group, "/help")
	h.says(group, "nhắn riêng")
	if n := len(h.sim.Inbox(group)); n != 2 {
		t.Errorf("%d", n)
	}
	h.sim.PostInChannel("Tin hot")
	h.settled()
	if n := len(h.tickets()); n != 0 {
		t.Errorf("%d tickets", n)
	}
}

func TestOperatorsLearnThatSheBlockedTheBot(t *testing.T) {
	h := newHouse(t)
	an := h.sim.Citizen("An", "")
	h.sim.Block(an) // with no ticket there is nobody to tell
	h.sim.Unblock(an)
	h.sim.Say(an, "Đèn hỏng")
	h.settled()
	code := h.only().Code
	h.sim.Block(an)
	h.settled()
	if e := h.last(code); e.Kind != ticketing.Noted || !strings.Contains(e.Text, "đã chặn") || e.By.Role != ticketing.Program {
		t.Errorf("%+v", e)
	}
	h.sim.Unblock(an)
	h.settled()
	if e := h.last(code); e.Kind != ticketing.Noted || !strings.Contains(e.Text, "bỏ chặn") {
		t.Errorf("%+v", e)
	}
	h.answer(code, "Đã thay bóng đèn.")
	h.sim.Block(an) // nobody is going to write to her
	h.sim.Unblock(an)
	h.settled()
	if n := h.count(code, ticketing.Noted); n != 2 {
		t.Errorf("%d notes", n)
	}
	if c := h.ch.Health().Counts; c["taken blocked"] != 3 || c["taken unblocked"] != 3 {
		t.Errorf("%v", c)
	}
}

func TestFilesComeAfterTheMessageAndTheTokenNowhere(t *testing.T) {
	h := newHouse(t)
	an := h.sim.Citizen("An", "")
	h.sim.SendPhoto(an, noise(64, 48), "Ổ gà")
	h.sim.SendFile(an, "document", "Đơn.pdf", []byte("%PDF-1.7 x"), "")
	h.sim.SendFile(an, "voice", "", []byte("OggS\x00\x02"+strings.Repeat("\x00", 64)), "")
	h.sim.SendBigFile(an, "video", "dai.mp4", 60<<20)
	h.settled()
	tk := h.only()
	if tk.Text != "Ổ gà\n[Hình ảnh]" || len(tk.Files) != 0 {
		t.Fatalf("%q", tk.Text)
	}
	// The process dies here; another one finds what is to be done.
	must(t, h.store.Close())
	h.openStore()
	h.ch = h.process(h.store)
	h.desk = h.ch.Desk
	h.sim.Fail(simulator.TelegramFault{Method: "getFile", Status: 502}, simulator.TelegramFault{Method: "file:", Status: 503})
	must(t, h.collector().Round(t.Context()))
	h.clock.Advance(time.Minute)
	must(t, h.collector().Round(t.Context()))
	tk = h.only()
	kinds := map[string]bool{}
	for _, f := range tk.Files {
		kinds[f.Type] = true
		if f.Picture() && f.Width != 64 {
			t.Errorf("a smaller picture was taken: %+v", f)
		}
	}
	if len(tk.Files) != 3 || !kinds["image/jpeg"] || !kinds["application/pdf"] || !kinds["audio/ogg"] {
		t.Errorf("%+v", tk.Files)
	}
	if h.sim.Faults() != 0 {
		t.Error("nothing went wrong")
	}
}

func TestAFileThatCannotBeHadIsSaid(t *testing.T) {
	h := newHouse(t)
	h.sim.Citizen("An", "")
	raw := strings.Replace(body(5, "kìa"), `"text":"kìa"`, `"document":{"file_id":"nobody-knows-it"}`, 1)
	if got := h.sim.Deliver(raw, secret); got != 200 {
		t.Fatal(got)
	}
	must(t, h.collector().Round(t.Context()))
	e := h.last(h.only().Code)
	if e.Kind != ticketing.Attached || !strings.Contains(e.Reason, "không còn tệp này") || strings.Contains(e.Reason, token) {
		t.Errorf("%+v", e)
	}
	for _, path := range []string{"/etc/passwd", "../x", "a/../../x", "a?x=1", "a%2fb", ""} {
		h.sim.Fail(simulator.TelegramFault{Method: "getFile", Body: fmt.Sprintf(`{"ok":true,"result":{"file_id":"x","file_path":%q}}`, path)})
		if _, err := h.ch.Source()(t.Context(), "x"); err == nil || err.Error() != "Telegram không còn tệp này" {
			t.Errorf("%q: %v", path, err)
		}
	}
	if n := h.sim.Faults(); n != 0 {
		t.Errorf("%d paths were never given", n)
	}
}
