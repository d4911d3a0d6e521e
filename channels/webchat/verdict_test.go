package webchat

import (
	"encoding/json"
	"strings"
	"sync"
	"testing"

	"hotline1022/ticketing"
)

// answers takes the ticket to an answer, by the shortest way there is, and is the answer's name in the window.
func (h *house) answers(code ticketing.Code, text string) string {
	h.Helper()
	t, err := h.store.Ticket(h.Context(), code)
	h.must(err)
	return receipt(code, h.do(code, operator, ticketing.Command{Verb: ticketing.AnswerIt, Version: t.Version, Text: text, Outcome: ticketing.GaveAnswer}).Version)
}

func (w *window) judges(id string, ok bool, comment string) answer {
	w.Helper()
	raw, err := json.Marshal(map[string]any{"id": id, "ok": ok, "comment": comment})
	w.must(err)
	return w.do("POST", "/nhung/chat/verdict", "application/json", strings.NewReader(string(raw)))
}

func (h *house) verdicts(code ticketing.Code) (all []ticketing.Event) {
	h.Helper()
	for _, e := range h.events(code) {
		if e.Kind == ticketing.VerdictGiven {
			all = append(all, e)
		}
	}
	return all
}

func asked(v view) (ids []string) {
	for _, m := range v.Messages {
		if m.Judge {
			ids = append(ids, m.ID)
		}
	}
	return ids
}

func TestAnAnswerIsJudgedOnceInTheWindow(t *testing.T) {
	h := newHouse(t)
	w := h.window()
	if ids := asked(w.says("Thủ tục nhập hộ khẩu cần gì?")); ids != nil {
		t.Errorf("asked to judge %v before there is an answer", ids)
	}
	code := h.only().Code
	id := h.answers(code, "Cần tờ khai và giấy tờ chỗ ở.")
	if ids := asked(w.thread()); len(ids) != 1 || ids[0] != id {
		t.Fatalf("asked to judge %v, want %s", ids, id)
	}
	var taps sync.WaitGroup
	for range 8 {
		taps.Go(func() { w.judges(id, true, "Cảm ơn tổng đài.").wants(t, 200) })
	}
	taps.Wait()
	w.judges(id, false, "đổi ý").wants(t, 200, `"done":false`)
	tk := h.only()
	if all := h.verdicts(code); len(all) != 1 || tk.Status != ticketing.Closed || !tk.Verdict.OK || tk.Verdict.Comment != "Cảm ơn tổng đài." || all[0].By.Role != ticketing.Citizen {
		t.Errorf("%d verdicts, the ticket: %s %+v", len(all), tk.Status, tk.Verdict)
	}
	v := w.thread()
	if last := v.Messages[len(v.Messages)-1]; asked(v) != nil || last.Kind != "own" || last.Text != "Cảm ơn tổng đài." {
		t.Errorf("afterwards it shows %+v, and asks to judge %v", last, asked(v))
	}
	if n := h.ch.Health().Counts; n["judged"] != 1 || n["judged too late"] != 8 {
		t.Errorf("counted %v", n)
	}
}

func TestATapThatComesLateJudgesNoOtherAnswer(t *testing.T) {
	h := newHouse(t)
	w := h.window()
	w.says("Đèn đường trước nhà tắt.")
	code := h.only().Code
	first := h.answers(code, "Đã sửa.")
	w.judges(first, false, "").wants(t, 200, `"done":true`) // words are hers to leave out
	if tk := h.only(); tk.Status != ticketing.New || tk.Verdict.OK {
		t.Fatalf("a bad verdict leaves the ticket %s", tk.Status)
	}
	second := h.answers(code, "Nay đã sửa thật.")
	if ids := asked(w.thread()); len(ids) != 1 || ids[0] != second {
		t.Errorf("asked to judge %v, want %s only", ids, second)
	}
	w.judges(first, true, "").wants(t, 200, `"done":false`)
	if tk := h.only(); tk.Verdict != nil {
		t.Error("a late tap on the first answer has judged the second")
	}
	w.judges(second, true, "").wants(t, 200, `"done":true`)
}

func TestATapThatIsBeatenAtTheLastMomentIsHarmless(t *testing.T) {
	store := &rivalStore{}
	h := newHouse(t, func(h *house) { store.Store, h.desk.Store = h.store, store })
	w := h.window()
	w.says("Đèn đường trước nhà tắt.")
	code := h.only().Code
	id := h.answers(code, "Đã sửa.")
	store.quicker.Store(true)
	w.judges(id, true, "").wants(t, 200, `"done":false`)
	if n := len(h.verdicts(code)); n != 1 {
		t.Errorf("%d verdicts", n)
	}
}

func TestAVerdictIsTheDevicesOwn(t *testing.T) {
	h := newHouse(t)
	w, other := h.window(), h.window()
	w.says("Đèn đường trước nhà tắt.")
	other.says("Nước yếu quá.")
	code := h.tickets()[0].Code
	id := h.answers(code, "Đã sửa.")
	other.judges(id, false, "").wants(t, 404)
	w.judges(string(code)+"-1", true, "").wants(t, 404) // no answer
	w.judges("x", true, "").wants(t, 404)
	for _, body := range []string{"", "[", "{}", `{"id":"` + id + `"}`} {
		w.do("POST", "/nhung/chat/verdict", "application/json", strings.NewReader(body)).wants(t, 422)
	}
	w.judges(id, false, strings.Repeat("ế", mostComment+1)).wants(t, 422, `"field":"comment"`)
	w.headers.Set("Origin", "https://evil.example")
	w.judges(id, false, "").wants(t, 403)
	w.headers.Set("Origin", w.base)
	w.key = ""
	w.judges(id, false, "").wants(t, 401)
	if n := len(h.verdicts(code)); n != 0 {
		t.Errorf("%d verdicts by strangers", n)
	}
}

func TestAnAnswerIsJudgedInABrowser(t *testing.T) {
	h, s := visited(t)
	b := h.opened(s, 360, 740, false)
	b.sends("Thủ tục nhập hộ khẩu cần gì?")
	b.in("it is in the house", `document.querySelector("#list .card") && document.body.dataset.line === "online"`)
	code := h.only().Code
	h.answers(code, "Bạn cần tờ khai CT01 và giấy tờ chứng minh chỗ ở hợp pháp. Nộp tại công an phường hoặc trên Cổng dịch vụ công.")
	b.in("she is asked", `document.querySelector(".judge .verdict")`)
	b.sound("judge-phone", b.inside())
	eval[bool](b, `document.querySelector(".judge [value=no]").click(), true`, b.inside())
	b.in("there is room for words", `!document.querySelector(".judge-more").hidden`)
	b.sound("judge-words-phone", b.inside())
	b.looks(1366, 800, true)
	b.sound("judge-words-dark", b.inside())
	eval[bool](b, `document.querySelector(".judge textarea").focus(), true`, b.inside())
	b.types("Chưa nói lệ phí bao nhiêu.")
	h.do(code, operator, ticketing.Command{Verb: ticketing.Message, Text: "Nếu cần, bạn cứ hỏi thêm."}) // what is being typed survives news
	b.sees("bạn cứ hỏi thêm")
	eval[bool](b, `document.querySelector(".judge .send").click(), true`, b.inside())
	b.in("it is done, and is not asked again", `!document.querySelector(".judge") && document.querySelector("#list").innerText.includes("Chưa nói lệ phí bao nhiêu.")`)
	if tk := h.only(); tk.Status != ticketing.New || tk.Verdict == nil || tk.Verdict.Comment != "Chưa nói lệ phí bao nhiêu." {
		t.Errorf("%s %+v", tk.Status, tk.Verdict)
	}
	b.snap("judged")
}
