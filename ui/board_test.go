package ui_test

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"hotline1022/ticketing"
	"hotline1022/ui"
)

// reported is a matter an operator has taken in.
func (h *house) reported(in ticketing.Incoming) ticketing.Code {
	h.Helper()
	if in.Channel == "" {
		in.Channel = ticketing.Phone
	}
	if in.Text == "" {
		in.Text = "Mất nước từ sáng, gọi cho bà Nguyễn Thị Lan số 0905 123 182"
	}
	r, err := h.desk.Receive(h.Context(), ticketing.Actor{ID: "hang", Role: ticketing.Operator}, in)
	h.must(err)
	return r.Ticket.Code
}

// values are the board's numbers by tile.
func values(body string) map[string]string {
	out := map[string]string{}
	for _, m := range regexp.MustCompile(`(?s)data-tile="([a-z_]+)".*?aria-hidden="true">([^<]*)<`).FindAllStringSubmatch(body, -1) {
		out[m[1]] = m[2]
	}
	return out
}

func TestTheBoardShowsTheNumbersAndNobody(t *testing.T) {
	h := newHouse(t)
	b := h.browser().signIn("toan")
	if got := values(b.get("/board").wants(h, 200, "Màn hình ca").body); fmt.Sprint(got) != "map[due_today:0 longest:– on_time:– open:0 overdue:0 received:0 waiting:0]" {
		t.Errorf("an empty room: %v", got)
	}
	var codes []ticketing.Code
	for range 3 {
		codes = append(codes, h.reported(ticketing.Incoming{Category: "moi-truong", Area: "4801", Name: "Nguyễn Thị Lan", Phone: "0905 123 182"}))
	}
	h.do(codes[0], operator, ticketing.Command{Verb: ticketing.Route, Agency: "so-xd"})
	h.do(codes[1], operator, ticketing.Command{Verb: ticketing.AnswerIt, Text: "Đã xong.", Outcome: ticketing.Done})
	h.turn(110 * time.Minute)
	page := b.get("/board").wants(h, 200, "Chờ lâu nhất", "giờ : phút")
	if got := values(page.body); fmt.Sprint(got) != "map[due_today:0 longest:1:50 on_time:100% open:2 overdue:0 received:3 waiting:1]" {
		t.Errorf("three came in: %v", got)
	}
	page.lacks(h, "Nguyễn Thị Lan", "0905", "123182", string(codes[0]), "Mất nước")
	part := b.get("/board/so-lieu").wants(h, 200, "board-live").lacks(h, "<html", "Nguyễn")
	if strings.Contains(part.body, "Nguyễn") || part.Header.Get("Cache-Control") != "no-store" {
		t.Error(part.Header)
	}
	h.turn(30 * 24 * time.Hour)
	b.signIn("toan")
	page = b.get("/board").wants(h, 200, "tile-bad")
	if got := values(page.body); got["overdue"] != "2" || got["longest"] != "30" || got["received"] != "0" || got["on_time"] != "–" {
		t.Errorf("a month later: %v", got)
	}
	b.get("/board?lang=en").wants(h, 200, "For the hotline", "What is counted").lacks(h, "⟦")
	// Dark unless somebody has chosen otherwise.
	b.get("/board").wants(h, 200, `data-theme="dark"`)
	b.post("/giao-dien", "theme", "light", "back", "/board").wants(h, 303).to(h, "/board")
	b.get("/board").wants(h, 200, `data-theme="light"`)
}

func TestTheTelephoneOnTheBoard(t *testing.T) {
	phone := ui.PhoneBoard{Hearing: true, Waiting: 3, Longest: 70 * time.Second, Reached: 860, Of: 1040, Formula: 4, Target: 20 * time.Second}
	var exchange atomic.Pointer[ui.PhoneBoard] // nil: the telephone is off
	set := func() { now := phone; exchange.Store(&now) }
	set()
	h := newHouse(t, func(s *ui.Server) {
		s.PhoneBoard = func(context.Context) (ui.PhoneBoard, bool) {
			if now := exchange.Load(); now != nil {
				return *now, true
			}
			return ui.PhoneBoard{}, false
		}
	})
	b := h.browser().signIn("hang")
	page := b.get("/board").wants(h, 200, "83%", "20 giây · công thức 4", "lâu nhất 1 phút", "bỏ máy sau ngưỡng).", "nhận hôm nay: 0")
	if got := values(page.body); len(got) != 8 || got["callers"] != "3" || got["level"] != "83%" {
		t.Errorf("at most eight numbers: %v", got)
	}
	phone.Of, phone.Hearing, phone.Waiting = 0, false, 0
	set()
	page = b.get("/board").wants(h, 200, "mất tín hiệu")
	if got := values(page.body); got["level"] != "–" {
		t.Errorf("no call yet: %v", got)
	}
	phone.Reached, phone.Of = 999, 1000
	set()
	if got := values(b.get("/board").body); got["level"] != "99%" {
		t.Errorf("one of a thousand was late: %v", got)
	}
	exchange.Store(nil)
	if got := values(b.get("/board").body); len(got) != 7 || got["callers"] != "" {
		t.Errorf("the telephone is off: %v", got)
	}
}

func TestALinkOpensTheBoardUntilItIsRevoked(t *testing.T) {
	h := newHouse(t)
	admin := h.browser().signIn("admin")
	admin.get("/board/man-hinh").wants(h, 200, "Chưa có đường dẫn nào")
	admin.post("/board/man-hinh", "name", " ").wants(h, 422, "f-name")
	made := admin.post("/board/man-hinh", "name", "Tầng 2").wants(h, 201, "chỉ hiện một lần", "Tầng 2", "Đang dùng được")
	path := regexp.MustCompile(`/board/k/h1022_[A-Za-z0-9_-]+`).FindString(made.body)
	admin.get("/board/man-hinh").wants(h, 200, "Tầng 2").lacks(h, path)

	screen := h.browser()
	page := screen.get(path).wants(h, 200, "board-live", `data-theme="dark"`).lacks(h, "/console", "/board/man-hinh", "/dang-nhap")
	if page.Header.Get("Referrer-Policy") != "no-referrer" || page.Header.Get("Cache-Control") != "no-store" || page.Header.Get("X-Robots-Tag") == "" {
		t.Error(page.Header)
	}
	screen.get(path+"/so-lieu").wants(h, 200, "board-live")
	for _, elsewhere := range []string{"/board", "/board/so-lieu", "/console", "/console/truong-ca", "/admin"} {
		screen.get(elsewhere).wants(h, 303) // to the sign-in
	}
	key := strings.TrimPrefix(path, "/board/k/")
	for _, bad := range []string{path + "x", "/board/k/h1022_", "/board/k/x", path[:len(path)-1] + "/so-lieu"} {
		screen.get(bad).wants(h, 404, "không còn hiệu lực")
	}
	program, err := h.server.Accounts.NewToken(t.Context(), ticketing.Token{Name: "x", Scopes: ticketing.TokenScopes[:]}, "test")
	h.must(err)
	screen.get("/board/k/"+program).wants(h, 404)

	id := key[len("h1022_") : len("h1022_")+8]
	h.browser().signIn("toan").post("/board/man-hinh/"+id).wants(h, 403)
	programID := program[len("h1022_") : len("h1022_")+8]
	admin.post("/board/man-hinh/"+programID).wants(h, 404) // no way to end a program's key
	admin.post("/board/man-hinh/"+id).wants(h, 303).to(h, "/board/man-hinh?ok=revoked")
	screen.get(path).wants(h, 404, "không còn hiệu lực")
	screen.get(path+"/so-lieu").wants(h, 404)
	admin.get("/board/man-hinh?ok=revoked").wants(h, 200, "Đã thu hồi").lacks(h, "Đang dùng được")

	other := admin.post("/board/man-hinh", "name", "Sảnh").wants(h, 201)
	path = regexp.MustCompile(`/board/k/h1022_[A-Za-z0-9_-]+`).FindString(other.body)
	screen.get(path).wants(h, 200)
	h.turn(366 * 24 * time.Hour)
	screen.get(path).wants(h, 404)
}

func TestASpikeIsOnTheBoardAndInTheConsole(t *testing.T) {
	h := newHouse(t)
	h.turn(-100 * 24 * time.Hour)
	h.reported(ticketing.Incoming{}) // the office is older than eight weeks
	h.turn(100 * 24 * time.Hour)
	operator, officer := h.browser().signIn("hang"), h.browser().signIn("uyen")
	operator.get("/console").wants(h, 200, `id="spikes" hidden`)
	for range 8 {
		h.reported(ticketing.Incoming{Category: "moi-truong", Area: "4801"})
	}
	h.turn(time.Minute)
	h.must(h.desk.LookForSpikes(t.Context()))
	words := "nhiều phản ánh về Rác thải, môi trường tại Phường Hải Châu"
	operator.get("/board").wants(h, 200, "Rác thải, môi trường · Phường Hải Châu", "8 phản ánh trong 1 giờ qua", "thường 0")
	page := operator.get("/console").wants(h, 200, words, "data-say-words")
	if strings.Contains(page.body, `id="spikes" hidden`) {
		t.Error("the banner is hidden")
	}
	officer.get("/desk").wants(h, 200).lacks(h, words, `id="spikes"`)
	pulse, err := json.Marshal(h.server.LiveCounts(t.Context(), ui.Audience{Role: ticketing.Operator, Lang: "vi"}))
	if err != nil || !strings.Contains(string(pulse), "Phường Hải Châu") {
		t.Errorf("%s %v", pulse, err)
	}
	pulse, _ = json.Marshal(h.server.LiveCounts(t.Context(), ui.Audience{Role: ticketing.Officer, Agency: "so-xd", Lang: "vi"}))
	if strings.Contains(string(pulse), "spikes") {
		t.Errorf("an agency hears of it: %s", pulse)
	}
	h.turn(2 * time.Hour)
	h.must(h.desk.LookForSpikes(t.Context()))
	operator.signIn("hang")
	operator.get("/console").wants(h, 200, `id="spikes" hidden`).lacks(h, words)
	operator.get("/board").wants(h, 200).lacks(h, "8 phản ánh")
}

func TestTheBoardsLine(t *testing.T) {
	h := newHouse(t)
	h.reported(ticketing.Incoming{})
	vi, err := json.Marshal(h.server.LiveBoard(t.Context(), "vi"))
	h.must(err)
	var pulse struct{ Board string }
	h.must(json.Unmarshal(vi, &pulse))
	if got := values(pulse.Board); got["open"] != "1" || !strings.Contains(pulse.Board, `data-build="test-`) {
		t.Errorf("%s", vi)
	}
	h.must(h.store.Close())
	h.turn(time.Minute)
	if got := h.server.LiveBoard(t.Context(), "vi"); got != nil {
		t.Errorf("without a store it says %v", got)
	}
}
