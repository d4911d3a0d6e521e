package ticketing_test

import (
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

func TestACodeIsAnsweredWithTheTicketsState(t *testing.T) {
	o := newPostOffice(t)
	web, err := o.desk.Receive(t.Context(), citizen, ticketing.Incoming{Channel: ticketing.Web, Text: "Cây đổ", Name: "An", Phone: "0905123182"})
	o.must(err)
	code := web.Ticket.Code
	for i, typed := range []string{string(code), text.ShowCode(string(code)), strings.ToLower(string(code)), " " + text.ShowCode(string(code)) + "\n", "/start " + string(code)} {
		r := o.chatter(fmt.Sprint("u", i)).writes(typed)
		for _, want := range []string{text.ShowCode(string(code)), "Mới tiếp nhận", "Tổng đài đang phân loại", "Đang giữ: Tổng đài 1022", ticketing.Moment("vi", web.Ticket.Due), o.desk.TrackURL(code)} {
			if !strings.Contains(out(r), want) {
				t.Errorf("%q is told %q, without %q", typed, out(r), want)
			}
		}
		if r.Event.Kind != ticketing.Chatted || strings.Contains(out(r), "Cây đổ") || strings.Contains(out(r), "0905") {
			t.Errorf("%q: %+v", typed, r.Event)
		}
	}
	if n := o.tickets(); n != 1 {
		t.Errorf("%d tickets", n)
	}
	en := o.chatter("en").writes(string(code), func(in *ticketing.Incoming) { in.Lang = "en" })
	if !strings.Contains(out(en), "Held by") {
		t.Errorf("in English: %q", out(en))
	}
	o.answers(code, "Đã dọn.")
	if r := o.chatter("u9").writes(string(code)); !strings.Contains(out(r), "Đã xử lý xong") || strings.Contains(out(r), "Đang giữ") {
		t.Errorf("after the answer: %q", out(r))
	}

	// Within a ticket of one's own it is a message all the same, unless it asks for that very ticket.
	c := o.chatter("own")
	own := c.writes("Đèn tắt ở số 12 Lê Lợi").Ticket.Code
	if r := c.writes(string(own)); r.Ticket.Code != own || r.Ticket.Unread != 1 || !strings.Contains(out(r), text.ShowCode(string(own))) {
		t.Errorf("her own: %+v", r.Event)
	}
	if r := c.writes(string(code)); r.Ticket.Code != own || r.Ticket.Unread != 2 || !strings.Contains(out(r), text.ShowCode(string(code))) {
		t.Errorf("another: %+v", r.Event)
	}
	o.does(own, ticketing.Command{Verb: ticketing.Ask, Text: "Mã phiếu trước của bạn?"})
	if r := c.writes(string(code)); r.Ticket.Status != ticketing.New || r.Event.Out != nil {
		t.Errorf("the answer to a question: %+v", r.Event)
	}
}

func TestAMergedTicketTellsOfTheOneItWentInto(t *testing.T) {
	o := newPostOffice(t)
	lead, one := o.chatter("a").writes("Mất điện cả hẻm số 3 Lê Lợi").Ticket.Code, o.chatter("b").writes("Mất điện số 5 Lê Lợi").Ticket.Code
	o.does(one, ticketing.Command{Verb: ticketing.Merge, Into: lead})
	if r := o.chatter("c").writes(string(one)); !strings.Contains(out(r), "xử lý chung") || strings.Contains(out(r), text.ShowCode(string(lead))) {
		t.Errorf("%q", out(r))
	}
}

func TestWrongCodesAreCountedAndNothingElseIsTakenForOne(t *testing.T) {
	o := newPostOffice(t)
	known := o.chatter("x").writes("Đèn tắt ở số 12 Lê Lợi").Ticket.Code
	// What may be something else is a matter.
	for i, s := range []string{"048093004512", "079200001234", "PE0100012345", "PC01GG0123456", "H57132260804", "cam on nhieu a", "den hong roi a", "SN12 KP4 P10X", "0905123182"} {
		if r := o.chatter(fmt.Sprint("m", i)).writes(s); r.Event.Kind != ticketing.Received && r.Event.Rule == "" {
			t.Errorf("%q is taken for a code: %+v", s, r.Event)
		}
	}
	c := o.chatter("guesser")
	wrong := func(i int) string { return fmt.Sprintf("7K02-Q074-%04d", i) }
	for i := range 10 {
		if r := c.writes(wrong(i)); out(r) != vi("chat.no_code") || r.Event.Kind != ticketing.Chatted {
			t.Fatalf("%d: %q", i, out(r))
		}
		c.advance(-time.Second)
	}
	if r := c.writes(string(known)); out(r) != vi("chat.codes_later") {
		t.Errorf("after ten wrong ones the right one is told: %q", out(r))
	}
	if r := c.writes(string(known)); r.Event.Out != nil || r.Event.Kind != ticketing.Chatted {
		t.Errorf("she is told again and again: %q", out(r))
	}
	if r := o.chatter("other").writes(string(known)); !strings.Contains(out(r), "Mới tiếp nhận") {
		t.Errorf("another waits for the first: %q", out(r))
	}
	o.advance(time.Minute)
	if r := c.writes(string(known)); !strings.Contains(out(r), "Mới tiếp nhận") {
		t.Errorf("a minute later: %q", out(r))
	}
	// Who chose to look up a code may write it worse.
	d := o.chatter("d")
	d.taps("menu:code", "Tra cứu mã")
	for _, s := range []string{"7K02Q0749999", "7k02 q074 99", "123456789012"} {
		if r := d.writes(s); out(r) != vi("chat.no_code") {
			t.Errorf("%q: %+v", s, r.Event)
		}
	}
	if r := d.writes("nước đục"); r.Event.Kind != ticketing.Received {
		t.Errorf("the menu swallows a matter: %+v", r.Event)
	}
	// Nobody's lobby is found by its code.
	lobby := o.chatter("l").writes("hi").Ticket.Code
	if r := o.chatter("l2").writes(string(lobby)); strings.Contains(out(r), text.ShowCode(string(lobby))) {
		t.Errorf("a lobby is told of: %q", out(r))
	}
}

// guided is a house with wards.
func guided(t *testing.T) *postOffice {
	t.Helper()
	o := newPostOffice(t)
	for _, a := range []string{
		`{"code":"48","name":"Đà Nẵng","type":"thanh_pho"}`, `{"code":"4801","name":"Hải Châu","type":"phuong","parent":"48"}`,
		`{"code":"4802","name":"Tam Kỳ","type":"phuong","parent":"48"}`,
	} {
		id := strings.Split(a, `"`)[3]
		_, err := o.desk.SaveSetting(t.Context(), administrator, "area", id, 0, []byte(a))
		o.must(err)
	}
	return o
}

// asked is what the guide has asked on the ticket, in order, after it had its chance, twice.
func (o *postOffice) asked(code ticketing.Code) string {
	o.Helper()
	o.must(o.desk.CarryOnce(o.Context()))
	o.must(deskOf(o).CarryOnce(o.Context()))
	events, err := o.desk.Store.Timeline(o.Context(), code, 0)
	o.must(err)
	var steps []string
	for _, e := range events {
		if e.Kind == ticketing.Prompted {
			steps = append(steps, strings.TrimPrefix(e.Rule, "guide:"))
			if e.Key != e.Rule+":"+string(code) {
				o.Errorf("%s is asked under the key %q", e.Rule, e.Key)
			}
		}
	}
	return strings.Join(steps, " ")
}

func TestTheGuideAsksOnceForThePlaceAndOnceForAPhotograph(t *testing.T) {
	o := guided(t)
	withPhoto := func(in *ticketing.Incoming) { in.Fetch = []ticketing.Fetch{{Address: "a"}} }
	says := func(s string) func(*chatter) { return func(c *chatter) { c.writes(s) } }
	for i, c := range []struct {
		name  string
		does  []func(*chatter)
		asked string
		area  string
	}{
		{"nothing known", []func(*chatter){says("Đèn đường tắt ba hôm nay")}, "place", ""},
		{"she names the ward", []func(*chatter){says("Đèn đường tắt"), says("ở phường Hải Châu")}, "place photo", "4801"},
		{"she names a street", []func(*chatter){says("Đèn đường tắt"), says("số 12 Lê Lợi")}, "place photo", ""},
		{"the first message names it", []func(*chatter){says("Đèn đường tắt ở phường Tam Kỳ")}, "photo", "4802"},
		{"a province is no place", []func(*chatter){says("Đèn đường ở Đà Nẵng tối quá")}, "place", ""},
		{"two wards are none", []func(*chatter){says("Tôi ở phường Tam Kỳ, phản ánh rác ở phường Hải Châu")}, "photo", ""},
		{"a location", []func(*chatter){func(c *chatter) {
			c.writes("Rác", func(in *ticketing.Incoming) { in.Location = &ticketing.Point{Lat: 16, Lng: 108} })
		}}, "photo", ""},
		{"all at once", []func(*chatter){func(c *chatter) { c.writes("Rác ở phường Hải Châu", withPhoto) }}, "", "4801"},
		{"she ignores the question", []func(*chatter){says("Đèn đường tắt"), says("nhanh giúp em"), says("alo"), says("sao im vậy")}, "place photo", ""},
		{"she skips it", []func(*chatter){says("Đèn đường tắt"), func(c *chatter) { c.taps("guide:skip", "Bỏ qua") }}, "place photo", ""},
		{"by number", []func(*chatter){says("Đèn đường tắt"), says("1")}, "place photo", ""},
		{"no photograph", []func(*chatter){says("Đèn đường tắt"), says("số 12 Lê Lợi"), func(c *chatter) { c.taps("guide:no-photo", "Không có ảnh") }}, "place photo", ""},
		{"a photograph is an answer too", []func(*chatter){says("Đèn đường tắt"), func(c *chatter) { c.writes("đây", withPhoto) }}, "place", ""},
		{"she wants a person", []func(*chatter){says("Đèn đường tắt"), func(c *chatter) { c.taps("guide:person", "Gặp người trực") }, says("alo")}, "place", ""},
		{"she says so", []func(*chatter){says("Đèn đường tắt"), says("cho tôi gặp tổng đài viên"), says("số 12 Lê Lợi")}, "place", ""},
		{"by number, a person", []func(*chatter){says("Đèn đường tắt"), says("2"), says("số 12 Lê Lợi")}, "place", ""},
		{"a question", []func(*chatter){says("Làm căn cước cần giấy tờ gì")}, "", ""},
		{"a question by its mark", []func(*chatter){says("Sao chưa ai sửa đèn?")}, "", ""},
		{"a report chosen from the menu", []func(*chatter){says("hi"), says("1"), says("Sao chưa ai sửa đèn?")}, "place", ""},
		{"a question chosen from the menu", []func(*chatter){says("hi"), says("2"), says("đăng ký tạm trú")}, "", ""},
	} {
		u := o.chatter(fmt.Sprint("g", i))
		var code ticketing.Code
		for _, do := range c.does {
			do(u)
			page, err := o.desk.List(t.Context(), operator, ticketing.Filter{Limit: 1})
			o.must(err)
			if len(page.Tickets) > 0 {
				code = page.Tickets[0].Code
			}
			if code != "" {
				o.asked(code)
			}
		}
		if got := o.asked(code); got != c.asked {
			t.Errorf("%s: asked %q, want %q", c.name, got, c.asked)
		}
		if tk := o.ticket(code); tk.Area != c.area || tk.Unread == 0 || tk.Loud == tk.Version && c.asked == "place" && len(c.does) == 1 {
			t.Errorf("%s: %+v", c.name, tk)
		}
		o.advance(time.Hour)
	}
}

func TestWhatEndsTheGuide(t *testing.T) {
	o := guided(t)
	for name, cmd := range map[string]ticketing.Command{
		"claim": {Verb: ticketing.Claim}, "note": {Verb: ticketing.Note, Text: "gọi lại"}, "message": {Verb: ticketing.Message, Text: "Chào bạn"},
		"triage": {Verb: ticketing.Triage, Kind: ticketing.Report}, "ask": {Verb: ticketing.Ask, Text: "Số trụ?"},
	} {
		c := o.chatter(name)
		code := c.writes("Đèn đường tắt").Ticket.Code
		o.does(code, cmd)
		if got := o.asked(code); got != "" {
			t.Errorf("after %s it asks %q", name, got)
		}
		late := o.chatter(name + " later")
		code = late.writes("Đèn đường tắt").Ticket.Code
		if got := o.asked(code); got != "place" {
			t.Fatalf("%s: %q", name, got)
		}
		o.does(code, cmd)
		late.writes("số 12 Lê Lợi")
		if got := o.asked(code); got != "place" {
			t.Errorf("after %s it goes on: %q", name, got)
		}
	}
	// A journal that is read again long afterwards wakes no machine.
	code := o.chatter("old").writes("Đèn đường tắt").Ticket.Code
	o.advance(16 * time.Minute)
	if got := o.asked(code); got != "" {
		t.Errorf("an old message is asked %q", got)
	}
	// An operator's answer is not refused because a machine asked meanwhile.
	c := o.chatter("meanwhile")
	tk := c.writes("Đèn đường tắt").Ticket
	o.asked(tk.Code)
	if _, err := o.desk.Do(t.Context(), operator, tk.Code, ticketing.Command{Verb: ticketing.Message, Version: tk.Version, Text: "Chào bạn"}); err != nil {
		t.Error(err)
	}
	sms, err := o.desk.Receive(t.Context(), citizen, ticketing.Incoming{Channel: ticketing.SMS, From: ticketing.Contact{Channel: ticketing.SMS, ID: "1"}, Text: "Rác ở phường Hải Châu"})
	o.must(err)
	if got := o.asked(sms.Ticket.Code); got != "" {
		t.Errorf("a text message is asked for a %q", got)
	}
}

// The guide speaks the citizen's language, and its questions go out with their buttons.
func TestTheGuidesQuestionIsSent(t *testing.T) {
	o := guided(t)
	code := o.chatter("en").writes("The street lamp is dark", func(in *ticketing.Incoming) { in.Lang = "en" }).Ticket.Code
	o.asked(code)
	s := &script{calls: make(chan struct{}, 100)}
	o.run(s, code, settled)
	if !slices.Equal(s.taken[1:], []string{words.T("en", "guide.place")}) {
		t.Errorf("%q", s.taken)
	}
	events, err := o.desk.Store.Timeline(t.Context(), code, 1)
	o.must(err)
	if c := events[0].Out.Choices; len(c) != 2 || c[0] != (ticketing.Choice{Label: "Skip", Data: "guide:skip"}) || c[1].Data != "guide:person" {
		t.Errorf("%+v", c)
	}
	if _, seen, err := o.desk.Held(t.Context(), code); err != nil || !slices.ContainsFunc(seen, func(e ticketing.Event) bool { return e.Kind == ticketing.Prompted }) {
		t.Errorf("the citizen's page does not show it: %v", err)
	}
	if errors.Is(o.desk.CarryOnce(t.Context()), ticketing.ErrBusy) {
		t.Error("busy")
	}
}
