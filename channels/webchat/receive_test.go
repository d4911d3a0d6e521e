package webchat

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"hotline1022/ticketing"
)

func TestAMessageBecomesATicketAndLaterOnesJoinIt(t *testing.T) {
	h := newHouse(t)
	w := h.window()
	v := w.say("Đèn đường hẻm 42 tắt ba hôm nay.").wants(t, 200).view(t)
	if len(v.Messages) != 2 || v.Messages[0].Kind != "own" || v.Messages[1].Kind != "card" {
		t.Fatalf("the answer is not the message and its receipt: %+v", v)
	}
	next := w.say("Trước nhà số 12.").wants(t, 200, `"n":`).lacks(t, "hẻm 42").view(t)
	if len(next.Messages) != 1 || next.Messages[0].Kind != "own" {
		t.Errorf("the answer to a further message is %+v", next)
	}
	// What the answer shows is what the conversation shows: the window puts one in place of the other.
	all := w.thread().Messages
	for i, m := range slices.Concat(v.Messages, next.Messages) {
		if all[i].Seen = m.Seen; !reflect.DeepEqual(all[i], m) {
			t.Errorf("answered %+v, and the conversation says %+v", m, all[i])
		}
	}
	tk := h.only()
	if tk.Channel != ticketing.Chat || tk.Kind != ticketing.Other || tk.Messages != 2 || tk.Citizen == "" {
		t.Errorf("the ticket: %+v", tk)
	}
	if got := v.Messages[1]; !strings.HasSuffix(got.URL, "/t/"+string(tk.Code)) || got.Label == "" {
		t.Errorf("the receipt: %+v", got)
	}
}

func TestARepeatNeverDoubles(t *testing.T) {
	h := newHouse(t)
	w := h.window()
	name := nextName()
	var all sync.WaitGroup
	for range 8 { // an impatient window, or a proxy that repeats
		all.Go(func() { w.say("Một lần thôi.", "key", name).wants(t, 200) })
	}
	all.Wait()
	w.say("Một lần thôi.", "key", name).wants(t, 200, "Một lần thôi.")
	if tk := h.only(); tk.Messages != 1 {
		t.Errorf("%d messages, want one", tk.Messages)
	}
	w.say("Tin khác dưới tên cũ.", "key", name).wants(t, 422)
	if n := h.ch.Health().Counts["repeated"]; n == 0 {
		t.Error("no repeat was noticed")
	}
}

func TestARepeatsFilesAreNotStoredAgain(t *testing.T) {
	h := newHouse(t)
	w := h.window()
	name := nextName()
	pairs := []string{"text", "Có ảnh.", "key", name}
	w.post(pairs, upload{"a.jpg", picture(90, 60)}).wants(t, 200)
	counted := &countingFiles{Files: h.desk.Files}
	h.desk.Files = counted
	w.post(pairs, upload{"a.jpg", picture(90, 60)}).wants(t, 200)
	if counted.saved != 0 {
		t.Errorf("a repeat stored %d files", counted.saved)
	}
	if tk := h.only(); len(tk.Files) != 1 {
		t.Errorf("%d files, want one", len(tk.Files))
	}
}

func TestADeviceIsTheKeyAndNothingTyped(t *testing.T) {
	h := newHouse(t)
	a, b := h.window(), h.window()
	who := []string{"name", "Trần Văn An", "phone", "0905123182", "email", "an@example.vn", "consent", "2026-01"}
	a.say("Chuyện riêng của A.", who...).wants(t, 200)
	b.say("Tôi cũng nói mình là An.", who...).wants(t, 200).lacks(t, "Chuyện riêng")
	tickets := h.tickets()
	if len(tickets) != 2 || tickets[0].Citizen == tickets[1].Citizen {
		t.Fatal("two devices with the same typed number are taken for one person")
	}
	p, _, err := h.desk.Vault.Person(t.Context(), tickets[0].Citizen)
	h.must(err)
	if p.Phone != "+84905123182" || p.Name != "Trần Văn An" || p.Email != "an@example.vn" {
		t.Errorf("the vault does not hold what was typed: %+v", p)
	}
	if id := p.At[ticketing.Chat]; !contactID(id) || strings.Contains(id, a.key) {
		t.Errorf("the contact is %q", id)
	}
	// Even if somebody links the devices in the vault, neither sees the other's words.
	d, _ := deviceOf(b.key)
	stranger := h.window()
	ds, _ := deviceOf(stranger.key)
	citizen, err := h.desk.Vault.Identify(t.Context(), d.contact)
	h.must(err)
	h.must(h.desk.Vault.Link(t.Context(), citizen, ds.contact, "test"))
	if v := stranger.thread(); len(v.Messages) != 0 || v.Live != nil {
		t.Errorf("a linked device sees %+v", v)
	}
}

func TestTheKeyItselfIsStoredNowhere(t *testing.T) {
	h := newHouse(t)
	w := h.window()
	w.say("Đèn đường trước nhà tắt.").wants(t, 200)
	tk := h.only()
	raw, _ := b64.DecodeString(w.key)
	for _, e := range h.events(tk.Code) {
		if strings.Contains(e.Key+e.By.ID+e.Receipt, w.key) || strings.Contains(e.Key, string(raw)) {
			t.Errorf("event %d holds the device's key: %q", e.N, e.Key)
		}
		d, _ := deviceOf(w.key)
		if strings.Contains(e.Key, d.contact.ID) {
			t.Errorf("event %d leads to the vault's contact: %q", e.N, e.Key)
		}
	}
}

func TestConsentGoesWithNameAndNumber(t *testing.T) {
	h := newHouse(t)
	w := h.window()
	w.say("Gọi tôi.", "phone", "0905123182").wants(t, 422, `"field":"consent"`)
	w.say("Gọi tôi.", "phone", "0905", "consent", "2026-01").wants(t, 422, `"field":"phone"`)
	w.say("Viết cho tôi.", "email", "không phải", "consent", "2026-01").wants(t, 422, `"field":"email"`)
	if n := len(h.tickets()); n != 0 {
		t.Fatalf("%d tickets of refused messages", n)
	}
	w.say("Gọi tôi.", "phone", "0905123182", "consent", "2026-01").wants(t, 200)
	if e := h.events(h.only().Code)[0]; e.Consent != "2026-01" {
		t.Errorf("the event's consent is %q", e.Consent)
	}
}

func TestMachinesAreKeptOut(t *testing.T) {
	h := newHouse(t)
	w := h.window()
	w.say("Mua hàng.", "website", "http://x").wants(t, 422)
	w.say("Tin.", "form", "").wants(t, 409, `"code":"form"`, `"form":"`)
	w.say("Tin.", "form", b64.EncodeToString([]byte("giả mạo giả mạo giả mạo giả mạo"))).wants(t, 409, `"code":"form"`)
	young := h.ch.newForm()
	w.say("Tin.", "form", young).wants(t, 409, `"code":"soon"`)
	h.clock.Advance(fastestHuman)
	w.say("Tin.", "form", young).wants(t, 200)
	h.clock.Advance(formLife)
	w.say("Tin.", "form", young).wants(t, 409, `"code":"form"`)
	for what, want := range map[string]int64{"honeypot": 1, "strange form": 3, "too soon": 1, "taken": 1} {
		if n := h.ch.Health().Counts[what]; n != want {
			t.Errorf("%s: counted %d, want %d", what, n, want)
		}
	}
}

func TestOneDeviceAndOneAddressAreBounded(t *testing.T) {
	t.Run("device", func(t *testing.T) {
		h := newHouse(t, func(h *house) { h.ch.Rates.Device = Rate{3, time.Minute} })
		w, other := h.window(), h.window()
		for range 3 {
			w.say("Tin.").wants(t, 200)
		}
		a := w.say("Tin.").wants(t, 429)
		if a.Header.Get("Retry-After") != "20" {
			t.Errorf("Retry-After is %q", a.Header.Get("Retry-After"))
		}
		other.say("Tin của người khác.").wants(t, 200)
		h.clock.Advance(20 * time.Second)
		w.say("Tin.").wants(t, 200)
	})
	t.Run("address", func(t *testing.T) {
		h := newHouse(t, func(h *house) { h.ch.Rates.Address = Rate{3, time.Minute} })
		for range 3 {
			h.window().say("Tin.").wants(t, 200)
		}
		h.window().say("Tin.").wants(t, 429)
	})
	t.Run("conversations begun", func(t *testing.T) {
		h := newHouse(t, func(h *house) { h.ch.Rates.Begin = Rate{2, time.Hour} })
		w := h.window()
		w.say("Tin.").wants(t, 200)
		h.window().say("Tin.").wants(t, 200)
		h.window().say("Tin.").wants(t, 429)
		w.say("Ai đã bắt đầu thì viết tiếp được.").wants(t, 200)
	})
	t.Run("looks", func(t *testing.T) {
		h := newHouse(t, func(h *house) { h.ch.Rates.Look = Rate{2, time.Minute} })
		w := h.window()
		w.thread()
		w.thread()
		w.get("/nhung/chat/thread").wants(t, 429)
		h.window().thread()
	})
}

func TestFilesAreTakenByTheirContent(t *testing.T) {
	h := newHouse(t)
	w := h.window()
	w.post([]string{"text", ""}, upload{"cửa cống.jpg", picture(1200, 800)}, upload{"đơn.pdf", []byte("%PDF-1.4\n%%EOF\n")}).wants(t, 200, "cửa cống.jpg", `"picture":true`, "application/pdf")
	w.post([]string{"text", "Xem tệp."}, upload{"ảnh.jpg", []byte("MZ\x90\x00 a program")}).wants(t, 422, `"field":"files"`)
	w.post([]string{"text", "Trang web."}, upload{"x.png", []byte("<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>")}).wants(t, 422)
	var six []upload
	for range mostFiles + 1 {
		six = append(six, upload{"a.pdf", []byte("%PDF-1.4\n%%EOF\n")})
	}
	w.post([]string{"text", "Nhiều quá."}, six...).wants(t, 422, `"field":"files"`)
	w.post([]string{"text", ""}).wants(t, 422)
	if tk := h.only(); tk.Messages != 1 || len(tk.Files) != 2 {
		t.Errorf("%d messages and %d files, want 1 and 2", tk.Messages, len(tk.Files))
	}
}

func TestABodyIsBounded(t *testing.T) {
	h := newHouse(t)
	w := h.window()
	for body, want := range map[string]string{
		fmt.Sprintf("Content-Length: %d\r\n\r\n%s", mostBody+1, strings.Repeat("x", 256<<10)): "413", // the server reads so much ahead
		"Transfer-Encoding: chunked\r\n\r\n1\r\n-\r\n":                                        "411", // nobody knows how much comes
	} {
		conn, err := net.Dial("tcp", strings.TrimPrefix(h.base, "http://"))
		h.must(err)
		h.must(conn.SetDeadline(time.Now().Add(patient)))
		_, err = fmt.Fprintf(conn, "POST /nhung/chat/send HTTP/1.1\r\nHost: x\r\nOrigin: %s\r\n%s: %s\r\nContent-Type: multipart/form-data; boundary=x\r\n%s", h.base, keyHeader, w.key, body)
		h.must(err)
		line, err := bufio.NewReader(conn).ReadString('\n')
		h.must(errors.Join(err, conn.Close()))
		if !strings.Contains(line, want) {
			t.Errorf("%.30q is answered %q", body, line)
		}
	}
	w.say(strings.Repeat("chữ ", mostWords/4)).wants(t, 422)
	w.do("POST", "/nhung/chat/send", "text/plain", strings.NewReader("x")).wants(t, 422)
	if n := len(h.tickets()); n != 0 {
		t.Errorf("%d tickets", n)
	}
}

func TestAStoreThatIsAwayLosesNothing(t *testing.T) {
	store := &brokenStore{}
	h := newHouse(t, func(h *house) { store.Store, h.desk.Store = h.store, store })
	w := h.window()
	name := nextName()
	store.set(ticketing.ErrBusy, false)
	if a := w.say("Đừng mất nhé.", "key", name).wants(t, 503); a.Header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	store.set(ticketing.ErrUnknown, true) // it is stored, and nobody learns it
	w.say("Đừng mất nhé.", "key", name).wants(t, 503)
	store.set(nil, false)
	w.say("Đừng mất nhé.", "key", name).wants(t, 200)
	if tk := h.only(); tk.Messages != 1 {
		t.Errorf("%d messages, want one", tk.Messages)
	}
}

func TestAButtonSendsWhatItStandsFor(t *testing.T) {
	h := newHouse(t)
	w := h.window()
	w.say("Bao giờ xong?").wants(t, 200)
	tk := h.only()
	e := ticketing.Event{Ticket: tk.Code, N: tk.Version + 1, At: h.clock.Now(), By: operator, Kind: ticketing.Messaged, Text: "Đã xong chưa ạ?",
		Out: &ticketing.Outgoing{Text: "Đã xong chưa ạ?", Choices: []ticketing.Choice{{Label: "Đã xong", Data: "done:1"}, {Label: "Chưa", Data: "done:0"}}}}
	h.append(e)
	v := w.thread()
	if last := v.Messages[len(v.Messages)-1]; len(last.Choices) != 2 || last.Choices[0].Label != "Đã xong" {
		t.Fatalf("the buttons are not there: %+v", last)
	}
	w.say("giả", "choice", "done:9").wants(t, 422)
	w.say("nhãn giả", "choice", "done:0").wants(t, 200).lacks(t, "nhãn giả")
	v = w.thread()
	if last := v.Messages[len(v.Messages)-1]; last.Text != "Chưa" || last.Kind != "own" {
		t.Errorf("what was tapped is %+v", last)
	}
	if slices.ContainsFunc(v.Messages, func(m message) bool { return m.Choices != nil }) {
		t.Error("buttons are left after she went on")
	}
}

// append writes an event no verb writes yet.
func (h *house) append(e ticketing.Event) {
	h.Helper()
	h.until(e.Ticket, "it is written", func(t ticketing.Ticket) bool {
		e.N = t.Version + 1
		after, err := t.Apply(e)
		h.must(err)
		_, err = h.store.Append(h.Context(), e, after)
		return err == nil
	})
}
