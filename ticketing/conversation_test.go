package ticketing_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"hotline1022/ticketing"
	"hotline1022/ticketing/text"
	"hotline1022/ticketing/words"
)

// chatter is a citizen who chats.
type chatter struct {
	*postOffice
	id string
	n  int
}

func (o *postOffice) chatter(id string) *chatter { return &chatter{postOffice: o, id: id} }

// writes is a message of hers.
func (c *chatter) writes(text string, more ...func(*ticketing.Incoming)) ticketing.Receipt {
	c.Helper()
	c.n++
	in := ticketing.Incoming{
		Key: fmt.Sprintf("zalo:%s:%d", c.id, c.n), Channel: ticketing.Zalo, From: ticketing.Contact{Channel: ticketing.Zalo, ID: c.id}, Text: text,
	}
	for _, m := range more {
		m(&in)
	}
	r, err := c.desk.Receive(c.Context(), ticketing.Actor{ID: "zalo", Role: ticketing.Citizen}, in)
	c.must(err)
	c.advance(time.Second)
	return r
}

// taps is a button of the hotline's own.
func (c *chatter) taps(data, label string) ticketing.Receipt {
	c.Helper()
	return c.writes(label, func(in *ticketing.Incoming) { in.Choice = data })
}

func (o *postOffice) does(code ticketing.Code, cmd ticketing.Command) ticketing.Ticket {
	o.Helper()
	t, err := o.desk.Do(o.Context(), operator, code, cmd)
	o.must(err)
	o.advance(time.Second)
	return t
}

func (o *postOffice) answers(code ticketing.Code, text string) ticketing.Ticket {
	o.Helper()
	return o.does(code, ticketing.Command{Verb: ticketing.AnswerIt, Text: text, Outcome: ticketing.Done})
}

func (o *postOffice) tickets() int {
	o.Helper()
	n, err := o.desk.Count(o.Context(), operator, ticketing.Filter{})
	o.must(err)
	return n
}

func out(r ticketing.Receipt) string {
	if r.Event.Out == nil {
		return ""
	}
	return r.Event.Out.Text
}

func vi(key string, args ...any) string { return words.T(words.Vietnamese, key, args...) }

var thanking = []string{
	"cảm ơn", "Cảm ơn ạ", "cám ơn nhiều", "CẢM ƠN TỔNG ĐÀI", "cam on", "cam on nhieu nhe", "Cam on anh chi a", "Em cảm ơn ạ", "ok cảm ơn", "ok em cảm ơn nha",
	"Dạ em cảm ơn anh chị nhiều ạ", "Dạ vâng, cảm ơn ạ!", "Xin chân thành cảm ơn", "Xin cảm ơn quý cơ quan đã giải quyết", "cảm ơn tổng đài 1022 đã hỗ trợ",
	"Cảm ơn đã trả lời", "cảm ơn đã xử lý nhanh", "Cảm ơn cô chú cán bộ ạ", "tks", "Thanks", "thank you", "Thank you so much!", "thks ad", "cmon ad nha", "camon",
	"cảm ơnnnn", "cảm ơn <3", "cảm ơn :)", "cảm ơn 🙏", "👍", "👍👍👍", "👍🏽", "❤️", "❤❤❤", "🌹🌹", "👏👏", "tuyệt vời", "Tuyệt vời 👍", "rất hài lòng", "tri ân",
	"ok", "Ok ạ", "oke", "OKIE ad", "okkkk", "vâng", "vâng ạ", "dạ", "dạ vâng ạ", "da vang a", "ừ", "rõ rồi ạ", "em hiểu rồi", "đã nhận được", "Được rồi ạ", "duoc roi a", "👌",
	"cãm ơn nhiều nha", "con cảm ơn cô chú", "Bà con chúng tôi cảm ơn tổng đài", "Gia đình cảm ơn rất nhiều", "Cảm ơn sự giúp đỡ, trân trọng!", "ca\u0309m o\u031bn a\u0323",
}

var mattering = []string{
	"cảm ơn nhưng đèn vẫn hỏng", "Cảm ơn, nhưng đến nay vẫn chưa ai đến", "cảm ơn anh, bao giờ xong", "cảm ơn?", "ok nhưng mai có làm không", "ok?", "ok. khi nào sửa", "không cảm ơn",
	"Không được đâu", "chưa xong", "chua xong, cam on", "vẫn chưa sáng", "van con toi", "con toi nha cam on", "ban lam a cam on", "cấm ồn ạ", "cảm ơn 😡", "cảm ơn :(", "👎", "🙏", "😡", "🤬",
	"cảm ơn 0905123182", "cảm ơn, số tôi 0905 123 182", "cảm ơn đã xử lý nhưng sai chỗ", "cảm ơn, còn hẻm bên cạnh thì sao", "cảm ơn. Đường Lê Lợi cũng bị", "ok vậy mai tôi gọi lại",
	"vâng nhưng mà", "dạ chưa ạ", "dạ không", "ừ thì sao", "giúp em với ạ 🙏", "nhanh nhé cảm ơn", "làm nhanh giúp em, cảm ơn", "cảm ơn, nhờ kiểm tra lại", "đề nghị xử lý, xin cảm ơn",
	"Đường hỏng, xin cảm ơn", "cảm ơn cái gì", "cảm ơn các anh đã không làm gì", "cảm ơn, hẹn mãi", "cảm ơn tổng đài 113", "ok 3 ngày rồi", "ok lại hỏng rồi", "được rồi lại mất", "hỏng tiếp rồi ạ",
	"tuyệt vời quá ha, nói mà không làm", "rất không hài lòng", "không hài lòng", "chưa hài lòng", "hài lòng gì", "thanks but it is still broken", "thank you, when", "no thanks", "ok nước lại đục",
	"cảm ơn, cho hỏi thêm", "cảm ơn cho em hỏi thủ tục", "em muốn phản ánh", "tôi cần gặp lãnh đạo", "rõ ràng là sai", "đã nhận hối lộ", "đã nhận được nhưng thiếu", "đã biết rồi còn hỏi", "cảm ơn ạ đèn số 12",
	"Cảm ơn. " + strings.Repeat("cảm ơn nhiều ", 12), "1", "ok1", "x", "…", "lỗi", "sai", "dạ đá rơi xuống đường", "vắng quá không ai làm", "da roi xuong duong a",
}

func TestThanksAfterAnAnswerOpenNothingAndAMatterAlwaysDoes(t *testing.T) {
	if n := len(thanking) + len(mattering); n < 120 {
		t.Fatalf("%d examples", n)
	}
	for _, closed := range []bool{false, true} {
		o := newPostOffice(t)
		for i, s := range append(slices.Clone(thanking), mattering...) {
			c := o.chatter(fmt.Sprint("u", i))
			first := c.writes("Đèn đường trước nhà số 12 Lê Lợi tắt")
			o.answers(first.Ticket.Code, "Đội điện đã thay bóng.")
			if closed {
				o.does(first.Ticket.Code, ticketing.Command{Verb: ticketing.Close})
			}
			r := c.writes(s)
			tk := o.ticket(first.Ticket.Code)
			thanks := i < len(thanking)
			switch {
			case thanks && (r.Ticket.Code != first.Ticket.Code || tk.Unread > 0 || r.Event.Rule == "" || r.Event.Text != text.NFC(s) || r.Event.Out != nil):
				t.Errorf("closed %v: %q opens something: %+v", closed, s, r.Event)
			case thanks && (tk.Status != map[bool]ticketing.Status{false: ticketing.Answered, true: ticketing.Closed}[closed] || tk.Reopened > 0):
				t.Errorf("closed %v: %q moves the ticket to %s", closed, s, tk.Status)
			case !thanks && !closed && (r.Ticket.Code != first.Ticket.Code || tk.Unread != 1 || r.Event.Rule != ""):
				t.Errorf("%q is swallowed: %+v", s, r.Event)
			case !thanks && closed && (r.Ticket.Code == first.Ticket.Code || r.Ticket.Status != ticketing.New || r.Ticket.Unread != 1):
				t.Errorf("after the end %q opens nothing: %+v", s, r.Event)
			}
		}
	}
}

func TestAssentToAQuestionIsRead(t *testing.T) {
	o := newPostOffice(t)
	ask := func(id string, then func(code ticketing.Code), says string) ticketing.Receipt {
		c := o.chatter(id)
		r := c.writes("Đèn đường trước nhà số 12 Lê Lợi tắt")
		then(r.Ticket.Code)
		return c.writes(says)
	}
	asking := func(code ticketing.Code) { o.answers(code, "Đã thay bóng. Bạn xem đã sáng chưa?") }
	messaged := func(code ticketing.Code) {
		o.answers(code, "Đã thay bóng.")
		o.does(code, ticketing.Command{Verb: ticketing.Message, Text: "Chiều nay thợ ghé nhà nhé"})
	}
	for _, c := range []struct {
		id, says string
		then     func(ticketing.Code)
		rule     string
	}{
		{"a", "vâng ạ", asking, ""}, {"b", "cảm ơn ạ", asking, "cam-on"}, {"c", "ok", messaged, ""}, {"d", "cảm ơn", messaged, "cam-on"},
		{"e", "ok", func(code ticketing.Code) { o.answers(code, "Đã thay bóng.") }, "vang-a"},
		{"f", "ok ạ", func(code ticketing.Code) {}, ""}, // no answer yet: somebody reads it
		{"g", "cảm ơn", func(code ticketing.Code) {}, ""},
		{"h", "cảm ơn", func(code ticketing.Code) {
			o.does(code, ticketing.Command{Verb: ticketing.Ask, Text: "Số trụ?"})
		}, ""},
	} {
		if r := ask(c.id, c.then, c.says); r.Event.Rule != c.rule || (r.Ticket.Unread == 0) != (c.rule != "") {
			t.Errorf("%s: %q goes by rule %q, unread %d", c.id, c.says, r.Event.Rule, r.Ticket.Unread)
		}
	}
	if r := ask("i", func(code ticketing.Code) {
		o.answers(code, "Đã thay bóng.")
		o.does(code, ticketing.Command{Verb: ticketing.Close})
		o.advance(40 * 24 * time.Hour)
	}, "cảm ơn"); r.Ticket.Kind != ticketing.Lobby || !strings.Contains(out(r), "Xin chào") {
		t.Errorf("thanks long after the end: %+v", r.Event)
	}
	photo := o.chatter("j")
	r := photo.writes("Đèn tắt")
	o.answers(r.Ticket.Code, "Đã thay.")
	if r := photo.writes("ok", func(in *ticketing.Incoming) { in.Fetch = []ticketing.Fetch{{Address: "a"}} }); r.Event.Rule != "" || r.Ticket.Unread != 1 {
		t.Error("a photograph with thanks is not thanks alone")
	}
}

func TestWhatIsRecognisedIsASetting(t *testing.T) {
	o := newPostOffice(t)
	saved := func(id string, version int, doc string) {
		_, err := o.desk.SaveSetting(t.Context(), administrator, "saying", id, version, []byte(doc))
		o.must(err)
	}
	saved("xong", 0, `{"id":"xong","name":"Xong","does":"thanks","says":["xong phim"],"longest":12}`)
	saved("cam-on", 1, `{"id":"cam-on","name":"Cảm ơn","does":"thanks","says":["cảm ơn"],"off":true}`)
	for id, c := range map[string]struct{ says, rule string }{"a": {"Xong phim!", "xong"}, "b": {"xong phim xong phim", ""}, "c": {"cảm ơn", ""}, "d": {"ok ạ", "vang-a"}} {
		u := o.chatter(id)
		r := u.writes("Đèn tắt")
		o.answers(r.Ticket.Code, "Đã thay bóng.")
		if r := u.writes(c.says); r.Event.Rule != c.rule {
			t.Errorf("%q goes by %q", c.says, r.Event.Rule)
		}
	}
	rs, err := o.desk.Settings(t.Context(), administrator, "saying")
	o.must(err)
	if len(rs) != 6 {
		t.Errorf("%d rules are kept after the first change", len(rs))
	}
	for doc, field := range map[string]string{
		`{"id":"x","name":"X","does":"thanks"}`:                           "says",
		`{"id":"x","name":"X","does":"zz","says":["a"]}`:                  "does",
		`{"id":"x","name":"X","does":"menu","says":["!!"]}`:               "says",
		`{"id":"x","name":"X","does":"menu","says":["a"],"with":["…"]}`:   "with",
		`{"id":"x","name":"X","does":"menu","says":["a"],"longest":1000}`: "longest",
		`{"id":"x","does":"menu","says":["a"]}`:                           "name",
	} {
		_, err := o.desk.SaveSetting(t.Context(), administrator, "saying", "x", 0, []byte(doc))
		var e *ticketing.Error
		if !errors.As(err, &e) || e.Field != field {
			t.Errorf("%s: %v", doc, err)
		}
	}
	_, err = o.desk.SaveSetting(t.Context(), administrator, "chat", "x", 0, []byte(`{"id":"x","name":"X","channel":"phone"}`))
	if ticketing.ClassOf(err) != ticketing.Invalid {
		t.Errorf("a telephone chats: %v", err)
	}
	_, err = o.desk.SaveSetting(t.Context(), administrator, "chat", "x", 0, []byte(`{"id":"x","name":"X"}`))
	if ticketing.ClassOf(err) != ticketing.Invalid {
		t.Errorf("two rules for one door: %v", err)
	}
}

func TestAGreetingIsAnsweredWithAMenuAndIsNoTicket(t *testing.T) {
	o := newPostOffice(t)
	for i, s := range []string{"xin chào", "Xin chào tổng đài ạ", "/start", "/start abc-123", "hi", "Hello ad", "alo", "alo?", "chào anh chị", "chao ad", "menu", "trợ giúp", "tro giup", "Help", "cho em hỏi chút ạ", "Tổng đài ơi", "👋", "cảm ơn", "ok"} {
		c := o.chatter(fmt.Sprint("u", i))
		r := c.writes(s)
		if r.Ticket.Kind != ticketing.Lobby || r.Event.Kind != ticketing.Chatted || len(r.Event.Out.Choices) != 4 || !strings.Contains(out(r), "Tổng đài 1022") {
			t.Fatalf("%q: %+v", s, r.Event)
		}
		for _, choice := range r.Event.Out.Choices {
			if n := len([]rune(choice.Label)); n > 20 || len(choice.Data) > 64 {
				t.Errorf("%+v does not fit a button", choice)
			}
		}
		c.n--
		if again := c.writes(s); !again.Repeated || again.Event.Seq != r.Event.Seq {
			t.Errorf("%q, repeated: %+v", s, again)
		}
	}
	for i, s := range []string{"hi đèn đường hỏng", "alo đường ngập", "chào, tôi muốn phản ánh rác", "menu quán ăn bẩn", "gặp cướp", "/start đèn hỏng", "cho em hỏi thủ tục khai sinh", "bắt đầu xây trái phép"} {
		if r := o.chatter(fmt.Sprint("m", i)).writes(s); r.Event.Kind != ticketing.Received || r.Ticket.Status != ticketing.New {
			t.Errorf("%q is swallowed: %+v", s, r.Event)
		}
	}
	if n := o.tickets(); n != 8 {
		t.Errorf("the operator sees %d tickets", n)
	}
	// Nobody finds a lobby, no figure counts it, and it is made again from its events.
	lobby := o.chatter("u0").writes("menu").Ticket
	if _, err := o.desk.Ticket(t.Context(), supervisor, lobby.Code); ticketing.ClassOf(err) != ticketing.NotFound {
		t.Errorf("seen: %v", err)
	}
	if _, _, err := o.desk.Held(t.Context(), lobby.Code); ticketing.ClassOf(err) != ticketing.NotFound {
		t.Errorf("held: %v", err)
	}
	for _, by := range []ticketing.Actor{operator, supervisor, moderator, auditor, administrator, officer, {Role: ticketing.Program, Scopes: ticketing.TokenScopes[:]}} {
		if by.Sees(lobby) {
			t.Errorf("a %s sees a lobby", by.Role)
		}
	}
	cells, err := o.desk.Store.Tally(t.Context(), ticketing.TallyQuery{From: "2000-01-01", To: "2100-01-01", Now: o.Now()})
	o.must(err)
	if len(cells) != 1 || cells[0].Counts.Received != 8 {
		t.Errorf("figures: %+v", cells)
	}
	differs, err := o.desk.Store.Replay(t.Context(), true, nil)
	o.must(err)
	wrong, err := o.desk.Store.Verify(t.Context(), nil)
	o.must(err)
	if len(differs)+len(wrong) > 0 {
		t.Errorf("replay %v, verify %v", differs, wrong)
	}
	s := &script{calls: make(chan struct{}, 1000)}
	o.run(s, lobby.Code, settled)
	if n := slices.IndexFunc(s.taken, func(m string) bool { return strings.HasPrefix(m, "Xin chào, đây là Tổng đài 1022") }); n < 0 {
		t.Errorf("nothing was sent: %q", s.taken)
	}
}

func TestAGreetingToWhoHasATicketGoesToIt(t *testing.T) {
	o := newPostOffice(t)
	c := o.chatter("u")
	first := c.writes("Đèn tắt ở số 12 Lê Lợi")
	if r := c.writes("alo"); r.Ticket.Code != first.Ticket.Code || r.Event.Rule != "" || r.Ticket.Unread != 2 {
		t.Errorf("somebody who waits and calls is not heard: %+v", r.Event)
	}
	if r := c.writes("/start"); r.Ticket.Code != first.Ticket.Code || r.Event.Rule != "chao" || r.Ticket.Unread != 2 {
		t.Errorf("a button of the platform: %+v", r.Event)
	}
	if r := c.writes("menu"); r.Ticket.Code != first.Ticket.Code || r.Event.Rule != "menu" || r.Ticket.Unread != 2 || len(r.Event.Out.Choices) != 4 {
		t.Errorf("menu: %+v", r.Event)
	}
	o.does(first.Ticket.Code, ticketing.Command{Verb: ticketing.Ask, Text: "Số trụ?"})
	if r := c.writes("menu"); r.Ticket.Status != ticketing.Waiting || r.Event.Rule != "menu" {
		t.Errorf("a menu is no answer to a question: %s", r.Ticket.Status)
	}
	if r := c.writes("trụ 42"); r.Ticket.Status != ticketing.New {
		t.Errorf("the answer is: %s", r.Ticket.Status)
	}
	o.answers(first.Ticket.Code, "Đã thay.")
	if r := c.writes("xin chào"); r.Ticket.Code != first.Ticket.Code || r.Event.Rule != "chao" || len(r.Event.Out.Choices) != 4 || r.Ticket.Unread != 0 {
		t.Errorf("after the answer: %+v", r.Event)
	}
}

func TestTheMenu(t *testing.T) {
	o := newPostOffice(t)
	for i, c := range []struct {
		choose func(*chatter) ticketing.Receipt
		says   string
		kind   ticketing.Kind
	}{
		{func(c *chatter) ticketing.Receipt { return c.taps("menu:report", "Gửi phản ánh") }, "chat.report", ticketing.Report},
		{func(c *chatter) ticketing.Receipt { return c.writes("gửi phản ánh") }, "chat.report", ticketing.Report},
		{func(c *chatter) ticketing.Receipt { return c.writes("1") }, "chat.report", ticketing.Report},
		{func(c *chatter) ticketing.Receipt { return c.taps("menu:procedure", "Hỏi thủ tục") }, "chat.procedure", ticketing.Question},
		{func(c *chatter) ticketing.Receipt { return c.writes("2") }, "chat.procedure", ticketing.Question},
		{func(c *chatter) ticketing.Receipt { return c.writes("3") }, "chat.code", ticketing.Other},
	} {
		u := o.chatter(fmt.Sprint("u", i))
		u.writes("hi")
		if r := c.choose(u); r.Ticket.Kind != ticketing.Lobby || out(r) != vi(c.says) {
			t.Errorf("%d: %q", i, out(r))
		}
		if r := u.writes("Đèn đường trước chợ bị tắt, cần làm gì"); r.Ticket.Kind != c.kind || r.Event.Kind != ticketing.Received {
			t.Errorf("%d: the next message is a %s", i, r.Ticket.Kind)
		}
	}
	for i, person := range []func(*chatter) ticketing.Receipt{
		func(c *chatter) ticketing.Receipt { return c.writes("4") },
		func(c *chatter) ticketing.Receipt { return c.taps("menu:person", "Gặp tổng đài viên") },
		func(c *chatter) ticketing.Receipt { return c.writes("cho tôi gặp người trực ạ") },
	} {
		u := o.chatter(fmt.Sprint("p", i))
		u.writes("hi")
		r := person(u)
		if r.Event.Kind != ticketing.Received || r.Ticket.Unread != 1 || !strings.Contains(out(r), vi("chat.person")) || !strings.Contains(out(r), text.ShowCode(string(r.Ticket.Code))) {
			t.Errorf("%d: who wants a person gets %+v", i, r.Event)
		}
		o.must(o.desk.CarryOnce(t.Context()))
		if tk := o.ticket(r.Ticket.Code); tk.Version != 1 {
			t.Errorf("%d: a machine asks who wanted a person", i)
		}
	}
	// A number belongs to what was said last.
	u := o.chatter("n")
	u.writes("hi")
	u.writes("đường ngập trước số 5 Lê Lợi")
	if r := u.writes("1"); r.Event.Kind != ticketing.Said || r.Event.Rule != "" || r.Event.Out != nil {
		t.Errorf("a stale number chooses: %+v", r.Event)
	}
	// A button that is not ours is a message with its label.
	if r := u.taps("survey:5", "Rất tốt nhưng chậm"); r.Event.Field != "survey:5" || r.Ticket.Unread != 3 {
		t.Errorf("%+v", r.Event)
	}
}

func TestMenuAndGuideCanBeSwitchedOff(t *testing.T) {
	o := newPostOffice(t)
	_, err := o.desk.SaveSetting(t.Context(), administrator, "chat", "zalo", 0, []byte(`{"id":"zalo","name":"Zalo","channel":"zalo"}`))
	o.must(err)
	r := o.chatter("u").writes("xin chào")
	o.must(o.desk.CarryOnce(t.Context()))
	if tk := o.ticket(r.Ticket.Code); r.Event.Kind != ticketing.Received || tk.Version != 1 {
		t.Errorf("%+v", tk)
	}
	other := o.chatter("u").writes("xin chào", func(in *ticketing.Incoming) {
		in.Channel, in.Key, in.From.Channel = ticketing.Telegram, "t", ticketing.Telegram
	})
	if other.Event.Kind != ticketing.Chatted {
		t.Error("the other doors are switched off too")
	}
}

func TestTwoMachinesThatGreetEachOtherComeToAnEnd(t *testing.T) {
	o := newPostOffice(t)
	c := o.chatter("bot")
	answered := 0
	for range 40 {
		if r := c.writes("hello"); r.Event.Out != nil {
			answered++
		}
	}
	if answered != 20 {
		t.Errorf("%d answers", answered)
	}
	o.advance(11 * time.Minute)
	if r := c.writes("hello"); r.Event.Out == nil {
		t.Error("never again")
	}
}

// A platform's window is open from what she said in the lobby too.
func TestTheLobbysMessagesGoWithTheTimeSheWrote(t *testing.T) {
	o := newPostOffice(t)
	wrote := o.Now().UTC()
	r := o.chatter("u").writes("hi")
	got := make(chan ticketing.Outbound, 1)
	stop := couriers(t, o.desk, map[ticketing.Channel]ticketing.Sender{ticketing.Zalo: catching(got)})
	defer stop()
	select {
	case m := <-got:
		if !m.Heard.Equal(wrote) || len(m.Choices) != 4 || m.Human || m.Ticket != r.Ticket.Code || m.To != "u" {
			t.Errorf("%+v", m)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("nothing was sent")
	}
}

type catching chan ticketing.Outbound

func (c catching) Send(_ context.Context, m ticketing.Outbound) (string, error) {
	c <- m
	return "r", nil
}

// Two processes take the same first message, and different ones, at once.
func TestTheLobbyOfTwoProcesses(t *testing.T) {
	o := newPostOffice(t)
	desks := []*ticketing.Desk{o.desk, deskOf(o)}
	done := make(chan error, 40)
	for i := range 40 {
		go func() {
			_, err := desks[i%2].Receive(context.Background(), citizen, ticketing.Incoming{
				Key: fmt.Sprint("k", i/2), Channel: ticketing.Zalo, From: ticketing.Contact{Channel: ticketing.Zalo, ID: "u"}, Text: "hi",
			})
			done <- err
		}()
	}
	for range 40 {
		o.must(<-done)
	}
	events, err := o.desk.Store.Since(t.Context(), 0, 256)
	o.must(err)
	if len(events) != 20 || o.tickets() != 0 {
		t.Errorf("%d events, %d tickets", len(events), o.tickets())
	}
}

// deskOf is a second process's desk on the same store.
func deskOf(o *postOffice) *ticketing.Desk {
	d := o.desk
	return &ticketing.Desk{Store: d.Store, Vault: d.Vault, Files: d.Files, Catalog: d.Catalog, Now: d.Now, Log: d.Log, BaseURL: d.BaseURL}
}
