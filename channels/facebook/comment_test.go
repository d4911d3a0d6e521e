package facebook

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"hotline1022/channels/simulator"
	"hotline1022/ticketing"
	"hotline1022/ticketing/text"
)

// commented is a comment's ticket; the person has not written in Messenger.
func (h *house) commented() (user, comment string, t ticketing.Ticket) {
	h.Helper()
	user = h.sim.Citizen("Lê Văn", "Cường")
	comment = h.sim.Comment(user, "111", "Bao giờ sửa đường?")
	h.settled()
	all := h.tickets()
	return user, comment, all[len(all)-1]
}

func (h *house) sentOut(code ticketing.Code, n int) ticketing.Delivery {
	h.Helper()
	t := h.until(code, func(t ticketing.Ticket) bool {
		return len(t.Sending) >= n && t.Sending[n-1].Settled()
	})
	return t.Sending[n-1]
}

func TestACommentIsATicketOfItsOwnAndIsAnsweredOnceInPrivate(t *testing.T) {
	h := newHouse(t, func(s *simulator.FacebookSettings) { s.Mood.Echo = true })
	h.work(h.courier().Run)
	user, comment, tk := h.commented()
	if tk.External != comment || tk.Subject == "" || len(tk.Sending) != 0 || tk.Unread != 1 {
		t.Errorf("%+v", tk)
	}
	for _, e := range h.events(tk.Code) {
		if strings.Contains(e.Key+e.Text+e.Subject, "Cường") || strings.Contains(e.Key, "55"+user) {
			t.Errorf("the writer is in the journal: %+v", e)
		}
	}
	people, err := h.desk.Vault.People(t.Context(), []ticketing.CitizenID{tk.Citizen})
	must(t, err)
	if got := people[tk.Citizen].Name; got != "Lê Văn Cường" {
		t.Errorf("known as %q", got)
	}
	second := h.sim.Comment(user, "112", "Chỗ khác nữa")
	h.settled()
	all := h.tickets()
	if len(all) != 2 || all[1].External != second || all[1].Citizen != tk.Citizen {
		t.Errorf("the second comment: %d tickets", len(all))
	}

	h.do(tk.Code, ticketing.Command{Verb: ticketing.AnswerIt, Text: "Sửa xong ngày 30/11.", Outcome: ticketing.Done})
	if d := h.sentOut(tk.Code, 1); d.State != ticketing.Delivered {
		t.Fatalf("%+v", d)
	}
	got := h.sim.Inbox(user)
	if len(got) != 1 || got[0].Comment != comment || !strings.Contains(got[0].Text, "Sửa xong ngày 30/11.") {
		t.Fatalf("%+v", got)
	}
	h.do(tk.Code, ticketing.Command{Verb: ticketing.Message, Text: "Thêm một tin"})
	if d := h.sentOut(tk.Code, 2); d.State != ticketing.Failed || !strings.Contains(d.Reason, "một lần") {
		t.Errorf("%+v", d)
	}
	h.sim.Say(user, "Cảm ơn") // now the conversation is open
	h.settled()
	h.do(tk.Code, ticketing.Command{Verb: ticketing.Message, Text: "Không có gì ạ"})
	if d := h.sentOut(tk.Code, 3); d.State != ticketing.Delivered {
		t.Errorf("%+v", d)
	}
	if texts := h.texts(user); !slices.Contains(texts, "Không có gì ạ") || slices.Contains(texts, "Thêm một tin") {
		t.Errorf("%q", texts)
	}
	if n := h.count(tk.Code, ticketing.Noted); n != 0 {
		t.Errorf("%d of our own messages are taken for a colleague's", n)
	}
}

func TestThePrivateReplyIsOneMessageWhateverIsToBeSaid(t *testing.T) {
	h := newHouse(t)
	for _, c := range []struct {
		text    string
		files   int
		choices int
		want    []string
	}{
		{"Ngắn gọn", 0, 0, []string{"Ngắn gọn"}},
		{"Có tệp", 2, 0, []string{"Có tệp\n2 tệp kèm theo xem tại https://1022.example.vn/t/"}},
		{"Chọn", 0, 2, []string{"Chọn\n1. Có\n2. Có"}},
		{strings.Repeat("Rất dài. ", 400), 1, 1, []string{"Rất dài. Rất dài", "…\nXem đầy đủ tại https://1022.example.vn/t/"}},
	} {
		user, _, tk := h.commented()
		m := ticketing.Outbound{To: commenter + "x", Ticket: tk.Code, N: 2, Try: 1, Text: c.text, Human: true, Heard: h.clock.Now()}
		for range c.files {
			m.Files = append(m.Files, ticketing.File{ID: "x", Name: "y"})
		}
		for range c.choices {
			m.Choices = append(m.Choices, ticketing.Choice{Label: "Có", Data: "d"})
		}
		_, err := h.ch.Send(t.Context(), m)
		must(t, err)
		got := h.texts(user)
		if len(got) != 1 || text.Units(got[0]) > maxText {
			t.Fatalf("%d messages, %d long", len(got), text.Units(got[0]))
		}
		for _, want := range c.want {
			if !strings.Contains(got[0], want) {
				t.Errorf("%q lacks %q", got[0], want)
			}
		}
	}
}

func TestWhenAPrivateReplyIsRefused(t *testing.T) {
	h := newHouse(t)
	send := func(tk ticketing.Ticket, heard time.Time) error {
		_, err := h.ch.Send(t.Context(), ticketing.Outbound{To: commenter + "x", Ticket: tk.Code, N: 2, Try: 1, Text: "x", Human: true, Heard: heard})
		return err
	}
	refused := func(what, want string, err error) {
		t.Helper()
		if !errors.Is(err, ticketing.ErrRefused) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", what, err)
		}
	}
	_, comment, tk := h.commented()
	h.sim.Commented(comment, "remove", nil)
	h.settled()
	refused("a removed comment", "100", send(tk, h.clock.Now()))
	_, _, tk = h.commented()
	h.sim.Fail(simulator.FacebookFault{Path: "/messages", Code: 10900})
	refused("somebody was first", "một lần", send(tk, h.clock.Now()))
	refused("too old", "7 ngày", send(tk, h.clock.Now().Add(-8*day)))
	h.citizen()
	all := h.tickets()
	refused("no comment", "không gắn với", send(all[len(all)-1], h.clock.Now()))
}

// An answer that was lost: the echo, or Facebook itself, keeps the reply from coming twice.
func TestALostAnswerToAPrivateReply(t *testing.T) {
	for _, mute := range []bool{false, true} {
		h := newHouse(t, func(s *simulator.FacebookSettings) { s.Mood.Echo = true })
		user, _, tk := h.commented()
		m := ticketing.Outbound{To: commenter + "x", Ticket: tk.Code, N: 2, Try: 1, Text: "x", Human: true, Heard: h.clock.Now()}
		h.sim.Fail(simulator.FacebookFault{Path: "/messages", Drop: true, Done: true, Mute: mute})
		if _, err := h.ch.Send(t.Context(), m); !isUnsure(err) {
			t.Fatalf("%v", err)
		}
		m.Try = 2
		receipt, err := h.process(h.store).Send(t.Context(), m)
		inbox := h.sim.Inbox(user)
		if len(inbox) != 1 {
			t.Fatalf("%d messages", len(inbox))
		}
		if mute && !errors.Is(err, ticketing.ErrRefused) || !mute && (err != nil || receipt != inbox[0].ID) {
			t.Errorf("without an echo %v: %q %v", mute, receipt, err)
		}
	}
}

// The courier that could not write down that the reply went asks again.
func TestAReplyThatIsKnownToHaveGoneGoesNoMore(t *testing.T) {
	h := newHouse(t)
	user, _, tk := h.commented()
	m := ticketing.Outbound{To: commenter + "x", Ticket: tk.Code, N: 2, Try: 1, Text: "x", Human: true, Heard: h.clock.Now()}
	first, err := h.ch.Send(t.Context(), m)
	must(t, err)
	again, err := h.ch.Send(t.Context(), m)
	if err != nil || again != first || len(h.texts(user)) != 1 {
		t.Errorf("%q, then %q %v, %d messages", first, again, err, len(h.texts(user)))
	}
}

func TestWhatBecomesOfACommentIsOnItsTicket(t *testing.T) {
	h := newHouse(t)
	_, comment, tk := h.commented()
	for i, c := range []struct {
		verb, said string
		kind       ticketing.EventKind
	}{
		{"edited", "Bao giờ mới sửa?", ticketing.Said},
		{"edit", "Bao giờ mới sửa xong?", ticketing.Said},
		{"hide", "bị ẩn", ticketing.Noted},
		{"unhide", "hiện lại", ticketing.Noted},
		{"remove", "bị xóa", ticketing.Noted},
	} {
		for range 2 { // each comes twice
			h.sim.Commented(comment, c.verb, map[string]any{"message": c.said})
			h.settled()
		}
		e := h.last(tk.Code)
		if e.N != i+2 || e.Kind != c.kind || !strings.Contains(e.Text, c.said) || e.By.Role.Staff() {
			t.Errorf("%s: %+v", c.verb, e)
		}
	}
	if n := len(h.tickets()); n != 1 {
		t.Errorf("%d tickets", n)
	}
	h.do(tk.Code, ticketing.Command{Verb: ticketing.Close, Outcome: ticketing.InvalidMatter, Reason: "thử"})
	for range 2 {
		h.sim.Commented(comment, "edited", map[string]any{"message": "Sau khi đóng"})
		h.settled()
	}
	if e := h.last(tk.Code); e.Kind != ticketing.Noted || !strings.Contains(e.Text, "Sau khi đóng") || h.only().Status != ticketing.Closed || h.count(tk.Code, ticketing.Noted) != 4 {
		t.Errorf("%+v", e)
	}
}

func TestACorrectionThatComesFirstIsTheComment(t *testing.T) {
	h := newHouse(t)
	value := func(verb, text string) string {
		return simulator.FacebookJSON(map[string]any{"object": "page", "entry": []any{map[string]any{"id": pageID, "time": 1, "changes": []any{map[string]any{
			"field": "feed", "value": map[string]any{"item": "comment", "verb": verb, "comment_id": "1_2", "created_time": 5, "message": text},
		}}}}})
	}
	for _, raw := range []string{value("edited", "mới"), value("add", "cũ")} {
		if got := h.sim.Deliver(raw, sign(raw)); got != 200 {
			t.Fatal(got)
		}
	}
	if tk := h.only(); tk.Text != "mới" || len(h.events(tk.Code)) != 1 {
		t.Errorf("%q, %d events", tk.Text, len(h.events(tk.Code)))
	}
}

func TestCommentsAndConversationsDoNotMix(t *testing.T) {
	h := newHouse(t)
	user := h.citizen()
	h.sim.Comment(user, "111", "Bình luận")
	h.settled()
	h.sim.Say(user, "Tin nữa")
	h.settled()
	all := h.tickets()
	if len(all) != 2 || all[0].Messages != 2 || all[1].Messages != 1 || all[0].Citizen == all[1].Citizen {
		t.Errorf("%s", fmt.Sprint(len(all), all))
	}
}
