package zalo

import (
	"fmt"
	"testing"

	"hotline1022/channels/simulator"
	"hotline1022/ticketing"
)

// Zalo tells of receiving and seeing as soon as it has the message, which may be before its answer to us.
func TestWhatSheHasReceivedAndSeenIsOnTheTicket(t *testing.T) {
	h := newHouse(t, func(s *simulator.ZaloSettings) { s.Mood.Echo = true })
	user := h.reader()
	h.sim.Say(user, "Đèn đường tắt")
	h.settled()
	code := h.only().Code
	h.work(h.courier().Run)
	h.until(code, func(tk ticketing.Ticket) bool { return tk.Sending[0].State == ticketing.Read })
	h.says(code, "Cho em xin địa chỉ ạ")
	h.until(code, func(tk ticketing.Ticket) bool { return tk.Sending[1].State == ticketing.Read })
}

func TestAMarkOfAMessageThatIsNotOursIsIgnored(t *testing.T) {
	h := newHouse(t)
	raw := fmt.Sprintf(`{"app_id":%q,"event_name":"user_seen_message","sender":{"id":%q},"recipient":{"id":"9"},"message":{"msg_ids":["nobody's",7,null]},"timestamp":"1"}`, appID, oaID)
	if status := h.sim.Deliver(raw, signature(appID, []byte(raw), "1", secret), 0); status != 200 {
		t.Errorf("status %d", status)
	}
	if n := h.ch.Health().Counts["mark of a message not ours"]; n != 2 {
		t.Errorf("counted %d", n)
	}
}
