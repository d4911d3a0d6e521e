package ui_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"hotline1022/ticketing"
)

// door takes messages, or refuses them with a reason.
type door struct{ refuses string }

func (d door) Send(_ context.Context, m ticketing.Outbound) (string, error) {
	if d.refuses != "" {
		return "", fmt.Errorf("%s: %w", d.refuses, ticketing.ErrRefused)
	}
	return fmt.Sprintf("%s-%d", m.Ticket, m.N), nil
}

// deliver lets a courier work on Zalo until nothing is on its way there.
func (h *house) deliver(d door) {
	h.Helper()
	ctx, cancel := context.WithTimeout(h.Context(), 20*time.Second)
	ended := make(chan error, 1)
	courier := &ticketing.Courier{Desk: h.desk, Senders: map[ticketing.Channel]ticketing.Sender{ticketing.Zalo: d}, Log: h.desk.Log}
	go func() { ended <- courier.Run(ctx) }()
	defer func() { cancel(); <-ended }()
	for {
		bell := h.store.Bell()
		codes, err := h.store.Outbox(ctx, "", h.Now().Add(time.Hour), 10)
		h.must(err)
		if len(codes) == 0 {
			return
		}
		<-bell
	}
}

func (h *house) chats(id, text string) ticketing.Receipt {
	h.Helper()
	r, err := h.desk.Receive(h.Context(), ticketing.Actor{ID: "zalo", Role: ticketing.Citizen}, ticketing.Incoming{
		Channel: ticketing.Zalo, From: ticketing.Contact{Channel: ticketing.Zalo, ID: id}, Text: text,
	})
	h.must(err)
	h.turn(time.Second)
	return r
}

func TestAFailedMessageIsSeenAndSentAgain(t *testing.T) {
	h := newHouse(t)
	b := h.browser().signIn("hang")
	b.get("/console/gui-di").wants(h, 200, "Sổ gửi đi", "Không có tin nào chờ người xử lý").lacks(h, "⟦")
	b.get("/console/gui-di?state=waiting").wants(h, 200, "Không có tin nào đang chờ gửi")
	code := h.chats("u1", "Đèn đường số 12 Lê Lợi tắt").Ticket.Code
	number := h.ticket(code).Number()
	b.get("/console/gui-di?state=waiting").wants(h, 200, number, "Chờ gửi", "Biên nhận", "Zalo").lacks(h, "Gửi lại ngay")
	h.deliver(door{refuses: "người dùng đã chặn <OA>"})

	b.get("/console").wants(h, 200, `data-tab="undelivered" class="alarm"`, `<span class="pill urgent">Không gửi được</span>`)
	b.get("/console?view=undelivered").wants(h, 200, "row-"+string(code))
	b.get("/console/t/"+string(code)).wants(h, 200, "Người dân chưa nhận được tin", "người dùng đã chặn &lt;OA&gt;", "Gửi lại ngay")
	page := b.get("/console/gui-di").wants(h, 200, number, "đã chặn", "Không gửi được", "Gửi lại ngay", `data-label="Lý do"`)
	if strings.Contains(page.body, "12 Lê Lợi") {
		t.Error("the ledger tells what was written")
	}
	b.get("/console/gui-di?channel=telegram").wants(h, 200, "Không có tin nào chờ người xử lý").lacks(h, number)
	b.get("/console/gui-di?channel=zalo&state=failed").wants(h, 200, number)
	h.browser().signIn("yen").get("/console/gui-di").wants(h, 200, number).lacks(h, "Gửi lại ngay")
	moderator := h.browser().signIn("nghia")
	moderator.get("/console/gui-di").wants(h, 403)
	moderator.get("/console/t/"+string(code)).wants(h, 200).lacks(h, "Gửi lại ngay")
	h.browser().signIn("uyen").get("/console/gui-di").wants(h, 403)

	en := h.browser().signIn("toan")
	en.get("/?lang=en")
	en.get("/console/gui-di").wants(h, 200, "Outgoing messages", "Not delivered, waiting for a person", "Try again now").lacks(h, "⟦")
	en.post("/console/gui-di/"+string(code)+"/1").wants(h, 303).to(h, "/console/gui-di?ok=1")
	en.get("/console/gui-di?ok=1").wants(h, 200, "The message is queued again")
	b.post("/console/gui-di/"+string(code)+"/1").wants(h, 422, "có thể người khác vừa cho gửi lại")
	b.post("/console/gui-di/"+string(code)+"/x").wants(h, 404)
	b.get("/console").wants(h, 200).lacks(h, `class="alarm"`, `<span class="pill urgent">Không gửi được</span>`)
	b.get("/console/t/"+string(code)).wants(h, 200, "Yêu cầu gửi lại").lacks(h, "Người dân chưa nhận được tin")
	h.deliver(door{})
	b.get("/console/gui-di?state=sent").wants(h, 200, number, "Đã gửi")
	b.get("/console/gui-di?state=read").wants(h, 200).lacks(h, number)
	b.get("/console/gui-di?state=waiting&cursor=x").wants(h, 422)

	// A note of how she was reached takes it off the list too, and an answered ticket with new words stands in its own.
	code = h.chats("u2", "Rác ở phường Hải Châu").Ticket.Code
	h.deliver(door{refuses: "đã chặn"})
	b.get("/console?view=undelivered").wants(h, 200, "row-"+string(code))
	b.post("/console/t/"+string(code)+"/note", "text", "đã gọi điện báo").wants(h, 303)
	b.get("/console?view=undelivered").wants(h, 200, "Mọi người dân đều đã được báo").lacks(h, "row-"+string(code))
}

func TestThanksAreSeenWithTheirRuleAndAMatterAfterTheAnswerIsNotMissed(t *testing.T) {
	h := newHouse(t)
	b := h.browser().signIn("hang")
	code := h.chats("u1", "Đèn đường số 12 Lê Lợi tắt").Ticket.Code
	b.post("/console/t/"+string(code)+"/answer", "text", "Đã thay bóng.", "outcome", "done", "as_is", "1").wants(h, 303)
	h.chats("u1", "Dạ em cảm ơn ạ 👍")
	b.get("/console/t/"+string(code)).wants(h, 200, "Dạ em cảm ơn ạ 👍", "quy tắc “cam-on”", "Mở lại")
	b.get("/console?view=heard").wants(h, 200).lacks(h, "row-"+string(code))
	h.chats("u1", "menu")
	b.get("/console/t/"+string(code)).wants(h, 200, "Tổng đài tự trả lời", "Xin chào, đây là Tổng đài 1022")
	h.chats("u1", "cảm ơn nhưng đèn lại tắt")
	b.get("/console?view=heard").wants(h, 200, "row-"+string(code), "cảm ơn nhưng đèn lại tắt")
	h.chats("u9", "xin chào")
	b.get("/console?q=xin+chao").wants(h, 200).lacks(h, `id="row-`, "Xin chào, đây")
}

func TestTheLedgerInABrowser(t *testing.T) {
	h := newHouse(t)
	h.employs("toan")
	b := h.tab()
	code := h.chats("u1", "Đèn đường số 12 Lê Lợi tắt").Ticket.Code
	h.chats("u2", "Rác ở phường Hải Châu")
	h.deliver(door{refuses: "Người dân đã chặn Official Account, hoặc đã quá thời hạn nhắn tin của nền tảng"})
	h.chats("u3", "Nước đục")
	b.opens("/dang-nhap?sau=/console/gui-di")
	b.do(chromedp.SetValue(chromedp.CSS("#f-name"), "toan"), chromedp.SetValue(chromedp.CSS("#f-password"), password), chromedp.Submit(chromedp.CSS("#f-password")), chromedp.WaitVisible(chromedp.CSS(".ledger tbody")))
	b.looks("ledger")
	b.opens("/console/gui-di?state=waiting&channel=zalo")
	b.shot("ledger-waiting", 360, false)
	b.opens("/console/gui-di?state=read")
	b.shot("ledger-empty", 360, false)
	b.opens("/console?view=undelivered")
	b.shot("undelivered", 1366, false)
	b.opens("/console/t/" + string(code) + "?view=undelivered")
	b.shot("undelivered-ticket", 1366, false)
	b.shot("undelivered-ticket", 360, false)
	b.opens("/console/gui-di")
	b.do(chromedp.Click(chromedp.CSS("tbody tr form button")), chromedp.WaitVisible(chromedp.CSS(".notice-good")))
}
