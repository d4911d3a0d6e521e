package zalo

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"hotline1022/channels/simulator"
	"hotline1022/ticketing"
)

func TestAFollowerIsKnownBeforeSheWrites(t *testing.T) {
	h := newHouse(t)
	user := h.sim.Citizen("Bình")
	h.sim.Follow(user)
	h.settled()
	if got := h.person(user).At[ticketing.Zalo]; got != user {
		t.Errorf("known as %q", got)
	}
	if len(h.tickets()) != 0 {
		t.Error("following is no matter")
	}
	h.sim.Unfollow(user)
	if p := h.settled(); p.Accepted != 2 {
		t.Errorf("%+v", p)
	}
}

func TestAFilledInFormGoesToTheVault(t *testing.T) {
	h := newHouse(t)
	user := h.sim.Citizen("Bình")
	h.sim.SubmitInfo(user, "Trần Thị Bình", "84905123182", "12 Lê Lợi")
	h.settled()
	want := ticketing.Person{
		Name: "Trần Thị Bình", Phone: "+84905123182", Address: "12 Lê Lợi, Đà Nẵng",
		At: map[ticketing.Channel]string{ticketing.Zalo: user},
	}
	if d := cmp.Diff(want, h.person(user)); d != "" {
		t.Error(d)
	}
	e, err := parse([]byte(`{"info":{"name":"B","phone":"0905 123 182","full_address":{"user_city":"Đà Nẵng","user_ward":"Hải Châu","user_address":"1 Bạch Đằng"}}}`))
	must(t, err)
	if got := e.info(); got.Address != "1 Bạch Đằng, Hải Châu, Đà Nẵng" || got.Phone != "+84905123182" {
		t.Errorf("%+v", got)
	}
}

func TestARequestAboutOnesDataIsATicketOfItsOwn(t *testing.T) {
	h := newHouse(t)
	user := h.sim.Citizen("Bình")
	h.sim.Say(user, "Đèn hỏng")
	h.settled()
	h.sim.Withdraw(user)
	h.settled()
	all := h.tickets()
	if len(all) != 2 || all[1].Priority != ticketing.Urgent || all[1].Kind != ticketing.Other || all[1].Citizen != all[0].Citizen {
		t.Fatalf("%+v", all)
	}
	for _, tk := range all {
		for _, e := range h.events(tk.Code) {
			if strings.Contains(e.Key, user) {
				t.Errorf("the person's id is in the journal: %s", e.Key)
			}
		}
	}
	h.sim.Say(user, "Và nước nữa") // still joins the conversation
	h.settled()
	if tk := h.tickets()[0]; tk.Messages != 2 || len(h.tickets()) != 2 {
		t.Errorf("%d messages, %d tickets", tk.Messages, len(h.tickets()))
	}
	raw := `{"app_id":"` + appID + `","event_name":"user_withdraw","timestamp":"77"}`
	for range 2 {
		if got := h.sim.Deliver(raw, mac(raw, "77"), 0); got != 200 {
			t.Errorf("of nobody: %d", got)
		}
	}
	if n := len(h.tickets()); n != 3 {
		t.Errorf("%d tickets after a request that names nobody", n)
	}
}

func TestNamesAreLookedUpAfterwards(t *testing.T) {
	h := newHouse(t)
	user := h.sim.Citizen("Trần Thị Bình")
	h.sim.Say(user, "Đèn hỏng")
	h.settled()
	select {
	case got := <-h.ch.names:
		must(t, h.ch.lookUp(t.Context(), got))
	default:
		t.Fatal("nobody was noted")
	}
	if got := h.person(user).Name; got != "Trần Thị Bình" {
		t.Errorf("known as %q", got)
	}
	h.sim.Fail(simulator.ZaloFault{Path: "user/detail", Code: -201})
	must(t, h.ch.lookUp(t.Context(), user))
	if h.sim.Faults() != 1 {
		t.Error("a known name was asked for again")
	}
}

func TestAPictureComesToTheTicketAfterTheMessage(t *testing.T) {
	h := newHouse(t)
	user := h.sim.Citizen("Bình")
	h.sim.SendPicture(user, noise(64), "Ổ gà")
	h.settled()
	tk := h.only()
	if tk.Text != "Ổ gà\n[Hình ảnh]" || len(tk.Files) != 0 {
		t.Fatalf("%q %v", tk.Text, tk.Files)
	}
	for _, e := range h.events(tk.Code) {
		if strings.Contains(e.Text+e.Original, "/media/") {
			t.Error("the picture's address is in the journal")
		}
	}
	// The process dies here; another one finds what is to be done.
	must(t, h.store.Close())
	h.openStore()
	h.ch = h.process(h.store)
	h.desk = h.ch.Desk
	h.sim.Fail(simulator.ZaloFault{Path: "/media/", Status: 502})
	must(t, h.collector().Round(t.Context()))
	if tk = h.only(); len(tk.Files) != 0 {
		t.Fatal("nothing could be fetched yet")
	}
	must(t, h.collector().Round(t.Context()))
	if len(h.only().Files) != 0 {
		t.Error("it did not wait before the next try")
	}
	h.clock.Advance(time.Minute)
	must(t, h.collector().Round(t.Context()))
	if tk = h.only(); len(tk.Files) != 1 || !tk.Files[0].Picture() || tk.Unread != 1 {
		t.Fatalf("%+v", tk)
	}
	h.clock.Advance(time.Hour)
	must(t, h.collector().Round(t.Context()))
	if n := h.count(tk.Code, ticketing.Attached); n != 1 {
		t.Errorf("%d times attached", n)
	}
	if left, err := h.store.History(t.Context(), "fetch", h.events(tk.Code)[0].Key+"/0"); err != nil || len(left) != 0 {
		t.Errorf("the errand is still there: %v %v", left, err)
	}
}

func TestAPictureThatCannotBeHadIsSaid(t *testing.T) {
	h := newHouse(t)
	user := h.sim.Citizen("Bình")
	h.sim.SendPicture(user, []byte("<html><script>alert(1)</script>"), "")
	h.settled()
	raw := strings.Replace(body("kìa", "x1", `"9"`), "user_send_text", "user_send_image", 1)
	raw = strings.Replace(raw, `"msg_id"`, `"attachments":[{"type":"image","payload":{"url":"http://169.254.169.254/latest"}}],"msg_id"`, 1)
	if got := h.sim.Deliver(raw, mac(raw, "9"), 0); got != 200 {
		t.Fatal(got)
	}
	must(t, h.collector().Round(t.Context()))
	for _, tk := range h.tickets() {
		events := h.events(tk.Code)
		last := events[len(events)-1]
		if last.Kind != ticketing.Attached || last.Ref != 1 || len(last.Files) != 0 || !strings.HasPrefix(last.Reason, "Không tải được") {
			t.Errorf("%+v", last)
		}
		if strings.Contains(last.Reason, "169.254") {
			t.Errorf("the address is in the journal: %s", last.Reason)
		}
	}
}

func TestTwoCollectorsFetchOnce(t *testing.T) {
	h := newHouse(t)
	user := h.sim.Citizen("Bình")
	for range 5 {
		h.sim.SendPicture(user, noise(32), "")
	}
	h.settled()
	other := h.collector()
	other.Desk = h.process(h.store).Desk
	ended := make(chan error, 2)
	for _, c := range []*ticketing.Collector{h.collector(), other} {
		go func() { ended <- c.Round(t.Context()) }()
	}
	must(t, errors.Join(<-ended, <-ended))
	if tk := h.only(); len(tk.Files) != 5 || h.count(tk.Code, ticketing.Attached) != 5 {
		t.Errorf("%d files, attached %d times", len(tk.Files), h.count(tk.Code, ticketing.Attached))
	}
}
