package webchat

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/gofiber/fiber/v2"

	"hotline1022/realtime"
	"hotline1022/ticketing"
)

// screen is an operator's page with the parts of the console that typing needs; its ticket is named in the address.
const screen = `<!doctype html><html lang="vi"><meta charset="utf-8"><title>Bàn trực</title><link rel="icon" href="data:,">
<section id="ticket"><p role="status" data-typing="Người dân đang viết…"></p>
<form data-write><label><input type="radio" name="as" value="message" checked>Nhắn</label> <label><input type="radio" name="as" value="note">Ghi chú</label>
<textarea name="text" aria-label="Lời"></textarea></form></section><script type="module" src="/screen.js"></script>`

const screenScript = `import { live } from "/house/live.js";
import { typing } from "/house/typing.js";
document.getElementById("ticket").dataset.code = new URL(location.href).searchParams.get("code");
typing(live({ url: "/live" }));`

// manned is a house with an operator's screen.
func manned(h *house) {
	h.hub.Hears = func(a realtime.Audience, t ticketing.Ticket) bool { return ticketing.Actor{Role: a.Role}.Sees(t) }
	h.hub.Writes = h.hub.Hears
	h.app = func(app *fiber.App) {
		app.Get("/live", h.hub.Staff(func(c *fiber.Ctx) (realtime.Viewer, error) {
			return realtime.Viewer{Audience: realtime.Audience{Role: ticketing.Operator, Lang: "vi"}, IP: c.IP()}, nil
		}))
		app.Get("/screen", func(c *fiber.Ctx) error { c.Type("html", "utf-8"); return c.SendString(screen) })
		app.Get("/screen.js", func(c *fiber.Ctx) error { c.Type("js", "utf-8"); return c.SendString(screenScript) })
	}
}

func TestEachSideSeesThatTheOtherIsWritingInABrowser(t *testing.T) {
	h, s := visited(t, manned)
	b := h.opened(s, 1366, 800, false)
	b.sends("Đèn đường trước nhà tắt.")
	b.in("the line is good", `document.querySelector("#list .card") && document.body.dataset.line === "online"`)
	code := h.only().Code
	o := h.tab()
	o.do(chromedp.Navigate(h.base + "/screen?code=" + string(code)))

	eval[bool](b, `document.querySelector("#f-text").focus(), true`, b.inside())
	b.types("Ngay trước số 12")
	o.on("the operator sees it", `document.querySelector("[data-typing]").textContent === "Người dân đang viết…"`)
	if html := eval[string](o, "document.documentElement.outerHTML"); len(html) == 0 || strings.Contains(html, "số 12") {
		t.Error("the words themselves are told")
	}
	b.enter()
	o.on("what she wrote is there, so she is no longer writing", `document.querySelector("[data-typing]").textContent === ""`)

	eval[bool](o, `window.sent = "", WebSocket.prototype.send = (send => function (x) { sent += x; send.call(this, x); })(WebSocket.prototype.send), true`)
	eval[bool](o, `document.querySelector("[value=note]").click(), document.querySelector("textarea").focus(), true`)
	o.types("ghi chú nội bộ")
	eval[bool](o, `document.querySelector("[value=message]").click(), document.querySelector("textarea").focus(), true`)
	if sent := eval[string](o, "sent"); sent != "" {
		t.Errorf("of a note it is told %s", sent)
	}
	o.types("Dạ, ")
	o.types("chúng tôi ")
	if sent := eval[string](o, "sent"); sent != `{"typing":true}` {
		t.Errorf("of two keys within three seconds it is told %s", sent)
	}
	b.in("the citizen sees it", `document.querySelector("#answering").textContent === "Trung tâm đang trả lời…"`)
	h.do(code, operator, ticketing.Command{Verb: ticketing.Message, Text: "Dạ, chúng tôi báo điện lực ngay."})
	b.in("what was written is there, and so it is over, without waiting", `document.querySelector("#list").innerText.includes("báo điện lực ngay") ?
		(window.over ??= document.querySelector("#answering").textContent === "" ? "yes" : "no") : ""`)
	if eval[string](b, "window.over", b.inside()) != "yes" {
		t.Error("the words are there, and it still says that somebody is writing them")
	}
	h.wait("it is told again", func() bool {
		o.types("Và ")
		return eval[string](b, `document.querySelector("#answering").textContent`, b.inside()) != ""
	})
	b.sound("typing", b.inside())
	b.looks(360, 740, true)
	b.snap("typing-phone-dark")
	b.in("it is over when nothing more is heard", `document.querySelector("#answering").textContent === ""`)
	for _, e := range h.events(code) {
		if !strings.Contains("received said messaged attempted delivered confirmed", string(e.Kind)) {
			t.Errorf("typing has left an event of kind %q", e.Kind)
		}
	}
}
