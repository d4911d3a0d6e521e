package webchat

import (
	"testing"

	"hotline1022/ticketing"
)

// A greeting is answered with the menu; nothing of that is a ticket, and the window shows it all the same.
func TestAGreetingAndAMenuAreShownWithoutATicket(t *testing.T) {
	h := newHouse(t)
	w := h.window()
	v := w.say("Xin chào").wants(t, 200).view(t)
	if len(v.Messages) != 2 || v.Messages[0].Kind != "own" || v.Messages[0].Text != "Xin chào" || v.Messages[0].Key == "" {
		t.Fatalf("%+v", v.Messages)
	}
	if again := w.say("Xin chào", "key", v.Messages[0].Key).wants(t, 200).view(t); len(again.Messages) != 2 {
		t.Errorf("a repeat is answered with %+v", again.Messages)
	}
	menu := v.Messages[1]
	if menu.Kind != "told" || len(menu.Choices) != 4 || menu.Receipt == "" {
		t.Fatalf("%+v", menu)
	}
	v = w.says(menu.Choices[0].Label, "choice", menu.Choices[0].Data)
	if last := v.Messages[len(v.Messages)-1]; last.Kind != "told" || len(v.Messages) != 4 {
		t.Errorf("%+v", v.Messages)
	}
	// What follows is a matter: a ticket, below what was said before.
	v = w.says("Đèn đường trước nhà tắt ba hôm nay.")
	if n := len(v.Messages); n != 6 || v.Messages[4].Kind != "own" || v.Messages[5].Kind != "card" || v.Live == nil {
		t.Errorf("%+v", v.Messages)
	}
	// Another device of the same person does not see it.
	other := h.window()
	other.say("Nắp cống trước nhà bị vỡ.").wants(t, 200)
	a, _ := deviceOf(w.key)
	b, _ := deviceOf(other.key)
	id, err := h.ch.Desk.Vault.Identify(t.Context(), a.contact)
	h.must(err)
	if err := h.ch.Desk.Vault.Link(t.Context(), id, b.contact, "lan"); err == nil {
		for _, m := range other.thread().Messages {
			if m.Text == "Xin chào" {
				t.Error("a linked device sees the other's words")
			}
		}
	}
	page, err := h.ch.Desk.List(t.Context(), ticketing.Actor{ID: "lan", Role: ticketing.Operator}, ticketing.Filter{})
	h.must(err)
	if len(page.Tickets) != 2 {
		t.Errorf("%d tickets for operators, want the two matters", len(page.Tickets))
	}
}
