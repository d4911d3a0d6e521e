package facebook

import (
	"strings"
	"testing"

	"hotline1022/channels/simulator"
	"hotline1022/ticketing"
)

// What a visitor writes on the page is a ticket like a comment: answered once in private, its edits and end noted.
func TestAVisitorsPostIsATicketAndIsAnsweredInPrivate(t *testing.T) {
	h := newHouse(t, func(s *simulator.FacebookSettings) { s.Mood.Echo = true })
	h.work(h.courier().Run)
	user := h.sim.Citizen("Lê Văn", "Cường")
	post := h.sim.WritePost(user, "status", "Cầu hỏng lan can", nil)
	h.settled()
	tk := h.only()
	if tk.External != posted+post || tk.Subject != "Bài viết của người dân trên Trang Facebook" || len(tk.Sending) != 0 {
		t.Errorf("%+v", tk)
	}
	if e := h.events(tk.Code)[0]; e.Key != "facebook:"+pageID+":post:"+post+":add" || strings.Contains(e.Key+e.Text, "55"+user) {
		t.Errorf("%+v", e)
	}
	h.sim.Commented(post, "add", map[string]any{"message": "Cầu hỏng lan can", "item": "photo", "link": "https://a.fbcdn.net/1.jpg"})
	h.settled() // Facebook may tell of one post as what it says and as what it shows
	if len(h.events(h.only().Code)) != 1 {
		t.Error("one post twice")
	}
	h.do(tk.Code, ticketing.Command{Verb: ticketing.AnswerIt, Text: "Sửa trong tuần này.", Outcome: ticketing.Done})
	if d := h.sentOut(tk.Code, 1); d.State != ticketing.Delivered {
		t.Fatalf("%+v", d)
	}
	got := h.sim.Inbox(user)
	if len(got) != 1 || got[0].Comment != post || !strings.Contains(got[0].Text, "Sửa trong tuần này.") {
		t.Fatalf("%+v", got)
	}
	h.do(tk.Code, ticketing.Command{Verb: ticketing.Message, Text: "Thêm một tin"})
	if d := h.sentOut(tk.Code, 2); d.State != ticketing.Failed || !strings.Contains(d.Reason, "một lần") {
		t.Errorf("%+v", d)
	}
}

func TestWhatBecomesOfAPostIsOnItsTicket(t *testing.T) {
	h := newHouse(t)
	user := h.sim.Citizen("Lê Văn", "Cường")
	post := h.sim.WritePost(user, "status", "Cầu hỏng", nil)
	h.settled()
	code := h.only().Code
	comment := h.sim.Comment(user, post, "Ai sửa?") // under it, which is a ticket of its own
	h.settled()
	for i, c := range []struct {
		verb, said, want string
		kind             ticketing.EventKind
	}{
		{"edited", "Cầu hỏng lan can", "[Đã sửa bài viết]\nCầu hỏng lan can", ticketing.Said},
		{"hide", "", "Bài viết này đã bị ẩn", ticketing.Noted},
		{"unhide", "", "Bài viết này đã được hiện lại", ticketing.Noted},
		{"remove", "", "Bài viết này đã bị xóa", ticketing.Noted},
	} {
		for range 2 { // each comes twice
			h.sim.Commented(post, c.verb, map[string]any{"message": c.said})
			h.settled()
		}
		if e := h.last(code); e.N != i+2 || e.Kind != c.kind || !strings.Contains(e.Text, c.want) {
			t.Errorf("%s: %+v", c.verb, e)
		}
	}
	all := h.tickets()
	for _, tk := range all {
		if tk.Code != code && (tk.External != comment || len(h.events(tk.Code)) != 1) {
			t.Errorf("%+v", tk)
		}
	}
	if len(all) != 2 || all[0].Citizen != all[1].Citizen {
		t.Errorf("%d tickets", len(all))
	}
	for _, raw := range []string{
		`{"item":"status","verb":"add","from":{"id":"` + pageID + `"},"post_id":"1_2","message":"Thông báo"}`,
		`{"item":"status","verb":"edited","from":{"id":"` + pageID + `"},"post_id":"1_2","message":"Thông báo"}`,
		`{"item":"status","verb":"remove","from":{"id":"` + pageID + `"},"post_id":"1_2"}`,
		`{"item":"status","verb":"add","from":{"id":"3"},"message":"không có số"}`,
		`{"item":"reaction","verb":"add","from":{"id":"3"},"post_id":"1_2"}`,
		`{"item":"album","verb":"add","from":{"id":"3"},"post_id":"1_2"}`,
	} {
		raw = `{"object":"page","entry":[{"id":"` + pageID + `","changes":[{"field":"feed","value":` + raw + `}]}]}`
		if got := h.sim.Deliver(raw, sign(raw)); got != 200 {
			t.Errorf("%s: %d", raw, got)
		}
	}
	c := h.ch.Health().Counts
	if len(h.tickets()) != 2 || c["ignored own post"] != 2 || c["unreadable"] != 1 || c["ignored other change"] != 2 {
		t.Errorf("%d tickets, %v", len(h.tickets()), c)
	}
}
